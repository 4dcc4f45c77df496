"""Public reserves: buyers without a plant, with links from the makers they may buy from.

A reserve is built only for a programme that the scenario names. Until the programme buys, its
links carry nothing, so every other firm behaves as in a world without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tradesim import axes, rng
from tradesim.world.firms import Firms, joined
from tradesim.world.flows import Network
from tradesim.world.types import N_GOODS, PUBLIC, Floats, Ints

#: How many makers of a good a reserve asks for offers, the largest first (assumption).
BIDDERS = 10


@dataclass(frozen=True)
class Reserve:
    """What a public programme needs in the world: a name, a home, goods and admitted origins."""

    name: str
    economy: str
    goods: tuple[str, ...]
    origins: tuple[str, ...]  # codes of economies


def add_reserves(reserves: Sequence[Reserve], firms: Firms, net: Network) -> tuple[Firms, Network]:
    """Firms and network with the reserves at their end.

    A good that no admitted maker sells is left out: nobody could deliver it.
    """
    for reserve in reserves:
        offers = [offer for good in reserve.goods for offer in _offers(reserve, good, firms, net)]
        firms, net = _append(reserve, offers, firms, net)
    return firms, net


def _offers(
    reserve: Reserve, good: str, firms: Firms, net: Network
) -> list[tuple[int, int, float]]:
    """Makers (firm, good, share of what they sell together) from admitted origins.

    Dated projects count with their nameplate; the market phase asks those that run.
    """
    column = axes.GOOD_INDEX[good]
    admitted = np.isin(firms.economy, axes.positions(reserve.origins, axes.ECONOMIES))
    sells = np.zeros(len(firms))
    made = net.outputs_t[:, column] - net.disposal_t[:, column]
    sells[: len(made)] = made
    sells = np.where(admitted, sells, 0.0)
    best = np.argsort(-sells, kind="stable")[:BIDDERS]
    best = best[sells[best] > 0]
    share = sells[best] / max(float(sells[best].sum()), 1e-30)
    return [(int(f), column, float(s)) for f, s in zip(best, share, strict=True)]


def _append(
    reserve: Reserve, offers: list[tuple[int, int, float]], firms: Firms, net: Network
) -> tuple[Firms, Network]:
    """Firms and network with one reserve more; it holds a slot for every good on offer."""
    number = len(firms)
    uses = np.zeros(N_GOODS)
    uses[[good for _, good, _ in offers]] = 1.0  # a slot; the base year buys nothing
    nothing = np.zeros((1, N_GOODS))
    seller = np.array([f for f, _, _ in offers], np.int64)
    good = np.array([g for _, g, _ in offers], np.int64)
    weight = np.array([s for _, _, s in offers], np.float64)
    count = len(offers)
    use = axes.USE_INDEX[axes.UNDECLARED]
    added = {
        "seller": seller, "buyer": _filled(count, number), "good": good,
        "use": _filled(count, use), "tonnes": np.zeros(count), "weight": weight,
        "project": _filled(count, PUBLIC),
    }  # fmt: skip
    merged = {name: np.concatenate((getattr(net, name), new)) for name, new in added.items()}
    net = replace(
        net,
        uses_t=np.vstack((net.uses_t, uses[None, :])),
        outputs_t=np.vstack((net.outputs_t, nothing)),
        disposal_t=np.vstack((net.disposal_t, nothing)),
        **merged,
    )
    return joined(firms, _firm(reserve)), net


def _filled(count: int, value: int) -> Ints:
    return np.full(count, value, np.int64)


def _firm(reserve: Reserve) -> Firms:
    """The reserve as a firm: no activity (1 t a year stands for the unit), no capacity."""
    one: Floats = np.ones(1)
    return Firms(
        name=(f"reserve: {reserve.name}",),
        id=np.array([rng.stable_id(f"{reserve.economy}/reserve/{reserve.name}")], np.uint64),
        cell=np.array([-1]),
        economy=np.array([axes.ECONOMY_INDEX[reserve.economy]]),
        stage=np.array([axes.STAGE_INDEX["reserve"]]),
        line=("reserve",),
        share=np.zeros(1),
        activity_t=one,
        capacity_t=np.zeros(1),
        start_week=np.zeros(1),
        ramp_weeks=one,
    )
