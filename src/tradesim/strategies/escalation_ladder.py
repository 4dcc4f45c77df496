"""An escalation ladder: climb when challenged, as long as pain and resolve allow; else talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from tradesim.states.actions import (
    Accept,
    Action,
    Announce,
    Answer,
    AskTalks,
    Breach,
    Offer,
    WalkAway,
    Withdraw,
)
from tradesim.states.view import Outlook, PackageStatus, View
from tradesim.strategies.base import Strategy, next_up, top
from tradesim.strategies.belief import belief

_SHARE: dict[str, Any] = {"unit": "share", "source": "assumption; swept"}


class EscalationLadder(Strategy):
    """Climbs while the rival stands higher; yields when the loss exceeds what it will bear.

    What it will bear is its private threshold, times ``1 + stubbornness x resolve``; what it weighs
    against it is the loss it feels plus ``foresight`` times the loss that announced packages
    threaten. Beyond that it asks for talks and offers to trade the packages of both sides. It
    answers others' calls unless its resolve is above ``silent_above``, and it drops a threat of its
    own before the date if nobody talks and it believes the rival to be resolute. Sources: rungs and
    thresholds, Kahn 1965, On Escalation; resolve and audiences, Fearon 1994,
    doi:10.2307/2944796; belief, Kreps and Wilson 1982.
    """

    stubbornness: float = Field(
        2.0, ge=0, le=10, description="How much resolve stretches the threshold",
        json_schema_extra={"unit": "ratio", "source": "assumption; swept"},
    )  # fmt: skip
    foresight: float = Field(
        0.5, ge=0, le=1, description="Weight of losses that are only threatened",
        json_schema_extra=_SHARE,
    )  # fmt: skip
    silent_above: float = Field(
        0.6, ge=0, le=1, description="Resolve above which calls go unanswered while it can bear it",
        json_schema_extra=_SHARE,
    )  # fmt: skip
    yields_above: float = Field(
        0.8, ge=0, le=1, description="Belief in its rival's resolve at which it shelves a threat",
        json_schema_extra=_SHARE,
    )  # fmt: skip
    prior: float = Field(
        0.5, ge=0, le=1, description="Belief in the rival's resolve at first",
        json_schema_extra=_SHARE,
    )  # fmt: skip
    deal_weeks: float = Field(
        52.0, ge=1, le=520, description="Length of the deals that it offers",
        json_schema_extra={"unit": "weeks", "source": "Busan, 30 October 2025: one year"},
    )  # fmt: skip
    renew_weeks: float = Field(
        4.0, ge=0, le=52, description="Time before the end of a deal at which renewal is sought",
        json_schema_extra={"unit": "weeks", "source": "assumption"},
    )  # fmt: skip
    breach_above: float = Field(
        0.9, ge=0, le=1, description="Resolve above which a deal read otherwise by its rival ends",
        json_schema_extra=_SHARE,
    )  # fmt: skip
    floor_rung: int = Field(
        0, ge=0, description="Rungs that are never traded away",
        json_schema_extra={"unit": "rungs", "source": "assumption: licences of April 2025 stayed"},
    )  # fmt: skip

    def decide(self, view: View, outlooks: Mapping[str, Outlook]) -> tuple[Action, ...]:
        """Talk if it must or may, else answer a challenge, else hold."""
        said = self._talk(view)
        if said or view.called_again:
            return said
        if view.rival.talks.deal is not None:
            return self._keep_deal(view)
        if self._hurt(view):
            return self._seek_way_out(view)
        up = next_up(view.own.ladder)
        if view.rival.rung > view.own.rung and up is not None and not _backed_down(view):
            return (Announce(up.name, reason=self._why(view, "stands higher on the ladder")),)
        return ()

    def bears(self, view: View) -> float:
        """Loss that it bears before it seeks a way out, USD a week."""
        stretch = 1.0 + self.stubbornness * view.own.resolve
        return view.own.pain_threshold_usd_per_week * stretch

    def weighs(self, view: View) -> float:
        """Loss that it holds against that, USD a week."""
        return view.own.pain_usd_per_week + self.foresight * view.own.threat_usd_per_week

    def _hurt(self, view: View) -> bool:
        return self.weighs(view) > self.bears(view)

    def _talk(self, view: View) -> tuple[Action, ...]:
        """Answers and offers: what the state of the talks asks for."""
        talks, other = view.rival.talks, view.watched
        if talks.offer is not None and talks.offer.to == view.own.state:
            return self._consider_offer(view)
        if talks.asked_by == other:
            if self._hurt(view) or view.own.resolve <= self.silent_above:
                return (Answer(other, reason=f"resolve {view.own.resolve:.2f}, will talk"),)
            return ()  # silence
        met = talks.meeting is not None and view.date >= talks.meeting
        if met and talks.offer is None and not view.called_again and self._leads(view):
            give, take = concessions(view.own.ladder, view.rival.ladder, self.floor_rung)
            return (Offer(other, give, take, self.deal_weeks, self._why(view, "talks")),)
        return ()

    def _keep_deal(self, view: View) -> tuple[Action, ...]:
        """Leave a deal that the rival reads otherwise, seek to renew one that runs out, or wait."""
        talks, other = view.rival.talks, view.watched
        deal = talks.deal
        assert deal is not None
        theirs = {package.name for package in view.rival.ladder}
        if theirs & set(deal.disputed) and view.own.resolve > self.breach_above:
            return (Breach(other, f"{other} reads the deal otherwise"),)
        left = (deal.expires - view.date).days / 7.0
        idle = talks.asked_by is None and talks.meeting is None
        if idle and left <= self.renew_weeks and view.own.resolve <= self.silent_above:
            return (AskTalks(other, f"the deal ends in {left:.0f} weeks"),)
        return ()

    def _leads(self, view: View) -> bool:
        """Who has asked for the talks makes the first offer."""
        parties = (view.own.state, view.watched)
        asked = [e.actor for e in view.events if e.action == "ask_talks"
                 and (e.actor, e.target) in (parties, parties[::-1])]  # fmt: skip
        return bool(asked) and asked[-1] == view.own.state

    def _consider_offer(self, view: View) -> tuple[Action, ...]:
        offer, other = view.rival.talks.offer, view.watched
        assert offer is not None
        fair = len(offer.give) >= len(offer.take)
        if self._hurt(view) or fair or view.own.resolve <= self.silent_above:
            return (Accept(other, self._why(view, "offers enough")),)
        if offer.by == other and not view.called_again:
            give = concessions(view.own.ladder, view.rival.ladder, self.floor_rung)[0][-1:]
            return (Offer(other, give, offer.give, self.deal_weeks, "less for the same"),)
        return (WalkAway(other, f"resolve {view.own.resolve:.2f}: not enough"),)

    def _seek_way_out(self, view: View) -> tuple[Action, ...]:
        talks, other = view.rival.talks, view.watched
        idle = talks.asked_by is None and talks.meeting is None and talks.deal is None
        calls = [e for e in view.events if e.action == "unanswered" and e.actor == other]
        if idle and (view.own.ladder or view.rival.rung):
            if calls and self._believes(view) > self.yields_above:
                highest = top(view.own.ladder)
                if highest is not None and view.own.rung > self.floor_rung:
                    return (Withdraw(highest.name, self._why(view, "does not yield")),)
            return (AskTalks(other, self._why(view, "hurts us")),)
        return ()

    def _believes(self, view: View) -> float:
        acts = [e.action for e in view.events if e.actor == view.watched]
        return belief(self.prior, view.rival.moves, acts)

    def _why(self, view: View, what: str) -> str:
        return (
            f"{view.watched} {what}; loss {self.weighs(view) / 1e9:.2f} of"
            f" {self.bears(view) / 1e9:.2f} bn USD a week borne"
        )


def _backed_down(view: View) -> bool:
    """Whether it has withdrawn something since the rival last went a rung up."""
    own = [e.date for e in view.events
           if e.actor == view.own.state and e.action in ("shelve", "suspend")]  # fmt: skip
    up = [e.date for e in view.events if e.actor == view.watched and e.action == "climb"]
    return bool(own) and (not up or own[-1] >= up[-1])


def concessions(
    own: Sequence[PackageStatus], rival: Sequence[PackageStatus], floor: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What can be traded: own packages above the ``floor`` rung, and the rival's.

    Packages that a deal suspends count, so that it can be renewed.
    """

    def tradable(ladder: Sequence[PackageStatus]) -> tuple[str, ...]:
        return tuple(p.name for p in ladder if p.standing or p.status == "suspended")

    return tradable(own[floor:]), tradable(rival)
