"""``tradesim list`` and ``tradesim describe``: read off the pages, the tables and the schema.

Nothing is written here that stands elsewhere, so a new page or row is listed without code.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tradesim import config
from tradesim.errors import InputError, unknown
from tradesim.fields import facts
from tradesim.parameters import MarketParameters
from tradesim.scenario import RunConfig, Scenario
from tradesim.tables import loader

Item = dict[str, Any]

_TABLES = Path(loader.__file__).with_name("base")
#: The name under which ``describe`` shows every key and behavioural parameter.
PARAMETERS = "parameters"


def scenarios() -> list[Item]:
    """Scenarios by name: title, the world each is compared with, its story in one paragraph."""
    rows = []
    for name, page in _pages("scenario").items():
        told = page.get("scenario") or {}
        row = {"name": name, "title": told.get("title", ""), "compare": told.get("compare")}
        rows.append({**row, "story": _one_line(told.get("story", ""))})
    return rows


def policies() -> list[Item]:
    """Policies by name: title, class, who imposes it on whom, and its dates."""
    kept = ("imposed_by", "on", "announced", "effective", "suspended", "expires")
    rows = []
    for name, page in _pages("policy").items():
        row = {"name": name, "title": page.get("title", ""), "class": page.get("_target_", "")}
        rows.append(row | {key: page[key] for key in kept if key in page})
    return rows


def strategies() -> list[Item]:
    """Strategies of states; none is built yet."""
    return []


def goods() -> list[Item]:
    """Goods by code: title, stage, customs code, unit, and whether the controls of 2025 name it."""
    return _table("goods.csv", key="good", title="title")


def economies() -> list[Item]:
    """Economies by ISO 3166 code (and EU27, ROW): full name and role."""
    return _table("economies.csv", key="economy", title="name")


def data() -> list[Item]:
    """Every sourced table, reconciliation adjustment and gap-filling rule, with size and source."""
    return [dict(row) for row in loader.list_data()]


def experiments() -> list[Item]:
    """Experiments by name: title and the sweep that each declares."""
    rows = []
    for name, page in _pages("experiment").items():
        told = page.get("experiment") or {}
        sweep = ((page.get("hydra") or {}).get("sweeper") or {}).get("params") or {}
        rows.append({"name": name, "title": told.get("title", ""), "sweep": sweep})
    return rows


KINDS: Mapping[str, Callable[[], list[Item]]] = {
    "scenarios": scenarios,
    "policies": policies,
    "strategies": strategies,
    "goods": goods,
    "economies": economies,
    "data": data,
    "experiments": experiments,
}


def describe(name: str) -> Item:
    """All that is known about ``name``: a scenario, policy, good, economy, experiment or data item.

    Raises :class:`InputError` with the nearest name for one that nothing is called.
    """
    if name == PARAMETERS:
        return _parameters()
    if name in config.names("scenario"):
        return _scenario(name)
    if name in config.names("policy"):
        return _policy(name)
    known = {PARAMETERS}
    for kind, rows in KINDS.items():
        found = {str(row["name"]): row for row in rows()}
        if name in found:
            return {"kind": kind, **found[name]}
        known |= found.keys()
    raise unknown("name", name, known, where="tradesim describe")


def list_command(words: Sequence[str]) -> int:
    """``tradesim list KIND [--json]``."""
    kind, as_json = _one_argument(words, "list", KINDS)
    if kind not in KINDS:
        raise unknown("list", kind, KINDS, where="tradesim list")
    rows = KINDS[kind]()
    print(_json(rows) if as_json else _columns(rows))
    return 0


def describe_command(words: Sequence[str]) -> int:
    """``tradesim describe NAME [--json]``."""
    name, as_json = _one_argument(words, "describe", ("april_2025", "magnet_NdFeB", PARAMETERS))
    found = describe(name)
    print(_json(found) if as_json else _page(found))
    return 0


def _scenario(name: str) -> Item:
    tree = config.compose([f"scenario={name}"])
    told = tree.pop("scenario")
    keys = {k: v for k, v in tree.items() if k not in {"policies", "market", "allow_targets"}}
    return {
        "kind": "scenario",
        "name": name,
        **{key: told.get(key) for key in ("title", "story", "compare", "sources")},
        "policies": tree["policies"],
        "market": tree["market"],
        "keys": keys,
    }


def _policy(name: str) -> Item:
    page = _pages("policy")[name]
    found = {"kind": "policy", "name": name, **page}
    target = str(page.get("_target_", ""))
    if target.startswith("tradesim."):
        module, _, cls = target.rpartition(".")
        model = getattr(import_module(module), cls)
        found["class"] = _one_line(model.__doc__ or "")
        found["fields"] = _fields(model)
    return found


def _parameters() -> Item:
    return {
        "kind": "parameters",
        "name": PARAMETERS,
        "title": "Every key of a run, and the behavioural parameters of the market",
        "scenario": _fields(Scenario),
        "run": _fields(RunConfig),
        "market": _fields(MarketParameters),
    }


def _fields(model: type[BaseModel]) -> list[Item]:
    """What is known of every field; what its declaration leaves unsaid is left out."""
    rows = []
    for fact in facts(model).values():
        row = {"name": fact.name, "description": fact.text, "default": fact.default}
        row |= {"unit": fact.unit, "allowed": fact.allowed(), "source": fact.source}
        rows.append({key: value for key, value in row.items() if value not in ("", None, ())})
    return rows


def _pages(group: str) -> dict[str, Item]:
    found = {}
    for name, path in config.names(group).items():
        try:
            page = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise InputError(
                "the page is not sound YAML",
                where=f"{path}: {_one_line(str(error))}",
                remedy="correct it, or take the folder off TRADESIM_CONF",
            ) from error
        found[name] = page or {}
    return found


def _table(file: str, *, key: str, title: str) -> list[Item]:
    with (_TABLES / file).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return [
        {"name": row[key], "title": row[title]}
        | {k: v for k, v in row.items() if k not in {key, title}}
        for row in rows
    ]


def _one_argument(words: Sequence[str], verb: str, known: Iterable[str]) -> tuple[str, bool]:
    names = [word for word in words if word != "--json"]
    if len(names) != 1:
        raise InputError(
            f"'tradesim {verb}' takes one name, not {len(names)}",
            allowed=", ".join(known),
            remedy=f"tradesim {verb} {next(iter(known))}",
        )
    return names[0], "--json" in words


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _columns(rows: Sequence[Item]) -> str:
    if not rows:
        return "(none yet)"
    width = min(max(len(str(row["name"])) for row in rows), 48)
    lines = [f"{row['name']!s:<{width}}  {row['title']}" for row in rows]
    for number, row in enumerate(rows):
        told = [f"{key}: {row[key]}" for key in ("size", "quality", "source") if row.get(key)]
        if "kind" in row:
            lines[number] += f"\n{'':<{width}}  {row['kind']}; {'; '.join(told)}"
    return "\n".join(lines)


def _page(found: Item) -> str:
    plain = json.loads(_json(found))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)).rstrip()


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
