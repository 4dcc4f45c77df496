"""The policies of the library as facts: read off their pages and classes, put into words.

``tradesim list policies``, ``tradesim describe NAME`` and ``docs/policies.md`` all draw on this, so
a new page or class is listed and documented without code.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from tradesim import axes, config
from tradesim import policies as instruments
from tradesim.errors import InputError
from tradesim.fields import Fact, facts
from tradesim.policies import Coverage, Policy, consistency
from tradesim.policies.base import economies
from tradesim.tables import loader

Page = Mapping[str, Any]

_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)
_TABLES = Path(loader.__file__).with_name("base")
#: The four dates of a policy.
DATES = ("announced", "effective", "suspended", "expires")
_ALL = ("*",)


@dataclass(frozen=True)
class Entry:
    """A policy page with its class and, if both are sound, the policy; ``fault`` says what is not.

    A class outside the allowed packages is not imported: then ``cls`` and ``policy`` are None.
    """

    name: str
    page: Page
    cls: type[Policy] | None
    policy: Policy | None
    fault: str = ""

    @property
    def instrument(self) -> str:
        """The instrument in words; '' when the class is not loaded."""
        return self.cls.instrument.replace("_", " ") if self.cls else ""

    @property
    def imposed_by(self) -> str:
        """Code of the economy that imposes it, as written."""
        return str(self.page.get("imposed_by", ""))

    def date(self, key: str) -> dt.date | None:
        """One of the four dates, None where there is none."""
        return _date(self.page.get(key))

    @property
    def end(self) -> dt.date | None:
        """The first day on which it is no longer in force, None if it stays."""
        ends = [date for date in (self.date("suspended"), self.date("expires")) if date]
        return min(ends, default=None)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a class: its declaration, the page's ``value``, the fields inside it."""

    fact: Fact
    required: bool
    value: Any = None
    written: bool = False
    inside: tuple[Fact, ...] = ()


def entry(name: str, page: Page, prefixes: Sequence[str] = ("tradesim.",)) -> Entry:
    """A page with its class, if the class is under one of the allowed ``prefixes``."""
    try:
        cls = instruments.find_class(name, page, prefixes)
    except InputError as error:
        return Entry(name, page, None, None, f"{error.what}; {error.remedy}")
    try:
        return Entry(name, page, cls, instruments.load_one(name, page, prefixes))
    except (InputError, ValidationError) as error:
        return Entry(name, page, cls, None, " ".join(str(error).split()))


def parameters(cls: type[Policy], page: Page | None = None) -> list[Parameter]:
    """What a class adds to the fields of every policy, with what ``page`` says of it."""
    known = page or {}
    return [
        Parameter(
            fact=fact,
            required=cls.model_fields[name].is_required(),
            value=known.get(name),
            written=name in known,
            inside=_inside(cls.model_fields[name].annotation),
        )
        for name, fact in facts(cls).items()
        if name not in Policy.model_fields
    ]


def classes(entries: Sequence[Entry]) -> list[type[Policy]]:
    """The classes that pages name, and those of the package that none names, by instrument."""
    found = {e.cls for e in entries if e.cls}
    exported = (getattr(instruments, name) for name in instruments.__all__)
    found |= {
        c for c in exported if isinstance(c, type) and issubclass(c, Policy) and c is not Policy
    }
    return sorted(found, key=lambda cls: (cls.instrument, cls.__name__))


def by_state(entries: Sequence[Entry]) -> dict[str, dict[str, list[Entry]]]:
    """Entries by imposing economy (order of the axis), instrument and date of effect."""
    order = {code: i for i, code in enumerate(axes.ECONOMIES)}
    ranked = sorted(
        entries,
        key=lambda e: (
            order.get(e.imposed_by, len(order)), e.imposed_by, e.instrument,
            e.date("effective") or dt.date.max, e.name,
        ),
    )  # fmt: skip
    found: dict[str, dict[str, list[Entry]]] = {}
    for each in ranked:
        found.setdefault(each.imposed_by, {}).setdefault(each.instrument, []).append(each)
    return found


def command(each: Entry, scenarios: Sequence[str], library: Sequence[str]) -> str:
    """A command that shows what the policy does."""
    if scenarios:
        return f"tradesim run scenario={scenarios[0]} policies.{each.name}.strength=0.5 seeds=5"
    beside = list(each.cls.needs) if each.cls else []
    if each.policy:
        beside += [other for other in library if each.policy.suspends(other)][:1]
    names = [*dict.fromkeys([*beside, each.name])]
    words = [f"+policy@policies.{name}={name}" for name in names]
    further = consistency.further_goods(each.policy.covers) if each.policy else ()
    words += [f"further_goods=[{','.join(further)}]"] if further else []
    return " ".join(
        ["tradesim run scenario=reference", *words, "scenario.name=trial", "compare=reference",
         "seeds=5"]
    )  # fmt: skip


# -- words -----------------------------------------------------------------------------------------


def economy(code: str) -> str:
    """Full name of an economy; the code itself for one that has no row."""
    return _titles("economies.csv", "economy", "name").get(code, code)


def class_text(cls: type[Policy]) -> str:
    """What a class does, in its own words, as paragraphs of one line each."""
    paragraphs = (cls.__doc__ or "").replace("``", "`").strip().split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def day(date: dt.date | None) -> str:
    """``4 April 2025``; '' for None."""
    return f"{date.day} {date:%B %Y}" if date else ""


def span(each: Entry) -> str:
    """``4 Apr 2025 - 10 Nov 2025``, or ``from 4 Apr 2025`` for what has no end."""
    start, end = each.date("effective"), each.end
    if start is None:
        return ""
    if end is None:
        return f"from {start.day} {start:%b %Y}"
    return f"{start.day} {start:%b %Y} - {end.day} {end:%b %Y}"


def dates(each: Entry) -> list[tuple[str, str]]:
    """The four dates in words."""
    never = {"suspended": "not suspended by its page", "expires": "no end"}
    notes = {
        "announced": "firms react from here", "effective": "markets obey from here",
        "suspended": "out of force from here", "expires": "ended from here",
    }  # fmt: skip
    return [
        (key, f"{day(each.date(key))} ({notes[key]})" if each.date(key) else never.get(key, "-"))
        for key in DATES
    ]


def coverage(covers: Coverage) -> list[tuple[str, str]]:
    """What a coverage picks, resolved to goods, uses, places and firms."""
    rows = [("goods", _goods(covers))]
    if covers.end_uses != _ALL:
        uses = [
            use
            for use in axes.USE_LABELS
            if any(fnmatchcase(use, pattern) for pattern in covers.end_uses)
        ]
        rows.append(("end uses", ", ".join(uses)))
    rows.append(("from", _places(covers.origins)))
    rows.append(("to", _places(covers.destinations, covers.exempt_destinations)))
    firms = [(field, getattr(covers, field)) for field in ("stages", "sellers", "buyers")]
    return rows + [(field, ", ".join(names)) for field, names in firms if names != _ALL]


def value_text(value: Any) -> str:
    """A value on one line: ``civilian 0.67, defence 0``; parts of a list parted by semicolons."""
    if isinstance(value, Mapping):
        inner = "; " if any(isinstance(v, Mapping) for v in value.values()) else ", "
        return inner.join(
            f"{key}: {value_text(v)}" if isinstance(v, Mapping) else f"{key} {value_text(v)}"
            for key, v in value.items()
        ) or "none"  # fmt: skip
    if isinstance(value, (list, tuple)):
        parted = any(isinstance(item, (Mapping, BaseModel)) for item in value)
        return ("; " if parted else ", ").join(value_text(item) for item in value) or "none"
    if isinstance(value, BaseModel):
        return value_text(value.model_dump(exclude_defaults=True))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _goods(covers: Coverage) -> str:
    """Goods in groups: oxides and metals by element, others by title."""
    covered = covers.goods_covered()
    if covered == axes.GOODS:
        return "every good"
    titles, parts = _titles("goods.csv", "good", "title"), []
    for prefix, word, whole in (
        ("oxide_", "oxides of", axes.OXIDES), ("metal_", "metals", axes.METALS),
    ):  # fmt: skip
        found = [good.removeprefix(prefix) for good in covered if good.startswith(prefix)]
        if found:
            parts.append(f"all {prefix.rstrip('_')}s" if len(found) == len(whole)
                         else f"{word} {', '.join(found)}")  # fmt: skip
    parts += [
        f"{good} ({titles[good]})" if good in titles else good
        for good in covered
        if not good.startswith(("oxide_", "metal_"))
    ]
    return "; ".join(parts)


def _places(patterns: Sequence[str], exempt: Sequence[str] = ()) -> str:
    """Names of the economies that match, and of those among them that are exempt."""
    covered, spared = _economies(patterns), _economies(exempt)
    text = "everywhere" if len(covered) == len(axes.ECONOMIES) else ", ".join(covered)
    without = [name for name in spared if name in covered]
    return text + (f", except {', '.join(without)}" if without else "")


def _economies(patterns: Sequence[str]) -> list[str]:
    flags = economies(patterns)
    return [economy(code) for code, on in zip(axes.ECONOMIES, flags, strict=True) if on]


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _inside(annotation: Any) -> tuple[Fact, ...]:
    """Fields of the models that a list or mapping holds."""
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return tuple(facts(part).values())
        found = _inside(part)
        if found:
            return found
    return ()


@lru_cache(maxsize=8)
def _titles(file: str, key: str, title: str) -> Mapping[str, str]:
    with (_TABLES / file).open(encoding="utf-8", newline="") as handle:
        return {row[key]: row[title] for row in csv.DictReader(handle)}


def library(pages: Mapping[str, Page], prefixes: Sequence[str] = ("tradesim.",)) -> list[Entry]:
    """Every policy page as an entry, by name."""
    return [entry(name, page, prefixes) for name, page in pages.items()]


def read_page(path: Path) -> Any:
    """What a YAML page says, by the parser in C where PyYAML has one: it is ten times as fast."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)


def own_pages() -> dict[str, Page]:
    """The pages that come with the package, without the user's."""
    folder = config.config_dir()
    found = config.names("policy", [folder])
    return {name: read_page(path) for name, path in found.items()}
