"""A world without policy stands still, and with noise it wanders but does not drift."""

from __future__ import annotations

import numpy as np
import pytest

from tradesim import axes
from tradesim.market import price
from tradesim.model import TradeModel, simulate
from worlds import CALM, scenario, unrest


@pytest.mark.parametrize("seed", [0, 7])
def test_baseline_without_noise_stands_still(seed: int) -> None:
    """Every price within 1e-9 and no shortfall over 156 weeks."""
    model = TradeModel(scenario(weeks=156), seed)
    start = model.world.price0.copy()
    for _ in range(156):
        model.step()
        assert np.abs(model.state.ask / start - 1.0).max() < 1e-9
        assert (model.state.orders - model.state.received).max() < 1e-9
        assert model.state.given_up.max() < 1e-9
        assert not model.state.risk.max() > 1e-9
    model.close()


@pytest.mark.parametrize("seed", [8, 28, 52])
def test_networks_with_a_plant_that_exports_all_stand_still(seed: int) -> None:
    """A small stock that buyers abroad draw on must not start to swing (decision 0034)."""
    assert unrest(scenario(), seed) < CALM


def test_the_bound_on_sensitivity_is_what_makes_them_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it rounding grows into cycles."""
    monkeypatch.setattr(price, "LARGEST_GAIN", np.inf)
    assert unrest(scenario(), 8) > 1e-3


#: Market, share of stock that is lost, weeks after which the ask is back, and how near.
FIRES = (
    ("EU27", "magnet_NdFeB_HRE", 0.5, 104, 0.02),
    ("CHN", "magnet_NdFeB", 0.3, 104, 0.03),
    ("JPN", "metal_NdPr", 0.5, 104, 0.02),
    ("EU27", "component_motor", 0.4, 104, 0.02),
    ("CHN", "oxide_Nd", 0.2, 156, 0.05),
)


@pytest.mark.parametrize(("economy", "good", "lost", "weeks", "near"), FIRES)
def test_a_burnt_stock_heals(economy: str, good: str, lost: float, weeks: int, near: float) -> None:
    """The ask jumps when a part of a market's stock burns and comes back in time."""
    model = TradeModel(scenario(weeks=weeks), 0)
    market = axes.ECONOMY_INDEX[economy] * len(axes.GOODS) + axes.GOOD_INDEX[good]
    _burn(model, market, lost)
    path = []
    for _ in range(weeks):
        model.step()
        path.append(float((model.state.ask / model.world.price0)[market]))
    assert path[0] > 1.1, "the fire must be felt"
    assert path[-1] == pytest.approx(1.0, abs=near)
    model.close()


def test_joint_products_heal_by_halves() -> None:
    """Dysprosium comes with other elements, so its market heals slowly: half in two years.

    More ore for its sake piles up neodymium, which holds the plants back. A fifth of China's
    oxide stock is lost; the gap that the ask shows is to fall by 40% in two years, and on.
    """
    model = TradeModel(scenario(weeks=208), 0)
    market = axes.ECONOMY_INDEX["CHN"] * len(axes.GOODS) + axes.GOOD_INDEX["oxide_Dy"]
    _burn(model, market, 0.2)
    path = []
    for _ in range(208):
        model.step()
        path.append(float((model.state.ask / model.world.price0)[market]) - 1.0)
    assert path[103] < 0.6 * path[0]
    assert path[207] < 0.85 * path[103]
    model.close()


def _burn(model: TradeModel, market: int, lost: float) -> None:
    """Take a share of every stock of a market away, content and all."""
    world, state = model.world, model.state
    slots = np.flatnonzero(world.slots.market == market)
    state.stock[slots] *= 1.0 - lost
    state.chinese[slots] *= 1.0 - lost
    state.elements[np.isin(world.mixed, slots)] *= 1.0 - lost


@pytest.mark.parametrize("seeds", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_noise_makes_no_drift(seeds: int) -> None:
    """3% demand noise, five years: annual medians move by under 2% or 3 errors."""
    medians = []
    for seed in range(seeds):
        table = simulate(scenario(weeks=261, noise=0.03), seed)["markets"].to_pandas()
        table["year"] = [d.year for d in table["date"]]
        table = table[table["year"] < 2030]
        keys = ["economy", "good", "year"]
        medians.append(
            table.groupby(keys, observed=True)["price_ask_usd_per_kg"].median().unstack("year")
        )
    stacked = np.stack([m.to_numpy() for m in medians])
    relative = stacked / stacked[:, :, :1]
    middle = np.median(relative, axis=0)
    # standard error of a median: 1.2533 standard errors of the mean (normal approximation)
    error = 1.2533 * relative.std(axis=0, ddof=1) / np.sqrt(len(relative))
    drift = np.abs(middle - 1.0)
    allowed = np.maximum(0.02, 3.0 * error)
    worst = np.unravel_index(np.argmax(drift - allowed), drift.shape)
    name = medians[0].index[worst[0]]
    assert (drift <= allowed).all(), f"{name} drifts by {drift[worst]:.3f}"
