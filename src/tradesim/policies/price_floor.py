"""Price floor: a contract for difference that guarantees named firms a price for what they sell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class PriceFloor(Policy):
    """The payer tops every kilogram sold up to the floor and may share in prices above it.

    The market price it is measured against is the ask in the firm's own market. The firm plans
    and invests by the price it gets; its customers pay the market price. An offtake at a fixed
    price is the same contract. A floor on oxides carries over to metals by their content (the
    tolling margin stays with the firm). ``strength`` is the share of sales that is covered.
    """

    instrument: ClassVar[str] = "price_floor"

    oxide_usd_per_kg: Mapping[str, float] = Field(
        description="Floor by element, per kilogram of oxide",
        json_schema_extra={"unit": "USD/kg", "source": "see the page"},
    )
    upside_share: float = Field(
        0.0, ge=0, le=1, description="Share of a price above the floor that the payer gets",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip
    covered_share: float = Field(
        1.0, ge=0, le=1, description="Share of the firms' sales that the contract covers",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip

    @field_validator("oxide_usd_per_kg")
    @classmethod
    def _elements_have_prices(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for element, price in value.items():
            if element not in axes.ELEMENTS:
                raise unknown("element", element, axes.ELEMENTS, "oxide_usd_per_kg")
            if not 0.0 <= price <= 1e5:
                raise ValueError(f"{element}: 0 to 100,000 USD/kg, not {price}")
        return value

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Guarantee the price on the covered products of the covered firms."""
        slots, out = world.slots, slice(world.slots.inputs, None)
        known = np.array([*(name in self.oxide_usd_per_kg for name in axes.ELEMENTS)])
        price = np.array([self.oxide_usd_per_kg.get(name, 0.0) for name in axes.ELEMENTS])
        good = slots.good[out]
        inside = world.good_vector[good]
        covered = np.isin(good, axes.positions(self.covers.goods_covered(), axes.GOODS))
        covered &= np.isin(good, axes.positions((*axes.OXIDES, *axes.METALS), axes.GOODS))
        covered &= (inside @ known > 0) & self.covers.firms(world)[slots.firm[out]]
        share = self.strength * self.covered_share
        payer = axes.ECONOMY_INDEX[self.imposed_by]
        if share > 0.0:
            terms.guarantee(covered, inside @ price, payer, self.upside_share, share)
