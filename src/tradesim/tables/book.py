"""The ledger of the base year while it is being built: recipes, flows, adjustments."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tradesim.errors import DataError

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
ASSUMPTIONS = HERE / "assumptions"
BASE = HERE / "base"
#: Tables of other base years, by year.
VINTAGES: Mapping[int, Path] = {2009: HERE / "base_2009"}

Cell = tuple[str, str, str]  # economy, stage, line
Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """All rows of a CSV file as dictionaries of text."""
    if not path.exists():
        raise DataError(
            f"table '{path.name}' is missing", where=str(path.parent.name),
            allowed="the tables shipped with tradesim", remedy="reinstall the package",
        )  # fmt: skip
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@dataclass(frozen=True)
class Flow:
    """One annual flow from an economy's pooled sellers of a good to one cell, t/yr."""

    good: str
    origin: str
    buyer: Cell
    end_use: str
    tonnes: float
    quality: str
    rule: str
    source: str


@dataclass
class Book:
    """What the builders write and the writer prints; every number is t/yr of 2024."""

    process: dict[tuple[str, str, str, str, str], float] = field(default_factory=dict)
    cells: dict[Cell, dict[str, str | float]] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    adjustments: list[dict[str, str | float]] = field(default_factory=list)
    content: dict[tuple[str, str], float] = field(default_factory=dict)
    composition: dict[tuple[str, str, str], float] = field(default_factory=dict)
    recovery: dict[tuple[str, str, str], float] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)
    nameplates: dict[Cell, float] = field(default_factory=dict)

    @classmethod
    def start(cls) -> Book:
        """An empty ledger with the parameters and oxide mass factors read."""
        book = cls()
        for row in read_rows(ASSUMPTIONS / "parameters.csv"):
            book.parameters[row["name"]] = float(row["value"])
        for row in read_rows(ASSUMPTIONS / "oxide_factors.csv"):
            book.factors[row["element"]] = float(row["t_oxide_per_t_element"])
        for row in read_rows(ASSUMPTIONS / "capacity.csv"):
            place = (row["economy"], row["stage"], row["line"])
            book.nameplates[place] = float(row["capacity_t"])
        return book

    def cell(self, cell: Cell, good: str, output: float, quality: str, rule: str, source: str,
             capacity: float | None = None) -> None:  # fmt: skip
        """Declare a cell with its main output good and annual output (or feed), t/yr."""
        nameplate = self.nameplates.get(cell) if capacity is None else capacity
        size = output / self.parameters["utilisation"] if nameplate is None else nameplate
        self.cells[cell] = {
            "output_good": good, "output_t": output, "capacity_t": max(size, output),
            "quality": quality, "rule": rule, "source": source,
        }  # fmt: skip

    def add(self, cell: Cell, role: str, good: str, tonnes: float) -> None:
        """Add ``tonnes`` to one line of a cell's annual recipe; zero is not recorded."""
        if tonnes > 0.0:
            key = (*cell, role, good)
            self.process[key] = self.process.get(key, 0.0) + tonnes

    def flow(self, good: str, origin: str, buyer: Cell, tonnes: float, quality: str, rule: str,
             source: str) -> None:  # fmt: skip
        """Record a flow; its end use is the buyer's line for the two stages that certify one."""
        if tonnes <= 0.0:
            return
        final = buyer[1] in ("component", "manufacture")
        use = buyer[2] if final else "undeclared"
        self.flows.append(Flow(good, origin, buyer, use, tonnes, quality, rule, source))

    def adjust(self, item: str, rule: str, prior: float, result: float, sigma: float,
               quality: str, source: str, unit: str = "t/yr") -> None:  # fmt: skip
        """List an adjustment of a prior figure."""
        change = 100.0 * (result / prior - 1.0) if prior else 0.0
        self.adjustments.append({
            "item": item, "rule": rule, "prior": prior, "reconciled": result,
            "change_pct": change, "unit": unit, "sigma": sigma, "quality": quality,
            "source": source,
        })  # fmt: skip

    def use(self, good: str, stages: Iterable[str] = ()) -> dict[Cell, float]:
        """Annual input of a good by cell (t/yr), of all stages or only those named."""
        wanted = set(stages)
        return {
            (e, s, n): t
            for (e, s, n, role, g), t in self.process.items()
            if role == "in" and g == good and (not wanted or s in wanted)
        }

    def net_output(self, good: str) -> dict[str, float]:
        """Output less disposal of a good by economy, t/yr."""
        totals: dict[str, float] = {}
        for (economy, _, _, role, g), tonnes in self.process.items():
            if g == good and role in ("out", "disposal"):
                sign = 1.0 if role == "out" else -1.0
                totals[economy] = totals.get(economy, 0.0) + sign * tonnes
        return totals
