"""The series of an ensemble beside their records: samples, spans, events, baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradesim.analysis.backtest import naive, periods, records
from tradesim.analysis.backtest.naive import Forecast
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.records import Record
from tradesim.analysis.backtest.runs import Floats, Runs


@dataclass(frozen=True)
class Held:
    """A series of the ensemble beside its records.

    ``points`` are (record, sample) of base periods, ``spans`` of several; ``events`` records of
    the kind "at least one"; ``baselines`` by (period, name).
    """

    runs: Runs
    points: tuple[tuple[Record, Floats], ...]
    spans: tuple[tuple[Record, Floats], ...]
    events: tuple[tuple[Record, Floats], ...]
    baselines: dict[tuple[str, str], Forecast] = field(default_factory=dict)
    level_before: float = math.nan

    @property
    def series(self) -> str:
        """Name of the series."""
        return self.runs.series

    def of(self, role: str) -> list[tuple[Record, Floats]]:
        """Points of one role."""
        return [(r, x) for r, x in self.points if r.role == role]


def held(known: Mapping[str, Runs], found: Sequence[Record], window: Window) -> list[Held]:
    """Every series of an ensemble that has a record, in the order of the names."""
    out = []
    for series, runs in known.items():
        own = [r for r in found if r.series == series]
        if own:
            out.append(_held(runs, own, window))
    return out


def _held(runs: Runs, own: Sequence[Record], window: Window) -> Held:
    points, spans, events = [], [], []
    for record in own:
        sample = runs.sample(record)
        if sample is None:
            continue
        if not records.scored(record):
            events.append((record, sample))
        elif periods.is_base(record.period, window.freq):
            points.append((record, sample))
        else:
            spans.append((record, sample))
    return Held(runs, tuple(points), tuple(spans), tuple(events),
                naive.forecasts(own, window), level_before(own, window))  # fmt: skip


def level_before(own: Sequence[Record], window: Window) -> float:
    """Mean of a series' record before the control (flows per day).

    Without a record of those periods the last one known on the day before; ``nan`` without any.
    """
    kept = [r for r in own if records.scored(r)]
    filled = records.completed(kept, window)
    known = [p for p in window.before if p in filled]
    if not kept or records.unit(own[0].series) in ("1", "firms"):
        return math.nan
    if not known:
        early = [r for r in kept if r.known_on < window.control]
        return rate(max(early, key=lambda r: r.known_on)) if early else math.nan
    total = sum(filled[p] for p in known)
    return total / (sum(periods.days(p) for p in known) if is_flow(own[0].series) else len(known))


def is_flow(series: str) -> bool:
    """Whether a series counts what passes in a period (tonnes, kilograms)."""
    return records.joining(series) == "sum"


def rate(record: Record) -> float:
    """A recorded value as it compares between periods: flows per day."""
    return record.value / periods.days(record.period) if is_flow(record.series) else record.value
