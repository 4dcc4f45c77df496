"""The static drawings: well-formed, complete, and the Sankey's geometry adds up."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import report_cases
from tradesim.errors import ModelError
from tradesim.report import figures_flow, marks, sankey
from tradesim.report.fans import Spec
from tradesim.report.reading import Reading
from tradesim.report.sections import figure_sections
from tradesim.report.svg import figure_svg

NAME = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Reading(report_cases.run())


@pytest.fixture(scope="module")
def specs(reading: Reading) -> dict[str, Spec]:
    return {c.slug: c.figure for s in figure_sections(reading) for c in s.cards}


def plain(text: str) -> str:
    return re.sub(r"<.*?>", "", text.replace("<br>", ""))


def test_every_figure_has_a_well_formed_drawing(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        root = ET.fromstring(figure_svg(spec, "what it shows"))
        assert root.tag == f"{NAME}svg", slug
        assert root.attrib["viewBox"] == f"0 0 1100 {spec['layout']['height']}"
        assert root.findtext(f"{NAME}desc") == "what it shows"


def test_title_ticks_and_notes_are_text(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        root = ET.fromstring(figure_svg(spec))
        texts = {"".join(node.itertext()) for node in root.iter(f"{NAME}text")}
        assert plain(spec["layout"]["title"]["text"]) in texts, slug
        for note in spec["layout"]["annotations"]:
            assert plain(note["text"]) in texts, slug


def test_no_text_leaves_the_drawing(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        root = ET.fromstring(figure_svg(spec))
        for span in root.iter(f"{NAME}tspan"):
            if "x" in span.attrib:
                assert 0 <= float(span.attrib["x"]) <= 1100, slug
                assert 0 <= float(span.attrib["y"]) <= spec["layout"]["height"], slug


def test_a_drawing_holds_no_nan_and_no_address(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        drawing = figure_svg(spec)
        assert "nan" not in re.sub(r">[^<]*<", "><", drawing), slug
        assert "http" not in drawing.replace("http://www.w3.org/2000/svg", ""), slug


def test_the_same_figure_gives_the_same_bytes(specs: dict[str, Spec]) -> None:
    assert figure_svg(specs["flows_1"]) == figure_svg(specs["flows_1"])


def test_points_lie_where_the_axes_say() -> None:
    drawing = figure_svg(tiny([{"type": "scatter", "mode": "lines", "x": [0, 10], "y": [0, 5]}]))
    assert 'd="M100.0 250.0L300.0 150.0"' in drawing


def test_a_gap_breaks_the_line() -> None:
    trace = {"type": "scatter", "mode": "lines", "x": [0, 1, 2, 3], "y": [1, None, 2, 3]}
    drawing = figure_svg(tiny([trace]))
    line = re.search(r'd="(M[^"]*)" fill="none" stroke="#1b1f24"', drawing)
    assert line is not None
    assert line.group(1).count("M") == 2


def test_marks_without_a_static_form_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match="no static form for a 'pie' mark"):
        figure_svg(tiny([{"type": "pie", "x": [], "y": []}]))


def test_text_is_escaped() -> None:
    element = marks.text_element("a < b & <b>c</b>", 0, 0, "left", "top")
    assert "a &lt; b &amp; " in element
    assert '<tspan font-weight="700">c</tspan>' in element


def test_colour_steps_are_flat() -> None:
    steps = [[0, "#000000"], [0.5, "#000000"], [0.5, "#ffffff"], [1, "#ffffff"]]
    paint = marks.Paint()
    assert [paint.scale(s, steps) for s in (-1, 0.2, 0.49, 0.51, 2)] == ["#000000"] * 3 + [
        "#ffffff"
    ] * 2


@pytest.mark.parametrize("symbol", ["circle", "square", "diamond", "triangle-up", "cross"])
def test_every_marker_of_the_theme_has_a_path(symbol: str) -> None:
    assert marks.marker_path(symbol, 10, 10, 8).startswith("M")


def tiny(data: list[dict[str, Any]]) -> Spec:
    """A figure of one panel, 200 by 200 pixels, both axes from 0 to 10."""
    axis = {"range": [0, 10], "domain": [0, 1], "tickvals": [], "ticktext": []}
    return {
        "data": [{"xaxis": "x", "yaxis": "y", **trace} for trace in data],
        "layout": {"width": 320, "height": 300, "title": {"text": "t", "font": {"size": 20}},
                   "margin": {"l": 100, "r": 20, "t": 50, "b": 50}, "xaxis": axis, "yaxis": axis},
    }  # fmt: skip


# -- the Sankey -------------------------------------------------------------------------------

FLOWS = [
    sankey.Flow(0, "a", "a", 60, 60),
    sankey.Flow(0, "a", "b", 10, 40, blocked_t=100),
    sankey.Flow(1, "a", "a", 30, 20),
    sankey.Flow(1, "b", "a", 5, 5),
]


def height(outline: sankey.Outline) -> float:
    """Thickness of a ribbon at its left end, pixels."""
    ys = outline[1]
    return ys[-1] - ys[0]


def test_ribbons_are_as_thick_as_their_tonnes() -> None:
    plan = sankey.layout(FLOWS, ["a", "b"], 3, 600, full_px=200)
    by_flow = {(r.flow.gap, r.flow.origin, r.flow.destination): r for r in plan.ribbons}
    ribbon = by_flow[0, "a", "b"]
    assert height(ribbon.ghost) == pytest.approx(80, abs=0.2)
    assert height(ribbon.scenario) == pytest.approx(20, abs=0.2)
    assert ribbon.blocked is not None
    assert height(ribbon.blocked) == pytest.approx(60, abs=0.2), "never more than is missing"
    assert by_flow[0, "a", "a"].blocked is None


def test_each_gap_fills_the_same_height() -> None:
    plan = sankey.layout(FLOWS, ["a", "b"], 3, 600, full_px=200)
    for gap in (0, 1):
        slots = [
            max(height(r.ghost), height(r.scenario)) for r in plan.ribbons if r.flow.gap == gap
        ]
        assert sum(slots) == pytest.approx(200, abs=0.5)


def test_bars_leave_room_for_their_labels() -> None:
    tiny_flows = [sankey.Flow(0, name, "a", 1e-6, 1e-6) for name in "abcd"]
    plan = sankey.layout([*tiny_flows, sankey.Flow(0, "e", "a", 5, 5)], list("abcde"), 2, 600)
    tops = sorted(bar.top for (column, _), bar in plan.bars.items() if column == 0)
    assert min(np.diff(tops)) >= 24


def test_no_flows_make_an_empty_plan() -> None:
    plan = sankey.layout([], ["a"], 3, 600)
    assert (plan.bars, plan.ribbons, plan.height) == ({}, [], 0.0)


def test_flows_are_means_over_runs(reading: Reading) -> None:
    month = figures_flow.spans(reading)[0]
    flows = [f for f in figures_flow.flows(reading, month) if f.gap == 3]
    f = report_cases.run().flows
    day = month.where.split("'")[1]
    rows = f[(f["scenario"] == "april_2025") & (f["date"] == day)
             & f["good"].astype(str).str.startswith("magnet")]  # fmt: skip
    total = float(rows["shipped_t"].astype(float).sum()) / 3
    assert sum(flow.scenario_t for flow in flows) == pytest.approx(total, rel=1e-5)


def test_worst_month_and_first_year_are_shown(reading: Reading) -> None:
    names = [span.name for span in figures_flow.spans(reading)]
    assert names == ["May 2025, the worst month", "Jan 2025–Dec 2025"]


def test_blocked_tonnes_are_hatched_and_the_comparison_is_grey(specs: dict[str, Spec]) -> None:
    traces = {trace["name"]: trace for trace in specs["flows_1"]["data"]}
    assert traces["licence pending or denied"]["fillpattern"]["shape"] == "/"
    assert traces["reference"]["fillcolor"] == "#d5d9e0"
    assert "patternTransform" in figure_svg(specs["flows_1"], ids="x-")
    assert 'id="x-hatch0"' in figure_svg(specs["flows_1"], ids="x-")


def test_every_economy_belongs_to_a_group_that_is_drawn() -> None:
    assert {figures_flow.group(code) for code in ("CHN", "KOR", "MMR", "ROW", "ZZZ")} <= set(
        figures_flow.ORDER
    )
