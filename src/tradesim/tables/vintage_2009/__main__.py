"""Build the world of 2009 that closes: ``python -m tradesim.tables.vintage_2009 [FOLDER]``.

Deterministic. Rescales the tables of 2024 to the mines, the export quota and the magnet shares of
2009 (``assumptions_2009``) and rewrites ``base_2009``. A market that cannot close stops it by name.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tradesim.axes import ELEMENTS
from tradesim.tables.book import BASE, Book
from tradesim.tables.closure import check
from tradesim.tables.pricing import Price, built_on, margins
from tradesim.tables.vintage_2009 import chain, oxides
from tradesim.tables.vintage_2009.given import ASSUMPTIONS_2009, BASE_2009, Given, start
from tradesim.tables.writer import write_all

#: Tables without a builder: of 2009 where the assumptions hold one, else those of 2024.
KEPT = ("cost_shares", "traders", "transit", "transit_regions")


def build(given: Given) -> Book:
    """The closed world of 2009 as a ledger; raises :class:`tradesim.errors.DataError` if open."""
    book = start(given)
    chain.mines(book, given)
    total = chain.magnet_output(book, given)
    used = chain.magnets(book, given, total)
    chain.components(book, given, used)
    chain.recycling(book, given, total)
    chain.metals(book, given)
    factor = oxides.build(book, given)
    _declare_manufacture(book)
    for name, value, unit in (
        ("finished NdFeB of the world", total, "t/yr"),
        ("factor on oxide use outside China", factor, "ratio"),
        ("oxide equivalent out of China", oxides.outflow_t(given), "t/yr"),
    ):
        book.adjust(name, "V06_oxide_uses", 0.0, value, 0.0, "assumption", chain.SOURCE, unit)
    check(book)
    return book


def prices(book: Book, given: Given) -> list[Price]:
    """Prices of 2009 (V07): at home FOB less export tax, abroad that plus freight, USD/kg."""
    items = margins(given.folder)
    table = []
    for row in given.rows("oxide_prices"):
        good = f"oxide_{row['element']}"
        home = float(row["fob_usd_per_kg"]) / (1.0 + given.export_tax(good))
        away = home * (1.0 + items["freight_share"]) + items["freight_usd_per_kg"]
        table.append(Price(good, "CHN", home, row["quality"], row["source"] + "; less export tax"))
        table.append(Price(good, "ROW", away, "assumption", "domestic price plus assumed freight"))
    order = [f"oxide_{e}" for e in ELEMENTS]
    table.sort(key=lambda p: (order.index(p.good), p.region))
    found = built_on(table, book, items)
    return [Price(p.good, p.region, p.usd_per_kg, p.quality, p.source, "V07_prices") for p in found]


def _declare_manufacture(book: Book) -> None:
    """Declare every manufacture cell; its activity is the tonnes of rare-earth goods it takes."""
    totals: dict[tuple[str, str, str], float] = {}
    for (economy, stage, line, role, _), tonnes in book.process.items():
        if stage == "manufacture" and role == "in":
            totals[economy, stage, line] = totals.get((economy, stage, line), 0.0) + tonnes
    for cell, tonnes in totals.items():
        book.cell(cell, "", tonnes, "assumption", "V06_oxide_uses", chain.SOURCE)


def main(folder: Path = BASE_2009) -> int:
    """Rebuild every table of 2009 into ``folder``; returns the number of files written."""
    given = Given.read()
    book = build(given)
    count = write_all(book, folder, given.folder, prices(book, given))
    for name in KEPT:
        own = ASSUMPTIONS_2009 / f"{name}.csv"
        shutil.copyfile(own if own.exists() else BASE / own.name, folder / own.name)
    return count + len(KEPT)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else BASE_2009
    print(f"{main(target)} tables written to {target}")
