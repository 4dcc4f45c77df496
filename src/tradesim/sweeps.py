"""A sweep: one point after another into one folder; a point that fails does not stop the rest."""

from __future__ import annotations

import csv
import hashlib
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from tradesim.config import fingerprint
from tradesim.ensemble import Interrupted
from tradesim.errors import PartialError, TradesimError
from tradesim.folder import ResultFolder
from tradesim.manifest import Status, manifest
from tradesim.pairs import SeedError, Simulate, names_recorded
from tradesim.results import Results
from tradesim.runner import Report, conclude, engine, reap, tree
from tradesim.scenario import RunConfig
from tradesim.summary import KEYS


class DuplicatePointWarning(UserWarning):
    """Two points of a sweep resolve to the same configuration."""


@dataclass(frozen=True)
class Point:
    """A row of ``points.csv``; ``wall_s`` in seconds."""

    point: int
    overrides: str
    scenario: str
    config_hash: str
    status: Status
    wall_s: float


@dataclass(frozen=True)
class Failure:
    """A row of ``failures.csv``; ``seed`` is empty when the point never began."""

    point: int
    overrides: str
    seed: str
    error: str
    traceback: str


@dataclass(frozen=True)
class Outcome:
    """What a point has come to: its row, and what it yields when it is complete.

    Without ``config``, ``result_hash`` (hex), ``summary`` (with a column ``point``) and
    ``difference`` when it is not; ``failure`` says why when it failed, ``said`` the same in full.
    """

    row: Point
    failure: Failure | None = None
    said: str = ""
    config: RunConfig | None = None
    result_hash: str = ""
    summary: pd.DataFrame | None = None
    difference: Mapping[str, Any] = field(default_factory=dict)


def compute(
    work: Path, point: int, words: Sequence[str], config: RunConfig | TradesimError,
    simulate: Simulate | None,
) -> Outcome:  # fmt: skip
    """Run one point and write its tables into ``work``; touches nothing else.

    An error of ours becomes the outcome's failure; ``simulate`` None is the model.
    """
    started, overrides = time.monotonic(), " ".join(words)

    def row(status: Status, scenario: str = "", key: str = "") -> Point:
        wall_s = round(time.monotonic() - started, 3)
        return Point(point, overrides, scenario, key, status, wall_s)

    if isinstance(config, TradesimError):
        return Outcome(row("failed"), _failure(point, overrides, config), str(config))
    name, key = config.scenario.name, fingerprint(config)
    paths = {
        table: work / "tables" / table / f"point={point}" / "part-0.parquet"
        for table in names_recorded(config.record)
    }
    failure, said = None, ""
    try:
        harvest = reap(config, simulate, paths)
        if harvest.status == "complete":
            found = harvest.results(None, 0.0)
            summary = found.summary.assign(point=point)
            told = row("complete", name, key)
            return Outcome(told, None, "", config, harvest.result_hash, summary, found.difference)
    except TradesimError as error:
        failure, said = _failure(point, overrides, error), str(error)
    for path in paths.values():
        path.unlink(missing_ok=True)
        path.parent.rmdir() if path.parent.exists() else None
    return Outcome(row("failed" if failure else "interrupted", name, key), failure, said)


def _failure(point: int, overrides: str, error: TradesimError) -> Failure:
    seed, trace = "", str(error)
    if isinstance(error, SeedError):
        seed, trace = str(error.seed), error.trace
    return Failure(point, overrides, seed, error.what, trace)


def announce(outcome: Outcome) -> None:
    """Say on stderr at once that a point has failed, and why; nothing when it has not."""
    row = outcome.row
    if outcome.failure is not None:
        print(f"point {row.point} failed ({row.overrides}):\n{outcome.said}", file=sys.stderr,
              flush=True)  # fmt: skip


class SweepWriter:
    """Collects the points of a sweep in a folder; use it as a context manager.

    Leaving the block normally calls nothing: :meth:`close` does the rest. Ctrl-C inside the block
    keeps the points that are finished, marked ``interrupted``; any other exception removes all.
    """

    def __init__(
        self, out: Path, *, report: Report | None = None, simulate: Simulate | None = None
    ) -> None:
        self._folder = ResultFolder(out)
        self._report, self.simulate = report, simulate
        self.total = 0  # points of the sweep, where more of them are under way than are known
        self._started = time.monotonic()
        self._points: list[Point] = []
        self._failures: list[Failure] = []
        self._summaries: list[pd.DataFrame] = []
        self._configs: dict[int, RunConfig] = {}
        self._hashes: dict[int, str] = {}
        self._differences: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        try:
            if isinstance(error, KeyboardInterrupt) and self._hashes:
                results = self._publish("interrupted")
                done, known = len(self._hashes), max(self.total, len(self._points))
                raise Interrupted(done, known, results, "points") from error
        finally:
            self._folder.discard()

    def add(self, point: int, words: Sequence[str], config: RunConfig | TradesimError) -> None:
        """Run one point (or note the error that refused it) and write its tables.

        An error goes to ``failures.csv`` and to stderr at once; it is not raised.
        """
        if isinstance(config, RunConfig):
            self._warn_of_twin(point, fingerprint(config))
        outcome = compute(self.work, point, words, config, self.simulate)
        announce(outcome)
        self._keep(outcome)

    def take(self, outcome: Outcome) -> None:
        """Take in a point that was computed elsewhere; points come in ascending order.

        Its tables stand in :attr:`work` already; its failure has been announced already.
        """
        if outcome.row.config_hash:
            self._warn_of_twin(outcome.row.point, outcome.row.config_hash)
        self._keep(outcome)

    @property
    def work(self) -> Path:
        """The folder that is being filled."""
        return self._folder.work

    def close(self) -> Results:
        """Write the lists, the summary and the manifest; move the folder to its place.

        Raises :class:`PartialError` (exit code 3), after everything is written, when points failed.
        """
        failed = sorted({failure.point for failure in self._failures})
        status: Status = "complete" if not failed else "partial" if self._hashes else "failed"
        results = self._publish(status)
        if failed:
            raise PartialError(
                f"{len(failed)} of {len(self._points)} points failed: "
                f"{', '.join(str(point) for point in failed[:10])}",
                where=str(self._folder.place / "failures.csv"),
                remedy="the other points are complete; read the tracebacks in failures.csv",
            )
        return results

    def _keep(self, outcome: Outcome) -> None:
        row, failure = outcome.row, outcome.failure
        if failure is not None:
            self._failures.append(failure)
        if outcome.config is not None and outcome.summary is not None:
            self._configs[row.point], self._hashes[row.point] = outcome.config, outcome.result_hash
            self._summaries.append(outcome.summary)
            self._differences[f"point_{row.point}"] = dict(outcome.difference)
        self._points.append(row)
        if row.status == "interrupted":
            raise KeyboardInterrupt

    def _warn_of_twin(self, point: int, key: str) -> None:
        twins = [known.point for known in self._points if known.config_hash == key]
        if twins:
            warnings.warn(
                f"point {point} resolves to the same configuration as point {twins[0]}: does an "
                "override have no effect?",
                DuplicatePointWarning,
                stacklevel=3,
            )

    def _publish(self, status: Status) -> Results:
        work = self._folder.work
        write_rows(work / "points.csv", Point, self._points)
        write_rows(work / "failures.csv", Failure, self._failures)
        empty = pd.DataFrame(columns=["point", *KEYS])
        results = Results(
            manifest=self._manifest(status),
            config={f"point_{point}": tree(config) for point, config in self._configs.items()},
            difference=self._differences,
            summary=pd.concat(self._summaries, ignore_index=True) if self._summaries else empty,
            folder=work,
        )
        return conclude(self._folder, results, self._report, self._started)

    def _manifest(self, status: Status) -> dict[str, Any]:
        """The manifest over all points that are complete; its hash covers theirs, in order."""
        configs = list(self._configs.values())
        text = "".join(f"{point}:{key};" for point, key in sorted(self._hashes.items()))
        pairs = [(config.scenario, config.compare) for config in configs]
        worlds = {world.name: world for pair in pairs for world in pair if world is not None}
        return manifest(
            status,
            result_hash=hashlib.sha256(text.encode()).hexdigest(),
            scenario=list(dict.fromkeys(scenario.name for scenario, _ in pairs)),
            compare=list(dict.fromkeys(other.name if other else None for _, other in pairs)),
            seeds=sorted({seed for config in configs for seed in config.seeds}),
            engine=engine(configs[0]) if configs else "",
            worlds=worlds.values(),
            wall_s=time.monotonic() - self._started,
        )


def write_rows(path: Path, kind: type[Point | Failure], rows: Sequence[Point | Failure]) -> None:
    """Write ``points.csv`` or ``failures.csv``: one row for each of ``rows``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
