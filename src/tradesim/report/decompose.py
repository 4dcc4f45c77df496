"""The page of a decomposition: which group of policies accounts for how much of a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from tradesim.analysis.decompose.run import CHANGE, EVERY, NONE
from tradesim.report import labels
from tradesim.report.figures_decompose import signed, tornado
from tradesim.report.page import document
from tradesim.report.sections import Card, Section

LEVELS = (NONE, EVERY, CHANGE)
KEYS = ["metric", "economy", "good", "end_use"]

CAVEATS = (
    "<b>A contribution is a Shapley value</b>: what a group adds to the figure when it joins the "
    "groups before it, on average over all orders. What two policies do only together is shared "
    "between them; two controls of the same trade, either of which would do, share the effect. It "
    "is an accounting of this scenario, not the effect of a policy alone.",
    "<b>The starting point is the scenario without any of its policies</b>, same seeds: its "
    "growth, projects and goods stay. It is not the comparison world, although the figure in every "
    "world is measured against that one.",
    "<b>A policy without what it acts on</b> (a slow hand with licences that are not there) does "
    "nothing in that world; a truce is left out of worlds in which nothing that it suspends is.",
    "<b>Percentiles are over seeds</b>, each a network, noise and a draw of parameters, the same "
    "in every world. They do not sum over groups; means do. The error is that of drawing orders, "
    "none where all subsets were run.",
    "Figures are kept to one part in 65,536 of the level; what is smaller than that is rounding.",
)


@dataclass(frozen=True)
class Told:
    """What the page is written from: rows of ``contributions.csv`` and the manifest."""

    title: str
    rows: pd.DataFrame
    manifest: Mapping[str, Any]


def decompose_page(told: Told) -> str:
    """The whole page as HTML (self-contained, text of at least 18 px)."""
    parts = [part for _, part in told.rows.groupby(KEYS, sort=False)]
    sections = [target_section(part, f"figure_{i}") for i, part in enumerate(parts, start=1)]
    caveats = "<ul>" + "".join(f"<li>{text}</li>" for text in CAVEATS) + "</ul>"
    sections += [
        groups_section(told),
        Section("caveats", "What the figures mean", caveats, short="Meaning"),
        again_section(told),
    ]
    return document("Decomposition – tradesim", "en", header(told, parts), sections)


def header(told: Told, parts: list[pd.DataFrame]) -> str:
    """Title, what was done, a finding for each figure."""
    said = told.manifest
    how = "every subset of the groups"
    if said["permutations"]:
        how = f"the subsets that {said['permutations']} drawn orders of the groups pass through"
    findings = "".join(f"<p class='finding'>{escape(sentence(part))}</p>" for part in parts)
    return (
        "<h1>Which policy accounts for how much</h1>"
        f"<p class='story'>{escape(told.title)}. {labels.count(int(said['worlds']), 'world')} were "
        f"run, one for {how}, {labels.count(len(said['seeds']), 'seed')} each.</p>{findings}"
    )


def figure_name(row: Mapping[str, Any]) -> str:
    """``shortfall physical (run), NdFeB magnets with Dy/Tb, outside China``."""
    base, _, period = str(row["metric"]).partition(":")
    name = base.replace("_", " ") + (f" ({period.replace('_', ' ')})" if period else "")
    name += f", {labels.good(str(row['good']))}" if row["good"] != "all" else ""
    name += f", {row['end_use']}" if row["end_use"] != "all" else ""
    return f"{name}, {labels.economy(str(row['economy']))}"


def groups_of(part: pd.DataFrame) -> pd.DataFrame:
    """The groups' rows of one figure, the largest contribution first."""
    own = part[~part["group"].isin(LEVELS)]
    return own.loc[own["mean"].abs().sort_values(ascending=False, kind="stable").index]


def _level(part: pd.DataFrame, name: str) -> Mapping[str, Any]:
    return _records(part[part["group"] == name])[0]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _unit(row: Mapping[str, Any]) -> str:
    return "" if row["unit"] == "1" else f" {row['unit']}"


def _difference_unit(row: Mapping[str, Any]) -> str:
    return " percentage points" if row["unit"] == "%" else _unit(row)


def sentence(part: pd.DataFrame) -> str:
    """The finding on one figure: the change and the two groups that account for most of it."""
    change = _level(part, CHANGE)
    name = figure_name(change)
    if not change["n"]:
        return f"{name}: in no seed has every world this figure, so there is nothing to share out."
    unit, own = _unit(change), _records(groups_of(part))
    more = _difference_unit(change)
    none, every = (signed(_level(part, key)["mean"]) for key in (NONE, EVERY))
    said = f"{name}: from {none} to {every}{unit}, a change of {signed(change['mean'])}{more}"
    shares = [f"{row['group']} accounts for {signed(row['mean'])}{_range(row, more)}"
              for row in own[:2]]  # fmt: skip
    return f"{said}; {labels.joined(shares)}."


def _range(row: Mapping[str, Any], unit: str) -> str:
    spread = f"{unit} (p10–p90 {signed(row['p10'])} to {signed(row['p90'])}"
    error = f"; error {signed(row['standard_error'])}" if row["standard_error"] else ""
    return f"{spread}{error})" if row["n"] > 1 else unit


def target_section(part: pd.DataFrame, slug: str) -> Section:
    """Tornado and table of one figure, with the check of the sum."""
    change = _level(part, CHANGE)
    name = figure_name(change)
    if not change["n"]:
        return Section(slug, name, f"<p>{escape(sentence(part))}</p>")
    own = groups_of(part)
    card = Card(
        slug, name, tornado(own, f"{name},{_difference_unit(change) or ' ratio'}"), sentence(part)
    )
    return Section(slug, name, "", ((card,),), after=_table(own, part) + _sum_check(own, change))


def _table(own: pd.DataFrame, part: pd.DataFrame) -> str:
    rows = _records(own) + [dict(_level(part, name)) for name in LEVELS]
    head = "".join(f"<th scope='col'>{name}</th>" for name in (
        "Group", "Mean", "p10", "p90", "Error by drawn orders", "Seeds"))  # fmt: skip
    body = "".join(
        f"<tr><th scope='row'>{escape(str(row['group']))}</th>"
        + "".join(f"<td class='n'>{signed(row[key])}</td>" for key in ("mean", "p10", "p90"))
        + f"<td class='n'>{signed(row['standard_error']) if row['standard_error'] else '0'}</td>"
        f"<td class='n'>{row['n']}</td></tr>"
        for row in rows
    )
    return (
        f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</div>"
    )


def _sum_check(own: pd.DataFrame, change: Mapping[str, Any]) -> str:
    total = float(own["mean"].sum())
    gap, unit = abs(total - float(change["mean"])), _difference_unit(change)
    return (
        f"<p>Check: the contributions sum to {signed(total)}{unit}, the change is "
        f"{signed(change['mean'])}{unit}; they differ by {gap:.1g}.</p>"
    )


def groups_section(told: Told) -> Section:
    """Which policies are in which group, and the seeds that were left out."""
    items = "".join(
        f"<li><b>{escape(name)}</b>: {escape(', '.join(members))}.</li>"
        for name, members in told.manifest["groups"].items()
    )
    asked, fewest = len(told.manifest["seeds"]), int(told.rows["n"].min())
    lost = ""
    if fewest < asked:
        lost = (
            f"<p>In some worlds and seeds a figure does not exist (nothing stopped, say); such "
            f"seeds are left out of it: {fewest} of {asked} are left at the least. What is left "
            "is not a fair sample of all.</p>"
        )
    return Section("groups", "Groups", f"<ul>{items}</ul>{lost}", short="Groups")


def again_section(told: Told) -> Section:
    """The command, versions and the hash."""
    said = told.manifest
    words = [f"scenario={said['scenario']}"]
    words += [f"{key}=[{said[key]}]" for key in KEYS]
    words += [f"groups.{name}=[{','.join(members)}]" for name, members in said["groups"].items()]
    words += [f"permutations={said['permutations']}"] if said["permutations"] else []
    words += [f"seeds={list(said['seeds'])}".replace(" ", "")]
    facts = {
        "Status": said["status"], "tradesim": said["code_version"], "Method": said["method"],
        "Compared with": said["compare"] or "base-year use", "Result hash": said["result_hash"],
        "Wall time": f"{float(said['wall_s']):.0f} s",
    }  # fmt: skip
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    body = (
        f"<pre>{escape('tradesim decompose ' + ' '.join(words))}</pre>"
        "<p>Every other key stands in <code>config.yaml</code>.</p>"
        f"<div class='wide'><table>{rows}</table></div>"
    )
    return Section("reproduce", "Make it again", body, short="Reproduce")
