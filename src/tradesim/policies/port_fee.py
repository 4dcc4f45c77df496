"""Port fee: a charge per net ton of some ships, felt as a cost per kilogram of cargo.

Evidence: the fees on Chinese ships that the US Trade Representative set in April 2025, and the
Chinese ones on ships linked to the United States of October 2025.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy, economies
from tradesim.terms import Flags, Terms
from tradesim.world.types import Lanes, World

_SHIP = "assumption: a container ship of about 9,000 TEU; range of the page"


@dataclass(frozen=True)
class Voyage:
    """The terms of the arithmetic, one by one, in the order in which they multiply."""

    usd_per_net_ton: float
    net_tonnage: float
    calls_per_year: float
    charged_calls_per_year: float
    liable_share: float
    cargo_t_per_call: float

    @property
    def charge_usd(self) -> float:
        """What a liable ship pays for a charged call, USD."""
        return self.usd_per_net_ton * self.net_tonnage

    @property
    def charged_share(self) -> float:
        """Share of a liable ship's calls that are charged; those beyond the yearly cap are free."""
        return min(1.0, self.charged_calls_per_year / self.calls_per_year)


def fee_usd_per_kg(voyage: Voyage) -> float:
    """Port fee per kilogram of cargo, USD/kg, averaged over liable and other ships.

    ``charge x charged share x liable share / cargo``: shippers choose between ships, so freight
    rises by the mean (assumption: passed on in full, spread over the cargo by weight).
    """
    per_call = voyage.charge_usd * voyage.charged_share * voyage.liable_share
    return per_call / (1000.0 * voyage.cargo_t_per_call)


class FeeStep(BaseModel):
    """The fee from a day on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts: dt.date = Field(description="First day of the step")
    per_net_ton: float = Field(
        ge=0, le=1e5, description="Fee in the schedule's currency",
        json_schema_extra={"unit": "currency per net ton", "source": "see the page"},
    )  # fmt: skip


class PortFee(Policy):
    """A fee on some ships that call at the imposing economy's ports, with dated steps.

    It falls on covered lanes into and out of the economy, save those with its ``overland``
    neighbours, and its collector is the imposing economy. All lanes by sea: an upper bound for
    goods that also fly.
    """

    instrument: ClassVar[str] = "port_fee"

    schedule: tuple[FeeStep, ...] = Field(description="Dated steps of the fee, in their order")
    usd_per_currency: float = Field(
        1.0, gt=0, le=100, description="Exchange rate of the schedule's currency",
        json_schema_extra={"unit": "USD per unit of currency", "source": "see the page"},
    )  # fmt: skip
    charged_calls_per_year: float = Field(
        5.0, gt=0, le=366, description="Most charges on one ship in a year",
        json_schema_extra={"unit": "calls per year", "source": "both schedules of 2025"},
    )  # fmt: skip
    net_tonnage: float = Field(
        50_000.0, gt=0, le=200_000, description="Net tonnage of a typical ship",
        json_schema_extra={"unit": "net tons", "source": _SHIP},
    )  # fmt: skip
    cargo_t_per_call: float = Field(
        50_000.0, gt=0, le=400_000, description="Cargo landed and loaded in a call",
        json_schema_extra={"unit": "t", "source": _SHIP},
    )  # fmt: skip
    calls_per_year: float = Field(
        7.0, gt=0, le=366, description="Calls of a ship that count as voyages, in a year",
        json_schema_extra={"unit": "calls per year", "source": "assumption: a loop of seven weeks"},
    )  # fmt: skip
    liable_share: float = Field(
        ge=0, le=1, description="Share of the capacity calling that is liable",
        json_schema_extra={"unit": "share", "source": "assumption; see the page"},
    )  # fmt: skip
    overland: tuple[str, ...] = Field((), description="Economies reached without a ship")

    @model_validator(mode="after")
    def _steps_in_order(self) -> PortFee:
        days = [step.starts for step in self.schedule]
        if not days or days != sorted(set(days)):
            raise ValueError("schedule: at least one step, each starting after the one before")
        for code in self.overland:
            self.covers.__class__(destinations=(code,))
        return self

    def per_net_ton(self, date: dt.date) -> float:
        """Fee on a date in the schedule's currency per net ton, before strength; 0 before any."""
        return max(
            ((step.starts, step.per_net_ton) for step in self.schedule if step.starts <= date),
            default=(date, 0.0),
        )[1]

    def voyage(self, date: dt.date) -> Voyage:
        """Terms of the arithmetic on a date, strength included."""
        return Voyage(
            usd_per_net_ton=self.strength * self.per_net_ton(date) * self.usd_per_currency,
            net_tonnage=self.net_tonnage,
            calls_per_year=self.calls_per_year,
            charged_calls_per_year=self.charged_calls_per_year,
            liable_share=self.liable_share,
            cargo_t_per_call=self.cargo_t_per_call,
        )

    def moment(self, now: Calendar) -> object:
        """Status, and the step of the schedule."""
        return (now.status, self.per_net_ton(now.date))

    def lanes(self, lanes: Lanes) -> Flags:
        """Lanes whose cargo passes the imposing economy's ports [lanes]."""
        home = axes.ECONOMY_INDEX[self.imposed_by]
        by_land = economies(self.overland)
        out = (lanes.origin == home) & ~by_land[lanes.destination]
        into = (lanes.destination == home) & ~by_land[lanes.origin]
        return np.asarray(self.covers.lanes(lanes) & (out | into), np.bool_)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Add the fee per kilogram on lanes through the ports."""
        fee = fee_usd_per_kg(self.voyage(now.date))
        if fee > 0.0:
            terms.add_fee(self.imposed_by, np.where(self.lanes(world.lanes), fee, 0.0))
