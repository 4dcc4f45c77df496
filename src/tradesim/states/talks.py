"""Talks between two governments: who has asked, whether and when they meet, what is on the table.

A deal is a truce among the policies: it suspends what both sides concede until it runs out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tradesim import rng
from tradesim.parameters import TalksParameters
from tradesim.policies import Policy, Truce
from tradesim.states.packages import Package
from tradesim.states.view import OnTable, PublicDeal, Talks

Pair = tuple[str, str]


def pair(one: str, other: str) -> Pair:
    """The two states in alphabetical order."""
    return (one, other) if one < other else (other, one)


@dataclass
class Table:
    """Where two states stand: a request, a meeting, an offer, a deal, the number of deals."""

    asked_by: str | None = None
    asked_on: dt.date | None = None
    meeting: dt.date | None = None
    met: bool = False
    offer: OnTable | None = None
    deal: PublicDeal | None = None
    deals: int = 0

    def public(self) -> Talks:
        """The table as both see it."""
        return Talks(self.asked_by, self.asked_on, self.meeting, self.offer, self.deal)

    def clear(self) -> None:
        """Break the talks off; a deal stays."""
        self.asked_by = self.asked_on = self.meeting = self.offer = None
        self.met = False

    def may_offer(self, on: dt.date) -> bool:
        """Whether they sit together on a date."""
        return self.meeting is not None and on >= self.meeting


@dataclass
class Tables:
    """The tables of all pairs, made when two first speak."""

    params: TalksParameters
    seed: int
    by_pair: dict[Pair, Table] = field(default_factory=dict)

    def between(self, one: str, other: str) -> Table:
        """The table of two states."""
        return self.by_pair.setdefault(pair(one, other), Table())

    def covering(self, package: str) -> Pair | None:
        """The parties of the deal that suspends a package, None without one."""
        for parties, table in self.by_pair.items():
            if table.deal is not None and package in table.deal.suspends:
                return parties
        return None

    def disputed(self, parties: Pair, packages: Iterable[str], number: int) -> tuple[str, ...]:
        """Concessions of a deal that their owner reads as partial: a draw for each."""
        return tuple(
            name for name in packages
            if rng.uniforms(self.seed, f"reading {parties}", rng.stable_id(name), number)
            < self.params.divergence
        )  # fmt: skip


def deal_name(parties: Pair, number: int) -> str:
    """Name of a deal among the policies."""
    return f"deal_{parties[0].lower()}_{parties[1].lower()}_{number}"


def truce(
    name: str, offer: OnTable, deal: PublicDeal, packages: Mapping[str, Package],
    warning_weeks: float,
) -> Truce:  # fmt: skip
    """The truce that carries a deal: it suspends what is conceded without dispute."""
    named = [p for n in deal.suspends if n not in deal.disputed for p in packages[n].policies]
    made = Truce(
        title=f"Deal of {offer.by} and {offer.to}", imposed_by=offer.by,
        announced=deal.signed, effective=deal.signed, expires=deal.expires,
        suspended_policies=tuple(named) or ("(nothing)",), warning_weeks=warning_weeks,
    )  # fmt: skip
    made._name = name
    return made


def halved(policy: Policy, conceded: float) -> Policy:
    """A policy whose suspension is disputed: it goes on, less the part that is conceded."""
    return policy.model_copy(update={"strength": policy.strength * (1.0 - conceded)})
