"""Leverage against supplier share: a supplier that is cut seller by seller, and one market alone.

The share of a supplier is what it sells of all that the buyer purchases in the base year. The law
says that losing a larger share costs more than in proportion, because those who remain have slack
for little and not for much. :func:`nested` lets the share grow inside one world, without changing
anything else: more and more of the supplier's sellers stop. :func:`market_loss` is the same in a
single market in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradesim.analysis.leverage.run import Cut
from tradesim.axes import ECONOMY_INDEX, GOOD_INDEX
from tradesim.world.types import Floats, World, sum_by


@dataclass(frozen=True)
class Loss:
    """Sellers who stop, by name, and the share (0 to 1) of the buyer's purchases they stand for.

    Shares are of base-year tonnes, purchases at home included.
    """

    sellers: tuple[str, ...]
    share: float


def nested(world: World, cut: Cut, apart: float = 0.1) -> tuple[Loss, ...]:
    """Ever larger sets of the supplier's sellers, each with at least ``apart`` more of the supply.

    Sellers come in the order of their ids, which says nothing of their size; the last set holds
    all of them. The step before the last is left out if it is nearer than ``apart`` to the end.
    """
    supplier, buyer, goods = cut
    lanes, links = world.lanes, world.links
    wanted = [GOOD_INDEX[good] for good in goods]
    bought = (lanes.destination == ECONOMY_INDEX[buyer]) & np.isin(lanes.good, wanted)
    into = bought[links.lane]
    from_there = into & (lanes.origin == ECONOMY_INDEX[supplier])[links.lane]
    sold = sum_by(world.seller_firm[from_there], links.base_t[from_there], len(world.firms))
    rows = np.flatnonzero(sold > 0.0)
    rows = rows[np.argsort(world.firms.id[rows])]
    reached = np.cumsum(sold[rows]) / links.base_t[into].sum()
    kept: list[int] = []
    last = 0.0
    for i, share in enumerate(reached):
        if share - last >= apart and (reached[-1] - share >= apart or i == len(rows) - 1):
            kept.append(i)
            last = float(share)
    if len(rows) and (not kept or kept[-1] != len(rows) - 1):
        kept.append(len(rows) - 1)
    names = [world.firms.name[row] for row in rows]
    return tuple(Loss(tuple(names[: i + 1]), float(reached[i])) for i in kept)


def slopes(shares: Sequence[float], costs: Sequence[float]) -> Floats:
    """Cost of the next bit of share between neighbouring points, from nothing lost on (points,).

    ``shares`` (0 to 1) ascend; ``costs`` in any unit, which per share is that of the result. The
    cost is convex in the share where slopes rise.
    """
    x, y = np.array([0.0, *shares]), np.array([0.0, *costs])
    return np.asarray(np.diff(y) / np.diff(x), np.float64)


def market_loss(share: Floats, demand_elasticity: float, supply_elasticity: float) -> Floats:
    """Loss of a buyer who loses a ``share`` (0 to 1, below 1) of supply, over his purchases.

    One market with constant elasticities: the buyer's demand D and what the others supply, S, meet
    at D(r) = (1 - share) S(r), so r = (1 - share)^(-1/(e + h)) in base prices. The loss is the area
    under demand between 1 and r (Marshall): (r^(1-e) - 1)/(1 - e), or ln r for e = 1. It is convex
    in the share for every e >= 0 and h >= 0 that are not both 0.
    """
    e, h = demand_elasticity, supply_elasticity
    log_ratio = -np.log1p(-np.asarray(share, np.float64)) / (e + h)
    if e == 1.0:
        return np.asarray(log_ratio, np.float64)
    return np.asarray(np.expm1((1.0 - e) * log_ratio) / (1.0 - e), np.float64)
