"""Motors with magnets inside, and the way through third countries, in the library's scenarios."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradesim import axes
from tradesim.model import TradeModel, simulate
from tradesim.policies.base import Calendar, Policy
from tradesim.scenario import Scenario
from tradesim.terms import Terms
from tradesim.world import World
from worlds import named

CHINA = axes.ECONOMY_INDEX["CHN"]
SEEDS = (0, 1)
WEEKS = 60


class NoMotors(Policy):
    """No Chinese motors abroad."""

    instrument = "test ban"

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Cap every covered lane at nothing."""
        terms.add_cap(self.covers.lanes(world.lanes), 0.0)


def embargo(closed: bool) -> Scenario:
    """The full embargo, with or without the route of magnets inside motors."""
    scenario = named("full_embargo", weeks=WEEKS)
    ban: dict[str, Any] = {
        "_target_": f"{__name__}.NoMotors", "title": "no motors", "imposed_by": "CHN",
        "announced": "2025-04-04", "effective": "2025-04-04", "sources": ["test"],
        "covers": {"goods": ["component_motor"], "origins": ["CHN"]},
    }  # fmt: skip
    pages = {**scenario.policies, **({"motors": ban} if closed else {})}
    return Scenario.model_validate({**scenario.model_dump(), "policies": pages})


def motors_outside(scenario: Scenario, seed: int) -> tuple[float, float]:
    """Motors used outside China and exported by it in the run, t of magnets built in."""
    tables = simulate(scenario, seed)
    markets, flows = tables["markets"].to_pandas(), tables["flows"].to_pandas()
    abroad = (markets["economy"] != "CHN") & (markets["good"] == "component_motor")
    out = (flows["origin"] == "CHN") & (flows["destination"] != "CHN")
    out &= flows["good"] == "component_motor"
    return float(markets[abroad]["use_t"].sum()), float(flows[out]["shipped_t"].sum())


def test_closing_the_motor_route_deepens_the_shortfall() -> None:
    """Open, China sells more motors than without an embargo; closed, more are missing."""
    missing = []
    for seed in SEEDS:
        normal, usual = motors_outside(named("reference", weeks=WEEKS), seed)
        opened, sold = motors_outside(embargo(closed=False), seed)
        shut, left = motors_outside(embargo(closed=True), seed)
        assert sold > 1.1 * usual, "motors carry magnets past the embargo"
        assert left < 0.5 * usual
        assert normal > opened > shut
        missing.append(((normal - opened) / normal, (normal - shut) / normal))
    loss_open, loss_shut = np.median(np.array(missing), axis=0)
    print(f"motors missing outside China: {loss_open:.1%} open, {loss_shut:.1%} closed")
    assert loss_shut > loss_open


def bypass(name: str, seed: int) -> pd.Series[float]:
    """Rerouted to America, shipped there in all, and the hubs' activity, t in the run."""
    model = TradeModel(named(name, weeks=WEEKS), seed)
    world = model.world
    usa = world.lanes.destination[world.links.lane] == axes.ECONOMY_INDEX["USA"]
    usa &= world.lanes.origin[world.links.lane] == CHINA
    found = pd.Series({"rerouted": 0.0, "shipped": 0.0, "hubs": 0.0, "seized": 0.0})
    for _ in range(WEEKS):
        model.step()
        state = model.state
        if model.today.date > dt.date(2025, 4, 14):
            found["shipped"] += state.shipped[usa].sum()
        if state.rerouted is not None and state.seized is not None:
            found["rerouted"] += state.rerouted[usa].sum()
            found["seized"] += state.seized.sum()
        found["hubs"] += state.activity[world.is_trader].sum() * state.dt
    model.close()
    return found


@pytest.fixture(scope="module")
def ways() -> dict[str, pd.Series[float]]:
    """Median over seeds of both scenarios of the library."""
    names = ("third_country_bypass", "third_country_bypass_closed", "april_2025")
    return {n: pd.DataFrame([bypass(n, s) for s in SEEDS]).median() for n in names}


def test_refused_goods_reach_america_by_third_countries(ways: dict[str, pd.Series[float]]) -> None:
    """More goes round when America alone is refused, and less when lots are searched."""
    april, opened = ways["april_2025"], ways["third_country_bypass"]
    closed = ways["third_country_bypass_closed"]
    assert opened["rerouted"] > april["rerouted"]
    assert opened["hubs"] > 0.5 * opened["rerouted"]
    assert closed["rerouted"] < 0.8 * opened["rerouted"]
    assert closed["seized"] > 0.0
    assert opened["seized"] == 0.0
