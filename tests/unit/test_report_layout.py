"""How numbers and tables of the blocks are written: one way, readable, nothing lost."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tradesim
from tradesim.report import labels
from tradesim.report.instruments import layout, licences
from tradesim.report.reading import Reading


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (39_277.0, "39,300"), (-1234.0, "−1,230"), (99.96, "100"),
     (50.0, "50"), (5.184, "5.18"), (0.0060714, "0.00607"), (math.nan, "–")],
)  # fmt: skip
def test_a_number_has_three_figures(value: float, text: str) -> None:
    assert layout.number(value) == text


def test_intervals_by_hand() -> None:
    """Common decimals, a word beside a minus, no sign on nothing, one value alone."""
    assert layout.quantiles(4.0, 5.1, 6.2) == "5.10 [4.00–6.20]"
    assert layout.quantiles(-6.0, -5.0, 0.2) == "−5.00 [−6.00 to 0.20]"
    assert layout.quantiles(-6.0, -5.0, 0.2, plus=True) == "−5.00 [−6.00 to +0.20]"
    assert layout.quantiles(-0.001, 0.0, 3.0) == "0 [0 to 3.00]"
    assert layout.quantiles(1e-5, 2e-5, 3e-5) == "≈ 0"
    assert layout.quantiles(1e-5, 2e-5, 3e-5, finest=6) == "0.000020 [0.000010–0.000030]"
    assert layout.quantiles(0.0, 0.0, 0.0, plus=True) == "0"
    assert layout.quantiles(38_911.0, 39_277.0, 39_524.0) == "39,300 [38,900–39,500]"
    assert layout.interval([7.0]) == "7.00"
    assert layout.interval([]) == layout.interval([np.nan]) == "–"
    assert layout.interval([0.0, 1.0, np.nan, 2.0], 100) == "100 [20–180]"


def test_rows_beyond_the_shown_are_folded_not_lost() -> None:
    rows = [(f"row {i}", str(i)) for i in range(5)]
    html = layout.table(("A", "B"), rows, shown=3)
    assert html.index("row 2") < html.index("<summary>2 more rows") < html.index("row 3")
    assert "<details>" not in layout.table(("A", "B"), rows, shown=5)
    assert layout.table(("A", "B"), []) == ""


def test_a_wide_table_breaks_its_intervals() -> None:
    cell = "+1,000 [+900 to +1,100]"
    assert "<br>[" in layout.table(["A", *"bcdef"], [("x", *[cell] * 5)])
    assert "<br>[" not in layout.table(["A", *"bc"], [("x", *[cell] * 2)])


def test_pages_of_no_strength_or_another_class_are_left_out() -> None:
    pages = {
        "a": {"_target_": "tradesim.policies.Tariff"},
        "b": {"_target_": "tradesim.policies.Tariff", "strength": 0.0},
        "c": {"_target_": "tradesim.policies.ExportTax"},
    }
    assert set(layout.of_classes(pages, "Tariff")) == {"a"}
    assert layout.of_classes(None, "Tariff") == {}


def test_a_result_on_disk_tells_the_waits(tmp_path: Path) -> None:
    """A month without decisions has no wait, and leaves those of the others as they are."""
    results = tradesim.run("april_2025", seeds=1, weeks=30, workers=1, out=tmp_path / "out")
    reading = Reading(results)
    table = results.frame("licences")
    table = table[table["scenario"] == "april_2025"]
    assert table["wait_days"].isna().any()
    known = table[table["wait_days"].notna()]
    decided = known["granted_t"] + known["denied_t"]
    days = float((known["wait_days"] * decided).sum() / decided.sum())
    assert days > 10
    assert f"after {layout.interval([days])} days" in licences.block(reading)


def test_nan_is_found_in_a_file(tmp_path: Path) -> None:
    """Although the file's smallest and largest values do not show it."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": pa.array([1.0, math.nan, 2.0], pa.float32())}), path)
    query = f"SELECT count(*) FROM '{path}' WHERE {labels.is_nan('x')}"
    with duckdb.connect() as memory:
        assert memory.execute(query).fetchone() == (1,)
