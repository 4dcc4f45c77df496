"""Tit for tat: do to the rival what it did last; with forgiveness, let some of it pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import Field

from tradesim.states.actions import Accept, Action, Announce, Answer, Withdraw
from tradesim.states.view import Outlook, View
from tradesim.strategies.base import Strategy, next_up, top


class TitForTat(Strategy):
    """Starts nicely, then answers the rival's last move: escalate for escalate, relax for relax.

    With ``forgiveness`` an escalation goes unanswered with that probability. It always talks and
    accepts any offer that concedes something. Sources: Rapoport in Axelrod 1984, The Evolution of
    Cooperation; generous tit for tat in Nowak and Sigmund 1992, doi:10.1038/355250a0.
    """

    forgiveness: float = Field(
        0.0, ge=0, le=1, description="Chance that an escalation goes unanswered",
        json_schema_extra={"unit": "probability", "source": "0; a third in Nowak and Sigmund"},
    )  # fmt: skip

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """Answer the rival's last move, and whoever asks to talk."""
        talks, other = view.rival.talks, view.watched
        if talks.offer is not None and talks.offer.to == view.own.state and talks.offer.give:
            return (Accept(other, "it concedes something"),)
        said: tuple[Action, ...] = ()
        if talks.asked_by == other:
            said = (Answer(other, reason="who asks is answered"),)
        return said if view.called_again else said + self._reply(view)

    def _reply(self, view: View) -> tuple[Action, ...]:
        up, highest, last = next_up(view.own.ladder), top(view.own.ladder), last_move(view)
        if last == "climb" and up is not None and view.own.luck >= self.forgiveness:
            return (Announce(up.name, reason=f"{view.watched} escalated"),)
        if last == "descend" and highest is not None:
            return (Withdraw(highest.name, f"{view.watched} relaxed"),)
        return ()


def last_move(view: View) -> str:
    """How the rival last moved since the government's own last decision; '' if it did not."""
    since = view.date - dt.timedelta(days=round(7.0 * view.own.decision_weeks))
    moves = [
        event.action for event in view.events
        if event.actor == view.watched and event.action in ("climb", "descend")
        and event.date >= since
    ]  # fmt: skip
    return moves[-1] if moves else ""
