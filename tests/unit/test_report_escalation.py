"""The section on governments: deeds, paths, deals, the chart, what was gained and what it cost."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import affairs_cases
import report_cases
from tradesim import config
from tradesim.errors import InputError
from tradesim.report import build_report, diplomacy, figures, figures_escalation, governments, theme
from tradesim.report import captions_escalation as captions
from tradesim.report.diplomacy import KINDS
from tradesim.report.instruments import layout
from tradesim.report.lanes import TALKS
from tradesim.report.marks import marker_path
from tradesim.report.reading import Reading
from tradesim.report.svg import figure_svg
from tradesim.results import Results
from tradesim.runner import run_config
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.states.utility import TERMS


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Reading(affairs_cases.run())


@pytest.fixture(scope="module")
def real() -> Results:
    """Two seeds of the strategic October, until the deadlines have passed."""
    words = ["scenario=october_2025_strategic", "seeds=2", "weeks=48", "workers=1"]
    return run_config(config.load(words))


# --- deeds ----------------------------------------------------------------------------------


def test_deeds_are_told_in_their_order_with_reasons(reading: Reading) -> None:
    """Codes and names of packages become words, whatever the order of the table."""
    told = [(d.who, d.words, d.reason) for d in diplomacy.deeds(reading, 0)]
    assert told == [
        ("United States", "puts ‘The American rule’ into force", "given by the scenario"),
        ("China", "announces ‘The Chinese licences’ for 8 May 2025",
         "the United States stands higher"),
        ("China", "asks the United States for talks", "the United States hurts us"),
        ("United States", "answers China: meeting on 5 May 2025", "resolve 0.10, will talk"),
        ("China and United States", "meet", "as agreed"),
        ("China", "offers to suspend its rung 1 for 8 weeks if the United States suspends rung 1",
         "talks"),
        ("United States", "accepts the offer of China: a deal until 30 June 2025",
         "China offers enough"),
        ("United States", "renews the deal with China until 18 August 2025", "renews"),
        ("China and United States", "let their deal run out", "nobody renewed it"),
    ]  # fmt: skip
    numbers = [d.number for d in diplomacy.deeds(reading, 0)]
    assert numbers == list(range(1, 10))


def test_what_was_announced_comes_into_force_on_its_day(reading: Reading) -> None:
    """Once for a package of two policies, on the day that was announced, at its rung."""
    [force] = [d for d in diplomacy.deeds(reading, 1) if d.action == "in_force"]
    assert (force.actor, force.date, force.height) == ("CHN", pd.Timestamp("2025-05-08"), 1)
    assert force.reason == "announced on 14 April 2025"
    assert not [d for d in diplomacy.deeds(reading, 0) if d.action == "in_force"]


def test_every_action_of_the_council_has_a_kind_and_words() -> None:
    """No two kinds share a word or a shape, and each shape has a static form."""
    words = {kind.word for kind in KINDS.values()}
    symbols = {kind.symbol for kind in KINDS.values()}
    assert len(words) == len(symbols) == len(KINDS)
    for symbol in symbols:
        assert marker_path(symbol, 10.0, 10.0, 14.0).startswith("M")
    source = "".join(path.read_text() for path in _states_sources())
    spoken = set(re.findall(r"announce\(\s*date, \w+(?:\[\d\])?, \"(\w+)\"", source))
    assert {"ask_talks", "meet", "breach", "deal_expires", "diverging_reading"} <= spoken
    known = {action for kind in KINDS.values() for action in kind.actions}
    assert spoken <= known


def _states_sources() -> list[Path]:
    folder = Path(diplomacy.__file__).parents[1] / "states"
    return sorted(folder.glob("*.py"))


def test_deals_last_until_renewed_broken_or_run_out(reading: Reading) -> None:
    days = ["2025-05-05", "2025-06-23", "2025-08-18"]
    signed, renewed, ended = (pd.Timestamp(day) for day in days)
    parties = ("CHN", "USA")
    assert diplomacy.deals(reading, 0) == [
        diplomacy.Deal(parties, signed, renewed), diplomacy.Deal(parties, renewed, ended),
    ]  # fmt: skip
    assert diplomacy.deals(reading, 1) == []


def test_rungs_are_those_of_the_events(reading: Reading) -> None:
    assert [rung for _, rung in diplomacy.steps(reading, 0, "CHN")] == [1, 0]
    assert diplomacy.rung(reading, 0, "CHN", pd.Timestamp("2025-04-13")) == 0
    assert diplomacy.rung(reading, 0, "CHN", pd.Timestamp("2025-04-14")) == 1


# --- paths ----------------------------------------------------------------------------------


def test_paths_are_counted_and_called_no_probability(reading: Reading) -> None:
    assert diplomacy.paths(reading) == {
        "United States backs down": (2,), "both impose, no deal": (1,), diplomacy.BEFORE: (0,),
    }  # fmt: skip
    text = captions.paths(reading)
    assert text.startswith("Of 3 runs: United States backs down in 1; both impose, no deal in 1; ")
    assert "no probabilities" in text
    assert "Deals signed: 1, of which 1 renewed and 1 run out" in text


def test_a_deal_after_everything_is_in_force_is_not_before_the_deadline(
    reading: Reading,
) -> None:
    """The deadline is that of the deal's own parties."""
    done = {d.action: d for d in diplomacy.deeds(reading, 0)}
    assert diplomacy._pending(reading, 0, done["accept"])
    late = done["deal_expires"]
    assert not diplomacy._pending(reading, 0, late)


# --- the chart ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("span", ["close", "whole"])
def test_the_chart_shows_every_deed_and_rung(reading: Reading, seed: int, span: str) -> None:
    figure = figures_escalation.escalation(reading, seed, span)
    marks = [t for t in figure["data"] if t["mode"] == "markers"]
    deeds = diplomacy.deeds(reading, seed)
    assert sorted(t["meta"]["row"][3] for t in marks) == sorted(d.text for d in deeds)
    for mark in marks:
        [kind] = [k for k in KINDS.values() if k.word == mark["name"]]
        assert mark["marker"]["symbol"] == kind.symbol
        assert (mark["y"][0] >= 0) == kind.move
        assert kind.move or mark["y"][0] == TALKS
    lines = [t for t in figure["data"] if t["name"] == "rung" and not t.get("fill")]
    codes = diplomacy.governments(reading)
    for code, line in zip(codes, lines, strict=True):
        rungs = [rung for _, rung in diplomacy.steps(reading, seed, code)]
        assert line["y"] == [0, *(r for old, new in pairwise([0, *rungs]) for r in (old, new)),
                             rungs[-1]]  # fmt: skip
    bars = [t for t in figure["data"] if t["name"] == "deal"]
    assert len(bars) == 2 * len(diplomacy.deals(reading, seed))


def test_what_followed_is_the_shown_run(reading: Reading) -> None:
    """The strips below the lanes hold this seed's own numbers, in both worlds."""
    figure = figures_escalation.escalation(reading, 2, "whole")
    [line] = [t for t in figure["data"] if t["name"] == "this run" and t["yaxis"] == "y3"]
    exported = reading.query(
        "SELECT date, sum(exports_t) AS t FROM markets WHERE scenario = 'april_2025' AND seed = 2 "
        "AND economy = 'CHN' AND good LIKE 'magnet%' GROUP BY date ORDER BY date"
    )["t"]
    days = reading.periods.days
    kept = reading.periods.kept
    rates = (exported.to_numpy() / days * 365.25 / 12)[kept]
    assert line["y"] == pytest.approx(rates.tolist(), rel=1e-4)
    good = figures_escalation.moved_most(reading)
    assert good.startswith("oxide_")
    assert any(theme_name(good) in str(a["text"]) for a in figure["layout"]["annotations"])


def theme_name(good: str) -> str:
    return f"{good.removeprefix('oxide_')} oxide"


def test_the_chart_can_be_read_on_a_projector(reading: Reading, real: Results) -> None:
    """Text of 18 px, contrast of 4.5:1, at most 720 px high; nothing leaves the figure."""
    for shown in (reading, Reading(real)):
        for seed in shown.seeds:
            for span in figures_escalation.spans(shown, seed):
                figure = figures_escalation.escalation(shown, seed, span)
                layout_ = figure["layout"]
                assert layout_["width"] == 1100
                assert layout_["height"] <= 720
                sizes = [a["font"]["size"] for a in layout_["annotations"]]
                assert min(sizes) >= 18
                for trace in figure["data"]:
                    if trace["mode"] == "markers":
                        assert theme.contrast(trace["marker"]["color"], theme.PAPER) >= 4.5
                root = ET.fromstring(figure_svg(figure, "x"))
                for node in root.iter("{http://www.w3.org/2000/svg}tspan"):
                    if "x" in node.attrib:
                        assert 0 <= float(node.attrib["x"]) <= 1100
                        assert 0 <= float(node.attrib["y"]) <= layout_["height"]


def test_numbers_do_not_cover_each_other(reading: Reading) -> None:
    """Marks of one height stand apart, and a number only where there is room."""
    for span, least in (("close", 27.0), ("whole", 16.0)):
        figure = figures_escalation.escalation(reading, 0, span)
        start, end = (pd.Timestamp(day) for day in figure["layout"]["xaxis"]["range"])
        width = 1100 - figure["layout"]["margin"]["l"] - figure["layout"]["margin"]["r"]
        tracks: dict[tuple[str, float], list[float]] = {}
        for trace in figure["data"]:
            if trace["mode"] == "markers":
                at = (pd.Timestamp(trace["x"][0]) - start) / (end - start) * width
                tracks.setdefault((trace["yaxis"], trace["y"][0]), []).append(at)
        for places in tracks.values():
            places.sort()
            assert all(b - a >= least - 0.1 for a, b in pairwise(places))


def test_the_chart_can_be_drawn_in_a_notebook(reading: Reading) -> None:
    figure = figures.plot(reading.results, "escalation", seed="2", span="whole")
    assert "seed 2" in figure.layout.title.text
    with pytest.raises(InputError, match="unknown seed '9'"):
        figures.plot(reading.results, "escalation", seed="9")
    with pytest.raises(InputError, match="no government decides"):
        figures.plot(report_cases.run(), "escalation")


# --- the section ----------------------------------------------------------------------------


def test_no_government_no_section() -> None:
    assert governments.government_section(Reading(report_cases.run())) == []


def test_the_section_holds_a_run_for_each_path(reading: Reading) -> None:
    [section] = governments.government_section(reading)
    tabs = [card.tab for card in section.groups[0]]
    assert tabs == ["United States backs down (seed 2)", "Both impose, no deal (seed 1)",
                    "Deal before the deadline (seed 0)"]  # fmt: skip
    for seed in reading.seeds:
        for deed in diplomacy.deeds(reading, seed):
            assert deed.words in section.after
    assert "An embargo</td><td class='n'>0 of 3" in section.after
    assert "The American rule</td><td class='n'>3 of 3" in section.after
    assert "loss 2.00 of 1.00 bn USD a week borne" in section.after


def test_terms_of_utility_are_the_tables(reading: Reading) -> None:
    """One, two and three bn USD by seed: 2 in the middle, p10 1.2, p90 2.8."""
    html = governments.utility_table(reading)
    assert html.count(layout.interval([1.0, 2.0, 3.0], plus=True)) == 2 * len(TERMS)
    total = layout.interval([8.0, 16.0, 24.0], plus=True)
    assert html.count(total) == 2
    assert html.index("lost downstream") < html.index(total)


def test_looking_ahead_is_told_in_runs_a_year(reading: Reading) -> None:
    """100 steps a month for 14 months of a run of 60 weeks at a week a step."""
    assert governments.lookahead(reading).startswith("No look-ahead was used")
    looked = Reading(affairs_cases.run(lookahead_steps=100.0))
    months = len(looked.periods.starts)
    expected = months * 100.0 / WEEKS_PER_YEAR / (60.0 / WEEKS_PER_YEAR)
    runs = governments.lookahead_runs(looked)
    assert runs["USA"] == pytest.approx([expected] * 3)
    assert runs["CHN"] == pytest.approx([0.0] * 3)
    text = governments.lookahead(looked)
    assert f"United States {layout.interval(runs['USA'])} (at most 12)" in text
    assert "China" not in text


# --- the other charts -----------------------------------------------------------------------


def test_other_charts_mark_what_every_run_shares(reading: Reading) -> None:
    """A package stands once, on its own day; what only some runs do is left out."""
    labels = [marker.label for marker in reading.markers()]
    assert labels == [
        "7 April 2025, United States: The American rule in force",
        "14 April 2025, China: The Chinese licences announced",
    ]


# --- a real run -----------------------------------------------------------------------------


def test_a_real_run_has_the_section(real: Results, tmp_path: Path) -> None:
    """After the key numbers, with every row of the council of the first run shown."""
    page = build_report(real, tmp_path).read_text(encoding="utf-8")
    sections = re.findall(r"<section id=\"(\w+)\"", page)
    assert sections[:3] == ["numbers", "escalation", "exports"]
    shown = Reading(real)
    acted = shown.query(
        "SELECT count(*) AS n FROM events WHERE scenario = 'october_2025_strategic' AND seed = 0 "
        "AND reason = 'given by the scenario'"
    )["n"][0]
    given = [d for d in diplomacy.deeds(shown, 0) if d.reason == "given by the scenario"]
    assert len(given) == acted > 2
    for deed in diplomacy.deeds(shown, 0):
        assert not re.search(r"\b(CHN|USA|chn_|usa_)", deed.text), deed.text
    events = len(shown.markers())
    assert 0 < events <= 12
