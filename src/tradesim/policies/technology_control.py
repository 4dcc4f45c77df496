"""Technology control: equipment, know-how and staff for plants elsewhere need a licence at home.

Evidence: MOFCOM Announcement 62 of 9 October 2025 (technologies of mining, separation, smelting,
magnets and recycling; assembly and maintenance of lines; nationals barred from helping without a
licence) and 56 (equipment, from 8 November 2025). No published figure says by how much a project
is delayed; every factor is an assumption with its range on the page.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tradesim import axes
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Flags, Terms
from tradesim.world.types import World

#: Annuity of 10% on 250 USD per kg and year of a magnet plant, over 60 USD/kg (assumption).
CAPITAL_SHARE = 0.4


class TechnologyControl(Policy):
    """Plants outside ``imposed_by`` that depend on its technology are built late and run badly.

    What remains to be done on a project takes ``lead_time_factor`` times as long, an expansion
    too; capital cost rises and with it the price that an expansion asks for; while a plant ramps
    only part of its output is sound; lines that run lose service until others serve them. A
    plant on stream before the control is not delayed. Which plants depend is drawn for each seed
    (:mod:`tradesim.world.technology`); ``covers`` narrows them by economy, stage and name.
    """

    instrument: ClassVar[str] = "technology_control"

    lead_time_factor: float = Field(
        1.5, ge=1, le=10, description="Remaining time to build over that without the control",
        json_schema_extra={"unit": "ratio", "source": "assumption; see the page for its range"},
    )  # fmt: skip
    capital_cost_factor: float = Field(
        1.0, ge=1, le=10, description="Capital cost of new plant over that without the control",
        json_schema_extra={"unit": "ratio", "source": "assumption; see the page for its range"},
    )  # fmt: skip
    capital_share: float = Field(
        CAPITAL_SHARE, ge=0, le=1, description="Share of capital in the cost of the product",
        json_schema_extra={"unit": "share", "source": "assumption: a tenth a year of 250,000 USD "
                           "per t/yr (Sumter, public cost and size) over 60 USD/kg"},
    )  # fmt: skip
    ramp_yield: float = Field(
        1.0, gt=0, le=1, description="Sound share of output at the start of a ramp",
        json_schema_extra={"unit": "share", "source": "assumption; see the page for its range"},
    )  # fmt: skip
    service_loss_per_year: float = Field(
        0.0, ge=0, le=5, description="Rate at which running capacity fails for want of service",
        json_schema_extra={"unit": "share per year", "source": "assumption; see the page"},
    )  # fmt: skip

    def dependent(self, world: World) -> Flags:
        """Firms that the control hits [firms]."""
        abroad = world.firms.economy != axes.ECONOMY_INDEX[self.imposed_by]
        hit: Flags = self.covers.firms(world) & world.chinese_technology & abroad
        return hit

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Slow, dear, rough and unserved: every effect grows with ``strength``."""
        hit, firms = self.dependent(world), terms.firms
        firms.slow(hit, 1.0 + self.strength * (self.lead_time_factor - 1.0))
        dearer = self.capital_share * (self.capital_cost_factor - 1.0)
        firms.cost(hit, 1.0 + self.strength * dearer)
        firms.starve(
            hit,
            self.strength * self.service_loss_per_year,
            1.0 - self.strength * (1.0 - self.ramp_yield),
        )
