"""Turn the sums of a period into one block of rows for each table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tradesim import axes, schema
from tradesim.market.shipping import per_tonne
from tradesim.market.state import MarketState
from tradesim.record.sums import UTILITY, Sums
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, Ints, World, sum_by

Keys = dict[str, tuple[tuple[str, ...], Ints]]


@dataclass(frozen=True)
class Block:
    """Rows of one table and period: keys as (axis, positions), measures as arrays."""

    date: dt.date
    keys: Keys
    measures: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        """Number of rows."""
        return len(next(iter(self.measures.values())))


class Markets:
    """Blocks of the table ``markets``; keeps the last transaction price of a quiet market."""

    def __init__(self, world: World) -> None:
        self.world = world
        shown = np.ones(len(world.slots), np.bool_)
        shown[world.reserve_slots] = False
        self.present = np.unique(world.slots.market[shown])
        self.transaction = world.price0.copy()

    def block(self, sums: Sums, state: MarketState, date: dt.date) -> Block:
        """One row for each market that exists; t, weeks and USD/kg."""
        world, here = self.world, self.present
        count, slots = world.markets, world.slots
        market_in = slots.market[: slots.inputs]
        flows_in = sums.inputs | {"rationed": sums.inputs["rationed"] * world.private}
        total = {name: sum_by(market_in, v, count) for name, v in flows_in.items()}
        crossed = sum_by(world.links.lane, sums.crossed, len(world.lanes))
        output = sum_by(slots.market, sums.output, count)
        held = state.stock.copy()
        held[world.reserve_slots] = 0.0
        stock = sum_by(slots.market, held, count)
        weeks = max(sums.days / 7.0, 1e-9)
        weekly = np.where(total["expected"] > 0, total["expected"], output) / weeks
        measures = {
            "price_ask_usd_per_kg": sums.ask / sums.days,
            "price_contract_usd_per_kg": sums.contract / sums.days,
            "price_transaction_usd_per_kg": self._paid(sums),
            "stock_t": stock,
            "cover_weeks": stock / np.maximum(weekly, 1e-9),
            "orders_t": total["orders"],
            "deliveries_t": total["received"],
            "use_t": total["use"],
            "output_t": output,
            "imports_t": total["arrived"],
            "exports_t": sum_by(world.lane_origin, crossed * world.lane_abroad, count),
            "shortfall_rationed_t": total["rationed"],
            "given_up_t": total["given_up"],
        }
        keys: Keys = {
            "economy": (axes.ECONOMIES, here // N_GOODS),
            "good": (axes.GOODS, here % N_GOODS),
        }
        return Block(date, keys, {name: v[here] for name, v in measures.items()})

    def _paid(self, sums: Sums) -> Floats:
        """Duty-paid price of what was delivered, USD/kg [markets]."""
        world, count = self.world, self.world.markets
        paid = sum_by(world.lane_destination, sums.lanes["value"] + sums.lanes["duty"], count)
        tonnes = sum_by(world.lane_destination, sums.lanes["shipped"], count)
        price = paid / np.maximum(tonnes, 1e-30) / 1000.0
        self.transaction = np.where(tonnes > 1e-9, price, self.transaction)
        return self.transaction


def uses(world: World, sums: Sums, date: dt.date) -> Block:
    """Block of the table ``uses``: goods in declared end uses, t."""
    labels, slots = len(axes.USE_LABELS), world.slots
    firm = slots.firm[: slots.inputs]
    key = world.firms.economy[firm] * labels + world.input_use
    key = key * N_GOODS + slots.good[: slots.inputs]
    known = world.input_use < len(axes.END_USES)
    found, row = np.unique(key[known], return_inverse=True)
    total = {name: sum_by(row, v[known], len(found)) for name, v in sums.inputs.items()}
    keys: Keys = {
        "economy": (axes.ECONOMIES, found // (N_GOODS * labels)),
        "end_use": (axes.USE_LABELS, found // N_GOODS % labels),
        "good": (axes.GOODS, found % N_GOODS),
    }
    measures = {
        "demand_t": total["wish"],
        "use_t": total["use"],
        "shortfall_rationed_t": total["rationed"],
        "given_up_t": total["given_up"],
    }
    return Block(date, keys, measures)


def flows(world: World, sums: Sums, state: MarketState, date: dt.date) -> Block:
    """Block of the table ``flows``: lanes with trade in the period.

    The Chinese share is by mass of contained oxide, at the period's end.
    """
    lanes, lane, seller = world.lanes, world.links.lane, world.links.seller
    by_lane = {
        name: sum_by(lane, getattr(sums, name), len(lanes))
        for name in ("crossed", "licensed", "rerouted", "extraterritorial")
    }
    inside = world.density.copy()
    inside[world.mixed] = per_tonne(state.elements, state.stock[world.mixed]).sum(1)
    content = sum_by(lane, sums.crossed * inside[seller], len(lanes))
    chinese = sums.crossed * per_tonne(state.chinese, state.stock)[seller]
    share = sum_by(lane, chinese, len(lanes)) / np.maximum(content, 1e-30)
    rows = np.flatnonzero(by_lane["crossed"] > 1e-9)
    keys: Keys = {
        "origin": (axes.ECONOMIES, lanes.origin[rows]),
        "destination": (axes.ECONOMIES, lanes.destination[rows]),
        "good": (axes.GOODS, lanes.good[rows]),
        "end_use": (axes.USE_LABELS, lanes.use[rows]),
    }
    measures = {
        "shipped_t": by_lane["crossed"][rows],
        "licensed_t": by_lane["licensed"][rows],
        "rerouted_t": by_lane["rerouted"][rows],
        "extraterritorial_t": by_lane["extraterritorial"][rows],
        "value_usd": sums.lanes["value"][rows],
        "chinese_content_share": np.clip(share[rows], 0.0, 1.0),
    }
    return Block(date, keys, measures)


def licences(world: World, sums: Sums, state: MarketState, date: dt.date) -> list[Block]:
    """Blocks of the table ``licences``, one for each authority; t and days.

    Lanes from several origins to one buyer stand in one row: an authority that claims goods made
    elsewhere decides on them in the same queue. The wait is the mean over what was decided.
    """
    lanes, lane, uses = world.lanes, world.links.lane, len(axes.USE_LABELS)
    key = (lanes.good * N_ECONOMIES + lanes.destination) * uses + lanes.use
    found = []
    for authority, kept in sums.books.items():
        pending = np.zeros(len(world.links))
        if authority in state.books:
            book = state.books[authority]
            pending[book.links] = book.pending()
        rows, at = np.unique(key[lane], return_inverse=True)
        total = {
            name: sum_by(at, v, len(rows)) for name, v in (kept | {"pending": pending}).items()
        }
        decided = total["granted"] + total["denied"]
        some = total["applied"] + decided + total["pending"] + total["lapsed"] > 1e-12
        rows, decided = rows[some], decided[some]
        total = {name: values[some] for name, values in total.items()}
        wait = np.where(decided > 1e-9, 7.0 * total["waited"] / np.maximum(decided, 1e-9), np.nan)
        keys: Keys = {
            "authority": (axes.ECONOMIES, np.full(len(rows), axes.ECONOMY_INDEX[authority])),
            "good": (axes.GOODS, rows // (uses * N_ECONOMIES)),
            "destination": (axes.ECONOMIES, rows // uses % N_ECONOMIES),
            "end_use": (axes.USE_LABELS, rows % uses),
        }
        names = ("applied", "granted", "denied", "pending", "lapsed")
        measures = {f"{name}_t": total[name] for name in names}
        found.append(Block(date, keys, measures | {"wait_days": wait}))
    return found


def plants(world: World, sums: Sums, state: MarketState, date: dt.date) -> Block:
    """Block of the table ``plants``: plants that exist, stand still, and their activity."""
    firms, stages = world.firms, len(axes.STAGES)
    key = firms.economy * stages + firms.stage
    size = int(key.max()) + 1
    exists = np.asarray(state.nameplate > 0, np.float64)
    found = np.unique(key[exists > 0])
    base = np.where(firms.cell >= 0, world.activity_nominal_t, 0.0)
    base = np.where(world.is_trader, firms.capacity_t / WEEKS_PER_YEAR, base)
    base = sum_by(key, base, size)[found]
    ran = sum_by(key, sums.activity / sums.days, size)[found]
    keys: Keys = {
        "economy": (axes.ECONOMIES, found // stages),
        "stage": (axes.STAGES, found % stages),
    }
    measures = {
        "firms": sum_by(key, exists, size)[found],
        "stopped_firms": sum_by(key, sums.stopped, size)[found] / sums.days,
        "activity_share": np.where(base > 0, ran / np.maximum(base, 1e-30), np.nan),
    }
    return Block(date, keys, measures)


def states(
    world: World, state: MarketState, accounts: Mapping[str, Floats], rungs: Ints, date: dt.date
) -> Block:
    """Block of the table ``states``; ``accounts`` holds the period's USD by ledger [economies].

    ``rungs`` [economies] are those at the period's end. Public reserves stand at the economy that
    holds them, marked to its ask.
    """
    count = len(axes.ECONOMIES)
    held = world.reserve_slots
    holder = world.firms.economy[world.slots.firm[held]]
    value = 1000.0 * state.stock[held] * state.ask[world.slots.market[held]]
    measures: dict[str, npt.NDArray[Any]] = {
        "rung": np.asarray(rungs, np.int32),
        "utility_usd": np.sum([accounts[name] for name in UTILITY], axis=0),
        **{name: accounts[name] for name in (*UTILITY, "lookahead_steps")},
        "tariff_revenue_usd": accounts["treasury_usd"],
        "fees_usd": accounts["fees_usd"],
        "rents_usd": accounts["rents_usd"],
        "public_spending_usd": accounts["spent_usd"],
        "firms_money_usd": accounts["money_usd"],
        "rest_of_trade_usd": accounts["rest_of_trade_usd"],
        "chips_usd": accounts["chips_usd"],
        "stockpile_t": sum_by(holder, state.stock[held], count),
        "stockpile_usd": sum_by(holder, value, count),
    }
    return Block(date, {"state": (axes.ECONOMIES, np.arange(count))}, measures)


def stack(name: str, blocks: list[Block]) -> pa.Table:
    """One Arrow table out of the blocks of all periods, columns in the schema's order."""
    dates = np.repeat(
        np.array([block.date for block in blocks], "datetime64[D]"), [len(b) for b in blocks]
    )
    columns: dict[str, pa.Array] = {}
    for column in schema.model_columns(name):
        if column == "date":
            columns[column] = pa.array(dates, pa.date32())
        elif not blocks:
            columns[column] = _empty(name, column)
        elif column in blocks[0].keys:
            codes = np.concatenate([block.keys[column][1] for block in blocks])
            columns[column] = pa.DictionaryArray.from_arrays(
                pa.array(codes.astype(np.int16)), pa.array(list(blocks[0].keys[column][0]))
            )
        else:
            columns[column] = pa.array(np.concatenate([b.measures[column] for b in blocks]))
    return pa.table(columns)


def _empty(name: str, column: str) -> pa.Array:
    """An empty column of the right type."""
    declared = {c.name: c.type for c in schema.TABLES[name].columns}
    kind = declared.get(column, "number")
    if kind == "text":
        return pa.array([], pa.dictionary(pa.int16(), pa.string()))
    return pa.array([], pa.int32() if kind == "integer" else pa.float64())
