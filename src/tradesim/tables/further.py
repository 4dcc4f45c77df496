"""Goods beside rare earths, as rows alone: who makes them, who uses them, where they go.

Five tables in ``tables/further`` (or in a folder that ``TRADESIM_FURTHER`` names): ``goods``,
``makers``, ``users``, ``flows``, ``prices``. A further good is made from nothing that the model
knows, holds no rare earth and is used up in an end use. Rows that do not balance are refused.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tradesim.axes import FURTHER_FOLDERS
from tradesim.errors import DataError
from tradesim.tables import checks
from tradesim.tables.book import Row
from tradesim.tables.columns import BOUNDS, Spec
from tradesim.tables.loader import BaseYear, Table

#: Largest relative gap between flows and what is made or used.
BALANCE = 1e-9
_SOURCE = ("quality", "source")
SPECS: dict[str, Spec] = {
    "goods": Spec(
        "Further goods", ("good", "title", "hs_code", "unit", *_SOURCE), ("good",), "row by row"
    ),
    "makers": Spec(
        "Output and capacity of a further good by economy",
        ("good", "economy", "t_per_year", "capacity_t_per_year", "firms", *_SOURCE),
        ("good", "economy"), "row by row",
    ),
    "users": Spec(
        "Use of a further good by economy and end use",
        ("good", "economy", "end_use", "t_per_year", "cost_share", "growth_per_year", "firms",
         *_SOURCE),
        ("good", "economy", "end_use"), "row by row",
    ),
    "flows": Spec(
        "Flows of a further good",
        ("good", "origin", "destination", "end_use", "t_per_year", *_SOURCE),
        ("good", "origin", "destination", "end_use"), "row by row",
    ),
    "prices": Spec(
        "Base price of a further good by region; ROW for every economy not named",
        ("good", "region", "price_usd_per_kg", *_SOURCE), ("good", "region"), "row by row",
    ),
}  # fmt: skip
Rows = dict[str, list[Row]]


@lru_cache(maxsize=1)
def rows() -> Rows:
    """Rows of every table, all folders together, checked.

    Raises :class:`DataError` naming the file and row, or the good, economy and gap in t/yr.
    """
    found: Rows = {name: [] for name in SPECS}
    for folder in FURTHER_FOLDERS:
        for name, lines in read_folder(folder).items():
            found[name] += lines
    return found


def read_folder(folder: Path) -> Rows:
    """Rows of the five tables of a folder (t/yr, USD/kg), checked; raises as :func:`rows`."""
    read = {name: _read(folder, name) for name in SPECS}
    _check_goods(read, folder)
    for name, made, moved in (
        ("makers", ("good", "economy"), ("good", "origin")),
        ("users", ("good", "economy", "end_use"), ("good", "destination", "end_use")),
    ):
        _check_sums(name, _sums(read[name], made), _sums(read["flows"], moved), folder)
    return read


def _read(folder: Path, name: str) -> list[Row]:
    path, spec = folder / f"{name}.csv", SPECS[name]
    if not path.is_file():
        raise DataError(
            f"table '{name}.csv' is missing", where=str(folder),
            allowed="the tables " + ", ".join(SPECS), remedy="add the table",
        )  # fmt: skip
    header, *lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) or [[]]
    where = str(path.with_suffix(""))
    checks.check_header(where, spec, header)
    checks.check_width(where, header, lines)
    read = [dict(zip(header, line, strict=True)) for line in lines]
    checks.check_rows(where, spec, read)
    return read


def _check_goods(read: Rows, folder: Path) -> None:
    """Refuse a row of an unlisted good, and a good without price, maker or user."""
    goods = {row["good"] for row in read["goods"]}
    for name in ("makers", "users", "flows", "prices"):
        for number, row in enumerate(read[name]):
            if row["good"] not in goods:
                raise DataError(
                    f"'{row['good']}' is no further good of this folder",
                    where=f"{folder}/{checks.place(name, number, 'good')}",
                    allowed=", ".join(sorted(goods)), remedy="add it to goods.csv",
                )  # fmt: skip
        regions = read[name] if name != "prices" else [r for r in read[name] if _default(r)]
        for good in sorted(goods - {row["good"] for row in regions}):
            raise DataError(
                f"no row for '{good}'", where=f"{folder}/{name}.csv",
                allowed="a ROW price, at least one maker, user and flow for each good",
                remedy="add the row",
            )  # fmt: skip


def _default(row: Row) -> bool:
    return row["region"] == "ROW"


def _sums(lines: Iterable[Row], columns: Sequence[str]) -> dict[tuple[str, ...], float]:
    parts: dict[tuple[str, ...], list[float]] = {}
    for row in lines:
        key = tuple(row[column] for column in columns)
        parts.setdefault(key, []).append(float(row["t_per_year"]))
    return {key: math.fsum(tonnes) for key, tonnes in parts.items()}


def _check_sums(
    name: str, told: dict[tuple[str, ...], float], moved: dict[tuple[str, ...], float],
    folder: Path,
) -> None:  # fmt: skip
    for key in sorted(told.keys() | moved.keys()):
        have, flows = told.get(key, 0.0), moved.get(key, 0.0)
        if abs(have - flows) > BALANCE * max(have, flows) or min(have, flows) <= 0.0:
            raise DataError(
                f"{' '.join(key)}: {name} say {have:.9g} t/yr, flows add up to {flows:.9g}",
                where=f"{folder}/{name}.csv and flows.csv",
                allowed="what is made leaves, what is used arrives, within 1e-9 and above zero",
                remedy=f"change a flow by {have - flows:+.9g} t/yr or the row of {name}",
            )


def _chosen(name: str, goods: Sequence[str]) -> list[Row]:
    return [row for row in rows()[name] if row["good"] in goods]


def line_of(row: Row) -> str:
    """Line of the users in an end use, such as ``ev_traction:lithium_battery``."""
    return f"{row['end_use']}:{row['good']}"


def with_further(base: BaseYear, goods: Sequence[str]) -> BaseYear:
    """The base year with prices, growth and cost shares (as its columns) of some further goods."""
    if not goods:
        return base
    users = [{**row, "end_use": line_of(row)} for row in _chosen("users", goods)]
    first = {row["end_use"]: row for row in reversed(users)}
    extra = {"prices": _chosen("prices", goods), "growth": [*first.values()],
             "cost_shares": [*first.values()]}  # fmt: skip
    tables = dict(base.tables)
    for name, lines in extra.items():
        tables[name] = MappingProxyType(
            {
                column: np.concatenate((values, _column(column, lines)))
                for column, values in base.table(name).items()
                if column != "rule"
            }
        )
    return BaseYear(MappingProxyType(tables), base.provenance)


def further_cells(goods: Sequence[str]) -> BaseYear:
    """Makers, users and flows of some further goods as tables of the base year, t/yr."""
    makers, users = _chosen("makers", goods), _chosen("users", goods)
    cells, process = [], []
    for row in makers:
        cell = {"economy": row["economy"], "stage": "further", "line": row["good"]}
        tonnes = {"output_t": row["t_per_year"], "capacity_t": row["capacity_t_per_year"]}
        cells.append({**cell, **tonnes, "output_good": row["good"], "firms": row["firms"]})
        process.append({**cell, "role": "out", **row})
    for row in users:
        cell = {"economy": row["economy"], "stage": "manufacture", "line": line_of(row)}
        tonnes = {"output_t": "0", "capacity_t": row["t_per_year"]}
        cells.append({**cell, **tonnes, "output_good": "", "firms": row["firms"]})
        process.append({**cell, "role": "in", **row})
    flows = [
        {**row, "buyer_stage": "manufacture", "buyer_line": line_of(row)}
        for row in _chosen("flows", goods)
    ]
    columns = {
        "cells": ("economy", "stage", "line", "output_good", "output_t", "capacity_t", "firms"),
        "process": ("economy", "stage", "line", "role", "good", "t_per_year"),
        "flows": ("good", "origin", "destination", "buyer_stage", "buyer_line", "end_use",
                  "t_per_year"),
        "named_firms": ("company", "economy", "stage", "line", "share_of_cell"),
    }  # fmt: skip
    found = {"cells": cells, "process": process, "flows": flows, "named_firms": []}
    tables: dict[str, Table] = {
        name: MappingProxyType({column: _column(column, found[name]) for column in wanted})
        for name, wanted in columns.items()
    }
    return BaseYear(MappingProxyType(tables), MappingProxyType({}))


def _column(name: str, lines: Sequence[Row]) -> np.ndarray:
    """A column of rows: float64 for numbers in the unit of the column, else text."""
    values = [row[name] for row in lines]
    return np.array(values, np.float64) if name in BOUNDS else np.array(values, str)
