"""Affairs of state in a run: what governments are shown, rehearse and feel, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tradesim import outside
from tradesim.errors import InputError
from tradesim.market.state import MarketState
from tradesim.parameters import OutsideParameters
from tradesim.policies import Calendar, Policy, Status
from tradesim.states.actions import Course
from tradesim.states.convene import check_cost
from tradesim.states.council import Council, Sitting
from tradesim.states.rehearse import Make, Stage, rehearse
from tradesim.states.utility import Meter
from tradesim.states.view import Outlook
from tradesim.strategies.best_response import LooksAhead
from tradesim.terms import Terms
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, World, sum_by


@dataclass(frozen=True)
class Moment:
    """The market at the start of a step; ``losses_usd`` are those of the outside blocks a week."""

    today: Calendar
    world: World
    state: MarketState
    policies: Mapping[str, Policy]
    statuses: Mapping[str, Status]
    losses_usd: tuple[Floats, Floats] | None
    outside: OutsideParameters
    step_weeks: float


class Affairs:
    """The council of a run with what it measures; ``make`` makes markets to rehearse in."""

    def __init__(self, council: Council, meter: Meter, make: Make) -> None:
        self.council, self._meter, self._make = council, meter, make

    def act(self, now: Moment) -> bool:
        """Let every government that is due see and act; returns whether policies changed."""

        def rehearsed(code: str, courses: Sequence[Course]) -> Mapping[str, Outlook]:
            return self._rehearse(now, code, courses)

        return self.council.sit(sitting(now), rehearsed)

    def feel(self, now: Moment, dt_weeks: float) -> None:
        """Let governments feel what a step of some weeks brought them."""
        self.council.book(self._meter.read(now.state, now.losses_usd, dt_weeks), dt_weeks)

    def _rehearse(self, now: Moment, code: str, courses: Sequence[Course]) -> Mapping[str, Outlook]:
        seat = self.council.seats[code]
        stage = Stage(
            now.today.date, now.today.week, self.council.tables.seed, now.world, now.state,
            now.policies, self.council.packages,
        )  # fmt: skip
        mind = seat.strategy
        if not isinstance(mind, LooksAhead):
            raise InputError(
                f"the strategy of {code} wants courses rehearsed and declares no horizon",
                where=f"states.{code}.strategy",
                allowed="a class that derives from LooksAhead (strategies.best_response)",
                remedy="derive it from LooksAhead, or return no courses from consider",
            )
        check_cost(code, seat.government, mind, len(courses) * mind.rehearsal_seeds)
        plan = (mind.horizon_weeks, mind.rehearsal_seeds)
        found, steps = rehearse(self._make, stage, code, seat.government, courses, plan)
        seat.rehearsed_steps += steps * now.state.dt / now.step_weeks
        return found


def sitting(now: Moment) -> Sitting:
    """What the market shows governments at a moment."""
    world, state = now.world, now.state
    inputs = world.slots.inputs
    feared = state.alarm * state.expected_use * 1000.0 * world.price0[world.slots.market[:inputs]]
    return Sitting(
        date=now.today.date,
        week=now.today.week,
        price_ratio=(state.ask / world.price0).reshape(N_ECONOMIES, N_GOODS),
        threat_usd=threatened(now),
        alarm_usd=sum_by(world.firms.economy[world.slots.firm[:inputs]], feared, N_ECONOMIES),
    )


def threatened(now: Moment) -> Floats:
    """Losses outside rare earths that announced policies would add, USD a week [economies]."""
    waiting = {name for name, status in now.statuses.items() if status is Status.ANNOUNCED}
    if not waiting:
        return np.zeros(N_ECONOMIES)
    probe = Terms.free(now.world)
    for name in sorted(now.policies):
        if name in waiting or now.statuses.get(name) is Status.EFFECTIVE:
            in_force = replace(now.today, status=Status.EFFECTIVE)
            now.policies[name].write(probe, now.world, in_force)
    ahead = outside.losses(probe, now.outside)
    extra = np.zeros(N_ECONOMIES) if ahead is None else ahead[0] + ahead[1]
    before = now.losses_usd
    return np.asarray(extra if before is None else extra - before[0] - before[1], np.float64)
