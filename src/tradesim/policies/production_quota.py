"""Production quota: how much a country lets its mines and separation plants handle a year.

Evidence: China's total-control quotas on mining and on smelting and separation, 2006 to 2024
published, from 2025 not; imported ore counted since the rules of 2025.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import Terms
from tradesim.world.types import World, sum_by


class ProductionQuota(Policy):
    """A ceiling on the weekly activity of the mines and separation plants of ``imposed_by``.

    Each firm gets its share of the base year, so all together stay within the quota; nobody
    trades it. At half ``strength`` the quota is twice as large. Scandium and recycling are free.
    """

    instrument: ClassVar[str] = "production_quota"

    mine_t_per_year: float | None = Field(
        None, gt=0, le=1e7, description="Most that mines may bring up; empty for no limit",
        json_schema_extra={"unit": "t REO a year", "source": "see the page"},
    )  # fmt: skip
    separation_t_per_year: float | None = Field(
        None, gt=0, le=1e7, description="Most feed that may be separated; empty for no limit",
        json_schema_extra={"unit": "t REO a year", "source": "see the page"},
    )  # fmt: skip
    counts_imported_ore: bool = Field(
        True, description="Whether imported ore uses up the quota; if not, imports of the base "
        "year are let in on top of it"
    )  # fmt: skip

    @model_validator(mode="after")
    def _limits_something(self) -> ProductionQuota:
        if self.mine_t_per_year is None and self.separation_t_per_year is None:
            raise ValueError("give mine_t_per_year, separation_t_per_year or both")
        return self

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Hand each firm its part of the quota."""
        extra = 0.0 if self.counts_imported_ore else self.imported_ore_t_per_year(world)
        for stage, quota, more in (
            ("mine", self.mine_t_per_year, 0.0), ("separation", self.separation_t_per_year, extra),
        ):  # fmt: skip
            if quota is not None:
                self._hand_out(terms, world, stage, (quota / self.strength + more))

    def _hand_out(self, terms: Terms, world: World, stage: str, t_per_year: float) -> None:
        firms = world.firms
        ore = np.array([line.startswith("concentrate_") for line in firms.line])
        home = firms.economy == axes.ECONOMY_INDEX[self.imposed_by]
        limited = home & ore & (firms.stage == axes.STAGE_INDEX[stage])
        base = np.where(limited, firms.activity_t, 0.0)
        share = base / max(float(base.sum()), 1e-30)
        terms.firms.allow(limited, share * t_per_year / WEEKS_PER_YEAR)

    def imported_ore_t_per_year(self, world: World) -> float:
        """Concentrate that came in from other economies in the base year, t REO."""
        lanes = world.lanes
        home = axes.ECONOMY_INDEX[self.imposed_by]
        bought = sum_by(lanes.good, lanes.base_t * (lanes.destination == home), len(axes.GOODS))
        own = sum_by(
            lanes.good,
            lanes.base_t * (lanes.destination == home) * (lanes.origin == home),
            len(axes.GOODS),
        )
        ores = axes.positions(axes.CONCENTRATES, axes.GOODS)
        return float((bought - own)[ores].sum()) * WEEKS_PER_YEAR
