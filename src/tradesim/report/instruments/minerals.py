"""Minerals outside the model that a stockpile buys: a reduced-form price effect, not simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.tables.book import ASSUMPTIONS, read_rows


@dataclass(frozen=True)
class Mineral:
    """A world market: value of a year's output in USD, and elasticity of demand and supply."""

    value_usd: float
    elasticity: float
    source: str


def minerals() -> dict[str, Mineral]:
    """Outside minerals by name, from ``tables/assumptions/outside_minerals.csv``."""
    return {
        row["mineral"]: Mineral(
            1000.0 * float(row["world_t_per_year"]) * float(row["price_usd_per_kg"]),
            float(row["elasticity"]),
            row["source"],
        )
        for row in read_rows(ASSUMPTIONS / "outside_minerals.csv")
    }


def price_effect_percent(usd_per_year: float, mineral: Mineral) -> float:
    """Rise of the price, %: purchases over the market's value, over the elasticity.

    The first-order comparative statics of a market: a shift of demand by a share ``q`` moves the
    price by ``q / (e_demand + e_supply)``, both elasticities positive.
    """
    return 100.0 * usd_per_year / mineral.value_usd / mineral.elasticity


def bought_in_year(usd: float, pace_weeks: float, year: int) -> float:
    """What an even pace buys in the ``year``-th year (1, 2, ...) of a programme, USD."""
    begin, end = (year - 1) * WEEKS_PER_YEAR, year * WEEKS_PER_YEAR
    weeks = max(0.0, min(end, pace_weeks) - begin)
    return usd * weeks / pace_weeks


def outside_list(page: Mapping[str, object]) -> dict[str, float]:
    """Minerals outside the model on a policy's page, USD each after its strength."""
    listed = page.get("outside_usd")
    strength = float(str(page.get("strength", 1.0)))
    if not isinstance(listed, Mapping):
        return {}
    return {str(name): strength * float(usd) for name, usd in listed.items()}
