"""``backtest``, ``calibrate``, ``decompose``, ``leverage``, ``payoff``: studies of many runs.

Apart from :mod:`tradesim.commands`, so that a plain run does not load what only they need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tradesim.analysis.backtest import run as backtests
from tradesim.analysis.calibration import run as calibration
from tradesim.analysis.decompose import write as decomposition
from tradesim.analysis.games import run as games
from tradesim.analysis.leverage import write as counterfactuals
from tradesim.commands import done
from tradesim.errors import InputError, PartialError
from tradesim.report import payoff as payoff_page
from tradesim.report.backtest import write_page
from tradesim.report.decompose import Told as Shares
from tradesim.report.decompose import decompose_page
from tradesim.report.leverage import Told, leverage_page


def backtest(words: Sequence[str]) -> int:
    """``tradesim backtest 2025 ...``: ``backtest.csv``, ``scores.csv`` and a page."""
    names = [word for word in words if "=" not in word]
    if len(names) != 1:
        raise InputError(
            f"'tradesim backtest' takes one episode, not {len(names)}",
            allowed=", ".join(backtests.CASES),
            remedy="tradesim backtest 2025",
        )
    rest = [word for word in words if "=" in word]
    return done(backtests.backtest(names[0], rest, page=write_page).folder)


def calibrate(words: Sequence[str]) -> int:
    """``tradesim calibrate ...``: the posterior sample and what it says, in a folder."""
    return done(calibration.calibrate(words))


def payoff(words: Sequence[str]) -> int:
    """``tradesim payoff row=[…] column=[…] …``: the matrix, its equilibria and a page."""
    try:
        return done(games.payoff(words, page=payoff_page.write_page).folder)
    except PartialError as error:  # what did not fail has been written, and is worth naming
        done(Path(error.where).parent)
        raise


def leverage(words: Sequence[str]) -> int:
    """``tradesim leverage supplier=CHN buyer=USA ...``: ``leverage.csv`` and a page."""
    try:
        return done(counterfactuals.leverage(words, page=_leverage_page))
    except PartialError as error:  # what did not fail has been written, and is worth naming
        done(Path(error.where).parent)
        raise


def _leverage_page(
    title: str, rows: pd.DataFrame, missing: pd.DataFrame, manifest: Mapping[str, Any]
) -> str:
    return leverage_page(Told(title, rows, missing, manifest))


def decompose(words: Sequence[str]) -> int:
    """``tradesim decompose scenario=NAME metric=…``: ``contributions.csv`` and a page."""
    return done(decomposition.decompose(words, page=_decompose_page))


def _decompose_page(title: str, rows: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    return decompose_page(Shares(title, rows, manifest))
