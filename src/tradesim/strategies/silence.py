"""Silence: never acts and never answers; calls of others go unanswered."""

from __future__ import annotations

from collections.abc import Mapping

from tradesim.states.actions import Action
from tradesim.states.view import Outlook, View
from tradesim.strategies.base import Strategy


class Silence(Strategy):
    """Does nothing. Source: the calls of 10 to 24 October 2025 that nobody answered."""

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """Nothing."""
        return ()
