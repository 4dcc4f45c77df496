"""A script: moves with dates, whatever happens. A timeline that is known, or a sparring partner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradesim.states import actions as act
from tradesim.states.view import Outlook, View
from tradesim.strategies.base import Strategy


class Move(BaseModel):
    """One line of the script: on the first decision on or after ``date``, do it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: dt.date = Field(description="First day on which it is done")
    action: Literal[
        "announce", "impose", "withdraw", "ask_talks", "answer", "accept", "walk_away", "breach"
    ] = Field(description="What is done")
    package: str = Field("", description="Package that it concerns")
    to: str = Field("", description="State that is spoken to")
    effective: dt.date | None = Field(None, description="Date of effect of what is announced")

    @model_validator(mode="after")
    def _names_what_it_needs(self) -> Move:
        needs = "package" if self.action in ("announce", "impose", "withdraw") else "to"
        if not getattr(self, needs):
            raise ValueError(f"{needs}: a move '{self.action}' must name one")
        return self


class Scripted(Strategy):
    """Follows its script and answers nobody beyond it. Source: the dated record of the episode."""

    script: tuple[Move, ...] = Field((), description="Moves in the order of their dates")

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[act.Action, ...]:
        """The moves that fall due in this decision period."""
        if view.called_again:
            return ()
        since = view.date - dt.timedelta(days=round(7.0 * view.own.decision_weeks))
        first = not view.own.moves
        due = [m for m in self.script if m.date <= view.date and (first or m.date > since)]
        return tuple(_action(move) for move in due)


def _action(move: Move) -> act.Action:
    made: Mapping[str, act.Action] = {
        "announce": act.Announce(move.package, move.effective, "written in the script"),
        "impose": act.Impose(move.package, "written in the script"),
        "withdraw": act.Withdraw(move.package, "written in the script"),
        "ask_talks": act.AskTalks(move.to, "written in the script"),
        "answer": act.Answer(move.to, reason="written in the script"),
        "accept": act.Accept(move.to, "written in the script"),
        "walk_away": act.WalkAway(move.to, "written in the script"),
        "breach": act.Breach(move.to, "written in the script"),
    }
    return made[move.action]
