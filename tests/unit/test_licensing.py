"""Licences in full, bans and customs: who is reached, which rule wins, what it costs whom."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from tradesim import axes, policies
from tradesim.errors import InputError
from tradesim.market.license import cleared_to_ship
from tradesim.model import TradeModel, simulate
from tradesim.policies import Ban, Calendar, Coverage, LicenceEasing, Policy
from tradesim.terms import Terms
from tradesim.world import build_world
from tradesim.world.types import World, sum_by
from worlds import scenario

Flags = npt.NDArray[np.bool_]
NOW = Calendar(dt.date(2025, 6, 2), 21.0, dt.date(2025, 1, 6))
HEAVY = {"goods": ["magnet_NdFeB_HRE", "magnet_SmCo"]}
CHINA = axes.ECONOMY_INDEX["CHN"]


@pytest.fixture(scope="module")
def world() -> World:
    """The frozen base year."""
    return build_world(scenario(), 0)


def page(cls: str, /, **fields: Any) -> dict[str, Any]:
    """A policy of China from the third week on."""
    return {
        "_target_": f"tradesim.policies.{cls}", "title": cls, "imposed_by": "CHN",
        "announced": "2025-01-13", "effective": "2025-01-20", "sources": ["test"], **fields,
    }  # fmt: skip


def licence(**fields: Any) -> dict[str, Any]:
    """A Chinese licence on heavy magnets."""
    usual = {"covers": HEAVY, "approval": {"civilian": 0.6}, "delay_weeks": 8}
    return page("ExportLicensing", **{**usual, **fields})


def make(name: str, fields: dict[str, Any]) -> Policy:
    """A policy of a page."""
    return policies.load_one(name, fields)


def written(world: World, *pages: dict[str, Any]) -> Terms:
    """The terms after some policies, in their order."""
    terms = Terms.free(world)
    for i, fields in enumerate(pages):
        make(f"p{i}", fields).write(terms, world, NOW)
    return terms


def links(world: World, good: str = "", to: str = "", use: str = "", origin: str = "CHN") -> Flags:
    """Links out of an economy that match [links]."""
    lanes = world.lanes
    found = (lanes.origin == axes.ECONOMY_INDEX[origin]) & (lanes.destination != lanes.origin)
    if good:
        found &= lanes.good == axes.GOOD_INDEX[good]
    if to:
        found &= lanes.destination == axes.ECONOMY_INDEX[to]
    if use:
        found &= lanes.use == axes.USE_INDEX[use]
    some = np.asarray(found[world.links.lane])
    assert some.any(), (good, to, use)
    return some


def heavy(world: World) -> Flags:
    """Links with heavy magnets out of China [links]."""
    return links(world, "magnet_NdFeB_HRE") | links(world, "magnet_SmCo")


# -- which rule wins --------------------------------------------------------------------------


def test_more_specific_wins_and_of_equals_the_strictest(world: World) -> None:
    """Two narrowed fields beat one, one beats the general rule; equals give the lower approval."""
    cases = [
        {"destinations": ["EU27"], "approval": 0.9, "delay_weeks": 2},
        {"destinations": ["EU27"], "approval": 0.8, "validity_weeks": 52},
        {"destinations": ["EU27"], "goods": ["magnet_SmCo"], "approval": 0.95},
        {"end_uses": ["wind"], "destinations": ["JPN"], "exempt": True},
        {"destinations": ["JPN"], "approval": 0.1},
        {"destinations": ["KOR"], "exempt": True},
        {"destinations": ["KOR"], "delay_weeks": 30},
    ]
    for order in (cases, cases[::-1]):
        rule = written(world, licence(cases=order)).licences["CHN"].rule
        plain = links(world, "magnet_NdFeB_HRE", "EU27")
        assert rule.approval[plain] == pytest.approx(0.8)
        assert set(rule.delay_weeks[plain]) == {2.0}
        assert set(rule.validity_weeks[plain]) == {52.0}
        assert rule.approval[links(world, "magnet_SmCo", "EU27")] == pytest.approx(0.95)
        assert set(rule.delay_weeks[links(world, "magnet_SmCo", "EU27")]) == {2.0}
        japan = links(world, "magnet_NdFeB_HRE", "JPN")
        turbines = (world.lanes.use == axes.USE_INDEX["wind"])[world.links.lane]
        assert rule.approval[japan] == pytest.approx(0.1)
        assert rule.needed[japan & ~turbines].all()
        assert not rule.needed[japan & turbines].any()
        korea = links(world, "magnet_NdFeB_HRE", "KOR")
        assert rule.needed[korea].all()
        assert set(rule.delay_weeks[korea]) == {30.0}
        usa = links(world, "magnet_NdFeB_HRE", "USA", "ev_traction")
        assert set(rule.approval[usa]) == {0.6}
        assert set(rule.delay_weeks[usa]) == {8.0}


def test_cases_name_firms(world: World) -> None:
    """A case for one buyer changes that buyer's links only, and the lane's mean openness."""
    buyer = "JPN/component/ev_traction/0"
    terms = written(world, licence(cases=[{"buyers": [buyer], "approval": 0.0}]))
    rule = terms.licences["CHN"].rule
    row = world.firms.name.index(buyer)
    his = heavy(world) & (world.buyer_firm == row)
    assert his.any()
    np.testing.assert_array_equal(rule.approval[heavy(world)] == 0.0, his[heavy(world)])
    openness = terms.openness(8.0)
    lane = world.links.lane[np.flatnonzero(his)[0]]
    assert 0.0 <= openness[lane] < 0.6 / 2.0
    assert openness[world.links.lane[links(world, "magnet_NdFeB_HRE", "USA")][0]] == 0.3


def test_strictest_of_two_pages_of_one_authority(world: World) -> None:
    """Lowest approval, longest delay, shortest validity, whichever page has it."""
    one = licence(approval={"civilian": 0.9}, delay_weeks=12, validity_weeks=26)
    two = licence(approval={"civilian": 0.4}, delay_weeks=3, validity_weeks=40)
    for pair in ((one, two), (two, one)):
        rule = written(world, *pair).licences["CHN"].rule
        assert set(rule.approval[heavy(world)]) == {0.4}
        assert set(rule.delay_weeks[heavy(world)]) == {12.0}
        assert set(rule.validity_weeks[heavy(world)]) == {26.0}


def test_two_authorities_both_have_to_agree(world: World) -> None:
    """A lot under two authorities leaves with the smaller of its two balances."""
    both = [licence(covers={"goods": ["magnet_*"]}, delay_weeks=0, approval={"civilian": 1.0})]
    both[0]["capacity_t_per_week"] = 1e6
    model = TradeModel(scenario(policies={"a": both[0]}), 0)
    for _ in range(6):
        model.step()
    book = model.state.books["CHN"]
    other = type(book).open("EU27", model.world, book.links, 1)
    model.state.books["EU27"] = other
    limit = cleared_to_ship(model.world, model.state)
    assert limit is not None
    assert limit[book.links].max() == 0.0
    model.close()


def test_order_of_policies_changes_nothing(world: World) -> None:
    """Every order of a licence, two easings, two tightenings and a ban gives the same terms."""
    pages = [
        licence(),
        page("LicenceEasing", kind="green_channel", approval=0.8, delay_weeks=4),
        page("LicenceEasing", kind="exemption", covers={"destinations": ["KOR"]}),
        page("LicenceTightening", approval_factor=0.7, delay_factor=2.0),
        page("Ban", covers={"end_uses": ["defence"]}),
    ]
    found = []
    for order in itertools.permutations(range(len(pages))):
        terms = Terms.free(world)
        for i in order:
            make(f"p{i}", pages[i]).write(terms, world, NOW)
        rule = terms.licences["CHN"].rule
        found.append(
            (
                rule.approval.tobytes(), rule.delay_weeks.tobytes(), rule.needed.tobytes(),
                rule.validity_weeks.tobytes(), terms.closed.tobytes(), terms.alarm.tobytes(),
            )
        )  # fmt: skip
    assert len(set(found)) == 1
    civil = links(world, "magnet_NdFeB_HRE", "JPN", "ev_traction")
    assert rule.approval[civil] == pytest.approx(0.8 * 0.7)
    assert rule.delay_weeks[civil] == pytest.approx(4.0 * 2.0)
    assert not rule.needed[links(world, "magnet_NdFeB_HRE", "KOR", "ev_traction")].any()


# -- easing -----------------------------------------------------------------------------------


def test_a_general_licence_frees_its_firm_only(world: World) -> None:
    """The named buyer's links bind no more; everybody else's and defence stay as they were."""
    buyer = "EU27/component/ev_traction/0"
    easing = page("LicenceEasing", kind="general_licence", covers={"buyers": [buyer]})
    strict = written(world, licence()).licences["CHN"].rule
    eased = written(world, licence(), easing).licences["CHN"].rule
    row = world.firms.name.index(buyer)
    freed = strict.binding & ~eased.binding
    assert freed.any()
    np.testing.assert_array_equal(freed, strict.binding & (world.buyer_firm == row))
    np.testing.assert_array_equal(eased.approval[~freed], strict.approval[~freed])


def test_a_general_licence_keeps_its_customer_supplied() -> None:
    """Behind a licence that grants nothing, the customer with a general licence still gets lots."""
    strict = {"l": licence(approval={"civilian": 0.0})}
    buyer = "EU27/component/ev_traction/0"
    easing = page("LicenceEasing", kind="general_licence", covers={"buyers": [buyer]})
    got = []
    for pages in (strict, {**strict, "e": easing}):
        model = TradeModel(scenario(policies=pages), 0)
        row = model.world.firms.name.index(buyer)
        for _ in range(16):
            model.step()
        abroad = heavy(model.world)
        mine = abroad & (model.world.buyer_firm == row)
        got.append((model.state.shipped[mine].sum(), model.state.shipped[abroad & ~mine].sum()))
        model.close()
    assert got[0] == (0.0, 0.0)
    assert got[1][0] > 0.0
    assert got[1][1] == 0.0


def test_defence_is_eased_only_by_name(world: World) -> None:
    """A wildcard leaves defence denied; naming it frees it."""
    strict = licence(approval={"civilian": 0.6, "defence": 0.0})
    military = links(world, "magnet_NdFeB_HRE", use="defence")
    for covers, approval in ({}, 0.0), ({"end_uses": ["*"]}, 0.0), ({"end_uses": ["defence"]}, 1.0):
        easing = page("LicenceEasing", kind="general_licence", covers=covers)
        rule = written(world, strict, easing).licences["CHN"].rule
        assert set(rule.approval[military]) == {approval}, covers


def test_customers_are_drawn_once_and_nested(world: World) -> None:
    """A larger share or strength adds customers and drops none; the share comes out."""
    kept = np.zeros(len(world.links), np.bool_)
    for share, strength in ((0.1, 1.0), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)):
        fields = page(
            "LicenceEasing", kind="exemption", customers_share=share, strength=strength,
            covers=HEAVY,
        )  # fmt: skip
        policy = make("e", fields)
        assert isinstance(policy, LicenceEasing)
        now = policy.eased(world)
        assert not (kept & ~now).any()
        civil = heavy(world) & (world.lanes.use != axes.USE_INDEX["defence"])[world.links.lane]
        assert now[civil].mean() == pytest.approx(share * strength, abs=0.1)
        kept = now


# -- slow-walking -----------------------------------------------------------------------------


def test_slow_walking_has_a_dose_and_no_alarm(world: World) -> None:
    """More strength, less approval and more delay; nothing is said, and no licence no effect."""
    slow = {"approval_factor": 0.5, "delay_factor": 3.0}
    some = heavy(world)
    seen = []
    for strength in (0.0, 0.25, 0.5, 1.0):
        rule = (
            written(world, licence(), page("LicenceTightening", strength=strength, **slow))
            .licences["CHN"].rule
        )  # fmt: skip
        seen.append((rule.approval[some].max(), rule.delay_weeks[some].max()))
    assert seen[0] == (0.6, 8.0)
    assert [a for a, _ in seen] == pytest.approx([0.6, 0.525, 0.45, 0.3])
    assert [d for _, d in seen] == pytest.approx([8, 12, 16, 24])
    alone = written(world, page("LicenceTightening", **slow))
    assert not alone.alarm.any()
    assert not alone.licences["CHN"].rule.binding.any()


def test_slow_walking_costs_abroad_more_and_more() -> None:
    """What is shipped under licence falls with its strength."""
    shipped = []
    for strength in (0.0, 0.5, 1.0):
        slow = page("LicenceTightening", approval_factor=0.5, delay_factor=2.0, strength=strength)
        tables = simulate(scenario(policies={"l": licence(), "s": slow}, weeks=36), 0)
        shipped.append(tables["flows"].to_pandas()["licensed_t"].sum())
    assert shipped[0] > 1.1 * shipped[1] > 1.1 * shipped[2] > 0


# -- capacity ---------------------------------------------------------------------------------


def test_scarce_licences_have_a_price_and_exporters_get_it() -> None:
    """The less an authority can decide, the less leaves; the rent goes to China's exporters."""
    rents, left = [], []
    for capacity in (0.0, 300.0, 150.0):
        fields = licence(approval={"civilian": 1.0}, delay_weeks=0, capacity_t_per_week=capacity)
        model = TradeModel(scenario(policies={"p": fields}), 0)
        for week in range(30):
            model.step()
            book = model.state.books.get("CHN")
            if book is not None:
                assert book.granted.sum() + book.denied.sum() <= capacity * (1 + 1e-12), week
        state = model.state
        left.append(state.shipped[heavy(model.world)].sum())
        rents.append(state.rents_usd[CHINA])
        assert np.delete(state.rents_usd, CHINA).max() == 0.0
        model.close()
    assert rents[0] == 0.0
    assert min(rents[1:]) > 0.0
    assert left[0] > left[1] > left[2] > 0.0
    assert left[2] <= 150.0 + 1e-9


# -- the null twin ----------------------------------------------------------------------------


def test_an_empty_licence_is_no_licence() -> None:
    """Approval 1, no delay, no capacity, cases that say the same: bit for bit nothing."""
    empty = {
        "l": licence(
            approval={"civilian": 1.0}, delay_weeks=0,
            cases=[{"destinations": ["JPN"], "approval": 1.0}, {"goods": ["magnet_SmCo"],
                    "exempt": True}],
        ),
        "e": page("LicenceEasing", kind="exemption"),
        "t": page("LicenceTightening", approval_factor=1.0, delay_factor=1.0),
        "b": page("Ban", share=0.0),
        "c": page(
            "CustomsInspection", covers=HEAVY, hold_share=0.0, hold_weeks=4, full_weeks=4,
            fade_weeks=4,
        ),
    }  # fmt: skip
    with_it = simulate(scenario(weeks=20, noise=0.03, policies=empty), 0)
    without = simulate(scenario(weeks=20, noise=0.03), 0)
    for name in without:
        if name != "events":
            assert with_it[name].to_pandas().equals(without[name].to_pandas()), name


# -- bans -------------------------------------------------------------------------------------


def test_a_ban_on_defence_closes_defence_only() -> None:
    """Nothing for the military leaves China; everybody else gets what he got."""
    ban = page("Ban", covers={"end_uses": ["defence"]})
    model = TradeModel(scenario(policies={"b": ban}), 0)
    for _ in range(10):
        model.step()
    world = model.world
    military = links(world, use="defence")
    np.testing.assert_array_equal(model.terms.closed, military)
    assert model.state.shipped[military].sum() == 0.0
    civil = links(world) & ~military
    base = world.links.base_t[civil].sum()
    assert model.state.shipped[civil].sum() == pytest.approx(base, rel=0.02)
    lanes = sum_by(world.links.lane, military, len(world.lanes)) > 0
    assert set(model.terms.openness(8.0)[lanes]) == {0.0}
    assert set(model.terms.openness(8.0)[~lanes]) == {1.0}
    model.close()


def test_a_ban_alarms_those_it_names_when_it_is_announced(world: World) -> None:
    """Alarm on the closed lanes only, before trade ends."""
    ban = make("b", page("Ban", covers={"destinations": ["JPN"]}, effective="2025-12-01"))
    terms = Terms.free(world)
    ban.write(terms, world, Calendar(NOW.date, NOW.week, NOW.start, ban.status(NOW.date)))
    japan = (world.lanes.destination == axes.ECONOMY_INDEX["JPN"]) & (world.lanes.origin == CHINA)
    assert set(terms.alarm[japan]) == {1.0}
    assert set(terms.alarm[~japan]) == {0.0}
    assert not terms.closed.any()


def test_a_list_grows_by_adding_firms(world: World) -> None:
    """A firm is listed as a whole, and a longer or stronger list holds the shorter one."""
    kept = np.zeros(len(world.links), np.bool_)
    counts = []
    for share, strength in ((0.0, 1.0), (0.4, 0.5), (0.4, 1.0), (0.8, 1.0), (1.0, 1.0)):
        fields = page("Ban", covers={"destinations": ["EU27"]}, share=share, strength=strength)
        policy = make("b", fields)
        assert isinstance(policy, Ban)
        now = policy.closed(world)
        assert not (kept & ~now).any()
        listed = set(world.buyer_firm[now])
        open_to = set(world.buyer_firm[links(world, to="EU27") & ~now])
        assert not listed & open_to
        counts.append(now.sum())
        kept = now
    assert counts[0] == 0
    assert counts[1] < counts[2] < counts[3] < counts[4]


def test_third_parties_stop_only_what_holds_chinese_material(world: World) -> None:
    """Sellers elsewhere stop when what they sell was mined in China in part, and not otherwise."""
    covers: dict[str, Any] = {"destinations": ["JPN"], "goods": ["oxide_*", "magnet_*"]}
    free, liable = (
        make("b", page("Ban", covers=covers, third_party_liability=share)) for share in (0.0, 1.0)
    )
    assert isinstance(free, Ban)
    assert isinstance(liable, Ban)
    more = liable.closed(world) & ~free.closed(world)
    lane = world.links.lane
    assert more.any()
    assert (world.lanes.origin[lane[more]] != CHINA).all()
    assert (world.slots.base_chinese[world.links.seller[more]] > 0).all()
    named = Coverage(**covers).links(world)
    left = named & ~liable.closed(world)
    assert left.any()
    assert (world.slots.base_chinese[world.links.seller[left]] == 0.0).all()


def test_an_ore_ban_keeps_ore_at_home() -> None:
    """Nothing leaves Malaysia's mines for China; China's ore from Myanmar still comes."""
    fields = page("Ban", imposed_by="MYS", covers={"goods": ["concentrate_*"]})
    model = TradeModel(scenario(policies={"b": fields}), 0)
    for _ in range(6):
        model.step()
    ore = links(model.world, "concentrate_clay", "CHN", origin="MYS")
    assert model.world.links.base_t[ore].sum() > 0
    assert model.state.shipped[ore].sum() == 0.0
    assert (
        model.state.shipped[links(model.world, "concentrate_clay", "CHN", origin="MMR")].sum() > 0
    )
    model.close()


# -- customs ----------------------------------------------------------------------------------


def test_inspection_holds_uncontrolled_goods_and_fades() -> None:
    """Plain magnets leave later, then catch up; with more strength more is missing."""
    gone = []
    for strength in (0.0, 0.5, 1.0):
        fields = page(
            "CustomsInspection", covers={"goods": ["magnet_NdFeB"]}, hold_share=0.9, hold_weeks=8,
            full_weeks=8, fade_weeks=4, strength=strength,
        )  # fmt: skip
        model = TradeModel(scenario(policies={"c": fields}), 0)
        path = []
        plain = links(model.world, "magnet_NdFeB")
        for _ in range(40):
            model.step()
            path.append(model.state.crossed[plain].sum())
        gone.append((sum(path[2:8]), path[-1]))
        assert not model.terms.border.holding
        model.close()
    assert gone[0][0] > 1.1 * gone[1][0] > 1.1 * gone[2][0]
    assert gone[2][1] > 0.8 * gone[0][1]


def test_an_inspection_frightens_only_when_it_is_reported(world: World) -> None:
    """The press makes the alarm, not the customs; a lot held for long frightens more."""
    usual = {"covers": HEAVY, "hold_share": 0.8, "hold_weeks": 4, "full_weeks": 30, "fade_weeks": 0}
    silent = written(world, page("CustomsInspection", **usual))
    told = written(world, page("CustomsInspection", reported=True, **usual))
    longer = written(world, page("CustomsInspection", reported=True, **{**usual, "hold_weeks": 12}))
    lane = world.links.lane[links(world, "magnet_SmCo")][0]
    assert not silent.alarm.any()
    assert told.alarm[lane] == pytest.approx(0.4)
    assert longer.alarm[lane] == pytest.approx(0.6)
    assert set(silent.hold_share) == {0.0, 0.8}


# -- pages and words --------------------------------------------------------------------------


def test_what_forbids_and_what_grants() -> None:
    """Bans and licences that nobody gets forbid, easings grant."""
    assert make("b", page("Ban")).forbids()
    assert make("l", licence(approval={"civilian": 0.0})).forbids()
    assert not make("l", licence()).forbids()
    some = [{"destinations": ["KOR"], "exempt": True}]
    assert not make("l", licence(approval={"civilian": 0.0}, cases=some)).forbids()
    assert make("e", page("LicenceEasing", kind="exemption")).grants()
    assert not make("l", licence()).grants()


@pytest.mark.parametrize(
    ("fields", "needle"),
    [
        (licence(cases=[{"destinations": ["KOR"]}]), "exempt"),
        (licence(cases=[{"exempt": True, "approval": 0.5}]), "exempt"),
        (licence(cases=[{"goods": ["magnet_Nd"], "approval": 0.5}]), "magnet_NdFeB"),
        (licence(capacity_t_per_week=-1), "capacity_t_per_week"),
        (page("LicenceEasing", kind="exemption", approval=0.5), "exemption"),
        (page("LicenceEasing", kind="green_channel"), "green channel"),
        (page("LicenceEasing", kind="amnesty"), "general_licence"),
        (page("LicenceTightening", delay_factor=0.5), "delay_factor"),
        (page("Ban", imposed_by="USA", third_party_liability=0.5), "China"),
        (page("CustomsInspection", hold_share=1, hold_weeks=4, full_weeks=4, fade_weeks=0), "conc"),
    ],
)
def test_bad_pages_are_refused(fields: dict[str, Any], needle: str) -> None:
    """Empty or contradictory cases, unknown names, what cannot be held."""
    with pytest.raises((ValidationError, InputError)) as caught:
        make("p", fields)
    assert needle in str(caught.value)


def test_an_unknown_firm_is_refused(world: World) -> None:
    """A name that no firm has is said so."""
    with pytest.raises(InputError, match="Mitsubishi Heavy"):
        written(world, page("Ban", covers={"buyers": ["Mitsubishi Heavy"]}))
