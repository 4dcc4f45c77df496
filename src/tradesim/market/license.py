"""License: applications queue at each authority, wait, and are granted or denied."""

from __future__ import annotations

import numpy as np

from tradesim.licence_terms import Desk, LicenceRule
from tradesim.market.books import LicenceBook
from tradesim.market.state import MarketState
from tradesim.terms import Terms, TonnageLimit
from tradesim.world.types import Floats, World

#: Applicants who expect refusals ask for more, up to twice what they need (assumption; phantom
#: multiple orders are reported for 2025 without a figure).
LEAST_EXPECTED = 0.5


def applications(orders: Floats | float, approval: Floats) -> Floats:
    """Tonnes applied for: orders over the expected approval, floored (t, probability)."""
    return np.asarray(orders / np.maximum(approval, LEAST_EXPECTED), np.float64)


def open_books(world: World, state: MarketState, terms: Terms) -> None:
    """Bring every authority's book in line with the links that its rules now bind.

    A rule that grants everything at once binds nobody and opens no book. Balances and
    applications on links that are set free are dropped: nobody needs them any more.
    """
    books: dict[str, LicenceBook] = {}
    for authority, written in terms.licences.items():
        rule = written.rule
        links = np.flatnonzero(rule.binding)
        if len(links) == 0:
            continue
        old = state.books.get(authority) or LicenceBook.open(authority, world, links, rule.stages)
        same = old.queue.shape == (len(links), rule.stages) and bool((old.links == links).all())
        book = old if same else old.moved_to(world, links, rule.stages)
        book.follow(rule)
        books[authority] = book
        for policy, desk in rule.desks.items():
            terms.limits[policy] = _priced(rule, desk, authority, terms)
    state.books = books


def _priced(rule: LicenceRule, desk: Desk, authority: str, terms: Terms) -> TonnageLimit:
    """The limit that a desk sets: a tonne ordered counts the applications it takes.

    Licences are scarce while more is asked than the desk decides; their price is the rent of the
    exporter who has one. Where a content rule reaches, only a part of what is ordered applies
    (``LicenceBook.fraction``, which moves every step), but the weight, fixed while the terms
    stand, counts all of it: there such a desk's licences are priced too high.
    """
    asked = np.where(desk.links & rule.needed, applications(1.0, rule.approval), 0.0)
    return TonnageLimit(
        weight=terms.lane_links.mean(asked),
        t_per_week=desk.t_per_week,
        holder="exporter",
        imposed_by=authority,
        held_by_licences=True,
    )


def license_(world: World, state: MarketState, week: float) -> None:
    """Queue this step's orders on controlled links and decide what has waited long enough."""
    for book in state.books.values():
        book.expire(state.dt)
        asked = applications(book.fraction * state.ordered[book.links], book.approval)
        book.decide(asked, week, world, state.dt)


def cleared_to_ship(world: World, state: MarketState) -> Floats | None:
    """What may leave on each link, t [links]: infinite without a rule; None if there is none."""
    if not state.books:
        return None
    limit = np.full(len(world.links), np.inf)
    for book in state.books.values():
        allowed = book.limit(state.ordered[book.links])
        limit[book.links] = np.minimum(limit[book.links], allowed)
    return limit
