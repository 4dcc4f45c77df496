"""Which plants depend on Chinese equipment and know-how.

Nobody counts them, so each is drawn with the share that ``technology.csv`` gives for its owner,
else for its economy and stage, else for the stage in the rest of the world. The draw hangs on
the firm alone: it is the same in every scenario of a seed and differs between seeds.
"""

from __future__ import annotations

import numpy as np

from tradesim import axes, rng
from tradesim.tables.loader import BaseYear
from tradesim.world.firms import Firms
from tradesim.world.types import Flags, Floats

#: Stands for every owner, and the economy that stands for all others, in ``technology.csv``.
ANYBODY, ELSEWHERE = "*", "ROW"


def dependence(base: BaseYear, firms: Firms) -> Floats:
    """Probability that each firm depends on Chinese technology [firms]; 1 in China itself.

    Projects are called "owner: project"; a row for the owner holds for all of them. A stage
    without any row (components, manufacture, trade) uses no rare-earth technology.
    """
    rows = base.table("technology")
    keys = zip(rows["economy"], rows["stage"], rows["company"], strict=True)
    shares = {
        (str(e), str(s), str(c)): float(share)
        for (e, s, c), share in zip(keys, rows["share"], strict=True)
    }
    found = np.zeros(len(firms))
    for row, name in enumerate(firms.name):
        economy = axes.ECONOMIES[firms.economy[row]]
        stage = axes.STAGES[firms.stage[row]]
        owner = name.split(": ")[0]
        for key in (
            (economy, stage, owner), (economy, stage, ANYBODY), (ELSEWHERE, stage, ANYBODY),
        ):  # fmt: skip
            if key in shares:
                found[row] = shares[key]
                break
    return np.where(firms.economy == axes.ECONOMY_INDEX["CHN"], 1.0, found)


def dependent(base: BaseYear, firms: Firms, seed: int) -> Flags:
    """Firms that depend on Chinese equipment and know-how [firms]; all firms in China do."""
    return rng.uniforms(seed, "chinese technology", firms.id) < dependence(base, firms)
