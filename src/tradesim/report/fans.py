"""Ensembles of one quantity over time: quantiles, sampled runs and their Plotly traces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tradesim.report import theme
from tradesim.report.theme import Style

Trace = dict[str, Any]
#: A figure as Plotly reads it: ``data`` (traces) and ``layout``.
Spec = dict[str, Any]
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
SAMPLED_RUNS = 5
#: So few periods are drawn with markers too: a line of one point cannot be seen.
FEW_PERIODS = 3


@dataclass(frozen=True)
class Fan:
    """One quantity of one scenario over an ensemble of seeds.

    ``dates`` holds T periods (their middle days), ``runs`` is seeds × T in the unit of the
    quantity, ``seeds`` names its rows. Quantiles interpolate linearly between runs and skip
    ``nan`` (periods in which the quantity does not exist, such as a price without a sale).
    """

    dates: pd.DatetimeIndex
    runs: np.ndarray
    seeds: tuple[int, ...]

    @cached_property
    def _quantiles(self) -> np.ndarray:
        out = np.full((3, self.runs.shape[1]), np.nan)
        known = np.isfinite(self.runs)
        whole, some = known.all(axis=0), known.any(axis=0)
        if whole.any():
            out[:, whole] = np.quantile(self.runs[:, whole], (LOW, MIDDLE, HIGH), axis=0)
        for column in np.flatnonzero(some & ~whole):
            out[:, column] = np.quantile(self.runs[known[:, column], column], (LOW, MIDDLE, HIGH))
        return out

    @property
    def low(self) -> np.ndarray:
        """p10 over runs, one value per period, in the unit of the quantity."""
        return np.asarray(self._quantiles[0])

    @property
    def high(self) -> np.ndarray:
        """p90 over runs, one value per period."""
        return np.asarray(self._quantiles[2])

    @property
    def median(self) -> np.ndarray:
        """Median over runs, one value per period."""
        return np.asarray(self._quantiles[1])

    @property
    def several(self) -> bool:
        """Whether there is more than one run, hence a spread to show."""
        return len(self.seeds) > 1

    def sampled(self) -> list[tuple[int, np.ndarray]]:
        """Up to five runs, the first seeds of the ensemble, as (seed, values per period)."""
        count = min(SAMPLED_RUNS, len(self.seeds)) if self.several else 0
        return [(self.seeds[i], self.runs[i]) for i in range(count)]


def pivot(frame: pd.DataFrame, value: str, fill: float = np.nan) -> pd.DataFrame:
    """Seeds × dates table of ``value`` (summed over rows that share a seed and a date)."""
    return frame.pivot_table(
        index="seed", columns="date", values=value, aggfunc="sum", observed=True, dropna=False
    ).fillna(fill)


def ribbon(x: list[str], low: np.ndarray, high: np.ndarray) -> tuple[list[Any], list[Any]]:
    """Closed outlines of the band between ``low`` and ``high``, split where values are missing."""
    known = np.isfinite(low) & np.isfinite(high)
    xs: list[Any] = []
    ys: list[Any] = []
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(int), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        part = x[first:last]
        xs += ([None] if xs else []) + [*part, *reversed(part), part[0]]
        lows, highs = low[first:last].tolist(), high[first:last].tolist()
        ys += ([None] if ys else []) + [*lows, *reversed(highs), lows[0]]
    return xs, ys


def iso(dates: pd.DatetimeIndex) -> list[str]:
    """Dates as ISO text, the form Plotly and the SVG writer both read."""
    return [str(day) for day in dates.strftime("%Y-%m-%d")]


def band_trace(fan: Fan, style: Style, name: str, alpha: float = 0.22) -> Trace:
    """The p10–p90 band of a fan, in its units, as one filled outline."""
    xs, ys = ribbon(iso(fan.dates), fan.low, fan.high)
    return {
        "type": "scatter", "mode": "lines", "x": xs, "y": ys, "fill": "toself",
        "fillcolor": theme.rgba(style.colour, alpha), "line": {"width": 0},
        "hoverinfo": "skip", "name": name,
    }  # fmt: skip


def line_trace(
    dates: pd.DatetimeIndex, values: np.ndarray, style: Style, name: str, markers: bool = False
) -> Trace:
    """One line; ``markers`` adds the style's symbol at every period."""
    trace: Trace = {
        "type": "scatter", "mode": "lines+markers" if markers else "lines",
        "x": iso(dates), "y": rounded(values), "name": name,
        "line": {"color": style.colour, "dash": style.dash, "width": style.width_px},
    }  # fmt: skip
    if markers:
        trace["marker"] = {"symbol": style.marker, "size": 8, "color": style.colour}
    return trace


def median_trace(
    fan: Fan, style: Style, name: str, unit: str, where: str = "", markers: bool = False
) -> Trace:
    """The median line of a fan, with p10–p90 in its hover text."""
    few = len(fan.dates) <= FEW_PERIODS
    trace = line_trace(fan.dates, fan.median, style, name, markers or few)
    low, high = rounded(fan.low), rounded(fan.high)
    trace["customdata"] = [list(pair) for pair in zip(low, high, strict=True)]
    form = ",.1%" if unit.startswith("of ") else ",.3~r"
    spread = f" (p10–p90 %{{customdata[0]:{form}}}–%{{customdata[1]:{form}}})"
    trace["hovertemplate"] = (
        f"{where + ': ' if where else ''}%{{y:{form}}}{spread if fan.several else ''} {unit}"
        f"<br>{name}{', median' if fan.several else ''}, %{{x|%b %Y}}<extra></extra>"
    )
    return trace


def sample_traces(fan: Fan, style: Style, name: str) -> list[Trace]:
    """Thin lines of the sampled runs; they share one legend entry."""
    thin = Style(theme.rgba(style.colour, 0.55), "solid", style.marker, 1.0)
    traces = []
    for seed, values in fan.sampled():
        trace = line_trace(fan.dates, values, thin, name)
        trace["hovertemplate"] = f"seed {seed}: %{{y:,.3~r}}<extra></extra>"
        traces.append(trace)
    return traces


def fan_traces(
    fan: Fan, style: Style, name: str, unit: str, where: str = "", samples: bool = True
) -> list[Trace]:
    """Band, sampled runs and median of one scenario, back to front; a single run is one line."""
    if not fan.several:
        return [median_trace(fan, style, f"{name} (one run)", unit, where)]
    count = len(fan.seeds)
    band = f"p10–p90, {count} runs" if samples else f"{name}, p10–p90"
    traces = [band_trace(fan, style, band)]
    if samples:
        traces += sample_traces(fan, style, f"{len(fan.sampled())} single runs")
    return [*traces, median_trace(fan, style, name, unit, where)]


def rounded(values: np.ndarray) -> list[float | None]:
    """Values at six significant figures, ``nan`` as ``None``: what a screen can show."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values.tolist()]
