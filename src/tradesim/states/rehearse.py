"""Rehearse courses of action: what a government believes would follow, on fresh seeds.

A rehearsal starts from a copy of the market's arrays as the government knows them and from the
policies that are public, with its own. Rivals are held fixed: nobody sits at the table of a
rehearsal, so nobody's resolve, threshold or plans are in it. Its seeds are its own, so it meets
none of the draws that the run has still to come.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tradesim import axes, rng
from tradesim.errors import InputError
from tradesim.market.state import MarketState
from tradesim.policies import Policy
from tradesim.states import packages as packages_of
from tradesim.states import utility
from tradesim.states.actions import Action, Announce, Course, Impose, Withdraw
from tradesim.states.government import Government
from tradesim.states.observe import ASCRIBED, LARGEST_ERROR
from tradesim.states.packages import Package
from tradesim.states.view import Outlook
from tradesim.world.types import Floats, World


class Twin(Protocol):
    """A market that runs by itself: what a rehearsal needs of it."""

    world: World
    state: MarketState
    outside_usd: tuple[Floats, Floats] | None
    dt: float

    def step(self) -> None:
        """One step."""

    def close(self) -> None:
        """Let go of it."""


#: Makes a twin: seed, policies, state.
Make = Callable[[int, dict[str, Policy], MarketState], Twin]


@dataclass(frozen=True)
class Stage:
    """From where rehearsals start: date, week, the run's seed, market, policies and packages.

    A rehearsal steps as the market does within a step (``state.dt`` weeks), so it measures all.
    """

    date: dt.date
    week: float
    seed: int
    world: World
    state: MarketState
    policies: Mapping[str, Policy]
    packages: Mapping[str, Package]


def rehearse(
    make: Make, stage: Stage, code: str, government: Government, courses: Sequence[Course],
    plan: tuple[float, int],
) -> tuple[dict[str, Outlook], int]:  # fmt: skip
    """Outlook of every course, and the steps it cost; ``plan`` is horizon in weeks and seeds."""
    horizon, seeds = plan
    steps = int(np.ceil(horizon / stage.state.dt))
    known = public(stage.policies, stage.packages, code, stage.date)
    found: dict[str, Outlook] = {}
    for course in courses:
        acts = {code: course.actions}
        if course.rival:
            acts[course.rival] = course.reply
        policies = foreseen(known, stage, acts)
        runs = [
            _run(make, stage, policies, (code, course.rival, government), (seed, steps))
            for seed in fresh_seeds(stage, code, seeds)
        ]
        own = backing_down_usd(course.actions, government.preferences)
        other = backing_down_usd(course.reply, ASCRIBED)
        found[course.label] = Outlook(
            tuple(run[0] - own for run in runs), tuple(run[1] - other for run in runs)
        )
    return found, steps * seeds * len(courses)


def backing_down_usd(actions: Sequence[Action], weights: utility.Preferences) -> float:
    """What audiences at home charge for the withdrawals among some actions, USD."""
    return weights.audience_usd * sum(isinstance(action, Withdraw) for action in actions)


def fresh_seeds(stage: Stage, code: str, count: int) -> list[int]:
    """Seeds of rehearsals, the same for all courses: none is a seed a user would run with."""
    draws = rng.uniforms(
        stage.seed, f"rehearsals of {code}", np.arange(count, dtype=np.uint64), int(4 * stage.week)
    )
    return [int(2**40 + draw * 2**52) for draw in draws]


def public(
    policies: Mapping[str, Policy], packages: Mapping[str, Package], code: str, date: dt.date
) -> dict[str, Policy]:
    """Policies that a state may know of: all that have been announced, and its own."""
    own = {name for p in packages.values() if p.state == code for name in p.policies}
    return {n: p for n, p in policies.items() if n in own or p.announced <= date}


def foreseen(
    known: Mapping[str, Policy], stage: Stage, acts: Mapping[str, Sequence[Action]]
) -> dict[str, Policy]:
    """The policies after some actions by state; only instruments can be rehearsed, not talks.

    Raises :class:`InputError` for an action that is none of announce, impose and withdraw.
    """
    found = dict(known)
    for code, actions in acts.items():
        for action in actions:
            if not isinstance(action, Announce | Impose | Withdraw):
                raise InputError(
                    f"{code} wants {type(action).__name__} rehearsed",
                    where=f"strategy of {code}, consider",
                    allowed="Announce, Impose, Withdraw",
                    remedy="rehearse what moves the market",
                )
            for name in stage.packages[action.package].policies:
                found[name] = _changed(stage.policies[name], action, stage)
    return found


def _changed(policy: Policy, action: Announce | Impose | Withdraw, stage: Stage) -> Policy:
    if isinstance(action, Withdraw):
        return packages_of.withdrawn(policy, stage.date)
    if isinstance(action, Impose):
        return packages_of.announced(policy, stage.date, stage.date)
    notice = dt.timedelta(days=round(7.0 * stage.packages[action.package].notice_weeks))
    return packages_of.announced(policy, stage.date, action.effective or stage.date + notice)


def believed(stage: Stage, code: str, government: Government, seed: int) -> MarketState:
    """A copy of the market as a government takes it to be: stocks abroad are known with error."""
    state = copy.deepcopy(stage.state, {id(stage.world): stage.world})
    spread = (1.0 - government.information) * LARGEST_ERROR
    if spread == 0.0:
        return state
    world = stage.world
    ids = world.firms.id[world.slots.firm] * np.uint64(131) + world.slots.good.astype(np.uint64)
    factor = np.exp(spread * rng.normals(seed, f"stocks seen by {code}", ids))
    at_home = world.firms.economy[world.slots.firm] == axes.ECONOMY_INDEX[code]
    factor = np.where(at_home, 1.0, factor)
    state.stock *= factor
    state.chinese *= factor
    state.elements *= factor[world.mixed, None]
    state.origin *= factor[:, None]
    return state


def _run(
    make: Make, stage: Stage, policies: Mapping[str, Policy],
    who: tuple[str, str, Government], how: tuple[int, int],
) -> tuple[float, float]:  # fmt: skip
    """Utility of the state that looks ahead and of its rival over one rehearsed run, USD."""
    (code, rival, government), (seed, steps) = who, how
    twin = make(seed, dict(policies), believed(stage, code, government, seed))
    own, other = np.zeros(len(utility.TERMS)), np.zeros(len(utility.TERMS))
    place = axes.ECONOMY_INDEX[code]
    theirs = axes.ECONOMY_INDEX[rival or government.watches[0]]
    watched = [axes.ECONOMY_INDEX[other] for other in government.watches]
    leverage = 0.0
    try:
        meter = utility.Meter.at(twin.world, twin.state)
        for _ in range(steps):
            twin.step()
            measures = meter.read(twin.state, twin.outside_usd, twin.dt)
            own += utility.own_terms(measures, place, government.preferences)
            other += utility.own_terms(measures, theirs, ASCRIBED)
            lost = [utility.own_terms(measures, each, ASCRIBED) for each in watched]
            leverage += government.preferences.leverage_weight * sum(map(utility.felt_loss, lost))
    finally:
        twin.close()
    return float(own.sum() + leverage), float(other.sum())
