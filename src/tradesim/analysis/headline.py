"""The table ``headline`` of one run: every metric of :mod:`tradesim.analysis.metrics`, by name.

Each group of rows is one generator; a new metric is a line in ``METRICS`` and a row in a group.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tradesim.analysis.metrics import (
    AREAS,
    CHINA,
    MAGNET_GOODS,
    METRICS,
    SHORTFALLS,
    Floats,
    Panel,
    areas,
    axis_codes,
    export_ratio,
    first_stoppages,
    fisher,
    hhi,
    month_codes,
    numbers,
    panel,
    periods,
    ratio,
    recovery_weeks,
    shock_day,
    summed,
)
from tradesim.axes import ECONOMIES, END_USES, GOODS, MAGNETS, METALS, OXIDES, USE_LABELS, positions
from tradesim.schema import ALL, MAGNETS_TOGETHER, OUTSIDE_CHINA, WORLD

#: Binary digits kept after the first of a headline value; float32 has 23, noise fills the rest.
MANTISSA_BITS = 15
#: Economies whose asks are reported: both sides, and those with a published price.
ASK_ECONOMIES = ("CHN", "USA", "EU27", "JPN", "KOR")
HHI_STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"separation": OXIDES, "metal": METALS, "magnet": MAGNETS}
)
#: One row of the table headline: metric, economy, good, end use, unit, value.
Row = tuple[str, str, str, str, str, float]


@dataclass(frozen=True)
class Run:
    """What the metrics of a run are computed from: its tables and the comparison's."""

    tables: Mapping[str, pa.Table]
    own: Panel
    other: Panel
    other_uses: pa.Table
    start: np.datetime64


def _row(metric: str, value: float, *, period: str = "", economy: str = WORLD, good: str = ALL,
         end_use: str = ALL) -> Row:  # fmt: skip
    name = f"{metric}:{period}" if period else metric
    return name, economy, good, end_use, METRICS[metric].unit, float(value)


def _export_rows(run: Run) -> Iterator[Row]:
    ratios = export_ratio(run.own["exports_t"], run.other["exports_t"])
    china = {"economy": "CHN", "good": MAGNETS_TOGETHER}
    for month, value in zip(run.own.months, ratios, strict=True):
        yield _row("magnet_exports_ratio", value, period=str(month)[:7], **china)
    known = np.isfinite(ratios).any()
    yield _row("magnet_exports_trough", np.nanmin(ratios) if known else np.nan, **china)
    trough = float(np.nanargmin(ratios)) if known else np.nan
    yield _row("magnet_exports_trough_month", trough, **china)


def _stoppage_rows(run: Run) -> Iterator[Row]:
    events, plants = run.tables["events"], run.tables["plants"]
    shock = shock_day(events, run.start)
    first = first_stoppages(events)
    abroad = [day for economy, day in first.items() if economy != "CHN"]
    first |= {OUTSIDE_CHINA: min(abroad)} if abroad else {}
    for area in (*ECONOMIES, OUTSIDE_CHINA):
        weeks = (first[area] - shock).astype(int) / 7.0 if area in first else np.nan
        yield _row("weeks_to_first_stoppage", weeks, economy=area)
    months = run.own.months
    place = axis_codes(plants["economy"], ECONOMIES) * len(months) + month_codes(plants, months)
    stopped, firms = (
        areas(summed(place, numbers(plants, name), len(ECONOMIES) * len(months))
              .reshape(len(ECONOMIES), -1))
        for name in ("stopped_firms", "firms")
    )  # fmt: skip
    peaks = np.nan_to_num(ratio(stopped, firms)).max(axis=1)
    for area, peak in zip(AREAS, peaks, strict=True):
        yield _row("stopped_share_peak", peak, economy=area)


def _shortfall_rows(run: Run) -> Iterator[Row]:
    used = areas(run.other["use_t"].sum(axis=0))
    for period, months in periods(run.own.months).items():
        for kind in SHORTFALLS:
            lost = areas(run.own[f"shortfall_{kind}_t"][months].sum(axis=0))
            yield from _grid_rows(f"shortfall_{kind}", period, lost, used > 0)
            if kind == "physical":
                share = 100 * ratio(lost, areas(run.other["use_t"][months].sum(axis=0)))
                yield from _grid_rows("shortfall_physical_share", period, share, used > 0)


def _grid_rows(
    metric: str, period: str, values: Floats, where: npt.NDArray[np.bool_]
) -> Iterator[Row]:
    """Rows of values (areas, goods) where the mask says so."""
    for area, good in np.argwhere(where):
        yield _row(metric, values[area, good], period=period, economy=AREAS[area],
                   good=GOODS[good])  # fmt: skip


def _recovery_rows(run: Run) -> Iterator[Row]:
    reference = run.other["use_t"]
    weeks = recovery_weeks(run.own["use_t"], reference, run.own.months)
    yield from _grid_rows("recovery_weeks", "", weeks, reference.sum(axis=0) > 0)


def _use_rows(run: Run) -> Iterator[Row]:
    """Physical shortfall of magnets by end use, % of the comparison's use."""
    sums = {}
    for name, table in (("own", run.tables["uses"]), ("other", run.other_uses)):
        magnet = np.isin(axis_codes(table["good"], GOODS), MAGNET_GOODS)
        abroad = axis_codes(table["economy"], ECONOMIES) != CHINA
        use = axis_codes(table["end_use"], USE_LABELS)
        lost = numbers(table, "shortfall_physical_t" if name == "own" else "use_t")
        sums[name] = summed(use, np.where(magnet & abroad, lost, 0.0), len(USE_LABELS))
    shares = 100 * ratio(sums["own"], sums["other"])
    for end_use, share in zip(END_USES, shares, strict=False):  # undeclared stands last
        yield _row("shortfall_physical_share", share, period="run", economy=OUTSIDE_CHINA,
                   good=MAGNETS_TOGETHER, end_use=end_use)  # fmt: skip


def _price_rows(run: Run) -> Iterator[Row]:
    base = run.other["price_ask_usd_per_kg"][0]
    ask = run.own["price_ask_usd_per_kg"]
    peaks = ratio(np.nanmax(ask, axis=0, initial=-np.inf), base)
    for economy in positions(ASK_ECONOMIES, ECONOMIES):
        for good in np.flatnonzero(np.isfinite(peaks[economy])):
            yield _row("ask_peak_ratio", peaks[economy, good], economy=ECONOMIES[economy],
                       good=GOODS[good])  # fmt: skip
    for period, months in periods(run.own.months).items():
        (price, tonnes, asked), (price_0, tonnes_0, _) = (
            _paid(side, months) for side in (run.own, run.other)
        )
        index = fisher(price, tonnes, price_0, tonnes_0)
        premium = ratio(asked.sum(axis=1), np.nansum(price * tonnes, axis=1))
        for i, area in enumerate(AREAS):
            yield _row("fisher_price_index", index[i], period=period, economy=area)
            yield _row("ask_premium", premium[i], period=period, economy=area)


def _paid(side: Panel, months: slice) -> tuple[Floats, Floats, Floats]:
    """Mean price paid (USD/kg), deliveries (t) and their value at the ask (areas, goods)."""
    tonnes = side["deliveries_t"][months]
    paid = np.nan_to_num(side["price_transaction_usd_per_kg"][months]) * tonnes
    asked = np.nan_to_num(side["price_ask_usd_per_kg"][months]) * tonnes
    tonnes, paid, asked = (areas(array.sum(axis=0)) for array in (tonnes, paid, asked))
    return ratio(paid, tonnes), tonnes, asked


def _concentration_rows(run: Run) -> Iterator[Row]:
    count = len(run.own.months)
    spans = {"run": slice(0, count), "last_year": slice(max(0, count - 12), count)}
    for period, months in spans.items():
        output = run.own["output_t"][months].sum(axis=0)
        for stage, goods in HHI_STAGES.items():
            shares = hhi(output[:, positions(goods, GOODS)].sum(axis=1))
            yield _row("hhi", shares, period=f"{stage}:{period}")


#: Columns of ``states`` that are summed, and whether a state without any gets a row.
STATE_SUMS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "tariff_revenue": ("tariff_revenue_usd", True),
        "fee_revenue": ("fees_usd", False),
        "quota_rent": ("rents_usd", False),
    }
)


def _state_rows(run: Run) -> Iterator[Row]:
    states = run.tables["states"]
    months = run.own.months
    who, when = axis_codes(states["state"], ECONOMIES), month_codes(states, months)
    for metric, (column, always) in STATE_SUMS.items():
        received = np.nan_to_num(numbers(states, column))
        some = np.unique(who if always else who[received != 0.0])
        for period, span in periods(months).items():
            inside = when < (span.stop or 0)
            total = summed(who[inside], received[inside], len(ECONOMIES))
            for code in some:
                yield _row(metric, total[code], period=period, economy=ECONOMIES[code])


def _licence_rows(run: Run) -> Iterator[Row]:
    licences = run.tables["licences"]
    destination = axis_codes(licences["destination"], ECONOMIES)
    granted = numbers(licences, "granted_t")
    waited = np.nan_to_num(numbers(licences, "wait_days")) * granted
    sums = {
        name: areas(summed(destination, weights, len(ECONOMIES)))
        for name, weights in (
            ("applied", numbers(licences, "applied_t")), ("granted", granted), ("waited", waited),
        )
    }  # fmt: skip
    share = ratio(sums["granted"], sums["applied"])
    wait = ratio(sums["waited"], sums["granted"])
    for i in (*range(len(ECONOMIES)), AREAS.index(OUTSIDE_CHINA)):
        yield _row("licence_granted_share", share[i], economy=AREAS[i])
        yield _row("licence_wait", wait[i], economy=AREAS[i])


_GROUPS = (_export_rows, _stoppage_rows, _shortfall_rows, _recovery_rows, _use_rows, _price_rows,
           _concentration_rows, _state_rows, _licence_rows)  # fmt: skip


def shortened(values: Floats) -> npt.NDArray[np.float32]:
    """Values (n,), unit kept, rounded to :data:`MANTISSA_BITS`: an error of at most 1 in 65,536.

    A hundred seeds of a scenario then take less than the megabyte that the contract allows.
    """
    spare = np.uint32(23 - MANTISSA_BITS)
    bits = values.astype(np.float32).view(np.uint32)
    whole = ((bits + (np.uint32(1) << (spare - np.uint32(1)))) >> spare) << spare
    return np.where(np.isfinite(values), whole.view(np.float32), values).astype(np.float32)


def headline(
    tables: Mapping[str, pa.Table], reference: Mapping[str, pa.Table], start: dt.date
) -> pa.Table:
    """The headline metrics of one run against its comparison (units in the column ``unit``).

    Both mappings hold the tables of the schema for one scenario and one seed, monthly or by step;
    ``start`` is the first day of the run. Returns the keys and ``value`` of the table
    ``headline`` without scenario and seed.
    """
    own = panel(tables["markets"])
    other = own if reference is tables else panel(reference["markets"])
    run = Run(tables, own, other, reference["uses"], np.datetime64(start))
    rows = [row for group in _GROUPS for row in group(run)]
    names = ("metric", "economy", "good", "end_use", "unit", "value")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    value = pa.array(shortened(np.array(columns.pop("value"))), pa.float32())
    texts = {k: pa.array(v, pa.string()).dictionary_encode() for k, v in columns.items()}
    return pa.table({**texts, "value": value})
