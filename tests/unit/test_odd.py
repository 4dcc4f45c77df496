"""The ODD page is in step with the code, and whatever lacks its entry is found."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

import odd_doc
import odd_facts as odd
from md_tables import DOCS
from odd_gaps import Model, gaps
from tradesim import axes, model
from tradesim.fields import Fact
from tradesim.market.books import LicenceBook
from tradesim.market.state import MarketState
from tradesim.model import TradeModel
from tradesim.policies import Policy
from tradesim.schema import Column, Table
from worlds import named

PAGES = ("model.md", "odd.md", "robustness.md", "limits.md")


@pytest.fixture(scope="module")
def found() -> Model:
    """The model as the documentation sees it."""
    return Model.read()


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "odd.md").read_text(encoding="utf-8")


def test_the_page_is_in_step(page: str) -> None:
    assert page == odd_doc.page(), "run: python tools/odd_doc.py"


def test_nothing_lacks_its_entry(found: Model) -> None:
    assert gaps(found) == []


def test_every_element_of_the_protocol_has_a_text(page: str) -> None:
    assert odd_doc.missing_texts() == []
    headings = [heading for _, heading in odd.headings(page)]
    assert [name for name in odd_doc.ELEMENTS if name not in headings] == []


def test_everything_stands_on_the_page(found: Model, page: str) -> None:
    """What the code declares is found again, by name, where a reader looks for it."""
    names = [phase.name for phase in found.phases]
    names += [p.name for phase in found.phases for p in phase.inside]
    names += [cls.__name__ for cls in found.policies]
    names += [each.name for fields in found.state.values() for each in fields]
    names += [name for name in found.parameters if "." in name]
    names += list(found.tables)
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [s.purpose for s in found.streams if f"| {s.purpose} |" not in page] == []
    parameters = (DOCS / "parameters.md").read_text(encoding="utf-8")
    last = [name.rpartition(".")[2] for name in found.parameters]
    assert [name for name in last if f"| `{name}` |" not in parameters] == []


# -- a doctored model is found out ---------------------------------------------------------------


def blow(world: object, state: object) -> None:  # a phase that nobody has described
    del world, state


def test_a_further_phase_is_missed(found: Model) -> None:
    source = inspect.getsource(TradeModel).replace(
        "            self._expect()\n",
        "            self._expect()\n            weather.blow(self.world, self.state)\n",
    )
    names = {**vars(model), "weather": SimpleNamespace(blow=blow)}
    phases = tuple(odd.schedule(found.page, source, names))
    assert len(phases) == len(found.phases) + 1
    missed = gaps(dataclasses.replace(found, phases=phases))
    assert [line for line in missed if "blow" in line and "docstring" in line]
    assert [line for line in missed if "blow" in line and "model.md" in line]


def test_a_phase_inside_a_branch_counts_too(found: Model) -> None:
    source = inspect.getsource(TradeModel).replace(
        "            self._expect()\n",
        "            if self.week > 3:\n                self.windy = weather.blow(self.world, 1)\n",
    )
    names = {**vars(model), "weather": SimpleNamespace(blow=blow)}
    phases = odd.schedule(found.page, source, names)
    assert [phase.name for phase in phases if phase.name.endswith("blow")]


def test_a_further_function_of_the_market_is_missed(found: Model) -> None:
    more = dataclasses.replace(found, functions=(*found.functions, "market.price.guess"))
    assert gaps(more) == ["function market.price.guess: not named in docs/model.md"]


@pytest.mark.parametrize(
    ("fact", "missed"),
    [
        (Fact("mood", 1.0, "share", 0.0, 1.0, "assumption", "How people feel"), []),
        (Fact("mood", 1.0, "share", 0.0, 1.0, "assumption", ""), ["description"]),
        (Fact("mood", 1.0, "", 0.0, 1.0, "assumption", "How people feel"), ["unit"]),
        (Fact("mood", 1.0, "share", 0.0, None, "assumption", "How people feel"), ["range"]),
        (Fact("mood", 1.0, "share", 0.0, 1.0, "", "How people feel"), ["source"]),
    ],
)
def test_a_further_parameter_is_missed(found: Model, fact: Fact, missed: list[str]) -> None:
    more = {**found.parameters, "market.mood": fact}
    lines = gaps(dataclasses.replace(found, parameters=more))
    assert lines == [f"parameter market.mood: no {word}" for word in missed]


def test_a_further_state_variable_is_missed(found: Model) -> None:
    more = (*found.state["MarketState"], odd.Variable("mood", "Floats", ""))
    (line,) = gaps(dataclasses.replace(found, state={**found.state, "MarketState": more}))
    assert "MarketState.mood" in line


def test_comments_are_read_off_the_fields() -> None:
    known = {each.name: each for each in odd.variables(MarketState)}
    assert known["ask"].text.startswith("[markets]")
    assert set(known) == {f.name for f in dataclasses.fields(MarketState)}


class Embrace(Policy):
    """Nobody has written about it yet."""

    instrument: ClassVar[str] = "embrace"


def test_a_further_policy_is_missed(found: Model) -> None:
    missed = gaps(dataclasses.replace(found, policies=(*found.policies, Embrace)))
    assert len(missed) == 2
    assert all("Embrace" in line for line in missed)


def test_a_further_random_stream_is_missed(found: Model) -> None:
    text = 'def f(seed):\n    """Draw."""\n    return rng.uniforms(seed, f"weather {name}", ids)\n'
    (stream,) = odd.streams({"market/weather.py": text})
    assert (stream.words, stream.network) == ("weather", False)
    (line,) = gaps(dataclasses.replace(found, streams=(*found.streams, stream)))
    assert "weather" in line


def test_a_further_table_is_missed(found: Model) -> None:
    bare = Table("moods", "", (Column("mood", "measure", "number", "", "How people feel"),))
    missed = gaps(dataclasses.replace(found, tables={**found.tables, "moods": bare}))
    assert missed == ["table moods: no title", "column moods.mood: no unit or description"]


# -- what the pages name is there, and shapes are as told -----------------------------------------


def named_objects() -> list[str]:
    """Dotted names of the package that the pages put in code type."""
    known = {path.stem for path in odd.PACKAGE.iterdir() if not path.name.startswith("_")}
    texts = [(DOCS / name).read_text(encoding="utf-8") for name in PAGES]
    found = {n for text in texts for n in re.findall(r"`(?:tradesim\.)?(\w+(?:\.\w+)+)`", text)}
    keys = set(Model.read().parameters)
    files = (".py", ".md", ".csv")
    return sorted(
        n for n in found
        if n.partition(".")[0] in known and n not in keys and not n.endswith(files)
    )  # fmt: skip


def test_every_name_on_the_pages_exists() -> None:
    gone = [name for name in named_objects() if not exists(name)]
    assert gone == []


def exists(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module("tradesim." + ".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute, None)
        return found is not None
    return False


def test_every_equation_of_the_page_has_a_function_near_it() -> None:
    """Each displayed equation of the step stands under a heading that names its function."""
    text = (DOCS / "model.md").read_text(encoding="utf-8")
    step = text[text.index("## One step") : text.index("## Policies")]
    for part in re.split(r"^### ", step, flags=re.MULTILINE)[1:]:
        if "$$" in part:
            assert re.search(r"`(market|terms|licence_terms)\.[\w.]+`", part), part[:40]


def test_shapes_are_as_the_comments_say() -> None:
    """After some steps of a run with licences every array has the length that its comment names."""
    run = TradeModel(named("april_2025", weeks=20), 0)
    for _ in range(20):
        run.step()
    world = run.world
    sizes = {
        "slots": len(world.slots), "inputs": world.slots.inputs, "links": len(world.links),
        "outputs": len(world.slots) - world.slots.inputs, "lanes": len(world.lanes),
        "firms": len(world.firms), "markets": world.markets, "economies": len(axes.ECONOMIES),
        "goods": len(axes.GOODS), "elements": len(axes.ELEMENTS), "mixed": len(world.mixed),
        "public links": len(world.public_links),
    }  # fmt: skip
    checked = 0
    for part in (world, world.firms, world.slots, world.links, world.lanes, run.state, run.terms,
                 run.terms.firms, run.terms.lane_links, *run.terms.licences.values(),
                 *run.state.books.values()):  # fmt: skip
        here = sizes | ({"n": len(part.links)} if isinstance(part, LicenceBook) else {})
        for name, first, value in shaped(part):
            if first in here:
                assert len(value) == here[first], f"{type(part).__name__}.{name}"
                checked += 1
    run.close()
    assert checked > 150


def shaped(part: Any) -> Iterator[tuple[str, str, Any]]:
    """Arrays of an object with the first axis that their comment names."""
    for each in odd.variables(type(part)):
        told = re.match(r"\[([a-z ]+)", each.text)
        value = getattr(part, each.name)
        if told and isinstance(value, np.ndarray | tuple):
            yield each.name, told[1], value


#: Numbers that stand for themselves: none, whole, half, twice, kilograms and days, and what turns
#: months into weeks.
PLAIN = {0.0, 0.5, 1.0, 2.0, 7.0, 84.0, 365.25, 1000.0}
#: Below this a number keeps a division from failing.
TINY = 1e-6


def test_no_number_of_the_model_is_nameless() -> None:
    """A figure inside a function has no source: named constants have, parameters as well."""
    nameless = [
        f"{path.relative_to(odd.PACKAGE)}:{number.lineno} {number.value}"
        for folder in ("market", "world", "record")
        for path in sorted((odd.PACKAGE / folder).glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for number in ast.walk(function)
        if isinstance(number, ast.Constant) and isinstance(number.value, float)
        if number.value not in PLAIN and abs(number.value) > TINY
    ]
    assert nameless == []
