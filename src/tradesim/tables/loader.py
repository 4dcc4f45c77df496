"""Loads the base year 2024: sourced tables in, checked column arrays with provenance out.

A bad row is refused by file, row and column (:class:`tradesim.errors.DataError`); flows that do
not close against the recipes are refused by the identity that is open.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import DataError, unknown
from tradesim.tables import checks, recorded
from tradesim.tables.book import BASE, SOURCES, VINTAGES, Book, Flow, Row, read_rows
from tradesim.tables.closure import check
from tradesim.tables.columns import BOUNDS, DEFAULT_SOURCE_COLUMNS, SOURCE_COLUMNS, SPECS

Column = NDArray[Any]
Table = Mapping[str, Column]


@dataclass(frozen=True)
class Provenance:
    """Where a table comes from: source, number of rows, rows by quality, hash of the file."""

    title: str
    source: str
    rows: int
    quality: Mapping[str, int]
    sha256: str


@dataclass(frozen=True)
class BaseYear:
    """The base year: tables by name as read-only column arrays, and their provenance.

    Numbers are float64 in the unit of their column (t/yr, USD/kg, shares), text is ``str``.
    """

    tables: Mapping[str, Table]
    provenance: Mapping[str, Provenance]

    def table(self, name: str) -> Table:
        """Columns of one table; an unknown name raises :class:`InputError` with the nearest."""
        if name not in self.tables:
            raise unknown("table", name, self.tables, where="base year")
        return self.tables[name]


def load_base(folder: Path | None = None) -> BaseYear:
    """The base year of the package, or of another folder with the same tables.

    Raises
    ------
    DataError
        Naming file, row and column of the first bad cell, or the identity that does not close.
    """
    return _shipped() if folder is None else _load(folder)


def base_of(year: int) -> BaseYear:
    """The shipped tables of a base year, 2024 or one of ``VINTAGES``.

    Raises
    ------
    DataError
        As :func:`load_base`.
    """
    return _vintage(year) if year in VINTAGES else load_base()


@functools.lru_cache(maxsize=1)
def _shipped() -> BaseYear:
    return _load(BASE)


@functools.lru_cache(maxsize=len(VINTAGES))
def _vintage(year: int) -> BaseYear:
    return _load(VINTAGES[year])


def _load(folder: Path) -> BaseYear:
    rows: dict[str, list[Row]] = {}
    tables: dict[str, Table] = {}
    provenance: dict[str, Provenance] = {}
    for name, spec in SPECS.items():
        raw = _read(folder, name)
        header, *lines = list(csv.reader(io.StringIO(raw.decode("utf-8")))) or [[]]
        checks.check_header(name, spec, header)
        checks.check_width(name, header, lines)
        rows[name] = [dict(zip(header, line, strict=True)) for line in lines]
        checks.check_rows(name, spec, rows[name])
        columns = {column: _column(column, rows[name]) for column in header}
        tables[name] = MappingProxyType(columns)
        quality = Counter(row["quality"] for row in rows[name]) if "quality" in columns else {}
        provenance[name] = Provenance(
            spec.title, spec.source, len(rows[name]), MappingProxyType(dict(quality)),
            hashlib.sha256(raw).hexdigest(),
        )  # fmt: skip
    checks.check_complete(rows)
    checks.check_references(rows)
    checks.check_sums(rows)
    check(ledger(rows))
    return BaseYear(MappingProxyType(tables), MappingProxyType(provenance))


def _read(folder: Path, name: str) -> bytes:
    path = folder / f"{name}.csv"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"table '{name}.csv' is missing", where=str(folder),
            allowed="the tables " + ", ".join(SPECS),
            remedy="run python -m tradesim.tables.reconcile, or reinstall the package",
        ) from None  # fmt: skip


def _column(name: str, rows: list[Row]) -> Column:
    values = [row[name] for row in rows]
    array = np.array(values, dtype=np.float64) if name in BOUNDS else np.array(values, dtype=str)
    array.setflags(write=False)
    return array


def ledger(rows: Mapping[str, list[Row]]) -> Book:
    """The tables as the ledger that the closure laws are written for (t/yr)."""
    book = Book()
    for r in rows["process"]:
        key = (r["economy"], r["stage"], r["line"], r["role"], r["good"])
        book.process[key] = float(r["t_per_year"])
    for r in rows["flows"]:
        buyer = (r["destination"], r["buyer_stage"], r["buyer_line"])
        tonnes, about = float(r["t_per_year"]), (r["quality"], r["rule"], r["source"])
        book.flows.append(Flow(r["good"], r["origin"], buyer, r["end_use"], tonnes, *about))
    for r in rows["content"]:
        book.content[r["good"], r["element"]] = float(r["t_oxide_eq_per_t"])
        if r["good"].startswith("metal_"):
            book.parameters["metal_yield"] = float(r["input_yield"])
    for r in rows["composition"]:
        book.composition[r["economy"], r["good"], r["element"]] = float(r["share"])
    for r in rows["recovery"]:
        book.recovery[r["economy"], r["line"], r["element"]] = float(r["share"])
    return book


def list_data() -> list[dict[str, Any]]:
    """Every table, gap-filling rule and adjustment: kind, name, title, size, source, quality."""
    base = load_base()
    listed: list[dict[str, Any]] = []
    for name, about in base.provenance.items():
        quality = ", ".join(f"{count} {key}" for key, count in sorted(about.quality.items()))
        listed.append(_item("table", name, about.title, f"{about.rows} rows", about.source,
                            quality))  # fmt: skip
    listed += _raw_tables() + _record_tables()
    for row in read_rows(BASE / "rules.csv"):
        listed.append(_item("rule", row["rule"], f"{row['title']}: {row['how']}", "",
                            row["source"], row["quality"]))  # fmt: skip
    for row in read_rows(BASE / "adjustments.csv"):
        prior, after = float(row["prior"]), float(row["reconciled"])
        size = f"{float(row['change_pct']):+.3g}%" if prior else "new"
        title = f"{prior:.6g} -> {after:.6g} {row['unit']} ({row['rule']}, sigma {row['sigma']})"
        listed.append(_item("adjustment", row["item"], title, size, row["source"],
                            row["quality"]))  # fmt: skip
    return listed + _vintages()


def _vintages() -> list[dict[str, Any]]:
    """Tables and rules of other base years, rescaled from those of 2024."""
    listed = []
    for year, folder in VINTAGES.items():
        source = f"tables/base rescaled by tables/assumptions_{year}"
        for name, about in base_of(year).provenance.items():
            quality = ", ".join(f"{count} {key}" for key, count in sorted(about.quality.items()))
            listed.append(_item("vintage", f"{folder.name}/{name}", f"{about.title} ({year})",
                                f"{about.rows} rows", source, quality))  # fmt: skip
        listed += [
            _item("vintage", f"{folder.name}/{row['rule']}", f"{row['title']}: {row['how']}", "",
                  row["source"], row["quality"])
            for row in read_rows(folder / "rules.csv")
        ]  # fmt: skip
    return listed


def _item(kind: str, name: str, title: str, size: str, source: str, quality: str
          ) -> dict[str, Any]:  # fmt: skip
    return {"kind": kind, "name": name, "title": title, "size": size, "source": source,
            "quality": quality}  # fmt: skip


def _raw_tables() -> list[dict[str, Any]]:
    listed = []
    for path in sorted(SOURCES.glob("*.csv")):
        rows = check_source(path)
        names = {row.get("source_name", "") for row in rows} - {""}
        source = f"{len(names)} named sources" if names else "the tried world reconciliation"
        quality = Counter(row["quality"] for row in rows)
        text = ", ".join(f"{count} {key}" for key, count in sorted(quality.items()))
        listed.append(_item("source", f"sources/{path.stem}", f"Raw figures: {path.stem}",
                            f"{len(rows)} rows", source, text))  # fmt: skip
    return listed


def _record_tables() -> list[dict[str, Any]]:
    listed = []
    for name, title, rows in recorded.tables():
        names = {row.get("source_name", row.get("source", "")) for row in rows}
        quality = Counter(row["quality"] for row in rows)
        text = ", ".join(f"{count} {key}" for key, count in sorted(quality.items()))
        listed.append(_item("record", name, title, f"{len(rows)} rows",
                            f"{len(names)} named sources", text))  # fmt: skip
    return listed


def check_source(path: Path) -> list[Row]:
    """Rows of a raw table; one without unit, source or quality is refused by row and column."""
    rows = read_rows(path)
    for number, row in enumerate(rows):
        for column in SOURCE_COLUMNS.get(path.stem, DEFAULT_SOURCE_COLUMNS):
            if not (row.get(column) or "").strip():
                raise DataError(
                    "a figure without " + column.replace("_name", ""),
                    where=checks.place(path.stem, number, column),
                    allowed="a value in every row", remedy="fill the cell or remove the row",
                )  # fmt: skip
    return rows
