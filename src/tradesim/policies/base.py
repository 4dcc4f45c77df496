"""What every policy has: who imposes it, on what, its four dates, and an edit of the terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from tradesim import axes, targets
from tradesim.errors import InputError, unknown
from tradesim.terms import Flags, Terms
from tradesim.world.reserves import Reserve
from tradesim.world.types import Lanes, World

#: Groups that may stand for several economies in a policy.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "allies": ("EU27", "JPN", "KOR", "AUS", "CAN", "GBR", "TWN"),
    "processors": (
        "MYS", "MMR", "LAO", "VNM", "THA", "IND", "KAZ", "PAK", "PHL", "MEX", "BRA",
    ),
}  # fmt: skip


class Status(Enum):
    """Where a policy stands on a date."""

    UNKNOWN = "unknown"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Calendar:
    """A date of the run: the date, weeks since the start, the start, a policy's status on it."""

    date: dt.date
    week: float
    start: dt.date
    status: Status = Status.EFFECTIVE  # of the policy that is asked

    def week_of(self, date: dt.date) -> float:
        """Weeks from the start of the run to a date (negative before it)."""
        return (date - self.start).days / 7.0


class Coverage(BaseModel):
    """What a policy covers; ``*`` and shell wildcards match several names, groups economies.

    ``elements`` narrows the oxides and metals among ``goods``; other goods are covered by name.
    ``sellers`` and ``buyers`` are names of firms, ``stages`` stages of the chain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    elements: tuple[str, ...] = ("*",)
    goods: tuple[str, ...] = ("*",)
    end_uses: tuple[str, ...] = ("*",)
    origins: tuple[str, ...] = ("*",)
    destinations: tuple[str, ...] = ("*",)
    sellers: tuple[str, ...] = ("*",)
    buyers: tuple[str, ...] = ("*",)
    stages: tuple[str, ...] = ("*",)
    exempt_goods: tuple[str, ...] = ()
    exempt_destinations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Coverage:
        known = {
            "elements": axes.ELEMENTS, "goods": axes.GOODS, "end_uses": axes.USE_LABELS,
            "origins": (*axes.ECONOMIES, *GROUPS), "destinations": (*axes.ECONOMIES, *GROUPS),
            "stages": axes.STAGES, "exempt_goods": axes.GOODS,
            "exempt_destinations": (*axes.ECONOMIES, *GROUPS),
        }  # fmt: skip
        for field, value in self:
            if not value and not field.startswith("exempt_"):
                raise InputError(
                    f"covers.{field} is an empty list, which covers nothing",
                    where=f"covers.{field}",
                    allowed="at least one name, a pattern or '*'",
                    remedy="name something, or leave it out to cover everything",
                )
        for field, names in known.items():
            for pattern in getattr(self, field):
                if not any(fnmatchcase(name, pattern) for name in names):
                    raise unknown(
                        field.rstrip("s").replace("_", " "), pattern, names, f"covers.{field}"
                    )
        return self

    def goods_covered(self) -> tuple[str, ...]:
        """Names of the goods covered, in the order of the axis."""
        return tuple(good for good in axes.GOODS if self._covers_good(good))

    def lanes(self, lanes: Lanes) -> Flags:
        """Which lanes the policy covers [lanes]; trade inside an economy never crosses a border."""
        if self not in lanes.known:
            lanes.known[self] = self._find(lanes)
        return lanes.known[self]

    def links(self, world: World) -> Flags:
        """Which links the policy covers [links]: those on covered lanes between covered firms."""
        covered = self.lanes(world.lanes)[world.links.lane]
        for patterns, firm in (
            (self.sellers, world.seller_firm), (self.buyers, world.buyer_firm),
        ):  # fmt: skip
            if patterns != ("*",):
                covered = covered & self._named(world, patterns)[firm]
        return np.asarray(covered, np.bool_)

    def firms(self, world: World) -> Flags:
        """Which firms the policy covers [firms]: by economy (``origins``), stage and name."""
        stage = np.array([_matches(name, self.stages) for name in axes.STAGES])
        covered = economies(self.origins)[world.firms.economy] & stage[world.firms.stage]
        if self.sellers != ("*",):
            covered = covered & self._named(world, self.sellers)
        return np.asarray(covered, np.bool_)

    @staticmethod
    def _named(world: World, patterns: Sequence[str]) -> Flags:
        """Firms whose name matches; a pattern that no firm has is refused."""
        names = world.firms.name
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise unknown("firm", pattern, names, "covers.sellers or covers.buyers")
        return np.array([_matches(name, patterns) for name in names], np.bool_)

    def _find(self, lanes: Lanes) -> Flags:
        goods = set(self.goods_covered())
        good = np.array([name in goods for name in axes.GOODS])
        use = np.array([_matches(name, self.end_uses) for name in axes.USE_LABELS])
        origin, destination = economies(self.origins), economies(self.destinations)
        destination = destination & ~economies(self.exempt_destinations)
        covered = good[lanes.good] & use[lanes.use]
        covered &= origin[lanes.origin] & destination[lanes.destination]
        return np.asarray(covered & (lanes.origin != lanes.destination))

    def _covers_good(self, good: str) -> bool:
        if not _matches(good, self.goods) or _matches(good, self.exempt_goods):
            return False
        if good.startswith(("oxide_", "metal_")):
            name = good.split("_")[1]
            parts = ("Nd", "Pr") if name == "NdPr" else (name,)
            return any(_matches(part, self.elements) for part in parts)
        return True


class Policy(BaseModel):
    """Base of every instrument; a subclass sets ``instrument`` and edits the terms.

    Dates: firms react to ``announced``, markets obey from ``effective`` to ``suspended`` or
    ``expires``; what is suspended before it is effective was only ever a threat. ``strength``
    scales the whole policy (0 = none, 1 = as written).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    instrument: ClassVar[str] = "policy"
    #: Whether stocks must carry the legal origin that the imposing state claims.
    tracks_origin: ClassVar[bool] = False
    #: Whose trade it can act on: what leaves (``out``) or enters (``in``) ``imposed_by``; or any.
    border: ClassVar[str] = ""
    #: What it works through when it writes nothing into the terms itself.
    acts_through: ClassVar[str] = ""
    #: Pages without which it has nothing to act on, such as the licence that it eases.
    needs: ClassVar[tuple[str, ...]] = ()

    title: str = Field(description="What it is, in a line")
    imposed_by: str = Field(description="Economy that imposes it")
    announced: dt.date = Field(description="Firms react from this date")
    effective: dt.date = Field(description="Markets obey from this date")
    suspended: dt.date | None = Field(None, description="Out of force from this date")
    expires: dt.date | None = Field(None, description="Ended from this date")
    covers: Coverage = Field(Coverage(), description="Elements, goods, uses and lanes covered")
    strength: float = Field(
        1.0, ge=0, le=1, description="Share of the written strength",
        json_schema_extra={"unit": "share", "source": "scenario"},
    )  # fmt: skip
    sources: tuple[str, ...] = Field((), description="Evidence")
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The name that the scenario gives it."""
        return self._name

    @field_validator("imposed_by")
    @classmethod
    def _imposer_exists(cls, value: str) -> str:
        if value not in axes.ECONOMIES:
            raise unknown("economy", value, axes.ECONOMIES, "imposed_by")
        return value

    @model_validator(mode="after")
    def _dates_in_order(self) -> Policy:
        if self.effective < self.announced:
            raise ValueError("effective must not lie before announced")
        # a policy may be shelved before it takes effect, as most of those of October 2025 were
        for name, date, first, begin in (
            ("suspended", self.suspended, "announced", self.announced),
            ("expires", self.expires, "effective", self.effective),
        ):
            if date is not None and date < begin:
                raise ValueError(f"{name} ({date}) must not lie before {first} ({begin})")
        return self

    def status(self, date: dt.date) -> Status:
        """Where the policy stands on a date."""
        if self.expires is not None and date >= self.expires:
            return Status.EXPIRED
        if self.suspended is not None and date >= self.suspended:
            return Status.SUSPENDED
        if date >= self.effective:
            return Status.EFFECTIVE
        return Status.ANNOUNCED if date >= self.announced else Status.UNKNOWN

    def moment(self, now: Calendar) -> object:
        """Anything that changes when the policy's edit of the terms changes."""
        return now.status

    def reserves(self) -> tuple[Reserve, ...]:
        """Public reserves that the world must hold for this policy; by default none."""
        return ()

    def suspends(self, name: str) -> bool:
        """Whether this policy, while it is in force, suspends the one called ``name``."""
        return False

    def ends_soon(self, date: dt.date) -> bool:
        """Whether firms already reckon with the end of this policy."""
        return False

    def forbids(self) -> bool:
        """Whether the policy, at full strength, lets nothing of what it covers pass."""
        return False

    def grants(self) -> bool:
        """Whether the policy lets pass what another one holds back."""
        return False

    def write(self, terms: Terms, world: World, now: Calendar) -> None:
        """Write the policy into the terms as its status ``now`` asks; nothing at no strength."""
        if self.strength == 0.0:
            return
        if now.status in (Status.ANNOUNCED, Status.EFFECTIVE):
            self.warn(terms, world, now)
        if now.status is Status.EFFECTIVE:
            self.edit(terms, world, now)

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """Alarm buyers, from the announcement on; by default nobody is alarmed."""

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Write the policy in force into the terms, scaled by ``strength``."""
        raise NotImplementedError


def find_class(
    name: str, page: Mapping[str, Any], allowed: Sequence[str] = ("tradesim.",)
) -> type[Policy]:
    """The class that ``_target_`` on the page of policy ``name`` names.

    Raises :class:`InputError` for a target outside ``allowed`` prefixes or one that is no policy.
    """
    return targets.find(page, Policy, f"policy '{name}'", f"policies.{name}", allowed)


def load_one(name: str, page: Mapping[str, Any], allowed: Sequence[str] = ("tradesim.",)) -> Policy:
    """Build a policy from its page: ``_target_`` names the class, the rest its parameters.

    Raises what :func:`find_class` raises, and pydantic's ``ValidationError`` for a bad parameter.
    """
    cls = find_class(name, page, allowed)
    policy = cls(**{key: value for key, value in page.items() if key not in ("_target_", "units")})
    policy._name = name
    return policy


def load(
    pages: Mapping[str, Mapping[str, Any]], allowed: Sequence[str] = ("tradesim.",)
) -> dict[str, Policy]:
    """All policies of a scenario by name, in the order of their pages."""
    return {name: load_one(name, page, allowed) for name, page in pages.items()}


def tracked(policies: Mapping[str, Policy]) -> tuple[str, ...]:
    """Authorities whose legal origin has to be tracked for some policy, in order."""
    return tuple(
        sorted({p.imposed_by for p in policies.values() if p.tracks_origin and p.strength > 0.0})
    )


def statuses(policies: Mapping[str, Policy], date: dt.date) -> dict[str, Status]:
    """Status of every policy on a date, with what truces suspend.

    While a truce holds, a policy that it names is suspended; in the weeks before the truce runs
    out (``warning_weeks``) its return is announced, and buyers react to it.
    """
    found = {name: policy.status(date) for name, policy in policies.items()}
    for truce in policies.values():
        if truce.strength == 0.0 or truce.status(date) is not Status.EFFECTIVE:
            continue
        for name, status in found.items():
            if truce.suspends(name) and status in (Status.ANNOUNCED, Status.EFFECTIVE):
                found[name] = Status.ANNOUNCED if truce.ends_soon(date) else Status.SUSPENDED
    return found


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def economies(patterns: Sequence[str]) -> Flags:
    """Economies named by codes, wildcards or groups [economies]."""
    return _economies(tuple(patterns)).copy()


@lru_cache(maxsize=256)
def _economies(patterns: tuple[str, ...]) -> Flags:
    named = [code for p in patterns for code in GROUPS.get(p, (p,))]
    return np.array([_matches(code, named) for code in axes.ECONOMIES], np.bool_)
