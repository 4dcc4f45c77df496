"""What the cut costs whom, quarter by quarter, from two worlds of one seed.

The base is the welfare account of :mod:`tradesim.analysis.welfare`: money of firms, treasury, final
use, stocks. Two things are added that replacing a supplier turns on:

- *work*: in the account hands and plants cost nothing. That is right for those who lose a customer
  and stay idle, the immobility that Hirschman (1945) builds on; but it would make replacements from
  home a gift. What an economy makes beyond the other world costs the work of the base year: value
  added at base prices, at which every plant breaks even, as in the benchmark of
  :mod:`tradesim.analysis.equilibrium`. Output below the other world saves nothing.
- *under way*: goods are paid for at shipment, so those on their way belong to the buyer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tradesim.analysis import welfare
from tradesim.analysis.metrics import Codes, Floats, axis_codes, month_codes, numbers, panel
from tradesim.axes import ECONOMIES, ECONOMY_INDEX, GOODS, positions
from tradesim.world.types import N_ECONOMIES, N_GOODS, World, sum_by

MONTHS_PER_QUARTER = 3
#: What a counterfactual measures, in the order of its columns: name and what it means, USD.
MEASURES: Mapping[str, str] = {
    "cost_buyer_usd": "what the buyer's economy loses: welfare in rare earths, work and goods under"
    " way included",
    "cost_supplier_usd": "the same for the supplier's economy",
    "lost_use_usd": "part of the buyer's cost: final use lost, at the mean of both asks",
    "work_buyer_usd": "part of the buyer's cost: work on what it makes beyond the other world",
    "work_supplier_usd": "the same for the supplier",
    "lost_sales_usd": "fall of the supplier's exports of the goods to everybody, at border value",
}


@dataclass(frozen=True)
class Quarters:
    """Whole quarters since the cut: the first begins with the month in which it falls."""

    first: int  # position of the month of the cut
    count: int

    @property
    def ends(self) -> tuple[int, ...]:
        """Position after the last month of each quarter."""
        return tuple(self.first + MONTHS_PER_QUARTER * (i + 1) for i in range(self.count))


def quarters(start: dt.date, weeks: float, cut: dt.date) -> Quarters:
    """The whole quarters that a run of ``weeks`` from ``start`` holds after ``cut``.

    The last month counts if the run reaches its end.
    """
    end = start + dt.timedelta(days=7.0 * weeks)
    whole = 12 * (end.year - cut.year) + end.month - cut.month
    first = 12 * (cut.year - start.year) + cut.month - start.month
    return Quarters(first, max(0, whole // MONTHS_PER_QUARTER))


@dataclass(frozen=True)
class Yardstick:
    """What the base year says of a world: the same for every seed.

    ``work_usd_per_kg`` [economies, goods] is value added at base prices for a kilogram made,
    ``sails`` [origins, destinations] where goods are under way for a step at least.
    """

    work_usd_per_kg: Floats
    sails: Floats

    @classmethod
    def of(cls, world: World, step_weeks: float) -> Yardstick:
        """Read from ``world``; ``step_weeks`` is the length of a (sub-)step."""
        lanes = world.lanes
        sails = np.zeros((N_ECONOMIES, N_ECONOMIES))
        sails[lanes.origin, lanes.destination] = lanes.transit_weeks >= 0.5 * step_weeks
        np.fill_diagonal(sails, 0.0)
        return cls(work_usd_per_kg(world), sails)


def work_usd_per_kg(world: World) -> Floats:
    """Value added at base prices for a kilogram of output, USD/kg [economies, goods].

    What a plant's net sales bring beyond its inputs, spread over co-products by value, surplus that
    leaves the market unpaid. Where nobody makes a good in the base year, the mean of all makers.
    """
    slots, cut = world.slots, world.slots.inputs
    value = 1000.0 * slots.base_t * world.price0[slots.market]
    firms = len(world.firms)
    sales = sum_by(slots.firm[cut:], value[cut:], firms)
    added = sales - sum_by(slots.firm[:cut], value[:cut], firms)
    market, maker = slots.market[cut:], slots.firm[cut:]
    own = value[cut:] * (added / np.maximum(sales, 1e-30))[maker]
    gross = slots.base_t[cut:] / np.maximum(1.0 - slots.disposal[cut:], 1e-9)
    shape = (N_ECONOMIES, N_GOODS)
    usd = sum_by(market, own, world.markets).reshape(shape)
    kg = 1000.0 * sum_by(market, gross, world.markets).reshape(shape)
    mean = usd.sum(axis=0) / np.maximum(kg.sum(axis=0), 1e-30)
    return np.maximum(np.where(kg > 0.0, usd / np.maximum(kg, 1e-30), mean), 0.0)


class Side:
    """One world of one seed as the account reads it.

    ``tables`` are those of the schema for one scenario and seed; ``stick`` says where goods travel.
    """

    def __init__(self, tables: Mapping[str, pa.Table], stick: Yardstick) -> None:
        self.panel = panel(tables["markets"])
        self.ledger = welfare.Ledger.of(tables, self.panel)
        self.output_t = self.panel["output_t"]
        self.exports_usd, sent_t = self._abroad(tables["flows"], stick)
        self.under_way_t = np.cumsum(sent_t - self._arrived(tables["markets"]), axis=0)

    def _abroad(self, flows: pa.Table, stick: Yardstick) -> tuple[Floats, Floats]:
        """Border value of sales abroad, USD [months, origins, goods], and tonnes sent on a journey
        [months, destinations, goods]."""
        months = self.panel.months
        month, good = month_codes(flows, months), axis_codes(flows["good"], GOODS)
        ends = [axis_codes(flows[name], ECONOMIES) for name in ("origin", "destination")]
        value = np.where(ends[0] == ends[1], 0.0, np.nan_to_num(numbers(flows, "value_usd")))
        sent = numbers(flows, "shipped_t") * stick.sails[ends[0], ends[1]]
        return (
            _by_good(len(months), month, ends[0], good, value),
            _by_good(len(months), month, ends[1], good, sent),
        )

    def _arrived(self, markets: pa.Table) -> Floats:
        """What came in after a journey, t [months, economies, goods]."""
        months = self.panel.months
        where = axis_codes(markets["economy"], ECONOMIES)
        good = axis_codes(markets["good"], GOODS)
        month = month_codes(markets, months)
        return _by_good(len(months), month, where, good, numbers(markets, "imports_t"))


def _by_good(months: int, month: Codes, economy: Codes, good: Codes, values: Floats) -> Floats:
    """Sums of ``values`` (n,), unit theirs [months, economies, goods]."""
    shape = (months, N_ECONOMIES, N_GOODS)
    place = np.ravel_multi_index((month, economy, good), shape)
    return np.asarray(np.bincount(place, values, int(np.prod(shape))).reshape(shape), np.float64)


def replacement_work(cut: Side, whole: Side, stick: Yardstick, months: slice) -> Floats:
    """Work on what is made beyond the other world in some months, USD [economies]."""
    more = (cut.output_t[months] - whole.output_t[months]).sum(axis=0)
    return np.asarray((1000.0 * np.maximum(more, 0.0) * stick.work_usd_per_kg).sum(axis=1))


def costs(
    cut: Side, whole: Side, supplier: str, buyer: str, goods: tuple[str, ...], over: Quarters,
    stick: Yardstick,
) -> Floats:  # fmt: skip
    """Losses by the cut [measures, quarters], USD; the order is that of :data:`MEASURES`.

    A quarter's loss is what the account over the run up to its end has more than up to its
    beginning, so that stocks run down early and filled up later cancel.
    """
    buys, sells = ECONOMY_INDEX[buyer], ECONOMY_INDEX[supplier]
    sold = (whole.exports_usd - cut.exports_usd)[:, sells, positions(goods, GOODS)].sum(axis=1)
    gains, use = np.zeros((2, over.count, N_ECONOMIES))
    work = np.zeros((over.count, N_ECONOMIES))
    for i, end in enumerate(over.ends):
        mine, other = cut.ledger.over(slice(0, end)), whole.ledger.over(slice(0, end))
        found = welfare.account(mine, other)
        more = cut.under_way_t[end - 1] - whole.under_way_t[end - 1]
        gains[i] = found["welfare_rare_earth"]
        gains[i] += (1000.0 * more * other.value_usd_per_kg).sum(axis=1)
        use[i] = found["welfare_use"]
        work[i] = replacement_work(cut, whole, stick, slice(end - MONTHS_PER_QUARTER, end))
    lost, unused = (-np.diff(sums, axis=0, prepend=0.0) for sums in (gains, use))
    sales = [float(sold[end - MONTHS_PER_QUARTER : end].sum()) for end in over.ends]
    rows = (
        lost[:, buys] + work[:, buys], lost[:, sells] + work[:, sells], unused[:, buys],
        work[:, buys], work[:, sells], np.array(sales, np.float64),
    )  # fmt: skip
    return np.asarray(rows, np.float64).reshape(len(MEASURES), over.count)
