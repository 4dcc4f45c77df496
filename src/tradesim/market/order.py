"""Order: replace expected use and close part of the gap in stock and supply line."""

from __future__ import annotations

import numpy as np

from tradesim.market.state import MarketState, gain
from tradesim.parameters import MarketParameters
from tradesim.terms import Terms
from tradesim.world.types import SLEEPING, Floats, World, sum_by

#: Longest licence wait that buyers order ahead of, in weeks (assumption: half a year, the usual
#: validity of a licence).
LONGEST_WAIT_WEEKS = 26.0


def order_rate(use: Floats, stock_gap: Floats, line_gap: Floats, weeks: float) -> Floats:
    """Orders per week: expected use plus gaps closed over ``weeks``, never negative.

    Anchor and adjustment with the supply line counted in full (Sterman 1989, Management Science
    35(3)); ``use`` t a week, gaps t, one shape.
    """
    return np.maximum(0.0, use + (stock_gap + line_gap) / weeks)


def stock_target(world: World, state: MarketState) -> Floats:
    """Stock that buyers aim at without fear, t [inputs].

    Cover times use in the base year; it grows with the square root of use, as economic order
    quantities and pooled safety stocks do (Maister 1976, the square root law of inventory).
    """
    slots = world.slots
    base = np.where(slots.base_t > 0, slots.base_t, np.inf)[: slots.inputs]
    ratio = np.where(np.isinf(base), 1.0, state.expected_use / base)
    return slots.cover_weeks[: slots.inputs] * state.expected_use / np.sqrt(np.maximum(ratio, 1.0))


def perceived_risk(risk: Floats, unfilled: Floats, rise: float, fall: float, dt: float) -> Floats:
    """Moving average of the unfilled share of orders (0-1), quick up and slow down (weeks)."""
    lag = np.where(unfilled > risk, rise, fall)
    return risk + gain(lag, dt) * (unfilled - risk)


def order(world: World, state: MarketState, params: MarketParameters) -> None:
    """Set orders of the step in t by input slot."""
    slots, dt = world.slots, state.dt
    inputs = slice(0, slots.inputs)
    state.expected_use += gain(params.forecast_weeks, dt) * (state.desired_use - state.expected_use)
    waiting = _licence_line(world, state)
    target = stock_target(world, state)
    nervous = 1.0 + params.panic * np.minimum(state.risk + state.alarm, 1.0)
    line_weeks = world.transit_weeks_in + state.learned_wait
    line = state.shipping.total_t + waiting
    rate = order_rate(
        state.expected_use,
        target * nervous - state.stock[inputs],
        state.expected_use * line_weeks - line,
        params.stock_adjustment_weeks + dt,
    )
    state.orders = rate * dt


def feel_risk(world: World, state: MarketState, params: MarketParameters) -> None:
    """Update risk from experience and the wait that buyers have learnt.

    Experience is the share of need that suppliers left open. Orders beyond need are fear itself:
    were they counted, fear would feed on what it orders and a market would not calm down. Both
    are averaged first, so that supply which comes in lots is not taken for supply that fails.
    """
    links, inputs = world.links, world.slots.inputs
    need = np.minimum(state.orders / state.dt, state.expected_use)
    share = gain(params.risk_rise_weeks, state.dt)
    state.mean_need += share * (need - state.mean_need)
    state.mean_received += share * (state.received / state.dt - state.mean_received)
    filled = state.mean_received / np.maximum(state.mean_need, 1e-12)
    unfilled = np.where(state.mean_need > 1e-9, np.clip(1.0 - filled, 0.0, 1.0), 0.0)
    state.risk = perceived_risk(
        state.risk, unfilled, params.risk_rise_weeks, params.risk_fall_weeks, state.dt
    )
    wait = np.zeros(inputs)
    for book in state.books.values():
        pending = sum_by(links.buyer[book.links], book.pending(), inputs)
        wait += pending / np.maximum(state.expected_use, 1e-12)
    wait = np.minimum(wait, LONGEST_WAIT_WEEKS)
    state.learned_wait += gain(params.wait_learning_weeks, state.dt) * (wait - state.learned_wait)


def fade(state: MarketState, params: MarketParameters) -> None:
    """Let what was heard of controls fade by a step."""
    state.alarm *= np.exp(-state.dt / params.announcement_fade_weeks)


def hear_announcements(
    world: World, state: MarketState, params: MarketParameters, terms: Terms
) -> None:
    """Add the alarm of controls newly announced or tightened."""
    links, inputs = world.links, world.slots.inputs
    if not terms.alarm.any() and not state.alarm_heard.any():
        return
    usual = np.where(links.project == SLEEPING, 0.0, links.weight)
    at_stake = sum_by(links.buyer, usual * terms.alarm[links.lane], inputs)
    level = params.announcement_weight * np.minimum(at_stake, 1.0)
    state.alarm = np.minimum(state.alarm + np.maximum(level - state.alarm_heard, 0.0), 1.0)
    state.alarm_heard = level


def _licence_line(world: World, state: MarketState) -> Floats:
    """Tonnes in licence queues (at the expected approval) and cleared, by input slot."""
    line = np.zeros(world.slots.inputs)
    for book in state.books.values():
        amount = book.pending() * book.approval + book.balance()
        line += sum_by(world.links.buyer[book.links], amount, world.slots.inputs)
    return line
