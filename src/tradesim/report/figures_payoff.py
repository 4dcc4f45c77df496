"""The matrix as heat maps, one a player: payoffs in words, best responses marked and framed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradesim.analysis.games import matrix
from tradesim.analysis.games.latex import BILLION
from tradesim.analysis.games.matrix import Floats, Side
from tradesim.analysis.games.outcome import Outcome
from tradesim.report import labels, theme
from tradesim.report.fans import Spec
from tradesim.report.panels import axis_style, base_layout, margins

#: Marks of a best response and of a cell in which both play one, beside the number.
BEST, NASH = "▲", "★"
ROW_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 58, 52, 14, 66
_LEAST_LEFT_PX = 120


def heat_map(outcome: Outcome, side: Side) -> Spec:
    """Mean payoff of ``side`` in every cell, billion USD of the run.

    The shade is the rank of the cell, dark for the best: one ruinous option would leave all others
    the same shade.
    """
    sample = outcome.sample
    usd = sample.game.row_usd if side == "row" else sample.game.column_usd
    rows, columns = list(sample.row_options), list(sample.column_options)
    name = labels.economy(outcome.players[side])
    title = f"{name}: mean utility, billion USD over the run"
    left = max(_LEAST_LEFT_PX, int(max(theme.text_width(row) for row in rows)) + 24)
    layout = {
        **base_layout(title, TOP_PX),
        "height": TOP_PX + ROW_PX * len(rows) + BOTTOM_PX,
        "margin": margins(left, RIGHT_PX, TOP_PX, BOTTOM_PX),
        **_axes(rows, columns, (1100 - left - RIGHT_PX) / len(columns)),
        "annotations": [], "shapes": _frames(outcome),
    }  # fmt: skip
    return {"data": _traces(outcome, side, usd, rows, columns), "layout": layout}


def marks(outcome: Outcome, side: Side) -> dict[tuple[int, int], str]:
    """The mark of each cell that has one: :data:`NASH`, or :data:`BEST` for ``side``."""
    game = outcome.sample.game
    best = matrix.best_responses(game, side)
    best = best if side == "row" else best.T
    found = {(int(i), int(j)): BEST for i, j in np.argwhere(best)}
    return found | dict.fromkeys(matrix.pure_equilibria(game), NASH)


def billions(usd: float) -> str:
    """A payoff for a cell or a table: billion USD with two decimals and a true minus sign."""
    text = f"{usd / BILLION:,.2f}"
    return "0.00" if text in {"-0.00", "0.00"} else text.replace("-", "−")


def millions(usd: float) -> str:
    """A difference for a table: million USD, three figures, a true minus sign."""
    return theme.number(usd / 1e6).replace("-", "−")


def _traces(
    outcome: Outcome, side: Side, usd: Floats, rows: list[str], columns: list[str]
) -> list[dict[str, Any]]:
    shade = _ranks(usd)
    heat = {
        "type": "heatmap", "z": shade.tolist(), "x": list(range(len(columns))),
        "y": list(range(len(rows))), "zmin": 0, "zmax": 1, "showscale": False, "xgap": 2,
        "ygap": 2, "colorscale": _scale(), "hoverinfo": "skip",
        "meta": {"rows": rows, "series": "rank, 0 worst cell, 1 best", "columns": columns},
        "customdata": [columns] * len(rows),
    }  # fmt: skip
    cells = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
    marked = marks(outcome, side)
    texts = {
        "type": "scatter", "mode": "text", "x": [j for _, j in cells], "y": [i for i, _ in cells],
        "text": [f"{billions(float(usd[c]))} {marked.get(c, '')}".rstrip() for c in cells],
        "textfont": {"size": theme.TITLE_PX,
                     "color": [theme.ink_on(_colour(float(shade[c]))) for c in cells]},
        "showlegend": False, "name": "billion USD", "hoverinfo": "skip",
    }  # fmt: skip
    return [heat, texts]


def _ranks(usd: Floats) -> Floats:
    """Rank of every cell from the worst (0) to the best (1); equal payoffs share one."""
    values, rank = np.unique(usd, return_inverse=True)
    return np.asarray(rank.reshape(usd.shape) / max(len(values) - 1, 1), np.float64)


def _scale() -> list[list[object]]:
    """Steps of one hue, light for the worst cell; the same steps on screen and in print."""
    count = len(theme.HEAT)
    return [[edge / count, colour] for i, colour in enumerate(theme.HEAT) for edge in (i, i + 1)]


def _colour(share: float) -> str:
    count = len(theme.HEAT)
    return theme.HEAT[min(int(share * count), count - 1)]


def _frames(outcome: Outcome) -> list[dict[str, Any]]:
    """A heavy frame about every equilibrium in pure options."""
    return [
        {"type": "rect", "xref": "x", "yref": "y", "x0": j - 0.48, "x1": j + 0.48,
         "y0": i - 0.46, "y1": i + 0.46, "line": {"color": theme.ORANGE, "width": 4},
         "layer": "above"}
        for i, j in matrix.pure_equilibria(outcome.sample.game)
    ]  # fmt: skip


def _axes(rows: list[str], columns: list[str], width_px: float) -> dict[str, object]:
    style = {**axis_style(), "showgrid": False, "showline": False, "ticks": ""}
    return {
        "xaxis": {**style, "range": [-0.5, len(columns) - 0.5], "anchor": "y", "domain": [0, 1],
                  "tickvals": list(range(len(columns))), "tickangle": 0, "showticklabels": True,
                  "ticktext": [_broken(name, width_px) for name in columns]},
        "yaxis": {**style, "range": [len(rows) - 0.5, -0.5], "anchor": "x", "domain": [0, 1],
                  "tickvals": list(range(len(rows))), "ticktext": rows, "showticklabels": True},
    }  # fmt: skip


def _broken(name: str, width_px: float) -> str:
    """A name over two lines where one is too narrow."""
    if theme.text_width(name) <= width_px:
        return name
    middle = len(name) / 2
    cuts = [i for i, sign in enumerate(name) if sign in "_+"]
    if not cuts:
        return name
    cut = min(cuts, key=lambda i: abs(i - middle)) + 1
    return f"{name[:cut]}<br>{name[cut:]}"
