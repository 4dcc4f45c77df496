"""How near the simulation comes to the equilibrium as frictions vanish: one experiment.

Frictions are turned down as far as parameters allow (no fear, smuggling, substitution, investment
or noise; prices that follow stocks gently and expect nothing, for a sharp logit makes prices that
follow stocks hard swing without end), and the logit of sourcing is sharpened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tradesim import policies
from tradesim.analysis.equilibrium import compare, dates, problem, solve, tables
from tradesim.model import reserves_of, simulate, world_of
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR, Scenario
from tradesim.world.types import Floats

#: Market parameters without frictions; units and ranges in :mod:`tradesim.parameters`.
FRICTIONLESS: Mapping[str, float] = {
    "panic": 0.0, "announcement_weight": 0.0, "leak_share_limit": 0.0, "substitution_limit": 0.0,
    "invest_rate_per_year": 0.0, "expectation_weight": 0.0, "price_sensitivity": 0.5,
}  # fmt: skip
#: Elasticities of sourcing, blunt to sharp.
SHARPNESSES = (4.0, 12.0, 30.0)
#: Length of a run, and the years at its end whose mean is compared: permit prices swing about
#: their level with a period of some five years.
WEEKS, YEARS = 520, 5


def _page(cls: str, by: str, **fields: Any) -> dict[str, Any]:
    """The page of a policy in force from the start."""
    day = "2025-01-06"
    return {"_target_": f"tradesim.policies.{cls}", "title": cls, "imposed_by": by,
            "announced": day, "effective": day, **fields}  # fmt: skip


#: Shocks that move the market; each is one policy in force from the start.
SHOCKS: Mapping[str, Mapping[str, Any]] = {
    # a small importer without output of its own: the price rises by the whole duty
    "duty": _page("Tariff", "KOR", rate=0.5,
                 covers={"goods": ["oxide_La", "oxide_Ce", "oxide_Y"]}),
    # a twentieth of Chinese exports: the price abroad rises by more than a fifth
    "quota": _page("ExportQuota", "CHN", t_per_half_year=1757.0, covers={"goods": ["oxide_Y"]}),
    # half of the loss is beyond the slack: others step in
    "capacity": _page("Shutdown", "KOR", loss=0.3,
                     covers={"origins": ["KOR"], "stages": ["component"]}),
    # an importer that makes some of it at home
    "duty_with_home_makers": _page("Tariff", "USA", rate=0.25,
                                  covers={"goods": ["component_motor"]}),
    "capacity_of_the_eu": _page("Shutdown", "EU27", loss=0.3,
                               covers={"origins": ["EU27"], "stages": ["component"]}),
}  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """The equilibrium of a scenario: balance by market, market sizes in t a year, permits."""

    balance: tables.Balance
    size: Floats
    permits_usd_per_kg: Mapping[str, float]
    price0: Floats  # base prices [markets], USD/kg


def frictionless(
    pages: Mapping[str, Mapping[str, Any]], sharpness: float = SHARPNESSES[0]
) -> Scenario:
    """The base-year world under policy ``pages``, frictions turned down, for ten years."""
    return Scenario(
        name="frictionless", title="frictions turned down", weeks=WEEKS, noise=0.0,
        market=MarketParameters(**dict(FRICTIONLESS), sourcing_elasticity=sharpness),
        policies={name: dict(page) for name, page in pages.items()},
    )  # fmt: skip


def benchmark_of(scenario: Scenario, sharpness: float = solve.SHARPNESS) -> Benchmark:
    """The equilibrium of ``scenario`` under the terms of its last day (seed 0)."""
    loaded = policies.load(scenario.policies)
    world = world_of(scenario, 0, reserves_of(loaded))
    terms = dates.terms_on(loaded, world, scenario, dates.horizon_end(scenario))
    posed = problem.build_problem(world, terms, scenario, float(scenario.weeks))
    found = solve.solve(posed, sharpness)
    balance = tables.balance(world, posed, found)
    return Benchmark(balance, compare.size_t(world, balance), found.permit_usd_per_kg, world.price0)


def settled(scenario: Scenario) -> compare.Steady:
    """Mean of the last years of a run of ``scenario`` (seed 0)."""
    rows = simulate(scenario, 0)["markets"].to_pandas(date_as_object=False).assign(seed=0)
    end = pd.Timestamp(dates.horizon_end(scenario))
    first = (end - pd.Timedelta(days=365 * YEARS)).replace(day=1)
    (found,) = compare.steady(rows[rows["date"] >= first], float((end - first).days))
    return found


def drift(price_sensitivity: float, expectation_weight: float, sharpness: float) -> float:
    """Largest gap in use from the base year after ten years without any shock, as a share.

    Zero where the steady state is stable at this sharpness.
    """
    changed = {"price_sensitivity": price_sensitivity, "expectation_weight": expectation_weight}
    scenario = frictionless({}, sharpness)
    market = scenario.market.model_copy(update=changed)
    scenario = scenario.model_copy(update={"market": market})
    world = world_of(scenario, 0)
    inputs = world.slots.inputs
    base = np.bincount(world.slots.market[:inputs], world.slots.base_t[:inputs], world.markets)
    large = base * WEEKS_PER_YEAR >= compare.SMALLEST_T
    use = settled(scenario).use_t[large] / (base[large] * WEEKS_PER_YEAR)
    return float(np.abs(use - 1.0).max())
