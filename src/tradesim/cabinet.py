"""Strategies, packages and governments of the library as facts: read off pages and classes.

``tradesim list strategies`` and ``tradesim describe NAME`` draw on this, so a new page is told
without code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tradesim import catalogue, config
from tradesim.catalogue import Page, Parameter
from tradesim.errors import InputError
from tradesim.fields import facts
from tradesim.states.government import Government
from tradesim.states.utility import Preferences
from tradesim.strategies import Strategy
from tradesim.strategies import base as strategies

Item = dict[str, Any]

#: Keys of a government that its page settles and no parameter table explains.
_SETTLED = ("strategy", "watches", "ladder", "opening", "decides_from", "preferences")


def comment(path: Path) -> str:
    """The comment at the head of a page as one line; Hydra's own directives are left out."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        text = line.lstrip("#").strip()
        if not text.startswith("@package"):
            lines.append(text)
    return " ".join(lines).strip()


def strategy_rows(pages: Mapping[str, Path], prefixes: Sequence[str]) -> list[Item]:
    """Strategies by name: title and class.

    The title is the comment of the page, or the first line of the class's docstring.
    """
    return [_strategy_row(name, path, prefixes) for name, path in pages.items()]


def _strategy_row(name: str, path: Path, prefixes: Sequence[str]) -> Item:
    page = catalogue.read_page(path) or {}
    cls, fault = strategy_class(page, prefixes)
    title = comment(path) or text_of(cls).partition("\n")[0]
    row = {"name": name, "title": title, "class": str(page.get("_target_", ""))}
    return row | ({"fault": fault} if fault else {})


def strategy_class(page: Page, prefixes: Sequence[str]) -> tuple[type[Strategy] | None, str]:
    """The class of a strategy's page, or None and why it is not loaded."""
    try:
        return strategies.find_class(page, "strategy", prefixes), ""
    except InputError as error:
        return None, "; ".join(part for part in (error.what, error.remedy) if part)


def strategy(name: str, path: Path, prefixes: Sequence[str]) -> Item:
    """All about a strategy: what it does with its source, and its parameters."""
    page = catalogue.read_page(path) or {}
    cls, _ = strategy_class(page, prefixes)
    found = {"kind": "strategy", **_strategy_row(name, path, prefixes)}
    found["text"] = text_of(cls)
    found["looks_ahead"] = bool(cls and cls.looks_ahead)
    found["fields"] = fields(cls, page) if cls else []
    return found | {"command": command(name, bool(found["looks_ahead"]))}


def text_of(cls: type[Any] | None) -> str:
    """What a class says of itself, one line for each paragraph."""
    paragraphs = ((cls.__doc__ if cls else "") or "").replace("``", "`").strip().split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def parameters(cls: type[BaseModel], page: Page, without: Sequence[str] = ()) -> list[Parameter]:
    """Parameters of a class with what ``page`` says of each."""
    return [
        Parameter(fact, cls.model_fields[name].is_required(), page.get(name), name in page)
        for name, fact in facts(cls).items()
        if name not in without
    ]


def fields(cls: type[BaseModel], page: Page, without: Sequence[str] = ()) -> list[Item]:
    """The same as plain data: name, description, default, unit, range, source, value."""
    rows = []
    for each in parameters(cls, page, without):
        fact = each.fact
        row = {"name": fact.name, "description": fact.text, "default": fact.default,
               "unit": fact.unit, "allowed": fact.allowed(), "source": fact.source,
               "value": each.value}  # fmt: skip
        rows.append({key: value for key, value in row.items() if value not in ("", None)})
    return rows


def package(name: str, path: Path, titles: Mapping[str, str]) -> Item:
    """All about a package: its state, policies with their ``titles``, notice and sources."""
    page = _named(name, path, "packages")
    return {
        "kind": "package", "name": name, "title": page.get("title", comment(path)),
        "state": page.get("state"), "notice_weeks": page.get("notice_weeks"),
        "policies": {policy: titles.get(policy, "") for policy in page.get("policies") or ()},
        "sources": list(page.get("sources") or ()),
    }  # fmt: skip


def government(name: str, path: Path, tree: Mapping[str, Any]) -> Item:
    """All about a government's page; ``tree`` is a world composed with it."""
    (code,) = list((catalogue.read_page(path) or {}).get("states") or {})[:1] or ("",)
    page = (tree.get("states") or {}).get(code) or {}
    found = {"kind": "government", "name": name, "title": comment(path), "state": code}
    found |= seat(page, tree.get("packages") or {})
    found["fields"] = fields(Government, page, _SETTLED)
    found["preferences"] = fields(Preferences, page.get("preferences") or {})
    return found


def seat(page: Mapping[str, Any], packages: Mapping[str, Any]) -> Item:
    """What a government's page settles: strategy, whom it watches, ladder, given moves."""
    mind = dict(page.get("strategy") or {})
    target = str(mind.pop("_target_", ""))
    return {
        "strategy": target, "strategy_parameters": mind,
        "watches": list(page.get("watches") or ()),
        "ladder": {rung: (packages.get(rung) or {}).get("title", "")
                   for rung in page.get("ladder") or ()},
        "opening": [dict(move) for move in page.get("opening") or ()],
        "decides_from": page.get("decides_from"),
        "changed": {k: v for k, v in page.items() if k not in _SETTLED or k == "preferences"},
    }  # fmt: skip


def seats(tree: Mapping[str, Any]) -> dict[str, Item]:
    """The governments of a composed scenario by economy."""
    packages = tree.get("packages") or {}
    return {code: seat(page, packages) for code, page in (tree.get("states") or {}).items()}


def deciders(page: Page, folders: Sequence[Path]) -> list[str]:
    """Economies whose government decides, as a scenario's page and its government pages say."""
    found = dict.fromkeys(page.get("states") or {})
    known = config.names("state", folders)
    for item in page.get("defaults") or ():
        name = str(item).removeprefix("/").removeprefix("state/")
        if str(item).startswith("/state/") and name in known:
            found |= dict.fromkeys((catalogue.read_page(known[name]) or {}).get("states") or {})
    return list(found)


def uses(tree: Mapping[str, Any], group: str, name: str, page: Page) -> bool:
    """Whether a composed scenario takes in the ``page`` of a group called ``name``."""
    if group == "package":
        return name in (tree.get("packages") or {})
    states = tree.get("states") or {}
    if group == "strategy":
        return any(_within(page, state.get("strategy") or {}) for state in states.values())
    return _within(page.get("states") or {}, states)


def _within(part: Any, whole: Any) -> bool:
    """Whether everything that a page says stands in a composed tree."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(
            key in whole and _within(value, whole[key]) for key, value in part.items()
        )
    return str(part) == str(whole) or (isinstance(part, list) and _listed(part, whole))


def _listed(part: Sequence[Any], whole: Any) -> bool:
    return (
        isinstance(whole, list)
        and len(part) == len(whole)
        and all(_within(one, other) for one, other in zip(part, whole, strict=True))
    )


def command(name: str, looks_ahead: bool) -> str:
    """A command that gives a government of the library another strategy.

    One that looks ahead decides every fourth week, which is what its budget allows.
    """
    words = ["tradesim run scenario=october_2025_strategic",
             f"strategy@states.CHN.strategy={name}"]  # fmt: skip
    words += ["states.CHN.decision_weeks=4"] if looks_ahead else []
    return " ".join([*words, "seeds=5"])


def _named(name: str, path: Path, key: str) -> Mapping[str, Any]:
    page = catalogue.read_page(path) or {}
    return dict((page.get(key) or {}).get(name) or {})
