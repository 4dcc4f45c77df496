"""Who buys from whom: spread every annual flow over pairs of firms, exactly.

A flow between a group of sellers and a group of buyers is filled by the north-west corner rule
on a seeded order of both: it meets every seller's and every buyer's total to machine precision
with at most sellers + buyers - 1 links, so no fitting can fail to converge. Two passes in
different orders give firms more than one partner.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradesim import axes, rng
from tradesim.world.types import sum_by

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Orders in which a lane is filled; two give most firms two to three suppliers.
PASSES = 2
#: Goods bought in small lots, mostly from one supplier (assumption): one order is enough, and the
#: cost of a run follows its links.
SINGLE_SOURCED = frozenset(
    good for good in axes.OXIDES if good.removeprefix("oxide_") not in ("Nd", "Pr", "Dy", "Tb")
)


def northwest(sell: Floats, buy: Floats) -> tuple[Ints, Ints, Floats]:
    """Fill a transport table from its north-west corner.

    Parameters
    ----------
    sell, buy : totals by seller [m] and buyer [n] with equal sums, in any unit.

    Returns
    -------
    seller index, buyer index and amount of each link (at most ``m + n - 1`` of them).
    Source: Dantzig 1951, the transportation problem.
    """
    ends_sell, ends_buy = np.cumsum(sell), np.cumsum(buy)
    total = ends_sell[-1]
    edges = np.union1d(ends_sell[:-1], ends_buy[:-1] * (total / ends_buy[-1]))
    edges = np.concatenate(([0.0], edges, [total]))
    amount = np.diff(edges)
    middle = edges[:-1] + 0.5 * amount
    keep = amount > total * 1e-13
    middle, amount = middle[keep], amount[keep]
    seller = np.minimum(np.searchsorted(ends_sell, middle), len(sell) - 1)
    buyer = np.searchsorted(ends_buy * (total / ends_buy[-1]), middle)
    return seller, np.minimum(buyer, len(buy) - 1), amount


@dataclass
class LinkList:
    """Links as they are drawn: firm of the seller, firm of the buyer, good, use, t a year."""

    seller: list[Ints]
    buyer: list[Ints]
    good: list[Ints]
    use: list[Ints]
    tonnes: list[Floats]

    @classmethod
    def empty(cls) -> LinkList:
        """No links yet."""
        return cls([], [], [], [], [])

    def add(self, seller: Ints, buyer: Ints, good: int, use: Ints, tonnes: Floats) -> None:
        """Append links between firms; arrays of one length, tonnes a year."""
        self.seller.append(seller)
        self.buyer.append(buyer)
        self.good.append(np.full(len(tonnes), good, np.int64))
        self.use.append(use)
        self.tonnes.append(tonnes)

    def arrays(self) -> tuple[Ints, Ints, Ints, Ints, Floats]:
        """Seller firm, buyer firm, good, use and t a year, with equal pairs merged."""
        seller, buyer, good, use = (
            np.concatenate(part) for part in (self.seller, self.buyer, self.good, self.use)
        )
        tonnes = np.concatenate(self.tonnes)
        keys = np.stack((good, use, buyer, seller))
        unique, inverse = np.unique(keys, axis=1, return_inverse=True)
        merged = sum_by(inverse.ravel(), tonnes, unique.shape[1])
        return unique[3], unique[2], unique[0], unique[1], merged


class Order:
    """Seeded orders of firms: a rank per firm and pass, turned round by a label."""

    def __init__(self, seed: int, ids: npt.NDArray[np.uint64]) -> None:
        """Draw a rank for every firm, side and pass."""
        self._rank = rng.uniforms(seed, "network order", ids[:, None], np.arange(2 * PASSES))

    def of(self, firms: Ints, side: int, label: str) -> Ints:
        """Positions in ``firms`` in the seeded order of a side and pass, for one label."""
        turn = zlib.crc32(f"{label}#{side}".encode()) / 2**32
        rank = (self._rank[firms, side] + turn) % 1.0
        return np.asarray(np.argsort(rank, kind="stable"), np.int64)


@dataclass(frozen=True)
class Buyers:
    """Everybody who buys one good from one origin: firm, end use and t a year [buyers]."""

    firm: Ints
    use: Ints
    tonnes: Floats


def connect(
    links: LinkList,
    order: Order,
    label: str,
    good: int,
    sellers: tuple[Ints, Floats],
    buyers: Buyers,
) -> None:
    """Add the links of one good out of one origin; sellers are (firms, t a year).

    All lanes of the origin are filled in one go, so a seller serves a few customers on some
    lanes and not a sliver of every lane.
    """
    single = len(sellers[0]) == 1 or len(buyers.firm) == 1
    passes = 1 if single or axes.GOODS[good] in SINGLE_SOURCED else PASSES
    total = buyers.tonnes.sum()
    for number in range(passes):
        sell = order.of(sellers[0], 2 * number, label)
        buy = order.of(buyers.firm, 2 * number + 1, label)
        i, j, tonnes = northwest(sellers[1][sell], buyers.tonnes[buy])
        j = buy[j]
        scale = total / (passes * tonnes.sum())
        links.add(sellers[0][sell[i]], buyers.firm[j], good, buyers.use[j], tonnes * scale)
