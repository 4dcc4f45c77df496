"""Ship a posterior: ``python tools/ship_posterior.py FIRST SECOND``.

Both folders come from ``tradesim calibrate``, with different seeds. Their particles together, in a
fixed random order, become the sample of the package; how far the two agree says how far a re-run
lands in the same region (``agreement.csv``). A particle that stands there more than once was copied
and did not move: that is its weight.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tradesim.analysis.calibration import run
from tradesim.analysis.calibration.summary import agreement, fitted, summarise
from tradesim.posterior import FOLDER, calibrated


def main(words: Sequence[str]) -> None:
    """Write sample, summary, fit, history and agreement from the two folders."""
    if len(words) != 2:
        raise SystemExit(__doc__)
    folders = [Path(word) for word in words]
    parts = [pd.read_csv(folder / "particles.csv") for folder in folders]
    names = [quantity.name for quantity in calibrated()]
    samples = [part[names].to_numpy(float) for part in parts]
    pooled = np.concatenate(samples)
    order = np.random.default_rng(0).permutation(len(pooled))
    run.write_draws(FOLDER / "draws.csv", names, pooled[order])
    episodes = run.episodes()
    wanted = tuple(target for episode in episodes for target in episode.targets)
    both = pd.concat(parts, ignore_index=True)
    histories = [pd.read_csv(folder / "history.csv") for folder in folders]
    tables = {
        "posterior_summary": summarise(calibrated(), pooled),
        "fit": fitted(wanted, run.recorded(episodes), both),
        "agreement": agreement(calibrated(), *samples),
        "history": pd.concat(histories, keys=["first", "second"], names=["run", None]).reset_index(
            "run"
        ),
    }
    for name, table in tables.items():
        table.to_csv(FOLDER / f"{name}.csv", index=False, float_format="%.6g")
    print(f"{len(pooled)} draws, {len(np.unique(pooled, axis=0))} of them different")
    print(tables["agreement"].describe().to_string())


if __name__ == "__main__":
    main(sys.argv[1:])
