"""Results: the tables of a run or a sweep, from memory or from a folder, read when asked for."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Self, overload

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import yaml

from tradesim.errors import InputError, unknown
from tradesim.folder import MANIFEST
from tradesim.schema import SCHEMA_VERSION, TABLES
from tradesim.store import digests_of, result_hash
from tradesim.summary import KEYS, over_seeds

#: Loaded by name on first use, so that reading results does not load the plotting library.
_PLOT = ("tradesim.report", "plot")


class SchemaWarning(UserWarning):
    """The folder was written with another schema version: columns may differ."""


class _TableOf:
    """A table of the schema as an attribute of :class:`Results` that gives a DataFrame."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.__doc__ = f"{TABLES[name].title} (units: docs/glossary.md)."

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Results, owner: type) -> pd.DataFrame: ...
    def __get__(self, instance: Results | None, owner: type) -> Self | pd.DataFrame:
        return self if instance is None else instance.frame(self.name)


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """The tables of a run (or of a sweep, then with a column ``point``) and what is known of it.

    ``results.markets`` and the other tables of the schema are DataFrames: text as categories,
    measures in float32 in the unit that their name ends in. ``folder`` is None in memory.
    """

    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    difference: Mapping[str, Any]
    summary: pd.DataFrame
    folder: Path | None = None
    held: Mapping[str, pa.Table] = field(default_factory=dict)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    markets = _TableOf()
    uses = _TableOf()
    flows = _TableOf()
    licences = _TableOf()
    plants = _TableOf()
    states = _TableOf()
    events = _TableOf()
    headline = _TableOf()

    def __repr__(self) -> str:
        against = f" against {self.compare}" if self.compare else ""
        place = self.folder or "in memory"
        return f"<Results of {self.scenario}{against}, {len(self.seeds)} seeds, {place}>"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that were recorded, in the order of the schema."""
        if self.folder is None:
            return tuple(self.held)
        here = self.folder / "tables"
        return tuple(n for n in TABLES if (here / f"{n}.parquet").exists() or (here / n).is_dir())

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were run to the end."""
        return tuple(self.manifest["seeds"])

    @property
    def scenario(self) -> str:
        """Name of the scenario; of a sweep's scenarios, joined."""
        named = self.manifest["scenario"]
        return named if isinstance(named, str) else ", ".join(named)

    @property
    def compare(self) -> str | None:
        """Name of the world it is compared with, if there is one."""
        named = self.manifest["compare"]
        return named if named is None or isinstance(named, str) else ", ".join(map(str, named))

    def dataset(self, name: str) -> ds.Dataset:
        """A table as an Arrow dataset, read piece by piece; raises :class:`InputError`."""
        if name not in self.tables:
            if name in TABLES:
                raise InputError(
                    f"the table '{name}' was not recorded",
                    where=str(self.folder or "results in memory"),
                    allowed=", ".join(self.tables),
                    remedy="run again with record=monthly",
                )
            raise unknown("table", name, TABLES)
        if self.folder is None:
            return ds.dataset(self.held[name])
        single = self.folder / "tables" / f"{name}.parquet"
        if single.exists():
            return ds.dataset(single)
        points = ds.partitioning(pa.schema([("point", pa.int32())]), flavor="hive")
        return ds.dataset(self.folder / "tables" / name, partitioning=points)

    def arrow(self, name: str) -> pa.Table:
        """A whole table as an Arrow table, units in the metadata of its fields."""
        table = self.dataset(name).to_table()
        return table.unify_dictionaries().combine_chunks()

    def frame(self, name: str) -> pd.DataFrame:
        """A whole table as a DataFrame; kept, so that asking again costs nothing."""
        if name not in self._frames:
            self._frames[name] = self.arrow(name).to_pandas(date_as_object=False)
        return self._frames[name]

    def sql(self, query: str) -> pd.DataFrame:
        """Answer an SQL query (DuckDB) over the tables by name, and ``summary``.

        Raises :class:`InputError` with DuckDB's words when the query is not understood.
        """
        try:
            return self._database.cursor().execute(query).df()
        except duckdb.Error as error:
            raise InputError(
                f"the query fails: {error}",
                where=query,
                allowed=f"SQL over {', '.join((*self.tables, 'summary'))}",
                remedy="the columns are listed in docs/glossary.md",
            ) from error

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        """One connection for all queries: making the tables known takes longer than a query."""
        connection = duckdb.connect()
        for name in self.tables:
            self._expose(name, connection)
        connection.from_df(self.summary).create_view("summary")
        return connection

    def _expose(self, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a table known by its name; DuckDB reads the files itself where it can."""
        files = [] if self.folder is None else self.dataset(name).files
        if not files or any(set(file) & set("*?[") for file in files):
            connection.from_arrow(self.dataset(name)).create_view(name)
        else:
            hive = not files[0].endswith(f"{name}.parquet")
            connection.read_parquet(files, hive_partitioning=hive).create_view(name)

    def quantiles(
        self, table: str, measures: str | Sequence[str], by: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Mean, p10, p50, p90 and n over the seeds, in the unit of each measure.

        ``by``: the columns that make a group; default: all keys but the seed.
        """
        if table not in TABLES:
            raise unknown("table", table, TABLES)
        spec = TABLES[table]
        named = [measures] if isinstance(measures, str) else list(measures)
        for name in named:
            if name not in spec.measures:
                raise unknown("measure", name, spec.measures, where=f"table '{table}'")
        swept = ["point"] if "point" in self.dataset(table).schema.names else []
        groups = [*swept, *(k for k in spec.keys if k != "seed")] if by is None else list(by)
        rows = self.dataset(table).to_table(columns=[*dict.fromkeys([*groups, "seed", *named])])
        return over_seeds(rows.unify_dictionaries(), groups, named,
                          missing=0.0 if table == "flows" else np.nan)  # fmt: skip

    def plot(self, kind: str = "price", **selectors: Any) -> Any:
        """A Plotly figure, such as ``plot('price', good='oxide_Dy', economy='EU27')``.

        Kinds and selectors are those of :mod:`tradesim.report`; axes state their units.
        """
        module, name = _PLOT
        return getattr(import_module(module), name)(self, kind, **selectors)

    def recomputed_hash(self) -> str:
        """The result hash (hex) of the tables as they are now; compare it with the manifest's."""
        parts = [digests_of(name, self.arrow(name)) for name in self.tables]
        return result_hash({key: value for part in parts for key, value in part.items()})


def open(folder: str | Path, *, partial: bool = False) -> Results:  # noqa: A001
    """The results in ``folder``. ``partial`` also takes what an interrupted or failed job left.

    Warns with :class:`SchemaWarning` when the folder was written with another schema version.
    Raises :class:`InputError` when it is no result folder or is not complete.
    """
    here = Path(folder).expanduser().absolute()
    manifest = _manifest(here)
    if manifest.get("status") != "complete" and not partial:
        raise InputError(
            f"the run in this folder is not complete: its status is '{manifest.get('status')}'",
            where=str(here / MANIFEST),
            allowed=f"what is there covers {len(manifest.get('seeds', []))} seeds",
            remedy="run it again, or read what is there: tradesim.open(DIR, partial=True)",
        )
    if manifest.get("schema_version") != SCHEMA_VERSION:
        warnings.warn(
            f"{here} was written with schema version {manifest.get('schema_version')}, this is "
            f"version {SCHEMA_VERSION}: columns may differ",
            SchemaWarning,
            stacklevel=2,
        )
    summary = here / "summary.csv"
    return Results(
        manifest=manifest,
        config=_yaml(here / "config.yaml"),
        difference=_yaml(here / "difference.yaml"),
        summary=pd.read_csv(summary, keep_default_na=False, na_values=[""]) if summary.exists()
        else pd.DataFrame(columns=[*KEYS]),
        folder=here,
    )  # fmt: skip


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            "this is no result folder" if folder.is_dir() else "there is no such folder",
            where=str(folder),
            allowed=f"a folder with a {MANIFEST}",
            remedy="name the folder that a run printed as its last line, results: DIR",
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(
            "the manifest cannot be read", where=f"{path}, line {error.lineno}",
            remedy="the folder is damaged: run it again",
        ) from error  # fmt: skip
    return dict(found)


def _yaml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def compare(*results: Results) -> pd.DataFrame:
    """The summaries of several results below each other, against the first.

    Columns: ``result`` (scenario, or folder where two have one name), the keys of the summary,
    its statistics, and ``change``: the median less that of the first result, in the row's unit.
    """
    if len(results) < 2:
        raise InputError("one result cannot be compared", allowed="two or more results")
    labels = _labels(results)
    rows = pd.concat(
        [
            r.summary[r.summary["scenario"] == r.scenario].assign(result=label)
            for r, label in zip(results, labels, strict=True)
        ],
        ignore_index=True,
    )
    keys = [key for key in KEYS if key != "scenario"]
    first = rows[rows["result"] == labels[0]].set_index(keys)["p50"]
    rows["change"] = rows["p50"] - first.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    return rows[["result", *(c for c in rows.columns if c != "result")]]


def _labels(results: Sequence[Results]) -> list[str]:
    names = [r.scenario for r in results]
    if len(set(names)) == len(names):
        return names
    folders = [str(r.folder.name) if r.folder else r.scenario for r in results]
    if len(set(folders)) == len(folders):
        return folders
    return [f"{name} ({i})" for i, name in enumerate(names, start=1)]
