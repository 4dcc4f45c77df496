"""The laws of conservation as one check that a test calls after every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim import axes
from tradesim.model import TradeModel
from tradesim.world.types import sum_by
from worlds import content_at_hand

Floats = npt.NDArray[np.float64]

#: Allowed imbalance over throughput, as in the design.
BALANCE = 1e-9


@dataclass
class Balance:
    """Elements, Chinese-mined content, legal origin, goods and money, from a model's start on."""

    model: TradeModel
    elements: Floats = field(init=False)
    chinese: float = field(init=False)
    origin: Floats = field(init=False)
    throughput: float = field(init=False)

    def __post_init__(self) -> None:
        """Remember what there is before the first step."""
        self.elements, self.chinese = content_at_hand(self.model)
        self.origin = origin_at_hand(self.model)
        weeks = self.model.scenario.step_weeks
        self.throughput = max(float(self.model.world.slots.base_t.sum()) * weeks, 1.0)

    def step(self) -> None:
        """Take a step and refuse what does not balance in it."""
        before = goods_at_hand(self.model)
        self.model.step()
        self._elements()
        if self.model.substeps == 1:
            gap = np.abs(goods_at_hand(self.model) - before - goods_made(self.model))
            assert gap.max() < BALANCE * self.throughput, axes.GOODS[int(gap.argmax())]
        self._money()
        state = self.model.state
        for values in (state.stock, state.shipped, state.use, state.ask, state.chinese):
            assert np.isfinite(values).all()
            assert values.min() > -1e-9

    def _elements(self) -> None:
        state = self.model.state
        now, chinese = content_at_hand(self.model)
        gained = state.sourced.elements - state.lost.elements - state.consumed.elements
        gap = np.abs(now - self.elements - gained)
        assert gap.max() < BALANCE * self.throughput, axes.ELEMENTS[int(gap.argmax())]
        gained_chinese = state.sourced.chinese - state.lost.chinese - state.consumed.chinese
        assert abs(chinese - self.chinese - gained_chinese) < BALANCE * self.throughput
        gap = np.abs(origin_at_hand(self.model) - self.origin - state.origin_made)
        assert gap.max(initial=0.0) < BALANCE * self.throughput

    def _money(self) -> None:
        state = self.model.state
        money = state.money_usd.sum() + state.treasury_usd.sum() + state.fees_usd.sum()
        money += state.carriers_usd - state.spent_usd.sum()
        assert abs(money) < BALANCE * max(np.abs(state.money_usd).sum(), 1.0)


def origin_at_hand(model: TradeModel) -> Floats:
    """Tracked legal origin in stock and under way [columns], t of oxide equivalent."""
    moving = model.state.shipping.goods.under_way()[:, 2:]
    return np.asarray(model.state.origin.sum(0) + moving.sum(0))


def goods_at_hand(model: TradeModel) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Tonnes of every good in stock or under way [goods]."""
    state, slots = model.state, model.world.slots
    stock = state.stock.copy()
    stock[: slots.inputs] += state.shipping.goods.under_way()[:, 0]
    return sum_by(slots.good, stock, len(axes.GOODS))


def goods_made(model: TradeModel) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Output less use, disposal and what was seized of every good in the last step [goods], t."""
    state, slots = model.state, model.world.slots
    change = state.output - state.disposed
    change[: slots.inputs] -= state.use
    seized = state.seized
    if seized is not None:
        change -= sum_by(model.world.links.seller, seized, len(change))
    return sum_by(slots.good, change, len(axes.GOODS))
