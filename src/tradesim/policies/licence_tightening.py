"""Licence tightening: an authority slow-walks its licences without saying so.

Evidence: in September 2025 questions and resubmissions went back to the level of April (Reuters).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class LicenceTightening(Policy):
    """The authority ``imposed_by`` grants less and decides later on what ``covers`` names.

    Nothing is announced and nobody is alarmed; buyers learn it from what they wait for. Several
    tightenings multiply, and they reach those under an easing as well. Where no licence is needed
    nothing happens.
    """

    instrument: ClassVar[str] = "licence_tightening"
    needs: ClassVar[tuple[str, ...]] = ("licence_april_2025",)

    approval_factor: float = Field(
        1.0, ge=0, le=1, description="What approval is multiplied with",
        json_schema_extra={"unit": "ratio", "source": "see the page"},
    )  # fmt: skip
    delay_factor: float = Field(
        1.0, ge=1, le=20, description="What the mean wait is multiplied with",
        json_schema_extra={"unit": "ratio", "source": "see the page"},
    )  # fmt: skip

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Tighten by the strength's share of the factors."""
        terms.licence(self.imposed_by).tighten(
            self.covers.links(world),
            approval=1.0 - self.strength * (1.0 - self.approval_factor),
            delay=1.0 + self.strength * (self.delay_factor - 1.0),
        )
