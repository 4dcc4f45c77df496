"""Shortfalls of a pair of worlds, by hand, and what a worker hands back."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import pyarrow as pa
import pytest

import synthetic
from tradesim.errors import ModelError
from tradesim.pairs import Record, SeedError, Task, frozen, padded, run_seed, shortfalls
from tradesim.scenario import Scenario
from tradesim.schema import TABLES
from tradesim.store import Rows, canonical

ATTACHED = ("shortfall_physical_t", "shortfall_price_destroyed_t")


def rows(*cells: tuple[dt.date, str, float, float]) -> Rows:
    """The table uses with (date, economy, use, given up) in wind and magnet_NdFeB, t."""
    date, economy, use, given_up = zip(*cells, strict=True)
    zero = [0.0] * len(cells)
    return canonical(
        "uses",
        pa.table(
            {
                "date": pa.array(date, pa.date32()),
                "economy": list(economy),
                "end_use": ["wind"] * len(cells),
                "good": ["magnet_NdFeB"] * len(cells),
                "demand_t": zero,
                "use_t": list(use),
                "shortfall_rationed_t": zero,
                "given_up_t": list(given_up),
            }
        ),
        attached=ATTACHED,
    )


JANUARY, FEBRUARY = dt.date(2025, 1, 1), dt.date(2025, 2, 1)


def test_physical_and_price_destroyed_shortfall_by_hand() -> None:
    own = rows((JANUARY, "USA", 6.0, 3.0), (JANUARY, "JPN", 6.0, 9.0), (JANUARY, "KOR", 12.0, 9.0))
    other = rows((JANUARY, "USA", 10.0, 1.0), (JANUARY, "JPN", 10.0, 1.0),
                 (JANUARY, "KOR", 10.0, 1.0))  # fmt: skip
    found = shortfalls(own, other)
    assert found["shortfall_physical_t"].tolist() == [4.0, 4.0, 0.0]
    assert found["shortfall_price_destroyed_t"].tolist() == [2.0, 4.0, 0.0]


def test_a_use_that_has_vanished_is_a_shortfall() -> None:
    own, other = rows((JANUARY, "USA", 6.0, 0.0)), rows((JANUARY, "USA", 6.0, 0.0),
                                                        (JANUARY, "CHN", 5.0, 0.0))  # fmt: skip
    whole = padded(own, other)
    assert [whole.labels["economy"][code] for code in whole.codes["economy"]] == ["CHN", "USA"]
    assert whole.values["use_t"].tolist() == [0.0, 6.0]
    assert shortfalls(whole, other)["shortfall_physical_t"].tolist() == [5.0, 0.0]


def test_a_row_that_the_other_world_lacks_is_no_shortfall() -> None:
    own, other = (
        rows((JANUARY, "USA", 6.0, 0.0), (JANUARY, "CHN", 5.0, 0.0)),
        rows((JANUARY, "USA", 6.0, 0.0)),
    )
    assert padded(own, other) is own
    assert shortfalls(own, other)["shortfall_physical_t"].tolist() == [0.0, 0.0]


def test_worlds_of_different_length_are_refused() -> None:
    own, other = rows((JANUARY, "USA", 6.0, 0.0)), rows((JANUARY, "USA", 6.0, 0.0),
                                                        (FEBRUARY, "USA", 6.0, 0.0))  # fmt: skip
    with pytest.raises(ModelError, match="different dates"):
        padded(own, other)


def task(compare: str | None = "reference", record: Record = "monthly") -> Task:
    other = None if compare is None else synthetic.scenario(compare, 30)
    return Task(synthetic.scenario("april_2025", 30), other, synthetic.simulate, record)


def test_a_seed_holds_both_worlds_with_all_tables() -> None:
    result = run_seed(task(), 4)
    assert list(result.tables) == ["april_2025", "reference"]
    for name, tables in result.tables.items():
        assert list(tables) == list(TABLES)
        for table, got in tables.items():
            assert got.schema.equals(TABLES[table].arrow)
            assert set(got["scenario"].to_pylist()) <= {name}
            assert set(got["seed"].to_pylist()) <= {4}


def test_the_comparison_world_has_no_physical_shortfall_and_the_scenario_has() -> None:
    result = run_seed(task(), 0)
    lost = {name: tables["uses"]["shortfall_physical_t"].to_numpy().sum()
            for name, tables in result.tables.items()}  # fmt: skip
    assert lost["reference"] == 0.0
    assert lost["april_2025"] > 0.0


def test_a_world_compared_with_itself_is_simulated_once() -> None:
    calls: list[str] = []

    def counted(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
        calls.append(scenario.name)
        return synthetic.simulate(scenario, seed)

    world = synthetic.scenario("april_2025", 30)
    result = run_seed(Task(world, world, counted), 0)
    assert calls == ["april_2025"]
    assert list(result.tables) == ["april_2025"]
    assert result.tables["april_2025"]["markets"]["shortfall_physical_t"].to_numpy().sum() == 0.0


def test_without_a_comparison_the_frozen_world_is_the_measure() -> None:
    seen: list[Scenario] = []

    def watched(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
        seen.append(scenario)
        use = "reference" if scenario.noise == 0.0 else "april_2025"
        return synthetic.simulate(synthetic.scenario(use, 30), seed)

    result = run_seed(Task(synthetic.scenario("april_2025", 30), None, watched), 0)
    assert seen[1] == frozen(synthetic.scenario("april_2025", 30))
    assert list(result.tables) == ["april_2025"]
    assert result.tables["april_2025"]["uses"]["shortfall_physical_t"].to_numpy().sum() > 0.0


def test_headline_only_gives_the_same_headline() -> None:
    whole, brief = run_seed(task(), 2), run_seed(task(record="headline"), 2)
    assert list(brief.tables["april_2025"]) == ["headline"]
    assert len(brief.digests) == 2
    assert brief.digests.items() <= whole.digests.items()


def broken(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    raise ZeroDivisionError("nothing to divide by")


def lawless(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    raise ModelError("mass is lost", where="good oxide_Dy", remedy="look at delivery")


def test_an_error_of_the_model_carries_seed_scenario_and_traceback() -> None:
    with pytest.raises(SeedError) as caught:
        run_seed(Task(synthetic.scenario("april_2025"), None, broken), 7)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.seed, error.scenario, error.exit_code) == (7, "april_2025", 1)
    assert "ZeroDivisionError: nothing to divide by" in error.what
    assert "in broken" in error.trace
    assert "seeds=[7]" in error.remedy


def test_a_broken_law_keeps_its_kind_and_names_the_seed() -> None:
    with pytest.raises(ModelError) as caught:
        run_seed(Task(synthetic.scenario("april_2025"), None, lawless), 7)
    assert caught.value.where == "seed 7 of scenario 'april_2025', good oxide_Dy"
    assert caught.value.remedy == "look at delivery"


def test_prices_of_padded_rows_are_unknown() -> None:
    made = synthetic.simulate(synthetic.scenario("reference", 4), 0)["markets"]
    other = canonical("markets", made, attached=ATTACHED)
    whole = padded(canonical("markets", made.slice(1), attached=ATTACHED), other)
    assert np.isnan(whole.values["price_ask_usd_per_kg"][0])
    assert whole.values["stock_t"][0] == 0.0
    assert len(whole) == len(other)
