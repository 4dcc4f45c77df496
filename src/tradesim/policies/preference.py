"""Preference: buyers and sellers of some lanes like each other better, or less, than before."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class Preference(Policy):
    """Weights on covered lanes: allied offtake, joint purchasing, or a boycott.

    ``factor`` multiplies how much buyers order there at equal prices, and how much a short seller
    gives there. Factors of several policies multiply; strength is their exponent.
    """

    instrument: ClassVar[str] = "preference"

    factor: float = Field(
        gt=0, le=20, description="Orders at equal prices over those before",
        json_schema_extra={"unit": "ratio", "source": "see the page"},
    )  # fmt: skip

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Multiply the liking of the covered lanes."""
        terms.prefer(self.covers.lanes(world.lanes), float(self.factor**self.strength))
