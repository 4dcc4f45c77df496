"""The world of 2009: its tables are what the builder writes, they close, and they stand still."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from balances import Balance
from tradesim import axes
from tradesim.model import TradeModel
from tradesim.tables import closure
from tradesim.tables.book import Book, read_rows
from tradesim.tables.loader import base_of
from tradesim.tables.vintage_2009 import __main__ as builder
from tradesim.tables.vintage_2009.given import BASE_2009, Given
from tradesim.tables.vintage_2009.oxides import outflow_t
from worlds import named, scenario

STILL = {"base_year": 2009, "start": "2009-01-05"}


@pytest.fixture(scope="module")
def given() -> Given:
    return Given.read()


@pytest.fixture(scope="module")
def book(given: Given) -> Book:
    return builder.build(given)


def test_the_shipped_tables_are_what_the_builder_writes(tmp_path: Path) -> None:
    """Byte for byte, whichever tables there are."""
    builder.main(tmp_path)
    shipped = {path.name: path.read_bytes() for path in BASE_2009.glob("*.csv")}
    assert shipped == {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}


def test_goods_inputs_and_elements_close(book: Book) -> None:
    """Every identity within 1e-9 of its flow."""
    for gaps in (closure.good_gaps(book), closure.input_gaps(book), closure.element_gaps(book)):
        assert max(abs(gap) / size for gap, size in gaps.values()) < 1e-9


def test_mines_are_those_of_the_record(book: Book) -> None:
    """China, Russia and Brazil as BGS has them; nobody else mines rare earths."""
    rows = read_rows(BASE_2009.parent / "sources" / "mine_production.csv")
    record = {
        r["iso3"]: float(r["value"])
        for r in rows
        if r["year"] == "2009" and r["vintage"].startswith("BGS") and r["unit"] == "t REO"
    }
    mined: dict[str, float] = {}
    for (economy, stage, line, role, _), tonnes in book.process.items():
        if stage == "mine" and role == "out" and line != "scandium":
            mined[economy] = mined.get(economy, 0.0) + tonnes
    assert mined == pytest.approx(
        {"CHN": record["CHN"], "ROW": record["RUS"], "BRA": record["BRA"]}
    )


def test_the_flow_out_of_china_is_quota_and_smuggling(book: Book, given: Given) -> None:
    """Oxides and metals in oxide equivalent: the quota used in 2009, and smuggling on top."""
    out = 0.0
    for flow in book.flows:
        if flow.origin == "CHN" != flow.buyer[0] and flow.good.startswith(("oxide_", "metal_")):
            inside = sum(book.content.get((flow.good, e), 0.0) for e in axes.ELEMENTS)
            out += flow.tonnes * (1.0 if flow.good.startswith("oxide_") else inside)
    assert out == pytest.approx(outflow_t(given), rel=1e-9)
    quota = float(next(r["value"] for r in given.rows("parameters") if r["name"] == "quota_t"))
    assert 0.6 * quota < out / (1.0 + given.number["smuggled_excess"]) < quota


def test_makers_of_magnets_share_the_world_as_in_the_record(book: Book, given: Given) -> None:
    """Shares of 2010, and less than the blanks of 2010 in all."""
    made: dict[str, float] = {}
    for (economy, stage, line, role, good), tonnes in book.process.items():
        if stage == "magnet" and role == "out" and good == line and line.startswith("magnet_NdFeB"):
            made[economy] = made.get(economy, 0.0) + tonnes
    total = sum(made.values())
    assert made["CHN"] / total == pytest.approx(given.number["magnet_share_CHN"])
    assert made["JPN"] / total == pytest.approx(given.number["magnet_share_JPN"])
    blanks = total / (1.0 - book.parameters["swarf_share"])
    assert 70_000 < blanks < 98_200


def test_nothing_is_thrown_away(book: Book) -> None:
    """La and Ce are in balance: no oxide has a surplus, and all are used in and outside China."""
    assert not [key for key in book.process if key[3] == "disposal"]
    for good in ("oxide_La", "oxide_Ce"):
        users = {cell[0] for cell in book.use(good)}
        assert {"CHN", "JPN", "USA", "EU27"} <= users


def test_prices_are_fob_less_tax(given: Given) -> None:
    """FOB China of 2009 is the domestic price and the export tax."""
    table = base_of(2009).table("prices")
    known = dict(
        zip(zip(table["good"], table["region"], strict=True), table["price_usd_per_kg"],
            strict=True)
    )  # fmt: skip
    for row in given.rows("oxide_prices"):
        good = f"oxide_{row['element']}"
        fob = float(row["fob_usd_per_kg"])
        assert known[good, "CHN"] * (1.0 + given.export_tax(good)) == pytest.approx(fob)
        assert known[good, "ROW"] > known[good, "CHN"]


def test_every_assumed_number_lies_in_its_range() -> None:
    """Unit, source, quality and a range that holds the value."""
    with (Given.read().folder / "parameters.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert rows
    for row in rows:
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row["name"]
        assert row["unit"], row["name"]
        assert row["source"], row["name"]


@pytest.mark.parametrize("seed", [0, 5])
def test_2009_without_policy_stands_still(seed: int) -> None:
    """Every price within 1e-9 and no shortfall over two years."""
    model = TradeModel(scenario(weeks=104, **STILL), seed)
    start = model.world.price0.copy()
    for _ in range(104):
        model.step()
        assert np.abs(model.state.ask / start - 1.0).max() < 1e-9
        assert (model.state.orders - model.state.received).max() < 1e-9
        assert not model.state.risk.max() > 1e-9
    model.close()


def test_everything_balances_in_the_crisis() -> None:
    """Goods, elements, Chinese-mined content and money while all policies of 2010 bind."""
    model = TradeModel(named("quota_2010", weeks=130), 0)
    balance = Balance(model)
    for _ in range(130):
        balance.step()
    assert model.state.permits
    model.close()


def test_the_base_year_of_2024_is_untouched_by_that_of_2009() -> None:
    """Two base years beside each other: each world has its own tables."""
    ours, theirs = base_of(2009), base_of(2024)
    assert len(ours.table("cells")["line"]) < len(theirs.table("cells")["line"])
    assert base_of(2009) is ours
