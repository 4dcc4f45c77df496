"""Scores as pure functions: samples and records in, one number out.

A *sample* holds the runs of an ensemble for one period; lower is better for CRPS and errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
LOW, HIGH = 0.1, 0.9
#: Periods below which a Diebold-Mariano test says nothing (assumption).
LEAST_PERIODS = 8
#: Members below which a rank correlation says nothing.
LEAST_RANKED = 3


def crps(sample: Floats, record: float) -> float:
    """Continuous ranked probability score, in the unit of the record.

    Energy form, E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007, JASA 102(477), equation 21),
    with the fair divisor m (m - 1) for the second term, so that its expectation does not depend on
    the number of members (Ferro 2014, QJRMS 140(683)). One member: the absolute error. It can be
    slightly negative for a good small sample.
    """
    x = np.sort(np.asarray(sample, dtype=np.float64))
    m = len(x)
    near = float(np.abs(x - record).mean())
    if m == 1:
        return near
    # sum over pairs of |xi - xj| from order statistics
    pairs = float((x * (2.0 * np.arange(1, m + 1) - m - 1)).sum())
    return near - pairs / (m * (m - 1))


def log_error(forecast: float, record: float) -> float:
    """|ln(forecast / record)|; ``nan`` where either is not positive."""
    if forecast <= 0.0 or record <= 0.0:
        return math.nan
    return abs(math.log(forecast / record))


def interval(sample: Floats) -> tuple[float, float]:
    """p10 and p90 of a sample (linear between runs)."""
    low, high = np.quantile(sample, (LOW, HIGH))
    return float(low), float(high)


def covered(sample: Floats, record: float) -> bool:
    """Whether the record lies between p10 and p90, ends included."""
    low, high = interval(sample)
    return low <= record <= high


def sign_agreement(forecast: Floats, record: Floats) -> tuple[int, int]:
    """Changes from one period to the next with the sign of the record's, and how many there are.

    Periods in which the record does not move are left out.
    """
    told, seen = np.sign(np.diff(forecast)), np.sign(np.diff(record))
    moved = seen != 0
    return int((told[moved] == seen[moved]).sum()), int(moved.sum())


def turning_points(values: Floats) -> list[tuple[int, str]]:
    """Positions of inner peaks and troughs: strictly above (below) both neighbours."""
    out = []
    for i in range(1, len(values) - 1):
        left, here, right = values[i - 1], values[i], values[i + 1]
        if here > max(left, right):
            out.append((i, "peak"))
        elif here < min(left, right):
            out.append((i, "trough"))
    return out


def matched_turns(forecast: Floats, record: Floats, slack: int = 1) -> tuple[int, int, int]:
    """Turning points of the record that the forecast has too, within ``slack`` periods.

    Returns (matched, of the record, of the forecast).
    """
    told, seen = turning_points(forecast), turning_points(record)
    free, matched = list(told), 0
    for place, kind in seen:
        near = [t for t in free if t[1] == kind and abs(t[0] - place) <= slack]
        if near:
            free.remove(min(near, key=lambda t: abs(t[0] - place)))
            matched += 1
    return matched, len(seen), len(told)


def rank_correlations(forecast: Floats, record: Floats) -> tuple[float, float]:
    """Spearman's rho and Kendall's tau-b; ``nan`` with fewer than three members or no order."""
    flat = len(record) < LEAST_RANKED or np.ptp(forecast) == 0.0 or np.ptp(record) == 0.0
    if flat:
        return math.nan, math.nan
    rho = stats.spearmanr(forecast, record).statistic
    tau = stats.kendalltau(forecast, record).statistic
    return float(rho), float(tau)


@dataclass(frozen=True)
class Comparison:
    """A Diebold-Mariano test: mean loss less the baseline's (negative: better), t, p, periods."""

    difference: float
    statistic: float
    p_value: float
    n: int


def diebold_mariano(loss: Floats, other: Floats, horizon: int = 1) -> Comparison | None:
    """Whether two forecasts differ in mean loss; ``None`` with fewer than ``LEAST_PERIODS``.

    Diebold and Mariano 1995 (JBES 13(3)) with the small-sample factor and Student's t of Harvey,
    Leybourne and Newbold 1997 (IJF 13(2)). The long-run variance takes ``horizon`` - 1
    autocovariances with Bartlett weights (Newey and West 1987), which keeps it positive. Two-sided.
    Losses that never differ give a statistic of zero and p = 1.
    """
    d = np.asarray(loss, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    n = len(d)
    if n < LEAST_PERIODS:
        return None
    mean = float(d.mean())
    variance = _long_run_variance(d - mean, horizon)
    if variance <= 0.0:
        sure = 0.0 if mean else 1.0
        return Comparison(mean, math.copysign(math.inf, mean) if mean else 0.0, sure, n)
    small = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = small * mean / math.sqrt(variance / n)
    return Comparison(mean, statistic, float(2.0 * stats.t.sf(abs(statistic), n - 1)), n)


def _long_run_variance(centred: Floats, horizon: int) -> float:
    n = len(centred)
    total = float(centred @ centred) / n
    for lag in range(1, horizon):
        weight = 1.0 - lag / horizon
        total += 2.0 * weight * float(centred[lag:] @ centred[:-lag]) / n
    return total


def mean_known(values: Sequence[float]) -> float:
    """Mean of the values that are numbers; ``nan`` if none is."""
    known = [v for v in values if not math.isnan(v)]
    return float(np.mean(known)) if known else math.nan
