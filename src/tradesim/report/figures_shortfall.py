"""Shortfalls: element and good by economy on shared axes, and a heat strip of short months."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import MAGNETS
from tradesim.report import labels, theme
from tradesim.report.fans import Fan, Spec, Trace, fan_traces
from tradesim.report.labels import sql_list
from tradesim.report.panels import WIDTH_PX, Panels, annotation, axis_style, base_layout, margins
from tradesim.report.reading import Reading

DEFINITIONS = ("physical", "rationed", "price_destroyed")
GOODS_SHOWN = ("oxide_Dy", "oxide_Tb", "oxide_Y", "metal_NdPr", "magnet_NdFeB_HRE", "magnet_SmCo")
ECONOMIES_SHOWN = ("EU27", "USA", "JPN", "KOR", "CHN")
#: A month counts as short when more than this share of use is missing.
SHORT_SHARE = 0.05
STRIP_ROWS = 12


def losses(reading: Reading, where: str, by: tuple[str, ...]) -> pd.DataFrame:
    """Use and the three shortfalls of all worlds, tonnes per period, by name."""
    sums = {name: f"sum(shortfall_{name}_t)" for name in DEFINITIONS}
    return reading.series("markets", {"use": "sum(use_t)", **sums}, where, by)


def normal_use(reading: Reading, frame: pd.DataFrame, world: str) -> pd.DataFrame:
    """Rows of :func:`losses` whose ``use`` is normal: those of the comparison world.

    Without one: use plus physical shortfall of the world itself, tonnes per period.
    """
    names = frame["scenario"].astype(str)
    if reading.other is not None:
        return frame[names == reading.other]
    mine = frame[names == world]
    return mine.assign(use=mine["use"] + mine["physical"])


def shares(
    reading: Reading, definition: str, where: str, by: tuple[str, ...], world: str
) -> dict[tuple[str, ...], Fan]:
    """Shortfall of one world as a share of normal use (0…1), by the labels of ``by``.

    Labels without normal use are left out.
    """
    key = ("shares", definition, where, by, world)
    return reading.once(key, lambda: _shares(reading, definition, where, by, world))


def _shares(
    reading: Reading, definition: str, where: str, by: tuple[str, ...], world: str
) -> dict[tuple[str, ...], Fan]:
    frame = losses(reading, where, by)
    mine = frame[frame["scenario"].astype(str) == world]
    parts = dict(iter(mine.groupby(list(by), observed=True)))
    out = {}
    for key, part in normal_use(reading, frame, world).groupby(list(by), observed=True):
        use = reading.matrix(part, 0.0, "use")
        gone = reading.matrix(parts[key], 0.0, definition) if key in parts else np.zeros_like(use)
        if use.sum() > 0:
            share = np.divide(gone, use, out=np.full_like(use, np.nan), where=use > 0)
            out[tuple(str(k) for k in key)] = reading.fan(share)
    return out


def multiples(reading: Reading, definition: str = "physical") -> Spec:
    """Shortfall as % of normal use: goods down, economies across, one scale for all panels."""
    where = f"good IN ({sql_list(GOODS_SHOWN)}) AND economy IN ({sql_list(ECONOMIES_SHOWN)})"
    by_world = {w: shares(reading, definition, where, ("good", "economy"), w)
                for w in reversed(reading.subjects)}  # fmt: skip
    used = {key[0] for fans in by_world.values() for key in fans}
    goods = [g for g in GOODS_SHOWN if g in used] or list(GOODS_SHOWN[:1])
    columns = len(ECONOMIES_SHOWN)
    panels = Panels(
        title=f"Shortfall ({definition.replace('_', '-')}), median % of normal use, "
        + reading.years,
        rows=len(goods), columns=columns, x_range=reading.x_range,
        titles=[labels.economy(e) for e in ECONOMIES_SHOWN] + [""] * (columns * (len(goods) - 1)),
        row_titles=[_short(g) for g in goods], panel_px=100, row_gap_px=28, left_px=150,
        flat_row_titles=True, markers=reading.markers(), percent=True, capped=True,
        share_y="all", value_ticks=3,
    )  # fmt: skip
    cells = [(r, c, key) for r, good in enumerate(goods)
             for c, key in enumerate((good, economy) for economy in ECONOMIES_SHOWN)]  # fmt: skip
    for row, column, key in cells:
        panels.add(row, column, _share_traces(reading, by_world, key))
        if not any(key in fans for fans in by_world.values()):
            panels.note(row, column, "not used")
    return panels.finish()


def _share_traces(
    reading: Reading, by_world: dict[str, dict[tuple[str, ...], Fan]], key: tuple[str, str]
) -> list[Trace]:
    """Traces of one panel, (good, economy): every world that uses the good there."""
    return [
        trace
        for world, fans in by_world.items()
        if key in fans
        for trace in fan_traces(fans[key], reading.style(world), world, "of normal use", key[1],
                                samples=False)
    ]  # fmt: skip


def _short(good: str) -> str:
    names = {"magnet_NdFeB_HRE": "Magnets<br>with Dy/Tb", "magnet_SmCo": "Magnets<br>SmCo"}
    text = names.get(good) or labels.good(good)
    return text if "<br>" in text else text.replace(" ", "<br>", 1)


def buckets(dates: pd.DatetimeIndex) -> tuple[list[str], np.ndarray]:
    """Columns of the heat strip: months, or quarters, or years when there are too many months.

    Returns the label of each column and the column of each period.
    """
    for rule in ("M", "Q", "Y"):
        names = dates.to_period(rule)
        unique = names.unique()
        if len(unique) <= 37 or rule == "Y":
            break
    form = {"M": "%b<br>%Y", "Q": "Q%q<br>%Y", "Y": "%Y"}[rule]
    return [str(period.strftime(form)) for period in unique], unique.get_indexer(names)


def strip_values(
    reading: Reading, definition: str, where: str
) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Economies, columns, median shares (economies × columns) and short months (× seeds)."""
    key = ("strip", definition, where)
    return reading.once(key, lambda: _strip_values(reading, definition, where))


def _strip_values(
    reading: Reading, definition: str, where: str
) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    frame = losses(reading, where, ("economy",))
    lost = frame[frame["scenario"].astype(str) == reading.main]
    use = normal_use(reading, frame, reading.main)
    size = use.groupby("economy", observed=True)["use"].sum().sort_values(ascending=False)
    places = [str(e) for e in size.index if size[e] > 0][:STRIP_ROWS]
    kept = reading.periods.kept
    names, position = buckets(reading.periods.starts[kept])
    cells, months = [], []
    for place in places:
        gone, norm = (
            reading.matrix(part[part["economy"] == place], 0.0, column)[:, kept]
            for part, column in ((lost, definition), (use, "use"))
        )
        cells.append(_bucketed(gone, norm, position, len(names)))
        share = np.divide(gone, norm, out=np.zeros_like(gone), where=norm > 0)
        length = reading.periods.days[kept] / (365.25 / 12)
        months.append(((share > SHORT_SHARE) * length).sum(axis=1))
    return places, names, np.array(cells), np.array(months)


def _bucketed(gone: np.ndarray, norm: np.ndarray, column: np.ndarray, n: int) -> np.ndarray:
    totals = [np.zeros((gone.shape[0], n)) for _ in range(2)]
    for total, part in zip(totals, (gone, norm), strict=True):
        np.add.at(total.T, column, part.T)
    share = np.divide(totals[0], totals[1], out=np.zeros_like(totals[0]), where=totals[1] > 0)
    return np.asarray(np.median(share, axis=0))


def strip(reading: Reading, definition: str = "physical") -> Spec:
    """Heat strip of magnets missing by economy and month, the percentage printed in each cell."""
    where = f"good IN ({sql_list(MAGNETS)})"
    places, names, cells, months = strip_values(reading, definition, where)
    row_px, top, left, right = 34, 66, 150, 150
    height = top + row_px * max(len(places), 1) + 66
    layout = {
        **base_layout(f"Magnets missing ({definition.replace('_', '-')} shortfall), median % of "
                      f"normal use, {reading.years}", top),
        "height": height, "margin": margins(left, right, top, 66),
        **_strip_axes(names, places, WIDTH_PX - left - right),
        "annotations": _strip_notes(months, len(places)), "shapes": [],
    }  # fmt: skip
    words = {
        "rows": [labels.economy(p) for p in places],
        "series": definition,
        "columns": [name.replace("<br>", " ") for name in names],
    }
    return {"data": _strip_traces(cells, words) if places else [], "layout": layout}


def _strip_traces(cells: np.ndarray, words: dict[str, Any]) -> list[dict[str, Any]]:
    """Coloured cells, and on them the percentage in an ink that is readable on each colour."""
    rows, columns = cells.shape
    top = max(0.2, float(cells.max(initial=0.0)))
    step = np.minimum(cells / top * len(theme.HEAT), len(theme.HEAT) - 1).astype(int)
    inks = [theme.ink_on(theme.HEAT[i]) for i in step.ravel().tolist()]
    heat = {
        "type": "heatmap", "z": np.round(cells, 6).tolist(), "x": list(range(columns)),
        "y": list(range(rows)), "zmin": 0, "zmax": top, "showscale": False, "xgap": 1, "ygap": 2,
        "colorscale": _scale(), "meta": words, "customdata": [words["columns"]] * rows,
        "hovertemplate": "%{customdata}: %{z:.1%} of normal use missing<extra></extra>",
    }  # fmt: skip
    texts = {
        "type": "scatter", "mode": "text", "x": list(range(columns)) * rows,
        "y": [row for row in range(rows) for _ in range(columns)], "hoverinfo": "skip",
        "text": [_cell_text(value) for value in cells.ravel().tolist()], "showlegend": False,
        "textfont": {"size": theme.TEXT_PX, "color": inks}, "name": "percent",
    }  # fmt: skip
    return [heat, texts]


def _scale() -> list[list[Any]]:
    """One flat step of the colour scale for each colour of the theme."""
    n = len(theme.HEAT)
    return [[edge / n, colour] for i, colour in enumerate(theme.HEAT) for edge in (i, i + 1)]


def _cell_text(share: float) -> str:
    percent = min(round(share * 100), 99)
    return str(percent) if percent >= 1 else ""


def _strip_axes(names: list[str], places: list[str], width_px: float) -> dict[str, Any]:
    step = max(1, int(np.ceil(52 / (width_px / max(len(names), 1)))))
    shown = list(range(0, len(names), step))
    style = {**axis_style(), "showgrid": False, "showline": False}
    tick_names = [n if i == 0 or n.startswith(("Jan", "Q1")) else n.split("<br>")[0] for i, n in
                  ((i, names[i]) for i in shown)]  # fmt: skip
    return {
        "xaxis": {**style, "range": [-0.5, max(len(names), 1) - 0.5], "tickvals": shown,
                  "ticktext": tick_names, "showticklabels": True, "domain": [0, 1],
                  "anchor": "y", "tickangle": 0},
        "yaxis": {**style, "range": [max(len(places), 1) - 0.5, -0.5], "anchor": "x",
                  "tickvals": list(range(len(places))), "domain": [0, 1], "ticks": "",
                  "ticktext": [labels.economy(p) for p in places], "showticklabels": True},
    }  # fmt: skip


def _strip_notes(months: np.ndarray, rows: int) -> list[dict[str, Any]]:
    notes = [annotation("<b>months short</b>", 1, 1, "left", "bottom", y_shift=4)]
    for row in range(rows):
        low, middle, high = np.quantile(months[row], (0.1, 0.5, 0.9))
        text = f"{middle:.0f}" + (f" ({low:.0f}–{high:.0f})" if months.shape[1] > 1 else "")
        notes.append(annotation(text, 1, 1 - (row + 0.5) / rows, "left", "middle"))
    return [{**note, "xshift": 8} for note in notes]
