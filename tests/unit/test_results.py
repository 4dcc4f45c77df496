"""Opening, querying and comparing results; what is no result is refused."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import synthetic
from tradesim import results as res
from tradesim.errors import InputError
from tradesim.runner import run_config
from tradesim.schema import SUMMARY, TABLES
from tradesim.summary import over_seeds, row_statistics, summarise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result folder of three seeds and thirty weeks."""
    out = tmp_path_factory.mktemp("results") / "run"
    run_config(synthetic.config(seeds=(0, 1, 5), weeks=30, out=out), simulate=synthetic.simulate)
    return out


@pytest.fixture(scope="module")
def opened(folder: Path) -> res.Results:
    return res.open(folder)


def edited(folder: Path, target: Path, **changes: object) -> Path:
    """A folder with only a manifest, with some of its keys changed."""
    target.mkdir()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (target / "manifest.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    return target


def test_every_table_of_the_schema_is_an_attribute() -> None:
    for name in TABLES:
        assert isinstance(vars(res.Results)[name], res._TableOf)


def test_tables_are_frames_with_categories_and_float32(opened: res.Results) -> None:
    assert opened.tables == tuple(TABLES)
    for name, table in TABLES.items():
        frame = getattr(opened, name)
        assert list(frame.columns) == [column.name for column in table.columns]
    markets = opened.markets
    assert markets["stock_t"].dtype == np.float32
    assert isinstance(markets["economy"].dtype, pd.CategoricalDtype)
    assert markets["date"].dtype.kind == "M"
    assert opened.markets is markets


def test_what_is_known_of_the_run(opened: res.Results) -> None:
    assert (opened.scenario, opened.compare, opened.seeds) == ("april_2025", "reference", (0, 1, 5))
    assert opened.config["weeks"] == 30
    assert opened.config["scenario"]["title"] == "april 2025"
    assert opened.manifest["result_hash"] == opened.recomputed_hash()


def test_sql_over_tables_and_summary(opened: res.Results) -> None:
    found = opened.sql("SELECT DISTINCT seed FROM markets ORDER BY seed")
    assert found["seed"].tolist() == [0, 1, 5]
    assert opened.sql("SELECT count(*) AS n FROM summary")["n"][0] == len(opened.summary)
    joined = opened.sql(
        "SELECT sum(shipped_t) AS t FROM flows WHERE origin = 'CHN' AND scenario = 'reference' "
        "AND date < DATE '2025-03-01'"
    )
    flows = opened.flows
    rows = flows[(flows["origin"] == "CHN") & (flows["scenario"] == "reference")
                 & (flows["date"] < "2025-03-01")]  # fmt: skip
    assert joined["t"][0] == pytest.approx(rows["shipped_t"].astype(float).sum(), rel=1e-6)


def test_sql_where_the_folders_name_looks_like_a_pattern(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "run [1]"
    shutil.copytree(folder, target)
    assert len(res.open(target).sql("SELECT DISTINCT seed FROM plants")) == 3


def test_a_short_word_about_it(opened: res.Results, folder: Path) -> None:
    assert repr(opened) == f"<Results of april_2025 against reference, 3 seeds, {folder}>"


def test_a_query_that_fails_says_so(opened: res.Results) -> None:
    with pytest.raises(InputError, match="the query fails") as caught:
        opened.sql("SELECT price FROM markets")
    assert "markets" in caught.value.allowed


def test_an_unknown_table_names_the_nearest(opened: res.Results) -> None:
    with pytest.raises(InputError, match="unknown table 'market'") as caught:
        opened.arrow("market")
    assert caught.value.remedy == "did you mean 'markets'?"


def test_memory_and_folder_hold_the_same(folder: Path, opened: res.Results) -> None:
    held = run_config(synthetic.config(seeds=(0, 1, 5), weeks=30), simulate=synthetic.simulate)
    assert held.folder is None
    assert held.manifest["result_hash"] == opened.manifest["result_hash"] == held.recomputed_hash()
    pd.testing.assert_frame_equal(held.markets, opened.markets)
    pd.testing.assert_frame_equal(held.summary, opened.summary, rtol=1e-6, check_dtype=False)
    assert held.sql("SELECT count(*) AS n FROM uses")["n"][0] == len(opened.uses)


def test_no_result_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result folder"):
        res.open(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        res.open(tmp_path / "nowhere")


@pytest.mark.parametrize("status", ["interrupted", "failed", "partial"])
def test_an_incomplete_run_is_refused_unless_asked_for(
    folder: Path, tmp_path: Path, status: str
) -> None:
    target = edited(folder, tmp_path / "x", status=status)
    with pytest.raises(InputError, match=f"its status is '{status}'") as caught:
        res.open(target)
    assert "partial=True" in caught.value.remedy
    assert res.open(target, partial=True).manifest["status"] == status


def test_a_damaged_manifest_is_refused(folder: Path, tmp_path: Path) -> None:
    target = edited(folder, tmp_path / "x")
    (target / "manifest.json").write_text('{"status": "comp', encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        res.open(target)


def test_another_schema_version_warns(folder: Path, tmp_path: Path) -> None:
    target = edited(folder, tmp_path / "x", schema_version=99)
    with pytest.warns(res.SchemaWarning, match="schema version 99"):
        res.open(target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        res.open(folder)


# -- statistics ----------------------------------------------------------------------------------


def test_statistics_agree_with_numpy_and_leave_out_what_did_not_happen() -> None:
    values = np.random.default_rng(3).normal(size=(50, 21))
    found = row_statistics(values)
    for name, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        np.testing.assert_allclose(found[name], np.quantile(values, share, axis=1))
    np.testing.assert_allclose(found["mean"], values.mean(axis=1))
    some = row_statistics(np.array([[np.nan, 4.0, 2.0], [np.nan] * 3]))
    assert (some["p50"][0], some["mean"][0], some["n"][0]) == (3.0, 3.0, 2.0)
    assert np.isnan(some["p10"][1])
    assert np.isnan(some["mean"][1])
    assert some["n"][1] == 0.0


def headline(values: list[float], metric: str = "shortfall_physical:run") -> pa.Table:
    n = len(values)
    texts = {"scenario": "a", "metric": metric, "economy": "EU27", "good": "oxide_Dy",
             "end_use": "all", "unit": "t"}  # fmt: skip
    table = {name: pa.array([text] * n).dictionary_encode() for name, text in texts.items()}
    return pa.table({**table, "seed": list(range(n)), "value": pa.array(values, pa.float32())})


def test_summary_of_eleven_seeds_by_hand() -> None:
    summary = summarise(headline([float(v) for v in range(11)]))
    assert list(summary.columns) == [c.name for c in SUMMARY if c.name != "point"]
    row = summary[summary["metric"] == "shortfall_physical:run"].iloc[0]
    assert (row["mean"], row["p10"], row["p50"], row["p90"], row["n"]) == (5.0, 1.0, 5.0, 9.0, 11)
    tail = summary[summary["metric"] == "shortfall_physical_cvar95:run"].iloc[0]
    assert (tail["mean"], tail["n"], tail["unit"]) == (10.0, 11, "t")
    assert np.isnan(tail["p50"])


def test_quantiles_over_seeds_of_markets(opened: res.Results) -> None:
    found = opened.quantiles("markets", ["stock_t", "price_ask_usd_per_kg"])
    keys = ["scenario", "date", "economy", "good"]
    mine = found[found["measure"] == "stock_t"].set_index(keys)["p90"]
    theirs = opened.markets.groupby(keys, observed=True)["stock_t"].quantile(0.9)
    np.testing.assert_allclose(mine.sort_index(), theirs.sort_index(), rtol=1e-5)
    assert (found["n"] == 3).all()


def test_a_flow_that_one_seed_lacks_counts_as_zero() -> None:
    rows = pa.table({"seed": [0, 1, 1], "economy": ["a", "a", "b"], "t": [2.0, 4.0, 6.0]})
    missing = over_seeds(rows, ["economy"], ["t"]).set_index("economy")
    assert (missing.loc["b", "mean"], missing.loc["b", "n"]) == (6.0, 1)
    zero = over_seeds(rows, ["economy"], ["t"], missing=0.0).set_index("economy")
    assert (zero.loc["b", "mean"], zero.loc["b", "n"]) == (3.0, 2)


def test_groups_that_do_not_tell_rows_apart_are_refused(opened: res.Results) -> None:
    with pytest.raises(InputError, match="several rows of one seed"):
        opened.quantiles("markets", "stock_t", by=["economy"])


def test_comparing_results_against_the_first(folder: Path) -> None:
    calm = run_config(synthetic.config("reference", seeds=(0,), weeks=30),
                      simulate=synthetic.simulate)  # fmt: skip
    table = res.compare(calm, res.open(folder))
    assert set(table["result"]) == {"reference", "april_2025"}
    key = (table["metric"] == "magnet_exports_trough") & (table["result"] == "april_2025")
    row = table[key].iloc[0]
    assert row["change"] == pytest.approx(row["p50"] - 1.0)
    with pytest.raises(InputError, match="one result"):
        res.compare(calm)
    assert set(res.compare(calm, calm)["result"]) == {"reference (1)", "reference (2)"}
