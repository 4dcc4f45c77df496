"""Provenance: which shipments of others need an authority's licence, and how their makers respond.

Every stock carries the content that is of the authority's legal origin and what passed through
its technology (``MarketState.origin``). A content rule compares the value of the controlled part
with the value of the good; nothing here knows which shipments will fall under it.
"""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.market.shipping import per_tonne
from tradesim.market.state import MarketState, Needs, gain
from tradesim.terms import ContentRule, Terms
from tradesim.world.origin import COLUMNS, makes_with
from tradesim.world.types import N_ECONOMIES, N_ELEMENTS, N_GOODS, Flags, Floats, World, sum_by

#: A stock of less than a gram says nothing about what its maker ships next.
KNOWN_T = 1e-6
_OXIDES = slice(axes.GOOD_INDEX[axes.OXIDES[0]], axes.GOOD_INDEX[axes.OXIDES[0]] + N_ELEMENTS)


def value_share(content: Floats, price_content: Floats, price_good: Floats) -> Floats:
    """Value of controlled content over value of the good [outputs].

    ``content`` t of oxide equivalent per t [outputs, elements], ``price_content`` and
    ``price_good`` USD/kg, [outputs, elements] and [outputs].
    """
    value = (content * price_content).sum(1)
    return np.asarray(value / np.maximum(price_good, 1e-12), np.float64)


def clean_sales(segregated: Floats, covered: Floats) -> Floats:
    """Share of covered sales that clean lots can serve, 0-1 [outputs].

    ``segregated`` is the share of output that is made of clean inputs and kept apart,
    ``covered`` the share of sales that the rule reaches: clean lots go there first.
    """
    return np.minimum(1.0, segregated / np.maximum(covered, 1e-9))


def undeclared_share(gap: Floats, detection: float, penalty: float, limit: float) -> Floats:
    """Share of shipments that their makers mis-declare [links].

    ``gap`` is what the destination pays over what the lot costs there without a licence (ratio);
    it must cover the odds of detection times loss and penalty: with probability d the lot and
    ``penalty`` times its value are lost. ``limit (1 - odds / gap)`` above that, after Allingham &
    Sandmo 1972, J. Public Economics 1(3-4).
    """
    odds = 1.0 + detection * (1.0 + penalty) / max(1.0 - detection, 1e-9)
    return np.asarray(limit * np.maximum(0.0, 1.0 - odds / np.maximum(gap, 1e-9)), np.float64)


def assess(world: World, state: MarketState, terms: Terms) -> None:
    """Find what every content rule asks for, tell the licence books, and let makers respond."""
    state.needs = {
        name: _apply(world, state, rule, state.needs.get(name))
        for name, rule in terms.content_rules.items()
    }
    state.avoidance = _avoidance(world, state, terms)
    for authority, book in state.books.items():
        rules = {n: r for n, r in terms.content_rules.items() if r.authority == authority}
        if not rules:
            continue
        reached = np.zeros(len(world.links), np.bool_)
        asked = np.zeros(len(world.links))
        for name, rule in rules.items():
            needs = state.needs[name]
            reached |= rule.lanes[world.links.lane]
            asked = np.maximum(asked, needs.share * (1.0 - needs.undeclared) * rule.in_force)
        book.fraction = np.where(reached, asked, 1.0)[book.links]


def spread_alarm(world: World, state: MarketState, terms: Terms) -> None:
    """Let buyers fear for what they expect a content rule to hold up; for terms just made."""
    for name, rule in terms.content_rules.items():
        terms.raise_alarm(rule.lanes, rule.severity * lane_share(world, state.needs[name].share))


def lane_share(world: World, by_link: Floats) -> Floats:
    """Mean over the links of each lane, weighted by base-year tonnage [lanes]."""
    weight = world.links.base_t + 1e-9
    total = sum_by(world.links.lane, weight, len(world.lanes))
    return sum_by(world.links.lane, weight * by_link, len(world.lanes)) / total


def needed(world: World, state: MarketState, terms: Terms) -> Floats:
    """Share of each lane's trade that rules in force ask a licence for; 1 off their reach."""
    share = np.ones(len(world.lanes))
    reached = np.zeros(len(world.lanes), np.bool_)
    asked = np.zeros(len(world.lanes))
    for name, rule in terms.content_rules.items():
        reached |= rule.lanes
        asked = np.maximum(asked, rule.in_force * lane_share(world, state.needs[name].share))
    return np.where(reached, asked, share)


def _apply(world: World, state: MarketState, rule: ContentRule, before: Needs | None) -> Needs:
    """What one rule asks of every link after its makers' responses so far."""
    slots, links = world.slots, world.links
    outputs = len(slots) - slots.inputs
    old = before or Needs.none(outputs, len(links))
    at = state.tracked.index(rule.authority) * COLUMNS
    stock = state.stock[slots.inputs :]
    content = per_tonne(state.origin[slots.inputs :, at : at + COLUMNS], stock)
    price, good = _prices(world, state, rule)
    known = stock > KNOWN_T
    share = value_share(content[:, :N_ELEMENTS] * rule.elements, price, good)
    share = np.where(known, share, old.value_share)
    whole = value_share(slots.vector[slots.inputs :] * rule.elements, price, good)
    tainted = np.clip(share / np.maximum(whole, 1e-12), 0.0, 1.0) * (whole > 0)
    falls_under = (share > 0.0) & (share >= rule.threshold)
    reach = rule.lanes[links.lane]
    target = np.where(falls_under, rule.segregation_limit * (1.0 - tainted), 0.0)
    segregated = old.segregated + gain(rule.segregation_weeks, state.dt) * (target - old.segregated)
    ordered = sum_by(world.seller_output, state.ordered, outputs)
    covered = sum_by(world.seller_output, state.ordered * reach, outputs)
    clean = clean_sales(segregated, covered / np.maximum(ordered, 1e-12))
    by_content = falls_under * (1.0 - clean)
    by_line = _by_technology(world, rule, content, known)
    asked = np.where(reach, 1.0, 0.0) * np.maximum(by_content, by_line)[world.seller_output]
    gap = state.ask[world.lane_destination] / (state.ask[world.lane_origin] * world.wedge)
    hidden = undeclared_share(gap, rule.detection, rule.penalty, rule.evasion_limit)
    undeclared = np.maximum(hidden[links.lane], rule.defiance[links.lane])
    return Needs(asked, np.where(reach, undeclared, 0.0), segregated, share, tainted, by_content,
                 rule.in_force)  # fmt: skip


def _prices(world: World, state: MarketState, rule: ContentRule) -> tuple[Floats, Floats]:
    """Prices of contained oxides and of the good, USD/kg [outputs, elements], [outputs]."""
    slots = world.slots
    price = state.ask if rule.basis == "current" else world.price0
    oxides = price.reshape(N_ECONOMIES, N_GOODS)[:, _OXIDES]
    home = world.firms.economy[slots.firm[slots.inputs :]]
    region = home if rule.content_economy < 0 else np.full_like(home, rule.content_economy)
    return oxides[region], price[slots.market[slots.inputs :]]


def _by_technology(world: World, rule: ContentRule, content: Floats, known: Flags) -> Floats:
    """Whether the authority's technology alone brings an output under the rule [outputs], 0-1."""
    slots = world.slots
    if rule.technology == "none":
        return np.zeros(len(slots) - slots.inputs)
    line = makes_with(world, rule.authority)[slots.firm[slots.inputs :]]
    if rule.technology == "own_line":
        return np.asarray(line, np.float64)
    inside = world.density[slots.inputs :]
    touched = content[:, -1] / np.maximum(inside, 1e-12) * (inside > 0)
    return np.asarray(line | (known & (touched > rule.threshold)), np.float64)


def _avoidance(world: World, state: MarketState, terms: Terms) -> Floats | None:
    """Factor on the appeal of every link: makers under a rule avoid lots that bring them there.

    ``exp(-strength x exposure of the buyer x tainted share of the lot)``; a maker that was found
    to mis-declare loses its supply from the authority's economy, in expectation.
    """
    factor = None
    firms = len(world.firms)
    for name, rule in terms.content_rules.items():
        needs = state.needs[name]
        sold = sum_by(world.seller_firm, state.ordered, firms)
        asked = needs.by_content[world.seller_output] * rule.lanes[world.links.lane]
        exposed = sum_by(world.seller_firm, state.ordered * asked, firms)
        hidden = sum_by(world.seller_firm, state.ordered * asked * needs.undeclared, firms)
        exposed, hidden = exposed / np.maximum(sold, 1e-12), hidden / np.maximum(sold, 1e-12)
        tainted = needs.tainted[world.seller_output]
        one = np.exp(-rule.avoidance * exposed[world.buyer_firm] * tainted)
        one *= 1.0 - rule.detection * hidden[world.buyer_firm] * tainted
        factor = one if factor is None else factor * one
    return factor
