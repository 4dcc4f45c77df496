"""The loader: what it gives, and every kind of bad row that it refuses by file, row and column."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tradesim.axes import ECONOMIES, GOODS
from tradesim.errors import DataError, InputError
from tradesim.tables import loader
from tradesim.tables.book import BASE, SOURCES
from tradesim.tables.columns import BOUNDS, SPECS

Rows = list[dict[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables that a test may spoil."""
    for path in BASE.glob("*.csv"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def rewrite(path: Path, change: Callable[[Rows], object]) -> None:
    """Read a table, let ``change`` spoil its rows, write it back."""
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        header, rows = list(reader.fieldnames or ()), list(reader)
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def set_cell(number: int, column: str, text: str) -> Callable[[Rows], None]:
    """Put ``text`` into data row ``number`` (from 0)."""

    def change(rows: Rows) -> None:
        rows[number][column] = text

    return change


def refusal(folder: Path) -> DataError:
    """The error with which the loader refuses ``folder``."""
    with pytest.raises(DataError) as caught:
        loader.load_base(folder)
    assert caught.value.remedy
    assert caught.value.allowed
    return caught.value


def test_shipped_tables_load_as_typed_read_only_columns() -> None:
    base = loader.load_base()
    assert set(base.tables) == set(SPECS)
    flows = base.table("flows")
    assert flows["t_per_year"].dtype == np.float64
    assert flows["good"].dtype.kind == "U"
    assert set(flows["good"]) <= set(GOODS)
    assert len(set(map(len, flows.values()))) == 1
    with pytest.raises(ValueError, match="read-only"):
        flows["t_per_year"][0] = 1.0
    assert loader.load_base() is base


def test_a_copy_of_the_shipped_tables_loads_alike(folder: Path) -> None:
    ours, theirs = loader.load_base(), loader.load_base(folder)
    for name in SPECS:
        assert ours.provenance[name].sha256 == theirs.provenance[name].sha256
        for column, values in ours.table(name).items():
            assert np.array_equal(values, theirs.table(name)[column]), (name, column)


def test_an_unknown_table_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="flows"):
        loader.load_base().table("flow")


def test_provenance_counts_rows_by_quality() -> None:
    about = loader.load_base().provenance["prices"]
    assert about.rows == sum(about.quality.values())
    assert about.quality["official"] >= 14


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("cells", "economy", "CHNN"),
        ("cells", "stage", "mines"),
        ("cells", "quality", "official?"),
        ("cells", "source", ""),
        ("cells", "output_t", "-1.0"),
        ("cells", "capacity_t", "nan"),
        ("process", "role", "input"),
        ("process", "good", "oxide_Xx"),
        ("process", "t_per_year", "inf"),
        ("flows", "origin", ""),
        ("flows", "end_use", "toys"),
        ("flows", "quality", " "),
        ("composition", "share", "1.5"),
        ("composition", "element", "Pm"),
        ("recovery", "share", "-0.1"),
        ("content", "t_oxide_eq_per_t", "three"),
        ("prices", "price_usd_per_kg", "0"),
        ("prices", "region", "EU"),
        ("growth", "end_use", "robots"),
        ("growth", "growth_per_year", "17.1"),
        ("goods", "unit", ""),
        ("goods", "dual_use", "2"),
        ("pipeline", "start_date", "2026-13-01"),
        ("pipeline", "capacity_t_per_year", "many"),
        ("adjustments", "unit", ""),
        ("rules", "why", ""),
    ],
)
def test_a_bad_cell_is_refused_by_file_row_and_column(
    folder: Path, table: str, column: str, text: str
) -> None:
    rewrite(folder / f"{table}.csv", set_cell(4, column, text))
    error = refusal(folder)
    assert error.where == f"{table}.csv row 6 column '{column}'"


def test_a_misspelt_code_gets_the_nearest_known_one(folder: Path) -> None:
    rewrite(folder / "flows.csv", set_cell(0, "good", "concentrate_bastnasite"))
    assert "concentrate_bastnaesite" in refusal(folder).remedy


def test_a_missing_table_is_refused(folder: Path) -> None:
    (folder / "growth.csv").unlink()
    assert "growth.csv" in refusal(folder).what


def test_a_missing_column_is_refused(folder: Path) -> None:
    path = folder / "flows.csv"
    path.write_text(path.read_text().replace("t_per_year", "tonnes", 1))
    error = refusal(folder)
    assert "t_per_year" in error.what
    assert error.where == "flows.csv row 1"


def test_a_row_with_too_few_cells_is_refused(folder: Path) -> None:
    path = folder / "economies.csv"
    path.write_text(path.read_text().replace("JPN,Japan,ally", "JPN,Japan"))
    assert refusal(folder).where == f"economies.csv row {ECONOMIES.index('JPN') + 2}"


def test_a_repeated_key_is_refused(folder: Path) -> None:
    rewrite(folder / "recovery.csv", lambda rows: rows.append(dict(rows[0])))
    error = refusal(folder)
    assert "twice" in error.what
    assert error.where.startswith("recovery.csv row ")


def test_shares_that_do_not_add_up_are_refused(folder: Path) -> None:
    def change(rows: Rows) -> None:
        rows[0]["share"] = repr(float(rows[0]["share"]) + 1e-6)

    rewrite(folder / "composition.csv", change)
    error = refusal(folder)
    assert "add up to" in error.what
    assert error.where.startswith("composition.csv row ")


def test_named_firms_cannot_hold_more_than_their_cell(folder: Path) -> None:
    def change(rows: Rows) -> None:
        twin = next(r for r in rows if r["company"] == "Lynas")
        rows.append({**twin, "company": "Somebody else", "share_of_cell": "0.1"})

    rewrite(folder / "named_firms.csv", change)
    assert refusal(folder).where.endswith("column 'share_of_cell'")


def test_a_row_without_its_cell_is_refused(folder: Path) -> None:
    rewrite(folder / "cells.csv", lambda rows: rows.pop(3))
    assert "no cell" in refusal(folder).what


def test_a_row_without_its_rule_is_refused(folder: Path) -> None:
    rewrite(folder / "flows.csv", set_cell(7, "rule", "R99_guess"))
    assert refusal(folder).where == "flows.csv row 9 column 'rule'"


@pytest.mark.parametrize("table", ["goods", "economies", "end_uses", "growth"])
def test_an_incomplete_list_is_refused(folder: Path, table: str) -> None:
    rewrite(folder / f"{table}.csv", lambda rows: rows.pop())
    assert refusal(folder).where.startswith(f"{table}.csv")


def test_a_good_without_a_default_price_is_refused(folder: Path) -> None:
    def change(rows: Rows) -> None:
        rows[:] = [r for r in rows if (r["good"], r["region"]) != ("metal_Dy", "ROW")]

    rewrite(folder / "prices.csv", change)
    assert "metal_Dy" in refusal(folder).what


def test_list_data_names_every_table_rule_and_adjustment() -> None:
    listed = loader.list_data()
    kinds = {kind: [r for r in listed if r["kind"] == kind] for kind in
             ("table", "source", "rule", "adjustment")}  # fmt: skip
    base = loader.load_base()
    assert {r["name"] for r in kinds["table"]} == set(SPECS)
    assert {r["name"] for r in kinds["rule"]} == set(base.table("rules")["rule"])
    assert [r["name"] for r in kinds["adjustment"]] == list(base.table("adjustments")["item"])
    assert len(kinds["source"]) == len(list(SOURCES.glob("*.csv")))
    assert all(r["title"] and r["source"] for r in listed)


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.csv")), ids=lambda path: path.stem)
def test_every_raw_figure_has_unit_source_and_quality(path: Path) -> None:
    assert loader.check_source(path)


@pytest.mark.parametrize("column", ["unit", "source_name", "quality"])
def test_a_raw_figure_without_unit_or_source_is_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "prices.csv"
    shutil.copy(SOURCES / "prices.csv", path)
    rewrite(path, set_cell(11, column, ""))
    with pytest.raises(DataError) as caught:
        loader.check_source(path)
    assert caught.value.where == f"prices.csv row 13 column '{column}'"


def test_every_number_column_has_bounds_that_mean_something() -> None:
    assert all(low < high for low, high in BOUNDS.values())
