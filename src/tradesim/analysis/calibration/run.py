"""``tradesim calibrate``: the posterior sample, its summary and how it fits, in one folder."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tradesim.analysis.backtest import records
from tradesim.analysis.backtest.run import case
from tradesim.analysis.calibration.episode import Episode
from tradesim.analysis.calibration.sample import Fit, Plan, populations
from tradesim.analysis.calibration.summary import fitted, summarise
from tradesim.analysis.calibration.targets import record_paths, statistics
from tradesim.ensemble import uninterrupted
from tradesim.errors import InputError, unknown
from tradesim.folder import ResultFolder
from tradesim.manifest import Status, manifest
from tradesim.runner import default_folder

#: Weeks of each episode that its targets need; cheapest first.
WINDOWS: Mapping[str, tuple[str, ...]] = {
    "2025": ("start=2024-07-01", "growth_from=2024-07-01", "weeks=66"),
    "2010": ("weeks=155",),
}
#: Keys of the command: default, least, most.
_KEYS: Mapping[str, tuple[float, float, float]] = {
    "seed": (1, 0, 1_000_000),
    "population": (100, 10, 10_000),
    "generations": (20, 1, 100),
    "minutes": (60, 0.1, 10_000),
    "draws": (100, 10, 10_000),
    "workers": (1, 1, 1024),
}


@dataclass(frozen=True)
class Order:
    """What the command line asks for."""

    plan: Plan
    draws: int
    episodes: tuple[Episode, ...]
    out: Path | None


def episodes(names: Sequence[str] = tuple(WINDOWS)) -> tuple[Episode, ...]:
    """The episodes that are fitted, each with the words of its window."""
    return tuple(Episode(case(name), _merged(case(name).words, WINDOWS[name])) for name in names)


def _merged(words: Sequence[str], instead: Sequence[str]) -> tuple[str, ...]:
    keys = {word.partition("=")[0] for word in (*instead, "compare=")}
    return tuple(w for w in words if w.partition("=")[0] not in keys) + tuple(instead)


def recorded(of: Sequence[Episode]) -> dict[str, float]:
    """What the record has for every target of the episodes."""
    found: dict[str, float] = {}
    for episode in of:
        paths = record_paths(records.load(episode.case.name), episode.targets)
        found |= statistics(paths, episode.targets)
    return found


def order(words: Sequence[str]) -> Order:
    """The words of the command, checked; raises :class:`InputError` naming key and range."""
    given = dict(word.partition("=")[::2] for word in words)
    values: dict[str, float] = {}
    for key, (default, low, high) in _KEYS.items():
        values[key] = _number(key, given.pop(key), low, high) if key in given else default
    wanted = [name for name in given.pop("cases", ",".join(WINDOWS)).strip("[]").split(",") if name]
    out = given.pop("out", None)
    for key in given:
        raise unknown("key", key, [*_KEYS, "cases", "out"], where="tradesim calibrate")
    for name in wanted:
        if name not in WINDOWS:
            raise unknown("back-test", name, WINDOWS, where="key cases")
    plan = Plan(int(values["population"]), int(values["generations"]), values["minutes"],
                int(values["seed"]), int(values["workers"]))  # fmt: skip
    return Order(plan, int(values["draws"]), episodes(wanted), Path(out) if out else None)


def _number(key: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high or (key != "minutes" and value != int(value)):
        kind = "a number" if key == "minutes" else "a whole number"
        raise InputError(
            f"{key} = {text}",
            where="tradesim calibrate",
            allowed=f"{kind} from {low:g} to {high:g}",
            remedy=f"leave it out for {_KEYS[key][0]:g}",
        )
    return value


def calibrate(words: Sequence[str]) -> Path:
    """Draw a posterior sample as ``words`` say and write its folder; returns the folder.

    Files: ``posterior.csv`` (equally likely draws), ``posterior_summary.csv``, ``fit.csv``
    (targets), ``history.csv`` (populations), ``manifest.json``. All are written after every
    population; Ctrl-C keeps the last whole one, marked as interrupted.
    """
    asked, began = order(words), time.monotonic()
    folder = ResultFolder(asked.out or default_folder("calibration"))
    done = 0
    try:
        goal = recorded(asked.episodes)
        for found in populations(asked.episodes, goal, asked.plan, _say):
            with uninterrupted():
                _write(folder.work, found, asked, goal)
                done += 1
        return folder.publish(_manifest("complete", asked, began))
    except KeyboardInterrupt as interrupt:
        if not done:
            raise
        place = folder.publish(_manifest("interrupted", asked, began))
        raise KeyboardInterrupt(
            f"interrupted after {done} populations; the last is kept in {place}"
        ) from interrupt
    finally:
        folder.discard()


def _write(folder: Path, found: Fit, asked: Order, goal: dict[str, float]) -> None:
    sample = found.shuffled(asked.draws, asked.plan.seed)
    write_draws(folder / "posterior.csv", [q.name for q in found.quantities], sample)
    summary = summarise(found.quantities, sample)
    summary.to_csv(folder / "posterior_summary.csv", index=False, float_format="%.6g")
    wanted = tuple(target for episode in asked.episodes for target in episode.targets)
    told = fitted(wanted, goal, found.statistics)
    told.to_csv(folder / "fit.csv", index=False, float_format="%.6g")
    particles = pd.DataFrame(found.values, columns=[q.name for q in found.quantities])
    particles["distance"] = found.distances
    particles = particles.join(found.statistics, rsuffix=" (target)")
    particles.to_csv(folder / "particles.csv", index=False, float_format="%.6g")
    found.history.to_csv(folder / "history.csv", index=False)


def write_draws(path: Path, names: Sequence[str], sample: np.ndarray) -> None:
    """Draws [draws, quantities] as a CSV file with six significant digits."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([f"{value:.6g}" for value in row] for row in sample)


def _manifest(status: Status, asked: Order, began: float) -> dict[str, Any]:
    worlds = [case(e.case.name) for e in asked.episodes]
    said = manifest(
        status, result_hash="", scenario=",".join(c.scenario for c in worlds), compare=None,
        seeds=[asked.plan.seed], engine="numpy", worlds=[], wall_s=time.monotonic() - began,
    )  # fmt: skip
    return {**said, "plan": vars(asked.plan), "draws": asked.draws}


def _say(text: str) -> None:
    print(f"calibrate: {text}", file=sys.stderr, flush=True)
