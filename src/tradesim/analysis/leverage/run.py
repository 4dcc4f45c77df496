"""Run the counterfactuals and put what they cost into a table.

One job is one cut with all its seeds, on the pool that every run uses. The world without the cut is
simulated once for each seed; later jobs read it back.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tradesim.analysis.leverage import accounts
from tradesim.analysis.leverage.accounts import MEASURES, Side, Yardstick
from tradesim.analysis.leverage.cells import Cell
from tradesim.analysis.leverage.request import Request, without
from tradesim.analysis.metrics import Floats
from tradesim.ensemble import Progress, run_seeds
from tradesim.errors import TradesimError
from tradesim.model import world_of
from tradesim.pairs import SeedResult, Simulate, Task
from tradesim.scenario import Scenario

Cut = tuple[str, str, tuple[str, ...]]
STATISTICS: Mapping[str, float] = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
TOTAL = "total"
COLUMNS = ("supplier", "buyer", "element", "stage", "quarter", "statistic", *MEASURES,
           "cost_ratio", "share_of_supply", "trade_usd_per_year", "n")  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """A counterfactual that failed: a row of ``failures.csv``."""

    supplier: str
    buyer: str
    goods: str
    error: str


@dataclass
class Found:
    """What the counterfactuals cost: by cut [seeds, measures, quarters], USD."""

    request: Request
    costs: dict[Cut, Floats] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False

    @property
    def cells(self) -> Iterator[tuple[Cell, Floats]]:
        """Every cell whose counterfactual is complete, with its costs."""
        for cell in self.request.cells:
            if cell.cut in self.costs:
                yield cell, self.costs[cell.cut]


@dataclass(frozen=True)
class Kept:
    """The model, with the runs of one world kept in a folder; pickled to the workers."""

    simulate: Simulate
    world: str
    folder: Path

    def __call__(self, scenario: Scenario, seed: int, **options: Any) -> Mapping[str, pa.Table]:
        """The tables of a run: read back if it is the kept world and has been run before."""
        if scenario.name != self.world:
            return self.simulate(scenario, seed, **options)
        path = self.folder / f"{seed}.pickle"
        if path.exists():
            found: Mapping[str, pa.Table] = pickle.loads(path.read_bytes())
            return found
        tables = self.simulate(scenario, seed, **options)
        draft = path.with_suffix(".part")
        draft.write_bytes(pickle.dumps(tables, protocol=5))
        draft.replace(path)
        return tables


class Whole(Progress):
    """Progress over all counterfactuals: a job that ends does not end the line."""

    def close(self) -> None:
        """Nothing: the next job goes on counting."""

    def end(self) -> None:
        """End the line after the last job."""
        super().close()


def carry_out(request: Request, simulate: Simulate | None = None) -> Found:
    """Run every counterfactual of ``request``; what fails is noted and does not stop the rest.

    ``simulate`` stands in for the model. Ctrl-C ends it with the counterfactuals that are complete,
    and is raised only when there are none.
    """
    job = request.job
    model = simulate or import_module("tradesim.model").simulate
    world = world_of(job.scenario, job.seeds[0])
    stick = Yardstick.of(world, min(1.0, job.scenario.step_weeks))
    found = Found(request)
    progress = Whole("leverage", len(request.cuts) * len(job.seeds))
    with tempfile.TemporaryDirectory(prefix="tradesim-") as scratch:
        kept = Kept(model, job.scenario.name, Path(scratch))
        whole: dict[int, Side] = {}
        try:
            for cut in request.cuts:
                _run(found, cut, kept, stick, whole, progress)
        except KeyboardInterrupt:
            if not found.costs:
                raise
            found.interrupted = True
        finally:
            progress.end()
    return found


def _run(
    found: Found, cut: Cut, kept: Kept, stick: Yardstick, whole: dict[int, Side],
    progress: Progress,
) -> None:  # fmt: skip
    """Run one counterfactual with all its seeds."""
    request, job = found.request, found.request.job
    scenario = without(job.scenario, cut, request.cut)
    task = Task(scenario, job.scenario, kept, "monthly", job.drawn)
    supplier, buyer, goods = cut
    rows: list[Floats] = []

    def keep(result: SeedResult) -> None:
        if result.seed not in whole:
            whole[result.seed] = Side(result.tables[job.scenario.name], stick)
        mine = Side(result.tables[scenario.name], stick)
        other, over = whole[result.seed], request.quarters
        rows.append(accounts.costs(mine, other, supplier, buyer, goods, over, stick))

    before = progress.done
    try:
        run_seeds(task, job.seeds, job.workers, keep, progress)
        found.costs[cut] = np.array(rows)
    except TradesimError as error:
        progress.done = before + len(job.seeds)
        found.failures.append(Failure(supplier, buyer, " ".join(goods), error.what))
        print(f"{supplier} over {buyer}, {', '.join(goods)}: failed\n{error}", file=sys.stderr)


def table(found: Found) -> pd.DataFrame:
    """The rows of ``leverage.csv``: cells by quarter and in total, p10, p50 and p90 over seeds."""
    rows = [row for cell, costs in found.cells for row in _rows(cell, costs)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(cell: Cell, costs: Floats) -> Iterator[tuple[object, ...]]:
    seeds, _, count = costs.shape
    spans = {f"{i + 1}": costs[:, :, i] for i in range(count)} | {TOTAL: costs.sum(axis=2)}
    for quarter, values in spans.items():
        ratios = ratio(values[:, 0], values[:, 1])
        for name, share in STATISTICS.items():
            spread = np.quantile(values, share, axis=0)
            apart = np.quantile(ratios, share, method="inverted_cdf")
            yield (*cell.pair, cell.element, cell.stage, quarter, name, *spread, apart,
                   cell.share_of_supply, cell.trade_usd, seeds)  # fmt: skip


def ratio(buyer_usd: Floats, supplier_usd: Floats) -> Floats:
    """What the buyer loses for each dollar that the supplier loses (seeds,).

    Zero where the buyer loses nothing, infinite where he does and the supplier loses nothing.
    """
    free = np.where(buyer_usd > 0.0, np.inf, 0.0)
    lost = np.maximum(buyer_usd, 0.0)
    return np.divide(lost, supplier_usd, out=free, where=supplier_usd > 0.0)


#: Draws the page: title of the world, rows of the table, what is not traded, the manifest.
Page = Callable[[str, pd.DataFrame, pd.DataFrame, Mapping[str, Any]], str]
