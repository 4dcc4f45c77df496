"""The world without trade policy: growth tightens some markets, projects bring supply."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tradesim.model import TradeModel, simulate
from worlds import named


def asks(pipeline: bool, economy: str) -> pd.DataFrame:
    """Monthly asks [months, goods] of one economy in two years of the reference, USD/kg."""
    run = simulate(named("reference", weeks=104, pipeline=pipeline), 0)
    table = run["markets"].to_pandas()
    here = table[table["economy"] == economy]
    wide: pd.DataFrame = here.pivot_table(
        index="date", columns="good", values="price_ask_usd_per_kg", observed=True
    )
    return wide


def test_a_plant_that_starts_is_no_shortage() -> None:
    """Heavy oxides in the United States do not jump when the first circuits open there."""
    with_them, without = asks(True, "USA"), asks(False, "USA")
    for good in ("oxide_Dy", "oxide_Tb", "oxide_Nd"):
        assert (with_them[good] / without[good]).max() < 1.4, good


def test_projects_come_on_at_their_dates() -> None:
    """No project runs before its date; most of those due by 2026 run in the third year."""
    model = TradeModel(named("reference", weeks=156), 0)
    firms = model.world.firms
    projects = np.flatnonzero((firms.cell < 0) & ~model.world.is_trader)
    assert len(projects) > 20
    for _ in range(156):
        early = firms.start_week[projects] > model.week
        model.step()
        assert (model.state.activity[projects][early] == 0.0).all()
    due = projects[firms.start_week[projects] < 70]
    running = model.state.activity[due] / model.world.activity_nominal_t[due]
    assert np.median(running) > 0.4
    model.close()


def test_growth_tightens_heavies_more_than_lights() -> None:
    """Electric cars outgrow the clay mines: Dy gains on Nd and La over two years."""
    path = asks(True, "CHN")
    gain = path.iloc[-2] / path.iloc[0]
    assert gain["oxide_Dy"] > gain["oxide_Nd"]
    assert gain["oxide_La"] == pytest.approx(1.0, abs=0.1)


def test_dates_of_the_pipeline_are_after_the_start() -> None:
    """No firm of the pipeline opens before the first step."""
    model = TradeModel(named("reference", weeks=1), 0)
    firms = model.world.firms
    projects = (firms.cell < 0) & ~model.world.is_trader
    assert projects.any()
    assert (firms.start_week[projects] >= 0).all()
    model.close()
