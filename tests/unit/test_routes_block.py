"""The block on ways round, from the tables of a run; left out where there is nothing to say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd

from tradesim.model import simulate
from tradesim.report.instruments import routes
from tradesim.report.reading import Reading
from tradesim.scenario import Scenario
from worlds import scenario


def reading(chosen: Scenario) -> Reading:
    """A reading over the tables of one seed of a scenario."""
    tables = {
        name: table.to_pandas().assign(scenario=chosen.name, seed=0)
        for name, table in simulate(chosen, 0).items()
    }

    def sql(query: str) -> pd.DataFrame:
        with duckdb.connect() as memory:
            for name, frame in tables.items():
                memory.register(name, frame)
            return memory.execute(query).df()

    results: Any = SimpleNamespace(
        tables=tuple(tables), sql=sql, manifest={"scenario": chosen.name, "compare": None},
        config={"policies": dict(chosen.policies)},
    )  # fmt: skip
    return Reading(results)


def test_what_came_past_a_control_and_through_which_hubs() -> None:
    """Tonnes by destination, use of hubs, and the share under a ceiling; nothing in calm worlds."""
    stop = {
        "_target_": "tradesim.policies.ExportLicensing", "title": "stop", "imposed_by": "CHN",
        "announced": "2025-01-13", "effective": "2025-01-13", "sources": ["test"],
        "covers": {"goods": ["magnet_*"], "destinations": ["USA"]},
        "approval": {"civilian": 0.0}, "delay_weeks": 4,
    }  # fmt: skip
    ceiling = {
        "_target_": "tradesim.policies.DiversificationCeiling", "title": "At most 60%",
        "imposed_by": "EU27", "announced": "2025-01-13", "effective": "2025-01-13",
        "reached": "2025-01-13", "share": 0.6, "covers": {"goods": ["magnet_NdFeB"]},
        "sources": ["test"],
    }  # fmt: skip
    html = routes.block(reading(scenario(weeks=26, policies={"a": stop, "b": ceiling})))
    assert "came past a control" in html
    assert "United States" in html
    assert "Capacity used" in html
    assert "At most 60%" in html
    assert "<th scope='row'>EU-27</th>" in html
    assert routes.block(reading(scenario(weeks=4))) == ""
