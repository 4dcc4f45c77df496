"""Every scenario page of the library: story, sources, the world it is compared with, its own."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from tradesim import config
from tradesim.scenario import RunConfig

SCENARIOS = sorted(config.names("scenario"))


def resolved(name: str) -> RunConfig:
    return config.load([f"scenario={name}", "seeds=1"])


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_says_what_it_is(name: str) -> None:
    """Called like its page, with a title, a story in sentences and at least one source."""
    scenario = resolved(name).scenario
    assert scenario.name == name
    assert scenario.title
    assert "\n" not in scenario.title
    assert len(scenario.story.split()) >= 10
    assert scenario.story.rstrip().endswith((".", "?"))
    assert scenario.sources
    assert all(source.strip() for source in scenario.sources)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_compared_with_another_world(name: str) -> None:
    """It names one, which exists and differs from it; only a frozen base year is its own."""
    run = resolved(name)
    assert run.scenario.compare in SCENARIOS
    if name not in ("baseline", "baseline_2009"):
        assert run.compare is not None
        assert run.compare.name == run.scenario.compare
        assert content(run.compare) != content(run.scenario)


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_policies_are_pages_of_the_library(name: str) -> None:
    """So that what is known of each stands in one place."""
    assert set(resolved(name).scenario.policies) <= set(config.names("policy"))


def content(scenario: Any) -> str:
    """All that decides a scenario's results."""
    told = {"name", "title", "story", "sources", "compare"}
    return json.dumps(scenario.model_dump(mode="json", exclude=told), sort_keys=True)


def test_no_two_scenarios_are_the_same() -> None:
    """A name that stands for another's configuration would be a copy."""
    found = {name: content(resolved(name).scenario) for name in SCENARIOS}
    same = [(a, b) for a, b in combinations(SCENARIOS, 2) if found[a] == found[b]]
    assert not same
