"""``tradesim list`` and ``tradesim describe``: read off the pages, the tables and the schema.

Nothing is written here that stands elsewhere, so a new page or row is listed without code.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tradesim import cabinet, catalogue, config, pages
from tradesim import overrides as ov
from tradesim.errors import InputError, unknown
from tradesim.fields import facts
from tradesim.parameters import MarketParameters, OutsideParameters
from tradesim.scenario import RunConfig, Scenario
from tradesim.tables import further, loader

Item = dict[str, Any]

_TABLES = Path(loader.__file__).with_name("base")
#: Words that say where to look, beside the name.
_PLACE_KEYS = ("hydra.searchpath", "allow_targets")
#: Values of a declaration that tell nothing; a field that must be given has no default.
_UNSAID = ("", None, (), PydanticUndefined)
#: Groups of pages about governments, beside the scenarios.
_OF_STATES = ("strategy", "package", "state")
#: What a scenario's page shows beside its other keys.
_TOLD_APART = frozenset({"policies", "packages", "states", "market", "allow_targets"})
#: The name under which ``describe`` shows every key and behavioural parameter.
PARAMETERS = "parameters"


@dataclass(frozen=True)
class Place:
    """Where pages are looked for and which classes are loaded: ``words`` say it as in a run.

    ``hydra.searchpath=[...]`` adds folders, ``allow_targets=PACKAGE`` allows a user's classes.
    """

    words: tuple[str, ...] = ()
    folders: tuple[Path, ...] = field(init=False)
    prefixes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read the words; anything but the two keys is refused."""
        parsed = ov.read(self.words)
        for each in parsed:
            if each.key_or_group not in _PLACE_KEYS:
                raise unknown("key", each.key_or_group, _PLACE_KEYS, "tradesim list and describe")
        named = [each.value() for each in parsed if each.key_or_group == "allow_targets"]
        object.__setattr__(self, "folders", tuple(config.search_dirs(parsed)))
        object.__setattr__(self, "prefixes", config.allowed_prefixes(named[-1] if named else None))

    def compose(self, scenario: str, *beside: str) -> Item:
        """A scenario's page with all that it takes in, and with the words ``beside`` it."""
        return config.compose([f"scenario={scenario}", *beside, *self.words])


def scenarios(place: Place | None = None) -> list[Item]:
    """Scenarios by name: title, the world each is compared with, its story, who decides in it."""
    rows, folders = [], (place or Place()).folders
    for name, page in _pages("scenario", place).items():
        told = page.get("scenario") or {}
        row = {"name": name, "title": told.get("title", ""), "compare": told.get("compare")}
        decide = cabinet.deciders(page, folders)
        row |= {"story": _one_line(told.get("story", ""))}
        rows.append(row | ({"governments": decide} if decide else {}))
    return rows


def policies(place: Place | None = None) -> list[Item]:
    """Policies by name: title, class, instrument, who imposes it on whom, and its dates."""
    kept = ("imposed_by", "on", "announced", "effective", "suspended", "expires")
    rows = []
    for each in _library(place):
        page = each.page
        row = {"name": each.name, "title": page.get("title", ""), "class": page.get("_target_", "")}
        row["instrument"] = each.cls.instrument if each.cls else ""
        rows.append(row | {key: page[key] for key in kept if key in page})
    return rows


def strategies(place: Place | None = None) -> list[Item]:
    """Strategies of governments by name: title and class."""
    place = place or Place()
    return cabinet.strategy_rows(config.names("strategy", place.folders), place.prefixes)


def packages(place: Place | None = None) -> list[Item]:
    """Packages by name: title, the state that moves it, its policies, weeks of notice."""
    rows = []
    for name, page in _pages("package", place).items():
        told = (page.get("packages") or {}).get(name) or {}
        kept = {key: told[key] for key in ("state", "policies", "notice_weeks") if key in told}
        rows.append({"name": name, "title": told.get("title", ""), **kept})
    return rows


def goods(place: Place | None = None) -> list[Item]:
    """Goods by code: title, stage, customs code, unit, and whether the controls of 2025 name it.

    Further goods come last: a scenario trades those that its ``further_goods`` names.
    """
    beside = [
        {"name": row["good"], "stage": "further", **{k: v for k, v in row.items() if k != "good"}}
        for row in further.rows()["goods"]
    ]
    return _table("goods.csv", key="good", title="title") + beside


def economies(place: Place | None = None) -> list[Item]:
    """Economies by ISO 3166 code (and EU27, ROW): full name and role."""
    return _table("economies.csv", key="economy", title="name")


def data(place: Place | None = None) -> list[Item]:
    """Every sourced table, reconciliation adjustment and gap-filling rule, with size and source."""
    return [dict(row) for row in loader.list_data()]


def experiments(place: Place | None = None) -> list[Item]:
    """Experiments by name: title and the sweep that each declares."""
    rows = []
    for name, page in _pages("experiment", place).items():
        told = page.get("experiment") or {}
        sweep = ((page.get("hydra") or {}).get("sweeper") or {}).get("params") or {}
        rows.append({"name": name, "title": told.get("title", ""), "sweep": sweep})
    return rows


KINDS: Mapping[str, Callable[[Place | None], list[Item]]] = {
    "scenarios": scenarios,
    "policies": policies,
    "strategies": strategies,
    "packages": packages,
    "goods": goods,
    "economies": economies,
    "data": data,
    "experiments": experiments,
}


def describe(name: str, place: Place | None = None) -> Item:
    """All that is known about ``name``: what a page, a row of a table or a data item is called.

    ``GROUP/NAME`` names a page of one folder of conf/ where two have the same name. Raises
    :class:`InputError` with the nearest name for one that nothing is called.
    """
    place = place or Place()
    group, slash, page = name.partition("/")
    if slash and group in _OF_STATES:
        known_pages = config.names(group, place.folders)
        if page not in known_pages:
            raise unknown(group, page, known_pages, where="tradesim describe")
        return _of_states(group, page, known_pages[page], place)
    if name == PARAMETERS:
        return _parameters()
    if name in config.names("scenario", place.folders):
        return _scenario(name, place)
    if name in config.names("policy", place.folders):
        return _policy(name, place)
    known = {PARAMETERS}
    for group in _OF_STATES:
        found = config.names(group, place.folders)
        if name in found:
            others = [
                g for g in _OF_STATES if g != group and name in config.names(g, place.folders)
            ]
            return _of_states(group, name, found[name], place) | (
                {"also": others} if others else {}
            )
        known |= found.keys()
    for kind, rows in KINDS.items():
        listed = {str(row["name"]): row for row in rows(place)}
        if name in listed:
            return {"kind": kind, **listed[name]}
        known |= listed.keys()
    raise unknown("name", name, known, where="tradesim describe")


def list_command(words: Sequence[str]) -> int:
    """``tradesim list KIND [--json]``."""
    kind, as_json, place = _one_argument(words, "list", KINDS)
    if kind not in KINDS:
        raise unknown("list", kind, KINDS, where="tradesim list")
    if as_json:
        print(_json(KINDS[kind](place)))
    elif kind == "policies":
        print(pages.policy_list(_library(place)))
    else:
        print(_columns(KINDS[kind](place)))
    return 0


def describe_command(words: Sequence[str]) -> int:
    """``tradesim describe NAME [--json]``."""
    known = ("april_2025", "magnet_NdFeB", PARAMETERS)
    name, as_json, place = _one_argument(words, "describe", known)
    found = describe(name, place)
    if as_json:
        print(_json(found))
    elif found["kind"] == "policy":
        each = _entry(name, place)
        print(pages.policy_page(each, found["scenarios"], found["command"]))
    elif found["kind"] == "scenario":
        start = dt.date.fromisoformat(str(found["keys"]["start"]))
        end = start + dt.timedelta(weeks=found["keys"]["weeks"])
        entries = catalogue.library(found["policies"], place.prefixes)
        print(pages.scenario_page(found, entries, end))
    elif found["kind"] in pages.OF_STATES:
        print(pages.OF_STATES[found["kind"]](found))
    else:
        print(_page(found))
    return 0


def _scenario(name: str, place: Place) -> Item:
    tree = place.compose(name)
    told = tree.pop("scenario")
    keys = {key: value for key, value in tree.items() if key not in _TOLD_APART}
    return {
        "kind": "scenario",
        "name": name,
        **{key: told.get(key) for key in ("title", "story", "compare", "sources")},
        "policies": tree["policies"],
        "governments": cabinet.seats(tree),
        "packages": tree["packages"],
        "market": tree["market"],
        "keys": keys,
    }


def _of_states(group: str, name: str, path: Path, place: Place) -> Item:
    """A strategy, a package or a government's page, with the scenarios that take it in."""
    page = catalogue.read_page(path) or {}
    if group == "strategy":
        found = cabinet.strategy(name, path, place.prefixes)
    elif group == "package":
        titles = {each.name: str(each.page.get("title", "")) for each in _library(place)}
        found = cabinet.package(name, path, titles)
    else:
        found = cabinet.government(name, path, place.compose("reference", f"+state={name}"))
    used = [
        scenario
        for scenario, told in _pages("scenario", place).items()
        if cabinet.deciders(told, place.folders)
        and cabinet.uses(_composed(scenario, place), group, name, page)
    ]
    return found | {"scenarios": used}


def _policy(name: str, place: Place) -> Item:
    each = _entry(name, place)
    found = {**each.page, "kind": "policy", "name": name}
    if each.cls:
        found |= {"class": _one_line(each.cls.__doc__ or ""), "instrument": each.cls.instrument}
        found |= {"acts_through": each.cls.acts_through, "needs": list(each.cls.needs)}
        found["fields"] = [
            row | ({"value": each.page[row["name"]]} if row["name"] in each.page else {})
            for row in _fields(each.cls)
        ]
    if each.policy:
        found["covered"] = dict(catalogue.coverage(each.policy.covers))
    if each.fault:
        found["fault"] = each.fault
    used = [s for s in config.names("scenario", place.folders) if name in _policies_of(s, place)]
    library = config.names("policy", place.folders)
    return found | {"scenarios": used, "command": catalogue.command(each, used, tuple(library))}


def _policies_of(scenario: str, place: Place) -> Mapping[str, Any]:
    return dict(_composed(scenario, place).get("policies") or {})


def _composed(scenario: str, place: Place) -> Item:
    """A scenario as composed; nothing for one that is not sound, which a run of it will tell."""
    try:
        return place.compose(scenario)
    except InputError:
        return {}


def _entry(name: str, place: Place) -> catalogue.Entry:
    return catalogue.entry(name, _pages("policy", place)[name], place.prefixes)


def _library(place: Place | None) -> list[catalogue.Entry]:
    place = place or Place()
    return catalogue.library(_pages("policy", place), place.prefixes)


def _parameters() -> Item:
    return {
        "kind": "parameters",
        "name": PARAMETERS,
        "title": "Every key of a run, and the parameters of the market and of what lies outside it",
        "scenario": _fields(Scenario),
        "run": _fields(RunConfig),
        "market": _fields(MarketParameters),
        "outside": _fields(OutsideParameters),
    }


def _fields(model: type[BaseModel]) -> list[Item]:
    """What is known of every field; what its declaration leaves unsaid is left out."""
    rows = []
    for fact in facts(model).values():
        row = {"name": fact.name, "description": fact.text, "default": fact.default}
        row |= {"unit": fact.unit, "allowed": fact.allowed(), "source": fact.source}
        rows.append({key: value for key, value in row.items() if value not in _UNSAID})
    return rows


def _pages(group: str, place: Place | None = None) -> dict[str, Item]:
    found = {}
    for name, path in config.names(group, (place or Place()).folders).items():
        try:
            page = catalogue.read_page(path)
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


def _one_argument(words: Sequence[str], verb: str, known: Iterable[str]) -> tuple[str, bool, Place]:
    """The name, whether JSON is asked for, and where to look."""
    settings = tuple(word for word in words if "=" in word)
    names = [word for word in words if word != "--json" and word not in settings]
    if len(names) != 1:
        raise InputError(
            f"'tradesim {verb}' takes one name, not {len(names)}",
            allowed=", ".join(known),
            remedy=f"tradesim {verb} {next(iter(known))}",
        )
    return names[0], "--json" in words, Place(settings)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _columns(rows: Sequence[Item]) -> str:
    if not rows:
        return "(none yet)"
    width = min(max(len(str(row["name"])) for row in rows), 48)
    lines = [f"{row['name']!s:<{width}}  {row['title']}" for row in rows]
    for number, row in enumerate(rows):
        told = [f"{key}: {row[key]}" for key in ("size", "quality", "source") if row.get(key)]
        if row.get("governments"):
            lines[number] += f" (decides: {', '.join(row['governments'])})"
        if "kind" in row:
            lines[number] += f"\n{'':<{width}}  {row['kind']}; {'; '.join(told)}"
    return "\n".join(lines)


def _page(found: Item) -> str:
    plain = json.loads(_json(found))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)).rstrip()


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
