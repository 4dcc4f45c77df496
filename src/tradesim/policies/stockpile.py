"""Stockpile: a government buys from a shopping list, keeps what it bought, and may release it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.policies.base import Calendar, Coverage, Policy, economies
from tradesim.public_terms import Programme
from tradesim.terms import Floats, Terms
from tradesim.world.reserves import Reserve
from tradesim.world.types import MIXTURES, World

#: Goods that a reserve may hold: those whose content does not differ from lot to lot.
STOCKABLE = tuple(g for g in axes.GOODS if axes.GOOD_INDEX[g] not in MIXTURES)


def _meta(unit: str, source: str = "see the page") -> dict[str, Any]:
    return {"unit": unit, "source": source}


class Stockpile(Policy):
    """Public demand for stocks, by one economy or by several that pay by share.

    It buys from makers in admitted origins at the landed price, duty and licence included, at
    most at the rate that spends a good's amount in ``pace_weeks``, never above the ceiling and
    never beyond the budget. Its buyers certify no end use. Minerals that the model does not hold
    (``outside_usd``) are kept for the report alone and take their part of the budget.
    """

    instrument: ClassVar[str] = "stockpile"

    list_usd: Mapping[str, float] = Field(
        {}, description="Goods to buy for so much money", json_schema_extra=_meta("USD"),
    )  # fmt: skip
    list_t: Mapping[str, float] = Field(
        {}, description="Goods to buy by weight", json_schema_extra=_meta("t"),
    )  # fmt: skip
    outside_usd: Mapping[str, float] = Field(
        {}, description="Minerals outside the model: the report estimates their price effect",
        json_schema_extra=_meta("USD"),
    )  # fmt: skip
    budget_usd: float | None = Field(
        None, ge=0, description="For everything together; none: the list is the limit",
        json_schema_extra=_meta("USD"),
    )  # fmt: skip
    pace_weeks: float = Field(
        104.0, gt=0, le=1040, description="Time over which the list is bought if sellers deliver",
        json_schema_extra=_meta("weeks", "assumption: two financial years"),
    )  # fmt: skip
    ceiling: float = Field(
        3.0, gt=0, le=100, description="Highest landed price over base price at which it buys",
        json_schema_extra=_meta("ratio", "assumption: the price at which users replace fastest"),
    )  # fmt: skip
    origins: tuple[str, ...] = Field(("*",), description="Economies or groups it buys from")
    not_from: tuple[str, ...] = Field(("CHN",), description="Economies it does not buy from")
    members: tuple[str, ...] = Field((), description="Economies that releases serve; none: its own")
    cost_shares: Mapping[str, float] = Field(
        {}, description="Who pays which share; none: who imposes it",
        json_schema_extra=_meta("share"),
    )  # fmt: skip
    release_above: float | None = Field(
        None, gt=0, le=100, description="Ask over base price above which it releases; none: never",
        json_schema_extra=_meta("ratio", "assumption"),
    )  # fmt: skip
    release_per_week: float = Field(
        0.1, ge=0, le=1, description="Share of the stock on offer in a week of release",
        json_schema_extra=_meta("share per week", "assumption"),
    )  # fmt: skip

    @field_validator("list_usd", "list_t")
    @classmethod
    def _goods_can_be_stocked(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for good, amount in value.items():
            if good not in STOCKABLE:
                raise unknown("good for a reserve", good, STOCKABLE, "list_usd or list_t")
            _not_negative(good, amount)
        return value

    @field_validator("outside_usd")
    @classmethod
    def _amounts(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for mineral, amount in value.items():
            _not_negative(mineral, amount)
        return value

    @field_validator("cost_shares")
    @classmethod
    def _shares_add_up(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for code, share in value.items():
            if code not in axes.ECONOMIES:
                raise unknown("economy", code, axes.ECONOMIES, "cost_shares")
            _not_negative(code, share)
        if value and abs(sum(value.values()) - 1.0) > 1e-6:
            raise ValueError(f"cost_shares: they add up to {sum(value.values())}, not to 1")
        return value

    @model_validator(mode="after")
    def _list_is_clear(self) -> Stockpile:
        twice = sorted(set(self.list_usd) & set(self.list_t))
        if twice:
            raise ValueError(f"{twice[0]}: say either USD (list_usd) or tonnes (list_t)")
        if not (self.list_usd or self.list_t or self.outside_usd):
            raise ValueError("the shopping list is empty: name goods in list_usd or list_t")
        Coverage(origins=self.origins, exempt_destinations=(*self.not_from, *self.members))
        return self

    def reserves(self) -> tuple[Reserve, ...]:
        """The reserve that holds the goods; none without strength or without a list."""
        wanted = {good for good, amount in (*self.list_usd.items(), *self.list_t.items()) if amount}
        if self.strength == 0.0 or not wanted:
            return ()
        admitted = economies(self.origins) & ~economies(self.not_from)
        codes = tuple(code for code, ok in zip(axes.ECONOMIES, admitted, strict=True) if ok)
        goods = tuple(good for good in axes.GOODS if good in wanted)
        return (Reserve(self.name, self.imposed_by, goods, codes),)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Hang the programme out; ``strength`` scales money and tonnes."""
        if not self.reserves():
            return
        budget, target = _by_good(self.list_usd), _by_good(self.list_t)
        listed = (budget > 0) | (target > 0)
        budget = np.where(target > 0, np.inf, self.strength * budget)
        target = np.where(listed & (target == 0), np.inf, self.strength * target)
        total = np.inf if self.budget_usd is None else self._inside_usd()
        terms.programmes[self.name] = Programme(
            payers=self._payers(),
            members=economies(self.members or (self.imposed_by,)),
            budget_usd=budget,
            usd_per_week=budget / self.pace_weeks,
            target_t=target,
            t_per_week=target / self.pace_weeks,
            total_usd=total,
            ceiling=self.ceiling,
            release_above=np.inf if self.release_above is None else self.release_above,
            release_per_week=self.release_per_week,
        )

    def _inside_usd(self) -> float:
        """What is left of the budget for goods of the model, USD: outside minerals take theirs."""
        whole = self.budget_usd or 0.0
        return self.strength * max(whole - sum(self.outside_usd.values()), 0.0)

    def _payers(self) -> Floats:
        """Share of each economy in cost and proceeds [economies]."""
        shares = self.cost_shares or {self.imposed_by: 1.0}
        return np.array([shares.get(code, 0.0) for code in axes.ECONOMIES])


def _by_good(amounts: Mapping[str, float]) -> Floats:
    """Amounts by name as an array [goods], unit kept."""
    return np.array([amounts.get(good, 0.0) for good in axes.GOODS])


def _not_negative(name: str, amount: float) -> None:
    if not 0.0 <= amount < np.inf:
        raise ValueError(f"{name}: a number from 0 on, not {amount}")
