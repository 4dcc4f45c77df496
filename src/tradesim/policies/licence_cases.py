"""Exceptions within a licence rule: more specific wins, and of equals the strictest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim.policies.base import Coverage
from tradesim.terms import Flags, Floats
from tradesim.world.types import World

#: What a case may narrow.
MATCHED = ("elements", "goods", "end_uses", "destinations", "buyers", "sellers")
#: What a case may say, and which of two equally specific sayings is the stricter.
_STRICTER: dict[str, Callable[[Floats, float], Floats]] = {
    "approval": np.minimum, "delay_weeks": np.maximum, "validity_weeks": np.minimum,
}  # fmt: skip


def _said(unit: str) -> dict[str, Any]:
    return {"unit": unit, "source": "see the page"}


class LicenceCase(BaseModel):
    """One exception: what it matches, and what holds there in place of the general rule.

    Its rank is the number of fields that it narrows. On each link, and for each of approval,
    delay and validity apart, the case of the highest rank that says something holds; among equals
    the strictest. An exemption holds where its rank is above that of every other case there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    elements: tuple[str, ...] = Field(("*",), description="Elements that it is for")
    goods: tuple[str, ...] = Field(("*",), description="Goods that it is for")
    end_uses: tuple[str, ...] = Field(("*",), description="End uses that it is for")
    destinations: tuple[str, ...] = Field(("*",), description="Economies or groups it is for")
    buyers: tuple[str, ...] = Field(("*",), description="Names of firms that buy")
    sellers: tuple[str, ...] = Field(("*",), description="Names of firms that sell")
    approval: float | None = Field(
        None, ge=0, le=1, description="Probability of a grant", json_schema_extra=_said("share")
    )
    delay_weeks: float | None = Field(
        None, ge=0, le=104, description="Mean time from application to decision",
        json_schema_extra=_said("weeks"),
    )  # fmt: skip
    validity_weeks: float | None = Field(
        None, gt=0, le=520, description="Time after which a granted balance lapses",
        json_schema_extra=_said("weeks"),
    )  # fmt: skip
    exempt: bool = Field(False, description="No licence is needed")

    @model_validator(mode="after")
    def _says_one_thing(self) -> LicenceCase:
        _ = self.coverage
        says = any(getattr(self, name) is not None for name in _STRICTER)
        if says == self.exempt:
            raise ValueError(
                "a case says approval, delay_weeks or validity_weeks, or else exempt: true"
            )
        return self

    @property
    def coverage(self) -> Coverage:
        """What it matches."""
        return Coverage(**{name: getattr(self, name) for name in MATCHED})

    @property
    def rank(self) -> int:
        """How many fields it narrows."""
        return sum(getattr(self, name) != ("*",) for name in MATCHED)

    def at(self, name: str, strength: float) -> float | None:
        """What it says of approval, delay or validity when the policy has a strength."""
        value: float | None = getattr(self, name)
        if value is None or name == "validity_weeks":
            return value
        return 1.0 - strength * (1.0 - value) if name == "approval" else strength * value


@dataclass
class LinkRule:
    """A policy's licence rule link by link: probability and weeks [links]."""

    covered: Flags
    approval: Floats
    delay_weeks: Floats
    validity_weeks: Floats


def with_cases(
    rule: LinkRule, cases: Sequence[LicenceCase], strength: float, world: World
) -> LinkRule:
    """``rule`` with the exceptions of ``cases`` at a strength; their order does not matter."""
    found = {name: getattr(rule, name) for name in _STRICTER}
    rank = {name: np.full(len(rule.covered), -1) for name in (*_STRICTER, "free", "bound")}
    for case in cases:
        here, level = case.coverage.links(world), case.rank
        for name, stricter in _STRICTER.items():
            value = case.at(name, strength)
            if value is None:
                continue
            equal = np.where(rank[name] == level, stricter(found[name], value), found[name])
            found[name] = np.where(here, np.where(rank[name] < level, value, equal), found[name])
            rank[name] = np.where(here, np.maximum(rank[name], level), rank[name])
        side = "free" if case.exempt else "bound"
        rank[side] = np.where(here, np.maximum(rank[side], level), rank[side])
    return LinkRule(rule.covered & ~(rank["free"] > rank["bound"]), **found)
