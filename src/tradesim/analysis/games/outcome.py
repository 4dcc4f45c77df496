"""What a matrix says: payoffs by seed, terms of utility, equilibria, and their tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tradesim.analysis.games import gambit, matrix, noise
from tradesim.analysis.games.cells import Plan
from tradesim.analysis.games.gambit import Profile
from tradesim.analysis.games.matrix import SIDES, Commitment, Dominance, Floats, Side
from tradesim.analysis.games.noise import Contrast, Sample, Survival
from tradesim.errors import ModelError
from tradesim.record.sums import UTILITY

#: Terms of utility are multiplied by these to see which weights an equilibrium hangs on.
FACTORS = (0.0, 0.5, 2.0)
#: Payoff by player, term and seed of one cell: [players, terms, seeds], USD of the whole run.
CellPayoff = Floats


def cell_payoff(states: pa.Table, players: tuple[str, str], seeds: tuple[int, ...]) -> CellPayoff:
    """Terms of utility summed over the run [players, terms, seeds], USD.

    ``states`` is the table of that name, float32. Raises :class:`ModelError` when a player or a
    seed has no utility.
    """
    frame = states.to_pandas()
    frame["state"] = frame["state"].astype(str)
    frame[list(UTILITY)] = frame[list(UTILITY)].astype(np.float64)
    summed = frame.groupby(["state", "seed"])[list(UTILITY)].sum(min_count=1)
    order = pd.MultiIndex.from_product([players, seeds])
    found = np.asarray(summed.reindex(order), np.float64).reshape(2, len(seeds), len(UTILITY))
    if not np.isfinite(found).all():
        raise ModelError(
            "a government has no utility in the table 'states'",
            where=f"players {', '.join(players)}",
            allowed="both governments seated in every cell",
            remedy="report this with the words of the command",
        )
    return found.transpose(0, 2, 1)


@dataclass(frozen=True)
class Weighting:
    """Pure equilibria when one term of both players' utility is multiplied by ``factor``."""

    term: str
    factor: float
    cells: tuple[tuple[int, int], ...]
    same: bool


@dataclass(frozen=True)
class Outcome:
    """A finished matrix. ``values`` [rows, columns, players, terms, seeds] are USD of the run."""

    plan: Plan
    values: Floats

    @property
    def players(self) -> dict[Side, str]:
        """Economy by side."""
        return {"row": self.plan.row.state, "column": self.plan.column.state}

    @cached_property
    def sample(self) -> Sample:
        """Payoffs by seed: the sum of the terms."""
        return self.weighted({})

    def weighted(self, factors: Mapping[str, float]) -> Sample:
        """Payoffs by seed when terms (columns of ``states``) are multiplied by ``factors``."""
        weights = np.array([factors.get(term, 1.0) for term in UTILITY])
        total = np.einsum("rcpts,t->rcps", self.values, weights)
        return Sample(self.plan.row.names, self.plan.column.names, total[:, :, 0], total[:, :, 1])

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """All Nash equilibria of the mean payoffs."""
        return gambit.equilibria(self.sample.game)

    @cached_property
    def survival(self) -> Survival:
        """How firm the pure equilibria are against the draw of seeds."""
        return noise.survival(self.sample)

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every option against the best response, seed by seed."""
        return noise.contrasts(self.sample)

    @cached_property
    def commitments(self) -> tuple[Commitment, Commitment]:
        """The outcomes with the row player and with the column player leading."""
        game = self.sample.game
        return matrix.stackelberg(game, "row"), matrix.stackelberg(game, "column")

    @cached_property
    def dominated(self) -> tuple[Dominance, ...]:
        """Options of the mean game that another pure option dominates."""
        return matrix.dominated(self.sample.game)

    @cached_property
    def weightings(self) -> tuple[Weighting, ...]:
        """Pure equilibria with one term of utility left out, halved and doubled, for both players.

        Only terms that are not nothing in every cell. A term is linear in its weight, so this is
        what other weights would have given without another run; the leverage term also holds the
        rival's loss, which other weights would change too.
        """
        own = matrix.pure_equilibria(self.sample.game)
        found = []
        for number, term in enumerate(UTILITY):
            if not self.values[:, :, :, number].any():
                continue
            for factor in FACTORS:
                cells = matrix.pure_equilibria(self.weighted({term: factor}).game)
                found.append(Weighting(term, factor, cells, cells == own))
        return tuple(found)


def payoff_frame(outcome: Outcome) -> pd.DataFrame:
    """``payoff.csv``: one row a cell and player; USD summed over the run."""
    rows = []
    for (row, column), side, values in _cells(outcome):
        low, high = noise.interval(values)
        rows.append({
            "row": row, "column": column, "player": outcome.players[side],
            "mean_usd": values.mean(), "p10_usd": np.quantile(values, 0.1),
            "p90_usd": np.quantile(values, 0.9), "n": len(values),
            "ci_low_usd": float(low), "ci_high_usd": float(high),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _cells(outcome: Outcome) -> list[tuple[tuple[str, str], Side, Floats]]:
    sample, found = outcome.sample, []
    for i, row in enumerate(sample.row_options):
        for j, column in enumerate(sample.column_options):
            for side, values in zip(SIDES, (sample.row_usd, sample.column_usd), strict=True):
                found.append(((row, column), side, values[i, j]))
    return found


def terms_frame(outcome: Outcome) -> pd.DataFrame:
    """``payoff_terms.csv``: the terms of utility of every cell and player; they add up."""
    sample, rows = outcome.sample, []
    for i, row in enumerate(sample.row_options):
        for j, column in enumerate(sample.column_options):
            for p, side in enumerate(SIDES):
                low, high = noise.interval(outcome.values[i, j, p])
                rows += [{
                    "row": row, "column": column, "player": outcome.players[side], "term": term,
                    "mean_usd": outcome.values[i, j, p, t].mean(),
                    "ci_low_usd": low[t], "ci_high_usd": high[t],
                    "n": outcome.values.shape[-1],
                } for t, term in enumerate(UTILITY)]  # fmt: skip
    return pd.DataFrame(rows)


def contrasts_frame(outcome: Outcome) -> pd.DataFrame:
    """``payoff_contrasts.csv``: option less best response, paired by seed, USD of the run."""
    rows = [{"player": outcome.players[c.side], **asdict(c), "clear": c.clear}
            for c in outcome.contrasts]  # fmt: skip
    columns = ["player", "given", "best", "option", "mean_usd", "low_usd", "high_usd", "n", "clear"]
    names = {"low_usd": "ci_low_usd", "high_usd": "ci_high_usd"}
    return pd.DataFrame(rows, columns=columns).rename(columns=names)


def equilibria_json(outcome: Outcome) -> dict[str, Any]:
    """``equilibria.json``: everything that the matrix says, in plain values; USD of the run."""
    sample, plan = outcome.sample, outcome.plan
    names = {side: sample.game.options(side) for side in SIDES}
    firm = outcome.survival
    return {
        "players": outcome.players,
        "options": {side: list(names[side]) for side in SIDES},
        "unit": f"USD, summed over {plan.base.scenario.weeks} weeks",
        "seeds": sample.seeds,
        "confidence": noise.LEVEL,
        "best_responses": {side: _best(outcome, side) for side in SIDES},
        "pure": [_profile(outcome, p) | {"survives_share": _share(firm.cells[p.cell])}
                 for p in outcome.profiles if p.pure],
        "mixed": [_profile(outcome, p) for p in outcome.profiles if not p.pure],
        "resampling": {"resamples": firm.resamples, "same_share": _share(firm.same),
                       "no_pure_share": _share(firm.none),
                       "cells_share": np.round(firm.cells, 4).tolist()},
        "stackelberg": [_commitment(outcome, c) for c in outcome.commitments],
        "dominated": [asdict(d) | {"side": outcome.players[d.side]} for d in outcome.dominated],
        "weights": [{"term": w.term, "factor": w.factor, "same": w.same,
                     "pure": [[names["row"][i], names["column"][j]] for i, j in w.cells]}
                    for w in outcome.weightings],
    }  # fmt: skip


def _share(value: float) -> float:
    return round(float(value), 4)


def _best(outcome: Outcome, side: Side) -> dict[str, list[str]]:
    game = outcome.sample.game
    best, own = matrix.best_responses(game, side), game.options(side)
    others = game.options(matrix.other(side))
    return {others[j]: [own[i] for i in np.flatnonzero(best[:, j])] for j in range(len(others))}


def _profile(outcome: Outcome, profile: Profile) -> dict[str, Any]:
    sample = outcome.sample
    mixes = (("row", sample.row_options, profile.row),
             ("column", sample.column_options, profile.column))  # fmt: skip
    played = {side: {name: round(p, 6) for name, p in zip(options, mix, strict=True) if p > 0}
              for side, options, mix in mixes}  # fmt: skip
    if profile.pure:
        played_for_certain = {side: next(iter(played[side])) for side in played}
        return played_for_certain | _worth(profile.row_usd, profile.column_usd)
    return played | _worth(profile.row_usd, profile.column_usd)


def _worth(row_usd: float, column_usd: float) -> dict[str, float]:
    return {"row_usd": float(f"{row_usd:.6g}"), "column_usd": float(f"{column_usd:.6g}")}


def _commitment(outcome: Outcome, found: Commitment) -> dict[str, Any]:
    numbers = {key: float(f"{value:.6g}") for key, value in asdict(found).items()
               if isinstance(value, float) and math.isfinite(value)}  # fmt: skip
    return {
        "leader": outcome.players[found.leader], "option": found.option, "answer": found.answer,
        **numbers, "hangs_on_a_tie": found.tied,
        "ties": "broken by the follower for the leader; weak_usd: against it",
    }  # fmt: skip
