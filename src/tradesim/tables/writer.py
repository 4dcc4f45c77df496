"""Writes the closed ledger as the CSV tables of ``tables/base`` (floats with repr precision)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from tradesim.axes import ELEMENTS, GOOD_INDEX
from tradesim.tables.book import ASSUMPTIONS, Book, read_rows
from tradesim.tables.metals import scrap_content
from tradesim.tables.pricing import Price, prices

Value = str | float | int
#: Tables that are written by hand and shipped as they stand.
COPIED = ("economies", "end_uses", "goods", "growth", "rules", "pipeline", "technology")


def write_all(
    book: Book, folder: Path, assumptions: Path = ASSUMPTIONS, table: list[Price] | None = None
) -> int:
    """Write every table of a base year into ``folder``; returns how many.

    Tables written by hand come from ``assumptions`` or, where it has none, from those of 2024;
    ``table`` are its prices (those of 2024 by default).
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "cells": _cells(book),
        "process": _process(book),
        "flows": _flows(book),
        "composition": _composition(book),
        "recovery": _recovery(book),
        "content": _content(book),
        "scrap_content": _scrap_content(book),
        "named_firms": _named_firms(book, assumptions),
        "adjustments": _adjustments(book),
        "prices": _prices(prices(book) if table is None else table),
    }
    for name, (header, rows) in tables.items():
        _write(folder / f"{name}.csv", header, rows)
    for name in COPIED:
        own = assumptions / f"{name}.csv"
        page = own if own.exists() else ASSUMPTIONS / f"{name}.csv"
        text = page.read_text(encoding="utf-8")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return len(tables) + len(COPIED)


Table = tuple[Sequence[str], list[list[Value]]]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(header)
        out.writerows([[repr(v) if isinstance(v, float) else v for v in row] for row in rows])


def _cells(book: Book) -> Table:
    header = ("economy", "stage", "line", "output_good", "output_t", "capacity_t", "quality",
              "rule", "source")  # fmt: skip
    return header, [[*cell, *(book.cells[cell][k] for k in header[3:])] for cell in
                    sorted(book.cells)]  # fmt: skip


def _process(book: Book) -> Table:
    header = ("economy", "stage", "line", "role", "good", "t_per_year")
    return header, [[*key, book.process[key]] for key in sorted(book.process)]


def _flows(book: Book) -> Table:
    header = ("good", "origin", "destination", "buyer_stage", "buyer_line", "end_use",
              "t_per_year", "quality", "rule", "source")  # fmt: skip
    flows = sorted(book.flows, key=lambda f: (GOOD_INDEX[f.good], f.origin, f.buyer))
    return header, [[f.good, f.origin, *f.buyer, f.end_use, f.tonnes, f.quality, f.rule, f.source]
                    for f in flows]  # fmt: skip


def _composition(book: Book) -> Table:
    return ("economy", "good", "element", "share"), [
        [*key, share] for key, share in sorted(book.composition.items())
    ]


def _recovery(book: Book) -> Table:
    return ("economy", "line", "element", "share"), [
        [*key, share] for key, share in sorted(book.recovery.items())
    ]


def _content(book: Book) -> Table:
    """Contents of goods, and the yield by which inputs exceed content where they do."""
    rows: list[list[Value]] = [
        [good, element, value, book.parameters["metal_yield"]]
        for (good, element), value in sorted(book.content.items())
        if good.startswith(("metal_", "target"))
    ]
    for (good, element), value in sorted(book.content.items()):
        if good.startswith("magnet_"):
            oxide_fed = element in ("Ce", "Gd", "Ho")
            share = book.parameters["metal_yield"] if oxide_fed else 1.0
            rows.append([good, element, value, share])
    for element in ELEMENTS:  # R10: every maker has the same grades, so scrap has one content
        value = scrap_content(book, "CHN").get(element, 0.0)
        if value > 0.0:
            rows.append(["scrap_NdFeB", element, value, 1.0])
    return ("good", "element", "t_oxide_eq_per_t", "input_yield"), rows


def _scrap_content(book: Book) -> Table:
    """Content of the scrap each economy gives off: the alloy mix of its own makers."""
    makers = {e for (e, stage, _, _, g) in book.process if stage == "magnet" and g == "scrap_NdFeB"}
    rows: list[list[Value]] = [
        [economy, element, value]
        for economy in sorted(makers)
        for element, value in scrap_content(book, economy).items()
    ]
    return ("economy", "element", "t_oxide_eq_per_t"), rows


def _named_firms(book: Book, assumptions: Path) -> Table:
    """Firms named in the sources, with their share of a cell's capacity in t/yr."""
    header = ("company", "economy", "stage", "line", "capacity_t_per_year", "share_of_cell",
              "quality", "source", "note")  # fmt: skip
    rows: list[list[Value]] = []
    for r in read_rows(assumptions / "named_firms.csv"):
        cell = (r["economy"], r["stage"], r["line"])
        share = float(r["share_of_cell"])
        capacity = share * float(book.cells[cell]["capacity_t"])
        rows.append([r["company"], *cell, capacity, share, r["quality"], r["source"], r["note"]])
    return header, rows


def _adjustments(book: Book) -> Table:
    header = ("item", "rule", "prior", "reconciled", "change_pct", "unit", "sigma", "quality",
              "source")  # fmt: skip
    rows = [[a[k] for k in header] for a in book.adjustments]
    return header, sorted(rows, key=lambda row: (str(row[1]), str(row[0])))


def _prices(table: list[Price]) -> Table:
    rows: list[list[Value]] = [
        [p.good, p.region, p.usd_per_kg, p.quality, p.rule, p.source] for p in table
    ]
    return ("good", "region", "price_usd_per_kg", "quality", "rule", "source"), rows
