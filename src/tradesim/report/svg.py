"""A static SVG of a tradesim figure, written without a browser.

Plotly itself needs a browser to write SVG. The figures of the report use few kinds of marks
(lines, filled outlines, cells, straight rules, text), so this module draws those from the same
figure description, and any other kind of mark is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd

from tradesim.errors import ModelError
from tradesim.report import theme
from tradesim.report.fans import Spec
from tradesim.report.marks import DASHES, Paint, marker_path, polygon_path, text_element

Layout = dict[str, Any]


@dataclass(frozen=True)
class Frame:
    """Maps one pair of axes to pixels. ``left``, ``top``, ``width``, ``height`` are in pixels."""

    left: float
    top: float
    width: float
    height: float
    x_axis: Layout
    y_axis: Layout

    def x(self, value: Any) -> float:
        """Pixel of a value on the horizontal axis (a date or a number)."""
        low, high = (_scalar(v, self.x_axis) for v in self.x_axis["range"])
        return self.left + self.width * (_scalar(value, self.x_axis) - low) / (high - low)

    def y(self, value: float) -> float:
        """Pixel of a value on the vertical axis."""
        low, high = (float(v) for v in self.y_axis["range"])
        return self.top + self.height * (1 - (float(value) - low) / (high - low))


def figure_svg(figure: Spec, description: str = "", ids: str = "") -> str:
    """The figure as one SVG document (text stays text), titled and described for readers.

    ``ids`` goes before every id inside, so that several drawings can share a page. ``figure``
    must carry explicit axis ranges and ticks, as every figure of this package does; sizes are in
    pixels.
    Raises :class:`ModelError` for a kind of mark that has no static form.
    """
    layout: Layout = figure["layout"]
    width, height = layout["width"], layout["height"]
    title = _plain(layout["title"]["text"])
    frames = _frames(layout)
    paint = Paint(ids)
    body = [_axis_marks(frame) for frame in frames.values()]
    body += [_shape(s, frames, layout) for s in layout.get("shapes", ()) if _under(s)]
    body += [_trace(trace, frames, paint) for trace in figure["data"]]
    body += [_shape(s, frames, layout) for s in layout.get("shapes", ()) if not _under(s)]
    body += [_annotation(a, frames, layout) for a in layout.get("annotations", ())]
    body += [_legend(figure["data"], layout, paint), _title(layout)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="{escape(theme.FONT, _QUOTE)}" '
        f'font-size="{theme.TEXT_PX}" fill="{theme.INK}">',
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>" if description else "",
        f'<rect width="{width}" height="{height}" fill="{theme.PAPER}"/>',
        paint.definitions(), *(part for part in body if part), "</svg>", "",
    ])  # fmt: skip


def _under(shape: Layout) -> bool:
    return shape.get("layer") in ("below", "between")


_QUOTE = {'"': "&quot;"}


def _plain(text: str) -> str:
    return text.replace("<b>", "").replace("</b>", "").replace("<br>", " ")


def _scalar(value: Any, axis: Layout) -> float:
    if axis.get("type") == "date":
        return float(pd.Timestamp(value).value)
    return float(value)


def _inner(layout: Layout) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels of the area inside the margins."""
    margin = layout["margin"]
    return (
        margin["l"],
        margin["t"],
        layout["width"] - margin["l"] - margin["r"],
        layout["height"] - margin["t"] - margin["b"],
    )


def _frames(layout: Layout) -> dict[str, Frame]:
    left, top, width, height = _inner(layout)
    frames = {}
    for key in (k for k in layout if k.startswith("xaxis")):
        suffix = key.removeprefix("xaxis")
        x_axis, y_axis = layout[key], layout[f"yaxis{suffix}"]
        (x0, x1), (y0, y1) = x_axis["domain"], y_axis["domain"]
        frames[suffix] = Frame(
            left + width * x0, top + height * (1 - y1),
            width * (x1 - x0), height * (y1 - y0), x_axis, y_axis,
        )  # fmt: skip
    return frames


def _axis_marks(frame: Frame) -> str:
    left, right = frame.left, frame.left + frame.width
    top, bottom = frame.top, frame.top + frame.height
    parts = []
    for value, text in _ticks(frame.x_axis):
        at = frame.x(value)
        parts.append(_grid_line(frame.x_axis, (at, top, at, bottom), zero=False))
        parts.append(_tick_label(frame.x_axis, text, at, bottom + 6, "center", "top"))
    for value, text in _ticks(frame.y_axis):
        at = frame.y(value)
        parts.append(_grid_line(frame.y_axis, (left, at, right, at), zero=value == 0))
        parts.append(_tick_label(frame.y_axis, text, left - 6, at, "right", "middle"))
    if frame.x_axis.get("showline"):
        parts.append(_rule(left, bottom, right, bottom, theme.RULE))
    if frame.y_axis.get("showline"):
        parts.append(_rule(left, top, left, bottom, theme.RULE))
    return "".join(parts)


def _ticks(axis: Layout) -> list[tuple[Any, str]]:
    return list(zip(axis.get("tickvals", ()), axis.get("ticktext", ()), strict=True))


def _grid_line(axis: Layout, ends: tuple[float, float, float, float], zero: bool) -> str:
    if not axis.get("showgrid"):
        return ""
    return _rule(*ends, theme.RULE if zero else theme.GRID, 1.5 if zero else 1)


def _tick_label(axis: Layout, text: str, x: float, y: float, along: str, across: str) -> str:
    return text_element(text, x, y, along, across) if axis.get("showticklabels") else ""


def _rule(
    x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1.0, dash: str = ""
) -> str:
    dashes = f' stroke-dasharray="{DASHES[dash]}"' if DASHES.get(dash) else ""
    return (
        f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{dashes} fill="none"/>'
    )


def _trace(trace: Layout, frames: dict[str, Frame], paint: Paint) -> str:
    frame = frames[trace.get("xaxis", "x").removeprefix("x")]
    draw: dict[str, Callable[[Layout, Frame, Paint], str]] = {
        "scatter": _scatter,
        "heatmap": _heatmap,
    }
    kind = trace.get("type", "scatter")
    if kind not in draw:
        raise ModelError(
            f"no static form for a '{kind}' mark",
            where="tradesim.report.svg",
            allowed=", ".join(draw),
            remedy="draw it with these marks, or download the SVG from the report's toolbar",
        )
    return draw[kind](trace, frame, paint)


def _points(trace: Layout, frame: Frame) -> list[list[tuple[float, float]]]:
    """Runs of consecutive known points, in pixels; a missing value ends a run."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if x is None or y is None or y != y:
            runs.append([])
        else:
            runs[-1].append((frame.x(x), frame.y(y)))
    return [run for run in runs if run]


def _scatter(trace: Layout, frame: Frame, paint: Paint) -> str:
    mode = trace.get("mode", "lines")
    if mode == "text":
        return _texts(trace, frame)
    runs = _points(trace, frame)
    if trace.get("fill") == "toself":
        return f'<path d="{polygon_path(runs)}" fill="{paint.fill(trace)}"/>'
    line = _line(trace.get("line", {}), runs) if "lines" in mode else ""
    return line + (_markers(trace["marker"], runs) if "markers" in mode else "")


def _line(line: Layout, runs: list[list[tuple[float, float]]]) -> str:
    dash = DASHES.get(line.get("dash", "solid"), "")
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{polygon_path(runs, closed=False)}" fill="none" '
        f'stroke="{line.get("color", theme.INK)}" stroke-width="{line.get("width", 2):g}"'
        f'{dashes} stroke-linejoin="round"/>'
    )


def _markers(marker: Layout, runs: list[list[tuple[float, float]]]) -> str:
    around = marker.get("line", {})
    outline = (f' stroke="{around["color"]}" stroke-width="{around["width"]:g}"'
               if around.get("width") else "")  # fmt: skip
    return "".join(
        f'<path d="{marker_path(marker["symbol"], x, y, marker["size"])}" '
        f'fill="{marker.get("color", theme.INK)}"{outline}/>'
        for run in runs
        for x, y in run
    )


def _texts(trace: Layout, frame: Frame) -> str:
    inks = trace["textfont"]["color"]
    return "".join(
        text_element(text, frame.x(x), frame.y(y), "center", "middle", colour=ink)
        for x, y, text, ink in zip(trace["x"], trace["y"], trace["text"], inks, strict=True)
        if text
    )


def _heatmap(trace: Layout, frame: Frame, paint: Paint) -> str:
    parts = []
    xs, ys = list(trace["x"]), list(trace["y"])
    wide = abs(frame.x(xs[1]) - frame.x(xs[0])) if len(xs) > 1 else frame.width
    tall = abs(frame.y(ys[1]) - frame.y(ys[0])) if len(ys) > 1 else frame.height
    gap = trace.get("xgap", 0)
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            value = trace["z"][row][column]
            if value is None or value != value:
                continue
            left, top = frame.x(x) - wide / 2, frame.y(y) - tall / 2
            colour = paint.scale(float(value) / trace["zmax"], trace["colorscale"])
            parts.append(
                f'<rect x="{left + gap / 2:.1f}" y="{top + gap / 2:.1f}" '
                f'width="{wide - gap:.1f}" height="{tall - gap:.1f}" fill="{colour}"/>'
            )
    return "".join(parts)


def _place(item: Layout, key: str, ref: str, frames: dict[str, Frame], layout: Layout) -> float:
    """Pixel of a coordinate in paper, axis-domain or data units (Plotly's ``xref``/``yref``)."""
    value, along_x = item[key], key.startswith("x")
    if ref == "paper":
        left, top, width, height = _inner(layout)
        return left + width * float(value) if along_x else top + height * (1 - float(value))
    axis, _, domain = ref.partition(" ")
    frame = frames[axis[1:]]
    if domain and along_x:
        return frame.left + frame.width * float(value)
    if domain:
        return frame.top + frame.height * (1 - float(value))
    return frame.x(value) if along_x else frame.y(value)


def _shape(shape: Layout, frames: dict[str, Frame], layout: Layout) -> str:
    x0, x1 = (_place(shape, k, shape["xref"], frames, layout) for k in ("x0", "x1"))
    y0, y1 = (_place(shape, k, shape["yref"], frames, layout) for k in ("y0", "y1"))
    line = shape.get("line", {})
    if shape["type"] == "line":
        return _rule(x0, y0, x1, y1, line.get("color", theme.INK), line.get("width", 1),
                     line.get("dash", ""))  # fmt: skip
    stroke = f' stroke="{line["color"]}"' if line.get("width") else ""
    return (
        f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
        f'height="{abs(y1 - y0):.1f}" fill="{shape.get("fillcolor", "none")}"{stroke}/>'
    )


def _annotation(note: Layout, frames: dict[str, Frame], layout: Layout) -> str:
    x = _place(note, "x", note["xref"], frames, layout) + note.get("xshift", 0)
    y = _place(note, "y", note["yref"], frames, layout) - note.get("yshift", 0)
    font = note.get("font", {})
    return text_element(
        note["text"], x, y, note.get("xanchor", "center"), note.get("yanchor", "middle"),
        size_px=font.get("size", theme.TEXT_PX), colour=font.get("color", theme.INK),
        angle=note.get("textangle", 0), halo="bgcolor" in note,
    )  # fmt: skip


def _title(layout: Layout) -> str:
    title = layout["title"]
    return text_element(title["text"], 2, 8, "left", "top", size_px=title["font"]["size"])


def _legend(data: Any, layout: Layout, paint: Paint) -> str:
    entries = [trace for trace in data if trace.get("showlegend") and trace.get("name")]
    legend = layout.get("legend")
    if not entries or not legend:
        return ""
    left, top, width, height = _inner(layout)
    x0, bottom = left + width * legend["x"], top + height * (1 - legend["y"])
    if "entrywidth" in legend:
        steps = [legend["entrywidth"] + 56] * len(entries)
        per_row = max(1, int((layout["width"] - 16) // steps[0]))
    else:
        steps = [theme.text_width(trace["name"]) + 56 for trace in entries]
        per_row = len(entries)
    rows, parts = -(-len(entries) // per_row), []
    for i, trace in enumerate(entries):
        x = x0 + sum(steps[i - i % per_row : i])
        y = bottom - 36 * (rows - i // per_row) + 18
        parts.append(_swatch(trace, x, y, paint))
        parts.append(text_element(trace["name"], x + 42, y, "left", "middle"))
    return "".join(parts)


def _swatch(trace: Layout, x: float, y: float, paint: Paint) -> str:
    if trace.get("fill") == "toself":
        return (f'<rect x="{x:.1f}" y="{y - 7:.1f}" width="36" height="14" '
                f'fill="{paint.fill(trace)}"/>')  # fmt: skip
    line, mark = trace.get("line", {}), ""
    if trace.get("mode") != "markers":
        mark = _rule(x, y, x + 36, y, line.get("color", theme.INK), line.get("width", 2),
                     line.get("dash", ""))  # fmt: skip
    if "markers" in trace.get("mode", ""):
        marker = trace["marker"]
        mark += (f'<path d="{marker_path(marker["symbol"], x + 18, y, marker["size"])}" '
                 f'fill="{marker.get("color", theme.INK)}"/>')  # fmt: skip
    return mark
