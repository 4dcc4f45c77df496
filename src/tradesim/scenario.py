"""What one run is told: a world, its policies and how it is computed. Typed, frozen, checked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.parameters import MarketParameters, OutsideParameters, TalksParameters

#: Weeks in a Julian year of 365.25 days; turns annual tonnes into weekly ones.
WEEKS_PER_YEAR = 365.25 / 7.0

_CHOICE = "setting of the computation; docs/robustness.md shows what hangs on it"
_WEEKS: dict[str, Any] = {"unit": "weeks", "source": _CHOICE}
_FIRMS: dict[str, Any] = {"unit": "firms", "source": _CHOICE}
_NOISE: dict[str, Any] = {"unit": "relative standard deviation", "source": "assumption"}


class Scenario(BaseModel):
    """One world to simulate: story, horizon, behaviour and policies.

    ``base_year`` names the tables that the world is built from. Times are weeks, ``start`` is a
    Monday, ``noise`` a relative standard deviation of weekly final demand, ``firms`` a count.
    Growth, where there is any, begins at ``growth_from`` (at the start without it): the base year
    is the mean of a calendar year, so a run that starts before its middle stands still until then.
    ``further_goods`` are goods of ``tables/further`` traded beside
    rare earths; ``outside`` prices what happens in no market of the model. ``policies`` maps a
    name to a mapping with ``_target_``, the class in :mod:`tradesim.policies` (or under a prefix
    the user allows), and its parameters. ``states`` maps an economy to the page of a government
    that decides; it alone then moves the policies of its ``packages``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the world, as in the tables")
    title: str = Field(description="What it is, in a line")
    story: str = Field("", description="What happens, in words")
    sources: tuple[str, ...] = Field((), description="Evidence for the story")
    compare: str | None = Field(None, description="World that it is compared with")
    base_year: Literal[2024, 2009] = Field(2024, description="Tables that the world is built from")
    start: dt.date = Field(dt.date(2025, 1, 6), description="First day of the run, a Monday")
    weeks: int = Field(156, ge=1, le=1040, description="Horizon", json_schema_extra=_WEEKS)
    step_weeks: float = Field(
        1.0, ge=0.25, le=4, description="Length of a step", json_schema_extra=_WEEKS
    )
    firms: int = Field(
        400, ge=1, le=20_000, description="Firms of the base year", json_schema_extra=_FIRMS
    )
    noise: float = Field(
        0.03, ge=0, le=1, description="Spread of final demand from week to week",
        json_schema_extra=_NOISE,
    )  # fmt: skip
    growth: bool = Field(False, description="Whether final demand and planned capacity grow")
    growth_from: dt.date | None = Field(None, description="First day of growth; none: the start")
    pipeline: bool = Field(False, description="Whether dated projects come on")
    further_goods: tuple[str, ...] = Field((), description="Goods beside the chain that are traded")
    market: MarketParameters = Field(MarketParameters(), description="Behaviour, a group of keys")
    outside: OutsideParameters = Field(
        OutsideParameters(), description="Blocks outside rare earths, a group of keys"
    )
    policies: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Policies by name, each with its class and parameters"
    )
    packages: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Packages of policies that a government moves together"
    )
    states: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Governments that decide, by economy"
    )
    talks: TalksParameters = Field(
        TalksParameters(), description="How governments talk, a group of keys"
    )

    @model_validator(mode="after")
    def _growth_does_not_jump(self) -> Scenario:
        if self.growth_from is not None and self.growth_from < self.start:
            raise ValueError(
                f"growth_from: {self.growth_from} lies before the start {self.start}, and the world"
                " cannot have grown before it exists; name a later date, or null for the start"
            )
        return self

    @field_validator("further_goods")
    @classmethod
    def _goods_have_tables(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for good in value:
            if good not in axes.FURTHER_GOODS:
                raise unknown("further good", good, axes.FURTHER_GOODS, "further_goods")
        if len(set(value)) < len(value):
            raise ValueError("further_goods: name each good once")
        return value


class RunConfig(BaseModel):
    """One job: a scenario, the world it is compared with and the seeds it is run with.

    ``drawn`` lists the dotted keys that every seed takes from the posterior sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Scenario
    compare: Scenario | None = None
    seeds: tuple[int, ...] = (0,)
    workers: int = Field(1, ge=1, le=1024)
    record: Literal["headline", "monthly", "full"] = "monthly"
    uncertainty: Literal["point", "posterior"] = "posterior"
    drawn: tuple[str, ...] = ()
    engine: Literal["auto", "numpy", "numba"] = "auto"
    out: Path | None = None

    @model_validator(mode="after")
    def _seeds_are_distinct(self) -> RunConfig:
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError("seeds: at least one, all different, none negative")
        return self
