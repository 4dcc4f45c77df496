"""Headline metrics of one run, from its monthly tables: one number for each seed.

Every metric is a pure function of arrays: months, then economies, then goods.
:mod:`tradesim.analysis.headline` puts them into the table ``headline``. Periods: ``first_year`` is
the first twelve months, ``third_year`` months 25 to 36, ``run`` the whole run, ``last_year`` its
last twelve months. "Comparison"
is the other world of the pair, same seed. :data:`METRICS` declares every metric once;
``python -m tradesim.analysis.metrics`` writes ``docs/metrics.md`` from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tradesim.axes import ECONOMIES, ECONOMY_INDEX, GOODS, MAGNETS, positions
from tradesim.schema import OUTSIDE_CHINA, WORLD

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

RECOVERED_SHARE = 0.95
SHORTFALLS = ("rationed", "physical", "price_destroyed")
CHINA = ECONOMY_INDEX["CHN"]
ABROAD = np.arange(len(ECONOMIES)) != CHINA
AREAS = (*ECONOMIES, WORLD, OUTSIDE_CHINA)
MAGNET_GOODS = positions(MAGNETS, GOODS)


@dataclass(frozen=True)
class Metric:
    """What a headline metric means: its unit (``1`` is a share or ratio) and where it is from."""

    unit: str
    description: str
    source: str = "definition"


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "magnet_exports_ratio": Metric(
            "1", "Chinese exports of magnets, all grades, over those of the comparison; by month"
        ),
        "magnet_exports_trough": Metric("1", "Smallest monthly magnet_exports_ratio"),
        "magnet_exports_trough_month": Metric(
            "months", "Month of the trough, counted from the first month of the run (0)"
        ),
        "weeks_to_first_stoppage": Metric(
            "weeks",
            "From the day China's first policy takes effect (any policy's, if China has none; the"
            " start of the run, if there is none) to the first plant that stops",
        ),
        "stopped_share_peak": Metric("1", "Largest monthly share of plants that stand still"),
        "recovery_weeks": Metric(
            "weeks",
            "From the first month with use below 95% of the comparison to the month after the last"
            " one; 0: never below; no number: not recovered at the end",
            "time to recovery, Simchi-Levi et al. 2015, Interfaces 45(5)",
        ),
        "shortfall_rationed": Metric("t", "Orders at the going price less deliveries"),
        "shortfall_physical": Metric("t", "Use in the comparison less use, where positive"),
        "shortfall_price_destroyed": Metric(
            "t", "The part of the physical shortfall that buyers gave up at the price"
        ),
        "shortfall_physical_share": Metric("%", "Physical shortfall over use in the comparison"),
        "shortfall_physical_cvar95": Metric(
            "t",
            "Mean physical shortfall of the worst 5% of seeds (stands in the summary only)",
            "Rockafellar & Uryasev 2000, doi:10.21314/JOR.2000.038",
        ),
        "rerouted_share": Metric(
            "%", "Tonnes that came past a control over all tonnes that crossed a border"
        ),
        "ask_peak_ratio": Metric(
            "1", "Highest monthly ask over the ask of the comparison's first month (the base)"
        ),
        "price_effect": Metric(
            "%",
            "Mean ask outside China over that of the comparison, less one; economies weighted by "
            "their use in the comparison",
        ),
        "fisher_price_index": Metric(
            "1",
            "Fisher index of transaction prices against the comparison, goods delivered in both",
            "Fisher 1922, The Making of Index Numbers",
        ),
        "ask_premium": Metric("1", "Value of deliveries at the ask over their value as paid"),
        "hhi": Metric(
            "1",
            "Herfindahl-Hirschman index of economies' shares in the tonnes of a stage's output",
            "Herfindahl 1950; Hirschman 1964",
        ),
        "tariff_revenue": Metric("USD", "Duties collected by the state"),
        "fee_revenue": Metric(
            "USD", "Port and other fees collected by the state; only where there are any"
        ),
        "quota_rent": Metric(
            "USD",
            "Price of permits times what was shipped under them, by the economy of the exporters,"
            " importers or treasury that hold them; only where there are any",
            "Krueger 1974, American Economic Review 64(3), on who gets the rent of a limit",
        ),
        "welfare_firms": Metric(
            "USD",
            "Firms' receipts less what they pay for goods, duties and fees, less those of"
            " the comparison; wages and energy are not deducted",
        ),
        "welfare_treasury": Metric(
            "USD", "Duties, taxes and fees less public spending, less those of the comparison"
        ),
        "welfare_use": Metric(
            "USD",
            "Change of final use against the comparison at the mean of both asks; less than"
            " what the products around the parts are worth",
            "trapezoid under demand, Harberger 1971, JEL 9(3)",
        ),
        "welfare_stocks": Metric(
            "USD", "Change of firms' stocks at the period's end at the comparison's asks"
        ),
        "welfare_rare_earth": Metric(
            "USD", "Sum of the four above: the economy's gain without the blocks outside"
        ),
        "welfare_rest_of_trade": Metric(
            "USD",
            "Gain (loss if negative) from duties on all other goods, a reduced form",
            "partial equilibrium of constant elasticities; parameters `outside.trade_*`",
        ),
        "welfare_chips": Metric(
            "USD",
            "Gain (loss if negative) from chip controls, a reduced form",
            "assumption; parameters `outside.chip_*`",
        ),
        "welfare_total": Metric("USD", "welfare_rare_earth with rest of trade and chips"),
        "licence_granted_share": Metric(
            "1", "Tonnes granted over tonnes applied for, by destination"
        ),
        "licence_wait": Metric("days", "Mean wait, weighted by the tonnes granted, by destination"),
    }
)


@dataclass(frozen=True)
class Panel:
    """The table ``markets`` of one run as arrays (months, economies, goods), units as there.

    A row that is not in the table is 0, a price without a row not a number.
    """

    months: Days
    values: Mapping[str, Floats]

    def __getitem__(self, measure: str) -> Floats:
        return self.values[measure]


_MARKET_MEASURES = (
    "price_ask_usd_per_kg", "price_transaction_usd_per_kg", "deliveries_t", "use_t", "output_t",
    "exports_t", *(f"shortfall_{kind}_t" for kind in SHORTFALLS),
)  # fmt: skip


def axis_codes(column: pa.ChunkedArray, axis: Sequence[str]) -> Codes:
    """Positions (n,) of a dictionary-encoded column's labels on ``axis``."""
    array = column.unify_dictionaries().combine_chunks()
    lookup = np.array([axis.index(label) for label in array.dictionary.to_pylist()], dtype=np.int64)
    codes: Codes = lookup[array.indices.to_numpy(zero_copy_only=False)]
    return codes


def numbers(table: pa.Table, name: str) -> Floats:
    """A measure (n,) in float64, unit as in the schema."""
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def month_codes(table: pa.Table, months: Days) -> npt.NDArray[np.intp]:
    """Positions (n,) of the rows' months in ``months`` (first days, ascending, all there)."""
    dates: Days = table["date"].to_numpy()
    return np.searchsorted(months, dates, side="right") - 1


def months_of(table: pa.Table) -> Days:
    """The first day of each row's month (n,); daily or weekly dates fall into their month."""
    dates: Days = table["date"].to_numpy()
    return dates.astype("datetime64[M]").astype("datetime64[D]")


def panel(markets: pa.Table) -> Panel:
    """The arrays of a run's ``markets`` table; steps of one month are summed, prices averaged."""
    months = np.unique(months_of(markets))
    shape = (len(months), len(ECONOMIES), len(GOODS))
    place = np.ravel_multi_index(
        (
            month_codes(markets, months),
            axis_codes(markets["economy"], ECONOMIES),
            axis_codes(markets["good"], GOODS),
        ),
        shape,
    )
    count = np.bincount(place, minlength=int(np.prod(shape)))
    values: dict[str, Floats] = {}
    for name in _MARKET_MEASURES:
        total = summed(place, numbers(markets, name), len(count))
        if name.startswith("price_"):
            total = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        values[name] = total.reshape(shape)
    return Panel(months, values)


def summed(place: npt.NDArray[np.integer], values: Floats, size: int) -> Floats:
    """Sums (size,) of ``values`` (n,), unit theirs, by ``place`` (n,)."""
    return np.bincount(place, values, size).astype(np.float64, copy=False)


def periods(months: Days) -> dict[str, slice]:
    """The months (positions) of each reporting period; a short run has equal ones."""
    return {"first_year": slice(0, 12), "run": slice(0, len(months))}


def years(months: Days) -> dict[str, slice]:
    """The months (positions) of the first and the third year, if the run touches them."""
    spans = {"first_year": slice(0, 12), "third_year": slice(24, 36)}
    return {name: span for name, span in spans.items() if len(months) > span.start}


def price_effect(ask: Floats, ask_0: Floats, use_0: Floats) -> Floats:
    """Change (%) of the mean ask outside China by good (goods,) against the comparison.

    Asks are (months, economies, goods) in USD/kg; ``use_0`` (t, same shape) is use in the
    comparison, whose sum weighs the economies, so that the weights do not move with the policy.
    Not a number for a good that nobody outside China uses.
    """
    weight = use_0[:, ABROAD].sum(axis=0)
    own, other = (np.nan_to_num(a[:, ABROAD].mean(axis=0)) for a in (ask, ask_0))
    return 100.0 * (ratio((weight * own).sum(axis=0), (weight * other).sum(axis=0)) - 1.0)


def ratio(above: Floats, below: Floats) -> Floats:
    """``above / below`` (ratio), not a number where ``below`` is 0."""
    nothing = np.full(np.shape(above), np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=below != 0), dtype=np.float64)


def export_ratio(exports_t: Floats, reference_t: Floats) -> Floats:
    """Chinese magnet exports over the comparison's by month (months,), a ratio.

    Both arrays are (months, economies, goods) in t.
    """
    own, other = (array[:, CHINA, MAGNET_GOODS].sum(axis=1) for array in (exports_t, reference_t))
    return ratio(own, other)


def areas(values: Floats) -> Floats:
    """Sums for the world and for all but China put below the economies (first axis)."""
    return np.concatenate([values, [values.sum(axis=0), values[ABROAD].sum(axis=0)]])


def recovery_weeks(use_t: Floats, reference_t: Floats, months: Days) -> Floats:
    """Weeks (economies, goods) from the first month below 95% of comparison use until recovered.

    ``use_t`` and ``reference_t`` are (months, economies, goods) in t. 0 where use never fell
    below, not a number where it had not recovered in the last month. Source: time to recovery,
    Simchi-Levi et al. 2015.
    """
    below = use_t < RECOVERED_SHARE * reference_t
    first = below.argmax(axis=0)
    last = len(below) - 1 - below[::-1].argmax(axis=0)
    starts = months.astype(np.int64) / 7.0
    until = starts[np.minimum(last + 1, len(starts) - 1)] - starts[first]
    until = np.where(below[-1], np.nan, until)
    return np.where(below.any(axis=0), until, 0.0)


def fisher(price: Floats, quantity: Floats, price_0: Floats, quantity_0: Floats) -> Floats:
    """Fisher price index (ratio) over the last axis; prices in USD/kg, quantities in t.

    The geometric mean of the Laspeyres and the Paasche index over the goods that have a price and
    a quantity in both situations. Source: Fisher 1922.
    """
    both = (quantity > 0) & (quantity_0 > 0) & np.isfinite(price) & np.isfinite(price_0)
    p, q, p0, q0 = (np.where(both, a, 0.0) for a in (price, quantity, price_0, quantity_0))
    laspeyres = ratio((p * q0).sum(axis=-1), (p0 * q0).sum(axis=-1))
    paasche = ratio((p * q).sum(axis=-1), (p0 * q).sum(axis=-1))
    return np.sqrt(laspeyres * paasche)


def hhi(output_t: Floats) -> float:
    """Herfindahl-Hirschman index, 0 to 1, of outputs (economies,) in t; 1 is a monopoly."""
    total = output_t.sum()
    return float(((output_t / total) ** 2).sum()) if total > 0 else np.nan


def tail_mean(values: Floats, share: float = 0.05) -> float:
    """CVaR: mean of the largest ``share`` of the values (n,), at least of one; same unit.

    Source: Rockafellar & Uryasev 2000.
    """
    worst = max(1, round(share * len(values)))
    return float(np.sort(values)[-worst:].mean())


def shock_day(events: pa.Table, start: np.datetime64) -> np.datetime64:
    """The day the first policy of China takes effect; else of anyone; else the run's start."""
    rows = events.select(["date", "actor", "action"]).to_pylist()
    took = [(row["actor"] != "CHN", row["date"]) for row in rows if row["action"] == "effective"]
    later = [entry for entry in took if np.datetime64(entry[1]) >= start]
    return np.datetime64(min(later)[1]) if later else start


def first_stoppages(events: pa.Table) -> dict[str, np.datetime64]:
    """The day of the first stopped plant of each economy that has one."""
    first: dict[str, np.datetime64] = {}
    for row in events.select(["date", "actor", "action"]).to_pylist():
        if row["action"] == "first_stoppage":
            day = np.datetime64(row["date"])
            first[row["actor"]] = min(day, first.get(row["actor"], day))
    return first


def reference_page() -> str:
    """The list of headline metrics with units and sources, as Markdown."""
    lines = [
        "# Headline metrics", "",
        "Generated from `src/tradesim/analysis/metrics.py` by "
        "`python -m tradesim.analysis.metrics`; do not edit by hand.", "",
        "After a colon stands what the number covers: a month, a stage, a period (`first_year` is "
        "the first twelve months, `third_year` months 25 to 36). Unit `1` is a share or a ratio.",
        "",
        "| metric | unit | meaning | source |", "|---|---|---|---|",
    ]  # fmt: skip
    lines += [f"| `{name}` | {metric.unit} | {metric.description} | {metric.source} |"
              for name, metric in METRICS.items()]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(path: Path = Path("docs/metrics.md")) -> None:
    """Write the list of metrics (Markdown, with every unit) to ``path``."""
    path.write_text(reference_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
