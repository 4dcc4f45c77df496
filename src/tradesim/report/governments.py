"""The section on governments: what became of the runs, the escalation chart, deeds with reasons.

After the charts stand what governments gained by the terms of their utility, and what looking ahead
cost.
"""

from __future__ import annotations

from html import escape

import numpy as np

from tradesim.report import captions_escalation as captions
from tradesim.report import diplomacy, figures_escalation, labels, text
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading
from tradesim.report.sections import Card, Section
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.states.government import Government
from tradesim.states.utility import TERMS

#: Most runs that are drawn, one for each path.
MOST_SHOWN = 4
BILLION = 1e9
#: Terms of utility as the table calls them.
WORDS = {
    "shortfall": "lost downstream for want of parts",
    "revenue": "duties and fees less spending",
    "trade": "balance of trade in the model's goods",
    "outside": "rest of trade and chips",
    "audience": "cost at home of backing down",
    "leverage": "worth of what rivals lose",
    "cover": "worth of the public reserve",
    "future": "sales lost for good to capacity abroad",
}


def government_section(reading: Reading) -> list[Section]:
    """The section in a list, empty for a run in which no government decides."""
    if not diplomacy.told(reading):
        return []
    shown = list(diplomacy.paths(reading).items())[:MOST_SHOWN]
    close: list[Card] = []
    whole: list[Card] = []
    for path, seeds in shown:
        for span in figures_escalation.spans(reading, seeds[0]):
            card = _card(reading, path, seeds[0], span)
            (close if span == "close" else whole).append(card)
    intro = f"<p>{escape(captions.paths(reading))}</p>"
    return [
        Section("escalation", "What governments did", intro, (tuple(close), tuple(whole)),
                _after(reading, [(path, seeds[0]) for path, seeds in shown]), short="Escalation")
    ]  # fmt: skip


def _card(reading: Reading, path: str, seed: int, span: str) -> Card:
    whole = span == "whole"
    slug = f"escalation_{'whole_' if whole else ''}seed_{seed}"
    tab = f"{path[:1].upper()}{path[1:]} (seed {seed})"
    figure = figures_escalation.escalation(reading, seed, span)
    return Card(slug, f"Whole run, seed {seed}" if whole else tab, figure,
                captions.escalation(reading, path, seed, whole))  # fmt: skip


def _after(reading: Reading, shown: list[tuple[str, int]]) -> str:
    parts = [f"<h3 id='escalation-deeds'>What was done, and why</h3>{layout.note(_note(reading))}"]
    for number, (path, seed) in enumerate(shown):
        summary = f"Run of seed {seed}: {path}"
        opened = " open" if number == 0 else ""
        parts.append(
            f"<details{opened}><summary>{escape(summary)}</summary>{deed_table(reading, seed)}"
            "</details>"
        )
    parts.append(f"<h3 id='escalation-ladders'>The ladders</h3>{ladder_table(reading)}")
    parts.append(
        f"<h3 id='escalation-utility'>What governments gained</h3>{utility_table(reading)}"
        f"{layout.note(text.UTILITY)}<p>{escape(lookahead(reading))}</p>"
    )
    return "".join(parts)


def _note(reading: Reading) -> str:
    borne = any(
        "borne" in deed.reason for seed in reading.seeds for deed in diplomacy.deeds(reading, seed)
    )
    parts = [text.DEEDS, *([text.BORNE] if borne else []), text.RUNS_DIFFER]
    return " ".join(parts)


def deed_table(reading: Reading, seed: int) -> str:
    """Everything that governments did in one run as HTML: number, day, who, what, why."""
    rows = [
        (
            f"{deed.number}. {deed.date.day} {deed.date:%b %Y}",
            deed.who,
            deed.words,
            deed.reason or "–",
        )
        for deed in diplomacy.deeds(reading, seed)
    ]
    if not rows:
        return f"<p>{text.NO_DEEDS}</p>"
    return layout.table(("No. and day", "Who", "What", "Reason"), rows, words=4)


def ladder_table(reading: Reading) -> str:
    """The rungs of every government as HTML, lowest first, with the runs that reached each."""
    packages = reading.setting("packages") or {}
    rows = []
    for code in diplomacy.governments(reading):
        highest = [
            max((rung for _, rung in diplomacy.steps(reading, seed, code)), default=0)
            for seed in reading.seeds
        ]
        for rung, name in enumerate(diplomacy.ladder(reading, code), start=1):
            title = str((packages.get(name) or {}).get("title", name))
            reached = f"{sum(top >= rung for top in highest)} of {len(highest)}"
            rows.append((labels.economy(code), str(rung), title, reached))
    head = ("Government", "Rung", "What it is", "Runs that stood there or higher")
    return layout.table(head, rows, words=3) or f"<p>{text.NO_LADDERS}</p>"


def utility_table(reading: Reading) -> str:
    """Terms of utility over the run by government as HTML, bn USD, median and p10–p90."""
    codes = diplomacy.governments(reading)
    names = ["utility_usd", *(f"utility_{term}_usd" for term in TERMS)]
    sums = ", ".join(f"sum({name}) AS {name}" for name in names)
    frame = reading.query(
        f"SELECT state, seed, {sums} FROM states WHERE scenario = {labels.sql_list([reading.main])}"
        f" AND state IN ({labels.sql_list(codes)}) GROUP BY ALL"
    )
    by_code = {code: frame[frame["state"].astype(str) == code] for code in codes}
    words = ["all together", *(WORDS[term] for term in TERMS)]
    rows = [
        (word, *(layout.interval(by_code[code][name], 1 / BILLION, plus=True) for code in codes))
        for name, word in zip(names, words, strict=True)
    ]
    head = ("Gain over the run, bn USD", *map(labels.economy, codes))
    return layout.table(head, [*rows[1:], rows[0]])


def lookahead(reading: Reading) -> str:
    """What rehearsals cost, in runs' worth of steps a simulated year, as a sentence."""
    found = lookahead_runs(reading)
    told = []
    for code, runs in found.items():
        if runs.any():
            page = (reading.setting("states") or {}).get(code) or {}
            default = Government.model_fields["lookahead_runs_per_year"].default
            most = page.get("lookahead_runs_per_year", default)
            told.append(f"{labels.economy(code)} {layout.interval(runs)} (at most {most:g})")
    if not told:
        return text.NO_LOOKAHEAD
    return f"{text.LOOKAHEAD} {labels.joined(told)}."


def lookahead_runs(reading: Reading) -> dict[str, np.ndarray]:
    """Runs' worth of steps that a simulated year of rehearsals took, by government [seeds]."""
    codes = diplomacy.governments(reading)
    frame = reading.query(
        "SELECT state, seed, sum(lookahead_steps) AS steps FROM states WHERE scenario = "
        f"{labels.sql_list([reading.main])} AND state IN ({labels.sql_list(codes)}) GROUP BY ALL"
    )
    first, end = reading.setting("start"), reading.periods.end
    years = (end - np.datetime64(str(first))) / np.timedelta64(1, "D") / 7.0 / WEEKS_PER_YEAR
    steps_a_year = WEEKS_PER_YEAR / float(reading.setting("step_weeks") or 1.0)
    return {
        code: part.sort_values("seed")["steps"].to_numpy(float) / steps_a_year / years
        for code in codes
        for part in [frame[frame["state"].astype(str) == code]]
    }
