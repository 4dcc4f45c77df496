"""What a government sees when it decides: the public record, and its own private figures.

Nothing here refers to the model, to another government or to a stream of random numbers; arrays
are copies that cannot be written. Reasons of others are private and not in it. With less than full
information, figures of others are old and in error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tradesim import axes
from tradesim.errors import unknown
from tradesim.world.types import Floats


@dataclass(frozen=True)
class PublicEvent:
    """Something that everybody knows happened; ``target`` and ``detail`` as in the events table."""

    date: dt.date
    actor: str
    action: str
    target: str
    detail: str


@dataclass(frozen=True)
class PackageStatus:
    """A package as the public knows it, with its date of effect once it is announced.

    ``held`` (nobody has spoken of it), ``announced``, ``in_force``, ``suspended`` under a deal or
    ``withdrawn``.
    """

    name: str
    state: str
    status: str
    effective: dt.date | None

    @property
    def standing(self) -> bool:
        """Announced or in force."""
        return self.status in ("announced", "in_force")


@dataclass(frozen=True)
class OnTable:
    """An offer that waits for an answer: who gives what for what, for how many weeks."""

    by: str
    to: str
    give: tuple[str, ...]
    take: tuple[str, ...]
    weeks: float
    since: dt.date


@dataclass(frozen=True)
class PublicDeal:
    """A deal in force: its parties, what it suspends, its last day, what is disputed."""

    parties: tuple[str, str]
    suspends: tuple[str, ...]
    signed: dt.date
    expires: dt.date
    disputed: tuple[str, ...]  # packages that their owner reads as only partly conceded


@dataclass(frozen=True)
class Talks:
    """Where the talks of two states stand, as both know."""

    asked_by: str | None  # who has asked and waits for an answer
    asked_on: dt.date | None
    meeting: dt.date | None  # agreed and not broken off
    offer: OnTable | None
    deal: PublicDeal | None


@dataclass(frozen=True)
class Rival:
    """What is known of another government.

    ``moves`` are its decisions so far, ``escalate``, ``hold`` or ``relax``, oldest first;
    ``pain_usd_per_week`` is what outsiders estimate that it loses.
    """

    state: str
    rung: int
    ladder: tuple[PackageStatus, ...]
    moves: tuple[str, ...]
    pain_usd_per_week: float
    talks: Talks


@dataclass(frozen=True)
class Own:
    """The private figures of the government that looks; USD, USD a week, shares.

    ``luck`` is a uniform draw of its own for this decision, for strategies that mix.
    ``figures_usd`` are the terms of its utility over the last step.
    """

    state: str
    rung: int
    ladder: tuple[PackageStatus, ...]
    moves: tuple[str, ...]
    pain_usd_per_week: float  # felt now
    threat_usd_per_week: float  # expected from what is announced, its own packages included
    pain_threshold_usd_per_week: float
    resolve: float
    luck: float
    figures_usd: Mapping[str, float]
    decision_weeks: float


@dataclass(frozen=True)
class View:
    """Everything that a strategy may use; ``rival`` is the government it watches first."""

    date: dt.date
    week: float
    own: Own
    rivals: Mapping[str, Rival]
    watched: str
    events: tuple[PublicEvent, ...]
    price_ratio: Floats  # [economies, goods] ask over base price, as the observer knows it
    called_again: bool  # a reply within the same sitting, because somebody has just spoken

    @property
    def rival(self) -> Rival:
        """The government that it watches first."""
        return self.rivals[self.watched]

    def price(self, economy: str, good: str) -> float:
        """Ask over base price of a good in an economy; raises for an unknown name."""
        if economy not in axes.ECONOMY_INDEX:
            raise unknown("economy", economy, axes.ECONOMIES, "price")
        if good not in axes.GOOD_INDEX:
            raise unknown("good", good, axes.GOODS, "price")
        return float(self.price_ratio[axes.ECONOMY_INDEX[economy], axes.GOOD_INDEX[good]])


@dataclass(frozen=True)
class Outlook:
    """What a rehearsed course led to, by fresh seed: utility in USD over the horizon."""

    own_usd: tuple[float, ...]
    rival_usd: tuple[float, ...]  # with the weights that outsiders ascribe to it

    @property
    def own_mean_usd(self) -> float:
        """Mean over the seeds, USD."""
        return sum(self.own_usd) / len(self.own_usd)

    @property
    def rival_mean_usd(self) -> float:
        """Mean over the seeds, USD."""
        return sum(self.rival_usd) / len(self.rival_usd)
