"""Public purse: reserves that buy and release, and prices that governments guarantee.

A reserve buys on links like any other buyer, at the landed price, and its orders count as demand
at the sellers. What it holds is no market stock until it is released.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradesim.errors import ModelError
from tradesim.market.shipping import EMPTY_T
from tradesim.market.source import availability
from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters
from tradesim.public_terms import Programme
from tradesim.terms import Terms
from tradesim.world.types import N_ECONOMIES, N_GOODS, Flags, Floats, Ints, World, sum_by


def wanted_usd(rate_usd: Floats, left_usd: Floats, total_left_usd: float) -> Floats:
    """What a programme spends in a step on each good, USD [n]: its rate while money is left.

    If the goods together want more than the whole budget still holds, all are cut alike.
    """
    wanted = np.minimum(rate_usd, np.maximum(left_usd, 0.0))
    total = float(wanted.sum())
    return wanted * min(1.0, max(total_left_usd, 0.0) / total) if total > 0 else wanted


def pro_rata(available: float, unmet: Floats) -> Floats:
    """What each buyer gets of a release, t [n]: in proportion to unmet orders, never more."""
    total = float(unmet.sum())
    return unmet * min(1.0, available / total) if total > 0 else np.zeros_like(unmet)


def buy(world: World, state: MarketState, params: MarketParameters, terms: Terms) -> None:
    """Place the orders of public programmes, t in the step on each public link.

    Money goes to admitted sellers by their size, landed price, stock and record, as with private
    buyers; a lane whose landed price is above the ceiling gets no order.
    """
    if not terms.programmes or len(world.public_links) == 0:
        return
    links, seat = world.public_links, world.public_seat
    lane = world.links.lane[links]
    price = _price_at_most(world, state, terms, lane)
    ratio = np.maximum(state.landed / world.price0[world.lane_destination], 1e-6)[lane]
    seller = world.links.seller[links] - world.slots.inputs
    firm = world.seller_firm[links]
    running = np.minimum(state.activity / np.maximum(world.activity_nominal_t, 1e-12), 1.0)
    weight = world.links.weight[links] * np.exp(-params.sourcing_elasticity * np.log(ratio))
    ready = availability(state.stock[world.slots.inputs :][seller], state.target_out[seller])
    weight *= running[firm] * state.fill[links] * ready
    weight *= _admitted(world, state, terms)
    count = len(world.reserve_slots)
    share = weight / np.maximum(sum_by(seat, weight, count), 1e-30)[seat]
    usd = _wants(world, state, terms, price, share)
    state.ordered[links] = usd[seat] * share / (1000.0 * price)
    state.orders[world.reserve_slots] = sum_by(seat, state.ordered[links], count)


def _programmes(world: World, terms: Terms) -> Iterator[tuple[Programme, Ints]]:
    """Programmes in force, each with its rows among the reserve slots."""
    firm = world.slots.firm[world.reserve_slots]
    for name in sorted(terms.programmes):
        yield terms.programmes[name], np.flatnonzero(firm == _reserve(world, name))


def _reserve(world: World, name: str) -> int:
    """The firm that holds the reserve of a programme; it must be in the world."""
    label = f"reserve: {name}"
    if label not in world.firms.name:
        raise ModelError(
            f"programme '{name}' has no reserve in this world",
            where="phase public",
            allowed=", ".join(n for n in world.firms.name if n.startswith("reserve: ")) or "none",
            remedy="build the world with the reserves of the scenario (model.reserves_of)",
        )
    return world.firms.name.index(label)


def _price_at_most(world: World, state: MarketState, terms: Terms, lane: Ints) -> Floats:
    """The most that a tonne on these lanes can cost, duty paid, USD/kg: spot or contract price."""
    specific = (terms.border.usd_per_kg + state.permit_usd_per_kg)[lane]
    spot = np.maximum(state.landed[lane], specific)
    origin = world.lane_origin[lane]
    term = state.contract[origin] * world.wedge[lane] * terms.border.factor[lane] + specific
    return np.where(world.lanes.base_t[lane] > 0, np.maximum(spot, term), spot)


def _admitted(world: World, state: MarketState, terms: Terms) -> Flags:
    """Public links on which a programme in force may buy now, by its ceiling [public links]."""
    ceiling = np.zeros(len(world.reserve_slots))
    for programme, rows in _programmes(world, terms):
        ceiling[rows] = programme.ceiling
    lane = world.links.lane[world.public_links]
    ratio = (state.landed / world.price0[world.lane_destination])[lane]
    closed = terms.closed[world.public_links]
    return np.asarray((ratio <= ceiling[world.public_seat]) & ~closed, np.bool_)


def _wants(world: World, state: MarketState, terms: Terms, price: Floats, share: Floats) -> Floats:
    """What programmes would spend in this step, USD [reserve slots].

    ``price`` (USD/kg) and ``share`` of the slot's orders by public link. What waits for a licence,
    or is cleared and not shipped, is spoken for.
    """
    count, seat = len(world.reserve_slots), world.public_seat
    waiting = _waiting(world, state)
    line_t = sum_by(seat, waiting, count)
    line_usd = sum_by(seat, 1000.0 * price * waiting, count)
    t_per_usd = np.maximum(sum_by(seat, share / (1000.0 * price), count), 1e-30)
    usd = np.zeros(count)
    for programme, rows in _programmes(world, terms):
        good = world.slots.good[world.reserve_slots[rows]]
        room = programme.target_t[good] - state.reserve_t[rows] - line_t[rows]
        tonnes = np.minimum(programme.t_per_week[good] * state.dt, np.maximum(room, 0.0))
        offered = np.minimum(programme.usd_per_week[good] * state.dt, tonnes / t_per_usd[rows])
        spent = state.reserve_usd[rows] + line_usd[rows]
        left = programme.budget_usd[good] - spent
        offered = offered * _eager(world, state, programme, rows)
        usd[rows] = wanted_usd(offered, left, programme.total_usd - float(spent.sum()))
    return usd


def _eager(world: World, state: MarketState, programme: Programme, rows: Ints) -> Floats | float:
    """Share of its rate at which a programme buys [rows]; a speculator's follows the trend.

    ``(a / trend - 1)`` within 0 and 1, with the share ``a`` by which asks lie above their trailing
    averages: a noisy market moves nobody.
    """
    if not programme.private:
        return 1.0
    above = _trend(world, state, programme)[world.slots.good[world.reserve_slots[rows]]]
    return np.asarray(np.clip(above / programme.trend - 1.0, 0.0, 1.0), np.float64)


def _trend(world: World, state: MarketState, programme: Programme) -> Floats:
    """Ask over its trailing average, less one, in the economies that a speculator watches [goods].

    The mean of all, each weighted by what it buys of the good in the base year.
    """
    weight = world.bought_base_t.reshape(N_ECONOMIES, N_GOODS)
    if programme.watched is not None:
        weight = weight * programme.watched[:, None]
    above = (state.ask / state.contract - 1.0).reshape(N_ECONOMIES, N_GOODS)
    return np.asarray((weight * above).sum(0) / np.maximum(weight.sum(0), 1e-30), np.float64)


def _waiting(world: World, state: MarketState) -> Floats:
    """Tonnes applied for or cleared on each public link [public links]."""
    total = np.zeros(len(world.public_links))
    for book in state.books.values():
        place = book.position[world.public_links]
        amount = book.pending() * book.approval + book.balance()
        total += np.where(place >= 0, amount[place], 0.0)
    return total


def within_budget(world: World, state: MarketState, terms: Terms, demand: Floats) -> Floats:
    """Demand [links] with public links cut to what their programme may still spend or buy, t.

    Orders never ask for more; licences that clear together could.
    """
    links, seat = world.public_links, world.public_seat
    if len(links) == 0 or not demand[links].any():
        return demand
    count = len(world.reserve_slots)
    allowed = demand[links] * _admitted(world, state, terms)
    price = _price_at_most(world, state, terms, world.links.lane[links])
    tonnes = sum_by(seat, allowed, count)
    usd = sum_by(seat, 1000.0 * price * allowed, count)
    share = np.zeros(count)
    for programme, rows in _programmes(world, terms):
        good = world.slots.good[world.reserve_slots[rows]]
        left = programme.budget_usd[good] - state.reserve_usd[rows]
        total = programme.total_usd - float(state.reserve_usd[rows].sum())
        money = wanted_usd(usd[rows], left, total) / np.maximum(usd[rows], 1e-30)
        room = np.maximum(programme.target_t[good] - state.reserve_t[rows], 0.0)
        share[rows] = np.minimum(money, room / np.maximum(tonnes[rows], 1e-30))
    cut = demand.copy()
    cut[links] = allowed * np.minimum(share, 1.0)[seat]
    return cut


def settle(world: World, state: MarketState, terms: Terms, tonnes: Floats, paid: Floats) -> None:
    """Let governments pay for what reserves bought, and for guaranteed prices.

    ``tonnes`` shipped and USD ``paid`` by link [links] in the step.
    """
    if len(world.public_links):
        _pay_reserves(world, state, terms, tonnes, paid)
    if state.guarantee is not None:
        _pay_guarantees(world, state, tonnes)


def _pay_reserves(
    world: World, state: MarketState, terms: Terms, tonnes: Floats, paid: Floats
) -> None:
    """Book purchases by reserve slot; the payers of the programme refund the reserve."""
    links, count = world.public_links, len(world.reserve_slots)
    bill = sum_by(world.public_seat, paid[links], count)
    state.reserve_usd += bill
    state.reserve_t += sum_by(world.public_seat, tonnes[links], count)
    firm = world.slots.firm[world.reserve_slots]
    refund = bill.copy()
    for programme, rows in _programmes(world, terms):
        if programme.private:
            refund[rows] = 0.0
        else:
            state.spent_usd += programme.payers * float(bill[rows].sum())
    state.money_usd += sum_by(firm, refund, len(world.firms))


def _pay_guarantees(world: World, state: MarketState, tonnes: Floats) -> None:
    """Pay the difference to the floor on what was sold, ask in the seller's market [outputs]."""
    if state.guarantee is None:
        return
    slots, inputs = world.slots, world.slots.inputs
    sold = sum_by(world.seller_output, tonnes, len(slots) - inputs)
    ask = state.ask[slots.market[inputs:]]
    bill = 1000.0 * sold * state.guarantee.premium(ask)
    some = np.flatnonzero(bill)
    state.money_usd += sum_by(slots.firm[inputs:][some], bill[some], len(world.firms))
    payer = state.guarantee.payer[some]
    state.spent_usd += sum_by(payer, bill[some], len(state.spent_usd))


def release(world: World, state: MarketState, terms: Terms) -> None:
    """Sell out of reserves to members whose ask is above the trigger and who lack goods.

    A release serves orders of the step that nobody filled, in proportion, at the ask of the
    buyer's market; the payers of the programme get the proceeds. It lies with the members, so it
    takes no transit.
    """
    for programme, rows in _programmes(world, terms):
        offers = programme.private or np.isfinite(programme.release_above)
        if not offers or programme.release_per_week <= 0.0:
            continue
        for slot in world.reserve_slots[rows][state.stock[world.reserve_slots[rows]] > EMPTY_T]:
            _release_one(world, state, programme, int(slot))


def _release_one(world: World, state: MarketState, programme: Programme, slot: int) -> None:
    """Release one good out of one reserve slot."""
    slots = world.slots
    market = slots.market[: slots.inputs]
    if programme.private:
        falls = _trend(world, state, programme)[slots.good[slot]] < 0.0
        dear = np.full(world.markets, falls)
    else:
        dear = state.ask > programme.release_above * world.price0
    served = (slots.good[: slots.inputs] == slots.good[slot]) & world.private & dear[market]
    served &= programme.members[world.firms.economy[slots.firm[: slots.inputs]]]
    rows = np.flatnonzero(served)
    unmet = state.orders[rows]
    if not programme.private:  # a speculator sells to all, beside the makers
        unmet = np.maximum(unmet - state.received[rows], 0.0)
    stock = float(state.stock[slot])
    offered = stock * (1.0 - (1.0 - programme.release_per_week) ** state.dt)
    tonnes = pro_rata(offered, unmet)
    total = float(tonnes.sum())
    if total <= 0.0:
        return
    state.chinese[rows] += state.chinese[slot] / stock * tonnes
    state.chinese[slot] *= 1.0 - total / stock
    state.origin[rows] += tonnes[:, None] * (state.origin[slot] / stock)
    state.origin[slot] *= 1.0 - total / stock
    state.stock[rows] += tonnes
    state.stock[slot] -= total
    state.received[rows] += tonnes
    bill = 1000.0 * tonnes * state.ask[market[rows]]
    state.money_usd -= sum_by(slots.firm[rows], bill, len(world.firms))
    if programme.private:
        state.money_usd[slots.firm[slot]] += bill.sum()
    else:
        state.spent_usd -= programme.payers * float(bill.sum())
