"""Goods on the way: a fixed transit by lane, and lots that customs detains on top of it.

One :class:`Transit` carries some columns of what is shipped to some buyers. The market keeps two:
tonnes, Chinese-mined content and tracked legal origin for every buyer, element content for buyers
of mixtures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from tradesim.world.types import N_ELEMENTS, Floats, Ints, World, sum_by

#: A stock below a milligram is empty: its content is rounding.
EMPTY_T = 1e-9


@dataclass
class Transit:
    """Shipments under way by buyer and arrival step, [steps, buyers, columns].

    ``ring[cursor + k]`` arrives ``k`` steps from now. Two further stages hold what customs
    detains. Buyers are numbered as in ``buyer`` (position of each link's buyer).
    """

    ring: Floats  # [steps, buyers, columns] under way
    cursor: int  # row of the ring that arrives next
    held: Floats  # [2, buyers, columns]
    holding: bool  # whether customs detains anything
    lag: Ints  # [links] transit steps
    links: Ints  # links that this transit carries
    row: Ints  # [links] buyer's position
    pair_row: Ints  # [pairs] buyer of each (lag, buyer) pair, sorted by lag
    pair_lag: Ints  # [pairs] transit steps
    domestic: int  # how many pairs, the first ones, have no transit
    gather: sparse.csr_matrix  # [pairs, sellers] shipments, data refilled every step
    gather_order: Ints  # position of each link in the matrix data

    @classmethod
    def empty(
        cls, links: Ints, seller: Ints, row: Ints, lag: Ints, sizes: tuple[int, int, int]
    ) -> Transit:
        """Nothing under way. ``sizes``: buyers, sellers, columns; ``lag`` steps of each link."""
        buyers, sellers, columns = sizes
        pairs, pair_of = np.unique(lag * buyers + row, return_inverse=True)
        pair_lag = pairs // buyers
        order = np.lexsort((seller, pair_of))
        counts = np.bincount(pair_of, minlength=len(pairs))
        indptr = np.concatenate(([0], np.cumsum(counts)))
        return cls(
            ring=np.zeros((int(lag.max(initial=0)) + 1, buyers, columns)),
            cursor=0,
            held=np.zeros((2, buyers, columns)),
            holding=False,
            lag=lag,
            links=links,
            row=row,
            pair_row=pairs % buyers,
            pair_lag=pair_lag,
            domestic=int((pair_lag == 0).sum()),
            gather=sparse.csr_matrix(
                (np.zeros(len(links)), seller[order], indptr), shape=(len(pairs), sellers)
            ),
            gather_order=links[order],
        )

    def fill(self, tonnes: Floats, per_tonne: Floats) -> None:
        """Put a steady flow under way: ``tonnes`` a step by link, columns per t by seller."""
        flow = self._collect(tonnes, per_tonne)
        for ahead in range(len(self.ring)):
            later = self.pair_lag > ahead
            np.add.at(self.ring[ahead], self.pair_row[later], flow[later])

    def ship(self, tonnes: Floats, per_tonne: Floats) -> Floats:
        """Load a step's shipments [all links], t; returns what arrives at once [buyers, ...]."""
        flow = self._collect(tonnes, per_tonne)
        steps, buyers, columns = self.ring.shape
        at_once: Floats = np.zeros((buyers, columns))
        here = self.domestic
        at_once[self.pair_row[:here]] = flow[:here]
        step = (self.cursor + self.pair_lag[here:] - 1) % steps
        self.ring.reshape(-1, columns)[step * buyers + self.pair_row[here:]] += flow[here:]
        return at_once

    def lengthen(self, steps: int) -> None:
        """Make room for lots that arrive up to ``steps`` steps from now; those under way stay."""
        more = steps + 1 - len(self.ring)
        if more > 0:
            ordered = np.roll(self.ring, -self.cursor, axis=0)
            self.ring = np.concatenate((ordered, np.zeros((more, *self.ring.shape[1:]))))
            self.cursor = 0

    def detain(self, flow: Floats, rows: Ints) -> None:
        """Take shipments of some buyers [rows, columns] into customs."""
        self.held[0, rows] += flow
        self.holding = True

    def release(self, share: Floats, lag: Ints) -> Floats:
        """Move detained lots on by two stages; what leaves goes on its transit [buyers, ...].

        ``share`` of each stage that moves in the step and transit steps ``lag``, by buyer.
        """
        if not self.holding:
            return np.asarray(self.held[1], np.float64)
        first = share[:, None] * self.held[0]
        self.held[0] -= first
        self.held[1] += first
        second = share[:, None] * self.held[1]
        self.held[1] -= second
        rows = np.flatnonzero(second[:, 0])
        where = (self.cursor + np.maximum(lag[rows], 1) - 1) % len(self.ring)
        self.ring[where, rows] += second[rows]
        if self.held.max() < 1e-12:
            self.ring[self.cursor] += self.held.sum(0)
            self.held[:] = 0.0
            self.holding = False
        return np.asarray(second, np.float64)

    def arrive(self) -> Floats:
        """What arrives now [buyers, columns]; the cursor moves on by a step."""
        arriving = np.array(self.ring[self.cursor], np.float64)
        self.ring[self.cursor] = 0.0
        self.cursor = (self.cursor + 1) % len(self.ring)
        return arriving

    def under_way(self) -> Floats:
        """Everything on its way or detained, by buyer [buyers, columns]."""
        return np.asarray(self.ring.sum(0) + self.held.sum(0), np.float64)

    def _collect(self, tonnes: Floats, per_tonne: Floats) -> Floats:
        """Sum shipments by (transit time, buyer) [pairs, columns]."""
        self.gather.data[:] = tonnes[self.gather_order]
        return np.asarray(self.gather @ per_tonne, np.float64)


@dataclass
class Shipping:
    """Both transits, and what customs detains, by input slot."""

    goods: Transit  # tonnes, Chinese-mined content and legal origin of every input slot
    elements: Transit  # element content of input slots that hold mixtures
    total_t: Floats  # [inputs] tonnes under way, detained lots included
    held_weeks: Floats  # [inputs] mean time of detention
    held_lag: Ints  # [inputs] transit steps that follow it
    held_link: Ints  # [inputs] a link of the lane that the lots came by

    @classmethod
    def base(cls, world: World, dt: float, origin: Floats) -> Shipping:
        """Transit filled with the base-year flows; ``dt`` in weeks.

        ``origin`` is the tracked legal origin per tonne, t of oxide equivalent [slots, columns].
        """
        links, slots = world.links, world.slots
        lag = np.rint(world.lanes.transit_weeks[links.lane] / dt).astype(np.int64)
        every = np.arange(len(links))
        carried = np.column_stack((np.ones(len(slots)), slots.base_chinese, origin))
        size = (slots.inputs, len(slots), carried.shape[1])
        goods = Transit.empty(every, links.seller, links.buyer, lag, size)
        position = np.full(len(slots), -1, np.int64)
        position[world.mixed] = np.arange(len(world.mixed))
        some = np.flatnonzero(position[links.buyer] >= 0)
        sizes = (max(world.mixed_inputs, 1), len(world.mixed), N_ELEMENTS)
        elements = Transit.empty(
            some, position[links.seller[some]], position[links.buyer[some]], lag[some], sizes
        )
        goods.fill(links.base_t * dt, carried)
        elements.fill(links.base_t * dt, slots.vector[world.mixed])
        under_way = sum_by(links.buyer, links.base_t * lag * dt, slots.inputs)
        return cls(
            goods=goods,
            elements=elements,
            total_t=under_way,
            held_weeks=np.ones(slots.inputs),
            held_lag=np.zeros(slots.inputs, np.int64),
            held_link=np.zeros(slots.inputs, np.int64),
        )


def per_tonne(content: Floats, stock: Floats) -> Floats:
    """Content per tonne; an empty stock has none. [slots] or [slots, columns]."""
    inverse = np.where(stock > EMPTY_T, 1.0, 0.0) / np.maximum(stock, EMPTY_T)
    return content * (inverse if content.ndim == 1 else inverse[:, None])
