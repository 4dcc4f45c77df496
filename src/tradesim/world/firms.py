"""Draw the firms of every cell (economy x stage x line) so that each cell's total is exact.

Firms named in the data keep their name and share; the others are drawn from a seeded lognormal
size distribution. Every draw hangs on the firm's stable name, so adding a firm to one cell
leaves the firms of all other cells as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim import axes, rng
from tradesim.errors import InputError
from tradesim.tables.loader import BaseYear

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Log standard deviation of firm size inside a cell. Assumption: the five largest of several
#: hundred Chinese magnet makers hold 17% of capacity (SMM 2024), far from a power law.
SIZE_SPREAD = 0.8
#: Least capacity over activity of a cell, where its table says less (assumption).
LEAST_ROOM = 1.02
#: Most of a cell that its named firms hold together when others stand beside them (assumption).
MOST_NAMED = 0.95


@dataclass(frozen=True)
class Cells:
    """Economy x stage x line, with annual activity and capacity in tonnes (shape [cells])."""

    key: tuple[tuple[str, str, str], ...]
    activity_t: Floats
    capacity_t: Floats
    weight: Floats  # how much a cell matters when spare firms are handed out

    def index(self) -> dict[tuple[str, str, str], int]:
        """Position of each (economy, stage, line)."""
        return {key: i for i, key in enumerate(self.key)}


@dataclass(frozen=True)
class Firms:
    """Firms as arrays of shape [firms]; tonnes a year unless the name says otherwise."""

    name: tuple[str, ...]  # [firms]
    id: npt.NDArray[np.uint64]  # [firms] stable id, from economy, stage, line and name
    cell: Ints  # [firms] base-year cell, -1 for a project, trader or reserve
    economy: Ints  # [firms]
    stage: Ints  # [firms]
    line: tuple[str, ...]  # [firms] ore, grade, metal or end use
    share: Floats  # [firms] of its cell's activity
    activity_t: Floats  # [firms] activity of the base year, of a project at full ramp, t a year
    capacity_t: Floats  # [firms] nameplate, t a year
    start_week: Floats  # [firms] week of the run in which it starts, 0 for firms of the base year
    ramp_weeks: Floats  # [firms] from its start to full nameplate

    def __len__(self) -> int:
        """Number of firms."""
        return len(self.name)


def read_cells(base: BaseYear) -> Cells:
    """Cells with the activity that measures them: main output, or feed for joint production."""
    rows, process = base.table("cells"), base.table("process")
    inputs: dict[tuple[str, str, str], float] = {}
    keys = zip(process["economy"], process["stage"], process["line"], strict=True)
    for key, role, tonnes in zip(keys, process["role"], process["t_per_year"], strict=True):
        if role == "in":
            inputs[key] = inputs.get(key, 0.0) + float(tonnes)
    key_list, activity, capacity = [], [], []
    for row in range(len(rows["economy"])):
        key = (rows["economy"][row], rows["stage"][row], rows["line"][row])
        fed_by_input = key[1] in ("separation", "manufacture", "component") or (
            key[1] == "recycling" and key in inputs
        )
        output = float(rows["output_t"][row])
        key_list.append(key)
        activity.append(inputs[key] if fed_by_input else output)
        capacity.append(max(float(rows["capacity_t"][row]), LEAST_ROOM * activity[-1]))
    size = np.asarray(activity)
    return Cells(tuple(key_list), size, np.asarray(capacity), np.sqrt(size))


def firms_per_cell(cells: Cells, named: npt.NDArray[np.int64], firms: int) -> Ints:
    """How many firms each cell gets: one or its named ones, the rest by the cell's weight.

    ``firms`` is the total wanted; fewer than the cells need is refused with the number needed.
    """
    least = np.maximum(named, 1)
    if firms < least.sum():
        raise InputError(
            f"firms={firms} is too few for this world",
            where="key 'firms'",
            allowed=f"{least.sum()} or more: one for each economy x stage x end use with data",
            remedy=f"set firms={least.sum()} or leave the key out (400)",
        )
    spare = firms - int(least.sum())
    exact = spare * cells.weight / cells.weight.sum()
    extra = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - extra), kind="stable")
    extra[order[: spare - int(extra.sum())]] += 1
    return np.asarray(least + extra, np.int64)


def draw_firms(base: BaseYear, cells: Cells, firms: int, seed: int) -> Firms:
    """All firms of the base year; shares inside each cell add up to one."""
    names = _named_by_cell(base, cells)
    counted = np.array([len(names.get(i, [])) for i in range(len(cells.key))], np.int64)
    counts = firms_per_cell(cells, counted, firms)
    name: list[str] = []
    share: list[Floats] = []
    for cell, key in enumerate(cells.key):
        known = names.get(cell, [])[: int(counts[cell])]
        labels = [label for label, _ in known]
        labels += [f"{'/'.join(key)}/{k}" for k in range(len(known), int(counts[cell]))]
        share.append(_shares(seed, key, labels, np.array([s for _, s in known])))
        name += labels
    cell_of = np.repeat(np.arange(len(cells.key)), counts)
    size = np.concatenate(share)
    keys = [cells.key[i] for i in cell_of]
    return Firms(
        name=tuple(name),
        id=np.array(
            [rng.stable_id("/".join((*k, n))) for k, n in zip(keys, name, strict=True)], np.uint64
        ),
        cell=cell_of,
        economy=np.array([axes.ECONOMY_INDEX[k[0]] for k in keys], np.int64),
        stage=np.array([axes.STAGE_INDEX[k[1]] for k in keys], np.int64),
        line=tuple(k[2] for k in keys),
        share=size,
        activity_t=size * cells.activity_t[cell_of],
        capacity_t=size * cells.capacity_t[cell_of],
        start_week=np.zeros(len(name)),
        ramp_weeks=np.ones(len(name)),
    )


def _named_by_cell(base: BaseYear, cells: Cells) -> dict[int, list[tuple[str, float]]]:
    """Named firms by cell with their share; several add up to at most 0.95 later."""
    rows, index = base.table("named_firms"), cells.index()
    found: dict[int, list[tuple[str, float]]] = {}
    for row in range(len(rows["company"])):
        cell = index.get((rows["economy"][row], rows["stage"][row], rows["line"][row]))
        share = float(rows["share_of_cell"][row])
        if cell is not None and share > 0.0:
            found.setdefault(cell, []).append((str(rows["company"][row]), share))
    return found


def _shares(seed: int, key: tuple[str, str, str], labels: list[str], known: Floats) -> Floats:
    """Shares of a cell's firms: the named ones as given, the others share what is left."""
    others = len(labels) - len(known)
    if others == 0:
        return np.asarray(known / known.sum(), np.float64)
    if known.sum() > MOST_NAMED:
        known = known * (MOST_NAMED / known.sum())
    ids = [rng.stable_id("/".join((*key, label))) for label in labels[len(known) :]]
    size = np.exp(SIZE_SPREAD * rng.normals(seed, "firm size", ids))
    return np.concatenate((known, (1.0 - known.sum()) * size / size.sum()))


def traders(base: BaseYear) -> Firms:
    """Trading firms that can re-route lots; capacity t a year, no base-year activity."""
    rows = base.table("traders")
    count = len(rows["company"])
    keys = [
        (str(e), "trader", str(c)) for e, c in zip(rows["economy"], rows["company"], strict=True)
    ]
    return Firms(
        name=tuple(str(c) for c in rows["company"]),
        id=np.array([rng.stable_id("/".join(key)) for key in keys], np.uint64),
        cell=np.full(count, -1, np.int64),
        economy=np.array([axes.ECONOMY_INDEX[key[0]] for key in keys], np.int64),
        stage=np.full(count, axes.STAGE_INDEX["trader"], np.int64),
        line=tuple("trader" for _ in keys),
        share=np.zeros(count),
        activity_t=np.zeros(count),
        capacity_t=np.array([float(c) for c in rows["capacity_t_per_year"]]),
        start_week=np.zeros(count),
        ramp_weeks=np.ones(count),
    )


def joined(first: Firms, second: Firms) -> Firms:
    """Two sets of firms, one after the other."""
    parts: dict[str, Any] = {}
    for field in fields(Firms):
        one, two = getattr(first, field.name), getattr(second, field.name)
        parts[field.name] = one + two if isinstance(one, tuple) else np.concatenate((one, two))
    return Firms(**parts)
