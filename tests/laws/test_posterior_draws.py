"""The steady state, the laws and the stories hold with every draw of the shipped posterior.

A few draws are tested every day, all of them among the slow tests.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from balances import Balance
from tradesim import axes, posterior
from tradesim.model import TradeModel, simulate
from tradesim.scenario import Scenario
from worlds import named, scenario

#: The rows of the sample that differ from each other.
DRAWS = sorted(int(row) for row in np.unique(posterior.draws(), axis=0, return_index=True)[1])
#: So many of them are tested every day.
DAILY = 3
EACH = [
    draw if place < DAILY else pytest.param(draw, marks=pytest.mark.slow)
    for place, draw in enumerate(DRAWS)
]
KEYS = posterior.keys()


def drawn(world: Scenario, draw: int) -> Scenario:
    """A world with the values of a draw."""
    return posterior.with_draw(world, draw, KEYS)


@pytest.mark.parametrize("draw", EACH)
def test_the_base_year_stands_still(draw: int) -> None:
    """No price moves and nobody goes short in a year without noise."""
    model = TradeModel(drawn(scenario(weeks=52), draw), draw)
    start = model.world.price0.copy()
    for _ in range(52):
        model.step()
    assert np.abs(model.state.ask / start - 1.0).max() < 1e-9
    assert (model.state.orders - model.state.received).max() < 1e-9
    assert model.state.given_up.max() < 1e-9
    model.close()


@pytest.mark.parametrize("draw", EACH)
def test_the_laws_and_the_story_of_april(draw: int) -> None:
    """Everything balances in every week; exports fall by half and come back; Dy prices part."""
    own = drawn(named("april_2025", weeks=78), draw)
    model = TradeModel(own, draw)
    balance = Balance(model)
    for _ in range(78):
        balance.step()
    tables = model.recorder.tables()
    choke = (model.world.price0 * model.world.choke).reshape(len(axes.ECONOMIES), -1)
    assert (model.state.ask <= choke.ravel() * (1 + 1e-12)).all()
    model.close()
    free = simulate(drawn(named("reference", weeks=78), draw), draw)
    ratio = _exports(tables["flows"].to_pandas()) / _exports(free["flows"].to_pandas())
    assert ratio["2025-03"] == pytest.approx(1.0, abs=1e-12)
    assert ratio.idxmin() in {"2025-04", "2025-05", "2025-06"}
    assert ratio.min() < 0.5
    assert ratio["2026-01":].mean() > 0.7
    markets = tables["markets"].to_pandas()
    reference = free["markets"].to_pandas()
    abroad = _ask(markets, "EU27") / _ask(reference, "EU27")
    assert abroad.max() > 1.5


#: The draws whose Dy price at home leaves the bound: misses on record.
STRAYS: tuple[int, ...] = ()


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(
            draw,
            marks=[
                *([] if place < DAILY else [pytest.mark.slow]),
                *([pytest.mark.xfail(strict=True)] if draw in STRAYS else []),
            ],
        )
        for place, draw in enumerate(DRAWS)
    ],
)
def test_dy_at_home_stays_within_a_quarter(draw: int) -> None:
    """China's own Dy price stays within 25% of the reference while Europe's parts company."""
    runs = [
        simulate(drawn(named(name, weeks=78), draw), draw)["markets"].to_pandas()
        for name in ("april_2025", "reference")
    ]
    at_home = _ask(runs[0], "CHN") / _ask(runs[1], "CHN")
    assert np.abs(at_home - 1.0).max() < 0.25


@pytest.mark.parametrize("draw", EACH)
def test_the_story_of_2010(draw: int) -> None:
    """A quota in tonnes raises cheap oxides by more per cent than dear ones in 2010."""
    own = drawn(named("quota_2010", weeks=104), draw)
    table = simulate(own, draw)["markets"].to_pandas()
    rise = {}
    for element in ("La", "Ce", "Nd", "Dy"):
        rows = (table["economy"] == "JPN") & (table["good"] == f"oxide_{element}")
        path = table[rows].set_index("date")["price_ask_usd_per_kg"]
        path.index = pd.to_datetime(path.index)
        rise[element] = path["2010"].max() / path["2009"].mean()
    assert min(rise["La"], rise["Ce"]) > max(rise["Nd"], rise["Dy"]) > 1.0


def _exports(flows: pd.DataFrame) -> pd.Series[float]:
    """Magnets out of China by month, t."""
    rows = (flows["origin"] == "CHN") & (flows["destination"] != "CHN")
    kept = flows[rows & flows["good"].isin(axes.MAGNETS)]
    return kept.groupby(pd.to_datetime(kept["date"]).dt.strftime("%Y-%m"))["shipped_t"].sum()


def _ask(markets: pd.DataFrame, economy: str) -> pd.Series[float]:
    rows = (markets["economy"] == economy) & (markets["good"] == "oxide_Dy")
    return markets[rows].set_index("date")["price_ask_usd_per_kg"]
