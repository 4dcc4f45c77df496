"""Every headline metric against a case worked out by hand."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import synthetic
from speed import yardstick_seconds
from tradesim.analysis import metrics
from tradesim.analysis.headline import headline, shortened
from tradesim.axes import ECONOMIES, ECONOMY_INDEX, GOOD_INDEX, GOODS, MAGNETS, STAGES
from tradesim.pairs import Task, run_seed
from tradesim.schema import HEADLINE

Floats = npt.NDArray[np.float64]
Tables = dict[str, pa.Table]
START = dt.date(2025, 1, 6)
MONTHS = np.array(["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"], "datetime64[D]")
CHINA, EU, JAPAN = (ECONOMY_INDEX[name] for name in ("CHN", "EU27", "JPN"))
DY, LA = GOOD_INDEX["oxide_Dy"], GOOD_INDEX["oxide_La"]


def cube(fill: float = 0.0) -> Floats:
    return np.full((len(MONTHS), len(ECONOMIES), len(GOODS)), fill)


# -- pure functions ------------------------------------------------------------------------------


def test_export_ratio_counts_chinas_magnets_only() -> None:
    own, other = cube(5.0), cube(5.0)
    magnets = [GOOD_INDEX[good] for good in MAGNETS]
    own[:, CHINA, magnets] = np.array([10.0, 5.0, 2.5, 10.0])[:, None]
    other[:, CHINA, magnets] = 10.0
    assert metrics.export_ratio(own, other).tolist() == [1.0, 0.5, 0.25, 1.0]


def test_export_ratio_is_not_a_number_where_nothing_is_compared_with() -> None:
    assert np.isnan(metrics.export_ratio(cube(1.0), cube())).all()


@pytest.mark.parametrize(
    ("use", "weeks"),
    [
        ([10.0, 10.0, 9.6, 10.0], 0.0),  # never below 95%
        ([10.0, 9.4, 10.0, 10.0], 4.0),  # February, 28 days
        ([9.0, 10.0, 9.0, 10.0], 90 / 7),  # from January to April, a relapse included
        ([10.0, 9.0, 9.0, 9.0], np.nan),  # not recovered
    ],
)
def test_recovery_weeks(use: list[float], weeks: float) -> None:
    own, other = cube(10.0), cube(10.0)
    own[:, EU, DY] = use
    found = metrics.recovery_weeks(own, other, MONTHS)
    assert found[EU, DY] == pytest.approx(weeks, nan_ok=True)
    assert found[JAPAN, DY] == 0.0


def test_fisher_index_of_two_goods() -> None:
    price, quantity = np.array([2.0, 4.0]), np.array([3.0, 1.0])
    price_0, quantity_0 = np.array([1.0, 4.0]), np.array([5.0, 2.0])
    laspeyres, paasche = (10 + 8) / (5 + 8), (6 + 4) / (3 + 4)
    found = metrics.fisher(price, quantity, price_0, quantity_0)
    assert found == pytest.approx(np.sqrt(laspeyres * paasche))


def test_fisher_index_leaves_out_goods_that_one_side_lacks() -> None:
    price, quantity = np.array([2.0, np.nan]), np.array([3.0, 0.0])
    found = metrics.fisher(price, quantity, np.array([1.0, 9.0]), np.array([5.0, 7.0]))
    assert found == pytest.approx(2.0)


def test_hhi() -> None:
    assert metrics.hhi(np.array([6.0, 2.0, 2.0])) == pytest.approx(0.36 + 0.04 + 0.04)
    assert metrics.hhi(np.array([0.0, 8.0])) == 1.0
    assert np.isnan(metrics.hhi(np.zeros(3)))


def test_tail_mean_takes_the_worst_twentieth() -> None:
    values = np.arange(1.0, 41.0)
    assert metrics.tail_mean(values) == pytest.approx(39.5)
    assert metrics.tail_mean(np.array([1.0, 7.0, 3.0])) == 7.0


def test_areas_adds_the_world_and_the_world_without_china() -> None:
    values = np.ones((len(ECONOMIES), 1))
    values[CHINA] = 100.0
    assert metrics.areas(values)[-2:, 0].tolist() == [120.0, 20.0]


def test_panel_adds_steps_of_a_month_and_averages_prices() -> None:
    zero = [0.0, 0.0]
    table = pa.table(
        {
            "date": pa.array([dt.date(2025, 1, 6), dt.date(2025, 1, 13)], pa.date32()),
            "economy": pa.array(["EU27", "EU27"]).dictionary_encode(),
            "good": pa.array(["oxide_Dy", "oxide_Dy"]).dictionary_encode(),
            **{name: pa.array(zero) for name in metrics._MARKET_MEASURES},
        }
    )
    table = table.set_column(
        table.schema.get_field_index("use_t"), "use_t", pa.array([1.0, 2.0])
    ).set_column(
        table.schema.get_field_index("price_ask_usd_per_kg"),
        "price_ask_usd_per_kg",
        pa.array([100.0, 300.0]),
    )
    found = metrics.panel(table)
    assert found.months.tolist() == [dt.date(2025, 1, 1)]
    assert found["use_t"][0, EU, DY] == 3.0
    assert found["price_ask_usd_per_kg"][0, EU, DY] == 200.0
    assert np.isnan(found["price_ask_usd_per_kg"][0, EU, LA])


def events(*rows: tuple[dt.date, str, str]) -> pa.Table:
    names = ("date", "actor", "action")
    columns = (
        dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    )
    types = {"date": pa.date32(), "actor": pa.string(), "action": pa.string()}
    return pa.table({name: pa.array(columns[name], types[name]) for name in names})


def test_shock_day_is_the_first_policy_of_china() -> None:
    start = np.datetime64(START)
    table = events(
        (dt.date(2025, 2, 4), "USA", "effective"),
        (dt.date(2025, 4, 1), "CHN", "announced"),
        (dt.date(2025, 4, 4), "CHN", "effective"),
    )
    assert metrics.shock_day(table, start) == np.datetime64("2025-04-04")
    assert metrics.shock_day(table.slice(0, 1), start) == np.datetime64("2025-02-04")
    assert metrics.shock_day(events(), start) == start


def test_first_stoppage_of_each_economy() -> None:
    table = events(
        (dt.date(2025, 6, 9), "EU27", "first_stoppage"),
        (dt.date(2025, 6, 2), "EU27", "first_stoppage"),
        (dt.date(2025, 6, 2), "JPN", "effective"),
    )
    assert metrics.first_stoppages(table) == {"EU27": np.datetime64("2025-06-02")}


# -- the table headline --------------------------------------------------------------------------


def close(value: float) -> Any:
    """Equal but for the rounding of headline values."""
    return pytest.approx(value, rel=2.0**-16)


def says(table: pa.Table, name: str, label: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.equal(table[name].cast(pa.string()), label).to_numpy())


def set_rows(table: pa.Table, where: dict[str, str], months: slice, **values: float) -> pa.Table:
    """The table with measures set in the rows of these labels and months (in order)."""
    mask = np.ones(table.num_rows, dtype=bool)
    for name, label in where.items():
        mask &= says(table, name, label)
    dates = table["date"].to_numpy()
    mask &= np.isin(dates, np.unique(dates)[months])
    for name, value in values.items():
        column = table[name].to_numpy().copy()
        column[mask] = value
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(column, table.schema.field(name).type))
    return table


@pytest.fixture(scope="module")
def still() -> Tables:
    """The finished tables of a quiet world of 14 months, compared with itself."""
    world = synthetic.scenario("reference", weeks=60)
    result = run_seed(Task(world, world, synthetic.simulate), 3)
    return dict(result.tables["reference"])


def values_of(table: pa.Table) -> dict[tuple[str, str, str, str], float]:
    keys = zip(
        *(table[k].to_pylist() for k in ("metric", "economy", "good", "end_use")), strict=True
    )
    return dict(zip(keys, table["value"].to_pylist(), strict=True))


def found(own: Tables, other: Tables) -> dict[tuple[str, str, str, str], float]:
    return values_of(headline(own, other, START))


def test_a_world_against_itself_shows_nothing(still: Tables) -> None:
    got = found(still, still)
    assert got["magnet_exports_ratio:2025-05", "CHN", "magnets", "all"] == 1.0
    assert got["fisher_price_index:run", "EU27", "all", "all"] == close(1.0)
    assert got["recovery_weeks", "EU27", "oxide_Dy", "all"] == 0.0
    assert got["shortfall_physical:run", "world", "magnet_NdFeB", "all"] == 0.0
    assert np.isnan(got["weeks_to_first_stoppage", "outside_CHN", "all", "all"])
    assert np.isnan(got["licence_granted_share", "EU27", "all", "all"])


def test_exports_and_their_trough(still: Tables) -> None:
    markets = still["markets"]
    for grade in MAGNETS:
        place = {"economy": "CHN", "good": grade}
        markets = set_rows(markets, place, slice(4, 5), exports_t=10.0)
    other = markets
    for grade in MAGNETS:
        place = {"economy": "CHN", "good": grade}
        markets = set_rows(markets, place, slice(4, 5), exports_t=2.0)
    got = found(still | {"markets": markets}, still | {"markets": other})
    assert got["magnet_exports_ratio:2025-05", "CHN", "magnets", "all"] == close(0.2)
    assert got["magnet_exports_trough", "CHN", "magnets", "all"] == close(0.2)
    assert got["magnet_exports_trough_month", "CHN", "magnets", "all"] == close(4.0)


def test_shortfalls_by_period_area_and_definition(still: Tables) -> None:
    own = still["markets"]
    for economy, months, lost in (("EU27", slice(0, 2), 3.0), ("JPN", slice(13, 14), 5.0)):
        own = set_rows(
            own, {"economy": economy, "good": "oxide_Dy"}, months, shortfall_physical_t=lost,
            shortfall_rationed_t=2 * lost, shortfall_price_destroyed_t=lost / 2,
        )  # fmt: skip
    got = found(still | {"markets": own}, still)
    dy = ("oxide_Dy", "all")
    assert got["shortfall_physical:first_year", "EU27", *dy] == close(6.0)
    assert got["shortfall_physical:first_year", "JPN", *dy] == 0.0
    assert got["shortfall_physical:run", "outside_CHN", *dy] == close(11.0)
    assert got["shortfall_rationed:run", "world", *dy] == close(22.0)
    assert got["shortfall_price_destroyed:run", "JPN", *dy] == close(2.5)
    here = says(own, "economy", "EU27") & says(own, "good", "oxide_Dy")
    use = still["markets"]["use_t"].to_numpy()[here]
    share = got["shortfall_physical_share:first_year", "EU27", *dy]
    assert share == close(100 * 6.0 / use[:12].sum())


def test_magnet_shortfall_by_end_use_outside_china(still: Tables) -> None:
    uses = still["uses"]
    for good in MAGNETS:
        for economy in ECONOMIES:
            place = {"economy": economy, "end_use": "wind", "good": good}
            uses = set_rows(uses, place, slice(None), use_t=4.0, shortfall_physical_t=0.0)
    own = set_rows(
        uses, {"economy": "EU27", "end_use": "wind", "good": "magnet_NdFeB_HRE"}, slice(0, 1),
        shortfall_physical_t=2.0,
    )  # fmt: skip
    own = set_rows(
        own, {"economy": "CHN", "end_use": "wind", "good": "magnet_NdFeB_HRE"}, slice(0, 1),
        shortfall_physical_t=9.0,
    )  # fmt: skip
    got = found(still | {"uses": own}, still | {"uses": uses})
    months = len(np.unique(uses["date"].to_numpy()))
    expected = 100 * 2.0 / (4.0 * months * 20 * 3)
    key = ("shortfall_physical_share:run", "outside_CHN", "magnets", "wind")
    assert got[key] == close(expected)


def test_ask_peak_ratio_is_against_the_comparisons_first_month(still: Tables) -> None:
    place = {"economy": "EU27", "good": "oxide_Dy"}
    other = set_rows(still["markets"], place, slice(0, 1), price_ask_usd_per_kg=200.0)
    own = set_rows(other, place, slice(5, 6), price_ask_usd_per_kg=650.0)
    got = found(still | {"markets": own}, still | {"markets": other})
    assert got["ask_peak_ratio", "EU27", "oxide_Dy", "all"] == close(3.25)


def test_price_index_and_premium_of_one_good(still: Tables) -> None:
    markets = still["markets"]
    for good in GOODS:
        place = {"economy": "EU27", "good": good}
        markets = set_rows(markets, place, slice(None), deliveries_t=0.0)
    place = {"economy": "EU27", "good": "oxide_Dy"}
    other = set_rows(markets, place, slice(None), deliveries_t=2.0,
                     price_transaction_usd_per_kg=200.0)  # fmt: skip
    own = set_rows(other, place, slice(None), price_transaction_usd_per_kg=300.0,
                   price_ask_usd_per_kg=450.0)  # fmt: skip
    got = found(still | {"markets": own}, still | {"markets": other})
    assert got["fisher_price_index:run", "EU27", "all", "all"] == close(1.5)
    assert got["ask_premium:run", "EU27", "all", "all"] == close(1.5)


def test_concentration_of_a_stage(still: Tables) -> None:
    markets = still["markets"]
    for economy in ECONOMIES:
        for good in MAGNETS:
            place = {"economy": economy, "good": good}
            tonnes = {"CHN": 9.0, "JPN": 1.0}.get(economy, 0.0)
            markets = set_rows(markets, place, slice(None), output_t=tonnes)
    got = found(still | {"markets": markets}, still)
    assert got["hhi:magnet:run", "world", "all", "all"] == close(0.82)
    assert got["hhi:magnet:last_year", "world", "all", "all"] == close(0.82)


def test_stoppages_and_stopped_plants(still: Tables) -> None:
    stops = pa.table(
        {
            "date": pa.array([dt.date(2025, 4, 4), dt.date(2025, 6, 6)], pa.date32()),
            "actor": pa.array(["CHN", "JPN"]),
            "action": pa.array(["effective", "first_stoppage"]),
        }
    )
    plants = still["plants"]
    for stage in STAGES:
        plants = set_rows(plants, {"economy": "JPN", "stage": stage}, slice(None), firms=2.0,
                          stopped_firms=0.0)  # fmt: skip
    plants = set_rows(plants, {"economy": "JPN", "stage": "magnet"}, slice(5, 6),
                      stopped_firms=1.0)  # fmt: skip
    got = found(still | {"events": stops, "plants": plants}, still)
    assert got["weeks_to_first_stoppage", "JPN", "all", "all"] == close(9.0)
    assert got["weeks_to_first_stoppage", "outside_CHN", "all", "all"] == close(9.0)
    assert np.isnan(got["weeks_to_first_stoppage", "EU27", "all", "all"])
    assert got["stopped_share_peak", "JPN", "all", "all"] == close(1 / (2 * len(STAGES)))


def test_tariff_revenue_of_the_first_year_and_the_run(still: Tables) -> None:
    states = set_rows(still["states"], {"state": "USA"}, slice(None), tariff_revenue_usd=5.0)
    got = found(still | {"states": states}, still)
    months = len(np.unique(states["date"].to_numpy()))
    assert got["tariff_revenue:first_year", "USA", "all", "all"] == close(60.0)
    assert got["tariff_revenue:run", "USA", "all", "all"] == 5.0 * months


def test_licences_granted_and_the_wait_for_them(still: Tables) -> None:
    licences = pa.table(
        {
            "destination": pa.array(["EU27", "EU27", "CHN"]).dictionary_encode(),
            "applied_t": [10.0, 30.0, 5.0],
            "granted_t": [10.0, 10.0, 5.0],
            "wait_days": [30.0, 90.0, 1.0],
        }
    )
    got = found(still | {"licences": licences}, still)
    assert got["licence_granted_share", "EU27", "all", "all"] == close(0.5)
    assert got["licence_wait", "EU27", "all", "all"] == close(60.0)
    assert got["licence_granted_share", "outside_CHN", "all", "all"] == close(0.5)


def test_every_row_is_declared_and_named_once(still: Tables) -> None:
    table = headline(still, still, START)
    keys = list(zip(*(table[key].to_pylist() for key in HEADLINE.keys[2:]), strict=True))
    assert len(set(keys)) == len(keys)
    for metric, *_, unit in keys:
        assert metrics.METRICS[metric.split(":")[0]].unit == unit


def test_headline_values_are_rounded_to_the_nearest_of_sixteen_binary_digits() -> None:
    values = np.array([1.0, 0.1, -123456.789, 0.0, np.nan, 1e-30])
    short = shortened(values)
    np.testing.assert_allclose(short, values, rtol=2.0**-16)
    np.testing.assert_array_equal(shortened(short.astype(float)), short)
    assert not (short.view(np.uint32)[:4] & 0xFF).any()


def test_headline_of_a_seed_is_quick() -> None:
    """At most 1.8 yardsticks of :mod:`speed`, which were 60 ms on a quiet core; measured: 0.6."""
    task = Task(synthetic.scenario("april_2025"), synthetic.scenario("reference"),
                synthetic.simulate)  # fmt: skip
    tables = run_seed(task, 0).tables
    best, unit = np.inf, yardstick_seconds()
    for _ in range(5):
        started = time.process_time()
        headline(tables["april_2025"], tables["reference"], START)
        best = min(best, time.process_time() - started)
    assert best < 1.8 * unit


def test_price_effect_weighs_economies_by_their_use_in_the_comparison(still: Tables) -> None:
    """Two users outside China, one twice as large: +30% there is +20% together; China is out."""
    ask, use = cube(10.0), cube()
    own = ask.copy()
    use[:, JAPAN, DY] = 2.0
    use[:, ECONOMY_INDEX["USA"], DY] = 1.0
    use[:, CHINA, DY] = 50.0
    own[:, JAPAN, DY] = 13.0
    own[:, CHINA, DY] = 99.0
    effect = metrics.price_effect(own, ask, use)
    assert effect[DY] == close(20.0)
    assert np.isnan(np.delete(effect, DY)).all()
    got = found(still, still)
    assert got["price_effect:first_year", "outside_CHN", "oxide_Dy", "all"] == 0.0
    assert not any(key[0].endswith("third_year") for key in got), "a run of four months has none"
    long = np.datetime64("2025-01") + np.arange(36)
    assert metrics.years(long)["third_year"] == slice(24, 36)
