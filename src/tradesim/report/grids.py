"""A grid of goods by economies: coloured cells with the percentage printed in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tradesim.axes import ECONOMIES
from tradesim.report import labels, theme
from tradesim.report.fans import Spec
from tradesim.report.panels import annotation, axis_style, base_layout, margins

#: Steps from far below to far above: blue is less, orange more, white about equal.
DIVERGING = ("#1f3f9e", "#4469d4", "#b3c5f4", "#f6f7f9", "#f9cfae", "#d9702b", "#8f3400")
#: Upper ends (in per cent) of the steps between the middle one and the outermost, either way.
STEPS = (2.0, 10.0, 30.0)
ROW_PX, TOP_PX, LEFT_PX, RIGHT_PX, BOTTOM_PX = 32, 66, 230, 12, 46


def grid(title: str, shares: pd.DataFrame, goods: Sequence[str]) -> Spec:
    """Shares (``economy``, ``good``, ``value``) as percentages, goods down and economies across.

    A cell without a row in ``shares`` stays empty; economies without any are left out.
    """
    rows = [good for good in goods if good in set(shares["good"])]
    columns = [code for code in ECONOMIES if code in set(shares["economy"])]
    cells = np.full((len(rows), len(columns)), np.nan)
    known = shares[shares["good"].isin(rows)]
    for economy, good, value in zip(known["economy"], known["good"], known["value"], strict=True):
        cells[rows.index(good), columns.index(economy)] = 100.0 * value
    layout = {
        **base_layout(title, TOP_PX),
        "height": TOP_PX + ROW_PX * max(len(rows), 1) + BOTTOM_PX,
        "margin": margins(LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX),
        **_axes(rows, columns), "annotations": _headings(columns), "shapes": [],
    }  # fmt: skip
    return {"data": _traces(cells, rows, columns) if rows else [], "layout": layout}


def _traces(cells: np.ndarray, rows: list[str], columns: list[str]) -> list[dict[str, object]]:
    step = _steps(cells)
    names = [labels.good(good) for good in rows]
    heat = {
        "type": "heatmap", "z": step.tolist(), "x": list(range(len(columns))),
        "y": list(range(len(rows))), "zmin": 0, "zmax": len(DIVERGING), "showscale": False,
        "xgap": 1, "ygap": 2, "colorscale": _scale(), "hoverinfo": "skip",
        "meta": {"rows": names, "series": "percent", "columns": columns},
        "customdata": [columns] * len(rows),
    }  # fmt: skip
    shown = [(r, c) for r in range(len(rows)) for c in range(len(columns))
             if np.isfinite(cells[r, c])]  # fmt: skip
    inks = [theme.ink_on(DIVERGING[int(step[r, c])]) for r, c in shown]
    texts = {
        "type": "scatter", "mode": "text", "x": [c for _, c in shown], "y": [r for r, _ in shown],
        "text": [cell_text(float(cells[r, c])) for r, c in shown], "showlegend": False,
        "textfont": {"size": theme.TEXT_PX, "color": inks}, "name": "percent", "hoverinfo": "skip",
    }  # fmt: skip
    return [heat, texts]


def _headings(columns: list[str]) -> list[dict[str, object]]:
    """The economies once more above the grid, for screens that do not show its foot."""
    count = max(len(columns), 1)
    return [
        annotation(f"<b>{code}</b>", (i + 0.5) / count, 1, "center", "bottom", y_shift=3)
        for i, code in enumerate(columns)
    ]


def _steps(cells: np.ndarray) -> np.ndarray:
    """Step of the colour scale of each cell; the middle one where there is nothing."""
    size = np.searchsorted(STEPS, np.abs(np.nan_to_num(cells)), side="right")
    signed = np.sign(np.nan_to_num(cells)) * size
    return np.asarray(len(STEPS) + signed, np.float64)


def _scale() -> list[list[object]]:
    n = len(DIVERGING)
    return [[edge / n, colour] for i, colour in enumerate(DIVERGING) for edge in (i, i + 1)]


def cell_text(percent: float) -> str:
    """A signed whole percentage; ``≫`` and ``≪`` from 1000 on."""
    if abs(percent) < 0.5:
        return "0"
    if abs(percent) >= 999.5:
        return "≫" if percent > 0 else "≪"
    return f"{percent:+.0f}".replace("-", "−")


def _axes(rows: list[str], columns: list[str]) -> dict[str, object]:
    style = {**axis_style(), "showgrid": False, "showline": False, "ticks": ""}
    return {
        "xaxis": {**style, "range": [-0.5, max(len(columns), 1) - 0.5], "anchor": "y",
                  "tickvals": list(range(len(columns))), "ticktext": columns, "domain": [0, 1],
                  "showticklabels": True, "tickangle": 0},
        "yaxis": {**style, "range": [max(len(rows), 1) - 0.5, -0.5], "anchor": "x",
                  "tickvals": list(range(len(rows))), "domain": [0, 1],
                  "ticktext": [_short(good) for good in rows], "showticklabels": True},
    }  # fmt: skip


def _short(good: str) -> str:
    short = {
        "magnet_NdFeB": "NdFeB magnets", "magnet_NdFeB_HRE": "NdFeB with Dy/Tb",
        "component_motor": "motors", "concentrate_bastnaesite": "bastnaesite",
        "concentrate_monazite": "monazite", "concentrate_clay": "ionic clay",
    }  # fmt: skip
    return short.get(good, labels.good(good))
