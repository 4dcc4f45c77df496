"""What a back-test is made of: a scenario as it happened, and series to compare with the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from tradesim.results import Results


@dataclass(frozen=True)
class Series:
    """One series: its name in ``backtest.csv``, its unit and how a run gives it.

    ``extract`` returns one row for each seed and one column for each period label ("2010-Q3").
    """

    name: str
    unit: str
    extract: Callable[[Results], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """A case: the scenario that tells it, ``words`` that its run adds, and its series."""

    name: str
    title: str
    scenario: str
    words: tuple[str, ...]
    series: tuple[Series, ...]
