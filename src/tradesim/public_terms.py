"""What the public purse, or a hoarder's, does: programmes that buy, guaranteed prices, funding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Programme:
    """Public demand for stocks: what a government buys, how fast, at most at what price.

    A good on the list has a budget or a tonnage, spent at the rate a week; the other of the two
    is infinite. ``ceiling`` is the highest landed price over base price at which it buys.
    Releases serve members where a good's ask is above ``release_above`` times its base price.

    With a ``trend`` it is private: it pays out of its own pocket, buys while the mean ask in the
    economies it watches lies more than the share ``trend`` above its trailing average (at the full
    rate from twice that on) and sells while it lies below.
    """

    payers: Floats  # [economies] share of the cost and of the proceeds, in all 1
    members: Flags  # [economies] that releases serve
    budget_usd: Floats  # [goods] in all; 0 off the list
    usd_per_week: Floats  # [goods]
    target_t: Floats  # [goods] in all; 0 off the list
    t_per_week: Floats  # [goods]
    total_usd: float  # for all goods together
    ceiling: float  # highest landed price over base price at which it buys
    release_above: float  # ask over base price from which it releases
    release_per_week: float  # share of the stock a week, while it releases
    trend: float = 0.0  # share above its trailing average at which a private one buys; 0: public
    watched: Flags | None = None  # [economies] whose asks a speculator looks at

    @property
    def private(self) -> bool:
        """Whether it is a speculator's and not a government's."""
        return self.trend > 0.0


@dataclass(frozen=True)
class Guarantee:
    """Contracts for difference by output slot [outputs]: floors in USD/kg, 0 where there is none.

    ``share`` of sales is covered; the payer gets the share ``upside`` of a price above the floor.
    """

    floor_usd_per_kg: Floats  # [outputs]
    share: Floats  # [outputs] of sales that is covered
    upside: Floats  # [outputs] share of a price above the floor that the payer gets
    payer: npt.NDArray[np.int64]  # [outputs] economy

    def premium(self, price: Floats) -> Floats:
        """What the payer adds to a market price, USD/kg; negative where the payer gains."""
        gap = self.floor_usd_per_kg - price
        added = np.maximum(gap, 0.0) - self.upside * np.maximum(-gap, 0.0)
        return np.where(self.floor_usd_per_kg > 0.0, self.share * added, 0.0)

    def realised(self, price: Floats) -> Floats:
        """What the firm gets for a kilogram, USD/kg: market price and premium [outputs]."""
        return price + self.premium(price)


@dataclass(frozen=True)
class Funding:
    """Public money for projects: who pays, how fast, how much in all, and to whom."""

    payers: Floats  # [economies] shares adding up to one
    usd_per_week: float  # while money is left
    total_usd: float  # in all
    share: Floats  # [firms] adding up to one
