"""The scoring functions on cases whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tradesim.analysis.backtest import measures
from tradesim.analysis.backtest.measures import diebold_mariano


def test_crps_of_one_member_is_the_absolute_error() -> None:
    assert measures.crps(np.array([3.0]), 5.0) == 2.0


def test_crps_of_two_members_by_hand() -> None:
    """|0-1|/2 + |4-1|/2 = 2; half the mean distance of distinct members is 2: fair CRPS 0."""
    assert measures.crps(np.array([4.0, 0.0]), 1.0) == pytest.approx(0.0)
    assert measures.crps(np.array([4.0, 0.0]), 10.0) == pytest.approx(8.0 - 2.0)


def test_crps_of_a_normal_sample_meets_the_closed_form() -> None:
    """Gneiting and Raftery 2007, equation 22: sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi))."""
    sample = 10.0 + 2.0 * stats.norm.ppf((np.arange(20000) + 0.5) / 20000)
    for record in (7.0, 10.0, 13.0):
        z = (record - 10.0) / 2.0
        closed = 2.0 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - np.pi**-0.5)
        assert measures.crps(sample, record) == pytest.approx(closed, rel=1e-3)


def test_fair_crps_does_not_depend_on_the_number_of_members() -> None:
    rng = np.random.default_rng(1)
    means = [np.mean([measures.crps(rng.standard_normal(m), 0.5) for _ in range(4000)])
             for m in (3, 30)]  # fmt: skip
    assert means[0] == pytest.approx(means[1], abs=0.03)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(-1e3, 1e3))
def test_crps_equals_the_double_sum(values: list[float], record: float) -> None:
    x = np.array(values)
    m = len(x)
    slow = np.abs(x - record).mean() - np.abs(x[:, None] - x).sum() / (2 * m * (m - 1))
    assert measures.crps(x, record) == pytest.approx(slow, abs=1e-8)


def test_a_sharper_right_forecast_beats_a_wide_one_and_a_wrong_one() -> None:
    base = np.linspace(-1, 1, 41)
    sharp, wide, wrong = (measures.crps(x, 5.0) for x in (5 + base, 5 + 4 * base, 8 + base))
    assert sharp < wide < wrong


def test_log_error_is_symmetric_and_undefined_at_zero() -> None:
    assert measures.log_error(2.0, 1.0) == pytest.approx(math.log(2.0))
    assert measures.log_error(0.5, 1.0) == pytest.approx(math.log(2.0))
    assert math.isnan(measures.log_error(1.0, 0.0))
    assert math.isnan(measures.log_error(0.0, 1.0))


def test_coverage_counts_the_ends() -> None:
    sample = np.arange(11.0)
    assert measures.interval(sample) == (1.0, 9.0)
    assert measures.covered(sample, 1.0)
    assert measures.covered(sample, 9.0)
    assert not measures.covered(sample, 9.5)


def test_signs_of_change_leave_out_periods_without_change() -> None:
    told, seen = np.array([1.0, 2.0, 1.0, 5.0]), np.array([1.0, 3.0, 3.0, 2.0])
    assert measures.sign_agreement(told, seen) == (1, 2)


def test_turning_points_are_found_and_matched_within_a_period() -> None:
    seen = np.array([5.0, 1.0, 4.0, 6.0, 2.0, 3.0])
    assert measures.turning_points(seen) == [(1, "trough"), (3, "peak"), (4, "trough")]
    late = np.array([5.0, 4.0, 1.0, 3.0, 6.0, 7.0])
    assert measures.matched_turns(late, seen) == (1, 3, 1)
    assert measures.matched_turns(seen, seen) == (3, 3, 3)
    assert measures.matched_turns(-seen, seen, slack=0) == (0, 3, 3)


def test_rank_correlations_of_a_kept_a_reversed_and_a_missing_order() -> None:
    up = np.array([1.0, 2.0, 3.0, 4.0])
    assert measures.rank_correlations(up**3, up) == pytest.approx((1.0, 1.0))
    assert measures.rank_correlations(-up, up) == pytest.approx((-1.0, -1.0))
    assert all(math.isnan(v) for v in measures.rank_correlations(up[:2], up[:2]))
    assert all(math.isnan(v) for v in measures.rank_correlations(np.ones(4), up))


def test_diebold_mariano_needs_eight_periods() -> None:
    assert diebold_mariano(np.ones(7), np.zeros(7)) is None


def test_diebold_mariano_at_one_step_is_a_t_test_of_the_differences() -> None:
    """With h = 1 the HLN factor is sqrt((n - 1) / n): exactly the paired t-test."""
    rng = np.random.default_rng(3)
    a, b = rng.random(12), rng.random(12) + 0.3
    told = diebold_mariano(a, b)
    paired = stats.ttest_rel(a, b)
    assert told is not None
    assert (told.statistic, told.p_value) == pytest.approx((paired.statistic, paired.pvalue))
    assert told.difference < 0.0


def test_diebold_mariano_with_lags_by_hand() -> None:
    """d = 2,0 in turn: mean 1, gamma0 = 1, gamma1 = -7/8; Bartlett weight 1/2 at h = 2."""
    d = np.array([2.0, 0.0] * 4)
    told = diebold_mariano(d, np.zeros(8), horizon=2)
    variance = 1.0 + 2.0 * 0.5 * (-7.0 / 8.0)
    factor = math.sqrt((8 + 1 - 4 + 2 * 1 / 8) / 8)
    assert told is not None
    assert told.statistic == pytest.approx(factor * 1.0 / math.sqrt(variance / 8))


def test_equal_losses_are_no_difference() -> None:
    told = diebold_mariano(np.ones(9), np.ones(9))
    assert told is not None
    assert (told.difference, told.p_value) == (0.0, 1.0)


def test_diebold_mariano_rejects_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    told = [diebold_mariano(rng.random(17), rng.random(17)) for _ in range(800)]
    rejected = np.mean([t is not None and t.p_value < 0.1 for t in told])
    assert rejected == pytest.approx(0.1, abs=0.035)
