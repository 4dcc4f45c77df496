"""Approximate Bayesian computation: from priors and targets to a posterior sample.

Sequential Monte Carlo (Toni et al. 2009, doi:10.1098/rsif.2008.0172) through pyABC. Every particle
runs with a network, noise and licence draws of its own, so what chance alone moves is not mistaken
for information about a parameter.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from scipy.special import ndtr

from tradesim.analysis.calibration.episode import Episode, evaluate
from tradesim.analysis.calibration.targets import distance
from tradesim.errors import InputError
from tradesim.posterior import Calibrated, calibrated

#: Quantile of a population's distances that the next must come below.
NARROWING = 0.5
#: The extra that brings the sampler.
EXTRA = "pip install 'tradesim[calibration]'"


@dataclass(frozen=True)
class Plan:
    """How much is drawn: particles a population, populations at most, wall time in minutes.

    With one worker the same seed gives the same sample; several share the work as it comes.
    """

    population: int
    generations: int
    minutes: float
    seed: int
    workers: int = 1


@dataclass(frozen=True)
class Fit:
    """A weighted sample: values [particles, quantities], weights, distances, and how it came.

    ``statistics`` are those of each particle's own run; ``history`` has one row a population.
    """

    quantities: tuple[Calibrated, ...]
    values: np.ndarray
    weights: np.ndarray
    distances: np.ndarray
    statistics: pd.DataFrame
    history: pd.DataFrame

    def resampled(self, count: int, seed: int) -> np.ndarray:
        """``count`` equally likely draws [count, quantities]: systematic resampling, shuffled."""
        chance = np.random.default_rng(seed)
        position = (np.arange(count) + chance.random()) / count
        rows = np.searchsorted(np.cumsum(self.weights / self.weights.sum()), position)
        order = chance.permutation(np.minimum(rows, len(self.values) - 1))
        return np.asarray(self.values[order], np.float64)


def unit_to_value(quantity: Calibrated, share: float) -> float:
    """Value at ``share`` (0-1) of the prior's range, on its scale."""
    if quantity.log:
        return float(quantity.low * (quantity.high / quantity.low) ** share)
    return float(quantity.low + (quantity.high - quantity.low) * share)


def by_key(quantities: Sequence[Calibrated], values: Sequence[float]) -> dict[str, float]:
    """Values by dotted key, one quantity setting all its keys."""
    pairs = zip(quantities, values, strict=True)
    return {key: float(value) for quantity, value in pairs for key in quantity.keys}


class Judge:
    """Runs the episodes for one particle, cheapest first, and stops when it cannot pass any more.

    The squared distance is the mean of the episodes' squared distances, so a particle whose first
    episode alone is too far is given up before the next is run; ``bound`` is what it must meet.
    """

    def __init__(self, episodes: Sequence[Episode], recorded: Mapping[str, float]) -> None:
        self.episodes, self.recorded = tuple(episodes), recorded
        self.bound = float("inf")
        self.runs = 0

    def __call__(self, values: Mapping[str, float], seed: int) -> dict[str, float]:
        """Statistics of the particle, and its distance under ``distance``."""
        found: dict[str, float] = {}
        total = 0.0
        for episode in self.episodes:
            self.runs += 1
            mine = evaluate(episode, values, seed)
            found |= mine
            total += distance(mine, self.recorded, episode.targets) ** 2 / len(self.episodes)
            if not np.sqrt(total) <= self.bound:
                return {**found, "distance": float("inf")}
        return {**found, "distance": float(np.sqrt(total))}


def fit(
    episodes: Sequence[Episode],
    recorded: Mapping[str, float],
    plan: Plan,
    say: Callable[[str], None],
) -> Fit:
    """Draw the posterior sample; ``say`` is told of every population.

    Raises :class:`InputError` when pyABC is not installed.
    """
    pyabc = _pyabc()
    quantities, judge = calibrated(), Judge(episodes, recorded)
    np.random.seed(plan.seed)  # noqa: NPY002 - pyABC draws from the global generator

    def model(score: Mapping[str, float]) -> dict[str, float]:
        values = [unit_to_value(q, float(ndtr(score[q.name]))) for q in quantities]
        # the particle's own seed, the same in whichever process it is run
        return judge(by_key(quantities, values), crc32(np.array(values).tobytes()) >> 1)

    def far(simulated: Mapping[str, float], _: Mapping[str, float]) -> float:
        return float(simulated["distance"])

    # uniform priors on a probit scale: proposals of many quantities at once stay inside
    prior = pyabc.Distribution(**{q.name: pyabc.RV("norm", 0.0, 1.0) for q in quantities})
    sampler = (
        pyabc.SingleCoreSampler()
        if plan.workers == 1
        else pyabc.MulticoreEvalParallelSampler(n_procs=plan.workers)
    )
    with tempfile.TemporaryDirectory(prefix="tradesim-") as folder:
        abc = pyabc.ABCSMC(
            model, prior, far, population_size=plan.population, sampler=sampler,
            eps=_Narrowing(pyabc, judge, say)(),
        )  # fmt: skip
        abc.new(f"sqlite:///{Path(folder) / 'particles.db'}", {"distance": 0.0})
        began = time.monotonic()
        history = abc.run(
            max_nr_populations=plan.generations,
            max_walltime=pd.Timedelta(minutes=plan.minutes).to_pytimedelta(),
        )
        say(f"{judge.runs} episodes run in {(time.monotonic() - began) / 60:.1f} min")
        return _collect(history, quantities)


def _pyabc() -> Any:
    try:
        import pyabc
    except ImportError as error:
        raise InputError(
            "the sampler pyABC is not installed",
            where="tradesim calibrate",
            allowed="the extra 'calibration'",
            remedy=EXTRA,
        ) from error
    logging.getLogger("ABC").setLevel(logging.WARNING)
    return pyabc


class _Narrowing:
    """Makes pyABC's quantile schedule that also tells the judge which distance must be met."""

    def __init__(self, pyabc: Any, judge: Judge, say: Callable[[str], None]) -> None:
        self.pyabc, self.judge, self.say = pyabc, judge, say

    def __call__(self) -> Any:
        judge, say = self.judge, self.say

        class Schedule(self.pyabc.QuantileEpsilon):  # type: ignore[misc, name-defined]
            """Half of a population passes to the next."""

            def __call__(self, t: int) -> float:
                bound = float(super().__call__(t))
                if bound != judge.bound:
                    judge.bound = bound
                    say(f"population {t}: distance at most {bound:.3f}, {judge.runs} episodes run")
                return bound

        return Schedule(alpha=NARROWING)


def _collect(history: Any, quantities: tuple[Calibrated, ...]) -> Fit:
    """The last population out of pyABC's store."""
    scores, weights = history.get_distribution()
    _, stats = history.get_weighted_sum_stats()
    far = history.get_weighted_distances()
    populations = history.get_all_populations()
    values = np.column_stack([
        [unit_to_value(q, share) for share in ndtr(scores[q.name].to_numpy())] for q in quantities
    ])  # fmt: skip
    return Fit(
        quantities, values, np.asarray(weights, float), far["distance"].to_numpy(float),
        pd.DataFrame(stats), populations[populations["t"] >= 0].reset_index(drop=True),
    )  # fmt: skip
