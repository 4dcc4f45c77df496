"""Invest: restart and mothball lines, expand, and let users replace what stays scarce."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import FirmTerms
from tradesim.world.types import Floats, World, sum_by

#: Wanted output below this share of what is online lets lines be mothballed.
IDLE_BELOW = 0.7
#: Price ratio (log) at which users replace an input as fast as they can: three times base.
FULL_PRESSURE = float(np.log(3.0))
#: Pressure below which users do not think of replacing, and above which they replace more; between
#: the two they go back (assumption: thresholds that keep noise from moving recipes).
FELT_FROM, GROWS_ABOVE = 0.05, 0.1


def online_capacity(
    online: Floats, wanted: Floats, nameplate: Floats, rise: float, fall: float, dt: float
) -> Floats:
    """Running capacity after a step [firms]: restarts towards demand, mothballs idle lines.

    All in t of activity a week; ``rise`` and ``fall`` are first-order times in weeks.
    """
    target = np.minimum(wanted, nameplate)
    up = online + gain(rise, dt) * np.maximum(target - online, 0.0)
    floor = np.maximum(wanted, 0.0) / IDLE_BELOW
    down = online - gain(fall, dt) * np.maximum(online - floor, 0.0)
    return np.minimum(np.where(target > online, up, down), nameplate)


def expansion_orders(
    nameplate: Floats,
    expected: Floats,
    hurdle: float | Floats,
    rate_per_year: float,
    dt: float,
) -> Floats:
    """Capacity ordered in a step [firms]: ``rate x ln(expected / hurdle)`` of nameplate a year.

    ``expected`` is the expected price over base of what the firm sells, value-weighted.
    """
    urge = np.maximum(np.log(np.maximum(expected, 1e-9) / hurdle), 0.0)
    return np.asarray(nameplate * rate_per_year * urge * dt / WEEKS_PER_YEAR, np.float64)


def substitution_step(
    replaced: Floats, peak: Floats, pressure: Floats, params: MarketParameters, dt: float
) -> Floats:
    """Share replaced after a step [inputs]: grows under pressure (0-1), falls back only partly."""
    speed = params.substitution_per_year * dt / WEEKS_PER_YEAR
    limit = params.substitution_limit
    if limit <= 0.0:
        return np.zeros_like(replaced)
    grown = replaced + speed * pressure * (1.0 - replaced / limit)
    kept = params.substitution_kept * peak
    eased = np.maximum(replaced - speed * (1.0 - pressure), np.minimum(kept, replaced))
    return np.where(pressure > GROWS_ABOVE, np.minimum(grown, limit), eased)


def invest(
    world: World, state: MarketState, params: MarketParameters, growth_factor: Floats,
    scale: Floats, terms: FirmTerms,
) -> None:  # fmt: skip
    """Update capacity [firms] and substitution [inputs]."""
    firms = world.firms
    state.online *= growth_factor
    built = _build(world, state, params, terms)
    state.expansion += built
    state.nameplate = firms.capacity_t / WEEKS_PER_YEAR * scale + state.expansion
    state.online = online_capacity(
        state.online, state.wanted, state.nameplate, params.restart_weeks, params.mothball_weeks,
        state.dt,
    )  # fmt: skip
    _substitute(world, state, params)


def _build(world: World, state: MarketState, params: MarketParameters, terms: FirmTerms) -> Floats:
    """Order expansions, move what is being built on, return what is finished [firms].

    Nobody adds to a plant that a quota does not let run in full.
    """
    slots = world.slots
    out = slice(slots.inputs, None)
    value = world.nominal_t[out] * world.price0[slots.market[out]]
    firm = slots.firm[out]
    count = len(world.firms)
    total = sum_by(firm, value, count)
    ratio = state.expected_price[slots.market[out]]
    if state.guarantee is not None:
        base = world.price0[slots.market[out]]
        ratio = state.guarantee.realised(ratio * base) / base
    expected = sum_by(firm, value * ratio, count)
    expected = np.where(total > 0, expected / np.maximum(total, 1e-30), 1.0)
    inflow = expansion_orders(
        state.nameplate, expected, params.invest_hurdle * terms.hurdle,
        params.invest_rate_per_year, state.dt,
    )  # fmt: skip
    inflow = np.where(terms.ceiling_t_per_week > state.nameplate, inflow, 0.0)
    stages = state.building.shape[1]
    share = gain(_lead_weeks(world, params) / terms.progress / stages, state.dt)
    for stage in range(stages):
        state.building[:, stage] += inflow
        inflow = share * state.building[:, stage]
        state.building[:, stage] -= inflow
    return inflow


def _lead_weeks(world: World, params: MarketParameters) -> Floats:
    """Lead time of an expansion by firm, weeks [firms]."""
    stage = world.firms.stage
    lead = np.full(len(stage), params.lead_plant_weeks)
    lead[stage == axes.STAGE_INDEX["mine"]] = params.lead_mine_weeks
    lead[stage == axes.STAGE_INDEX["separation"]] = params.lead_separation_weeks
    return lead


def _substitute(world: World, state: MarketState, params: MarketParameters) -> None:
    """Move substitution of final users and thrifting of heavy magnets by component makers."""
    slots = world.slots
    market = slots.market[: slots.inputs]
    paid = (
        params.contract_share * state.contract + (1.0 - params.contract_share) * state.ask
    ) / world.price0
    scarce = np.log(np.maximum(paid[market], 1e-9)) / FULL_PRESSURE + state.risk
    pressure = np.where(world.final | world.thrifts, np.clip(scarce, 0.0, 1.0), 0.0)
    pressure = np.where(pressure > FELT_FROM, pressure, 0.0)
    state.substitution = substitution_step(
        state.substitution, state.substitution_peak, pressure, params, state.dt
    )
    state.substitution_peak = np.maximum(state.substitution_peak, state.substitution)
