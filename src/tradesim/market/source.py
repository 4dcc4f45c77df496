"""Source: split every order over suppliers by landed cost, preference and reliability."""

from __future__ import annotations

import numpy as np

from tradesim.market import ceiling
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms
from tradesim.world.types import Floats, World, sum_by

#: Perceived risk at which a buyer starts to look elsewhere, and at which it looks in earnest.
WAKES_ABOVE, AWAKE_AT = 0.15, 0.5
#: Widest that stock over target counts in a seller's appeal, either way (assumption).
WIDEST_STOCK = 16.0
#: Least share of orders filled that a buyer remembers, so that nobody is written off for good.
LEAST_FILL = 0.02


def landed_price(
    ask_origin: Floats, ask_destination: Floats, wedge: Floats, factor: Floats, specific: Floats,
    openness: Floats,
) -> Floats:  # fmt: skip
    """Price of a spot tonne delivered and duty paid, USD/kg [lanes].

    On an open lane it is the origin's ask with the base-year wedge, times the ``factor`` of taxes
    and duties, plus the ``specific`` cost (USD/kg): the buyer bears them in full. On a restricted
    lane the seller who may ship takes what the destination pays, so the licence's rent is his.
    """
    free = ask_origin * wedge * factor + specific
    return openness * free + (1.0 - openness) * np.maximum(free, ask_destination)


def fob_price(landed: Floats, wedge: Floats, factor: Floats, specific: Floats) -> Floats:
    """What the seller receives, USD/kg [lanes]: the landed price less duties, cost and wedge."""
    return np.maximum(landed - specific, 0.0) / (factor * wedge)


def awake(risk: Floats) -> Floats:
    """How far buyers turn to suppliers they do not know, 0-1, by perceived risk (0-1)."""
    depth = (risk - WAKES_ABOVE) / (AWAKE_AT - WAKES_ABOVE)
    return np.asarray(np.clip(depth, 0.0, 1.0), np.float64)


def availability(stock: Floats, target: Floats) -> Floats:
    """Appeal of a seller by its stock over target [outputs]: the square root, within 1/4 and 4.

    Goods are offered where they lie, so two sellers at one price do not drift apart for good.
    """
    ratio = np.where(target > 1e-9, stock / np.maximum(target, 1e-9), 1.0)
    return np.asarray(np.sqrt(np.clip(ratio, 1.0 / WIDEST_STOCK, WIDEST_STOCK)), np.float64)


def source(
    world: World, state: MarketState, params: MarketParameters, terms: Terms, openness: Floats
) -> None:
    """Set what is ordered on every link, t in the step."""
    links, price0 = world.links, world.price0
    at_origin = world.lane_origin
    at_destination = world.lane_destination
    state.landed = landed_price(
        state.ask[at_origin], state.ask[at_destination], world.wedge,
        terms.border.factor, terms.border.usd_per_kg + state.permit_usd_per_kg, openness,
    )  # fmt: skip
    sleeping = world.sleeping_links
    state.switched_on[sleeping] = awake(state.risk[links.buyer[sleeping]])
    ratio = np.maximum(state.landed / price0[at_destination], 1e-6)
    appeal = np.exp(-params.sourcing_elasticity * np.log(ratio))
    ready = availability(state.stock[world.slots.inputs :], state.target_out)
    appeal *= terms.preference
    weight = links.weight * state.switched_on * appeal[links.lane] * state.fill
    weight *= ready[world.seller_output]
    if state.avoidance is not None:
        weight *= state.avoidance
    if terms.border.closing:
        weight[terms.closed] = 0.0
    total = sum_by(links.buyer, weight, world.slots.inputs)
    share = weight / np.maximum(total, 1e-30)[links.buyer]
    state.ordered = state.orders[links.buyer] * share
    if state.ceilings is not None:
        known = state.switched_on.copy()
        known[sleeping] = 1.0
        offer = links.weight * known * appeal[links.lane] * state.fill * ready[world.seller_output]
        state.ordered = ceiling.hold(world, state.ceilings, state.ordered, offer)


def remember(world: World, state: MarketState, params: MarketParameters) -> None:
    """Update how well each supplier filled orders (share of orders, floored at 2%).

    An application that waits is an order served late, not one refused: behind a licence a buyer
    counts on the approval rate at least.
    """
    served = state.shipped if state.rerouted is None else state.shipped + state.rerouted
    filled = np.where(
        state.ordered > 1e-12,
        np.minimum(served / np.maximum(state.ordered, 1e-12), 1.0),
        state.fill,
    )
    for book in state.books.values():
        filled[book.links] = np.maximum(filled[book.links], book.fraction * book.approval)
    state.fill = np.maximum(
        state.fill + gain(params.reliability_weeks, state.dt) * (filled - state.fill), LEAST_FILL
    )
