"""Records of an episode in the series, units and periods of the back-test files.

Rows come from ``tables/records`` as they were published; here they are converted (CNY with VAT to
USD without it, excess of foreign customs to a share of outflow), quotes are put into their month
or quarter and averaged, and spans are kept whole.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd

from tradesim.analysis.backtest import periods
from tradesim.analysis.backtest.periods import Window
from tradesim.errors import unknown
from tradesim.tables import recorded
from tradesim.tables.book import Row

#: Unit of a family of series in the back-test files, and how its values join over base periods.
FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "magnet_exports_t": ("t", "sum"),
    "oxide_exports_kg": ("kg", "sum"),
    "exports_t": ("t", "sum"),
    "ask_usd_per_kg": ("USD/kg", "mean"),
    "transaction_usd_per_kg": ("USD/kg", "mean"),
    "fob_usd_per_kg": ("USD/kg", "mean"),
    "domestic_usd_per_kg": ("USD/kg", "mean"),
    "licence_granted_share": ("1", "last"),
    "quota_use_share": ("1", "last"),
    "smuggled_share": ("1", "last"),
    "share_of_imports_from_CHN": ("1", "mean"),
    "plants_stopped": ("firms", "mean"),
})  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One recorded value.

    ``value``, ``low`` and ``high`` are in ``unit``; ``high`` is infinite for "at least".
    ``known_on`` is the last day that the value speaks of, ``quotes`` how many were averaged.
    """

    case: str
    series: str
    period: str
    value: float
    low: float
    high: float
    unit: str
    role: str
    quotes: int
    known_on: dt.date
    source_name: str
    source_url_or_doc: str
    quality: str
    note: str


def family(series: str) -> str:
    """The part of a series' name before its first colon; an unknown one is refused."""
    name = series.partition(":")[0]
    if name not in FAMILIES:
        raise unknown("series", series, FAMILIES, where="back-test")
    return name


def unit(series: str) -> str:
    """Unit of a series in the back-test files."""
    return FAMILIES[family(series)][0]


def joining(series: str) -> str:
    """How values of base periods join: ``sum`` (flows), ``mean`` (prices), ``last`` (shares)."""
    return FAMILIES[family(series)][1]


def load(case: str) -> pd.DataFrame:
    """What was recorded of an episode, one row for each series and period.

    Columns are those of :class:`Record`: values in the unit of the back-test files. Rows that
    contradict another and give way (``used`` = no) are left out; :func:`tradesim.tables.recorded
    .rows` has them.

    Raises
    ------
    InputError
        for an unknown case.
    DataError
        naming file, row and column of a bad row.
    """
    names = [field.name for field in fields(Record)]
    return pd.DataFrame([vars(record) for record in observations(case)], columns=names)


@lru_cache(maxsize=4)
def observations(case: str) -> tuple[Record, ...]:
    """The rows of :func:`load` as objects, by series and period."""
    calendar = periods.window(case)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in recorded.rows(case):
        if row["used"] == "yes":
            groups.setdefault((row["series"], place(row, calendar.freq)), []).append(row)
    found = [_joined(case, series, label, rows) for (series, label), rows in groups.items()]
    return tuple(sorted(found, key=lambda r: (r.series, periods.span(r.period)[0], r.period)))


def place(row: Row, freq: str) -> str:
    """The label a row is scored under: its base period, or its own span of several."""
    label = row["period"]
    inside = periods.parts(label, freq)
    if len(inside) > 1:
        return label
    if joining(row["series"]) == "last" and periods.days(label) == 1:
        return periods.nearest_end(label, freq)
    return inside[0]


def converted(value: float, published: str, year: int) -> float:
    """A published figure in the unit of the back-test files.

    >>> round(converted(0.2, "1 of legal exports", 2011), 4)
    0.1667
    """
    if published.startswith("CNY"):
        per_kg = value / (1000.0 if published.startswith("CNY/t") else 1.0)
        rate = recorded.conversion("cny_per_usd", year)
        return per_kg / rate / (1.0 + recorded.conversion("vat_rate", year))
    if published == "1 of legal exports":
        return value / (1.0 + value)
    return value


def _joined(case: str, series: str, label: str, rows: Sequence[Row]) -> Record:
    """Rows of one series and period as one record: the mean, and the outermost range."""
    values, lows, highs = [], [], []
    for row in rows:
        year = periods.span(row["period"])[0].year
        low, high = row["low"] or row["value"], row["high"] or row["value"]
        told = [converted(float(text), row["unit"], year) for text in (row["value"], low, high)]
        values.append(told[0])
        lows.append(told[1])
        highs.append(math.inf if row["unit"].endswith("(at least)") else told[2])
    return Record(
        case=case, series=series, period=label, value=float(np.mean(values)), low=min(lows),
        high=max(highs), unit=unit(series), role=_one(row["role"] for row in rows),
        quotes=len(rows), known_on=max(periods.span(row["period"])[1] for row in rows),
        source_name=_one(row["source_name"] for row in rows),
        source_url_or_doc=_one(row["source_url_or_doc"] for row in rows),
        quality=_one(row["quality"] for row in rows), note=_one(row["note"] for row in rows),
    )  # fmt: skip


def _one(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def scored(record: Record) -> bool:
    """Whether a record is a number to be met; "at least one" is an event instead."""
    return math.isfinite(record.high)


def completed(found: Sequence[Record], calendar: Window) -> dict[str, float]:
    """Values of one series by base period, gaps filled from the spans that cover them.

    What recorded periods leave of a span is spread evenly over its other periods; the span with
    the fewest open periods, then the shortest, goes first. Only for baselines, never scored.
    Cumulative shares are not filled.
    """
    known = {r.period: r.value for r in found if periods.is_base(r.period, calendar.freq)}
    spans = [r for r in found if r.period not in known and scored(r)]
    if not spans or joining(spans[0].series) == "last":
        return known

    def open_periods(record: Record) -> list[str]:
        return [p for p in periods.parts(record.period, calendar.freq) if p not in known]

    while spans := [s for s in spans if open_periods(s)]:
        span = min(spans, key=lambda s: (len(open_periods(s)), periods.days(s.period)))
        inside, missing = periods.parts(span.period, calendar.freq), open_periods(span)
        whole = span.value * (len(inside) if joining(span.series) == "mean" else 1)
        rest = whole - sum(known[p] for p in inside if p in known)
        known |= dict.fromkeys(missing, rest / len(missing))
    return known
