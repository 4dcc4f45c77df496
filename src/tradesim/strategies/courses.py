"""The courses a government can take next: hold, go up a rung, come down a rung, offer a trade."""

from __future__ import annotations

from collections.abc import Sequence

from tradesim.states.actions import Action, Announce, Impose, Withdraw
from tradesim.states.view import PackageStatus
from tradesim.strategies.base import next_up, top

HOLD, UP, DOWN = "hold", "up", "down"


def moves(ladder: Sequence[PackageStatus], reason: str = "") -> dict[str, tuple[Action, ...]]:
    """What is open to a government on its ladder, by the names above; holding always is."""
    found: dict[str, tuple[Action, ...]] = {HOLD: ()}
    up, highest = next_up(ladder), top(ladder)
    if up is not None:
        found[UP] = (Announce(up.name, reason=reason),)
    if highest is not None:
        found[DOWN] = (Withdraw(highest.name, reason),)
    return found


def in_force_at_once(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The same, imposed without notice: what a rehearsal compares is the package in force."""
    return tuple(
        Impose(action.package, action.reason) if isinstance(action, Announce) else action
        for action in actions
    )
