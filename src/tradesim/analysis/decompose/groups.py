"""The players: groups of a scenario's policies, and the world that a subset of them makes.

Every subset must be a world that can be run. What acts on other policies (``Policy.needs``: a slow
hand with licences, a check at the border) does nothing without them and is not refused, so it may
be a group of its own. A truce that names no policy of its world would be refused; it suspends
nothing there, and is left out. What a truce keeps apart in the whole scenario, a ban and a licence
of the same trade, may meet without it: such groups are refused before anything is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from tradesim.errors import InputError, unknown
from tradesim.policies import Policy, Truce, consistency
from tradesim.scenario import Scenario

#: Up to so many groups all subsets are run.
MOST_EXACT = 5
#: Ways to group without naming policies.
WAYS = ("auto", "policy", "instrument", "state")
#: Group of the policies that named groups leave over.
REST = "other_policies"

Groups = Mapping[str, tuple[str, ...]]


def by_way(policies: Mapping[str, Policy], way: str) -> Groups:
    """Groups of ``policies`` by name: one each, by state and instrument, or by state.

    ``auto`` is one each up to five policies, above that by state and instrument. Raises
    :class:`InputError` for another way.
    """
    if way not in WAYS:
        raise unknown("way to group", way, WAYS, where="key 'groups'")
    if way == "auto":
        way = "policy" if len(policies) <= MOST_EXACT else "instrument"
    found: dict[str, tuple[str, ...]] = {}
    for name, policy in policies.items():
        key = {
            "policy": name, "state": policy.imposed_by,
            "instrument": f"{policy.imposed_by}_{policy.instrument}",
        }[way]  # fmt: skip
        found[key] = (*found.get(key, ()), name)
    return found


def named(policies: Iterable[str], asked: Mapping[str, Sequence[str]]) -> Groups:
    """The groups ``asked`` for, patterns resolved, and one of the policies that they leave over.

    Raises :class:`InputError` for a pattern that no policy answers to, a policy in two groups and a
    group of the name that what is left over has.
    """
    names = list(policies)
    found: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for group, patterns in asked.items():
        if group == REST:
            raise InputError(
                f"'{REST}' is the group of what no other group names",
                where=f"groups.{REST}", remedy="give the group another name",
            )  # fmt: skip
        found[group] = _members(group, patterns, names)
        for name in found[group]:
            if name in owner:
                raise InputError(
                    f"policy '{name}' stands in two groups",
                    where=f"groups.{owner[name]} and groups.{group}",
                    allowed="every policy in one group", remedy="narrow one of the two",
                )  # fmt: skip
            owner[name] = group
    rest = tuple(name for name in names if name not in owner)
    return found | ({REST: rest} if rest else {})


def _members(group: str, patterns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    if not patterns:
        raise InputError(
            f"group '{group}' names no policy", where=f"groups.{group}",
            allowed=", ".join(names), remedy=f"groups.{group}=[POLICY,POLICY]",
        )  # fmt: skip
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise unknown("policy", pattern, names, where=f"groups.{group}")
    return tuple(name for name in names if any(fnmatchcase(name, p) for p in patterns))


def present(groups: Groups, mask: int, policies: Mapping[str, Policy]) -> tuple[str, ...]:
    """Policies of the world of a subset, in the scenario's order.

    Bit ``i`` of ``mask`` stands for the i-th group. A truce that would suspend nothing is left out.
    """
    within = {
        name for i, members in enumerate(groups.values()) if mask >> i & 1 for name in members
    }
    kept = [name for name in policies if name in within]

    def idle(policy: Policy) -> bool:
        return isinstance(policy, Truce) and not any(policy.suspends(name) for name in kept)

    return tuple(name for name in kept if not idle(policies[name]))


def world(scenario: Scenario, names: Sequence[str], mask: int) -> Scenario:
    """The scenario with the policies ``names`` alone; all else, growth and projects too, stays."""
    pages = {name: scenario.policies[name] for name in names}
    changed = {"name": f"{scenario.name}_subset_{mask}", "policies": pages}
    return scenario.model_copy(update=changed)


def check(
    groups: Groups, masks: Iterable[int], policies: Mapping[str, Policy], library: Iterable[str]
) -> None:
    """Refuse groups of which some subset contradicts itself, before anything is run.

    ``library`` are the pages that a truce may name beside the scenario's policies.
    Raises :class:`InputError` that names the groups of the subset.
    """
    known = {*policies, *library}
    for mask in masks:
        names = present(groups, mask, policies)
        try:
            consistency.check({name: policies[name] for name in names}, known)
        except InputError as error:
            inside = [group for i, group in enumerate(groups) if mask >> i & 1]
            raise InputError(
                error.what,
                where=f"the world of groups {', '.join(inside)}; {error.where}",
                allowed="groups of which every subset is a world",
                remedy="put what keeps the two apart (a truce) and one of them into one group",
            ) from error
