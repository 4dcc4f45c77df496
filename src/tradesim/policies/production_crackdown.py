"""Production crackdown: illegal mines and separation plants are closed, step by step.

Evidence: China's campaigns against unlicensed mining and separation from 2010 on; recorded output
fell from 129,400 t REO in 2009 to 95,000 t in 2013 (BGS).
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy, Status
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import Terms
from tradesim.world.types import World

#: Plants that work ore; recyclers and scandium makers are left alone.
STAGES = ("mine", "separation")


class CrackdownStep(BaseModel):
    """How much is closed from a day on, until the next step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: dt.date = Field(description="First day of the step")
    closed: float = Field(
        ge=0, lt=1, description="Share of base-year output that may no longer be made",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip


class ProductionCrackdown(Policy):
    """Mines and ore-fed separators of ``imposed_by`` may make less than in the base year.

    What may run is a share of base-year output, not of capacity, so idle plants cannot make up for
    it. ``covers.stages`` narrows it to mines or separators, ``covers.goods`` to some ores. From
    ``effective`` the first step that has begun holds.
    """

    instrument: ClassVar[str] = "production_crackdown"

    steps: tuple[CrackdownStep, ...] = Field(description="What is closed, by date")

    @model_validator(mode="after")
    def _steps_in_order(self) -> ProductionCrackdown:
        if not self.steps:
            raise ValueError("steps: name at least one")
        for before, after in pairwise(step.since for step in self.steps):
            if after <= before:
                raise ValueError(f"steps: the one since {after} must lie after {before}")
        if not set(self.covers.stages) & {"*", *STAGES}:
            raise ValueError(f"covers.stages: name one of {', '.join(STAGES)}")
        return self

    def closed(self, date: dt.date) -> float:
        """Share of base-year output that is closed on a date, before ``strength``."""
        found = 0.0
        for step in self.steps:
            if date >= step.since:
                found = step.closed
        return found

    def moment(self, now: Calendar) -> object:
        """Status, and what is closed while it is in force."""
        return now.status, self.closed(now.date) if now.status is Status.EFFECTIVE else None

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Hold the covered plants to what is left of their base-year output."""
        closed = self.strength * self.closed(now.date)
        if closed == 0.0:
            return
        firms, goods = world.firms, set(self.covers.goods_covered())
        works_ore = np.array([line in goods and line in axes.CONCENTRATES for line in firms.line])
        stage = np.isin(firms.stage, [axes.STAGE_INDEX[name] for name in STAGES])
        home = firms.economy == axes.ECONOMY_INDEX[self.imposed_by]
        covered = self.covers.firms(world) & works_ore & stage & home
        base = np.where(firms.cell >= 0, firms.activity_t, 0.0) / WEEKS_PER_YEAR
        terms.firms.allow(covered, (1.0 - closed) * base)
