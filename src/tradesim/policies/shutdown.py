"""Shutdown: a dated loss of capacity through conflict, accident or an order to stop.

No trade policy, but written in the same form: it has dates, a place and a strength, and composes
with every instrument.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from pydantic import Field, model_validator

from tradesim.policies.base import Calendar, Policy, Status
from tradesim.terms import Terms
from tradesim.world.types import World

#: Stages whose plan follows from their own buyers, so that no capacity limits it.
UNLIMITED = frozenset(("manufacture", "trader"))


class Shutdown(Policy):
    """The plants that ``covers`` names (economy, stage, firm) lose ``loss`` of their capacity.

    From ``effective`` the loss is full; in the last ``return_weeks`` before the end it shrinks
    evenly to nothing. ``imposed_by`` is the economy where it happens. Plants that stay open may
    use the slack they have.
    """

    instrument: ClassVar[str] = "shutdown"

    loss: float = Field(
        ge=0, le=1, description="Share of nameplate that is lost",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip
    return_weeks: float = Field(
        0.0, ge=0, le=520, description="Time before the end over which capacity comes back",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _names_plants(self) -> Shutdown:
        everywhere = ("*",)
        if self.covers.stages == self.covers.sellers == everywhere:
            raise ValueError("covers: name the stages or the firms (sellers) that are shut")
        if self.covers.stages != everywhere and set(self.covers.stages) <= UNLIMITED:
            raise ValueError(
                "covers.stages: manufacturers and traders run on demand and have no capacity; "
                "shut the stages before them"
            )
        return self

    @property
    def over(self) -> dt.date | None:
        """The day from which all capacity is back."""
        return min(filter(None, (self.suspended, self.expires)), default=None)

    def lost(self, now: Calendar) -> float:
        """Share of capacity that is lost on a date, before ``strength``."""
        if self.over is None or self.return_weeks == 0.0:
            return self.loss
        left = now.week_of(self.over) - now.week
        return self.loss * min(1.0, max(0.0, left / self.return_weeks))

    def moment(self, now: Calendar) -> object:
        """Status, and the loss while it shrinks."""
        return (now.status, self.lost(now) if now.status is Status.EFFECTIVE else None)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Take the capacity away."""
        terms.firms.shut(self.covers.firms(world), self.strength * self.lost(now))
