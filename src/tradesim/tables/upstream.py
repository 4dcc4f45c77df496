"""Mines and primary separation of the base year (t REO and t oxide per year)."""

from __future__ import annotations

import numpy as np

from tradesim.tables.balance import FLOW_SOURCE, ORE_ELEMENTS, SOURCE, Balance
from tradesim.tables.book import ASSUMPTIONS, SOURCES, Book, read_rows
from tradesim.tables.stone import SIGMA, Identity, reconcile

LIGHT = ("La", "Ce", "Pr", "Nd")
BASTNAESITE, MONAZITE, CLAY = (
    "concentrate_bastnaesite", "concentrate_monazite", "concentrate_clay",
)  # fmt: skip
Contents = dict[str, float]


def deposit(name: str) -> Contents:
    """Composition of one published deposit, shares that add up to 1 (blank means trace)."""
    raw = {
        row["element"]: float(row["value"] or 0.0)
        for row in read_rows(SOURCES / "element_composition.csv")
        if row["deposit"] == name
    }
    total = sum(raw.values())
    return {e: raw.get(e, 0.0) / total for e in ORE_ELEMENTS}


def _scaled(contents: Contents, factor: float) -> Contents:
    return {e: t * factor for e, t in contents.items()}


def china_contents(book: Book, balance: Balance) -> tuple[Contents, Contents]:
    """China's mine content split into bastnaesite and clay; the two add up to the balance."""
    weights = {
        "Longnan, Jiangxi": book.parameters["clay_longnan"],
        "Xinfeng, Jiangxi": book.parameters["clay_xinfeng"],
        "Xunwu, Jiangxi": book.parameters["clay_xunwu"],
    }
    mixture = dict.fromkeys(ORE_ELEMENTS, 0.0)
    for name, weight in weights.items():
        for element, share in deposit(name).items():
            mixture[element] += share * weight / sum(weights.values())
    whole = balance.contained("CHN")
    clay_t = sum(whole.values()) - 190_110.0 - 60_848.0
    clay = _scaled(mixture, clay_t)
    return {e: whole[e] - clay[e] for e in ORE_ELEMENTS}, clay


def mine_contents(book: Book, balance: Balance) -> dict[tuple[str, str], Contents]:
    """Element content (t oxide/yr) of every mine output by (economy, concentrate)."""
    bastnaesite, clay = china_contents(book, balance)
    mines = {("CHN", BASTNAESITE): bastnaesite, ("CHN", CLAY): clay}
    mines["USA", BASTNAESITE] = balance.contained("USA")
    for economy in ("MMR", "LAO", "MYS"):
        mines[economy, CLAY] = balance.contained(economy)
    for economy in ("AUS", "VNM", "THA", "IND"):
        mines[economy, MONAZITE] = balance.contained(economy)
    rest = balance.contained("ROW")
    scale = balance.get("all", "ROW", "mine", "output") / book.parameters["usgs_row_mine_t"]
    brazil = book.parameters["brazil_mine_t"] * scale
    kazakhstan = book.parameters["kazakhstan_mine_t"] * scale
    total = sum(rest.values())
    mines["BRA", CLAY] = _scaled(deposit("Xunwu, Jiangxi"), brazil)
    mines["KAZ", MONAZITE] = _scaled(rest, kazakhstan / total)
    mines["ROW", MONAZITE] = _scaled(rest, (total - brazil - kazakhstan) / total)
    return mines


def concentrate_trade(book: Book, balance: Balance, mined: dict[tuple[str, str], float]
                      ) -> dict[tuple[str, str, str], float]:  # fmt: skip
    """Feed by (concentrate, origin, separating economy), t REO/yr; what stays is the remainder."""
    lanes = {key: t for key, t in balance.lanes.items() if key[0].startswith("concentrate")}
    to_china = lanes.pop((MONAZITE, "ROW", "CHN"))
    lanes[CLAY, "BRA", "CHN"] = mined["BRA", CLAY]
    lanes[MONAZITE, "KAZ", "CHN"] = mined["KAZ", MONAZITE]
    lanes[MONAZITE, "ROW", "CHN"] = to_china - mined["BRA", CLAY] - mined["KAZ", MONAZITE]
    feed: dict[tuple[str, str, str], float] = {}
    separators = {("CHN", BASTNAESITE), ("CHN", CLAY), ("USA", BASTNAESITE), ("IND", MONAZITE),
                  ("ROW", MONAZITE)}  # fmt: skip
    for (economy, good), output in mined.items():
        out = {d: t for (g, o, d), t in lanes.items() if g == good and o == economy}
        stays = (economy, good) in separators
        # The lanes are printed to 0.1 t: what a mine without a separator ships is its output.
        factor = 1.0 if stays else output / sum(out.values())
        for destination, tonnes in out.items():
            after = tonnes * factor
            feed[good, economy, destination] = after
            book.adjust(f"flow {good} {economy}-{destination}", "R04_feed", tonnes, after,
                        SIGMA["reconciled"], "reconciled", FLOW_SOURCE)  # fmt: skip
        if stays:
            feed[good, economy, economy] = output - sum(out.values())
    return feed


def build(book: Book, balance: Balance) -> None:
    """Write mines, feed flows, separation cells, compositions and recoveries into the book."""
    contents = mine_contents(book, balance)
    mined = {key: sum(values.values()) for key, values in contents.items()}
    for (economy, good), values in contents.items():
        tonnes = mined[economy, good]
        cell = (economy, "mine", good)
        rule = "R03_row_split" if economy in ("BRA", "KAZ", "ROW") else "R01_mine_composition"
        book.cell(cell, good, tonnes, "reconciled", rule, SOURCE)
        book.add(cell, "out", good, tonnes)
        for element, t in values.items():
            book.composition[economy, good, element] = t / tonnes
    _scandium(book, balance)
    feed = concentrate_trade(book, balance, mined)
    blends: dict[tuple[str, str], Contents] = {}
    for (good, origin, destination), tonnes in feed.items():
        cell = (destination, "separation", good)
        quality = "official" if (origin, destination) == ("USA", "CHN") else "assumption"
        book.flow(good, origin, cell, tonnes, quality, "R04_feed", FLOW_SOURCE)
        book.add(cell, "in", good, tonnes)
        blend = blends.setdefault((destination, good), dict.fromkeys(ORE_ELEMENTS, 0.0))
        for element in ORE_ELEMENTS:
            blend[element] += tonnes * book.composition[origin, good, element]
    _separate(book, balance, blends)


def _scandium(book: Book, balance: Balance) -> None:
    total = balance.get("Sc", "World", "recovered", "oxide_Sc")
    for row in read_rows(ASSUMPTIONS / "scandium.csv"):
        cell = (row["economy"], "mine", "scandium")
        tonnes = total * float(row["share"])
        book.cell(cell, "oxide_Sc", tonnes, row["quality"], "R05_scandium", row["source"])
        book.add(cell, "out", "oxide_Sc", tonnes)


def _separate(book: Book, balance: Balance, blends: dict[tuple[str, str], Contents]) -> None:
    for economy in sorted({economy for economy, _ in blends}):
        lines = [line for e, line in blends if e == economy]
        target = balance.separated(economy)
        for element in ORE_ELEMENTS:
            shares = _recoveries(book, economy, element, lines, blends, target[element])
            for line, share in zip(lines, shares, strict=True):
                book.recovery[economy, line, element] = share
        for line in lines:
            cell = (economy, "separation", line)
            feed = sum(blends[economy, line].values())
            book.cell(cell, "", feed, "reconciled", "R02_recovery", SOURCE)
            for element, tonnes in blends[economy, line].items():
                out = tonnes * book.recovery[economy, line, element]
                book.add(cell, "out", f"oxide_{element}", out)


def _recoveries(book: Book, economy: str, element: str, lines: list[str],
                blends: dict[tuple[str, str], Contents], target: float) -> list[float]:  # fmt: skip
    """Recoveries by line that give the balance's output of one element (Stone, sigma below)."""
    contents = np.array([blends[economy, line][element] for line in lines])
    prior, sigma = np.empty(len(lines)), np.empty(len(lines))
    for i, line in enumerate(lines):
        light = "recovery_light" if element in LIGHT else "recovery_heavy_in_light_ore"
        prior[i] = book.parameters["recovery_clay" if line == CLAY else light]
        sigma[i] = 0.01 if line == CLAY else (0.07 if element in LIGHT else 0.40)
    if len(lines) == 1:
        result = np.array([target / contents[0]]) if contents[0] > 0 else np.zeros(1)
    else:
        identity = Identity(f"{economy} oxide_{element}", dict(enumerate(contents)), target)
        names = [f"recovery {economy} {line} {element}" for line in lines]
        result = reconcile(prior, sigma, [identity], names)
    for line, before, after, s in zip(lines, prior, result, sigma, strict=True):
        book.adjust(f"recovery {economy} {line} {element}", "R02_recovery", float(before),
                    float(after), float(s), "assumption", SOURCE, unit="share")  # fmt: skip
    return [float(x) for x in result]
