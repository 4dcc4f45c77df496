"""Paths of every point of the sweep: ``python analyse.py SWEEP_FOLDER [OUT.html]``.

The paths are those of ``experiments/01_who_yields``: *talks* before 3 November 2025, *both impose*,
or *another*. The table and the figure count runs of each point.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

FIRST = Path(__file__).parents[1] / "01_who_yields" / "analyse.py"
KEYS = {
    "outside.trade_scale": "other trade, ×",
    "states.USA.strategy.foresight": "foresight",
    "states.USA.preferences.downstream_multiple": "multiple",
}


def counts(folder: Path) -> pd.DataFrame:
    """Runs by path [points, paths], indexed by the values that were swept."""
    spec = importlib.util.spec_from_file_location("who_yields", FIRST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.KEYS = KEYS
    found = module.paths(folder)
    return found.pivot_table("seed", list(KEYS), "path", aggfunc="count", fill_value=0)


def figure(table: pd.DataFrame) -> go.Figure:
    """One bar a point, its parts the paths."""
    labels = [
        ", ".join(f"{name} {value:g}" for name, value in zip(KEYS.values(), row, strict=True))
        for row in table.index
    ]
    shapes = {"talks": "", "both impose": "/", "another": "x"}
    made = go.Figure([
        go.Bar(x=table[path], y=labels, name=path, orientation="h",
               marker={"pattern": {"shape": shapes[path]}})
        for path in table.columns
    ])  # fmt: skip
    made.update_yaxes(autorange="reversed")
    made.update_xaxes(title="runs")
    title = "Paths of October 2025 by weights that are assumptions"
    return made.update_layout(
        barmode="stack", width=1280, height=700, font={"size": 18}, title=title
    )


def main() -> None:
    """Print the table and write the figure."""
    folder = Path(sys.argv[1])
    table = counts(folder)
    print(table.to_string())
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "weights_of_utility.html"
    figure(table).write_html(out, include_plotlyjs=True, config={"displayModeBar": False})


if __name__ == "__main__":
    main()
