"""Cells, nodes and arcs: a world's firms and links put together for the equilibrium. Set-up only.

Firms of one cell (economy x stage x line) act as one; a dated project is a cell of its own. Goods
are exchanged at *nodes*. A node is where equal goods meet: an economy and a good, by end use for
buyers and for motors, which are made for their use; ore and scrap, whose content differs from lot
to lot, by cell on either side. *Arcs* run between nodes where the world has links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim import axes
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import (
    BASE_YEAR,
    BY_ELEMENT,
    BY_INPUTS,
    BY_RECIPE,
    N_GOODS,
    PUBLIC,
    SLEEPING,
    Flags,
    Floats,
    Ints,
    World,
    sum_by,
)

#: Ore and scrap: what is in a lot decides what a plant makes of it.
FEEDS = axes.positions((*axes.CONCENTRATES, "scrap_NdFeB"), axes.GOODS)
_MOTOR = axes.GOOD_INDEX["component_motor"]
_STAGE = axes.STAGE_INDEX


@dataclass(frozen=True)
class Cells:
    """Plants of one economy, stage and line as one; tonnes a year, USD per kg of activity."""

    of_firm: Ints  # [firms] cell of each firm, -1 for traders
    economy: Ints
    stage: Ints
    line: tuple[str, ...]
    name: tuple[str, ...]  # of its first firm
    activity_t: Floats  # of the base year; of a project at full ramp
    project: Flags

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.economy)


@dataclass(frozen=True)
class Nodes:
    """Places where goods are supplied, or demanded: market and what tells them apart there."""

    market: Ints
    use: Ints  # end use of a demand node (index on USE_LABELS), -1 on the supply side
    cell: Ints  # cell of a feed's node or of a reserve's, else -1
    of_slot: Ints  # [slots] node of each slot on its side

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.market)


@dataclass(frozen=True)
class Recipes:
    """Input and output coefficients, by cell and node, t per t of activity (COO triplets)."""

    cell: Ints
    node: Ints
    per_activity: Floats


@dataclass(frozen=True)
class Arcs:
    """Trade from supply node to demand node, links of one lane and pair of nodes together."""

    supply: Ints
    demand: Ints
    lane: Ints
    base_t: Floats  # t a year; of projects and reserves what they are linked for
    of_link: Ints  # [links] arc of each link, -1 where it sleeps

    def __len__(self) -> int:
        """Number of arcs."""
        return len(self.supply)


def group_firms(world: World) -> Cells:
    """Cells of a world: those of the base year in their order, then projects and reserves."""
    firms = world.firms
    trader = firms.stage == _STAGE["trader"]
    number = firms.cell.max(initial=-1) + 1 + np.arange(len(firms))
    own = np.where(firms.cell < 0, number, firms.cell)
    kept = np.flatnonzero(~trader)
    codes, first, position = np.unique(own[kept], return_index=True, return_inverse=True)
    of_firm = np.full(len(firms), -1, np.int64)
    of_firm[kept] = position
    lead = kept[first]
    activity = np.zeros(len(codes))
    np.add.at(activity, position, firms.activity_t[kept])
    return Cells(
        of_firm=of_firm,
        economy=firms.economy[lead],
        stage=firms.stage[lead],
        line=tuple(firms.line[f] for f in lead),
        name=tuple(firms.name[f] for f in lead),
        activity_t=activity,
        project=firms.cell[lead] < 0,
    )


def supply_nodes(world: World, cells: Cells) -> Nodes:
    """Where outputs are offered, by market; feed by cell, motors by the use they are made for."""
    slots = world.slots
    out = np.arange(slots.inputs, len(slots))
    good, cell = slots.good[out], cells.of_firm[slots.firm[out]]
    line_use = np.array([axes.end_use_of(line) for line in cells.line], np.int64)
    key_cell = np.where(np.isin(good, FEEDS), cell, -1)
    key_use = np.where(good == _MOTOR, line_use[cell], -1)
    return _numbered(slots.market[out], key_use, key_cell, out, len(slots))


def demand_nodes(world: World, cells: Cells) -> Nodes:
    """Where inputs are asked, by market and certified use; feed and public reserves by cell."""
    slots, links = world.slots, world.links
    use = np.full(slots.inputs, axes.USE_INDEX[axes.UNDECLARED], np.int64)
    drawn = links.project != SLEEPING
    use[links.buyer[drawn]] = world.lanes.use[links.lane[drawn]]
    inputs = np.arange(slots.inputs)
    cell = cells.of_firm[slots.firm[inputs]]
    reserve = cells.stage[cell] == _STAGE["reserve"]
    key_cell = np.where(np.isin(slots.good[inputs], FEEDS) | reserve, cell, -1)
    return _numbered(slots.market[inputs], use, key_cell, inputs, len(slots))


def _numbered(market: Ints, use: Ints, cell: Ints, rows: Ints, slots: int) -> Nodes:
    """Nodes for the distinct keys of some slots ``rows``."""
    key, position = np.unique(np.stack((market, use, cell)), axis=1, return_inverse=True)
    of_slot = np.full(slots, -1, np.int64)
    of_slot[rows] = position.ravel()
    return Nodes(key[0], key[1], key[2], of_slot)


def input_recipes(world: World, cells: Cells, demand: Nodes) -> Recipes:
    """Inputs of producers per unit of their activity, means over a cell's firms."""
    slots = world.slots
    rows = np.flatnonzero(~world.final & world.private)
    return _recipes(world, cells, rows, demand.of_slot[rows], slots.per_activity[rows])


def output_recipes(world: World, cells: Cells, supply: Nodes) -> Recipes:
    """Outputs by recipe, and motors by the sum of their magnets, per unit of activity."""
    slots = world.slots
    out = np.arange(slots.inputs, len(slots))
    fixed = slots.filled[out] == BY_RECIPE
    whole = slots.filled[out] == BY_INPUTS
    rows = out[fixed | whole]
    rate = np.where(slots.filled[rows] == BY_INPUTS, 1.0, slots.per_activity[rows])
    return _recipes(world, cells, rows, supply.of_slot[rows], rate)


def _recipes(world: World, cells: Cells, rows: Ints, node: Ints, rate: Floats) -> Recipes:
    """Mean of ``rate`` over the firms of a cell, weighted by their activity."""
    firm = world.slots.firm[rows]
    key, position = np.unique(np.stack((cells.of_firm[firm], node)), axis=1, return_inverse=True)
    tonnes = np.zeros(key.shape[1])
    np.add.at(tonnes, position.ravel(), rate * world.firms.activity_t[firm])
    return Recipes(key[0], key[1], tonnes / np.maximum(cells.activity_t[key[0]], 1e-30))


def arcs_of(world: World, supply: Nodes, demand: Nodes, running: Floats) -> Arcs:
    """Trade that the world knows: links of the base year, of running projects, of reserves.

    ``running`` [firms] is the ramp of dated projects. Sleeping links are left out: they wake with
    fear only, and nobody fears anything at rest.
    """
    links = world.links
    project = links.project
    ramp = np.where(project >= 0, running[np.maximum(project, 0)], 1.0)
    on = (project != SLEEPING) & (ramp > 0.0)
    use = np.flatnonzero(on)
    bought = (world.nominal_t[links.buyer] * links.weight * ramp)[use]
    base = np.where(project[use] == BASE_YEAR, links.base_t[use], bought)
    base = np.where(project[use] == PUBLIC, 1.0, base) * WEEKS_PER_YEAR
    key = np.stack((supply.of_slot[links.seller[use]], demand.of_slot[links.buyer[use]]))
    pairs, first, position = np.unique(key, axis=1, return_index=True, return_inverse=True)
    of_link = np.full(len(links), -1, np.int64)
    of_link[use] = position.ravel()
    total = sum_by(position.ravel(), base, pairs.shape[1])
    return Arcs(pairs[0], pairs[1], links.lane[use[first]], total, of_link)


@dataclass(frozen=True)
class Joint:
    """Joint production: what a tonne on a feed arc yields at the buying cell (COO triplets)."""

    arc: Ints
    node: Ints  # supply node of the oxide
    per_feed: Floats  # t of oxide per t of feed
    quality_usd_per_kg: Floats  # [arcs] worth of the feed over that of its buyer's mean


def joint_yields(world: World, cells: Cells, supply: Nodes, demand: Nodes, arcs: Arcs) -> Joint:
    """Recovery of the buying cell times the content of the selling cell, for every feed arc."""
    recovery, oxide_node = _recoveries(world, cells, supply)
    content = _contents(world, supply)
    buyer = demand.cell[arcs.demand]
    reserve = cells.stage[np.maximum(buyer, 0)] == _STAGE["reserve"]
    rows = np.flatnonzero((buyer >= 0) & ~reserve)
    yields = recovery[buyer[rows]] * content[arcs.supply[rows]]
    arc_row, element = np.nonzero(yields > 0)
    node = oxide_node[buyer[rows[arc_row]], element]
    worth = np.zeros(len(arcs))
    price = world.price0[supply.market[node]]
    np.add.at(worth, rows[arc_row], yields[arc_row, element] * price)
    total = sum_by(arcs.demand[rows], arcs.base_t[rows], len(demand))
    mean = sum_by(arcs.demand[rows], (arcs.base_t * worth)[rows], len(demand))
    quality = np.zeros(len(arcs))
    quality[rows] = worth[rows] - (mean / np.maximum(total, 1e-30))[arcs.demand[rows]]
    return Joint(rows[arc_row], node, yields[arc_row, element], quality)


def _recoveries(world: World, cells: Cells, supply: Nodes) -> tuple[Floats, Ints]:
    """Oxide out per element in [cells, elements], and the supply node of that oxide."""
    slots = world.slots
    recovery = np.zeros((len(cells), len(axes.ELEMENTS)))
    node = np.full(recovery.shape, -1, np.int64)
    weight = np.zeros(recovery.shape)
    out = np.flatnonzero(slots.filled == BY_ELEMENT)
    key = (cells.of_firm[slots.firm[out]], slots.element[out])
    activity = world.firms.activity_t[slots.firm[out]]
    np.add.at(recovery, key, activity * world.recovery[out])
    np.add.at(weight, key, activity)
    node[key] = supply.of_slot[out]
    return recovery / np.maximum(weight, 1e-30), node


def _contents(world: World, supply: Nodes) -> Floats:
    """Oxide equivalent per tonne at each supply node [nodes, elements]."""
    slots = world.slots
    out = np.arange(slots.inputs, len(slots))
    node = supply.of_slot[out]
    weight = world.nominal_t[out] + 1e-12
    total = np.zeros((len(supply), slots.vector.shape[1]))
    np.add.at(total, node, slots.vector[out] * weight[:, None])
    return np.asarray(total / sum_by(node, weight, len(supply))[:, None], np.float64)


def economy_good(market: Ints) -> tuple[Ints, Ints]:
    """Economy and good of markets."""
    return market // N_GOODS, market % N_GOODS
