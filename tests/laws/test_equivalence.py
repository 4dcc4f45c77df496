"""A tariff, a quota and a licence of equal tonnage: one wedge, three holders of the rent.

Bhagwati 1965 (in *Trade, Growth and the Balance of Payments*): under competition a tariff and the
quota that lets the same tonnage by open the same gap between the price at home and abroad.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from tradesim import axes
from tradesim.model import TradeModel
from tradesim.policies import Coverage
from tradesim.world.types import Flags
from worlds import scenario

START = dt.date(2025, 1, 6)
GOOD, FROM, INTO = "oxide_La", "CHN", "EU27"
COVERS: dict[str, Any] = {"goods": [GOOD], "origins": [FROM], "destinations": [INTO]}
WEEKS, TRANCHE = 312, 104
#: No fear, no contracts, no substitution, no new capacity, prices without memory.
SMOOTH = {
    "panic": 0.0, "announcement_weight": 0.0, "contract_share": 0.0,
    "substitution_per_year": 0.0, "invest_rate_per_year": 0.0, "expectation_weight": 0.0,
}  # fmt: skip


def page(cls: str, imposed_by: str, **more: Any) -> dict[str, Any]:
    """A policy on the one good between the two economies, in force from the start."""
    return {
        "_target_": cls, "title": "t", "imposed_by": imposed_by, "announced": START,
        "effective": START, "covers": COVERS, **more,
    }  # fmt: skip


def quota(t_per_week: float, **more: Any) -> dict[str, Any]:
    """Tranches of two years, so that what the start left unused does not count at the end."""
    days = [START + dt.timedelta(weeks=TRANCHE * i) for i in range(WEEKS // TRANCHE + 1)]
    tranches = [{"starts": day, "t": t_per_week * TRANCHE} for day in days]
    return page("tradesim.policies.ExportQuota", FROM, tranches=tranches, **more)


def licences(t_per_week: float) -> dict[str, Any]:
    """Granted to everybody at once, but for no more than the desk can decide."""
    everybody = {"civilian": 1.0, "semiconductor": 1.0, "undeclared": 1.0, "defence": 1.0}
    return page(
        "tradesim.policies.ExportLicensing", FROM, approval=everybody, delay_weeks=0,
        validity_weeks=520, capacity_t_per_week=t_per_week,
    )  # fmt: skip


def tariff(rate: float = 0.2) -> dict[str, Any]:
    return page("tradesim.policies.Tariff", INTO, rate=rate)


@dataclass(frozen=True)
class End:
    """What a run ends with: t a week, USD/kg, and who has gained how many USD from the wedge."""

    tonnes: float
    wedge: float
    wedge_usd: float
    treasury: float
    seller_rents: float
    buyer_rents: float


def build(policy: dict[str, Any], behaviour: dict[str, float]) -> TradeModel:
    """The model with one policy in force from the start."""
    return TradeModel(scenario(weeks=WEEKS, market=behaviour, policies={"p": policy}), 0)


def covered(model: TradeModel) -> Flags:
    return Coverage(**COVERS).lanes(model.world.lanes)


def steps(model: TradeModel, weeks: int) -> Iterator[tuple[float, float]]:
    """Tonnes of each step and the USD that lie between landed and origin price on them."""
    rows = covered(model)
    for _ in range(weeks):
        origin = (model.state.ask[model.world.lane_origin] * model.world.wedge)[rows]
        model.step()
        tonnes = model.state.lane_t[rows]
        yield (
            float(tonnes.sum()),
            float((1000 * tonnes * (model.state.landed[rows] - origin)).sum()),
        )


def ended(policy: dict[str, Any], behaviour: dict[str, float] | None = None) -> End:
    """Run to the end and read the last week; sums are over the whole run."""
    model = build(policy, SMOOTH if behaviour is None else behaviour)
    path = list(steps(model, WEEKS))
    tonnes, usd = path[-1]
    home, abroad = axes.ECONOMY_INDEX[FROM], axes.ECONOMY_INDEX[INTO]
    state = model.state
    end = End(
        tonnes, usd / tonnes / 1000, sum(row[1] for row in path),
        float(state.treasury_usd[abroad]), float(state.rents_usd[home]),
        float(state.rents_usd[abroad]),
    )  # fmt: skip
    model.close()
    return end


@cache
def three() -> tuple[End, End, End]:
    """Tariff, quota and licence; the two limits let by what the tariff lets by in the end."""
    duty = ended(tariff())
    return duty, ended(quota(duty.tonnes)), ended(licences(duty.tonnes))


def test_equal_tonnage_gives_one_wedge() -> None:
    """Within 1 in 1,000 of each other when frictions vanish."""
    duty, limit, licence = three()
    assert duty.wedge > 0.1
    for end in (limit, licence):
        assert end.tonnes == pytest.approx(duty.tonnes, rel=1e-4)
        assert end.wedge == pytest.approx(duty.wedge, rel=1e-3)


def test_they_differ_in_who_holds_the_rent() -> None:
    """The importing treasury, the exporters, the licensed sellers; each gets wedge x tonnes."""
    duty, limit, licence = three()
    for end, holder in ((duty, "treasury"), (limit, "seller_rents"), (licence, "seller_rents")):
        for name in ("treasury", "seller_rents", "buyer_rents"):
            gained = getattr(end, name)
            if name == holder:
                assert gained == pytest.approx(end.wedge_usd, rel=1e-9)
            else:
                assert gained == 0.0


@pytest.mark.parametrize(
    ("holder", "economy"), [("exporter", FROM), ("importer", INTO), ("treasury", FROM)]
)
def test_whoever_holds_the_permits_is_paid(holder: str, economy: str) -> None:
    """The same quota, three holders: same tonnes and prices, the money moves between accounts."""
    model = build(quota(40.0, holder=holder), SMOOTH)
    other = build(quota(40.0), SMOOTH)
    for _ in range(60):
        model.step()
        other.step()
    np.testing.assert_array_equal(model.state.ask, other.state.ask)
    np.testing.assert_array_equal(model.state.lane_t, other.state.lane_t)
    rents = model.state.rents_usd
    assert rents.sum() > 0
    assert rents[axes.ECONOMY_INDEX[economy]] == pytest.approx(rents.sum())
    firms = model.world.firms.economy == axes.ECONOMY_INDEX[economy]
    base = other.state.money_usd[firms].sum()
    base -= other.state.rents_usd.sum() if economy == FROM else 0.0
    gained = model.state.money_usd[firms].sum() - base
    assert gained == pytest.approx(0.0 if holder == "treasury" else rents.sum(), abs=1e-6 * 1e6)
    treasury = model.state.treasury_usd.sum()
    assert treasury == pytest.approx(rents.sum() if holder == "treasury" else 0.0)
    for each in (model, other):
        each.close()


def test_the_gap_shrinks_with_frictions() -> None:
    """With contracts, fear and slow prices the wedges differ more than without."""
    duty, limit, _ = three()
    smooth = abs(limit.wedge / duty.wedge - 1.0)
    rough_duty = ended(tariff(), {})
    rough = abs(ended(quota(rough_duty.tonnes), {}).wedge / rough_duty.wedge - 1.0)
    print(f"gap between the wedges: {smooth:.2%} without frictions, {rough:.2%} with them")
    assert smooth < 0.5 * rough
