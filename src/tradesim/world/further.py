"""Firms and links of further goods, drawn apart so that the rare-earth world stays as it was.

A maker is a source: it has output and no input. A user is a firm of its own in the end use, so
the lack of a further good stops it and no other. Names decide the draws, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tradesim.tables.further import further_cells
from tradesim.world.firms import Firms, draw_firms, joined, read_cells
from tradesim.world.flows import Drawing, Network, firm_recipes
from tradesim.world.types import BASE_YEAR


def add_further(
    goods: Sequence[str], firms: Firms, net: Network, seed: int
) -> tuple[Firms, Network]:
    """Append makers, users and links of some goods (t a year) to the firms and the network."""
    if not goods:
        return firms, net
    tables = further_cells(goods)
    cells = read_cells(tables)
    wanted = np.asarray(tables.table("cells")["firms"], np.float64)
    # every cell gets one firm, and of the spare ones as many as its row says
    cells = replace(cells, weight=wanted - 1.0 + 1e-9)
    own = draw_firms(tables, cells, int(wanted.sum()), seed)
    uses, outputs, disposal = firm_recipes(tables, cells, own)
    drawn = Drawing(tables, cells, own, seed)
    drawn.connect_rows(np.arange(len(tables.table("flows")["good"])), outputs)
    seller, buyer, good, use, tonnes = drawn.links.arrays()
    count, before = len(tonnes), len(firms)
    own = replace(own, cell=own.cell + int(firms.cell.max()) + 1)
    return joined(firms, own), replace(
        net,
        uses_t=np.vstack((net.uses_t, uses)),
        outputs_t=np.vstack((net.outputs_t, outputs)),
        disposal_t=np.vstack((net.disposal_t, disposal)),
        seller=np.concatenate((net.seller, seller + before)),
        buyer=np.concatenate((net.buyer, buyer + before)),
        good=np.concatenate((net.good, good)),
        use=np.concatenate((net.use, use)),
        tonnes=np.concatenate((net.tonnes, tonnes)),
        weight=np.concatenate((net.weight, np.zeros(count))),
        project=np.concatenate((net.project, np.full(count, BASE_YEAR))),
    )
