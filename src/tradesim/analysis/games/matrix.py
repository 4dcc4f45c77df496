"""A two-player game in normal form: best responses, dominance, equilibria, who gains by leading.

Payoffs are arrays [row options, column options] in USD. Everything but the mixed equilibria, which
come from pygambit (:mod:`tradesim.analysis.games.gambit`), is read off the matrix. Definitions:
Fudenberg and Tirole 1991, *Game Theory*, ch. 1; commitment to a pure option: von Stackelberg 1934
in the strong and weak forms of Leitmann 1978 (J. Optim. Theory Appl. 26(4)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tradesim.errors import InputError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Side = Literal["row", "column"]

SIDES: tuple[Side, Side] = ("row", "column")
#: Payoffs are read in this many steps of a player's range: closer ones are ties.
STEPS = 1_000_000_000
#: A range below this share of the payoffs themselves is rounding: all the same.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Game:
    """Options of both players and what each gets, USD [row options, column options].

    Raises :class:`InputError` when shapes do not fit, a payoff is not finite or an option is
    named twice.
    """

    row_options: tuple[str, ...]
    column_options: tuple[str, ...]
    row_usd: Floats
    column_usd: Floats

    def __post_init__(self) -> None:
        shape = (len(self.row_options), len(self.column_options))
        for side, values in zip(SIDES, (self.row_usd, self.column_usd), strict=True):
            if values.shape != shape or 0 in shape or not np.isfinite(values).all():
                raise InputError(
                    f"payoffs of the {side} player: shape {values.shape}, "
                    f"{int((~np.isfinite(values)).sum())} of them not finite",
                    where="normal-form game",
                    allowed=f"finite payoffs, {shape[0]} by {shape[1]}",
                    remedy="give every cell a payoff for both players",
                )
        for options in (self.row_options, self.column_options):
            if len(set(options)) < len(options):
                raise InputError(
                    "an option stands twice", where="normal-form game",
                    allowed="options of different names", remedy="take one of them out",
                )  # fmt: skip

    def options(self, side: Side) -> tuple[str, ...]:
        """Names of what ``side`` can do."""
        return self.row_options if side == "row" else self.column_options

    def own(self, side: Side) -> Floats:
        """Payoffs of ``side`` with its own options down [own, other's], USD."""
        return self.row_usd if side == "row" else self.column_usd.T

    def steps(self, side: Side) -> Ints:
        """The same in whole steps from the worst (0) to the best (:data:`STEPS`) [own, other's].

        Best responses and equilibria do not change when a player's payoffs are shifted and
        stretched; in whole steps ties are exact, and numbers have the size that solvers bear.
        """
        values = self.own(side)
        extent = float(values.max() - values.min())
        if extent <= ROUNDING * float(np.abs(values).max()):
            return np.zeros(values.shape, np.int64)
        share = (values - values.min()) / extent
        return np.asarray(np.rint(share * STEPS), np.int64)


def other(side: Side) -> Side:
    """The opponent of ``side``."""
    return "column" if side == "row" else "row"


def best_responses(game: Game, side: Side) -> Bools:
    """Whether an option is a best response [own options, other's options]; ties all are."""
    steps = game.steps(side)
    return np.asarray(steps == steps.max(axis=0), np.bool_)


def equilibrium_cells(game: Game) -> Bools:
    """Cells in which both play a best response [row options, column options]."""
    return best_responses(game, "row") & best_responses(game, "column").T


def pure_equilibria(game: Game) -> tuple[tuple[int, int], ...]:
    """Positions (row, column) of the Nash equilibria in pure options, in order of the matrix."""
    return tuple((int(i), int(j)) for i, j in np.argwhere(equilibrium_cells(game)))


@dataclass(frozen=True)
class Dominance:
    """``option`` of ``side`` is never better than ``by``; ``strict``: worse everywhere."""

    side: Side
    option: str
    by: str
    strict: bool


def dominated(game: Game) -> tuple[Dominance, ...]:
    """Options that another pure option dominates, strictly or weakly; one line a pair."""
    return tuple(found for side in SIDES for found in _dominated(game, side))


def _dominated(game: Game, side: Side) -> Iterator[Dominance]:
    steps, names = game.steps(side), game.options(side)
    for worse in range(len(names)):
        for better in range(len(names)):
            gap = steps[better] - steps[worse]
            if (gap >= 0).all() and (gap > 0).any():
                yield Dominance(side, names[worse], names[better], bool((gap > 0).all()))


@dataclass(frozen=True)
class Commitment:
    """What happens when ``leader`` commits to a pure option and the other answers best, USD.

    The follower breaks ties for the leader (strong form). ``weak_usd`` is the most that the leader
    can be sure of when ties are broken against it; the two differ only where the follower is
    indifferent. ``maximin_usd`` is what it can be sure of if the other did its worst.
    """

    leader: Side
    option: str
    answer: str
    leader_usd: float
    follower_usd: float
    weak_usd: float
    maximin_usd: float

    @property
    def tied(self) -> bool:
        """Whether the outcome hangs on how the follower breaks a tie."""
        return self.weak_usd < self.leader_usd


def stackelberg(game: Game, leader: Side) -> Commitment:
    """The outcome with ``leader`` first; of equally good commitments the first in order."""
    follower = other(leader)
    own, answers = game.own(leader), best_responses(game, follower).T
    for_leader = np.where(answers, own, -np.inf)
    against = np.where(answers, own, np.inf).min(axis=1)
    option = int(for_leader.max(axis=1).argmax())
    # where the leader is indifferent among answers the follower's payoff is the same: both are best
    answer = int(for_leader[option].argmax())
    return Commitment(
        leader=leader, option=game.options(leader)[option], answer=game.options(follower)[answer],
        leader_usd=float(own[option, answer]),
        follower_usd=float(game.own(follower)[answer, option]),
        weak_usd=float(against.max()), maximin_usd=float(own.min(axis=1).max()),
    )  # fmt: skip
