"""Five years without Chinese rare earths: prices stay finite, the world outside adapts."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.model import TradeModel
from worlds import named


def test_five_years_of_embargo() -> None:
    """Every ask below its choke price, nothing negative or NaN; mines and plants respond."""
    model = TradeModel(named("full_embargo", weeks=260), 0)
    world = model.world
    china = axes.ECONOMY_INDEX["CHN"]
    seen = np.unique(world.slots.market)
    for _ in range(260):
        model.step()
        state = model.state
        ratio = state.ask / world.price0
        assert (ratio < world.choke)[seen].all()
        for values in (state.stock, state.chinese, state.elements, state.shipped, state.use):
            assert np.isfinite(values).all()
            assert values.min() > -1e-9
    abroad = world.firms.economy != china
    stage = np.array([axes.STAGES[s] for s in world.firms.stage])

    def growth(name: str) -> float:
        rows = abroad & (stage == name)
        base = world.activity_nominal_t[rows & (world.firms.cell >= 0)].sum()
        return float(state.activity[rows].sum() / base)

    assert growth("mine") > 1.1
    assert growth("separation") > 1.3
    assert state.substitution.max() > 0.2
    assert state.expansion[abroad].sum() > 0
    exported = _chinese_exports(model)
    assert exported < 1e-9
    model.close()


def _chinese_exports(model: TradeModel) -> float:
    """Controlled tonnes that left China under licence in the last step."""
    world = model.world
    lane = world.links.lane
    goods = [axes.GOOD_INDEX[g] for g in (*axes.MAGNETS, "metal_NdPr", "oxide_Nd")]
    out = (world.lanes.origin == axes.ECONOMY_INDEX["CHN"]) & world.lane_abroad
    out &= np.isin(world.lanes.good, goods)
    return float(model.state.shipped[out[lane]].sum())
