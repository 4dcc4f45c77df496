"""The terms of trade on one date, as if they were to last for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from tradesim import policies
from tradesim.errors import InputError
from tradesim.policies import Calendar, Policy
from tradesim.scenario import Scenario
from tradesim.terms import Terms
from tradesim.world.types import World


def horizon_end(scenario: Scenario) -> dt.date:
    """The day after the last of a scenario's run."""
    return scenario.start + dt.timedelta(days=7.0 * scenario.weeks)


def read_date(text: str | None, scenario: Scenario) -> dt.date:
    """The date of ``on=``; without one the end of the run.

    Raises :class:`InputError` for what is no date, or one outside the run.
    """
    first, last = scenario.start, horizon_end(scenario)
    if text is None:
        return last
    allowed = f"a day from {first} (start) to {last} (end of the run)"
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"on={text} is no date", where="key 'on'", allowed=allowed,
            remedy="write it as on=YYYY-MM-DD",
        ) from error  # fmt: skip
    if not first <= day <= last:
        raise InputError(
            f"on={text} lies outside the run", where="key 'on'", allowed=allowed,
            remedy="choose another day, or set start= and weeks=",
        )  # fmt: skip
    return day


def terms_on(
    loaded: Mapping[str, Policy], world: World, scenario: Scenario, date: dt.date
) -> Terms:
    """What policies ``loaded`` write on ``date`` [lanes, links, firms], truces applied.

    Raises :class:`InputError` for a policy whose lasting effect the equilibrium does not know.
    """
    today = Calendar(date, (date - scenario.start).days / 7.0, scenario.start)
    status = policies.statuses(loaded, date)
    terms = Terms.free(world)
    for name in sorted(loaded):
        before = set(terms.content_rules)
        loaded[name].write(terms, world, replace(today, status=status[name]))
        _refuse_provenance(name, terms, before)
    return terms


def _refuse_provenance(name: str, terms: Terms, before: set[str]) -> None:
    for key in set(terms.content_rules) - before:
        if terms.content_rules[key].in_force:
            raise InputError(
                f"policy '{name}' is not in the equilibrium: whether a lot needs its licence "
                "depends on where its content comes from, which no price tells",
                where=f"policies.{name}",
                allowed="duties, taxes, caps, limits, bans, licences on a country's own exports, "
                "public purchases, guaranteed prices, capacity",
                remedy=f"say policies.{name}.strength=0, or choose a date on= without it",
            )


def without_lasting_effect(terms: Terms) -> tuple[str, ...]:
    """What is in force and changes nothing for good, in words for the report."""
    found = []
    rules = [written.rule for written in terms.licences.values()]
    if any((rule.needed & (rule.delay_weeks > 0)).any() for rule in rules):
        found.append("the wait for licences: a wait moves trade to a later date, not away")
    if terms.border.holding:
        found.append("detention by customs: what is detained is released")
    if (terms.preference != 1.0).any():
        found.append("preference for friends: it decides between equal prices only")
    if terms.detection.any():
        found.append("searches for smuggled lots: nobody goes round a control in the benchmark")
    if terms.funding:
        found.append("money for projects: it brings them earlier, by their pace")
    return tuple(found)
