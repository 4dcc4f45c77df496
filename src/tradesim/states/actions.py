"""What a state may do. Scripts, strategies and people use the same words.

An action is plain data with a reason in words; :mod:`tradesim.states.council` checks it and carries
it out. What an action means for instruments follows from what is in the package: announcing a
stockpile is a decision to buy, imposing an easing grants licences, a tightening denies them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Announce:
    """Make a package known, to take effect on a date (default: after its notice)."""

    package: str
    effective: dt.date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Impose:
    """Put a package into force at once."""

    package: str
    reason: str = ""


@dataclass(frozen=True)
class Withdraw:
    """Shelve a package that is only announced, or suspend one that is in force."""

    package: str
    reason: str = ""


@dataclass(frozen=True)
class Adjust:
    """Tighten or relax one policy of an own package: set its strength, 0 to 1."""

    policy: str
    strength: float
    reason: str = ""


@dataclass(frozen=True)
class AskTalks:
    """Ask another state to talk."""

    to: str
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """Agree to talk; the meeting is ``days`` ahead. Who does not answer stays silent."""

    to: str
    days: int = 7
    reason: str = ""


@dataclass(frozen=True)
class Offer:
    """Offer paired concessions: own packages to suspend against the other's, for some weeks.

    Offers are made at or after a meeting; a second one is a counter-offer and replaces the first.
    """

    to: str
    give: tuple[str, ...]
    take: tuple[str, ...]
    weeks: float = 52.0
    reason: str = ""


@dataclass(frozen=True)
class Accept:
    """Accept the other's offer that lies on the table, or its wish to renew the deal."""

    to: str
    reason: str = ""


@dataclass(frozen=True)
class WalkAway:
    """End the talks with another state; what lies on the table is gone."""

    to: str
    reason: str = ""


@dataclass(frozen=True)
class Breach:
    """Leave a deal before it ends; what it suspended on both sides comes back."""

    to: str
    reason: str = ""


Action = (
    Announce | Impose | Withdraw | Adjust | AskTalks | Answer | Offer | Accept | WalkAway | Breach
)


@dataclass(frozen=True)
class Course:
    """A course of action that a state may have rehearsed: its own moves, and a rival's reply.

    ``reply`` is what the rival is supposed to do, empty where it is held fixed.
    """

    label: str
    actions: tuple[Action, ...] = ()
    rival: str = ""
    reply: tuple[Action, ...] = ()
