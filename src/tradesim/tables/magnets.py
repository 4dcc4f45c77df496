"""Magnet making, component making and swarf of the base year (t finished magnet per year)."""

from __future__ import annotations

import numpy as np

from tradesim.tables.balance import FLOW_SOURCE, SOURCE, Balance
from tradesim.tables.book import ASSUMPTIONS, Book, read_rows
from tradesim.tables.grades import grade_lanes
from tradesim.tables.magnet_trade import Matrix, ndfeb_matrix
from tradesim.tables.stone import SIGMA, proportional_fit

PLAIN, HEAVY, SMCO = "magnet_NdFeB", "magnet_NdFeB_HRE", "magnet_SmCo"
MAGNET_USES = ("ev_traction", "wind", "electronics", "industrial_motor", "defence", "other")
#: Elements that magnet makers buy as oxide, and the grade whose recipe holds them.
OXIDE_FED = {"Ce": (PLAIN,), "Gd": (HEAVY,), "Ho": (HEAVY,)}
Uses = dict[tuple[str, str], float]  # (economy, end use) -> t/yr


def heavy_shares() -> dict[str, float]:
    """Share of the heavy-bearing grade in NdFeB by end use (assumption of the balance)."""
    return {r["end_use"]: float(r["share"]) for r in read_rows(ASSUMPTIONS / "heavy_share.csv")}


def smco_tables() -> tuple[dict[str, float], Uses, Matrix]:
    """SmCo output by economy, use by (economy, end use), lanes by (maker, user), t/yr."""
    output: dict[str, float] = {}
    use: Uses = {}
    lanes: Matrix = {}
    for row in read_rows(ASSUMPTIONS / "smco.csv"):
        tonnes = float(row["t_per_year"])
        if row["kind"] == "output":
            output[row["economy"]] = tonnes
        elif row["kind"] == "use":
            use[row["economy"], row["end_use"]] = tonnes
        else:
            lanes[row["economy"], row["end_use"]] = tonnes
    users = sorted({economy for economy, _ in use})
    for user in users:  # China, the largest maker, covers what the listed lanes leave open
        need = sum(t for (e, _), t in use.items() if e == user)
        lanes["CHN", user] = need - sum(t for (_, d), t in lanes.items() if d == user)
    return output, use, {key: t for key, t in lanes.items() if t > 0.0}


def component_uses(balance: Balance, totals: dict[str, float]) -> Uses:
    """NdFeB built in by (economy, end use): the balance's uses fitted to economy totals."""
    world = {u: balance.get("all", "World", "end_use", u) for u in MAGNET_USES}
    china = {u: balance.get("all", "CHN", "end_use", u) for u in MAGNET_USES}
    scale = totals["CHN"] / sum(china.values())
    fitted: Uses = {("CHN", u): t * scale for u, t in china.items()}
    prior_rows: Uses = {
        (r["economy"], r["end_use"]): float(r["weight"])
        for r in read_rows(ASSUMPTIONS / "component_mix.csv")
    }
    economies = [e for e in totals if e != "CHN"]
    prior = np.array([[prior_rows.get((e, u), 0.0) * totals[e] for u in MAGNET_USES]
                      for e in economies])  # fmt: skip
    rest = sum(world.values())  # rounding of the balance: columns are scaled to the row totals
    factor = sum(totals.values()) / rest
    columns = np.array([world[u] * factor - fitted["CHN", u] for u in MAGNET_USES])
    rows = np.array([totals[e] for e in economies])
    matrix = proportional_fit(prior, rows, columns, "component use by economy and end use")
    for i, economy in enumerate(economies):
        for j, use in enumerate(MAGNET_USES):
            if matrix[i, j] > 0.0:
                fitted[economy, use] = float(matrix[i, j])
    return fitted


def build(book: Book, balance: Balance) -> Uses:
    """Write magnet and component cells with their lanes; returns magnets built in by cell."""
    output, smco_use, smco_lanes = smco_tables()
    exports = {d: t for (o, d), t in smco_lanes.items() if o == "CHN" and d != "CHN"}
    matrix = ndfeb_matrix(book, balance, exports)
    totals: dict[str, float] = {}
    for (_, user), tonnes in matrix.items():
        totals[user] = totals.get(user, 0.0) + tonnes
    uses = component_uses(balance, totals)
    _ndfeb_lanes(book, matrix, uses)
    _smco_lanes(book, smco_lanes, smco_use)
    built_in = dict(uses)
    for key, tonnes in smco_use.items():
        built_in[key] = built_in.get(key, 0.0) + tonnes
    for (economy, use), tonnes in built_in.items():
        cell = (economy, "component", use)
        book.cell(cell, "component_motor", tonnes, "assumption", "R15_component_uses", SOURCE)
        book.add(cell, "out", "component_motor", tonnes)
    _makers(book, balance, output)
    return built_in


def _ndfeb_lanes(book: Book, matrix: Matrix, uses: Uses) -> None:
    for (origin, user, use), parts in grade_lanes(matrix, uses, heavy_shares()).items():
        quality = "official" if (origin, user) == ("CHN", "EU27") else "estimate"
        rule = "R06_china_magnet_row" if origin == "CHN" else "R08_re_exports"
        cell = (user, "component", use)
        for good, tonnes in zip((HEAVY, PLAIN), parts, strict=True):
            book.flow(good, origin, cell, tonnes, quality, rule, FLOW_SOURCE)
            book.add(cell, "in", good, tonnes)


def _smco_lanes(book: Book, lanes: Matrix, use: Uses) -> None:
    need: dict[str, float] = {}
    for (economy, _), tonnes in use.items():
        need[economy] = need.get(economy, 0.0) + tonnes
    for (origin, user), tonnes in lanes.items():
        for (economy, end_use), amount in use.items():
            if economy == user:
                cell = (user, "component", end_use)
                part = tonnes * amount / need[user]
                book.flow(SMCO, origin, cell, part, "assumption", "R12_smco",
                          "assumptions/smco.csv")  # fmt: skip
                book.add(cell, "in", SMCO, part)


def _makers(book: Book, balance: Balance, smco: dict[str, float]) -> None:
    made: dict[tuple[str, str], float] = {}
    for flow in book.flows:
        if flow.good in (PLAIN, HEAVY):
            made[flow.origin, flow.good] = made.get((flow.origin, flow.good), 0.0) + flow.tonnes
    recipes = alloy_recipes(book, balance, made)
    for (economy, grade), tonnes in made.items():
        cell = (economy, "magnet", grade)
        book.cell(cell, grade, tonnes, "reconciled", "R08_re_exports", SOURCE)
        book.add(cell, "out", grade, tonnes)
        book.add(cell, "out", "scrap_NdFeB", tonnes * swarf_per_t(book))
        for good, rate in recipes[grade].items():
            book.add(cell, "in", good, tonnes * rate)
    samarium = _samarium_rate(book, sum(smco.values()))
    for economy, tonnes in smco.items():
        cell = (economy, "magnet", SMCO)
        book.cell(cell, SMCO, tonnes, "assumption", "R12_smco", "assumptions/smco.csv")
        book.add(cell, "out", SMCO, tonnes)
        book.add(cell, "in", "metal_Sm", tonnes * samarium)
    book.content[SMCO, "Sm"] = samarium * book.factors["Sm"]


def _samarium_rate(book: Book, output: float) -> float:
    """Samarium metal per tonne of finished SmCo."""
    metal = book.parameters["samarium_into_smco"] * book.parameters["metal_yield"]
    return metal / book.factors["Sm"] / output


def swarf_per_t(book: Book) -> float:
    """Swarf per tonne of finished magnet: 28.5% of the blank over what is left of it."""
    share = book.parameters["swarf_share"]
    return share / (1.0 - share)


def neodymium_share(balance: Balance) -> tuple[float, float]:
    """World-wide Nd and Pr parts of NdPr in oxide mass, from the balance's magnet alloy input."""
    nd, pr = (balance.world(e, "magnet_alloy_input") for e in ("Nd", "Pr"))
    return nd / (nd + pr), pr / (nd + pr)


def alloy_recipes(book: Book, balance: Balance, made: dict[tuple[str, str], float]
                  ) -> dict[str, dict[str, float]]:  # fmt: skip
    """Inputs per tonne of finished magnet of each NdFeB grade, and the contents of the grades.

    Fixed world-wide: the balance's alloy input of each element over the world output of the
    grades that hold it. Ce, Gd and Ho are bought as oxide; the rest as metal.
    """
    heavy = sum(t for (_, grade), t in made.items() if grade == HEAVY)
    plain = sum(t for (_, grade), t in made.items() if grade == PLAIN)
    metal_yield, factor = book.parameters["metal_yield"], book.factors
    recipes: dict[str, dict[str, float]] = {PLAIN: {}, HEAVY: {}}
    finished = 1.0 - book.parameters["swarf_share"]
    for element in ("Nd", "Pr", "Dy", "Tb", "Ce", "Gd", "Ho"):
        alloy = balance.world(element, "magnet_alloy_input")
        default = (HEAVY,) if element in ("Dy", "Tb") else (PLAIN, HEAVY)
        grades = OXIDE_FED.get(element, default)
        base = sum({PLAIN: plain, HEAVY: heavy}[g] for g in grades)
        for grade in grades:
            book.content[grade, element] = alloy * metal_yield * finished / base
            good, rate = f"oxide_{element}", alloy / base
            if element not in OXIDE_FED:
                good = "metal_NdPr" if element in ("Nd", "Pr") else f"metal_{element}"
                rate = alloy * metal_yield / factor[element] / base
            recipes[grade][good] = recipes[grade].get(good, 0.0) + rate
    book.adjust("heavy grade share of NdFeB", "R10_grades", 0.404809, heavy / (heavy + plain),
                SIGMA["assumption"], "assumption", SOURCE, unit="share")  # fmt: skip
    return recipes
