"""What is inside a tonne: oxide equivalent of each element, and the part mined in China."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.tables.loader import BaseYear
from tradesim.world.firms import Firms
from tradesim.world.types import BY_INPUTS, N_ELEMENTS, N_GOODS, Floats, Links, Slots, sum_by

#: Rounds in which origin is passed down the chain and round the scrap loop; each round of the
#: loop leaves about a third, so the error is far below float rounding.
ORIGIN_ROUNDS = 200


class Vectors:
    """Content vectors [elements] of the goods whose content a firm does not choose."""

    def __init__(self, base: BaseYear) -> None:
        self._mine: dict[tuple[str, str], Floats] = {}
        rows = base.table("composition")
        for row in range(len(rows["element"])):
            key = (str(rows["economy"][row]), str(rows["good"][row]))
            vector = self._mine.setdefault(key, np.zeros(N_ELEMENTS))
            vector[axes.ELEMENT_INDEX[rows["element"][row]]] = float(rows["share"][row])
        self._fixed: dict[str, Floats] = {}
        rows = base.table("content")
        for row in range(len(rows["element"])):
            vector = self._fixed.setdefault(str(rows["good"][row]), np.zeros(N_ELEMENTS))
            vector[axes.ELEMENT_INDEX[rows["element"][row]]] = float(rows["t_oxide_eq_per_t"][row])

    def of(self, firms: Firms, firm: int, good: str) -> Floats:
        """Oxide equivalent per t of ``good`` as ``firm`` makes it [elements]."""
        if good in axes.OXIDES:
            one: Floats = np.zeros(N_ELEMENTS)
            one[axes.ELEMENT_INDEX[good.removeprefix("oxide_")]] = 1.0
            return one
        if good in axes.FURTHER_GOODS:
            return np.zeros(N_ELEMENTS)
        if good in axes.CONCENTRATES:
            return self._mine[axes.ECONOMIES[firms.economy[firm]], good]
        if good == "scrap_NdFeB" and firms.stage[firm] == axes.STAGE_INDEX["magnet"]:
            return self._fixed[firms.line[firm]]
        return self._fixed[good]


def origin_of_sources(firms: Firms, slots: Slots, links: Links) -> Floats:
    """Chinese-mined share [firms] of each firm's output in the base year.

    A mine's is 1 in China and 0 elsewhere. Every other firm has the content-weighted mean of its
    suppliers; a collector of old scrap that of its economy's magnet makers.
    """
    mine = firms.stage == axes.STAGE_INDEX["mine"]
    share = np.where(mine & (firms.economy == axes.ECONOMY_INDEX["CHN"]), 1.0, 0.0)
    seller, buyer = slots.firm[links.seller], slots.firm[links.buyer]
    density = _density(slots, links)
    weight = links.base_t * density[links.seller]
    total = sum_by(buyer, weight, len(firms))
    fed = total > 0
    magnet = firms.stage == axes.STAGE_INDEX["magnet"]
    source = ~mine & ~fed
    for _ in range(ORIGIN_ROUNDS):
        mixed = sum_by(buyer, weight * share[seller], len(firms))
        share = np.where(fed, mixed / np.where(fed, total, 1.0), share)
        made = (firms.activity_t * share)[magnet].sum() / firms.activity_t[magnet].sum()
        share = np.where(source, made, share)
    return np.asarray(share, np.float64)


def _density(slots: Slots, links: Links) -> Floats:
    """Total oxide equivalent per tonne in each output slot [slots]."""
    density = slots.vector.sum(1)
    for _ in range(2):  # components take the content of what goes into them
        inflow = sum_by(
            slots.firm[links.buyer], links.base_t * density[links.seller],
            int(slots.firm.max()) + 1,
        )  # fmt: skip
        outflow = sum_by(slots.firm, slots.base_t * (slots.filled == BY_INPUTS), len(inflow))
        mean = inflow / np.where(outflow > 0, outflow, 1.0)
        density = np.where(slots.filled == BY_INPUTS, mean[slots.firm], density)
    return np.asarray(density, np.float64)


def base_vectors(firms: Firms, slots: Slots, links: Links) -> Floats:
    """Oxide equivalent of each element per tonne of every stock in the base year.

    Shape [slots, elements]. Outputs of known content keep it, inputs hold the mix of what their
    suppliers sell, components all that went into them. Inputs of projects, which buy nothing yet,
    have the content of their good.
    """
    vector = slots.vector.copy()
    is_input = np.arange(len(slots)) < slots.inputs
    built = slots.filled == BY_INPUTS
    bought = sum_by(links.buyer, links.base_t, len(slots))
    made = sum_by(slots.firm, slots.base_t * built, len(firms))
    for _ in range(2):  # once for components, once for those who buy them
        inflow = np.zeros((len(slots), N_ELEMENTS))
        np.add.at(inflow, links.buyer, links.base_t[:, None] * vector[links.seller])
        vector[is_input] = (inflow / np.maximum(bought, 1e-30)[:, None])[is_input]
        by_firm = np.zeros((len(firms), N_ELEMENTS))
        np.add.at(by_firm, slots.firm[is_input], inflow[is_input])
        vector[built] = (by_firm / np.where(made > 0, made, 1.0)[:, None])[slots.firm[built]]
    idle = is_input & (bought <= 0)
    by_good = np.zeros((N_GOODS, N_ELEMENTS))
    by_good[slots.good[~is_input]] = vector[~is_input]
    vector[idle] = by_good[slots.good[idle]]
    return vector


def base_chinese(firms: Firms, slots: Slots, links: Links, origin: Floats) -> Floats:
    """Oxide equivalent mined in China per tonne of every stock in the base year [slots]."""
    chinese = slots.vector.sum(1) * origin[slots.firm]
    is_input = np.arange(len(slots)) < slots.inputs
    inflow = sum_by(links.buyer, links.base_t * chinese[links.seller], len(slots))
    bought = sum_by(links.buyer, links.base_t, len(slots))
    return np.where(is_input, inflow / np.maximum(bought, 1e-30), chinese)
