"""Export quota: so many tonnes a half-year may leave; the right to ship a tonne has a price.

Evidence: China's half-yearly export quotas on rare earths until 2014, compiled by G. Hatch,
Technology Metals Research; abolished after the WTO ruling in DS431.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Allowance, Floats, Terms, TonnageLimit
from tradesim.world.types import PUBLIC, World, sum_by


class Tranche(BaseModel):
    """What a quota allows from a day on, until the next tranche starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts: dt.date = Field(description="First day of the tranche")
    t: float = Field(
        gt=0, le=1e7, description="Tonnes allowed",
        json_schema_extra={"unit": "t per tranche", "source": "see the page"},
    )  # fmt: skip


class ExportQuota(Policy):
    """A limit on what leaves the imposing economy, counted in oxide equivalent or plain tonnes.

    Either one figure for every half-year or dated tranches, the last of which is repeated every
    half-year; before the first nothing is limited. A tranche that has begun when the quota takes
    effect counts for the days left. Permits are tradable, so their price per counted kilogram is
    the same for every good.
    """

    instrument: ClassVar[str] = "export_quota"
    border: ClassVar[str] = "out"

    t_per_half_year: float | None = Field(
        None, gt=0, le=1e7, description="Tonnes allowed in every half-year",
        json_schema_extra={"unit": "t per half-year", "source": "see the page"},
    )  # fmt: skip
    tranches: tuple[Tranche, ...] = Field((), description="Dated tranches, in their order")
    counted: Literal["reo", "gross"] = Field(
        "reo", description="Tonnes of rare-earth oxide equivalent or of goods as shipped"
    )
    pace: float = Field(
        1.0, ge=1, le=10, description="How fast a tranche is drawn on: rate over the even rate of "
        "what is left of it; above 1 exporters ship early",
        json_schema_extra={"unit": "ratio", "source": "assumption: exporters spread their share"},
    )  # fmt: skip
    holder: Literal["exporter", "importer", "treasury"] = Field(
        "exporter", description="Who gets the rent; the treasury if permits are auctioned"
    )

    @model_validator(mode="after")
    def _one_way_to_say_how_much(self) -> ExportQuota:
        if (self.t_per_half_year is None) == (not self.tranches):
            raise ValueError("name either t_per_half_year or tranches")
        days = [tranche.starts for tranche in self.tranches]
        if days != sorted(set(days)):
            raise ValueError("tranches: each must start after the one before")
        return self

    undeclared_share: float = Field(
        0.0, ge=0, lt=1, description="Share of what it counts in the base year that left undeclared"
        " and still does, as far as border searches let it",
        json_schema_extra={"unit": "share of base-year exports", "source": "see the page"},
    )  # fmt: skip

    def tranche(self, date: dt.date) -> tuple[dt.date, dt.date, float] | None:
        """First day, day after the last and tonnes of the tranche of a date; None before any."""
        if self.t_per_half_year is not None:
            return *_half_year(date), self.t_per_half_year
        begun = [i for i, tranche in enumerate(self.tranches) if tranche.starts <= date]
        if not begun:
            return None
        now = self.tranches[begun[-1]]
        if begun[-1] + 1 < len(self.tranches):
            return now.starts, self.tranches[begun[-1] + 1].starts, now.t
        first, end = now.starts, _half_year_on(now.starts)
        while end <= date:
            first, end = end, _half_year_on(end)
        return first, end, now.t

    def moment(self, now: Calendar) -> object:
        """Status, and the tranche that holds or is to hold."""
        return (now.status, self.tranche(max(now.date, self.effective)))

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """Let buyers fear to lose what the tranche leaves out of the trade of the base year."""
        found = self.tranche(max(now.date, self.effective))
        if found is None:
            return
        first, end, tonnes = found
        weight = self.weights(world)
        base = float((world.lanes.base_t * weight).sum()) * (1.0 - self.undeclared_share)
        lost = 1.0 - tonnes / self.strength / max(base * (end - first).days / 7.0, 1e-30)
        if lost > 0.0:
            terms.raise_alarm(weight > 0, np.full(len(weight), lost))

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Limit the covered lanes together to the tranche; a weak quota allows more."""
        found = self.tranche(now.date)
        if found is None:
            return
        first, end, tonnes = found
        began = max(first, self.effective)
        left = (end - began).days / (end - first).days
        period = Allowance(
            t=tonnes * left / self.strength,
            starts_week=now.week_of(began),
            ends_week=now.week_of(end),
            pace=self.pace,
        )
        terms.limits[self.name] = TonnageLimit(
            weight=self.weights(world),
            t_per_week=period.t / (period.ends_week - period.starts_week),
            holder=self.holder,
            imposed_by=self.imposed_by,
            allowance=period,
            undeclared_share=self.undeclared_share,
        )

    def weights(self, world: World) -> Floats:
        """Counted tonnes per tonne shipped [lanes], zero where the quota does not reach."""
        lanes = world.lanes
        outbound = lanes.origin == axes.ECONOMY_INDEX[self.imposed_by]
        covered = self.covers.lanes(lanes) & outbound
        if self.counted == "gross":
            return np.where(covered, 1.0, 0.0)
        return np.where(covered, oxide_per_tonne(world), 0.0)


def oxide_per_tonne(world: World) -> Floats:
    """Oxide equivalent per tonne of what a lane carries in the base year, t/t [lanes].

    Links without base trade count with their good's mean, concentrates as what they are: tonnes
    of oxide.
    """
    links, lanes = world.links, len(world.lanes)
    # links of reserves count only where a lane has no others, so an idle reserve changes nothing
    weight = np.where(links.project == PUBLIC, 1e-30, links.base_t + 1e-12)
    inside = sum_by(links.lane, weight * world.density[links.seller], lanes)
    return inside / np.maximum(sum_by(links.lane, weight, lanes), 1e-30)


def _half_year(date: dt.date) -> tuple[dt.date, dt.date]:
    """First day of a date's calendar half-year and of the next one."""
    if date.month <= 6:
        return dt.date(date.year, 1, 1), dt.date(date.year, 7, 1)
    return dt.date(date.year, 7, 1), dt.date(date.year + 1, 1, 1)


def _half_year_on(date: dt.date) -> dt.date:
    """The same day of the month six months later, at most the 28th."""
    month = date.month + 6
    return dt.date(date.year + (month > 12), (month - 1) % 12 + 1, min(date.day, 28))
