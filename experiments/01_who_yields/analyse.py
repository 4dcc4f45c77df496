"""Which path every run of the sweep took: ``python analyse.py SWEEP_FOLDER [OUT.svg]``.

A run takes the path *talks* when a deal is struck before 3 November 2025, the first Monday after
the duty's date; *both impose* when the duty and the Chinese licences of November come into force;
else *another*. The table counts runs by the values that were swept; the figure shows the share of
runs with talks.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

DEADLINE = dt.date(2025, 11, 3)
BOTH = {"tariff_usa_100_threat_2025", "licence_november_2025"}
KEYS = {
    "states.USA.pain_usd_per_week": "threshold of the United States, bn USD a week",
    "states.USA.resolve": "resolve of the United States",
    "states.CHN.resolve": "resolve of China",
}


def path(events: pd.DataFrame) -> str:
    """The path of one run from its rows of the table ``events``."""
    deals = events[events["action"].isin(["accept", "renew"])]
    if len(deals) and pd.Timestamp(deals["date"].min()).date() < DEADLINE:
        return "talks"
    in_force = set(events[events["action"] == "effective"]["detail"])
    return "both impose" if in_force >= BOTH else "another"


def paths(folder: Path) -> pd.DataFrame:
    """One row a run: point, seed, path and the values of the point."""
    points = pd.read_csv(folder / "points.csv")
    for key in KEYS:
        points[key] = points["overrides"].str.extract(rf"{key}=(\S+)")[0].astype(float)
    rows = []
    for part in sorted((folder / "tables" / "events").glob("point=*/*.parquet")):
        number = int(part.parent.name.partition("=")[2])
        events = pd.read_parquet(part)
        rows += [
            {"point": number, "seed": seed, "path": path(found)}
            for seed, found in events.groupby("seed")
        ]
    return pd.DataFrame(rows).merge(points, on="point")


def figure(found: pd.DataFrame) -> go.Figure:
    """Share of runs with talks: one panel for each threshold, resolve of both sides as axes."""
    pain, own, other = KEYS
    values = sorted(found[pain].unique())
    titles = [f"bears {value / 1e9:g} bn USD a week" for value in values]
    made = make_subplots(1, len(values), subplot_titles=titles, shared_yaxes=True)
    for column, value in enumerate(values, start=1):
        part = found[found[pain] == value]
        share = part.assign(talks=part["path"] == "talks").pivot_table("talks", other, own)
        text = [[f"{100 * cell:.0f}%" for cell in row] for row in share.to_numpy()]
        made.add_trace(
            go.Heatmap(
                z=share.to_numpy(), x=[f"{x:g}" for x in share.columns],
                y=[f"{y:g}" for y in share.index], zmin=0, zmax=1, colorscale="Blues",
                text=text, texttemplate="%{text}", textfont={"size": 20},
                showscale=False,
            ), 1, column,
        )  # fmt: skip
    made.update_xaxes(title=KEYS[own])
    made.update_yaxes(title=KEYS[other], col=1)
    title = "Talks before the deadline, share of runs, October 2025 with governments that decide"
    return made.update_layout(width=1280, height=520, font={"size": 18}, title=title)


def main() -> None:
    """Print the table and write the figure."""
    folder = Path(sys.argv[1])
    found = paths(folder)
    table = found.pivot_table("seed", list(KEYS), "path", aggfunc="count", fill_value=0)
    print(table.to_string())
    for key, label in KEYS.items():
        by = found.assign(talks=found["path"] == "talks").groupby(key)["talks"].mean()
        print(f"{label}: talks in " + ", ".join(f"{100 * v:.0f}% at {k:g}" for k, v in by.items()))
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "who_yields.html"
    if out.suffix == ".html":
        figure(found).write_html(out, include_plotlyjs=True)
    else:
        figure(found).write_image(out)


if __name__ == "__main__":
    main()
