"""Axis ticks that fit: few, round, and readable at projector size."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

#: Values that differ by less are equal to what a screen can show.
LEAST_EXTENT = 1e-9
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)


def nice_step(extent: float, count: int) -> float:
    """The smallest of 1, 2, 2.5, 5 × 10^k that cuts ``extent`` into at most ``count`` parts."""
    if not (math.isfinite(extent) and extent > 0):
        return 1.0
    raw = extent / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1, 2, 2.5, 5, 10):
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def value_axis(
    low: float, high: float, count: int = 4, headroom: float = 1.02
) -> tuple[list[float], list[float]]:
    """Range and tick values, in the data's unit, of an axis that shows ``low``…``high``.

    The axis starts at zero when ``low`` is not negative, so that a bar or a band keeps its
    proportion; an extent that is empty, or only rounding, gets the range 0…1. The axis reaches at
    least ``headroom`` times ``high``.
    """
    low = min(low, 0.0)
    if not math.isfinite(high) or high - low < LEAST_EXTENT:
        high, headroom = low + 1.0, 1.0
    step = nice_step((high - low) * headroom, count)
    first, last = math.floor(low / step), math.ceil(high * headroom / step - 1e-9)
    ticks = [round(i * step, 12) for i in range(first, last + 1)]
    return [ticks[0], ticks[-1]], ticks


def tick_text(value: float) -> str:
    """A tick label with thousands separators and no trailing zeros."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def month_starts(start: pd.Timestamp, end: pd.Timestamp, step: int) -> Iterator[pd.Timestamp]:
    """First days of every ``step``-th month (counted from January) within start…end."""
    month = pd.Timestamp(start.year, 1, 1)
    while month <= end:
        if month >= start:
            yield month
        month += pd.DateOffset(months=step)


def date_label(day: pd.Timestamp, step: int) -> str:
    """Year alone for yearly ticks, else the month with the year under each January."""
    if step >= 12:
        return str(day.year)
    return f"{day:%b}<br>{day.year}" if day.month == 1 else f"{day:%b}"


def date_axis(
    start: pd.Timestamp, end: pd.Timestamp, width_px: float
) -> tuple[list[str], list[str]]:
    """Tick positions (ISO dates) and labels for a date axis ``width_px`` wide.

    Month ticks are tried from dense to sparse until the labels fit; a run too short to hold
    two month starts gets its first day as the one tick.
    """
    months = max((end - start).days / 30.44, 0.1)
    days: list[pd.Timestamp] = []
    for step in MONTH_STEPS:
        room = 48.0 if step >= 12 else 52.0
        if width_px * step / months >= room:
            break
    last = end - (end - start) * min(26.0 / width_px, 0.2)
    days = list(month_starts(start, last, step))
    if not days:
        return [f"{start:%Y-%m-%d}"], [f"{start:%-d %b}<br>{start.year}"]
    labels = [date_label(day, step) for day in days]
    if step < 12 and "<br>" not in labels[0]:
        labels[0] = f"{labels[0]}<br>{days[0].year}"
    return [f"{day:%Y-%m-%d}" for day in days], labels


def extent(*arrays: np.ndarray) -> tuple[float, float]:
    """Smallest and largest finite value over ``arrays``; (0, 0) when there is none."""
    finite = [a[np.isfinite(a)] for a in (np.asarray(x, dtype=float) for x in arrays)]
    pool = np.concatenate(finite) if finite else np.empty(0)
    return (float(pool.min()), float(pool.max())) if pool.size else (0.0, 0.0)
