"""The bounds that a back-test has set itself, each a row of the scores with hit or miss in words.

Scores are called ``must:<name>``; ``note`` begins with ``hit``, ``miss`` or ``not shown``. A bound
is judged on what the ensemble says, never on a fit of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradesim.analysis.backtest import measures, periods
from tradesim.analysis.backtest.held import Held
from tradesim.analysis.backtest.measures import Floats
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.runs import Runs

TOTAL = "magnet_exports_t:TOTAL"
#: Largest miss of total exports, and largest mean width of p10-p90, in points of the level before.
MOST_POINTS, MOST_WIDTH_POINTS = 12.0, 40.0
#: Largest relative miss of the European asks of May.
MOST_ASK_MISS = 0.30
#: Largest factor between the rises of model and record from 2009 to the highest quarter.
MOST_FACTOR = 1.5
SMUGGLED_RANGE = (0.17, 0.33)
_CRPS_BASELINES = {
    "last_value_origin": "the last value before the control",
    "same_period_last_year": "the same month last year",
    "last_value_one_step": "the last month's value, learnt anew each month (not asked for, shown "
    "beside)",
}
#: One row without its case: series, role, score, baseline, value, unit, n, note.
Row = tuple[str, str, str, str, float, str, int, str]


@dataclass(frozen=True)
class Verdict:
    """A bound: its name, series and role, the value held against it, and the words."""

    name: str
    series: str
    role: str
    value: float
    unit: str
    n: int
    hit: bool
    words: str
    baseline: str = ""

    def row(self) -> Row:
        """The row of the scores; a value that does not exist is not shown."""
        known = not math.isnan(self.value)
        word = ("hit" if self.hit else "miss") if known else "not shown"
        return (self.series, self.role, f"must:{self.name}", self.baseline, self.value, self.unit,
                self.n, f"{word}: {self.words}")  # fmt: skip


def rows(parts: Sequence[Held], matrices: Mapping[str, Runs], window: Window) -> list[Row]:
    """The bounds of a case that its ensemble can answer, in the order of the report."""
    by_name = {part.series: part for part in parts}
    if window.case == "2025":
        told = [*exports_2025(by_name), *asks_2025(by_name)]
    else:
        told = [*rises_2010(by_name, matrices), *smuggled_2011(matrices)]
    return [verdict.row() for verdict in told]


def exports_2025(parts: Mapping[str, Held]) -> Iterator[Verdict]:
    """Total magnet exports from April to September 2025: miss, width, trough, CRPS."""
    part = parts.get(TOTAL)
    points = part.of("target") if part else []
    relative = part.runs.relative() if part else None
    if part is None or relative is None or not points:
        return
    labels = [r.period for r, _ in points]
    seen = shares(part)
    told = {p: float(np.median(relative.at(p))) for p in labels}
    misses = {p: 100.0 * (told[p] - seen[p]) for p in labels}
    worst = max(misses, key=lambda p: abs(misses[p]))
    each = ", ".join(f"{p[5:]} {round(misses[p]):+d}" for p in labels)
    yield Verdict(
        "miss_of_each_month", TOTAL, "target", abs(misses[worst]), "points", len(labels),
        abs(misses[worst]) <= MOST_POINTS,
        f"largest miss of the median {misses[worst]:+.1f} points of the first quarter's daily "
        f"level, in {worst} (bound {MOST_POINTS:g}; by month {each})",
    )  # fmt: skip
    yield _together(part, relative, labels)
    wide = [100.0 * (high - low)
            for low, high in (measures.interval(relative.at(p)) for p in labels)]  # fmt: skip
    width = float(np.mean(wide))
    yield Verdict(
        "width", TOTAL, "target", width, "points", len(labels), width <= MOST_WIDTH_POINTS,
        f"mean width of p10–p90 {width:.1f} points (bound {MOST_WIDTH_POINTS:g})",
    )  # fmt: skip
    yield _trough(relative, labels, told)
    yield from _crps(part)


def shares(part: Held) -> dict[str, float]:
    """Recorded values per day over the level before the control, by period."""
    return {r.period: r.value / periods.days(r.period) / part.level_before
            for r, _ in part.points}  # fmt: skip


def _together(part: Held, relative: Runs, labels: Sequence[str]) -> Verdict:
    days = np.array([periods.days(p) for p in labels], dtype=np.float64)
    seen = float(np.average([shares(part)[p] for p in labels], weights=days))
    own = np.average(np.stack([relative.at(p) for p in labels]), axis=0, weights=days)
    miss = 100.0 * (float(np.median(own)) - seen)
    return Verdict(
        "miss_of_the_half_year", TOTAL, "target", abs(miss), "points", len(labels),
        abs(miss) <= MOST_POINTS,
        f"April to September together {100.0 * float(np.median(own)):.1f}% of the first quarter's "
        f"daily level, recorded {100.0 * seen:.1f}% (bound {MOST_POINTS:g} points)",
    )  # fmt: skip


def _trough(relative: Runs, labels: Sequence[str], told: Mapping[str, float]) -> Verdict:
    lowest = min(told, key=lambda p: told[p])
    runs = np.stack([relative.at(p) for p in labels])
    share = float((np.argmin(runs, axis=0) == labels.index("2025-05")).mean())
    return Verdict(
        "trough_in_may", TOTAL, "target", share, "1", len(relative.seeds), lowest == "2025-05",
        f"the median is lowest in {lowest}; {100.0 * share:.0f}% of runs are lowest in May",
    )  # fmt: skip


def _crps(part: Held) -> Iterator[Verdict]:
    points = part.of("target")
    for name, words in _CRPS_BASELINES.items():
        both = [(r, x, part.baselines[r.period, name]) for r, x in points
                if (r.period, name) in part.baselines]  # fmt: skip
        own = measures.mean_known([measures.crps(x, r.value) for r, x, _ in both])
        told = measures.mean_known([measures.crps(f.members, r.value) for r, _, f in both])
        yield Verdict(
            "crps_below_baseline", TOTAL, "target", own, "t", len(both), own < told,
            f"CRPS {own:,.0f} t against {told:,.0f} t of {words}", baseline=name,
        )  # fmt: skip


def asks_2025(parts: Mapping[str, Held]) -> Iterator[Verdict]:
    """European asks of Dy and Tb in May 2025."""
    for element in ("Dy", "Tb"):
        series = f"ask_usd_per_kg:EU27:{element}"
        for record, sample in parts[series].points if series in parts else ():
            if record.period == "2025-05":
                middle = float(np.median(sample))
                miss = middle / record.value - 1.0
                yield Verdict(
                    "ask_of_may", series, "target", 100.0 * abs(miss), "%", 1,
                    abs(miss) <= MOST_ASK_MISS,
                    f"European ask of {element} in May {middle:,.0f} USD/kg against "
                    f"{record.value:,.0f} recorded, {round(100.0 * miss):+d}% "
                    f"(bound {100.0 * MOST_ASK_MISS:.0f}%)",
                )  # fmt: skip


def rises_2010(parts: Mapping[str, Held], matrices: Mapping[str, Runs]) -> Iterator[Verdict]:
    """Rises of prices FOB from 2009: to the highest quarter, and in 2010 by element."""
    for element in ("Dy", "Nd", "La", "Ce"):
        series = f"fob_usd_per_kg:{element}"
        relative = matrices[series].relative() if series in matrices else None
        if relative is not None and series in parts and parts[series].points:
            yield _rise(series, element, parts[series], relative)
    found = {e: matrices[f"fob_usd_per_kg:{e}"].relative() for e in ("La", "Ce", "Dy", "Nd")
             if f"fob_usd_per_kg:{e}" in matrices}  # fmt: skip
    known = {e: runs.at("2010-Q4") for e, runs in found.items()
             if runs is not None and runs.holds(["2010-Q4"])}  # fmt: skip
    if len(known) == 4:
        yield _light_first(known)


def _rise(series: str, element: str, part: Held, relative: Runs) -> Verdict:
    seen = {r.period: r.value / part.level_before for r, _ in part.points}
    top = max(seen, key=lambda p: seen[p])
    highest = int(np.nanargmax(relative.median))
    told, where = float(relative.median[highest]), relative.labels[highest]
    factor = math.exp(measures.log_error(told, seen[top]))
    return Verdict(
        "rise_to_the_highest_quarter", series, "target", factor, "factor", len(seen),
        factor <= MOST_FACTOR,
        f"{element} rises to {told:.1f} times 2009 ({where}), recorded {seen[top]:.1f} times "
        f"({top}); apart by a factor of {factor:.3f} (bound {MOST_FACTOR:g})",
    )  # fmt: skip


def _light_first(known: Mapping[str, Floats]) -> Verdict:
    middle = {e: float(np.median(x)) for e, x in known.items()}
    gap = min(middle["La"], middle["Ce"]) / max(middle["Dy"], middle["Nd"])
    runs = np.minimum(known["La"], known["Ce"]) > np.maximum(known["Dy"], known["Nd"])
    each = ", ".join(f"{e} {v:.1f}" for e, v in middle.items())
    return Verdict(
        "light_before_heavy", "fob_usd_per_kg", "target", gap, "factor", len(runs), gap > 1.0,
        f"last quarter of 2010 over 2009: {each}; La and Ce ahead of Dy and Nd in "
        f"{100.0 * float(runs.mean()):.0f}% of runs",
    )  # fmt: skip


def smuggled_2011(matrices: Mapping[str, Runs]) -> Iterator[Verdict]:
    """Smuggled share of what left China in 2011."""
    runs = matrices.get("smuggled_share")
    if runs is not None and runs.holds(["2011-Q4"]):
        share = float(np.median(runs.at("2011-Q4")))
        low, high = SMUGGLED_RANGE
        yield Verdict(
            "smuggled_share_2011", "smuggled_share", "prediction", share, "1", len(runs.seeds),
            low <= share <= high,
            f"smuggled share of outflow in 2011 {share:.2f} (bound {low:g} to {high:g})",
        )  # fmt: skip
