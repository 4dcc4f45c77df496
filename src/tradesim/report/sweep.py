"""The page of a sweep: one row and one mark for each point, read from its summary."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from tradesim.report import theme
from tradesim.report.fans import Spec
from tradesim.report.panels import WIDTH_PX, annotation, axis_style, base_layout, margins
from tradesim.report.reading import Readable
from tradesim.report.sections import Card, Section
from tradesim.report.ticks import tick_text, value_axis

#: What a sweep shows of each point: title, unit, and the row of the summary.
MEASURES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("trough", "Lowest month of Chinese magnet exports", "× comparison",
     {"metric": "magnet_exports_trough", "economy": "CHN"}),
    ("ask", "Peak ask of Dy oxide in the EU", "× base",
     {"metric": "ask_peak_ratio", "economy": "EU27", "good": "oxide_Dy"}),
    ("stop", "First plant outside China stops", "weeks",
     {"metric": "weeks_to_first_stoppage", "economy": "outside_CHN"}),
    ("short", "Physical shortfall of magnets with Dy/Tb outside China, first year", "t",
     {"metric": "shortfall_physical:first_year", "economy": "outside_CHN",
      "good": "magnet_NdFeB_HRE"}),
)  # fmt: skip


def measure_rows(summary: pd.DataFrame, where: dict[str, str], scenarios: set[str]) -> pd.DataFrame:
    """Rows of the summary for one measure, one per point, in the order of the points."""
    rows = summary[summary["scenario"].isin(scenarios)]
    for column, value in where.items():
        rows = rows[rows[column].astype(str) == value]
    return rows.drop_duplicates("point").sort_values("point")


def point_names(results: Readable) -> dict[int, str]:
    """``point → scenario`` and, where points share a scenario, the point's number."""
    names = {}
    for key, page in results.config.items():
        told = page.get("scenario", {}) if isinstance(page, dict) else {}
        if key.startswith("point_"):
            names[int(key.removeprefix("point_"))] = str(told.get("name", key))
    shared = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {p: f"{name} (point {p})" if name in shared else name for p, name in names.items()}


def sweep_sections(results: Readable) -> list[Section]:
    """Sections of a sweep: a table and a figure for each measure."""
    summary, names = results.summary, point_names(results)
    if "point" not in summary.columns or summary.empty:
        words = "<p>No point of this sweep was finished. See <code>failures.csv</code>.</p>"
        return [Section("points", "Points", words)]
    scenarios = {str(name) for name in results.manifest["scenario"]}
    sections = []
    for slug, title, unit, where in MEASURES:
        rows = measure_rows(summary, where, scenarios)
        if rows.empty:
            continue
        card = Card(slug, title, figure(rows, names, title, unit), caption(rows, names, unit))
        sections.append(Section(slug, title, table(rows, names, unit), ((card,),)))
    intro = "<p>Each point of the sweep is one configuration; <code>points.csv</code> lists the overrides.</p>"
    return [Section("points", "Points", intro), *sections]


def table(rows: pd.DataFrame, names: dict[int, str], unit: str) -> str:
    """The measure by point as an HTML table."""
    body = "".join(
        f"<tr><th scope='row'>{escape(names.get(int(r.point), str(r.point)))}</th>"
        + "".join(f"<td class='n'>{theme.number(v)}</td>" for v in (r.p10, r.p50, r.p90))
        + f"<td>{escape(unit)}</td><td class='n'>{int(r.n)}</td></tr>"
        for r in rows.itertuples()
    )
    head = "<th>Point</th><th class='n'>p10</th><th class='n'>p50</th><th class='n'>p90</th><th>Unit</th><th class='n'>Runs</th>"
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def caption(rows: pd.DataFrame, names: dict[int, str], unit: str) -> str:
    """Largest and smallest median over the points."""
    known = rows[np.isfinite(rows["p50"].astype(float))]
    if known.empty:
        return "It happened in no run of any point."
    low, high = known.loc[known["p50"].idxmin()], known.loc[known["p50"].idxmax()]
    return (f"Medians from {theme.number(low['p50'])} ({names.get(int(low['point']), '')}) to "
            f"{theme.number(high['p50'])} {unit} ({names.get(int(high['point']), '')}). The spread "
            "over points is not a probability.")  # fmt: skip


def figure(rows: pd.DataFrame, names: dict[int, str], title: str, unit: str) -> Spec:
    """Median and p10–p90 of one measure, one line per point."""
    count, row_px, left, top, foot = len(rows), 34, 330, 62, 62
    values = rows[["p10", "p50", "p90"]].astype(float).to_numpy()
    finite = values[np.isfinite(values)]
    reach, ticks = value_axis(0.0, float(finite.max()) if finite.size else 1.0, 6)
    bars = {"type": "scatter", "mode": "lines", "name": "p10–p90", "showlegend": False,
            "x": [v for low, _, high in values.tolist() for v in (_or(low), _or(high), None)],
            "y": [i for k in range(count) for i in (k, k, None)], "hoverinfo": "skip",
            "line": {"color": theme.BLUE, "width": 5, "dash": "solid"}, "meta": unit}  # fmt: skip
    dots = {"type": "scatter", "mode": "markers", "name": "median", "showlegend": False,
            "x": [_or(v) for v in values[:, 1].tolist()], "y": list(range(count)),
            "marker": {"symbol": "diamond", "size": 13, "color": theme.INK}, "meta": unit,
            "hovertemplate": "%{x:,.3~r}<extra></extra>"}  # fmt: skip
    style = axis_style()
    places = [names.get(int(p), str(p)) for p in rows["point"]]
    layout = {
        **base_layout(f"{title}, {unit}, p10–p90 and median by point", top),
        "height": top + row_px * count + foot,
        "margin": margins(left, 24, top, foot),
        "xaxis": {**style, "range": reach, "tickvals": ticks, "domain": [0, 1], "anchor": "y",
                  "ticktext": [tick_text(v) for v in ticks], "showticklabels": True},
        "yaxis": {**style, "range": [count - 0.5, -0.5], "tickvals": list(range(count)),
                  "ticktext": places, "showticklabels": True, "domain": [0, 1], "anchor": "x"},
        "annotations": [annotation(unit, 1, 0, "right", "top", y_shift=-34)], "shapes": [],
    }  # fmt: skip
    assert layout["width"] == WIDTH_PX
    return {"data": [bars, dots], "layout": layout}


def _or(value: float) -> float | None:
    return value if np.isfinite(value) else None
