"""The report's blocks on stockpiles and price floors: every number is one of the result's."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import report_cases
from tradesim import config
from tradesim.report.instruments import layout, minerals, price_floor, stockpile
from tradesim.report.reading import Reading
from tradesim.results import Results
from tradesim.runner import run_config


@cache
def result(scenario: str) -> Results:
    """Two seeds of a scenario of the library against its comparison, 112 weeks."""
    words = [f"scenario={scenario}", "seeds=2", "weeks=112", "workers=1"]
    return run_config(config.load(words))


def summary_of(results: Results, metric: str, good: str) -> dict[str, float]:
    """Quantiles of one row of the summary."""
    rows = results.summary
    rows = rows[(rows["metric"] == metric) & (rows["good"] == good)]
    rows = rows[
        (rows["scenario"] == "stockpile_reported_list") & (rows["economy"] == "outside_CHN")
    ]
    assert len(rows) == 1
    return {name: float(rows[name].iloc[0]) for name in ("p10", "p50", "p90")}


def test_the_block_shows_the_summary_by_element_and_year() -> None:
    """Scandium is bought and gets dearer; its numbers are those of summary.csv."""
    html = stockpile.block(Reading(result("stockpile_reported_list")))
    for period in ("first_year", "third_year"):
        row = summary_of(result("stockpile_reported_list"), f"price_effect:{period}", "oxide_Sc")
        assert row["p50"] > 0.5
        assert stockpile.Spread(**row).text in html
    assert "Sc oxide</th><td>bought" in html
    assert "cobalt" in html
    assert "n/a" not in html


def test_the_block_shows_money_and_tonnes_by_state() -> None:
    """Net spending of the United States stands there, and nobody else's."""
    reading = Reading(result("stockpile_reported_list"))
    html = stockpile.block(reading)
    spent = reading.query(
        "SELECT sum(public_spending_usd) / 1e6 AS usd FROM states WHERE state = 'USA' "
        "AND scenario = 'stockpile_reported_list' GROUP BY seed"
    )["usd"]
    assert 20.0 < spent.min() <= spent.max() <= 45.0 * (1 + 1e-6)
    assert f"United States</th><td class='n'>{layout.interval(spent)}" in html
    assert "European Union</th>" not in html


@pytest.mark.parametrize("block", [stockpile.block, price_floor.block])
def test_no_instrument_no_block(block: Any) -> None:
    """A scenario without stockpile and floor has neither block."""
    assert block(Reading(report_cases.run())) == ""


def test_the_floors_bill_is_that_of_the_ledger() -> None:
    """The payer's spending over the run, and the output of the guaranteed oxides."""
    reading = Reading(result("price_floor"))
    html = price_floor.block(reading)
    spent = reading.query(
        "SELECT sum(public_spending_usd) / 1e6 AS usd FROM states WHERE state = 'USA' "
        "AND scenario = 'price_floor' GROUP BY seed"
    )["usd"]
    assert spent.min() > 1.0
    assert f"United States pays {layout.interval(spent)} million USD" in html
    assert "outside China differs from the" in html


def sweep_of(points: dict[int, dict[str, Any]], summary: pd.DataFrame) -> Any:
    """What the side-by-side table asks of the results of a sweep."""
    pages = {
        f"point_{number}": {"scenario": {"name": f"s{number}"}, "policies": policies}
        for number, policies in points.items()
    }
    return SimpleNamespace(config=pages, summary=summary)


def test_points_of_a_sweep_stand_side_by_side() -> None:
    """Both lists' effects in one table, each good marked with the list that buys it."""
    page = {"_target_": "tradesim.policies.Stockpile", "pace_weeks": 104}
    points = {
        0: {"a": {**page, "list_usd": {"oxide_Sc": 4.5e7}, "outside_usd": {"cobalt": 5e8}}},
        1: {"b": {**page, "list_usd": {"oxide_Dy": 1e8}}},
    }
    rows = [
        {"point": number, "scenario": f"s{number}", "metric": metric, "economy": "outside_CHN",
         "good": good, "end_use": "all", "p10": value - 1, "p50": value, "p90": value + 1}
        for number, good, value in ((0, "oxide_Sc", 16.0), (1, "oxide_Dy", 20.0),
                                    (1, "oxide_Tb", -25.0))
        for metric, _ in stockpile.COLUMNS
    ]  # fmt: skip
    html = stockpile.side_by_side(
        sweep_of(points, pd.DataFrame(rows)), {0: "reported", 1: "same money"}
    )
    assert "bought in reported" in html
    assert "bought in same money" in html
    assert "+16.0<br>[+15.0 to +17.0]" in html
    assert "−25.0<br>[−26.0 to −24.0]" in html
    assert "cobalt" in html
    assert stockpile.side_by_side(sweep_of({0: {}}, pd.DataFrame(rows)), {0: "none"}) == ""


def test_outside_minerals_by_hand() -> None:
    """A twentieth of a market at elasticity one half moves its price by a tenth."""
    market = minerals.Mineral(value_usd=1e9, elasticity=0.5, source="test")
    assert minerals.price_effect_percent(5e7, market) == pytest.approx(10.0)
    years = [minerals.bought_in_year(100.0, 78.0, year) for year in (1, 2, 3)]
    assert sum(years) == pytest.approx(100.0)
    assert years[0] > years[1] > years[2] == 0.0
    assert {"cobalt", "antimony", "tantalum", "indium"} <= set(minerals.minerals())
