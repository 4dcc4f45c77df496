"""Speculation: private traders hoard oxides while prices rise and sell when they fall.

No trade policy, but written in the same form: it has dates, a place and a strength, and composes
with every instrument. Evidence: the rise of 2010 and 2011 went on while output abroad and at home
was falling by far less than prices rose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.policies.base import Calendar, Coverage, Policy, economies
from tradesim.policies.stockpile import STOCKABLE
from tradesim.public_terms import Programme
from tradesim.terms import Terms
from tradesim.world.reserves import Reserve
from tradesim.world.types import World


class Speculation(Policy):
    """Speculators in ``imposed_by`` who buy what ``list_t`` names, at most so much in all.

    They buy at the landed price like any other customer while the mean ask in the economies that
    they watch lies more than ``trend`` above its trailing average (``market.contract_weeks``), at
    the full rate from twice that on, and offer ``release_per_week`` of what they hold while it lies
    below. They have no part in a steady market. What they hold stands in the columns of public
    stocks of their economy.
    """

    instrument: ClassVar[str] = "speculation"
    needs: ClassVar[tuple[str, ...]] = ("export_quota_2009",)

    list_t: Mapping[str, float] = Field(
        description="The most that they buy in all, by good",
        json_schema_extra={"unit": "t", "source": "assumption, see the page"},
    )  # fmt: skip
    pace_weeks: float = Field(
        52.0, gt=0, le=1040, description="Time over which they buy it while prices rise fast",
        json_schema_extra={"unit": "weeks", "source": "assumption"},
    )  # fmt: skip
    trend: float = Field(
        0.15, gt=0, le=10, description="Ask above its trailing average from which they buy; from "
        "twice that on at the full rate",
        json_schema_extra={"unit": "share", "source": "assumption"},
    )  # fmt: skip
    ceiling: float = Field(
        50.0, gt=0, le=100, description="Highest landed price over base price at which they buy",
        json_schema_extra={"unit": "ratio", "source": "assumption"},
    )  # fmt: skip
    origins: tuple[str, ...] = Field(("CHN",), description="Economies or groups they buy from")
    members: tuple[str, ...] = Field((), description="Economies they sell to; none: their own")
    watches: tuple[str, ...] = Field(("*",), description="Economies whose prices they look at")
    release_per_week: float = Field(
        0.03, ge=0, le=1, description="Share of the stock on offer in a week of falling prices",
        json_schema_extra={"unit": "share per week", "source": "assumption"},
    )  # fmt: skip

    @field_validator("list_t")
    @classmethod
    def _goods_can_be_hoarded(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if not value:
            raise ValueError("list_t: name at least one good")
        for good, tonnes in value.items():
            if good not in STOCKABLE:
                raise unknown("good that can be hoarded", good, STOCKABLE, "list_t")
            if not 0.0 <= tonnes < np.inf:
                raise ValueError(f"list_t.{good}: a number from 0 on, not {tonnes}")
        return value

    @field_validator("origins", "members", "watches")
    @classmethod
    def _places_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Coverage(exempt_destinations=value)
        return value

    def reserves(self) -> tuple[Reserve, ...]:
        """The store of the speculators; none without strength."""
        if self.strength == 0.0:
            return ()
        found = economies(self.origins)
        codes = tuple(code for code, ok in zip(axes.ECONOMIES, found, strict=True) if ok)
        goods = tuple(good for good in axes.GOODS if self.list_t.get(good, 0.0) > 0.0)
        return (Reserve(self.name, self.imposed_by, goods, codes),)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Let them trade; ``strength`` scales the tonnes."""
        wanted = self.strength * np.array([self.list_t.get(good, 0.0) for good in axes.GOODS])
        listed = np.where(wanted > 0.0, np.inf, 0.0)
        terms.programmes[self.name] = Programme(
            payers=np.zeros(len(axes.ECONOMIES)),
            members=economies(self.members or (self.imposed_by,)),
            budget_usd=listed,
            usd_per_week=listed,
            target_t=wanted,
            t_per_week=wanted / self.pace_weeks,
            total_usd=np.inf,
            ceiling=self.ceiling,
            release_above=np.inf,
            release_per_week=self.release_per_week,
            trend=self.trend,
            watched=economies(self.watches),
        )
