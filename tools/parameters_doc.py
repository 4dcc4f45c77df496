"""Write ``docs/parameters.md`` from the code: ``python tools/parameters_doc.py``.

The behavioural parameters and those of the blocks outside, as :mod:`tradesim.parameters` declares
them, the keys of a scenario, and the numbers that stand as named constants in the model's modules.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel

import tradesim
from md_tables import DOCS, code, head, row
from tradesim import catalogue, strategies
from tradesim.fields import Fact, facts
from tradesim.parameters import (
    SEARCH,
    TRIAL,
    MarketParameters,
    OutsideParameters,
    TalksParameters,
)
from tradesim.scenario import Scenario
from tradesim.states.government import Government
from tradesim.states.utility import Preferences

PACKAGE = Path(tradesim.__file__).parent
PAGE = DOCS / "parameters.md"
#: Where behaviour lives: what is not found here is used by nobody.
MODEL = ("world", "market", "policies", "states", "strategies", "record", "outside.py", "model.py")
#: Holds codes that are numbers by accident.
CODES = "world/types.py"
_CONSTANT = re.compile(r"^((?:[A-Z][A-Z0-9_]*)(?:, [A-Z][A-Z0-9_]*)*)(?:: \w+)? = (.+)$")
_NUMBER = re.compile(r"^-?[\d.]+(?:e-?\d+)?(?:, -?[\d.]+(?:e-?\d+)?)*$|^float\(.*\)$")


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """The text of every module of the model by its path inside the package."""
    found: dict[str, str] = {}
    for name in MODEL:
        place = PACKAGE / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found[path.relative_to(PACKAGE).as_posix()] = path.read_text(encoding="utf-8")
    return found


def used_in(name: str, modules: dict[str, str] | None = None) -> list[str]:
    """Modules of the model that read a parameter."""
    texts = sources() if modules is None else modules
    return [module for module, text in texts.items() if re.search(rf"\.{name}\b", text)]


def parameter_row(fact: Fact, modules: dict[str, str]) -> str:
    """One line of the first table."""
    where = code(used_in(fact.name, modules)) or "nowhere"
    cells = (
        f"`{fact.name}`", "drawn" if fact.default is None else f"{fact.default:g}", fact.unit,
        "" if fact.low is None or fact.high is None else f"{fact.low:g}–{fact.high:g}",
        fact.text, fact.source.replace(SEARCH, "*search*").replace(TRIAL, "*trial*"), where,
    )  # fmt: skip
    return row(cells)


def key_row(fact: Fact) -> str:
    """One line of the table of a scenario's keys."""
    plain = isinstance(fact.default, bool | int | float | dt.date)
    default = catalogue.value_text(fact.default) if plain else "–"
    cells = (f"`{fact.name}`", default, fact.allowed(), fact.text, fact.source)
    return row(cells)


def constants(modules: dict[str, str]) -> list[str]:
    """Lines of the second table: numeric constants with the comment that stands before them."""
    rows = []
    for module, text in modules.items():
        if module == CODES:
            continue
        said: list[str] = []
        for line in text.splitlines():
            if line.startswith("#:"):
                said.append(line.removeprefix("#:").strip())
                continue
            match = _CONSTANT.match(line)
            if match and said and _NUMBER.match(match[2]):
                rows.append(row((f"`{match[1]}`", f"`{match[2]}`", " ".join(said), f"`{module}`")))
            said = []
    return rows


def group(model: type[BaseModel], modules: dict[str, str]) -> list[str]:
    """The table of a group of parameters and the empty line after it."""
    heads = ("parameter", "default", "unit", "range", "meaning", "source", "used in")
    rows = [parameter_row(fact, modules) for fact in facts(model).values() if fact.unit]
    return [*head(*heads), *rows, ""]


def minds() -> list[str]:
    """The table of the parameters of all strategies."""
    found = [getattr(strategies, name) for name in strategies.__all__ if name != "Strategy"]
    rows = [
        row((f"`{cls.__name__}`", f"`{fact.name}`", catalogue.value_text(fact.default), fact.unit,
             fact.allowed(), fact.text, fact.source))
        for cls in found for fact in facts(cls).values() if fact.unit
    ]  # fmt: skip
    heads = ("strategy", "parameter", "default", "unit", "allowed", "meaning", "source")
    return [*head(*heads), *rows, ""]


def page() -> str:
    """The whole page as Markdown."""
    modules = sources()
    lines = [
        "# Parameters",
        "",
        "Generated from the code by `python tools/parameters_doc.py`; do not edit by hand.",
        "",
        "## Behavioural parameters",
        "",
        "Set one with `market.NAME=VALUE`; a value outside the range is refused. The range is "
        "also the one to vary it over. References are given in full in [model.md](model.md).",
        "",
        f"*search* stands for: {SEARCH}. Such a value is rounded; "
        "the calibrated range stands in [validation.md](validation.md). "
        f"*trial* stands for: {TRIAL}.",
        "",
        *group(MarketParameters, modules),
        "## Blocks outside rare earths",
        "",
        "Set one with `outside.NAME=VALUE`. Every value is to be swept over its range.",
        "",
        *group(OutsideParameters, modules),
        "## Talks",
        "",
        "Set one with `talks.NAME=VALUE`.",
        "",
        *group(TalksParameters, modules),
        "## Governments",
        "",
        "Set one with `states.ECONOMY.NAME=VALUE`, a weight with "
        "`states.ECONOMY.preferences.NAME=VALUE`. What is private is drawn with the seed where "
        "the page fixes nothing.",
        "",
        *group(Government, modules),
        *group(Preferences, modules),
        "## Strategies",
        "",
        "Set one with `states.ECONOMY.strategy.NAME=VALUE`.",
        "",
        *minds(),
        "## Keys of a scenario",
        "",
        "Set one with `NAME=VALUE`. What policies hold stands in [policies.md](policies.md).",
        "",
        *head("key", "default", "allowed", "meaning", "source"),
        *(key_row(fact) for fact in facts(Scenario).values()),
        "",
        "## Numbers fixed in the code",
        "",
        "Named constants that no key changes. Those without a source are assumptions or "
        "numerical tolerances, as the text says.",
        "",
        *head("constant", "value", "meaning", "module"),
        *constants(modules),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
