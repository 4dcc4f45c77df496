"""Refusals of the loader: every one names the file, the row and the column (header is row 1)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

from tradesim.errors import DataError, nearest
from tradesim.tables.book import Row
from tradesim.tables.columns import BOUNDS, CODES, COMPLETE, FREE_TEXT, OPTIONAL, ROLES, Spec

Tables = Mapping[str, Sequence[Row]]


def place(table: str, number: int, column: str) -> str:
    """Where a cell stands, as the errors say it; ``number`` counts data rows from 0."""
    return f"{table}.csv row {number + 2} column '{column}'"


def check_header(table: str, spec: Spec, header: Sequence[str]) -> None:
    """Refuse a table without one of its columns."""
    for column in spec.columns:
        if column not in header:
            raise DataError(
                f"column '{column}' is missing", where=f"{table}.csv row 1",
                allowed=", ".join(spec.columns),
                remedy=nearest(column, header) or "add the column",
            )  # fmt: skip


def check_width(table: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Refuse a row with more or fewer cells than the header."""
    for number, line in enumerate(lines):
        if len(line) != len(header):
            raise DataError(
                f"row with {len(line)} cells under {len(header)} columns",
                where=f"{table}.csv row {number + 2}", allowed=f"{len(header)} cells",
                remedy="quote text that holds commas, or fill the missing cells",
            )  # fmt: skip


def check_rows(table: str, spec: Spec, rows: Sequence[Row]) -> None:
    """Refuse empty cells, unknown codes, bad numbers and dates, and repeated keys."""
    for column in spec.columns:
        if not _column_is_good(table, column, [row[column] for row in rows]):
            for number, row in enumerate(rows):  # slowly, to name the cell
                _check_cell(table, spec, number, column, row[column])
    seen: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows):
        key = tuple([row[column] for column in spec.key])
        if key in seen:
            raise DataError(
                f"key {' '.join(key)} stands twice (first in row {seen[key] + 2})",
                where=place(table, number, spec.key[0]), allowed="one row for each key",
                remedy="merge the two rows",
            )  # fmt: skip
        seen[key] = number


def _column_is_good(table: str, column: str, values: Sequence[str | None]) -> bool:
    """A quick look at a whole column; False means: look at each cell."""
    distinct = set(values)
    if None in distinct or "" in distinct or column == "start_date":
        return False
    if column in BOUNDS:
        return _numbers_are_good(column, distinct)
    if column in CODES and column not in FREE_TEXT.get(table, ()):
        return distinct <= set(CODES[column])
    if column == "role" and table == "process":
        return distinct <= set(ROLES)
    return all(text and text.strip() for text in distinct)


def _numbers_are_good(column: str, distinct: set[str | None]) -> bool:
    low, high = BOUNDS[column]
    try:
        numbers = [float(text or "nan") for text in distinct]
    except ValueError:
        return False
    return all(low <= number <= high for number in numbers)


def _check_cell(table: str, spec: Spec, number: int, column: str, text: str | None) -> None:
    free = column in FREE_TEXT.get(table, ())
    if text is None or not text.strip():
        if column in OPTIONAL or column in spec.blank:
            return
        raise DataError(
            "empty cell", where=place(table, number, column),
            allowed="a value in every row; unit, source and quality are never left out",
            remedy="fill the cell or remove the row",
        )  # fmt: skip
    if column in BOUNDS:
        _check_number(table, number, column, text)
    elif column in CODES and not free:
        _check_code(table, number, column, text, CODES[column])
    elif column == "role" and table == "process":
        _check_code(table, number, column, text, ROLES)
    elif column == "start_date":
        _check_date(table, number, column, text)


def _check_code(table: str, number: int, column: str, text: str, known: Sequence[str]) -> None:
    if text not in known:
        raise DataError(
            f"unknown {column} '{text}'", where=place(table, number, column),
            allowed=", ".join(known), remedy=nearest(text, known) or "use one of the known codes",
        )  # fmt: skip


def _check_number(table: str, number: int, column: str, text: str) -> None:
    low, high = BOUNDS[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and low <= value <= high):
        raise DataError(
            f"'{text}' is not a number in range", where=place(table, number, column),
            allowed=f"a finite number from {low:g} to {high:g}", remedy="correct the cell",
        )  # fmt: skip


def _check_date(table: str, number: int, column: str, text: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"'{text}' is not a date", where=place(table, number, column),
            allowed="YYYY-MM-DD", remedy="write the date in ISO form",
        ) from None  # fmt: skip


def check_complete(tables: Tables) -> None:
    """Refuse a list of goods, end uses or economies that leaves one out."""
    for table, (column, needed) in COMPLETE.items():
        have = {row[column] for row in tables[table]}
        for name in needed:
            if name not in have:
                raise DataError(
                    f"no row for '{name}'", where=f"{table}.csv column '{column}'",
                    allowed="one row for each of: " + ", ".join(needed), remedy="add the row",
                )  # fmt: skip
    have_prices = {row["good"] for row in tables["prices"] if row["region"] == "ROW"}
    for row in tables["goods"]:
        if row["good"] not in have_prices:
            raise DataError(
                f"no default price for '{row['good']}'", where="prices.csv column 'region'",
                allowed="a ROW row for each good", remedy="add the row",
            )  # fmt: skip


def check_sums(tables: Tables) -> None:
    """Refuse compositions that do not add up to 1 and named shares that exceed their cell."""
    totals: dict[tuple[str, str], list[float]] = {}
    last: dict[tuple[str, str], int] = {}
    for number, row in enumerate(tables["composition"]):
        key = (row["economy"], row["good"])
        totals.setdefault(key, []).append(float(row["share"]))
        last[key] = number
    for key, shares in totals.items():
        if abs(math.fsum(shares) - 1.0) > 1e-9:
            raise DataError(
                f"shares of {key[0]} {key[1]} add up to {math.fsum(shares):.9g}",
                where=place("composition", last[key], "share"), allowed="1 within 1e-9",
                remedy="correct the shares of this concentrate",
            )  # fmt: skip
    named: dict[tuple[str, str, str], float] = {}
    for number, row in enumerate(tables["named_firms"]):
        cell = (row["economy"], row["stage"], row["line"])
        named[cell] = named.get(cell, 0.0) + float(row["share_of_cell"])
        if named[cell] > 1.0 + 1e-9:
            raise DataError(
                f"named firms of {' '.join(cell)} hold {named[cell]:.4g} of it",
                where=place("named_firms", number, "share_of_cell"), allowed="at most 1 in all",
                remedy="lower a share",
            )  # fmt: skip


def check_references(tables: Tables) -> None:
    """Refuse rows that point at a cell or a rule that does not exist."""
    cells = {(r["economy"], r["stage"], r["line"]) for r in tables["cells"]}
    for table, columns in (
        ("process", ("economy", "stage", "line")),
        ("named_firms", ("economy", "stage", "line")),
        ("flows", ("destination", "buyer_stage", "buyer_line")),
    ):
        for number, row in enumerate(tables[table]):
            cell = tuple(row[c] for c in columns)
            if cell not in cells:
                raise DataError(
                    f"no cell {' '.join(cell)}", where=place(table, number, columns[2]),
                    allowed="a cell of cells.csv", remedy="add the cell or correct the row",
                )  # fmt: skip
    rules = {row["rule"] for row in tables["rules"]}
    for table in ("cells", "flows", "adjustments", "prices", "growth"):
        for number, row in enumerate(tables[table]):
            if row["rule"] not in rules:
                raise DataError(
                    f"no rule '{row['rule']}'", where=place(table, number, "rule"),
                    allowed="a rule of rules.csv",
                    remedy=nearest(row["rule"], rules) or "describe the rule in rules.csv",
                )  # fmt: skip
