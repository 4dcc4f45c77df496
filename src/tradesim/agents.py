"""Mesa agents: states decide; a firm is a light view on its row of the arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa
import numpy as np

from tradesim import axes

if TYPE_CHECKING:
    from tradesim.model import TradeModel


class State(mesa.Agent):
    """A government, as Mesa sees it: a view on its seat in the council, if it has one.

    ``economy`` is its code. Money and stockpiles are read from the model's ledgers, USD and t.
    """

    model: TradeModel

    def __init__(self, model: TradeModel, economy: str) -> None:
        super().__init__(model)
        self.economy = economy

    @property
    def treasury_usd(self) -> float:
        """Tariff revenue collected so far, USD."""
        return float(self.model.state.treasury_usd[axes.ECONOMY_INDEX[self.economy]])

    @property
    def policies_in_force(self) -> list[str]:
        """Names of the policies that this state imposes and that are effective today."""
        return list(self.model.policies_in_force(self.economy))

    @property
    def rung(self) -> int:
        """Rung on its ladder at the last sitting, 0 for a state that does not decide."""
        if self.model.affairs is None:
            return 0
        return int(self.model.affairs.council.standings()[axes.ECONOMY_INDEX[self.economy]])


class Firm(mesa.Agent):
    """A view on one firm: nothing is stored here, every property reads the model's arrays."""

    model: TradeModel

    def __init__(self, model: TradeModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def name(self) -> str:
        """Name of the firm."""
        return str(self.model.world.firms.name[self.row])

    @property
    def economy(self) -> str:
        """Code of its economy."""
        return str(axes.ECONOMIES[self.model.world.firms.economy[self.row]])

    @property
    def stage(self) -> str:
        """Stage of the chain: mine, separation, metal ..."""
        return str(axes.STAGES[self.model.world.firms.stage[self.row]])

    @property
    def activity_t_per_week(self) -> float:
        """Activity in the last step, t a week."""
        return float(self.model.state.activity[self.row])

    @property
    def capacity_t_per_week(self) -> float:
        """Nameplate capacity, t a week."""
        return float(self.model.state.nameplate[self.row])

    @property
    def money_usd(self) -> float:
        """Receipts less payments for rare-earth goods so far, USD."""
        return float(self.model.state.money_usd[self.row])

    @property
    def stocks_t(self) -> dict[str, float]:
        """Stock of every good it holds, t."""
        slots = self.model.world.slots
        mine = np.flatnonzero(slots.firm == self.row)
        return {axes.GOODS[slots.good[slot]]: float(self.model.state.stock[slot]) for slot in mine}
