"""Policies and scenarios as text of a hundred columns, for ``tradesim list`` and ``describe``."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tradesim import catalogue
from tradesim.catalogue import Entry, Parameter
from tradesim.fields import facts
from tradesim.policies import Policy

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
    lines += ["", f"Compared with   {told['compare'] or 'nothing'}", "", "Policies"]
    for each in entries:
        late = (each.date("effective") or end) >= end
        note = f" (after the end of the run on {catalogue.day(end)})" if late else ""
        by = f"{each.instrument} by {catalogue.economy(each.imposed_by)}"
        lines += [_clip(f"  {each.name}: {by}, {catalogue.span(each)}{note}")]
        lines += _wrap(str(each.page.get("title", "")), "    ")
    lines += ["  none"] if not entries else []
    rows = [(key, catalogue.value_text(value)) for key, value in told["keys"].items()]
    rows += [(f"market.{key}", str(value)) for key, value in told["market"].items()]
    lines += ["", "Keys", *_rows(rows)]
    lines += ["", "Sources", *_items(told["sources"] or ["none named"])]
    return "\n".join([*lines, "", "Try", f"  tradesim run scenario={name} seeds=5"])


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
