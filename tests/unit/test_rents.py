"""Quotas, export taxes and port fees: what they write into the terms, to the digit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tradesim import axes, policies
from tradesim.errors import InputError
from tradesim.market import permits
from tradesim.model import TradeModel
from tradesim.policies import Calendar, Policy
from tradesim.policies.port_fee import Voyage, fee_usd_per_kg
from tradesim.terms import Allowance, Terms, TonnageLimit
from tradesim.world import World, build_world
from worlds import scenario

START = dt.date(2025, 1, 6)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(scenario(), 0)


def policy(cls: str, **change: Any) -> Policy:
    """A Chinese policy in force from the start, with some fields changed."""
    page = {
        "_target_": f"tradesim.policies.{cls}", "title": "t", "imposed_by": "CHN",
        "announced": "2025-01-06", "effective": "2025-01-06", "sources": ["test"],
    }  # fmt: skip
    return policies.load_one("p", {**page, **change})


def written(world: World, given: Policy, date: dt.date = START) -> Terms:
    """The terms with one policy in force on a date."""
    terms = Terms.free(world)
    now = Calendar(date, (date - START).days / 7.0, START, given.status(date))
    given.write(terms, world, now)
    return terms


# -- port fees -----------------------------------------------------------------------------------


def test_the_fee_of_a_kilogram() -> None:
    """Sixty thousand net tons at USD 50, 5 of 8 calls charged, a fifth liable, 40,000 t."""
    voyage = Voyage(50.0, 60_000.0, 8.0, 5.0, 0.2, 40_000.0)
    assert voyage.charge_usd == 3_000_000.0
    assert fee_usd_per_kg(voyage) == pytest.approx(3e6 * 5 / 8 * 0.2 / 40e6, rel=1e-12)


def test_few_calls_are_all_charged() -> None:
    """A ship that calls thrice a year pays thrice, not five times."""
    seldom, five = (Voyage(50.0, 6e4, calls, 5.0, 1.0, 4e4) for calls in (3.0, 5.0))
    assert fee_usd_per_kg(seldom) == fee_usd_per_kg(five) == pytest.approx(0.075)


def test_fees_follow_their_steps_and_spare_neighbours(world: World) -> None:
    """Nothing before the first step; both directions by sea; none to overland neighbours."""
    fee = policy(
        "PortFee", liable_share=0.5, overland=["VNM"], usd_per_currency=0.14,
        schedule=[{"starts": "2025-02-03", "per_net_ton": 400},
                  {"starts": "2026-04-17", "per_net_ton": 640}],
    )  # fmt: skip
    assert written(world, fee).fees_usd_per_kg == {}
    paid = written(world, fee, dt.date(2025, 3, 3)).fees_usd_per_kg["CHN"]
    lanes = world.lanes
    china, vietnam = (axes.ECONOMY_INDEX[code] for code in ("CHN", "VNM"))
    at_sea = (lanes.origin == china) ^ (lanes.destination == china)
    land = (lanes.origin == vietnam) | (lanes.destination == vietnam)
    expected = 400 * 0.14 * 50_000 * 5 / 7 * 0.5 / 50e6
    np.testing.assert_allclose(paid[at_sea & ~land], expected, rtol=1e-12)
    assert not paid[~at_sea | land].any()
    later = written(world, fee, dt.date(2026, 5, 4)).fees_usd_per_kg["CHN"]
    assert later.max() == pytest.approx(1.6 * expected)


# -- export tax ----------------------------------------------------------------------------------


def test_the_most_literal_pattern_wins(world: World) -> None:
    """`oxide_Dy` before `oxide_*` before `*`; strength scales the rate."""
    tax = policy("ExportTax", strength=0.5, rates={"*": 0.1, "oxide_*": 0.15, "oxide_Dy": 0.25})
    found = written(world, tax).export_tax
    lanes, china = world.lanes, axes.ECONOMY_INDEX["CHN"]
    out = (lanes.origin == china) & (lanes.destination != china)
    for good, rate in (("oxide_Dy", 0.25), ("oxide_La", 0.15), ("magnet_NdFeB", 0.1)):
        rows = lanes.good == axes.GOOD_INDEX[good]
        assert set(found[rows & out]) == {0.5 * rate}
        assert not found[rows & ~out].any()


# -- quota ---------------------------------------------------------------------------------------

QUOTA = {"covers": {"goods": ["oxide_*", "metal_*"]}, "t_per_half_year": 10_000}


def test_a_quota_counts_oxide(world: World) -> None:
    """A tonne of oxide counts one, a tonne of NdPr metal more; plain tonnes count one each."""
    lanes = world.lanes
    out = lanes.origin == axes.ECONOMY_INDEX["CHN"]
    out &= lanes.destination != axes.ECONOMY_INDEX["CHN"]
    metal, oxide = (
        out & (lanes.good == axes.GOOD_INDEX[name]) for name in ("metal_NdPr", "oxide_La")
    )
    counted = written(world, policy("ExportQuota", **QUOTA)).limits["p"].weight
    np.testing.assert_allclose(counted[oxide], 1.0)
    vector = world.good_vector[axes.GOOD_INDEX["metal_NdPr"]].sum()
    np.testing.assert_allclose(counted[metal], vector, rtol=1e-9)
    gross = written(world, policy("ExportQuota", **QUOTA, counted="gross")).limits["p"].weight
    assert set(gross[metal | oxide]) == {1.0}


def test_tranches_follow_the_calendar(world: World) -> None:
    """A begun half-year counts for the days left; dated tranches end where the next one starts."""
    half = policy("ExportQuota", **QUOTA, strength=0.5)
    first = written(world, half).limits["p"].allowance
    assert first is not None
    assert first.t == pytest.approx(20_000 * 176 / 181)
    assert first.ends_week == pytest.approx((dt.date(2025, 7, 1) - START).days / 7)
    steps = [{"starts": "2025-02-01", "t": 100}, {"starts": "2025-03-01", "t": 50}]
    dated = policy("ExportQuota", covers={"goods": ["oxide_*"]}, tranches=steps)
    assert not written(world, dated).limits
    found = [
        written(world, dated, date).limits["p"].allowance
        for date in (dt.date(2025, 2, 10), dt.date(2025, 4, 7), dt.date(2026, 4, 6))
    ]
    assert [period.t for period in found if period] == [100, 50, 50]
    assert len({period.starts_week for period in found if period}) == 3


@pytest.mark.parametrize("pace", [1.0, 3.0])
@pytest.mark.parametrize("dt_weeks", [0.25, 1.0])
def test_an_allowance_does_not_depend_on_the_step(pace: float, dt_weeks: float) -> None:
    """Drawn on in full, half-way `1 - 0.5^pace` of it is gone, and at the end all of it."""
    limit = TonnageLimit(np.ones(1), 10.0, "exporter", "CHN", Allowance(260.0, 0.0, 26.0, pace))
    used, path = 0.0, {}
    for step in range(int(26 / dt_weeks)):
        used += permits.allowed(limit, used, step * dt_weeks, dt_weeks)
        path[(step + 1) * dt_weeks] = used
    assert path[13.0] == pytest.approx(260 * (1 - 0.5**pace), rel=1e-9)
    assert used == pytest.approx(260.0, rel=1e-12)


def test_the_permit_price_rests_where_demand_meets_the_limit() -> None:
    """It rises above the rate, falls below it, stays on it, and is never negative."""
    assert permits.permit_price(2.0, 110.0, 100.0, 10.0, 0.1) > 2.0
    assert 0.0 < permits.permit_price(2.0, 90.0, 100.0, 10.0, 0.1) < 2.0
    assert permits.permit_price(2.0, 100.0, 100.0, 10.0, 0.1) == pytest.approx(2.0)
    assert permits.permit_price(0.0, 50.0, 100.0, 10.0, 0.1) == 0.0


def limited(**changes: Any) -> TradeModel:
    """The base year under a quota of 14,000 t of oxide a half-year, two thirds of its trade."""
    page = {
        "_target_": "tradesim.policies.ExportQuota", "title": "q", "imposed_by": "CHN",
        "announced": START, "effective": START, "sources": ["test"],
        "covers": {"goods": ["oxide_*", "metal_*"]}, "t_per_half_year": 14_000,
    }  # fmt: skip
    return TradeModel(scenario(policies={"q": page}, **changes), 0)


def test_a_quota_is_never_exceeded_and_settles() -> None:
    """Tranche by tranche no more leaves than is allowed; after two years the price is calm."""
    model = limited(weeks=208)
    went: dict[float, float] = {}
    price = []
    for _ in range(208):
        model.step()
        limit = model.terms.limits["q"]
        assert limit.allowance is not None
        # the law is about what leaves with a permit; smuggled lots go past the quota
        by_link = model.state.shipped * limit.weight[model.world.links.lane]
        counted = float(by_link.sum())
        key = limit.allowance.starts_week
        went[key] = went.get(key, 0.0) + counted
        assert went[key] <= limit.allowance.t * (1 + 1e-9)
        price.append(model.state.permits["q"])
    model.close()
    used = np.array(list(went.values()))[2:-1] / 14_000
    assert used.min() > 0.93, "a scarce quota is used"
    late = np.array(price[104:])
    assert late.std() < 0.25 * late.mean()
    assert np.abs(np.diff(late)).max() < 0.1 * late.mean(), "no swing from week to week"


@pytest.mark.parametrize("behaviour", [{"permit_weeks": 16.0}, {"step_weeks": 0.5}])
def test_the_permit_price_depends_little_on_how_it_is_found(behaviour: dict[str, float]) -> None:
    """Its mean in the second year is within 5% for another speed or step length."""
    means = []
    for change in ({}, behaviour):
        step = change.get("step_weeks", 1.0)
        market = {key: value for key, value in change.items() if key != "step_weeks"}
        model = limited(weeks=104, step_weeks=step, market=market)
        path = []
        for _ in range(int(104 / step)):
            model.step()
            path.append(model.state.permits["q"])
        means.append(float(np.mean(path[len(path) // 2 :])))
        model.close()
    assert means[0] > 0.5
    assert means[1] == pytest.approx(means[0], rel=0.05)


@pytest.mark.parametrize(
    ("cls", "change", "needle"),
    [
        ("ExportQuota", {}, "t_per_half_year"),
        ("ExportQuota", {"t_per_half_year": 1, "tranches": [{"starts": START, "t": 1}]}, "either"),
        ("ExportQuota", {"t_per_half_year": -5}, "t_per_half_year"),
        ("ExportQuota", {"t_per_half_year": 5, "holder": "navy"}, "treasury"),
        ("ExportQuota", {"tranches": [{"starts": "2025-07-01", "t": 1},
                                      {"starts": "2025-01-01", "t": 1}]}, "start after"),
        ("ExportTax", {"rates": {}}, "at least one"),
        ("ExportTax", {"rates": {"oxide_Dx": 0.1}}, "oxide_Dy"),
        ("ExportTax", {"rates": {"oxide_Dy": -0.1}}, "0 to 10"),
        ("PortFee", {"liable_share": 0.1, "schedule": []}, "at least one"),
        ("PortFee", {"liable_share": 1.1, "schedule": [{"starts": START, "per_net_ton": 1}]},
         "liable_share"),
        ("PortFee", {"liable_share": 0.1, "overland": ["Narnia"],
                     "schedule": [{"starts": START, "per_net_ton": 1}]}, "Narnia"),
    ],
)  # fmt: skip
def test_bad_pages_are_refused(cls: str, change: dict[str, Any], needle: str) -> None:
    """Nothing or too much said, wrong order, unknown names, numbers out of range."""
    with pytest.raises((ValidationError, InputError)) as caught:
        policy(cls, **change)
    assert needle in str(caught.value)
