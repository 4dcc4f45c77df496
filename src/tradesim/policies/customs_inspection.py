"""Customs inspection: lots are held and tested at the border without any rule being announced.

Evidence: the stop towards Japan that was reported from 21 September to 20 November 2010 and denied
by the Ministry of Commerce (Global Trade Alert); tests of uncontrolled magnets in spring 2025
(The Oregon Group, July 2025).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy, Status
from tradesim.terms import Flags, Terms
from tradesim.world.types import MIXTURES, World

#: Weeks of delay that frighten buyers as much as a refusal of half of supply.
ALARM_WEEKS = 4.0


def refuse_mixtures(goods: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for goods whose content differs from lot to lot: none can be held."""
    for good in goods:
        if axes.GOOD_INDEX[good] in MIXTURES:
            raise ValueError(f"{good}: customs can detain oxides, metals, targets and magnets")


def fading(age_weeks: float, full_weeks: float, fade_weeks: float) -> float:
    """Strength of an inspection, 1 for ``full_weeks``, then falling linearly to 0."""
    if age_weeks <= full_weeks:
        return 1.0
    return max(0.0, 1.0 - (age_weeks - full_weeks) / max(fade_weeks, 1e-9))


class CustomsInspection(Policy):
    """The authority of ``imposed_by`` holds a share of what leaves for a mean time, then fades.

    Whatever ``covers`` names is inspected, goods under no control included: that is the spill-over
    of a control, or an embargo that nobody has declared. Nothing is announced; ``reported`` says
    that the press told buyers.
    """

    instrument: ClassVar[str] = "customs_inspection"
    border: ClassVar[str] = "out"

    hold_share: float = Field(
        ge=0, le=1, description="Share of shipments held at first",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip
    hold_weeks: float = Field(
        ge=0, le=52, description="Mean time that a lot is held",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    full_weeks: float = Field(
        ge=0, le=520, description="Time for which the full share is held",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    fade_weeks: float = Field(
        ge=0, le=104, description="Time over which inspection fades after that",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    reported: bool = Field(False, description="Whether buyers learn of it from the press")

    @model_validator(mode="after")
    def _can_be_held(self) -> CustomsInspection:
        refuse_mixtures(self.covers.goods_covered())
        if self.covers.sellers != ("*",) or self.covers.buyers != ("*",):
            raise ValueError("covers: customs inspect by good, destination and use, not by firm")
        return self

    def moment(self, now: Calendar) -> object:
        """Status, and the week while inspection fades."""
        age = now.week - now.week_of(self.effective)
        moves = now.status is Status.EFFECTIVE and age <= self.full_weeks + self.fade_weeks + 1
        return (now.status, now.week if moves else None)

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """What is reported frightens like a delay of that length on that share of supply."""
        if not self.reported or now.status is not Status.EFFECTIVE:
            return
        share = self._share(now)
        lost = share * (1.0 - 1.0 / (1.0 + self.hold_weeks / ALARM_WEEKS))
        terms.raise_alarm(self._inspected(world), np.full(len(world.lanes), lost))

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Hold the share of the day."""
        share = self._share(now)
        if share > 0.0 and self.hold_weeks > 0.0:
            terms.add_hold(self._inspected(world), share, self.hold_weeks)

    def _share(self, now: Calendar) -> float:
        age = now.week - now.week_of(self.effective)
        return self.strength * self.hold_share * fading(age, self.full_weeks, self.fade_weeks)

    def _inspected(self, world: World) -> Flags:
        outbound = world.lanes.origin == axes.ECONOMY_INDEX[self.imposed_by]
        return np.asarray(self.covers.lanes(world.lanes) & outbound, np.bool_)
