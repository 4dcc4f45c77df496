"""Games made by hand, whose solutions are known, and laws for games drawn at random."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.analysis.games import gambit, matrix, noise
from tradesim.analysis.games.gambit import Profile, equilibria
from tradesim.analysis.games.matrix import Floats, Game, best_responses, dominated, stackelberg
from tradesim.analysis.games.noise import Sample
from tradesim.errors import InputError, ModelError

LOW, HIGH = "low", "high"


def game(row: Any, column: Any, size: float = 1e9, level: float = 0.0) -> Game:
    """A game with payoffs in USD by the billion, as the model's are."""
    own = np.array(row, np.float64) * size + level
    others = np.array(column, np.float64) * size - 2 * level
    names = tuple(f"r{i}" for i in range(own.shape[0])), tuple(f"c{j}" for j in range(own.shape[1]))
    return Game(*names, own, others)


def assert_mixes(found: Profile, row: tuple[float, ...], column: tuple[float, ...]) -> None:
    assert found.row == pytest.approx(row)
    assert found.column == pytest.approx(column)


PRISONERS = game([[3, 0], [5, 1]], [[3, 5], [0, 1]])
CHICKEN = game([[0, -1], [1, -10]], [[0, 1], [-1, -10]])
PENNIES = game([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
SEXES = game([[2, 0], [0, 1]], [[1, 0], [0, 2]])
STAG = game([[4, 0], [3, 3]], [[4, 3], [0, 3]])
#: The leader (rows) gains by committing to the option that its rival answers with the right one;
#: moving together it plays r1, which dominates, and gets 2 (von Stengel and Zamir 2010, fig. 1).
LEADS = game([[1, 3], [2, 4]], [[0, 1], [1, 0]])


# -- hand-made games -----------------------------------------------------------------------------


def test_prisoners_dilemma_has_one_equilibrium_in_dominant_options() -> None:
    [only] = equilibria(PRISONERS)
    assert only.pure
    assert only.cell == (1, 1)
    assert (only.row_usd, only.column_usd) == (1e9, 1e9)
    assert {(d.side, d.option, d.by, d.strict) for d in dominated(PRISONERS)} == {
        ("row", "r0", "r1", True), ("column", "c0", "c1", True),
    }  # fmt: skip


def test_chicken_has_two_pure_equilibria_and_a_mixed_one() -> None:
    *pure, mixed = equilibria(CHICKEN)
    assert [profile.cell for profile in pure] == [(0, 1), (1, 0)]
    # the other swerves with p: -(1-p) = p - 10(1-p), so p = 0.9
    assert_mixes(mixed, (0.9, 0.1), (0.9, 0.1))


def test_matching_pennies_has_no_pure_equilibrium_and_is_mixed_evenly() -> None:
    assert matrix.pure_equilibria(PENNIES) == ()
    [only] = equilibria(PENNIES)
    assert_mixes(only, (0.5, 0.5), (0.5, 0.5))
    assert not only.pure
    assert only.row_usd == pytest.approx(0.0)


def test_battle_of_the_sexes_is_mixed_two_to_one() -> None:
    *pure, mixed = equilibria(SEXES)
    assert [profile.cell for profile in pure] == [(0, 0), (1, 1)]
    assert_mixes(mixed, (2 / 3, 1 / 3), (1 / 3, 2 / 3))
    assert mixed.row_usd == pytest.approx(2e9 / 3)


def test_stag_hunt_has_two_pure_equilibria_of_different_worth() -> None:
    *pure, mixed = equilibria(STAG)
    assert [(p.cell, p.row_usd) for p in pure] == [((0, 0), 4e9), ((1, 1), 3e9)]
    assert mixed.row == pytest.approx((0.75, 0.25))


def test_the_leader_gains_where_commitment_moves_the_answer() -> None:
    [together] = equilibria(LEADS)
    assert together.cell == (1, 0)
    assert together.row_usd == 2e9
    found = stackelberg(LEADS, "row")
    assert (found.option, found.answer) == ("r0", "c1")
    assert (found.leader_usd, found.follower_usd) == (3e9, 1e9)
    assert found.weak_usd == 3e9
    assert not found.tied
    follows = stackelberg(LEADS, "column")  # the other way round nothing is gained
    assert (follows.option, follows.answer, follows.leader_usd) == ("c0", "r1", 1e9)


def test_a_tie_of_the_follower_is_broken_for_the_leader_and_the_worst_is_told() -> None:
    tie = game([[5, 0], [2, 1]], [[1, 1], [0, 3]])
    found = stackelberg(tie, "row")
    assert (found.option, found.answer, found.leader_usd) == ("r0", "c0", 5e9)
    assert found.weak_usd == 1e9  # against it r0 brings 0, r1 brings 1
    assert found.tied
    assert found.maximin_usd == 1e9


def test_three_by_three_rock_paper_scissors() -> None:
    beats = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
    [only] = equilibria(game(beats, (-np.array(beats)).tolist(), level=7e9))
    assert only.row == pytest.approx((1 / 3,) * 3)
    assert only.row_usd == pytest.approx(7e9)


def test_weak_dominance_is_told_from_strict() -> None:
    found = dominated(game([[1, 1], [1, 2]], [[0, 0], [0, 0]]))
    assert [(d.side, d.option, d.by, d.strict) for d in found] == [("row", "r0", "r1", False)]


def test_games_of_any_shape_are_solved() -> None:
    wide = game([[1, 0, 2]], [[0, 3, 1]])
    assert [profile.cell for profile in equilibria(wide)] == [(0, 1)]
    flat = game(np.zeros((2, 3)), np.zeros((2, 3)))
    assert {profile.cell for profile in equilibria(flat)} == set(
        itertools.product((0, 1), range(3))
    )


# -- laws ----------------------------------------------------------------------------------------


@st.composite
def games(draw: st.DrawFn) -> Game:
    """Games up to 4 by 4 with many ties, or with none, at any level and in any unit."""
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    worth = draw(st.sampled_from([st.integers(-3, 3), st.integers(-(10**9), 10**9)]))
    cells = st.lists(worth, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    row, column = (np.array(draw(cells), np.float64).reshape(shape) for _ in (0, 1))
    level = draw(st.sampled_from([0.0, -3e10]))
    return game(row, column, size=draw(st.sampled_from([1e-3, 1.0, 1e3])), level=level)


def slack_usd(posed: Game) -> float:
    """What rounding may cost: a few steps of the range, and the last digits of the payoffs."""
    both = np.array([posed.row_usd, posed.column_usd])
    extent = max(float(np.ptp(values)) for values in both)
    return 3 * extent * max(gambit.TOLERANCE, 1 / matrix.STEPS) + 2e-12 * float(np.abs(both).max())


def by_hand(posed: Game) -> set[tuple[int, int]]:
    """Pure equilibria, cell by cell and deviation by deviation."""
    rows, columns = posed.row_usd.shape
    row, column = posed.steps("row"), posed.steps("column").T
    return {
        (i, j)
        for i in range(rows) for j in range(columns)
        if all(row[i, j] >= row[k, j] for k in range(rows))
        and all(column[i, j] >= column[i, k] for k in range(columns))
    }  # fmt: skip


@settings(max_examples=40)
@given(games())
def test_every_pure_equilibrium_found_by_hand_is_reported(posed: Game) -> None:
    found = equilibria(posed)
    assert found
    assert {profile.cell for profile in found if profile.pure} == by_hand(posed)


@settings(max_examples=40)
@given(games())
def test_nobody_gains_by_leaving_an_equilibrium(posed: Game) -> None:
    for profile in equilibria(posed):
        row, column = np.array(profile.row), np.array(profile.column)
        assert row.sum() == pytest.approx(1.0)
        for worth, own, expected in (
            (posed.row_usd @ column, row, profile.row_usd),
            (posed.column_usd.T @ row, column, profile.column_usd),
        ):
            slack = slack_usd(posed)
            assert float(own @ worth) == pytest.approx(expected, abs=slack)
            assert float(worth.max()) - expected <= slack


@settings(max_examples=40)
@given(games())
def test_leading_pays_at_least_what_the_best_pure_equilibrium_pays(posed: Game) -> None:
    """With ties broken for the leader (von Stengel and Zamir 2010), and no less than maximin."""
    for side in matrix.SIDES:
        found, slack = stackelberg(posed, side), slack_usd(posed)
        pure = [posed.own(side)[cell if side == "row" else cell[::-1]] for cell in by_hand(posed)]
        assert found.leader_usd >= max(pure, default=-np.inf) - slack
        assert found.weak_usd <= found.leader_usd
        assert found.weak_usd >= found.maximin_usd - slack


@given(games(), st.sampled_from([0.5, 1.0, 64.0]), st.integers(-(10**6), 10**6))
def test_shifting_and_stretching_payoffs_changes_no_best_response(
    posed: Game, stretch: float, shift: int
) -> None:
    whole = np.rint(posed.row_usd % 1000)  # small whole numbers: nothing is rounded
    plain, moved = (
        Game(posed.row_options, posed.column_options, values, posed.column_usd)
        for values in (whole, whole * stretch + shift)
    )
    assert (best_responses(moved, "row") == best_responses(plain, "row")).all()
    assert (moved.steps("row") == plain.steps("row")).all()


# -- what is refused -----------------------------------------------------------------------------


def test_without_pygambit_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygambit", None)
    with pytest.raises(InputError) as caught:
        equilibria(PRISONERS)
    assert "games" in caught.value.where
    assert caught.value.remedy == 'pip install "tradesim[games]"'


class _Silent:
    """A pygambit that finds nothing, as the real one did for dollars by the billion."""

    class StrategicGame:
        @staticmethod
        def from_arrays(*_: object) -> None:
            return None

    class nash:  # noqa: N801 (its name in pygambit)
        @staticmethod
        def enummixed_solve(_: object, rational: bool) -> object:
            return type("Result", (), {"equilibria": []})


def test_an_answer_that_is_none_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gambit, "solver", lambda: _Silent)
    with pytest.raises(ModelError, match="0 equilibria, 1 pure ones are missing"):
        equilibria(PRISONERS)


def test_a_game_with_a_hole_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        game([[1, np.nan]], [[0, 0]])
    with pytest.raises(InputError, match="twice"):
        Game(("a", "a"), ("b",), np.zeros((2, 1)), np.zeros((2, 1)))


# -- noise ---------------------------------------------------------------------------------------


def sample(
    means: Game, spread_own: float, spread_common: float, seeds: int = 40, draw: int = 3
) -> Sample:
    """Payoffs of seeds about the means: noise of each cell, and noise that all cells share."""
    draws = np.random.default_rng(draw)

    def drawn(mean: Floats) -> Floats:
        own = draws.normal(size=(*mean.shape, seeds)) * spread_own
        return np.asarray(mean[..., None] + own + draws.normal(size=seeds) * spread_common)

    return Sample(means.row_options, means.column_options, drawn(means.row_usd),
                  drawn(means.column_usd))  # fmt: skip


def test_an_interval_of_a_mean_is_students() -> None:
    values = np.array([[1.0, 2.0, 3.0, 4.0]])
    low, high = noise.interval(values)
    half = 3.182446305 * values.std(ddof=1) / 2.0  # t of 0.975 with three degrees of freedom
    assert (low[0], high[0]) == (pytest.approx(2.5 - half), pytest.approx(2.5 + half))
    assert np.isnan(noise.interval(np.array([[1.0]]))[0]).all()


def test_noise_that_all_cells_share_leaves_contrasts_clear() -> None:
    """Payoffs scatter by fifty times their differences, yet pairs of the same seed tell them."""
    for found in noise.contrasts(sample(PRISONERS, spread_own=1e7, spread_common=5e10)):
        assert found.clear
        assert found.best in {"r1", "c1"}
        assert found.mean_usd < 0


def test_where_nothing_differs_few_contrasts_look_clear() -> None:
    """Each side has four alike options; the best of them by chance beats few of the others."""
    flat = game(np.zeros((4, 4)), np.zeros((4, 4)))
    clear = [
        c.clear for draw in range(20) for c in noise.contrasts(sample(flat, 1e9, 1e9, 30, draw))
    ]
    assert 0.0 < np.mean(clear) < 0.15


def test_an_equilibrium_survives_little_noise_and_not_much() -> None:
    firm = noise.survival(sample(PRISONERS, 1e7, 5e10), 200)
    assert firm.cells[1, 1] == firm.same == 1.0
    loose = noise.survival(sample(PRISONERS, 3e10, 0.0), 200)
    assert loose.same < 0.9
    assert loose.cells.max() < 1.0
    none = noise.survival(sample(PENNIES, 1e7, 0.0), 200)
    assert none.none == none.same == 1.0


def test_resampling_does_not_depend_on_the_moment() -> None:
    drawn = sample(CHICKEN, 6e9, 0.0)
    once, again = noise.survival(drawn, 100), noise.survival(drawn, 100)
    assert (once.cells == again.cells).all()
    assert 0 < once.cells[0, 1] < 1 or 0 < once.cells[1, 0] < 1
