"""Small multiples on shared axes: places panels, ticks, legend, titles and event markers.

Everything is laid out in pixels before Plotly sees it, with text no smaller than 18 px, so that
a figure looks the same on the page, in a notebook and in the static SVG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradesim.report import theme, ticks
from tradesim.report.fans import Spec, Trace

WIDTH_PX = 1100
LINE_PX = 26
LEGEND_LINE_PX = 36
EVENT_PX = 22
LEGEND_SYMBOL_PX = 56
#: Panels of shares that stay below this are drawn on the full scale, as flat as they are.
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Marker:
    """A dated event: drawn as a numbered vertical line, spelt out below the panels."""

    date: pd.Timestamp
    label: str
    dash: str = "solid"


@dataclass
class Panels:
    """A grid of panels that share their date axis and, by row or as a whole, their value axis.

    ``x_range`` is (first day, day after the last); ``titles`` has one entry per panel, row by
    row. ``row_titles`` stand rotated at the left and carry the unit of the row.
    """

    title: str
    rows: int
    columns: int
    x_range: tuple[pd.Timestamp, pd.Timestamp]
    titles: list[str]
    row_titles: list[str]
    panel_px: int = 230
    left_px: int = 104
    gap_px: int = 22
    row_gap_px: int = 44
    share_y: str = "row"  # "row", "all" or "none"
    value_ticks: int = 4
    flat_row_titles: bool = False
    percent: bool = False
    capped: bool = False  # shares of a whole: the axis ends at 100% without headroom
    data: list[Trace] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    _legend: dict[str, None] = field(default_factory=dict)

    def index(self, row: int, column: int) -> str:
        """Axis suffix of a panel ('' for the first, '2' for the second …)."""
        number = row * self.columns + column + 1
        return "" if number == 1 else str(number)

    def add(self, row: int, column: int, traces: list[Trace]) -> None:
        """Put traces into a panel; a series name appears once in the legend."""
        suffix = self.index(row, column)
        for trace in traces:
            name = str(trace.get("name", ""))
            shown = bool(name) and name not in self._legend and trace.get("showlegend", True)
            if shown:
                self._legend[name] = None
            self.data.append(
                {**trace, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}",
                 "showlegend": shown, "legendgroup": name, "meta": self._where(row, column)}
            )  # fmt: skip

    def _where(self, row: int, column: int) -> str:
        """What a panel shows, for downloads: its column's title and its row's."""
        own = self.titles[row * self.columns + column] or self.titles[column]
        unit = self.row_titles[row] if row < len(self.row_titles) else ""
        return ", ".join(part for part in (own, unit.replace("<br>", " ")) if part)

    def note(self, row: int, column: int, text: str) -> None:
        """A remark in the middle of a panel, for instance that nothing happened there."""
        left, right = self._x_domain(column)
        low, high = self._y_domain(row)
        self.notes.append(
            annotation(text, (left + right) / 2, (low + high) / 2, "center", "middle")
        )

    @property
    def panel_width_px(self) -> float:
        """Width of one panel in pixels."""
        inner = WIDTH_PX - self.left_px - 16
        return (inner - self.gap_px * (self.columns - 1)) / self.columns

    @property
    def inner_px(self) -> tuple[float, float]:
        """Width and height in pixels of the area that holds all panels."""
        height = self.rows * self.panel_px + (self.rows - 1) * self.row_gap_px
        return WIDTH_PX - self.left_px - 16, height

    def _x_domain(self, column: int) -> tuple[float, float]:
        inner, _ = self.inner_px
        left = column * (self.panel_width_px + self.gap_px)
        return left / inner, (left + self.panel_width_px) / inner

    def _y_domain(self, row: int) -> tuple[float, float]:
        _, inner = self.inner_px
        top = row * (self.panel_px + self.row_gap_px)
        return 1 - (top + self.panel_px) / inner, 1 - top / inner

    def _members(self, row: int, column: int) -> list[tuple[int, int]]:
        grid = [(r, c) for r in range(self.rows) for c in range(self.columns)]
        if self.share_y == "all":
            return grid
        return [p for p in grid if p == (row, column) or (self.share_y == "row" and p[0] == row)]

    def _value_axis(self, row: int, column: int) -> tuple[list[float], list[float]]:
        suffixes = {f"y{self.index(r, c)}" for r, c in self._members(row, column)}
        values = [v for t in self.data if t["yaxis"] in suffixes for v in t["y"] if v is not None]
        high = max(values, default=0.0)
        room = 1.0 if self.capped and high <= 1 else 1.02
        axis = ticks.value_axis(min(values, default=0.0), high, self.value_ticks, room)
        return axis if high > LEAST_SHARE or not self.capped else ([0.0, 1.0], [0.0, 0.5, 1.0])

    def _axes(self) -> dict[str, Any]:
        axes: dict[str, Any] = {}
        places, labels = ticks.date_axis(*self.x_range, self.panel_width_px)
        span = [f"{day:%Y-%m-%d}" for day in self.x_range]
        for row in range(self.rows):
            for column in range(self.columns):
                suffix = self.index(row, column)
                last = row == self.rows - 1
                axes[f"xaxis{suffix}"] = {
                    **axis_style(), "type": "date", "range": span, "tickvals": places,
                    "ticktext": labels, "showticklabels": last, "anchor": f"y{suffix}",
                    "domain": list(self._x_domain(column)), "ticks": "outside" if last else "",
                    "tickangle": 0,
                }  # fmt: skip
                reach, values = self._value_axis(row, column)
                text = [ticks.tick_text(v * 100) + "%" if self.percent else ticks.tick_text(v)
                        for v in values]  # fmt: skip
                axes[f"yaxis{suffix}"] = {
                    **axis_style(), "range": reach, "ticks": "",
                    "tickvals": values, "ticktext": text,
                    "showticklabels": column == 0 or self.share_y == "none",
                    "anchor": f"x{suffix}", "domain": list(self._y_domain(row)),
                    "zeroline": True, "zerolinecolor": theme.RULE, "zerolinewidth": 1.5,
                }  # fmt: skip
        return axes

    def _panel_titles(self) -> list[dict[str, Any]]:
        notes = []
        for i, text in enumerate(self.titles):
            left, _ = self._x_domain(i % self.columns)
            _, top = self._y_domain(i // self.columns)
            lift = 3 + (EVENT_PX if self.markers and i < self.columns else 0)
            notes.append(annotation(f"<b>{text}</b>", left, top, "left", "bottom", y_shift=lift))
        for row, text in enumerate(self.row_titles):
            low, high = self._y_domain(row)
            flat = self.flat_row_titles
            note = annotation(text, 0, (low + high) / 2, "left" if flat else "center", "middle")
            turn = {} if flat else {"textangle": -90}
            notes.append({**note, **turn, "xshift": (2 if flat else 14) - self.left_px})
        return notes

    def _event_shifts(self) -> list[float]:
        """Pixels by which each event number moves right so that no two numbers touch."""
        start, end = self.x_range
        per_day = self.panel_width_px / max((end - start).days, 1)
        shifts, free = [], -1e9
        for marker in self.markers:
            at = (marker.date - start).days * per_day - 6
            place = max(at, free)
            shifts.append(place - at)
            free = place + 14
        return shifts

    def _event_marks(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        shapes, notes = [], []
        inner_px, shifts = self.inner_px[1], self._event_shifts()
        for order, marker in enumerate(self.markers, start=1):
            day = f"{marker.date:%Y-%m-%d}"
            for panel in range(self.rows * self.columns):
                suffix = self.index(*divmod(panel, self.columns))
                shapes.append({
                    "type": "line", "xref": f"x{suffix}", "yref": f"y{suffix} domain",
                    "x0": day, "x1": day, "y0": 0, "y1": 1, "layer": "above",
                    "line": {"color": theme.INK, "width": 1.5, "dash": marker.dash},
                })  # fmt: skip
                if panel < self.columns:
                    notes.append({
                        **annotation(f"<b>{order}</b>", 0, 1, "center", "bottom"), "x": day,
                        "xref": f"x{suffix}", "yref": f"y{suffix} domain",
                        "xshift": shifts[order - 1],
                    })  # fmt: skip
        for i, line in enumerate(self._key_lines()):
            below = (_tick_px(self) + LINE_PX * i) / inner_px
            key = annotation(line, 0, -below, "left", "top")
            notes.append({**key, "xshift": 2 - self.left_px})
        return shapes, notes

    def _key_lines(self) -> list[str]:
        """The numbered events in words, wrapped to the width of the figure."""
        lines = []
        for order, marker in enumerate(self.markers, start=1):
            head = f"<b>{order}</b>  "
            for part in theme.wrapped(marker.label, WIDTH_PX - 60):
                lines.append(head + part)
                head = "     "
        return lines

    def finish(self) -> Spec:
        """The figure, with every pixel of its layout decided."""
        inner_w, inner_h = self.inner_px
        rows = legend_rows(list(self._legend))
        headed = any(self.titles)
        head = 8 + (LINE_PX if headed else 0) + (EVENT_PX if self.markers else 0)
        top = 12 + LINE_PX + rows * LEGEND_LINE_PX + head
        bottom = _tick_px(self) + LINE_PX * len(self._key_lines()) + 6
        shapes, notes = self._event_marks()
        layout = {
            **base_layout(self.title, top), **self._axes(),
            "height": math.ceil(top + inner_h + bottom),
            "margin": margins(self.left_px, 16, top, bottom),
            "legend": legend(list(self._legend), -self.left_px / inner_w, 1 + head / inner_h),
            "shapes": self.shapes + shapes,
            "annotations": self._panel_titles() + self.notes + notes,
        }  # fmt: skip
        return {"data": self.data, "layout": layout}


def base_layout(title: str, top_px: int) -> dict[str, Any]:
    """Fonts, title and colours shared by every figure; ``top_px`` is the upper margin."""
    return {
        "width": WIDTH_PX, "paper_bgcolor": theme.PAPER, "plot_bgcolor": theme.PAPER,
        "font": {"family": theme.FONT, "size": theme.TEXT_PX, "color": theme.INK},
        "title": {"text": f"<b>{title}</b>", "font": {"size": theme.TITLE_PX}, "x": 0,
                  "xref": "container", "xanchor": "left", "y": 1, "yref": "container",
                  "yanchor": "top", "pad": {"l": 2, "t": 8}, "automargin": False},
        "hovermode": "closest", "dragmode": False,
        "hoverlabel": {"bgcolor": theme.PAPER, "bordercolor": theme.INK, "font": {
            "size": theme.TEXT_PX, "family": theme.FONT, "color": theme.INK}},
        "template": {}, "autosize": False,
    }  # fmt: skip


def axis_style() -> dict[str, Any]:
    """Grid, line and tick style of every axis (text in pixels, at least 18)."""
    return {
        "gridcolor": theme.GRID, "showgrid": True, "linecolor": theme.RULE, "showline": True,
        "tickcolor": theme.RULE, "tickmode": "array", "fixedrange": True, "zeroline": False,
        "ticklabelstandoff": 4,
        "tickfont": {"size": theme.TEXT_PX, "color": theme.INK},
    }  # fmt: skip


def annotation(
    text: str, x: float, y: float, x_anchor: str, y_anchor: str, y_shift: float = 0
) -> dict[str, Any]:
    """A text at paper coordinates (0…1 of the plot area), moved by ``y_shift`` pixels."""
    return {
        "text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False,
        "xanchor": x_anchor, "yanchor": y_anchor, "yshift": y_shift, "align": "left",
        "font": {"size": theme.TEXT_PX, "color": theme.INK},
    }  # fmt: skip


def _tick_px(panels: Panels) -> int:
    """Height of the tick labels under the last row (one or two lines)."""
    _, labels = ticks.date_axis(*panels.x_range, panels.panel_width_px)
    return 62 if any("<br>" in label for label in labels) else 38


def legend_rows(names: list[str]) -> int:
    """Rows that a legend of these names needs over the width of a figure."""
    if not names or _natural_px(names) <= WIDTH_PX - 16:
        return min(len(names), 1)
    return math.ceil(
        len(names) / max(1, int((WIDTH_PX - 16) // (_entry_px(names) + LEGEND_SYMBOL_PX)))
    )


def _natural_px(names: list[str]) -> float:
    return sum(theme.text_width(name) + LEGEND_SYMBOL_PX for name in names)


def _entry_px(names: list[str]) -> float:
    return max(theme.text_width(name) for name in names) + 8


def legend(names: list[str], x: float, y: float) -> dict[str, Any]:
    """A legend above the panels: one row at natural widths, else columns of one width.

    ``x`` and ``y`` (paper units) are its lower left corner.
    """
    style: dict[str, Any] = {
        "orientation": "h", "x": x, "xanchor": "left", "y": y, "yanchor": "bottom",
        "font": {"size": theme.TEXT_PX}, "itemsizing": "trace", "bgcolor": "rgba(255,255,255,0)",
    }  # fmt: skip
    if legend_rows(names) > 1:
        style |= {"entrywidth": _entry_px(names), "entrywidthmode": "pixels"}
    return style


def margins(left: float, right: float, top: float, bottom: float) -> dict[str, Any]:
    """Margins in pixels that Plotly must not widen, so that every text stays where it was put."""
    return {"l": left, "r": right, "t": top, "b": bottom, "pad": 0, "autoexpand": False}
