"""Synthetic back-tests: ensembles that hug, miss or ignore the record, for tests and drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from tradesim.analysis.backtest import periods, records

SEEDS = 20
LABELS: Mapping[str, tuple[str, ...]] = {
    "2025": tuple(f"{p}" for p in pd.period_range("2024-01", "2026-06", freq="M")),
    "2010": tuple(periods.label(p) for p in pd.period_range("2009Q1", "2015Q4", freq="Q")),
}
#: Series without a record that a real ensemble has too.
MORE: Mapping[str, tuple[str, ...]] = {
    "2025": ("magnet_exports_t:EU27", "magnet_exports_t:JPN", "oxide_exports_kg:Y",
             "transaction_usd_per_kg:EU27:Dy"),
    "2010": ("exports_t:TOTAL", "quota_use_share"),
}  # fmt: skip


def ensemble(case: str, factor: float = 1.0, noise: float = 0.05, seeds: int = SEEDS,
             change: Callable[[str, str, float], float] | None = None) -> pd.DataFrame:  # fmt: skip
    """Runs around the record times ``factor``, with lognormal noise; gaps are interpolated.

    ``change(series, period, value)`` may replace the value that the runs lie around.
    """
    window, rng = periods.window(case), np.random.default_rng(7)
    found = records.observations(case)
    rows = []
    for name in sorted({r.series for r in found} | set(MORE[case])):
        own = [r for r in found if r.series == name]
        filled = records.completed(own, window)
        path = pd.Series(filled, dtype=float).reindex(list(LABELS[case]))
        path = path.interpolate(limit_direction="both").fillna(100.0)
        for period, value in path.items():
            middle = float(value) * factor
            middle = change(name, str(period), middle) if change else middle
            draws = middle * np.exp(noise * rng.standard_normal(seeds))
            rows += [(name, period, seed, draw, records.unit(name))
                     for seed, draw in enumerate(draws)]  # fmt: skip
    return pd.DataFrame(rows, columns=["series", "period", "seed", "value", "unit"])


def quantiles(members: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``backtest.csv`` of an ensemble."""
    grouped = members.groupby(["series", "period", "unit"], sort=False)["value"]
    table = grouped.quantile(np.array([0.1, 0.5, 0.9])).reset_index()
    table["statistic"] = table["level_3"].map({0.1: "p10", 0.5: "p50", 0.9: "p90"})
    return pd.DataFrame(table[["series", "period", "statistic", "value", "unit"]])
