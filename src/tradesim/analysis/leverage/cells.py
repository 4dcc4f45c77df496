"""What is cut: supplier, buyer and the goods of an element at a stage, with their base-year trade.

Oxides and metals are cut element by element. A magnet is not one element: a grade stands for the
element that names it, NdFeB for Nd and Pr, NdFeB with heavy elements for Dy and Tb, SmCo for Sm.
Ores and components hold all elements, so they are cut as a whole, under the element ``all``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tradesim import axes
from tradesim.errors import InputError, unknown
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import N_GOODS, Floats, World

#: The label for the goods of every element of a stage together.
ALL = "all"
#: Goods of a stage, and what stands for an element among them (further elements have nothing).
WHOLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "concentrate": axes.CONCENTRATES,
        "oxide": axes.OXIDES,
        "metal": axes.METALS,
        "magnet": axes.MAGNETS,
        "component": ("component_motor",),
    }
)
STAGES = tuple(WHOLE)
#: Stages whose goods hold all elements at once.
UNDIVIDED = ("concentrate", "component")
_METALS = {"Nd": "metal_NdPr", "Pr": "metal_NdPr", "Dy": "metal_Dy", "Tb": "metal_Tb",
           "Sm": "metal_Sm"}  # fmt: skip
_MAGNETS = {"Nd": "magnet_NdFeB", "Pr": "magnet_NdFeB", "Dy": "magnet_NdFeB_HRE",
            "Tb": "magnet_NdFeB_HRE", "Sm": "magnet_SmCo"}  # fmt: skip

NO_GOOD = "the model has no good of this element at this stage"
NO_TRADE = "no base-year trade"


@dataclass(frozen=True)
class Cell:
    """One relationship that is taken away, with its base-year size.

    ``trade_t`` and ``trade_usd`` are what the supplier sold to the buyer in a year, t and USD at
    the buyer's base prices; ``share_of_supply`` (0 to 1) is that value over the value of all that
    the buyer's economy purchased of these goods, at home included.
    """

    supplier: str
    buyer: str
    element: str
    stage: str
    goods: tuple[str, ...]
    trade_t: float
    trade_usd: float
    share_of_supply: float

    @property
    def pair(self) -> tuple[str, str]:
        """Supplier and buyer."""
        return self.supplier, self.buyer

    @property
    def cut(self) -> tuple[str, str, tuple[str, ...]]:
        """What the counterfactual takes away; cells with the same cut share its runs."""
        return self.supplier, self.buyer, self.goods


@dataclass(frozen=True)
class Missing:
    """A cell that was asked for and cannot be cut, and why."""

    supplier: str
    buyer: str
    element: str
    stage: str
    reason: str


def goods_of(element: str, stage: str) -> tuple[str, ...]:
    """Goods that stand for ``element`` (or ``all``) at ``stage``; none if the model has none."""
    if element == ALL or stage in UNDIVIDED:
        return WHOLE[stage]
    if stage == "oxide":
        return (f"oxide_{element}",)
    found = (_METALS if stage == "metal" else _MAGNETS).get(element)
    return () if found is None else (found,)


def asked(elements: Sequence[str], stages: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Every element and stage to look at, in order; undivided stages once, under ``all``.

    Raises :class:`InputError` for a name that is on neither axis.
    """
    for kind, names, known in (
        ("element", elements, (*axes.ELEMENTS, ALL)), ("stage", stages, STAGES),
    ):  # fmt: skip
        for name in names:
            if name not in known:
                raise unknown(kind, name, known, where=f"key '{kind}'")
    pairs = [(ALL if stage in UNDIVIDED else element, stage)
             for stage in stages for element in elements]  # fmt: skip
    return tuple(dict.fromkeys(pairs))


def both_ways(
    suppliers: Sequence[str], buyers: Sequence[str], back: bool
) -> tuple[tuple[str, str], ...]:
    """Every supplier with every buyer but itself, and with ``back`` each pair the other way too.

    Raises :class:`InputError` for an unknown economy, or when nobody is left to pair.
    """
    for kind, names in (("supplier", suppliers), ("buyer", buyers)):
        for name in names:
            if name not in axes.ECONOMIES:
                raise unknown("economy", name, axes.ECONOMIES, where=f"key '{kind}'")
    pairs = [(s, b) for s in suppliers for b in buyers if s != b]
    if not pairs:
        raise InputError(
            "no economy is left to buy",
            where="keys 'supplier' and 'buyer'",
            allowed="at least one buyer that is not the supplier itself",
            remedy="name another buyer",
        )
    return tuple(dict.fromkeys([*pairs, *((b, s) for s, b in pairs if back)]))


def find(
    world: World, pairs: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]
) -> tuple[list[Cell], list[Missing]]:
    """Cells with base-year trade in ``world``, by pair, and those that have none, with the reason.

    Economy totals of the base year are the same for every seed, so any seed's world will do.
    """
    flows = base_flows_t(world)
    cells: list[Cell] = []
    missing: list[Missing] = []
    for supplier, buyer in pairs:
        for element, stage in wanted:
            goods = goods_of(element, stage)
            cell = _cell(world, flows, supplier, buyer, element, stage, goods)
            if cell.trade_t > 0.0:
                cells.append(cell)
            else:
                reason = NO_TRADE if goods else NO_GOOD
                missing.append(Missing(supplier, buyer, element, stage, reason))
    return cells, missing


def base_flows_t(world: World) -> Floats:
    """Base-year trade [origins, destinations, goods], t a year; on the diagonal trade at home."""
    lanes, count = world.lanes, len(axes.ECONOMIES)
    place = (lanes.origin * count + lanes.destination) * N_GOODS + lanes.good
    sums = np.bincount(place, lanes.base_t, count * count * N_GOODS) * WEEKS_PER_YEAR
    return np.asarray(sums.reshape(count, count, N_GOODS), np.float64)


def _cell(
    world: World, flows: Floats, supplier: str, buyer: str, element: str, stage: str,
    goods: tuple[str, ...],
) -> Cell:  # fmt: skip
    rows = [axes.GOOD_INDEX[good] for good in goods]
    origin, destination = axes.ECONOMY_INDEX[supplier], axes.ECONOMY_INDEX[buyer]
    price = world.price0.reshape(len(axes.ECONOMIES), N_GOODS)[destination, rows]
    sold = flows[origin, destination, rows]
    bought = float((1000.0 * flows[:, destination, rows].sum(axis=0) * price).sum())
    value = float((1000.0 * sold * price).sum())
    return Cell(
        supplier, buyer, element, stage, goods, trade_t=float(sold.sum()), trade_usd=value,
        share_of_supply=value / bought if bought > 0.0 else 0.0,
    )  # fmt: skip
