"""Law: the base year closes by good, by recipe and by element, and an open one is refused.

The sums are written out here again from the tables alone, apart from the package's own check.
"""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from tradesim.axes import ELEMENTS
from tradesim.errors import DataError
from tradesim.tables import loader
from tradesim.tables.book import BASE
from tradesim.tables.closure import chain

TOLERANCE = 1e-9


def rows(name: str) -> list[dict[str, str]]:
    """One shipped table as text."""
    with (BASE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_what_an_economy_makes_is_what_leaves_its_makers() -> None:
    net: dict[tuple[str, str], float] = defaultdict(float)
    for r in rows("process"):
        sign = {"in": 0.0, "out": 1.0, "disposal": -1.0}[r["role"]]
        net[r["economy"], r["good"]] += sign * float(r["t_per_year"])
    left = dict(net)
    for r in rows("flows"):
        left[r["origin"], r["good"]] -= float(r["t_per_year"])
    for key, gap in left.items():
        assert abs(gap) <= TOLERANCE * max(net[key], 1e-3), key


def test_every_input_of_every_recipe_arrives() -> None:
    need = {
        (r["economy"], r["stage"], r["line"], r["good"]): float(r["t_per_year"])
        for r in rows("process")
        if r["role"] == "in"
    }
    left = dict(need)
    for r in rows("flows"):
        key = (r["destination"], r["buyer_stage"], r["buyer_line"], r["good"])
        left[key] -= float(r["t_per_year"])
    for key, gap in left.items():
        assert abs(gap) <= TOLERANCE * need[key], key


def test_nothing_is_negative_and_disposal_stays_within_output() -> None:
    output: dict[tuple[str, ...], float] = defaultdict(float)
    for r in rows("process"):
        tonnes = float(r["t_per_year"])
        assert tonnes > 0.0
        key = (r["economy"], r["stage"], r["line"], r["good"])
        output[key] += {"in": 0.0, "out": tonnes, "disposal": -tonnes}[r["role"]]
    assert min(output.values()) >= -1e-9
    assert all(float(r["t_per_year"]) > 0.0 for r in rows("flows"))


Cell = tuple[str, str, str]


class Account:
    """Content tables of one element, and what cells take in and give out of it (t oxide/yr)."""

    def __init__(self, element: str) -> None:
        self.oxide = f"oxide_{element}"
        self.content = {r["good"]: float(r["t_oxide_eq_per_t"]) for r in rows("content")
                        if r["element"] == element}  # fmt: skip
        self.ore = {(r["economy"], r["good"]): float(r["share"]) for r in rows("composition")
                    if r["element"] == element}  # fmt: skip
        self.recovery = {(r["economy"], r["line"]): float(r["share"]) for r in rows("recovery")
                         if r["element"] == element}  # fmt: skip

    def holds(self, good: str, origin: str) -> float:
        """Oxide equivalent in a tonne of a good."""
        if good == self.oxide:
            return 1.0
        return self.ore.get((origin, good), self.content.get(good, 0.0))

    def kept(self, cell: Cell, good: str) -> float:
        """What is left of an input after the one stated loss of its stage."""
        if cell[1] in ("separation", "recycling"):
            return self.recovery.get((cell[0], cell[2]), 0.0)
        return 0.945 if good == self.oxide else 1.0

    def taken(self) -> dict[Cell, float]:
        total: dict[Cell, float] = defaultdict(float)
        for r in rows("flows"):
            cell = (r["destination"], r["buyer_stage"], r["buyer_line"])
            holds = self.holds(r["good"], r["origin"]) * self.kept(cell, r["good"])
            total[cell] += float(r["t_per_year"]) * holds
        return total

    def given(self) -> dict[Cell, float]:
        total: dict[Cell, float] = defaultdict(float)
        for r in rows("process"):
            cell = (r["economy"], r["stage"], r["line"])
            processing = cell[1] in ("separation", "metal", "magnet", "recycling")
            if r["role"] == "out" and processing and cell[2] != "collection":
                swarf = r["good"] == "scrap_NdFeB"  # swarf is made of its own grade
                holds = self.holds(cell[2] if swarf else r["good"], "")
                total[cell] += float(r["t_per_year"]) * holds
        return total


@pytest.mark.parametrize("element", ELEMENTS)
def test_each_cell_passes_on_what_it_takes_less_its_loss(element: str) -> None:
    account = Account(element)
    taken, given = account.taken(), account.given()
    assert len(given) > 50
    for cell, tonnes in given.items():
        assert tonnes == pytest.approx(taken[cell], rel=1e-9, abs=1e-9), cell


@pytest.mark.parametrize("element", ELEMENTS)
def test_what_is_mined_or_collected_is_lost_used_or_thrown_away(element: str) -> None:
    from_mines = sum(
        float(r["t_per_year"]) * share
        for r in rows("process")
        if r["stage"] == "mine" and r["role"] == "out"
        for share in [_mined_share(r, element)]
    )
    entered, lost, ended = loader_chain(element)
    assert entered >= from_mines * (1.0 - 1e-12)
    assert entered == pytest.approx(lost + ended, rel=1e-9, abs=1e-9)


def _mined_share(row: dict[str, str], element: str) -> float:
    if row["good"] == f"oxide_{element}":
        return 1.0
    for r in rows("composition"):
        if (r["economy"], r["good"], r["element"]) == (row["economy"], row["good"], element):
            return float(r["share"])
    return 0.0


def loader_chain(element: str) -> tuple[float, float, float]:
    """The package's own account of one element: (entered, lost, ended), t oxide a year."""
    tables = {name: rows(name) for name in ("process", "flows", "content", "composition",
                                            "recovery")}  # fmt: skip
    return chain(loader.ledger(tables), element)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables that a test may spoil."""
    for path in BASE.glob("*.csv"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def spoil(path: Path, number: int, column: str, factor: float) -> None:
    """Multiply one number of one data row."""
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        header, table = list(reader.fieldnames or ()), list(reader)
    table[number][column] = repr(float(table[number][column]) * factor)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def test_the_untouched_copy_passes(folder: Path) -> None:
    assert loader.load_base(folder).table("flows")["t_per_year"].sum() > 1e6


@pytest.mark.parametrize("number", [0, 100, 500, 900, 1200])
@pytest.mark.parametrize("factor", [1.0 + 1e-6, 0.5])
def test_a_flow_that_is_changed_opens_the_books(folder: Path, number: int, factor: float) -> None:
    spoil(folder / "flows.csv", number, "t_per_year", factor)
    with pytest.raises(DataError, match="does not close"):
        loader.load_base(folder)


@pytest.mark.parametrize("number", [0, 200, 400, 600, 800])
def test_a_recipe_that_is_changed_opens_the_books(folder: Path, number: int) -> None:
    spoil(folder / "process.csv", number, "t_per_year", 1.0 + 1e-6)
    with pytest.raises(DataError, match="does not close"):
        loader.load_base(folder)


@pytest.mark.parametrize(
    ("table", "column", "good"),
    [("recovery", "share", "CHN"), ("content", "t_oxide_eq_per_t", "magnet_NdFeB_HRE")],
)
def test_a_content_that_is_changed_opens_the_element_account(
    folder: Path, table: str, column: str, good: str
) -> None:
    number = next(i for i, r in enumerate(rows(table)) if good in r.values())
    spoil(folder / f"{table}.csv", number, column, 0.99)
    with pytest.raises(DataError, match="element identity"):
        loader.load_base(folder)
