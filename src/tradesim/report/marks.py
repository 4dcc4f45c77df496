"""The few marks of a static figure: text, outlines, marker symbols, hatching, colour steps."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from tradesim.report import theme

DASHES = {
    "solid": "", "dash": "9 6", "dot": "2 5", "dashdot": "9 5 2 5", "longdash": "16 6",
    "longdashdot": "16 5 2 5",
}  # fmt: skip
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_LINE_HEIGHT = 1.3


def text_element(
    text: str, x: float, y: float, x_anchor: str, y_anchor: str, *,
    size_px: float = theme.TEXT_PX, colour: str = theme.INK, angle: float = 0, halo: bool = False,
) -> str:  # fmt: skip
    """Text at a pixel, anchored like a Plotly annotation; understands ``<b>`` and ``<br>``.

    ``halo`` draws a white outline behind the letters so that they stay readable over lines.
    """
    lines = text.split("<br>")
    block = size_px * _LINE_HEIGHT * (len(lines) - 1)
    first = y + {"top": 0.86 * size_px, "bottom": -0.25 * size_px - block}.get(
        y_anchor, 0.35 * size_px - block / 2
    )
    turn = f' transform="rotate({angle:g} {x:.1f} {y:.1f})"' if angle else ""
    around = f' stroke="{theme.PAPER}" stroke-width="4" paint-order="stroke"' if halo else ""
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{first + i * size_px * _LINE_HEIGHT:.1f}">{_inline(line)}</tspan>'
        for i, line in enumerate(lines)
    )
    return (
        f'<text text-anchor="{_ANCHORS[x_anchor]}" font-size="{size_px:g}" fill="{colour}"'
        f"{turn}{around}>{spans}</text>"
    )


def _inline(line: str) -> str:
    """Escape a line, keeping ``<b>…</b>`` as bold spans."""
    parts = re.split(r"(</?b>)", line)
    out = [_BOLD.get(part, escape(part)) for part in parts]
    return "".join(out)


_BOLD = {"<b>": '<tspan font-weight="700">', "</b>": "</tspan>"}


def polygon_path(runs: list[list[tuple[float, float]]], closed: bool = True) -> str:
    """SVG path data of runs of points in pixels, each closed into an outline if asked."""
    parts = []
    for run in runs:
        points = "L".join(f"{x:.1f} {y:.1f}" for x, y in run)
        parts.append(f"M{points}" + ("Z" if closed else ""))
    return "".join(parts)


def marker_path(symbol: str, x: float, y: float, size: float) -> str:
    """SVG path data of a marker symbol centred on a pixel, ``size`` pixels across."""
    r = size / 2
    if symbol == "circle":
        arc = f"a{r:g} {r:g} 0 1 0"
        return f"M{x - r:.1f} {y:.1f}{arc} {size:g} 0{arc} {-size:g} 0"
    corners = {
        "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
        "diamond": [(0, -1.3 * r), (1.3 * r, 0), (0, 1.3 * r), (-1.3 * r, 0)],
        "triangle-up": [(0, -1.2 * r), (1.1 * r, r), (-1.1 * r, r)],
        "triangle-down": [(0, 1.2 * r), (1.1 * r, -r), (-1.1 * r, -r)],
        "diamond-tall": [(0, -1.4 * r), (0.7 * r, 0), (0, 1.4 * r), (-0.7 * r, 0)],
        "pentagon": _regular(5, r),
        "star": _star(5, 1.4 * r, 0.55 * r),
        "hourglass": [(-r, -r), (r, -r), (0, 0), (r, r), (-r, r), (0, 0)],
        "bowtie": [(-r, -r), (0, 0), (r, -r), (r, r), (0, 0), (-r, r)],
        "x": [(-r, -r + r / 2), (-r + r / 2, -r), (0, -r / 2), (r - r / 2, -r), (r, -r + r / 2),
              (r / 2, 0), (r, r - r / 2), (r - r / 2, r), (0, r / 2), (-r + r / 2, r),
              (-r, r - r / 2), (-r / 2, 0)],
        "cross": [(-r / 3, -r), (r / 3, -r), (r / 3, -r / 3), (r, -r / 3), (r, r / 3),
                  (r / 3, r / 3), (r / 3, r), (-r / 3, r), (-r / 3, r / 3), (-r, r / 3),
                  (-r, -r / 3), (-r / 3, -r / 3)],
    }[symbol]  # fmt: skip
    return polygon_path([[(x + dx, y + dy) for dx, dy in corners]])


def _regular(corners: int, r: float) -> list[tuple[float, float]]:
    """Corners of a regular polygon of radius ``r``, the first one on top."""
    turns = [2 * math.pi * i / corners for i in range(corners)]
    return [(r * math.sin(turn), -r * math.cos(turn)) for turn in turns]


def _star(points: int, outer: float, inner: float) -> list[tuple[float, float]]:
    """Corners of a star, the first point on top."""
    tips, dents = _regular(points, outer), _regular(points, inner)
    turn = math.pi / points
    dents = [(x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn))
             for x, y in dents]  # fmt: skip
    return [corner for both in zip(tips, dents, strict=True) for corner in both]


class Paint:
    """Fills of one document: plain colours, hatch patterns (defined once each), colour steps."""

    def __init__(self, ids: str = "") -> None:
        self._ids = ids
        self._patterns: dict[tuple[str, str, float], str] = {}

    def fill(self, trace: dict[str, Any]) -> str:
        """The SVG fill of a filled trace; a Plotly ``fillpattern`` becomes a hatch pattern."""
        pattern = trace.get("fillpattern") or {}
        if not pattern.get("shape"):
            return str(trace.get("fillcolor", "none"))
        key = (pattern["fgcolor"], pattern.get("bgcolor", "none"), float(pattern.get("size", 8)))
        name = self._patterns.setdefault(key, f"{self._ids}hatch{len(self._patterns)}")
        return f"url(#{name})"

    def definitions(self) -> str:
        """The ``<defs>`` block of every hatch asked for so far; call it after the marks."""
        tiles = [_tile(name, *key) for key, name in self._patterns.items()]
        return "<defs>" + "".join(tiles) + "</defs>"

    def scale(self, share: float, steps: Any) -> str:
        """The step of a Plotly colour scale (pairs of position, ``#rrggbb``) nearest to a share.

        ``share`` is a number between 0 and 1; values outside are moved to the nearer end.
        """
        share = min(max(share, 0.0), 1.0)
        pairs = [(float(at), str(colour)) for at, colour in steps]
        for (low, first), (high, last) in pairwise(pairs):
            if share <= high:
                return _blend(first, last, (share - low) / ((high - low) or 1.0))
        return pairs[-1][1]


def _tile(name: str, colour: str, ground: str, size: float) -> str:
    return (
        f'<pattern id="{name}" width="{size:g}" height="{size:g}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="{size:g}" height="{size:g}" '
        f'fill="{ground}"/><rect width="{size * 0.35:g}" height="{size:g}" fill="{colour}"/>'
        "</pattern>"
    )


def _blend(first: str, last: str, share: float) -> str:
    channels = [
        round(int(first[i : i + 2], 16) * (1 - share) + int(last[i : i + 2], 16) * share)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in channels)
