"""What was announced in October 2025, as if it had come: whom the extraterritorial rule hits."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import pandas as pd
import pytest

from tradesim import axes
from tradesim.model import simulate
from worlds import named

RULE = "extraterritorial_october_2025"
#: The half-year that follows the first month of the rule.
IN_FORCE = (dt.date(2026, 1, 1), dt.date(2026, 6, 30))
HUBS = ("MYS", "VNM", "JPN", "EU27")


@lru_cache(maxsize=8)
def tables(threshold: float | None, seed: int = 0) -> dict[str, pd.DataFrame]:
    """The announced package over a year and a half, without the rule or with a threshold of it."""
    scenario = named("october_2025_announced", weeks=78)
    pages = {name: page for name, page in scenario.policies.items() if name != RULE}
    if threshold is not None:
        pages[RULE] = scenario.policies[RULE] | {"threshold": threshold}
    scenario = scenario.model_copy(update={"policies": pages})
    return {name: table.to_pandas() for name, table in simulate(scenario, seed).items()}


def magnet_exports(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Magnets that the hubs send abroad but not to China while the rule is in force, t."""
    flows = found["flows"]
    rows = flows["good"].isin(axes.MAGNETS) & flows["origin"].isin(HUBS)
    rows &= (flows["origin"] != flows["destination"]) & (flows["destination"] != "CHN")
    rows &= flows["date"].between(*IN_FORCE)
    return flows[rows].groupby("origin", observed=True)[["shipped_t", "extraterritorial_t"]].sum()


def lost(seed: int) -> pd.Series:
    """Use of magnets outside China that the rule alone takes away, % by end use."""
    sums = []
    for threshold in (None, 0.001):
        uses = tables(threshold, seed)["uses"]
        rows = (uses["economy"] != "CHN") & uses["date"].between(*IN_FORCE)
        rows &= uses["good"].isin(axes.MAGNETS)
        sums.append(uses[rows].groupby("end_use", observed=True)["use_t"].sum())
    return 100.0 * (1.0 - sums[1] / sums[0])


def test_part_of_third_countries_magnets_need_beijings_licence() -> None:
    """In every hub some do and some do not: it depends on what is inside and on the line."""
    found = magnet_exports(tables(0.001))
    share = found["extraterritorial_t"] / found["shipped_t"]
    assert (share > 0.0).all()
    assert (share < 1.0).any()


def test_fewer_need_it_at_a_quarter_of_the_value() -> None:
    """From 0.1% over 5% to 25% of the value the tonnage that needs it falls."""
    asked = [magnet_exports(tables(t))["extraterritorial_t"].sum() for t in (0.001, 0.05, 0.25)]
    assert asked[0] > asked[1] >= asked[2]


@pytest.mark.parametrize("seed", range(2))
def test_defence_is_hit_before_civilian_users(seed: int) -> None:
    """In the first half-year of the rule defence loses more magnets than any civilian use."""
    loss = lost(seed)
    civilian = loss.drop(["defence"])
    assert loss["defence"] > 1.0
    assert loss["defence"] > 2.0 * civilian.max()
