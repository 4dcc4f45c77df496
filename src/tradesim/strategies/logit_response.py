"""Logit response: better courses are likelier, none is certain."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from pydantic import Field

from tradesim.states.actions import Action
from tradesim.states.view import Outlook, View
from tradesim.strategies.best_response import LooksAhead


class LogitResponse(LooksAhead):
    """Chooses each course with probability proportional to ``exp(rationality x utility)``.

    Source: quantal response, McKelvey and Palfrey 1995, doi:10.1006/game.1995.1023.
    """

    rationality_per_bn_usd: float = Field(
        1.0, ge=0, le=100, description="How sharply utility decides; 0 = evenly, infinite = best",
        json_schema_extra={"unit": "per bn USD", "source": "assumption; swept"},
    )  # fmt: skip

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """A course drawn by the government's own luck."""
        said = self.talk(view)
        if view.called_again or not outlooks:
            return said
        chances = logit(
            {name: seen.own_mean_usd / 1e9 for name, seen in outlooks.items()},
            self.rationality_per_bn_usd,
        )
        name = drawn(chances, view.own.luck)
        why = f"drawn with probability {chances[name]:.2f}"
        return said + self.act(view, name, why)


def logit(utility: Mapping[str, float], rationality: float) -> dict[str, float]:
    """Probabilities 0-1 by name; ``utility`` in bn USD, ``rationality`` per bn USD."""
    best = max(utility.values())
    weight = {name: exp(rationality * (value - best)) for name, value in utility.items()}
    total = sum(weight.values())
    return {name: value / total for name, value in weight.items()}


def drawn(chances: Mapping[str, float], uniform: float) -> str:
    """The name whose part of the unit interval holds ``uniform`` (0-1)."""
    below = 0.0
    for name, chance in chances.items():
        below += chance
        if uniform < below:
            return name
    return name
