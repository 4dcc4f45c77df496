"""Shapley values: hand-made games, the axioms, drawn orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.analysis import shapley
from tradesim.errors import ModelError

PLAYERS = 4
values = st.lists(
    st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1 << PLAYERS, max_size=1 << PLAYERS
)


def game(numbers: list[float]) -> dict[int, shapley.Floats]:
    return {mask: np.array(value) for mask, value in enumerate(numbers)}


def every_order(players: int) -> shapley.Orders:
    return np.array(list(permutations(range(players))), np.int64)


def test_an_additive_game_gives_everybody_its_own() -> None:
    own = [3.0, -1.0, 0.5]
    found = shapley.exact(
        {m: np.array(7.0 + sum(v for i, v in enumerate(own) if m >> i & 1)) for m in range(8)}, 3
    )
    assert found == pytest.approx(own)


def test_the_glove_game() -> None:
    """Player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1: 2/3, 1/6, 1/6."""
    found = shapley.exact({m: np.array(float(m & 1 and m >> 1 > 0)) for m in range(8)}, 3)
    assert found == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_two_that_work_only_together_share_and_two_of_which_one_will_do_share() -> None:
    both = shapley.exact(game([0.0, 0.0, 0.0, 10.0]), 2)
    either = shapley.exact(game([0.0, 10.0, 10.0, 10.0]), 2)
    assert both.tolist() == either.tolist() == [5.0, 5.0]


def test_entries_of_an_array_are_games_of_their_own() -> None:
    numbers = np.arange(8.0) ** 2
    pair = {m: np.array([numbers[m], -3.0 * numbers[m]]) for m in range(8)}
    found = shapley.exact(pair, 3)
    assert found.shape == (3, 2)
    assert found[:, 0] == pytest.approx(shapley.exact(game(numbers.tolist()), 3))
    assert found[:, 1] == pytest.approx(-3.0 * found[:, 0])


@given(values)
def test_efficiency(numbers: list[float]) -> None:
    """Contributions sum to the change, for all subsets and for every single order."""
    found = shapley.exact(game(numbers), PLAYERS)
    change, size = numbers[-1] - numbers[0], max(1.0, *map(abs, numbers))
    assert abs(found.sum() - change) <= 1e-9 * size
    drawn = shapley.marginals(game(numbers), shapley.orders(PLAYERS, 5, 3))
    assert np.abs(drawn.sum(axis=1) - change).max() <= 1e-9 * size


@given(values)
def test_the_mean_over_every_order_is_the_exact_value(numbers: list[float]) -> None:
    """The definition by orders of entry and the one by subsets agree."""
    drawn = shapley.marginals(game(numbers), every_order(PLAYERS)).mean(axis=0)
    size = max(1.0, *map(abs, numbers))
    assert np.abs(drawn - shapley.exact(game(numbers), PLAYERS)).max() <= 1e-9 * size


@given(values)
def test_symmetric_players_get_the_same_and_a_null_player_nothing(numbers: list[float]) -> None:
    """Players 0 and 1 count alike, player 3 does not count."""
    alike = game([numbers[(m & 3).bit_count() + (m & 4)] for m in range(1 << PLAYERS)])
    found = shapley.exact(alike, PLAYERS)
    size = max(1.0, *map(abs, numbers))
    assert abs(found[0] - found[1]) <= 1e-9 * size
    assert found[3] == 0.0


def test_drawn_orders_come_out_again_and_their_error_covers_the_truth() -> None:
    """Six players, values by size squared with one of double weight; 64 orders, four errors."""
    weights = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    made = {m: np.array(sum(w for i, w in enumerate(weights) if m >> i & 1) ** 2)
            for m in range(64)}  # fmt: skip
    drawn = shapley.orders(6, 64, 0)
    assert np.array_equal(drawn, shapley.orders(6, 64, 0))
    assert not np.array_equal(drawn, shapley.orders(6, 64, 1))
    found = shapley.marginals(made, drawn)
    error = shapley.standard_error(found)
    truth = shapley.exact(made, 6)
    assert (error > 0.0).all()
    assert (np.abs(found.mean(axis=0) - truth) < 4.0 * error).all()
    assert error.max() < 0.1 * truth.max()


def test_one_order_has_no_error_and_a_missing_subset_is_named() -> None:
    found = shapley.marginals(game([0.0, 1.0, 2.0, 3.0]), shapley.orders(2, 1, 0))
    assert np.isnan(shapley.standard_error(found)).all()
    with pytest.raises(ModelError, match="subset 10"):
        shapley.exact({m: np.array(0.0) for m in (0, 1, 3)}, 2)
