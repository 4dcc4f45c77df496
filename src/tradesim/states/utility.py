"""What a government cares about, in USD: losses, revenue, audiences, leverage, cover, the future.

``U = -shortfall + revenue + trade + outside - audience + w x rival's loss + cover - future``: the
sum that literature on sanctions and export control suggests (audience
costs after Fearon 1994, doi:10.2307/2944796; leverage after Hirschman 1945, National Power and the
Structure of Foreign Trade). :class:`Meter` measures every economy in USD of a step, before any
weight; :func:`weigh` weighs the measures by a government's :class:`Preferences`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from tradesim.market.state import MarketState
from tradesim.parameters import quantity
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import N_ECONOMIES, Floats, World, sum_by

#: Terms of utility in the order of the tables, each in USD and signed: a gain is positive.
TERMS = ("shortfall", "revenue", "trade", "outside", "audience", "leverage", "cover", "future")
#: Terms that a government feels at home as pain when they fall.
FELT = ("shortfall", "revenue", "trade", "outside", "cover")


class Preferences(BaseModel):
    """Weights of a government's utility; every one is to be swept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    downstream_multiple: float = quantity(
        10.0, ge=1, le=100, unit="USD per USD of the part at base price",
        source="assumption: a motor of some hundred dollars stops a car of some ten thousand, but"
        " part of the output is made up later",
        text="Value lost where a final user goes without a part",
    )  # fmt: skip
    audience_usd: float = quantity(
        0.5e9, ge=0, le=20e9, unit="USD per package withdrawn",
        source="assumption: order of a week of the losses that a duty of 100% costs; Fearon 1994"
        " says that there is a cost, not how much",
        text="Cost at home of withdrawing a package without a concession for it",
    )  # fmt: skip
    leverage_weight: float = quantity(
        0.1, ge=0, le=1, unit="USD per USD of the rival's loss", source="assumption",
        text="Worth of a dollar that the rival loses",
    )  # fmt: skip
    cover_rate_per_year: float = quantity(
        0.05, ge=0, le=0.5, unit="share of the value of the public reserve per year",
        source="assumption: an insurance premium somewhat above the cost of holding stock",
        text="Worth of holding a public reserve",
    )  # fmt: skip
    future_margin: float = quantity(
        0.2, ge=0, le=0.6, unit="share of sales", source="assumption",
        text="Margin on the sales that capacity built abroad takes away for good",
    )  # fmt: skip
    future_years: float = quantity(
        10.0, ge=0, le=40, unit="years", source="assumption: life of a separation line",
        text="Time over which such sales are lost",
    )  # fmt: skip
    discount_per_year: float = quantity(
        0.05, ge=0, le=0.3, unit="per year",
        source="assumption: between a public and a private rate",
        text="Rate at which losses to come are discounted",
    )  # fmt: skip


@dataclass(frozen=True)
class Measures:
    """What a step did to every economy [economies], USD.

    ``lost_use_usd``, ``outside_usd`` and ``rival_capacity_usd`` are losses, the others gains.
    """

    lost_use_usd: Floats  # final use that fell short of the wish, at base prices
    revenue_usd: Floats  # duties, fees and auctioned permits less public spending
    trade_usd: Floats  # exports less imports, rents in their prices included, less base year's
    outside_usd: Floats  # rest of trade and chips
    reserve_usd_weeks: Floats  # public reserve at base prices times the time it was held
    rival_capacity_usd: Floats  # sales a year that capacity newly built elsewhere can take


@dataclass
class Meter:
    """Measures the steps of a run; it remembers the ledgers and capacities of the last one."""

    world: World
    accounts_usd: Floats  # [economies] revenue and fees less spending, cumulative
    built_usd: Floats  # [economies] sales a year of capacity that investment has added

    @classmethod
    def at(cls, world: World, state: MarketState) -> Meter:
        """A meter that starts at a state of the market."""
        return cls(world, _accounts(state), _built(world, state))

    def read(
        self, state: MarketState, outside_usd: tuple[Floats, Floats] | None, dt: float
    ) -> Measures:
        """What happened in a step of ``dt`` weeks; ``outside_usd`` are losses a week."""
        accounts, built = _accounts(state), _built(self.world, state)
        new = built - self.built_usd
        found = Measures(
            lost_use_usd=_lost_use(self.world, state),
            revenue_usd=accounts - self.accounts_usd,
            trade_usd=_trade(self.world, state),
            outside_usd=(outside_usd[0] + outside_usd[1]) * dt if outside_usd else _nil(),
            reserve_usd_weeks=_reserve(self.world, state) * dt,
            rival_capacity_usd=new.sum() - new,
        )
        self.accounts_usd, self.built_usd = accounts, built
        return found


def annuity(years: float, rate_per_year: float) -> float:
    """Present value of a dollar a year for some years at a rate per year, dollars."""
    if rate_per_year == 0.0:
        return years
    return float(-np.expm1(-rate_per_year * years) / rate_per_year)


def own_terms(measures: Measures, economy: int, weights: Preferences) -> Floats:
    """Terms of one economy without audience and leverage [terms], USD of the step."""
    at = {name: float(getattr(measures, name)[economy]) for name in measures.__dataclass_fields__}
    future = weights.future_margin * annuity(weights.future_years, weights.discount_per_year)
    by_name = {
        "shortfall": -weights.downstream_multiple * at["lost_use_usd"],
        "revenue": at["revenue_usd"],
        "trade": at["trade_usd"],
        "outside": -at["outside_usd"],
        "cover": weights.cover_rate_per_year / WEEKS_PER_YEAR * at["reserve_usd_weeks"],
        "future": -future * at["rival_capacity_usd"],
    }
    return np.array([by_name.get(term, 0.0) for term in TERMS])


def felt_loss(terms: Floats) -> float:
    """What a government feels at home [terms] -> USD, positive; a gain is no pain."""
    return max(0.0, -sum(float(terms[TERMS.index(name)]) for name in FELT))


def _accounts(state: MarketState) -> Floats:
    return np.asarray(state.treasury_usd + state.fees_usd - state.spent_usd, np.float64)


def _lost_use(world: World, state: MarketState) -> Floats:
    """Final use below what was wanted at base price [economies], USD at base prices."""
    inputs = world.slots.inputs
    missing = np.maximum(state.wish * state.dt - state.use, 0.0) * world.final
    value = 1000.0 * missing * world.price0[world.slots.market[:inputs]]
    return sum_by(world.firms.economy[world.slots.firm[:inputs]], value, N_ECONOMIES)


def _trade(world: World, state: MarketState) -> Floats:
    """Balance of trade in the model's goods less that of the base year [economies], USD."""
    lanes = world.lanes
    base_t = 1000.0 * lanes.base_t * state.dt
    sold = state.value_usd / world.wedge - base_t * world.price0[world.lane_origin]
    paid = state.value_usd - base_t * world.price0[world.lane_destination]
    sold, paid = sold * world.lane_abroad, paid * world.lane_abroad
    return sum_by(lanes.origin, sold, N_ECONOMIES) - sum_by(lanes.destination, paid, N_ECONOMIES)


def _reserve(world: World, state: MarketState) -> Floats:
    held = world.reserve_slots
    value = 1000.0 * state.stock[held] * world.price0[world.slots.market[held]]
    return sum_by(world.firms.economy[world.slots.firm[held]], value, N_ECONOMIES)


def _built(world: World, state: MarketState) -> Floats:
    """Sales a year at base prices of capacity that investment has added or begun [economies]."""
    slots, inputs = world.slots, world.slots.inputs
    out = slice(inputs, None)
    value = 1000.0 * slots.per_activity[out] * world.price0[slots.market[out]]
    by_activity = sum_by(slots.firm[out], value, len(world.firms))
    added = (state.expansion + state.building.sum(1)) * by_activity * WEEKS_PER_YEAR
    return sum_by(world.firms.economy, added, N_ECONOMIES)


def _nil() -> Floats:
    return np.zeros(N_ECONOMIES)
