"""Worlds and small helpers that the tests of laws and stories share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim import config
from tradesim.model import TradeModel
from tradesim.scenario import Scenario

Floats = npt.NDArray[np.float64]


def scenario(**changes: Any) -> Scenario:
    """A short run of the frozen base year without noise, with some fields changed."""
    settings: dict[str, Any] = {
        "name": "test", "title": "A world for a test", "weeks": 26, "noise": 0.0,
    }  # fmt: skip
    return Scenario(**{**settings, **changes})


def content_at_hand(model: TradeModel) -> tuple[Floats, float]:
    """Oxide equivalent in every stock and under way: by element, and the Chinese-mined part."""
    world, state = model.world, model.state
    inputs = world.slots.inputs
    stock = state.stock.copy()
    goods = state.shipping.goods.under_way()
    stock[:inputs] += goods[:, 0]
    fixed = np.where(world.tracked, 0.0, stock)
    elements = fixed @ world.slots.vector + state.elements.sum(0)
    elements = elements + state.shipping.elements.under_way().sum(0)
    return elements, float(state.chinese.sum() + goods[:, 1].sum())


def named(name: str, page: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    """A scenario of the library; ``page`` changes every policy of it, ``changes`` the run."""
    settings = config.compose([f"scenario={name}", "seeds=1"])
    scenario_ = config.resolve(settings).scenario
    policies = {key: {**value, **(page or {})} for key, value in scenario_.policies.items()}
    return Scenario.model_validate({**scenario_.model_dump(), "policies": policies, **changes})


#: Largest deviation of an ask from its base price in a calm world, relative; most stay near 1e-12.
CALM = 1e-10


def unrest(world: Scenario, seed: int, weeks: int = 156) -> float:
    """Largest relative deviation of any ask from its base price after some weeks of a world."""
    model = TradeModel(world, seed)
    try:
        for _ in range(weeks):
            model.step()
        return float(np.abs(model.state.ask / model.world.price0 - 1.0).max())
    finally:
        model.close()
