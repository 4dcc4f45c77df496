"""Leak: lots go round a control, by smuggling or through third countries, when the gap pays.

Where a control keeps goods from flowing, traders compare what a lot brings with what the way
round costs: the risk of losing it and of a fine, handling, freight and the margin of a crowded
hub. In the spirit of Allingham & Sandmo 1972 (10.1016/0047-2727(72)90010-2) for the gamble and
of Fisman & Wei 2004 (NBER w8551) for volumes that rise with the gain.
"""

from __future__ import annotations

import numpy as np

from tradesim.market.routes import Evasion, Routes
from tradesim.market.shipping import Transit
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import Floats, World, sum_by

#: Fullest that a hub counts itself when it sets its margin, so that the margin stays finite.
FULLEST = 0.95


def leak_share(revenue: Floats, cost: Floats, limit: Floats) -> Floats:
    """Share of the flow at stake that goes a way: ``limit (1 - cost / revenue)``, never negative.

    ``revenue`` and ``cost`` per kg tried (USD/kg, one shape): revenue is what the destination pays
    net of duty, times the chance to get through, less the expected fine. Zero while the gamble
    does not pay, concave in what it brings, below ``limit`` (share) whatever the gap.
    """
    pays = revenue > cost
    return np.where(pays, limit * (1.0 - cost / np.where(pays, revenue, 1.0)), 0.0)


def crowding(load: Floats) -> Floats:
    """Factor on a hub's margin by its load (flow over capacity): ``1 / (1 - load)``, convex.

    The waiting time of a single server grows so (Kleinrock 1975, Queueing Systems I, ch. 3).
    """
    return np.asarray(1.0 / (1.0 - np.minimum(load, FULLEST)), np.float64)


def expected_revenue(price: Floats, routes: Routes, penalty: Floats | None = None) -> Floats:
    """What a kg tried on each way brings on average, USD/kg [m, w]; ``price`` at the target [m]."""
    fine = routes.penalty if penalty is None else penalty
    net = np.maximum(price - routes.specific, 0.0)[:, None] / (1.0 + routes.duty)
    return np.asarray(routes.kept * net - (1.0 - routes.kept) * fine * price[:, None])


def leak(world: World, state: MarketState, params: MarketParameters, week: float) -> None:
    """Set what goes past each controlled link in the next step, by smuggling and by hub."""
    routes = state.routes
    if routes is not None or state.evasion is not None:
        _count_hubs(world, state, params)
    if routes is None:
        state.evasion = None
        return
    share = _shares(world, state, routes)
    share[:, 1:] *= routes.opens_week <= week
    ordered, shipped = state.ordered[routes.links], state.shipped[routes.links]
    open_t = np.maximum(ordered - shipped * (1.0 - routes.held), 0.0)
    base = world.links.base_t[routes.links] * state.dt
    direct = np.minimum(share[routes.lane, 0] * base, open_t)
    by_hubs = share[:, 1:].sum(1)
    detour = np.minimum(by_hubs, 1.0)[routes.lane] * (open_t - direct)
    split = share[:, 1:] / np.maximum(by_hubs, 1e-30)[:, None]
    used = sum_by(routes.lane, detour, len(routes.lanes)) @ split
    split = split * np.minimum(1.0, routes.capacity_t * state.dt / np.maximum(used, 1e-30))
    fits = split.sum(1)
    detour = detour * fits[routes.lane]
    split = split / np.maximum(fits, 1e-30)[:, None]
    found = 1.0 - routes.kept
    some = float(direct.sum() + detour.sum()) > 0.0
    lost = (split * found[:, 1:]).sum(1)
    plan = Evasion(routes, direct, detour, split, found[:, 0], lost, np.zeros(len(routes.hubs)))
    state.evasion = plan if some else None


def _count_hubs(world: World, state: MarketState, params: MarketParameters) -> None:
    """Book what trading firms moved as their activity; they learn how full they are [firms]."""
    moved = np.zeros(len(world.firms))
    if state.evasion is not None:
        moved[state.evasion.routes.hubs] = state.evasion.by_hub / state.dt
    state.activity = np.where(world.is_trader, moved, state.activity)
    capacity = world.firms.capacity_t / WEEKS_PER_YEAR
    load = np.where(world.is_trader, moved / np.maximum(capacity, 1e-12), 0.0)
    state.hub_load = state.hub_load + gain(params.hub_weeks, state.dt) * (load - state.hub_load)


def _shares(world: World, state: MarketState, routes: Routes) -> Floats:
    """Share of the flow at stake that goes each way at the asks of the step [m, w]."""
    home, target = world.lane_origin[routes.lanes], world.lane_destination[routes.lanes]
    bought = (state.ask[home] * world.wedge[routes.lanes])[:, None]
    markup = routes.markup.copy()
    markup[:, 1:] *= crowding(state.hub_load[routes.hubs])
    cost = bought * (1.0 + routes.export_tax) * (1.0 + markup) + routes.freight_usd_per_kg
    return leak_share(expected_revenue(state.ask[target], routes), cost, routes.limit)


def reroute(world: World, state: MarketState) -> None:
    """Send the lots out of what is left of the sellers' stocks; some are found and seized.

    A lot that would be detained goes the way round instead of into detention, not on top of it.
    """
    plan = state.evasion
    if plan is None:
        state.rerouted = state.seized = None
        return
    routes, wanted = plan.routes, plan.direct + plan.detour
    if routes.held.any():
        state.shipped = state.shipped.copy()
        held = state.shipped[routes.links] * routes.held
        state.shipped[routes.links] -= np.minimum(wanted, held)
    sellers, count = world.links.seller, len(world.slots)
    left = np.maximum(state.stock - sum_by(sellers, state.shipped, count), 0.0)
    asked = sum_by(sellers[routes.links], wanted, count)
    share = np.minimum(1.0, left / np.maximum(asked, 1e-30))[sellers[routes.links]]
    plan.direct, plan.detour = plan.direct * share, plan.detour * share
    seized = plan.direct * plan.lost_direct[routes.lane]
    seized = seized + plan.detour * plan.lost_detour[routes.lane]
    state.rerouted, state.seized = np.zeros(len(sellers)), np.zeros(len(sellers))
    state.rerouted[routes.links] = plan.direct + plan.detour - seized
    state.seized[routes.links] = seized
    by_hub = sum_by(routes.lane, plan.detour, len(routes.lanes)) @ plan.split
    plan.by_hub = by_hub


def settle(world: World, state: MarketState) -> None:
    """Book the money of lots that went round a control; the ledger sums to zero.

    Buyers pay the ask at the destination, duty included. A smuggler is the maker himself: he
    bears freight, loss and fine. A hub buys from the maker at the ask of his country, bears the
    rest and keeps what is left. Fines go to the treasury that found the lot.
    """
    plan = state.evasion
    if plan is None or state.rerouted is None:
        return
    routes = plan.routes
    links, lanes, count = routes.links, routes.lanes, len(routes.lanes)
    detour = sum_by(routes.lane, plan.detour, count)
    tried = np.concatenate(
        (sum_by(routes.lane, plan.direct, count)[:, None], detour[:, None] * plan.split), 1
    )
    home = 1000.0 * state.ask[world.lane_origin[lanes]]
    target = 1000.0 * state.ask[world.lane_destination[lanes]]
    sold = tried * routes.kept
    fine = (tried - sold) * routes.penalty * target[:, None]
    before_duty = np.maximum(target - 1000.0 * routes.specific, 0.0)[:, None] / (1.0 + routes.duty)
    duty = sold * (target[:, None] - before_duty)
    tax = tried * routes.export_tax * home[:, None]
    freight = tried * (
        (home * (world.wedge[lanes] - 1.0))[:, None] + 1000.0 * routes.freight_usd_per_kg
    )
    rest = sold * before_duty - fine - freight - tax
    state.lane_t[lanes] += sold.sum(1)
    state.value_usd[lanes] += (sold * before_duty).sum(1)
    state.duty_usd[lanes] += duty.sum(1)
    economies = len(state.treasury_usd)
    state.treasury_usd += sum_by(world.lanes.destination[lanes], duty.sum(1), economies)
    state.treasury_usd += sum_by(world.lanes.origin[lanes], tax.sum(1), economies)
    state.treasury_usd += sum_by(routes.catcher.ravel(), fine.ravel(), economies)
    state.carriers_usd += float(freight.sum())
    state.money_usd[routes.hubs] += (rest[:, 1:] - tried[:, 1:] * home[:, None]).sum(0)
    firms = len(world.firms)
    per_t = rest[:, 0] / np.maximum(tried[:, 0], 1e-30)
    earned = plan.direct * per_t[routes.lane] + plan.detour * home[routes.lane]
    state.money_usd += sum_by(world.seller_firm[links], earned, firms)
    paid = state.rerouted[links] * target[routes.lane]
    state.money_usd -= sum_by(world.buyer_firm[links], paid, firms)


def depart(
    world: World, state: MarketState, tonnes: Floats, goods: Floats, elements: Floats
) -> Floats:
    """Put lots by hubs on their longer way; returns what takes the usual one, t [links].

    ``tonnes`` is all that leaves [links]; ``goods`` and ``elements`` are contents per tonne.
    """
    plan, shipping = state.evasion, state.shipping
    if plan is None or not plan.detour.any():
        return tonnes
    routes = plan.routes
    some = np.flatnonzero(plan.detour)
    lane, link = routes.lane[some], routes.links[some]
    detour = plan.detour[some] * (1.0 - plan.lost_detour[lane])
    lag = np.maximum(np.rint(routes.lag_weeks / state.dt).astype(np.int64), 1)[lane]
    seller, buyer = world.links.seller[link], world.links.buyer[link]
    _load(shipping.goods, buyer, lag, detour[:, None] * goods[seller])
    mixed = np.flatnonzero(world.tracked[buyer])
    if len(mixed):
        position = np.searchsorted(world.mixed, np.stack((seller[mixed], buyer[mixed])))
        content = detour[mixed, None] * elements[position[0]]
        _load(shipping.elements, position[1], lag[mixed], content)
    usual = tonnes.copy()
    usual[link] -= detour
    return usual


def _load(transit: Transit, row: np.ndarray, lag: np.ndarray, flow: Floats) -> None:
    transit.lengthen(int(lag.max()))
    step = (transit.cursor + lag - 1) % len(transit.ring)
    np.add.at(transit.ring, (step, row), flow)


def seizures(world: World, state: MarketState, goods: Floats, elements: Floats) -> None:
    """Book the content of seized lots as lost; contents per t, all slots and mixtures."""
    if state.seized is None or not state.seized.any():
        return
    seller = world.links.seller
    lost = sum_by(seller, state.seized, len(world.slots))
    fixed = np.where(world.tracked, 0.0, lost)
    inside = fixed @ world.slots.vector + lost[world.mixed] @ elements
    state.lost.book(inside, float(lost @ goods[:, 1]))
    state.origin_made -= lost @ goods[:, 2:]
