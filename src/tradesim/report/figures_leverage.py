"""Figures of leverage: who loses how much by element and stage, and quarter by quarter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradesim.analysis.leverage.cells import STAGES
from tradesim.axes import ELEMENTS
from tradesim.report import labels, theme
from tradesim.report.fans import Spec, Trace, iso, line_trace, ribbon
from tradesim.report.panels import Marker, Panels, annotation, axis_style, base_layout, margins
from tradesim.report.theme import Style

#: A measure of the strip: title and the upper ends of its colour steps but the last.
STRIPS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "cost": ("What the buyer loses, million USD", (1.0, 10.0, 100.0, 1000.0, 3000.0)),
    "per_dollar": (
        "What the buyer loses for each dollar of trade cut, USD", (0.1, 0.5, 1.0, 2.0, 5.0)),
    "supplier": ("What the supplier loses, million USD", (1.0, 10.0, 100.0, 1000.0, 3000.0)),
}  # fmt: skip
BUYER, SUPPLIER = theme.MAIN, Style(theme.MAGENTA, "dash", "square")
#: Panels on a figure of small multiples.
PANELS = 9
MILLION = 1e6
ROW_PX, TOP_PX, LEFT_PX, RIGHT_PX, BOTTOM_PX = 32, 92, 230, 12, 20
KEYS = ["supplier", "buyer", "element", "stage"]


def cell_name(element: str, stage: str) -> str:
    """``Dy oxide``, ``all oxides``, ``ores``."""
    if stage in ("concentrate", "component"):
        return "ores" if stage == "concentrate" else "motors"
    return f"all {stage}s" if element == "all" else f"{element} {stage}"


def totals(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: p50 of the whole time, with the cost for each dollar of trade cut.

    The trade cut is base-year trade a year times the years since the cut.
    """
    quarters = rows[rows["quarter"] != "total"]["quarter"].nunique()
    found = rows[(rows["quarter"] == "total") & (rows["statistic"] == "p50")].copy()
    found["cost"] = found["cost_buyer_usd"] / MILLION
    found["supplier_cost"] = found["cost_supplier_usd"] / MILLION
    cut = found["trade_usd_per_year"] * quarters / 4.0
    found["per_dollar"] = found["cost_buyer_usd"] / cut
    return found


def strip(rows: pd.DataFrame, measure: str, title: str) -> Spec:
    """Heat strip: element and stage down, supplier and buyer across, the figure in each cell."""
    found = totals(rows)
    column = {"supplier": "supplier_cost"}.get(measure, measure)
    down = sorted(set(zip(found["element"], found["stage"], strict=True)), key=_order)
    across = list(dict.fromkeys(zip(found["supplier"], found["buyer"], strict=True)))
    cells = np.full((len(down), len(across)), np.nan)
    for row in found.to_dict("records"):
        place = (
            down.index((row["element"], row["stage"])),
            across.index((row["supplier"], row["buyer"])),
        )
        cells[place] = row[column]
    names = [cell_name(*pair) for pair in down]
    layout = {
        **base_layout(title, TOP_PX),
        "height": TOP_PX + ROW_PX * len(down) + BOTTOM_PX,
        "margin": margins(LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX),
        **_axes(names, len(across)), "annotations": _headings(across), "shapes": [],
    }  # fmt: skip
    columns = [f"{s} over {b}" for s, b in across]
    return {"data": _cells(cells, names, columns, STRIPS[measure][1]), "layout": layout}


def _order(cell: tuple[str, str]) -> tuple[int, int]:
    """By stage, then by element, all of them last."""
    element, stage = cell
    return STAGES.index(stage), ELEMENTS.index(element) if element in ELEMENTS else len(ELEMENTS)


def _cells(
    cells: np.ndarray, rows: list[str], columns: list[str], steps: Sequence[float]
) -> list[dict[str, Any]]:
    step = np.searchsorted(steps, np.nan_to_num(cells), side="right").astype(float)
    step = np.where(np.isfinite(cells) & (cells > 0.0), step + 1.0, 0.0)
    count = len(theme.HEAT)
    heat = {
        "type": "heatmap", "z": step.tolist(), "x": list(range(len(columns))),
        "y": list(range(len(rows))), "zmin": 0, "zmax": count, "showscale": False, "xgap": 1,
        "ygap": 2, "hoverinfo": "skip",
        "colorscale": [[e / count, c] for i, c in enumerate(theme.HEAT) for e in (i, i + 1)],
        "meta": {"rows": rows, "series": "value", "columns": columns},
        "customdata": [columns] * len(rows),
    }  # fmt: skip
    shown = [(r, c) for r in range(len(rows)) for c in range(len(columns))]
    inks = [theme.ink_on(theme.HEAT[int(step[place])]) for place in shown]
    texts = {
        "type": "scatter", "mode": "text", "x": [c for _, c in shown], "y": [r for r, _ in shown],
        "text": [cell_text(float(cells[place])) for place in shown], "showlegend": False,
        "textfont": {"size": theme.TEXT_PX, "color": inks}, "name": "value", "hoverinfo": "skip",
    }  # fmt: skip
    return [heat, texts]


def cell_text(value: float) -> str:
    """Two digits, a minus for a gain, ``·`` where nothing is traded."""
    if not np.isfinite(value):
        return "·"
    if abs(value) < 0.05:
        return "0"
    text = f"{abs(value):,.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    return f"−{text}" if value < 0 else text


def _headings(across: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    count = max(len(across), 1)
    return [
        annotation(f"<b>{s}</b><br>over {b}", (i + 0.5) / count, 1, "center", "bottom", y_shift=3)
        for i, (s, b) in enumerate(across)
    ]


def _axes(rows: list[str], columns: int) -> dict[str, object]:
    style = {**axis_style(), "showgrid": False, "showline": False, "ticks": ""}
    return {
        "xaxis": {**style, "range": [-0.5, columns - 0.5], "tickvals": [], "ticktext": [],
                  "anchor": "y", "domain": [0, 1], "showticklabels": False},
        "yaxis": {**style, "range": [len(rows) - 0.5, -0.5], "tickvals": list(range(len(rows))),
                  "ticktext": rows, "anchor": "x", "domain": [0, 1], "showticklabels": True},
    }  # fmt: skip


def dates(count: int, cut: dt.date) -> pd.DatetimeIndex:
    """Middle days of the quarters since the month of the cut."""
    first = pd.Timestamp(cut).replace(day=1)
    return pd.DatetimeIndex(
        [first + pd.DateOffset(months=3 * i + 1, days=15) for i in range(count)]
    )


def shown(rows: pd.DataFrame, pair: tuple[str, str]) -> list[tuple[str, str]]:
    """The cells of a pair with the largest losses on either side, in the order of the table.

    Of cells that are the same counterfactual (magnets of Dy and Tb) the first stands for both.
    """
    mine = totals(rows)
    mine = mine[(mine["supplier"] == pair[0]) & (mine["buyer"] == pair[1])]
    mine = mine.drop_duplicates(["stage", "cost_buyer_usd", "cost_supplier_usd"])
    size = mine[["cost_buyer_usd", "cost_supplier_usd"]].abs().max(axis=1)
    kept = mine.loc[size.sort_values(ascending=False).index[:PANELS]].sort_index()
    return list(zip(kept["element"], kept["stage"], strict=True))


def over_time(rows: pd.DataFrame, pair: tuple[str, str], cut: dt.date) -> Spec:
    """Losses of buyer and supplier by quarter, small multiples, each on its own axis."""
    cells = shown(rows, pair)
    mine = rows[(rows["supplier"] == pair[0]) & (rows["buyer"] == pair[1])]
    mine = mine[mine["quarter"] != "total"]
    days = dates(mine["quarter"].nunique(), cut)
    columns = min(3, len(cells))
    down = -(-len(cells) // columns)
    buyer, supplier = (labels.economy(code) for code in reversed(pair))
    panels = Panels(
        title=f"Losses by quarter where {supplier} sells to {buyer} no more, million USD",
        rows=down, columns=columns,
        x_range=(days[0] - pd.DateOffset(days=46), days[-1] + pd.DateOffset(days=46)),
        titles=[cell_name(*cell) for cell in cells] + [""] * (down * columns - len(cells)),
        row_titles=["million USD"] * down, panel_px={1: 330, 2: 260}.get(columns, 180),
        share_y="none", gap_px=84, markers=[Marker(pd.Timestamp(cut), f"{cut}: the trade ends")],
    )  # fmt: skip
    for place, (element, stage) in enumerate(cells):
        part = mine[(mine["element"] == element) & (mine["stage"] == stage)]
        traces = _band(part, "cost_supplier_usd", days, SUPPLIER, f"{supplier}, supplier")
        traces += _band(part, "cost_buyer_usd", days, BUYER, f"{buyer}, buyer")
        panels.add(*divmod(place, columns), traces)
    return panels.finish()


def _band(
    part: pd.DataFrame, measure: str, days: pd.DatetimeIndex, style: Style, name: str
) -> list[Trace]:
    """p10 to p90 as a band, p50 as a line; one seed is a line alone."""
    low, middle, high = (
        part[part["statistic"] == statistic][measure].to_numpy() / MILLION
        for statistic in ("p10", "p50", "p90")
    )
    line = line_trace(days, middle, style, name, markers=len(days) <= 3)
    line["hovertemplate"] = f"{name}: %{{y:,.3~r}} million USD, %{{x|%b %Y}}<extra></extra>"
    if int(part["n"].max()) < 2:
        return [line]
    xs, ys = ribbon(iso(days), low, high)
    band = {
        "type": "scatter", "mode": "lines", "x": xs, "y": ys, "fill": "toself",
        "fillcolor": theme.rgba(style.colour, 0.22), "line": {"width": 0}, "hoverinfo": "skip",
        "name": f"{name}, p10–p90",
    }  # fmt: skip
    return [band, line]
