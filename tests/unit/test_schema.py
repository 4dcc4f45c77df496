"""The schema: contract columns, units, the pages generated from it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import synthetic
from tradesim import schema
from tradesim.analysis import metrics

DOCS = Path(__file__).parents[2] / "docs"

CONTRACT = {
    "markets": "scenario seed date economy good price_ask_usd_per_kg price_contract_usd_per_kg "
    "price_transaction_usd_per_kg stock_t cover_weeks orders_t deliveries_t use_t output_t "
    "imports_t exports_t shortfall_rationed_t shortfall_physical_t shortfall_price_destroyed_t",
    "uses": "scenario seed date economy end_use good demand_t use_t shortfall_rationed_t "
    "shortfall_physical_t shortfall_price_destroyed_t",
    "flows": "scenario seed date origin destination good end_use shipped_t licensed_t rerouted_t "
    "value_usd chinese_content_share extraterritorial_t",
    "licences": "scenario seed date authority good destination end_use applied_t granted_t "
    "denied_t pending_t lapsed_t wait_days",
    "plants": "scenario seed date economy stage firms stopped_firms activity_share",
    "states": "scenario seed date state rung utility_usd utility_shortfall_usd utility_revenue_usd "
    "utility_trade_usd utility_outside_usd utility_audience_usd utility_leverage_usd "
    "utility_cover_usd utility_future_usd tariff_revenue_usd fees_usd stockpile_t "
    "stockpile_usd rents_usd public_spending_usd rest_of_trade_usd chips_usd "
    "firms_money_usd lookahead_steps",
    "events": "scenario seed date actor action instrument target detail reason",
    "headline": "scenario seed metric economy good end_use unit value",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_tables_have_the_columns_of_the_contract(name: str) -> None:
    assert [column.name for column in schema.TABLES[name].columns] == CONTRACT[name].split()


def test_summary_has_the_columns_of_the_contract() -> None:
    expected = "point scenario metric economy good end_use unit mean p10 p50 p90 n"
    assert [column.name for column in schema.SUMMARY] == expected.split()


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda t: t.name)
def test_every_column_says_what_it_is(table: schema.Table) -> None:
    for column in table.columns:
        assert column.unit
        assert column.description
        assert column.source


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda t: t.name)
def test_a_measures_name_ends_in_its_unit(table: schema.Table) -> None:
    endings = {"t": "_t", "USD": "_usd", "USD/kg": "_usd_per_kg", "weeks": "_weeks",
               "days": "_days", "1": "_share", "firms": "firms"}  # fmt: skip
    for column in table.columns:
        if column.kind == "measure" and column.unit in endings:
            assert column.name.endswith(endings[column.unit]), column.name


def test_measures_are_float32_and_carry_their_unit() -> None:
    field = schema.MARKETS.arrow.field("stock_t")
    assert field.type == pa.float32()
    assert field.metadata[b"unit"] == b"t"


def test_the_model_is_told_exactly_what_to_return() -> None:
    made = synthetic.simulate(synthetic.scenario("april_2025", weeks=8), 0)
    assert list(made) == list(schema.MODEL_TABLES)
    for name, table in made.items():
        assert tuple(table.schema.names) == schema.model_columns(name)


@pytest.mark.parametrize(
    ("page", "text", "module"),
    [
        ("glossary.md", schema.glossary(), "tradesim.schema"),
        ("metrics.md", metrics.reference_page(), "tradesim.analysis.metrics"),
    ],
)
def test_generated_pages_are_in_step(page: str, text: str, module: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == text, f"run: python -m {module}"


def test_writing_the_pages(tmp_path: Path) -> None:
    schema.main(tmp_path / "docs" / "glossary.md")
    assert "shortfall_physical_t" in (tmp_path / "docs" / "glossary.md").read_text(encoding="utf-8")
    metrics.main(tmp_path / "metrics.md")
    assert "fisher_price_index" in (tmp_path / "metrics.md").read_text(encoding="utf-8")
