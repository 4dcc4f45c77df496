"""What the crisis of 2010 must show, and what must vanish when its cause does."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradesim import config
from tradesim.analysis.backtest import case_2010
from tradesim.analysis.backtest.case_2010 import CASE
from tradesim.api import run
from tradesim.model import simulate
from tradesim.policies import ExportQuota, Status, load_one
from tradesim.results import Results
from tradesim.scenario import Scenario
from worlds import named

#: To the end of 2011, without a day of 2012.
WEEKS = 155


def changed(name: str, **pages: dict[str, Any]) -> Scenario:
    """A scenario of the library for three years, with fields of some of its policies changed."""
    found = named(name, weeks=WEEKS, noise=0.0)
    written = deepcopy(found.policies)
    for page, fields in pages.items():
        written[page].update(fields)
    return found.model_copy(update={"policies": written})


def asks(scenario: Scenario, seed: int = 0) -> pd.DataFrame:
    """Ask by date (down) and economy and good (across), USD/kg."""
    table = simulate(scenario, seed)["markets"].to_pandas()
    found: pd.DataFrame = table.pivot_table(
        "price_ask_usd_per_kg", "date", ["economy", "good"], observed=True
    )
    return found


@pytest.fixture(scope="module")
def crisis() -> Results:
    """Two seeds of the crisis to the end of 2011, without the world of comparison."""
    return run("quota_2010", seeds=2, weeks=WEEKS, compare="none", workers=1)


@pytest.fixture(scope="module")
def prices(crisis: Results) -> pd.DataFrame:
    """Mean FOB price over seeds, quarters down and elements across, USD/kg."""
    return pd.DataFrame({e: case_2010.fob_usd_per_kg(crisis, e).mean() for e in case_2010.ELEMENTS})


def test_cheap_elements_rise_by_more_per_cent_in_2010(prices: pd.DataFrame) -> None:
    """The right to ship a tonne costs the same for every element: the rent is specific."""
    of_2009 = prices[prices.index < "2010"].mean()
    rise = prices.loc["2010-Q4"] / of_2009
    assert rise[["La", "Ce"]].min() > 1.2 * rise[["Nd", "Dy"]].max()


def test_prices_rise_many_times_and_at_home_by_less(crisis: Results, prices: pd.DataFrame) -> None:
    """The quota parts the two markets: La and Ce rise far more abroad than at home."""
    of_2009 = prices[prices.index < "2010"].mean()
    peak = prices.max() / of_2009
    assert peak[["La", "Ce", "Nd", "Dy"]].min() > 5.0
    for element in ("La", "Ce"):
        home = case_2010.domestic_usd_per_kg(crisis, element).mean()
        assert home.max() / home[home.index < "2010"].mean() < 0.7 * peak[element]


def test_smuggling_stays_within_what_was_reported(crisis: Results) -> None:
    """Of all that left in 2011, 17 to 33% (foreign against Chinese customs; trade press)."""
    share = case_2010.smuggled_share(crisis)["2011-Q4"].mean()
    assert 0.17 <= share <= 0.33


def test_a_quota_that_binds_nobody_is_no_quota() -> None:
    """A hundred times the quota is the world without, to the last price."""
    page = named("quota_2010_alone").policies["export_quota_2009"]
    wide = [{**tranche, "t": 100.0 * tranche["t"]} for tranche in page["tranches"]]
    loose = changed("quota_2010_alone", export_quota_2009={"tranches": wide})
    none = changed("quota_2010_alone", export_quota_2009={"strength": 0.0})
    pd.testing.assert_frame_equal(asks(loose), asks(none))


def test_a_tighter_quota_costs_more_abroad() -> None:
    """Half of it, the quota as it was, twice as much: three prices of lanthanum in their order."""
    found = [
        asks(changed("quota_2010_alone", export_quota_2009={"strength": s}))["JPN", "oxide_La"]
        for s in (0.7, 0.85, 1.0)
    ]
    peaks = [float(path.max()) for path in found]
    assert peaks[0] < peaks[1] < peaks[2]


def test_more_crackdown_makes_oxides_dearer_at_home() -> None:
    """None, half, all of the crackdown: domestic Nd and Dy in the second half of 2011."""
    found = []
    for dose in (0.0, 0.4, 0.8):
        path = asks(
            changed("quota_2010", crackdown_china_2010={"strength": dose},
                    crackdown_clay_2010={"strength": dose})
        )  # fmt: skip
        late = path[path.index >= dt.date(2011, 7, 1)]
        found.append([float(late["CHN", good].mean()) for good in ("oxide_Nd", "oxide_Dy")])
    assert (np.diff(found, axis=0) > 0.0).all()


def test_hoarders_add_to_the_rise_and_sell_in_the_fall() -> None:
    """Without hoarders prices rise by less; their stock is built up and comes down again."""
    without = {"strength": 0.0}
    calm = changed("quota_2010", speculation_china_2010=without, speculation_abroad_2010=without)
    full = named("quota_2010", noise=0.0, weeks=260)
    tables = simulate(full, 0)
    markets = tables["markets"].to_pandas()
    la = markets[(markets["economy"] == "JPN") & (markets["good"] == "oxide_La")]
    assert la["price_ask_usd_per_kg"].max() > 1.1 * asks(calm)["JPN", "oxide_La"].max()
    states = tables["states"].to_pandas()
    stock = states[states["state"] == "JPN"].set_index("date")["stockpile_t"]
    assert stock.iloc[0] == 0.0
    assert stock.max() > 1000.0
    assert stock.iloc[-1] < 0.8 * stock.max()


def test_searches_at_the_border_cut_smuggling() -> None:
    """More detection, a smaller smuggled share of what leaves in 2011."""
    found = []
    for detection in (0.0, 0.2, 0.4):
        scenario = changed("quota_2010", enforcement_china_2011={"detection": detection})
        flows = simulate(scenario, 0)["flows"].to_pandas()
        out = flows[(flows["origin"] == "CHN") & (flows["destination"] != "CHN")]
        out = out[out["good"].astype(str).str.startswith(("oxide_", "metal_"))]
        of_2011 = out[pd.to_datetime(out["date"]).dt.year == 2011]
        found.append(of_2011["rerouted_t"].sum() / of_2011["shipped_t"].sum())
    assert found[0] > found[1] > found[2]


def test_the_series_of_the_contract(crisis: Results) -> None:
    """Names, units, one row a seed, one column a quarter, no holes while a quota is in force."""
    names = [series.name for series in CASE.series]
    assert len(set(names)) == len(names)
    for element in case_2010.ELEMENTS:
        assert {f"fob_usd_per_kg:{element}", f"domestic_usd_per_kg:{element}"} <= set(names)
    assert {"exports_t:TOTAL", "quota_use_share", "smuggled_share"} <= set(names)
    assert "share_of_imports_from_CHN:JPN" in names
    expected = [f"{year}-Q{quarter}" for year in (2009, 2010, 2011) for quarter in (1, 2, 3, 4)]
    for series in CASE.series:
        table = series.extract(crisis)
        assert list(table.index) == [0, 1]
        assert list(table.columns) == expected, series.name
        values = table.to_numpy()
        assert np.isfinite(values).all(), series.name
        assert (values >= 0.0).all(), series.name
    assert CASE.scenario in config.names("scenario")


def test_shares_add_up_within_the_year(crisis: Results) -> None:
    """Declared exports of the year over its quota, and the smuggled part of all that left."""
    exports = case_2010.exports_t(crisis)
    use = case_2010.quota_use_share(crisis)
    year = exports[[f"2010-Q{q}" for q in (1, 2, 3, 4)]].sum(axis=1)
    assert (use["2010-Q4"] * (22_282 + 7_976)).to_numpy() == pytest.approx(year.to_numpy())
    assert (use["2010-Q4"] <= 1.0 + 1e-6).all()
    share = case_2010.share_of_imports_from_china(crisis, "JPN")
    assert share["2009-Q1"].min() > 0.9


def test_the_quota_of_a_day() -> None:
    """The tranche of July 2010, and no quota from 2015 on."""
    found = load_one("q", named("quota_2010").policies["export_quota_2009"])
    assert isinstance(found, ExportQuota)
    tranche = found.tranche(dt.date(2010, 9, 1))
    assert tranche is not None
    assert tranche[2] == 7976
    assert found.status(dt.date(2015, 1, 1)) is Status.EXPIRED
