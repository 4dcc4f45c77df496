"""What is refused before a run: policies that contradict themselves, each other or the world.

Bounds and names of single fields are judged by the classes; here stands what only shows when a
scenario's policies are seen together, or beside the world's trade.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product

import numpy as np

from tradesim import axes
from tradesim.errors import InputError, unknown
from tradesim.policies.base import Coverage, Policy, Status, economies, statuses
from tradesim.policies.truce import Truce
from tradesim.terms import Flags
from tradesim.world.types import World

#: Fields of a coverage that pick lanes; the others pick firms.
LANE_FIELDS = ("elements", "goods", "end_uses", "origins", "destinations")
FIRM_FIELDS = ("sellers", "buyers", "stages")
_ALL = ("*",)


def check(policies: Mapping[str, Policy], library: Collection[str] = ()) -> None:
    """Refuse a scenario's ``policies`` that cannot hold together; ``library`` are known pages.

    Raises :class:`InputError` that names the policy, the field, what is allowed and the remedy.
    """
    for name, policy in policies.items():
        _dates(name, policy)
        _goods_remain(name, policy.covers)
        if isinstance(policy, Truce):
            _truce(name, policy, policies, library)
    for name, other in _contradictions(policies):
        _refuse_contradiction(name, policies[name], other, policies[other])


def check_world(policies: Mapping[str, Policy], world: World) -> None:
    """Refuse a coverage that no trade and no firm of ``world`` answers to.

    Raises :class:`InputError` with what would match.
    """
    for name, policy in policies.items():
        covers = policy.covers
        if _narrowed(covers, LANE_FIELDS) and not _traded(covers, world).any():
            _refuse_empty(name, covers, world)
        for field in ("sellers", "buyers"):
            _firms_exist(f"policies.{name}.covers.{field}", getattr(covers, field), world)
        if _narrowed(covers, ("sellers", "stages")) and not covers.firms(world).any():
            raise InputError(
                f"policy '{name}' covers no firm of this world",
                where=f"policies.{name}.covers: " + _written(covers, ("origins", *FIRM_FIELDS)),
                allowed="stages in these economies: " + _list(_stages_at(covers, world)),
                remedy="correct the stages, the sellers or the origins",
            )
        _own_border(name, policy)


def more_specific(one: Coverage, other: Coverage) -> bool:
    """Whether ``one`` wins over ``other``: it lies inside it, or narrows more fields.

    What lies inside is the more specific; of two that only overlap the one that narrows more
    fields is. Neither of two that cover the same is.
    """
    inside, around = _within(one, other), _within(other, one)
    if inside != around:
        return inside
    if inside:
        return False
    fields = (*LANE_FIELDS, *FIRM_FIELDS)
    return len(_narrowed(one, fields)) > len(_narrowed(other, fields))


def overlap(one: Coverage, other: Coverage) -> bool:
    """Whether some lane and firm can fall under both."""
    sets = zip(_sets(one), _sets(other), strict=True)
    return all((a & b).any() for a, b in sets) and all(
        _may_share(getattr(one, field), getattr(other, field)) for field in FIRM_FIELDS
    )


def further_goods(covers: Coverage) -> tuple[str, ...]:
    """The goods of a coverage of nothing but goods that a scenario must ask for; else none."""
    covered, further = covers.goods_covered(), axes.FURTHER_GOODS
    return covered if all(good in further for good in covered) else ()


# -- dates and truces ------------------------------------------------------------------------------


def _dates(name: str, policy: Policy) -> None:
    if policy.suspended and policy.expires and policy.suspended > policy.expires:
        raise InputError(
            f"policy '{name}' is suspended ({policy.suspended}) after it has expired "
            f"({policy.expires})",
            where=f"policies.{name}.suspended",
            allowed=f"a date from {policy.effective} to {policy.expires}, or null",
            remedy="leave suspended out, or correct one of the two dates",
        )


def _truce(
    name: str, truce: Truce, policies: Mapping[str, Policy], library: Collection[str]
) -> None:
    """Each name is a policy of the scenario or at least a page; one is in the scenario."""
    others = [other for other in policies if other != name]
    where = f"policies.{name}.suspended_policies"
    for pattern in truce.suspended_policies:
        if not any(fnmatchcase(known, pattern) for known in (*others, *library)):
            raise unknown("policy", pattern, {*others, *library} - {name}, where)
    if not any(truce.suspends(other) for other in others):
        raise InputError(
            f"truce '{name}' names no policy of the scenario",
            where=f"{where}: {_list(truce.suspended_policies)}",
            allowed="policies of the scenario: " + (_list(sorted(others)) or "it has no other"),
            remedy=f"add a policy that it suspends, or take it off: ~policies.{name}",
        )


# -- what two policies say of the same trade -------------------------------------------------------


def _contradictions(policies: Mapping[str, Policy]) -> Iterator[tuple[str, str]]:
    """Pairs (what forbids, what grants) of one authority, both in force, neither more specific."""
    live = {name: policy for name, policy in policies.items() if policy.strength > 0.0}
    bans = [name for name, policy in live.items() if policy.forbids()]
    grants = [name for name, policy in live.items() if policy.grants()]
    if not bans or not grants:
        return
    times = [statuses(policies, date) for date in _turning_points(policies)]
    for ban, grant in product(bans, grants):
        one, two = live[ban], live[grant]
        if ban == grant or one.imposed_by != two.imposed_by:
            continue
        if not any(t[ban] is t[grant] is Status.EFFECTIVE for t in times):
            continue
        settled = more_specific(one.covers, two.covers) or more_specific(two.covers, one.covers)
        if overlap(one.covers, two.covers) and not settled:
            yield ban, grant


def _turning_points(policies: Mapping[str, Policy]) -> list[dt.date]:
    """Every date on which the status of some policy can change."""
    found = {
        date
        for p in policies.values()
        for date in (p.effective, p.suspended, p.expires)
        if date is not None
    }
    return sorted(found)


def _refuse_contradiction(ban: str, one: Policy, grant: str, two: Policy) -> None:
    fields = (*LANE_FIELDS, *FIRM_FIELDS)
    raise InputError(
        f"'{ban}' forbids what '{grant}' grants, both by {one.imposed_by} and in force together",
        where=f"policies.{ban}.covers: {_written(one.covers, fields)}; "
        f"policies.{grant}.covers: {_written(two.covers, fields)}",
        allowed="coverages of which one lies inside the other or narrows more fields (the more "
        "specific wins), that do not meet, or that are not in force at the same time",
        remedy=f"narrow {grant}'s coverage, exempt its goods or destinations from {ban}, or "
        "separate their dates",
    )


def _sets(covers: Coverage) -> tuple[Flags, Flags, Flags, Flags]:
    """Goods, end uses, origins and destinations covered, as flags on their axes."""
    goods = set(covers.goods_covered())
    good = np.array([name in goods for name in axes.GOODS])
    use = np.array([_matches(name, covers.end_uses) for name in axes.USE_LABELS])
    destination = economies(covers.destinations) & ~economies(covers.exempt_destinations)
    return good, use, economies(covers.origins), destination


def _within(one: Coverage, other: Coverage) -> bool:
    sets = zip(_sets(one), _sets(other), strict=True)
    firms = ((getattr(one, field), getattr(other, field)) for field in FIRM_FIELDS)
    return all((~a | b).all() for a, b in sets) and all(
        b == _ALL or set(a) <= set(b) for a, b in firms
    )


def _may_share(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a name can match both; two wildcards are taken to meet."""
    return any(
        fnmatchcase(a, b) or fnmatchcase(b, a) or (_wild(a) and _wild(b))
        for a, b in product(one, other)
    )


# -- coverage and the world ------------------------------------------------------------------------


def _goods_remain(name: str, covers: Coverage) -> None:
    """Refuse elements and goods, or origins and destinations, that exclude each other."""
    if not covers.goods_covered():
        reached = Coverage(elements=covers.elements, goods=("oxide_*", "metal_*")).goods_covered()
        raise InputError(
            f"policy '{name}' covers no good",
            where=f"policies.{name}.covers: "
            + _written(covers, ("elements", "goods", "exempt_goods")),
            allowed=f"with these elements: {_list(reached)}, and goods that are covered by name",
            remedy="correct covers.elements, covers.goods or covers.exempt_goods",
        )
    _, _, origin, destination = _sets(covers)
    both = np.flatnonzero(origin | destination)
    if not destination.any() or (origin.sum() == destination.sum() == 1 and len(both) == 1):
        raise InputError(
            f"policy '{name}' covers no border",
            where=f"policies.{name}.covers: "
            + _written(covers, ("origins", "destinations", "exempt_destinations")),
            allowed="at least one destination other than the origin",
            remedy="correct covers.origins, covers.destinations or covers.exempt_destinations",
        )


def _own_border(name: str, policy: Policy) -> None:
    """Refuse a coverage without any trade of the economy whose border the policy acts at."""
    home = axes.ECONOMY_INDEX[policy.imposed_by]
    _, _, origin, destination = _sets(policy.covers)
    leaves = origin[home] and destination.sum() > destination[home]
    enters = destination[home] and origin.sum() > origin[home]
    if {"out": leaves, "in": enters}.get(policy.border, True):
        return
    field, way = ("origins", "leaves") if policy.border == "out" else ("destinations", "enters")
    raise InputError(
        f"policy '{name}' acts on what {way} {policy.imposed_by}, of which it covers nothing",
        where=f"policies.{name}.covers: "
        + _written(policy.covers, ("origins", "destinations", "exempt_destinations")),
        allowed=f"{field} with {policy.imposed_by} among them, another economy at the other end",
        remedy=f"correct covers.{field} or imposed_by, or leave covers.{field} out",
    )


def _traded(covers: Coverage, world: World) -> Flags:
    """Lanes that the coverage names, those at home too unless it names destinations [lanes]."""
    lanes = world.lanes
    good, use, origin, destination = _sets(covers)
    found = good[lanes.good] & use[lanes.use] & origin[lanes.origin]
    found &= destination[lanes.destination]
    if covers.destinations != _ALL:
        found &= lanes.origin != lanes.destination
    return np.asarray(found)


def _refuse_empty(name: str, covers: Coverage, world: World) -> None:
    """Say which single field, if it were open, would let the rest match, and what with."""
    lanes = world.lanes
    named = {
        "goods": (axes.GOODS, lanes.good), "end_uses": (axes.USE_LABELS, lanes.use),
        "origins": (axes.ECONOMIES, lanes.origin),
        "destinations": (axes.ECONOMIES, lanes.destination),
    }  # fmt: skip
    matching = []
    for field in _narrowed(covers, tuple(named)):
        axis, place = named[field]
        found = _traded(covers.model_copy(update={field: _ALL}), world)
        if found.any():
            names = [axis[i] for i in np.unique(place[found])]
            matching.append(f"{field} {_list(names)}")
    raise InputError(
        f"policy '{name}' covers no trade of this world",
        where=f"policies.{name}.covers: " + _written(covers, LANE_FIELDS),
        allowed="the rest as written: " + " or ".join(matching)
        if matching
        else "coverage of "
        "goods, places and uses between which the base year, projects or known alternatives trade",
        remedy=f"say further_goods=[{','.join(further_goods(covers))}]"
        if further_goods(covers)
        else "correct one of these fields of covers",
    )


def _firms_exist(where: str, patterns: Sequence[str], world: World) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(firm, pattern) for firm in world.firms.name):
            raise unknown("firm", pattern, world.firms.name, where)


def _stages_at(covers: Coverage, world: World) -> list[str]:
    here = economies(covers.origins)[world.firms.economy]
    return [axes.STAGES[i] for i in np.unique(world.firms.stage[here])]


# -- words -----------------------------------------------------------------------------------------


def _narrowed(covers: Coverage, fields: Sequence[str]) -> list[str]:
    """Those of ``fields`` that do not cover everything."""
    return [field for field in fields if getattr(covers, field) != _ALL]


def _written(covers: Coverage, fields: Sequence[str]) -> str:
    """The narrowed fields as they are written; ``everything`` if none is."""
    told = [
        f"{field} [{_list(getattr(covers, field))}]"
        for field in fields
        if getattr(covers, field) not in (_ALL, ())
    ]
    return ", ".join(told) or "everything"


def _list(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _wild(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")
