"""Stockpiles and price floors: null twins, doses, budgets, ceilings, releases, exact payments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tradesim import axes
from tradesim.market import public
from tradesim.model import TradeModel, simulate
from tradesim.public_terms import Guarantee
from tradesim.world import build_world
from tradesim.world.reserves import Reserve
from tradesim.world.types import N_GOODS, sum_by
from worlds import scenario

USA, EU27 = axes.ECONOMY_INDEX["USA"], axes.ECONOMY_INDEX["EU27"]
ABROAD = [i for i, code in enumerate(axes.ECONOMIES) if code != "CHN"]


#: Models of the running test; Mesa keeps every model that nobody closes.
_opened: list[TradeModel] = []


@pytest.fixture(autouse=True)
def _close_models() -> Iterator[None]:
    """Let go of the models of a test."""
    yield
    while _opened:
        _opened.pop().close()


def page(kind: str, **fields: Any) -> dict[str, Any]:
    """A page of a policy of the United States from the third week on."""
    return {
        "_target_": f"tradesim.policies.{kind}", "title": kind, "imposed_by": "USA",
        "announced": "2025-01-13", "effective": "2025-01-20", "sources": ["test"], **fields,
    }  # fmt: skip


def stockpile(**fields: Any) -> dict[str, Any]:
    """A page of a stockpile that spends its list in half a year."""
    return page("Stockpile", **{"pace_weeks": 26, **fields})


def floor(usd_per_kg: float, **fields: Any) -> dict[str, Any]:
    """A page of a floor on what MP Materials sells of Nd and Pr."""
    named = {"sellers": ["MP Materials*"], "goods": ["oxide_Nd", "oxide_Pr"]}
    prices = {"Nd": usd_per_kg, "Pr": usd_per_kg}
    return page("PriceFloor", covers=named, oxide_usd_per_kg=prices, **fields)


def after(policies: dict[str, Any], weeks: int = 40, **changes: Any) -> TradeModel:
    """The model after some weeks."""
    model = TradeModel(scenario(policies=policies, **changes), 0)
    _opened.append(model)
    for _ in range(weeks):
        model.step()
    return model


def ask(model: TradeModel, good: str, economies: list[int] = ABROAD) -> float:
    """Mean ask of a good in some economies, USD/kg."""
    table = model.state.ask.reshape(-1, N_GOODS)
    return float(table[economies, axes.GOOD_INDEX[good]].mean())


def same(one: dict[str, pa.Table], two: dict[str, pa.Table]) -> None:
    """Every table but the events is the same, bit for bit."""
    for name in two:
        if name != "events":
            assert one[name].to_pandas().equals(two[name].to_pandas()), name


@pytest.mark.parametrize("fields", [{"list_usd": {"oxide_Dy": 0.0}}, {"strength": 0.0}])
def test_a_list_of_nothing_is_no_policy(fields: dict[str, Any]) -> None:
    """Bit for bit the world without it."""
    listed = {"list_usd": {"oxide_Dy": 1e7}} if "strength" in fields else {}
    policies = {"p": stockpile(**{**listed, **fields})}
    same(
        simulate(scenario(weeks=14, noise=0.03, policies=policies), 0),
        simulate(scenario(weeks=14, noise=0.03), 0),
    )


def test_an_idle_reserve_changes_nothing() -> None:
    """A reserve whose programme starts after the run leaves every table as it was."""
    late = stockpile(
        list_usd={"oxide_Dy": 1e7, "magnet_SmCo": 1e7, "metal_Sm": 1e6}, not_from=[],
        announced="2030-01-01", effective="2030-01-01",
    )  # fmt: skip
    same(
        simulate(scenario(weeks=14, noise=0.03, growth=True, policies={"p": late}), 0),
        simulate(scenario(weeks=14, noise=0.03, growth=True), 0),
    )


def test_money_stops_at_the_budget() -> None:
    """All goods together never cost more than the budget, and nearly all of it is spent."""
    listed = {"oxide_Nd": 8e6, "oxide_Dy": 1e6}
    model = after({"p": stockpile(list_usd=listed, budget_usd=5e6, pace_weeks=10)}, 1)
    for _ in range(39):
        model.step()
        assert model.state.spent_usd[USA] <= 5e6 * (1 + 1e-12)
    assert model.state.spent_usd[USA] == pytest.approx(5e6, rel=1e-6)
    assert model.state.spent_usd.sum() == model.state.spent_usd[USA]
    assert model.state.reserve_usd.sum() == pytest.approx(5e6, rel=1e-6)


def test_tonnes_stop_at_the_target_and_lie_in_the_reserve() -> None:
    """A list by weight is bought to the tonne; stock and goods under way add up to it."""
    model = after({"p": stockpile(list_t={"oxide_Nd": 120.0, "magnet_NdFeB": 40.0})}, 52)
    held = model.world.reserve_slots
    lying = model.state.stock[held] + model.state.shipping.total_t[held]
    np.testing.assert_allclose(model.state.reserve_t, [120.0, 40.0], rtol=1e-6)
    np.testing.assert_allclose(lying, model.state.reserve_t, rtol=1e-9)


def test_nothing_is_bought_above_the_ceiling() -> None:
    """A purchase that drives the price stops at the ceiling, with money left."""
    model = after({"p": stockpile(list_usd={"oxide_Sc": 3e8}, ceiling=1.2)}, 1)
    links = model.world.public_links
    lane = model.world.links.lane[links]
    stopped = False
    for _ in range(60):
        model.step()
        state, world = model.state, model.world
        ratio = (state.landed / world.price0[world.lane_destination])[lane]
        assert (state.shipped[links][ratio > 1.2] == 0.0).all()
        stopped |= bool((ratio > 1.2).all())
    assert stopped, "the purchase must reach the ceiling"
    assert 0.0 < model.state.spent_usd[USA] < 3e8


def test_only_admitted_origins_sell_to_a_reserve() -> None:
    """Without China no Chinese maker is asked; a good that nobody else makes is not bought."""
    reserve = Reserve("p", "USA", ("oxide_Nd", "metal_Sm"), ("MYS", "USA"))
    world = build_world(scenario(), 0, reserves=(reserve,))
    sellers = world.firms.economy[world.seller_firm[world.public_links]]
    assert {axes.ECONOMIES[e] for e in sellers} == {"MYS", "USA"}
    goods = {axes.GOODS[g] for g in world.slots.good[world.reserve_slots]}
    assert goods == {"oxide_Nd"}


@pytest.mark.parametrize("good", ["oxide_Dy", "oxide_Sc", "oxide_Nd"])
def test_what_is_bought_gets_dearer_with_the_dose(good: str) -> None:
    """More money, higher ask: zero, a third and the whole of a list."""
    money = {"oxide_Dy": 6e6, "oxide_Sc": 3e6, "oxide_Nd": 1.5e8}[good]
    asks = []
    for strength in (0.0, 0.33, 1.0):
        listed = stockpile(list_usd={good: money}, strength=strength)
        asks.append(ask(after({"p": listed}, 26), good))
    assert asks[0] < asks[1] < asks[2]
    assert asks[2] > 1.005 * asks[0]


def test_a_reserve_is_not_the_markets_stock() -> None:
    """What the state holds counts in `states` and not in `markets`; nobody runs short by it."""
    listed = {"oxide_Nd": 2e7, "magnet_SmCo": 2e6}
    tables = simulate(scenario(weeks=52, policies={"p": stockpile(list_usd=listed)}), 0)
    states = tables["states"].to_pandas()
    last = states[states["date"] == states["date"].max()].set_index("state")
    assert last.loc["USA", "stockpile_t"] > 100.0
    assert last.loc["USA", "stockpile_usd"] > 1e7
    assert last["stockpile_t"].drop("USA").abs().max() == 0.0
    spent = states.groupby("state", observed=True)["public_spending_usd"].sum()
    assert spent["USA"] == pytest.approx(2.2e7, rel=1e-3)
    plants = tables["plants"].to_pandas()
    assert "reserve" not in set(plants["stage"])
    markets = tables["markets"].to_pandas()
    rows = markets[(markets["economy"] == "USA") & (markets["good"] == "oxide_Nd")]
    assert rows["stock_t"].max() < 200.0, "the reserve's tonnes must not be market stock"


def test_releases_serve_unmet_orders_of_members_at_the_ask() -> None:
    """Under an embargo a filled reserve is drawn down; members use more than without releases."""
    embargo = {
        "_target_": "tradesim.policies.ExportLicensing", "title": "none", "imposed_by": "CHN",
        "announced": "2025-07-07", "effective": "2025-07-07", "approval": {"civilian": 0.0},
        "delay_weeks": 4, "covers": {"goods": ["magnet_*"]}, "sources": ["test"],
    }  # fmt: skip
    used, held = [], []
    for above in (1.2, None):
        listed = stockpile(
            list_usd={"magnet_NdFeB": 2e7}, not_from=[], pace_weeks=12, release_above=above,
            release_per_week=0.2,
        )  # fmt: skip
        model = after({"p": listed, "embargo": embargo}, 1)
        total = 0.0
        for _ in range(59):
            model.step()
            world = model.world
            rows = world.slots.good[: world.slots.inputs] == axes.GOOD_INDEX["magnet_NdFeB"]
            rows &= world.firms.economy[world.slots.firm[: world.slots.inputs]] == USA
            total += float(model.state.use[rows].sum())
        used.append(total)
        held.append(float(model.state.stock[model.world.reserve_slots].sum()))
    assert held[0] < 0.9 * held[1]
    assert used[0] > used[1]
    assert used[0] - used[1] <= held[1] - held[0] + 1e-6


def test_members_pay_by_share() -> None:
    """Joint purchasing: what is spent is split as agreed, to the dollar."""
    shares = {"EU27": 0.5, "JPN": 0.3, "KOR": 0.2}
    joint = stockpile(
        imposed_by="EU27", list_usd={"oxide_Nd": 1e7}, members=list(shares), cost_shares=shares
    )
    spent = after({"p": joint}, 30).state.spent_usd
    for code, share in shares.items():
        np.testing.assert_allclose(spent[axes.ECONOMY_INDEX[code]], share * spent.sum())
    assert spent.sum() > 5e6


def test_two_programmes_stand_beside_each_other() -> None:
    """Each spends its own money on its own stock."""
    pages = {
        "a": stockpile(list_usd={"oxide_Nd": 4e6}),
        "b": stockpile(imposed_by="EU27", list_usd={"oxide_Nd": 6e6}),
    }
    model = after(pages, 52)
    assert model.state.spent_usd[USA] == pytest.approx(4e6, rel=1e-4)
    assert model.state.spent_usd[EU27] == pytest.approx(6e6, rel=1e-4)


# -- price floors ------------------------------------------------------------------------------


def test_the_premium_is_exact() -> None:
    """Floor less price below the floor, minus the payer's part above, on the covered share."""
    one = np.ones(4)
    deal = Guarantee(
        floor_usd_per_kg=np.array([110.0, 110.0, 110.0, 0.0]),
        share=0.5 * one,
        upside=0.3 * one,
        payer=np.zeros(4, np.int64),
    )
    price = np.array([60.0, 110.0, 150.0, 20.0])
    np.testing.assert_allclose(deal.premium(price), [25.0, 0.0, -6.0, 0.0])
    np.testing.assert_allclose(deal.realised(price), [85.0, 110.0, 144.0, 20.0])


def test_the_payer_pays_the_difference_on_every_kilogram_sold() -> None:
    """The ledger of a step is (floor - ask) times what the firm's links carried."""
    model = after({"p": floor(110.0)}, 8)
    for _ in range(4):
        asks, before = model.state.ask.copy(), model.state.spent_usd[USA]
        model.step()
        world, slots = model.world, model.world.slots
        sold = sum_by(world.links.seller, model.state.shipped, len(slots))
        expected = 0.0
        for good in ("oxide_Nd", "oxide_Pr"):
            named = np.array([n.startswith("MP Materials") for n in world.firms.name])
            rows = np.flatnonzero(named[slots.firm] & (slots.good == axes.GOOD_INDEX[good]))
            rows = rows[rows >= slots.inputs]
            expected += float((1000.0 * sold[rows] * (110.0 - asks[slots.market[rows]])).sum())
        assert expected > 0.0
        assert model.state.spent_usd[USA] - before == pytest.approx(expected, rel=1e-9)


def test_a_floor_below_the_market_pays_nothing() -> None:
    """Without a part in the upside it changes nothing at all."""
    low = after({"p": floor(20.0)}, 30)
    free = after({}, 30)
    assert low.state.spent_usd.sum() == 0.0
    np.testing.assert_array_equal(low.state.ask, free.state.ask)


def test_a_floor_above_the_market_builds_capacity_with_the_dose() -> None:
    """The guaranteed firm orders more capacity, the more of its sales are covered."""
    built, cost = [], []
    for strength in (0.0, 0.5, 1.0):
        model = after({"p": floor(110.0, strength=strength)}, 60)
        named = np.array([n.startswith("MP Materials") for n in model.world.firms.name])
        separates = model.world.firms.stage == axes.STAGE_INDEX["separation"]
        ordered = model.state.building.sum(1) + model.state.expansion
        built.append(float(ordered[named & separates].sum()))
        cost.append(float(model.state.spent_usd[USA]))
    assert built[0] < built[1] < built[2]
    assert cost[0] == 0.0 < cost[1] < cost[2]


def test_the_highest_of_two_floors_holds_in_any_order() -> None:
    """Two guarantees on one firm do not add up; which is written first does not matter."""
    pages = {"a": floor(80.0), "b": floor(110.0, imposed_by="JPN")}
    both = after(pages, 20)
    turned = after({"a": pages["b"], "b": pages["a"]}, 20)
    np.testing.assert_array_equal(both.state.spent_usd, turned.state.spent_usd)
    assert both.state.spent_usd[USA] == 0.0
    assert both.state.spent_usd[axes.ECONOMY_INDEX["JPN"]] > 0.0


# -- parts -------------------------------------------------------------------------------------


def test_a_budget_cuts_all_goods_alike() -> None:
    """The rate while money lasts, scaled together when the whole budget binds."""
    rate, left = np.array([10.0, 20.0, 5.0]), np.array([100.0, 8.0, -1.0])
    np.testing.assert_allclose(public.wanted_usd(rate, left, 100.0), [10.0, 8.0, 0.0])
    np.testing.assert_allclose(public.wanted_usd(rate, left, 9.0), [5.0, 4.0, 0.0])
    assert public.wanted_usd(rate, left, -1.0).sum() == 0.0


def test_a_release_gives_no_more_than_is_missing() -> None:
    """Pro rata when the release is short, each order in full when it is not."""
    np.testing.assert_allclose(public.pro_rata(3.0, np.array([2.0, 4.0])), [1.0, 2.0])
    np.testing.assert_allclose(public.pro_rata(30.0, np.array([2.0, 4.0])), [2.0, 4.0])
    assert public.pro_rata(3.0, np.zeros(2)).sum() == 0.0
