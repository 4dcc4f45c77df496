"""Reads a :class:`Results`: every number the report shows is a table's value or its quantile.

Nothing is modelled here. Flows are turned into rates (tonnes per month of 30.4 days), because
the first and the last month of a run are rarely whole and a short February is not news.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import pandas as pd

from tradesim.report import labels, theme
from tradesim.report.fans import Fan
from tradesim.report.panels import Marker
from tradesim.report.theme import Style

Kept = TypeVar("Kept")

DAYS_PER_MONTH = 365.25 / 12
#: A first or last month with fewer days than this is left out of the charts of flows.
LEAST_DAYS = 7.0
LONGEST_STEP_DAYS = 28


class Readable(Protocol):
    """What the report asks of a :class:`tradesim.results.Results`."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that were recorded."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest: scenario, compare, seeds, versions, result hash."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The resolved configuration: start, weeks, the scenario's title, story and sources."""

    @property
    def difference(self) -> Mapping[str, Any]:
        """Keys that differ from the comparison world."""

    @property
    def summary(self) -> pd.DataFrame:
        """Quantiles of the headline metrics."""

    def sql(self, query: str) -> pd.DataFrame:
        """Answer a query over the tables by name."""


@dataclass(frozen=True)
class Periods:
    """Periods of a run: first days, days covered (1-D, in days) and the middle day of each."""

    starts: pd.DatetimeIndex
    days: np.ndarray
    end: pd.Timestamp

    @property
    def middles(self) -> pd.DatetimeIndex:
        """Where a period's value is drawn."""
        return self.starts + pd.to_timedelta((self.days / 2).round(), unit="D")

    @property
    def kept(self) -> np.ndarray:
        """Periods with enough days for a rate to mean something (boolean)."""
        whole = self.days >= min(LEAST_DAYS, float(self.days.max(initial=0.0)))
        return np.asarray(whole)


def make_periods(starts: pd.DatetimeIndex, begin: pd.Timestamp, end: pd.Timestamp) -> Periods:
    """Periods with the days that a run from ``begin`` until before ``end`` covers in each."""
    first = starts.min() if len(starts) else begin
    if len(starts) and first.day == 1 and (starts.day == 1).all():
        following = starts + pd.offsets.MonthBegin(1)
    else:
        following = pd.DatetimeIndex([*starts[1:], end])
    low = np.maximum(starts.to_numpy(), np.datetime64(begin))
    high = np.minimum(following.to_numpy(), np.datetime64(end))
    return Periods(starts, (high - low) / np.timedelta64(1, "D"), end)


class Reading:
    """The tables of one result, with its worlds, seeds and periods named once."""

    def __init__(self, results: Readable) -> None:
        self.results = results
        self._answers: dict[str, pd.DataFrame] = {}
        self._kept: dict[tuple[object, ...], object] = {}

    def once(self, key: tuple[object, ...], make: Callable[[], Kept]) -> Kept:
        """What ``make`` gives, worked out once for each key: figure and caption share it."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Kept, self._kept[key])

    def setting(self, key: str) -> Any:
        """A key of the resolved configuration, at its top or under ``scenario``; else None."""
        config = self.results.config
        nested = config.get("scenario")
        found = nested.get(key) if isinstance(nested, Mapping) else None
        return config.get(key) if found is None else found

    @property
    def main(self) -> str:
        """Name of the scenario the report is about."""
        return str(self.results.manifest["scenario"])

    @cached_property
    def _known(self) -> pd.DataFrame:
        """Scenario, seed and date of every row, once each; scenario and seed without markets."""
        held = "markets" if "markets" in self.results.tables else "headline"
        date = ", date" if held == "markets" else ", NULL AS date"
        frame = self.query(f"SELECT DISTINCT scenario, seed{date} FROM {held}")
        return frame.assign(scenario=frame["scenario"].astype(str))

    @cached_property
    def worlds(self) -> tuple[str, ...]:
        """Scenarios in the tables: the main one, then those it is compared with."""
        names = {str(name) for name in self._known["scenario"]}
        return tuple(sorted(names, key=lambda name: (name != self.main, name)))

    @property
    def subjects(self) -> tuple[str, ...]:
        """Worlds that are drawn in colour: all but the comparison."""
        return tuple(world for world in self.worlds if world != self.other)

    @property
    def other(self) -> str | None:
        """The comparison world, if the result holds one."""
        named = self.results.manifest.get("compare")
        return str(named) if named in self.worlds and named != self.main else None

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the ensemble, ascending."""
        return tuple(sorted({int(seed) for seed in self._known["seed"]}))

    @cached_property
    def periods(self) -> Periods:
        """Periods of the tables (months, or steps with ``record=full``)."""
        days = self._known["date"].dropna().unique()
        starts = pd.DatetimeIndex(pd.to_datetime(pd.Series(days))).sort_values()
        begin, weeks = self.setting("start"), self.setting("weeks")
        if len(starts) == 0:
            return Periods(starts, np.empty(0), pd.Timestamp(begin or "2025-01-06"))
        first = pd.Timestamp(begin) if begin else starts.min()
        after = starts.max() + pd.offsets.MonthBegin(1)
        end = first + pd.Timedelta(weeks=weeks) if weeks else after
        return make_periods(starts, first, end)

    @property
    def x_range(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First day of the first period and the day after the run."""
        starts = self.periods.starts
        return (starts.min() if len(starts) else self.periods.end), self.periods.end

    @property
    def years(self) -> str:
        """The time a chart covers, for its title: ``Jan 2025–Dec 2027``."""
        first, last = self.x_range[0], self.x_range[1] - pd.Timedelta(days=LEAST_DAYS)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first:%B %Y}"
        return f"{first:%b %Y}–{last:%b %Y}"

    @property
    def runs_text(self) -> str:
        """How many runs a spread is taken over: ``p10–p90 of 20 runs`` or ``a single run``."""
        n = len(self.seeds)
        return f"p10–p90 of {n} runs" if n > 1 else "a single run, hence no spread"

    @property
    def monthly(self) -> bool:
        """Whether the periods are months (else steps, ``record=full``)."""
        return bool((self.periods.starts.day == 1).all())

    def period_name(self, start: pd.Timestamp) -> str:
        """``May 2025``, or ``the step of 5 May 2025``."""
        if self.monthly:
            return f"{start:%B %Y}"
        return f"the step of {start.day} {start:%B %Y}"

    def query(self, sql: str) -> pd.DataFrame:
        """Answer a query over the tables; the same question is answered once. Do not change it."""
        if sql not in self._answers:
            self._answers[sql] = self.results.sql(sql)
        return self._answers[sql]

    def series(
        self, table: str, values: str | Mapping[str, str], where: str = "TRUE",
        by: Sequence[str] = (),
    ) -> pd.DataFrame:  # fmt: skip
        """Quantities by scenario, seed, date and ``by``, each in the table's unit.

        ``values`` is an SQL aggregate such as ``sum(shipped_t)`` (its column is ``value``) or
        several by name; ``run`` and ``period`` are the positions of a row's seed and date.
        """
        named = {"value": values} if isinstance(values, str) else values
        keys = ", ".join(["scenario", "seed", "date", *by])
        columns = ", ".join(f"{aggregate} AS {name}" for name, aggregate in named.items())
        frame = self.query(f"SELECT {keys}, {columns} FROM {table} WHERE {where} GROUP BY ALL")
        starts = self.periods.starts.to_numpy().astype("datetime64[D]")
        days = pd.to_datetime(frame["date"]).to_numpy().astype("datetime64[D]")
        return frame.assign(
            run=np.searchsorted(np.array(self.seeds), frame["seed"].to_numpy()),
            period=np.searchsorted(starts, days),
        )

    def matrix(self, frame: pd.DataFrame, fill: float, value: str = "value") -> np.ndarray:
        """Seeds × periods of a column; rows that the table does not hold become ``fill``."""
        out = np.full((len(self.seeds), len(self.periods.starts)), fill)
        known = frame[frame[value].notna()]
        out[known["run"].to_numpy(), known["period"].to_numpy()] = known[value].to_numpy(float)
        return out

    def fan(self, runs: np.ndarray, rate: bool = False) -> Fan:
        """A fan of seeds × periods; ``rate`` turns amounts into amounts per 30.4-day month."""
        kept = self.periods.kept if rate else np.ones(len(self.periods.days), dtype=bool)
        values = runs / self.periods.days * DAYS_PER_MONTH if rate else runs
        return Fan(self.periods.middles[kept], values[:, kept], self.seeds)

    def fans(
        self, frame: pd.DataFrame, by: str | None = None, *, rate: bool = False,
        fill: float = 0.0, value: str = "value",
    ) -> dict[tuple[str, str], Fan]:  # fmt: skip
        """Fans of a column keyed by (scenario, value of ``by`` or '')."""
        groups = frame.groupby(["scenario", by] if by else ["scenario"], observed=True)
        out = {}
        for key, part in groups:
            scenario, label = str(key[0]), str(key[1]) if by else ""
            out[scenario, label] = self.fan(self.matrix(part, fill, value), rate)
        return out

    def style(self, world: str) -> Style:
        """Line style of a world: the comparison is grey and dashed, line-ups take turns."""
        if world == self.other:
            return theme.GHOSTED
        return theme.LINE_UP[self.subjects.index(world) % len(theme.LINE_UP)]

    @cached_property
    def _packages(self) -> Mapping[str, Any]:
        """Packages of the scenario's governments by name."""
        pages = self.setting("packages")
        return pages if isinstance(pages, Mapping) and self.setting("states") else {}

    @cached_property
    def _package_of(self) -> Mapping[str, str]:
        """The package of every policy that a government moves."""
        return {p: name for name, page in self._packages.items() for p in page["policies"]}

    @cached_property
    def _announcements(self) -> list[tuple[str, pd.Timestamp, pd.Timestamp]]:
        """Packages announced on the same day in every run: name, that day, the date of effect."""
        frame = self.query(
            "SELECT detail, date, target FROM events WHERE scenario = "
            f"{labels.sql_list([self.main])} AND action LIKE 'announce%' AND action <> 'announced'"
            f" GROUP BY ALL HAVING count(DISTINCT seed) >= {self._runs_that_share}"
        )
        return [
            (str(row["detail"]), pd.Timestamp(row["date"]), pd.Timestamp(str(row["target"])))
            for row in frame.to_dict("records")
        ]

    @property
    def _runs_that_share(self) -> int:
        """Runs in which an event must happen on one day to stand in the charts.

        Where governments decide, runs differ in what is done; else policies have their own dates.
        """
        return len(self.seeds) if self.setting("states") else 1

    @cached_property
    def policy_events(self) -> pd.DataFrame:
        """Dated policy events of the main world, once each (columns of the table ``events``).

        Where governments decide, those that happen on the same day in every run, and a package of
        policies stands as one: ``detail`` is its name.
        """
        name = labels.sql_list([self.main])
        actions = labels.sql_list(list(_EVENT_DASH))
        frame = self.query(
            "SELECT date, actor, action, instrument, target, detail FROM events "
            f"WHERE scenario IN ({name}) AND action IN ({actions}) "
            f"GROUP BY ALL HAVING count(DISTINCT seed) >= {self._runs_that_share}"
            " ORDER BY date, actor, detail"
        )
        text = {c: "string" for c in frame.columns if c != "date"}
        told = frame.astype(text).fillna("").assign(date=pd.to_datetime(frame["date"]))
        if not self._package_of:
            return told
        named = [self._package_of.get(name, name) for name in told["detail"]]
        told = told.assign(detail=named, instrument="", target="")
        return told.drop_duplicates(ignore_index=True)

    def markers(self) -> list[Marker]:
        """Event markers: events of one day and one policy share a line."""
        out = []
        grouped = self.policy_events.groupby(["date", "actor", "detail"], sort=True)
        for (step, actor, detail), part in grouped:
            actions = [action for action in _EVENT_DASH if action in set(part["action"])]
            words = labels.joined([_EVENT_WORDS[action] for action in actions])
            date = self._day_of(str(detail), actions[0], pd.Timestamp(str(step)))
            title = self.policy_title(str(detail))
            label = f"{date.day} {date:%B %Y}, {labels.economy(str(actor))}: {title} {words}"
            label += f" ({self.main})" if len(self.subjects) > 1 else ""
            out.append(Marker(date, label, _EVENT_DASH[actions[-1]]))
        return sorted(out, key=lambda marker: marker.date)

    def _policy(self, name: str) -> Mapping[str, Any]:
        policies = self.results.config.get("policies")
        page = policies.get(name) if isinstance(policies, Mapping) else None
        return page if isinstance(page, Mapping) else {}

    def _day_of(self, name: str, action: str, step: pd.Timestamp) -> pd.Timestamp:
        """The day in the policy's page, if the event's step is the one that holds it.

        The table knows the first day of the step in which firms and markets took notice.
        """
        if name in self._packages:
            return self._day_of_package(name, action, step)
        told = self._policy(name).get("expires" if action == "expired" else action)
        day = pd.Timestamp(str(told)) if told else step
        return day if abs((day - step).days) <= LONGEST_STEP_DAYS else step

    def _day_of_package(self, name: str, action: str, step: pd.Timestamp) -> pd.Timestamp:
        """The day on which a package was announced or due, if the event's step holds it."""
        days = [
            due if action == "effective" else said
            for package, said, due in self._announcements
            if package == name and action in ("announced", "effective")
        ]
        near = [day for day in days if 0 <= (step - day).days <= LONGEST_STEP_DAYS]
        return max(near, default=step)

    def policy_title(self, name: str) -> str:
        """A policy's or package's title in the configuration, else its name as words."""
        deal = re.fullmatch(r"deal_([a-z0-9]+)_([a-z0-9]+)_\d+", name)
        if deal:
            parties = labels.joined([labels.economy(code.upper()) for code in deal.groups()])
            return f"deal of {parties}"
        title = self._policy(name).get("title") or self._packages.get(name, {}).get("title")
        return str(title) if title else name.replace("_", " ").strip() or "policy"


_EVENT_DASH = {"announced": "dot", "effective": "solid", "suspended": "dash", "expired": "dashdot"}
_EVENT_WORDS = {"announced": "announced", "effective": "in force", "suspended": "suspended",
                "expired": "expired"}  # fmt: skip
