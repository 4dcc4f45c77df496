"""Deliver: contracts first, then spot by bid; what leaves takes its transit time."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.errors import ModelError
from tradesim.market import leak, permits, public
from tradesim.market.license import cleared_to_ship
from tradesim.market.shipping import per_tonne
from tradesim.market.source import fob_price
from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms
from tradesim.world.types import MIXTURES, Floats, Ints, World, sum_by


def ration(demand: Floats, contract: Floats, bid: Floats, stock: Floats, seller: Ints) -> Floats:
    """Shipments [links] out of the sellers' stock [sellers], t.

    Contract volumes come first, pro rata when short; what is left is sold spot in proportion to
    demand x bid weight; a last pass gives any rest pro rata to what is still asked. Nobody gets
    more than he asked and no seller ships more than he has. After the two-pass clearing of
    commodity spot markets; the bid rule follows Acclimate (10.1016/j.jedc.2017.08.001).
    """
    sellers = len(stock)
    firm = np.minimum(demand, contract)
    total = sum_by(seller, firm, sellers)
    share = np.minimum(1.0, stock / np.maximum(total, 1e-30))
    shipped = firm * share[seller]
    for weight in (bid, np.ones_like(bid)):
        rest = np.maximum(demand - shipped, 0.0)
        left = np.maximum(stock - sum_by(seller, shipped, sellers), 0.0)
        claim = rest * weight
        total = sum_by(seller, claim, sellers)
        per_claim = left / np.maximum(total, 1e-30)
        shipped = shipped + np.minimum(rest, claim * per_claim[seller])
    return shipped


def deliver(world: World, state: MarketState, params: MarketParameters, terms: Terms) -> None:
    """Receive what arrives, ship what is asked and allowed, and settle the payments."""
    _receive(world, state)
    limit = cleared_to_ship(world, state)
    demand = state.ordered if limit is None else np.where(np.isinf(limit), state.ordered, limit)
    if terms.border.closing:
        demand = np.where(terms.closed, 0.0, demand)
    demand = permits.within_limits(world, state, terms, _within_caps(world, state, terms, demand))
    demand = public.within_budget(world, state, terms, demand)
    state.shipped = _ship(world, state, params, terms, demand)
    leak.reroute(world, state)
    for book in state.books.values():
        book.draw(state.shipped[book.links], state.ordered[book.links])
    _settle(world, state, params, terms)
    leak.settle(world, state)
    _dispatch(world, state, terms)


def _ship(
    world: World, state: MarketState, params: MarketParameters, terms: Terms, demand: Floats
) -> Floats:
    """What leaves on each link, t [links]: all that is asked, but where a seller runs short."""
    links = world.links
    asked = sum_by(links.seller, demand, len(world.slots))
    short = np.flatnonzero((asked > state.stock)[links.seller])
    if len(short) == 0:
        return demand
    lane = links.lane[short]
    relative = state.ask[world.lane_destination] / world.price0[world.lane_destination]
    shipped = demand.copy()
    shipped[short] = ration(
        demand[short],
        params.contract_share * links.base_t[short] * state.dt,
        (relative**params.bid_weight * terms.preference)[lane],
        state.stock,
        links.seller[short],
    )
    return shipped


def _receive(world: World, state: MarketState) -> None:
    """Add what arrives from other economies to the buyers' stocks."""
    inputs, mixed = world.slots.inputs, world.mixed_inputs
    arrived = state.shipping.goods.arrive()
    state.arrived = arrived[:, 0]
    state.shipping.total_t -= state.arrived
    state.stock[:inputs] += state.arrived
    state.chinese[:inputs] += arrived[:, 1]
    state.origin[:inputs] += arrived[:, 2:]
    state.elements[:mixed] += state.shipping.elements.arrive()[:mixed]


def _within_caps(world: World, state: MarketState, terms: Terms, demand: Floats) -> Floats:
    """Scale demand on lanes with a cap so that the lane stays within it."""
    if not terms.border.capped:
        return demand
    total = sum_by(world.links.lane, demand, len(world.lanes))
    cap = terms.cap_t_per_week * state.dt
    return np.asarray(demand * np.minimum(1.0, cap / np.maximum(total, 1e-30))[world.links.lane])


def _settle(world: World, state: MarketState, params: MarketParameters, terms: Terms) -> None:
    """Book payments: buyers pay price, wedge, duties and fees; the ledger sums to zero.

    Contract volumes pay the origin's contract price, the rest of a lane the spot price; every
    link of a lane pays the lane's mean. Sellers get the FOB value, the origin its export tax,
    carriers the wedge, the destination its duty, ports their fees, and whoever holds the permits
    of a limit their rent.
    """
    links, lanes, firms = world.links, world.lanes, len(world.firms)
    tonnes = state.shipped
    state.lane_t = sum_by(links.lane, tonnes, len(lanes))
    term = np.minimum(state.lane_t, params.contract_share * lanes.base_t * state.dt)
    specific = terms.border.usd_per_kg + state.permit_usd_per_kg
    fob = fob_price(state.landed, world.wedge, terms.border.factor, specific)
    fob_value = 1000.0 * (term * state.contract[world.lane_origin] + (state.lane_t - term) * fob)
    export_tax = fob_value * terms.export_tax
    state.value_usd = (fob_value + export_tax) * world.wedge
    state.duty_usd = state.value_usd * terms.ad_valorem
    state.duty_usd += 1000.0 * state.lane_t * terms.specific_usd_per_kg
    extra = _collect_fees(state, terms) + 1000.0 * state.lane_t * state.permit_usd_per_kg
    share = tonnes / np.maximum(state.lane_t, 1e-30)[links.lane]
    received = share * fob_value[links.lane]
    paid = share * (state.value_usd + state.duty_usd + extra)[links.lane]
    state.money_usd += sum_by(world.seller_firm, received, firms)
    state.money_usd -= sum_by(world.buyer_firm, paid, firms)
    count = len(state.treasury_usd)
    state.treasury_usd += sum_by(lanes.destination, state.duty_usd, count)
    state.treasury_usd += sum_by(lanes.origin, export_tax, count)
    state.carriers_usd += float((state.value_usd - fob_value - export_tax).sum())
    permits.share_out(world, state, terms, share)
    public.settle(world, state, terms, tonnes, paid)


def _collect_fees(state: MarketState, terms: Terms) -> Floats:
    """Book port and other fees with their collectors; returns what each lane paid, USD [lanes]."""
    total = np.zeros(len(state.lane_t))
    for collector, fee in terms.fees_usd_per_kg.items():
        paid = 1000.0 * state.lane_t * fee
        state.fees_usd[axes.ECONOMY_INDEX[collector]] += paid.sum()
        total += paid
    return total


def shipments(state: MarketState) -> Floats:
    """Everything that left for the buyers in this step, seized lots apart, t [links]."""
    return state.shipped if state.rerouted is None else state.shipped + state.rerouted


def _dispatch(world: World, state: MarketState, terms: Terms) -> None:
    """Take shipments out of the sellers' stocks and put them on their way."""
    links, slots, shipping = world.links, world.slots, state.shipping
    chinese = per_tonne(state.chinese, state.stock)
    origin = per_tonne(state.origin, state.stock) if state.tracked else state.origin
    elements = per_tonne(state.elements, state.stock[world.mixed])
    tonnes = shipments(state)
    state.received = sum_by(links.buyer, tonnes, slots.inputs)
    gone = tonnes if state.seized is None else tonnes + state.seized
    leaving = sum_by(links.seller, gone, len(slots))
    state.stock -= leaving
    state.chinese -= chinese * leaving
    if state.tracked:
        state.origin -= origin * leaving[:, None]
    state.elements -= elements * leaving[world.mixed, None]
    np.maximum(state.stock, 0.0, out=state.stock)
    held = state.shipped * terms.hold_share[links.lane] if terms.border.holding else None
    state.crossed = tonnes if held is None else tonnes - held
    goods = np.column_stack((np.ones(len(slots)), chinese, origin))
    leak.seizures(world, state, goods, elements)
    direct = leak.depart(world, state, state.crossed, goods, elements)
    at_once = shipping.goods.ship(direct, goods)
    shipping.total_t += state.received - at_once[:, 0]
    state.stock[: slots.inputs] += at_once[:, 0]
    state.chinese[: slots.inputs] += at_once[:, 1]
    state.origin[: slots.inputs] += at_once[:, 2:]
    mixed = world.mixed_inputs
    state.elements[:mixed] += shipping.elements.ship(direct, elements)[:mixed]
    if held is not None:
        _detain(world, state, held, goods, terms.hold_weeks)
    if shipping.goods.holding:
        released = _release(world, state)
        state.crossed = state.crossed + sum_by(shipping.held_link, released, len(links))


def _detain(world: World, state: MarketState, tonnes: Floats, goods: Floats, weeks: Floats) -> None:
    """Put tonnes [links] into the detention of their buyers' slots, ``weeks`` by lane.

    Only goods of fixed content are detained, so elements need no second ledger.
    """
    some = np.flatnonzero(tonnes > 0)
    if len(some) == 0:
        return
    links, shipping = world.links, state.shipping
    if np.isin(world.slots.good[links.seller[some]], MIXTURES).any():
        raise ModelError(
            "a mixture (concentrate, scrap or component) was detained",
            where="phase deliver",
            allowed="oxides, metals, targets and magnets",
            remedy="leave mixtures out of hold_goods",
        )
    buyers, start = np.unique(links.buyer[some], return_index=True)
    flow = goods[links.seller[some]] * tonnes[some, None]
    shipping.goods.detain(np.add.reduceat(flow, start, axis=0), buyers)
    shipping.held_weeks[buyers] = np.maximum.reduceat(weeks[links.lane[some]], start)
    shipping.held_lag[buyers] = np.maximum.reduceat(shipping.goods.lag[some], start)
    shipping.held_link[buyers] = some[start]


def _release(world: World, state: MarketState) -> Floats:
    """Let customs release lots; returns the tonnes that cross the border [inputs]."""
    shipping = state.shipping
    share = state.dt / (state.dt + 0.5 * shipping.held_weeks)
    return shipping.goods.release(share, shipping.held_lag)[:, 0]
