"""Truce: policies of both sides are suspended until a date; then they return unless renewed."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field, model_validator

from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class Truce(Policy):
    """From ``effective`` to ``expires`` the policies that it names are suspended.

    Buyers who know the date reckon with their return in the last ``warning_weeks``: then they
    count as announced. A truce with other parties to it is a page of its own.
    """

    instrument: ClassVar[str] = "truce"
    acts_through: ClassVar[str] = "the policies that it suspends"

    suspended_policies: tuple[str, ...] = Field(
        description="Names of the scenario's policies that are suspended; wildcards are allowed"
    )
    warning_weeks: float = Field(
        8.0, ge=0, le=104, description="Time before the end in which buyers reckon with it",
        json_schema_extra={"unit": "weeks", "source": "assumption: a quarter less a transit"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _names_somebody(self) -> Truce:
        if not self.suspended_policies:
            raise ValueError("suspended_policies: name at least one policy of the scenario")
        return self

    def suspends(self, name: str) -> bool:
        """Whether the truce names the policy (never itself)."""
        named = any(fnmatchcase(name, pattern) for pattern in self.suspended_policies)
        return named and name != self.name

    def ends_soon(self, date: dt.date) -> bool:
        """Whether the end is known and near."""
        if self.expires is None:
            return False
        return (self.expires - date).days <= 7.0 * self.warning_weeks

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Nothing of its own: what it does is done to the policies it suspends."""
