"""One evaluation: an episode run with given values and one seed, down to its statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from tradesim import config
from tradesim.analysis.backtest.case import Case
from tradesim.analysis.calibration.targets import Target, of_case, statistics
from tradesim.model import simulate
from tradesim.pairs import Task, run_seed
from tradesim.posterior import with_values
from tradesim.results import Results
from tradesim.scenario import RunConfig


@dataclass(frozen=True)
class Episode:
    """A back-test case cut down to the weeks in which its targets lie.

    ``words`` replace those of the case.
    """

    case: Case
    words: tuple[str, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        """What of it is fitted."""
        return of_case(self.case.name)


@lru_cache(maxsize=8)
def _config(scenario: str, words: tuple[str, ...]) -> RunConfig:
    return config.load([f"scenario={scenario}", *words, "compare=none", "uncertainty=point"])


def paths(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, pd.Series[float]]:
    """The target series of one run, by period; ``values`` by dotted key."""
    job = _config(episode.case.scenario, episode.words)
    scenario = with_values(job.scenario, values)
    found = run_seed(Task(scenario, scenario, simulate), seed)
    results = Results(
        manifest={"seeds": [seed], "scenario": scenario.name, "compare": None},
        config={"start": f"{scenario.start}", "weeks": scenario.weeks},
        difference={},
        summary=pd.DataFrame({"scenario": [scenario.name]}),
        held=found.tables[scenario.name],
    )
    wanted = {target.series for target in episode.targets}
    return {
        series.name: series.extract(results).iloc[0]
        for series in episode.case.series
        if series.name in wanted
    }


def evaluate(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, float]:
    """The statistics of an episode's targets for one parameter vector and seed."""
    return statistics(paths(episode, values, seed), episode.targets)
