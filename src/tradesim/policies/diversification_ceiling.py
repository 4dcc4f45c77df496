"""Diversification ceiling: at most a share of an economy's orders of a good from one origin.

Evidence: the G7 at Evian, 17 June 2026: at most 60% of rare-earth processing from one country by
2030 (one report).
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from tradesim.policies.base import Calendar, Coverage, Policy, Status, economies
from tradesim.terms import Floats, Terms
from tradesim.world.types import N_ECONOMIES, World, sum_by

#: The ceiling of a phase-in moves in steps of so many weeks.
STEP_WEEKS = 4


class DiversificationCeiling(Policy):
    """Each of ``members`` orders at most ``share`` of a good from any one covered origin.

    The ceiling comes down in a straight line from the share of the base year at ``effective`` to
    ``share`` on ``reached``. Orders beyond it go to other suppliers, those a buyer has not
    bought from included; a buyer without another supplier keeps its own. Without ``members``
    the economy ``imposed_by`` is the only one. A good bought at home counts as an origin of its
    own that no ceiling limits.
    """

    instrument: ClassVar[str] = "diversification_ceiling"

    share: float = Field(
        ge=0.5, lt=1, description="Largest share of orders from one origin, at least a half",
        json_schema_extra={"unit": "share of orders", "source": "see the page"},
    )  # fmt: skip
    reached: dt.date = Field(description="The ceiling is fully down on this date")
    members: tuple[str, ...] = Field((), description="Economies that keep it, codes or groups")

    @field_validator("members")
    @classmethod
    def _members_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Coverage(destinations=value or ("*",))
        return value

    @model_validator(mode="after")
    def _comes_down_later(self) -> DiversificationCeiling:
        if self.reached < self.effective:
            raise ValueError(
                f"reached ({self.reached}) must not lie before effective ({self.effective})"
            )
        return self

    def moment(self, now: Calendar) -> object:
        """Status, and the step of the phase-in."""
        if now.status is not Status.EFFECTIVE:
            return now.status
        return (now.status, self._progress(now))

    def _progress(self, now: Calendar) -> float:
        """How far the ceiling has come down, 0-1, in steps of :data:`STEP_WEEKS`."""
        span = (self.reached - self.effective).days / 7.0
        age = now.week - now.week_of(self.effective)
        if age >= span:
            return 1.0
        return STEP_WEEKS * int(age // STEP_WEEKS) / span

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Set the ceiling of the day on every covered lane into a member."""
        lanes = world.lanes
        members = economies(self.members or (self.imposed_by,))
        covered = self.covers.lanes(lanes) & members[lanes.destination]
        start = np.maximum(_base_share(world), self.share)
        start = np.where(start > self.share, start, 1.0)
        moved = self.strength * self._progress(now)
        terms.add_ceiling(covered, start + moved * (self.share - start))


def _base_share(world: World) -> Floats:
    """Share of a lane's origin in its destination's purchases of the good [lanes], base year."""
    lanes, market = world.lanes, world.lane_destination
    group = market * N_ECONOMIES + lanes.origin
    part = sum_by(group, lanes.base_t, world.markets * N_ECONOMIES)[group]
    whole = sum_by(market, lanes.base_t, world.markets)[market]
    return np.asarray(part / np.maximum(whole, 1e-30), np.float64)
