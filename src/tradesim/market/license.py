"""License: applications queue at each authority, wait, and are granted or denied."""

from __future__ import annotations

import numpy as np

from tradesim.market.books import LicenceBook
from tradesim.market.state import MarketState
from tradesim.terms import LicenceTerms, Terms
from tradesim.world.types import Floats, World

#: Applicants who expect refusals ask for more, up to twice what they need (assumption; phantom
#: multiple orders are reported for 2025 without a figure).
LEAST_EXPECTED = 0.5


def applications(orders: Floats, approval: Floats) -> Floats:
    """Tonnes applied for: orders over the expected approval, floored (t, probability)."""
    return orders / np.maximum(approval, LEAST_EXPECTED)


def open_books(world: World, state: MarketState, terms: Terms) -> None:
    """Bring every authority's book in line with the lanes that its rules now bind.

    A rule that grants everything at once binds nobody and opens no book. Balances and
    applications on lanes that are set free are dropped: nobody needs them any more.
    """
    books: dict[str, LicenceBook] = {}
    for authority, rule in terms.licences.items():
        links = np.flatnonzero(rule.binding[world.links.lane])
        if len(links) == 0:
            continue
        old = state.books.get(authority) or LicenceBook.open(authority, world, links, rule.stages)
        same = len(old.links) == len(links) and bool((old.links == links).all())
        book = old if same else old.moved_to(world, links, rule.stages)
        book.approval = rule.approval[world.links.lane[links]]
        books[authority] = book
    state.books = books


def license_(world: World, state: MarketState, terms: Terms, week: float) -> None:
    """Queue this step's orders on controlled links and decide what has waited long enough."""
    for authority, book in state.books.items():
        rule: LicenceTerms = terms.licences[authority]
        lane = world.links.lane[book.links]
        book.expire(float(rule.validity_weeks[lane].min()), state.dt)
        book.decide(
            applications(book.fraction * state.ordered[book.links], book.approval),
            book.approval,
            rule.delay_weeks[lane],
            rule.opens_week[lane] > week,
            int(week),
            world,
            state.dt,
        )


def cleared_to_ship(world: World, state: MarketState) -> Floats | None:
    """What may leave on each link, t [links]: infinite without a rule; None if there is none."""
    if not state.books:
        return None
    limit = np.full(len(world.links), np.inf)
    for book in state.books.values():
        allowed = book.limit(state.ordered[book.links])
        limit[book.links] = np.minimum(limit[book.links], allowed)
    return limit
