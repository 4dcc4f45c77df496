"""Run the robustness study and write ``docs/robustness.md``: ``python tools/robustness.py``.

``--seeds N`` networks are crossed with as many chance seeds; every setting is run at each of its
levels with ``--pairs M`` of those seeds. ``--posterior FILE`` makes a draw of parameters one more
factor: a CSV with a draw in every row and in every column a dotted key (``market.panic``), or a
name to which a ``parameters.csv`` beside it gives its ``keys``. ``--scenario NAME`` (repeat it for
several) replaces the scenarios.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from md_tables import DOCS, table
from tradesim import config, policies
from tradesim.analysis import robustness as rb
from tradesim.analysis.metrics import Floats
from tradesim.model import TradeModel, reserves_of, world_of
from tradesim.pairs import Task, run_seed
from tradesim.scenario import Scenario
from tradesim.tables.book import read_rows

Figures = dict[str, float]

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
POSTERIOR = "parameters (posterior)"
#: Draws of parameters that are taken from a longer file, and pairs of seeds for each.
DRAWS, DRAW_PAIRS = 16, 3


@dataclass
class Study:
    """What was run of one scenario: figures by network and chance seed, and by setting."""

    scenario: str
    grid: list[list[Figures]] = field(default_factory=list)
    settings: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)

    def on_grid(self, name: str) -> Floats:
        """One figure [network, chance]."""
        return np.array([[cell[name] for cell in row] for row in self.grid])

    def of(self, name: str) -> tuple[rb.Setting, ...]:
        """One figure by setting."""
        return tuple(
            rb.Setting(factor, tuple(levels),
                       np.array([[cell[name] for cell in row] for row in levels.values()]))
            for factor, levels in self.settings.items()
        )  # fmt: skip


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


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with values by dotted key; those of policies that it lacks are passed over."""
    tree = scenario.model_dump()
    for key, value in values.items():
        *path, last = key.split(".")
        if path[0] == "policies" and path[1] not in scenario.policies:
            continue
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return Scenario.model_validate(tree)


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


# -- the page -----------------------------------------------------------------------------------


def number(value: float) -> str:
    """Three significant digits, or a dash."""
    if not np.isfinite(value):
        return "–"
    if abs(value) < 5e-5:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{min(digits, 4)}f}"


def percent(share: float) -> str:
    """A share in per cent, or a dash."""
    return f"{100 * share:.0f}%" if np.isfinite(share) else "–"


def spread(values: Floats) -> str:
    """Median with p10 and p90, and how many runs have a number if not all."""
    known = values[np.isfinite(values)]
    if not known.size:
        return "in no run"
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9))
    text = f"{number(middle)} [{number(low)}–{number(high)}]"
    return text if known.size == values.size else f"{text}, {known.size} of {values.size} runs"


def named(name: str) -> str:
    """A figure in words, with its unit unless the words tell it."""
    words, unit = rb.UNITS[name]
    return words if unit == "1" or words.startswith(unit) else f"{words}, {unit}"


def share_rows(done: Study) -> Iterator[list[str]]:
    """By figure: what each factor causes, as a standard deviation and as a share of the spread."""
    for name in rb.UNITS:
        parts = rb.shares(done.on_grid(name), done.of(name))
        yield [named(name), *(f"{number(p.deviation)} ({percent(p.share)})" for p in parts)]
    yield ["**mean of the shares**", *(percent(share) for share in mean_shares(done))]


def mean_shares(done: Study) -> Floats:
    """Mean over the figures that move of each factor's share [factors]."""
    parts = [[p.share for p in rb.shares(done.on_grid(n), done.of(n))] for n in rb.UNITS]
    known = [row for row in parts if np.isfinite(row).all()]
    return np.asarray(np.mean(known, axis=0) if known else np.full(len(parts[0]), np.nan))


def seed_rows(done: Study) -> Iterator[list[str]]:
    """By figure: spread over the seeds, and the network's share in it with its standard error."""
    for name in rb.UNITS:
        grid = done.on_grid(name)
        parts = rb.two_way(grid)
        total = parts.total if parts.total > 0 else np.nan
        error = rb.jackknife_error(grid, rb.network_share)
        network = f"{percent(parts.rows / total)} ± {percent(error)}"
        yield [
            named(name), spread(grid.ravel()), number(float(np.sqrt(total))),
            network if np.isfinite(total) else "–",
            percent(parts.columns / total), percent(parts.interaction / total),
        ]  # fmt: skip


def setting_table(done: Study, factor: str) -> list[str]:
    """By figure: the mean at each level of one setting, its move, and what it does with seeds."""
    labels = list(done.settings[factor])
    drawn = factor == POSTERIOR
    heads = ["mean of a draw, median [p10–p90]"] if drawn else labels
    rows = []
    for name in rb.UNITS:
        (setting,) = (each for each in done.of(name) if each.name == factor)
        known = setting.values[np.isfinite(setting.values)]
        size = abs(float(known.mean())) if known.size else np.nan
        means = [spread(setting.means)] if drawn else [number(mean) for mean in setting.means]
        part = setting.move / size if size else np.nan
        deviation = float(np.sqrt(setting.components().interaction))
        move = f"{number(setting.move)} ({percent(part)})" if known.size else "–"
        rows.append([named(name), *means, move, number(deviation)])
    return table((f"{factor}", *heads, "move (of the mean)", "with seeds"), rows)


HEAD = """\
# Robustness

How much of what the model says hangs on how it is computed and on what a seed draws. Generated by
`{command}`; do not edit by hand. Parameters are {parameters}.

Two things are drawn, each from a seed of its own here (an ordinary run gives both the same):

* the **network**: sizes of firms, who buys from whom, target covers, which plants depend on
  Chinese technology;
* **chance** on it: weekly noise of final demand, licence decisions, who is on a list or has a
  general licence.

{seeds} networks are crossed with {seeds} chance seeds: {cells} pairs of runs, scenario and
comparison on the same draws. Each setting is run at every level with {pairs} pairs of seeds
(network and chance both 0 to {last}), all else as in the scenario. Variances are components of
the two-way analysis of variance (`analysis.robustness.two_way`); a run has no error of its own,
so what is left over is the interaction of network and chance. The error of the network's share is
a jackknife over networks and chance seeds. *First year* is the twelve months from January 2025,
whatever start and horizon. A dash means that there is nothing to decompose: nothing moves, or
some run has no number (it did not happen within the horizon).

How to read it:

* What the seeds cause is what p10–p90 of a run show. What a setting causes is in no band.
* The share of a setting **hangs on the levels chosen**; seeds are drawn, levels are picked.
* With {seeds} seeds each, a component has {freedom} degrees of freedom and is known to about
  ±{accuracy}%. A zero says that a factor does less than the noise of the others hides.
* *With seeds* is the standard deviation by which a level moves one pair of seeds otherwise than
  the others; all settings together make the column `{mixed}`. Another number of firms draws other
  firms and another network, so most of what it does stands there. What two settings do together
  is not measured.
* Steps of more than a week are computed in weekly sub-steps, so 2 and 4 weeks cannot differ from
  one week but in what is recorded. An earlier start lets demand and planned capacity grow longer
  before the first control, a later one less.
"""


def page(studies: Sequence[Study], command: str) -> str:
    """The whole page as Markdown."""
    seeds, factors = len(studies[0].grid), studies[0].settings
    pairs = max((len(runs) for f in factors for runs in factors[f].values()), default=seeds)
    lines = [HEAD.format(
        command=command, seeds=seeds, cells=seeds * seeds, pairs=pairs, last=pairs - 1,
        parameters="one more factor" if POSTERIOR in factors else "held at their defaults",
        freedom=seeds - 1, accuracy=round(100 * np.sqrt(2 / (seeds - 1))), mixed=rb.MIXED,
    )]  # fmt: skip
    for done in studies:
        columns = [each.factor for each in rb.shares(done.on_grid("trough"), done.of("trough"))]
        lines += [
            f"## `{done.scenario}`", "", "### Spread over the seeds", "",
            *table(("figure", "median [p10–p90]", "standard deviation", "network (± error)",
                    "chance", "interaction"), list(seed_rows(done))),
            "### Share of the spread that each factor causes", "",
            "Standard deviation that a factor alone causes, and its share of the variance of all.",
            "", *table(("figure", *columns), list(share_rows(done))),
            "### How far each setting moves a figure", "",
            "Mean over the pairs of seeds at each level; the move is the largest less the smallest "
            "mean.", "",
        ]  # fmt: skip
        for factor in done.settings:
            lines += setting_table(done, factor)
    return "\n".join(lines).rstrip() + "\n"


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="networks, and chance seeds")
    parser.add_argument("--pairs", type=int, default=6, help="pairs of seeds by level")
    parser.add_argument("--scenario", action="append", help="scenario, may be repeated")
    parser.add_argument("--posterior", type=Path, help="CSV with draws of parameters")
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
    words += [f"--posterior {read.posterior.name}"] if read.posterior else []
    return " ".join(["python tools/robustness.py", *words])


if __name__ == "__main__":
    main(sys.argv[1:])
