"""The tornado of a decomposition: a bar for each group, p10 to p90 over seeds as a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tradesim.report import theme
from tradesim.report.fans import Spec
from tradesim.report.panels import axis_style, base_layout, margins
from tradesim.report.ticks import tick_text, value_axis

ROW_PX, TOP_PX, FOOT_PX, RIGHT_PX, BAR_PX = 44, 62, 46, 40, 20


def signed(value: object) -> str:
    """A number for a sentence with a minus of its own."""
    found = float(str(value))
    return ("−" if found < 0.0 else "") + theme.number(abs(found), 3)


def tornado(rows: pd.DataFrame, title: str) -> Spec:
    """Bars of ``mean`` with ``p10`` and ``p90``, unit of the rows, in their order from the top."""
    names = [str(name) for name in rows["group"]]
    spread = rows[["mean", "p10", "p90"]].to_numpy(float)
    reach, places = value_axis(float(spread.min()), max(0.0, float(spread.max())), 5)
    style, count = axis_style(), len(names)
    left = 24 + max(theme.text_width(name) for name in names)
    layout = {
        **base_layout(f"Contributions to {title}", TOP_PX),
        "height": TOP_PX + ROW_PX * count + FOOT_PX,
        "margin": margins(left, RIGHT_PX, TOP_PX, FOOT_PX),
        "xaxis": {**style, "range": reach, "tickvals": places, "domain": [0, 1], "anchor": "y",
                  "ticktext": [tick_text(v) for v in places], "showticklabels": True},
        "yaxis": {**style, "range": [count - 0.5, -0.5], "tickvals": list(range(count)),
                  "ticktext": names, "showticklabels": True, "ticks": "", "domain": [0, 1],
                  "anchor": "x"},
        "annotations": [], "shapes": [],
    }  # fmt: skip
    return {"data": _marks(names, spread), "layout": layout}


def _marks(names: Sequence[str], spread: np.ndarray) -> list[Spec]:
    means = spread[:, 0]
    bars = [
        _lines(f"{name}", i, 0.0, float(means[i]), BAR_PX,
               theme.BLUE if means[i] >= 0.0 else theme.MAGENTA)
        for i, name in enumerate(names)
    ]  # fmt: skip
    ranges = [
        _lines(f"{name}, p10–p90", i, float(spread[i, 1]), float(spread[i, 2]), 3, theme.INK)
        for i, name in enumerate(names)
    ]
    dots = {
        "type": "scatter", "mode": "markers", "name": "mean", "showlegend": False,
        "x": means.tolist(), "y": list(range(len(names))), "meta": "mean",
        "marker": {"symbol": "diamond", "size": 11, "color": theme.INK},
        "hovertemplate": "%{x:,.3~r}<extra></extra>",
    }  # fmt: skip
    return [*bars, *ranges, dots]


def _lines(name: str, row: int, low: float, high: float, width_px: int, colour: str) -> Spec:
    return {
        "type": "scatter", "mode": "lines", "name": name, "showlegend": False, "x": [low, high],
        "y": [row, row], "hoverinfo": "skip", "meta": name,
        "line": {"color": colour, "width": width_px, "dash": "solid"},
    }  # fmt: skip
