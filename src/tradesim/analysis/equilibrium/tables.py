"""The equilibrium as tables: the columns of the schema where they apply, a year of flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tradesim import axes
from tradesim.analysis.equilibrium.problem import Problem
from tradesim.analysis.equilibrium.program import Solution
from tradesim.schema import FLOWS, MARKETS, Column, Table
from tradesim.world.types import N_GOODS, Flags, Floats, Ints, World, sum_by

#: Flows below this, t a year, are the trifles of a solver and no trade.
TRIFLE_T = 1e-3
#: A good within this share of its floor price is at the floor.
AT_FLOOR = 1e-3


@dataclass(frozen=True)
class Balance:
    """The equilibrium by market [markets]: t a year and USD/kg; nan where nothing is traded."""

    price: Floats
    floor: Floats  # price at which the good leaves the market there, nan: made to order
    use_t: Floats
    deliveries_t: Floats
    output_t: Floats
    imports_t: Floats
    exports_t: Floats
    spare_t: Floats

    @property
    def net_t(self) -> Floats:
        """Exports less imports [markets], t a year."""
        return np.asarray(self.exports_t - self.imports_t, np.float64)

    @property
    def at_floor(self) -> Flags:
        """Whether the good sells at its floor price there [markets]."""
        return np.asarray(self.price <= self.floor * (1.0 + AT_FLOOR), np.bool_)


def landed(problem: Problem, found: Solution) -> Floats:
    """Price of what an arc brings, duty and permits paid [arcs], USD/kg."""
    price = found.price_supply[problem.arcs.supply] + found.moving_usd_per_kg
    for limit in problem.limits:
        price = price + limit.weight * found.permit_usd_per_kg[limit.name]
    return np.asarray(price, np.float64)


def balance(world: World, problem: Problem, found: Solution) -> Balance:
    """Put nodes together by market. Buyers' prices are means over what they buy."""
    count, p = world.markets, problem
    into, out_of = p.demand.market[p.arcs.demand], p.supply.market[p.arcs.supply]
    flow = np.where(found.flow_t > TRIFLE_T, found.flow_t, 0.0)
    abroad = flow * (into // N_GOODS != out_of // N_GOODS)
    deliveries = sum_by(into, flow, count)
    public = sum_by(p.demand.market[p.purchases.node], found.purchase_t, count)
    spare = sum_by(p.supply.market, found.spare_t, count)
    sold = sum_by(out_of, flow, count)
    price = _mean(into, flow, _buyers_price(p, found), count)
    price = np.where(deliveries > 0, price, _mean(out_of, flow, found.price_supply[p.arcs.supply],
                                                  count))  # fmt: skip
    floor = np.full(count, np.nan)
    known = np.flatnonzero(np.isfinite(p.floor))
    floor[p.supply.market[known]] = p.floor[known]
    return Balance(
        price=price, floor=floor, use_t=deliveries - public, deliveries_t=deliveries,
        output_t=sold + spare, imports_t=sum_by(into, abroad, count),
        exports_t=sum_by(out_of, abroad, count), spare_t=spare,
    )  # fmt: skip


def _buyers_price(problem: Problem, found: Solution) -> Floats:
    """Price of a node's buyers by arc; of ore and scrap what each lot costs them."""
    node = problem.arcs.demand
    feed = problem.demand.cell[node] >= 0
    return np.where(feed, landed(problem, found), found.price_demand[node])


def _mean(market: Ints, tonnes: Floats, price: Floats, count: int) -> Floats:
    total = sum_by(market, tonnes, count)
    value = sum_by(market, tonnes * price, count)
    return np.where(total > 0, value / np.maximum(total, 1e-30), np.nan)


def markets_table(world: World, found: Balance, scenario: str, date: dt.date) -> pa.Table:
    """The table ``markets``: one row for each market of the world, flows in t a year."""
    shown = np.ones(len(world.slots), np.bool_)
    shown[world.reserve_slots] = False
    here = np.unique(world.slots.market[shown])
    price = found.price[here]
    values: dict[str, Floats] = {
        "price_ask_usd_per_kg": price,
        "price_contract_usd_per_kg": price,
        "price_transaction_usd_per_kg": price,
        "price_floor_usd_per_kg": found.floor[here],
        **{name: getattr(found, name)[here] for name in
           ("deliveries_t", "use_t", "output_t", "imports_t", "exports_t", "spare_t")},
    }  # fmt: skip
    keys = {"economy": here // N_GOODS, "good": here % N_GOODS}
    return _table(MARKETS, scenario, world.seed, date, keys, values)


def flows_table(
    world: World, problem: Problem, found: Solution, scenario: str, date: dt.date,
    tax: Floats,
) -> pa.Table:  # fmt: skip
    """The table ``flows``: lanes that carry something, t a year and USD at the border.

    ``tax`` [lanes] is the export tax; the border value holds it and the wedge, but no duty.
    """
    lanes, arcs = world.lanes, problem.arcs
    tonnes = sum_by(arcs.lane, found.flow_t, len(lanes))
    fob = found.price_supply[arcs.supply]
    gap = world.price0[world.lane_destination] - world.price0[world.lane_origin]
    border = (fob + gap[arcs.lane]) * (1.0 + tax[arcs.lane])
    paid = landed(problem, found)
    total = sum_by(arcs.lane, found.flow_t * border, len(lanes))
    extra = sum_by(arcs.lane, found.flow_t * (paid - border), len(lanes))
    rows = np.flatnonzero(tonnes > TRIFLE_T)
    keys = {
        "origin": lanes.origin[rows], "destination": lanes.destination[rows],
        "good": lanes.good[rows], "end_use": lanes.use[rows],
    }  # fmt: skip
    values = {
        "shipped_t": tonnes[rows], "value_usd": 1000.0 * total[rows],
        "duty_and_permit_usd": 1000.0 * extra[rows],
    }  # fmt: skip
    return _table(FLOWS, scenario, world.seed, date, keys, values)


#: Columns that the equilibrium has and the simulation has not.
OWN: Mapping[str, tuple[str, str]] = {
    "price_floor_usd_per_kg": ("USD/kg", "Price at which surplus leaves the market"),
    "spare_t": ("t", "Left the market at the floor price"),
    "duty_and_permit_usd": ("USD", "Duties, fees and permits paid on top of the border value"),
}


def _table(
    table: Table, scenario: str, seed: int, date: dt.date, keys: Mapping[str, Ints],
    values: Mapping[str, Floats],
) -> pa.Table:  # fmt: skip
    """Rows with the keys of a schema table, in the types of the schema, sorted by the keys."""
    order = np.lexsort(tuple(keys.values())[::-1])
    size = len(order)
    arrays: list[pa.Array] = [
        _text(np.zeros(size, np.int64), (scenario,)),
        pa.array(np.full(size, seed, np.int64)),
        pa.array([date] * size, pa.date32()),
    ]
    fields = [_field(table[name]) for name in ("scenario", "seed", "date")]
    for name, positions in keys.items():
        arrays.append(_text(positions[order], table[name].axis))
        fields.append(_field(table[name]))
    for name, measure in values.items():
        arrays.append(pa.array((measure[order] + 0.0).astype(np.float32)))
        fields.append(_own_field(name) if name in OWN else _field(table[name]))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _field(column: Column) -> pa.Field:
    said = {"unit": column.unit, "description": column.description}
    return pa.field(column.name, column.arrow_type, metadata=said)


def _own_field(name: str) -> pa.Field:
    unit, words = OWN[name]
    return pa.field(name, pa.float32(), metadata={"unit": unit, "description": words})


def _text(codes: Ints, labels: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int16)), pa.array(labels, pa.string())
    )


def market_name(market: int) -> str:
    """Economy and good of a market, as ``USA component_motor``."""
    return f"{axes.ECONOMIES[market // N_GOODS]} {axes.GOODS[market % N_GOODS]}"
