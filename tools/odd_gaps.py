"""What of the model lacks its entry in the documentation, a line for each; empty if all is told.

A phase needs a docstring and its place in ``docs/model.md``, a function of the market its name
there, a parameter a description, unit, range and source, a state variable a comment with shape,
unit or meaning, a policy its paragraph and its place among the instruments, a random stream its
row under Chance, a column its unit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import odd_facts as odd
from md_tables import DOCS
from tradesim import schema
from tradesim.analysis.metrics import METRICS
from tradesim.fields import Fact, facts
from tradesim.policies import Policy


@dataclass(frozen=True)
class Model:
    """Everything that needs an entry; a test puts one more in and sees it missed."""

    phases: tuple[odd.Phase, ...]
    functions: tuple[str, ...]
    parameters: Mapping[str, Fact]
    state: Mapping[str, tuple[odd.Variable, ...]]
    policies: tuple[type[Policy], ...]
    streams: tuple[odd.Stream, ...]
    tables: Mapping[str, schema.Table]
    page: str  # model.md

    @classmethod
    def read(cls) -> Model:
        """The model as it is."""
        page = odd.MODEL_PAGE.read_text(encoding="utf-8")
        return cls(
            phases=tuple(odd.schedule(page)),
            functions=tuple(odd.public_functions()),
            parameters={
                prefix + name: fact
                for prefix, group in odd.PARAMETERS.items()
                for name, fact in facts(group).items()
            },
            state={c.__name__: tuple(odd.variables(c)) for c in odd.state_classes()},
            policies=tuple(odd.policy_classes()),
            streams=tuple(odd.streams()),
            tables=schema.TABLES,
            page=page,
        )


def gaps(found: Model) -> list[str]:
    """What has no entry where one belongs, each with what to write."""
    return [
        *_phase_gaps(found), *_parameter_gaps(found), *_state_gaps(found), *_policy_gaps(found),
        *_stream_gaps(found), *_table_gaps(found),
    ]  # fmt: skip


def _phase_gaps(found: Model) -> Iterator[str]:
    for phase in found.phases:
        for each in (phase, *phase.inside):
            if not each.says:
                yield f"phase {each.name}: no docstring"
            if not each.place:
                yield f"phase {each.name}: not named in docs/model.md"
    for name in found.functions:
        if f"`{name}`" not in found.page:
            yield f"function {name}: not named in docs/model.md"


def _parameter_gaps(found: Model) -> Iterator[str]:
    for name, fact in found.parameters.items():
        if not fact.text:
            yield f"parameter {name}: no description"
        number = isinstance(fact.default, int | float) and not isinstance(fact.default, bool)
        if not number or fact.choices:
            continue
        if not fact.unit:
            yield f"parameter {name}: no unit"
        if fact.low is None or fact.high is None:
            yield f"parameter {name}: no range"
        if not fact.source:
            yield f"parameter {name}: no source"


def _state_gaps(found: Model) -> Iterator[str]:
    told = {cls.__name__: inspect.getdoc(cls) or "" for cls in odd.state_classes()}
    for cls, fields in found.state.items():
        for each in fields:
            known = each.type in found.state or f"``{each.name}``" in told.get(cls, "")
            if not each.text and not known:
                yield f"state variable {cls}.{each.name}: no comment with shape, unit or meaning"


def _policy_gaps(found: Model) -> Iterator[str]:
    pages = (DOCS / "policies.md").read_text(encoding="utf-8")
    for cls in found.policies:
        if not cls.__doc__:
            yield f"policy {cls.__name__}: no docstring"
        name = f"{cls.__module__}.{cls.__name__}".removeprefix("tradesim.")
        if f"`{name}`" not in found.page:
            yield f"policy {cls.__name__}: not named in docs/model.md"
        if f"(`{cls.__name__}`)" not in pages:
            yield f"policy {cls.__name__}: not in docs/policies.md"


def _stream_gaps(found: Model) -> Iterator[str]:
    start = found.page.find("\n## Chance")
    chance = found.page[start : found.page.find("\n## ", start + 1)]
    for stream in found.streams:
        if not re.search(rf"^\| {re.escape(stream.words)}\b", chance, re.MULTILINE):
            yield f"random stream '{stream.purpose}': no row under Chance in docs/model.md"
        if not stream.says:
            yield f"random stream '{stream.purpose}': {stream.function} has no docstring"


def _table_gaps(found: Model) -> Iterator[str]:
    for name, table in found.tables.items():
        if not table.title:
            yield f"table {name}: no title"
        for column in table.columns:
            if not (column.unit and column.description):
                yield f"column {name}.{column.name}: no unit or description"
    for name, metric in METRICS.items():
        if not (metric.unit and metric.description):
            yield f"metric {name}: no unit or description"
