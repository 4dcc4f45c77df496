"""Exports: every table as CSV with a companion that names the units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthetic
from tradesim import results as res
from tradesim.analysis.export import FORMATS, export
from tradesim.errors import InputError
from tradesim.runner import run_config
from tradesim.schema import TABLES
from tradesim.sweeps import SweepWriter


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> res.Results:
    """A result folder of two seeds and twenty weeks."""
    out = tmp_path_factory.mktemp("export") / "run"
    config = synthetic.config(seeds=(0, 1), weeks=20, out=out)
    return run_config(config, simulate=synthetic.simulate)


def test_every_table_comes_back_from_its_csv(results: res.Results) -> None:
    target = export(results)
    assert {path.name for path in target.iterdir()} == {
        *(f"{name}.csv" for name in TABLES), "summary.csv", "columns.csv",
    }  # fmt: skip
    for name in TABLES:
        back = pd.read_csv(target / f"{name}.csv", keep_default_na=False, na_values=["", "nan"])
        frame = results.frame(name)
        assert list(back.columns) == list(frame.columns)
        assert len(back) == len(frame)
        for measure in frame.select_dtypes("float32"):
            np.testing.assert_allclose(back[measure], frame[measure], rtol=1e-6)


def test_no_unit_is_empty(results: res.Results) -> None:
    columns = pd.read_csv(export(results, ["csv"]) / "columns.csv", keep_default_na=False)
    assert (columns["unit"] != "").all()
    stock = columns[(columns["table"] == "markets") & (columns["column"] == "stock_t")]
    assert stock["unit"].item() == "t"
    assert set(columns["table"]) == {*TABLES, "summary"}


@pytest.mark.parametrize("name", [name for name, built in FORMATS.items() if not built])
def test_formats_that_come_later_say_so(results: res.Results, name: str) -> None:
    with pytest.raises(InputError, match="comes with the sweeps work") as caught:
        export(results, [name])
    assert caught.value.exit_code == 2


def test_an_unknown_format_names_the_nearest(results: res.Results) -> None:
    with pytest.raises(InputError, match="unknown format 'cvs'") as caught:
        export(results, ["cvs"])
    assert caught.value.remedy == "did you mean 'csv'?"


def test_results_in_memory_cannot_be_exported() -> None:
    held = run_config(synthetic.config(seeds=(0,), weeks=8), simulate=synthetic.simulate)
    with pytest.raises(InputError, match="in memory"):
        export(held)


def test_a_sweep_is_exported_with_its_points(tmp_path: Path) -> None:
    with SweepWriter(tmp_path / "sweep", simulate=synthetic.simulate) as sweep:
        for point, name in enumerate(("reference", "april_2025")):
            config = synthetic.config(name, seeds=(0,), weeks=8, record="headline")
            sweep.add(point, [f"scenario={name}"], config)
        target = export(sweep.close())
    assert sorted(pd.read_csv(target / "headline.csv")["point"].unique()) == [0, 1]
