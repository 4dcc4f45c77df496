"""Plan: firms forecast demand and decide how much they would like to make and use."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.world.types import Floats, World, sum_by

_COMPONENT = axes.GOOD_INDEX["component_motor"]
_HRE = axes.GOOD_INDEX["magnet_NdFeB_HRE"]


def demand_response(ratio: Floats, elasticity: float | Floats, choke: Floats) -> Floats:
    """Demand over demand at base price: ``r^-e (1 - (ln r / ln K)^2)``, zero from the choke on.

    ``ratio`` price over base, ``choke`` K > 1, elasticity positive; all dimensionless, one
    shape. At base the value is 1 and the slope is the elasticity, as with a constant one.
    """
    log = np.log(np.maximum(ratio, 1e-6))
    taper = np.clip(1.0 - (np.maximum(log, 0.0) / np.log(choke)) ** 2, 0.0, 1.0)
    return np.asarray(np.exp(-elasticity * log) * taper, np.float64)


def joint_activity(
    demand: Floats, gap: Floats, base: Floats, value: Floats, firm: np.ndarray, firms: int
) -> Floats:
    """Activity over base activity [firms]: value-weighted demand for all of a firm's products.

    ``demand`` t a week expected, ``gap`` t a week to bring the stock to target, ``base`` t a
    week sold at base activity, ``value`` USD a week of those sales; all by output slot. A firm
    with one product follows its demand; a co-producer follows the products that earn the money,
    and a product that piles up holds it back no further than by its own share.
    """
    pull = value * np.maximum(demand + gap, 0.0) / np.maximum(base, 1e-12)
    total = sum_by(firm, value, firms)
    return np.maximum(sum_by(firm, pull, firms), 0.0) / np.maximum(total, 1e-12)


def plan(
    world: World, state: MarketState, params: MarketParameters, scale: Floats, shock: Floats
) -> None:
    """Set desired activity [firms] and desired use [inputs], t a week.

    ``scale`` is planned growth or ramp by firm, ``shock`` the noise on final demand by firm. The
    store of a project that has just started is empty, and that is no shortage: the market counts
    on no more of it than the plant makes.
    """
    slots, firms = world.slots, world.firms
    out = slice(slots.inputs, None)
    state.demand_signal[out] += gain(params.forecast_weeks, state.dt) * (
        _orders_received(world, state, scale) - state.demand_signal[out]
    )
    firm_out = slots.firm[out]
    nominal = world.nominal_t[out]
    full = slots.cover_weeks[out] * nominal
    target = full * np.sqrt(np.maximum(scale, 0.0))[firm_out]
    state.target_out = target
    made = full * (state.activity / np.maximum(world.activity_nominal_t, 1e-12))[firm_out]
    project = firms.cell[firm_out] < 0
    state.counted_out = np.where(project, np.minimum(target, made), target)
    free = state.stock[out] - np.minimum(
        reserved(world, state)[out], np.maximum(state.stock[out] - target, 0.0)
    )
    pull = joint_activity(
        state.demand_signal[out],
        (target - free) / params.stock_adjustment_weeks,
        nominal,
        nominal * _earned(world, state) * world.steers[out],
        firm_out,
        len(firms),
    )
    state.wanted = np.where(world.makes, pull * world.activity_nominal_t, 0.0)
    state.planned = np.minimum(state.wanted, np.minimum(state.online, state.nameplate))
    if state.able is not None:
        state.planned = np.minimum(state.planned, state.able)
    _desired_use(world, state, params, shock)


def _earned(world: World, state: MarketState) -> Floats:
    """What a firm earns for a kilogram of each product, USD/kg [outputs]: ask, or guarantee."""
    ask = state.ask[world.slots.market[world.slots.inputs :]]
    return ask if state.guarantee is None else state.guarantee.realised(ask)


def _desired_use(world: World, state: MarketState, params: MarketParameters, shock: Floats) -> None:
    """Use of every input at the planned activity, or at final demand for manufacturers."""
    slots = world.slots
    firm = slots.firm[: slots.inputs]
    market = slots.market[: slots.inputs]
    response = _responses(world, state, params)[market]
    left = 1.0 - state.substitution
    by_recipe = slots.per_activity[: slots.inputs] * state.planned[firm]
    swapped = sum_by(firm, by_recipe * state.substitution * world.thrifts, len(world.firms))
    by_recipe = np.where(world.thrifts, by_recipe * left, by_recipe)
    by_recipe += np.where(world.takes_over, swapped[firm], 0.0)
    wish = state.final_demand * shock[firm]
    final = world.final
    state.wish = np.where(final, wish, world.slots.base_t[: slots.inputs])
    state.desired_use = np.where(final, wish * response * left, by_recipe)
    state.planned = np.where(
        world.consumes,
        sum_by(firm, state.desired_use * final, len(world.firms)),
        state.planned,
    )
    lost = np.where(final, wish * (1.0 - response * left), 0.0)
    state.given_up = np.maximum(lost + _given_up_downstream(world, state, wish), 0.0) * state.dt


def _responses(world: World, state: MarketState, params: MarketParameters) -> Floats:
    """Response of final demand to the price that users really face [markets]."""
    paid = (
        params.contract_share * state.contract + (1.0 - params.contract_share) * state.ask
    ) / world.price0
    elasticity = np.full((len(axes.ECONOMIES), len(axes.GOODS)), params.demand_elasticity_other)
    elasticity[:, _COMPONENT] = params.demand_elasticity_magnet
    return demand_response(paid, elasticity.ravel(), world.choke)


def _given_up_downstream(world: World, state: MarketState, wish: Floats) -> Floats:
    """Magnet use that component makers lose because final buyers gave up, t a week [inputs]."""
    slots = world.slots
    uses = len(axes.USE_LABELS)
    use = world.input_use
    component = world.final & (slots.good[: slots.inputs] == _COMPONENT)
    wanted = sum_by(use, wish * component, uses)
    kept = sum_by(use, state.desired_use * component, uses)
    lost = np.clip(1.0 - kept / np.maximum(wanted, 1e-12), 0.0, 1.0)
    base = slots.base_t[: slots.inputs]
    thrifted = base * state.substitution * world.thrifts
    return np.where(world.is_component_input, base * lost[use] + thrifted, 0.0)


def _orders_received(world: World, state: MarketState, scale: Floats) -> Floats:
    """Orders by output slot in t a week, licensed ones limited to what could be shipped.

    A seller behind a licence neither reads the freeze as lost demand nor plans for the panic
    orders that cannot leave: it counts the orders, at most
    those of the base year grown by plan, or what it shipped.
    """
    slots, links = world.slots, world.links
    counted = state.ordered
    for book in state.books.values():
        if len(book.links):
            counted = counted.copy() if counted is state.ordered else counted
            grown = scale[slots.firm[links.seller[book.links]]] * state.dt
            usual = book.fraction * links.base_t[book.links] * grown
            usual += (1.0 - book.fraction) * state.ordered[book.links]
            limit = np.maximum(usual, state.shipped[book.links])
            counted[book.links] = np.minimum(counted[book.links], limit)
    received = sum_by(links.seller, counted, len(slots))
    return np.asarray(received[slots.inputs :] / state.dt, np.float64)


def reserved(world: World, state: MarketState) -> Floats:
    """Stock already sold under licences applied for or cleared, t [slots]."""
    total = np.zeros(len(world.slots))
    for book in state.books.values():
        total += sum_by(
            world.links.seller[book.links],
            book.pending() + book.balance(),
            len(world.slots),
        )
    return total
