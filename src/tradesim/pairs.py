"""One seed: the scenario, the world it is compared with, what was lost between them.

Runs inside a worker process. Both worlds draw the same random numbers, so the difference between
them is the effect of the scenario alone (common random numbers).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tradesim.analysis.headline import headline
from tradesim.errors import ModelError, TradesimError, WorkerError
from tradesim.posterior import with_draw
from tradesim.scenario import Scenario
from tradesim.schema import MODEL_TABLES, TABLES
from tradesim.store import Digests, Floats, Rows, canonical, digest, finished

#: A model run: tables of the schema without scenario and seed, float64 (see schema.model_columns).
Simulate = Callable[..., Mapping[str, pa.Table]]
Record = Literal["headline", "monthly", "full"]

_ATTACHED = ("shortfall_physical_t", "shortfall_price_destroyed_t")
_COMPARED = ("markets", "uses")
#: What the headline metrics read; with record=headline the other tables are not even sorted.
_MEASURED = ("markets", "uses", "flows", "licences", "plants", "states", "events")


@dataclass(frozen=True)
class Task:
    """What every seed of a job has in common; pickled to the workers.

    ``drawn`` lists the keys that a seed takes from the posterior sample, in both worlds.
    ``compare`` None: shortfalls are measured against base-year use. ``simulate`` is the model or
    what stands in for it; workers must be able to import it.
    """

    scenario: Scenario
    compare: Scenario | None
    simulate: Simulate
    record: Record = "monthly"
    drawn: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeedResult:
    """The finished tables of one seed, by scenario and table, and the digest of each."""

    seed: int
    tables: Mapping[str, Mapping[str, pa.Table]]
    digests: Digests


class SeedError(WorkerError):
    """The model failed for one seed; carries the seed, the scenario and the traceback."""

    def __init__(self, what: str, seed: int, scenario: str, trace: str) -> None:
        self.seed, self.scenario, self.trace = seed, scenario, trace
        super().__init__(
            what,
            where=f"seed {seed} of scenario '{scenario}'\n{trace.rstrip()}",
            remedy=f"reproduce it with: tradesim run scenario={scenario} seeds=[{seed}] workers=1",
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by fields, so that seed and traceback survive the way to the parent process."""
        return type(self), (self.what, self.seed, self.scenario, self.trace)


class _Labelled:
    """Says in every error which seed and scenario it came from."""

    def __init__(self, seed: int, scenario: str) -> None:
        self.seed, self.scenario = seed, scenario

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if isinstance(error, TradesimError):
            place = f"seed {self.seed} of scenario '{self.scenario}'"
            where = f"{place}, {error.where}" if error.where else place
            raise type(error)(
                error.what, where=where, allowed=error.allowed, remedy=error.remedy
            ) from error
        if isinstance(error, Exception):
            text = "".join(traceback.format_exception(error))
            what = f"the model failed: {type(error).__name__}: {error}"
            raise SeedError(what, self.seed, self.scenario, text) from error


def names_recorded(record: Record) -> tuple[str, ...]:
    """The tables that a job writes; ``headline`` alone in sweeps."""
    return ("headline",) if record == "headline" else tuple(TABLES)


def run_seed(task: Task, seed: int) -> SeedResult:
    """Run one seed of a job (float32 tables, tonnes and US dollars as in the schema).

    Raises :class:`SeedError` with the traceback when the model fails, and a
    :class:`TradesimError` that names the seed when it broke one of its own laws.
    """
    scenario, compare = task.scenario, task.compare
    if task.drawn:
        scenario = with_draw(scenario, seed, task.drawn)
        compare = compare and with_draw(compare, seed, task.drawn)
    alone = compare is None or compare.name == scenario.name
    with _Labelled(seed, scenario.name):
        own = _world(task, scenario, seed)
        other = own
        if compare is None:
            other = _world(task, frozen(scenario), seed)
        elif not alone:
            other = _world(task, compare, seed)
        reference = {} if compare is None else _tables(other, other, compare.name, seed)
        tables = {scenario.name: reference if other is own else
                  _tables(own, other, scenario.name, seed)}  # fmt: skip
        base = reference or _tables(other, other, scenario.name, seed)
        if not alone and compare is not None:
            tables[compare.name] = reference
        return _result(task, seed, tables, base)


def _result(task: Task, seed: int, tables: dict[str, dict[str, pa.Table]],
            base: Mapping[str, pa.Table]) -> SeedResult:  # fmt: skip
    """Add the headline of each world and keep what the job records."""
    kept: dict[str, dict[str, pa.Table]] = {}
    digests: Digests = {}
    for name, world in tables.items():
        reference = base if name == task.scenario.name else world
        metrics = headline(world, reference, task.scenario.start)
        world["headline"] = finished(canonical("headline", metrics), name, seed)
        kept[name] = {table: world[table] for table in names_recorded(task.record)}
        digests |= {(table, name, seed): digest(rows)
                    for table, rows in kept[name].items() if rows.num_rows}  # fmt: skip
    return SeedResult(seed, kept, digests)


def frozen(scenario: Scenario) -> Scenario:
    """The scenario's world without policies, noise, growth and projects: its base-year use."""
    still: dict[str, Any] = {
        "policies": {}, "packages": {}, "states": {}, "noise": 0.0, "growth": False,
        "pipeline": False,
    }  # fmt: skip
    return scenario.model_copy(update=still)


def _world(task: Task, scenario: Scenario, seed: int) -> dict[str, Rows]:
    """Simulate one world and bring its tables into the order of the schema."""
    options = {"record": "full"} if task.record == "full" else {}
    given = task.simulate(scenario, seed, **options)
    wanted = _MEASURED if task.record == "headline" else MODEL_TABLES
    missing = [name for name in wanted if name not in given]
    if missing:
        raise ModelError(f"the model returned no table '{missing[0]}'", allowed=", ".join(wanted))
    return {
        name: canonical(name, given[name], attached=_ATTACHED if name in _COMPARED else ())
        for name in wanted
    }


def _tables(own: Mapping[str, Rows], other: Mapping[str, Rows], scenario: str,
            seed: int) -> dict[str, pa.Table]:  # fmt: skip
    tables: dict[str, pa.Table] = {}
    for name, rows in own.items():
        if name in _COMPARED:
            whole = padded(rows, other[name])
            tables[name] = finished(whole, scenario, seed, **shortfalls(whole, other[name]))
        else:
            tables[name] = finished(rows, scenario, seed)
    return tables


def shortfalls(own: Rows, other: Rows) -> dict[str, Floats]:
    """Physical and price-destroyed shortfall (n,) in t of each row, paired by date and labels.

    Physical is use in the other world less own use, not below zero; price-destroyed is the part
    of it that buyers gave up at the price, over what they give up there. A row that the other
    world lacks has no use there.
    """
    use_0, given_up_0 = np.zeros(len(own)), np.zeros(len(own))
    _, here, there = np.intersect1d(
        own.identity, other.identity, assume_unique=True, return_indices=True
    )
    use_0[here], given_up_0[here] = other.values["use_t"][there], other.values["given_up_t"][there]
    physical = np.maximum(0.0, use_0 - own.values["use_t"])
    given_up = np.maximum(0.0, own.values["given_up_t"] - given_up_0)
    return {
        "shortfall_physical_t": physical,
        "shortfall_price_destroyed_t": np.minimum(physical, given_up),
    }


def padded(own: Rows, other: Rows) -> Rows:
    """``own`` with the rows it lacks against ``other``: 0 t and no price (sorted as before).

    A use that has vanished altogether is a shortfall too. Raises :class:`ModelError` when the two
    worlds do not cover the same dates.
    """
    if not np.array_equal(np.unique(own.codes["date"]), np.unique(other.codes["date"])):
        raise ModelError(
            "the two worlds of a pair cover different dates",
            where=f"table '{own.table.name}'",
            remedy="compare worlds of the same start, weeks and step_weeks",
        )
    lacking = ~np.isin(other.identity, own.identity, assume_unique=True)
    if not lacking.any():
        return own
    identity = np.concatenate([own.identity, other.identity[lacking]])
    order = np.argsort(identity)
    size = int(lacking.sum())
    codes = {
        name: np.concatenate([code, other.codes[name][lacking]])[order]
        for name, code in own.codes.items()
    }
    values = {
        name: np.concatenate([value, _nothing(own, name, size)])[order]
        for name, value in own.values.items()
    }
    return Rows(own.table, codes, own.labels, values, identity[order])


def _nothing(rows: Rows, name: str, size: int) -> Floats:
    """Values (size,) of a measure where nothing is there: no price or cover, 0 t."""
    averaged = name in rows.table.measures and rows.table[name].monthly == "mean"
    return np.full(size, np.nan if averaged else 0.0)
