"""Carrying actions out: each is checked, changes dates or strengths, and goes on the record.

An action that a state may not take is refused with :class:`InputError` before anything has changed:
another state's package, an offer without a meeting, an acceptance with nothing on the table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from tradesim.errors import InputError, unknown
from tradesim.policies import Policy
from tradesim.states import actions as act
from tradesim.states import packages as packages_of
from tradesim.states import talks
from tradesim.states.packages import Package
from tradesim.states.view import OnTable, PublicDeal

if TYPE_CHECKING:
    from tradesim.states.council import Council
    from tradesim.states.government import Opening

#: Reason of a move that nobody decided.
GIVEN = "given by the scenario"
#: What announcing and imposing a package of one instrument is called on the record.
VERBS: Mapping[str, tuple[str, str]] = {
    "stockpile": ("announce_buying", "buy"),
    "project_funding": ("announce_funding", "fund"),
    "licence_easing": ("announce_licences", "grant_licences"),
    "licence_tightening": ("announce_tightening", "deny_licences"),
}


class Deeds:
    """The hands of the council."""

    def __init__(self, council: Council) -> None:
        self.council = council
        self._does: Mapping[type, Callable[..., None]] = {
            act.Announce: self._announce, act.Impose: self._impose, act.Withdraw: self._withdraw,
            act.Adjust: self._adjust, act.AskTalks: self._ask, act.Answer: self._answer,
            act.Offer: self._offer, act.Accept: self._accept, act.WalkAway: self._walk_away,
            act.Breach: self._breach,
        }  # fmt: skip

    def do(self, code: str, action: act.Action, date: dt.date) -> None:
        """Carry out one action of a state on a date; raises :class:`InputError` if it may not."""
        try:
            carry_out = self._does[type(action)]
        except KeyError:
            raise InputError(
                f"{code} returned {action!r}, which is no action",
                where=f"strategy of {code}",
                allowed=", ".join(sorted(cls.__name__ for cls in self._does)),
                remedy="return actions of tradesim.states.actions",
            ) from None
        carry_out(code, action, date)

    def openings(self, code: str, date: dt.date) -> bool:
        """Do the given moves of a state that are due; whether there were any."""
        seat = self.council.seats[code]
        left = seat.government.opening[seat.opened :]
        due = [move for move in left if move.date <= date]
        seat.opened += len(due)
        for move in due:
            if move.package:
                self.do(code, act.Announce(move.package, move.effective, GIVEN), date)
            else:
                self._given_deal(code, move, date)
        return bool(due)

    def _given_deal(self, code: str, move: Opening, date: dt.date) -> None:
        """A deal that the scenario says was struck."""
        table = self._table(code, move.to)
        weeks = ((move.expires or date) - date).days / 7.0
        table.offer = OnTable(code, move.to, move.give, move.take, weeks, date)
        self._accept(move.to, act.Accept(code, GIVEN), date)

    # -- instruments -----------------------------------------------------------------------------

    def _announce(self, code: str, action: act.Announce, date: dt.date) -> None:
        package = self._own(code, action.package)
        self._leave_deal(code, action.package, date)
        notice = dt.timedelta(days=round(7.0 * package.notice_weeks))
        effective = max(date, action.effective or date + notice)
        self._set(package, lambda p: packages_of.announced(p, date, effective))
        self._told(code, action.package, 0, f"{effective}", action.reason, date)

    def _impose(self, code: str, action: act.Impose, date: dt.date) -> None:
        package = self._own(code, action.package)
        self._leave_deal(code, action.package, date)
        self._set(package, lambda p: packages_of.announced(p, min(date, p.announced), date))
        self._told(code, action.package, 1, "", action.reason, date)

    def _withdraw(self, code: str, action: act.Withdraw, date: dt.date) -> None:
        package = self._own(code, action.package)
        status = self.council.package_status(action.package, date)
        if not status.standing:
            raise InputError(
                f"{code} cannot withdraw '{action.package}', which is {status.status}",
                where=f"strategy of {code}",
                allowed="packages that are announced or in force",
                remedy="look at the ladder in the view first",
            )
        self._set(package, lambda p: packages_of.withdrawn(p, date))
        verb = "shelve" if status.status == "announced" else "suspend"
        self.council.announce(
            date, code, verb, "", action.package, action.reason, self._instruments(package)
        )
        if not self._conceded(code, package):
            self.council.book_audience(code)

    def _conceded(self, code: str, package: Package) -> bool:
        """Whether somebody it watches has come down a rung since the package was announced."""
        since = min(self.council.policies[name].announced for name in package.policies)
        watched = self.council.seats[code].government.watches
        return any(
            event.action == "descend" and event.actor in watched and event.date >= since
            for event in self.council.record
        )

    def _adjust(self, code: str, action: act.Adjust, date: dt.date) -> None:
        own = {p for n, k in self.council.packages.items() if k.state == code for p in k.policies}
        if action.policy not in own:
            raise unknown(f"policy of {code}", action.policy, own, f"strategy of {code}")
        if not 0.0 <= action.strength <= 1.0:
            raise InputError(
                f"strength = {action.strength}", where=f"strategy of {code}",
                allowed="0 to 1 (share of the written strength)", remedy="name another strength",
            )  # fmt: skip
        policy = self.council.policies[action.policy]
        verb = "tighten" if action.strength > policy.strength else "relax"
        changed = policy.model_copy(update={"strength": action.strength})
        self.council.policies[action.policy] = changed
        self.council.touch()
        self.council.announce(
            date, code, verb, f"{action.strength:g}", action.policy, action.reason,
            policy.instrument,
        )  # fmt: skip

    def _set(self, package: Package, change: Callable[[Policy], Policy]) -> None:
        for name in package.policies:
            self.council.policies[name] = change(self.council.policies[name])
        self.council.touch()

    def _own(self, code: str, name: str) -> Package:
        own = [n for n, package in self.council.packages.items() if package.state == code]
        if name not in own:
            raise unknown(f"package of {code}", name, own, f"strategy of {code}")
        return self.council.packages[name]

    def _told(
        self, code: str, name: str, verb: int, target: str, reason: str, date: dt.date
    ) -> None:
        instruments = self._instruments(self.council.packages[name])
        words = VERBS.get(instruments, ("announce", "impose"))
        self.council.announce(date, code, words[verb], target, name, reason, instruments)

    def _instruments(self, package: Package) -> str:
        found = {self.council.policies[name].instrument for name in package.policies}
        return ", ".join(sorted(found))

    # -- talks -----------------------------------------------------------------------------------

    def _ask(self, code: str, action: act.AskTalks, date: dt.date) -> None:
        table = self._table(code, action.to)
        if table.asked_by == action.to:  # both have asked: that is an answer
            self._answer(code, act.Answer(action.to, reason=action.reason), date)
            return
        if table.asked_by == code or table.meeting is not None:
            return  # asked already, or about to meet
        table.asked_by, table.asked_on = code, date
        self.council.announce(date, code, "ask_talks", action.to, "", action.reason)

    def _answer(self, code: str, action: act.Answer, date: dt.date) -> None:
        table = self._table(code, action.to)
        if table.asked_by != action.to:
            self._refuse(code, f"answer {action.to}, who has not asked", "a state that has asked")
        table.meeting = date + dt.timedelta(days=max(0, action.days))
        table.asked_by = table.asked_on = None
        self.council.announce(
            date, code, "answer", action.to, f"meeting on {table.meeting}", action.reason
        )

    def _offer(self, code: str, action: act.Offer, date: dt.date) -> None:
        table = self._table(code, action.to)
        if not table.may_offer(date) and table.deal is None:
            self._refuse(code, f"make {action.to} an offer without a meeting",
                         "an offer from the day of a meeting on, or to renew a deal")  # fmt: skip
        for name in action.give:
            self._own(code, name)
        for name in action.take:
            self._own(action.to, name)
        counter = table.offer is not None and table.offer.by == action.to
        table.offer = OnTable(code, action.to, action.give, action.take, action.weeks, date)
        gives, takes = ", ".join(action.give) or "nothing", ", ".join(action.take) or "nothing"
        self.council.announce(
            date, code, "counter_offer" if counter else "offer", action.to,
            f"{gives} for {takes}, {action.weeks:g} weeks", action.reason,
        )  # fmt: skip

    def _accept(self, code: str, action: act.Accept, date: dt.date) -> None:
        table = self._table(code, action.to)
        offer = table.offer
        if offer is None or offer.to != code:
            self._refuse(code, f"accept what {action.to} has not offered", "an offer on the table")
            return
        parties = talks.pair(code, action.to)
        renewed = table.deal is not None
        if table.deal is not None:
            self._end(parties, table, date)
        table.deals += 1
        both = (*offer.give, *offer.take)
        disputed = self.council.tables.disputed(parties, both, table.deals)
        expires = date + dt.timedelta(days=round(7.0 * offer.weeks))
        table.deal = PublicDeal(parties, both, date, expires, disputed)
        self._sign(parties, table, offer)
        self.council.announce(
            date, code, "renew" if renewed else "accept", action.to, f"until {expires}",
            action.reason,
        )  # fmt: skip
        for name in disputed:
            owner = self.council.packages[name].state
            other = parties[0] if owner == parties[1] else parties[1]
            self.council.announce(
                date, owner, "diverging_reading", other, name,
                "reads its own concession as a partial one",
            )  # fmt: skip
        if not offer.take:
            self.council.book_audience(offer.by)
        table.clear()

    def _walk_away(self, code: str, action: act.WalkAway, date: dt.date) -> None:
        self._table(code, action.to).clear()
        self.council.announce(date, code, "walk_away", action.to, "", action.reason)

    def _breach(self, code: str, action: act.Breach, date: dt.date) -> None:
        table = self._table(code, action.to)
        if table.deal is None:
            self._refuse(code, f"breach a deal with {action.to}", "a deal that is in force")
        self._end(talks.pair(code, action.to), table, date)
        self.council.announce(date, code, "breach", action.to, "", action.reason)

    def run_out(self, parties: talks.Pair, table: talks.Table, date: dt.date) -> None:
        """What time alone does at a table: meetings, silence, expiry."""
        patience = dt.timedelta(days=round(7.0 * self.council.tables.params.patience_weeks))
        if table.meeting is not None and date >= table.meeting and not table.met:
            table.met = True
            self.council.announce(date, parties[0], "meet", parties[1])
        if table.asked_by is not None and table.asked_on is not None:
            if date - table.asked_on >= patience:
                silent = parties[1] if table.asked_by == parties[0] else parties[0]
                self.council.announce(date, silent, "unanswered", table.asked_by, "",
                                      f"no answer in {patience.days} days")  # fmt: skip
                table.clear()
        elif table.meeting is not None and date - table.meeting >= patience:
            self.council.announce(date, parties[0], "talks_lapse", parties[1], "",
                                  "met, and nothing was agreed")  # fmt: skip
            table.clear()
        if table.deal is not None and date >= table.deal.expires:
            self._end(parties, table, date)
            self.council.announce(date, parties[0], "deal_expires", parties[1], "",
                                  "nobody renewed it")  # fmt: skip

    def _sign(self, parties: talks.Pair, table: talks.Table, offer: OnTable) -> None:
        council, deal = self.council, table.deal
        if deal is None:
            return
        name = talks.deal_name(parties, table.deals)
        council.policies[name] = talks.truce(
            name, offer, deal, council.packages, council.tables.params.warning_weeks
        )
        for policy in self._policies_of(deal.disputed):
            council.policies[policy] = talks.halved(
                council.policies[policy], council.tables.params.conceded
            )
        council.touch()

    def _end(self, parties: talks.Pair, table: talks.Table, date: dt.date) -> None:
        """End a deal: what it suspended comes back, disputed concessions at full strength."""
        council, deal = self.council, table.deal
        if deal is None:
            return
        conceded = council.tables.params.conceded
        for name in self._policies_of(deal.disputed):
            policy = council.policies[name]
            whole = min(1.0, policy.strength / max(1.0 - conceded, 1e-9))
            council.policies[name] = policy.model_copy(update={"strength": whole})
        council.policies.pop(talks.deal_name(parties, table.deals), None)
        table.deal = None
        council.touch()

    def _leave_deal(self, code: str, package: str, date: dt.date) -> None:
        """Who brings back what a deal suspends breaches it."""
        parties = self.council.tables.covering(package)
        if parties is not None and code in parties:
            other = parties[0] if parties[1] == code else parties[1]
            self._breach(code, act.Breach(other, f"brings back {package}"), date)

    def _policies_of(self, packages: Iterable[str]) -> list[str]:
        return [policy for name in packages for policy in self.council.packages[name].policies]

    def _table(self, code: str, other: str) -> talks.Table:
        if other == code or other not in self.council.seats:
            others = [seat for seat in self.council.seats if seat != code]
            raise unknown("government to talk to", other, others, f"strategy of {code}")
        return self.council.tables.between(code, other)

    def _refuse(self, code: str, what: str, allowed: str) -> None:
        raise InputError(
            f"{code} cannot {what}", where=f"strategy of {code}", allowed=allowed,
            remedy="look at the talks in the view first",
        )  # fmt: skip
