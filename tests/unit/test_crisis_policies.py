"""Instruments of the crisis of 2010: crackdown, hoarding, exports that no quota sees."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tradesim.errors import InputError
from tradesim.market.permits import undeclared
from tradesim.model import TradeModel
from tradesim.policies import ExportQuota, ProductionCrackdown, Speculation
from tradesim.terms import Terms
from worlds import named, scenario

DAY = dt.date(2009, 1, 5)
COMMON: dict[str, Any] = {
    "title": "t", "imposed_by": "CHN", "announced": DAY, "effective": DAY,
}  # fmt: skip
STILL: dict[str, Any] = {"base_year": 2009, "start": DAY}


def crackdown(**more: Any) -> ProductionCrackdown:
    """Half of the ore-fed plants of China closed from the second half of 2009 on."""
    steps = [{"since": dt.date(2009, 7, 1), "closed": 0.5}]
    return ProductionCrackdown(**{**COMMON, "steps": steps, **more})


def test_a_crackdown_closes_nothing_before_its_first_step() -> None:
    policy = crackdown()
    assert policy.closed(dt.date(2009, 6, 30)) == 0.0
    assert policy.closed(dt.date(2009, 7, 1)) == 0.5
    assert policy.closed(dt.date(2012, 1, 1)) == 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"steps": []},
        {"steps": [{"since": DAY, "closed": 0.1}, {"since": DAY, "closed": 0.2}]},
        {"steps": [{"since": DAY, "closed": 1.0}]},
        {"covers": {"stages": ["magnet"]}},
    ],
)
def test_a_crackdown_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        crackdown(**change)


def test_a_crackdown_holds_output_by_ore_whatever_the_slack() -> None:
    """A fifth of clay mining is gone, the other ores go on."""
    page = {
        "_target_": "tradesim.policies.ProductionCrackdown",
        **COMMON,
        "covers": {"origins": ["CHN"], "stages": ["mine"], "goods": ["concentrate_clay"]},
        "steps": [{"since": DAY, "closed": 0.2}],
    }
    model = TradeModel(scenario(weeks=8, policies={"c": page}, **STILL), 0)
    for _ in range(8):
        model.step()
    world, state = model.world, model.state
    line = np.array(world.firms.line)
    mine = world.is_source & (world.firms.economy == 0)
    for ore, left in (("concentrate_clay", 0.8), ("concentrate_bastnaesite", 1.0)):
        rows = mine & (line == ore)
        share = state.activity[rows].sum() / world.activity_nominal_t[rows].sum()
        assert share == pytest.approx(left, abs=0.01 if left < 1.0 else 0.12)
    model.close()


@pytest.mark.parametrize("change", [{"list_t": {}}, {"list_t": {"oxide_La": -1.0}}, {"trend": 0.0}])
def test_hoarding_of_nothing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Speculation(**{**COMMON, "list_t": {"oxide_La": 1.0}, **change})


def test_what_cannot_be_hoarded_is_named() -> None:
    with pytest.raises(InputError, match="hoarded"):
        Speculation(**COMMON, list_t={"scrap_NdFeB": 1.0})
    with pytest.raises(InputError):
        Speculation(**COMMON, list_t={"oxide_La": 1.0}, watches=("ATLANTIS",))


def test_hoarders_leave_a_steady_market_alone() -> None:
    """Without a rise there is nothing to buy for: stocks stay empty, prices at base."""
    found = named("quota_2010")
    pages = {
        name: {**found.policies[name], "announced": DAY, "effective": DAY}
        for name in ("speculation_china_2010", "speculation_abroad_2010")
    }
    model = TradeModel(scenario(weeks=30, policies=pages, **STILL), 0)
    for _ in range(30):
        model.step()
    assert model.state.stock[model.world.reserve_slots].max() == 0.0
    assert np.abs(model.state.ask / model.world.price0 - 1.0).max() < 1e-9
    model.close()


def test_undeclared_exports_follow_orders_and_searches() -> None:
    """Their share of base trade; half of it when half is found; no more when more is ordered."""
    page = {
        "_target_": "tradesim.policies.ExportQuota", **COMMON, "undeclared_share": 0.2,
        "covers": {"goods": ["oxide_*"]}, "t_per_half_year": 1e6,
    }  # fmt: skip
    model = TradeModel(scenario(weeks=2, policies={"q": page}, **STILL), 0)
    model.step()
    world, state, terms = model.world, model.state, model.terms
    limit = terms.limits["q"]
    base = float((world.lanes.base_t * limit.weight).sum())
    assert undeclared(world, state, terms, limit) == pytest.approx(0.2 * base)
    assert state.used_t["q"][1] == pytest.approx(0.8 * base, rel=1e-6)
    assert state.undeclared is not None
    searched = Terms.free(world)
    searched.watch(limit.weight > 0, 0.5, 0.0)
    assert undeclared(world, state, searched, limit) == pytest.approx(0.1 * base)
    state.ordered = 3.0 * state.ordered
    assert undeclared(world, state, terms, limit) == pytest.approx(0.2 * base)
    state.ordered = state.ordered / 6.0
    assert undeclared(world, state, terms, limit) == pytest.approx(0.1 * base)
    model.close()


def test_the_whole_trade_cannot_be_undeclared() -> None:
    with pytest.raises(ValidationError):
        ExportQuota(**COMMON, t_per_half_year=1.0, undeclared_share=1.0)
