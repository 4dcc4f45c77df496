"""What a posterior sample says: ranges by quantity, and how far two samples agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tradesim.analysis.calibration.targets import Target
from tradesim.posterior import Calibrated

#: A range from p10 to p90 below this share of the prior's counts as pinned down by the data.
PINNED = 0.6
_SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


def on_prior(quantity: Calibrated, values: np.ndarray) -> np.ndarray:
    """Where values lie within the prior's range, 0-1, on its scale."""
    if quantity.log:
        return np.asarray(np.log(values / quantity.low) / np.log(quantity.high / quantity.low))
    return np.asarray((values - quantity.low) / (quantity.high - quantity.low))


def summarise(quantities: Sequence[Calibrated], sample: np.ndarray) -> pd.DataFrame:
    """One row a quantity: prior, p10, p50, p90 of equally likely draws [draws, quantities].

    ``share_of_prior_width`` is p90 less p10 on the prior's scale over the same of the prior (0.8):
    1 means that the data say nothing, 0 that they say all.
    """
    rows = []
    for column, quantity in enumerate(quantities):
        values = sample[:, column]
        low, high = np.quantile(on_prior(quantity, values), [0.1, 0.9])
        rows.append({
            "parameter": quantity.name, "unit": quantity.unit, "case": quantity.case,
            "prior_low": quantity.low, "prior_high": quantity.high,
            **{name: float(np.quantile(values, share)) for name, share in _SHARES.items()},
            "share_of_prior_width": float(high - low) / 0.8,
            "pinned": bool((high - low) / 0.8 < PINNED),
            "source": quantity.source,
        })  # fmt: skip
    return pd.DataFrame(rows)


def agreement(
    quantities: Sequence[Calibrated], first: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """How far two samples agree, a row a quantity, on the prior's scale (0-1).

    ``shift`` is the difference of the medians, ``overlap`` the common part of the two ranges from
    p10 to p90 over the shorter one.
    """
    rows = []
    for column, quantity in enumerate(quantities):
        one, two = (
            np.quantile(on_prior(quantity, sample[:, column]), [0.1, 0.5, 0.9])
            for sample in (first, second)
        )
        common = max(0.0, min(one[2], two[2]) - max(one[0], two[0]))
        rows.append({
            "parameter": quantity.name, "shift": float(two[1] - one[1]),
            "overlap": float(common / max(min(one[2] - one[0], two[2] - two[0]), 1e-9)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def fitted(
    targets: Sequence[Target], recorded: dict[str, float], statistics: pd.DataFrame
) -> pd.DataFrame:
    """Target by target: the record, and p10, p50, p90 of the particles' own runs."""
    rows = []
    for target in targets:
        values = statistics[target.name].to_numpy(float)
        rows.append({
            "target": target.name, "case": target.case, "transform": target.transform,
            "record": recorded[target.name], "tolerance": target.tolerance,
            **{name: float(np.quantile(values, share)) for name, share in _SHARES.items()},
        })  # fmt: skip
    return pd.DataFrame(rows)
