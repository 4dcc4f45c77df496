"""The targets of the calibration: statistics of a back-test's series, and what the record has.

``tables/posterior/targets.csv`` names series and periods only; the figures are those of the
records (``tables/records``), of which only rows with the role ``target`` may be used.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from tradesim.errors import DataError
from tradesim.posterior import FOLDER

#: Series by name, each a series of values by period label.
Paths = Mapping[str, "pd.Series[float]"]


@dataclass(frozen=True)
class Target:
    """A statistic of one series: what is compared, and the miss that counts as one.

    ``transform``: ``daily_ratio`` (value a day over that of the ``base`` periods together),
    ``log_ratio`` (ln of value over the mean of the base periods) or ``log``. ``tolerance`` is in
    the unit of the statistic: the sum of what the record and the model leave open.
    """

    name: str
    case: str
    series: str
    period: str
    base: tuple[str, ...]
    transform: str
    tolerance: float
    source: str


@lru_cache(maxsize=1)
def targets(path: Path = FOLDER / "targets.csv") -> tuple[Target, ...]:
    """All targets; raises :class:`DataError` for a row without tolerance or source."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    found = []
    for line, row in enumerate(rows, start=2):
        if row["transform"] not in _TRANSFORMS or not row["tolerance"] or not row["source"]:
            raise DataError(
                "a target without a known transform, a tolerance or a source",
                where=f"posterior/{path.name}, line {line}",
                allowed="transform " + ", ".join(_TRANSFORMS),
                remedy="complete the row",
            )
        base = tuple(part for part in row["base"].split(";") if part)
        found.append(Target(row["name"], row["case"], row["series"], row["period"], base,
                            row["transform"], float(row["tolerance"]), row["source"]))  # fmt: skip
    return tuple(found)


def of_case(case: str) -> tuple[Target, ...]:
    """The targets of one episode."""
    return tuple(target for target in targets() if target.case == case)


def at(path: pd.Series[float], period: str) -> float:
    """Value of a period; a year, ``max`` included, is made of its parts where it stands alone."""
    if period in path.index:
        return float(path[period])
    if ".." in period:  # highest value of a span of periods
        first, last = period.split("..")
        span = path[(path.index >= first) & (path.index <= last)]
        return float(span.max()) if len(span) else float("nan")
    parts = path[path.index.str.startswith(f"{period}-")]
    return float(parts.mean()) if len(parts) else float("nan")


def _days(period: str) -> int:
    return int(pd.Period(period).days_in_month)


def daily_ratio(path: pd.Series[float], target: Target) -> float:
    """Tonnes a day in the period over tonnes a day in the base periods."""
    base = sum(at(path, part) for part in target.base) / sum(_days(part) for part in target.base)
    return at(path, target.period) / _days(target.period) / base


def log_ratio(path: pd.Series[float], target: Target) -> float:
    """Logarithm of the value over the mean of the base periods."""
    base = np.mean([at(path, part) for part in target.base])
    return float(np.log(at(path, target.period) / base))


def log_value(path: pd.Series[float], target: Target) -> float:
    """Logarithm of the value."""
    return float(np.log(at(path, target.period)))


_TRANSFORMS = {"daily_ratio": daily_ratio, "log_ratio": log_ratio, "log": log_value}


def statistics(paths: Paths, wanted: tuple[Target, ...]) -> dict[str, float]:
    """The statistic of every target, from the model's series or from the record's."""
    return {t.name: _TRANSFORMS[t.transform](paths[t.series], t) for t in wanted}


def record_paths(records: pd.DataFrame, wanted: Sequence[Target]) -> dict[str, pd.Series[float]]:
    """The record as series by period (columns series, period, value, role).

    Kept are rows with the role ``target``, and those of the base periods by which a target is
    divided: the level before a control is what its effect is measured in.
    """
    bases = {(target.series, period) for target in wanted for period in target.base}
    pairs = zip(records["series"], records["period"], strict=True)
    in_base = np.array([pair in bases for pair in pairs], bool)
    kept = records[(records["role"] == "target") | in_base]
    return {
        str(name): pd.Series(rows["value"].to_numpy(float), index=rows["period"].astype(str))
        for name, rows in kept.groupby("series")
    }


def distance(
    simulated: Mapping[str, float], recorded: Mapping[str, float], wanted: tuple[Target, ...]
) -> float:
    """Root mean square miss in tolerances; infinite where the model has no value."""
    misses = [(simulated[t.name] - recorded[t.name]) / t.tolerance for t in wanted]
    total = float(np.sqrt(np.mean(np.square(misses))))
    return total if np.isfinite(total) else float("inf")
