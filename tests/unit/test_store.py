"""Rows of the model become sorted, hashed float32 tables on disk and come back the same."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import synthetic
from tradesim import store
from tradesim.errors import ModelError
from tradesim.pairs import Task, run_seed
from tradesim.schema import TABLES


def made(name: str = "plants") -> pa.Table:
    return synthetic.simulate(synthetic.scenario("april_2025", weeks=8), 1)[name]


def finished(table: pa.Table, name: str = "plants") -> pa.Table:
    return store.finished(store.canonical(name, table), "april_2025", 1)


def test_rows_are_sorted_by_their_keys_whatever_their_order_was() -> None:
    table = made()
    shuffled = table.take(pa.array(np.random.default_rng(0).permutation(table.num_rows)))
    assert finished(shuffled).equals(finished(table))
    assert finished(table)["economy"].to_pylist()[:2] == ["CHN", "CHN"]


def test_text_may_come_plain_or_in_any_dictionary() -> None:
    table = made()
    place = table.schema.get_field_index("economy")
    plain = table["economy"].cast(pa.string())
    assert finished(table.set_column(place, "economy", plain)).equals(finished(table))
    own = plain.combine_chunks().dictionary_encode()
    assert finished(table.set_column(place, "economy", own)).equals(finished(table))


def test_measures_are_rounded_to_float32_and_nothing_else() -> None:
    rows = store.canonical("plants", made())
    written = finished(made())["activity_share"].to_numpy()
    assert written.dtype == np.float32
    np.testing.assert_array_equal(written, rows.values["activity_share"].astype(np.float32))


def test_minus_zero_is_written_as_zero() -> None:
    table = made()
    place = table.schema.get_field_index("stopped_firms")
    zeros = pa.array(np.full(table.num_rows, -0.0))
    written = finished(table.set_column(place, "stopped_firms", zeros))["stopped_firms"]
    assert not np.signbit(written.to_numpy()).any()


@pytest.mark.parametrize("name", TABLES)
def test_parquet_gives_back_what_was_written(name: str, tmp_path: Path) -> None:
    task = Task(synthetic.scenario("april_2025", 20), synthetic.scenario("reference", 20),
                synthetic.simulate)  # fmt: skip
    result = run_seed(task, 0)
    collector = store.ParquetCollector([name], {name: tmp_path / f"{name}.parquet"})
    for tables in result.tables.values():
        collector.add(name, tables[name])
    collector.close()
    path = tmp_path / f"{name}.parquet"
    back = pq.read_table(path).unify_dictionaries()
    assert back.schema.equals(TABLES[name].arrow, check_metadata=True)
    expected = {k: v for k, v in result.digests.items() if k[0] == name}
    assert store.digests_of(name, back) == expected
    column = pq.ParquetFile(path).metadata.row_group(0).column(len(TABLES[name].columns) - 1)
    assert column.compression == "ZSTD"
    if pa.types.is_floating(TABLES[name].arrow[-1].type):
        assert "BYTE_STREAM_SPLIT" in column.encodings


def test_the_hash_does_not_see_row_groups_or_dictionaries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = finished(made())
    found = []
    for size in (10, 10_000):
        monkeypatch.setattr(store, "ROW_GROUP_ROWS", size)
        path = tmp_path / f"{size}.parquet"
        collector = store.ParquetCollector(["plants"], {"plants": path})
        for start in range(0, part.num_rows, 7):
            collector.add("plants", part.slice(start, 7))
        collector.close()
        found.append((pq.ParquetFile(path).num_row_groups,
                      store.digests_of("plants", pq.read_table(path))))  # fmt: skip
    assert found[0][0] > found[1][0] == 1
    assert found[0][1] == found[1][1] == {("plants", "april_2025", 1): store.digest(part)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("activity_share", 0.123), ("stage", "trader"), ("date", dt.date(2031, 1, 1))],
)
def test_the_hash_sees_one_changed_value(column: str, value: object) -> None:
    part = finished(made())
    cells = part[column].to_pylist()
    cells[5] = value
    place = part.schema.get_field_index(column)
    changed = pa.array(cells, part.schema.field(column).type.value_type if column == "stage"
                       else part.schema.field(column).type)  # fmt: skip
    if column == "stage":
        changed = changed.dictionary_encode()
    assert store.digest(part.set_column(place, column, changed)) != store.digest(part)


def test_the_result_hash_covers_tables_scenarios_and_seeds() -> None:
    one = {("markets", "a", 0): "x", ("uses", "a", 0): "y"}
    assert store.result_hash(one) == store.result_hash(dict(reversed(one.items())))
    assert store.result_hash(one) != store.result_hash({("markets", "a", 0): "x"})
    assert store.result_hash(one) != store.result_hash(
        {("markets", "a", 1): "x", ("uses", "a", 0): "y"}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["firms"]), "column 'firms' is missing"),
        (lambda t: t.append_column("mood", t["firms"]), "column 'mood' is not in the schema"),
        (lambda t: pa.concat_tables([t, t.slice(3, 1)]), "two rows share the keys"),
        (lambda t: put(t, "economy", "ATL"), "label 'ATL' is not on the axis"),
        (lambda t: put(t, "firms", float("nan")), "not finite"),
        (lambda t: put(t, "activity_share", float("inf")), "not finite"),
    ],
)
def test_a_bad_table_is_refused(change: object, message: str) -> None:
    assert callable(change)
    with pytest.raises(ModelError, match=message) as caught:
        store.canonical("plants", change(made()))
    assert "plants" in caught.value.where


def put(table: pa.Table, column: str, value: object) -> pa.Table:
    cells = table[column].to_pylist()
    cells[2] = value
    return table.set_column(table.schema.get_field_index(column), column, pa.array(cells))


def test_a_mean_of_nothing_is_allowed() -> None:
    assert store.canonical("plants", put(made(), "activity_share", float("nan")))
