"""A Stackelberg leader: reckon with the rival's best reply to each course, then choose."""

from __future__ import annotations

from collections.abc import Mapping

from tradesim.states.actions import Action, Course
from tradesim.states.view import Outlook, View
from tradesim.strategies import courses
from tradesim.strategies.best_response import LooksAhead

_BETWEEN = " / "


class StackelbergLeader(LooksAhead):
    """Leads: for each own course the rival is expected to reply as suits it best.

    The rival's utility is taken with the weights that outsiders ascribe to it, since its own are
    private. One move and one reply are looked ahead. Source: von Stackelberg 1934, Marktform und
    Gleichgewicht; China leading, Brown and Eggert 2018.
    """

    def rehearsals(self, own: int, reply: int) -> int:
        """Every own course with every reply."""
        return own * reply * self.rehearsal_seeds

    def consider(self, view: View) -> tuple[Course, ...]:
        """Own courses crossed with the rival's."""
        if view.called_again:
            return ()
        own = courses.moves(view.own.ladder)
        replies = courses.moves(view.rival.ladder)
        return tuple(
            Course(
                f"{mine}{_BETWEEN}{theirs}", courses.in_force_at_once(acts), view.watched,
                courses.in_force_at_once(answer),
            )
            for mine, acts in own.items() for theirs, answer in replies.items()
        )  # fmt: skip

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """The course whose best reply leaves most."""
        said = self.talk(view)
        if view.called_again or not outlooks:
            return said
        own, reply = led(outlooks)
        left = outlooks[f"{own}{_BETWEEN}{reply}"].own_mean_usd
        why = f"{view.watched} would {reply}; leaves {left / 1e9:+.2f} bn USD"
        return said + self.act(view, own, why)


def led(outlooks: Mapping[str, Outlook]) -> tuple[str, str]:
    """Own course and the rival's best reply to it, out of outlooks named ``own / reply``."""
    replies: dict[str, str] = {}
    for label in outlooks:
        own, _, reply = label.partition(_BETWEEN)
        known = replies.setdefault(own, reply)
        rival = outlooks[label].rival_mean_usd
        if rival > outlooks[f"{own}{_BETWEEN}{known}"].rival_mean_usd:
            replies[own] = reply
    best = max(replies, key=lambda o: (outlooks[f"{o}{_BETWEEN}{replies[o]}"].own_mean_usd,
                                       o == courses.HOLD))  # fmt: skip
    return best, replies[best]
