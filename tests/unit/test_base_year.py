"""The base year: the estimator, the figures that must survive it, and that it can be rebuilt."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from tradesim.axes import MAGNETS
from tradesim.errors import DataError
from tradesim.tables import loader, reconcile
from tradesim.tables.balance import Balance
from tradesim.tables.book import BASE, SOURCES
from tradesim.tables.stone import Identity, proportional_fit
from tradesim.tables.stone import reconcile as stone

SHARED = Path(__file__).parents[3] / "shared" / "data"


def rows(name: str) -> list[dict[str, str]]:
    """One shipped table as text."""
    with (BASE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def flow(goods: str | Iterable[str], origin: str, destination: str | None = None) -> float:
    """Tonnes a year that leave ``origin``; to abroad when no destination is named."""
    names = (goods,) if isinstance(goods, str) else tuple(goods)
    return sum(
        float(r["t_per_year"])
        for r in rows("flows")
        if r["good"] in names
        and r["origin"] == origin
        and (r["destination"] == destination if destination else r["destination"] != origin)
    )


def output(stage: str, good: str, economy: str = "") -> float:
    """Gross output of a good by a stage, t a year."""
    return sum(
        float(r["t_per_year"])
        for r in rows("process")
        if r["role"] == "out"
        and r["stage"] == stage
        and r["good"] == good
        and economy in ("", r["economy"])
    )


def test_stone_spreads_a_gap_by_variance() -> None:
    prior, sigma = np.array([100.0, 100.0]), np.array([0.1, 0.2])
    result = stone(prior, sigma, [Identity("sum", {0: 1.0, 1: 1.0}, 250.0)], ["a", "b"])
    assert result == pytest.approx([110.0, 140.0])  # a gap of 50 split 1 : 4


def test_stone_leaves_a_prior_that_closes_and_an_entry_that_is_fixed() -> None:
    prior = np.array([60.0, 40.0])
    same = stone(prior, np.array([0.1, 0.3]), [Identity("s", {0: 1.0, 1: 1.0}, 100.0)], ["a", "b"])
    assert same == pytest.approx(prior)
    moved = stone(prior, np.array([0.0, 0.3]), [Identity("s", {0: 1.0, 1: 1.0}, 90.0)], ["a", "b"])
    assert moved == pytest.approx([60.0, 30.0])


def test_a_negative_result_is_refused_by_name_and_not_clipped() -> None:
    identity = Identity("sum", {0: 1.0, 1: 1.0}, 20.0)
    with pytest.raises(DataError, match="'magnets PHL-JPN' negative"):
        stone(np.array([60.0, 1.0]), np.array([0.0, 0.3]), [identity], ["x", "magnets PHL-JPN"])


def test_an_identity_that_nothing_can_close_is_refused_by_name() -> None:
    identity = Identity("oxide_Dy use JPN", {0: 1.0}, 20.0)
    with pytest.raises(DataError, match="oxide_Dy use JPN"):
        stone(np.array([10.0]), np.array([0.0]), [identity], ["x"])


def test_proportional_fit_meets_both_margins_and_keeps_zeros() -> None:
    prior = np.array([[1.0, 2.0], [0.0, 4.0]])
    fitted = proportional_fit(prior, np.array([5.0, 3.0]), np.array([4.0, 4.0]), "test")
    assert fitted.sum(axis=1) == pytest.approx([5.0, 3.0])
    assert fitted.sum(axis=0) == pytest.approx([4.0, 4.0])
    assert fitted[1, 0] == 0.0


def test_proportional_fit_refuses_a_pattern_that_cannot_carry_the_totals() -> None:
    with pytest.raises(DataError, match="does not converge"):
        proportional_fit(np.eye(2), np.array([5.0, 3.0]), np.array([4.0, 4.0]), "test")
    with pytest.raises(DataError, match="differ"):
        proportional_fit(np.ones((2, 2)), np.array([5.0, 3.0]), np.array([4.0, 5.0]), "test")


def test_the_shipped_tables_equal_a_fresh_rebuild(tmp_path: Path) -> None:
    assert reconcile.main(tmp_path) >= 15
    for path in sorted(tmp_path.glob("*.csv")):
        assert path.read_bytes() == (BASE / path.name).read_bytes(), path.name


@pytest.mark.skipif(not SHARED.exists(), reason="the collected figures are not beside the package")
def test_raw_tables_are_copies_of_the_collected_figures() -> None:
    for path in sorted((SHARED / "base").glob("*.csv")):
        assert (SOURCES / path.name).read_bytes() == path.read_bytes(), path.name
    for name in ("balance", "flows"):
        copy = (SOURCES / f"reconciled_{name}.csv").read_bytes()
        assert copy == (SHARED / "reconciled" / f"{name}.csv").read_bytes()


def test_chinas_magnet_row_is_the_published_one() -> None:
    assert flow(MAGNETS, "CHN") == pytest.approx(58_152.0, abs=0.5)
    assert flow(MAGNETS, "CHN", "USA") == pytest.approx(7_446.0, abs=0.1)
    assert flow(MAGNETS, "CHN", "EU27") == pytest.approx(18_246.4, abs=0.1)


def test_published_oxide_lanes_stay_within_five_per_cent() -> None:
    nd_pr = ("oxide_Nd", "oxide_Pr")
    assert flow(nd_pr, "MYS", "CHN") == pytest.approx(3_261.0, rel=0.05)
    assert flow(nd_pr, "USA", "CHN") == pytest.approx(232.0, rel=0.05)
    assert flow("concentrate_bastnaesite", "USA", "CHN") == pytest.approx(37_460.8, rel=1e-6)


@pytest.mark.parametrize(
    ("element", "tonnes", "factor"), [("Dy", 196.7, 1.1477), ("Tb", 51.4, 1.1762)]
)
def test_chinas_heavy_exports_are_those_of_the_balance(
    element: str, tonnes: float, factor: float
) -> None:
    metal = flow(f"metal_{element}", "CHN") * factor / 0.945
    exports = flow(f"oxide_{element}", "CHN") + metal
    assert exports == pytest.approx(tonnes, rel=0.05)
    japan = flow(f"oxide_{element}", "CHN", "JPN")
    japan += flow(f"metal_{element}", "CHN", "JPN") * factor / 0.945
    assert japan / exports == pytest.approx(0.6, abs=0.06)


def test_outputs_are_those_of_the_balance() -> None:
    balance = Balance.read()
    for (element, economy, stage, _), tonnes in balance.values.items():
        if stage == "separation" and element not in ("all", "Sc"):
            made = output("separation", f"oxide_{element}", economy)
            assert made == pytest.approx(tonnes, rel=1e-9), (economy, element)
    magnets = output("magnet", "magnet_NdFeB") + output("magnet", "magnet_NdFeB_HRE")
    assert magnets == pytest.approx(221_647.0, rel=1e-5)
    assert output("magnet", "magnet_NdFeB_HRE") / magnets == pytest.approx(0.4048, abs=2e-4)
    for element in ("Nd", "Pr", "Dy", "Tb", "Gd", "Ho", "Ce"):
        recycled = balance.world(element, "recycled")
        assert output("recycling", f"oxide_{element}") == pytest.approx(recycled, rel=1e-9)


def test_nothing_scarce_is_thrown_away_and_the_surplus_is_that_of_the_balance() -> None:
    gone: defaultdict[str, float] = defaultdict(float)
    for r in rows("process"):
        if r["role"] == "disposal":
            gone[r["good"]] += float(r["t_per_year"])
    assert not any(gone[f"oxide_{e}"] for e in ("Pr", "Nd", "Tb", "Dy", "Ho"))
    balance = Balance.read()
    for element in ("La", "Ce", "Sm", "Y", "Gd", "Er", "Yb"):
        surplus = balance.world(element, "surplus_to_disposal")
        assert gone[f"oxide_{element}"] == pytest.approx(surplus, rel=0.01), element


def test_makers_abroad_export_no_more_than_they_make() -> None:
    for maker in {r["economy"] for r in rows("cells") if r["stage"] == "magnet"} - {"CHN"}:
        made = sum(output("magnet", good, maker) for good in MAGNETS)
        assert flow(MAGNETS, maker) < 0.9 * made, maker


def test_the_world_is_small_enough_to_run_and_large_enough_to_matter() -> None:
    stages = Counter(r["stage"] for r in rows("cells"))
    assert stages["manufacture"] <= 95
    assert stages["component"] <= 65
    assert sum(stages.values()) <= 230
    assert 1_000 <= len(rows("flows")) <= 1_500
    assert {r["economy"] for r in rows("cells")} >= {"CAN", "GBR", "TWN", "KAZ", "BRA"}


def test_every_processing_cell_earns_its_inputs_at_base_prices() -> None:
    price = {(r["good"], r["region"]): float(r["price_usd_per_kg"]) for r in rows("prices")}
    margin: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    sign = {"in": -1.0, "out": 1.0, "disposal": -1.0}
    for r in rows("process"):
        cell = (r["economy"], r["stage"], r["line"])
        value = price.get((r["good"], r["economy"]), price[r["good"], "ROW"])
        margin[cell] += sign[r["role"]] * float(r["t_per_year"]) * value
    for cell, value in margin.items():
        if cell[1] != "manufacture":
            assert value > 0.0, cell


def test_capacity_covers_output_and_recoveries_are_shares() -> None:
    cells = loader.load_base().table("cells")
    assert np.all(cells["capacity_t"] >= cells["output_t"])
    assert np.all(cells["output_t"] > 0.0)
    recovery = loader.load_base().table("recovery")
    assert np.all(recovery["share"] <= 0.95)


def test_projects_come_after_the_start_of_runs() -> None:
    starts = [dt.date.fromisoformat(r["start_date"]) for r in rows("pipeline")]
    assert dt.date(2025, 1, 6) < min(starts)
    assert max(starts) < dt.date(2030, 1, 1)
    assert "CHN" not in {r["economy"] for r in rows("pipeline")}


def test_every_rule_is_used_and_every_adjustment_is_listed() -> None:
    used = {r["rule"] for name in ("cells", "flows", "adjustments", "prices", "growth")
            for r in rows(name)}  # fmt: skip
    silent = {"R07_processing_trade", "R09_small_lanes", "R11_metal_yield", "R20_utilisation",
              "R23_pipeline_units", "R24_pipeline_dates"}  # fmt: skip
    assert {r["rule"] for r in rows("rules")} - silent <= used
    items = {r["item"] for r in rows("adjustments")}
    assert "mine MMR clay" in items  # of the tried world balance
    assert "flow magnets PHL-JPN" in items  # of the closure
