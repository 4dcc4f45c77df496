"""A yardstick for speed: the same NumPy work as a step does, on arrays of a world's size.

Machines differ, and the same machine by a factor of two within a day, so bounds on time are stated
in this unit and not in seconds.
"""

from __future__ import annotations

import time

import numpy as np

LINKS, SLOTS, ROUNDS = 5_000, 2_900, 156


def yardstick_seconds() -> float:
    """Process time of a fixed piece of work, s: the best of three."""
    draw = np.random.default_rng(0)
    index, amount = draw.integers(0, SLOTS, LINKS), draw.random(LINKS)
    best = np.inf
    for _ in range(3):
        started = time.process_time()
        for _ in range(ROUNDS):
            for _ in range(10):
                total = np.bincount(index, amount, minlength=SLOTS)
                share = np.exp(-total)[index] * amount
                amount = np.where(share > 0.5, share, amount * 0.999 + 0.001)
        best = min(best, time.process_time() - started)
    return best
