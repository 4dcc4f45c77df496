"""Smuggling, transshipment, ceilings and alignment: what holds whatever the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tradesim import axes
from tradesim.market import ceiling, leak, routes
from tradesim.model import TradeModel, simulate
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import Terms, TonnageLimit
from tradesim.world import World, build_world
from tradesim.world.types import sum_by
from worlds import content_at_hand, scenario

CHINA, USA = axes.ECONOMY_INDEX["CHN"], axes.ECONOMY_INDEX["USA"]
CONTROLLED = ["oxide_*", "metal_*", "target_RE", "magnet_*"]


def page(cls: str, **fields: Any) -> dict[str, Any]:
    """A policy page in force from the second week."""
    return {
        "_target_": f"tradesim.policies.{cls}", "title": cls, "imposed_by": "CHN",
        "announced": "2025-01-13", "effective": "2025-01-13", "sources": ["test"], **fields,
    }  # fmt: skip


def refusal(**covers: Any) -> dict[str, Any]:
    """Nobody gets a licence for what is covered."""
    return page(
        "ExportLicensing", covers={"goods": CONTROLLED, **covers}, approval={"civilian": 0.0},
        delay_weeks=4, stages=2,
    )  # fmt: skip


def enforcement(detection: float, penalty: float = 1.0, **fields: Any) -> dict[str, Any]:
    """China searches everything that leaves it."""
    covers = {"goods": CONTROLLED}
    return page("Enforcement", covers=covers, detection=detection, penalty=penalty, **fields)


@pytest.fixture(scope="module")
def world() -> World:
    """The base year."""
    return build_world(scenario(), 0)


def moved(policies: dict[str, Any], weeks: int = 26) -> tuple[float, float, float]:
    """Tonnes that came past a control, were seized, and were handled by hubs, in a run."""
    model = TradeModel(scenario(weeks=weeks, policies=policies), 0)
    came = taken = hubs = 0.0
    for _ in range(weeks):
        model.step()
        state = model.state
        if state.rerouted is not None and state.seized is not None:
            came += float(state.rerouted.sum())
            taken += float(state.seized.sum())
        hubs += float(state.activity[model.world.is_trader].sum())
    model.close()
    return came, taken, hubs


def test_shares_answer_to_gain_risk_and_fine(world: World) -> None:
    """Nothing without a gap; more with the gap, less with detection and fine, none if sure."""
    terms = Terms.free(world)
    terms.add_cap((world.lanes.origin == CHINA) & (world.lanes.destination == USA), 0.0)
    found = routes.open_routes(world, MarketParameters(), terms)
    assert found is not None
    assert len(found.hubs) > 0
    home = np.ones(len(found.lanes))

    def shares(gap: float, detection: float = 0.0, penalty: float = 0.0) -> np.ndarray[Any, Any]:
        terms_now = Terms.free(world)
        terms_now.add_cap((world.lanes.origin == CHINA) & (world.lanes.destination == USA), 0.0)
        if detection:
            terms_now.watch(world.lane_abroad, detection, penalty)
        ways = routes.open_routes(world, MarketParameters(), terms_now)
        assert ways is not None
        cost = home[:, None] * (1.0 + ways.markup)
        return leak.leak_share(leak.expected_revenue(gap * home, ways), cost, ways.limit)

    assert not shares(1.0).any()
    by_gap = np.array([shares(g).sum() for g in (1.2, 2.0, 4.0, 8.0, 16.0)])
    assert (np.diff(by_gap) > 0).all()
    assert (np.diff(by_gap[1:], 2) < 0).all(), "equal factors of the gap add less and less"
    by_risk = [shares(8.0, d).sum() for d in (0.0, 0.1, 0.3, 0.6)]
    by_fine = [shares(8.0, 0.1, p).sum() for p in (0.0, 0.5, 2.0, 5.0)]
    assert (np.diff(by_risk) < 0).all()
    assert (np.diff(by_fine) < 0).all()
    assert not shares(1e6, 1.0).any()


def test_no_control_no_route_and_no_gap_no_leak(world: World) -> None:
    """Without controls nothing is opened; under one, only lanes whose gap pays see any leak."""
    assert routes.open_routes(world, MarketParameters(), Terms.free(world)) is None
    model = TradeModel(scenario(policies={"stop": refusal()}), 0)
    least = 1.0 + min(model.params.leak_risk_premium, model.params.hub_margin)
    idle = leaked = 0
    for _ in range(16):
        ask, state = model.state.ask, model.state
        gap = ask[model.world.lane_destination] / (ask[model.world.lane_origin] * model.world.wedge)
        model.step()
        if state.rerouted is None:
            continue
        came = sum_by(model.world.links.lane, state.rerouted, len(model.world.lanes)) > 0
        assert (gap[came] > least).all()
        leaked += int(came.sum())
        idle += int((gap[state.routes.lanes] <= least).sum()) if state.routes else 0
    assert leaked > 0
    assert idle > 0
    model.close()


@pytest.mark.parametrize("lever", ["licence", "cap", "limit", "hold"])
def test_every_control_has_ways_round(world: World, lever: str) -> None:
    """Licences, bans, quotas and detention open the routes of the lanes they bind, no others."""
    terms, lanes = Terms.free(world), world.lanes
    some = (lanes.origin == CHINA) & (lanes.destination == USA)
    some &= lanes.good == axes.GOOD_INDEX["magnet_NdFeB"]
    if lever == "licence":
        terms.licence("CHN").require(
            some, approval=np.zeros(len(lanes)), delay_weeks=np.ones(len(lanes)), stages=1,
            validity_weeks=26, opens_week=np.zeros(len(lanes)),
        )  # fmt: skip
    elif lever == "cap":
        terms.add_cap(some, 0.0)
    elif lever == "limit":
        terms.limits["quota"] = TonnageLimit(some.astype(float), 0.1, "exporter", "CHN")
    else:
        terms.add_hold(some, 0.9, 6.0)
    found = routes.open_routes(world, MarketParameters(), terms)
    assert found is not None
    np.testing.assert_array_equal(np.sort(found.lanes), np.flatnonzero(some))
    assert (found.limit[:, 1:] > 0).any(), "hubs are better treated than the target"


def test_everything_balances_with_seizures() -> None:
    """Elements, Chinese content, goods and money, with detours, fines and lots found."""
    policies = {
        "stop": refusal(destinations=["USA", "EU27"]),
        "motors": refusal(goods=["component_motor"], destinations=["USA", "EU27", "JPN", "KOR"]),
        "watch": page("Enforcement", covers={}, detection=0.15, penalty=0.3),
    }
    model = TradeModel(scenario(weeks=60, noise=0.05, policies=policies), 1)
    before, chinese_before = content_at_hand(model)
    throughput = model.world.slots.base_t.sum()
    capacity = model.world.firms.capacity_t / WEEKS_PER_YEAR
    seized = detoured = mixed = 0.0
    for _ in range(60):
        model.step()
        state, world = model.state, model.world
        now, chinese = content_at_hand(model)
        gained = state.sourced.elements - state.lost.elements - state.consumed.elements
        assert np.abs(now - before - gained).max() < 1e-9 * throughput
        gained_chinese = state.sourced.chinese - state.lost.chinese - state.consumed.chinese
        assert abs(chinese - chinese_before - gained_chinese) < 1e-9 * throughput
        money = state.money_usd.sum() + state.treasury_usd.sum() + state.carriers_usd
        assert abs(money) < 1e-9 * np.abs(state.money_usd).sum()
        under_way = state.shipping.goods.under_way()[:, 0]
        np.testing.assert_allclose(state.shipping.total_t, under_way, atol=1e-8)
        hubs = world.is_trader
        assert (state.activity[hubs] <= capacity[hubs] * (1 + 1e-12)).all()
        assert state.stock.min() > -1e-9
        detoured += float(state.activity[hubs].sum())
        if state.seized is not None:
            seized += float(state.seized.sum())
            goods = world.slots.good[world.links.seller]
            mixed += float(state.seized[goods == axes.GOOD_INDEX["component_motor"]].sum())
    assert seized > 1.0
    assert detoured > 1.0
    assert mixed > 0.0, "the test must see seized components, whose content is tracked"
    model.close()


def test_enforcement_shrinks_what_comes_past() -> None:
    """Less arrives with every step of detection; strength scales it; certain detection stops it."""
    stop = {"stop": refusal(destinations=["USA"])}
    came = [moved({**stop, "watch": enforcement(d)})[0] for d in (0.0, 0.1, 0.3)]
    assert came[0] > came[1] > came[2] > 0.0
    half = moved({**stop, "watch": enforcement(0.2, 2.0, strength=0.5)})
    same = moved({**stop, "watch": enforcement(0.1, 1.0)})
    assert half == same
    assert moved({**stop, "watch": enforcement(1.0)}) == (0.0, 0.0, 0.0)


def test_hubs_matter_only_where_they_are_better_treated() -> None:
    """A control towards one country goes round by hubs, one towards all does not."""
    assert moved({"stop": refusal(destinations=["USA"])})[2] > 0.0
    assert moved({"stop": refusal()})[2] == 0.0


@pytest.mark.parametrize("share", [0.5, 0.6, 0.8])
def test_a_ceiling_holds_exactly_on_orders(share: float) -> None:
    """From the first week: China's share of a bloc's orders is the ceiling, need stays whole."""
    policy = page(
        "DiversificationCeiling", imposed_by="EU27", share=share, reached="2025-01-13",
        members=["EU27", "JPN"], covers={"goods": ["magnet_NdFeB", "oxide_*"]},
    )  # fmt: skip
    model = TradeModel(scenario(weeks=12, policies={"ceiling": policy}), 0)
    world = model.world
    good = axes.GOOD_INDEX["magnet_NdFeB"]
    binding = 0
    for week in range(12):
        model.step()
        lane = world.links.lane
        into = world.lanes.good == good
        into &= world.lanes.destination == axes.ECONOMY_INDEX["EU27"]
        ordered = sum_by(lane, model.state.ordered, len(world.lanes))
        total, chinese = ordered[into].sum(), ordered[into & (world.lanes.origin == CHINA)].sum()
        if week > 0:
            assert chinese <= share * total * (1 + 1e-9)
            binding += bool(chinese > share * total * (1 - 1e-9))
        buyers = sum_by(world.links.buyer, model.state.ordered, world.slots.inputs)
        np.testing.assert_allclose(buyers, model.state.orders, rtol=1e-9, atol=1e-12)
    assert binding > 0
    model.close()


def test_a_ceiling_cannot_bind_those_who_know_nobody_else(world: World) -> None:
    """Buyers without another supplier keep their orders."""
    terms = Terms.free(world)
    terms.add_ceiling((world.lanes.origin == CHINA) & world.lane_abroad, 0.5)
    found = ceiling.open_ceilings(world, terms)
    assert found is not None
    ordered = world.links.base_t.copy()
    np.testing.assert_array_equal(ceiling.hold(world, found, ordered, 0.0 * ordered), ordered)


@pytest.mark.parametrize(
    "policy",
    [
        page("Preference", factor=1.0),
        page("Alignment", imposed_by="MYS", stance="united_states", favour=1.0),
        page("Alignment", imposed_by="MYS", stance="hedge"),
        enforcement(0.5),
    ],
    ids=["preference of one", "alignment of none", "hedge", "enforcement of nothing"],
)
def test_what_changes_nothing_changes_no_bit(policy: dict[str, Any]) -> None:
    """A factor of one, or a search where nothing is controlled."""
    with_it = simulate(scenario(weeks=12, noise=0.03, policies={"p": policy}), 0)
    without = simulate(scenario(weeks=12, noise=0.03), 0)
    for name in without:
        if name != "events":
            assert with_it[name].to_pandas().equals(without[name].to_pandas()), name


def exports_to(policy: dict[str, Any], origin: str, destinations: list[str]) -> float:
    """Oxide and metal that an economy shipped to some others in half a year, t."""
    flows = simulate(scenario(weeks=26, policies={"p": policy}), 0)["flows"].to_pandas()
    rows = (flows["origin"] == origin) & flows["destination"].isin(destinations)
    rows &= flows["good"].str.startswith(("oxide_", "metal_"))
    return float(flows[rows]["shipped_t"].sum())


def test_alignment_has_a_dose() -> None:
    """The stronger the favour, the more goes to America and its allies; China's stance reverses."""
    west = ["USA", "EU27", "JPN", "KOR", "AUS", "CAN", "GBR", "TWN"]

    def align(stance: str, favour: float) -> dict[str, Any]:
        return page("Alignment", imposed_by="MYS", stance=stance, favour=favour)

    sold = [exports_to(align("united_states", f), "MYS", west) for f in (1.0, 2.0, 5.0)]
    assert sold[0] < sold[1] < sold[2]
    assert exports_to(align("china", 5.0), "MYS", west) < sold[0]


def test_an_aligned_processor_gets_less_from_the_other_side() -> None:
    """What China withholds does not come: at most the rest of the base flow."""
    policy = page("Alignment", imposed_by="VNM", stance="united_states", withheld=0.5)
    model = TradeModel(scenario(weeks=8, policies={"p": policy}), 0)
    lanes = model.world.lanes
    some = (lanes.origin == CHINA) & (lanes.destination == axes.ECONOMY_INDEX["VNM"])
    assert some.any()
    for _ in range(8):
        model.step()
    shipped = sum_by(model.world.links.lane, model.state.shipped, len(lanes))
    assert (shipped[some] <= 0.5 * lanes.base_t[some] * (1 + 1e-9)).all()
    assert shipped[some].sum() > 0.3 * lanes.base_t[some].sum()
    assert model.state.shipped.min() >= 0
    model.close()
