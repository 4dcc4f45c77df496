"""Reader of the reconciled world balance and its flows (tables/sources/reconciled_*.csv)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tradesim.errors import DataError
from tradesim.tables.book import SOURCES, read_rows

SOURCE = "reconciled_balance.csv"
FLOW_SOURCE = "reconciled_flows.csv"
#: The fifteen elements that ores carry; scandium comes as a by-product of other metals.
ORE_ELEMENTS: tuple[str, ...] = (
    "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Y",
)  # fmt: skip


@dataclass(frozen=True)
class Balance:
    """Figures of the reconciled balance by (element, economy, stage, item), and trade lanes."""

    values: dict[tuple[str, str, str, str], float]
    lanes: dict[tuple[str, str, str], float]

    @classmethod
    def read(cls) -> Balance:
        """Read both tables; units are t/yr, oxides unless the item says otherwise."""
        values = {
            (row["element"], row["economy"], row["stage"], row["item"]): float(row["value"])
            for row in read_rows(SOURCES / SOURCE)
            if row["stage"] != "adjustment"
        }
        lanes = {
            (row["good"], row["origin"], row["destination"]): float(row["t_per_year"])
            for row in read_rows(SOURCES / FLOW_SOURCE)
        }
        return cls(values, lanes)

    def get(self, element: str, economy: str, stage: str, item: str) -> float:
        """One figure that must exist."""
        try:
            return self.values[(element, economy, stage, item)]
        except KeyError:
            raise DataError(
                f"the balance has no figure for {element}, {economy}, {stage}, {item}",
                where=SOURCE, allowed="a row with these keys", remedy="add the row to the table",
            ) from None  # fmt: skip

    def find(self, element: str, economy: str, stage: str, item: str) -> float:
        """One figure, or 0 when the balance has no such row."""
        return self.values.get((element, economy, stage, item), 0.0)

    def contained(self, economy: str) -> dict[str, float]:
        """Element content of an economy's mine output, t oxide/yr."""
        return {e: self.find(e, economy, "mine", f"contained_{e}") for e in ORE_ELEMENTS}

    def separated(self, economy: str) -> dict[str, float]:
        """Primary separated oxides of an economy, t oxide/yr, before disposal."""
        return {e: self.find(e, economy, "separation", f"oxide_{e}") for e in ORE_ELEMENTS}

    def world(self, element: str, stage: str) -> float:
        """A world total by element, t oxide/yr."""
        return self.get(element, "World", stage, f"oxide_{element}")

    @staticmethod
    def adjustments() -> list[tuple[str, float, float, float, str]]:
        """(item, prior, reconciled, sigma, quality) of the tried world reconciliation."""
        pattern = re.compile(r"prior ([0-9.e+-]+), reconciled ([0-9.e+-]+), relative sigma (.+)")
        found = []
        for row in read_rows(SOURCES / SOURCE):
            match = pattern.search(row["note"]) if row["stage"] == "adjustment" else None
            if match:
                prior, after, sigma = (float(part) for part in match.groups())
                found.append((row["item"], prior, after, sigma, row["quality"]))
        return found

    def row(self, good: str, origin: str) -> dict[str, float]:
        """Destinations and t/yr of one origin's lanes of a good."""
        return {d: t for (g, o, d), t in self.lanes.items() if g == good and o == origin}
