"""The blocks on rents and port fees: what they say is what the tables hold."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import yaml

import report_cases
from tradesim import config, policies
from tradesim.model import simulate
from tradesim.policies import PortFee
from tradesim.policies.port_fee import fee_usd_per_kg
from tradesim.report import labels
from tradesim.report.instruments import instrument_blocks, layout, port_fees, rents
from tradesim.report.reading import Reading
from tradesim.results import Results
from tradesim.runner import run_config
from tradesim.scenario import RunConfig, Scenario


def page(name: str, **change: Any) -> dict[str, Any]:
    """A page of the library with some fields changed."""
    path = config.config_dir() / "policy" / f"{name}.yaml"
    return {**yaml.safe_load(path.read_text(encoding="utf-8")), **change}


def result(weeks: int = 40, **pages: dict[str, Any]) -> Results:
    """Two seeds of a run with some policies, in memory."""
    scenario = Scenario(name="s", title="t", weeks=weeks, policies=pages)
    return run_config(RunConfig(scenario=scenario, seeds=(0, 1)), simulate=simulate)


FROM_START = {"announced": "2025-01-06", "effective": "2025-01-06", "suspended": None}


@pytest.fixture(scope="module")
def reading() -> Reading:
    fee = page("port_fee_usa_2025", **FROM_START,
               schedule=[{"starts": "2025-01-01", "per_net_ton": 50}])  # fmt: skip
    tax = page("export_tax_pre_2015")
    quota = page("quota_2010_level", tranches=[{"starts": "2025-01-01", "t": 12_000}])
    return Reading(result(fee=fee, tax=tax, quota=quota))


def test_the_fee_collected_is_arithmetic_times_tonnes(reading: Reading) -> None:
    """America collects the block's USD/kg on every tonne of its lanes that kept to its lane.

    The quota sends lots to America through third countries: those pay no port fee, and what they
    would have paid is the whole gap to all tonnes shipped.
    """
    fee = policies.load_one("fee", reading.setting("policies")["fee"])
    assert isinstance(fee, PortFee)
    computed = port_fees.computed_usd(reading, {"fee": fee}, "fee", fee)
    taken = reading.query(
        "SELECT seed, sum(fees_usd) AS usd FROM states WHERE state = 'USA' "
        "GROUP BY seed ORDER BY seed"
    )["usd"].to_numpy(float)
    assert taken.min() > 0
    np.testing.assert_allclose(computed, taken, rtol=1e-6)
    per_kg = fee_usd_per_kg(fee.voyage(fee.effective))
    tonnes = reading.query(
        "SELECT seed, sum(shipped_t) AS shipped, sum(rerouted_t) AS past FROM flows "
        f"WHERE good IN ({labels.sql_list(fee.covers.goods_covered())}) "
        "AND origin <> destination AND 'USA' IN (origin::TEXT, destination::TEXT) "
        "AND NOT list_has_any(['CAN', 'MEX'], [origin::TEXT, destination::TEXT]) "
        "GROUP BY seed ORDER BY seed"
    )
    assert tonnes["past"].min() > 1.0
    owed = 1000.0 * per_kg * tonnes.set_index("seed")
    np.testing.assert_allclose(owed["shipped"] - taken, owed["past"], rtol=1e-3)
    text = port_fees.block(reading)
    assert layout.number(per_kg) in text
    assert "2,500,000" in text, "the charge of a call: 50 x 50,000"
    price = port_fees.magnet_price(reading, fee)
    assert layout.interval(100 * per_kg / price) in text
    assert 40 < np.median(price) < 80


def test_part_of_a_month_is_told_nearly() -> None:
    """Suspended in the middle of a month, the two figures agree within a tenth."""
    fee_page = page("port_fee_usa_2025", **{**FROM_START, "suspended": "2025-03-20"},
                    schedule=[{"starts": "2025-01-01", "per_net_ton": 50}])  # fmt: skip
    told = Reading(result(20, fee=fee_page))
    fee = policies.load_one("fee", fee_page)
    assert isinstance(fee, PortFee)
    computed = port_fees.computed_usd(told, {"fee": fee}, "fee", fee)
    taken = told.query("SELECT seed, sum(fees_usd) AS usd FROM states GROUP BY seed ORDER BY seed")
    np.testing.assert_allclose(computed, taken["usd"].to_numpy(float), rtol=0.1)


def test_rents_are_told_by_economy(reading: Reading) -> None:
    """China's exporters hold the permits, China's treasury the tax, America's the fee."""
    text = rents.block(reading)
    assert "China" in text
    assert "United States" in text
    assert "permits are given to its exporters" in text
    sums = reading.query(
        "SELECT seed, sum(rents_usd) / 1e6 AS m FROM states WHERE state = 'CHN' GROUP BY seed"
    )["m"].to_numpy(float)
    assert sums.min() > 0
    assert layout.interval(sums) in text
    headline = reading.query("SELECT metric, economy, value FROM headline").astype(
        {"metric": str, "economy": str}
    )
    rent = headline[headline["metric"] == "quota_rent:run"]
    assert set(rent["economy"]) == {"CHN"}
    assert set(headline[headline["metric"] == "fee_revenue:run"]["economy"]) == {"USA"}
    values = rent["value"].to_numpy(float)
    np.testing.assert_allclose(np.sort(values), np.sort(1e6 * sums), rtol=1e-4)


def test_no_instrument_no_block() -> None:
    """A scenario without policies, or with one without any strength, has nothing to tell."""
    assert instrument_blocks(Reading(report_cases.run("reference", None))) == ""
    weak = page("quota_2010_level", strength=0.0)
    assert instrument_blocks(Reading(result(8, quota=weak))) == ""


def test_several_blocks_are_linked_from_their_head(reading: Reading) -> None:
    """Fees and rents: the brackets are explained once, and each block has a link."""
    text = instrument_blocks(reading)
    assert text.startswith("<p>Each number is the median over 2 runs, with p10–p90 in brackets")
    linked = re.findall(r"<a href='#([^']+)'>", text)
    assert linked == re.findall(r"<h3 id='([^']+)'>", text) != []
    assert len(linked) >= 2
