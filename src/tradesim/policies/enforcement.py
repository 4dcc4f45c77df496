"""Enforcement: looking for lots that go round a control, and fining those that are found.

Evidence: China's special campaign against smuggling and third-country transfer of strategic
minerals (Ministry of Commerce, 9 May 2025); Article 34 of China's Export Control Law.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tradesim import axes
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class Enforcement(Policy):
    """``imposed_by`` searches the covered lanes that begin or end in it.

    A found lot is seized: the goods are lost to the market, whoever moved them bears the loss and
    a fine on their value. Searches of several governments are independent, the highest fine
    holds. Legal trade is not slowed.
    """

    instrument: ClassVar[str] = "enforcement"
    needs: ClassVar[tuple[str, ...]] = ("embargo_china",)

    detection: float = Field(
        ge=0, le=1, description="Probability that a lot past a control is found at this border",
        json_schema_extra={"unit": "probability", "source": "see the page"},
    )  # fmt: skip
    penalty: float = Field(
        0.0, ge=0, le=20, description="Fine on a lot that is found, in times its value",
        json_schema_extra={"unit": "share of value", "source": "see the page"},
    )  # fmt: skip

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Watch the covered lanes; strength scales the chance to find a lot and the fine."""
        lanes, home = world.lanes, axes.ECONOMY_INDEX[self.imposed_by]
        own = (lanes.origin == home) | (lanes.destination == home)
        terms.watch(
            self.covers.lanes(lanes) & own,
            self.strength * self.detection,
            self.strength * self.penalty,
        )
