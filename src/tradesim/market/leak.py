"""Leak: traders move lots past a control when the price gap pays for the risk."""

from __future__ import annotations

import numpy as np

from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import Floats, World


def leak_share(gap: Floats, premium: float, limit: float) -> Floats:
    """Share of base flow that traders try to move: ``limit (1 - exp(-ln(gap / (1 + premium))))``.

    ``gap`` is the destination's ask over the origin's with the base-year wedge (ratio),
    ``premium`` the price of the risk (ratio). Zero while the gap does not pay, concave above; in
    the spirit of Fisman & Wei 2004 (NBER w8551), where evasion rises with what is to be gained.
    """
    pays = np.maximum(np.log(np.maximum(gap, 1e-9) / (1.0 + premium)), 0.0)
    return np.asarray(limit * (1.0 - np.exp(-pays)), np.float64)


def leak(world: World, state: MarketState, params: MarketParameters) -> None:
    """Set what traders will try to move on each controlled link in the next step, t [links].

    They have no more than their own capacity in all; their activity is what they moved.
    """
    links, firms = world.links, world.firms
    moved = 0.0 if state.rerouted is None else float(state.rerouted.sum())
    capacity = np.where(world.is_trader, firms.capacity_t / WEEKS_PER_YEAR, 0.0)
    total = capacity.sum()
    if total > 0:
        state.activity = np.where(
            world.is_trader, capacity / total * moved / state.dt, state.activity
        )
    state.leaking = False
    if not state.books or total <= 0:
        return
    gap = state.ask[world.lane_destination] / (state.ask[world.lane_origin] * world.wedge)
    share = leak_share(gap, params.leak_risk_premium, params.leak_share_limit)
    state.leak_wanted = np.zeros(len(links))
    for book in state.books.values():
        lane = links.lane[book.links]
        short = np.maximum(state.ordered[book.links] - state.shipped[book.links], 0.0)
        wanted = share[lane] * book.fraction * links.base_t[book.links] * state.dt
        state.leak_wanted[book.links] = np.minimum(wanted, short)
    asked = state.leak_wanted.sum()
    state.leak_wanted *= min(1.0, total * state.dt / asked) if asked > 0 else 0.0
    state.leaking = bool(asked > 0)
