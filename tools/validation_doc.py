"""Write ``docs/validation.md``: ``python tools/validation_doc.py DIR2025 DIR2010``.

The folders come from ``tradesim backtest``: ``backtest.csv``, ``scores.csv``, ``manifest.json``
and, where another world stands beside, ``backtest_beside.csv`` and ``scores_beside.csv``. What the
data pin down is read from the shipped posterior. Hits and misses alike; nothing by hand.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tradesim.analysis.backtest import naive, periods, records
from tradesim.analysis.backtest.records import Record
from tradesim.errors import InputError
from tradesim.posterior import FOLDER
from tradesim.report import theme
from tradesim.report.backtest import bounds

PAGE = Path(__file__).resolve().parents[1] / "docs" / "validation.md"
#: A posterior at least this wide, as a share of its prior, is called not pinned down.
WIDE_SHARE = 0.5
#: Common part of two samples' ranges, over the shorter, from which they are said to agree.
AGREES = 0.5
HEAD = """\
# Validation

Generated from back-test folders by `python tools/validation_doc.py`; do not edit by hand. What the
model is not good for stands in [limits.md](limits.md), what it does in [model.md](model.md), how
the scores are made in [decision 0030](decisions/0030-records-baselines-scores.md).

"""
RULES = """\
## How to read it

* **Fitted to** means that parameters were set with the help of these records: agreement describes
  the fit. **Predicted** means that no parameter was set by them; only these are evidence.
* Model figures are the median with p10 and p90 over the runs in brackets. CRPS, the continuous
  ranked probability score, is in the unit of the series; lower is better.
* **Baselines.** *Last value*: the last value known before the control, for every later period.
  *Last year*: the same month or quarter a year before, where only a span was recorded what is left
  of it spread evenly. *One step*: the recorded period before, learnt anew each time, which the
  model does not do. A baseline with five or more past errors is spread by them, else it is a point
  and its CRPS the absolute error; a point is an easier opponent than a forecast with the right
  spread.
* Prices inside China are recorded without VAT. The model's stand on export prices of 2024, in which
  13% are contained, and are compared less these; levels differ by what prices did since the base
  year. *Of change* is the log error of the change since before the control.
* **Not quite predictions.** Total magnet exports from February 2024 to March 2025 set the depth of
  the customs calendar and the scatter of a month
  ([decision 0031](decisions/0031-customs-calendar.md)), and the first quarter of 2025 is the level
  that the fitted months are measured in. They stand under *predicted*, but that they lie in the
  band says little. That oxides are exported apart from metals, and that Chinese prices are taken
  less tax, was settled after looking at records of those series.
* The episode of 2010 runs on flows of 2024 rescaled; its levels of tonnage are an assumption.
* Series and later months without a record here are written to `backtest.csv` all the same, so that
  they can be scored by somebody who has the record.

"""
_SHAPES = {
    "sign_agreement": "signs of change that agree",
    "turning_points": "recorded turning points met",
    "trough_shift": "trough, periods late (+) or early (−)",
    "peak_shift": "peak, periods late (+) or early (−)",
    "rank_spearman": "rank order, Spearman",
    "rank_kendall": "rank order, Kendall",
    "event_share": "runs with a stopped plant when one was reported",
    "first_stop_shift": "first stop, periods late (+) or early (−)",
    "log_error_spans": "log error over spans",
}
_BASELINES = ("last_value_origin", "same_period_last_year", "last_value_one_step")
_SUMMARY = (
    "parameter", "prior_low", "prior_high", "p10", "p50", "p90", "share_of_prior_width",
)  # fmt: skip
_MARKS = {"hit": "hit", "miss": "**miss**"}


@dataclass(frozen=True)
class Folder:
    """One back-test folder read: quantiles, scores, manifest."""

    path: Path
    quantiles: pd.DataFrame
    scores: pd.DataFrame
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path, ending: str = "") -> Folder:
        """The three files; :class:`InputError` names the one that is missing.

        ``ending`` ``_beside`` reads the world that stands beside.
        """
        quantiles, told = f"backtest{ending}.csv", f"scores{ending}.csv"
        for name in (quantiles, told, "manifest.json"):
            if not (path / name).exists():
                raise InputError(
                    f"'{name}' is missing", where=str(path), allowed="a folder of a back-test",
                    remedy="run tradesim backtest 2025 (or 2010) with out=DIR",
                )  # fmt: skip
        scores = pd.read_csv(path / told, dtype={"case": str}, keep_default_na=False)
        scores["value"] = pd.to_numeric(scores["value"], errors="coerce")
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        return cls(path, pd.read_csv(path / quantiles), scores, manifest)

    @property
    def case(self) -> str:
        """``2025`` or ``2010``."""
        return str(self.scores["case"].iloc[0])

    @property
    def command(self) -> str:
        """The command that makes the folder again, as the manifest says it."""
        seeds = self.manifest.get("seeds", ())
        plain = f"tradesim backtest {self.case} seeds={len(seeds)}"
        return str(self.manifest.get("command") or plain)

    def told(self, series: str, period: str) -> str:
        """Median with p10 and p90; '' where the run has no such period."""
        rows = self.quantiles
        own = rows[(rows["series"] == series) & (rows["period"] == period)]
        if own.empty:
            return ""
        value = own.set_index("statistic")["value"]
        low, middle, high = (theme.number(float(value[s])) for s in ("p10", "p50", "p90"))
        return f"{middle} [{low}–{high}]"


def page(folders: Sequence[Folder], alone: Folder | None = None, fitted: Path = FOLDER) -> str:
    """The whole page as Markdown; ``fitted`` holds what is said of the posterior."""
    lines = [HEAD + "## Verdict\n", *verdict(folders), "", RULES]
    for folder in folders:
        lines += [*episode(folder), ""]
        if alone and folder.case == alone.case:
            lines += [*side_by_side(folder, alone), ""]
    lines += [*posterior(fitted), "", *reproduce(folders)]
    return "\n".join(lines).rstrip() + "\n"


def verdict(folders: Sequence[Folder]) -> Iterator[str]:
    """The plain words: bounds met and missed, and whether predictions beat the baselines."""
    for folder in folders:
        told = bounds(folder.scores)
        missed = [row["told"] for row in told if row["word"] == "miss"]
        hits = sum(row["word"] == "hit" for row in told)
        yield f"**{folder.case}**: {hits} of {len(told)} bounds met." + (
            " Missed:" if missed else ""
        )
        yield ""
        yield from (f"* {words}" for words in missed)
        yield from [""] * bool(missed)
        yield from _skills(folder)
        yield ""


def _skills(folder: Folder) -> Iterator[str]:
    rows = folder.scores
    skill = rows[(rows["score"] == "crps_skill") & rows["value"].notna()]
    for role, words in (("target", "fitted to"), ("prediction", "predicted")):
        for name in naive.BASELINES:
            own = skill[(skill["role"] == role) & (skill["baseline"] == name)]
            if len(own):
                won = own[own["value"] > 0]["series"]
                lost = sorted(set(own["series"]) - set(won))
                yield (f"* Series {words}: CRPS below *{name.replace('_', ' ')}* in {len(won)} of "
                       f"{len(own)}" + (f"; not in {_codes(lost)}." if lost else "."))  # fmt: skip


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def episode(folder: Folder) -> Iterator[str]:
    """One back-test: bounds, targets, predictions, scores, shapes."""
    yield f"## {folder.case}"
    yield ""
    runs = len(folder.manifest.get("seeds", ()))
    yield f"{runs} runs, result `{str(folder.manifest.get('result_hash', ''))[:12]}`."
    yield ""
    yield from table(("bound", "verdict", "kind"), (
        (row["told"], _MARKS.get(row["word"], row["word"]), _role(row["role"]))
        for row in bounds(folder.scores)
    ))  # fmt: skip
    for role, title in (("target", "Fitted to"), ("prediction", "Predicted")):
        yield from ("", f"### {title}, {folder.case}", "")
        yield from table(
            ("series", "period", "record", "range", "model", "last value", "last year", "one step"),
            record_rows(folder, role),
        )
    yield from ("", f"### Scores, {folder.case}", "")
    yield from score_table(folder)
    yield from ("", f"### Turning points, order, tests, {folder.case}", "")
    yield from table(("series", "score", "value", "n", "note"), shape_rows(folder))


def _role(role: str) -> str:
    return {"target": "fitted to", "prediction": "predicted"}.get(role, role)


def record_rows(folder: Folder, role: str) -> Iterator[tuple[str, ...]]:
    """Every record of a role beside model and baselines."""
    found = records.observations(folder.case)
    window = periods.window(folder.case)
    for series in dict.fromkeys(r.series for r in found if r.role == role):
        own = [r for r in found if r.series == series]
        told = naive.forecasts(own, window)
        for record in own:
            if record.role == role:
                beside = [told.get((record.period, name)) for name in _BASELINES]
                model = folder.told(series, _period(record))
                if not model and _spans(record, folder):
                    model = "see scores over spans"
                yield (f"`{series}`", record.period, _value(record), _range(record),
                       model or "not run", *("" if f is None else theme.number(f.value)
                                             for f in beside))  # fmt: skip


def _spans(record: Record, folder: Folder) -> bool:
    """Whether a record covers several periods, all of them run."""
    inside = periods.parts(record.period, periods.window(record.case).freq)
    return len(inside) > 1 and all(folder.told(record.series, p) for p in inside)


def _period(record: Record) -> str:
    """The period a record is read at: a cumulative share of a year at its last quarter."""
    if records.joining(record.series) == "last":
        return periods.parts(record.period, periods.window(record.case).freq)[-1]
    return record.period


def _value(record: Record) -> str:
    words = "at least " if not records.scored(record) else ""
    return words + theme.number(record.value)


def _range(record: Record) -> str:
    known = math.isfinite(record.high) and record.high > record.low
    return theme.span(record.low, record.high) if known else ""


def score_table(folder: Folder) -> Iterator[str]:
    """One line a series and role."""
    heads = ("series", "kind", "n", "CRPS", "last value", "last year", "one step", "log error",
             "of change", "in p10–p90", "width", "points of the level before")  # fmt: skip
    columns = (("crps", ""), ("crps", "last_value_origin"), ("crps", "same_period_last_year"),
               ("crps", "last_value_one_step"), ("log_error", ""), ("log_error_change", ""),
               ("coverage", ""), ("width", ""), ("width_points", ""))  # fmt: skip
    lines = []
    for (series, role), part in folder.scores.groupby(["series", "role"], sort=False):
        values = {(str(r["score"]), str(r["baseline"])): r for r in part.to_dict(orient="records")}
        if ("crps", "") in values:
            cells = [_number(values[c]["value"]) if c in values else "" for c in columns]
            lines.append((f"`{series}`", _role(str(role)), str(values["crps", ""]["n"]), *cells))
    lines.sort(key=lambda line: line[1])
    yield from table(heads, lines)


def _number(value: Any) -> str:
    return theme.number(float(value)) if math.isfinite(float(value)) else "–"


def shape_rows(folder: Folder) -> Iterator[tuple[str, ...]]:
    """Shapes, rank orders, events and Diebold-Mariano tests; tests too short in one line."""
    short = []
    for row in folder.scores.to_dict(orient="records"):
        series, score = f"`{row['series']}`", str(row["score"])
        if score in _SHAPES:
            yield series, _SHAPES[score], _number(row["value"]), str(row["n"]), str(row["note"])
        elif score == "dm_p_value" and math.isfinite(float(row["value"])):
            words = f"Diebold–Mariano, p against {str(row['baseline']).replace('_', ' ')}"
            yield series, words, _number(row["value"]), str(row["n"]), str(row["note"])
        elif score == "dm_p_value":
            short.append(f"{row['series']} ({row['n']})")
    if short:
        listed = ", ".join(dict.fromkeys(short))
        yield "", "Diebold–Mariano, too short (periods)", "–", "", listed


def side_by_side(folder: Folder, alone: Folder) -> Iterator[str]:
    """The fit with quotas alone beside the whole episode."""
    yield from (f"### Quotas alone, {folder.case}", "")
    yield "The same run without the crackdown on production and without speculative stocks."
    yield ""
    other = {_bound_key(row): row for row in bounds(alone.scores)}
    rows = []
    for row in bounds(folder.scores):
        beside = other.get(_bound_key(row))
        words = f"{_MARKS.get(beside['word'], beside['word'])}: {beside['told']}" if beside else ""
        rows.append((f"{_MARKS.get(row['word'], row['word'])}: {row['told']}", words))
    yield from table(("whole episode", "quotas alone"), rows)
    yield ""
    logs = [_logs(f) for f in (folder, alone)]
    yield from table(("log error of the median", "whole episode", "quotas alone"), (
        (f"`{key[0]}` ({_role(key[1])})", _number(value), _number(logs[1].get(key, math.nan)))
        for key, value in logs[0].items()
    ))  # fmt: skip


def _bound_key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(row["score"]), str(row["series"]), str(row["baseline"])


def _logs(folder: Folder) -> dict[tuple[str, str], float]:
    rows = folder.scores
    own = rows[(rows["score"] == "log_error") & (rows["baseline"] == "")]
    return {(str(r["series"]), str(r["role"])): float(r["value"])
            for r in own.to_dict(orient="records")}  # fmt: skip


def posterior(folder: Path) -> Iterator[str]:
    """Targets and fit, parameters with prior and posterior, agreement with another seed's run."""
    yield from ("## What the data do not pin down", "")
    path = folder / "posterior_summary.csv"
    if not path.exists():
        yield "There is no posterior: the bands hold chance alone."
        return
    rows = pd.read_csv(path)
    missing = [column for column in _SUMMARY if column not in rows.columns]
    if missing:
        raise InputError(
            f"column '{missing[0]}' is missing", where=str(path), allowed=", ".join(_SUMMARY),
            remedy="write the summary anew with tradesim calibrate",
        )  # fmt: skip
    rows = rows.sort_values("share_of_prior_width", ascending=False)
    wide = rows[rows["share_of_prior_width"] >= WIDE_SHARE]
    yield (f"{len(wide)} of {len(rows)} parameters keep {100 * WIDE_SHARE:.0f}% or more of their "
           "prior's width (p10 to p90 over the prior's range): the records say little about "
           "them.")  # fmt: skip
    yield ""
    yield from table(
        ("parameter", "prior from", "to", "p10", "p50", "p90", "share of prior width"),
        ((f"`{row['parameter']}`", *(_number(row[c]) for c in _SUMMARY[1:]))
         for row in rows.to_dict(orient="records")),
    )  # fmt: skip
    if (folder / "agreement.csv").exists():
        yield from agreement(pd.read_csv(folder / "agreement.csv"))


def agreement(rows: pd.DataFrame) -> Iterator[str]:
    """How far a run of the calibration with another seed agrees with the shipped one."""
    far = rows[rows["overlap"] < AGREES]
    named = ", ".join(f"`{name}`" for name in far["parameter"]) or "none"
    yield ""
    yield "### The calibration with another seed"
    yield ""
    yield (
        f"On the prior's scale (0 to 1) medians of the two samples differ by "
        f"{rows['shift'].abs().median():.2f} in the median over the parameters and by "
        f"{rows['shift'].abs().max():.2f} at most; the ranges from p10 to p90 overlap by "
        f"{rows['overlap'].median():.0%} of the shorter one in the median. Below {AGREES:.0%}: "
        f"{named}."
    )


def reproduce(folders: Sequence[Folder]) -> Iterator[str]:
    """Commands that make this page again."""
    yield from ("## Make it again", "", "```sh")
    names = ("V2025", "V2010")
    for folder, name in zip(folders, names, strict=False):
        yield f"{folder.command} out={name}"
    yield f"python tools/validation_doc.py {' '.join(names[: len(folders)])}"
    yield "```"


def table(heads: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]
          ) -> Iterator[str]:  # fmt: skip
    """A Markdown table, or a sentence where it would be empty."""
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if not lines:
        yield "Nothing to show."
        return
    yield f"| {' | '.join(heads)} |"
    yield f"| {' | '.join(['---'] * len(heads))} |"
    yield from lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(words: Sequence[str]) -> None:
    """Read the folders and write the page."""
    if len(words) != 2:
        raise SystemExit("usage: python tools/validation_doc.py DIR2025 DIR2010")
    folders = [Folder.read(Path(word)) for word in words]
    beside = [f for f in folders if (f.path / "scores_beside.csv").exists()]
    alone = Folder.read(beside[0].path, "_beside") if beside else None
    PAGE.write_text(page(folders, alone), encoding="utf-8")
    print(f"written: {PAGE.relative_to(PAGE.parents[1])}")


if __name__ == "__main__":
    main(sys.argv[1:])
