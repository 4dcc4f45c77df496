"""``tradesim payoff`` without its command line: run every cell, read the matrix, write the files.

Every cell is run with the same seeds, so the same firms, links, demand and parameters meet every
pair of packages (common random numbers).
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from tradesim import config
from tradesim.analysis.games import gambit, outcome
from tradesim.analysis.games.cells import Cell, Plan, plan
from tradesim.analysis.games.latex import bimatrix
from tradesim.analysis.games.outcome import Outcome
from tradesim.analysis.games.store import Store, write_json
from tradesim.ensemble import Interrupted, Progress, run_seeds
from tradesim.errors import PartialError, TradesimError
from tradesim.manifest import Status, manifest
from tradesim.pairs import SeedError, SeedResult, Simulate, Task
from tradesim.runner import default_folder, engine, tree
from tradesim.store import digests_of, joined, result_hash
from tradesim.sweeps import Failure, Point, write_rows

_MODEL = ("tradesim.model", "simulate")
#: Tables of a cell that are kept: what the players gain, and the headline figures.
KEPT = ("states", "headline")
#: Writes the page of a finished matrix: the matrix, the manifest, the folder.
Page = Callable[[Outcome, dict[str, Any], Path], object]


@dataclass(frozen=True)
class Matrix:
    """A finished matrix: what it says, where it lies, the words that made it."""

    outcome: Outcome
    folder: Path
    words: tuple[str, ...]


def payoff(
    words: Sequence[str], page: Page | None = None, simulate: Simulate | None = None
) -> Matrix:
    """Run the matrix that ``words`` ask for and write its folder.

    ``row=[…] column=[…] from=DATE`` and any key of ``tradesim run``. ``page`` writes the report;
    ``simulate`` stands in for the model. With an ``out`` that the same words have begun, cells
    that are finished are not run again.

    Raises :class:`InputError` before anything is written, :class:`Interrupted` after Ctrl-C and
    :class:`PartialError` when cells failed; what is finished is kept.
    """
    gambit.solver()  # an hour of runs without it would be a pity
    asked = plan(words)
    started = time.monotonic()
    place = asked.base.out or default_folder("payoff")
    work = _Work(asked, Store(place, asked), tuple(words), started)
    work.run(simulate or getattr(import_module(_MODEL[0]), _MODEL[1]))
    return work.close(page)


class _Work:
    """One call of ``payoff``: cells one after another, then the files that need them all."""

    def __init__(self, asked: Plan, store: Store, words: tuple[str, ...], started: float) -> None:
        self.plan, self.store, self.words, self.started = asked, store, words, started
        self.points: list[Point] = []
        self.failures: list[Failure] = []

    def run(self, simulate: Simulate) -> None:
        """Run what is not finished; a cell that fails does not stop the others."""
        cells = self.plan.cells
        open_cells = [cell for cell in cells if not self.store.finished(cell)]
        done = len(cells) - len(open_cells)
        said = f"{done} of {len(cells)} cells are finished, " if done else ""
        _say(f"{said}{len(open_cells)} to run in {self.store.place}; the same words with this "
             "folder as out=DIR go on after an interruption")  # fmt: skip
        progress = Progress("payoff", len(open_cells) * len(self.plan.base.seeds))
        for cell in cells:
            began = time.monotonic()
            status: Status = "complete"
            if not self.store.finished(cell):
                progress.label = f"cell {cell.point + 1} of {len(cells)}, {_name(cell)}"
                status = self._run(cell, simulate, progress)
            self._note(cell, status, began)

    def _run(self, cell: Cell, simulate: Simulate, progress: Progress) -> Status:
        job, kept = cell.job, _Kept((self.plan.row.state, self.plan.column.state))
        task = Task(job.scenario, job.compare, simulate, job.record, job.drawn)
        began = progress.done
        try:
            run_seeds(task, job.seeds, job.workers, kept.keep, progress)
        except KeyboardInterrupt as error:
            self._publish("interrupted", None)
            done = sum(self.store.finished(each) for each in self.plan.cells)
            _say(f"what is finished is kept in {self.store.place}; say it again with out=DIR")
            raise Interrupted(done, len(self.plan.cells), what="cells") from error
        except TradesimError as error:
            self._fail(cell, error)
            progress.done = began + len(job.seeds)
            return "failed"
        self.store.put(cell, kept.tables())
        return "complete"

    def _fail(self, cell: Cell, error: TradesimError) -> None:
        seed, trace = "", str(error)
        if isinstance(error, SeedError):
            seed, trace = str(error.seed), error.trace
        self.failures.append(Failure(cell.point, _name(cell), seed, error.what, trace))
        _say(f"cell {cell.point} failed ({_name(cell)}):\n{error}")

    def _note(self, cell: Cell, status: Status, began: float) -> None:
        key, wall_s = config.fingerprint(cell.job), round(time.monotonic() - began, 3)
        scenario = cell.job.scenario.name
        self.points.append(Point(cell.point, _name(cell), scenario, key, status, wall_s))

    def close(self, page: Page | None) -> Matrix:
        """Write everything; raises :class:`PartialError` when cells failed."""
        place, cells = self.store.place, self.plan.cells
        if self.failures:
            failed = len(self.failures)
            self._publish("partial" if failed < len(cells) else "failed", None)
            raise PartialError(
                f"{failed} of {len(cells)} cells failed, so there is no matrix yet",
                where=str(place / "failures.csv"),
                remedy="the other cells are kept; read the tracebacks, then say the same again "
                f"with out={place}",
            )
        found = Outcome(self.plan, self._values())
        _write(found, place)
        self._publish("complete", lambda said: page and page(found, said, place))
        return Matrix(found, place, self.words)

    def _values(self) -> outcome.CellPayoff:
        """Payoffs [rows, columns, players, terms, seeds], USD."""
        players, seeds = (self.plan.row.state, self.plan.column.state), self.plan.base.seeds
        flat = np.array([outcome.cell_payoff(self.store.get("states", cell), players, seeds)
                         for cell in self.plan.cells])  # fmt: skip
        shape = len(self.plan.row.options), len(self.plan.column.options)
        return flat.reshape(*shape, *flat.shape[1:])

    def _publish(self, status: Status, page: Callable[[dict[str, Any]], object] | None) -> None:
        """The lists, the config, the page and, last of all, the manifest."""
        place = self.store.place
        write_rows(place / "points.csv", Point, self.points)
        write_rows(place / "failures.csv", Failure, self.failures)
        text = yaml.safe_dump(_settings(self.plan), sort_keys=False, allow_unicode=True)
        (place / "config.yaml").write_text(text, encoding="utf-8")
        finished = [cell for cell in self.plan.cells if self.store.finished(cell)]
        said = self._manifest(status, finished)
        if page is not None:
            page(said)
        said["wall_s"] = round(time.monotonic() - self.started, 3)
        self.store.publish(said)

    def _manifest(self, status: Status, finished: Sequence[Cell]) -> dict[str, Any]:
        sha = hashlib.sha256()
        for cell in finished:
            for name in KEPT:
                part = result_hash(digests_of(name, self.store.get(name, cell)))
                sha.update(f"{cell.point}:{name}:{part};".encode())
        base = self.plan.base
        said = manifest(
            status, result_hash=sha.hexdigest(), scenario=base.scenario.name, compare=None,
            seeds=base.seeds, engine=engine(base),
            worlds=[base.scenario, *(cell.job.scenario for cell in self.plan.cells)],
            wall_s=time.monotonic() - self.started,
        )  # fmt: skip
        said["data_hashes"] |= _page_hashes(self.plan)
        return said | {
            "kind": "payoff", "row": list(self.plan.row.names),
            "column": list(self.plan.column.names), "from": self.plan.on.isoformat(),
            "weeks": base.scenario.weeks, "cells_finished": len(finished),
        }  # fmt: skip


class _Kept:
    """Takes the seeds of a cell and keeps the rows that the matrix needs."""

    def __init__(self, players: tuple[str, str]) -> None:
        self.players = pa.array(players)
        self.parts: dict[str, list[pa.Table]] = {name: [] for name in KEPT}

    def keep(self, result: SeedResult) -> None:
        """Take in one seed."""
        for world in result.tables.values():
            states = world["states"]
            mine = pc.is_in(states["state"].cast(pa.string()), value_set=self.players)
            self.parts["states"].append(states.filter(mine))
            self.parts["headline"].append(world["headline"])

    def tables(self) -> dict[str, pa.Table]:
        """The tables of the cell."""
        return {name: joined(name, parts) for name, parts in self.parts.items()}


def _write(found: Outcome, place: Path) -> None:
    frames = {
        "payoff": outcome.payoff_frame(found), "payoff_terms": outcome.terms_frame(found),
        "payoff_contrasts": outcome.contrasts_frame(found),
    }  # fmt: skip
    for name, frame in frames.items():
        frame.to_csv(place / f"{name}.csv", index=False, float_format="%.8g")
    write_json(place / "equilibria.json", outcome.equilibria_json(found))
    (place / "payoff.tex").write_text(bimatrix(found), encoding="utf-8")


def _settings(asked: Plan) -> dict[str, Any]:
    """The resolved config: the world of all cells, and what each option puts in force."""
    sides = {"row": asked.row, "column": asked.column}
    return tree(asked.base) | {
        "payoff": {
            "from": asked.on.isoformat(),
            **{side: {"state": player.state, "options": list(player.names)}
               for side, player in sides.items()},
            "packages": {name: package.model_dump(mode="json")
                         for name, package in asked.packages.items()},
            "policies": {name: page for cell in asked.cells
                         for name, page in cell.job.scenario.policies.items()},
        }
    }  # fmt: skip


def _page_hashes(asked: Plan) -> dict[str, str]:
    pages = config.names("package")
    return {f"conf/package/{name}.yaml": hashlib.sha256(pages[name].read_bytes()).hexdigest()
            for name in asked.packages if name in pages}  # fmt: skip


def _name(cell: Cell) -> str:
    return f"row={cell.row} column={cell.column}"


def _say(text: str) -> None:
    """Progress, on stderr."""
    print(f"payoff: {text}", file=sys.stderr, flush=True)
