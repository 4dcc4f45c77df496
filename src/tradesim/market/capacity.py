"""Capacity: how far projects have come, and what plants are allowed and able to run."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import FirmTerms, Terms
from tradesim.world.types import Floats, Ints, World


def advance(state: MarketState, firms: FirmTerms) -> None:
    """Do the work of a step on every project; ``firms.progress`` weeks of it are done a week."""
    state.progress = state.progress + state.dt * firms.progress


def ramps(world: World, progress: Floats) -> Floats:
    """Share of nameplate that a project has reached [firms], after ``progress`` weeks of work."""
    firms = world.firms
    return np.clip((progress - firms.start_week) / firms.ramp_weeks, 0.0, 1.0)


def out_of_service(
    lost: Floats, loss_per_year: Floats, replacement_weeks: float, dt: float
) -> Floats:
    """Share of capacity that stands for want of service after a step [firms].

    ``u' = a (1 - u) - u / T``: what runs fails at the rate ``a`` and is replaced by others in the
    mean time ``T`` (weeks). Implicit step, so it stays between 0 and ``a / (a + 1/T)`` at any dt.
    """
    fails = loss_per_year / WEEKS_PER_YEAR
    return (lost + dt * fails) / (1.0 + dt * (fails + 1.0 / replacement_weeks))


def limit(
    world: World, state: MarketState, params: MarketParameters, firms: FirmTerms, scale: Floats
) -> None:
    """Set the most that may run [firms], t a week, and the sound share of what a ramp makes.

    Both are ``None`` while no policy touches them. ``scale`` holds the ramps of projects. The
    yield of a ramping plant rises from ``ramp_yield`` to 1 as the ramp is climbed.
    """
    if firms.free_to_run and not state.unserved.any():
        state.able = state.sound = None
        return
    if firms.service_loss_per_year.any() or state.unserved.any():
        state.unserved = out_of_service(
            state.unserved, firms.service_loss_per_year, params.service_weeks, state.dt
        )
    share = firms.capacity * (1.0 - state.unserved)
    bound = (share < 1.0).any() or np.isfinite(firms.ceiling_t_per_week).any()
    state.able = np.minimum(state.nameplate * share, firms.ceiling_t_per_week) if bound else None
    state.sound = None
    if (firms.ramp_yield < 1.0).any():
        rough = np.where(world.firms.cell < 0, 1.0 - scale, 0.0)
        state.sound = 1.0 - (1.0 - firms.ramp_yield) * rough


def fund(state: MarketState, terms: Terms) -> None:
    """Pay a step of public money into projects, until what was promised is spent.

    The government's spending is the firms' receipt; what they pay their builders is outside the
    block, like all capital cost.
    """
    for name, promise in terms.funding.items():
        paid = state.funded_usd.get(name, 0.0)
        now = min(promise.usd_per_week * state.dt, promise.total_usd - paid)
        if now > 0.0:
            state.funded_usd[name] = paid + now
            state.spent_usd += now * promise.payers
            state.money_usd += now * promise.share


def project_rows(world: World) -> Ints:
    """Rows of dated projects among the firms [projects]; traders have no base year either."""
    trader = world.firms.stage == axes.STAGE_INDEX["trader"]
    return np.flatnonzero((world.firms.cell < 0) & ~trader)
