"""Lanes above strips on one date axis: places them in pixels, writes axes, titles and legend.

A lane belongs to one government and its height is the rung; a track for talks runs below rung 0. A
rung is equally high in every lane. A strip shows a quantity in its own unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradesim.report import theme, ticks
from tradesim.report.fans import Spec, Trace
from tradesim.report.panels import (
    LEGEND_LINE_PX,
    LINE_PX,
    WIDTH_PX,
    annotation,
    axis_style,
    base_layout,
    legend,
    legend_rows,
    margins,
)

LEFT_PX, RIGHT_PX, GAP_PX, STRIP_PX, RUNG_PX = 222, 16, 18, 62, 22
#: Where talks are drawn below rung 0, and what a lane holds below and above its rungs, in rungs.
TALKS, BELOW, ABOVE = -0.75, 1.9, 0.5
_TICKS_PX = 62


@dataclass(frozen=True)
class Row:
    """One lane (``top`` is its highest rung) or strip (``top`` 0), with its title at the left.

    ``talks`` says whether a lane has a track for them.
    """

    title: str
    top: int = 0
    talks: bool = True

    @property
    def below(self) -> float:
        """What it holds below rung 0, in rungs."""
        return BELOW if self.talks else ABOVE

    @property
    def height_px(self) -> float:
        """Height in pixels."""
        return RUNG_PX * (self.top + self.below + ABOVE) if self.top else STRIP_PX


@dataclass
class Lanes:
    """A figure of rows below each other over ``x_range`` (first day, day after the last)."""

    title: str
    x_range: tuple[pd.Timestamp, pd.Timestamp]
    rows: list[Row]
    data: list[Trace] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    _legend: dict[str, None] = field(default_factory=dict)

    @property
    def inner_px(self) -> tuple[float, float]:
        """Width and height in pixels of the area that holds all rows."""
        height = sum(row.height_px for row in self.rows) + GAP_PX * (len(self.rows) - 1)
        return WIDTH_PX - LEFT_PX - RIGHT_PX, height

    def x_px(self, day: pd.Timestamp) -> float:
        """Pixels from the left end of the axis to a day."""
        start, end = self.x_range
        return self.inner_px[0] * ((day - start) / (end - start))

    def day(self, x_px: float) -> str:
        """The day at a pixel of the axis, ISO."""
        start, end = self.x_range
        return f"{start + (end - start) * (x_px / self.inner_px[0]):%Y-%m-%d %H:%M}"

    def axis(self, row: int) -> str:
        """Axis suffix of a row."""
        return "" if row == 0 else str(row + 1)

    def add(self, row: int, trace: Trace) -> None:
        """Put a trace into a row; a series name appears once in the legend."""
        name, suffix = str(trace.get("name", "")), self.axis(row)
        shown = bool(name) and name not in self._legend and trace.get("showlegend", True)
        if shown:
            self._legend[name] = None
        axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        meta = self.rows[row].title.replace("<br>", " ").replace("<b>", "").replace("</b>", "")
        kept = {"meta": meta, **trace}
        self.data.append({**kept, **axes, "showlegend": shown, "legendgroup": name})

    def in_order(self, order: list[str]) -> None:
        """Draw and name the series so far in the order of their names."""
        self.data.sort(key=lambda trace: order.index(trace["name"]))
        self._legend = dict.fromkeys(name for name in order if name in self._legend)

    def paper(self, row: int, value: float) -> float:
        """Height (0 bottom to 1 top of all rows) of a value on the axis of a lane."""
        low, high = self._y_domain(row)
        lane = self.rows[row]
        return low + (high - low) * (value + lane.below) / (lane.top + lane.below + ABOVE)

    def finish(self) -> Spec:
        """The figure, with every pixel of its layout decided."""
        inner_w, inner_h = self.inner_px
        names = list(self._legend)
        top = 12 + LINE_PX + legend_rows(names) * LEGEND_LINE_PX + GAP_PX
        layout = {
            **base_layout(self.title, top), **self._axes(),
            "height": math.ceil(top + inner_h + _TICKS_PX),
            "margin": margins(LEFT_PX, RIGHT_PX, top, _TICKS_PX),
            "legend": legend(names, -LEFT_PX / inner_w, 1 + GAP_PX / inner_h),
            "shapes": self.shapes, "annotations": self._titles() + self.notes,
        }  # fmt: skip
        return {"data": self.data, "layout": layout}

    def _y_domain(self, row: int) -> tuple[float, float]:
        inner = self.inner_px[1]
        above = sum(r.height_px for r in self.rows[:row]) + GAP_PX * row
        return 1 - (above + self.rows[row].height_px) / inner, 1 - above / inner

    def _axes(self) -> dict[str, Any]:
        places, texts = ticks.date_axis(*self.x_range, self.inner_px[0])
        span = [f"{day:%Y-%m-%d}" for day in self.x_range]
        axes: dict[str, Any] = {}
        for number, row in enumerate(self.rows):
            suffix, last = self.axis(number), number == len(self.rows) - 1
            axes[f"xaxis{suffix}"] = {
                **axis_style(), "type": "date", "range": span, "tickvals": places,
                "ticktext": texts, "showticklabels": last, "anchor": f"y{suffix}",
                "domain": [0.0, 1.0], "ticks": "outside" if last else "", "tickangle": 0,
            }  # fmt: skip
            reach, values, words = self._lane(row) if row.top else self._strip(number)
            axes[f"yaxis{suffix}"] = {
                **axis_style(), "range": reach, "ticks": "", "tickvals": values,
                "ticktext": words, "showticklabels": True, "anchor": f"x{suffix}",
                "domain": list(self._y_domain(number)), "zeroline": True,
                "zerolinecolor": theme.RULE, "zerolinewidth": 1.5,
            }  # fmt: skip
        return axes

    def _lane(self, row: Row) -> tuple[list[float], list[float], list[str]]:
        rungs = list(range(row.top + 1))
        places, words = [float(rung) for rung in rungs], [str(rung) for rung in rungs]
        if row.talks:
            places, words = [TALKS, *places], ["talks", *words]
        return [-row.below, row.top + ABOVE], places, words

    def _strip(self, number: int) -> tuple[list[float], list[float], list[str]]:
        values = [v for t in self.data if t["yaxis"] == f"y{self.axis(number)}" for v in t["y"]
                  if v is not None]  # fmt: skip
        reach, places = ticks.value_axis(min(values, default=0.0), max(values, default=0.0), 3)
        words = [ticks.tick_text(v) for v in places]
        if number and not self.rows[number - 1].top:
            words[-1] = ""  # it would touch the lowest label of the strip above
        return reach, places, words

    def _titles(self) -> list[dict[str, Any]]:
        notes = []
        for number, row in enumerate(self.rows):
            low, high = self._y_domain(number)
            note = annotation(row.title, 0, (low + high) / 2, "left", "middle")
            notes.append({**note, "xshift": 2 - LEFT_PX})
        return notes
