"""Packages: instruments that a state announces, imposes and withdraws together.

A package is a page of YAML; the rungs of an escalation ladder are packages. Until its state acts,
nothing of a package is known or in force, whatever dates its policies' pages carry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tradesim import axes
from tradesim.errors import InputError, unknown
from tradesim.policies import Policy

#: A date on which nothing has been announced yet.
NEVER = dt.date.max


class Package(BaseModel):
    """Policies of one state that move together; ``notice_weeks`` lie between word and deed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(description="What it is, in a line")
    state: str = Field(description="Economy that imposes it")
    policies: tuple[str, ...] = Field(description="Names of the scenario's policies in it")
    notice_weeks: float = Field(
        3.0, ge=0, le=104, description="Time from announcement to effect",
        json_schema_extra={"unit": "weeks", "source": "October 2025: a duty threatened on the 10th"
                           " for 1 November; licences of 9 October for 8 November"},
    )  # fmt: skip
    sources: tuple[str, ...] = Field((), description="Evidence")

    @field_validator("state")
    @classmethod
    def _state_exists(cls, value: str) -> str:
        if value not in axes.ECONOMIES:
            raise unknown("economy", value, axes.ECONOMIES, "state")
        return value


def load(
    pages: Mapping[str, Mapping[str, Any]], policies: Mapping[str, Policy]
) -> dict[str, Package]:
    """The packages of a scenario by name.

    Raises :class:`InputError` for a policy that the scenario has not, that another state imposes
    or that two packages name: a state could not withdraw the one and keep the other.
    """
    found = {name: Package.model_validate(page) for name, page in pages.items()}
    owner: dict[str, str] = {}
    for name, package in found.items():
        where = f"packages.{name}.policies"
        for policy in package.policies:
            if policy not in policies:
                raise unknown("policy of the scenario", policy, policies, where)
            if policies[policy].imposed_by != package.state:
                raise InputError(
                    f"'{policy}' is imposed by {policies[policy].imposed_by}, not {package.state}",
                    where=where,
                    allowed="policies of the package's own state",
                    remedy="make a package of the other state",
                )
            if policy in owner:
                raise InputError(
                    f"'{policy}' stands in the packages '{owner[policy]}' and '{name}'",
                    where=where,
                    allowed="each policy in one package",
                    remedy="take it out of one of them",
                )
            owner[policy] = name
    return found


def held(policy: Policy) -> Policy:
    """The policy as long as nobody has spoken of it."""
    return _dated(policy, announced=NEVER, effective=NEVER)


def announced(policy: Policy, on: dt.date, effective: dt.date) -> Policy:
    """The policy, announced on a date to take effect on a later one."""
    return _dated(policy, announced=on, effective=max(on, effective))


def withdrawn(policy: Policy, on: dt.date) -> Policy:
    """The policy, out of force (or shelved before its date) from a date on."""
    return policy.model_copy(update={"suspended": on})


def _dated(policy: Policy, announced: dt.date, effective: dt.date) -> Policy:
    dates = {"announced": announced, "effective": effective, "suspended": None, "expires": None}
    return policy.model_copy(update=dates)
