"""A government as data: its ladder, whom it watches, how often it decides, what it cares about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tradesim import axes, rng
from tradesim.errors import InputError, unknown
from tradesim.parameters import quantity
from tradesim.states.packages import Package
from tradesim.states.utility import Preferences

_ID = {code: rng.stable_id(code) for code in axes.ECONOMIES}


class Opening(BaseModel):
    """A move that is given, on the first decision on or after a date.

    With ``package`` it is an announcement; with ``to`` a deal that both sides have struck.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: dt.date = Field(description="First day on which it is done")
    package: str = Field("", description="Package that is announced")
    effective: dt.date | None = Field(None, description="Date of effect; none: after its notice")
    to: str = Field("", description="Other party of a deal")
    give: tuple[str, ...] = Field((), description="Own packages that the deal suspends")
    take: tuple[str, ...] = Field((), description="The other's packages that it suspends")
    expires: dt.date | None = Field(None, description="First day after the deal")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Opening:
        if bool(self.package) == bool(self.to):
            raise ValueError("package: name a package to announce, or the party of a deal (to)")
        if self.to and self.expires is None:
            raise ValueError("expires: say when the deal ends")
        return self


class Government(BaseModel):
    """One government that decides; ``strategy`` is a page with ``_target_`` and parameters.

    ``resolve`` and ``pain_usd_per_week`` are private. Without a value every seed draws its own:
    resolve evenly between 0 and 1, the threshold lognormally about ``pain_median_usd_per_week``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: dict[str, Any] = Field(description="Class and parameters of its strategy")
    watches: tuple[str, ...] = Field(description="Governments that it answers, the first foremost")
    ladder: tuple[str, ...] = Field((), description="Packages it can climb, lowest rung first")
    opening: tuple[Opening, ...] = Field((), description="Moves that are given")
    decides_from: dt.date | None = Field(None, description="First day of decisions; none: start")
    decision_weeks: float = quantity(
        1.0, ge=0.25, le=52, unit="weeks", source="assumption: cabinets met weekly in October 2025",
        text="Time between decisions",
    )  # fmt: skip
    information: float = quantity(
        1.0, ge=0, le=1, unit="share", source="assumption; swept",
        text="Quality of what it knows of others: 1 exact and current, 0 two months old, half off",
    )  # fmt: skip
    resolve: float | None = Field(
        None, ge=0, le=1, description="Will to bear losses rather than yield; none: drawn",
        json_schema_extra={"unit": "share", "source": "private; drawn evenly"},
    )  # fmt: skip
    pain_usd_per_week: float | None = Field(
        None, ge=0, description="Loss beyond which it seeks a way out; none: drawn",
        json_schema_extra={"unit": "USD a week", "source": "private; drawn"},
    )  # fmt: skip
    pain_median_usd_per_week: float = quantity(
        1e9, ge=1e6, le=1e11, unit="USD a week", source="assumption; swept",
        text="Median of the threshold where it is drawn",
    )  # fmt: skip
    pain_spread: float = quantity(
        1.0, ge=0, le=3, unit="standard deviation of ln", source="assumption; swept",
        text="Spread of the threshold where it is drawn",
    )  # fmt: skip
    lookahead_runs_per_year: float = quantity(
        30.0, ge=0, le=1000, unit="runs' worth of steps a simulated year",
        source="choice: keeps a look-ahead run within half a minute",
        text="Most that its rehearsals may cost",
    )  # fmt: skip
    preferences: Preferences = Field(Preferences(), description="Weights of its utility, a group")

    @field_validator("watches")
    @classmethod
    def _watched_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if code not in axes.ECONOMIES:
                raise unknown("economy", code, axes.ECONOMIES, "watches")
        if not value:
            raise ValueError("watches: name at least one other government")
        return value


@dataclass(frozen=True)
class Character:
    """The private type of a government in one run: resolve 0-1, threshold USD a week."""

    resolve: float
    pain_usd_per_week: float


def character(government: Government, economy: str, seed: int) -> Character:
    """The type that a seed draws, except for what the government's page fixes."""
    drawn = float(rng.uniforms(seed, "resolve", _ID[economy]))
    draw = float(rng.normals(seed, "pain threshold", _ID[economy]))
    factor = exp(government.pain_spread * draw)
    return Character(
        drawn if government.resolve is None else government.resolve,
        government.pain_median_usd_per_week * factor
        if government.pain_usd_per_week is None
        else government.pain_usd_per_week,
    )


def luck(economy: str, seed: int, decision: int) -> float:
    """A uniform draw of a government's own for one decision."""
    return float(rng.uniforms(seed, "mixed strategy", _ID[economy], decision))


def check(
    states: Mapping[str, Government], packages: Mapping[str, Package], where: Sequence[str] = ()
) -> None:
    """Refuse ladders and openings that name a package their state has not, and lone watchers.

    Raises :class:`InputError`.
    """
    for code, government in states.items():
        if code not in axes.ECONOMIES:
            raise unknown("economy", code, axes.ECONOMIES, "states")
        own = [name for name, package in packages.items() if package.state == code]
        given = government.opening
        named = [("ladder", name) for name in government.ladder]
        named += [("opening", move.package) for move in given if move.package]
        named += [("opening", name) for move in given for name in move.give]
        for field, name in named:
            if name not in own:
                raise unknown(f"package of {code}", name, own, f"states.{code}.{field}")
        for move in given:
            if move.to and move.to not in states:
                raise unknown("government", move.to, states, f"states.{code}.opening")
        for other in government.watches:
            if other not in states or other == code:
                raise InputError(
                    f"{code} watches {other}, which is no other government of the scenario",
                    where=f"states.{code}.watches",
                    allowed=", ".join(o for o in states if o != code) or "(there is none)",
                    remedy=f"give {other} a page under states, or take it off the list",
                )
