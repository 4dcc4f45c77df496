"""The page: whole, in order, readable without seeing it, and asking no other host for anything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import report_cases
from tradesim.errors import OutputError
from tradesim.report import build_report, text
from tradesim.report.page import asset
from tradesim.report.reading import Reading
from tradesim.report.sections import figure_sections
from tradesim.report.words import command, source_section
from tradesim.tables.loader import list_data

SECTIONS = ["numbers", "exports", "prices", "shortfalls", "instruments", "flows", "licences",
            "plants", "reading", "sources", "reproduce"]  # fmt: skip
#: Attributes through which a page can ask for something.
FETCHING = {"src", "href", "srcset", "data", "action", "poster", "xlink:href", "formaction"}


class Page(HTMLParser):
    """What a test wants to know of a page: elements with attributes, in order, and all text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = build_report(report_cases.run(), tmp_path_factory.mktemp("page"))
    assert path.name == "report.html"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def figures(source: str) -> list[dict[str, Any]]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', source, re.DOTALL)
    return [json.loads(part) for part in found]


def test_sections_stand_in_order(page: Page) -> None:
    assert [a["id"] for a in page.all("section")] == SECTIONS
    links = [a["href"] for a in page.all("a") if a.get("class") != "skip"]
    sections = [link for link in links if not link.startswith("#instrument-")]
    assert sections == [f"#{name}" for name in SECTIONS]


def test_page_asks_no_other_host(page: Page) -> None:
    asked = [
        (tag, name, value)
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in FETCHING and not value.startswith(("#", "data:"))
    ]
    assert asked == []
    assert not any("src" in attributes for attributes in page.all("script"))


def test_styles_and_drawings_fetch_nothing(source: str) -> None:
    without_library = re.sub(r"<script>.*?</script>", "", source, flags=re.DOTALL)
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", without_library))
    assert {a for a in addresses if not a.startswith("http://www.w3.org/")} <= cited_addresses()
    assert "@import" not in without_library
    assert set(re.findall(r"url\(([^)#]{2,})", without_library)) == set()


def cited_addresses() -> set[str]:
    """Addresses that stand as text in the sources of the data."""
    words = " ".join(str(value) for item in list_data() for value in item.values())
    return set(re.findall(r"https?://[^\s\"'<)]+", words))


def test_browser_is_told_to_fetch_nothing(page: Page) -> None:
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_library_is_inlined_once(source: str) -> None:
    assert len(re.findall(r"plotly\.js v\d", source)) == 1
    assert len(source.encode()) < 8_000_000


def test_inlined_scripts_end_where_they_should(page: Page) -> None:
    scripts = [a for a in page.all("script") if "type" not in a]
    assert len(scripts) == 2


def test_finding_and_key_numbers_come_first(source: str) -> None:
    assert source.index('class="finding"') < source.index('id="numbers"') < source.index("<figure")
    finding = re.search(r'<p class="finding">(.*?)</p>', source, re.DOTALL)
    assert finding is not None
    assert "p10–p90, of 3 runs" in finding.group(1)


def test_every_figure_has_a_text_alternative_with_numbers(page: Page) -> None:
    charts = [a for a in page.all("div") if a.get("class") == "chart"]
    assert len(charts) == len(page.all("figure")) == len(page.all("figcaption")) >= 15
    for chart in charts:
        assert chart["role"] == "img"
        assert re.search(r"\d", chart["aria-label"].partition(". ")[2]), chart["aria-label"]


def test_each_figure_stands_as_data_and_as_drawing(source: str) -> None:
    data = figures(source)
    assert len(data) == source.count("<figure ") == source.count('"><svg xmlns')
    for spec in data:
        assert all(isinstance(trace["x"], int) for trace in spec["data"])
        assert all(trace["x"] < len(spec["shared"]) for trace in spec["data"])


def test_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["data-target"] for a in page.all("button") if "data-target" in a}
    assert targets <= set(ids)


def test_one_card_of_a_group_is_shown_and_its_button_pressed(page: Page) -> None:
    groups: dict[str, list[str]] = {}
    for attributes in page.all("figure"):
        groups.setdefault(attributes["data-group"], []).append(attributes["class"])
    for classes in groups.values():
        assert classes == ["card"] + ["card off"] * (len(classes) - 1)
    pressed = [a for a in page.all("button") if a.get("aria-pressed") == "true"]
    assert len(pressed) == sum(len(classes) > 1 for classes in groups.values())


def test_the_three_shortfalls_are_defined_and_chosen_by_buttons(source: str) -> None:
    for name, words in text.SHORTFALLS.values():
        assert f"<dt>{name}</dt>" in source
        assert words.replace("’", "’") in source
        assert source.count(f">{name}</button>") == 2


def test_page_says_what_it_is_not(page: Page) -> None:
    words = " ".join(page.words)
    for phrase in ("not a forecast", "same point values", "It is not a probability"):
        assert phrase in words.replace("not a probability", "not a probability")
    assert "assumption" in words


def test_text_of_the_page_is_at_least_eighteen_pixels() -> None:
    screen = asset("page.css").partition("@media print")[0]
    assert "font: 18px/1.5" in screen
    sizes = [float(s) for s in re.findall(r"font-size: ([\d.]+)px", screen)]
    assert min(sizes) >= 18


def test_print_shows_every_figure_as_a_drawing() -> None:
    paper = asset("page.css").partition("@media print")[2]
    assert ".live { display: none; }" in paper
    assert "figure.off { display: block; }" in paper


def test_reproduction_block_names_command_version_seeds_and_hash(source: str) -> None:
    manifest = report_cases.run().manifest
    assert "tradesim run scenario=april_2025 seeds=3 weeks=60" in source
    assert str(manifest["result_hash"]) in source
    assert str(manifest["code_version"]) in source
    assert "How to cite" in source


def test_seeds_that_are_not_counted_from_zero_are_listed() -> None:
    results = report_cases.headline_only([("x", "CHN", "all", "t", [1.0, 2.0])])
    manifest = {**results.manifest, "seeds": [3, 7]}
    changed = type(results)(manifest, results.config, {}, results.summary, held=results.held)
    assert "seeds=[3,7]" in command(Reading(changed))


def test_sources_are_grouped_and_assumptions_marked() -> None:
    section = source_section(list_data())
    assert "Rules that fill gaps (" in section.intro
    assert "class='assumption'" in section.intro
    assert "figures moved; the 20 largest" in section.intro


def test_scenario_words_cannot_break_the_page(tmp_path: Path) -> None:
    results = report_cases.headline_only([("ask_peak_ratio", "EU27", "oxide_Dy", "1", [2.0])])
    page = build_report(results, tmp_path / "x.html").read_text(encoding="utf-8")
    assert "<h1>A &lt;title&gt;</h1>" in page


def test_an_html_path_is_taken_as_it_is(tmp_path: Path) -> None:
    results = report_cases.headline_only([("ask_peak_ratio", "EU27", "oxide_Dy", "1", [2.0])])
    assert build_report(results, tmp_path / "deep" / "x.html") == tmp_path / "deep" / "x.html"


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    results = report_cases.headline_only([("ask_peak_ratio", "EU27", "oxide_Dy", "1", [2.0])])
    with pytest.raises(OutputError, match="cannot be written"):
        build_report(results, blocked)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"compare": None, "seeds": 2}, text.ALONE),
        ({"seeds": 1}, text.ONE_RUN),
        ({"seeds": 1, "weeks": 10}, text.NO_LICENCES),
        ({"seeds": 2, "weeks": 1}, "January 2025"),
        ({"scenario": "baseline", "compare": "baseline", "seeds": 2, "weeks": 30}, text.ALONE),
        ({"scenario": "reference", "compare": "baseline", "seeds": 2}, text.NO_LICENCES),
        ({"seeds": 2, "weeks": 260}, "Q1"),
        ({"seeds": 2, "record": "headline"}, text.NO_TABLES),
    ],
    ids=["alone", "one-run", "short", "one-week", "itself", "no-licences", "long", "headline"],
)
def test_unusual_results_make_a_page_too(
    case: dict[str, Any], says: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    page = build_report(report_cases.run(**case), tmp_path).read_text(encoding="utf-8")
    assert says in page
    assert "NaN" not in page.partition("<figure")[0]
    assert page.rstrip().endswith("</html>")


def test_a_world_without_shock_shows_no_shortfall() -> None:
    reading = Reading(report_cases.run("reference", "baseline", seeds=2))
    sections = {section.slug: section for section in figure_sections(reading)}
    captions = [card.caption for card in sections["shortfalls"].cards]
    assert any("No median shortfall reaches 0.5%" in caption for caption in captions)
    assert sections["licences"].cards == []
