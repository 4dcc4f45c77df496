"""From the tables of one model run to hashed rows on disk.

The model hands over float64 tables without scenario and seed. Here they get labels in the order
of the axes, sorted rows, the columns of the schema in float32, a digest each, and a place in a
Parquet file. Nothing depends on how many processes there are or on the layout of row groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tradesim.errors import ModelError
from tradesim.record.sums import UTILITY
from tradesim.schema import TABLES, Column, Table

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Rows collected before a row group is written: large enough to compress, small in memory.
ROW_GROUP_ROWS = 250_000
#: Sums that may be unknown: what states gain while they are passive, metrics that did not happen.
_MAY_LACK = ("utility_usd", *UTILITY, "lookahead_steps", "value")


@dataclass(frozen=True)
class Rows:
    """One table of one run, sorted by its keys, in float64.

    ``codes`` holds integers for every text, date and integer column (n,), ``labels`` what they
    stand for, ``values`` the numbers (n,) in the unit of their column, ``identity`` one integer a
    row, ascending, equal in two runs for the same date and labels (where the labels are an axis).
    """

    table: Table
    codes: Mapping[str, Codes]
    labels: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Floats]
    identity: Codes

    def __len__(self) -> int:
        return len(self.identity)


def _text_codes(column: Column, array: pa.Array, where: str) -> tuple[Codes, tuple[str, ...]]:
    """Positions on the column's axis, or on the sorted labels when it takes any text."""
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    found = [str(label) for label in array.dictionary.to_pylist()]
    labels = column.axis or tuple(sorted(set(found)))
    position = {label: i for i, label in enumerate(labels)}
    unknown = sorted(set(found) - set(labels))
    if unknown or array.null_count:
        raise ModelError(
            f"label '{unknown[0]}' is not on the axis" if unknown else "a label is missing",
            where=where,
            allowed=", ".join(labels[:25]),
            remedy="use the names of tradesim.axes",
        )
    lookup = np.array([position[label] for label in found], dtype=np.int64)
    return lookup[array.indices.to_numpy(zero_copy_only=False)], labels


def _check_columns(table: Table, given: pa.Table, expected: set[str]) -> None:
    names = set(given.schema.names)
    wrong = sorted(expected - names) or sorted(names - expected - set(table.internal))
    if wrong:
        fault = "is missing" if wrong[0] in expected else "is not in the schema"
        raise ModelError(
            f"column '{wrong[0]}' {fault}",
            where=f"table '{table.name}'",
            allowed=", ".join(sorted(expected)),
            remedy="declare the column in schema.py, or do not record it",
        )


def _order(table: Table, codes: Mapping[str, Codes], labels: Mapping[str, tuple[str, ...]],
           size: int) -> tuple[Codes, Codes]:  # fmt: skip
    """The row identity (n,) and the order that sorts it."""
    identity = np.zeros(size, dtype=np.int64)
    for name in table.keys:
        if name in codes:
            identity = identity * (len(labels[name]) if name in labels else 1) + codes[name]
    if table.unique:
        return identity, np.argsort(identity, kind="stable")
    texts = [codes[column.name] for column in table.columns if column.name in codes]
    return identity, np.lexsort(texts[::-1])


def canonical(name: str, given: pa.Table, *, attached: Iterable[str] = ()) -> Rows:
    """Check and sort a table as the model returns it (float64; units as in the schema).

    ``attached`` names columns that are added later. A missing, unknown or doubled column, label
    or row and a number that is not finite raise :class:`ModelError`.
    """
    table = TABLES[name]
    expected = {column.name for column in table.columns} - {"scenario", "seed", *attached}
    _check_columns(table, given, expected)
    codes: dict[str, Codes] = {}
    labels: dict[str, tuple[str, ...]] = {}
    values: dict[str, Floats] = {}
    given = given.unify_dictionaries()
    for column in table.columns:
        if column.name not in expected:
            continue
        array = given[column.name].combine_chunks()
        if column.type == "text":
            where = f"table '{name}', column '{column.name}'"
            codes[column.name], labels[column.name] = _text_codes(column, array, where)
        elif column.type == "date":
            codes[column.name] = _numpy(array.cast(pa.int32())).astype(np.int64)
        elif column.type == "integer":
            codes[column.name] = _numpy(array).astype(np.int64)
        else:
            values[column.name] = _numpy(array)
    values |= {extra: _numpy(given[extra].combine_chunks()) for extra in table.internal
               if extra in given.schema.names}  # fmt: skip
    rows = _sorted(table, codes, labels, values, given.num_rows)
    _check_finite(rows)
    return rows


def _check_finite(rows: Rows) -> None:
    """A sum or a stock is always a number; a mean may have nothing to average, never infinity."""
    for name, values in rows.values.items():
        column = rows.table[name] if name in rows.table.measures else None
        may_lack = column is not None and (column.monthly == "mean" or name in _MAY_LACK)
        wrong = np.isinf(values) if may_lack else ~np.isfinite(values)
        if wrong.any():
            row = int(wrong.argmax())
            keys = [rows.labels[k][rows.codes[k][row]] for k in rows.table.keys if k in rows.labels]
            raise ModelError(
                f"{int(wrong.sum())} values are not finite, the first for {', '.join(keys)}",
                where=f"table '{rows.table.name}', column '{name}'",
                remedy="a parameter may lie outside what the market can bear; try its default",
            )


def _numpy(array: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _sorted(table: Table, codes: dict[str, Codes], labels: dict[str, tuple[str, ...]],
            values: dict[str, Floats], size: int) -> Rows:  # fmt: skip
    identity, order = _order(table, codes, labels, size)
    if not np.array_equal(order, np.arange(size)):
        identity = identity[order]
        codes = {name: code[order] for name, code in codes.items()}
        values = {name: value[order] for name, value in values.items()}
    doubled = np.flatnonzero(identity[1:] == identity[:-1]) if table.unique else np.zeros(0)
    if len(doubled):
        row = int(doubled[0])
        keys = [labels[k][codes[k][row]] for k in table.keys if k in labels]
        raise ModelError(
            f"two rows share the keys {', '.join(keys)}",
            where=f"table '{table.name}'",
            remedy="record each key once in a period",
        )
    return Rows(table, codes, labels, values, identity)


def finished(rows: Rows, scenario: str, seed: int, **attached: Floats) -> pa.Table:
    """The rows as a table of the schema: keys first, measures in float32, in declared order.

    ``attached`` are measures (n,) computed since, in the unit of their column.
    """
    values = {**rows.values, **attached}
    size = len(rows)
    arrays: list[pa.Array] = []
    for column in rows.table.columns:
        name = column.name
        if name == "scenario":
            arrays.append(_labelled(np.zeros(size, dtype=np.int64), (scenario,)))
        elif name == "seed":
            arrays.append(pa.array(np.full(size, seed, dtype=np.int64)))
        elif column.type == "text":
            arrays.append(_labelled(rows.codes[name], rows.labels[name]))
        elif column.type in ("date", "integer"):
            whole = pa.array(rows.codes[name].astype(np.int32))
            arrays.append(whole.cast(column.arrow_type))
        else:
            # Adding zero turns -0.0 into 0.0, so that equal results have equal bytes.
            arrays.append(pa.array(values[name].astype(np.float32) + np.float32(0)))
    return pa.Table.from_arrays(arrays, schema=rows.table.arrow)


def _labelled(codes: Codes, labels: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int16)), pa.array(labels, pa.string())
    )


def digest(part: pa.Table) -> str:
    """SHA-256 (hex) of the sorted rows of one run, column by column, names and types included.

    Labels count by what they say, not by their dictionary code.
    """
    sha = hashlib.sha256()
    for field in part.schema:
        kind = "text" if pa.types.is_dictionary(field.type) else field.type
        sha.update(f"{field.name}:{kind}:{part.num_rows};".encode())
        array = part[field.name].combine_chunks()
        if pa.types.is_dictionary(field.type):
            said = [hashlib.blake2b(str(label).encode(), digest_size=8).digest()
                    for label in array.dictionary.to_pylist()]  # fmt: skip
            table = np.frombuffer(b"".join(said), dtype="<u8")
            sha.update(table[array.indices.to_numpy(zero_copy_only=False)].tobytes())
        elif pa.types.is_date32(field.type):
            sha.update(_numpy(array.cast(pa.int32())).astype("<i4").tobytes())
        else:
            numbers = _numpy(array)
            sha.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()


#: Digest of every part of a result: (table, scenario, seed) -> hex.
Digests = dict[tuple[str, str, int], str]


def result_hash(digests: Mapping[tuple[str, str, int], str]) -> str:
    """SHA-256 (hex) over all parts: tables in the order of the schema, scenarios, seeds."""
    rank = {name: i for i, name in enumerate(TABLES)}
    sha = hashlib.sha256()
    for name, scenario, seed in sorted(digests, key=lambda part: (rank[part[0]], *part[1:])):
        sha.update(f"{name}/{scenario}/{seed}:{digests[name, scenario, seed]};".encode())
    return sha.hexdigest()


def digests_of(name: str, table: pa.Table) -> Digests:
    """Digests of a whole table that may hold many scenarios and seeds, each in one piece."""
    table = table.unify_dictionaries().combine_chunks()
    scenario = table["scenario"].combine_chunks()
    code = scenario.indices.to_numpy(zero_copy_only=False)
    seed = _numpy(table["seed"].combine_chunks())
    if not table.num_rows:
        return {}
    edges = np.flatnonzero((code[1:] != code[:-1]) | (seed[1:] != seed[:-1])) + 1
    starts = [0, *edges.tolist(), table.num_rows]
    found: Digests = {}
    for start, stop in pairwise(starts):
        key = (name, str(scenario[start].as_py()), int(seed[start]))
        found[key] = digest(table.slice(start, stop - start).combine_chunks())
    return found


class Collector:
    """Takes the parts of a result one after another and keeps the tables in memory."""

    def __init__(self, names: Iterable[str]) -> None:
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in names}

    def add(self, name: str, part: pa.Table) -> None:
        """Append the rows of one run to a table."""
        self._parts[name].append(part)

    def close(self) -> dict[str, pa.Table]:
        """The tables; text columns share one dictionary each."""
        return {name: joined(name, parts) for name, parts in self._parts.items()}


class ParquetCollector(Collector):
    """Takes the parts of a result and writes one Parquet file a table, in row groups.

    Zstandard, dictionaries for keys, byte-stream split for float32.
    """

    def __init__(self, names: Iterable[str], paths: Mapping[str, Path]) -> None:
        super().__init__(names)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._paths = paths

    def add(self, name: str, part: pa.Table) -> None:
        """Append the rows of one run; a full row group goes to disk."""
        super().add(name, part)
        if sum(piece.num_rows for piece in self._parts[name]) >= ROW_GROUP_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        if name not in self._writers:
            self._paths[name].parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = parquet_writer(TABLES[name].arrow, self._paths[name])
        self._writers[name].write_table(joined(name, self._parts[name]))
        self._parts[name].clear()

    def close(self) -> dict[str, pa.Table]:
        """Write what is left (an empty table too) and close the files; nothing stays in memory."""
        for name, parts in self._parts.items():
            if parts or name not in self._writers:
                self._flush(name)
        for writer in self._writers.values():
            writer.close()
        return {}


def joined(name: str, parts: list[pa.Table]) -> pa.Table:
    """The parts of one table below each other, each text column with one dictionary."""
    if not parts:
        return TABLES[name].arrow.empty_table()
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def parquet_writer(schema: pa.Schema, path: Path) -> pq.ParquetWriter:
    """A writer with the encodings of the house: see :class:`ParquetCollector`."""
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [field.name for field in schema if field.name not in floats]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=others,
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
    )
