"""Statistics over seeds: quantiles of any table, and the rows of ``summary.csv``.

A value that is not a number means "did not happen" and is left out; ``n`` counts the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tradesim.analysis.metrics import METRICS, tail_mean
from tradesim.errors import InputError
from tradesim.schema import HEADLINE, SUMMARY

Floats = npt.NDArray[np.floating]

QUANTILES: Mapping[str, float] = {"p10": 0.10, "p50": 0.50, "p90": 0.90}
#: Keys of a summary row, without ``point``.
KEYS = tuple(name for name in HEADLINE.keys if name != "seed")


def row_statistics(values: Floats) -> dict[str, npt.NDArray[np.float64]]:
    """Mean, p10, p50, p90 and n of each row of ``values`` (rows, seeds), unit theirs.

    Quantiles interpolate linearly between order statistics (definition 7 of Hyndman & Fan 1996,
    the default of NumPy and R). A row without numbers gives no numbers and n = 0.
    """
    ordered = np.sort(values, axis=1)  # not-a-numbers go to the end
    n = np.isfinite(ordered).sum(axis=1)
    last = np.maximum(n - 1, 0)
    rows = np.arange(len(ordered))
    with np.errstate(invalid="ignore"):
        total = np.nansum(ordered, axis=1, dtype=np.float64)
        found = {"mean": np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)}
    for name, share in QUANTILES.items():
        place = share * last
        low = np.floor(place).astype(np.intp)
        high = np.minimum(low + 1, last)
        below = ordered[rows, low].astype(np.float64)
        found[name] = below + (place - low) * (ordered[rows, high] - below)
    found["n"] = n.astype(np.float64)
    return found


def over_seeds(
    table: pa.Table, by: Sequence[str], measures: Sequence[str], missing: float = np.nan
) -> pd.DataFrame:
    """Mean and quantiles over the seeds: ``by`` columns, then measure, mean, p10, p50, p90, n.

    One row for each group and measure, in the measure's unit. ``missing`` is the value of a seed
    that has no row in a group (0 for flows, whose zero rows are not kept). Raises
    :class:`InputError` when ``by`` and the seed do not tell the rows apart.
    """
    group, first = _groups(table, by)
    seeds, seed = np.unique(table["seed"].to_numpy(), return_inverse=True)
    place = group * len(seeds) + seed
    shape = (len(first), len(seeds))
    if len(place) and np.bincount(place).max() > 1:
        raise InputError(
            "several rows of one seed fall into one group",
            where=f"by = {', '.join(by)}",
            remedy="name more columns in `by`, or sum the rows first with Results.sql",
        )
    keys: pd.DataFrame = (
        table.select(list(by)).take(pa.array(first)).to_pandas(date_as_object=False)
    )
    frames = []
    for measure in measures:
        matrix = np.full(shape, missing, dtype=np.float32)
        matrix.reshape(-1)[place] = table[measure].to_numpy()
        frames.append(keys.assign(measure=measure, **row_statistics(matrix)))
    whole: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return whole.astype({"n": np.int64, "measure": "category"})


def _groups(
    table: pa.Table, by: Sequence[str]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Group of each row (n,) and the first row of each group, groups in the order of ``by``."""
    code = np.zeros(table.num_rows, dtype=np.int64)
    for name in by:
        part = _codes(table[name])
        code = code * (int(part.max(initial=0)) + 1) + part
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return group, first


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    if pa.types.is_dictionary(column.type):
        array = column.unify_dictionaries().combine_chunks()
        return np.asarray(array.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    values = column.to_numpy()
    _, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64)


def summarise(headline: pa.Table) -> pd.DataFrame:
    """The rows of ``summary.csv`` from the table ``headline``: one for each metric and scenario.

    The tail mean of the physical shortfall (CVaR, t) is a number of the whole ensemble: it stands
    in ``mean`` and has no percentiles.
    """
    stats = over_seeds(headline, KEYS, ["value"]).drop(columns="measure")
    tails = _tails(headline)
    whole = pd.concat([stats, tails], ignore_index=True) if len(tails) else stats
    return whole.astype(dict.fromkeys(KEYS, "str")).sort_values(list(KEYS), ignore_index=True)


def _tails(headline: pa.Table) -> pd.DataFrame:
    frame = headline.to_pandas()
    lost = frame[frame["metric"].astype(str).str.startswith("shortfall_physical:")]
    keys = ["scenario", "metric", "economy", "good", "end_use"]
    grouped = lost.groupby(keys, observed=True)["value"]
    tails = grouped.agg(mean=lambda v: tail_mean(v.to_numpy()), n="count").reset_index()
    metric = "shortfall_physical_cvar95"
    tails["metric"] = tails["metric"].astype(str).str.replace("shortfall_physical", metric)
    named: pd.DataFrame = tails.assign(unit=METRICS[metric].unit)
    return named


def write_summary(summary: pd.DataFrame, path: Path) -> None:
    """Write ``summary.csv``; numbers keep the nine digits that tell two float32 values apart."""
    names = [column.name for column in SUMMARY if column.name in summary.columns]
    summary[names].to_csv(path, index=False, float_format="%.9g")
