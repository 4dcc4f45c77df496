"""Myopic best response: rehearse what can be done next, take what pays most, rivals held fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from tradesim.states.actions import Accept, Action, Answer, Course
from tradesim.states.view import Outlook, View
from tradesim.strategies import courses
from tradesim.strategies.base import Strategy

_STEPS: dict[str, Any] = {
    "unit": "weeks", "source": "choice: a quarter shows a licence's delay and the first gaps"
}  # fmt: skip
_SEEDS: dict[str, Any] = {
    "unit": "seeds", "source": "choice: courses are paired, so one seed tells them apart"
}  # fmt: skip


class LooksAhead(Strategy):
    """Shared by strategies that rehearse: horizon, seeds, and manners in talks."""

    looks_ahead: ClassVar[bool] = True

    horizon_weeks: float = Field(
        13.0, ge=1, le=104, description="How far a rehearsal goes", json_schema_extra=_STEPS
    )
    rehearsal_seeds: int = Field(
        1, ge=1, le=50, description="Fresh seeds of every rehearsal", json_schema_extra=_SEEDS
    )

    def rehearsals(self, own: int, reply: int) -> int:
        """Most runs of one decision with so many own courses and replies."""
        return own * self.rehearsal_seeds

    def consider(self, view: View) -> tuple[Course, ...]:
        """Its own next moves; who is only called to reply rehearses nothing."""
        if view.called_again:
            return ()
        own = courses.moves(view.own.ladder)
        return tuple(
            Course(name, courses.in_force_at_once(actions)) for name, actions in own.items()
        )

    def talk(self, view: View) -> tuple[Action, ...]:
        """Answer who asks, and accept an offer that concedes at least as much as it takes."""
        talks, other = view.rival.talks, view.watched
        if talks.offer is not None and talks.offer.to == view.own.state:
            if len(talks.offer.give) >= len(talks.offer.take):
                return (Accept(other, "it gives as much as it takes"),)
            return ()
        return (Answer(other, reason="listens"),) if talks.asked_by == other else ()

    def act(self, view: View, name: str, why: str) -> tuple[Action, ...]:
        """The actions of a course by name, with their reason."""
        return courses.moves(view.own.ladder, why)[name]


class BestResponse(LooksAhead):
    """Takes the course with the highest utility over the horizon, all else as announced.

    A tie goes to holding. Source: best-response dynamics, Gilboa and Matsui 1991,
    doi:10.2307/2938230 (a myopic player answers the state of play, not what may come of it).
    """

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """The course that pays most."""
        said = self.talk(view)
        if view.called_again or not outlooks:
            return said
        best = max(outlooks, key=lambda n: (outlooks[n].own_mean_usd, n == courses.HOLD))
        gain = outlooks[best].own_mean_usd - outlooks[courses.HOLD].own_mean_usd
        why = f"{gain / 1e9:+.2f} bn USD over {self.horizon_weeks:g} weeks against holding"
        return said + self.act(view, best, why)
