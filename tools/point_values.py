"""Choose the point values: ``python tools/point_values.py DIR [particles] [seeds]``.

``DIR`` comes from ``tradesim calibrate``. Quantities that are carried keep their present values,
for the record says nothing of them; those searched are taken together from one of the particles
nearest to the targets: the one that is nearest on average over some seeds, with the carried ones as
they are. Prints what to write into ``parameters.py`` and the policies' pages; changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tradesim import config
from tradesim.analysis.calibration import run
from tradesim.analysis.calibration.episode import evaluate
from tradesim.analysis.calibration.targets import distance
from tradesim.parameters import MarketParameters
from tradesim.posterior import Calibrated, calibrated


def rounded(value: float) -> float:
    """Three significant digits: more would pretend to know."""
    return float(f"{value:.3g}")


def present(quantity: Calibrated) -> float:
    """The value that its first key has now."""
    root, *path = quantity.keys[0].split(".")
    if root == "market":
        return float(getattr(MarketParameters(), path[0]))
    found = yaml.safe_load(config.names("policy")[path[0]].read_text(encoding="utf-8"))
    for step in path[1:]:
        found = found[step]
    return float(found)


def candidate(row: pd.Series[float]) -> dict[str, float]:
    """Values by quantity: searched from the particle, carried as they are now."""
    return {q.name: rounded(float(row[q.name])) if q.searched else present(q) for q in calibrated()}


def far(values: dict[str, float], seeds: int) -> list[float]:
    """Distance to the targets of both episodes, seed by seed."""
    keyed = {key: values[q.name] for q in calibrated() for key in q.keys}
    episodes = run.episodes()
    goal = run.recorded(episodes)
    found = []
    for seed in range(seeds):
        squares = [
            distance(evaluate(episode, keyed, seed), goal, episode.targets) ** 2
            for episode in episodes
        ]
        found.append(float(np.sqrt(np.mean(squares))))
    return found


def main(words: Sequence[str]) -> None:
    """Print the chosen values, their distances, and the distances of the present ones."""
    if not 1 <= len(words) <= 3:
        raise SystemExit(__doc__)
    particles = pd.read_csv(Path(words[0]) / "particles.csv").nsmallest(
        int(words[1]) if len(words) > 1 else 12, "distance"
    )
    seeds = int(words[2]) if len(words) > 2 else 4
    now = far({q.name: present(q) for q in calibrated()}, seeds)
    print(f"present values: {np.mean(now):.3f} ({min(now):.3f} to {max(now):.3f})")
    tried = []
    for _, row in particles.iterrows():
        values = candidate(row)
        tried.append((far(values, seeds), values))
        print(f"  {np.mean(tried[-1][0]):.3f}", flush=True)
    best, values = min(tried, key=lambda pair: float(np.mean(pair[0])))
    print(f"chosen: {np.mean(best):.3f} ({min(best):.3f} to {max(best):.3f})")
    for quantity in calibrated():
        if quantity.searched:
            print(f"  {'; '.join(quantity.keys)} = {values[quantity.name]:g}")


if __name__ == "__main__":
    main(sys.argv[1:])
