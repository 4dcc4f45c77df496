"""A back-test case: what is run, and which series of it are held against the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from tradesim.results import Results


@dataclass(frozen=True)
class Series:
    """One series of a back-test.

    ``name`` is the contract's name (``fob_usd_per_kg:Dy``); ``extract`` takes the results of the
    case's run and returns values in ``unit``, with seeds as index and period labels as columns.
    """

    name: str
    unit: str
    extract: Callable[[Results], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """One episode: its scenario, further words of the run, and its series.

    ``beside`` names another scenario that is run with the same seeds and shown beside it, and what
    it is called; empty without one.
    """

    name: str
    title: str
    scenario: str
    words: tuple[str, ...]
    series: tuple[Series, ...]
    beside: tuple[str, str] = ("", "")
