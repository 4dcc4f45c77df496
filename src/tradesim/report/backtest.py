"""The page of a back-test: bounds first, then what was fitted, what was predicted, and scores."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from tradesim import axes
from tradesim.analysis.backtest import periods, records
from tradesim.analysis.backtest.records import Record
from tradesim.analysis.backtest.runs import Runs, matrices
from tradesim.errors import OutputError
from tradesim.report import figures_backtest, labels, text_backtest, theme, words
from tradesim.report.figures_backtest import Drawn
from tradesim.report.page import document
from tradesim.report.sections import Card, Section


@dataclass(frozen=True)
class Episode:
    """What a page tells of.

    Parameters
    ----------
    title : of the case.
    ensemble : long table ``series, period, seed, value, unit``.
    recorded : what ``records.load`` gave; ``scores`` what was made of the two.
    command : the command that makes it again.
    manifest : keys as in ``manifest.json``; may be empty.
    beside : name and ensemble of another world to ghost, such as quotas alone.
    events : dated events to mark; those of the case when left out.
    """

    title: str
    ensemble: pd.DataFrame
    recorded: pd.DataFrame
    scores: pd.DataFrame
    command: str
    manifest: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, pd.DataFrame] | None = None
    events: tuple[tuple[dt.date, str], ...] | None = None

    @property
    def case(self) -> str:
        """``2025`` or ``2010``."""
        return str(self.recorded["case"].iloc[0])


def build_backtest(episode: Episode, out: Path) -> Path:
    """Write the page to ``out`` (a folder, which gets ``report.html``, or a ``.html`` path).

    Raises
    ------
    InputError
        when the ensemble is not one of the case.
    OutputError
        when the file cannot be written.
    """
    path = out if out.suffix == ".html" else out / "report.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(episode), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the report cannot be written: {error.strerror}", where=str(path),
            allowed="a folder you may write to", remedy="name another result folder",
        ) from error  # fmt: skip
    return path


class Told(Protocol):
    """What the page asks of a case."""

    @property
    def name(self) -> str:
        """``2025`` or ``2010``."""

    @property
    def title(self) -> str:
        """Title of the case."""


class Ran(Protocol):
    """What the page asks of the results of a run."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The keys of ``manifest.json``."""


def write_page(
    case: Told, results: Ran, ensemble: pd.DataFrame, scores: pd.DataFrame, folder: Path,
    beside: tuple[str, pd.DataFrame] | None = None,
) -> Path:  # fmt: skip
    """The page of a back-test that has run, into its folder: ``folder/report.html``.

    ``ensemble`` and ``scores`` are as in :class:`Episode`; raises what :func:`build_backtest` does.
    """
    seeds = results.manifest.get("seeds") or sorted(set(ensemble["seed"]))
    command = f"tradesim backtest {case.name} seeds={len(seeds)}"
    recorded = records.load(case.name)
    return build_backtest(
        Episode(case.title, ensemble, recorded, scores, command, results.manifest, beside), folder
    )


def page(episode: Episode) -> str:
    """The whole page as HTML."""
    sections = [bounds_section(episode), *figure_sections(episode), score_section(episode),
                reading_section(), reproduction_section(episode)]  # fmt: skip
    title = f"Back-test {episode.case}: {episode.title}"
    return document(f"{title} – tradesim", "en", header(episode, title), sections)


def bounds(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the bounds, in order, with ``word`` (hit, miss, not shown) and ``told``."""
    out: list[dict[str, Any]] = []
    for row in scores[scores["score"].str.startswith("must:")].to_dict(orient="records"):
        word, _, told = str(row["note"]).partition(": ")
        out.append({**{str(k): v for k, v in row.items()}, "word": word, "told": told})
    return out


def header(episode: Episode, title: str) -> str:
    """Title and the verdict in one sentence."""
    told = bounds(episode.scores)
    seeds = labels.count(episode.ensemble["seed"].nunique(), "run")
    return (
        f"<h1>{escape(title)}</h1>"
        f'<p class="finding">{escape(verdict(told))} ({seeds})</p>'
        f'<p class="aside">{text_backtest.FITTED}</p>'
    )


def verdict(told: Sequence[Mapping[str, Any]]) -> str:
    """How many bounds are met, and which are not."""
    if not told:
        return "No bound can be judged from these series."
    hits = sum(row["word"] == "hit" for row in told)
    words_ = f"{hits} of {labels.count(len(told), 'bound')} met."
    missed = [bound_name(row) for row in told if row["word"] == "miss"]
    return words_ + (f" Missed: {'; '.join(missed)}." if missed else "")


def bound_name(row: Mapping[str, Any]) -> str:
    """A bound in a few words, with the series where several share it."""
    told = text_backtest.BOUNDS[str(row["score"]).removeprefix("must:")]
    if row["baseline"]:
        return f"{told} ({str(row['baseline']).replace('_', ' ')})"
    last = str(row["series"]).rpartition(":")[2]
    return f"{told} ({last})" if last in axes.ELEMENTS else told


def bounds_section(episode: Episode) -> Section:
    """The bounds with hit or miss in plain words."""
    marks = {"hit": "✓ hit", "miss": "✗ miss"}
    rows = "".join(
        f"<tr><td class='k'><b>{marks.get(row['word'], row['word'])}</b></td>"
        f"<td>{escape(row['told'])}</td><td class='k'>{_role(row['role'])}</td></tr>"
        for row in bounds(episode.scores)
    )
    body = (
        "<div class='wide'><table><thead><tr><th scope='col'>Verdict</th><th scope='col'>What the "
        "ensemble says</th><th scope='col'>Kind</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
    return Section("bounds", "What it must show", body, short="Bounds")


def _role(role: str) -> str:
    return {"target": "fitted to", "prediction": "predicted"}.get(role, role)


def figure_sections(episode: Episode) -> list[Section]:
    """Targets, predictions, and series without a record at hand."""
    window = periods.window(episode.case)
    runs = matrices(episode.ensemble, window)
    ghosts: Mapping[str, Runs] = {}
    if episode.beside:
        ghosts = matrices(episode.beside[1], window)
    found = [Record(**{str(k): v for k, v in row.items()})
             for row in episode.recorded.to_dict(orient="records")]  # fmt: skip
    parts = []
    for series, own in runs.items():
        other = ghosts.get(series)
        beside = (episode.beside[0], other) if episode.beside and other else None
        parts.append(figures_backtest.drawn(own, [r for r in found if r.series == series], beside))
    kinds = {
        "targets": [p for p in parts if any(r.role == "target" for r in p.found)],
        "predictions": [p for p in parts if p.found
                        and all(r.role != "target" for r in p.found)],
        "unrecorded": [p for p in parts if not p.found],
    }  # fmt: skip
    events = window.events if episode.events is None else episode.events
    return [_section(kind, own, episode, events) for kind, own in kinds.items() if own]


def _section(
    kind: str, parts: Sequence[Drawn], episode: Episode, events: Sequence[tuple[dt.date, str]]
) -> Section:
    groups: dict[str, list[Drawn]] = {}
    for part in parts:
        groups.setdefault(figures_backtest.group(part.series), []).append(part)
    cards = tuple(
        Card(f"{kind}_{name.replace(':', '_')}", _tab(name),
             figures_backtest.card(name, _ordered(own), events), caption(own, episode.scores))
        for name, own in sorted(groups.items(), key=_rank)
    )  # fmt: skip
    title, intro = text_backtest.SECTIONS[kind]
    return Section(kind, title, f"<p>{intro}</p>", (cards,), short=title)


def _rank(item: tuple[str, Sequence[Drawn]]) -> int:
    return list(text_backtest.TABS).index(item[0].partition(":")[0])


def _tab(name: str) -> str:
    family, _, place = name.partition(":")
    short = text_backtest.TABS[family]
    return f"{short}, {labels.economy(place)}" if place else short


def _ordered(parts: Sequence[Drawn]) -> list[Drawn]:
    """The total first, the others as they come."""
    return sorted(parts, key=lambda part: not part.series.endswith(":TOTAL"))


def caption(parts: Sequence[Drawn], scores: pd.DataFrame) -> str:
    """How many records lie in the band and how far the medians are off, over the card's series."""
    names = {part.series for part in parts}
    own = scores[scores["series"].isin(names) & (scores["baseline"] == "")]
    inside = own[own["score"] == "coverage"]
    if inside.empty:
        return "No number is recorded that these series could be held against."
    n = int(inside["n"].sum())
    hits = round(float((inside["value"] * inside["n"]).sum()))
    away = own[(own["score"] == "log_error") & own["value"].notna()]
    total = int(away["n"].sum())
    if not total:
        return f"{hits} of {labels.count(n, 'record')} lie within p10–p90."
    factor = math.exp(float((away["value"] * away["n"]).sum()) / total)
    return (
        f"{hits} of {labels.count(n, 'record')} lie within p10–p90; the median is off by a factor "
        f"of {factor:.2f} on (geometric) average."
    )


# -- the table of scores ---------------------------------------------------------------------------


def score_section(episode: Episode) -> Section:
    """One line a series and role; everything else folded."""
    shown = episode.scores[~episode.scores["score"].str.startswith("must:")]
    heads = "".join(f"<th scope='col' class='{'n' if i > 1 else ''}'>{name}</th>"
                    for i, (name, _, _) in enumerate(text_backtest.TABLE))  # fmt: skip
    lines = [
        _line(str(series), str(role), part)
        for (role, series), part in shown.groupby(["role", "series"], sort=False)
        if (part["score"] == "crps").any()
    ]
    lines.sort(key=lambda line: "<td>fitted to</td>" not in line)
    table = (
        f"<div class='wide'><table class='small'><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
    rest = "".join(_full_row(row) for row in shown.to_dict(orient="records"))
    names = ("Series", "Kind", "Score", "Baseline", "Value", "Unit", "n", "Note")
    head = "".join(f"<th scope='col'>{name}</th>" for name in names)
    folded = (
        "<details><summary>Every score (also in <code>scores.csv</code>)</summary><div class="
        f"'wide'><table><thead><tr>{head}</tr></thead><tbody>{rest}</tbody></table></div></details>"
    )
    intro = f"<p>{text_backtest.SCORES}</p>"
    return Section("scores", "Scores", intro + table + folded, short="Scores")


def _line(series: str, role: str, part: pd.DataFrame) -> str:
    known = {(str(r["score"]), str(r["baseline"])): r for r in part.to_dict(orient="records")}
    cells = []
    for i, (_, score, baseline) in enumerate(text_backtest.TABLE):
        row = known.get((score, baseline))
        if i == 0:
            cells.append(f"<th scope='row'>{escape(series)}</th>")
        elif i == 1:
            cells.append(f"<td>{_role(role)}</td>")
        elif score == "n":
            cells.append(f"<td class='n'>{known['crps', '']['n']}</td>")
        else:
            digits = 3 if score == "crps" else 2
            told = "" if row is None else number(float(row["value"]), digits)
            cells.append(f"<td class='n'>{told}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _full_row(row: Mapping[Any, Any]) -> str:
    cells = [row["series"], _role(str(row["role"])), row["score"], row["baseline"],
             number(float(row["value"])), row["unit"], row["n"], row["note"]]  # fmt: skip
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def number(value: float, digits: int = 3) -> str:
    """A score for a table: significant figures, a dash where there is none."""
    return theme.number(value, digits) if math.isfinite(value) else "–"


def reading_section() -> Section:
    """How to read figures and scores."""
    items = "".join(f"<li>{item}</li>" for item in text_backtest.HOW_TO_READ)
    defined = "".join(f"<dt>{name}</dt><dd>{told}</dd>" for name, told in text_backtest.DEFINED)
    body = f"<ul>{items}</ul><dl class='definitions'>{defined}</dl>"
    return Section("reading", "How to read this page", body, short="How to read")


def reproduction_section(episode: Episode) -> Section:
    """Command, versions, hash, citation."""
    told = {key: episode.manifest.get(key) for key in
            ("code_version", "schema_version", "engine", "scenario", "result_hash")}  # fmt: skip
    rows = "".join(
        f"<tr><th scope='row'>{key}</th><td>{escape(str(value))}</td></tr>"
        for key, value in told.items() if value
    )  # fmt: skip
    body = (
        f"<pre>{escape(episode.command)}</pre><div class='wide'><table>{rows}</table></div>"
        f"<h3>How to cite</h3><p>{escape(words.citation(episode.manifest))}</p>"
    )
    return Section("reproduce", "Make it again, and cite it", body, short="Reproduce")
