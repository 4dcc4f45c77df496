"""Base prices by good and region, USD/kg of the good's own unit (rule R21)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tradesim.axes import ELEMENTS
from tradesim.tables.book import ASSUMPTIONS, Book, read_rows
from tradesim.tables.magnets import HEAVY, PLAIN

REGIONS = ("CHN", "ROW")
CLASSES = ("bastnaesite", "monazite", "clay")


@dataclass(frozen=True)
class Price:
    """A base price; ``region`` is CHN, ROW (the default of all others) or an economy."""

    good: str
    region: str
    usd_per_kg: float
    quality: str
    source: str
    rule: str = "R21_prices"


def margins(folder: Path = ASSUMPTIONS) -> dict[str, float]:
    """Fees, payable shares and freight by item, from a folder of assumptions."""
    return {r["item"]: float(r["value"]) for r in read_rows(folder / "other_prices.csv")}


def prices(book: Book) -> list[Price]:
    """All base prices of 2024: oxides quoted, the rest built on them by stated margins."""
    items = margins()
    return built_on(_oxides(items), book, items)


def built_on(oxides: list[Price], book: Book, items: dict[str, float]) -> list[Price]:
    """Oxide prices in both regions and all others that follow from them, USD/kg."""
    table = list(oxides)
    known = {(p.good, p.region): p.usd_per_kg for p in table}
    for step in (_metals, _scrap, _magnets, _fixed, _concentrates):
        new = step(book, items, known)
        table += new
        known.update({(p.good, p.region): p.usd_per_kg for p in new})
    return table


def _oxides(items: dict[str, float]) -> list[Price]:
    quoted = {(r["element"], r["region"]): r for r in read_rows(ASSUMPTIONS / "oxide_prices.csv")}
    table = []
    for element in ELEMENTS:
        fob = quoted[element, "CHN"]
        value = float(fob["price_usd_per_kg"])
        table.append(Price(f"oxide_{element}", "CHN", value, fob["quality"], fob["source"]))
        abroad = quoted.get((element, "ROW"))
        if abroad:
            price = float(abroad["price_usd_per_kg"])
            table.append(Price(f"oxide_{element}", "ROW", price, abroad["quality"],
                               abroad["source"]))  # fmt: skip
        else:
            price = value * (1.0 + items["freight_share"]) + items["freight_usd_per_kg"]
            table.append(Price(f"oxide_{element}", "ROW", price, "assumption",
                               "FOB China plus assumed freight"))  # fmt: skip
    return table


Known = dict[tuple[str, str], float]


def _metals(book: Book, items: dict[str, float], known: Known) -> list[Price]:
    table = []
    for metal in ("NdPr", "Dy", "Tb", "Sm"):
        for region in REGIONS:
            feed = sum(
                book.content.get((f"metal_{metal}", e), 0.0) * known[f"oxide_{e}", region]
                for e in ELEMENTS
            )
            price = feed / book.parameters["metal_yield"] + items[f"conversion_{metal}_{region}"]
            table.append(Price(f"metal_{metal}", region, price, "assumption",
                               "oxide over yield plus an assumed conversion fee"))  # fmt: skip
    return table


def _scrap(book: Book, items: dict[str, float], known: Known) -> list[Price]:
    heavy = sum(t for (_, _, n, r, g), t in book.process.items() if r == "out" and g == HEAVY)
    plain = sum(t for (_, _, n, r, g), t in book.process.items() if r == "out" and g == PLAIN)
    share = {HEAVY: heavy / (heavy + plain), PLAIN: plain / (heavy + plain)}
    magnet_elements = ("Nd", "Pr", "Dy", "Tb")  # what every recycler pays for
    table = []
    for region in REGIONS:
        value = sum(
            share[g] * book.content[g, e] * known[f"oxide_{e}", region]
            for g in (HEAVY, PLAIN)
            for e in magnet_elements
            if (g, e) in book.content
        )
        table.append(Price("scrap_NdFeB", region, value * items["payable_scrap"], "assumption",
                           "assumed payable share of the contained oxides"))  # fmt: skip
    return table


def _magnets(book: Book, items: dict[str, float], known: Known) -> list[Price]:
    """Cost of each grade plus one margin per region that meets the mean price of that region."""
    table = []
    mean = {"CHN": book.parameters["base_magnet_price"],
            "ROW": book.parameters["foreign_magnet_price"]}  # fmt: skip
    for region in REGIONS:
        cost = {grade: _grade_cost(book, grade, region, known) for grade in (HEAVY, PLAIN)}
        weight = _grade_weight(book, region)
        average = weight * cost[HEAVY] + (1.0 - weight) * cost[PLAIN]
        for grade in (HEAVY, PLAIN):
            quality = "estimate" if region == "CHN" else "assumption"
            price = cost[grade] + mean[region] - average
            table.append(Price(grade, region, price, quality,
                               "grade cost plus a margin to the region's mean"))  # fmt: skip
    return table


def _grade_weight(book: Book, region: str) -> float:
    """Heavy share of what a region's makers export (China) or make (the others)."""
    out = {HEAVY: 0.0, PLAIN: 0.0}
    for flow in book.flows:
        exported = flow.origin == "CHN" and flow.buyer[0] != "CHN"
        if flow.good in out and (exported if region == "CHN" else flow.origin != "CHN"):
            out[flow.good] += flow.tonnes
    return out[HEAVY] / (out[HEAVY] + out[PLAIN])


def _grade_cost(book: Book, grade: str, region: str, known: Known) -> float:
    cell = ("CHN", "magnet", grade)
    made = book.process[(*cell, "out", grade)]
    cost = 0.0
    for (*key, role, good), tonnes in book.process.items():
        if tuple(key) == cell and role == "in":
            cost += tonnes * known[good, region]
        elif tuple(key) == cell and good == "scrap_NdFeB":
            cost -= tonnes * known[good, region]
    return cost / made


def _fixed(book: Book, items: dict[str, float], known: Known) -> list[Price]:
    names = {"magnet_SmCo": "price_magnet_SmCo", "component_motor": "price_component",
             "target_RE": "price_target"}  # fmt: skip
    return [
        Price(good, region, items[f"{item}_{region}"], "assumption", "assumptions/other_prices.csv")
        for good, item in names.items()
        for region in REGIONS
    ]


def _concentrates(book: Book, items: dict[str, float], known: Known) -> list[Price]:
    """Payable share of what a separator gets for one tonne REO, by separator; mines get less."""
    table: list[Price] = []
    for ore in CLASSES:
        good = f"concentrate_{ore}"
        own: dict[str, float] = {}
        for (economy, stage, line), cell in book.cells.items():
            if stage == "separation" and line == good:
                region = "CHN" if economy == "CHN" else "ROW"
                worth = sum(
                    t * known[g, region] * (1.0 if role == "out" else -1.0)
                    for (e, s, n, role, g), t in book.process.items()
                    if (e, s, n) == (economy, stage, line) and role != "in"
                )
                own[economy] = items[f"payable_{ore}"] * worth / float(cell["output_t"])
        source = "assumed payable share of the separator's sales"
        china = own.get("CHN", max(own.values()))
        table += [Price(good, e, p, "assumption", source) for e, p in sorted(own.items())
                  if e != "ROW"]  # fmt: skip
        default = own.get("ROW", china * items["mine_gate_share"])
        table.append(Price(good, "ROW", default, "assumption", source))
    return table
