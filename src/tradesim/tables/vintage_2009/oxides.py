"""Oxides of 2009: uses outside magnets, lanes, and the flow out of China (t/yr)."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.optimize import brentq

from tradesim.axes import ELEMENTS
from tradesim.errors import DataError
from tradesim.tables.book import ASSUMPTIONS, Book, Cell, read_rows
from tradesim.tables.vintage_2009.chain import SOURCE
from tradesim.tables.vintage_2009.given import Given

RULE = "V06_oxide_uses"
#: Widest factor by which use abroad may differ from the pattern of 2024 (relative to China).
WIDEST = 200.0


def outflow_t(given: Given) -> float:
    """Oxide equivalent that leaves China, t/yr: the used part of the quota and what is smuggled."""
    number = given.number
    return number["quota_t"] * number["quota_use"] * (1.0 + number["smuggled_excess"])


def build(book: Book, given: Given) -> float:
    """Close every oxide market with one factor for use abroad; returns the factor (V06)."""
    target = outflow_t(given) - _metal_outflow(book)
    left = {e: _left(book, e) for e in ELEMENTS}
    factor = float(brentq(lambda x: _outflow(book, _uses(left, x)) - target, 1.0 / WIDEST, WIDEST))
    for (economy, end_use, element), tonnes in _uses(left, factor).items():
        book.add((economy, "manufacture", end_use), "in", f"oxide_{element}", tonnes)
    for element in ELEMENTS:
        for (origin, place), tonnes in _lanes(book, element).items():
            _to_buyers(book, element, origin, place, tonnes)
    return factor


def _metal_outflow(book: Book) -> float:
    """Oxide equivalent of metals that China sells abroad, t/yr."""
    return sum(
        f.tonnes * sum(book.content.get((f.good, e), 0.0) for e in ELEMENTS)
        for f in book.flows
        if f.good.startswith("metal_") and f.origin == "CHN" and f.buyer[0] != "CHN"
    )


def _left(book: Book, element: str) -> float:
    """What supply leaves of an oxide for uses outside magnets, t/yr."""
    good = f"oxide_{element}"
    left = sum(book.net_output(good).values()) - sum(book.use(good).values())
    if left <= 0.0:
        raise DataError(
            f"magnets and metals take {-left:.6g} t more {good} than there is",
            where="tables/assumptions_2009/parameters.csv",
            allowed="a supply that leaves something for other uses",
            remedy="raise clay_share or other_share_NdPr, or lower smco_scale",
        )
    return left


Uses = dict[tuple[str, str, str], float]


def _uses(left: Mapping[str, float], factor: float) -> Uses:
    """Other use by (economy, end use, element): the places of 2024, those abroad times factor."""
    places = read_rows(ASSUMPTIONS / "oxide_use_location.csv")
    uses: Uses = {}
    for row in read_rows(ASSUMPTIONS / "oxide_use_mix.csv"):
        element, end_use = row["element"], row["end_use"]
        here = [p for p in places if p["end_use"] == end_use]
        own = [p for p in here if p["element"] == element] or [
            p for p in here if p["element"] == "*"
        ]
        weight = {
            p["economy"]: float(p["share"]) * (1.0 if p["economy"] == "CHN" else factor)
            for p in own
        }
        total = left[element] * float(row["share"]) / sum(weight.values())
        for economy, part in weight.items():
            key = (economy, end_use, element)
            uses[key] = uses.get(key, 0.0) + total * part
    return uses


def _outflow(book: Book, uses: Uses) -> float:
    """Oxides that China sells abroad under some other uses, t/yr."""
    total = 0.0
    for element in ELEMENTS:
        good = f"oxide_{element}"
        used = _by_economy(book.use(good))
        for (economy, _, name), tonnes in uses.items():
            if name == element:
                used[economy] = used.get(economy, 0.0) + tonnes
        supply = book.net_output(good)
        total += max(supply.get("CHN", 0.0) - used.get("CHN", 0.0), 0.0)
    return total


def _by_economy(cells: Mapping[Cell, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for (economy, _, _), tonnes in cells.items():
        total[economy] = total.get(economy, 0.0) + tonnes
    return total


def _lanes(book: Book, element: str) -> dict[tuple[str, str], float]:
    """Lanes of one oxide: home first, what a small separator cannot sell there goes to China."""
    good = f"oxide_{element}"
    use, supply = _by_economy(book.use(good)), book.net_output(good)
    lanes: dict[tuple[str, str], float] = {}
    imported = 0.0
    for economy, tonnes in supply.items():
        if economy == "CHN" or tonnes <= 0.0:
            continue
        home = min(tonnes, use.get(economy, 0.0))
        lanes[economy, economy] = home
        if tonnes > home:
            lanes[economy, "CHN"] = tonnes - home
            imported += tonnes - home
    for economy, tonnes in use.items():
        if economy != "CHN":
            lanes["CHN", economy] = tonnes - lanes.get((economy, economy), 0.0)
    lanes["CHN", "CHN"] = use.get("CHN", 0.0) - imported
    sold = sum(t for (origin, _), t in lanes.items() if origin == "CHN")
    if lanes["CHN", "CHN"] < 0.0 or abs(sold - supply.get("CHN", 0.0)) > 1e-6 * max(sold, 1.0):
        raise DataError(
            f"{good} does not close: China sells {sold:.6g} t of {supply.get('CHN', 0.0):.6g} t",
            where="tables/vintage_2009/oxides.py", allowed="all that is made is used",
            remedy="correct the shares of the assumptions",
        )  # fmt: skip
    lanes["CHN", "CHN"] += supply.get("CHN", 0.0) - sold  # rounding of the sums
    return {key: t for key, t in lanes.items() if t > 1e-9}


def _to_buyers(book: Book, element: str, origin: str, place: str, tonnes: float) -> None:
    """Spread a lane over the buying cells of an economy, in proportion to their use."""
    need = {cell: t for cell, t in book.use(f"oxide_{element}").items() if cell[0] == place}
    total = sum(need.values())
    for cell, amount in need.items():
        book.flow(f"oxide_{element}", origin, cell, tonnes * amount / total, "assumption", RULE,
                  SOURCE)  # fmt: skip
