"""Spread the base-year flows over firms: concentrates first, because feed decides joint output."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tradesim import axes
from tradesim.tables.loader import BaseYear
from tradesim.world.content import Vectors
from tradesim.world.firms import Cells, Firms
from tradesim.world.network import Buyers, LinkList, Order, connect
from tradesim.world.types import N_ELEMENTS, N_GOODS, Floats, Ints

_OXIDE0 = axes.GOOD_INDEX[axes.OXIDES[0]]
_OXIDES = slice(_OXIDE0, _OXIDE0 + N_ELEMENTS)
#: Goods whose content differs from lot to lot and decides what comes out of joint production.
FEEDS = (*axes.CONCENTRATES, "scrap_NdFeB")


@dataclass(frozen=True)
class Network:
    """Annual flows of firms. Matrices are [firms, goods] in t a year, link arrays [links]."""

    uses_t: Floats
    outputs_t: Floats
    disposal_t: Floats
    seller: Ints
    buyer: Ints
    good: Ints
    use: Ints
    tonnes: Floats
    weight: Floats
    project: Ints


def draw_network(base: BaseYear, cells: Cells, firms: Firms, seed: int) -> Network:
    """Draw who supplies whom, so that every cell's recipe is met by every one of its firms."""
    uses, outputs, disposal = firm_recipes(base, cells, firms)
    drawn = Drawing(base, cells, firms, seed)
    rows = base.table("flows")
    feeds = np.isin(rows["good"], FEEDS)
    drawn.connect_rows(np.flatnonzero(feeds), outputs - disposal)
    outputs, disposal = _joint_output(base, cells, firms, drawn, outputs, disposal)
    drawn.connect_rows(np.flatnonzero(~feeds), outputs - disposal)
    seller, buyer, good, use, tonnes = drawn.links.arrays()
    count = len(tonnes)
    return Network(
        uses, outputs, disposal, seller, buyer, good, use, tonnes,
        np.zeros(count), np.full(count, -1, np.int64),
    )  # fmt: skip


def firm_recipes(base: BaseYear, cells: Cells, firms: Firms) -> tuple[Floats, Floats, Floats]:
    """Use, gross output and disposal [firms, goods] in t a year if every firm were average."""
    by_cell = {role: np.zeros((len(cells.key), N_GOODS)) for role in ("in", "out", "disposal")}
    index, rows = cells.index(), base.table("process")
    for row in range(len(rows["economy"])):
        key = (rows["economy"][row], rows["stage"][row], rows["line"][row])
        good = axes.GOOD_INDEX[rows["good"][row]]
        by_cell[rows["role"][row]][index[key], good] += float(rows["t_per_year"][row])
    share = firms.share[:, None]
    return tuple(share * by_cell[role][firms.cell] for role in ("in", "out", "disposal"))  # type: ignore[return-value]


class Drawing:
    """Connects flow rows to firms; keeps the links drawn so far."""

    def __init__(self, base: BaseYear, cells: Cells, firms: Firms, seed: int) -> None:
        self.rows, self.firms = base.table("flows"), firms
        self.links, self.order = LinkList.empty(), Order(seed, firms.id)
        self.members: dict[tuple[str, str, str], Ints] = {
            key: np.flatnonzero(firms.cell == cell) for cell, key in enumerate(cells.key)
        }

    def connect_rows(self, numbers: Ints, net_output: Floats) -> None:
        """Connect some rows of the flow table; sellers share by net output [firms, goods]."""
        groups: dict[tuple[str, str, str], list[int]] = {}
        rows = self.rows
        for row in numbers.tolist():
            good = str(rows["good"][row])
            line = str(rows["end_use"][row]) if good == "component_motor" else ""
            groups.setdefault((good, str(rows["origin"][row]), line), []).append(row)
        for key, members in groups.items():
            connect(
                self.links,
                self.order,
                "/".join(key),
                axes.GOOD_INDEX[key[0]],
                self._pool(net_output, *key),
                self._buyers(members),
            )

    def _buyers(self, numbers: list[int]) -> Buyers:
        """Firms behind some rows of the flow table, each with its share of the row."""
        firm, use, tonnes = [], [], []
        for row in numbers:
            cell = tuple(
                str(self.rows[c][row]) for c in ("destination", "buyer_stage", "buyer_line")
            )
            members = self.members[cell[0], cell[1], cell[2]]
            firm.append(members)
            label = axes.USE_INDEX[str(self.rows["end_use"][row])]
            use.append(np.full(len(members), label, np.int64))
            tonnes.append(self.firms.share[members] * float(self.rows["t_per_year"][row]))
        return Buyers(np.concatenate(firm), np.concatenate(use), np.concatenate(tonnes))

    def _pool(self, net_output: Floats, good: str, origin: str, line: str) -> tuple[Ints, Floats]:
        """Firms of an economy that sell a good, with t a year; of one line if it is named.

        A motor is made for its end use, so only makers of that line sell it.
        """
        column = net_output[:, axes.GOOD_INDEX[good]]
        here = self.firms.economy == axes.ECONOMY_INDEX[origin]
        if line:
            here &= np.array([name == line for name in self.firms.line])
        sellers = np.flatnonzero((column > 0) & here)
        return sellers, column[sellers]


def _joint_output(
    base: BaseYear,
    cells: Cells,
    firms: Firms,
    drawn: Drawing,
    outputs: Floats,
    disposal: Floats,
) -> tuple[Floats, Floats]:
    """Oxide output of separators and recyclers from the feed that each of them really gets."""
    seller, buyer, good, _, tonnes = drawn.links.arrays()
    vectors = Vectors(base)
    content = np.array(
        [vectors.of(firms, int(f), axes.GOODS[g]) for f, g in zip(seller, good, strict=True)]
    )
    feed = np.zeros((len(firms), N_ELEMENTS))
    np.add.at(feed, buyer, content * tonnes[:, None])
    joint = np.unique(buyer)
    total_feed = np.zeros((len(cells.key), N_ELEMENTS))
    np.add.at(total_feed, firms.cell[joint], feed[joint])
    total_out = np.zeros((len(cells.key), N_GOODS))
    np.add.at(total_out, firms.cell[joint], outputs[joint])
    total_disposal = np.zeros((len(cells.key), N_GOODS))
    np.add.at(total_disposal, firms.cell[joint], disposal[joint])
    recovery = total_out[:, _OXIDES] / np.maximum(total_feed, 1e-12)
    surplus = total_disposal[:, _OXIDES] / np.maximum(total_out[:, _OXIDES], 1e-12)
    outputs, disposal = outputs.copy(), disposal.copy()
    cell = firms.cell[joint]
    outputs[joint, _OXIDES] = recovery[cell] * feed[joint]
    disposal[joint, _OXIDES] = surplus[cell] * outputs[joint, _OXIDES]
    return outputs, disposal


def with_idle(net: Network, firms: int) -> Network:
    """The network with ``firms`` more firms that have no recipe."""
    empty = np.zeros((firms, N_GOODS))
    return replace(
        net,
        uses_t=np.vstack((net.uses_t, empty)),
        outputs_t=np.vstack((net.outputs_t, empty)),
        disposal_t=np.vstack((net.disposal_t, empty)),
    )
