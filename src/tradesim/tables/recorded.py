"""Observations that a back-test is held against: rows as published, refused where they are bad.

They stand apart from the base year: nothing here enters it. What the rows mean and how they are
converted is in ``tables/records/README.md`` and :mod:`tradesim.analysis.backtest.records`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tradesim.errors import DataError, nearest, unknown
from tradesim.tables.book import HERE, Row
from tradesim.tables.checks import check_header, check_width, place
from tradesim.tables.columns import Spec

RECORDS = HERE / "records"
#: Episodes with a table of observations.
CASES: tuple[str, ...] = ("2025", "2010")
ROLES: tuple[str, ...] = ("target", "prediction")
QUALITIES: tuple[str, ...] = (
    "found", "derived", "derived_lowconf", "found_conflict", "found_lowconf", "conflict",
)  # fmt: skip
#: Units as published; ``analysis.backtest.records`` turns them into those of the back-test files.
UNITS: tuple[str, ...] = (
    "t", "kg", "USD/kg", "CNY/kg incl. VAT", "CNY/t incl. VAT", "1", "1 of legal exports",
    "firms (at least)",
)  # fmt: skip
#: What a series may be called before its first colon.
FAMILIES: tuple[str, ...] = (
    "magnet_exports_t", "oxide_exports_kg", "ask_usd_per_kg", "transaction_usd_per_kg",
    "licence_granted_share", "plants_stopped", "fob_usd_per_kg", "domestic_usd_per_kg",
    "exports_t", "quota_use_share", "smuggled_share", "share_of_imports_from_CHN",
)  # fmt: skip
_PERIOD = re.compile(r"\d{4}(-Q[1-4]|-\d\d(-\d\d|\.\.\d\d)?)?")
_NUMBERS = (("value", True), ("low", False), ("high", False))
SPEC = Spec(
    "Observations of an episode",
    ("series", "period", "value", "low", "high", "unit", "role", "used", "source_name",
     "source_url_or_doc", "quality", "note"),
    ("series", "period", "source_url_or_doc"), "row by row", blank=("low", "high", "note"),
)  # fmt: skip
_CONVERSIONS = Spec(
    "Exchange rates and value-added tax of the records",
    ("name", "value", "low", "high", "unit", "first_year", "last_year", "quality", "source",
     "note"),
    ("name", "first_year"), "row by row",
)  # fmt: skip


def rows(case: str, folder: Path | None = None) -> list[Row]:
    """Every observation of an episode as published, one row each.

    Raises
    ------
    InputError
        for an unknown case.
    DataError
        naming file, row and column of the first bad cell: no unit, no source, no number.
    """
    if case not in CASES:
        raise unknown("back-test", case, CASES, where="records")
    return _checked((folder or RECORDS) / f"records_{case}.csv", SPEC)


@lru_cache(maxsize=1)
def conversions() -> tuple[Row, ...]:
    """Exchange rates (CNY per USD) and VAT (share of the price without it), by years."""
    return tuple(_checked(RECORDS / "conversions.csv", _CONVERSIONS))


def conversion(name: str, year: int) -> float:
    """A rate in force in ``year``; :class:`DataError` when the table has none."""
    for row in conversions():
        if row["name"] == name and int(row["first_year"]) <= year <= int(row["last_year"]):
            return float(row["value"])
    raise DataError(
        f"no '{name}' for {year}", where="conversions.csv", allowed="a row that covers the year",
        remedy="add the row with its source",
    )  # fmt: skip


def tables() -> list[tuple[str, str, list[Row]]]:
    """Name, title and rows of every table here, for ``tradesim list data``."""
    found = [(f"records/records_{case}", f"Records of the back-test {case}", rows(case))
             for case in CASES]  # fmt: skip
    return [*found, ("records/conversions", _CONVERSIONS.title, list(conversions()))]


def _checked(path: Path, spec: Spec) -> list[Row]:
    table = path.stem
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        raise DataError(
            f"table '{path.name}' is missing", where=path.parent.name,
            allowed="the tables shipped with tradesim", remedy="reinstall the package",
        ) from None  # fmt: skip
    header, *body = lines or [[]]
    check_header(table, spec, header)
    check_width(table, header, body)
    found = [dict(zip(header, line, strict=True)) for line in body]
    for number, row in enumerate(found):
        _check_filled(table, number, row, spec)
        _check_numbers(table, number, row)
        if spec is SPEC:
            _check_record(table, number, row)
    return found


def _check_filled(table: str, number: int, row: Row, spec: Spec) -> None:
    for column in spec.columns:
        if column not in spec.blank and not row[column].strip():
            raise DataError(
                "empty cell", where=place(table, number, column),
                allowed="a value in every row; unit and source are never left out",
                remedy="fill the cell or remove the row",
            )  # fmt: skip


def _check_numbers(table: str, number: int, row: Row) -> None:
    told: dict[str, float] = {}
    for column, needed in _NUMBERS:
        if row[column].strip() or needed:
            told[column] = _number(table, number, column, row[column])
    low, high = told.get("low", told["value"]), told.get("high", told["value"])
    if not low <= told["value"] <= high:
        raise DataError(
            f"value {row['value']} outside its own range", where=place(table, number, "value"),
            allowed=f"{low:g} to {high:g}", remedy="correct value, low or high",
        )  # fmt: skip


def _number(table: str, number: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise DataError(
            f"'{text}' is not a number in range", where=place(table, number, column),
            allowed="a finite number of at least 0", remedy="correct the cell",
        )  # fmt: skip
    return value


def _check_record(table: str, number: int, row: Row) -> None:
    family = row["series"].partition(":")[0]
    for column, text, known in (
        ("series", family, FAMILIES), ("unit", row["unit"], UNITS), ("role", row["role"], ROLES),
        ("used", row["used"], ("yes", "no")), ("quality", row["quality"], QUALITIES),
    ):  # fmt: skip
        _check_known(table, number, column, text, known)
    if not _PERIOD.fullmatch(row["period"]):
        raise DataError(
            f"'{row['period']}' is not a period", where=place(table, number, "period"),
            allowed="YYYY, YYYY-Qn, YYYY-MM, YYYY-MM..MM or YYYY-MM-DD", remedy="correct the cell",
        )  # fmt: skip
    if row["used"] == "no" and not row["note"].strip():
        raise DataError(
            "a row that is not used, without a reason", where=place(table, number, "note"),
            allowed="the reason in words", remedy="say which row is used instead, and why",
        )  # fmt: skip


def _check_known(table: str, number: int, column: str, text: str, known: Sequence[str]) -> None:
    if text not in known:
        raise DataError(
            f"unknown {column} '{text}'", where=place(table, number, column),
            allowed=", ".join(known), remedy=nearest(text, known) or "use one of the known words",
        )  # fmt: skip
