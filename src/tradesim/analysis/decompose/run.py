"""Run the world of every subset of groups and share the change out among the groups.

One job is one subset with all its seeds, on the pool that every run uses. Every world is measured
against the comparison world of the scenario, which is simulated once for each seed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from tradesim.analysis import shapley
from tradesim.analysis.decompose.request import Request, Target
from tradesim.analysis.leverage.run import Kept, Whole
from tradesim.analysis.metrics import METRICS, Floats
from tradesim.ensemble import run_seeds
from tradesim.errors import InputError, WorkerError, nearest
from tradesim.pairs import SeedError, SeedResult, Simulate, Task

COLUMNS = ("group", "metric", "economy", "good", "end_use", "unit", "mean", "p10", "p90",
           "standard_error", "n")  # fmt: skip
#: Metrics of which a world without any has no row.
ONLY_WHERE_ANY = ("fee_revenue", "quota_rent")
#: Rows of the table beside the groups: the scenario without its policies, with all, the difference.
NONE, EVERY, CHANGE = "(no policy)", "(all policies)", "(change)"


@dataclass
class Found:
    """Values of every subset [seeds, targets] and what each group accounts for.

    ``shares`` is [groups, seeds, targets] and ``errors`` [groups, targets] the standard error of
    the mean over seeds that comes from drawing orders, zero when all subsets were run.
    """

    request: Request
    game: dict[int, Floats] = field(default_factory=dict)
    shares: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    errors: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def change(self) -> Floats:
        """Whole scenario less the one without its policies [seeds, targets]."""
        return self.game[(1 << len(self.request.groups)) - 1] - self.game[0]

    @property
    def sum_error(self) -> float:
        """Largest gap between the sum of shares and the change, over the size of the values."""
        size = np.maximum(1.0, np.nanmax(np.abs(np.stack(list(self.game.values()))), initial=0.0))
        gap = np.abs(self.shares.sum(axis=0) - self.change) / size
        return float(np.nanmax(gap, initial=0.0))


def carry_out(request: Request, simulate: Simulate | None = None) -> Found:
    """Run every world of ``request`` and decompose; ``simulate`` stands in for the model.

    Raises :class:`InputError` after the first seed when a run has no such figure, and the error of
    a world that fails: without it there is nothing to decompose.
    """
    job, found = request.job, Found(request)
    model = simulate or import_module("tradesim.model").simulate
    progress = Whole("decompose", len(request.masks) * len(job.seeds))
    with tempfile.TemporaryDirectory(prefix="tradesim-") as scratch:
        kept = Kept(model, job.compare.name if job.compare else "", Path(scratch))
        try:
            for mask in request.masks:
                found.game[mask] = _run(request, mask, kept, progress)
        finally:
            progress.end()
    _share_out(found)
    return found


def _run(request: Request, mask: int, kept: Kept, progress: Whole) -> Floats:
    """Values [seeds, targets] of one subset's world."""
    job, scenario = request.job, request.world(mask)
    task = Task(scenario, job.compare, kept, "headline", job.drawn)
    rows: list[list[float]] = []

    def keep(result: SeedResult) -> None:
        figures = _figures(result.tables[scenario.name]["headline"])
        if mask == request.masks[0] and not rows:
            _check_rows(request.targets, figures)
        rows.append([_value(target, figures) for target in request.targets])

    try:
        run_seeds(task, job.seeds, job.workers, keep, progress)
    except SeedError as error:
        gone = [f"~policies.{name}" for name in job.scenario.policies
                if name not in scenario.policies]  # fmt: skip
        words = ["tradesim run", f"scenario={job.scenario.name}", f"seeds=[{error.seed}]", *gone]
        raise WorkerError(
            error.what,
            where=f"seed {error.seed} of the world with {', '.join(scenario.policies) or 'none'} "
            f"of the policies\n{error.trace.rstrip()}",
            remedy=f"reproduce it with: {' '.join(words)}",
        ) from error
    return np.array(rows, np.float64)


def _figures(table: pa.Table) -> dict[tuple[str, ...], float]:
    """A run's headline figures by metric, economy, good and end use."""
    columns = (table[name].to_pylist() for name in ("metric", "economy", "good", "end_use"))
    return dict(zip(zip(*columns, strict=True), table["value"].to_pylist(), strict=True))


def _check_rows(targets: tuple[Target, ...], figures: Mapping[tuple[str, ...], float]) -> None:
    """Refuse figures that the whole scenario's first run does not have."""
    for target in targets:
        if target.key not in figures:
            raise _no_row(target, list(figures))


def _value(target: Target, figures: Mapping[tuple[str, ...], float]) -> float:
    """One figure of a run, unit its own: nan without a number, 0 where there is none of it."""
    none = 0.0 if target.metric.partition(":")[0] in ONLY_WHERE_ANY else np.nan
    return float(figures.get(target.key, none))


def _no_row(target: Target, rows: Sequence[tuple[str, ...]]) -> InputError:
    """The refusal of a figure that a run does not have: what is there, nearest name first."""
    names = list(dict.fromkeys(row[0] for row in rows))
    base = target.metric.partition(":")[0]
    if target.metric not in names:
        same = [name for name in names if name.partition(":")[0] == base]
        return InputError(
            f"a run has no figure '{target.metric}'", where="key 'metric'",
            allowed=", ".join(same) or "see docs/metrics.md",
            remedy=nearest(target.metric, same or names) or f"write metric={same[0]}",
        )  # fmt: skip
    labels = [row[1:] for row in rows if row[0] == target.metric]
    shown = ["/".join(label) for label in labels[:8]]
    return InputError(
        f"'{target.metric}' has no row for {'/'.join(target.key[1:])} (economy/good/end use)",
        where="keys 'economy', 'good' and 'end_use'",
        allowed=", ".join(shown) + (f" and {len(labels) - 8} more" if len(labels) > 8 else ""),
        remedy="name one of these",
    )


def _share_out(found: Found) -> None:
    """Fill in the shares of the groups and their error by drawn orders."""
    orders, count = found.request.orders, len(found.request.groups)
    if orders is None:
        found.shares = shapley.exact(found.game, count)
        found.errors = np.zeros((count, len(found.request.targets)))
        return
    drawn = shapley.marginals(found.game, orders)
    found.shares = drawn.mean(axis=0)
    kept = _seeds_with_numbers(found)
    errors = [shapley.standard_error(drawn[:, :, kept[:, j], j].mean(axis=2))
              if kept[:, j].any() else np.full(count, np.nan)
              for j in range(kept.shape[1])]  # fmt: skip
    found.errors = np.stack(errors, axis=1)


def _seeds_with_numbers(found: Found) -> np.ndarray:
    """Whether a seed has the figure in every world [seeds, targets]."""
    return np.asarray(np.isfinite(np.stack(list(found.game.values()))).all(axis=0))


def table(found: Found) -> pd.DataFrame:
    """The rows of ``contributions.csv``: groups, then the levels and the change, for each figure.

    Mean, p10 and p90 are over the ``n`` seeds that have the figure in every world.
    """
    return pd.DataFrame(list(_rows(found)), columns=list(COLUMNS))


def _rows(found: Found) -> Iterator[tuple[object, ...]]:
    kept = _seeds_with_numbers(found)
    every = (1 << len(found.request.groups)) - 1
    for j, target in enumerate(found.request.targets):
        own = kept[:, j]
        unit = METRICS[target.metric.partition(":")[0]].unit
        series = {name: (found.shares[i, own, j], found.errors[i, j])
                  for i, name in enumerate(found.request.groups)}  # fmt: skip
        series |= {
            NONE: (found.game[0][own, j], 0.0), EVERY: (found.game[every][own, j], 0.0),
            CHANGE: (found.change[own, j], 0.0),
        }  # fmt: skip
        for name, (values, error) in series.items():
            yield (name, *target.key, unit, *_spread(values), error, int(own.sum()))


def _spread(values: Floats) -> tuple[float, float, float]:
    if not len(values):
        return (np.nan,) * 3
    low, high = np.quantile(values, (0.1, 0.9))
    return float(values.mean()), float(low), float(high)
