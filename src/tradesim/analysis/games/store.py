"""The folder of a matrix in the making: cells are put down as they are finished.

Unlike a run, which is whole or not there, a matrix may take long: its folder stands from the start,
without a manifest, and a second call with the same points goes on where the first one stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tradesim.analysis.games.cells import Cell, Plan
from tradesim.config import fingerprint
from tradesim.errors import OutputError
from tradesim.folder import MANIFEST
from tradesim.manifest import code_version
from tradesim.schema import TABLES
from tradesim.store import parquet_writer

#: What is being computed: one hash a cell, and the version of the code.
POINTS = "points.json"


class Store:
    """The folder ``place``: begun anew, or taken up when it holds the same points.

    Raises :class:`OutputError` (exit code 2, nothing written) when it holds anything else.
    """

    def __init__(self, place: Path, plan: Plan) -> None:
        self.place = place.expanduser().absolute()
        wanted = _points(plan)
        path = self.place / POINTS
        if path.is_file():
            _check(json.loads(path.read_text(encoding="utf-8")), wanted, self.place)
            (self.place / MANIFEST).unlink(missing_ok=True)
            return
        if self.place.exists() and (not self.place.is_dir() or any(self.place.iterdir())):
            raise OutputError(
                "the result folder is not empty" if self.place.is_dir() else "this is a file",
                where=str(self.place),
                allowed="an empty folder, one that does not exist yet, or one that the same "
                "'tradesim payoff' has begun",
                remedy="name another one with out=DIR, or remove it",
            )
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            write_json(path, wanted)
        except OSError as error:
            raise OutputError(
                f"the result folder cannot be written: {error.strerror}", where=str(self.place),
                allowed="a folder in a place you may write to",
                remedy="name another one with out=DIR",
            ) from error  # fmt: skip

    def table(self, name: str, point: int) -> Path:
        """The Parquet file of a table and a cell, laid out as in a sweep."""
        return self.place / "tables" / name / f"point={point}" / "part-0.parquet"

    def finished(self, cell: Cell) -> bool:
        """Whether the cell is there already; the table ``states`` is written last."""
        return self.table("states", cell.point).is_file()

    def put(self, cell: Cell, tables: Mapping[str, pa.Table]) -> None:
        """Write the tables of a finished cell; ``states`` last, whole or not at all."""
        for name in sorted(tables, key=lambda name: name == "states"):
            path = self.table(name, cell.point)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".part")
            with parquet_writer(TABLES[name].arrow, draft) as file:
                file.write_table(tables[name])
            draft.replace(path)

    def get(self, name: str, cell: Cell) -> pa.Table:
        """A table of a finished cell."""
        return pq.ParquetFile(self.table(name, cell.point)).read()

    def publish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, the last file of all."""
        write_json(self.place / MANIFEST, manifest)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` so that the file is whole or not there."""
    draft = path.with_name(f"{path.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _points(plan: Plan) -> dict[str, Any]:
    cells = [{"row": c.row, "column": c.column, "config_hash": fingerprint(c.job)}
             for c in plan.cells]  # fmt: skip
    return {
        "scenario": plan.base.scenario.name, "from": plan.on.isoformat(),
        "seeds": list(plan.base.seeds), "code_version": code_version(), "cells": cells,
    }  # fmt: skip


def _check(begun: Mapping[str, Any], wanted: Mapping[str, Any], place: Path) -> None:
    differ: Sequence[str] = [key for key in wanted if begun.get(key) != wanted[key]]
    if differ:
        raise OutputError(
            f"the folder was begun with other points: {', '.join(differ)} differ",
            where=str(place),
            allowed="the same words and the same version as when it was begun",
            remedy="say the same words to go on, or name another folder with out=DIR",
        )
