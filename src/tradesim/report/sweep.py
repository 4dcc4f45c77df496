"""The page of a sweep: one row and one mark for each point, read from its summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np

from tradesim.report import theme
from tradesim.report.fans import Spec
from tradesim.report.instruments.stockpile import side_by_side
from tradesim.report.panels import axis_style, base_layout, margins
from tradesim.report.reading import Readable
from tradesim.report.sections import Card, Section
from tradesim.report.ticks import tick_text, value_axis


@dataclass(frozen=True)
class Measure:
    """What a sweep shows of each point: file name, title, unit and the row of the summary."""

    slug: str
    short: str
    title: str
    unit: str
    where: Mapping[str, str]


MEASURES = (
    Measure("trough", "Exports", "Lowest month of Chinese magnet exports", "× comparison",
            {"metric": "magnet_exports_trough", "economy": "CHN"}),
    Measure("ask", "Ask", "Peak ask of Dy oxide in the EU", "× base",
            {"metric": "ask_peak_ratio", "economy": "EU27", "good": "oxide_Dy"}),
    Measure("stop", "Stoppage", "First plant outside China stops", "weeks",
            {"metric": "weeks_to_first_stoppage", "economy": "outside_CHN"}),
    Measure("short", "Shortfall",
            "Physical shortfall outside China in the first year, magnets with Dy/Tb", "t",
            {"metric": "shortfall_physical:first_year", "economy": "outside_CHN",
             "good": "magnet_NdFeB_HRE"}),
)  # fmt: skip


@dataclass(frozen=True)
class PointRow:
    """One point's quantiles of a measure (its unit) over ``n`` runs; nan: did not happen."""

    name: str
    p10: float
    p50: float
    p90: float
    n: int


def point_names(results: Readable) -> dict[int, str]:
    """``point → scenario`` and, where points share a scenario, the point's number."""
    names = {}
    for key, page in results.config.items():
        if key.startswith("point_"):
            names[int(key.removeprefix("point_"))] = str(page["scenario"]["name"])
    all_names = list(names.values())
    return {
        point: f"{name} (point {point})" if all_names.count(name) > 1 else name
        for point, name in names.items()
    }


def point_rows(results: Readable, measure: Measure) -> list[PointRow]:
    """The measure at each point, in its units and their order; without comparison worlds."""
    found = results.summary
    for column, value in measure.where.items():
        found = found[found[column].astype(str) == value]
    rows = []
    for point, name in sorted(point_names(results).items()):
        own = results.config[f"point_{point}"]["scenario"]["name"]
        part = found[(found["point"] == point) & (found["scenario"].astype(str) == own)]
        if len(part):
            low, middle, high = part[["p10", "p50", "p90"]].to_numpy(dtype=float)[0].tolist()
            rows.append(PointRow(name, low, middle, high, int(part["n"].to_numpy()[0])))
    return rows


def sweep_sections(results: Readable) -> list[Section]:
    """Sections of a sweep: a table and a figure for each measure."""
    if "point" not in results.summary.columns or results.summary.empty:
        words = "<p>No point of this sweep was finished. See <code>failures.csv</code>.</p>"
        return [Section("points", "Points", words)]
    sections = []
    for measure in MEASURES:
        rows = point_rows(results, measure)
        if rows:
            sections.append(_section(rows, measure))
    intro = (
        "<p>Each point of the sweep is one configuration; <code>points.csv</code> lists the "
        "overrides.</p>"
    )
    lists = side_by_side(results, point_names(results))
    if lists:
        sections.insert(
            0, Section("stockpiles", "Stockpiles side by side", lists, short="Stockpiles")
        )
    return [Section("points", "Points", intro), *sections]


def _section(rows: list[PointRow], measure: Measure) -> Section:
    """Table and figure of one measure; a sentence where it happened nowhere."""
    if not any(np.isfinite(row.p50) for row in rows):
        words = f"<p>{escape(caption(rows, measure))}</p>"
        return Section(measure.slug, measure.title, words, short=measure.short)
    card = Card(measure.slug, measure.title, figure(rows, measure), caption(rows, measure))
    return Section(measure.slug, measure.title, table(rows, measure), ((card,),),
                   short=measure.short)  # fmt: skip


def table(rows: list[PointRow], measure: Measure) -> str:
    """The measure by point, with its units, as an HTML table."""
    body = "".join(
        f"<tr><th scope='row'>{escape(row.name)}</th>"
        + "".join(f"<td class='n'>{theme.number(v)}</td>" for v in (row.p10, row.p50, row.p90))
        + f"<td>{escape(measure.unit)}</td><td class='n'>{row.n}</td></tr>"
        for row in rows
    )
    names = (("Point", ""), ("p10", "n"), ("p50", "n"), ("p90", "n"), ("Unit", ""), ("Runs", "n"))
    head = "".join(f"<th scope='col' class='{kind}'>{name}</th>" for name, kind in names)
    return (
        f"<div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def caption(rows: list[PointRow], measure: Measure) -> str:
    """Largest and smallest median over the points, in the measure's units."""
    known = [row for row in rows if np.isfinite(row.p50)]
    if not known:
        return "It happened in no run of any point."
    low, high = (pick(known, key=lambda row: row.p50) for pick in (min, max))
    return (
        f"Medians from {theme.number(low.p50)} ({low.name}) to {theme.number(high.p50)} "
        f"{measure.unit} ({high.name}). The spread over points is not a probability."
    )


def figure(rows: list[PointRow], measure: Measure) -> Spec:
    """Median and p10–p90 of one measure, in its units, one line per point."""
    count, row_px, top, foot = len(rows), 34, 62, 46
    left = 24 + max(theme.text_width(row.name) for row in rows)
    values = [v for row in rows for v in (row.p10, row.p50, row.p90) if np.isfinite(v)]
    reach, places = value_axis(0.0, max(values, default=1.0), 6)
    style = axis_style()
    layout = {
        **base_layout(f"{measure.title}, {measure.unit}, median and p10–p90 by point", top),
        "height": top + row_px * count + foot, "margin": margins(left, 24, top, foot),
        "xaxis": {**style, "range": reach, "tickvals": places, "domain": [0, 1], "anchor": "y",
                  "ticktext": [tick_text(v) for v in places], "showticklabels": True},
        "yaxis": {**style, "range": [count - 0.5, -0.5], "tickvals": list(range(count)),
                  "ticktext": [row.name for row in rows], "showticklabels": True, "ticks": "",
                  "domain": [0, 1], "anchor": "x"},
        "annotations": [], "shapes": [],
    }  # fmt: skip
    return {"data": _marks(rows), "layout": layout}


def _marks(rows: list[PointRow]) -> list[Spec]:
    bars = {
        "type": "scatter", "mode": "lines", "name": "p10–p90", "showlegend": False,
        "x": [v for row in rows for v in (_or(row.p10), _or(row.p90), None)],
        "y": [place for i in range(len(rows)) for place in (i, i, None)], "hoverinfo": "skip",
        "line": {"color": theme.BLUE, "width": 5, "dash": "solid"}, "meta": "p10–p90",
    }  # fmt: skip
    dots = {
        "type": "scatter", "mode": "markers", "name": "median", "showlegend": False,
        "x": [_or(row.p50) for row in rows], "y": list(range(len(rows))), "meta": "median",
        "marker": {"symbol": "diamond", "size": 13, "color": theme.INK},
        "hovertemplate": "%{x:,.3~r}<extra></extra>",
    }  # fmt: skip
    return [bars, dots]


def _or(value: float) -> float | None:
    return value if np.isfinite(value) else None
