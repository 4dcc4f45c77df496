"""Permits: what the right to ship a tonne under a limit is worth, and who gets that rent."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms, TonnageLimit
from tradesim.world.types import Floats, World, sum_by


def permit_price(
    before: float, asked_t: float, limit_t: float, scale: float, share: float
) -> float:
    """Price of a permit after a step, USD/kg: it rises while more is asked than the limit lets by.

    ``before + share x scale x ln(asked / limit)``, never negative. ``scale`` is the mean price of
    what the limit covers (USD/kg), ``share`` the part of a gap closed in a step. Tatonnement in
    the market for permits (Walras): its rest point is the price that makes demand meet the limit.
    """
    if limit_t <= 0.0:
        return before
    change = np.log(max(asked_t, 1e-12) / limit_t)
    return max(0.0, before + share * scale * float(np.clip(change, -1.0, 1.0)))


def permits(world: World, state: MarketState, params: MarketParameters, terms: Terms) -> None:
    """Set the price of every limit's permits and what they add on each lane, USD/kg [lanes]."""
    if not terms.limits and not state.permits:
        return
    state.permits = {
        name: _price(world, state, params, limit, state.permits.get(name, 0.0))
        for name, limit in terms.limits.items()
    }
    total = np.zeros(len(world.lanes))
    for name, price in state.permits.items():
        total += price * terms.limits[name].weight
    state.permit_usd_per_kg = total


def _price(
    world: World, state: MarketState, params: MarketParameters, limit: TonnageLimit, before: float
) -> float:
    """Permit price of one limit after this step's orders, USD per counted kilogram."""
    ordered = sum_by(world.links.lane, state.ordered, len(world.lanes))
    counted = world.lanes.base_t * limit.weight
    value = (counted * world.price0[world.lane_origin]).sum()
    scale = float(value / max(counted.sum(), 1e-30))
    asked = float((ordered * limit.weight).sum()) / state.dt
    share = gain(params.permit_weeks, state.dt)
    return permit_price(before, asked, limit.t_per_week, scale, float(share))


def within_limits(world: World, state: MarketState, terms: Terms, demand: Floats) -> Floats:
    """Demand [links] scaled so that every limit holds in this step, t."""
    lane = world.links.lane
    for limit in terms.limits.values():
        if limit.held_by_licences:
            continue
        total = float((sum_by(lane, demand, len(world.lanes)) * limit.weight).sum())
        if total > limit.t_per_week * state.dt:
            share = limit.t_per_week * state.dt / total
            demand = np.where(limit.weight[lane] > 0, demand * share, demand)
    return demand


def share_out(world: World, state: MarketState, terms: Terms, share: Floats) -> None:
    """Hand the rent of permits to their holders; ``share`` is each link's part of its lane."""
    lane = world.links.lane
    for name, limit in terms.limits.items():
        by_lane = 1000.0 * state.lane_t * state.permits.get(name, 0.0) * limit.weight
        if limit.holder == "treasury":
            home = axes.ECONOMY_INDEX[limit.imposed_by]
            state.treasury_usd[home] += by_lane.sum()
            state.rents_usd[home] += by_lane.sum()
            continue
        firm = world.seller_firm if limit.holder == "exporter" else world.buyer_firm
        rent = sum_by(firm, share * by_lane[lane], len(world.firms))
        state.money_usd += rent
        state.rents_usd += sum_by(world.firms.economy, rent, len(state.rents_usd))
