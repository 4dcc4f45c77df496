"""Run a job: every seed of a scenario and of its comparison world, into tables and a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from tradesim.ensemble import Interrupted, run_seeds
from tradesim.folder import ResultFolder
from tradesim.manifest import Status, manifest
from tradesim.pairs import SeedResult, Simulate, Task, names_recorded
from tradesim.results import Results
from tradesim.scenario import RunConfig, Scenario
from tradesim.store import Collector, Digests, ParquetCollector, joined, result_hash
from tradesim.summary import summarise, write_summary
from tradesim.trees import difference

#: Writes what belongs to a result but is no table, such as the report, into the folder given.
Report = Callable[[Results, Path], object]

#: Where the model lives; loaded when a job starts, so that reading results does not load it.
_MODEL = ("tradesim.model", "simulate")
_TOLD = ("name", "title", "story", "compare", "sources")
_ENGINES = {"auto": "numpy"}


def run_config(
    config: RunConfig, *, report: Report | None = None, simulate: Simulate | None = None
) -> Results:
    """Run a job and return its results; with ``config.out`` they also stand in that folder.

    ``report`` is called with the results and the folder before the manifest is written;
    ``simulate`` stands in for the model (tables as in ``schema.model_columns``, tonnes and USD).

    Raises :class:`OutputError` for a folder that cannot be used, before anything is run;
    :class:`WorkerError` when the model fails or a worker is killed, and then nothing is left
    behind; :class:`Interrupted` after Ctrl-C, when the finished seeds have been written with the
    status ``interrupted``.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder, paths = None, None
        if config.out is not None:
            folder = ResultFolder(config.out)
            stack.callback(folder.discard)
            paths = table_paths(config, folder.work)
        harvest = reap(config, simulate, paths)
        if not harvest.seeds:
            raise Interrupted(0, len(config.seeds))
        results = harvest.results(folder.work if folder else None, time.monotonic() - started)
        if folder is not None:
            results = conclude(folder, results, report, started)
    if harvest.interrupted:
        raise Interrupted(len(harvest.seeds), len(config.seeds), results)
    return results


def table_paths(config: RunConfig, work: Path) -> dict[str, Path]:
    """The Parquet file of each table that a run records."""
    return {name: work / "tables" / f"{name}.parquet" for name in names_recorded(config.record)}


def reap(config: RunConfig, simulate: Simulate | None, paths: Mapping[str, Path] | None) -> Harvest:
    """Run all seeds of ``config``; tables go to ``paths`` or stay in memory (None).

    Ctrl-C ends it early with what is finished; the harvest then says ``interrupted``.
    """
    if simulate is None:
        module, name = _MODEL
        simulate = getattr(import_module(module), name)
    harvest = Harvest(config, paths)
    task = Task(config.scenario, config.compare, simulate, config.record, config.drawn)
    try:
        run_seeds(task, config.seeds, config.workers, harvest.keep)
    except KeyboardInterrupt:
        harvest.interrupted = True
    finally:
        harvest.close()
    return harvest


class Harvest:
    """What the seeds of one job yield, taken in one after another."""

    def __init__(self, config: RunConfig, paths: Mapping[str, Path] | None) -> None:
        names = names_recorded(config.record)
        self.config = config
        self.interrupted = False
        self.seeds: list[int] = []
        self.tables: dict[str, pa.Table] = {}
        self._digests: Digests = {}
        self._collector = Collector(names) if paths is None else ParquetCollector(names, paths)
        self._headlines: list[pa.Table] = []

    def keep(self, result: SeedResult) -> None:
        """Take in one seed; seeds come in ascending order."""
        for tables in result.tables.values():
            for name, rows in tables.items():
                self._collector.add(name, rows)
            self._headlines.append(tables["headline"])
        self._digests |= result.digests
        self.seeds.append(result.seed)

    def close(self) -> None:
        """Finish the tables; no seed can be taken in afterwards."""
        self.tables = self._collector.close()

    @property
    def status(self) -> Status:
        """``complete``, or ``interrupted`` when Ctrl-C came first."""
        return "interrupted" if self.interrupted else "complete"

    @property
    def result_hash(self) -> str:
        """Hash (hex) over the tables, whatever the number of workers."""
        return result_hash(self._digests)

    def results(self, folder: Path | None, wall_s: float) -> Results:
        """The harvest as :class:`Results`; ``wall_s`` in seconds."""
        scenario, compare = self.config.scenario, self.config.compare
        worlds = [scenario] if compare is None else [scenario, compare]
        return Results(
            manifest=manifest(
                self.status,
                result_hash=self.result_hash,
                scenario=scenario.name,
                compare=compare.name if compare else None,
                seeds=self.seeds,
                engine=engine(self.config),
                worlds=worlds,
                wall_s=wall_s,
            ),
            config=tree(self.config),
            difference=difference(_world(scenario), _world(compare)) if compare else {},
            summary=summarise(joined("headline", self._headlines)),
            folder=folder,
            held=self.tables,
        )


def engine(config: RunConfig) -> str:
    """The engine that computes, ``auto`` resolved."""
    return _ENGINES.get(config.engine, config.engine)


def conclude(
    folder: ResultFolder, results: Results, report: Report | None, started: float
) -> Results:
    """Write what stands beside the tables, the manifest last, and move the folder to its place.

    ``started`` is the job's start on the monotonic clock (seconds). A report that fails leaves
    the folder with the status ``failed``.
    """
    _write_yaml(folder.work / "config.yaml", results.config)
    _write_yaml(folder.work / "difference.yaml", results.difference)
    write_summary(results.summary, folder.work / "summary.csv")
    status, place = results.manifest["status"], folder.place
    said = dict(results.manifest)
    try:
        if report is not None and status in ("complete", "partial"):
            said["status"] = "failed"
            report(results, folder.work)
        said["status"] = status
    except KeyboardInterrupt:
        said["status"] = "interrupted"
        raise
    finally:
        said["wall_s"] = round(time.monotonic() - started, 3)
        folder.publish(said)
    return dataclasses.replace(results, manifest=said, folder=place)


def tree(config: RunConfig) -> dict[str, Any]:
    """The resolved config in the shape of the configuration pages, plain values only.

    Left out is what does not decide the result: workers and the folder.
    """
    job = config.model_dump(mode="json", exclude={"scenario", "compare", "workers", "out"})
    told = config.scenario.model_dump(mode="json", include=set(_TOLD))
    compare = config.compare.name if config.compare else "none"
    return {
        "scenario": {key: told[key] for key in _TOLD},
        **_world(config.scenario),
        "compare": compare,
        **job,
    }


def _world(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(mode="json", exclude=set(_TOLD))


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def default_folder(name: str, parent: Path = Path("results")) -> Path:
    """A fresh folder under ``results/``: date, time of day and the scenario's name."""
    base = parent / f"{dt.datetime.now():%Y-%m-%d_%H%M%S}_{name}"
    tries = (base.with_name(f"{base.name}_{i}") for i in range(2, 1000))
    return base if not base.exists() else next(path for path in tries if not path.exists())
