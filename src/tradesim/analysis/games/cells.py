"""From words to the cells of a matrix: what each player can do, and the world of every pair.

An option is a package, several joined by ``+``, or ``none``. In a cell the packages of both are
simply in force: announced on one date, effective after their notice, for as long as the run
lasts. Both governments then stay silent, so that their utility is measured and nothing else moves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tradesim import config, policies
from tradesim import overrides as ov
from tradesim.errors import InputError
from tradesim.fields import explain
from tradesim.scenario import RunConfig, Scenario
from tradesim.states import packages
from tradesim.states.packages import Package

#: What both sides can do unless told otherwise: four packages each of the contract.
DEFAULT_ROW = ("usa_affiliates", "usa_tariff_100", "usa_chips", "usa_stockpile")
DEFAULT_COLUMN = ("chn_licences", "chn_port_fees", "chn_october", "chn_embargo")
#: The option of doing nothing.
NONE = "none"
#: Words that hold unless the user says otherwise; 104 weeks reach two years from the start.
DEFAULTS = {"scenario": "reference", "seeds": "50", "weeks": "104"}
#: Weeks between the start of a run and the moves, without ``from``.
CALM_WEEKS = 13
#: Keys of this command; every other word is as in ``tradesim run``.
KEYS = ("row", "column", "from")
SILENCE = {"_target_": "tradesim.strategies.Silence"}

Pages = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Option:
    """Something a player can do: the packages that it puts in force."""

    name: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Player:
    """One side: the economy whose government moves, and its options in order."""

    state: str
    options: tuple[Option, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the options."""
        return tuple(option.name for option in self.options)


@dataclass(frozen=True)
class Cell:
    """One pair of options and its run; ``point`` counts the cells row by row."""

    point: int
    row: str
    column: str
    job: RunConfig


@dataclass(frozen=True)
class Plan:
    """A matrix that has been checked; nothing has been run. ``on`` is the date of the moves."""

    row: Player
    column: Player
    on: dt.date
    base: RunConfig
    packages: Mapping[str, Package]
    cells: tuple[Cell, ...]

    @property
    def weeks(self) -> float:
        """Weeks of the run that payoffs are summed over: all of them."""
        return float(self.base.scenario.weeks)


def plan(words: Sequence[str]) -> Plan:
    """Read and check everything that ``words`` ask for.

    Raises :class:`InputError` for a misspelt name or key, packages of two states on one side, a
    date outside the run and for cells whose policies contradict each other.
    """
    own, rest = _split(words)
    wanted = {side: _options(own.get(side), default, side)
              for side, default in (("row", DEFAULT_ROW), ("column", DEFAULT_COLUMN))}  # fmt: skip
    named = [name for side in wanted.values() for option in side for name in option.packages]
    tree = config.compose([*rest, *_choice(dict.fromkeys(named))])
    bundles = _bundles(tree, named)
    row, column = (_player(side, wanted[side], bundles) for side in ("row", "column"))
    if row.state == column.state:
        raise InputError(
            f"both sides are {row.state}", where="row and column",
            allowed="packages of two different states",
            remedy="tradesim describe PACKAGE says which state imposes it",
        )  # fmt: skip
    base = config.load([*_seated(row.state, column.state), *rest, "compare=none"])
    on = _date(own.get("from"), base.scenario)
    pages = _in_force({name: bundles[name] for name in named}, tree["policies"], on)
    world = _without(base.scenario, (row.state, column.state))
    pairs = [(r, c) for r in row.options for c in column.options]
    cells = tuple(
        Cell(point, r.name, c.name, _job(base, world, (r, c), pages, rest))
        for point, (r, c) in enumerate(pairs)
    )
    kept = {name: bundles[name] for name in dict.fromkeys(named)}
    return Plan(row, column, on, base, kept, cells)


def _split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The command's own keys, and all other words with the defaults before them."""
    own: dict[str, str] = {}
    rest = []
    for word in words:
        key, given, value = word.partition("=")
        if given and key in KEYS:
            own[key] = value.strip("'\"")
        elif key == "compare":
            raise InputError(
                "a matrix has no world of comparison", where=word,
                allowed="cells, which are compared with each other",
                remedy=f"leave it out; row=[{NONE},…] adds the option of doing nothing",
            )  # fmt: skip
        else:  # governments are seated here, so their keys are known though no page has them
            rest.append(f"++{word}" if key.startswith("states.") else word)
    said = {word.partition("=")[0].lstrip("+") for word in rest}
    return own, [f"{key}={value}" for key, value in DEFAULTS.items() if key not in said] + rest


def _options(text: str | None, default: tuple[str, ...], side: str) -> tuple[Option, ...]:
    """``[a,b+c,none]`` as options; each name once."""
    names = default if text is None else tuple(n.strip(" '\"") for n in text.strip("[]").split(","))
    if not all(names) or len(set(names)) < len(names):
        raise InputError(
            f"{side}={text}", where=f"key '{side}'",
            allowed="names of packages, each option once, such as "
            f"{side}=[{NONE},{default[0]},{default[0]}+{default[1]}]",
            remedy="tradesim list packages shows what there is",
        )  # fmt: skip
    return tuple(
        Option(name, () if name == NONE else tuple(part.strip() for part in name.split("+")))
        for name in names
    )


def _choice(names: Mapping[str, None]) -> list[str]:
    return [f"+package=[{','.join(names)}]"] if names else []


def _bundles(tree: Mapping[str, Any], named: Sequence[str]) -> dict[str, Package]:
    """The packages on the composed pages by name, each checked with its policies."""
    loaded = policies.load(tree["policies"], config.allowed_prefixes(tree.get("allow_targets")))
    chosen = {name: tree["packages"][name] for name in dict.fromkeys(named)}
    try:
        return packages.load(chosen, loaded)
    except ValidationError as error:
        raise explain(error, Package, where="payoff", prefix="packages.") from error


def _player(side: str, options: tuple[Option, ...], bundles: Mapping[str, Package]) -> Player:
    states = {bundles[name].state: name for option in options for name in option.packages}
    if len(states) != 1:
        found = ", ".join(f"{name} of {state}" for state, name in states.items())
        raise InputError(
            f"the options of one side must be of one state, not {len(states)}",
            where=f"{side}: {found or NONE}",
            allowed=f"packages of one state, and {NONE}",
            remedy="tradesim describe PACKAGE says which state imposes it",
        )
    return Player(next(iter(states)), options)


def _seated(row: str, column: str) -> list[str]:
    """Words that seat both governments, so that weights of their utility can be overridden."""
    words = []
    for state, watched in ((row, column), (column, row)):
        page = {"strategy": SILENCE, "watches": [watched], "ladder": [], "opening": []}
        words += [f"++states.{state}.{key}={ov.literal(value)}" for key, value in page.items()]
    return words


def _date(text: str | None, scenario: Scenario) -> dt.date:
    """The date of the moves; it must lie inside the run."""
    last = scenario.start + dt.timedelta(days=7 * scenario.weeks - 1)
    if text is None:
        return min(scenario.start + dt.timedelta(weeks=CALM_WEEKS), last)
    try:
        found = dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"from={text} is no date", where="key 'from'", allowed="YYYY-MM-DD",
            remedy=f"from={scenario.start + dt.timedelta(weeks=CALM_WEEKS)}",
        ) from error  # fmt: skip
    if not scenario.start <= found <= last:
        raise InputError(
            f"from={found} lies outside the run", where="key 'from'",
            allowed=f"{scenario.start} to {last}",
            remedy="name a date inside, or set start or weeks",
        )  # fmt: skip
    return found


def _in_force(
    bundles: Mapping[str, Package], pages: Pages, on: dt.date
) -> dict[str, dict[str, dict[str, Any]]]:
    """By package, its policies' pages: announced on the date, effective after the notice."""
    found = {}
    for name, bundle in bundles.items():
        effective = on + dt.timedelta(days=round(7 * bundle.notice_weeks))
        dates = {"announced": on.isoformat(), "effective": effective.isoformat(),
                 "suspended": None, "expires": None}  # fmt: skip
        found[name] = {policy: dict(pages[policy]) | dates for policy in bundle.policies}
    return found


def _without(scenario: Scenario, states: tuple[str, str]) -> Scenario:
    """The world without what its own governments of the two states could move."""
    gone = {name: page for name, page in scenario.packages.items() if page["state"] in states}
    moved = {policy for page in gone.values() for policy in page["policies"]}
    return scenario.model_copy(update={
        "packages": {n: page for n, page in scenario.packages.items() if n not in gone},
        "policies": {n: page for n, page in scenario.policies.items() if n not in moved},
    })  # fmt: skip


def _job(
    base: RunConfig, world: Scenario, pair: tuple[Option, Option],
    pages: Mapping[str, Pages], words: Sequence[str],
) -> RunConfig:  # fmt: skip
    """The run of one cell. It is compared with itself: one simulation a seed."""
    added = {policy: page for option in pair for name in option.packages
             for policy, page in pages[name].items()}  # fmt: skip
    name = f"{pair[0].name} | {pair[1].name}"
    cell = world.model_copy(
        update={"name": name, "title": name, "policies": {**world.policies, **added}}
    )
    trusted = config.allowed_prefixes(_trusted(words))
    config.check_together(cell, trusted)
    job = base.model_copy(
        update={"scenario": cell, "compare": cell, "record": "monthly", "out": None}
    )
    return config.with_draws(job, words)


def _trusted(words: Sequence[str]) -> Any:
    named = [o.value() for o in ov.read(words) if o.key_or_group == "allow_targets"]
    return named[-1] if named else None
