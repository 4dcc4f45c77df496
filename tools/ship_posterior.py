"""Ship a posterior: ``python tools/ship_posterior.py FIRST SECOND``.

Both folders come from ``tradesim calibrate``, with different seeds; how far the two agree says how
far a re-run lands in the same region (``agreement.csv``). A particle was accepted on one run of
its own, whose network and scatter may have been lucky. So every different particle of both is
judged again on fresh seeds, and the half that is nearest on average becomes the sample of the
package, in a fixed random order (decision 0033).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from tradesim import config
from tradesim.analysis.calibration import run
from tradesim.analysis.calibration.sample import Judge
from tradesim.analysis.calibration.summary import agreement, fitted, on_prior, summarise
from tradesim.posterior import FOLDER, calibrated

#: First of the fresh seeds, how many each particle is judged on, and the part that is kept.
#: Every particle has seeds of its own: the customs scatter of a month, drawn with the seed, would
#: otherwise be the same for all and favour those that lean the other way.
FRESH, SEEDS, KEPT = 20_001, 4, 0.5


def judged(job: tuple[int, np.ndarray]) -> tuple[float, dict[str, float]]:
    """Root mean square distance over fresh seeds, and the mean of every statistic.

    ``job`` is the particle's number and its values.
    """
    number, values = job
    judge = Judge(run.episodes(), run.recorded(run.episodes()))
    score = ndtri([
        np.clip(on_prior(q, np.array([v]))[0], 1e-9, 1 - 1e-9)
        for q, v in zip(calibrated(), values, strict=True)
    ])  # fmt: skip
    first = FRESH + SEEDS * number
    tried = [judge(score, seed, float("inf")) for seed in range(first, first + SEEDS)]
    told = pd.DataFrame([dict(particle.statistics) for particle in tried]).mean()
    distances = np.array([particle.distance for particle in tried])
    return float(np.sqrt(np.mean(distances**2))), {str(k): float(v) for k, v in told.items()}


def main(words: Sequence[str]) -> None:
    """Write sample, summary, fit, history and agreement from the two folders."""
    if len(words) != 2:
        raise SystemExit(__doc__)
    folders = [Path(word) for word in words]
    parts = [pd.read_csv(folder / "particles.csv") for folder in folders]
    names = [quantity.name for quantity in calibrated()]
    samples = [part[names].to_numpy(float) for part in parts]
    different = np.unique(np.concatenate(samples), axis=0)
    with ProcessPoolExecutor(config.cores()) as pool:
        again = list(pool.map(judged, enumerate(different)))
    far = np.array([distance for distance, _ in again])
    kept = np.argsort(far)[: int(np.ceil(KEPT * len(different)))]
    order = np.random.default_rng(0).permutation(kept)
    pooled = different[order]
    run.write_draws(FOLDER / "draws.csv", names, pooled)
    episodes = run.episodes()
    wanted = tuple(target for episode in episodes for target in episode.targets)
    both = pd.DataFrame([again[row][1] for row in order])
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
    print(f"{len(different)} different particles, distance {far.min():.2f} to {far.max():.2f};")
    print(f"kept {len(pooled)} up to {far[kept].max():.2f}")
    print(tables["agreement"].describe().to_string())


if __name__ == "__main__":
    main(sys.argv[1:])
