"""Mines, magnets, metals, recycling and components of 2009 (t/yr)."""

from __future__ import annotations

import numpy as np

from tradesim.axes import ELEMENTS
from tradesim.tables.book import Book
from tradesim.tables.downstream import component_lanes
from tradesim.tables.magnets import HEAVY, MAGNET_USES, PLAIN, SMCO, Uses, heavy_shares, swarf_per_t
from tradesim.tables.metals import RECYCLED, scrap_content
from tradesim.tables.stone import proportional_fit
from tradesim.tables.vintage_2009.given import Given

SOURCE = "tables/base; assumptions_2009"
MAKERS = ("CHN", "JPN", "EU27")
#: How much likelier a maker sells at home than an equal customer abroad, and whom it sells to.
HOME = {"CHN": 1.0, "JPN": 8.0, "EU27": 20.0}
BASTNAESITE, MONAZITE, CLAY = (
    "concentrate_bastnaesite", "concentrate_monazite", "concentrate_clay",
)  # fmt: skip


def mines(book: Book, given: Given) -> None:
    """Mine output, feed lanes and separated oxides (V01): two Chinese ores, Russia, Brazil."""
    number = given.number
    clay = number["clay_share"] * number["mine_CHN_t"]
    mined = {
        ("CHN", BASTNAESITE): number["mine_CHN_t"] - clay,
        ("CHN", CLAY): clay,
        ("ROW", MONAZITE): number["mine_ROW_t"],
        ("BRA", CLAY): number["mine_BRA_t"],
    }
    places = {"ROW": "EU27", "BRA": "CHN", "CHN": "CHN"}
    feed: dict[tuple[str, str, str], float] = {}
    for (economy, ore), tonnes in mined.items():
        cell = (economy, "mine", ore)
        book.cell(cell, ore, tonnes, "official", "V01_mines", "mine_production.csv")
        book.add(cell, "out", ore, tonnes)
        feed[economy, places[economy], ore] = tonnes
        book.flow(ore, economy, (places[economy], "separation", ore), tonnes, "assumption",
                  "V01_mines", SOURCE)  # fmt: skip
    for (origin, place, ore), tonnes in feed.items():
        cell = (place, "separation", ore)
        book.add(cell, "in", ore, tonnes)
        for element in ELEMENTS:
            inside = book.composition.get((origin, ore, element), 0.0)
            got = tonnes * inside * book.recovery.get((place, ore, element), 0.0)
            book.add(cell, "out", f"oxide_{element}", got)
    for place, ore in {(p, o) for _, p, o in feed}:
        fed = sum(t for (_, p, o), t in feed.items() if (p, o) == (place, ore))
        book.cell((place, "separation", ore), "", fed, "assumption", "V01_mines", SOURCE)
    scandium = ("CHN", "mine", "scandium")
    book.cell(scandium, "oxide_Sc", number["mine_Sc_t"], "assumption", "V01_mines", SOURCE)
    book.add(scandium, "out", "oxide_Sc", number["mine_Sc_t"])


def magnet_output(book: Book, given: Given) -> float:
    """Finished NdFeB of the world (V03): what mined and recycled Nd and Pr can make, t/yr.

    ``M = (1 - other) P / (a - (1 - other) r)`` with primary oxide ``P``, oxide ``a`` into and
    ``r`` recycled from a tonne of magnets, as in China in 2024; ``other`` is used elsewhere.
    """
    primary = sum(
        t
        for (_, stage, _, role, good), t in book.process.items()
        if stage == "separation" and role == "out" and good in ("oxide_Nd", "oxide_Pr")
    )
    recipe = given.recipe(("CHN", "magnet", PLAIN))
    metal = recipe["in", "metal_NdPr"] / recipe["out", PLAIN]
    inside = book.content["metal_NdPr", "Nd"] + book.content["metal_NdPr", "Pr"]
    into = metal * inside / book.parameters["metal_yield"]
    scrap = book.content[PLAIN, "Nd"] + book.content[PLAIN, "Pr"]
    back = (swarf_per_t(book) + _old_scrap_per_t(given)) * scrap
    back *= book.recovery["CHN", "scrap_NdFeB", "Nd"]
    kept = 1.0 - given.number["other_share_NdPr"]
    return kept * primary / (into - kept * back)


def _old_scrap_per_t(given: Given) -> float:
    """Old scrap collected in China per tonne of magnets that the world makes, as in 2024."""
    cells = given.old.table("cells")
    made = sum(
        float(cells["output_t"][i])
        for i in range(len(cells["line"]))
        if cells["output_good"][i] in (PLAIN, HEAVY)
    )
    return given.recipe(("CHN", "recycling", "collection"))["out", "scrap_NdFeB"] / made


def built_in(given: Given, total: float) -> Uses:
    """NdFeB built into components by (economy, end use), t/yr, on the pattern of 2024 (V04)."""
    rows, columns = given.shares("component_shares"), given.shares("end_use_mix")
    cells = given.old.table("cells")
    pattern: Uses = {
        (str(cells["economy"][i]), str(cells["line"][i])): float(cells["output_t"][i])
        for i in range(len(cells["line"]))
        if cells["stage"][i] == "component"
    }
    return _fitted(pattern, rows, columns, total, "magnets built in")


def _fitted(pattern: Uses, rows: dict[str, float], columns: dict[str, float], total: float,
            where: str) -> Uses:  # fmt: skip
    """A pattern by (economy, end use) fitted to shares of both, t/yr."""
    places, uses = sorted(rows), sorted(columns)
    prior = np.array([[pattern.get((e, u), 0.0) for u in uses] for e in places])
    prior /= np.maximum(prior.sum(1, keepdims=True), 1e-30)
    wanted = total * np.array([rows[e] for e in places])
    prior *= wanted[:, None]
    found = proportional_fit(prior, wanted, total * np.array([columns[u] for u in uses]), where)
    return {
        (e, u): float(found[i, j])
        for i, e in enumerate(places)
        for j, u in enumerate(uses)
        if found[i, j] > 0.0
    }


def magnets(book: Book, given: Given, total: float) -> Uses:
    """Makers and the magnets they sell to component makers (V03, V04); returns what is built in."""
    used = built_in(given, total)
    china, japan = given.number["magnet_share_CHN"], given.number["magnet_share_JPN"]
    share = {"CHN": china, "JPN": japan, "EU27": 1.0 - china - japan}
    heavy = heavy_shares()
    keys = sorted(used)
    made: dict[tuple[str, str], float] = {}
    for grade in (PLAIN, HEAVY):
        part = {u: heavy[u] if grade == HEAVY else 1.0 - heavy[u] for u in MAGNET_USES}
        need = np.array([used[k] * part[k[1]] for k in keys])
        supply = need.sum() * np.array([share[m] for m in MAKERS])
        prior = np.array([[_liking(m, e) * n for (e, _), n in zip(keys, need, strict=True)]
                          for m in MAKERS])  # fmt: skip
        lanes = proportional_fit(prior, supply, need, f"lanes of {grade}")
        for i, maker in enumerate(MAKERS):
            made[maker, grade] = float(supply[i])
            for j, (economy, use) in enumerate(keys):
                cell = (economy, "component", use)
                book.flow(grade, maker, cell, float(lanes[i, j]), "assumption", "V04_components",
                          SOURCE)  # fmt: skip
                book.add(cell, "in", grade, float(lanes[i, j]))
    for (economy, grade), tonnes in made.items():
        _maker(book, given, economy, grade, tonnes)
    return _with_smco(book, given, used)


def _liking(maker: str, user: str) -> float:
    """Weight of a customer for a maker; Europe's makers sell in Europe alone."""
    if maker == "EU27":
        return 1.0 if user == "EU27" else 0.0
    return HOME[maker] if maker == user else 1.0


def _maker(book: Book, given: Given, economy: str, grade: str, tonnes: float) -> None:
    """A magnet maker with the Chinese recipe of 2024."""
    recipe, cell = given.recipe(("CHN", "magnet", grade)), (economy, "magnet", grade)
    scale = tonnes / recipe["out", grade]
    book.cell(cell, grade, tonnes, "estimate", "V03_magnets", SOURCE)
    for (role, good), amount in recipe.items():
        richer = given.number["grade_Dy"] if good == "metal_Dy" else 1.0
        book.add(cell, role, good, scale * amount * richer)


def _with_smco(book: Book, given: Given, used: Uses) -> Uses:
    """SmCo as in 2024 on a smaller scale, its flows included, where components are made."""
    scale, total = given.number["smco_scale"], dict(used)
    rows = given.old.table("flows")
    made: dict[str, float] = {}
    for i in np.flatnonzero(rows["good"] == SMCO):
        place, use = str(rows["destination"][i]), str(rows["buyer_line"][i])
        tonnes = scale * float(rows["t_per_year"][i])
        if (place, use) not in used:
            place, use = str(rows["origin"][i]), "defence"
        cell = (place, "component", use)
        book.flow(SMCO, str(rows["origin"][i]), cell, tonnes, "assumption", "V04_components",
                  SOURCE)  # fmt: skip
        book.add(cell, "in", SMCO, tonnes)
        total[place, use] = total.get((place, use), 0.0) + tonnes
        made[str(rows["origin"][i])] = made.get(str(rows["origin"][i]), 0.0) + tonnes
    for economy, tonnes in made.items():
        _maker(book, given, economy, SMCO, tonnes)
    return total


def components(book: Book, given: Given, used: Uses) -> None:
    """Component makers, manufacturers of the magnet uses and the lanes between them (V04)."""
    for (economy, use), tonnes in used.items():
        cell = (economy, "component", use)
        book.cell(cell, "component_motor", tonnes, "assumption", "V04_components", SOURCE)
        book.add(cell, "out", "component_motor", tonnes)
    cells = given.old.table("process")
    pattern: Uses = {
        (str(cells["economy"][i]), str(cells["line"][i])): float(cells["t_per_year"][i])
        for i in np.flatnonzero(cells["good"] == "component_motor")
        if cells["stage"][i] == "manufacture"
    }
    world = sum(used.values())
    mix = {u: sum(t for (_, v), t in used.items() if v == u) / world for u in MAGNET_USES}
    final = _fitted(pattern, given.shares("final_shares"), mix, world, "final use of magnets")
    for use in MAGNET_USES:
        for (origin, user), tonnes in component_lanes(use, used, final).items():
            cell = (user, "manufacture", use)
            book.flow("component_motor", origin, cell, tonnes, "assumption", "V04_components",
                      SOURCE)  # fmt: skip
            book.add(cell, "in", "component_motor", tonnes)


def recycling(book: Book, given: Given, total: float) -> None:
    """Each maker economy works up its own swarf; old scrap is collected in China (V05)."""
    cell = ("CHN", "recycling", "collection")
    old = _old_scrap_per_t(given) * total
    book.cell(cell, "scrap_NdFeB", old, "assumption", "V05_metals", SOURCE)
    book.add(cell, "out", "scrap_NdFeB", old)
    for economy in MAKERS:
        scrap = book.net_output("scrap_NdFeB")[economy]
        target = (economy, "recycling", "scrap_NdFeB")
        book.flow("scrap_NdFeB", economy, target, scrap, "assumption", "V05_metals", SOURCE)
        book.add(target, "in", "scrap_NdFeB", scrap)
        book.cell(target, "", scrap, "assumption", "V05_metals", SOURCE)
        inside = scrap_content(book, economy)
        for element in RECYCLED:
            share = book.recovery.get((economy, "scrap_NdFeB", element), 0.0)
            book.add(target, "out", f"oxide_{element}", scrap * inside[element] * share)


def metals(book: Book, given: Given) -> None:
    """Metal for magnets: China for itself and, for a part, for Japan and Europe (V05)."""
    number = given.number
    home = {
        ("JPN", "metal_NdPr"): number["metal_JPN_share"],
        ("EU27", "metal_NdPr"): number["metal_EU27_share"],
        ("JPN", "metal_Dy"): number["metal_heavy_JPN_share"],
        ("JPN", "metal_Tb"): number["metal_heavy_JPN_share"],
    }
    made: dict[tuple[str, str], float] = {}
    for good in ("metal_NdPr", "metal_Dy", "metal_Tb", "metal_Sm"):
        for cell, tonnes in book.use(good).items():
            own = home.get((cell[0], good), 0.0) if cell[0] != "CHN" else 1.0
            for origin, part in ((cell[0], own * tonnes), ("CHN", (1.0 - own) * tonnes)):
                book.flow(good, origin, cell, part, "assumption", "V05_metals", SOURCE)
                made[origin, good] = made.get((origin, good), 0.0) + part
    for (economy, good), tonnes in made.items():
        if tonnes > 0.0:
            _metal_maker(book, given, economy, good, tonnes)


def _metal_maker(book: Book, given: Given, economy: str, good: str, tonnes: float) -> None:
    recipe, cell = given.recipe(("CHN", "metal", good)), (economy, "metal", good)
    book.cell(cell, good, tonnes, "assumption", "V05_metals", SOURCE)
    for (role, item), amount in recipe.items():
        book.add(cell, role, item, amount * tonnes / recipe["out", good])
