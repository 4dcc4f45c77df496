"""Figures draw the tables' quantiles, on axes that fit, with every event and every unit named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import report_cases
from tradesim.errors import InputError
from tradesim.report import fans, labels, plot, theme, ticks
from tradesim.report import figures_market as market
from tradesim.report import figures_shortfall as shortfall
from tradesim.report.fans import Fan, Spec
from tradesim.report.panels import Marker, Panels, legend_rows
from tradesim.report.reading import DAYS_PER_MONTH, Reading, make_periods
from tradesim.report.sections import figure_sections

DATES = pd.date_range("2025-01-15", periods=4, freq="MS")


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Reading(report_cases.run())


@pytest.fixture(scope="module")
def specs(reading: Reading) -> dict[str, Spec]:
    return {c.slug: c.figure for s in figure_sections(reading) for c in s.cards}


def named(spec: Spec, name: str) -> list[dict[str, Any]]:
    return [trace for trace in spec["data"] if trace.get("name") == name]


# -- fans -------------------------------------------------------------------------------------


def test_fan_quantiles_are_those_of_numpy() -> None:
    runs = np.random.default_rng(0).normal(size=(7, 4))
    fan = Fan(DATES, runs, tuple(range(7)))
    np.testing.assert_allclose(fan.median, np.quantile(runs, 0.5, axis=0))
    np.testing.assert_allclose(fan.low, np.quantile(runs, 0.1, axis=0))
    np.testing.assert_allclose(fan.high, np.quantile(runs, 0.9, axis=0))


def test_fan_skips_what_does_not_exist() -> None:
    runs = np.array([[1.0, np.nan, 3.0, 4.0], [3.0, np.nan, np.nan, 8.0]])
    fan = Fan(DATES, runs, (0, 1))
    np.testing.assert_array_equal(fan.median, [2.0, np.nan, 3.0, 6.0])


def test_band_is_broken_where_values_are_missing() -> None:
    low, high = np.array([1.0, np.nan, 2.0, 3.0]), np.array([2.0, np.nan, 4.0, 5.0])
    xs, ys = fans.ribbon(["a", "b", "c", "d"], low, high)
    assert xs == ["a", "a", "a", None, "c", "d", "d", "c", "c"]
    assert ys == [1.0, 2.0, 1.0, None, 2.0, 3.0, 5.0, 4.0, 2.0]


def test_several_runs_give_band_samples_and_median() -> None:
    fan = Fan(DATES, np.ones((9, 4)), tuple(range(9)))
    traces = fans.fan_traces(fan, theme.MAIN, "x", "t")
    assert [t["name"] for t in traces].count("5 single runs") == 5
    assert traces[0]["fill"] == "toself"
    assert traces[-1]["name"] == "x"


def test_one_run_is_one_line_and_says_so() -> None:
    traces = fans.fan_traces(Fan(DATES, np.ones((1, 4)), (0,)), theme.MAIN, "x", "t")
    assert [t["name"] for t in traces] == ["x (one run)"]
    assert "p10" not in traces[0]["hovertemplate"]


def test_few_periods_get_markers() -> None:
    fan = Fan(DATES[:2], np.ones((1, 2)), (0,))
    assert "markers" in fans.fan_traces(fan, theme.MAIN, "x", "t")[0]["mode"]


# -- periods ----------------------------------------------------------------------------------


def test_partial_months_are_counted_in_days() -> None:
    starts = pd.DatetimeIndex(["2025-01-01", "2025-02-01", "2025-03-01"])
    periods = make_periods(starts, pd.Timestamp("2025-01-06"), pd.Timestamp("2025-03-03"))
    assert periods.days.tolist() == [26.0, 28.0, 2.0]
    assert periods.kept.tolist() == [True, True, False]


def test_steps_are_as_long_as_until_the_next_one() -> None:
    starts = pd.DatetimeIndex(["2025-01-06", "2025-01-13", "2025-01-20"])
    periods = make_periods(starts, pd.Timestamp("2025-01-06"), pd.Timestamp("2025-01-27"))
    assert periods.days.tolist() == [7.0, 7.0, 7.0]
    assert periods.kept.all()


def test_a_run_of_one_week_keeps_its_only_month() -> None:
    periods = make_periods(
        pd.DatetimeIndex(["2025-01-01"]), pd.Timestamp("2025-01-06"), pd.Timestamp("2025-01-08")
    )
    assert periods.kept.tolist() == [True]


def test_exports_are_rates_of_the_table(reading: Reading) -> None:
    fan = market.export_fans(reading)["april_2025", ""]
    m = report_cases.run().markets
    rows = m[(m["scenario"] == "april_2025") & (m["economy"] == "CHN")
             & m["good"].isin(labels.GROUPS["magnets"]) & (m["seed"] == 1)]  # fmt: skip
    sums = rows.groupby("date")["exports_t"].sum().to_numpy(dtype=float)
    days = reading.periods.days
    kept = reading.periods.kept
    np.testing.assert_allclose(fan.runs[1], (sums / days * DAYS_PER_MONTH)[kept], rtol=1e-5)


def test_prices_are_the_tables_medians(reading: Reading) -> None:
    fan = market.price_fans(reading, "oxide_Dy", "ask")["april_2025", "EU27"]
    m = report_cases.run().markets
    rows = m[(m["scenario"] == "april_2025") & (m["economy"] == "EU27") & (m["good"] == "oxide_Dy")]
    medians = rows.groupby("date")["price_ask_usd_per_kg"].median().to_numpy(dtype=float)
    np.testing.assert_allclose(fan.median, medians, rtol=1e-6)


def test_ndpr_lies_between_nd_and_pr(reading: Reading) -> None:
    both = market.price_fans(reading, "NdPr", "ask")["april_2025", "EU27"].runs
    parts = [
        market.price_fans(reading, good, "ask")["april_2025", "EU27"].runs
        for good in ("oxide_Nd", "oxide_Pr")
    ]
    assert (both >= np.minimum(*parts) * (1 - 1e-9)).all()
    assert (both <= np.maximum(*parts) * (1 + 1e-9)).all()


def test_shortfall_shares_divide_by_the_comparisons_use(reading: Reading) -> None:
    where = "good = 'oxide_Dy' AND economy = 'EU27'"
    fan = shortfall.shares(reading, "physical", where, ("good", "economy"), "april_2025")
    m = report_cases.run().markets
    rows = m[(m["economy"] == "EU27") & (m["good"] == "oxide_Dy") & (m["seed"] == 0)]
    lost = rows[rows["scenario"] == "april_2025"]["shortfall_physical_t"].to_numpy(dtype=float)
    use = rows[rows["scenario"] == "reference"]["use_t"].to_numpy(dtype=float)
    np.testing.assert_allclose(fan["oxide_Dy", "EU27"].runs[0], lost / use, rtol=1e-5)


# -- layout -----------------------------------------------------------------------------------


def test_no_text_is_smaller_than_eighteen_pixels(specs: dict[str, Spec]) -> None:
    def sizes(node: Any) -> list[float]:
        if isinstance(node, dict):
            own = [node["size"]] if "size" in node and ("color" in node or "family" in node) else []
            return own + [s for value in node.values() for s in sizes(value)]
        if isinstance(node, list):
            return [s for value in node for s in sizes(value)]
        return []

    for slug, spec in specs.items():
        assert min(sizes(spec["layout"])) >= theme.TEXT_PX == 18, slug


def test_no_figure_has_two_value_axes_or_a_pie(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        axes = [v for k, v in spec["layout"].items() if k.startswith(("xaxis", "yaxis"))]
        assert not any("overlaying" in axis for axis in axes), slug
        assert {trace["type"] for trace in spec["data"]} <= {"scatter", "heatmap"}, slug


def test_every_title_states_quantity_unit_and_period(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        title = spec["layout"]["title"]["text"]
        assert "2025" in title, slug
        units = ("t per month", "tonnes", "%", "USD per kg", "days")
        assert any(unit in title for unit in units) or "licences" in slug, slug


def test_titles_and_legends_fit_the_width(specs: dict[str, Spec]) -> None:
    for slug, spec in specs.items():
        title = spec["layout"]["title"]["text"]
        assert theme.text_width(title, theme.TITLE_PX) < 1100, slug


def test_lines_differ_by_dash_as_well_as_by_colour(specs: dict[str, Spec]) -> None:
    lines = {
        t["name"]: (t["line"]["color"], t["line"]["dash"])
        for t in specs["price_oxide_Dy"]["data"]
        if t.get("fill") != "toself" and t["line"]["width"] > 1.5
    }
    assert len({dash for _, dash in lines.values()}) == len(lines) - 1  # reference and contract
    assert len({colour for colour, _ in lines.values()}) == len(lines)


@pytest.mark.parametrize(
    "colour", [theme.INK, theme.MUTED, theme.REFERENCE, *(s.colour for s in theme.LINE_UP)]
)
def test_text_and_lines_stand_out_on_white(colour: str) -> None:
    assert theme.contrast(colour, theme.PAPER) >= 4.5


@pytest.mark.parametrize("ground", theme.HEAT)
def test_percentages_stand_out_on_every_cell(ground: str) -> None:
    assert theme.contrast(theme.ink_on(ground), ground) >= 4.5


def test_events_are_numbered_lines_spelt_out_below(reading: Reading) -> None:
    spec = market.exports(reading)
    (line,) = spec["layout"]["shapes"]
    assert line["x0"] == line["x1"] == "2025-04-04"
    texts = [note["text"] for note in spec["layout"]["annotations"]]
    assert "<b>1</b>" in texts
    assert any("4 April 2025, China:" in t and "announced and in force" in t for t in texts)


def test_event_numbers_never_touch() -> None:
    days = [pd.Timestamp("2025-04-04"), pd.Timestamp("2025-04-06"), pd.Timestamp("2025-05-12")]
    span = (pd.Timestamp("2025-01-01"), pd.Timestamp("2028-01-01"))
    panels = Panels("x", 1, 4, span, ["a"] * 4, ["t"], markers=[Marker(d, "e") for d in days])
    per_day = panels.panel_width_px / (span[1] - span[0]).days
    places = [
        (day - span[0]).days * per_day + shift
        for day, shift in zip(days, panels._event_shifts(), strict=True)
    ]
    assert min(np.diff(places)) >= 13.9


def test_long_event_texts_are_wrapped() -> None:
    lines = theme.wrapped("word " * 80, 400)
    assert len(lines) > 3
    assert all(theme.text_width(line) <= 400 for line in lines)


def test_panels_of_a_row_share_their_axis(reading: Reading) -> None:
    layout = market.prices(reading, "oxide_Dy")["layout"]
    ranges = {tuple(layout[f"yaxis{i}"]["range"]) for i in ("", "2", "3", "4")}
    assert len(ranges) == 1


def test_legend_is_one_row_while_it_fits() -> None:
    assert legend_rows([]) == 0
    assert legend_rows(["a", "b"]) == 1
    assert legend_rows(["a rather long name of a series"] * 6) > 1


@pytest.mark.parametrize(
    ("low", "high", "last"), [(0, 0.97, 1.0), (0, 7100, 8000), (0, 0, 1.0), (0, float("nan"), 1.0)]
)
def test_value_axis_starts_at_zero_and_ends_round(low: float, high: float, last: float) -> None:
    reach, places = ticks.value_axis(low, high)
    assert reach == [0.0, last]
    assert len(places) >= 2
    assert np.diff(places) == pytest.approx(places[1] - places[0])


def test_a_value_that_is_only_rounding_does_not_make_an_axis() -> None:
    reach, _ = ticks.value_axis(0.0, 1e-13)
    assert reach == [0.0, 1.0]


@pytest.mark.parametrize("weeks", [1, 5, 10, 60, 156, 520, 1040])
@pytest.mark.parametrize("width", [140.0, 230.0, 980.0])
def test_date_labels_do_not_overlap(weeks: int, width: float) -> None:
    start = pd.Timestamp("2025-01-01")
    end = start + pd.Timedelta(weeks=weeks)
    places, names = ticks.date_axis(start, end, width)
    assert len(places) == len(names) >= 1
    pixels = [(pd.Timestamp(p) - start) / (end - start) * width for p in places]
    wide = [max(theme.text_width(line) for line in name.split("<br>")) for name in names]
    for i in range(len(pixels) - 1):
        assert pixels[i + 1] - pixels[i] >= (wide[i] + wide[i + 1]) / 2, names


def test_a_year_stands_under_the_first_month() -> None:
    _, names = ticks.date_axis(pd.Timestamp("2025-01-20"), pd.Timestamp("2026-03-01"), 980)
    assert names[0] == "Feb<br>2025"
    assert "Jan<br>2026" in names


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.14159, "3.14"), (0.04567, "0.0457"), (12345.6, "12,346"), (-2.5, "-2.50"),
     (float("nan"), "n/a"), (float("inf"), "n/a"), (99.96, "100.0")],
)  # fmt: skip
def test_numbers_in_sentences(value: float, text: str) -> None:
    assert theme.number(value) == text


@pytest.mark.parametrize(("weeks", "first"), [(52, "Jan<br>2025"), (260, "Q1<br>2025")])
def test_heat_strip_gathers_months_when_there_are_many(weeks: int, first: str) -> None:
    names, places = shortfall.buckets(pd.date_range("2025-01-01", periods=weeks // 4, freq="MS"))
    assert names[0] == first
    assert places.max() == len(names) - 1


def test_heat_strip_prints_its_percentages(specs: dict[str, Spec]) -> None:
    heat, texts = specs["shortfall_strip_physical"]["data"]
    cells = np.array(heat["z"]).ravel()
    for share, text in zip(cells, texts["text"], strict=True):
        assert text == ("" if round(share * 100) < 1 else str(min(round(share * 100), 99)))
    assert all(theme.text_width(t) <= 24 for t in texts["text"])


# -- for notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["exports", "price", "shortfall", "licences", "sankey", "plants"])
def test_every_kind_gives_a_plotly_figure(kind: str) -> None:
    figure = plot(report_cases.run(), kind)
    assert isinstance(figure, go.Figure)
    assert figure.data


def test_plot_takes_selectors() -> None:
    results = report_cases.run()
    assert "Tb oxide" in plot(results, "price", good="oxide_Tb").layout.title.text
    assert "NdPr oxide" in plot(results, "price", good="NdPr").layout.title.text
    assert "by destination" in plot(results, "exports", by="destination").layout.title.text
    assert "rationed" in plot(results, "shortfall", definition="rationed").layout.title.text
    assert plot(results, "shortfall", form="strip").data[0].type == "heatmap"
    assert "Jan 2025" in plot(results, "sankey", span="year").layout.title.text
    assert results.plot("plants").data


@pytest.mark.parametrize(
    ("kind", "selectors", "message"),
    [
        ("prices", {}, "did you mean 'price'"),
        ("price", {"goods": "oxide_Dy"}, "did you mean 'good'"),
        ("price", {"good": "oxide_Dyy"}, "did you mean 'oxide_Dy'"),
        ("shortfall", {"definition": "phisical"}, "did you mean 'physical'"),
        ("licences", {"group": "magnet"}, "did you mean 'magnets'"),
    ],
)
def test_misspelt_kinds_and_selectors_are_refused(
    kind: str, selectors: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plot(report_cases.run(), kind, **selectors)


def test_plot_needs_tables() -> None:
    with pytest.raises(InputError, match="record=monthly"):
        plot(report_cases.headline_only([("x", "CHN", "all", "t", [1.0])]), "price")


def test_line_up_draws_two_scenarios_and_one_comparison() -> None:
    embargo = report_cases.run("full_embargo")
    figure = plot(report_cases.run(), "exports", against=[embargo])
    names = {trace.name for trace in figure.data}
    assert {"april_2025", "full_embargo", "reference"} <= names
    dashes = {t.name: t.line.dash for t in figure.data if t.fill is None}
    assert dashes["april_2025"] != dashes["full_embargo"]


def test_line_up_tells_results_of_one_scenario_apart() -> None:
    other = report_cases.run("april_2025", "baseline")
    figure = plot(report_cases.run(), "price", against=[other])
    assert {"april_2025", "april_2025 (2)"} <= {trace.name for trace in figure.data}


@pytest.mark.parametrize(("change", "key"), [({"seeds": 2}, "seeds"), ({"weeks": 50}, "weeks")])
def test_line_up_refuses_runs_that_are_not_paired(change: dict[str, int], key: str) -> None:
    other = report_cases.run("full_embargo", **change)
    with pytest.raises(InputError, match=f"different {key}"):
        plot(report_cases.run(), "price", against=[other])
