"""What `list` and `describe` say of policies and scenarios is read off pages and classes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tradesim import catalogue, cli, config, listing, pages
from tradesim.catalogue import Entry
from tradesim.parameters import OutsideParameters
from tradesim.policies import Coverage, Tariff

POLICIES = config.names("policy")
SCENARIOS = config.names("scenario")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    assert cli.main(words) == 0
    return capsys.readouterr().out


def width(text: str) -> int:
    """Columns of the widest line; an address alone on its line stays whole, to be copied."""
    return max(len(line) for line in text.splitlines() if not re.fullmatch(r" *\(?http\S+", line))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_described_in_full(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every parameter with unit and source, the page's sources, who, what, when; 100 columns."""
    text = told(capsys, "describe", name)
    found = json.loads(told(capsys, "describe", name, "--json"))
    assert width(text) <= pages.WIDTH
    assert found["kind"] == "policy"
    assert found["fields"]
    for field in found["fields"]:
        assert field["description"]
        if field["name"] not in ("title", "imposed_by", *catalogue.DATES, "covers", "sources"):
            assert f"{field['name']} = " in text
            assert flat(field.get("unit", "")) in flat(text)
    for source in found["sources"]:
        assert flat(source) in flat(text)
    assert catalogue.economy(found["imposed_by"]) in text
    assert found["instrument"].replace("_", " ") in text
    for key in ("goods", "from", "to"):
        assert flat(found["covered"][key]) in flat(text)
    assert found["command"] in flat(text.replace("\\\n", ""))


@pytest.mark.parametrize("name", POLICIES)
def test_the_command_to_try_is_understood(name: str) -> None:
    """It composes, and the policy is in it."""
    words = shlex.split(listing.describe(name)["command"])
    assert words[:2] == ["tradesim", "run"]
    assert name in config.load(words[2:]).scenario.policies


def test_scenarios_that_use_a_policy_are_named() -> None:
    assert "april_2025" in listing.describe("licence_april_2025")["scenarios"]
    assert "full_embargo" in listing.describe("embargo_china")["scenarios"]


def test_policies_are_listed_by_state(capsys: pytest.CaptureFixture[str]) -> None:
    """Every page once, under the full name of its state, within the width, China first."""
    text = told(capsys, "list", "policies")
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= pages.WIDTH
    names = [line.split()[0] for line in lines if line.startswith("    ")]
    assert sorted(names) == sorted(POLICIES)
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads[0].startswith("China (")
    rows = json.loads(told(capsys, "list", "policies", "--json"))
    assert {"name", "title", "class", "instrument", "imposed_by", "effective"} <= set(rows[0])


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Story, policies with their dates, what it is compared with; within the width."""
    text = told(capsys, "describe", name)
    assert max(len(line) for line in text.splitlines()) <= pages.WIDTH
    found = json.loads(told(capsys, "describe", name, "--json"))
    assert flat(found["story"]) in flat(text)
    assert f"Compared with   {found['compare']}" in text
    for policy in found["policies"]:
        assert f"  {policy}: " in text


def test_a_policy_that_starts_after_the_run_is_noted() -> None:
    """Fine, and said."""
    told_: dict[str, Any] = {
        "name": "n", "title": "t", "story": "s", "compare": None, "keys": {}, "market": {},
        "sources": [],
    }  # fmt: skip
    page = listing._pages("policy")["tariff_usa"]
    late = pages.scenario_page(told_, [catalogue.entry("d", page)], page["effective"])
    assert "after the end of the run on 1 November 2025" in late
    after = page["effective"].replace(year=2026)
    assert "after the end" not in pages.scenario_page(told_, [catalogue.entry("d", page)], after)


def test_coverage_in_words() -> None:
    """Goods in groups, groups of economies resolved, exemptions named."""
    cover = Coverage(
        elements=("Dy", "Tb"), goods=("oxide_*", "metal_*", "magnet_SmCo"),
        destinations=("allies",), exempt_destinations=("JPN",), end_uses=("d*",),
    )  # fmt: skip
    found = dict(catalogue.coverage(cover))
    assert found["goods"].startswith("oxides of Tb, Dy; metals Dy, Tb; magnet_SmCo (")
    assert found["to"].startswith("European Union")
    assert found["to"].endswith("except Japan")
    assert found["end uses"] == "defence"
    assert found["from"] == "everywhere"
    assert dict(catalogue.coverage(Coverage()))["goods"] == "every good"


def test_values_in_words() -> None:
    """Mappings, lists, nothing and yes are readable on one line."""
    for value, text in (
        ({"civilian": 0.5, "defence": 0.0}, "civilian 0.5, defence 0"),
        ({"USA": {"*": 0.1}}, "USA: * 0.1"),
        ([{"starts": "2025-10-14", "fee": 50}], "starts 2025-10-14, fee 50"),
        (("a", "b"), "a, b"), ({}, "none"), (None, "none"), (True, "yes"), (0.1 + 0.2, "0.3"),
    ):  # fmt: skip
        assert catalogue.value_text(value) == text


def test_dates_in_words() -> None:
    page = {"effective": "2025-04-04", "suspended": "2025-11-10", "expires": "2026-11-10"}
    each = Entry("p", page, None, None)
    assert catalogue.span(each) == "4 Apr 2025 - 10 Nov 2025"
    assert dict(catalogue.dates(each))["suspended"].startswith("10 November 2025")


def test_a_page_that_is_refused_is_described_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is wrong with it; so is one whose words say where to look."""
    (tmp_path / "policy").mkdir()
    text = Path(POLICIES["tariff_usa"]).read_text(encoding="utf-8")
    (tmp_path / "policy" / "bad.yaml").write_text(text.replace("rate: 1.0", "rate: -1.0"))
    place = f"hydra.searchpath=['file://{tmp_path}']"
    shown = flat(told(capsys, "describe", "bad", place))
    assert "The page is refused" in shown
    assert "greater than or equal to 0" in shown
    assert "bad" in told(capsys, "list", "policies", place)
    assert cli.main(["describe", "bad"]) == 2
    assert cli.main(["list", "policies", "seeds=3"]) == 2
    assert "hydra.searchpath" in capsys.readouterr().err


def test_further_goods_and_outside_parameters_are_told() -> None:
    """The battery stands after the goods of the chain; what lies outside the market has units."""
    names = [row["name"] for row in listing.goods()]
    assert names[-1] == "lithium_battery"
    assert listing.describe("lithium_battery")["stage"] == "further"
    found = {row["name"]: row for row in listing.describe("parameters")["outside"]}
    assert set(found) == set(OutsideParameters.model_fields)
    assert all(row["description"] and row["source"] for row in found.values())


def test_every_class_is_documented_once() -> None:
    """Those that no page names too."""
    found = catalogue.classes(catalogue.library(catalogue.own_pages()))
    assert len(set(found)) == len(found)
    assert {cls.__name__ for cls in found} >= {"Tariff", "Truce", "ExportLicensing"}
    names = {each.fact.name for each in catalogue.parameters(Tariff)}
    assert {"rate", "specific_usd_per_kg"} <= names
    assert "strength" not in names
