"""Run the robustness study and write ``docs/robustness.md``: ``python tools/robustness.py``.

``--seeds N`` networks are crossed with as many chance seeds; every setting is run at each of its
levels with ``--pairs M`` of those seeds. ``--posterior`` makes a draw of the posterior sample
one more factor, ``--posterior FILE`` one of another sample: a CSV with a draw in every row and in
every column a dotted key (``market.panic``), or a name to which a ``parameters.csv`` beside it
gives its ``keys``. ``--scenario NAME`` (repeat it for several) replaces the scenarios.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from md_tables import DOCS
from robustness_page import POSTERIOR, Figures, Study, page
from tradesim import config, policies
from tradesim.analysis import robustness as rb
from tradesim.model import TradeModel, reserves_of, world_of
from tradesim.pairs import Task, run_seed
from tradesim.posterior import FOLDER, with_values
from tradesim.scenario import Scenario
from tradesim.tables.book import read_rows

PAGE = DOCS / "robustness.md"
SCENARIOS = ("april_2025", "full_embargo")


@dataclass(frozen=True)
class Level:
    """One level of a setting: words of the command line, or values by dotted key."""

    words: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether it is the scenario as it is written."""
        return not (self.words or self.values)


Settings = Mapping[str, Mapping[str, Level]]


def levels(key: str, values: Mapping[str, object]) -> dict[str, Level]:
    """Levels of one key by label; None is the scenario as it is written."""
    return {
        label: Level() if value is None else Level((f"{key}={value}",))
        for label, value in values.items()
    }


#: Settings of the computation and their levels.
SETTINGS: Settings = {
    "step length": levels(
        "step_weeks", {"1/4 week": 0.25, "1 week": None, "2 weeks": 2, "4 weeks": 4}
    ),
    "number of firms": levels("firms", {"250": 250, "400": None, "1000": 1000}),
    "horizon": levels("weeks", {"2 years": 104, "3 years": None, "5 years": 260}),
    "start": levels("start", {"July 2024": "2024-07-01", "October 2024": "2024-10-07",
                              "January 2025": None, "March 2025": "2025-03-03"}),
}  # fmt: skip
#: The posterior sample of the package.
SHIPPED = FOLDER / "draws.csv"
#: Draws of parameters that are taken from a longer file, and pairs of seeds for each.
DRAWS, DRAW_PAIRS = 16, 3


def simulate(
    scenario: Scenario, seed: int, record: str = "monthly", *, network: int
) -> Mapping[str, pa.Table]:
    """One run with the chance of ``seed`` on the world that ``network`` draws."""
    reserves = reserves_of(policies.load(scenario.policies))
    model = TradeModel(scenario, seed, record, world_of(scenario, network, reserves))
    try:
        return model.run()
    finally:
        model.close()


def load(scenario: str, level: Level) -> tuple[Scenario, Scenario]:
    """A scenario and its comparison (itself without one) at one level of a setting."""
    job = config.load([f"scenario={scenario}", "seeds=1", *level.words])
    other = job.compare or job.scenario
    return with_values(job.scenario, level.values), with_values(other, level.values)


def pair(scenario: str, level: Level, network: int, chance: int, window: dt.date) -> Figures:
    """The figures of a scenario against its comparison for one pair of seeds."""
    own, other = load(scenario, level)
    task = Task(own, other, partial(simulate, network=network))
    tables = run_seed(task, chance).tables
    return rb.figures(tables[own.name], tables[other.name], own.start, window)


def study(scenario: str, seeds: int, pairs: int, settings: Settings, tell: Progress) -> Study:
    """Run one scenario: the crossed seeds, then every level of every setting."""
    window = load(scenario, Level())[0].start
    found = Study(scenario)

    def run(level: Level, network: int, chance: int, what: str) -> Figures:
        done = pair(scenario, level, network, chance, window)
        tell.one(f"{scenario}: {what}, network {network}, chance {chance}")
        return done

    for network in range(seeds):
        row = [run(Level(), network, chance, "seeds") for chance in range(seeds)]
        found.grid.append(row)
    for factor, by_label in settings.items():
        found.settings[factor] = {
            label: [
                found.grid[seed][seed] if level.plain
                else run(level, seed, seed, f"{factor} {label}")
                for seed in range(pairs_of(factor, pairs))
            ]
            for label, level in by_label.items()
        }  # fmt: skip
    return found


def pairs_of(factor: str, pairs: int) -> int:
    """Pairs of seeds at each level; parameters have many levels, so few pairs are enough."""
    return min(DRAW_PAIRS, pairs) if factor == POSTERIOR else pairs


class Progress:
    """Says on the error stream how far a study has come."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.began = total, 0, time.monotonic()

    def one(self, what: str) -> None:
        """A pair of runs is finished."""
        self.done += 1
        spent = time.monotonic() - self.began
        sys.stderr.write(f"{self.done}/{self.total} {spent:.0f} s  {what}\n")


def posterior_levels(path: Path) -> dict[str, Level]:
    """Draws of parameters in a file as levels: evenly spread over its rows, at most ``DRAWS``."""
    rows, beside = read_rows(path), path.with_name("parameters.csv")
    declared = read_rows(beside) if beside.exists() else []
    keys = {row["name"]: row["keys"].split(";") for row in declared}
    take = np.unique(np.linspace(0, len(rows) - 1, min(DRAWS, len(rows))).astype(int))
    found = {}
    for number in take.tolist():
        drawn = rows[number].items()
        values = {key: float(value) for name, value in drawn for key in keys.get(name, [name])}
        found[f"draw {number}"] = Level(values=values)
    return found


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="networks, and chance seeds")
    parser.add_argument("--pairs", type=int, default=6, help="pairs of seeds by level")
    parser.add_argument("--scenario", action="append", help="scenario, may be repeated")
    parser.add_argument(
        "--posterior",
        type=Path,
        nargs="?",
        const=SHIPPED,
        help="draws of parameters as one more factor: a CSV, or those shipped",
    )
    parser.add_argument("--out", type=Path, default=PAGE, help="page to write")
    read = parser.parse_args(words)
    if not 2 <= read.pairs <= read.seeds:
        parser.error("needs at least two pairs, and no more pairs than seeds")
    return read


def main(words: Sequence[str]) -> None:
    """Run the study of every scenario and write the page."""
    read = arguments(words)
    settings = dict(SETTINGS)
    if read.posterior:
        settings[POSTERIOR] = posterior_levels(read.posterior)
    names = read.scenario or list(SCENARIOS)
    changed = sum(
        pairs_of(factor, read.pairs) * sum(not level.plain for level in by_label.values())
        for factor, by_label in settings.items()
    )
    tell = Progress(len(names) * (read.seeds**2 + changed))
    studies = [study(name, read.seeds, read.pairs, settings, tell) for name in names]
    read.out.write_text(page(studies, command_of(read)), encoding="utf-8")


def command_of(read: argparse.Namespace) -> str:
    """The command that makes the page again."""
    words = [f"--seeds {read.seeds}", f"--pairs {read.pairs}"]
    words += [f"--scenario {name}" for name in read.scenario or ()]
    if read.posterior == SHIPPED:
        words.append("--posterior")
    elif read.posterior:
        words.append(f"--posterior {read.posterior.name}")
    return " ".join(["python tools/robustness.py", *words])


if __name__ == "__main__":
    main(sys.argv[1:])
