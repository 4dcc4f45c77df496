"""Every table and every column, declared once: name, unit, meaning, source, type on disk.

Writers, readers, exports and the glossary in ``docs/glossary.md`` (``python -m tradesim.schema``
writes it) are generated from :data:`TABLES`. A change here needs a decision record, a changelog
entry and a new :data:`SCHEMA_VERSION`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from tradesim.axes import ECONOMIES, END_USES, GOODS, STAGES, USE_LABELS

SCHEMA_VERSION = 3

#: Labels of aggregates in the tables ``headline`` and ``summary``.
WORLD, OUTSIDE_CHINA, ALL, MAGNETS_TOGETHER = "world", "outside_CHN", "all", "magnets"

Kind = Literal["key", "measure"]
#: How steps become a month: a flow is summed, a price averaged, a stock read at the month's end.
Monthly = Literal["sum", "mean", "end"]

_TEXT = pa.dictionary(pa.int16(), pa.string())
_ARROW_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "text": _TEXT,
        "date": pa.date32(),
        "seed": pa.int64(),
        "integer": pa.int32(),
        "number": pa.float32(),
    }
)


@dataclass(frozen=True)
class Column:
    """One column: ``unit`` is never empty (``name`` for labels, ``1`` for shares and ratios).

    ``axis`` lists the labels a key may hold, in their order; an empty axis takes any text.
    ``monthly`` says how the steps of a month are put together.
    """

    name: str
    kind: Kind
    type: Literal["text", "date", "seed", "integer", "number"]
    unit: str
    description: str
    source: str = "definition"
    axis: tuple[str, ...] = ()
    monthly: Monthly = "sum"

    @property
    def arrow_type(self) -> pa.DataType:
        """The type on disk: float32 for measures, dictionary-encoded text for labels."""
        return _ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table: its keys come first, then its measures.

    ``unique`` tells that no two rows share all keys. ``internal`` names float64 columns which the
    model hands to the runner and which are never written (unit: that of the other measures).
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    unique: bool = True
    internal: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns, in the order the rows are sorted by."""
        return tuple(column.name for column in self.columns if column.kind == "key")

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures; every number's name ends in its unit."""
        return tuple(column.name for column in self.columns if column.kind == "measure")

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema on disk, units and descriptions as field metadata."""
        return pa.schema(
            pa.field(
                column.name,
                column.arrow_type,
                metadata={"unit": column.unit, "description": column.description},
            )
            for column in self.columns
        )

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _key(name: str, description: str, axis: tuple[str, ...] = (), unit: str = "name") -> Column:
    return Column(name, "key", "text", unit, description, axis=axis)


def _t(name: str, description: str, monthly: Monthly = "sum", source: str = "definition") -> Column:
    return Column(name, "measure", "number", "t", description, source, monthly=monthly)


def _number(
    name: str, unit: str, description: str, monthly: Monthly = "sum", source: str = "definition"
) -> Column:
    return Column(name, "measure", "number", unit, description, source, monthly=monthly)


_SCENARIO = _key("scenario", "Name of the world: the scenario or the one it is compared with")
_SEED = Column("seed", "key", "seed", "number", "Seed of the random draws; equal seeds are paired")
_DATE = Column(
    "date", "key", "date", "day", "First day of the month (of the step with record=full)"
)
_ECONOMY = _key("economy", "Economy, ISO 3166-1 alpha-3, EU27 or ROW", ECONOMIES)
_GOOD = _key("good", "Traded good", GOODS)
_END_USE = _key("end_use", "End use that the buyer certifies", USE_LABELS)
_DESTINATION = _key("destination", "Economy of the buyer", ECONOMIES)
_RUN = (_SCENARIO, _SEED, _DATE)

_RATIONING = "definition; rationing as in Hallegatte 2008, doi:10.1111/j.1539-6924.2008.01046.x"
_SHORTFALLS = (
    _t("shortfall_rationed_t", "Orders at the going price less deliveries", source=_RATIONING),
    _t(
        "shortfall_physical_t",
        "Use in the comparison world less use, same seed, not below zero; without a comparison"
        " world base-year use less use",
    ),
    _t(
        "shortfall_price_destroyed_t",
        "The part of the physical shortfall that buyers gave up at the price",
    ),
)
_ASK = "Sterman 2000, Business Dynamics, ch. 20 (price from cover against target)"

MARKETS = Table(
    "markets",
    "A good in an economy: prices, stocks, trade, use and shortfall",
    (
        *_RUN, _ECONOMY, _GOOD,
        _number("price_ask_usd_per_kg", "USD/kg", "Price of the marginal spot kilogram", "mean",
                _ASK),
        _number("price_contract_usd_per_kg", "USD/kg",
                "Trailing average of the benchmark over the length of contracts", "mean"),
        _number("price_transaction_usd_per_kg", "USD/kg",
                "Average over what was delivered, weighted by volume", "mean"),
        _t("stock_t", "Stock held by all firms of the economy", "end"),
        _number("cover_weeks", "weeks", "Stock over desired use at base price", "end"),
        _t("orders_t", "Orders placed by the economy's buyers"),
        _t("deliveries_t", "Deliveries to the economy's buyers, own and foreign origin"),
        _t("use_t", "Use as an input or by final users"),
        _t("output_t", "Output of the economy's firms"),
        _t("imports_t", "Arrivals from other economies"),
        _t("exports_t", "Shipments to other economies"),
        *_SHORTFALLS,
    ),
    internal=("given_up_t",),
)  # fmt: skip

USES = Table(
    "uses",
    "A good in an end use of an economy: demand, use and shortfall",
    (
        *_RUN, _ECONOMY, _END_USE, _GOOD,
        _t("demand_t", "Desired use at base price"),
        _t("use_t", "Use"),
        *_SHORTFALLS,
    ),
    internal=("given_up_t",),
)  # fmt: skip

FLOWS = Table(
    "flows",
    "Shipments from origin to destination by certified end use; rows that are not zero",
    (
        *_RUN, _key("origin", "Economy of the seller", ECONOMIES), _DESTINATION, _GOOD, _END_USE,
        _t("shipped_t", "Shipped on the lane"),
        _t("licensed_t", "Shipped under a licence of any authority"),
        _t("rerouted_t", "Shipped past a control: by traders, smuggled or undeclared"),
        _number("value_usd", "USD", "Border value of what was sold in the period"),
        _number("chinese_content_share", "1",
                "Share of the contained oxide that was mined in China, by mass, at the month's end",
                "end", "definition; the value basis of the 0.1% rule is a policy's"),
        _t("extraterritorial_t", "Shipped from elsewhere although the licence of a third country is"
           " asked for, for its content or technology"),
    ),
)  # fmt: skip

LICENCES = Table(
    "licences",
    "Licence queue of an authority by good, destination and end use",
    (
        *_RUN, _key("authority", "Economy that licenses", ECONOMIES), _GOOD, _DESTINATION, _END_USE,
        _t("applied_t", "Applied for"),
        _t("granted_t", "Granted"),
        _t("denied_t", "Denied"),
        _t("pending_t", "Waiting for a decision", "end"),
        _t("lapsed_t", "Granted but not shipped before the licence ran out"),
        _number("wait_days", "days", "Mean wait of what was granted in the period", "mean"),
    ),
)  # fmt: skip

PLANTS = Table(
    "plants",
    "Plants of an economy by stage: how many there are, how many stand still",
    (
        *_RUN, _ECONOMY, _key("stage", "Stage of the supply chain", STAGES),
        _number("firms", "firms", "Plants that exist", "end"),
        _number("stopped_firms", "firms", "Plants that stand still for want of an input", "mean"),
        _number("activity_share", "1", "Activity over base-year activity, of traders over capacity",
                "mean"),
    ),
)  # fmt: skip

STATES = Table(
    "states",
    "What a state does and what it earns, spends and holds",
    (
        *_RUN, _key("state", "Economy whose government acts", ECONOMIES),
        Column("rung", "measure", "integer", "rung", "Rung on the escalation ladder",
               monthly="end"),
        _number("utility_usd", "USD", "Utility, the sum of its terms; not a number for a state that"
                " does not decide"),
        _number("utility_shortfall_usd", "USD", "Term of utility: value lost downstream for want of"
                " parts"),
        _number("utility_revenue_usd", "USD", "Term of utility: duties and fees less public"
                " spending"),
        _number("utility_trade_usd", "USD", "Term of utility: balance of trade in the model's goods"
                " less that of the base year, rents in prices included"),
        _number("utility_outside_usd", "USD", "Term of utility: rest of trade and chips"),
        _number("utility_audience_usd", "USD", "Term of utility: cost at home of backing down"),
        _number("utility_leverage_usd", "USD", "Term of utility: worth of what rivals lose"),
        _number("utility_cover_usd", "USD", "Term of utility: worth of the public reserve"),
        _number("utility_future_usd", "USD", "Term of utility: sales lost for good to capacity"
                " built elsewhere, discounted"),
        _number("tariff_revenue_usd", "USD", "Duties collected"),
        _number("fees_usd", "USD", "Licence and port fees collected"),
        _t("stockpile_t", "Government stockpile, all goods", "end"),
        _number("stockpile_usd", "USD", "Government stockpile at market prices", "end"),
        _number("rents_usd", "USD", "Rents of permits that its exporters, importers or treasury"
                " hold; part of their receipts, not on top of them"),
        _number("public_spending_usd", "USD",
                "Public money spent on stocks, guaranteed prices and projects, less receipts"),
        _number("rest_of_trade_usd", "USD", "Loss of the economy from tariffs on all other goods;"
                " a reduced form outside the rare-earth market"),
        _number("chips_usd", "USD", "Loss of the economy from chip controls; a reduced form"
                " outside the rare-earth market"),
        _number("firms_money_usd", "USD", "Receipts of the economy's firms less what they paid for"
                " goods, duties and fees"),
        _number("lookahead_steps", "steps", "Steps of the model that its rehearsals took"),
    ),
)  # fmt: skip

EVENTS = Table(
    "events",
    "What happened when: policies, first stoppages, projects coming on",
    (
        *_RUN, _key("actor", "Who acted or was hit"), _key("action", "What happened"),
        Column("instrument", "measure", "text", "name", "Class of the policy, if one is meant"),
        Column("target", "measure", "text", "name", "Whom or which stage it concerns"),
        Column("detail", "measure", "text", "name", "Name of the policy or project"),
        Column("reason", "measure", "text", "name", "Why, in words"),
    ),
    unique=False,
)  # fmt: skip

_HEADLINE_ECONOMY = _key(
    "economy", "Economy, world or outside_CHN", (*ECONOMIES, WORLD, OUTSIDE_CHINA)
)
HEADLINE = Table(
    "headline",
    "Headline metrics of one run: one number for each seed",
    (
        _SCENARIO, _SEED,
        _key("metric", "Name of the metric; after the colon the period it covers"),
        _HEADLINE_ECONOMY,
        _key("good", "Good, magnets (the three grades together) or all",
             (*GOODS, MAGNETS_TOGETHER, ALL)),
        _key("end_use", "End use or all", (*END_USES, ALL)),
        _key("unit", "Unit of the value"),
        _number("value", "see column unit", "Value of the metric; not a number: did not happen"),
    ),
)  # fmt: skip

#: Every table in the order in which the result hash takes them.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (MARKETS, USES, FLOWS, LICENCES, PLANTS, STATES, EVENTS, HEADLINE)
    }
)
#: The tables that the model fills; ``headline`` is computed from them.
MODEL_TABLES: tuple[str, ...] = tuple(name for name in TABLES if name != "headline")

#: Columns of ``summary.csv``: one row for each metric, over all seeds of a scenario.
SUMMARY: tuple[Column, ...] = (
    Column("point", "key", "integer", "number", "Point of a sweep; absent in a single run"),
    *(column for column in HEADLINE.columns if column.kind == "key" and column.name != "seed"),
    _number("mean", "see column unit", "Mean over the seeds", "mean"),
    _number("p10", "see column unit", "Tenth percentile over the seeds", "mean"),
    _number("p50", "see column unit", "Median over the seeds", "mean"),
    _number("p90", "see column unit", "Ninetieth percentile over the seeds", "mean"),
    Column("n", "measure", "integer", "seeds", "Seeds with a number, that is where it happened"),
)


def model_columns(name: str) -> tuple[str, ...]:
    """Columns that ``simulate`` returns for a table: no scenario or seed, internal ones last."""
    table = TABLES[name]
    attached = {"scenario", "seed", "shortfall_physical_t", "shortfall_price_destroyed_t"}
    return tuple(c.name for c in table.columns if c.name not in attached) + table.internal


_GENERATED = (
    f"Schema version {SCHEMA_VERSION}. Generated from `src/tradesim/schema.py` by "
    "`python -m tradesim.schema`; do not edit by hand."
)
_CONVENTIONS = (
    "Unit `1` is a share or a ratio. Numbers are float32 on disk and float64 in the model. "
    "Over a month, flows are summed, prices averaged and stocks read at the end; a step that "
    "straddles two months is apportioned by days."
)
_SUMMARY_NOTE = (
    "Headline metrics over the seeds. A metric of the whole ensemble (a tail mean) stands in "
    "`mean` and leaves the percentiles empty."
)


def _glossary_rows(columns: tuple[Column, ...]) -> list[str]:
    rows = [
        "| column | kind | unit | over a month | meaning | source |",
        "|---|---|---|---|---|---|",
    ]
    for column in columns:
        monthly = column.monthly if column.kind == "measure" and column.type != "text" else "–"
        rows.append(
            f"| `{column.name}` | {column.kind} | {column.unit} | {monthly} "
            f"| {column.description} | {column.source} |"
        )
    return rows


def glossary() -> str:
    """The glossary of all tables and columns with their units, as Markdown."""
    lines = [
        "# Glossary of the result tables",
        "",
        _GENERATED,
        "",
        _CONVENTIONS,
    ]
    for table in TABLES.values():
        lines += [
            "",
            f"## `{table.name}`",
            "",
            f"{table.title}.",
            "",
            *_glossary_rows(table.columns),
        ]
    lines += [
        "", "## `summary.csv`", "",
        _SUMMARY_NOTE, "", *_glossary_rows(SUMMARY),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(path: Path = Path("docs/glossary.md")) -> None:
    """Write the glossary (Markdown, with the unit of every column) to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(glossary(), encoding="utf-8")


if __name__ == "__main__":
    main()
