"""Swarf, recycling, metal making and targets of the base year (t/yr)."""

from __future__ import annotations

import numpy as np

from tradesim.tables.balance import FLOW_SOURCE, SOURCE, Balance
from tradesim.tables.book import ASSUMPTIONS, Book, Cell, read_rows
from tradesim.tables.magnet_trade import row_split
from tradesim.tables.magnets import neodymium_share
from tradesim.tables.stone import SIGMA, Identity, reconcile

RECYCLED = ("Nd", "Pr", "Dy", "Tb", "Gd", "Ho", "Ce")
MAGNET_METALS = ("Nd", "Pr", "Dy", "Tb")
RECYCLERS_ABROAD = ("JPN", "VNM", "EU27")
#: Where the swarf of an economy without a recycler goes first (R14).
NEAREST_RECYCLER = {
    "THA": "VNM", "PHL": "VNM", "MYS": "VNM", "TWN": "VNM", "KOR": "EU27", "USA": "EU27",
    "ROW": "EU27", "GBR": "EU27",
}  # fmt: skip


def scrap_content(book: Book, economy: str) -> dict[str, float]:
    """Element content (t oxide equivalent per t) of the scrap an economy gives off."""
    tonnes = {
        line: t
        for (e, s, line, role, good), t in book.process.items()
        if e == economy and s == "magnet" and good == "scrap_NdFeB" and role == "out"
    }
    total = sum(tonnes.values())
    return {
        element: sum(t * book.content.get((line, element), 0.0) for line, t in tonnes.items())
        / total
        for element in RECYCLED
    }


def build_recycling(book: Book, balance: Balance) -> None:
    """Collection, scrap trade and recyclers; outputs add up to the balance's recycled oxides."""
    old = balance.get("all", "CHN", "parameter", "old_scrap_CHN")
    cell = ("CHN", "recycling", "collection")
    book.cell(cell, "scrap_NdFeB", old, "reconciled", "R13_swarf", SOURCE)
    book.add(cell, "out", "scrap_NdFeB", old)
    swarf = book.net_output("scrap_NdFeB")
    lanes: dict[tuple[str, str], float] = {("CHN", "CHN"): swarf["CHN"]}
    abroad = _scrap_lanes(balance, {e: t for e, t in swarf.items() if e != "CHN"})
    lanes.update(abroad)
    contents = {e: scrap_content(book, e) for e in swarf}
    feed: dict[str, dict[str, float]] = {}
    for (origin, recycler), tonnes in lanes.items():
        target = (recycler, "recycling", "scrap_NdFeB")
        book.flow("scrap_NdFeB", origin, target, tonnes, "assumption", "R14_scrap_trade",
                  "assumptions/parameters.csv")  # fmt: skip
        book.add(target, "in", "scrap_NdFeB", tonnes)
        blend = feed.setdefault(recycler, dict.fromkeys(RECYCLED, 0.0))
        for element in RECYCLED:
            blend[element] += tonnes * contents[origin][element]
    _recycle(book, balance, feed)


def _scrap_lanes(balance: Balance, swarf: dict[str, float]) -> dict[tuple[str, str], float]:
    """Swarf outside China to its three recyclers, in proportion to their recycled output."""
    gain = {e: _recycled_abroad(balance, e) for e in RECYCLERS_ABROAD}
    need = {e: sum(swarf.values()) * g / sum(gain.values()) for e, g in gain.items()}
    keys = [(e, e) for e in RECYCLERS_ABROAD]
    keys += [(e, NEAREST_RECYCLER[e]) for e in swarf if e not in RECYCLERS_ABROAD]
    keys += [("JPN", "EU27"), ("TWN", "EU27")]
    prior = np.array([_scrap_prior(key, swarf) for key in keys])
    identities = [
        Identity(f"swarf {e}", {i: 1.0 for i, k in enumerate(keys) if k[0] == e}, t)
        for e, t in swarf.items()
    ] + [
        Identity(f"scrap feed {e}", {i: 1.0 for i, k in enumerate(keys) if k[1] == e}, t)
        for e, t in need.items()
    ]
    sigma = np.full(len(keys), SIGMA["assumption"])
    result = reconcile(prior, sigma, identities, [f"scrap {o}-{d}" for o, d in keys])
    return {key: float(t) for key, t in zip(keys, result, strict=True) if t > 0.0}


def _scrap_prior(key: tuple[str, str], swarf: dict[str, float]) -> float:
    origin, recycler = key
    if origin == "JPN" and recycler != "JPN":
        return 0.02 * swarf["JPN"]
    if origin == "TWN":
        return 0.5 * swarf["TWN"]
    return swarf[origin]


def _recycled_abroad(balance: Balance, economy: str) -> float:
    item = ("all", economy, "separation_NdPrDyTb_with_scrap", "output")
    return balance.get(*item) - balance.find("all", economy, "separation_NdPrDyTb", "output")


def _recycle(book: Book, balance: Balance, feed: dict[str, dict[str, float]]) -> None:
    """Recovery by element: abroad uniform for four elements, China takes the world remainder."""
    abroad_element = sum(_recycled_abroad(balance, e) for e in RECYCLERS_ABROAD)
    content = sum(feed[e][x] / book.factors[x] for e in RECYCLERS_ABROAD for x in MAGNET_METALS)
    recovery_abroad = abroad_element / content
    for economy, blend in feed.items():
        cell = (economy, "recycling", "scrap_NdFeB")
        fed = book.process[(*cell, "in", "scrap_NdFeB")]
        book.cell(cell, "", fed, "reconciled", "R14_scrap_trade", SOURCE)
        for element in RECYCLED:
            world = balance.world(element, "recycled")
            magnet = element in MAGNET_METALS
            elsewhere = sum(feed[e][element] for e in RECYCLERS_ABROAD) * recovery_abroad
            if economy == "CHN":
                out = world - (elsewhere if magnet else 0.0)
            else:
                out = blend[element] * recovery_abroad if magnet else 0.0
            share = out / blend[element]
            book.recovery[economy, "scrap_NdFeB", element] = share
            book.add(cell, "out", f"oxide_{element}", out)


def build_metals(book: Book, balance: Balance) -> None:
    """NdPr, Dy, Tb and Sm metal: makers, feed oxides and lanes to magnet makers."""
    _heavy_metals(book)
    _samarium(book)
    _nd_pr(book, balance)
    for metal in ("NdPr", "Dy", "Tb", "Sm"):
        _feed_oxides(book, balance, metal)


def _need(book: Book, good: str) -> dict[str, float]:
    need: dict[str, float] = {}
    for (economy, _, _), tonnes in book.use(good, ("magnet",)).items():
        need[economy] = need.get(economy, 0.0) + tonnes
    return need


def _ship(book: Book, good: str, lanes: dict[tuple[str, str], float], rule: str) -> None:
    """Lanes between economies split over the buying cells by their need."""
    need = _need(book, good)
    buyers = book.use(good, ("magnet",))
    made: dict[str, float] = {}
    for (origin, user), tonnes in lanes.items():
        made[origin] = made.get(origin, 0.0) + tonnes
        for cell, amount in buyers.items():
            if cell[0] == user:
                book.flow(good, origin, cell, tonnes * amount / need[user], "assumption", rule,
                          FLOW_SOURCE)  # fmt: skip
    for economy, tonnes in made.items():
        maker: Cell = (economy, "metal", good)
        book.cell(maker, good, tonnes, "assumption", rule, SOURCE)
        book.add(maker, "out", good, tonnes)


def _heavy_metals(book: Book) -> None:
    share = book.parameters["japan_heavy_metal_share"]
    for good in ("metal_Dy", "metal_Tb"):
        need = _need(book, good)
        lanes = {("CHN", user): t for user, t in need.items() if user != "JPN"}
        lanes["JPN", "JPN"] = need["JPN"] * share
        lanes["CHN", "JPN"] = need["JPN"] * (1.0 - share)
        _ship(book, good, lanes, "R10_metal_makers")


def _samarium(book: Book) -> None:
    lanes = {("CHN", user): t for user, t in _need(book, "metal_Sm").items()}
    _ship(book, "metal_Sm", lanes, "R12_smco")


def _nd_pr(book: Book, balance: Balance) -> None:
    """Makers' totals of the balance are met outside China; Stone closes the lanes."""
    need = _need(book, "metal_NdPr")
    made = _metal_totals(book, balance)
    lanes: dict[tuple[str, str], float] = {
        (o, d): t
        for (good, o, d), t in balance.lanes.items()
        if good == "metal_NdPr" and o != "ROW" and d in need
    }
    for maker in made:
        if maker in need and (maker, maker) not in lanes:
            sold = sum(t for (o, _), t in lanes.items() if o == maker)
            lanes[maker, maker] = min(max(made[maker] - sold, 0.05 * made[maker]), need[maker])
    for user, tonnes in need.items():
        if user != "CHN":
            open_ = tonnes - sum(t for (o, d), t in lanes.items() if d == user and o != "CHN")
            lanes["CHN", user] = max(open_, 0.05 * tonnes)
    lanes["CHN", "CHN"] = need["CHN"]
    if "GBR" in made:  # the alloy maker of R03 sells where the balance's ROW did
        for user in ("EU27", "JPN", "USA"):
            lanes["GBR", user] = made["GBR"] / 3.0
    keys = sorted(lanes)
    prior = np.array([lanes[k] for k in keys])
    identities = [
        Identity(f"metal_NdPr made {e}", {i: 1.0 for i, k in enumerate(keys) if k[0] == e}, t)
        for e, t in made.items()
    ] + [
        Identity(f"metal_NdPr used {e}", {i: 1.0 for i, k in enumerate(keys) if k[1] == e}, t)
        for e, t in need.items()
    ]
    names = [f"metal_NdPr {o}-{d}" for o, d in keys]
    result = reconcile(prior, np.full(len(keys), SIGMA["assumption"]), identities, names)
    closed = {k: float(t) for k, t in zip(keys, result, strict=True) if t > 0.0}
    for key, after in closed.items():
        before = balance.lanes.get(("metal_NdPr", *key), lanes[key])
        book.adjust(f"flow metal_NdPr {key[0]}-{key[1]}", "R10_metal_makers", before, after,
                    SIGMA["assumption"], "assumption", FLOW_SOURCE)  # fmt: skip
    _ship(book, "metal_NdPr", closed, "R10_metal_makers")


def _metal_totals(book: Book, balance: Balance) -> dict[str, float]:
    made = {
        economy: tonnes
        for (element, economy, stage, item), tonnes in balance.values.items()
        if (element, stage, item) == ("all", "metal", "output") and economy not in ("CHN", "ROW")
    }
    rest = balance.get("all", "ROW", "metal", "output")
    for economy, share in row_split("metal_output").items():
        made[economy] = rest * share
    for good in ("metal_Dy", "metal_Tb"):  # the balance's total of Japan holds all four metals
        made["JPN"] -= book.process[("JPN", "metal", good, "out", good)]
    return made


def _feed_oxides(book: Book, balance: Balance, metal: str) -> None:
    """Feed oxides of a metal at the world-wide yield, and its content."""
    good = f"metal_{metal}"
    parts = {metal: 1.0}
    if metal == "NdPr":
        nd, pr = neodymium_share(balance)
        weight = nd / book.factors["Nd"] + pr / book.factors["Pr"]
        parts = {"Nd": nd / weight, "Pr": pr / weight}  # t oxide per t metal
    else:
        parts = {metal: book.factors[metal]}
    for element, oxide in parts.items():
        book.content[good, element] = oxide
    for economy, tonnes in book.net_output(good).items():
        for element, oxide in parts.items():
            book.add((economy, "metal", good), "in", f"oxide_{element}",
                     tonnes * oxide / book.parameters["metal_yield"])  # fmt: skip


def build_targets(book: Book) -> None:
    """Target makers and their lanes to semiconductor makers."""
    output = book.parameters["target_output_t"]
    rows = read_rows(ASSUMPTIONS / "targets.csv")
    recipe = {r["key"]: float(r["value"]) for r in rows if r["kind"] == "oxide_in"}
    for element, rate in recipe.items():
        book.content["target_RE", element] = rate * book.parameters["metal_yield"]
    for row in rows:
        if row["kind"] != "output":
            continue
        cell = (row["key"], "metal", "target_RE")
        made = output * float(row["value"])
        book.cell(cell, "target_RE", made, row["quality"], "R17_targets", row["source"])
        book.add(cell, "out", "target_RE", made)
        for element, rate in recipe.items():
            book.add(cell, "in", f"oxide_{element}", made * rate)
