"""The block on projects shows what the events of the pair say, and nothing without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import report_cases
from tradesim import config
from tradesim.report.instruments import layout, pipeline
from tradesim.report.reading import DAYS_PER_MONTH, Reading
from tradesim.runner import run_config
from tradesim.world import build_world

_RULE = "technology_control_october_2025"


@pytest.fixture(scope="module")
def reading() -> Reading:
    """A pair of short worlds with the technology control from the first day at factor two."""
    job = config.load([
        "scenario=technology_control", "seeds=2", "weeks=12",
        f"policies.{_RULE}.announced=2025-01-06", f"policies.{_RULE}.effective=2025-01-06",
        f"policies.{_RULE}.lead_time_factor=2",
        "policies.equipment_control_november_2025.strength=0",
    ])  # fmt: skip
    return Reading(run_config(job))


def delays(reading: Reading) -> pd.DataFrame:
    """Delays of all projects that waited on the first day."""
    return pipeline.project_delays(reading, pd.Timestamp("2025-01-06"))


def test_delays_are_those_of_the_arithmetic(reading: Reading) -> None:
    found = delays(reading)
    scenario = config.resolve(config.compose(["scenario=reference"])).scenario
    for seed, part in found.groupby("seed"):
        world = build_world(scenario, int(str(seed)))
        at = {name: row for row, name in enumerate(world.firms.name)}
        rows = [at[name] for name in part["project"]]
        wait = world.firms.start_week[rows] * 7.0 / DAYS_PER_MONTH
        expected = np.where(world.chinese_technology[rows], wait, 0.0)
        np.testing.assert_allclose(part["months"], expected, atol=0.04)
        np.testing.assert_allclose(part["capacity_t"], world.firms.capacity_t[rows], rtol=1e-3)
    assert found["months"].max() > 6


def test_the_mean_is_weighted_by_capacity() -> None:
    frame = pd.DataFrame(
        {"seed": [0, 0, 1], "months": [3.0, 0.0, 5.0], "capacity_t": [100.0, 200.0, 7.0]}
    )
    np.testing.assert_allclose(pipeline.mean_delay(frame), [1.0, 5.0])


def test_the_block_states_the_delay_with_its_spread(reading: Reading) -> None:
    html = pipeline.block(reading)
    mean = pipeline.mean_delay(delays(reading))
    assert f"delayed by {layout.interval(mean)} months" in html
    assert "Mean delay, months" in html
    assert "MP Materials" in html


def test_change_of_output_is_the_difference_of_the_tables(reading: Reading) -> None:
    markets: Any = reading.query("SELECT scenario, seed, economy, good, output_t FROM markets")
    # the metal plant due two weeks after the start is the one project of these weeks
    abroad = markets[(markets["economy"] != "CHN") & (markets["good"] == "metal_NdPr")]
    abroad = abroad.astype({"output_t": float, "scenario": str})
    total = abroad.groupby(["scenario", "seed"])["output_t"].sum()
    change = total["technology_control"] - total["reference"]
    found = pipeline.output_change(reading)["metal_NdPr"]
    assert np.abs(found).max() > 0.0
    np.testing.assert_allclose(found, change.to_numpy(), atol=1e-9)


def test_no_block_without_such_a_policy() -> None:
    assert pipeline.block(Reading(report_cases.run())) == ""
