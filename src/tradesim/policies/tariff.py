"""Tariff: an ad valorem or specific duty on imports, with its later changes."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy, Status, economies
from tradesim.terms import Terms
from tradesim.world.types import World


class RateStep(BaseModel):
    """The rates of a duty from a date on, until the next step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: dt.date = Field(description="First day of the new rates")
    rate: float = Field(
        0.0, ge=0, le=10, description="Duty as a share of border value",
        json_schema_extra={"unit": "share of value", "source": "see the page"},
    )  # fmt: skip
    rest_of_trade_rate: float = Field(
        0.0, ge=0, le=10, description="Duty on all goods outside the model",
        json_schema_extra={"unit": "share of value", "source": "see the page"},
    )  # fmt: skip


class Tariff(Policy):
    """A duty that the importing economy ``imposed_by`` levies on lanes that end in it.

    The buyer pays it on top of the border value; the treasury of ``imposed_by`` receives it.
    ``covers.goods`` says which goods of the model pay; ``rest_of_trade_rate`` is what all other
    goods from ``covers.origins`` pay, whose cost stands in the outside block. ``later`` holds the
    changes of the rates, each with its date.
    """

    instrument: ClassVar[str] = "tariff"
    border: ClassVar[str] = "in"

    rate: float = Field(
        0.0, ge=0, le=10, description="Duty as a share of border value",
        json_schema_extra={"unit": "share of value", "source": "scenario"},
    )  # fmt: skip
    specific_usd_per_kg: float = Field(
        0.0, ge=0, le=1000, description="Duty per kilogram",
        json_schema_extra={"unit": "USD/kg", "source": "scenario"},
    )  # fmt: skip
    rest_of_trade_rate: float = Field(
        0.0, ge=0, le=10, description="Duty on all goods outside the model (outside block)",
        json_schema_extra={"unit": "share of value", "source": "see the page"},
    )  # fmt: skip
    later: tuple[RateStep, ...] = Field((), description="Changes of the two rates, by date")

    @model_validator(mode="after")
    def _steps_in_order(self) -> Tariff:
        dates = [self.effective, *(step.since for step in self.later)]
        for before, after in pairwise(dates):
            if after <= before:
                raise ValueError(
                    f"later: the step since {after} must lie after {before}; write the steps in"
                    " the order of their dates, all after effective"
                )
        return self

    def rates(self, date: dt.date) -> tuple[float, float]:
        """Rates on goods of the model and on all others on a date, shares of value."""
        found = (self.rate, self.rest_of_trade_rate)
        for step in self.later:
            if date >= step.since:
                found = (step.rate, step.rest_of_trade_rate)
        return found

    def moment(self, now: Calendar) -> object:
        """Status, and the rates while they are in force."""
        return now.status, self.rates(now.date) if now.status is Status.EFFECTIVE else None

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Add the duty while the tariff is in force."""
        lanes = world.lanes
        rate, rest_of_trade = self.rates(now.date)
        inbound = lanes.destination == axes.ECONOMY_INDEX[self.imposed_by]
        covered = self.covers.lanes(lanes) & inbound
        terms.add_duty(covered, self.strength * rate)
        terms.add_specific(covered, self.strength * self.specific_usd_per_kg)
        if rest_of_trade > 0.0:
            for exporter, named in zip(axes.ECONOMIES, economies(self.covers.origins), strict=True):
                if named and exporter != self.imposed_by:
                    terms.add_outside_duty(self.imposed_by, exporter, self.strength * rest_of_trade)
