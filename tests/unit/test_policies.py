"""Single policies: what they cover, whom they treat how, what is refused. Pages: tests/laws."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tradesim import axes, config, policies
from tradesim.errors import InputError
from tradesim.model import simulate
from tradesim.policies import Coverage, ExportLicensing, Tariff
from tradesim.terms import Terms
from tradesim.world import build_world
from worlds import scenario

PAGES = sorted((config.config_dir() / "policy").glob("*.yaml"))


def page(path: Path) -> dict[str, Any]:
    """A policy page as written."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_coverage_by_element_good_and_destination() -> None:
    """Elements narrow oxides and metals; other goods are covered by name."""
    cover = Coverage(elements=("Dy", "Tb"), goods=("oxide_*", "metal_*", "magnet_NdFeB_HRE"))
    assert cover.goods_covered() == (
        "oxide_Tb", "oxide_Dy", "metal_Dy", "metal_Tb", "magnet_NdFeB_HRE",
    )  # fmt: skip
    lanes = build_world(scenario(), 0).lanes
    only = Coverage(origins=("CHN",), destinations=("allies",), exempt_destinations=("JPN",))
    covered = only.lanes(lanes)
    assert (lanes.origin[covered] == axes.ECONOMY_INDEX["CHN"]).all()
    reached = {axes.ECONOMIES[d] for d in lanes.destination[covered]}
    assert reached == {"EU27", "KOR", "AUS", "CAN", "GBR", "TWN"} & reached
    assert "JPN" not in reached


def test_destination_wins_over_class() -> None:
    """The American approval holds for America, the class elsewhere; defence stays refused."""
    lanes = build_world(scenario(), 0).lanes
    policy = policies.load_one("p", page(next(p for p in PAGES if p.stem == "licence_april_2025")))
    assert isinstance(policy, ExportLicensing)
    approval = policy.approvals(lanes, 0.0)
    usa = lanes.destination == axes.ECONOMY_INDEX["USA"]
    defence = lanes.use == axes.USE_INDEX["defence"]
    civil = lanes.use == axes.USE_INDEX["ev_traction"]
    assert set(approval[usa & civil]) == {0.12}
    assert set(approval[~usa & civil]) == {0.67}
    assert set(approval[defence]) == {0.0}


def test_a_duty_is_paid_to_the_treasury_and_raises_the_landed_price() -> None:
    """Revenue appears in `states` and buyers pay more than without."""
    duty = {
        "_target_": "tradesim.policies.Tariff", "title": "duty", "imposed_by": "USA",
        "announced": "2025-01-06", "effective": "2025-01-06", "rate": 0.25,
        "covers": {"goods": ["magnet_*"], "origins": ["CHN"]}, "sources": ["test"],
    }  # fmt: skip
    taxed = simulate(scenario(weeks=30, policies={"d": duty}), 0)
    states = taxed["states"].to_pandas()
    paid = states.groupby("state", observed=True)["tariff_revenue_usd"].sum()
    assert paid["USA"] > 0
    assert paid.drop("USA").abs().max() == 0
    markets = taxed["markets"].to_pandas()
    rows = (markets["economy"] == "USA") & (markets["good"] == "magnet_NdFeB")
    asks = markets[rows].sort_values("date")["price_ask_usd_per_kg"].to_numpy()
    free = build_world(scenario(), 0)
    base = free.price0[
        axes.ECONOMY_INDEX["USA"] * len(axes.GOODS) + axes.GOOD_INDEX["magnet_NdFeB"]
    ]
    assert asks[-1] > 1.1 * base


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"rate": -0.1}, "rate"),
        ({"imposed_by": "USSR"}, "economy"),
        ({"expires": "2025-01-01"}, "expires"),
        ({"covers": {"goods": ["magnet_Nd"]}}, "magnet_NdFeB"),
        ({"raet": 1.0}, "raet"),
    ],
)
def test_bad_pages_are_refused(change: dict[str, Any], needle: str) -> None:
    """A negative duty, an unknown economy, an end before the start, a misspelt good or key."""
    good = page(next(p for p in PAGES if p.stem == "tariff_usa"))
    with pytest.raises((ValidationError, InputError)) as caught:
        policies.load_one("p", {**good, **change})
    assert needle in str(caught.value)


def test_only_allowed_classes_are_loaded() -> None:
    """A page cannot name a class outside the allowed packages, or one that is no policy."""
    for target in ("os.system", "tradesim.errors.InputError", "tradesim.policies.Nothing"):
        with pytest.raises(InputError):
            policies.load_one("p", {"_target_": target})
    assert issubclass(Tariff, policies.Policy)


def licence(**change: Any) -> ExportLicensing:
    """A Chinese licence on heavy magnets with some fields changed."""
    page_ = {
        "_target_": "tradesim.policies.ExportLicensing", "title": "t", "imposed_by": "CHN",
        "announced": "2025-01-13", "effective": "2025-01-20", "delay_weeks": 0,
        "covers": {"goods": ["magnet_NdFeB_HRE"]}, "approval": {"civilian": 1.0},
        "sources": ["test"],
    }  # fmt: skip
    policy = policies.load_one("p", {**page_, **change})
    assert isinstance(policy, ExportLicensing)
    return policy


def test_places_may_be_wildcards_and_groups() -> None:
    """`M*` and `allies` stand for every economy they match."""
    lanes = build_world(scenario(), 0).lanes
    approval = licence(approval_at={"M*": {"*": 0.3}, "allies": {"*": 0.4}}).approvals(lanes, 0.0)
    civil = lanes.use == axes.USE_INDEX["ev_traction"]
    for code, value in (("MYS", 0.3), ("MEX", 0.3), ("EU27", 0.4), ("USA", 1.0)):
        rows = civil & (lanes.destination == axes.ECONOMY_INDEX[code])
        np.testing.assert_allclose(approval[rows], value, err_msg=code)


def test_a_freeze_alone_stops_shipments() -> None:
    """Everything granted at once, but nothing released for six weeks: exports stop and resume."""
    frozen = licence(opens_weeks=6).model_dump(mode="json")
    page_ = {"_target_": "tradesim.policies.ExportLicensing", **frozen}
    tables = simulate(scenario(weeks=20, policies={"p": page_}), 0, "full")
    flows = tables["flows"].to_pandas()
    rows = (flows["origin"] == "CHN") & (flows["destination"] != "CHN")
    rows &= flows["good"] == "magnet_NdFeB_HRE"
    weekly = flows[rows].groupby("date")["shipped_t"].sum()
    assert dt.date(2025, 2, 10) not in weekly.index or weekly[dt.date(2025, 2, 10)] < 1.0
    assert weekly[dt.date(2025, 5, 5)] > 0.5 * weekly[dt.date(2025, 1, 6)]


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"approval": {}}, "at least one"),
        ({"approval": {"civilian": 1.2}}, "0 to 1"),
        ({"approval": {"civil": 0.5}}, "civilian"),
        ({"approval_at": {"Narnia": {"*": 0.5}}}, "Narnia"),
        ({"opens_weeks_at": {"Narnia": 5}}, "Narnia"),
        ({"opens_weeks_at": {"USA": -1}}, "0 to 104"),
        ({"hold_goods": ["magnet_NdFe"]}, "magnet_NdFeB"),
        ({"hold_goods": ["component_motor"]}, "component_motor"),
        ({"delay_weeks": -1}, "delay_weeks"),
    ],
)
def test_bad_licences_are_refused(change: dict[str, Any], needle: str) -> None:
    """Empty or misspelt classes, unknown places, goods that cannot be held."""
    with pytest.raises((ValidationError, InputError)) as caught:
        licence(**change)
    assert needle in str(caught.value)


def test_caps_hold_on_every_lane() -> None:
    """A cap scales a lane to what may pass; the smaller of two holds."""
    world = build_world(scenario(), 0)
    terms = Terms.free(world)
    some = world.lanes.origin == axes.ECONOMY_INDEX["CHN"]
    terms.add_cap(some, 5.0)
    terms.add_cap(some, 8.0)
    assert terms.border.capped
    assert set(terms.cap_t_per_week[some]) == {5.0}
    assert np.isinf(terms.cap_t_per_week[~some]).all()
