"""What the model documentation must hold, read off the code, and what of it lacks its entry.

Nothing is listed by hand: phases come from the text of ``TradeModel.step``, state variables from
the dataclasses and the comments behind their fields, parameters, policies and tables from their
declarations, random streams from the calls that draw them. :func:`gaps` names whatever has no
description where one belongs; ``tools/odd_doc.py`` writes the page.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import re
import textwrap
import tokenize
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

import tradesim
from md_tables import DOCS
from tradesim import catalogue, model, schema
from tradesim.analysis.metrics import METRICS
from tradesim.fields import Fact, facts
from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters, OutsideParameters
from tradesim.policies import Policy
from tradesim.scenario import Scenario
from tradesim.terms import Terms
from tradesim.world import World

PACKAGE = Path(tradesim.__file__).parent
MODEL_PAGE = DOCS / "model.md"
TEXTS = Path(__file__).with_name("odd")
#: Groups of parameters with the prefix of their keys.
PARAMETERS: Mapping[str, type[BaseModel]] = {
    "market.": MarketParameters, "outside.": OutsideParameters, "": Scenario,
}  # fmt: skip
#: Where the state of a run lives; what they refer to is found from them.
ROOTS = (World, MarketState, Terms)
_DRAWS = ("uniforms", "normals", "lognormals")


@dataclass(frozen=True)
class Phase:
    """A call in the step: dotted name, first line of its docstring, its place in model.md."""

    name: str
    says: str
    place: str
    inside: tuple[Phase, ...] = ()


@dataclass(frozen=True)
class Variable:
    """A field of a state class: name, type and what the comment says (shape, unit, meaning)."""

    name: str
    type: str
    text: str


@dataclass(frozen=True)
class Stream:
    """A stream of random numbers: its purpose, law and seed, and the function that draws it."""

    purpose: str
    law: str
    network: bool  # decides the world that is built; else what happens in it
    function: str
    says: str

    @property
    def words(self) -> str:
        """The part of the purpose that is the same for every name put into it."""
        return self.purpose.partition("{")[0].strip()


# -- schedule -----------------------------------------------------------------------------------


def first_line(found: object) -> str:
    """First line of the docstring of a function or class; '' if it has none."""
    return (inspect.getdoc(found) or "").partition("\n")[0]


def headings(page: str) -> list[tuple[int, str]]:
    """Position and text of every heading of a page."""
    return [(m.start(), m[1].strip()) for m in re.finditer(r"^#{2,3} (.+)$", page, re.MULTILINE)]


def place(name: str, page: str) -> str:
    """Heading under which ``page`` names an object in code type; '' if it does not."""
    found = page.find(f"`{name}`")
    return "" if found < 0 else max(h for h in headings(page) if h[0] < found)[1]


def anchor(heading: str) -> str:
    """The address of a heading inside its page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dotted(call: ast.Call) -> str:
    """``module.function`` of a call, or ''."""
    text = ast.unparse(call.func)
    return text if re.fullmatch(r"\w+(\.\w+)+", text) else ""


def schedule(
    page: str, source: str | None = None, names: Mapping[str, object] | None = None
) -> list[Phase]:
    """The phases of a step in their order, from the text of the class that has the step.

    ``names`` are those that the text can use; by default both are the model's own.
    """
    text = textwrap.dedent(source or inspect.getsource(model.TradeModel))
    known = vars(model) if names is None else names
    methods = {
        node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
    }
    (loop,) = (node for node in ast.walk(methods["step"]) if isinstance(node, ast.For))
    calls = [dotted(call) for statement in loop.body for call in _outermost(statement)]
    return [_phase(call, methods, known, page) for call in calls if call]


def _outermost(node: ast.AST) -> Iterator[ast.Call]:
    """Calls in a statement that are no argument of another call."""
    if isinstance(node, ast.Call):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _outermost(child)


def _phase(
    name: str, methods: Mapping[str, ast.FunctionDef], known: Mapping[str, object], page: str
) -> Phase:
    root, _, rest = name.partition(".")
    if root != "self":
        return _function(root, rest, known, page)
    method = methods[rest]
    inside = (
        _function(*call.partition(".")[::2], known, page)
        for call in _calls(method, methods)
        if _of_market(call, known)
    )
    says = (ast.get_docstring(method) or "").partition("\n")[0]
    unique = tuple({phase.name: phase for phase in inside}.values())
    where = place(f"model.TradeModel.{rest}", page)
    return Phase(f"model.TradeModel.{rest}", says, where or _shared(unique), unique)


def _calls(method: ast.FunctionDef, methods: Mapping[str, ast.FunctionDef]) -> Iterator[str]:
    """Dotted calls in a method and in those of its own that it calls, as they stand in the text."""
    found = [node for node in ast.walk(method) if isinstance(node, ast.Call) and dotted(node)]
    for call in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        name = dotted(call)
        root, _, rest = name.partition(".")
        if root == "self" and rest in methods:
            yield from _calls(methods[rest], methods)
        yield name


def _of_market(name: str, known: Mapping[str, object]) -> bool:
    module = known.get(name.partition(".")[0])
    if not isinstance(module, ModuleType):
        return False
    return module.__name__.startswith(("tradesim.market", "tradesim.outside"))


def _function(module: str, name: str, known: Mapping[str, object], page: str) -> Phase:
    found = getattr(known.get(module), name, None)
    full = f"{getattr(found, '__module__', module)}.{name}".removeprefix("tradesim.")
    return Phase(full, first_line(found) if found else "", place(full, page))


def _shared(phases: Iterable[Phase]) -> str:
    return next((phase.place for phase in phases if phase.place), "")


# -- state --------------------------------------------------------------------------------------


def variables(cls: type) -> list[Variable]:
    """The fields of a dataclass with the comments behind them."""
    source = textwrap.dedent(inspect.getsource(cls))
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line.lstrip().startswith("#")
    }
    (body,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return [
        Variable(node.target.id, ast.unparse(node.annotation), _comment(node, comments))
        for node in body.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]


def _comment(node: ast.stmt, comments: Mapping[int, str]) -> str:
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return next((comments[line] for line in lines if line in comments), "")


def state_classes(roots: Iterable[type] = ROOTS) -> list[type]:
    """The dataclasses that hold a run: the roots and all that their fields refer to."""
    found: list[type] = []
    ahead = list(roots)
    while ahead:
        cls = ahead.pop(0)
        if cls in found:
            continue
        found.append(cls)
        for hint in typing.get_type_hints(cls, localns={"Terms": Terms}).values():
            ahead += [part for part in _parts(hint) if part not in found]
    return found


def _parts(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for inner in typing.get_args(hint):
        yield from _parts(inner)


# -- random numbers -----------------------------------------------------------------------------


def streams(sources: Mapping[str, str] | None = None) -> list[Stream]:
    """Every stream of random numbers that a module of the package draws from, by path and text."""
    texts = sources or {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    return [stream for path, text in texts.items() for stream in _streams_of(path, text)]


def _streams_of(path: str, text: str) -> Iterator[Stream]:
    module = path.removesuffix(".py").replace("/", ".")
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and dotted(call) in {f"rng.{law}" for law in _DRAWS}:
                yield Stream(
                    purpose=_purpose(call.args[1]),
                    law=dotted(call).removeprefix("rng."),
                    network=module.startswith("world."),
                    function=f"{module}.{function.name}",
                    says=(ast.get_docstring(function) or "").partition("\n")[0],
                )


def _purpose(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return ast.unparse(node).removeprefix("f").strip("'\"").replace("self.", "")


# -- what lacks its entry -----------------------------------------------------------------------


def policy_classes() -> list[type[Policy]]:
    """Every instrument, those that no page names included."""
    return catalogue.classes(catalogue.library(catalogue.own_pages()))


def public_functions(folder: Path = PACKAGE / "market") -> list[str]:
    """Public functions of the market's modules, ``market.module.function``."""
    return [
        f"market.{path.stem}.{node.name}"
        for path in sorted(folder.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


@dataclass(frozen=True)
class Model:
    """Everything that needs an entry; a test puts one more in and sees it missed."""

    phases: tuple[Phase, ...]
    functions: tuple[str, ...]
    parameters: Mapping[str, Fact]
    state: Mapping[str, tuple[Variable, ...]]
    policies: tuple[type[Policy], ...]
    streams: tuple[Stream, ...]
    tables: Mapping[str, schema.Table]
    page: str  # model.md

    @classmethod
    def read(cls) -> Model:
        """The model as it is."""
        page = MODEL_PAGE.read_text(encoding="utf-8")
        return cls(
            phases=tuple(schedule(page)),
            functions=tuple(public_functions()),
            parameters={
                prefix + name: fact
                for prefix, group in PARAMETERS.items()
                for name, fact in facts(group).items()
            },
            state={c.__name__: tuple(variables(c)) for c in state_classes()},
            policies=tuple(policy_classes()),
            streams=tuple(streams()),
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
        if not number:
            continue
        if not fact.unit:
            yield f"parameter {name}: no unit"
        if fact.low is None or fact.high is None:
            yield f"parameter {name}: no range"
        if not fact.source:
            yield f"parameter {name}: no source"


def _state_gaps(found: Model) -> Iterator[str]:
    told = {cls.__name__: inspect.getdoc(cls) or "" for cls in state_classes()}
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
