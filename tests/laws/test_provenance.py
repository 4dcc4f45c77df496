"""Legal origin is conserved, and which foreign shipments fall under a rule comes out of it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tradesim import axes, config
from tradesim.market import provenance
from tradesim.market.shipping import per_tonne
from tradesim.model import TradeModel, simulate
from tradesim.terms import ContentRule
from tradesim.world.origin import COLUMNS, base_origin
from tradesim.world.types import N_ELEMENTS, Floats
from worlds import Floats as WorldFloats
from worlds import scenario

HUBS = ("MYS", "VNM", "JPN", "EU27")


def page(**changes: Any) -> dict[str, Any]:
    """The rule of October 2025 from the third week of a short run, with some fields changed."""
    path = config.config_dir() / "policy" / "extraterritorial_october_2025.yaml"
    told = dict(yaml.safe_load(path.read_text(encoding="utf-8")))
    told |= {"announced": "2025-01-13", "effective": "2025-01-20", "suspended": None}
    return told | changes


def model(weeks: int = 20, **changes: Any) -> TradeModel:
    return TradeModel(scenario(weeks=weeks, policies={"rule": page(**changes)}), 0)


def at_hand(one: TradeModel) -> WorldFloats:
    """Tracked origin in stocks and under way [columns], t of oxide equivalent."""
    moving = one.state.shipping.goods.under_way()[:, 2:]
    return np.asarray(one.state.origin.sum(0) + moving.sum(0))


def needing(one: TradeModel, **changes: Any) -> dict[str, float]:
    """Share of base-year magnet exports of each hub that the rule asks a licence for."""
    one._calendar()
    rule = one.terms.content_rules["rule"]
    told = {**rule.__dict__, **changes}
    one.terms.content_rules["rule"] = ContentRule(**told)
    provenance.assess(one.world, one.state, one.terms)
    links, lanes = one.world.links, one.world.lanes
    magnet = np.isin(lanes.good, axes.positions(axes.MAGNETS, axes.GOODS))
    found = {}
    for hub in HUBS:
        mine = magnet & (lanes.origin == axes.ECONOMY_INDEX[hub]) & rule.lanes
        weight = np.where(mine[links.lane], links.base_t, 0.0)
        found[hub] = float((weight * one.state.needs["rule"].share).sum() / weight.sum())
    return found


def test_origin_is_conserved_and_never_more_than_there_is() -> None:
    """What processing creates less what is used and lost is the change at hand, by element."""
    one = model(26)
    before = at_hand(one)
    for _ in range(26):
        one.step()
    made = one.state.origin_made
    np.testing.assert_allclose(at_hand(one) - before, made, atol=1e-9 * before.max())
    slots, inputs = one.world.slots, one.world.slots.inputs
    fixed = ~one.world.tracked
    share = per_tonne(one.state.origin, one.state.stock)[fixed]
    assert (share[:, :N_ELEMENTS] <= slots.vector[fixed] * (1 + 1e-9) + 1e-12).all()
    assert one.state.origin.min() > -1e-9
    assert inputs > 0


def test_the_base_year_is_steady_in_origin() -> None:
    """While the rule is not even announced, the origin of every stock stays as it was."""
    far = {"announced": "2040-01-01", "effective": "2040-01-01"}
    one = model(12, **far)
    start = per_tonne(one.state.origin, one.state.stock)
    for _ in range(12):
        one.step()
    now = per_tonne(one.state.origin, one.state.stock)
    full = one.world.slots.base_t > 1e-6
    np.testing.assert_allclose(now[full], start[full], atol=1e-6)


def test_tracking_alone_changes_nothing() -> None:
    """Bit for bit the world without the rule, until it is announced."""
    far = {"announced": "2040-01-01", "effective": "2040-01-01"}
    with_it = simulate(scenario(weeks=10, noise=0.03, policies={"rule": page(**far)}), 0)
    without = simulate(scenario(weeks=10, noise=0.03), 0)
    for name in without:
        if name != "events":
            assert with_it[name].to_pandas().equals(without[name].to_pandas()), name


@pytest.mark.parametrize("hub", HUBS)
def test_fewer_shipments_need_the_licence_as_the_threshold_rises(hub: str) -> None:
    """By content alone, from 0.1% to 25% of value: some of them at first, none or few at last."""
    one = model(26, effective="2025-01-13", announced="2025-01-06")
    one.step()
    shares = [
        needing(one, technology="none", threshold=threshold)[hub]
        for threshold in (0.001, 0.005, 0.02, 0.05, 0.10, 0.25)
    ]
    assert shares[0] > 0.0
    assert all(b <= a for a, b in pairwise(shares))
    assert shares[-1] < shares[0]


def test_no_content_and_no_technology_is_no_need() -> None:
    """Without the one the other decides; without both nothing needs Beijing's licence."""
    one = model(26)
    one.step()
    by_line = needing(one, threshold=1.0)
    assert max(by_line.values()) > 0.0
    one.state.origin[:] = 0.0
    neither = needing(one, technology="none")
    assert set(neither.values()) == {0.0}


def test_an_authority_without_trade_reaches_nobody() -> None:
    """The same rule in the name of Pakistan: no content of its origin, no licence, no effect."""
    named = page(imposed_by="PAK", approval={"civilian": 0.0}, technology="none")
    tables = simulate(scenario(weeks=14, policies={"rule": named}), 0)
    flows = tables["flows"].to_pandas()
    assert flows["extraterritorial_t"].sum() == pytest.approx(0.0, abs=1e-6)


def test_the_price_used_decides_the_share() -> None:
    """Contents at Chinese prices are a smaller share of a foreign magnet than at foreign ones."""
    one = model(26)
    one.step()
    needing(one)
    abroad = one.state.needs["rule"].value_share.copy()
    needing(one, content_economy=axes.ECONOMY_INDEX["CHN"])
    at_home = one.state.needs["rule"].value_share
    slots = one.world.slots
    heavy = slots.good[slots.inputs :] == axes.GOOD_INDEX["magnet_NdFeB_HRE"]
    away = one.world.firms.economy[slots.firm[slots.inputs :]] != axes.ECONOMY_INDEX["CHN"]
    assert at_home[heavy & away].sum() < abroad[heavy & away].sum()


def test_makers_keep_clean_lots_apart_and_avoid_tainted_inputs() -> None:
    """With time fewer shipments need the licence than without the responses."""

    def shipped(**changes: Any) -> Floats:
        tables = simulate(
            scenario(weeks=60, policies={"rule": page(technology="none", **changes)}), 0
        )
        flows = tables["flows"].to_pandas()
        abroad = flows["good"].isin(axes.MAGNETS) & flows["origin"].isin(HUBS)
        late = flows[abroad & (flows["date"] >= dt.date(2025, 9, 1))]
        return np.array([late["extraterritorial_t"].sum(), late["shipped_t"].sum()])

    idle = shipped(segregation_limit=0.0, avoidance=0.0, evasion_limit=0.0)
    apart = shipped(segregation_limit=1.0, avoidance=0.0, evasion_limit=0.0)
    avoiding = shipped(segregation_limit=0.0, avoidance=8.0, evasion_limit=0.0)
    assert apart[0] / apart[1] < idle[0] / idle[1]
    assert avoiding[0] / avoiding[1] <= idle[0] / idle[1]


@given(
    gap=st.floats(0.1, 50), detection=st.floats(0, 0.95), penalty=st.floats(0, 10),
    more=st.floats(0.01, 0.04),
)  # fmt: skip
def test_mis_declaring_needs_a_gap_and_fears_detection(
    gap: float, detection: float, penalty: float, more: float
) -> None:
    """Nil where the gap does not pay, rising in it, falling in detection and penalty."""
    one = np.full(1, gap)
    share = provenance.undeclared_share(one, detection, penalty, 0.3)[0]
    assert 0.0 <= share <= 0.3
    if gap <= 1.0:
        assert share == 0.0
    assert provenance.undeclared_share(one * 1.1, detection, penalty, 0.3)[0] >= share
    assert provenance.undeclared_share(one, detection + more, penalty, 0.3)[0] <= share
    assert provenance.undeclared_share(one, detection, penalty + more, 0.3)[0] <= share


def test_what_china_makes_is_chinese_and_what_it_sells_stays_so() -> None:
    """Chinese outputs are wholly of Chinese origin; a foreign separator of foreign ore has none."""
    one = model(4)
    per_t = base_origin(one.world, "CHN")
    slots = one.world.slots
    content = np.column_stack((slots.vector, slots.vector.sum(1)))
    out = np.arange(len(slots)) >= slots.inputs
    home = one.world.firms.economy[slots.firm] == axes.ECONOMY_INDEX["CHN"]
    np.testing.assert_allclose(per_t[out & home], content[out & home])
    assert per_t.shape[1] == COLUMNS
    mine = one.world.firms.stage[slots.firm] == axes.STAGE_INDEX["mine"]
    assert per_t[out & mine & ~home][:, :N_ELEMENTS].max() == 0.0
