"""Suppliers that a buyer could turn to: links that sleep until its own ones fail.

A buyer knows the largest maker of its input that it does not buy from, and the largest in an
economy it does not buy from. Such a link carries no weight in the base year and wakes as
perceived risk rises, so the base year and every world without shortage stay exactly as they were.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tradesim import axes
from tradesim.world.firms import Firms
from tradesim.world.flows import Network
from tradesim.world.projects import use_label
from tradesim.world.types import SLEEPING, Floats, Ints

#: How many of the largest makers a buyer has heard of.
LARGEST = 12
#: Weight of a fully awake alternative; the base-year suppliers together have 1 (assumption).
APPEAL = 0.3
#: Goods bought from whoever makes them; motors and scrap are tied to a plant's own lines.
TIED = frozenset(("component_motor", "scrap_NdFeB"))


def add_alternatives(firms: Firms, net: Network) -> Network:
    """The network with sleeping links from the largest makers elsewhere to every buyer."""
    found: list[tuple[Ints, Ints, Ints]] = []
    for good, name in enumerate(axes.GOODS):
        if name not in TIED:
            found += _of_good(firms, net, good)
    seller, buyer, goods = (np.concatenate(part) for part in zip(*found, strict=True))
    count = len(seller)
    use = np.array([use_label(firms.line[b]) for b in buyer], np.int64)
    return replace(
        net,
        seller=np.concatenate((net.seller, seller)),
        buyer=np.concatenate((net.buyer, buyer)),
        good=np.concatenate((net.good, goods)),
        use=np.concatenate((net.use, use)),
        tonnes=np.concatenate((net.tonnes, np.zeros(count))),
        weight=np.concatenate((net.weight, np.full(count, APPEAL))),
        project=np.concatenate((net.project, np.full(count, SLEEPING))),
    )


def _of_good(firms: Firms, net: Network, good: int) -> list[tuple[Ints, Ints, Ints]]:
    """Sleeping links of one good: first the largest maker of all, then one in a new economy."""
    output = np.where(firms.cell >= 0, net.outputs_t[:, good] - net.disposal_t[:, good], 0.0)
    makers = np.flatnonzero(output > 0)
    buyers = np.flatnonzero(net.uses_t[:, good] > 0)
    if len(makers) == 0 or len(buyers) == 0:
        return []
    links = net.good == good
    known = np.zeros((len(firms), len(firms)), np.bool_)
    known[net.buyer[links], net.seller[links]] = True
    met = np.zeros((len(firms), len(axes.ECONOMIES)), np.bool_)
    met[net.buyer[links], firms.economy[net.seller[links]]] = True
    large = makers[np.argsort(-output[makers], kind="stable")][:LARGEST]
    champion = _largest_by_economy(firms, makers, output)
    champion = champion[champion >= 0]
    found = []
    for group in (large, champion):
        if group is large:
            taken = known[np.ix_(buyers, group)]
        else:
            taken = met[np.ix_(buyers, firms.economy[group])]
        size = np.where(taken, 0.0, output[group][None, :])
        has = size.max(1) > 0
        seller, buyer = group[size.argmax(1)[has]], buyers[has]
        found.append((seller, buyer, np.full(len(seller), good, np.int64)))
        met[buyer, firms.economy[seller]] = True
    return found


def _largest_by_economy(firms: Firms, makers: Ints, output: Floats) -> Ints:
    """The largest maker in each economy [economies], -1 where there is none."""
    champion = np.full(len(axes.ECONOMIES), -1, np.int64)
    for firm in makers[np.argsort(output[makers], kind="stable")]:
        champion[firms.economy[firm]] = firm
    return champion
