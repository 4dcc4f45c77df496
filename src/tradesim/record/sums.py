"""Add up what happens in a period. A new measure is one more line in a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np

from tradesim.market.state import ACCOUNTS, MarketState
from tradesim.states.utility import TERMS
from tradesim.world.types import N_ECONOMIES, Floats, World

#: A plant that gets less than this share of what its plan needs stands still.
STOPPED_BELOW = 0.2
#: A plan below this share of base activity is none (assumption).
PLANS_ABOVE = 0.05

#: Flows of input slots summed over a period [inputs], t.
INPUT_FLOWS: Mapping[str, Callable[[MarketState], Floats]] = {
    "orders": lambda s: s.orders,
    "received": lambda s: s.received,
    "arrived": lambda s: s.arrived,
    "use": lambda s: s.use,
    "wish": lambda s: s.wish * s.dt,
    "rationed": lambda s: np.maximum(s.orders - s.received, 0.0),
    "given_up": lambda s: s.given_up,
    "expected": lambda s: s.expected_use * s.dt,
}
#: Flows of lanes summed over a period [lanes], t and USD.
LANE_FLOWS: Mapping[str, Callable[[MarketState], Floats]] = {
    "shipped": lambda s: s.lane_t,
    "value": lambda s: s.value_usd,
    "duty": lambda s: s.duty_usd,
}
#: Terms of utility as columns, USD, and the steps that rehearsals took.
UTILITY = tuple(f"utility_{term}_usd" for term in TERMS)
#: Ledgers by economy: those of governments and the money of firms, USD; then what councils book.
LEDGERS = (*ACCOUNTS, "money_usd", *UTILITY, "lookahead_steps")
#: Flows of a licence book summed over a period [links], t; ``waited`` in tonne-weeks.
BOOK_FLOWS = ("applied", "granted", "denied", "lapsed", "waited")


class Sums:
    """Flows summed and prices weighted by days since the period began."""

    def __init__(self, world: World) -> None:
        inputs, lanes, links = world.slots.inputs, len(world.lanes), len(world.links)
        firms = len(world.firms)
        self.world = world
        self.inputs = {name: np.zeros(inputs) for name in INPUT_FLOWS}
        self.lanes = {name: np.zeros(lanes) for name in LANE_FLOWS}
        self.crossed, self.licensed, self.rerouted = (np.zeros(links) for _ in range(3))
        self.extraterritorial = np.zeros(links)
        self.output = np.zeros(len(world.slots))
        self.ask, self.contract = np.zeros(world.markets), np.zeros(world.markets)
        self.stopped, self.activity = np.zeros(firms), np.zeros(firms)
        self.days = 0.0
        self.books: dict[str, dict[str, Floats]] = {}
        self.accounts = np.zeros((len(LEDGERS), N_ECONOMIES))

    def add(self, state: MarketState, standing: Floats, share: float, days: float) -> None:
        """Add a share of a step's flows, and its prices weighted by ``days``.

        ``standing`` marks firms that stand still [firms].
        """
        for name, read in INPUT_FLOWS.items():
            self.inputs[name] += share * read(state)
        for name, read in LANE_FLOWS.items():
            self.lanes[name] += share * read(state)
        self.crossed += share * state.crossed
        self.output += share * state.output
        self.ask += days * state.ask
        self.contract += days * state.contract
        self.stopped += days * standing
        self.activity += days * state.activity
        self.days += days
        found = [needs.share for needs in state.needs.values() if needs.in_force]
        if found:
            asked = np.max(found, axis=0)
            self.extraterritorial += share * asked * state.crossed
        if state.rerouted is not None:
            self.rerouted += share * state.rerouted
        if state.undeclared is not None:
            self.rerouted += share * state.undeclared
        self._add_books(state, share)

    def book(self, accounts: Floats, share: float) -> None:
        """Add a share of what a step brought into the ledgers, USD [ledgers, economies]."""
        self.accounts += share * accounts

    def _add_books(self, state: MarketState, share: float) -> None:
        links = len(self.world.links)
        licensed = np.zeros(links)  # a lot with two authorities' licences counts once
        for authority, book in state.books.items():
            licensed[book.links] = np.maximum(licensed[book.links], book.licensed)
            if authority not in self.books:
                self.books[authority] = {name: np.zeros(links) for name in BOOK_FLOWS}
            kept = self.books[authority]
            for name in BOOK_FLOWS:
                kept[name][book.links] += share * getattr(book, name)
        self.licensed += share * licensed


def standing_still(world: World, state: MarketState) -> Floats:
    """Firms that stand still for want of inputs [firms], 1 or 0.

    A plant with a plan of at least a twentieth of its base activity that runs at less than
    :data:`STOPPED_BELOW` of it; mines, collectors and traders have no inputs to lack, and a
    project that is still being built up does not stand still.
    """
    needs = np.zeros(len(world.firms), np.bool_)
    needs[world.fed] = True
    plans = state.planned > PLANS_ABOVE * world.activity_nominal_t
    built = world.firms.cell >= 0
    stands = needs & plans & built & (state.run_share < STOPPED_BELOW)
    return np.asarray(stands, np.float64)


def months(date: dt.date, days: float) -> list[tuple[dt.date, float]]:
    """First day of each month that some days from ``date`` touch, with its share of them."""
    parts: list[tuple[dt.date, float]] = []
    first, left = date.replace(day=1), days
    start = (date - first).days
    while left > 1e-9:
        following = (first + dt.timedelta(days=32)).replace(day=1)
        here = min(left, (following - first).days - start)
        parts.append((first, here / days))
        left, first, start = left - here, following, 0
    return parts
