"""Policies and scenarios as text of a hundred columns, for ``tradesim list`` and ``describe``."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tradesim import catalogue
from tradesim.catalogue import Entry, Parameter
from tradesim.fields import facts
from tradesim.policies import Policy
from tradesim.states.packages import Package

WIDTH = 100
_LABEL = 16


def policy_list(entries: Sequence[Entry]) -> str:
    """Policies by imposing state and instrument: name, dates, title; one line each."""
    width = max((len(each.name) for each in entries), default=0)
    lines: list[str] = []
    for code, instruments in catalogue.by_state(entries).items():
        count = sum(len(found) for found in instruments.values())
        lines += ["", f"{catalogue.economy(code) or 'imposed by nobody'} ({count})"]
        for instrument, found in instruments.items():
            lines.append(f"  {instrument or 'class not loaded: say allow_targets=ITS_PACKAGE'}")
            for each in found:
                row = f"    {each.name:<{width}}  {catalogue.span(each):<25}  "
                lines.append(_clip(row + str(each.page.get("title", ""))))
    return "\n".join(lines[1:]) or "(none yet)"


def policy_page(each: Entry, scenarios: Sequence[str], command: str) -> str:
    """All about one policy: what it does, dates, coverage, parameters, sources, a command."""
    by = f"{each.instrument or 'a policy'} imposed by {catalogue.economy(each.imposed_by)}"
    lines = [each.name, "=" * len(each.name), *_wrap(str(each.page.get("title", ""))), by]
    lines += ["", *_does(each), "", "Dates", *_rows(catalogue.dates(each))]
    lines += ["", "Covers", *_covers(each)]
    if each.cls:
        lines += ["", "Parameters", *_parameters(each.cls, each.page)]
    lines += ["", "Sources", *_items(each.page.get("sources") or ["none named"])]
    lines += ["", "Scenarios with it", *_wrap(", ".join(scenarios) or "none yet", "  ")]
    words = textwrap.wrap(command, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*lines, "", "Try", "  " + " \\\n    ".join(words)])


def scenario_page(told: Mapping[str, Any], entries: Sequence[Entry], end: dt.date) -> str:
    """A scenario: story, policies with dates, changed keys, sources, a command to run it."""
    name = str(told["name"])
    lines = [name, "=" * len(name), *_wrap(str(told["title"])), "", *_wrap(str(told["story"]))]
    lines += ["", f"Compared with   {told['compare'] or 'nothing'}"]
    if told.get("governments"):
        lines += ["", "Governments", *_governments(told["governments"])]
    packages = told.get("packages") or {}
    held = {policy for package in packages.values() for policy in package["policies"]}
    lines += ["", "Policies"]
    for each in entries:
        late = (each.date("effective") or end) >= end
        note = f" (after the end of the run on {catalogue.day(end)})" if late else ""
        when = f"{catalogue.span(each)}{note}"
        when = "when its government decides" if each.name in held else when
        by = f"{each.instrument} by {catalogue.economy(each.imposed_by)}"
        lines += [_clip(f"  {each.name}: {by}, {when}")]
        lines += _wrap(str(each.page.get("title", "")), "    ")
    lines += ["  none"] if not entries else []
    rows = [(key, catalogue.value_text(value)) for key, value in told["keys"].items()]
    rows += [(f"market.{key}", str(value)) for key, value in told["market"].items()]
    lines += ["", "Keys", *_rows(rows)]
    lines += ["", "Sources", *_items(told["sources"] or ["none named"])]
    return "\n".join([*lines, "", "Try", f"  tradesim run scenario={name} seeds=5"])


def strategy_page(told: Mapping[str, Any]) -> str:
    """A strategy: what it does and after whom, parameters, scenarios, a command to try."""
    lines = [*_head(told), f"A strategy of governments: {told['class']}", ""]
    lines += [line for part in str(told["text"]).split("\n") for line in _wrap(part)]
    lines += _wrap(f"Its class is not loaded: {told['fault']}") if told.get("fault") else []
    lines += ["", "Parameters", *(_facts(told["fields"]) or ["  none"])]
    lines += ["", "Scenarios with it", *_wrap(", ".join(told["scenarios"]) or "none yet", "  ")]
    words = textwrap.wrap(told["command"], WIDTH - 8, break_long_words=False,
                          break_on_hyphens=False)  # fmt: skip
    return "\n".join([*lines, "", "Try", "  " + " \\\n    ".join(words)])


def package_page(told: Mapping[str, Any]) -> str:
    """A package: what moves together, the notice, sources, the scenarios that take it in."""
    lines = [*_head(told), f"A package of {catalogue.economy(str(told['state']))}: it announces, "
             "imposes and withdraws these together."]  # fmt: skip
    lines += ["", "Policies"]
    for name, title in told["policies"].items():
        lines += _wrap(f"{name}: {title}", "  ", "    ")
    notice = told["notice_weeks"]
    default = facts(Package)["notice_weeks"].default
    weeks = f"{default:g} weeks (default)" if notice is None else f"{notice:g} weeks"
    lines += ["", f"Notice   {weeks} from announcement to effect unless a date is given"]
    lines += ["", "Sources", *_items(told["sources"] or ["none named"])]
    lines += ["", "Scenarios with it", *_wrap(", ".join(told["scenarios"]) or "none yet", "  ")]
    return "\n".join(lines)


def government_page(told: Mapping[str, Any]) -> str:
    """A government: strategy, ladder, given moves, its parameters and those of its utility."""
    lines = [*_head(told), "", *_governments({told["state"]: told})]
    lines += ["", "Parameters", *_facts(told["fields"])]
    lines += ["", "Weights of its utility (preferences)", *_facts(told["preferences"])]
    lines += ["", "Scenarios with it", *_wrap(", ".join(told["scenarios"]) or "none yet", "  ")]
    return "\n".join(lines)


#: How the kinds of pages about governments are written.
OF_STATES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "strategy": strategy_page,
    "package": package_page,
    "government": government_page,
}


def _head(told: Mapping[str, Any]) -> list[str]:
    name = str(told["name"])
    also = [f"tradesim describe {other}/{name}" for other in told.get("also") or ()]
    note = _wrap(f"Another page has this name: {', '.join(also)}") if also else []
    return [name, "=" * len(name), *_wrap(str(told["title"])), *note]


def _governments(seats: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Each government with its strategy, whom it watches, its rungs and what is given."""
    lines: list[str] = []
    for code, seat in seats.items():
        mind = str(seat["strategy"]).rpartition(".")[2]
        told = catalogue.value_text(seat["strategy_parameters"])
        mind += f" ({told})" if seat["strategy_parameters"] else ""
        watched = ", ".join(catalogue.economy(other) for other in seat["watches"])
        begins = f", from {seat['decides_from']}" if seat["decides_from"] else ""
        lines += _wrap(
            f"{catalogue.economy(code)}: {mind}; watches {watched or 'nobody'}{begins}",
            "  ",
            "    ",
        )
        if seat["changed"]:
            lines += _wrap(f"with {catalogue.value_text(seat['changed'])}", "    ", "      ")
        for rung, (name, title) in enumerate(seat["ladder"].items(), start=1):
            lines += _wrap(f"rung {rung}: {name}, {title}", "    ", "      ")
        for move in seat["opening"]:
            lines += _wrap(f"given: {_given(move)}", "    ", "      ")
    return lines


def _given(move: Mapping[str, Any]) -> str:
    """A given move in words: an announcement or a deal."""
    if move.get("package"):
        due = f" for {move['effective']}" if move.get("effective") else ""
        return f"{move['date']} announces {move['package']}{due}"
    gives, takes = (", ".join(move.get(key) or ()) or "nothing" for key in ("give", "take"))
    return (f"{move['date']} deal with {move.get('to')} until {move.get('expires')}: suspends "
            f"{gives} for {takes}")  # fmt: skip


def _facts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Parameters with value or default, unit, meaning, range and source."""
    lines: list[str] = []
    for row in rows:
        default = catalogue.value_text(row.get("default"))
        value = catalogue.value_text(row["value"]) if "value" in row else f"{default} (default)"
        told = [row.get("description", "")]
        told += [f"default: {default}"] if "value" in row else []
        told += [f"{key}: {row[key]}" for key in ("allowed", "source") if row.get(key)]
        unit = f" {row['unit']}" if row.get("unit") else ""
        lines += _wrap(f"{row['name']} = {value}{unit}", "  ", "    ")
        lines += _wrap("; ".join(part for part in told if part), "      ")
    return lines


def _does(each: Entry) -> list[str]:
    if each.cls is None:
        return _wrap(f"Its class is not loaded: {each.fault}")
    lines = [line for part in catalogue.class_text(each.cls).split("\n") for line in _wrap(part)]
    if each.cls.acts_through:
        lines += _wrap(f"It acts through {each.cls.acts_through}.")
    if each.cls.needs:
        lines += _wrap(f"It acts on what other policies control: {', '.join(each.cls.needs)}.")
    return lines + (_wrap(f"The page is refused: {each.fault}") if each.fault else [])


def _covers(each: Entry) -> list[str]:
    if each.policy is None:
        return _wrap(catalogue.value_text(each.page.get("covers", {})), "  ")
    return _rows(catalogue.coverage(each.policy.covers))


def _parameters(cls: type[Policy], page: Mapping[str, Any]) -> list[str]:
    lines = _parameter(_strength(page))
    for each in catalogue.parameters(cls, page):
        lines += _parameter(each)
    return lines


def _strength(page: Mapping[str, Any]) -> Parameter:
    fact = facts(Policy)["strength"]
    return Parameter(fact, False, page.get("strength"), "strength" in page)


def _parameter(each: Parameter) -> list[str]:
    """Name and value with the unit; then meaning, default, range and source."""
    fact = each.fact
    default = "none, it must be given" if each.required else catalogue.value_text(fact.default)
    value = catalogue.value_text(each.value) if each.written else f"{default} (default)"
    unit = f" {fact.unit}" if fact.unit and not isinstance(each.value, (Mapping, list)) else ""
    told = [fact.text]
    told += [f"unit: {fact.unit}"] if fact.unit and not unit else []
    told += [f"default: {default}"] if each.written else []
    told += [f"allowed: {fact.allowed()}"] if fact.allowed() else []
    told += [f"source: {fact.source}"] if fact.source else []
    lines = _wrap(f"{fact.name} = {value}{unit}", "  ", "    ")
    lines += _wrap("; ".join(told), "      ")
    for inner in each.inside:
        told = [inner.text, inner.unit, inner.allowed(), inner.source]
        lines += _wrap(f"{inner.name}: " + "; ".join(t for t in told if t), "        ")
    return lines


def _rows(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Label and text, side by side."""
    lines: list[str] = []
    for label, text in rows:
        lines += _wrap(text, f"  {label:<{_LABEL - 2}}", " " * _LABEL)
    return lines


def _items(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in _wrap(str(text), "  - ", "    ")]


def _wrap(text: str, first: str = "", rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False, break_on_hyphens=False,
    ) or [first.rstrip()]  # fmt: skip


def _clip(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…"
