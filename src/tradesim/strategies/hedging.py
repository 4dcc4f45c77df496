"""A hedging processor: gain from both sides, and choose one only when pressed."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from tradesim.states.actions import Action, Announce, Withdraw
from tradesim.states.view import Outlook, View
from tradesim.strategies.base import Strategy, next_up, top


class HedgingProcessor(Strategy):
    """Joins the first rival's chain while tension is low, steps back from it when both sides climb.

    Its ladder holds what ties it to the partner it watches first (the American-led chain); the
    second is the other great power. It goes a rung up while the other power stands at most at
    ``calm_rung`` and its own losses stay below its threshold; it goes a rung down when the other
    power climbs above ``pressed_rung`` and hurts it. In between it keeps both doors open. Source:
    Kuik 2008, The essence of hedging, doi:10.1355/CS30-2C.
    """

    calm_rung: int = Field(
        1, ge=0, description="Highest rung of the other power at which it draws nearer",
        json_schema_extra={"unit": "rungs", "source": "assumption"},
    )  # fmt: skip
    pressed_rung: int = Field(
        2, ge=0, description="Rung of the other power from which it steps back",
        json_schema_extra={"unit": "rungs", "source": "assumption"},
    )  # fmt: skip

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """Draw nearer, step back or keep both doors open."""
        if view.called_again:
            return ()
        others = [rival for code, rival in view.rivals.items() if code != view.watched]
        pressed = max((rival.rung for rival in others), default=0)
        loss = view.own.pain_usd_per_week + view.own.threat_usd_per_week
        hurt = loss > view.own.pain_threshold_usd_per_week
        highest, up = top(view.own.ladder), next_up(view.own.ladder)
        if pressed >= self.pressed_rung and hurt and highest is not None:
            return (Withdraw(highest.name, f"the other side stands on rung {pressed}"),)
        if pressed <= self.calm_rung and not hurt and up is not None:
            return (Announce(up.name, reason="both sides are calm"),)
        return ()
