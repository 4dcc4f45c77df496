"""Approximate Bayesian computation: from priors and targets to a posterior sample.

Replenishment sequential Monte Carlo (Drovandi and Pettitt 2011,
doi:10.1111/j.1541-0420.2010.01410.x) with differential-evolution moves (ter Braak 2006,
doi:10.1007/s11222-006-8769-1). Of a population the worse half is dropped, replaced by copies of the
better, and every copy is moved by a Markov chain that leaves the truncated posterior as it is. All
particles weigh the same at every moment, also with forty quantities, where importance weights
collapse (decision 0033).

Every evaluation has a network, noise and licence draws of its own, so what chance alone moves is
not mistaken for information about a parameter.
"""

from __future__ import annotations

import multiprocessing as mp
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import ndtr

from tradesim.analysis.calibration.episode import Episode, evaluate
from tradesim.analysis.calibration.targets import distance
from tradesim.posterior import Calibrated, calibrated

#: Part of a population that survives.
SURVIVING = 0.5
#: First population over later ones: the best of so many prior draws start.
FIRST = 3
#: Moves tried on every copy, at least and at most, and the share of copies that may stay in place:
#: the fewer moves were accepted in the last population, the more are tried in the next.
MOVES, MOST_MOVES, UNMOVED = 6, 12, 0.25
#: Quantities searched that one move changes, on average, and the noise on top (probit scale).
MOVED, JITTER = 7, 0.02
#: Chance that a move draws a quantity anew that is carried, not searched.
REDRAWN = 0.3

Floats = np.ndarray


@dataclass(frozen=True)
class Plan:
    """How much is drawn: particles a population, populations at most, wall time in minutes.

    The sample depends on ``seed``, ``population`` and the populations finished, not on workers.
    """

    population: int
    generations: int
    minutes: float
    seed: int
    workers: int = 1


@dataclass(frozen=True)
class Particle:
    """One parameter vector on the probit scale [quantities], its distance and its statistics."""

    score: Floats
    distance: float
    statistics: Mapping[str, float]
    moved: int = 0  # moves accepted since it was copied


@dataclass(frozen=True)
class Fit:
    """An equally weighted sample: values [particles, quantities], distances, and how it came.

    ``statistics`` are those of each particle's own run; ``history`` has one row a population.
    """

    quantities: tuple[Calibrated, ...]
    values: Floats
    distances: Floats
    statistics: pd.DataFrame
    history: pd.DataFrame

    def best(self) -> Floats:
        """The particle nearest to the targets [quantities]."""
        return np.asarray(self.values[int(self.distances.argmin())], np.float64)

    def shuffled(self, count: int, seed: int) -> Floats:
        """``count`` draws [count, quantities] in random order, none twice if there are enough."""
        order = np.random.default_rng(seed).permutation(len(self.values))
        return np.asarray(self.values[np.resize(order, count)], np.float64)


def unit_to_value(quantity: Calibrated, share: float) -> float:
    """Value at ``share`` (0-1) of the prior's range, on its scale."""
    if quantity.log:
        return float(quantity.low * (quantity.high / quantity.low) ** share)
    return float(quantity.low + (quantity.high - quantity.low) * share)


def to_values(quantities: Sequence[Calibrated], score: Floats) -> Floats:
    """Values of all quantities at their probit scores: uniform priors become standard normals."""
    shares = ndtr(score)
    return np.array([unit_to_value(q, u) for q, u in zip(quantities, shares, strict=True)])


def by_key(quantities: Sequence[Calibrated], values: Sequence[float] | Floats) -> dict[str, float]:
    """Values by dotted key, one quantity setting all its keys."""
    pairs = zip(quantities, values, strict=True)
    return {key: float(value) for quantity, value in pairs for key in quantity.keys}


@dataclass(frozen=True)
class Judge:
    """Runs the episodes for one parameter vector, cheapest first.

    The squared distance is the mean of the episodes' squared distances, so a vector whose first
    episodes alone are too far for ``bound`` is given up before the next is run.
    """

    episodes: tuple[Episode, ...]
    recorded: Mapping[str, float]

    def __call__(self, score: Floats, seed: int, bound: float) -> Particle:
        """The particle at ``score``; infinitely far where it cannot come within ``bound``."""
        values = by_key(calibrated(), to_values(calibrated(), score))
        found: dict[str, float] = {}
        total = 0.0
        for episode in self.episodes:
            mine = evaluate(episode, values, seed)
            found |= mine
            total += distance(mine, self.recorded, episode.targets) ** 2 / len(self.episodes)
            if not np.sqrt(total) <= bound:
                return Particle(score, float("inf"), found)
        return Particle(score, float(np.sqrt(total)), found)


def first(judge: Judge, stream: tuple[int, int, int]) -> Particle:
    """A particle from the prior; ``stream`` (seed, population, place) makes its chance."""
    chance = np.random.default_rng(stream)
    score = chance.standard_normal(len(calibrated()))
    return judge(score, _seed(chance), float("inf"))


def moves_needed(accepted: float) -> int:
    """Moves after which no more than :data:`UNMOVED` of the copies stand where they stood.

    ``accepted`` is the share of moves accepted last time, 0-1. Drovandi and Pettitt 2011, section
    3, bounded by :data:`MOST_MOVES`.
    """
    if not 0.0 < accepted < 1.0:
        return MOVES if accepted >= 1.0 else MOST_MOVES
    needed = np.ceil(np.log(UNMOVED) / np.log1p(-accepted))
    return int(np.clip(needed, MOVES, MOST_MOVES))


def moved(
    judge: Judge, survivors: Sequence[Particle], bound: float, moves: int,
    job: tuple[int, tuple[int, int, int]],
) -> Particle:  # fmt: skip
    """Copy a survivor and move it ``moves`` times within ``bound``; ``job`` is place and stream.

    A move changes a random part of the quantities that are searched by the difference of two other
    survivors, which has the shape of what survives without any tuning, and draws some of those
    carried anew from the prior. The prior is a standard normal on the probit scale.
    """
    place, stream = job
    chance = np.random.default_rng(stream)
    now = Particle(survivors[place].score, survivors[place].distance, survivors[place].statistics)
    for _ in range(moves):
        one, two = chance.choice(len(survivors), 2, replace=False)
        score = proposal(now.score, survivors[one].score - survivors[two].score, chance)
        seed, luck = _seed(chance), np.log(chance.random())
        if luck >= log_prior(score) - log_prior(now.score):
            continue  # the prior alone refuses it
        tried = judge(score, seed, bound)
        if tried.distance <= bound:
            now = Particle(score, tried.distance, tried.statistics, now.moved + 1)
    return now


def proposal(score: Floats, difference: Floats, chance: np.random.Generator) -> Floats:
    """Where a particle at ``score`` goes, all [quantities]; symmetric in what is searched."""
    searched = np.array([quantity.searched for quantity in calibrated()])
    change = searched & (chance.random(len(score)) < MOVED / max(int(searched.sum()), 1))
    width = 2.38 / np.sqrt(2.0 * max(int(change.sum()), 1))
    step = width * difference + JITTER * chance.standard_normal(len(score))
    fresh = ~searched & (chance.random(len(score)) < REDRAWN)
    return np.where(fresh, chance.standard_normal(len(score)), score + np.where(change, step, 0.0))


def log_prior(score: Floats) -> float:
    """Log density of what is searched, up to a constant; what is carried comes from its prior."""
    searched = np.array([quantity.searched for quantity in calibrated()])
    return -0.5 * float((score[searched] ** 2).sum())


def _seed(chance: np.random.Generator) -> int:
    return int(chance.integers(1 << 31))


def populations(
    episodes: Sequence[Episode],
    recorded: Mapping[str, float],
    plan: Plan,
    say: Callable[[str], None],
) -> Iterator[Fit]:
    """The sample after every population, the posterior last; ``say`` is told of each.

    The next population is not begun when it would probably end after ``plan.minutes``.
    """
    judge = Judge(tuple(episodes), recorded)
    began = time.monotonic()
    with _pool(plan.workers) as pool:
        starts = [(plan.seed, 0, place) for place in range(FIRST * plan.population)]
        tried = list(pool.map(partial(first, judge), starts, chunksize=4))
        particles = sorted(tried, key=lambda p: p.distance)[: plan.population]
        history = [_told(0, particles, 1.0, time.monotonic() - began, say)]
        yield _sample(particles, history)
        for generation in range(1, plan.generations + 1):
            started = time.monotonic()
            if started - began + history[-1]["seconds"] > 60.0 * plan.minutes:
                break
            moves = moves_needed(history[-1]["accepted"])
            particles, accepted = _renewed(pool, judge, particles, plan, (generation, moves))
            spent = time.monotonic() - started
            history.append(_told(generation, particles, accepted, spent, say))
            yield _sample(particles, history)


def fit(
    episodes: Sequence[Episode],
    recorded: Mapping[str, float],
    plan: Plan,
    say: Callable[[str], None],
) -> Fit:
    """The posterior sample: the last of :func:`populations`."""
    return deque(populations(episodes, recorded, plan, say), maxlen=1)[0]


def _sample(particles: Sequence[Particle], history: Sequence[dict[str, float]]) -> Fit:
    return Fit(
        calibrated(),
        np.array([to_values(calibrated(), p.score) for p in particles]),
        np.array([p.distance for p in particles]),
        pd.DataFrame([dict(p.statistics) for p in particles]),
        pd.DataFrame(history),
    )


def _renewed(
    pool: Executor, judge: Judge, particles: Sequence[Particle], plan: Plan, turn: tuple[int, int]
) -> tuple[list[Particle], float]:
    """The next population, and the share of moves accepted; ``turn`` is its number and moves."""
    generation, moves = turn
    kept = int(SURVIVING * len(particles))
    survivors = list(particles[:kept])
    bound = survivors[-1].distance
    chance = np.random.default_rng((plan.seed, generation))
    places = chance.integers(kept, size=len(particles) - kept)
    jobs = [(int(p), (plan.seed, generation, i)) for i, p in enumerate(places)]
    copies = list(pool.map(partial(moved, judge, survivors, bound, moves), jobs, chunksize=1))
    accepted = sum(copy.moved for copy in copies) / (moves * len(copies))
    return sorted([*survivors, *copies], key=lambda p: p.distance), accepted


def _told(
    generation: int, particles: Sequence[Particle], accepted: float, seconds: float,
    say: Callable[[str], None],
) -> dict[str, float]:  # fmt: skip
    """One row of the history, said aloud."""
    far = np.array([p.distance for p in particles])
    say(
        f"population {generation}: distance {far[0]:.3f} to {far[-1]:.3f}, median "
        f"{np.median(far):.3f}, {accepted:.0%} of moves accepted, {seconds / 60:.1f} min"
    )
    return {
        "population": generation, "nearest": float(far[0]), "median": float(np.median(far)),
        "farthest": float(far[-1]), "accepted": accepted, "seconds": seconds,
    }  # fmt: skip


class _Here(Executor):
    """An executor that runs everything in this process."""

    def map(  # type: ignore[override]
        self, fn: Callable[..., Particle], *iterables: Sequence[object], chunksize: int = 1
    ) -> Iterator[Particle]:
        """``map`` of the built-ins."""
        return map(fn, *iterables)


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    if workers == 1:
        yield _Here()
        return
    context = mp.get_context("forkserver" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        yield pool
