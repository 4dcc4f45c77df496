"""Does the base year close? By good and economy, by cell input, and by element (relative 1e-9)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tradesim.axes import ELEMENTS
from tradesim.errors import DataError
from tradesim.tables.book import Book, Cell

TOLERANCE = 1e-9


def check(book: Book) -> None:
    """Refuse an open base year, naming the worst identity of the first law that fails."""
    for law, gaps in (("good", good_gaps(book)), ("input", input_gaps(book)),
                      ("element", element_gaps(book))):  # fmt: skip
        name, (gap, size) = max(gaps.items(), key=lambda item: abs(item[1][0]) / item[1][1])
        if abs(gap) / size > TOLERANCE:
            raise DataError(
                f"the base year does not close: {law} identity '{name}' is off by {gap:.6g} t "
                f"of {size:.6g} t",
                where="tables/base", allowed=f"a relative gap of at most {TOLERANCE}",
                remedy="run python -m tradesim.tables.reconcile and correct the prior it names",
            )  # fmt: skip


Gaps = dict[str, tuple[float, float]]


def good_gaps(book: Book) -> Gaps:
    """Net output less all sales, by good and origin, and the flow it is measured by (t/yr)."""
    net: dict[tuple[str, str], float] = defaultdict(float)
    sold: dict[tuple[str, str], float] = defaultdict(float)
    for (economy, _, _, role, good), tonnes in book.process.items():
        if role != "in":
            net[good, economy] += tonnes if role == "out" else -tonnes
    for flow in book.flows:
        sold[flow.good, flow.origin] += flow.tonnes
    return {
        f"{g} {e}": (net[g, e] - sold[g, e], max(net[g, e], sold[g, e], 1e-3))
        for g, e in sorted({*net, *sold})
    }


def input_gaps(book: Book) -> Gaps:
    """Inputs of a recipe less what the flows deliver, by cell and good (t/yr)."""
    used: dict[tuple[str, ...], float] = defaultdict(float)
    for (*cell, role, good), tonnes in book.process.items():
        if role == "in":
            used[(good, *cell)] += tonnes
    for flow in book.flows:
        used[(flow.good, *flow.buyer)] -= flow.tonnes
    size = {
        (good, *cell): tonnes
        for (*cell, role, good), tonnes in book.process.items()
        if role == "in"
    }
    return {" ".join(key): (gap, size.get(key, 1e-6)) for key, gap in used.items()}


def element_gaps(book: Book) -> Gaps:
    """Content in less content out less stated loss, by element over the whole chain (t/yr)."""
    scrap = _Scrap.of(book)
    gaps: Gaps = {}
    for element in ELEMENTS:
        entered, lost, ended = chain(book, element, scrap)
        gaps[element] = (entered - lost - ended, entered)
    return gaps


@dataclass(frozen=True)
class _Scrap:
    """All scrap of the world: swarf by grade (t/yr), and old scrap with China's mix of grades."""

    grades: dict[str, float]
    old: dict[str, float]

    @classmethod
    def of(cls, book: Book) -> _Scrap:
        world: dict[str, float] = defaultdict(float)
        china: dict[str, float] = defaultdict(float)
        collected = 0.0
        for (economy, stage, line, _, good), tonnes in book.process.items():
            if good == "scrap_NdFeB" and stage == "magnet":
                world[line] += tonnes
                china[line] += tonnes if economy == "CHN" else 0.0
            if line == "collection":
                collected += tonnes
        total = sum(china.values()) or 1.0
        return cls(dict(world), {g: collected * t / total for g, t in china.items()})

    def content(self, book: Book, element: str, *, old: bool) -> float:
        """Oxide equivalent of old scrap or of swarf, t/yr."""
        grades = self.old if old else self.grades
        return sum(t * book.content.get((g, element), 0.0) for g, t in grades.items())


def chain(book: Book, element: str, scrap: _Scrap | None = None) -> tuple[float, float, float]:
    """(entered, lost, ended) of an element in t oxide/yr.

    Entered: mines and old scrap. Lost: separation, recycling, metal and magnet making. Ended:
    built into components, used by manufacturers, disposed of.
    """
    scrap = scrap or _Scrap.of(book)
    oxide = f"oxide_{element}"
    old = scrap.content(book, element, old=True)
    entered, ended = old, 0.0
    lost = old + scrap.content(book, element, old=False)
    for (economy, stage, line, role, good), tonnes in book.process.items():
        if stage == "mine" and role == "out":
            share = 1.0 if good == oxide else book.composition.get((economy, good, element), 0.0)
            entered += tonnes * share
        elif good == oxide:
            gone, done = _oxide(book, (economy, stage, line), role, element, tonnes)
            lost, ended = lost + gone, ended + done
        elif role == "in" and (stage == "component" or good == "target_RE"):
            ended += tonnes * book.content.get((good, element), 0.0)
    return entered, lost, ended


def _oxide(book: Book, cell: Cell, role: str, element: str, tonnes: float) -> tuple[float, float]:
    """What one oxide line of a recipe adds to (lost, ended), t/yr."""
    economy, stage, line = cell
    if role == "disposal":
        return 0.0, tonnes
    if stage == "separation":
        return tonnes * (1.0 / book.recovery[economy, line, element] - 1.0), 0.0
    if stage == "recycling":
        return -tonnes, 0.0  # all scrap was counted as lost; what is recovered comes back
    if stage in ("metal", "magnet"):
        return tonnes * (1.0 - book.parameters["metal_yield"]), 0.0
    return 0.0, tonnes
