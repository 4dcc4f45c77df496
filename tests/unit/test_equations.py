"""The equations of the market at limits and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.market import invest, leak, license, order, plan, price, produce, source, state
from tradesim.parameters import MarketParameters
from tradesim.world import network

positive = st.floats(0.01, 100.0)


def test_gain_is_exact_in_a_cascade() -> None:
    """A steady flow through a first-order stage leaves flow x lag in it, at any step."""
    for dt in (0.25, 1.0, 2.0):
        stock, inflow, lag = 0.0, 3.0 * dt, 7.0
        for _ in range(4000):
            stock += inflow
            stock -= state.gain(lag, dt) * stock
        assert stock == pytest.approx(3.0 * lag, rel=1e-9)


@given(st.floats(1.0, 50.0), st.floats(1.5, 60.0), st.floats(0.05, 1.0))
def test_demand_falls_with_price_and_ends_at_the_choke(
    ratio: float, choke: float, elasticity: float
) -> None:
    """One at base, falling, zero from the choke price on."""
    one = np.ones(1)
    assert plan.demand_response(one, elasticity, one * choke)[0] == pytest.approx(1.0)
    here = plan.demand_response(one * ratio, elasticity, one * choke)[0]
    above = plan.demand_response(one * ratio * 1.1, elasticity, one * choke)[0]
    assert 0.0 <= above <= here <= 1.0
    assert plan.demand_response(one * choke, elasticity, one * choke)[0] == pytest.approx(0.0)


def test_demand_slope_at_base_is_the_elasticity() -> None:
    """The taper does not bend the slope at base."""
    up = plan.demand_response(np.array([1.0001]), 0.3, np.array([10.0]))[0]
    assert (up - 1.0) / 1e-4 == pytest.approx(-0.3, rel=1e-2)


def test_a_co_producer_follows_what_earns_the_money() -> None:
    """Doubled demand for 10% of the value adds 10% of activity; a pile takes its own share."""
    base, value = np.array([1.0, 1.0]), np.array([9.0, 1.0])
    firm, none = np.zeros(2, np.int64), np.zeros(2)
    more = plan.joint_activity(np.array([1.0, 2.0]), none, base, value, firm, 1)[0]
    assert more == pytest.approx(1.1)
    piled = plan.joint_activity(base, np.array([0.0, -50.0]), base, value, firm, 1)[0]
    assert piled == pytest.approx(0.9)


@given(positive, st.floats(-50, 50), st.floats(-50, 50))
def test_orders_replace_use_and_are_never_negative(use: float, gap: float, line: float) -> None:
    """In balance orders equal use."""
    rate = order.order_rate(np.array([use]), np.array([gap]), np.array([line]), 9.0)[0]
    assert rate >= 0.0
    assert order.order_rate(np.array([use]), np.zeros(1), np.zeros(1), 9.0)[0] == use


def test_risk_rises_faster_than_it_falls() -> None:
    """Four weeks up, twelve down."""
    up = order.perceived_risk(np.zeros(1), np.ones(1), 4.0, 12.0, 1.0)[0]
    down = order.perceived_risk(np.ones(1), np.zeros(1), 4.0, 12.0, 1.0)[0]
    assert up == pytest.approx(0.2)
    assert 1.0 - down == pytest.approx(1.0 / 13.0)


@given(st.floats(0.001, 5.0), st.floats(0.2, 5.0), st.floats(0.5, 3.0), st.floats(3.5, 200.0))
def test_ask_is_bounded_by_the_choke_price(
    cover: float, expected: float, cost: float, choke: float
) -> None:
    """Below the choke whatever the shortage, above the floor whatever the glut."""
    one = np.ones(1)
    ratio = price.ask_ratio(one * cover, one * expected, one * cost, one * choke, 2.0)[0]
    assert price.FLOOR <= ratio < choke


def test_ask_at_base_and_falling_in_cover() -> None:
    """One at target cover; less cover, higher ask; a duty passes through in full."""
    one, choke = np.ones(1), np.full(1, 20.0)
    assert price.ask_ratio(one, one, one, choke, 2.0)[0] == 1.0
    asks = [price.ask_ratio(one * c, one, one, choke, 2.0)[0] for c in (0.9, 0.5, 0.1)]
    assert asks == sorted(asks)
    assert price.ask_ratio(one, one, one * 1.25, choke, 2.0)[0] == pytest.approx(1.25)


def test_a_price_answers_its_stock_as_a_step_can_bear() -> None:
    """Ten weeks of stock bear any sensitivity, one week bears what moves 1.2 of it."""
    weeks = np.array([10.0, 1.0, np.inf])
    found = price.bearable_sensitivity(2.8, weeks, elasticity=4.0, own=0.25, dt=1.0)
    assert found.tolist() == pytest.approx([2.8, 1.2, 2.8])
    quarter = price.bearable_sensitivity(2.8, weeks, elasticity=4.0, own=0.25, dt=0.25)
    assert quarter.tolist() == pytest.approx([2.8, 2.8, 2.8])
    free = price.bearable_sensitivity(2.8, weeks, elasticity=0.0, own=0.25, dt=1.0)
    assert free.tolist() == [2.8, 2.8, 2.8]


def test_expected_price_settles_at_a_power_of_the_ratio() -> None:
    """A lasting ratio r is believed as r ** weight, not without bound."""
    expected = np.ones(1)
    for _ in range(3000):
        expected = price.expectation(expected, np.full(1, 3.0), 0.5, 44.0, 1.0)
    assert expected[0] == pytest.approx(3.0**0.5)


def test_pooling_respects_which_way_goods_can_go() -> None:
    """Behind a shut border a glut does not help, a shortage does not hurt."""
    log_cover = np.array([[0.0], [-1.0]])
    size = np.ones((2, 1))
    shut = np.array([[[1.0, 0.0], [1.0, 1.0]]])  # nothing goes from region 0 to region 1
    felt = price.pooled_log_cover(log_cover, size, shut, 0.5)
    np.testing.assert_allclose(felt[:, 0], [0.0, -1.0])
    open_ = np.ones((1, 2, 2))
    felt = price.pooled_log_cover(log_cover, size, open_, 0.5)
    np.testing.assert_allclose(felt[:, 0], [-0.25, -0.75])


@given(st.floats(0, 3), st.floats(0, 2), positive, positive)
def test_landed_and_fob_prices_undo_each_other(
    duty: float, specific: float, ask: float, abroad: float
) -> None:
    """On an open lane the seller gets his ask; a restricted one gives him the rent."""
    one, wedge = np.ones(1), np.full(1, 1.1)
    costs = (wedge, one * (1.0 + duty), one * specific)
    landed = source.landed_price(one * ask, one * abroad, *costs, one)
    assert source.fob_price(landed, *costs)[0] == pytest.approx(ask)
    shut = source.landed_price(one * ask, one * abroad, *costs, 0.0 * one)
    assert shut[0] == pytest.approx(max(landed[0], abroad))


def test_leontief_takes_the_scarcest_input() -> None:
    """Two firms with two inputs each."""
    supply = np.array([5.0, 2.0, 9.0, 9.0])
    activity = produce.leontief(np.array([3.0, 3.0]), supply, np.array([0, 2]), np.array([0, 1]))
    np.testing.assert_array_equal(activity, [2.0, 3.0])


def test_capacity_restarts_and_is_mothballed() -> None:
    """Towards demand up to nameplate; down only when much lies idle."""
    one = np.ones(1)
    assert invest.online_capacity(one, 3 * one, 2 * one, 10, 50, 1)[0] == pytest.approx(1 + 1 / 11)
    assert invest.online_capacity(one, 0.8 * one, 2 * one, 10, 50, 1)[0] == 1.0
    assert invest.online_capacity(one, 0.1 * one, 2 * one, 10, 50, 1)[0] < 1.0


def test_nothing_is_built_below_the_hurdle() -> None:
    """Expansion starts above the hurdle and grows with the price."""
    orders = [
        invest.expansion_orders(np.ones(1), np.full(1, e), 1.25, 0.2, 1.0)[0]
        for e in (1.0, 1.25, 2.0, 4.0)
    ]
    assert orders[0] == orders[1] == 0.0
    assert 0.0 < orders[2] < orders[3]


def test_substitution_grows_slowly_and_keeps_a_part() -> None:
    """At most 10% a year, never over the limit, and half of the peak stays."""
    params = MarketParameters()
    share = peak = np.zeros(1)
    for _ in range(52):
        share = invest.substitution_step(share, peak, np.ones(1), params, 1.0)
        peak = np.maximum(peak, share)
    assert 0.08 < share[0] < 0.101
    for _ in range(2000):
        share = invest.substitution_step(share, peak, np.zeros(1), params, 1.0)
    assert share[0] == pytest.approx(0.5 * peak[0])


def test_leaks_need_a_gap_that_pays() -> None:
    """Nothing below the cost, concave above, never over the limit; nothing for a sure loss."""
    revenue = np.array([1.0, 1.5, 2.0, 3.0, 1e6])
    shares = leak.leak_share(revenue, np.full(5, 1.5), np.full(5, 0.05))
    assert leak.leak_share(-np.ones(1), np.zeros(1), np.ones(1))[0] == 0.0
    assert shares[0] == shares[1] == 0.0
    assert (np.diff(shares[1:]) > 0).all()
    assert shares[-1] < 0.05


def test_applicants_ask_for_at_most_twice_what_they_need() -> None:
    """The expected refusal is made up for, down to a floor."""
    asked = license.applications(np.ones(3), np.array([1.0, 0.8, 0.1]))
    np.testing.assert_allclose(asked, [1.0, 1.25, 2.0])


@given(
    st.lists(st.floats(0.01, 10), min_size=1, max_size=8),
    st.lists(st.floats(0.01, 10), min_size=1, max_size=8),
)
def test_north_west_corner_meets_every_total(sell: list[float], buy: list[float]) -> None:
    """Sellers and buyers are met exactly with at most m + n - 1 links."""
    sellers, buyers = np.array(sell), np.array(buy)
    buyers *= sellers.sum() / buyers.sum()
    i, j, amount = network.northwest(sellers, buyers)
    assert len(amount) <= len(sellers) + len(buyers) - 1
    np.testing.assert_allclose(np.bincount(i, amount, len(sellers)), sellers, rtol=1e-9)
    np.testing.assert_allclose(np.bincount(j, amount, len(buyers)), buyers, rtol=1e-9)
