"""What a strategy is: it sees a view and returns actions. One small file each, source cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from tradesim import targets
from tradesim.states.actions import Action, Course
from tradesim.states.view import Outlook, PackageStatus, View


class Strategy(BaseModel):
    """Base of every strategy: a frozen page of parameters and two functions of the view.

    A strategy keeps no memory of its own: what it may remember stands in the public record, so a
    run can be taken up at any date, by a strategy or a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    #: Weeks and seeds of a rehearsal; strategies that look ahead declare them as fields.
    looks_ahead: ClassVar[bool] = False

    def consider(self, view: View) -> tuple[Course, ...]:
        """Courses to have rehearsed before :meth:`decide`; by default none."""
        return ()

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """What to do now; ``outlooks`` has what each course led to, by its label."""
        raise NotImplementedError


def next_up(ladder: Sequence[PackageStatus]) -> PackageStatus | None:
    """The lowest package that does not stand and is not suspended by a deal."""
    return next((p for p in ladder if p.status in ("held", "withdrawn")), None)


def top(ladder: Sequence[PackageStatus]) -> PackageStatus | None:
    """The highest package that stands, announced or in force."""
    return next((p for p in reversed(ladder) if p.standing), None)


def load(page: Mapping[str, Any], where: str, allowed: Sequence[str] = ("tradesim.",)) -> Strategy:
    """Build a strategy from its page: ``_target_`` names the class, the rest its parameters.

    Raises :class:`InputError` for a class outside ``allowed`` prefixes or one that is no strategy,
    and pydantic's ``ValidationError`` for a bad parameter.
    """
    cls = find_class(page, where, allowed)
    return cls(**{key: value for key, value in page.items() if key != "_target_"})


def find_class(
    page: Mapping[str, Any], where: str, allowed: Sequence[str] = ("tradesim.",)
) -> type[Strategy]:
    """The class that ``_target_`` on a strategy's page names."""
    return targets.find(page, Strategy, "the strategy", where, allowed)
