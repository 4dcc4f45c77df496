"""Stories of quotas, tariffs and port fees: who pays, what becomes dear, what does not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
import yaml

from tradesim import axes, config, policies
from tradesim.model import TradeModel
from tradesim.policies import PortFee
from tradesim.policies.port_fee import fee_usd_per_kg
from tradesim.world.types import Floats, sum_by
from worlds import scenario

GOODS = len(axes.GOODS)
ABROAD = ("USA", "EU27", "JPN", "KOR")


def page(cls: str, imposed_by: str, **more: Any) -> dict[str, Any]:
    """A policy in force from the third week on."""
    return {
        "_target_": f"tradesim.policies.{cls}", "title": "t", "imposed_by": imposed_by,
        "announced": "2025-01-20", "effective": "2025-01-20", "sources": ["test"], **more,
    }  # fmt: skip


def market(economy: str, good: str) -> int:
    return axes.ECONOMY_INDEX[economy] * GOODS + axes.GOOD_INDEX[good]


def mean_asks(
    pages: dict[str, dict[str, Any]], weeks: int, last: int, seed: int = 0, noise: float = 0.0
) -> Floats:
    """Mean ask of the last weeks over the base price [markets]."""
    model = TradeModel(scenario(weeks=weeks, noise=noise, policies=pages), seed)
    total = np.zeros(model.world.markets)
    for week in range(weeks):
        model.step()
        if week >= weeks - last:
            total += model.state.ask / last
    ratio = total / model.world.price0
    model.close()
    return ratio


# -- quota ---------------------------------------------------------------------------------------


def oxides(tonnes: float) -> dict[str, dict[str, Any]]:
    """A Chinese quota on all oxides and metals; the base year exports 20,000 t in a half-year."""
    covers = {"goods": ["oxide_*", "metal_*"]}
    return {"q": page("ExportQuota", "CHN", covers=covers, t_per_half_year=tonnes)}


def gaps(tonnes: float, seed: int) -> dict[str, float]:
    """Ask abroad over China's, against the base year's gap, mean over four economies, %."""
    ratio = mean_asks(oxides(tonnes), 130, 52, seed, noise=0.03)
    return {
        good: 100 * float(np.mean(
            [ratio[market(place, good)] / ratio[market("CHN", good)] - 1 for place in ABROAD]
        ))
        for good in ("oxide_La", "oxide_Ce", "oxide_Dy", "oxide_Nd")
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_quota_raises_cheap_elements_by_more_per_cent(seed: int) -> None:
    """The permit costs the same per kilogram, which is much for La and Ce, little for Dy and Nd."""
    found = gaps(14_000, seed)
    print({good: f"{gap:.1f}%" for good, gap in found.items()})
    assert min(found["oxide_La"], found["oxide_Ce"]) > 10.0
    assert min(found["oxide_La"], found["oxide_Ce"]) > 3 * max(found["oxide_Dy"], found["oxide_Nd"])


def test_a_tighter_quota_bites_more_and_a_wide_one_not_at_all() -> None:
    """The gap grows as the tonnage falls; a quota above what is traded changes no price."""
    tight, middle = (gaps(tonnes, 0)["oxide_Ce"] for tonnes in (12_000, 16_000))
    assert tight > middle > 5.0
    wide, free = (mean_asks(pages, 40, 10) for pages in (oxides(100_000), {}))
    np.testing.assert_allclose(wide, free, rtol=1e-12)


# -- tariff --------------------------------------------------------------------------------------

#: The rate of the American duty on Chinese magnets.
RATE = 0.25
RARE_EARTHS = ["concentrate_*", "oxide_*", "metal_*", "target_RE", "magnet_*"]


def duty(rate: float, **covers: Any) -> dict[str, dict[str, Any]]:
    """An American duty on goods from China."""
    return {"d": page("Tariff", "USA", rate=rate, covers={"origins": ["CHN"], **covers})}


def test_a_tariff_that_spares_rare_earths_leaves_their_prices() -> None:
    """American asks of oxides and metals move by less than 2%, in the first and the third year.

    Motors are taxed, so a little demand for what is in them is lost; at four times the rate heavy
    metals give way by up to 5%.
    """
    rows = [market("USA", good) for good in (*axes.OXIDES, *axes.METALS)]
    for weeks in (52, 156):
        ratio = mean_asks(duty(RATE, exempt_goods=RARE_EARTHS), weeks, 26)[rows] - 1.0
        print(f"after {weeks} weeks: {ratio.min():.2%} to {ratio.max():.2%}")
        assert np.abs(ratio).max() < 0.02


def landed_over_base(rate: float) -> tuple[float, float]:
    """What American buyers pay for a Chinese magnet, and the American ask, over base."""
    pages = duty(rate, goods=["magnet_*"])
    model = TradeModel(scenario(weeks=156, policies=pages), 0)
    model.run()
    world, state = model.world, model.state
    lanes = world.lanes
    rows = (lanes.origin == axes.ECONOMY_INDEX["CHN"]) & (
        lanes.good == axes.GOOD_INDEX["magnet_NdFeB"]
    )
    rows &= lanes.destination == axes.ECONOMY_INDEX["USA"]
    at_base = (state.lane_t * world.price0[world.lane_destination])[rows].sum()
    landed = float((state.lane_t * state.landed)[rows].sum() / at_base)
    place = market("USA", "magnet_NdFeB")
    ask = float(state.ask[place] / world.price0[place])
    model.close()
    return landed, ask


def test_the_same_rate_on_magnets_is_paid_by_the_buyer() -> None:
    """Most of the duty is in the landed price after three years, and more duty is more price."""
    pairs = {rate: landed_over_base(rate) for rate in (RATE, 1.0)}
    for rate, (landed, ask) in pairs.items():
        print(f"{rate:.0%}: landed {(landed - 1) / rate:.0%} of it, ask {(ask - 1) / rate:.0%}")
        assert 0.85 < (landed - 1) / rate < 1.1
        assert ask > 1 + 0.5 * rate
    assert pairs[1.0][0] > pairs[RATE][0]


# -- port fee ------------------------------------------------------------------------------------


def test_a_port_fee_costs_what_the_arithmetic_says() -> None:
    """The landed price of a kilogram rises by the fee, and the collector gets fee x tonnes."""
    given = page(
        "PortFee", "USA", liable_share=0.5,
        schedule=[{"starts": "2025-01-20", "per_net_ton": 5000}],
    )  # fmt: skip
    fee = policies.load_one("f", given)
    assert isinstance(fee, PortFee)
    usd_per_kg = fee_usd_per_kg(fee.voyage(dt.date(2025, 2, 3)))
    assert usd_per_kg == pytest.approx(5000 * 50_000 * 5 / 7 * 0.5 / 50e6)
    model = TradeModel(scenario(weeks=30, policies={"f": given}), 0)
    world = model.world
    usa = axes.ECONOMY_INDEX["USA"]
    at_sea = (world.lanes.origin == usa) ^ (world.lanes.destination == usa)
    expected = 0.0
    for week in range(30):
        asked = model.state.ask[world.lane_origin] * world.wedge
        model.step()
        charged = usd_per_kg if week >= 2 else 0.0
        added = model.state.landed - asked
        np.testing.assert_allclose(added[at_sea], charged, atol=1e-9)
        np.testing.assert_allclose(added[~at_sea], 0.0, atol=1e-9)
        expected += 1000 * charged * float(model.state.lane_t[at_sea].sum())
    fees = model.state.fees_usd
    assert fees[usa] == pytest.approx(expected, rel=1e-9)
    assert fees.sum() == fees[usa]
    money = sum_by(world.firms.economy, model.state.money_usd, len(axes.ECONOMIES)).sum()
    money += model.state.carriers_usd + fees.sum()
    assert abs(money) < 1e-9 * np.abs(model.state.money_usd).sum()
    model.close()


@pytest.mark.parametrize(
    "name", ["port_fee_usa_2025", "port_fee_usa_chinese_built", "port_fee_china_2025"]
)
def test_the_fees_of_2025_are_small_on_a_magnet(name: str) -> None:
    """As written they add less than one in a thousand to what a magnet costs, and more than 0."""
    path = config.config_dir() / "policy" / f"{name}.yaml"
    fee = policies.load_one(name, yaml.safe_load(path.read_text(encoding="utf-8")))
    assert isinstance(fee, PortFee)
    usd_per_kg = fee_usd_per_kg(fee.voyage(dt.date(2025, 10, 20)))
    print(f"{name}: {usd_per_kg:.5f} USD/kg, {usd_per_kg / 52.2:.4%} of a magnet in America")
    assert 0.0 < usd_per_kg < 0.001 * 52.2
