"""What the world of 2009 is made from: the tables of 2024 and the assumptions for 2009."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tradesim.tables.book import HERE, VINTAGES, Book, Row, read_rows
from tradesim.tables.loader import BaseYear, load_base

ASSUMPTIONS_2009 = HERE / "assumptions_2009"
BASE_2009 = VINTAGES[2009]

Cell = tuple[str, str, str]
Recipe = dict[tuple[str, str], float]  # (role, good) -> t/yr


@dataclass(frozen=True)
class Given:
    """The tables of 2024, the numbers assumed for 2009 and where they stand."""

    old: BaseYear
    number: Mapping[str, float]
    folder: Path = ASSUMPTIONS_2009

    @classmethod
    def read(cls, folder: Path = ASSUMPTIONS_2009) -> Given:
        """The shipped tables of 2024 and the assumptions of ``folder``."""
        rows = read_rows(folder / "parameters.csv")
        return cls(load_base(), {r["name"]: float(r["value"]) for r in rows}, folder)

    def rows(self, name: str) -> list[Row]:
        """Rows of an assumption table."""
        return read_rows(self.folder / f"{name}.csv")

    def shares(self, name: str) -> dict[str, float]:
        """A table of shares by its first column, scaled to add up to one."""
        rows = self.rows(name)
        first = next(iter(rows[0]))
        total = sum(float(r["share"]) for r in rows)
        return {r[first]: float(r["share"]) / total for r in rows}

    def recipe(self, cell: Cell) -> Recipe:
        """Annual recipe of a cell of 2024 by (role, good), t/yr."""
        rows = self.old.table("process")
        here = [
            i
            for i in range(len(rows["good"]))
            if (rows["economy"][i], rows["stage"][i], rows["line"][i]) == cell
        ]
        return {
            (str(rows["role"][i]), str(rows["good"][i])): float(rows["t_per_year"][i]) for i in here
        }

    def export_tax(self, good: str) -> float:
        """Chinese export tax of 2009 on a good, share of the FOB price."""
        for row in self.rows("export_tax"):
            if fnmatchcase(good, row["good"]):
                return float(row["rate"])
        return 0.0


def start(given: Given) -> Book:
    """An empty ledger with the technology of 2024: contents, compositions, recoveries (V02)."""
    book = Book.start()
    book.nameplates.clear()
    for name in ("base_magnet_price", "foreign_magnet_price"):
        book.parameters[name] = given.number[name]
    rows = given.old.table("content")
    for i in range(len(rows["good"])):
        if rows["good"][i] != "scrap_NdFeB":  # written from the grades
            key = (str(rows["good"][i]), str(rows["element"][i]))
            book.content[key] = float(rows["t_oxide_eq_per_t"][i])
    book.content["magnet_NdFeB_HRE", "Dy"] *= given.number["grade_Dy"]
    rows = given.old.table("composition")
    for i in range(len(rows["good"])):
        place = (str(rows["economy"][i]), str(rows["good"][i]), str(rows["element"][i]))
        book.composition[place] = float(rows["share"][i])
    rows = given.old.table("recovery")
    for i in range(len(rows["line"])):
        place = (str(rows["economy"][i]), str(rows["line"][i]), str(rows["element"][i]))
        book.recovery[place] = float(rows["share"][i])
    return book
