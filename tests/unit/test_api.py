"""The Python face: five lines in a notebook, and the same words as on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tradesim
from tradesim import api, config
from tradesim.errors import InputError
from tradesim.scenario import RunConfig

#: Small enough for a test, as keyword arguments.
SMALL: dict[str, Any] = {"weeks": 5, "workers": 1, "seeds": [3]}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The runs that are asked for, in place of running them."""
    asked: list[RunConfig] = []
    monkeypatch.setattr(api, "run_config", lambda job, report: asked.append(job))
    return asked


def test_the_public_names_are_there() -> None:
    """Loaded on first use; anything else is an AttributeError as for any module."""
    assert set(tradesim.__all__) <= set(dir(tradesim))
    for name in tradesim.__all__:
        assert getattr(tradesim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tradesim.nothing  # noqa: B018


def test_run_means_what_the_command_line_means(jobs: list[RunConfig]) -> None:
    """Nested mappings are dotted keys, a number of seeds counts from 0."""
    tradesim.run("april_2025", seeds=2, weeks=9, market={"panic": 0.5}, compare="baseline")
    said = ["scenario=april_2025", "seeds=2", "weeks=9", "market.panic=0.5", "compare=baseline"]
    assert jobs == [config.load(said)]


def test_run_takes_a_scenario_object(jobs: list[RunConfig]) -> None:
    """What is overridden holds for the comparison too, except for the policies and the story."""
    own = config.load(["scenario=april_2025", "scenario.name=mine"]).scenario
    tradesim.run(own, seeds=[4], weeks=9, market={"panic": 0.5}, title="Mine")
    [job] = jobs
    assert job.compare is not None
    assert (job.scenario.name, job.scenario.title, job.seeds) == ("mine", "Mine", (4,))
    assert job.scenario.policies == own.policies
    assert (job.compare.name, job.compare.policies) == ("reference", {})
    for world in (job.scenario, job.compare):
        assert (world.weeks, world.market.panic) == (9, 0.5)


def test_a_scenario_object_may_be_its_own_comparison(jobs: list[RunConfig]) -> None:
    """A name that no page carries needs none when the world compares with itself or with none."""
    own = config.load(["scenario=baseline"]).scenario
    tradesim.run(own.model_copy(update={"name": "mine", "compare": "mine"}), **SMALL)
    tradesim.run(own.model_copy(update={"name": "mine", "compare": None}), **SMALL)
    assert jobs[0].compare == jobs[0].scenario
    assert jobs[1].compare is None


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        ({"week": 9}, "'weeks'"),
        ({"weeks": 0}, "1 to 1040"),
        ({"market": {"panik": 1}}, "'panic'"),
        ({"name": "reference"}, "two different worlds"),
    ],
)
def test_bad_arguments_are_refused_alike(
    jobs: list[RunConfig], overrides: dict[str, Any], part: str
) -> None:
    """By name or as an object: the same kind of error, before anything runs."""
    own = config.load(["scenario=april_2025"]).scenario
    with pytest.raises(InputError) as caught:
        tradesim.run(own, seeds=1, **overrides)
    assert part in str(caught.value)
    assert not jobs


def test_run_in_memory_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``out`` the tables are DataFrames and no folder appears."""
    monkeypatch.chdir(tmp_path)
    results = tradesim.run("baseline", **SMALL)
    assert len(results.markets)
    assert results.seeds == (3,)
    assert not list(tmp_path.iterdir())


def test_run_and_open_agree(tmp_path: Path) -> None:
    """What was returned is what the folder gives back."""
    results = tradesim.run("april_2025", **SMALL, out=tmp_path / "r")
    again = tradesim.open(tmp_path / "r")
    assert again.manifest["result_hash"] == results.manifest["result_hash"]
    assert (tmp_path / "r" / "report.html").is_file()


def test_sweep_takes_lists_of_values(tmp_path: Path) -> None:
    """A list is a set of values; the seeds of a point stay together."""
    results = tradesim.sweep(
        ["baseline", "reference"], seeds=[3, 5], weeks=4, workers=1, market={"panic": [0, 1]},
        out=tmp_path / "s",
    )  # fmt: skip
    assert sorted(results.summary["point"].unique()) == [0, 1, 2, 3]
    assert results.seeds == (3, 5)
    with pytest.raises(InputError, match="no values"):
        tradesim.sweep("baseline", weeks=[])
