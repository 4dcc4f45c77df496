"""An ensemble of a back-test as matrices: seeds by periods, whole or over its own past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradesim.analysis.backtest import periods, records
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.records import Record
from tradesim.errors import InputError

Floats = NDArray[np.float64]
COLUMNS: tuple[str, ...] = ("series", "period", "seed", "value", "unit")


@dataclass(frozen=True)
class Runs:
    """One series of an ensemble: ``values`` is seeds by base periods, in the series' unit."""

    series: str
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    values: Floats
    window: Window

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {label: i for i, label in enumerate(self.labels)}

    @cached_property
    def median(self) -> Floats:
        """Median over seeds by period; ``nan`` where a run has no value."""
        return np.asarray(np.median(self.values, axis=0), dtype=np.float64)

    def holds(self, labels: Iterable[str]) -> bool:
        """Whether every run has a value in each of these base periods."""
        return all(p in self._place and np.isfinite(self.at(p)).all() for p in labels)

    def at(self, label: str) -> Floats:
        """The runs' values in one base period."""
        return np.asarray(self.values[:, self._place[label]])

    def sample(self, record: Record) -> Floats | None:
        """The runs' values for a record: its period, or its span joined; None where one lacks."""
        inside = periods.parts(record.period, self.window.freq)
        return self.joined(inside) if self.holds(inside) else None

    def joined(self, labels: Iterable[str]) -> Floats:
        """Values over several base periods: summed, averaged or the last, by kind of series."""
        parts = np.stack([self.at(p) for p in labels])
        kind = records.joining(self.series)
        joined = {"sum": parts.sum(axis=0), "mean": parts.mean(axis=0), "last": parts[-1]}[kind]
        return np.asarray(joined, dtype=np.float64)

    def rates(self) -> Floats:
        """Values as they compare between periods: flows per day, everything else as it is."""
        if records.joining(self.series) != "sum":
            return self.values
        lengths = np.array([periods.days(p) for p in self.labels], dtype=np.float64)
        return np.asarray(self.values / lengths)

    def relative(self) -> Runs | None:
        """Each run over its own mean before the control, flows per day; None without one.

        Shares have no level to be measured by: None too.
        """
        before = self.window.before
        if records.unit(self.series) in ("1", "firms") or not self.holds(before):
            return None
        span = float(sum(periods.days(p) for p in before))
        own = self.joined(before) / (span if records.joining(self.series) == "sum" else 1.0)
        if not (own > 0.0).all():
            return None
        return Runs(self.series, self.labels, self.seeds, self.rates() / own[:, None], self.window)


def matrices(ensemble: pd.DataFrame, window: Window) -> dict[str, Runs]:
    """The series of an ensemble (columns ``series, period, seed, value, unit``).

    Raises
    ------
    InputError
        when a column is missing, a unit is not that of the series, a series or a period is
        unknown, or a seed has two values.
    """
    missing = [c for c in COLUMNS if c not in ensemble.columns]
    if missing or ensemble.empty:
        raise InputError(
            f"the ensemble has no column '{missing[0]}'" if missing else "the ensemble is empty",
            where="back-test", allowed=", ".join(COLUMNS),
            remedy="pass the long table of the back-test's runs",
        )  # fmt: skip
    return {str(name): _runs(str(name), part, window)
            for name, part in ensemble.groupby("series", sort=True)}  # fmt: skip


def _runs(series: str, part: pd.DataFrame, window: Window) -> Runs:
    units = {str(u) for u in part["unit"].unique()}
    if units != {records.unit(series)}:
        raise InputError(
            f"series '{series}' in {', '.join(sorted(units))}", where="ensemble",
            allowed=records.unit(series), remedy="convert the series before it is scored",
        )  # fmt: skip
    if part.duplicated(["seed", "period"]).any():
        raise InputError(
            f"series '{series}' has two values of one seed and period", where="ensemble",
            allowed="one value", remedy="drop the repeated rows",
        )  # fmt: skip
    table = part.pivot(index="seed", columns="period", values="value")
    labels = sorted((str(p) for p in table.columns), key=lambda p: periods.span(p)[0])
    bad = [p for p in labels if not periods.is_base(p, window.freq)]
    if bad:
        raise InputError(
            f"series '{series}' has a period '{bad[0]}'", where="ensemble",
            allowed="YYYY-MM" if window.freq == "M" else "YYYY-Qn",
            remedy="write the base periods of the case",
        )  # fmt: skip
    values = table[labels].to_numpy(dtype=np.float64)
    return Runs(series, tuple(labels), tuple(int(s) for s in table.index), values, window)
