"""The block on licences says what the table of licences holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import yaml

from tradesim import config
from tradesim.model import simulate
from tradesim.report.instruments import layout, licences
from tradesim.report.reading import Reading
from tradesim.results import Results
from tradesim.runner import run_config
from tradesim.scenario import RunConfig, Scenario


def result(weeks: int, **pages: dict[str, Any]) -> Results:
    """Two seeds of a run with some policies, in memory."""
    scenario = Scenario(name="s", title="t", weeks=weeks, policies=pages)
    return run_config(RunConfig(scenario=scenario, seeds=(0, 1)), simulate=simulate)


def test_the_block_is_the_table() -> None:
    """Shares and waits of the first row are those of the sums over the table."""
    path = config.config_dir() / "policy" / "licence_april_2025.yaml"
    page = yaml.safe_load(path.read_text(encoding="utf-8"))
    page |= {"announced": "2025-01-06", "effective": "2025-01-06"}
    reading = Reading(result(weeks=30, april=page))
    text = licences.block(reading)
    table = reading.query("SELECT * FROM licences")
    sums = table.groupby("seed")[["granted_t", "denied_t"]].sum()
    share = 100 * sums["granted_t"] / sums.sum(axis=1)
    assert 0 < share.min() < share.max() < 100
    assert layout.interval(share.to_numpy()) in text
    decided = table["granted_t"] + table["denied_t"]
    waited = (np.nan_to_num(table["wait_days"]) * decided).groupby(table["seed"]).sum()
    days = waited / decided.groupby(table["seed"]).sum()
    assert layout.interval(days.to_numpy()) in text


def test_no_licence_no_block() -> None:
    """A scenario without licences has nothing to say."""
    assert licences.block(Reading(result(weeks=4))) == ""
