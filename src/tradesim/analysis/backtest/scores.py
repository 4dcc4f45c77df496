"""The scores of a back-test: one long table, the model and the naive baselines side by side.

Every row is one score of one series (or family of series) and role. ``baseline`` is empty for the
model itself. Rows whose score begins with ``must:`` are the bounds of the back-test
(:mod:`tradesim.analysis.backtest.musts`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tradesim.analysis.backtest import measures, musts, naive, periods, records
from tradesim.analysis.backtest.held import Held, held, is_flow, rate
from tradesim.analysis.backtest.measures import Floats
from tradesim.analysis.backtest.naive import Forecast
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.records import Record
from tradesim.analysis.backtest.runs import Runs, matrices
from tradesim.errors import InputError

COLUMNS: tuple[str, ...] = (
    "case", "series", "role", "score", "baseline", "value", "unit", "n", "note",
)  # fmt: skip
#: What a stop adds to the plants that stand still in a month: one plant for six days (assumption).
LEAST_STOP = 0.2
#: One row without its case: series, role, score, baseline, value, unit, n, note.
Row = tuple[str, str, str, str, float, str, int, str]


def scores(ensemble: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """Every score of an ensemble against the records of its case.

    Parameters
    ----------
    ensemble : long table ``series, period, seed, value, unit``; periods without a record are not
        scored.
    recorded : what :func:`tradesim.analysis.backtest.records.load` gave.

    Returns
    -------
    A table ``case, series, role, score, baseline, value, unit, n, note``; ``n`` counts the periods
    (or series, or runs) behind a value, which is ``nan`` where a score does not exist, with the
    reason in ``note``.

    Raises
    ------
    InputError
        when the ensemble's columns, units or periods are not those of the case.
    """
    cases = sorted({str(case) for case in recorded["case"]})
    if len(cases) != 1:
        raise InputError(
            f"records of {len(cases)} cases", where="scores", allowed="the records of one case",
            remedy="pass what records.load(case) returned",
        )  # fmt: skip
    window = periods.window(cases[0])
    found = [Record(**{str(k): v for k, v in row.items()})
             for row in recorded.to_dict(orient="records")]  # fmt: skip
    known = matrices(ensemble, window)
    parts = held(known, found, window)
    rows: list[Row] = musts.rows(parts, known, window)
    for part in parts:
        for role in ("target", "prediction"):
            rows += _of_role(part, role)
        rows += [*_shape(part), *_tests(part), *_events(part)]
    rows += _ranks(parts)
    table = pd.DataFrame(rows, columns=list(COLUMNS[1:]))
    table.insert(0, "case", window.case)
    return table


def _of_role(part: Held, role: str) -> Iterator[Row]:
    points = part.of(role)
    if points:
        yield from _errors(part, role, points)
        yield from _widths(part, role, points)
        for name in naive.BASELINES:
            yield from _against(part, role, points, name)
    spans = [(r, x) for r, x in part.spans if r.role == role]
    if spans:
        told = [measures.log_error(float(np.median(x)), r.value) for r, x in spans]
        hits = [measures.covered(x, r.value) for r, x in spans]
        note = "spans of several periods: " + ", ".join(r.period for r, _ in spans)
        yield (part.series, role, "log_error_spans", "", measures.mean_known(told), "1",
               len(spans), note)  # fmt: skip
        yield part.series, role, "coverage_spans", "", float(np.mean(hits)), "1", len(spans), note


def _errors(part: Held, role: str, points: Sequence[tuple[Record, Floats]]) -> Iterator[Row]:
    series, n = part.series, len(points)
    unit = records.unit(series)
    ranked = [measures.crps(x, r.value) for r, x in points]
    away = [abs(float(np.median(x)) - r.value) for r, x in points]
    logs = [measures.log_error(float(np.median(x)), r.value) for r, x in points]
    known = [v for v in logs if not math.isnan(v)]
    gone = f"{n - len(known)} left out: zero" if len(known) < n else ""
    yield series, role, "crps", "", float(np.mean(ranked)), unit, n, ""
    yield series, role, "absolute_error", "", float(np.mean(away)), unit, n, "of the median"
    yield series, role, "log_error", "", measures.mean_known(logs), "1", len(known), gone
    changes = _change_errors(part, points)
    if changes:
        note = "of the change since before the control; levels may differ by definition"
        yield (series, role, "log_error_change", "", measures.mean_known(changes), "1",
               sum(not math.isnan(v) for v in changes), note)  # fmt: skip


def _change_errors(part: Held, points: Sequence[tuple[Record, Floats]]) -> list[float]:
    relative = part.runs.relative()
    if relative is None or math.isnan(part.level_before):
        return []
    later = [r for r, _ in points if periods.span(r.period)[1] >= part.runs.window.control]
    return [
        measures.log_error(float(np.median(relative.at(r.period))), rate(r) / part.level_before)
        for r in later
    ]


def _widths(part: Held, role: str, points: Sequence[tuple[Record, Floats]]) -> Iterator[Row]:
    series, n, m = part.series, len(points), len(part.runs.seeds)
    note = f"p10–p90 of {m} runs"
    hits = [measures.covered(x, r.value) for r, x in points]
    wide = [high - low for low, high in (measures.interval(x) for _, x in points)]
    yield series, role, "coverage", "", float(np.mean(hits)), "1", n, note
    yield series, role, "width", "", float(np.mean(wide)), records.unit(series), n, note
    yield (series, role, "width_points", "", width_points(part.runs, [r for r, _ in points]),
           "points", n, "% of each run's own level before the control")  # fmt: skip


def width_points(runs: Runs, found: Sequence[Record]) -> float:
    """Mean p10-p90 width in percentage points of the level before the control.

    Shares have no such level: points of the share itself. ``nan`` for counts of firms.
    """
    if records.unit(runs.series) == "firms":
        return math.nan
    relative = runs if records.unit(runs.series) == "1" else runs.relative()
    if relative is None or not found:
        return math.nan
    wide = [high - low for low, high in (measures.interval(relative.at(r.period)) for r in found)]
    return 100.0 * float(np.mean(wide))


def _against(part: Held, role: str, points: Sequence[tuple[Record, Floats]], name: str
             ) -> Iterator[Row]:  # fmt: skip
    both = [(r, x, part.baselines[r.period, name]) for r, x in points
            if (r.period, name) in part.baselines]  # fmt: skip
    if not both:
        return
    series, n, unit = part.series, len(both), records.unit(part.series)
    own = float(np.mean([measures.crps(x, r.value) for r, x, _ in both]))
    told = float(np.mean([measures.crps(f.members, r.value) for r, _, f in both]))
    away = float(np.mean([abs(f.value - r.value) for r, _, f in both]))
    logs = [measures.log_error(f.value, r.value) for r, _, f in both]
    note = f"{spread_words([f for _, _, f in both])}; model on the same periods {own:.6g}"
    yield series, role, "crps", name, told, unit, n, note
    skill = 1.0 - own / told if told > 0.0 else math.nan
    yield (series, role, "crps_skill", name, skill, "1", n,
           "1 less CRPS of the model over that of the baseline, same periods")  # fmt: skip
    yield series, role, "absolute_error", name, away, unit, n, ""
    yield (series, role, "log_error", name, measures.mean_known(logs), "1",
           sum(not math.isnan(v) for v in logs), "")  # fmt: skip


def spread_words(told: Sequence[Forecast]) -> str:
    """How the baselines of several periods got their spread."""
    dressed = [f.errors for f in told if f.errors]
    if not dressed:
        return "a point: CRPS is its absolute error"
    words = f"spread from {min(dressed)} to {max(dressed)} past errors"
    points = len(told) - len(dressed)
    return words + (f", a point in {points} of {len(told)} periods" if points else "")


def _shape(part: Held) -> Iterator[Row]:
    """Signs of change, turning points and extreme periods, over all recorded base periods."""
    points, series = part.points, part.series
    if len(points) < 3:
        return
    seen = np.array([rate(r) for r, _ in points])
    days = np.array([periods.days(r.period) if is_flow(series) else 1.0 for r, _ in points])
    told = np.array([float(np.median(x)) for _, x in points]) / days
    same, moved = measures.sign_agreement(told, seen)
    if moved:
        yield series, "all", "sign_agreement", "", same / moved, "1", moved, "changes, per day"
    matched, real, own = measures.matched_turns(told, seen)
    if real:
        yield (series, "all", "turning_points", "", matched / real, "1", real,
               f"{matched} of {real} recorded, within a period; the median has {own}")  # fmt: skip
    after = [i for i, (r, _) in enumerate(points)
             if periods.span(r.period)[1] >= part.runs.window.control]  # fmt: skip
    if len(after) >= 3:
        labels = [points[i][0].period for i in after]
        for kind, pick in (("trough", np.argmin), ("peak", np.argmax)):
            a, b = int(pick(told[after])), int(pick(seen[after]))
            shift = periods.steps(labels[b], labels[a], part.runs.window.freq)
            yield (series, "all", f"{kind}_shift", "", float(shift), "periods", len(after),
                   f"model {labels[a]}, record {labels[b]}")  # fmt: skip


def _tests(part: Held) -> Iterator[Row]:
    """Diebold-Mariano tests on CRPS over all recorded base periods."""
    for name in naive.BASELINES:
        both = [(r, x, part.baselines[r.period, name]) for r, x in part.points
                if (r.period, name) in part.baselines]  # fmt: skip
        if not both:
            continue
        n = len(both)
        own = np.array([measures.crps(x, r.value) for r, x, _ in both])
        other = np.array([measures.crps(f.members, r.value) for r, _, f in both])
        horizon = dm_horizon(name, n, part.runs.window)
        test = measures.diebold_mariano(own, other, horizon)
        if test is None:
            note = f"{n} periods, {measures.LEAST_PERIODS} needed: not tested"
            yield part.series, "all", "dm_p_value", name, math.nan, "1", n, note
            continue
        note = (
            f"mean CRPS of the model less the baseline's {test.difference:.6g} "
            f"{records.unit(part.series)}, t = {test.statistic:.3g}, lags up to {horizon - 1}"
        )
        yield part.series, "all", "dm_p_value", name, test.p_value, "1", n, note


def dm_horizon(name: str, n: int, window: Window) -> int:
    """Horizon for the long-run variance: the baseline's, from 2 (the model forecasts several
    steps) to a third of the periods."""
    steps = {"last_value_one_step": 1, "same_period_last_year": window.per_year}.get(name, n)
    return max(min(max(steps, 2), n // 3), 1)


def _events(part: Held) -> Iterator[Row]:
    """Reports that a plant stood still: share of runs with a stop in that period, and the lag.

    Model figures are means over a period: a plant that stands still for a week is 0.23 of a plant.
    A stop is what exceeds the run's own median before the control by ``LEAST_STOP``.
    """
    if not part.events:
        return
    window, runs = part.runs.window, part.runs
    usual = [runs.at(p) for p in window.before if runs.holds([p])]
    least = LEAST_STOP + (np.median(usual, axis=0) if usual else np.zeros(len(runs.seeds)))
    shares = [float((x >= least).mean()) for _, x in part.events]
    labels = ", ".join(r.period for r, _ in part.events)
    yield (part.series, "prediction", "event_share", "", float(np.mean(shares)), "1",
           len(shares), f"share of runs with a stop in {labels}")  # fmt: skip
    later = [p for p in runs.labels if periods.span(p)[1] >= window.control and runs.holds([p])]
    first = min((r.period for r, _ in part.events), key=lambda p: periods.span(p)[0])
    stops = np.stack([runs.at(p) >= least for p in later])
    lags = np.array([periods.steps(first, p, window.freq) for p in later], dtype=np.float64)
    when = np.where(stops.any(axis=0), lags[np.argmax(stops, axis=0)], np.inf)
    value, note = float(np.median(when)), f"first period with a stop, less {first}; median of runs"
    if not math.isfinite(value):
        value, note = math.nan, note + ": half of the runs or more have none"
    yield part.series, "prediction", "first_stop_shift", "", value, "periods", len(when), note


def _ranks(parts: Sequence[Held]) -> Iterator[Row]:
    """Rank order over elements (or destinations) of the largest change since the control."""
    groups: dict[str, list[tuple[str, float, float]]] = {}
    for part in parts:
        group, _, member = part.series.rpartition(":")
        if group and member != "TOTAL" and records.unit(part.series) not in ("1", "firms"):
            change = largest_change(part)
            groups.setdefault(group, []).extend([(member, *change)] if change else [])
    for group, told in groups.items():
        names = ", ".join(name for name, _, _ in told)
        rho, tau = measures.rank_correlations(
            np.array([a for _, a, _ in told]), np.array([b for _, _, b in told])
        )
        few = len(told) < measures.LEAST_RANKED
        note = (
            f"{len(told)} with a recorded change, three needed"
            if few
            else f"largest change: {names}"
        )
        for score, value in (("rank_spearman", rho), ("rank_kendall", tau)):
            yield group, "all", score, "", value, "1", len(told), note


def largest_change(part: Held) -> tuple[float, float] | None:
    """Log change since before the control in the period where the record moved most.

    Model (median) and record, both over their own level before; None without such a level.
    """
    relative = part.runs.relative()
    later = [r for r, _ in part.points if periods.span(r.period)[1] >= part.runs.window.control]
    later = [r for r in later if r.value > 0.0]
    if relative is None or math.isnan(part.level_before) or not later:
        return None
    seen = {r.period: math.log(rate(r) / part.level_before) for r in later}
    place = max(seen, key=lambda p: abs(seen[p]))
    told = float(np.median(relative.at(place)))
    return (math.log(told), seen[place]) if told > 0.0 else None
