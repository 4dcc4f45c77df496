"""Results for the tests of the report: made-up runs of several shapes, and a hand-made headline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

import synthetic
from tradesim.results import Results
from tradesim.runner import run_config

#: A row of a hand-made headline: metric, economy, good, unit, one value for each seed.
Row = tuple[str, str, str, str, Sequence[float]]


@cache
def run(
    scenario: str = "april_2025",
    compare: str | None = "reference",
    seeds: int = 3,
    weeks: int = 60,
    record: str = "monthly",
) -> Results:
    """A made-up run in memory; the same arguments give the same object. Do not change it."""
    job = synthetic.config(
        scenario, compare, weeks, seeds=tuple(range(seeds)), record=record
    )  # fmt: skip
    return run_config(job, simulate=synthetic.simulate)


def headline_only(rows: Sequence[Row], compare: str | None = "reference") -> Results:
    """Results in memory that hold nothing but these headline numbers of ``april_2025``."""
    seeds = len(rows[0][4])
    parts = [
        {"scenario": "april_2025", "seed": seed, "metric": metric, "economy": economy,
         "good": good, "end_use": "all", "unit": unit, "value": value}
        for metric, economy, good, unit, values in rows
        for seed, value in enumerate(values)
    ]  # fmt: skip
    if compare is not None:
        parts.append({**parts[0], "scenario": compare})
    manifest: dict[str, Any] = {
        "status": "complete", "scenario": "april_2025", "compare": compare,
        "seeds": list(range(seeds)), "code_version": "0.1.0+abc", "result_hash": "f" * 64,
    }  # fmt: skip
    config = {"scenario": {"name": "april_2025", "title": "A <title>"}, "start": "2025-01-06"}
    held = {"headline": pa.Table.from_pylist(parts)}
    return Results(manifest, config, {}, pd.DataFrame({"metric": []}), held=held)
