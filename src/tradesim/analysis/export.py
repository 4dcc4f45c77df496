"""Tables of a result as files for other programs: ``DIR/exports``."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from tradesim.errors import InputError, OutputError, unknown
from tradesim.results import Results
from tradesim.schema import SUMMARY, TABLES, Column

#: Formats of the contract and whether they can be written yet.
FORMATS = {"csv": True, "iamc": False, "stata": False, "latex": False}


def export(results: Results, formats: Sequence[str] = ("csv",)) -> Path:
    """Write every table, the summary and the units of all columns; returns ``DIR/exports``.

    Raises :class:`InputError` for an unknown format, for one that is not built yet and for results
    that stand in memory only; :class:`OutputError` when the folder cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS, where="export")
        if not FORMATS[name]:
            raise InputError(
                f"format={name} comes with the sweeps work",
                allowed=", ".join(known for known, built in FORMATS.items() if built),
                remedy="export format=csv for now",
            )
    if results.folder is None:
        raise InputError(
            "these results stand in memory only",
            allowed="results of a folder",
            remedy="run with out=DIR, or write a table with its DataFrame's to_csv",
        )
    target = results.folder / "exports"
    try:
        target.mkdir(exist_ok=True)
        _write_csv(results, target)
    except OSError as error:
        raise OutputError(
            f"the exports cannot be written: {error.strerror}",
            where=str(target),
            remedy="make the folder writable, or copy the results elsewhere first",
        ) from error
    return target


def _write_csv(results: Results, target: Path) -> None:
    for name in results.tables:
        data = results.dataset(name)
        schema = pa.schema(pa.field(f.name, _plain(f.type)) for f in data.schema)
        draft = target / f".{name}.csv.part"
        with pacsv.CSVWriter(draft, schema) as writer:
            for batch in data.to_batches():
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
        draft.replace(target / f"{name}.csv")
    summary = results.folder and results.folder / "summary.csv"
    if summary and summary.exists():
        shutil.copyfile(summary, target / "summary.csv")
    _write_columns(results, target / "columns.csv")


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write_columns(results: Results, path: Path) -> None:
    """The companion of the tables: unit, meaning and source of each column."""
    tables: dict[str, tuple[Column, ...]] = {n: TABLES[n].columns for n in results.tables}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["table", "column", "kind", "unit", "description", "source"])
        for table, columns in (tables | {"summary": SUMMARY}).items():
            writer.writerows(
                [table, c.name, c.kind, c.unit, c.description, c.source] for c in columns
            )
