"""Record a run: sum the steps of each period, note events, hand out Arrow tables."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import numpy as np
import pyarrow as pa

from tradesim import axes, schema
from tradesim.market.state import ACCOUNTS, MarketState
from tradesim.record import blocks
from tradesim.record.blocks import Block
from tradesim.record.sums import LEDGERS, Sums, months, standing_still
from tradesim.world.types import Floats, Ints, World, sum_by

Event = tuple[dt.date, str, str, str, str, str, str]


class Governed(Protocol):
    """What the recorder reads of a council."""

    def ledgers(self) -> Floats:
        """Terms of utility so far, USD, and steps of rehearsals [ledgers, economies]."""

    def standings(self) -> Ints:
        """Rungs as last seen [economies]."""


class Recorder:
    """Accumulates one run and turns it into tables without scenario and seed columns.

    ``record`` is ``full`` for every step or ``monthly``, where a step over a month's end is
    shared by days.
    """

    def __init__(self, world: World, record: str) -> None:
        self.world, self.full = world, record == "full"
        self._blocks: dict[str, list[Block]] = {name: [] for name in schema.MODEL_TABLES}
        self._events: list[Event] = []
        self._markets = blocks.Markets(world)
        self._stood: set[tuple[int, int]] = set()
        self._accounts = np.zeros((len(LEDGERS), len(axes.ECONOMIES)))
        self._period: dt.date | None = None
        self._last: MarketState | None = None
        self._sums = Sums(world)
        self._council: Governed | None = None

    def follow(self, council: Governed) -> None:
        """Write down what governments book and where they stand, too."""
        self._council = council

    def event(
        self, date: dt.date, actor: str, action: str, instrument: str, target: str, detail: str,
        reason: str,
    ) -> None:  # fmt: skip
        """Note an event with its reason in words."""
        self._events.append((date, actor, action, instrument, target, detail, reason))

    def step(
        self, state: MarketState, date: dt.date, until: dt.date, weeks: float,
        step_began: dt.date, step_over: bool,
    ) -> None:  # fmt: skip
        """Add a sub-step of some weeks from ``date``, part of a step that began earlier.

        The next one begins on the date ``until``. What the tables tell of a period's end is the
        state after the last sub-step that began in it.
        """
        standing = standing_still(self.world, state)
        for row in np.flatnonzero(standing).tolist():
            self._first_stoppage(row, date)
        parts = [(step_began, 1.0)] if self.full else months(date, 7.0 * weeks)
        booked = self._booked(state)
        for first, share in parts:
            if self._period is not None and first != self._period:
                self._close()
            self._period = first
            self._sums.add(state, standing, share, 7.0 * weeks * share)
            self._sums.book(booked, share)
            self._last = state
        if step_over if self.full else until.replace(day=1) != self._period:
            self._close()

    def tables(self) -> dict[str, pa.Table]:
        """Close the last period and return every table of the run."""
        self._close()
        tables = {name: blocks.stack(name, rows) for name, rows in self._blocks.items()}
        tables["events"] = _events_table(self._events)
        return tables

    def _close(self) -> None:
        """Turn the sums of the period into one block of rows in every table."""
        if self._period is None or self._last is None:
            return
        world, sums, state, date = self.world, self._sums, self._last, self._period
        accounts = dict(zip(LEDGERS, sums.accounts, strict=True))
        nobody = np.zeros(len(axes.ECONOMIES), np.int64)
        rungs = nobody if self._council is None else self._council.standings()
        self._blocks["markets"].append(self._markets.block(sums, state, date))
        self._blocks["uses"].append(blocks.uses(world, sums, date))
        self._blocks["flows"].append(blocks.flows(world, sums, state, date))
        self._blocks["licences"] += blocks.licences(world, sums, state, date)
        self._blocks["plants"].append(blocks.plants(world, sums, state, date))
        self._blocks["states"].append(blocks.states(world, state, accounts, rungs, date))
        self._sums, self._period = Sums(world), None

    def _booked(self, state: MarketState) -> Floats:
        """What all ledgers took in since the last step, USD [ledgers, economies].

        Those of governments are not a number where none decides.
        """
        firms = sum_by(self.world.firms.economy, state.money_usd, len(axes.ECONOMIES))
        own = np.array([*(getattr(state, name) for name in ACCOUNTS), firms])
        rest = len(LEDGERS) - len(own)
        nothing = np.full((rest, len(axes.ECONOMIES)), np.nan)
        now = np.vstack((own, nothing if self._council is None else self._council.ledgers()))
        since = now - self._accounts
        self._accounts = now
        return since

    def _first_stoppage(self, firm: int, date: dt.date) -> None:
        """Report the first plant that stands still in an economy and stage."""
        firms = self.world.firms
        key = (int(firms.economy[firm]), int(firms.stage[firm]))
        if key in self._stood:
            return
        self._stood.add(key)
        self.event(
            date, axes.ECONOMIES[key[0]], "first_stoppage", "", axes.STAGES[key[1]],
            firms.name[firm], "inputs cover less than a fifth of its plan",
        )  # fmt: skip


def _events_table(events: list[Event]) -> pa.Table:
    """Events in the order they happened."""
    names = ("date", "actor", "action", "instrument", "target", "detail", "reason")
    text = pa.dictionary(pa.int16(), pa.string())
    columns = {"date": pa.array([event[0] for event in events], pa.date32())}
    for number, name in enumerate(names[1:], start=1):
        columns[name] = pa.array([str(event[number]) for event in events], pa.string()).cast(text)
    return pa.table(columns).select(list(schema.model_columns("events")))


class NoRecord(Recorder):
    """Writes nothing down: for runs that are only rehearsed."""

    def event(
        self, date: dt.date, actor: str, action: str, instrument: str, target: str, detail: str,
        reason: str,
    ) -> None:  # fmt: skip
        """Nothing."""

    def step(
        self, state: MarketState, date: dt.date, until: dt.date, weeks: float,
        step_began: dt.date, step_over: bool,
    ) -> None:  # fmt: skip
        """Nothing."""
