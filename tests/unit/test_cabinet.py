"""`list` and `describe` read strategies, packages and governments off their pages."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tradesim import cabinet, catalogue, cli, config, listing, pages, strategies
from tradesim.states.government import Government

STRATEGIES = config.names("strategy")
PACKAGES = config.names("package")
GOVERNMENTS = config.names("state")
STRATEGIC = "october_2025_strategic"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    assert cli.main(words) == 0
    return capsys.readouterr().out


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_strategy_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, title and class of every page; no class of the package is left without a page."""
    rows = json.loads(told(capsys, "list", "strategies", "--json"))
    assert [row["name"] for row in rows] == list(STRATEGIES)
    text = told(capsys, "list", "strategies")
    for row in rows:
        assert row["title"]
        assert not row["title"].startswith("#")
        assert f"{row['name']} " in text
        assert row["title"] in text
    built = {f"tradesim.strategies.{name}" for name in strategies.__all__ if name != "Strategy"}
    assert {row["class"] for row in rows} == built


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_is_described_in_full(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it does with its source; every parameter with unit, range and source; 100 columns."""
    text = told(capsys, "describe", name)
    found = json.loads(told(capsys, "describe", name, "--json"))
    assert found["kind"] == "strategy"
    assert max(map(len, text.splitlines())) <= pages.WIDTH
    cls, fault = cabinet.strategy_class(catalogue.read_page(STRATEGIES[name]), ("tradesim.",))
    assert cls
    assert not fault
    for line in found["text"].split("\n"):
        assert flat(line) in flat(text)
    assert {field["name"] for field in found["fields"]} == set(cls.model_fields)
    for field in found["fields"]:
        assert field["description"]
        assert f"  {field['name']} = " in text
        for key in ("unit", "allowed", "source"):
            assert flat(field.get(key, "")) in flat(text)
    assert found["command"] in flat(text.replace("\\\n", ""))


@pytest.mark.parametrize("name", ["best_response", "logit_response", "scripted", "stackelberg"])
def test_the_command_to_try_gives_china_the_strategy(name: str) -> None:
    """It is accepted, the budget for looking ahead included."""
    words = shlex.split(listing.describe(name)["command"])
    assert words[:2] == ["tradesim", "run"]
    job = config.load(words[2:])
    target = catalogue.read_page(STRATEGIES[name])["_target_"]
    assert job.scenario.states["CHN"]["strategy"]["_target_"] == target


def test_parameters_of_a_page_stand_beside_their_defaults() -> None:
    found = {f["name"]: f for f in listing.describe("generous_tit_for_tat")["fields"]}
    assert found["forgiveness"]["value"] == pytest.approx(0.333)
    assert found["forgiveness"]["default"] != found["forgiveness"]["value"]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "describe", f"package/{name}")
    found = listing.describe(f"package/{name}")
    page = catalogue.read_page(PACKAGES[name])["packages"][name]
    assert max(map(len, text.splitlines())) <= pages.WIDTH
    assert list(found["policies"]) == page["policies"]
    assert all(found["policies"].values())
    assert flat(page["title"]) in flat(text)
    for source in page["sources"]:
        assert flat(source) in flat(text)


@pytest.mark.parametrize("name", GOVERNMENTS)
def test_a_government_is_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Strategy, ladder with titles, given moves, and every parameter that its page may set."""
    text = told(capsys, "describe", f"state/{name}")
    found = listing.describe(f"state/{name}")
    [(code, page)] = catalogue.read_page(GOVERNMENTS[name])["states"].items()
    assert max(map(len, text.splitlines())) <= pages.WIDTH
    assert found["state"] == code
    assert list(found["ladder"]) == page["ladder"]
    assert all(found["ladder"].values())
    assert f"{catalogue.economy(code)}: {found['strategy'].rpartition('.')[2]}" in text
    assert text.count("given: ") == len(page.get("opening", ()))
    told_fields = {field["name"] for field in found["fields"]} | set(cabinet._SETTLED)
    assert told_fields == set(Government.model_fields)


def test_two_pages_of_one_name_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    both = sorted(set(PACKAGES) & set(GOVERNMENTS))
    assert "chn_october" in both
    assert "tradesim describe state/chn_october" in told(capsys, "describe", "chn_october")
    assert listing.describe("state/chn_october")["kind"] == "government"


def test_scenarios_that_use_a_page_are_named() -> None:
    assert STRATEGIC in listing.describe("escalation_ladder")["scenarios"]
    assert STRATEGIC in listing.describe("usa_tariff_100")["scenarios"]
    assert STRATEGIC in listing.describe("usa_october")["scenarios"]
    assert STRATEGIC not in listing.describe("generous_tit_for_tat")["scenarios"]


def test_a_strategic_scenario_shows_its_governments(capsys: pytest.CaptureFixture[str]) -> None:
    """In the list by code; in full with rungs and given moves; a held policy has no date."""
    rows = {row["name"]: row for row in listing.scenarios()}
    states = config.compose([f"scenario={STRATEGIC}"])["states"]
    assert rows[STRATEGIC]["governments"] == list(states)
    assert "governments" not in rows["april_2025"]
    assert f"(decides: {', '.join(states)})" in told(capsys, "list", "scenarios")
    text = told(capsys, "describe", STRATEGIC)
    assert "China: EscalationLadder; watches United States" in text
    assert "rung 2: usa_tariff_100, American duty of a further 100% on Chinese goods" in text
    assert "given: 2025-10-06 announces chn_october for 2025-11-08" in text
    held = "tariff_usa_100_threat_2025: tariff by United States, when its government decides"
    assert held in text
    assert "Governments" not in told(capsys, "describe", "april_2025")
    deciding = {name: row["governments"] for name, row in rows.items() if "governments" in row}
    assert set(deciding) >= {name for name in rows if name.endswith("_strategic")}
    for name, codes in deciding.items():
        assert set(codes) == set(config.compose([f"scenario={name}"])["states"]), name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("describe", "silenc"), "did you mean 'silence'?"),
        (("describe", "usa_octobr"), "did you mean 'usa_october'?"),
        (("describe", "strategy/silenc"), "did you mean 'silence'?"),
        (("run", f"scenario={STRATEGIC}", "strategy=foo"), "unknown strategy 'foo'"),
        (("run", f"scenario={STRATEGIC}", "strategy@states.CHN.strategy=silenc"),
         "did you mean 'silence'?"),
        (("run", f"scenario={STRATEGIC}", "states.CHN.strategy=silence"),
         "strategy@states.CHN.strategy=silence"),
        (("run", f"scenario={STRATEGIC}", "states.CHN.strategy._target_=tradesim.policies.Tariff"),
         "derives from tradesim.strategies.Strategy"),
        (("run", f"scenario={STRATEGIC}", "states.CHN.strategy.stubbornes=1"),
         "did you mean 'states.CHN.strategy.stubbornness'?"),
    ],
)  # fmt: skip
def test_a_misspelt_strategy_is_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err


def test_a_strategy_outside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Listed in any case; described with its parameters once its class is allowed."""
    (tmp_path / "strategy").mkdir()
    page = "# Never moves, politely.\n_target_: own_strategies.Polite\n"
    (tmp_path / "strategy" / "polite.yaml").write_text(page, encoding="utf-8")
    source = (
        "from tradesim.strategies import Silence\n\n\nclass Polite(Silence):\n"
        '    """Says nothing, politely.\n\n    Source: none.\n    """\n\n    bows: int = 3\n'
    )
    (tmp_path / "own_strategies.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TRADESIM_CONF", str(tmp_path))
    rows = {row["name"]: row for row in listing.strategies()}
    assert rows["polite"]["title"] == "Never moves, politely."
    assert "allow_targets" in rows["polite"]["fault"]
    assert "Its class is not loaded" in told(capsys, "describe", "polite")
    allowed = told(capsys, "describe", "polite", "allow_targets=own_strategies")
    assert "bows = 3 (default)" in allowed
    assert "Source: none." in allowed
