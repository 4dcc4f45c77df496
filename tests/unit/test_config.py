"""Pages and words become a typed run, or one message that says what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import initialize_config_dir

from tradesim import config, multirun, trees
from tradesim import overrides as ov
from tradesim.errors import InputError
from tradesim.fields import facts
from tradesim.parameters import MarketParameters
from tradesim.scenario import RunConfig, Scenario

DUTY = """\
_target_: tradesim.policies.Tariff
title: A duty on magnets
imposed_by: USA
announced: 2025-02-01
effective: 2025-03-03
covers: {goods: ["magnet_*"], destinations: [USA]}
rate: 0.25
"""
TAXED = """\
# @package _global_
defaults: [/policy/duty@policies.duty]
scenario: {name: taxed, title: A world with a duty, compare: reference}
"""
DEARER = """\
# @package _global_
defaults: [override /scenario: taxed]
experiment: {title: A higher duty}
weeks: 8
market: {panic: 0.4}
policies: {duty: {rate: 0.5}}
"""
USER_PAGE = """\
# @package _global_
weeks: 30
scenario: {name: mine, title: A world of mine, compare: reference}
"""


def refusal(*words: str) -> InputError:
    """The error that ``words`` are refused with."""
    with pytest.raises(InputError) as caught:
        config.load(words)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.fixture
def user_pages(tmp_path: Path) -> Path:
    """A folder of a user's own, with two scenarios, a policy and an experiment."""
    folder = tmp_path / "my pages"
    for group, name, text in (
        ("scenario", "mine", USER_PAGE),
        ("scenario", "taxed", TAXED),
        ("policy", "duty", DUTY),
        (
            "experiment",
            "panic",
            "# @package _global_\nexperiment: {title: Panic}\nweeks: 12\n"
            "hydra: {sweeper: {params: {scenario: 'baseline,reference', market.panic: '0,1'}}}\n",
        ),
        ("experiment", "dearer", DEARER),
    ):
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_defaults_of_the_page_are_those_of_the_schema() -> None:
    """config.yaml repeats the schema's defaults for the reader; they must not drift apart."""
    page = yaml.safe_load((config.config_dir() / "config.yaml").read_text(encoding="utf-8"))
    groups = {"compare", "market", "outside", "policies", "packages", "states", "talks"}
    for name, fact in facts(Scenario).items():
        if name in page and name not in groups:
            default = list(fact.default) if isinstance(fact.default, tuple) else fact.default
            assert page[name] == default, name
    for name in ("uncertainty", "engine"):
        assert page[name] == facts(RunConfig)[name].default


@pytest.mark.parametrize("name", config.names("scenario"))
def test_every_scenario_composes(name: str) -> None:
    """A scenario carries its own name, a title, a known world of comparison; its sources stand."""
    run = config.load([f"scenario={name}", "seeds=1"])
    assert run.scenario.name == name
    assert run.scenario.title
    assert run.scenario.story
    assert run.compare is not None
    assert run.compare.start == run.scenario.start


@pytest.mark.parametrize(
    ("word", "seeds"),
    [("seeds=3", (0, 1, 2)), ("seeds=[3,7]", (3, 7)), ("seeds=3,7", (3, 7)), ("seeds=1", (0,))],
)
def test_seeds(word: str, seeds: tuple[int, ...]) -> None:
    """A number counts from 0, a list is itself."""
    assert config.load([word]).seeds == seeds


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("week=10", "'weeks'"),
        ("market.price_sensitivty=2", "'market.price_sensitivity'"),
        ("markt.panic=1", "'market.panic'"),
        ("scenario=refrence", "'reference'"),
        ("compare=refrence", "'reference'"),
        ("+week=10", "'weeks'"),
        ("scenario.titel=x", "'scenario.title'"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(word: str, nearest: str) -> None:
    """What, where, what is allowed, the remedy: all four."""
    error = refusal(word)
    assert nearest in error.remedy
    assert error.where
    assert error.allowed


def test_an_unknown_policy_says_what_there_is() -> None:
    """The scenario is named, for another one may well have that policy."""
    error = refusal("policies.xyz.delay=3")
    assert "policies.xyz.delay" in error.what
    assert "baseline" in error.where


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("weeks=0", "1 to 1040"),
        ("weeks=1041", "1 to 1040"),
        ("weeks=1.5", "1 to 1040"),
        ("step_weeks=0.1", "0.25 to 4"),
        ("step_weeks=5", "0.25 to 4"),
        ("firms=0", "1"),
        ("noise=-0.1", "0 to 1"),
        ("noise=1.1", "0 to 1"),
        ("noise=nan", "0 to 1"),
        ("seeds=0", "1 to"),
        ("seeds=-3", "1 to"),
        ("market.panic=9", "0 to 1.5 share of target cover per unit of perceived risk"),
        ("record=weekly", "headline, monthly, full"),
        ("workers=0", "1 to 1024"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(word: str, allowed: str) -> None:
    """The key, the value and the range with its unit."""
    error = refusal(word)
    key, _, value = word.partition("=")
    assert key in error.what
    assert value in error.what
    assert error.allowed.startswith(allowed)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("seeds=[3,3]",), "all different"),
        (("seeds=[]",), "at least one"),
        (("start=2025-13-01",), "start"),
        (("weeks=1,2",), "several values"),
        (("nonsense",), "not an override"),
        (("weeks='",), "does not parse"),
        (("out=",), "out names no folder"),
        (("engine=numba",), "not built yet"),
        (("allow_targets=a", "+policies.p={_target_:os.system}"), "allow_targets=ITS_PACKAGE"),
        (("+policies.p={_target_:os.system}",), "names the class 'os.system'"),
        (("+policies.p={_target_:tradesim.cli.main}",), "is not a policy"),
        (("+policies.p={_target_:tradesim.policies.Tarif}",), "no class"),
        (("hydra.searchpath=[file:///no/such/folder]",), "no such folder"),
        (("hydra.searchpath=[s3://bucket]",), "no folder"),
    ],
)
def test_other_bad_words(words: tuple[str, ...], part: str) -> None:
    """One clear message each."""
    assert part in str(refusal(*words))


def test_two_worlds_of_one_name_are_refused(
    user_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their rows could not be told apart in the tables; a name of its own tells them apart."""
    monkeypatch.setenv("TRADESIM_CONF", str(user_pages))
    words = ["scenario=baseline", "+policy@policies.duty=duty"]
    assert "scenario.name=" in refusal(*words).remedy
    run = config.load([*words, "scenario.name=dutiful", "compare=baseline"])
    assert list(run.scenario.policies) == ["duty"]
    assert run.compare is not None
    assert not run.compare.policies


@pytest.mark.parametrize(
    ("word", "what", "help_"),
    [
        ("policies.duty.rate=-0.1", "policies.duty.rate = -0.1", "0 to 10 share of value"),
        ("policies.duty.rat=0.1", "'policies.duty.rat'", "'policies.duty.rate'"),
        ("policies.duti.rate=0.1", "'policies.duti.rate'", "'policies.duty.rate'"),
        ("policies.duty.specific_usd_per_k=1", "usd_per_k'", "'policies.duty.specific_usd_per_kg'"),
        ("policies.duty.expires=2025-01-01", "policies.duty: expires (2025-01-01)", "effective"),
        ("policies.duty.effective=2025-01-01", "policies.duty: effective", "announced"),
        ("policies.duty.imposed_by=US", "unknown economy 'US'", "'USA'"),
        ("policies.duty.covers.goods=[magnet_NdFe]", "'magnet_NdFe'", "'magnet_NdFeB'"),
        ("policies.duty.strength=2", "policies.duty.strength = 2", "0 to 1 share"),
        ("+policies.duty.colour=red", "'policies.duty.colour'", "rate"),
        ("~policies.duty.title", "policies.duty.title is missing", "taxed"),
    ],
)
def test_a_bad_policy_parameter_is_refused(
    user_pages: Path, monkeypatch: pytest.MonkeyPatch, word: str, what: str, help_: str
) -> None:
    """Parameters of a policy are judged by its class before anything runs."""
    monkeypatch.setenv("TRADESIM_CONF", str(user_pages))
    error = refusal("scenario=taxed", word)
    assert what in error.what
    assert help_ in str(error)


def test_a_declared_parameter_need_not_stand_on_the_page(
    user_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields of the class can be set though the page is silent; policies can be taken off."""
    monkeypatch.setenv("TRADESIM_CONF", str(user_pages))
    run = config.load(["scenario=taxed", "policies.duty.specific_usd_per_kg=2"])
    assert run.scenario.policies["duty"]["specific_usd_per_kg"] == 2
    assert config.load(["scenario=taxed", "~policies.duty"]).scenario.policies == {}


def test_the_comparison_world_shares_the_horizon_and_the_behaviour() -> None:
    """What the user changes holds for both worlds; policies belong to one alone."""
    run = config.load(["scenario=reference", "weeks=10", "firms=500", "market.panic=0.2"])
    assert run.compare is not None
    assert (run.compare.weeks, run.compare.firms, run.compare.market.panic) == (10, 500, 0.2)
    assert run.scenario.growth != run.compare.growth or run.compare.name == "reference"
    assert config.load(["scenario=reference", "compare=none"]).compare is None


def test_out_takes_any_path_as_it_is() -> None:
    """Blanks, brackets, quotes and commas are no grammar in the name of a folder."""
    for name in ("results/a b", "results/a,b(c)", "it's [here]", "/x/y=z"):
        assert config.load([f"out={name}"]).out == Path(name)


def test_pages_of_the_users_own(user_pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found through the search path or the environment; ours are there as well."""
    run = config.load(["scenario=mine", f"hydra.searchpath=['file://{user_pages}']"])
    assert (run.scenario.name, run.scenario.weeks) == ("mine", 30)
    assert run.compare is not None
    assert (run.compare.name, run.compare.weeks) == ("reference", 30)
    monkeypatch.setenv("TRADESIM_CONF", str(user_pages))
    assert config.load(["scenario=mine"]).scenario == run.scenario
    assert {"mine", "baseline"} <= set(config.names("scenario"))


@pytest.mark.parametrize(
    ("page", "part"),
    [
        ("# @package _global_\nweeks: [1,\n", "cannot be composed"),
        ("# @package _global_\nweek: 3\nscenario: {name: bad, title: t}\n", "'weeks'"),
        ("# @package _global_\nscenario: {name: bad, titel: t}\n", "'title'"),
        ("# @package _global_\nscenario: {name: bad}\n", "title is missing"),
        ("# @package _global_\nallow_targets: [os]\nscenario: {name: bad}\n", "on a page"),
        ("# @package _global_\ndefaults: [/policy/none@policies.x]\n", "cannot be composed"),
    ],
)
def test_a_bad_page_is_refused(user_pages: Path, page: str, part: str) -> None:
    """A fault on a page is told as one message, whatever found it."""
    (user_pages / "scenario" / "bad.yaml").write_text(page, encoding="utf-8")
    assert part in str(refusal("scenario=bad", f"hydra.searchpath=['file://{user_pages}']"))


def test_hydra_is_handed_back() -> None:
    """A notebook that has Hydra open keeps it."""
    with initialize_config_dir(str(config.config_dir()), version_base="1.3"):
        config.load([])
        with pytest.raises(ValueError, match="already initialized"):
            initialize_config_dir(str(config.config_dir()), version_base="1.3")


def test_difference_lists_the_keys_that_differ() -> None:
    """Leaves only, both values, None where a key is absent."""
    here = {"a": 1, "b": {"c": 2, "d": 3}, "e": {}}
    there = {"a": 1, "b": {"c": 4}, "e": {}}
    assert trees.difference(here, there) == {
        "b.c": {"value": 2, "reference": 4},
        "b.d": {"value": 3, "reference": None},
    }
    assert trees.difference(here, here) == {}


def test_fingerprint_sees_content_and_not_names() -> None:
    """The classic bug: two scenarios that silently read the same values."""
    run = config.load(["scenario=reference"])
    renamed = config.load(["scenario=reference", "scenario.title=other", "workers=1", "out=x"])
    other = config.load(["scenario=reference", "noise=0.04"])
    assert config.fingerprint(run) == config.fingerprint(renamed) != config.fingerprint(other)


@pytest.mark.parametrize(
    "value",
    [True, 3, 0.25, "text", "it's \\'so\\", "a, b", "", None, [1, 2], ["x", None], {"k": "v"}],
)
def test_keyword_arguments_survive_the_grammar(value: Any) -> None:
    """What Python hands over comes out of Hydra's grammar unchanged."""
    [word] = ov.from_mapping({"key": [value]})
    assert ov.read([word])[0].value() == [value]


def test_nested_keyword_arguments_become_dotted_keys() -> None:
    """``market={"panic": 1}`` means ``market.panic=1``."""
    words = ov.from_mapping({"market": {"panic": 1}, "start": dt.date(2025, 1, 6)})
    assert words == ["market.panic=1", "start='2025-01-06'"]


def test_every_parameter_is_declared_with_unit_and_source() -> None:
    """Read off the schema; the range holds the default."""
    for name, fact in facts(MarketParameters).items():
        assert fact.unit, name
        assert fact.source, name
        assert fact.text, name
        assert fact.low is not None
        assert fact.high is not None
        assert fact.low <= fact.default <= fact.high, name


def test_a_sweep_is_planned_as_the_product_of_its_values() -> None:
    """Words repeat as Hydra reads them: the last one of a key holds."""
    plan = multirun.plan(["scenario=baseline,reference", "weeks=9", "weeks=10,20", "seeds=2"])
    assert [p[:2] for p in plan.points] == [
        ("scenario=baseline", "weeks=10"),
        ("scenario=baseline", "weeks=20"),
        ("scenario=reference", "weeks=10"),
        ("scenario=reference", "weeks=20"),
    ]
    assert plan.first.record == "headline"


def test_hydra_runs_every_planned_point_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs are those of the plan, in its order; no folder of Hydra's is left."""
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[int, str, int]] = []

    def job(number: int, words: tuple[str, ...], run: Any) -> None:
        assert words == plan.points[number]
        seen.append((number, run.scenario.name, run.scenario.weeks))

    plan = multirun.plan(["scenario=glob(*e)", "weeks=10,20", "seeds=1"])
    multirun.launch(plan, job)
    assert [n for n, _, _ in seen] == list(range(len(plan.points)))
    assert {("baseline", 10), ("reference", 20)} <= {(name, weeks) for _, name, weeks in seen}
    assert not list(tmp_path.iterdir())


def test_an_experiment_may_change_a_policy_of_its_scenario(
    user_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The world of comparison takes over its horizon and behaviour, not its policies."""
    monkeypatch.setenv("TRADESIM_CONF", str(user_pages))
    run = config.load(["experiment=dearer"])
    assert (run.scenario.name, run.scenario.policies["duty"]["rate"]) == ("taxed", 0.5)
    assert run.compare is not None
    assert (run.compare.name, run.compare.policies) == ("reference", {})
    for world in (run.scenario, run.compare):
        assert (world.weeks, world.market.panic) == (8, 0.4)
    run = config.load(["experiment=dearer", "market.panic=0.3", "weeks=9"])
    assert run.compare is not None
    for world in (run.scenario, run.compare):
        assert (world.weeks, world.market.panic) == (9, 0.3)


def test_an_experiment_declares_its_sweep(user_pages: Path) -> None:
    """Its keys are checked as the command line's are, and the command line has the last word."""
    search = f"hydra.searchpath=['file://{user_pages}']"
    plan = multirun.plan(["experiment=panic", "market.panic=0.5", "seeds=1", search])
    seen: list[Any] = []
    multirun.launch(plan, lambda _, __, run: seen.append(run))
    assert [run.scenario.name for run in seen] == ["baseline", "reference"]
    assert {(run.scenario.market.panic, run.scenario.weeks) for run in seen} == {(0.5, 12)}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["scenario=baseline,refrence"], "'reference'"),
        (["weeks=10,0"], "weeks = 0"),
        (["wekks=1,2"], "'weeks'"),
        (["experiment=none_such"], "unknown experiment"),
        (["scenario=glob(zzz*)"], "picks nothing"),
    ],
)
def test_a_sweep_is_refused_before_it_starts(words: list[str], part: str) -> None:
    """Every value of every key has been looked at."""
    with pytest.raises(InputError) as caught:
        multirun.plan(words)
    assert part in str(caught.value)
