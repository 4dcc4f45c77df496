"""Tariff: an ad valorem or specific duty on imports."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tradesim import axes
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class Tariff(Policy):
    """A duty that the importing economy ``imposed_by`` levies on lanes that end in it.

    The buyer pays it on top of the border value; the treasury of ``imposed_by`` receives it.
    """

    instrument: ClassVar[str] = "tariff"

    rate: float = Field(
        0.0, ge=0, le=10, description="Duty as a share of border value",
        json_schema_extra={"unit": "share of value", "source": "scenario"},
    )  # fmt: skip
    specific_usd_per_kg: float = Field(
        0.0, ge=0, le=1000, description="Duty per kilogram",
        json_schema_extra={"unit": "USD/kg", "source": "scenario"},
    )  # fmt: skip

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Add the duty while the tariff is in force."""
        lanes = world.lanes
        inbound = lanes.destination == axes.ECONOMY_INDEX[self.imposed_by]
        covered = self.covers.lanes(lanes) & inbound
        terms.add_duty(covered, self.strength * self.rate)
        terms.add_specific(covered, self.strength * self.specific_usd_per_kg)
