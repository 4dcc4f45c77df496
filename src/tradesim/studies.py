"""``tradesim backtest``, ``calibrate``: the commands that hold the model against the record.

Apart from :mod:`tradesim.commands`, so that a plain run does not load what only they need.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradesim.analysis.backtest import run as backtests
from tradesim.analysis.calibration import run as calibration
from tradesim.commands import done
from tradesim.errors import InputError
from tradesim.report.backtest import write_page


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
