"""From the pages of a scenario to governments in their seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from tradesim import strategies
from tradesim.errors import InputError
from tradesim.fields import explain
from tradesim.policies import Policy
from tradesim.scenario import Scenario
from tradesim.states import government as governments
from tradesim.states import packages, talks
from tradesim.states.council import Council, Seat, Tell
from tradesim.states.government import Government
from tradesim.states.packages import Package
from tradesim.strategies import base
from tradesim.strategies.best_response import LooksAhead

#: Courses open on a ladder: hold, up, down.
_COURSES = 3


def read(
    scenario: Scenario, policies: Mapping[str, Policy], allowed: Sequence[str] = ("tradesim.",)
) -> tuple[dict[str, Government], dict[str, strategies.Strategy], dict[str, Package]]:
    """Governments, their strategies and all packages, checked against each other.

    Raises :class:`InputError` that names the key, the value and what is allowed.
    """
    found: dict[str, Government] = {}
    minds: dict[str, strategies.Strategy] = {}
    where = f"scenario '{scenario.name}'"
    try:
        bundles = packages.load(scenario.packages, policies)
    except ValidationError as error:
        raise explain(error, Package, where=where, prefix="packages.") from error
    for code, page in scenario.states.items():
        prefix = f"states.{code}."
        if isinstance(page.get("strategy"), str):
            raise InputError(
                f"{prefix}strategy = '{page['strategy']}' is a word, not a page",
                where=where,
                allowed="a class with its parameters",
                remedy=f"choose a page: strategy@{prefix}strategy={page['strategy']}",
            )
        try:
            found[code] = Government.model_validate(page)
        except ValidationError as error:
            raise explain(error, Government, where=where, prefix=prefix) from error
        mind = found[code].strategy
        try:
            minds[code] = base.load(mind, f"{prefix}strategy", allowed)
        except ValidationError as error:
            cls = base.find_class(mind, f"{prefix}strategy", allowed)
            raise explain(error, cls, where=where, prefix=f"{prefix}strategy.") from error
        strategy = minds[code]
        if isinstance(strategy, LooksAhead):
            check_cost(code, found[code], strategy, strategy.rehearsals(_COURSES, _COURSES))
    governments.check(found, bundles)
    return found, minds, bundles


def check_cost(code: str, government: Government, mind: LooksAhead, runs: int) -> None:
    """Refuse so many rehearsed runs a decision if they cost more than a government may spend.

    The cost is in runs' worth of steps a simulated year, whatever the length of a step.
    """
    cost = runs * mind.horizon_weeks / government.decision_weeks
    if cost > government.lookahead_runs_per_year:
        raise InputError(
            f"looking ahead would cost {cost:.0f} runs' worth of steps a simulated year",
            where=f"states.{code}",
            allowed=f"at most {government.lookahead_runs_per_year:g} (lookahead_runs_per_year)",
            remedy="decide less often (decision_weeks), look less far (strategy.horizon_weeks) or"
            " allow more",
        )


def convene(
    scenario: Scenario, policies: dict[str, Policy], seed: int, tell: Tell
) -> Council | None:
    """The council of a run, None without governments; it takes charge of their ``policies``."""
    if not scenario.states:
        return None
    found, minds, bundles = read(scenario, policies, allowed=("",))
    seats = {
        code: Seat(government, minds[code], governments.character(government, code, seed))
        for code, government in found.items()
    }
    return Council(seats, bundles, policies, talks.Tables(scenario.talks, seed), tell)
