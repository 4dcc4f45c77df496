"""A world without policy stands still, and with noise it wanders but does not drift."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import scenario

from tradesim import axes
from tradesim.model import TradeModel, simulate


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


def test_a_disturbed_stock_heals() -> None:
    """Half of all Chinese Dy oxide burns; two years later the ask is back within 2%."""
    model = TradeModel(scenario(weeks=130), 0)
    market = model.world.slots.market
    dysprosium = [i for i in range(len(market)) if market[i] == _market(model, "CHN", "oxide_Dy")]
    model.state.stock[dysprosium] *= 0.5
    model.state.chinese[dysprosium] *= 0.5
    peak = 0.0
    for _ in range(130):
        model.step()
        ratio = float((model.state.ask / model.world.price0)[_market(model, "CHN", "oxide_Dy")])
        peak = max(peak, ratio)
    assert peak > 1.2, "the fire must be felt"
    assert ratio == pytest.approx(1.0, abs=0.02)
    model.close()


def _market(model: TradeModel, economy: str, good: str) -> int:
    return axes.ECONOMY_INDEX[economy] * len(axes.GOODS) + axes.GOOD_INDEX[good]


@pytest.mark.slow
def test_noise_makes_no_drift() -> None:
    """3% demand noise, five years, 20 seeds: annual medians move by under 2% or 3 errors."""
    medians = []
    for seed in range(20):
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
