"""What of a matrix is only sampling: intervals, paired contrasts, equilibria under resampling.

Every cell is simulated with the same seeds, so contrasts between cells are taken seed by seed
(common random numbers; Law 2015, *Simulation Modeling and Analysis*, ch. 11.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tradesim import rng
from tradesim.analysis.games.matrix import (
    SIDES,
    Bools,
    Floats,
    Game,
    Side,
    equilibrium_cells,
    other,
)

#: Confidence of every interval.
LEVEL = 0.95
#: Resamples of the seeds.
RESAMPLES = 2000


@dataclass(frozen=True)
class Sample:
    """Payoffs by seed, USD [row options, column options, seeds], the same seeds in every cell."""

    row_options: tuple[str, ...]
    column_options: tuple[str, ...]
    row_usd: Floats
    column_usd: Floats

    @property
    def seeds(self) -> int:
        """How many seeds every cell has."""
        return int(self.row_usd.shape[2])

    @property
    def game(self) -> Game:
        """The game of mean payoffs."""
        return self._game(np.full(self.seeds, 1.0 / self.seeds))

    def own(self, side: Side) -> Floats:
        """Payoffs of ``side``, its own options first [own, other's, seeds], USD."""
        return self.row_usd if side == "row" else self.column_usd.transpose(1, 0, 2)

    def _game(self, weights: Floats) -> Game:
        return Game(self.row_options, self.column_options, self.row_usd @ weights,
                    self.column_usd @ weights)  # fmt: skip

    def resampled(self, resamples: int = RESAMPLES) -> list[Game]:
        """Games of resampled seeds, drawn with replacement, the same draw in all cells."""
        draws = rng.uniforms(0, "payoff bootstrap", np.arange(self.seeds)[None, :],
                             np.arange(resamples)[:, None])  # fmt: skip
        picked = np.floor(draws * self.seeds).astype(np.int64)
        counts = [np.bincount(row, minlength=self.seeds) for row in picked]
        return [self._game(count / self.seeds) for count in counts]


def interval(values: Floats) -> tuple[Floats, Floats]:
    """Ends of the interval of the mean over the last axis (Student's t), unit of the values.

    Not numbers with fewer than two values.
    """
    count = values.shape[-1]
    mean = values.mean(axis=-1)
    if count < 2:
        return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = stats.t.ppf(0.5 + LEVEL / 2, count - 1) * values.std(axis=-1, ddof=1) / np.sqrt(count)
    return np.asarray(mean - half, np.float64), np.asarray(mean + half, np.float64)


@dataclass(frozen=True)
class Contrast:
    """How much worse ``option`` is for ``side`` than ``best`` when the other plays ``given``, USD.

    ``mean_usd`` is option less best over the paired seeds, never above zero; the interval is of
    each contrast alone, not of all at once.
    """

    side: Side
    given: str
    best: str
    option: str
    mean_usd: float
    low_usd: float
    high_usd: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether the interval lies below zero: the seeds tell the two apart."""
        return self.high_usd < 0


def contrasts(sample: Sample) -> tuple[Contrast, ...]:
    """Every option against the best response to each of the other's options, seed by seed."""
    found = []
    for side in SIDES:
        own, names = sample.own(side), sample.game.options(side)
        for j, given in enumerate(sample.game.options(other(side))):
            best = int(own[:, j].mean(axis=1).argmax())
            gap = own[:, j] - own[best, j]
            low, high = interval(gap)
            found += [
                Contrast(side, given, names[best], names[i], float(gap[i].mean()), float(low[i]),
                         float(high[i]), sample.seeds)
                for i in range(len(names)) if i != best
            ]  # fmt: skip
    return tuple(found)


@dataclass(frozen=True)
class Survival:
    """Over the resamples: how often a cell is a pure equilibrium, and how often there is none.

    ``cells`` [row options, column options] and ``none`` are shares; ``same`` is the share with
    exactly the pure equilibria of the mean payoffs.
    """

    cells: Floats
    none: float
    same: float
    resamples: int


def survival(sample: Sample, resamples: int = RESAMPLES) -> Survival:
    """How firm the pure equilibria of the mean payoffs are against the draw of the seeds."""
    own: Bools = equilibrium_cells(sample.game)
    found = np.array([equilibrium_cells(game) for game in sample.resampled(resamples)])
    return Survival(
        cells=found.mean(axis=0),
        none=float((~found.any(axis=(1, 2))).mean()),
        same=float((found == own).all(axis=(1, 2)).mean()),
        resamples=resamples,
    )
