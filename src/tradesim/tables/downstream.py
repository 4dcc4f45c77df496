"""Component trade and manufacture of the base year: final use by economy and end use (t/yr)."""

from __future__ import annotations

import numpy as np

from tradesim.tables.balance import SOURCE, Balance
from tradesim.tables.book import ASSUMPTIONS, Book, read_rows
from tradesim.tables.magnet_trade import row_split
from tradesim.tables.magnets import MAGNET_USES, Uses
from tradesim.tables.oxides import SCARCE
from tradesim.tables.stone import SIGMA, proportional_fit

#: A component lane below this share of its end use's world trade is not opened (R09).
LANE_SHARE = 0.004
#: Home preference in the prior of component trade (R15): weight of the own economy.
HOME_WEIGHT = 12.0


def final_uses(balance: Balance, built_in: Uses) -> Uses:
    """Magnets embodied in final goods by (economy, end use), t/yr, fitted to the balance."""
    shares: dict[str, float] = {}
    for (element, economy, stage, item), value in balance.values.items():
        if (element, stage, item) == ("all", "use", "share") and economy != "ROW":
            shares[economy] = value
    rest = balance.get("all", "ROW", "use", "share")
    for economy, part in row_split("final_use").items():
        shares[economy] = rest * part
    weights: Uses = {
        (r["economy"], r["end_use"]): float(r["weight"])
        for r in read_rows(ASSUMPTIONS / "final_mix.csv")
    }
    economies = sorted(shares)
    columns = np.array([sum(t for (_, u), t in built_in.items() if u == use)
                        for use in MAGNET_USES])  # fmt: skip
    rows = np.array([shares[e] for e in economies])
    rows *= columns.sum() / rows.sum()
    prior = np.array([[weights.get((e, u), 0.0) for u in MAGNET_USES] for e in economies])
    matrix = proportional_fit(prior * rows[:, None], rows, columns, "final use of magnets")
    return {
        (e, u): float(matrix[i, j])
        for i, e in enumerate(economies)
        for j, u in enumerate(MAGNET_USES)
        if matrix[i, j] > 0.0
    }


def component_lanes(use: str, built_in: Uses, final: Uses) -> dict[tuple[str, str], float]:
    """Lanes of one end use from component makers to manufacturers, t/yr; small lanes closed."""
    makers = sorted(e for e, u in built_in if u == use)
    users = sorted(e for e, u in final if u == use)
    made = np.array([built_in[e, use] for e in makers])
    used = np.array([final[e, use] for e in users])
    used *= made.sum() / used.sum()
    prior = np.outer(made, used) / made.sum()
    for i, maker in enumerate(makers):
        for j, user in enumerate(users):
            prior[i, j] *= HOME_WEIGHT if maker == user else 1.0
    where = f"component trade for {use}"
    fitted = proportional_fit(prior, made, used, where)
    floor = LANE_SHARE * made.sum()
    third = np.sort(fitted, axis=1)[:, -min(3, len(users))]
    keep = (fitted >= floor) | (fitted >= third[:, None])
    for i, maker in enumerate(makers):
        for j, user in enumerate(users):
            keep[i, j] |= maker == "CHN" or (maker == user and fitted[i, j] > 0.2 * used[j])
    fitted = proportional_fit(np.where(keep, fitted, 0.0), made, used, where)
    return {
        (makers[i], users[j]): float(fitted[i, j])
        for i in range(len(makers))
        for j in range(len(users))
        if fitted[i, j] > 0.0
    }


def build_components(book: Book, balance: Balance, built_in: Uses) -> None:
    """Manufacture cells of the magnet uses and the component lanes that feed them."""
    final = final_uses(balance, built_in)
    for use in MAGNET_USES:
        for (origin, user), tonnes in component_lanes(use, built_in, final).items():
            cell = (user, "manufacture", use)
            book.flow("component_motor", origin, cell, tonnes, "assumption",
                      "R15_component_uses", SOURCE)  # fmt: skip
            book.add(cell, "in", "component_motor", tonnes)


def other_uses(book: Book, balance: Balance) -> dict[tuple[str, str, str], float]:
    """Oxide use outside magnets by (economy, end use, element), t oxide/yr.

    The balance's other use less what samarium and target makers take, spread by the mix and
    location tables (R16); Dy and Tb abroad are scaled to the share the published exports imply.
    """
    mix = read_rows(ASSUMPTIONS / "oxide_use_mix.csv")
    places = read_rows(ASSUMPTIONS / "oxide_use_location.csv")
    totals = {e: _other_total(book, balance, e) for e in sorted({r["element"] for r in mix})}
    uses: dict[tuple[str, str, str], float] = {}
    for row in mix:
        element, end_use = row["element"], row["end_use"]
        total = totals[element] * float(row["share"])
        own = [p for p in places if p["end_use"] == end_use and p["element"] == element]
        own = own or [p for p in places if p["end_use"] == end_use and p["element"] == "*"]
        weight = sum(float(p["share"]) for p in own)
        for place in own:
            key = (place["economy"], end_use, element)
            uses[key] = uses.get(key, 0.0) + total * float(place["share"]) / weight
    return uses


def _other_total(book: Book, balance: Balance, element: str) -> float:
    taken = sum(book.use(f"oxide_{element}", ("metal",)).values())
    if element == "Sc":
        return 64.0 - taken  # USGS MCS 2026: demand about 60 t; 6 t of 70 t go to stock
    other = balance.world(element, "other_use")
    if element in SCARCE:
        # No surplus exists, so other use is what supply leaves: it takes the balance's rounding.
        good = f"oxide_{element}"
        left = sum(book.net_output(good).values()) - sum(book.use(good).values())
        book.adjust(f"other use oxide_{element}", "R16_oxide_use_location", other, left,
                    SIGMA["assumption"], "assumption", SOURCE)  # fmt: skip
        return left
    return other - taken


def build_oxide_uses(book: Book, balance: Balance) -> None:
    """Inputs of the manufacture cells that buy oxides, and of target buyers."""
    for (economy, end_use, element), tonnes in other_uses(book, balance).items():
        book.add((economy, "manufacture", end_use), "in", f"oxide_{element}", tonnes)
    _target_lanes(book)


def _target_lanes(book: Book) -> None:
    places = [r for r in read_rows(ASSUMPTIONS / "oxide_use_location.csv")
              if r["end_use"] == "semiconductor"]  # fmt: skip
    made = book.net_output("target_RE")
    makers, users = sorted(made), sorted(p["economy"] for p in places)
    share = {p["economy"]: float(p["share"]) for p in places}
    rows = np.array([made[e] for e in makers])
    columns = np.array([share[e] for e in users])
    columns *= rows.sum() / columns.sum()
    prior = np.outer(rows, columns)
    for i, maker in enumerate(makers):
        for j, user in enumerate(users):
            prior[i, j] *= 8.0 if maker == user else (1.0 if maker in ("CHN", "JPN") else 0.0)
    matrix = proportional_fit(prior, rows, columns, "sputtering target trade")
    for i, maker in enumerate(makers):
        for j, user in enumerate(users):
            cell = (user, "manufacture", "semiconductor")
            book.flow("target_RE", maker, cell, float(matrix[i, j]), "assumption",
                      "R17_targets", "assumptions/targets.csv")  # fmt: skip
            book.add(cell, "in", "target_RE", float(matrix[i, j]))


def declare_manufacture(book: Book) -> None:
    """Declare every manufacture cell; its activity is the tonnes of rare-earth goods it takes."""
    totals: dict[tuple[str, str, str], float] = {}
    for (economy, stage, line, role, _), tonnes in book.process.items():
        if stage == "manufacture" and role == "in":
            cell = (economy, stage, line)
            totals[cell] = totals.get(cell, 0.0) + tonnes
    for cell, tonnes in totals.items():
        rule = "R15_component_uses" if cell[2] in MAGNET_USES else "R16_oxide_use_location"
        book.cell(cell, "", tonnes, "assumption", rule, SOURCE)
