"""Ceiling: at most a share of an economy's orders of a good goes to one origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim.terms import Terms
from tradesim.world.types import N_ECONOMIES, Floats, Ints, World, sum_by


@dataclass(frozen=True)
class Ceilings:
    """Links [n] into the markets [k] that have a ceiling, grouped by origin [g]."""

    links: Ints  # [n]
    group: Ints  # [n] market and origin of each link
    market: Ints  # [g] market of each group
    share: Floats  # [g] largest share of the market's orders


def open_ceilings(world: World, terms: Terms) -> Ceilings | None:
    """Which links a ceiling concerns under new terms; None without a ceiling."""
    if not (terms.ceiling < 1.0).any():
        return None
    target = world.lane_destination
    lanes = np.isin(target, target[terms.ceiling < 1.0])
    links = np.flatnonzero(lanes[world.links.lane])
    lane = world.links.lane[links]
    key = target[lane] * N_ECONOMIES + world.lanes.origin[lane]
    groups, group = np.unique(key, return_inverse=True)
    share = np.ones(len(groups))
    np.minimum.at(share, group, terms.ceiling[lane])
    _, market = np.unique(groups // N_ECONOMIES, return_inverse=True)
    return Ceilings(links, group.ravel(), market.ravel(), share)


def hold(world: World, ceilings: Ceilings, ordered: Floats, offer: Floats) -> Floats:
    """Orders [all links], t, with no origin above its ceiling as far as others can be asked.

    ``offer`` [all links] is the appeal of every supplier that could be asked, unknown ones
    included. What goes beyond a ceiling is taken from all buyers that have another supplier, by
    the same factor, and spread over those in proportion to their appeal. A buyer with no other
    supplier keeps its orders, and others make room for it. Exact for shares of at least a half:
    then no second origin can come to lie above its own.
    """
    links, group = ceilings.links, ceilings.group
    asked, count = ordered[links], len(ceilings.share)
    by_group = sum_by(group, asked, count)
    total = sum_by(ceilings.market, by_group, int(ceilings.market.max()) + 1)
    most = ceilings.share * total[ceilings.market]
    over = by_group > most
    if not over.any():
        return ordered
    capped = over[group]
    buyer = world.links.buyer[links]
    other = np.where(capped, 0.0, offer[links])
    known = sum_by(buyer, other, world.slots.inputs)
    movable = np.where(capped & (known > 0)[buyer], asked, 0.0)
    moving = sum_by(group, movable, count)
    excess = np.where(over, by_group - most, 0.0)
    cut = movable * np.minimum(1.0, excess / np.maximum(moving, 1e-30))[group]
    freed = sum_by(buyer, cut, world.slots.inputs) / np.maximum(known, 1e-30)
    held = ordered.copy()
    held[links] = asked - cut + other * freed[buyer]
    return held
