"""Nash equilibria, mixed ones included, through pygambit.

Payoffs are handed over in whole steps of a player's range: dollars by the billion made its
enumeration return nothing at all (17.0.0b2). What comes back is checked here: every profile must
be an equilibrium, every pure one must be there, and there is at least one (Nash 1950).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from tradesim.analysis.games.matrix import STEPS, Floats, Game, Side, pure_equilibria
from tradesim.errors import InputError, ModelError

#: Probabilities below this are none: an option that is not played.
LEAST = 1e-9
#: A deviation may gain at most this share of a player's range of payoffs.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Profile:
    """A Nash equilibrium: probability of every option, and both expected payoffs in USD."""

    row: tuple[float, ...]
    column: tuple[float, ...]
    row_usd: float
    column_usd: float

    @property
    def pure(self) -> bool:
        """Whether both play one option for certain."""
        return max(self.row) > 1 - LEAST and max(self.column) > 1 - LEAST

    @property
    def cell(self) -> tuple[int, int]:
        """Position of the likeliest options; of a pure equilibrium, its cell."""
        return int(np.argmax(self.row)), int(np.argmax(self.column))


def solver() -> Any:
    """The package pygambit; raises :class:`InputError` with the remedy where it is not."""
    try:
        return import_module("pygambit")
    except ImportError as error:
        raise InputError(
            "equilibria need pygambit, which is not installed",
            where="extra 'games'",
            allowed="an installation with the extra",
            remedy='pip install "tradesim[games]"',
        ) from error


def equilibria(game: Game) -> tuple[Profile, ...]:
    """All Nash equilibria by enumeration, pure ones first, in order of the matrix.

    Where ties make a whole segment of equilibria, its end points stand for it. Raises
    :class:`InputError` without pygambit and :class:`ModelError` for an answer that is none.
    """
    gambit = solver()
    posed = gambit.StrategicGame.from_arrays(_plain(game, "row"), _plain(game, "column").T)
    solved = gambit.nash.enummixed_solve(posed, rational=True).equilibria
    found = {_profile(game, answer): None for answer in solved}
    _check(game, tuple(found))
    return tuple(sorted(found, key=lambda profile: (not profile.pure, profile.cell)))


def _plain(game: Game, side: Side) -> Any:
    """Steps of a side as Python integers, which pygambit takes for exact."""
    return game.steps(side).astype(object)


def _profile(game: Game, answer: Any) -> Profile:
    mixes = [
        np.array([float(answer[player][str(k + 1)]) for k in range(len(options))])
        for player, options in (("1", game.row_options), ("2", game.column_options))
    ]
    row, column = (np.where(mix < LEAST, 0.0, mix) for mix in mixes)
    row, column = row / row.sum(), column / column.sum()
    return Profile(
        tuple(row.tolist()), tuple(column.tolist()),
        float(row @ game.row_usd @ column), float(row @ game.column_usd @ column),
    )  # fmt: skip


def regret(game: Game, side: Side, own: Floats, others: Floats) -> float:
    """Most that ``side`` could gain by another option, as a share of its range of payoffs.

    ``own`` and ``others`` are probabilities [options].
    """
    worth = game.steps(side) @ others / STEPS
    return float(worth.max() - own @ worth)


def _check(game: Game, found: tuple[Profile, ...]) -> None:
    cells = {profile.cell for profile in found if profile.pure}
    missing = [cell for cell in pure_equilibria(game) if cell not in cells]
    worst = max(
        (
            max(regret(game, "row", np.array(p.row), np.array(p.column)),
                regret(game, "column", np.array(p.column), np.array(p.row)))
            for p in found
        ),
        default=0.0,
    )  # fmt: skip
    if not found or missing or worst > TOLERANCE:
        raise ModelError(
            f"pygambit gave {len(found)} equilibria, {len(missing)} pure ones are missing, the "
            f"largest regret is {worst:.2g} of the range",
            where="normal-form game",
            allowed=f"all pure equilibria, at least one, regret at most {TOLERANCE:g}",
            remedy="install another version of pygambit; tradesim doctor names the one declared",
        )
