"""What the model documentation must hold, read off the code.

Nothing is listed by hand: phases come from the text of ``TradeModel.step``, state variables from
the dataclasses and the comments behind their fields, random streams from the calls that draw them,
policies and tables from their declarations. ``tools/odd_gaps.py`` says what of it lacks its entry,
``tools/odd_doc.py`` writes the page.
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
from tradesim import catalogue, model
from tradesim.market.state import MarketState
from tradesim.parameters import MarketParameters, OutsideParameters, TalksParameters
from tradesim.policies import Policy
from tradesim.scenario import Scenario
from tradesim.states.utility import Preferences
from tradesim.terms import Terms
from tradesim.world import World

PACKAGE = Path(tradesim.__file__).parent
MODEL_PAGE = DOCS / "model.md"
TEXTS = Path(__file__).with_name("odd")
#: Groups of parameters with the prefix of their keys.
PARAMETERS: Mapping[str, type[BaseModel]] = {
    "market.": MarketParameters, "outside.": OutsideParameters, "talks.": TalksParameters,
    "states.ECONOMY.preferences.": Preferences, "": Scenario,
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
    return _plain(inspect.getdoc(found))


def _plain(doc: str | None) -> str:
    return (doc or "").partition("\n")[0].replace("``", "`")


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
    says = _plain(ast.get_docstring(method))
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
    for owner, function in _functions(ast.parse(text)):
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and dotted(call) in {f"rng.{law}" for law in _DRAWS}:
                yield Stream(
                    purpose=_purpose(call.args[1]),
                    law=dotted(call).removeprefix("rng."),
                    network=module.startswith("world."),
                    function=f"{module}.{owner}{function.name}",
                    says=_plain(ast.get_docstring(function)),
                )


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of a module and methods of its classes, with the class and a dot before these."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield f"{node.name}.", part


def _purpose(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return ast.unparse(node).removeprefix("f").strip("'\"").replace("self.", "")


# -- policies and functions ---------------------------------------------------------------------


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
