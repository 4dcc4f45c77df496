"""Price: the ask of a spot tonne in every region, its cost anchor, and the contract price."""

from __future__ import annotations

import numpy as np

from tradesim.market.order import stock_target
from tradesim.market.plan import reserved
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, Ints, World, sum_by

#: Cover below this share of target counts as this share, so that an empty market has a price.
LEAST_COVER = 0.02
#: A market that holds less than a gram has no price of its own: cover is taken as full.
LEAST_MARKET_T = 1e-6
#: Lowest ask over base price: below it sellers would rather keep or dump the goods (assumption).
FLOOR = 0.4
#: Most that a step's orders may answer a change of the stock that they are drawn from, relative.
#: Beyond 2 an explicit step overshoots for ever; the rest leaves room for sellers' availability.
LARGEST_GAIN = 1.2


def ask_ratio(
    cover: Floats, expected: Floats, cost: Floats, choke: Floats, sensitivity: Floats | float
) -> Floats:
    """Ask over base price [markets]: expected price x cover^-s, bounded by the choke price.

    ``cover`` is stock over target (dimensionless), ``expected`` the expected scarcity ratio,
    ``cost`` the cost index, ``choke`` the highest bearable ratio. Above its cost the ask bends
    towards the choke and never reaches it: ``y / (1 + (y - 1) / K)``. Sterman 2000, Business
    Dynamics ch. 20 (commodity markets), with the bound added.
    """
    raw = expected * np.exp(-sensitivity * np.log(np.maximum(cover, LEAST_COVER)))
    room = choke / cost
    bent = raw / (1.0 + np.maximum(raw - 1.0, 0.0) / room)
    return np.asarray(np.maximum(cost * bent, FLOOR), np.float64)


def bearable_sensitivity(
    sensitivity: float, cover_weeks: Floats, elasticity: float, own: float, dt: float
) -> Floats:
    """Sensitivity of the ask to cover that a market's stock can bear in one step [markets].

    Orders of a step answer the ask of the step before: a price that is ``s`` times as sensitive
    to ``own`` cover moves them by ``s * own * elasticity``, which may draw on a stock of
    ``cover_weeks`` no faster than :data:`LARGEST_GAIN`, or the market would swing by itself. That
    binds where one small plant sells everything abroad out of a week or two of stock.
    """
    answer = max(elasticity * own * dt, 1e-12)
    return np.minimum(sensitivity, LARGEST_GAIN * cover_weeks / answer)


def expectation(expected: Floats, ratio: Floats, weight: float, weeks: float, dt: float) -> Floats:
    """Expected price ratio after a step: geometric adaptation towards ``ratio ** weight``.

    Bounded at ``cover ** (-s / (1 - weight))``; the usual adaptive form has no bound.
    """
    target = weight * np.log(np.maximum(ratio, 1e-9))
    log = np.log(expected)
    return np.asarray(np.exp(log + gain(weeks, dt) * (target - log)), np.float64)


def pooled_log_cover(log_cover: Floats, size: Floats, reach: Floats, weight: float) -> Floats:
    """Log cover that a region's price feels: its own and that of the regions within reach.

    ``log_cover`` and ``size`` [economies, goods], ``reach`` [goods, origin, destination] 0-1.
    Plenty elsewhere helps as far as goods can come in, shortage elsewhere hurts as far as they
    can go out. ``weight`` is the share of the pool, dimensionless.
    """
    total = np.maximum(size.sum(0), 1e-30)
    pool = np.broadcast_to((size * log_cover).sum(0) / total, log_cover.shape).copy()
    shut = np.flatnonzero(reach.min(axis=(1, 2)) < 1.0)
    if len(shut):
        own = log_cover.T[shut, :, None]  # [goods, region, other]
        other = log_cover.T[shut, None, :]
        comes_in = reach[shut].transpose(0, 2, 1)
        link = np.where(other > own, comes_in, reach[shut]) * size.T[shut, None, :]
        pool[:, shut] = ((link * other).sum(2) / np.maximum(link.sum(2), 1e-30)).T
    return np.asarray((1.0 - weight) * log_cover + weight * pool, np.float64)


def family_log_cover(log_cover: Floats, size: Floats, family: Ints, weight: float) -> Floats:
    """Log cover of a good that can be made from, or into, others of its family.

    Oxide and metal of an element are converted into each other's price by tolling, so scarcity
    of one is felt in the other. ``log_cover`` and ``size`` (oxide equivalent, t) are [economies,
    goods], ``family`` the family of each good; ``weight`` is that of the family's mean.
    """
    count = int(family.max()) + 1
    member = (family[:, None] == np.arange(count)).astype(np.float64)
    mean = ((size * log_cover) @ member) / np.maximum(size @ member, 1e-30)
    shared = mean[:, family]
    return np.where(size > 0, (1.0 - weight) * log_cover + weight * shared, log_cover)


def price(
    world: World, state: MarketState, params: MarketParameters, terms: Terms, reach: Floats
) -> None:
    """Set ask, expected price, cost index and contract price of every market."""
    position, target = cover_parts(world, state, params)
    cover = np.where(target > LEAST_MARKET_T, position / np.maximum(target, LEAST_MARKET_T), 1.0)
    log_cover = np.log(np.maximum(cover, LEAST_COVER)).reshape(N_ECONOMIES, N_GOODS)
    size = world.market_size.reshape(N_ECONOMIES, N_GOODS)
    log_cover = family_log_cover(log_cover, world.family_size, world.family, params.conversion)
    felt = np.exp(pooled_log_cover(log_cover, size, reach, params.pooling)).ravel()
    state.cover = cover
    state.cost_index = cost_index(world, state, params, terms)
    sensitivity = bearable_sensitivity(
        params.price_sensitivity, world.market_cover_weeks, params.sourcing_elasticity,
        1.0 - params.pooling, state.dt,
    )  # fmt: skip
    ratio = ask_ratio(felt, state.expected_price, state.cost_index, world.choke, sensitivity)
    state.ask = world.price0 * ratio
    state.expected_price = expectation(
        state.expected_price, ratio / state.cost_index, params.expectation_weight,
        params.expectation_weeks, state.dt,
    )  # fmt: skip
    state.contract += gain(params.contract_weeks, state.dt) * (state.ask - state.contract)


def cover_parts(
    world: World, state: MarketState, params: MarketParameters
) -> tuple[Floats, Floats]:
    """Stock at hand or on its way, and the target for it, by market [markets], t.

    Buyers' targets rise with perceived risk. What sellers hold for licences already applied for
    is sold, not at hand, and counts on neither side beyond the target.
    """
    slots = world.slots
    inputs = slice(0, slots.inputs)
    nervous = 1.0 + params.panic * np.minimum(state.risk + state.alarm, 1.0)
    target = np.concatenate(
        (
            stock_target(world, state) * nervous + state.expected_use * world.transit_weeks_in,
            state.counted_out,
        )
    )
    spoken_for = np.minimum(reserved(world, state), np.maximum(state.stock - target, 0.0))
    position = state.stock - np.where(np.arange(len(slots)) < slots.inputs, 0.0, spoken_for)
    position[inputs] += state.shipping.total_t
    position[world.reserve_slots] = 0.0  # a public reserve is not for sale
    return (
        sum_by(slots.market, position, world.markets),
        sum_by(slots.market, target, world.markets),
    )


def cost_index(world: World, state: MarketState, params: MarketParameters, terms: Terms) -> Floats:
    """Unit cost over base [markets]: producers' input costs at home, duty-paid costs abroad.

    A producer passes the change of its input bill on in full, but joint production does not: ore
    and scrap are priced by what is in them. An importer pays the origin's cost
    plus duty. Base-year shares weigh the sources. Scarcity is not in it.
    """
    slots, lanes, price0 = world.slots, world.lanes, world.price0
    paid = params.contract_share * state.contract + (1.0 - params.contract_share) * state.ask
    inputs = slice(0, slots.inputs)
    extra = world.cost_share[inputs] * (paid / price0 - 1.0)[slots.market[inputs]]
    by_firm = sum_by(slots.firm[inputs], extra, len(world.firms))
    out = slice(slots.inputs, None)
    weight = slots.base_t[out]
    made = world.made_base_t
    cost = sum_by(slots.market[out], weight * (1.0 + by_firm[slots.firm[out]]), world.markets)
    own = np.where(made > 0, cost / np.maximum(made, 1e-30), 1.0)
    at_origin = world.lane_origin
    at_destination = world.lane_destination
    abroad = world.lane_abroad
    specific = terms.border.usd_per_kg + state.permit_usd_per_kg
    duty = terms.border.factor + specific / price0[at_destination]
    source = np.where(abroad, state.cost_index[at_origin], own[at_origin])
    total = world.bought_base_t
    mixed = sum_by(
        at_destination, lanes.base_t * source * np.where(abroad, duty, 1.0),
        world.markets,
    )  # fmt: skip
    index = np.where(total > 0, mixed / np.maximum(total, 1e-30), own)
    return np.clip(index, FLOOR, world.most_passed_on)
