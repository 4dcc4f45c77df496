"""Shapley values: what each player of a cooperative game adds, on average over all orders of entry.

A game is a value for every subset of players. A subset is a bit mask: bit ``i`` stands for player
``i``. Values may be arrays (seeds, metrics, ...): each entry is a game of its own, and units stay.
Source: Shapley 1953, "A Value for n-Person Games", Contributions to the Theory of Games II; sampled
orders: Castro, Gomez and Tejada 2009, Computers & Operations Research 36(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import comb

import numpy as np
import numpy.typing as npt

from tradesim.errors import ModelError

Floats = npt.NDArray[np.float64]
Orders = npt.NDArray[np.int64]
#: Values by subset; every array has the same shape and unit.
Game = Mapping[int, Floats]


def exact(game: Game, players: int) -> Floats:
    """Shapley values [players, ...] from the values of all ``2**players`` subsets, unit theirs.

    Player i gets the sum over subsets S without it of (v(S + i) - v(S)) / (n C(n - 1, |S|)), so
    that the values sum to v(all) - v(none). Raises :class:`ModelError` when a subset is missing.
    """
    subsets = range(1 << players)
    missing = [mask for mask in subsets if mask not in game]
    if missing:
        raise ModelError(
            f"the game has no value for subset {missing[0]:b}",
            allowed=f"all {len(subsets)} subsets of {players} players",
        )
    values = np.zeros((players, *np.shape(game[0])))
    for mask in subsets[:-1]:
        weight = 1.0 / (players * comb(players - 1, mask.bit_count()))
        for i in range(players):
            if not mask >> i & 1:
                values[i] += weight * (game[mask | 1 << i] - game[mask])
    return values


def orders(players: int, count: int, seed: int) -> Orders:
    """``count`` orders of entry [orders, players], drawn independently; the same for a seed."""
    generator = np.random.default_rng(seed)
    return np.array([generator.permutation(players) for _ in range(count)], np.int64)


def chain(order: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """The subsets that one order (players,) passes through, from nobody to everybody."""
    masks = [0]
    for player in order.tolist():
        masks.append(masks[-1] | 1 << player)
    return tuple(masks)


def marginals(game: Game, drawn: Orders) -> Floats:
    """What each player adds in each of the orders [orders, players, ...], unit of the game.

    In every order the contributions telescope: they sum to v(all) - v(none). Their mean over orders
    is an unbiased estimate of the Shapley value. ``game`` holds the subsets of every :func:`chain`.
    """
    count, players = drawn.shape
    found = np.zeros((count, players, *np.shape(game[0])))
    for row, order in enumerate(drawn):
        for player, (before, after) in zip(order, pairwise(chain(order)), strict=True):
            found[row, player] = game[after] - game[before]
    return found


def standard_error(found: Floats) -> Floats:
    """Standard error of the mean over orders [players, ...] of ``found`` [orders, players, ...]."""
    if len(found) < 2:
        return np.full(found.shape[1:], np.nan)
    return np.asarray(found.std(axis=0, ddof=1) / np.sqrt(len(found)))
