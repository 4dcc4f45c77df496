"""The outside blocks are exact where theory is, and touch no rare-earth market."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tradesim import axes, config, outside, policies
from tradesim.errors import InputError
from tradesim.model import simulate
from tradesim.outside import duty_effect
from tradesim.parameters import OutsideParameters
from tradesim.policies import Calendar, Status
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import Terms
from tradesim.world import build_world
from worlds import scenario

rates, elasticities, incidences = st.floats(0, 3), st.floats(1, 5), st.floats(0, 0.9)
USA, CHN = axes.ECONOMY_INDEX["USA"], axes.ECONOMY_INDEX["CHN"]
PARAMS = OutsideParameters()


def test_nothing_at_no_rate() -> None:
    """No duty, no loss, no revenue, all of the trade."""
    assert duty_effect(439e9, 0.0, 2.5, 0.05) == outside.DutyEffect(1.0, 0.0, 0.0, 0.0)


@given(rates, elasticities, incidences)
def test_the_losses_are_the_triangle(rate: float, elasticity: float, incidence: float) -> None:
    """Buyers' and sellers' losses less revenue are the area between demand and supply."""
    effect = duty_effect(1.0, rate, elasticity, incidence)
    quantity = np.linspace(effect.imports_share, 1.0, 20001)
    demand = quantity ** (-1.0 / elasticity)
    supply = quantity ** (incidence / (elasticity * (1.0 - incidence)))
    triangle = np.trapezoid(demand - supply, quantity)
    assert effect.deadweight_usd == pytest.approx(triangle, rel=1e-4, abs=1e-9)
    assert effect.deadweight_usd >= -1e-12
    assert min(effect.buyers_usd, effect.sellers_usd, effect.revenue_usd) >= 0.0


def test_unit_elasticity_and_no_incidence_by_hand() -> None:
    """At elasticity 1 buyers lose the price's logarithm; sellers nothing at full pass-through."""
    effect = duty_effect(100.0, 1.0, 1.0, 0.0)
    assert effect.buyers_usd == pytest.approx(100.0 * np.log(2.0))
    assert effect.revenue_usd == pytest.approx(50.0)
    assert effect.sellers_usd == 0.0


@given(elasticities, incidences)
def test_the_triangle_is_convex_and_its_slope_exact(elasticity: float, incidence: float) -> None:
    """Twice the duty costs more than twice, up to the rate ``1 / (s + e (1 - s))``."""
    top = 1.0 / (incidence + elasticity * (1.0 - incidence))
    rate = np.linspace(0.0, top, 30)
    loss = np.array([duty_effect(1.0, r, elasticity, incidence).deadweight_usd for r in rate])
    assert (np.diff(loss, 2) > 0).all()
    small = duty_effect(1.0, 1e-3, elasticity, incidence).deadweight_usd
    harberger = 0.5 * elasticity * (1.0 - incidence) * 1e-6
    assert small == pytest.approx(harberger, rel=2e-2, abs=1e-12)


@pytest.mark.parametrize(("elasticity", "incidence"), [(2.5, 0.05), (4.0, 0.3), (1.5, 0.0)])
def test_revenue_has_its_peak_where_theory_says(elasticity: float, incidence: float) -> None:
    """Revenue ``t (1 + t)^-a`` with ``a = s + e (1 - s)`` peaks at ``1 / (a - 1)``."""
    peak = 1.0 / (incidence + elasticity * (1.0 - incidence) - 1.0)
    best = duty_effect(1.0, peak, elasticity, incidence).revenue_usd
    for rate in (0.9 * peak, 1.1 * peak):
        assert duty_effect(1.0, rate, elasticity, incidence).revenue_usd < best


def test_a_small_duty_pays_a_large_buyer_and_no_small_one() -> None:
    """With incidence the importer gains at first (terms of trade); without he only loses."""
    assert duty_effect(1.0, 0.05, 2.5, 0.3).importer_usd < 0.0
    assert duty_effect(1.0, 0.05, 2.5, 0.0).importer_usd > 0.0


def test_symmetric_duties_on_symmetric_trade_cost_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides lose alike, each half of the two triangles; the order of pairs does not matter."""
    pairs = {("USA", "CHN"): 1e9, ("CHN", "USA"): 1e9}
    monkeypatch.setattr(outside, "trade", lambda: pairs)
    loss = outside.rest_of_trade(dict.fromkeys(pairs, 0.4), PARAMS)
    assert loss[USA] == loss[CHN] > 0.0
    triangle = duty_effect(1e9, 0.4, PARAMS.trade_elasticity, PARAMS.trade_incidence)
    assert loss.sum() == pytest.approx(2 * triangle.deadweight_usd, rel=1e-12)
    turned = dict.fromkeys(reversed(list(pairs)), 0.4)
    np.testing.assert_array_equal(loss, outside.rest_of_trade(turned, PARAMS))


def test_trade_figures_are_there_for_both_sides() -> None:
    """Both directions between the two, all partners on the axis, none with itself."""
    assert outside.trade()["USA", "CHN"] == 439e9
    assert outside.trade()["CHN", "USA"] == 143e9
    for importer, exporter in outside.trade():
        assert {importer, exporter} <= set(axes.ECONOMIES)
        assert importer != exporter


def test_chip_costs_fall_on_both_sides_and_have_a_ceiling() -> None:
    """The target loses output, the imposer profit; two of a kind take no more than all."""
    one = outside.chips({("USA", "CHN", "gpu"): 0.4}, PARAMS)
    assert one[CHN] == pytest.approx(0.4 * 20e9)
    assert one[USA] == pytest.approx(0.4 * 0.5 * 17e9)
    assert one.sum() == pytest.approx(one[CHN] + one[USA])
    full = outside.chips({("USA", "CHN", "gpu"): 1.6}, PARAMS)
    np.testing.assert_allclose(full, one / 0.4)
    back = outside.chips({("USA", "CHN", "gpu"): -0.4}, PARAMS)
    np.testing.assert_array_equal(back, -one)
    free = outside.chips({("USA", "CHN", "gpu"): 1.0}, OutsideParameters(chip_output_scale=0.0))
    assert free[CHN] == 0.0


@given(st.permutations([0.1, 0.2, 0.7, 1 / 3, 0.05, 1.25]))
def test_duties_add_in_any_order_bit_for_bit(order: list[float]) -> None:
    """On the grid sums are exact, so the order of policies never shows."""
    terms, again = (Terms.free(WORLD) for _ in range(2))
    some = WORLD.lanes.origin == CHN
    for rates_, target in ((order, terms), (sorted(order), again)):
        for rate in rates_:
            target.add_duty(some, rate)
            target.add_outside_duty("USA", "CHN", rate)
            target.control_chips("USA", "CHN", "gpu", rate)
    np.testing.assert_array_equal(terms.ad_valorem, again.ad_valorem)
    assert terms.outside_duties == again.outside_duties
    assert terms.chip_controls == again.chip_controls


WORLD = build_world(scenario(), 0)


def duty(**change: Any) -> dict[str, Any]:
    """An American duty on all other goods from China that touches no good of the model."""
    return {
        "_target_": "tradesim.policies.Tariff", "title": "duty", "imposed_by": "USA",
        "announced": "2025-01-06", "effective": "2025-01-06", "rest_of_trade_rate": 0.5,
        "covers": {"origins": ["CHN"]}, "sources": ["test"], **change,
    }  # fmt: skip


def chip(**change: Any) -> dict[str, Any]:
    """An American control of chips against China."""
    return {
        "_target_": "tradesim.policies.ChipControl", "title": "chips", "imposed_by": "USA",
        "announced": "2025-01-06", "effective": "2025-01-06", "targets": {"CHN": 1.0},
        "severity": {"gpu": 0.5, "eda": 1.0}, "sources": ["test"], **change,
    }  # fmt: skip


def states(weeks: float = 8, **pages: dict[str, Any]) -> Any:
    """Sums of the table ``states`` by economy over a short run."""
    tables = simulate(scenario(weeks=weeks, policies=pages), 0)
    return tables["states"].to_pandas().groupby("state", observed=True).sum(numeric_only=True)


def test_blocks_are_booked_and_move_no_market() -> None:
    """The ledgers hold weeks x the formulas; every other table is that of the free world."""
    with_it = simulate(scenario(weeks=8, policies={"d": duty(), "c": chip()}), 0)
    without = simulate(scenario(weeks=8), 0)
    for name in set(without) - {"events", "states"}:
        assert with_it[name].to_pandas().equals(without[name].to_pandas()), name
    found = with_it["states"].to_pandas().groupby("state", observed=True).sum(numeric_only=True)
    effect = duty_effect(439e9, 0.5, PARAMS.trade_elasticity, PARAMS.trade_incidence)
    share = 8 / WEEKS_PER_YEAR
    assert found["rest_of_trade_usd"]["USA"] == pytest.approx(share * effect.importer_usd)
    assert found["rest_of_trade_usd"]["CHN"] == pytest.approx(share * effect.sellers_usd)
    assert found["rest_of_trade_usd"].drop(["USA", "CHN"]).abs().max() == 0.0
    assert found["chips_usd"]["CHN"] == pytest.approx(share * (0.5 * 20e9 + 10e9))
    assert found["tariff_revenue_usd"].abs().max() == 0.0, "revenue stays inside the block"


def test_losses_grow_with_strength_and_vanish_without() -> None:
    """Dose and response, and bit for bit nothing at strength 0."""
    found = [
        states(weeks=3, d=duty(strength=s), c=chip(strength=s))[["rest_of_trade_usd", "chips_usd"]]
        for s in (0.0, 0.5, 1.0)
    ]
    assert found[0].abs().max().max() == 0.0
    for economy in ("USA", "CHN"):
        paths = [frame.loc[economy] for frame in found]
        assert (paths[1] > paths[0]).all()
        assert (paths[2] > paths[1]).all()


def test_a_ladder_follows_its_dates() -> None:
    """The American reciprocal duty: 84%, 125%, 10%, void."""
    page = policy("tariff_usa_reciprocal_2025")
    for date, rate in (
        ("2025-04-09", 0.84), ("2025-04-10", 1.25), ("2025-05-13", 1.25), ("2025-05-14", 0.10),
        ("2026-02-19", 0.10), ("2026-02-20", None), ("2025-04-08", None),
    ):  # fmt: skip
        day = dt.date.fromisoformat(date)
        terms = Terms.free(WORLD)
        page.write(terms, WORLD, Calendar(day, 0.0, day, page.status(day)))
        assert terms.outside_duties.get(("USA", "CHN")) == (rate and pytest.approx(rate)), date
        assert terms.ad_valorem.max() == pytest.approx(rate or 0.0), date


def policy(name: str) -> policies.Policy:
    """A page of the library as a policy."""
    tree = config.compose([f"+policy@policies.{name}={name}"])
    return policies.load_one(name, tree["policies"][name])


def test_the_two_ladders_add_up() -> None:
    """With the fentanyl duty the American stack is 145% in April and 30% after Geneva."""
    for date, stack in (("2025-04-14", 1.45), ("2025-05-19", 0.30)):
        terms, day = Terms.free(WORLD), dt.date.fromisoformat(date)
        for name in ("tariff_usa_fentanyl_2025", "tariff_usa_reciprocal_2025"):
            policy(name).write(terms, WORLD, Calendar(day, 0.0, day))
        assert terms.outside_duties["USA", "CHN"] == pytest.approx(stack)


def test_the_shelved_threat_only_threatens() -> None:
    """Announced on 10 October, shelved on 30 October, in force once the date is taken out."""
    page = policy("tariff_usa_100_threat_2025")
    days = [dt.date(2025, 10, d) for d in (9, 10, 29, 30)] + [dt.date(2025, 11, 1)]
    known = [page.status(day) for day in days]
    announced = Status.ANNOUNCED
    assert known == [Status.UNKNOWN, announced, announced, Status.SUSPENDED, Status.SUSPENDED]
    forced = page.model_copy(update={"suspended": None})
    assert forced.status(dt.date(2025, 11, 1)) is Status.EFFECTIVE


def test_changes_of_a_rate_take_effect_in_a_run() -> None:
    """A duty that rises in its third week costs more from then on, week by week."""
    page = duty(later=[{"since": "2025-01-20", "rest_of_trade_rate": 1.0}])
    tables = simulate(scenario(weeks=4, policies={"d": page}), 0, "full")
    frame = tables["states"].to_pandas()
    weekly = frame[frame["state"] == "USA"].sort_values("date")["rest_of_trade_usd"].to_numpy()
    low, high = (
        duty_effect(439e9, r, PARAMS.trade_elasticity, PARAMS.trade_incidence).importer_usd
        for r in (0.5, 1.0)
    )
    np.testing.assert_allclose(weekly, np.array([low, low, high, high]) / WEEKS_PER_YEAR)


@pytest.mark.parametrize(
    ("page", "needle"),
    [
        (duty(later=[{"since": "2025-01-06", "rate": 1}]), "order"),
        (duty(later=[{"since": "2025-02-06", "raet": 1}]), "raet"),
        (duty(rest_of_trade_rate=-1), "rest_of_trade_rate"),
        (duty(suspended="2025-01-05"), "announced"),
        (chip(targets={"CHN": 0.5}), "add up to 1"),
        (chip(targets={"Narnia": 1.0}), "Narnia"),
        (chip(severity={"gpus": 0.5}), "gpu"),
        (chip(severity={"gpu": 2}), "-1 to 1"),
        (chip(severity={}), "lithography"),
    ],
)
def test_bad_pages_are_refused(page: dict[str, Any], needle: str) -> None:
    """Steps out of order, misspelt kinds and places, shares that do not add up."""
    with pytest.raises((ValidationError, InputError)) as caught:
        policies.load_one("p", page)
    assert needle in str(caught.value)


def test_parameters_are_read_and_bounded() -> None:
    """The scenario's elasticity changes the loss; one out of range is refused."""
    base = {"weeks": 2, "policies": {"d": duty()}}
    first, second = (
        simulate(scenario(**base, outside={"trade_elasticity": e}), 0)["states"].to_pandas()
        for e in (1.5, 4.0)
    )
    assert first["rest_of_trade_usd"].sum() != second["rest_of_trade_usd"].sum()
    with pytest.raises(ValidationError, match="trade_elasticity"):
        scenario(outside={"trade_elasticity": 9})
