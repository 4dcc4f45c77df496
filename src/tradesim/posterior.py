"""The posterior sample: what the calibration left open, drawn seed by seed.

``tables/posterior/parameters.csv`` declares every calibrated quantity: the keys it sets, prior
range, unit and source. ``tables/posterior/draws.csv`` holds equally likely draws from the
posterior, in random order. With ``uncertainty=posterior`` seed *s* runs with draw *s* modulo their
number, the same draw in every scenario, so that scenarios of one seed stay paired.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tradesim.errors import DataError
from tradesim.parameters import MarketParameters
from tradesim.scenario import Scenario

FOLDER = Path(__file__).parent / "tables" / "posterior"
#: The point estimates of behaviour.
_DEFAULTS = MarketParameters()
_COLUMNS = ("name", "keys", "low", "high", "scale", "unit", "case", "role", "source")


@dataclass(frozen=True)
class Calibrated:
    """One calibrated quantity: the dotted keys it sets together and its prior.

    The prior is uniform between ``low`` and ``high`` (in ``unit``), on a log scale if ``log``.
    ``case`` is the episode that informs it: ``2025``, ``2010`` or ``both``. What is ``searched`` is
    proposed near what fitted before; the rest, which hardly moves the targets, is drawn from its
    prior again and again and kept with what fits.
    """

    name: str
    keys: tuple[str, ...]
    low: float
    high: float
    log: bool
    unit: str
    case: str
    searched: bool
    source: str


@lru_cache(maxsize=1)
def calibrated() -> tuple[Calibrated, ...]:
    """All calibrated quantities, in the order of the draws' columns.

    Raises :class:`DataError` naming the row that lacks a range, a unit or a source.
    """
    path = FOLDER / "parameters.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return tuple(_parameter(number, row) for number, row in enumerate(rows, start=2))


def _parameter(line: int, row: Mapping[str, str | None]) -> Calibrated:
    for column in _COLUMNS:
        if not (row.get(column) or "").strip():
            raise DataError(
                f"a calibrated quantity without {column}",
                where=f"posterior/parameters.csv, line {line}, column {column}",
                allowed="a value in every cell",
                remedy="fill the cell or remove the row",
            )
    text = {column: str(row[column]) for column in _COLUMNS}
    low, high = float(text["low"]), float(text["high"])
    if not low < high or text["scale"] not in {"linear", "log"}:
        raise DataError(
            f"the prior of '{text['name']}' is no range",
            where=f"posterior/parameters.csv, line {line}",
            allowed="low < high, scale linear or log (then low > 0)",
            remedy="correct the row",
        )
    return Calibrated(
        text["name"], tuple(text["keys"].split(";")), low, high, text["scale"] == "log",
        text["unit"], text["case"], text["role"] == "searched", text["source"],
    )  # fmt: skip


@lru_cache(maxsize=1)
def draws() -> NDArray[np.float64]:
    """The posterior sample [draws, calibrated quantities], each in its own unit.

    Raises :class:`DataError` when its columns are not the calibrated quantities.
    """
    path = FOLDER / "draws.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        header, *lines = list(csv.reader(handle))
    if tuple(header) != tuple(quantity.name for quantity in calibrated()):
        raise DataError(
            "the posterior sample does not fit the calibrated quantities",
            where=f"posterior/{path.name}",
            allowed="one column for each row of parameters.csv, in its order",
            remedy="run tradesim calibrate anew, or restore the two files",
        )
    return np.array(lines, np.float64)


def keys() -> tuple[str, ...]:
    """Every dotted key that a draw sets."""
    return tuple(key for quantity in calibrated() for key in quantity.keys)


def free(
    worlds: Sequence[Scenario], named: Collection[str], pages: Mapping[str, Path]
) -> tuple[str, ...]:
    """Keys that a draw may set in these worlds: those that nobody has named or changed.

    ``worlds`` is the scenario, then the world it is compared with; ``named`` are keys of the
    command line, ``pages`` the policies' pages by name. A key keeps its value when it is named, or
    when a world has another value than the default of the parameter or the policy's page.
    """
    return tuple(
        key
        for key in keys()
        if key not in named
        and (key.startswith("market.") or key.split(".")[1] in worlds[0].policies)
        and all(_untouched(world, key, pages) for world in worlds)
    )


def _untouched(world: Scenario, key: str, pages: Mapping[str, Path]) -> bool:
    root, *path = key.split(".")
    if root == "market":
        return bool(getattr(world.market, path[0]) == getattr(_DEFAULTS, path[0]))
    if path[0] not in world.policies:
        return True
    page = yaml.safe_load(pages[path[0]].read_text(encoding="utf-8")) if path[0] in pages else {}
    return bool(_at(world.policies[path[0]], path[1:]) == _at(page, path[1:]))


def _at(tree: Any, path: Sequence[str]) -> Any:
    for step in path:
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def with_draw(scenario: Scenario, seed: int, drawn: Collection[str]) -> Scenario:
    """The scenario with the values that the draw of ``seed`` has for the keys in ``drawn``.

    Keys of policies that the scenario lacks are passed over.
    """
    sample = draws()
    values = sample[seed % len(sample)]
    found = {
        key: float(value)
        for quantity, value in zip(calibrated(), values, strict=True)
        for key in quantity.keys
        if key in drawn
    }
    return with_values(scenario, found)


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with ``values`` by dotted key (``market.…``, ``policies.NAME.…``).

    The result is validated; keys of policies that the scenario lacks are passed over.
    """
    market = {key.partition(".")[2]: v for key, v in values.items() if key.startswith("market.")}
    policies = deepcopy(dict(scenario.policies))
    for key, value in values.items():
        head, *path = key.split(".")
        if head == "policies" and path[0] in policies:
            _put(policies, path, value)
    merged = type(scenario.market).model_validate(scenario.market.model_dump() | market)
    return scenario.model_copy(update={"market": merged, "policies": policies})


def _put(tree: dict[str, Any], path: list[str], value: float) -> None:
    for step in path[:-1]:
        tree[step] = dict(tree.get(step) or {})
        tree = tree[step]
    tree[path[-1]] = value
