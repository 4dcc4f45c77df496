"""Permits: what the right to ship a tonne under a limit is worth, and who gets that rent."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms, TonnageLimit
from tradesim.world.types import Floats, World, sum_by

#: Largest log gap between what is asked and what may leave that the price reacts to in a step.
LARGEST_GAP = 1.0
#: Traders look so many weeks past the end of an allowance (assumption: the next half-year): a
#: good keeps, so the permits of this one and of the next are worth much the same near its end.
LOOK_AHEAD_WEEKS = 26.0


def permit_price(before: float, asked: float, rate: float, scale: float, share: float) -> float:
    """Price of a permit after a step, USD/kg: it rises while more is asked than the limit's rate.

    ``(before + scale) x (asked / rate)^share - scale``, never negative: the price of the goods
    with their permit moves by ``share`` of the log gap. ``asked`` and ``rate`` t a week,
    ``scale`` the mean price of what the limit covers (USD/kg). Tatonnement in the market for
    permits (Walras): its rest point is the price that makes demand meet the limit.
    """
    gap = np.log(max(asked, 1e-12) / max(rate, 1e-12))
    moved = (before + scale) * float(np.exp(share * np.clip(gap, -LARGEST_GAP, LARGEST_GAP)))
    return max(0.0, moved - scale)


def lasting_rate(limit: TonnageLimit, used_t: float, week: float) -> float:
    """Counted tonnes a week that a limit lets by for good: what permits are scarce against.

    ``(rest + H x mean) / (left + H)`` of an allowance with ``rest`` tonnes and ``left`` weeks to
    go, ``mean`` its rate over the whole period and ``H`` the weeks that traders look ahead.
    """
    period = limit.allowance
    if period is None:
        return limit.t_per_week
    rest, left = max(period.t - used_t, 0.0), max(period.ends_week - week, 0.0)
    return (rest + LOOK_AHEAD_WEEKS * limit.t_per_week) / (left + LOOK_AHEAD_WEEKS)


def allowed(limit: TonnageLimit, used_t: float, week: float, dt: float) -> float:
    """Counted tonnes that may leave in a step of ``dt`` weeks from ``week`` on.

    Of an allowance ``rest x (1 - (1 - dt / left)^pace)``: the solution of ``d rest / d week =
    -pace x rest / left``, so the step's length does not matter. The last step gives all the rest.
    """
    period = limit.allowance
    if period is None:
        return limit.t_per_week * dt
    rest, left = max(period.t - used_t, 0.0), period.ends_week - week
    if left <= dt:
        return rest
    return rest * float(1.0 - (1.0 - dt / left) ** period.pace)


def undeclared(world: World, state: MarketState, terms: Terms, limit: TonnageLimit) -> float:
    """Counted tonnes a week that leave past a limit: those of the base year that are not found.

    ``U (1 - d) min(1, asked / base)``: searches at the border hit them like any lot past a control
    (``d``, mean over the lanes by base trade), and they are their part of what is ordered, at most
    what they were in the base year.
    """
    if limit.undeclared_share == 0.0:
        return 0.0
    counted = world.lanes.base_t * limit.weight
    base = max(_total(counted), 1e-30)
    found = _total(counted * terms.detection) / base
    asked = _total(state.ordered * limit.weight[world.links.lane]) / state.dt
    return limit.undeclared_share * base * (1.0 - found) * min(1.0, asked / base)


def _total(tonnes: Floats) -> float:
    """Sum of what is not nil: lanes that carry nothing do not show in the last digit."""
    return float(tonnes[tonnes != 0.0].sum())


def permits(
    world: World, state: MarketState, params: MarketParameters, terms: Terms, week: float
) -> None:
    """Set what every limit lets pass, the price of its permits and their cost by lane, USD/kg.

    It comes before orders are placed, so that buyers pay the price by which they chose; what was
    asked is known from the step before.
    """
    if not terms.limits and not state.permits:
        return
    state.undeclared_t = {
        name: undeclared(world, state, terms, limit) * state.dt
        for name, limit in terms.limits.items()
    }
    state.allowed_t = {
        name: allowed(limit, _used(state, name, limit), week, state.dt) + state.undeclared_t[name]
        for name, limit in terms.limits.items()
    }
    state.permits = {
        name: _price(world, state, params, name, limit, week)
        for name, limit in terms.limits.items()
    }
    total = np.zeros(len(world.lanes))
    for name, price in state.permits.items():
        total += price * terms.limits[name].weight
    state.permit_usd_per_kg = total


def _used(state: MarketState, name: str, limit: TonnageLimit) -> float:
    """Tonnes used of a limit's allowance so far; nothing of a new one."""
    since, used = state.used_t.get(name, (0.0, 0.0))
    return used if limit.allowance and limit.allowance.starts_week == since else 0.0


def _price(
    world: World, state: MarketState, params: MarketParameters, name: str, limit: TonnageLimit,
    week: float,
) -> float:  # fmt: skip
    """Permit price of one limit after the last orders, USD per counted kilogram."""
    trade = world.lanes.base_t * (limit.weight > 0)
    value = float((trade * world.price0[world.lane_origin]).sum())
    scale = value / max(float((trade * limit.weight).sum()), 1e-30)
    asked = float((state.ordered * limit.weight[world.links.lane]).sum()) / state.dt
    rate = lasting_rate(limit, _used(state, name, limit), week)
    rate += state.undeclared_t[name] / state.dt
    share = gain(params.permit_weeks, state.dt)
    return permit_price(state.permits.get(name, 0.0), asked, rate, scale, share)


def within_limits(world: World, state: MarketState, terms: Terms, demand: Floats) -> Floats:
    """Demand [links] scaled so that every limit holds in this step, t."""
    lane = world.links.lane
    for name, limit in terms.limits.items():
        if limit.held_by_licences:
            continue
        total = float((demand * limit.weight[lane]).sum())
        if total > state.allowed_t[name]:
            share = state.allowed_t[name] / total
            demand = np.where(limit.weight[lane] > 0, demand * share, demand)
    return demand


def share_out(world: World, state: MarketState, terms: Terms, share: Floats) -> None:
    """Hand the rent of permits to their holders; ``share`` is each link's part of its lane.

    What leaves past a limit uses up nothing of it, but sells at the price that the limit makes.
    """
    lane = world.links.lane
    state.undeclared = None
    for name, limit in terms.limits.items():
        counted = state.lane_t * limit.weight
        past = min(state.undeclared_t[name], _total(counted))
        if past > 0.0:
            part = (past / _total(counted) * (limit.weight > 0))[lane] * state.shipped
            state.undeclared = part if state.undeclared is None else state.undeclared + part
        if limit.allowance is not None:
            used = _used(state, name, limit) + float(counted.sum()) - past
            state.used_t[name] = (limit.allowance.starts_week, used)
        by_lane = 1000.0 * counted * state.permits.get(name, 0.0)
        if limit.holder == "treasury":
            home = axes.ECONOMY_INDEX[limit.imposed_by]
            state.treasury_usd[home] += by_lane.sum()
            state.rents_usd[home] += by_lane.sum()
            continue
        firm = world.seller_firm if limit.holder == "exporter" else world.buyer_firm
        rent = sum_by(firm, share * by_lane[lane], len(world.firms))
        state.money_usd += rent
        state.rents_usd += sum_by(world.firms.economy, rent, len(state.rents_usd))
