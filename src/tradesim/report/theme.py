"""Colours, line styles and number formats of every figure and of the page.

The hues are those of the IBM colour-blind-safe palette, darkened until a line on white has a
contrast above 3:1 and text above 4.5:1 (WCAG 2.2). Colour never carries a meaning alone: each
series also has a dash pattern and a marker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FONT = '"Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif'
TEXT_PX = 18
TITLE_PX = 20

INK = "#1b1f24"
MUTED = "#4b5560"
RULE = "#c9ced6"
GRID = "#e6e9ee"
PAPER = "#ffffff"
GHOST = "#d5d9e0"

BLUE, MAGENTA, ORANGE, PURPLE, GOLD = "#2f5bd0", "#c21a6b", "#b84700", "#5b3fd6", "#7d5800"
#: The comparison world ("reference"), drawn in grey and dashed wherever it appears.
REFERENCE = "#5c6670"

#: Steps of the heat strip, light to dark (share of use missing), all of one hue.
HEAT = ("#f3f5f9", "#dfe6fb", "#b3c5f4", "#7d9ae8", "#4469d4", "#1f3f9e", "#10235c")


@dataclass(frozen=True)
class Style:
    """How one series is drawn: colour, dash pattern (Plotly name) and marker symbol."""

    colour: str
    dash: str
    marker: str
    width_px: float = 3.0


MAIN = Style(BLUE, "solid", "circle")
GHOSTED = Style(REFERENCE, "dash", "square", 2.2)
#: Line-ups of several scenarios take these in order.
LINE_UP = (
    MAIN,
    Style(MAGENTA, "dash", "square"),
    Style(ORANGE, "dot", "diamond"),
    Style(PURPLE, "dashdot", "triangle-up"),
    Style(GOLD, "longdash", "cross"),
)


def rgba(colour: str, alpha: float) -> str:
    """``#rrggbb`` with an opacity between 0 and 1, as a CSS colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` between 0 (black) and 1 (white), WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 (equal) to 21 (black on white), WCAG 2.2."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Ink or white, whichever stands out more on a ground of ``#rrggbb``."""
    return INK if contrast(INK, colour) >= contrast(PAPER, colour) else PAPER


def number(value: float, digits: int = 3) -> str:
    """A number for a sentence: ``digits`` significant figures, thin groups, no exponent.

    ``nan`` and infinities become ``n/a``; whole numbers above ``10**digits`` keep their
    integer part (``12,345``), because a rounded tonnage reads as a claim of precision.
    """
    if not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= digits - 1:
        return f"{value:,.0f}"
    text = f"{value:.{min(digits - 1 - size, 6)}f}"
    return "0" if float(text) == 0 else text


def span(low: float, high: float, digits: int = 3) -> str:
    """``low–high`` with an en dash, both formatted by :func:`number`."""
    return f"{number(low, digits)}–{number(high, digits)}"


def text_width(text: str, size_px: float = TEXT_PX) -> float:
    """Rough width in pixels of ``text`` in a sans-serif face; used to place legends and ticks."""
    narrow = sum(character in "iljtf.,:;'|()[] 1" for character in text)
    wide = sum(character in "mwMW@%" for character in text)
    return size_px * (0.56 * (len(text) - narrow - wide) + 0.33 * narrow + 0.88 * wide)


def wrapped(text: str, width_px: float, size_px: float = TEXT_PX) -> list[str]:
    """``text`` broken at spaces into lines no wider than ``width_px`` (estimated)."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size_px) > width_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
