"""The policy pages as tests use them: at the start of a short run, beside what they need.

A page whose policy came into force before 2016 is of the world of 2009 and runs in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import yaml

from tradesim import axes, config, policies
from tradesim.model import TradeModel, reserves_of, simulate
from tradesim.policies import Policy
from tradesim.scenario import Scenario
from tradesim.world import World, build_world
from tradesim.world.reserves import Reserve
from worlds import scenario

Page = dict[str, Any]
Tables = dict[str, pa.Table]

PAGES = config.names("policy")
#: First day of a run by base year.
STARTS = {2024: Scenario.model_fields["start"].default, 2009: dt.date(2009, 1, 5)}
#: A policy in force before this day belongs to the world of 2009.
OF_2009 = dt.date(2016, 1, 1)
#: What pages of 2009 act upon where those of 2024 need a control of their own time.
CONTROL_OF_2009 = "export_quota_2009"


@cache
def _read(name: str) -> Page:
    return dict(yaml.safe_load(PAGES[name].read_text(encoding="utf-8")))


def page(name: str) -> Page:
    """A policy page as written."""
    return deepcopy(_read(name))


@cache
def class_of(name: str) -> type[Policy]:
    """The class that a page names."""
    return policies.find_class(name, page(name))


@cache
def base_year_of(name: str) -> int:
    """The base year of the world that a page belongs to, by its date."""
    effective = dt.date.fromisoformat(str(page(name)["effective"]))
    return 2009 if effective < OF_2009 else 2024


def start_of(name: str) -> dt.date:
    """First day of the runs that a page is tried in."""
    day: dt.date = STARTS[base_year_of(name)]
    return day


def at_start(name: str, **change: Any) -> Page:
    """A page with all its dates moved so that it is in force from the first week, without end."""
    own = page(name)
    away = start_of(name) - policies.load_one(name, own).effective
    moved: Page = _moved(own, away)
    return {**moved, "suspended": None, "expires": None, **change}


def absent(name: str) -> Page:
    """The same page, suspended on the day on which it would have come into force."""
    day = start_of(name).isoformat()
    return at_start(name, announced=day, effective=day, suspended=day)


def partners(name: str) -> dict[str, Page]:
    """What runs beside a page in both worlds: what it needs, or what it suspends."""
    cls = class_of(name)
    beside = [CONTROL_OF_2009 if base_year_of(name) == 2009 else other for other in cls.needs]
    if cls.acts_through:
        own = policies.load_one(name, page(name))
        beside += [
            other
            for other in PAGES
            if own.suspends(other) and base_year_of(other) == base_year_of(name)
        ]
    return {other: at_start(other) for other in beside}


def world(weeks: int, pages: dict[str, Page], base_year: int = 2024) -> Scenario:
    """A short run that grows and has its projects and all goods there are, without noise."""
    further = axes.FURTHER_GOODS if base_year == 2024 else ()
    more: dict[str, Any] = {"further_goods": further} if further else {}
    more |= {"base_year": base_year, "start": STARTS[base_year]}
    return scenario(weeks=weeks, growth=True, pipeline=True, policies=pages, **more)


@cache
def _built(reserves: tuple[Reserve, ...], base_year: int) -> World:
    return build_world(world(1, {}, base_year), 0, reserves=reserves)


def model(weeks: int, pages: dict[str, Page], base_year: int = 2024) -> TradeModel:
    """A model with these pages, ready to step; worlds that are the same are built once."""
    reserves = reserves_of(policies.load(pages))
    return TradeModel(world(weeks, pages, base_year), 0, world=_built(reserves, base_year))


@cache
def without(name: str, weeks: int) -> Tables:
    """Tables of the world without the page, beside its partners."""
    return run_without(tuple(partners(name)), weeks, base_year_of(name))


@cache
def run_without(beside: tuple[str, ...], weeks: int, base_year: int = 2024) -> Tables:
    """Tables of the world that has only some other pages."""
    return simulate(world(weeks, {other: at_start(other) for other in beside}, base_year), 0)


def with_page(name: str, own: Page, weeks: int) -> Tables:
    """Tables of the world with the page as given, beside its partners."""
    return simulate(world(weeks, {**partners(name), name: own}, base_year_of(name)), 0)


def responses(free: Tables, half: Tables, full: Tables) -> npt.NDArray[np.float64]:
    """How far two doses move each measured column from the world without [columns, 2].

    Summed absolute change over all rows, in the column's unit; columns that nothing moves are
    left out.
    """
    moved = [np.zeros((0, 2))]
    for name in free:
        for none, some, all_ in _columns([tables[name] for tables in (free, half, full)]):
            moved.append(np.array([[np.abs(some - none).sum(), np.abs(all_ - none).sum()]]))
    found = np.concatenate(moved)
    return np.asarray(found[found.any(axis=1)])


def _columns(tables: list[pa.Table]) -> Iterator[list[npt.NDArray[np.float64]]]:
    """Every measured column of the same table of several worlds, rows matched by their keys."""
    measured = [f.name for f in tables[0].schema if pa.types.is_floating(f.type)]
    keys = [f.name for f in tables[0].schema if f.name not in measured]
    keys = [key for key in keys if not pa.types.is_integer(tables[0].schema.field(key).type)]
    if not measured:
        return
    frames = [table.to_pandas() for table in tables]
    if not all(tables[0].select(keys).equals(table.select(keys)) for table in tables[1:]):
        both = pd.concat([frame.assign(_world=i) for i, frame in enumerate(frames)])
        wide = both.groupby(["_world", *keys], observed=True)[measured].sum().unstack("_world")
        frames = [
            pd.DataFrame(
                {c: wide[c][i] if i in wide[c] else wide[c].iloc[:, 0] * 0.0 for c in measured}
            )
            for i in range(len(tables))
        ]
    for column in measured:
        yield [frame[column].fillna(0.0).to_numpy(np.float64) for frame in frames]


def equal(one: pa.Table, two: pa.Table) -> bool:
    """Whether two tables hold the same, bit for bit; what is missing in both is the same."""
    return bool(one.to_pandas().equals(two.to_pandas()))


def _moved(value: Any, away: dt.timedelta) -> Any:
    """``value`` with every date in it moved."""
    if isinstance(value, dict):
        return {key: _moved(item, away) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, away) for item in value]
    if isinstance(value, str) and len(value) == 10:
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            return value
    return (value + away).isoformat() if isinstance(value, dt.date) else value
