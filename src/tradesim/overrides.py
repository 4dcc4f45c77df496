"""Words of the command line, ``key=value`` in Hydra's grammar: read, sweetened and checked.

Nothing is composed here. A misspelt key or name is refused before anything runs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException

from tradesim.errors import InputError, nearest, unknown

#: Folders of conf/ whose pages are chosen by name.
GROUPS = ("scenario", "experiment", "policy", "package", "state", "strategy")
#: Keys that hold a list, where ``key=a,b`` means ``key=[a,b]``.
LIST_KEYS = frozenset({"seeds", "allow_targets"})

_WORD = re.compile(r"^(?:~[^=]+|\+{0,2}[^=~+]+=)")


def read(words: Sequence[str], *, sweep: bool = False) -> list[Override]:
    """Parse ``words``; ``sweep`` leaves commas to mean several points.

    Raises :class:`InputError` for a word that is no override or does not parse, and, without
    ``sweep``, for one that names several values.
    """
    parser = OverridesParser.create()
    parsed = []
    for word in words:
        _check_form(word)
        try:
            override = parser.parse_override(_sweeten(word, sweep=sweep))
        except HydraException as error:
            raise InputError(
                f"'{word}' does not parse",
                allowed="key=value in Hydra's grammar",
                remedy="put the value in quotes: key='some, text'",
            ) from error
        if override.is_sweep_override() and not sweep:
            _refuse_sweep(word, override)
        parsed.append(override)
    return parsed


def is_choice(override: Override) -> bool:
    """Whether ``override`` picks a page of conf/ (scenario, policy, strategy and so on)."""
    return override.key_or_group in GROUPS


def is_machinery(override: Override) -> bool:
    """Whether ``override`` speaks to Hydra itself (``hydra.searchpath=...``)."""
    return override.key_or_group.partition(".")[0].partition("/")[0] == "hydra"


def root(override: Override) -> str:
    """First part of the dotted key."""
    return str(override.key_or_group).partition(".")[0]


def line(override: Override) -> str:
    """``override`` as a word again, with its sugar resolved."""
    return str(override.input_line)


def forced(override: Override) -> str:
    """``override`` as a word that sets its key whether or not a page has it."""
    if override.is_delete() or is_machinery(override):
        return line(override)
    return "++" + line(override).lstrip("+")


def options(override: Override, known: Iterable[str] = ()) -> list[str]:
    """``override`` as one word for each of its values; a glob picks from the ``known`` names."""
    key = override.get_key_element()
    if override.value_type == ValueType.GLOB_CHOICE_SWEEP:
        glob: Any = override.value()
        picked = [f"{key}={name}" for name in glob.filter(list(known))]
        if not picked:
            raise InputError(f"'{line(override)}' picks nothing", allowed=", ".join(known))
        return picked
    if override.is_sweep_override():
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    return [line(override)]


def check_choices(parsed: Iterable[Override], known: Mapping[str, Iterable[str]]) -> None:
    """Refuse a page name that ``known`` (group -> names) does not hold, and name the nearest."""
    for override in filter(is_choice, parsed):
        group = override.key_or_group
        for word in () if override.is_delete() else options(override, known[group]):
            for name in _pages(word):
                if name not in known[group] and not (group == "experiment" and name == "null"):
                    raise unknown(group, name, known[group], where=f"on the command line: {word}")


def _pages(word: str) -> list[str]:
    """The pages that ``group=name`` or ``group=[name,name]`` chooses."""
    return [name.strip(" '\"") for name in word.partition("=")[2].strip("[]").split(",")]


def settle_keys(
    parsed: Iterable[Override], present: set[str], declared: set[str], where: str
) -> list[str]:
    """The words of ``parsed``, where keys that are declared but not on a page are added.

    ``present`` are the dotted keys of the composed pages, ``declared`` those of the typed schema,
    ``where`` says which pages these are.
    Raises :class:`InputError` with the nearest name for a key that is in neither.
    """
    words = []
    for override in parsed:
        key = override.key_or_group
        if is_choice(override) or is_machinery(override) or key in present:
            words.append(line(override))
        elif key in declared and not override.is_delete():
            words.append(forced(override))
        elif override.is_add() or override.is_force_add():
            words.append(line(override))  # a new branch: the typed schema judges it
        else:
            raise _misspelt(key, present | declared, where)
    return words


def from_mapping(values: Mapping[str, Any]) -> list[str]:
    """Overrides for keyword arguments: nested mappings become dotted keys, None becomes null."""
    words = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            words += [f"{key}.{word}" for word in from_mapping(value)]
        else:
            words.append(f"{key}={literal(value)}")
    return words


def literal(value: Any) -> str:
    """``value`` in Hydra's grammar: None is null, text is quoted, sequences are lists."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{k}:{literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ",".join(literal(item) for item in value) + "]"
    return quote(value.isoformat() if isinstance(value, dt.date) else str(value))


def quote(text: str) -> str:
    """``text`` as a quoted value of Hydra's grammar."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"


def _check_form(word: str) -> None:
    if not _WORD.match(word):
        raise InputError(
            f"'{word}' is not an override",
            where="on the command line",
            allowed="key=value, +key=value, ~key",
            remedy=f"write {word}=VALUE" if word.isidentifier() else "write key=value",
        )


def _sweeten(word: str, *, sweep: bool) -> str:
    key, _, value = word.partition("=")
    if word == "out=":
        raise InputError("out names no folder", allowed="out=DIR", remedy="leave it out")
    if key == "out" and value[:1] not in {"'", '"', ""} and value != "null":
        return f"{key}={quote(value)}"
    if key in LIST_KEYS and not sweep and "," in value and value[:1] not in "[('\"":
        return f"{key}=[{value}]"
    return word


def _refuse_sweep(word: str, override: Override) -> None:
    raise InputError(
        f"'{word}' names several values",
        allowed=f"one value for '{override.key_or_group}' in a single run",
        remedy=f"tradesim sweep {word}",
    )


def _misspelt(key: str, known: set[str], where: str) -> InputError:
    """Names the neighbours of ``key``: the keys beside it, below its deepest known parent."""
    parent = key.rpartition(".")[0]
    while parent and parent not in known:
        parent = parent.rpartition(".")[0]
    prefix = f"{parent}." if parent else ""
    beside = {k for k in known if k.startswith(prefix) and "." not in k[len(prefix) :]}
    remedy = nearest(key, [k for k in known if not key.startswith(f"{k}.")])
    return InputError(
        f"unknown key '{key}'",
        where=where,
        allowed=", ".join(sorted(beside)) or f"nothing stands under '{parent}'",
        remedy=remedy or "tradesim describe SCENARIO shows the keys of a scenario",
    )
