"""The equilibrium on two regions with answers known in closed form, and what it refuses."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tradesim import axes, benchmark, config, policies
from tradesim.analysis.equilibrium import dates, nodes, problem, solve
from tradesim.errors import InputError
from tradesim.market.plan import demand_response
from tradesim.model import world_of
from tradesim.public_terms import Guarantee
from tradesim.terms import Allowance, TonnageLimit
from tradesim.world.types import N_GOODS

LU = axes.GOOD_INDEX["oxide_Lu"]
HOME, ABROAD = (axes.ECONOMY_INDEX[code] * N_GOODS + LU for code in ("CHN", "JPN"))
COST, FREIGHT = 10.0, 2.0
ELASTICITY, CHOKE = 0.25, 20.0
INT = np.int64


def response(ratio: float) -> float:
    """Demand over base demand."""
    return float(demand_response(np.array([ratio]), ELASTICITY, np.array([CHOKE]))[0])


def two_regions(capacity: float = 1000.0, **changes: Any) -> problem.Problem:
    """One maker at home at constant cost; 100 t of demand at home and 50 t abroad.

    Base prices 10 and 12 USD/kg: the gap is the freight.
    """
    none = nodes.Recipes(np.zeros(0, INT), np.zeros(0, INT), np.zeros(0))
    posed = problem.Problem(
        cells=nodes.Cells(np.zeros(1, INT), np.zeros(1, INT), np.zeros(1, INT), ("mine",),
                          ("maker",), np.array([150.0]), np.zeros(1, np.bool_)),
        supply=nodes.Nodes(np.array([HOME]), np.array([-1]), np.array([-1]), np.zeros(0, INT)),
        demand=nodes.Nodes(np.array([HOME, ABROAD]), np.zeros(2, INT), np.full(2, -1),
                           np.zeros(0, INT)),
        inputs=none,
        outputs=nodes.Recipes(np.zeros(1, INT), np.zeros(1, INT), np.ones(1)),
        arcs=nodes.Arcs(np.zeros(2, INT), np.arange(2), np.arange(2), np.array([100.0, 50.0]),
                        np.zeros(0, INT)),
        joint=nodes.Joint(np.zeros(0, INT), np.zeros(0, INT), np.zeros(0), np.zeros(2)),
        price_supply0=np.array([COST]), price_demand0=np.array([COST, COST + FREIGHT]),
        capacity_t=np.array([capacity]), unit_cost=np.array([COST]),
        factor=np.ones(2), specific=np.array([0.0, FREIGHT]), cap_t=np.full(2, np.inf),
        floor=np.array([-np.inf]),
        final=problem.Demand(np.arange(2), np.array([100.0, 50.0]), np.full(2, ELASTICITY),
                             np.full(2, CHOKE)),
        purchases=problem.Purchases(np.zeros(0, INT), *(np.zeros(0) for _ in range(3))),
        limits=(), ceilings=(), guarantee=None, guaranteed=none, guaranteed_node=np.zeros(0, INT),
    )  # fmt: skip
    return replace(posed, **changes)


def solved(posed: problem.Problem) -> Any:
    """Solved as the textbook has it: goods of one kind are alike."""
    return solve.solve(posed, sharpness=solve.SHARPNESS_RANGE[1])


def test_with_capacity_to_spare_the_price_is_cost_and_freight() -> None:
    found = solved(two_regions())
    assert found.price_demand == pytest.approx([COST, COST + FREIGHT], rel=1e-3)
    assert found.consumption_t == pytest.approx([100.0, 50.0], rel=1e-3)
    assert found.capacity_rent[0] == pytest.approx(0.0, abs=1e-6)


def test_where_capacity_binds_the_rent_clears_both_markets() -> None:
    """Prices differ by the freight, and what both buy together is the capacity."""
    capacity = 130.0

    def excess(price: float) -> float:
        return (100.0 * response(price / COST)
                + 50.0 * response((price + FREIGHT) / (COST + FREIGHT)) - capacity)  # fmt: skip

    price = brentq(excess, COST, 10 * COST)
    found = solved(two_regions(capacity))
    assert found.price_demand == pytest.approx([price, price + FREIGHT], rel=2e-3)
    assert found.consumption_t.sum() == pytest.approx(capacity, rel=1e-6)
    assert found.capacity_rent[0] == pytest.approx(price - COST, rel=5e-3)


def test_a_quota_is_a_specific_rent_and_leaves_home_alone() -> None:
    limit = problem.Limit("quota", np.array([0.0, 1.0]), 40.0)
    price = brentq(lambda p: 50.0 * response(p / (COST + FREIGHT)) - 40.0, 12.0, 200.0)
    found = solved(two_regions(limits=(limit,)))
    assert found.price_demand == pytest.approx([COST, price], rel=2e-3)
    assert found.permit_usd_per_kg["quota"] == pytest.approx(price - COST - FREIGHT, rel=5e-3)


def test_a_cap_on_the_lane_has_the_same_price_as_a_quota() -> None:
    price = brentq(lambda p: 50.0 * response(p / (COST + FREIGHT)) - 40.0, 12.0, 200.0)
    found = solved(two_regions(cap_t=np.array([np.inf, 40.0])))
    assert found.price_demand == pytest.approx([COST, price], rel=2e-3)


def test_a_duty_is_passed_on_in_full_where_supply_is_elastic() -> None:
    """And on the price at the border, freight included."""
    taxed = two_regions(factor=np.array([1.0, 1.25]), specific=np.array([0.0, 1.25 * FREIGHT]))
    found = solved(taxed)
    assert found.price_demand == pytest.approx([COST, 1.25 * (COST + FREIGHT)], rel=1e-3)
    assert found.consumption_t[1] == pytest.approx(50.0 * response(1.25), rel=2e-3)


def test_a_duty_is_shared_where_supply_is_fixed() -> None:
    """The maker at his limit bears a part: the price at home falls."""
    capacity, duty = 130.0, 1.5

    def excess(price: float) -> float:
        landed = duty * (price + FREIGHT)
        return (100.0 * response(price / COST) + 50.0 * response(landed / (COST + FREIGHT))
                - capacity)  # fmt: skip

    price = brentq(excess, 1.0, 10 * COST)
    free = solved(two_regions(capacity))
    taxed = solved(two_regions(capacity, factor=np.array([1.0, duty]),
                               specific=np.array([0.0, duty * FREIGHT])))  # fmt: skip
    assert taxed.price_demand == pytest.approx([price, duty * (price + FREIGHT)], rel=3e-3)
    assert price < free.price_demand[0] - 0.1


def test_surplus_leaves_at_the_floor() -> None:
    """A maker whose sales at the floor cover his cost is held by his capacity alone."""
    found = solved(two_regions(200.0, floor=np.array([COST]), unit_cost=np.array([COST - 1.0])))
    assert found.price_demand[0] == pytest.approx(COST, rel=1e-3)
    assert found.spare_t[0] == pytest.approx(200.0 - found.consumption_t.sum(), abs=0.1)


def test_public_money_buys_what_it_is_worth_up_to_the_ceiling() -> None:
    """120,000 USD a year at 12 USD/kg are 10 t; with a ceiling below the price there is no sale."""
    at = np.array([1])
    for ceiling, tonnes in ((3.0, 10.0), (0.9, 0.0)):
        bought = problem.Purchases(at, np.array([np.inf]), np.array([120e3]), np.array([ceiling]))
        found = solved(two_regions(purchases=bought))
        assert found.purchase_t[0] == pytest.approx(tonnes, rel=5e-3, abs=1e-6)


def test_a_guaranteed_price_works_as_a_subsidy() -> None:
    """A floor 2 USD above the price with full cover lets a full plant's rent rise by 2."""
    guarantee = Guarantee(np.array([0.0]), np.ones(1), np.zeros(1), np.zeros(1, INT))
    capacity = 130.0
    free = solved(two_regions(capacity))
    floor = np.array([free.price_supply[0] + 2.0])
    held = two_regions(
        capacity, guarantee=replace(guarantee, floor_usd_per_kg=floor),
        guaranteed=nodes.Recipes(np.zeros(1, INT), np.zeros(1, INT), np.ones(1)),
        guaranteed_node=np.zeros(1, INT),
    )  # fmt: skip
    found = solved(held)
    assert found.price_supply[0] == pytest.approx(free.price_supply[0], rel=2e-3)
    assert found.capacity_rent[0] == pytest.approx(free.capacity_rent[0] + 2.0, abs=0.05)


def test_suppliers_of_equal_cost_keep_their_shares_and_a_dearer_one_loses() -> None:
    """Two lanes to one market: shares 100 to 50 at equal cost; at 5% more the second is left."""
    market = nodes.Nodes(np.array([HOME]), np.zeros(1, INT), np.full(1, -1), np.zeros(0, INT))
    lanes = nodes.Arcs(np.zeros(2, INT), np.zeros(2, INT), np.arange(2), np.array([100.0, 50.0]),
                       np.zeros(0, INT))  # fmt: skip
    final = problem.Demand(np.zeros(1, INT), np.array([120.0]), np.full(1, ELASTICITY),
                           np.full(1, CHOKE))  # fmt: skip
    both: dict[str, Any] = {
        "demand": market, "arcs": lanes, "price_demand0": np.array([COST]), "final": final,
    }  # fmt: skip
    equal = solved(two_regions(specific=np.zeros(2), **both))
    assert equal.flow_t == pytest.approx([80.0, 40.0], rel=0.02)
    dearer = solved(two_regions(specific=np.array([0.0, 0.05 * COST]), **both))
    assert dearer.flow_t[1] < 0.05 * 50.0


def test_a_half_years_allowance_comes_twice_a_year() -> None:
    period = Allowance(100.0, 0.0, 184 / 7.0)
    limit = TonnageLimit(np.ones(1), 100.0 * 7 / 184, "exporter", "CHN", period)
    assert problem.tonnes_a_year(limit) == pytest.approx(200.0)
    plain = TonnageLimit(np.ones(1), 10.0, "exporter", "CHN")
    assert problem.tonnes_a_year(plain) == pytest.approx(3652.5 / 7)


def scenario(name: str, *words: str) -> Any:
    """A scenario of the library."""
    return config.load([f"scenario={name}", "compare=none", *words]).scenario


def test_terms_are_those_of_the_date() -> None:
    """Before the licences of April 2025 nothing binds; a year later they do."""
    april = scenario("april_2025", "weeks=60")
    loaded = policies.load(april.policies)
    world = world_of(april, 0)
    before = dates.terms_on(loaded, world, april, dt.date(2025, 2, 1))
    after = dates.terms_on(loaded, world, april, dt.date(2026, 1, 5))
    assert not any(rule.rule.binding.any() for rule in before.licences.values())
    assert any(rule.rule.binding.any() for rule in after.licences.values())
    posed = problem.build_problem(world, after, april, 52.0)
    assert np.isfinite(posed.cap_t).any()
    assert any("licences" in words for words in dates.without_lasting_effect(after))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["on=yesterday"], "is no date"),
        (["on=2024-12-31"], "outside the run"),
        (["on=2040-01-01"], "outside the run"),
        (["sharpness=0"], "1 to 5000"),
        (["sharpness=blunt"], "1 to 5000"),
        (["against=history"], "simulation or none"),
        (["week=3"], "did you mean 'weeks'"),
    ],
)
def test_nonsense_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(InputError) as refusal:
        benchmark.read(["scenario=baseline", *words])
    assert said in str(refusal.value)


def test_a_rule_on_provenance_is_refused_by_name() -> None:
    """Whether a lot needs the licence depends on its content, which no price tells."""
    with pytest.raises(InputError, match="reexport_condition_2026"):
        benchmark.equilibrium("october_2025_as_happened", against="none")


def test_the_python_face_gives_tables(tmp_path: Any) -> None:
    """Keys and units of the schema; nothing is written unless a folder is named."""
    found = benchmark.equilibrium("baseline", against="none", on="2025-06-02", weeks=30)
    markets = found.markets.to_pandas()
    assert found.folder is None
    assert not list(tmp_path.iterdir())
    assert set(markets["date"].astype(str)) == {"2025-06-02"}
    motors = markets[(markets["economy"] == "CHN") & (markets["good"] == "component_motor")]
    assert float(motors["price_ask_usd_per_kg"].iloc[0]) == pytest.approx(230.0, rel=1e-3)
    assert found.flows.schema.field("shipped_t").metadata[b"unit"] == b"t"
