"""Oxide trade of the base year: one element at a time, closed by Stone's estimator (t/yr)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim.axes import ELEMENTS
from tradesim.tables.balance import FLOW_SOURCE, Balance
from tradesim.tables.book import Book, Cell
from tradesim.tables.stone import SIGMA, Identity, reconcile

#: No surplus of these is thrown away anywhere: every tonne is used (balance: surplus 0).
SCARCE = ("Pr", "Nd", "Tb", "Dy", "Ho")
#: Flows whose figure is published; kept within 5% (sigma 2%).
PUBLISHED = {("NdPr", "MYS", "CHN"), ("NdPr", "USA", "CHN")}
PARTNER = {"Nd": "Pr", "Pr": "Nd", "La": "Ce", "Ce": "La"}
#: An origin below this share of a destination's use sells to its largest buyer only (R09).
SMALL_ORIGIN = 0.15
#: Assumed lanes of the flow table below this (t/yr of the group) are not opened (R09).
FLOW_FLOOR_T = 20.0


@dataclass
class Market:
    """One element's supply and use by economy, t oxide/yr, and the prior of its lanes."""

    element: str
    supply: dict[str, float]
    use: dict[str, float]
    lanes: dict[tuple[str, str], float]
    sigma: dict[tuple[str, str], float]


def build(book: Book, balance: Balance) -> None:
    """Close every oxide market: lanes, and disposal where an element is in surplus."""
    for element in ELEMENTS:
        market = _market(book, balance, element)
        flows, waste = close(market)
        _record(book, market, flows, waste)


def _market(book: Book, balance: Balance, element: str) -> Market:
    good = f"oxide_{element}"
    use: dict[str, float] = {}
    for (economy, _, _), tonnes in book.use(good).items():
        use[economy] = use.get(economy, 0.0) + tonnes
    supply = {e: t for e, t in book.net_output(good).items() if t > 0.0}
    market = Market(element, supply, use, {}, {})
    _published(market, balance)
    _domestic(market, _chinese_figures(market, balance))
    _chinese(market, balance)
    return market


def _group(element: str) -> str:
    return {"Nd": "NdPr", "Pr": "NdPr", "La": "LaCe", "Ce": "LaCe"}.get(element, "")


def _published(market: Market, balance: Balance) -> None:
    """Lanes of the flow table outside China, in proportion to the origin's own supply."""
    group = _group(market.element)
    if not group:
        return
    partner = PARTNER[market.element]
    for (good, origin, place), tonnes in balance.lanes.items():
        destination = _placed(group, place)
        usable = origin in market.supply and destination in market.use
        if good != f"oxide_{group}" or origin == "CHN" or not usable or tonnes < FLOW_FLOOR_T:
            continue
        own = balance.find(market.element, origin, "separation", f"oxide_{market.element}")
        other = balance.find(partner, origin, "separation", f"oxide_{partner}")
        market.lanes[origin, destination] = tonnes * own / (own + other)
        published = (group, origin, destination) in PUBLISHED
        market.sigma[origin, destination] = SIGMA["published" if published else "assumption"]


def _domestic(market: Market, figures: dict[str, float]) -> None:
    """What an economy has left stays at home as far as it is used there."""
    for economy, tonnes in market.supply.items():
        if economy == "CHN":
            continue
        left = tonnes - sum(t for (o, _), t in market.lanes.items() if o == economy)
        home = min(max(left, 0.0), 0.9 * market.use.get(economy, 0.0))
        if economy in figures:
            got = sum(t for (o, d), t in market.lanes.items() if d == economy)
            need = market.use[economy] - got - figures[economy]
            home = min(home, max(need, 0.1 * market.use[economy]))
        if home > 0.0:
            market.lanes[economy, economy] = home
            market.sigma[economy, economy] = SIGMA["assumption"]
        if market.element in SCARCE and (economy, "CHN") not in market.lanes:
            for target, share in _outlets(market, economy).items():
                if left - home > 1e-9:
                    market.lanes[economy, target] = share * (left - home)
                    market.sigma[economy, target] = SIGMA["assumption"]
        elif not _group(market.element) and economy == "MYS":
            # R18: Malaysia's unseparated SEG and heavies went to China until May 2025.
            market.lanes["MYS", "CHN"] = tonnes - home
            market.sigma["MYS", "CHN"] = SIGMA["reconciled"]
    if market.element == "Sc":
        _scandium_lanes(market)


def _scandium_lanes(market: Market) -> None:
    for origin, destination in (("PHL", "JPN"), ("CAN", "USA"), ("ROW", "EU27")):
        market.lanes[origin, destination] = market.supply[origin]
        market.sigma[origin, destination] = SIGMA["assumption"]


def _outlets(market: Market, economy: str) -> dict[str, float]:
    """Where scarce oxide goes that its own economy cannot use (R18), with shares of it."""
    if market.element in ("Nd", "Pr"):  # the balance's ROW metal maker is placed in GBR (R03)
        return {"ROW": {"CHN": 1.0}}.get(economy, {})
    if economy in ("VNM", "EU27") and market.element in ("Dy", "Tb"):
        return {"JPN": 1.0}
    return {"CHN": 1.0}


def _chinese(market: Market, balance: Balance) -> None:
    """China supplies what is left open, and itself; its La and Ce lanes have figures."""
    figures = _chinese_figures(market, balance)
    for economy, tonnes in market.use.items():
        if economy == "CHN":
            continue
        got = sum(t for (o, d), t in market.lanes.items() if d == economy)
        open_ = max(tonnes - got, 0.05 * tonnes)
        market.lanes["CHN", economy] = figures.get(economy, open_)
        market.sigma["CHN", economy] = (1.0 if economy in figures else 2.0) * SIGMA["assumption"]
    imported = sum(t for (_, d), t in market.lanes.items() if d == "CHN")
    market.lanes["CHN", "CHN"] = market.use.get("CHN", 0.0) - imported
    market.sigma["CHN", "CHN"] = SIGMA["assumption"]


def _chinese_figures(market: Market, balance: Balance) -> dict[str, float]:
    """La, Ce, Nd, Pr from China by destination; Japan's re-exports count as China's (R08)."""
    group = _group(market.element)
    if not group:
        return {}
    partner = PARTNER[market.element]
    world = sum(balance.world(e, "other_use") for e in (market.element, partner))
    part = balance.world(market.element, "other_use") / world
    row = balance.row(f"oxide_{group}", "CHN")
    if group == "LaCe":
        row["USA"] += balance.lanes["oxide_LaCe", "JPN", "USA"]
    placed = {_placed(group, d): t * part for d, t in row.items()}
    return {d: t for d, t in placed.items() if d in market.use}


def _placed(group: str, economy: str) -> str:
    """The balance's ROW buyer of NdPr is its metal maker, which stands in GBR (R03)."""
    return "GBR" if group == "NdPr" and economy == "ROW" else economy


def close(market: Market) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Lanes and disposal (t/yr) that meet every use and every supply of one element.

    Disposal is free in China for surplus elements and takes, elsewhere, what no lane carries.
    Raises :class:`tradesim.errors.DataError` naming the lane when one turns negative.
    """
    scarce = market.element in SCARCE
    keys = sorted(market.lanes)
    wasters = [] if scarce else sorted(market.supply)
    waste = [_waste_prior(market, e) for e in wasters]
    prior = np.array([market.lanes[k] for k in keys] + waste)
    sigma = np.array([market.sigma[k] for k in keys] + [SIGMA["assumption"]] * len(wasters))
    identities = []
    for economy, tonnes in market.supply.items():
        terms = {i: 1.0 for i, k in enumerate(keys) if k[0] == economy}
        if not scarce:
            terms[len(keys) + wasters.index(economy)] = 1.0
        identities.append(Identity(f"oxide_{market.element} supply {economy}", terms, tonnes))
    for economy, tonnes in market.use.items():
        terms = {i: 1.0 for i, k in enumerate(keys) if k[1] == economy}
        identities.append(Identity(f"oxide_{market.element} use {economy}", terms, tonnes))
    names = [f"oxide_{market.element} {o}-{d}" for o, d in keys]
    names += [f"oxide_{market.element} disposal {e}" for e in wasters]
    result = reconcile(prior, sigma, identities, names)
    flows = {k: float(result[i]) for i, k in enumerate(keys)}
    return flows, {e: float(result[len(keys) + n]) for n, e in enumerate(wasters)}


def _waste_prior(market: Market, economy: str) -> float:
    sold = sum(t for (o, _), t in market.lanes.items() if o == economy)
    return max(market.supply[economy] - sold, 0.0)


def _record(book: Book, market: Market, flows: dict[tuple[str, str], float],
            waste: dict[str, float]) -> None:  # fmt: skip
    good = f"oxide_{market.element}"
    buyers = book.use(good)
    for (origin, destination), tonnes in flows.items():
        quality, rule = _tag(market.element, origin, destination)
        before = market.lanes[origin, destination]
        book.adjust(f"flow {good} {origin}-{destination}", rule, before, tonnes,
                    market.sigma[origin, destination], quality, FLOW_SOURCE)  # fmt: skip
    for (origin, cell), tonnes in _to_buyers(flows, buyers).items():
        quality, rule = _tag(market.element, origin, cell[0])
        book.flow(good, origin, cell, tonnes, quality, rule, FLOW_SOURCE)
    for economy, tonnes in waste.items():
        for cell, share in _separators(book, good, economy).items():
            book.add(cell, "disposal", good, tonnes * share)


def _tag(element: str, origin: str, destination: str) -> tuple[str, str]:
    """Quality and rule of an oxide lane."""
    if (_group(element), origin, destination) in PUBLISHED:
        return "estimate", "R19_oxide_trade"
    abroad = destination != origin != "CHN"
    heavy = abroad and element not in ("La", "Ce", "Nd", "Pr", "Sc")
    return "assumption", "R18_unseparated_heavies" if heavy else "R19_oxide_trade"


def _to_buyers(flows: dict[tuple[str, str], float], buyers: dict[Cell, float]
               ) -> dict[tuple[str, Cell], float]:  # fmt: skip
    """Economy lanes divided over buying cells: small origins to one buyer, the rest pro rata."""
    divided: dict[tuple[str, Cell], float] = {}
    for destination in sorted({d for _, d in flows}):
        need = {cell: t for cell, t in buyers.items() if cell[0] == destination}
        total = sum(need.values())
        large: dict[str, float] = {}
        for origin, tonnes in sorted(
            ((o, t) for (o, d), t in flows.items() if d == destination), key=lambda item: item[1]
        ):
            first = max(need, key=lambda cell: need[cell])
            if tonnes < SMALL_ORIGIN * total and tonnes < 0.8 * need[first]:
                divided[origin, first] = tonnes
                need[first] -= tonnes
            else:
                large[origin] = tonnes
        left = sum(need.values())
        for origin, tonnes in large.items():
            for cell, amount in need.items():
                divided[origin, cell] = divided.get((origin, cell), 0.0) + tonnes * amount / left
    return divided


def _separators(book: Book, good: str, economy: str) -> dict[Cell, float]:
    """Cells that give off a good in an economy, with their shares of its output."""
    made = {
        (e, s, line): t
        for (e, s, line, role, g), t in book.process.items()
        if e == economy and role == "out" and g == good
    }
    total = sum(made.values())
    return {cell: t / total for cell, t in made.items()}
