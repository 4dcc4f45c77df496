"""A sweep: one point after another into one folder; a point that fails does not stop the rest."""

from __future__ import annotations

import csv
import hashlib
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
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


class SweepWriter:
    """Collects the points of a sweep in a folder; use it as a context manager.

    Leaving the block normally calls nothing: :meth:`close` does the rest. Ctrl-C inside the block
    keeps the points that are finished, marked ``interrupted``; any other exception removes all.
    """

    def __init__(
        self, out: Path, *, report: Report | None = None, simulate: Simulate | None = None
    ) -> None:
        self._folder = ResultFolder(out)
        self._report, self._simulate = report, simulate
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
                done, known = len(self._hashes), len(self._points)
                raise Interrupted(done, known, results, "points") from error
        finally:
            self._folder.discard()

    def add(self, point: int, words: Sequence[str], config: RunConfig | TradesimError) -> None:
        """Run one point (or note the error that refused it) and write its tables.

        An error goes to ``failures.csv`` and to stderr at once; it is not raised.
        """
        overrides, started = " ".join(words), time.monotonic()
        if isinstance(config, TradesimError):
            self._fail(point, overrides, config)
            self._note(point, overrides, "", "", "failed", started)
            return
        key = fingerprint(config)
        self._warn_of_twin(point, key)
        paths = {
            name: self._folder.work / "tables" / name / f"point={point}" / "part-0.parquet"
            for name in names_recorded(config.record)
        }
        status: Status = "failed"
        try:
            harvest = reap(config, self._simulate, paths)
            status = harvest.status
            if status == "complete":
                self._configs[point], self._hashes[point] = config, harvest.result_hash
                found = harvest.results(None, 0.0)
                self._summaries.append(found.summary.assign(point=point))
                self._differences[f"point_{point}"] = dict(found.difference)
        except TradesimError as error:
            self._fail(point, overrides, error)
        if status != "complete":
            for path in paths.values():
                path.unlink(missing_ok=True)
                path.parent.rmdir() if path.parent.exists() else None
        self._note(point, overrides, config.scenario.name, key, status, started)
        if status == "interrupted":
            raise KeyboardInterrupt

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

    def _note(
        self, point: int, overrides: str, scenario: str, key: str, status: Status, started: float
    ) -> None:
        wall_s = round(time.monotonic() - started, 3)
        self._points.append(Point(point, overrides, scenario, key, status, wall_s))

    def _fail(self, point: int, overrides: str, error: TradesimError) -> None:
        seed, trace = "", str(error)
        if isinstance(error, SeedError):
            seed, trace = str(error.seed), error.trace
        self._failures.append(Failure(point, overrides, seed, error.what, trace))
        print(f"point {point} failed ({overrides}):\n{error}", file=sys.stderr, flush=True)

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
