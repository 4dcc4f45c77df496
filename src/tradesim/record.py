"""Record a run: add up what happens, apportion steps to months by days, write tables.

What is recorded is a table of name -> function of the state; a new measure is one more line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from tradesim import axes, schema
from tradesim.market.shipping import per_tonne
from tradesim.market.state import MarketState
from tradesim.scenario import Scenario
from tradesim.world.types import N_GOODS, Floats, Ints, World

#: A plant that gets less than this share of what its plan needs stands still.
STOPPED_BELOW = 0.2

#: Flows summed over a period: [inputs] or [slots] or [links], t or USD.
_INPUT_FLOWS: Mapping[str, Callable[[MarketState], Floats]] = {
    "orders": lambda s: s.orders,
    "received": lambda s: s.received,
    "arrived": lambda s: s.arrived,
    "use": lambda s: s.use,
    "wish": lambda s: s.wish * s.dt,
    "rationed": lambda s: np.maximum(s.orders - s.received, 0.0),
    "given_up": lambda s: s.given_up,
    "expected": lambda s: s.expected_use * s.dt,
}
_LANE_FLOWS: Mapping[str, Callable[[MarketState], Floats]] = {
    "shipped": lambda s: s.lane_t,
    "value": lambda s: s.value_usd,
    "duty": lambda s: s.duty_usd,
}


class Recorder:
    """Accumulates one run and turns it into Arrow tables without scenario and seed columns."""

    def __init__(self, world: World, scenario: Scenario, record: str) -> None:
        self.world, self.full = world, record == "full"
        self._rows: dict[str, list[dict[str, object]]] = {n: [] for n in schema.MODEL_TABLES}
        self._events: list[tuple[dt.date, str, str, str, str, str, str]] = []
        self._seen: set[tuple[int, int]] = set()
        self._transaction = world.price0.copy()
        self._present = np.unique(world.slots.market)
        self._base = _base_activity(world)
        self._last_treasury = np.zeros(len(axes.ECONOMIES))
        self._period: dt.date | None = None
        self._reset()

    def event(
        self, date: dt.date, actor: str, action: str, instrument: str, target: str, detail: str,
        reason: str,
    ) -> None:  # fmt: skip
        """Note an event with its reason in words."""
        self._events.append((date, actor, action, instrument, target, detail, reason))

    def step(self, state: MarketState, date: dt.date, weeks: float) -> None:
        """Add a step that starts on ``date``; a step over a month's end is shared by days."""
        self._standing = stopped(self.world, state)
        self._first_stoppages(date)
        for first, share in _periods(date, 7.0 * weeks, self.full):
            if self._period is not None and first != self._period:
                self._flush(self._last)
                self._reset()
            self._period = first
            self._add(state, share, 7.0 * weeks * share)
        self._last = state

    def tables(self) -> dict[str, pa.Table]:
        """Close the last period and return every table of the run."""
        if self._period is not None:
            self._flush(self._last)
            self._reset()
            self._period = None
        tables = {name: _stack(name, rows) for name, rows in self._rows.items() if name != "events"}
        tables["events"] = _events_table(self._events)
        return tables

    # -- accumulation --------------------------------------------------------------------------

    def _reset(self) -> None:
        world = self.world
        inputs, lanes, firms = world.slots.inputs, len(world.lanes), len(world.firms)
        self._inputs = {name: np.zeros(inputs) for name in _INPUT_FLOWS}
        self._lanes = {name: np.zeros(lanes) for name in _LANE_FLOWS}
        self._crossed = np.zeros(len(world.links))
        self._licensed, self._rerouted = np.zeros(len(world.links)), np.zeros(len(world.links))
        self._output = np.zeros(len(world.slots))
        self._ask, self._contract = np.zeros(world.markets), np.zeros(world.markets)
        self._stopped, self._activity = np.zeros(firms), np.zeros(firms)
        self._days = 0.0
        self._books: dict[str, dict[str, Floats]] = {}

    def _add(self, state: MarketState, share: float, days: float) -> None:
        """Add a share of the step's flows and its prices weighted by days."""
        for name, read in _INPUT_FLOWS.items():
            self._inputs[name] += share * read(state)
        for name, read in _LANE_FLOWS.items():
            self._lanes[name] += share * read(state)
        self._crossed += share * state.crossed
        self._output += share * state.output
        self._ask += days * state.ask
        self._contract += days * state.contract
        self._stopped += days * self._standing
        self._activity += days * state.activity
        self._days += days
        self._add_books(state, share, days)

    def _add_books(self, state: MarketState, share: float, days: float) -> None:
        links = len(self.world.links)
        if state.rerouted is not None:
            self._rerouted += share * state.rerouted
        for authority, book in state.books.items():
            self._licensed[book.links] += share * state.shipped[book.links]
            kept = self._books.setdefault(
                authority,
                {n: np.zeros(links) for n in ("applied", "granted", "denied", "lapsed", "days")},
            )
            for name in ("applied", "granted", "denied", "lapsed"):
                kept[name][book.links] += share * getattr(book, name)
            kept["days"][book.links] += days * book.pending()

    def _first_stoppages(self, date: dt.date) -> None:
        """Report the first plant that stands still in each economy and stage."""
        firms = self.world.firms
        for row in np.flatnonzero(self._standing).tolist():
            key = (int(firms.economy[row]), int(firms.stage[row]))
            if key in self._seen:
                continue
            self._seen.add(key)
            self.event(
                date, axes.ECONOMIES[key[0]], "first_stoppage", "", axes.STAGES[key[1]],
                firms.name[row], "inputs cover less than a fifth of its plan",
            )  # fmt: skip

    # -- tables of a period --------------------------------------------------------------------

    def _flush(self, state: MarketState) -> None:
        """Turn the accumulated period into one block of rows in every table."""
        self._rows["markets"].append(self._markets(state))
        self._rows["uses"].append(self._uses())
        self._rows["flows"].append(self._flows(state))
        self._rows["licences"] += self._licences(state)
        self._rows["plants"].append(self._plants(state))
        self._rows["states"].append(self._states(state))

    def _markets(self, state: MarketState) -> dict[str, object]:
        slots, count = self.world.slots, self.world.markets
        market_in, inputs = slots.market[: slots.inputs], self._inputs
        sums = {n: np.bincount(market_in, v, minlength=count) for n, v in inputs.items()}
        world, lanes = self.world, self._lanes
        paid = np.bincount(
            world.lane_destination, lanes["value"] + lanes["duty"], minlength=count
        )
        tonnes = np.bincount(world.lane_destination, lanes["shipped"], minlength=count)
        crossed = np.bincount(world.links.lane, self._crossed, minlength=len(world.lanes))
        self._transaction = np.where(
            tonnes > 1e-9, paid / np.maximum(tonnes, 1e-30) / 1000.0, self._transaction
        )
        stock = np.bincount(slots.market, state.stock, minlength=count)
        weekly = sums["expected"] / max(self._days / 7.0, 1e-9)
        made = np.bincount(slots.market, self._output, minlength=count) / self._days * 7.0
        here = self._present
        columns = {
            "price_ask_usd_per_kg": self._ask / self._days,
            "price_contract_usd_per_kg": self._contract / self._days,
            "price_transaction_usd_per_kg": self._transaction,
            "stock_t": stock,
            "cover_weeks": stock / np.maximum(np.where(weekly > 0, weekly, made), 1e-9),
            "orders_t": sums["orders"],
            "deliveries_t": sums["received"],
            "use_t": sums["use"],
            "output_t": np.bincount(slots.market, self._output, minlength=count),
            "imports_t": sums["arrived"],
            "exports_t": np.bincount(
                world.lane_origin, crossed * world.lane_abroad, minlength=count
            ),
            "shortfall_rationed_t": sums["rationed"],
            "given_up_t": sums["given_up"],
        }
        keys = {
            "economy": (axes.ECONOMIES, here // N_GOODS),
            "good": (axes.GOODS, here % N_GOODS),
        }
        return self._block(keys, {n: v[here] for n, v in columns.items()})

    def _uses(self) -> dict[str, object]:
        world = self.world
        firm = world.slots.firm[: world.slots.inputs]
        n_uses = len(axes.USE_LABELS)
        key = (
            world.firms.economy[firm] * n_uses + world.input_use
        ) * N_GOODS + world.slots.good[: world.slots.inputs]
        known = world.input_use < len(axes.END_USES)
        found, row = np.unique(key[known], return_inverse=True)
        total = {
            name: np.bincount(row, values[known], minlength=len(found))
            for name, values in self._inputs.items()
        }
        keys = {
            "economy": (axes.ECONOMIES, found // (N_GOODS * n_uses)),
            "end_use": (axes.USE_LABELS, found // N_GOODS % n_uses),
            "good": (axes.GOODS, found % N_GOODS),
        }
        return self._block(
            keys,
            {
                "demand_t": total["wish"],
                "use_t": total["use"],
                "shortfall_rationed_t": total["rationed"],
                "given_up_t": total["given_up"],
            },
        )

    def _flows(self, state: MarketState) -> dict[str, object]:
        """Lanes with trade; the Chinese share is that of the sellers' stocks at the period's end."""
        world, lanes, lane = self.world, self.world.lanes, self.world.links.lane
        crossed, licensed, rerouted = (
            np.bincount(lane, values, minlength=len(lanes))
            for values in (self._crossed, self._licensed, self._rerouted)
        )
        inside = world.density.copy()
        inside[world.mixed] = per_tonne(state.elements, state.stock[world.mixed]).sum(1)
        content = self._crossed * inside[world.links.seller]
        chinese = self._crossed * per_tonne(state.chinese, state.stock)[world.links.seller]
        content = np.bincount(lane, content, minlength=len(lanes))
        share = np.bincount(lane, chinese, minlength=len(lanes)) / np.maximum(content, 1e-30)
        rows = np.flatnonzero(crossed > 1e-9)
        keys = {
            "origin": (axes.ECONOMIES, lanes.origin[rows]),
            "destination": (axes.ECONOMIES, lanes.destination[rows]),
            "good": (axes.GOODS, lanes.good[rows]),
            "end_use": (axes.USE_LABELS, lanes.use[rows]),
        }
        return self._block(
            keys,
            {
                "shipped_t": crossed[rows],
                "licensed_t": licensed[rows],
                "rerouted_t": rerouted[rows],
                "value_usd": self._lanes["value"][rows],
                "chinese_content_share": np.clip(share[rows], 0.0, 1.0),
            },
        )

    def _licences(self, state: MarketState) -> list[dict[str, object]]:
        lanes, lane = self.world.lanes, self.world.links.lane
        blocks = []
        for authority, kept in self._books.items():
            total = {n: np.bincount(lane, v, minlength=len(lanes)) for n, v in kept.items()}
            pending = np.zeros(len(lanes))
            if authority in state.books:
                book = state.books[authority]
                pending = np.bincount(lane[book.links], book.pending(), minlength=len(lanes))
            asked = total["applied"] + total["granted"] + total["denied"] + pending
            rows = np.flatnonzero(asked + total["lapsed"] > 1e-12)
            decided = (total["granted"] + total["denied"])[rows]
            wait = np.where(decided > 1e-9, total["days"][rows] / np.maximum(decided, 1e-9), np.nan)
            keys = {
                "authority": (axes.ECONOMIES, np.full(len(rows), axes.ECONOMY_INDEX[authority])),
                "good": (axes.GOODS, lanes.good[rows]),
                "destination": (axes.ECONOMIES, lanes.destination[rows]),
                "end_use": (axes.USE_LABELS, lanes.use[rows]),
            }
            measures = {f"{n}_t": total[n][rows] for n in ("applied", "granted", "denied")}
            measures |= {"pending_t": pending[rows], "lapsed_t": total["lapsed"][rows]}
            blocks.append(self._block(keys, measures | {"wait_days": wait}))
        return blocks

    def _plants(self, state: MarketState) -> dict[str, object]:
        firms, stages = self.world.firms, len(axes.STAGES)
        key = firms.economy * stages + firms.stage
        exists = (state.nameplate > 0).astype(np.float64)
        found = np.unique(key[exists > 0])
        size = int(key.max()) + 1
        base = np.bincount(key, self._base, minlength=size)[found]
        ran = np.bincount(key, self._activity / self._days, minlength=size)[found]
        keys = {
            "economy": (axes.ECONOMIES, found // stages),
            "stage": (axes.STAGES, found % stages),
        }
        return self._block(
            keys,
            {
                "firms": np.bincount(key, exists, minlength=size)[found],
                "stopped_firms": np.bincount(key, self._stopped, minlength=size)[found]
                / self._days,
                "activity_share": np.where(base > 0, ran / np.maximum(base, 1e-30), np.nan),
            },
        )

    def _states(self, state: MarketState) -> dict[str, object]:
        revenue = state.treasury_usd - self._last_treasury
        self._last_treasury = state.treasury_usd.copy()
        count = len(axes.ECONOMIES)
        zero = np.zeros(count)
        return self._block(
            {"state": (axes.ECONOMIES, np.arange(count))},
            {
                "rung": np.zeros(count, np.int32),
                "utility_usd": np.full(count, np.nan),
                "tariff_revenue_usd": revenue,
                "fees_usd": zero,
                "stockpile_t": zero,
                "stockpile_usd": zero,
            },
        )

    def _block(
        self, keys: dict[str, tuple[tuple[str, ...], Ints]], measures: dict[str, Floats]
    ) -> dict[str, object]:
        return {"date": self._period, "keys": keys, "measures": measures}


def stopped(world: World, state: MarketState) -> Floats:
    """Firms that stand still for want of inputs [firms], 1 or 0.

    A plant with a plan of at least a twentieth of its base activity that runs at less than
    :data:`STOPPED_BELOW` of it; mines, collectors and traders have no inputs to lack.
    """
    needs = np.zeros(len(world.firms), np.bool_)
    needs[world.fed] = True
    plans = state.planned > 0.05 * world.activity_nominal_t
    ready = state.nameplate > 0
    return (needs & plans & ready & (state.run_share < STOPPED_BELOW)).astype(np.float64)


def _base_activity(world: World) -> Floats:
    """Base-year activity [firms], t a week; zero for projects and traders."""
    return np.where(world.firms.cell >= 0, world.activity_nominal_t, 0.0)


def _periods(date: dt.date, days: float, full: bool) -> list[tuple[dt.date, float]]:
    """First day of each period that a step touches, with its share of the step's days."""
    if full:
        return [(date, 1.0)]
    parts: list[tuple[dt.date, float]] = []
    first, left = date.replace(day=1), days
    start = (date - first).days
    while left > 1e-9:
        following = (first + dt.timedelta(days=32)).replace(day=1)
        here = min(left, (following - first).days - start)
        parts.append((first, here / days))
        left, first, start = left - here, following, 0
    return parts


def _stack(name: str, blocks: list[dict[str, object]]) -> pa.Table:
    """One Arrow table out of the blocks of all periods, columns in the schema's order."""
    columns: dict[str, pa.Array] = {}
    wanted = schema.model_columns(name)
    sizes = [len(next(iter(b["measures"].values()))) for b in blocks]  # type: ignore[attr-defined]
    dates = np.repeat(np.array([b["date"] for b in blocks], "datetime64[D]"), sizes)
    columns["date"] = pa.array(dates, pa.date32())
    for column in wanted:
        if column == "date":
            continue
        if blocks and column in blocks[0]["keys"]:  # type: ignore[operator]
            axis = blocks[0]["keys"][column][0]  # type: ignore[index]
            codes = np.concatenate([b["keys"][column][1] for b in blocks])  # type: ignore[index]
            columns[column] = pa.DictionaryArray.from_arrays(
                pa.array(codes.astype(np.int16)), pa.array(list(axis))
            )
        elif blocks:
            values = np.concatenate([b["measures"][column] for b in blocks])  # type: ignore[index]
            columns[column] = pa.array(values)
        else:
            columns[column] = _empty(name, column)
    return pa.table({column: columns[column] for column in wanted})


def _empty(name: str, column: str) -> pa.Array:
    """An empty column of the right type."""
    declared = {c.name: c for c in schema.TABLES[name].columns}
    kind = declared[column].type if column in declared else "number"
    if kind == "text":
        return pa.array([], pa.dictionary(pa.int16(), pa.string()))
    return pa.array([], pa.int32() if kind == "integer" else pa.float64())


def _events_table(events: list[tuple[dt.date, str, str, str, str, str, str]]) -> pa.Table:
    """Events in the order they happened."""
    names = ("date", "actor", "action", "instrument", "target", "detail", "reason")
    columns = list(zip(*events, strict=True)) if events else [[] for _ in names]
    text = pa.dictionary(pa.int16(), pa.string())
    arrays = [pa.array(columns[0], pa.date32())]
    arrays += [pa.array(list(c), pa.string()).cast(text) for c in columns[1:]]
    table = pa.table(dict(zip(names, arrays, strict=True)))
    return table.select(list(schema.model_columns("events")))
