"""Legal origin in the base year: which part of every stock an authority may call its own.

An item is of an economy's origin when its content was mined there or last processed there
(substantial transformation), and it stays so in whatever it is blended into or built into.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tradesim import axes
from tradesim.world.content import ORIGIN_ROUNDS
from tradesim.world.types import N_ELEMENTS, Flags, Floats, World

#: Columns per authority: oxide equivalent of its origin by element, and oxide equivalent that
#: passed through a line of its technology.
COLUMNS = N_ELEMENTS + 1


def base_origin(world: World, authority: str) -> Floats:
    """Content of an authority's origin per tonne of every stock in the base year.

    Shape [slots, COLUMNS], t of oxide equivalent per t: by element, then the part that passed
    through its technology. Inputs of projects, which buy nothing yet, have the mean of their good.
    """
    content = np.concatenate((world.slots.vector, world.slots.vector.sum(1)[:, None]), 1)
    return np.asarray(base_shares(world, authority) * content, np.float64)


def base_shares(world: World, authority: str) -> Floats:
    """The same as shares of the content, 0-1 [slots, COLUMNS]."""
    slots, inputs = world.slots, world.slots.inputs
    content = np.concatenate((slots.vector, slots.vector.sum(1)[:, None]), 1)
    bought, used = _flows(world)
    home, technology = at_home(world, authority), makes_with(world, authority)
    whole = np.zeros((len(world.firms), COLUMNS), np.bool_)
    whole[home] = True
    whole[technology, -1] = True
    is_output = np.arange(len(slots)) >= inputs
    share = np.where(is_output[:, None], whole[slots.firm], False).astype(np.float64)
    inflow, eaten = bought @ content, used @ content
    old = world.is_source & ~home & (world.firms.stage == axes.STAGE_INDEX["recycling"])
    magnet = is_output & (world.firms.stage[slots.firm] == axes.STAGE_INDEX["magnet"])
    made = (slots.base_t * magnet)[:, None] * content
    for _ in range(ORIGIN_ROUNDS // 4):
        arrived = bought @ (content * share) / np.where(inflow > 0, inflow, 1.0)
        share[:inputs] = arrived[:inputs]
        mixed = used @ (content * share) / np.where(eaten > 0, eaten, 1.0)
        scrapped = (made * share).sum(0) / np.maximum(made.sum(0), 1e-30)
        firm = np.where(old[:, None], scrapped, np.where(whole, 1.0, mixed))
        share[inputs:] = firm[slots.firm[inputs:]]
    return np.clip(_with_idle(world, share, np.asarray(inflow.sum(1)).ravel() > 0), 0.0, 1.0)


def fixed_origin(world: World, authorities: tuple[str, ...]) -> Floats:
    """Origin of what a firm makes whatever it eats, as shares [firms, COLUMNS x authorities].

    All of it is an authority's own at home, and touched by its technology on its lines; mines and
    collectors elsewhere keep their base-year share. Everything else is not a number: it follows
    from the feed.
    """
    fixed = np.full((len(world.firms), COLUMNS * len(authorities)), np.nan)
    outputs = slice(world.slots.inputs, None)
    for number, authority in enumerate(authorities):
        block = fixed[:, number * COLUMNS : (number + 1) * COLUMNS]
        made = np.zeros((len(world.firms), COLUMNS))
        made[world.slots.firm[outputs]] = base_shares(world, authority)[outputs]
        block[world.is_source] = made[world.is_source]
        block[at_home(world, authority)] = 1.0
        block[makes_with(world, authority), -1] = 1.0
    return fixed


def at_home(world: World, authority: str) -> Flags:
    """Firms in the authority's economy [firms]."""
    return np.asarray(world.firms.economy == axes.ECONOMY_INDEX[authority], np.bool_)


def makes_with(world: World, authority: str) -> Flags:
    """Firms whose lines use the authority's technology [firms]; known for China alone."""
    if authority == "CHN":
        return world.chinese_technology
    return at_home(world, authority)


def _flows(world: World) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Base-year flows: buyer slot x seller slot, and firm x input slot, t a week."""
    slots, links, count = world.slots, world.links, len(world.slots)
    inputs = np.arange(slots.inputs)
    bought = sparse.csr_matrix((links.base_t, (links.buyer, links.seller)), (count, count))
    used = sparse.csr_matrix(
        (slots.base_t[inputs], (slots.firm[inputs], inputs)), (len(world.firms), count)
    )
    return bought, used


def _with_idle(world: World, share: Floats, fed: Flags) -> Floats:
    """Shares with those of inputs that buy nothing yet set to the mean of their good."""
    slots = world.slots
    out = np.arange(len(slots)) >= slots.inputs
    weight = np.where(out, slots.base_t, 0.0)
    total = np.bincount(slots.good, weight, len(axes.GOODS))
    for column in range(COLUMNS):
        held = np.bincount(slots.good, weight * share[:, column], len(axes.GOODS))
        mean = held / np.maximum(total, 1e-30)
        share[:, column] = np.where(out | fed, share[:, column], mean[slots.good])
    return share
