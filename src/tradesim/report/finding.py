"""The finding in one sentence and the key table, both read from the table ``headline``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradesim.axes import MAGNETS, OXIDES
from tradesim.report import figures_market, labels, theme
from tradesim.report.labels import sql_list
from tradesim.report.reading import Reading

RECOVERED = 0.9
#: A peak ask below this multiple of its base is not worth a peak; t below which nothing is missing.
CALM, LEAST_T = 1.1, 0.5
KEY_ECONOMIES = ("EU27", "USA", "JPN", "KOR", "CHN")
_DEFINITION_WORDS = {
    "physical": "physical",
    "rationed": "rationed",
    "price_destroyed": "price-destroyed",
}


@dataclass(frozen=True)
class Quantity:
    """Quantiles of one number over the runs in which it exists (``n`` of ``runs``)."""

    p10: float
    p50: float
    p90: float
    n: int
    runs: int
    whole: bool = False

    @property
    def middle(self) -> str:
        """The median at two significant figures, or as a whole number."""
        return self._text(self.p50)

    @property
    def span(self) -> str:
        """``a–b`` from p10 to p90."""
        return f"{self._text(self.p10)}–{self._text(self.p90)}"

    @property
    def spread(self) -> str:
        """`` [a–b]`` from p10 to p90, empty for a single run."""
        return f" [{self.span}]" if self.n > 1 else ""

    def cell(self, value: float) -> str:
        """One of the quantiles for a table: three significant figures, nothing below 0.01."""
        if self.whole:
            return self._text(value)
        return "<0.01" if 0 < value < 0.01 else theme.number(value)

    def _text(self, value: float) -> str:
        return f"{value:,.0f}" if self.whole else theme.number(value, 2)


@dataclass(frozen=True)
class Row:
    """One row of the key table; ``cells`` are p10, p50 and p90 as printed."""

    metric: str
    subject: str
    cells: tuple[str, str, str]
    unit: str
    runs: str
    more: bool = False


def quantity(values: np.ndarray, scale: float = 1.0, whole: bool = False) -> Quantity:
    """Quantiles of one value per run (1-D, any unit, times ``scale``); nan: did not happen.

    ``whole`` prints whole numbers in sentences.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)] * scale
    if known.size == 0:
        return Quantity(float("nan"), float("nan"), float("nan"), 0, len(values))
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9))
    return Quantity(float(low), float(middle), float(high), known.size, len(values), whole)


class Findings:
    """Headline numbers of the main world, one array over seeds per metric."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        frame = reading.query(
            f"SELECT * FROM headline WHERE scenario IN ({sql_list([reading.main])})"
        )
        frame = frame.astype(dict.fromkeys(("metric", "economy", "good", "end_use"), str))
        self._frame = frame[frame["end_use"] == "all"]
        self.seeds = sorted(frame["seed"].unique())

    def runs(self, metric: str, economy: str, good: str | tuple[str, ...] = "all") -> np.ndarray:
        """Values over seeds (1-D, unit of the metric), summed over ``good`` if it is a tuple.

        A metric that the table does not hold gives nan for every seed.
        """
        goods = (good,) if isinstance(good, str) else good
        f = self._frame
        rows = f[(f["metric"] == metric) & (f["economy"] == economy) & f["good"].isin(goods)]
        sums = rows.groupby("seed")["value"].sum(min_count=1)
        return np.asarray(sums.reindex(self.seeds).to_numpy(dtype=float))

    def export_ratios(self) -> pd.DataFrame:
        """Seeds × months of Chinese magnet exports over those of the comparison (ratio)."""
        f = self._frame
        name = "magnet_exports_ratio:"
        rows = f[f["metric"].str.startswith(name) & (f["economy"] == "CHN")]
        rows = rows.assign(month=rows["metric"].str.slice(len(name)))
        return rows.pivot_table(index="seed", columns="month", values="value", aggfunc="first")

    def trough(self) -> tuple[str, Quantity] | None:
        """Month (``2025-05``) with the lowest median export ratio, and the ratio in per cent."""
        ratios = self.export_ratios()
        middles = ratios.median()
        if self.reading.other is None or middles.isna().all():
            return None
        month = str(middles.idxmin())
        return month, quantity(ratios[month].to_numpy(), 100.0)

    def recovery(self, after: str) -> tuple[list[str], np.ndarray]:
        """Months after the trough, and per seed the first in which exports are back at 90%.

        Positions in the months; nan for a seed that does not recover within the run.
        """
        ratios = self.export_ratios()
        months = [str(m) for m in ratios.columns if str(m) > after]
        back = ratios[months].to_numpy() >= RECOVERED
        first = np.where(back.any(axis=1), back.argmax(axis=1), np.nan) if months else np.full(
            len(ratios), np.nan)  # fmt: skip
        return months, first

    def shortfall(self, kind: str, economy: str) -> Quantity:
        """Magnets of all grades missing in the first year, t."""
        return quantity(self.runs(f"shortfall_{kind}:first_year", economy, MAGNETS))

    def ask_peak(self, economy: str, good: str) -> Quantity:
        """Highest monthly ask over its base (ratio)."""
        return quantity(self.runs("ask_peak_ratio", economy, good))

    def stoppage(self, economy: str) -> Quantity:
        """Weeks from the first control to the first plant that stops."""
        return quantity(self.runs("weeks_to_first_stoppage", economy), whole=True)


def month_name(code: str, short: bool = False) -> str:
    """``2025-05`` → ``May 2025``."""
    return f"{pd.Timestamp(code + '-01'):{'%b' if short else '%B'} %Y}"


def month_at(months: list[str], place: float) -> str:
    """Name of the month at a (rounded-up) position; ``not in this run`` for nan."""
    if not np.isfinite(place):
        return "not in this run"
    return month_name(months[int(np.ceil(place - 1e-9))], short=True)


def recovery_quantiles(first: np.ndarray) -> tuple[float, float, float]:
    """p10, p50, p90 of a month's position, runs that never recover counting as later than all."""
    late = np.where(np.isfinite(first), first, np.inf)
    if late.size == 0:
        return (np.nan, np.nan, np.nan)
    values = np.quantile(late, (0.1, 0.5, 0.9), method="higher")
    low, middle, high = (float(v) if np.isfinite(v) else float("nan") for v in values)
    return low, middle, high


def sentence(findings: Findings) -> str:
    """The finding in one sentence: %, USD ratios, tonnes and weeks, each with p10–p90."""
    parts = (_export_clause, _ask_clause, _shortfall_clause, _stoppage_clause)
    clauses = [clause for clause in (part(findings) for part in parts) if clause]
    count = len(findings.seeds)
    runs = f"medians, in brackets p10–p90, of {count} runs" if count > 1 else "one run, no spread"
    body = "; ".join(clauses) if clauses else "the tables hold no headline number"
    return f"{body[:1].upper()}{body[1:]} ({runs})."


def _export_clause(findings: Findings) -> str:
    found = findings.trough()
    if found is None:
        return _level_clause(findings.reading)
    month, low = found
    other = findings.reading.other or ""
    if low.p50 >= 100 * RECOVERED:
        return (f"China’s magnet exports stay near those of {other}: {low.middle}%"
                f"{low.spread} of them in the weakest month, {month_name(month)}")  # fmt: skip
    months, first = findings.recovery(month)
    back = recovery_quantiles(first)[1]
    tail = f"and are not back at {RECOVERED:.0%} within the run"
    if np.isfinite(back):
        tail = f"and are back at {RECOVERED:.0%} or more by {month_name(months[int(back)])}"
    return (f"China’s magnet exports fall to {low.middle}%{low.spread} of those in "
            f"{other} in {month_name(month)} {tail}")  # fmt: skip


def _level_clause(reading: Reading) -> str:
    words = "compared with no other world, "
    if "markets" not in reading.results.tables:
        return words + "this scenario shows levels and not effects"
    fan = figures_market.export_fans(reading).get((reading.main, ""))
    if fan is None:
        return words + "China exports no magnets"
    places = np.nanargmin(fan.median), np.nanargmax(fan.median)
    low, high = (float(fan.median[place]) for place in places)
    return f"{words}China’s magnet exports move between {low:,.0f} and {high:,.0f} t a month"


def _ask_clause(findings: Findings) -> str:
    peak = findings.ask_peak("EU27", "oxide_Dy")
    if not peak.n:
        return ""
    if peak.p90 < CALM:
        return f"the EU ask of Dy oxide stays within {CALM - 1:.0%} of its base"
    return f"the EU ask of Dy oxide peaks at {peak.middle} times{peak.spread} its base"


def _shortfall_clause(findings: Findings) -> str:
    if findings.reading.other is None:
        return ""
    world = findings.shortfall("physical", "world")
    if world.n and world.p90 < LEAST_T:
        return "no magnets are missing in the first year (physical shortfall)"
    parts = []
    for economy in ("EU27", "JPN", "USA", "CHN"):
        lost = findings.shortfall("physical", economy)
        if lost.n:
            amount = f"{lost.middle} t{lost.spread}" if lost.p90 >= LEAST_T else "none"
            parts.append(f"{amount} in {_the(economy)}")
    if not parts:
        return ""
    return "magnets missing in the first year (physical shortfall) come to " + labels.joined(parts)


def _the(economy: str) -> str:
    name = labels.economy(economy)
    return f"the {name}" if economy in ("EU27", "USA", "GBR", "PHL") else name


def _stoppage_clause(findings: Findings) -> str:
    weeks = findings.stoppage("outside_CHN")
    if not weeks.n:
        return "no plant outside China stops for want of an input"
    some = f" in {weeks.n} of {weeks.runs} runs" if weeks.n < weeks.runs else ""
    return (f"the first plant outside China stops{some} {weeks.middle} weeks"
            f"{weeks.spread} after the first control takes effect")  # fmt: skip


def key_table(findings: Findings) -> list[Row]:
    """Rows of the key table, each with its units; ``more`` are folded away at first."""
    return [
        *_export_rows(findings), *_stoppage_rows(findings), *_ask_rows(findings),
        *_shortfall_rows(findings),
    ]  # fmt: skip


def _row(metric: str, subject: str, q: Quantity, unit: str, more: bool = False) -> Row:
    cells = (q.cell(q.p10), q.cell(q.p50), q.cell(q.p90))
    if q.n <= 1:
        cells = ("–", cells[1] if q.n else "did not happen", "–")
    return Row(metric, labels.economy(subject), cells, unit, f"{q.n} of {q.runs}", more)


def _export_rows(findings: Findings) -> list[Row]:
    found = findings.trough()
    if found is None:
        return []
    month, low = found
    name = f"Magnet exports, lowest month ({month_name(month)})"
    rows = [_row(name, "CHN", low, f"% of {findings.reading.other}")]
    months, first = findings.recovery(month)
    late = [month_at(months, place) for place in recovery_quantiles(first)]
    n = int(np.isfinite(first).sum())
    if len(first) == 1:
        late = ["–", late[1], "–"]
    rows.append(Row("Magnet exports back at 90%", "China", (late[0], late[1], late[2]), "month",
                    f"{n} of {len(first)}"))  # fmt: skip
    return rows


def _stoppage_rows(findings: Findings) -> list[Row]:
    return [
        _row("First plant stops after the control", e, findings.stoppage(e), "weeks", e == "KOR")
        for e in ("outside_CHN", *KEY_ECONOMIES)
    ]


def _ask_rows(findings: Findings) -> list[Row]:
    first = [("EU27", f"oxide_{e}") for e in ("Dy", "Tb", "Y", "Nd", "La")] + [("CHN", "oxide_Dy")]
    rest = [("EU27", good) for good in (*OXIDES, *MAGNETS)] + [("CHN", good) for good in OXIDES]
    rows = []
    for economy, good in dict.fromkeys(first + rest):
        peak = findings.ask_peak(economy, good)
        if peak.n:
            subject = f"{labels.good(good)}, {labels.economy(economy)}"
            more = (economy, good) not in first
            rows.append(_row("Peak ask over its base", subject, peak, "× base", more))
    return rows


def _shortfall_rows(findings: Findings) -> list[Row]:
    rows = []
    for kind, word in _DEFINITION_WORDS.items():
        for economy in ("outside_CHN", *KEY_ECONOMIES):
            lost = findings.shortfall(kind, economy)
            if lost.n:
                name = f"Magnets missing in the first year, {word}"
                rows.append(_row(name, economy, lost, "t", kind != "physical"))
    return rows
