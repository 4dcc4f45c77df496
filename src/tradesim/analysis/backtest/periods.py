"""Periods of a back-test: labels, what they cover, and the dates that matter in each episode.

A label is ``2025-04``, ``2011-Q3``, ``2024``, ``2024-01..05`` or ``2025-04-10``. The *base* period
of an episode is a month (2025) or a quarter (2010).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import pandas as pd

from tradesim.errors import InputError, unknown

_LABEL = re.compile(
    r"(?P<y>\d{4})(?:-Q(?P<q>[1-4])|-(?P<m>\d\d)(?:-(?P<d>\d\d)|\.\.(?P<to>\d\d))?)?"
)


@dataclass(frozen=True)
class Window:
    """The calendar of an episode.

    ``freq`` is ``M`` or ``Q``. ``control`` is the day the shock came into force: what a forecaster
    knew on the day before is the information of the baselines that forecast from the origin.
    ``before`` is the level that changes are measured from.
    """

    case: str
    freq: str
    control: dt.date
    before: tuple[str, ...]
    events: tuple[tuple[dt.date, str], ...]

    @property
    def per_year(self) -> int:
        """Base periods in a year."""
        return {"M": 12, "Q": 4}[self.freq]


WINDOWS: Mapping[str, Window] = MappingProxyType({
    "2025": Window(
        "2025", "M", dt.date(2025, 4, 4), ("2025-01", "2025-02", "2025-03"),
        (
            (dt.date(2025, 4, 4), "licences on seven elements and their magnets in force"),
            (dt.date(2025, 10, 9), "wider controls announced (Announcements 55 to 58, 61, 62)"),
            (dt.date(2025, 11, 10), "wider controls suspended for a year"),
        ),
    ),
    "2010": Window(
        "2010", "Q", dt.date(2010, 7, 1), ("2009-Q1", "2009-Q2", "2009-Q3", "2009-Q4"),
        (
            (dt.date(2010, 7, 1), "export quota of the second half cut by 72%"),
            (dt.date(2010, 9, 21), "shipments to Japan stop, as reported; China denied it"),
            (dt.date(2011, 7, 14), "quota of the second half of 2011: no relief"),
        ),
    ),
})  # fmt: skip


def window(case: str) -> Window:
    """The calendar of ``2025`` or ``2010``; another case is refused."""
    if case not in WINDOWS:
        raise unknown("back-test", case, WINDOWS, where="tradesim backtest")
    return WINDOWS[case]


@lru_cache(maxsize=4096)
def span(label: str) -> tuple[dt.date, dt.date]:
    """First and last day that a label covers; :class:`InputError` for what is no label."""
    found = _LABEL.fullmatch(label)
    if not found:
        raise InputError(
            f"'{label}' is not a period", where="back-test",
            allowed="YYYY, YYYY-Qn, YYYY-MM, YYYY-MM..MM or YYYY-MM-DD",
            remedy="write the period in one of these forms",
        )  # fmt: skip
    year = int(found["y"])
    if found["q"]:
        first, last = 3 * int(found["q"]) - 2, 3 * int(found["q"])
    elif found["m"]:
        first = int(found["m"])
        last = int(found["to"] or first)
    else:
        first, last = 1, 12
    if found["d"]:
        day = dt.date(year, first, int(found["d"]))
        return day, day
    end = pd.Period(f"{year}-{last:02d}", "M").end_time.date()
    return dt.date(year, first, 1), end


def label(period: pd.Period) -> str:
    """``2025-04`` or ``2011-Q3``."""
    year, part = int(period.year), int(period.quarter)
    return f"{year}-Q{part}" if period.freqstr.startswith("Q") else f"{year}-{period.month:02d}"


@lru_cache(maxsize=4096)
def parts(text: str, freq: str) -> tuple[str, ...]:
    """Labels of the base periods that a label covers; of a shorter one the one that holds it."""
    first, last = span(text)
    return tuple(label(p) for p in pd.period_range(str(first), str(last), freq=freq))


def is_base(text: str, freq: str) -> bool:
    """Whether a label is exactly one base period."""
    return parts(text, freq) == (text,)


def days(text: str) -> int:
    """Days that a label covers."""
    first, last = span(text)
    return (last - first).days + 1


def shifted(text: str, freq: str, by: int) -> str:
    """The base period ``by`` periods later (earlier, if negative)."""
    return label(pd.Period(str(span(text)[0]), freq) + by)


def steps(start: str, end: str, freq: str) -> int:
    """Base periods from ``start`` to ``end``."""
    year = {"M": 12, "Q": 4}[freq]
    width = 12 // year
    (a, _), (b, _) = span(start), span(end)
    return (b.year - a.year) * year + (b.month - 1) // width - (a.month - 1) // width


def nearest_end(day: str, freq: str) -> str:
    """The base period whose last day is nearest to a day: for readings that accumulate."""
    at = span(day)[0]
    (inside,) = parts(day, freq)
    earlier = shifted(inside, freq, -1)
    return earlier if at - span(earlier)[1] < span(inside)[1] - at else inside
