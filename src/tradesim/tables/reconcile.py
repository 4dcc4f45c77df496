"""Build the base year 2024 that closes: ``python -m tradesim.tables.reconcile``.

Deterministic. Starts from the reconciled world balance (``sources/``) and the named assumptions
(``assumptions/``), builds the network stage by stage, closes each market with Stone's estimator
and rewrites ``base/``. A negative residual or an open identity stops it by name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tradesim.tables import downstream, magnets, metals, oxides, upstream
from tradesim.tables.balance import Balance
from tradesim.tables.book import BASE, Book
from tradesim.tables.closure import check
from tradesim.tables.writer import write_all


def build() -> Book:
    """The closed base year as a ledger; raises :class:`tradesim.errors.DataError` if open."""
    book, balance = Book.start(), Balance.read()
    for item, prior, after, sigma, quality in balance.adjustments():
        book.adjust(item, "R00_sigma", prior, after, sigma, quality, "reconciled_balance.csv",
                    unit="unit of the figure")  # fmt: skip
    upstream.build(book, balance)
    built_in = magnets.build(book, balance)
    metals.build_recycling(book, balance)
    metals.build_metals(book, balance)
    metals.build_targets(book)
    downstream.build_components(book, balance, built_in)
    downstream.build_oxide_uses(book, balance)
    downstream.declare_manufacture(book)
    oxides.build(book, balance)
    check(book)
    return book


def main(folder: Path = BASE) -> int:
    """Rebuild every generated table into ``folder``; returns the number of files written."""
    return write_all(build(), folder)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else BASE
    print(f"{main(target)} tables written to {target}")
