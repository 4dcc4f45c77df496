"""The council: governments see, decide, and what they decided is checked and carried out.

All governments that are due decide on the same record, so nobody moves after having seen another's
move of the day; then those who were spoken to may reply. The council changes nothing in the market:
it changes the dates and strengths of policies, and the market obeys those.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tradesim import axes
from tradesim.policies import Policy, Status, statuses
from tradesim.states import packages as packages_of
from tradesim.states import talks, utility
from tradesim.states.actions import Action, Answer, AskTalks, Course, Offer
from tradesim.states.deeds import Deeds
from tradesim.states.government import Character, Government, luck
from tradesim.states.observe import ASCRIBED, Observer
from tradesim.states.packages import Package
from tradesim.states.view import Outlook, PackageStatus, PublicEvent, View
from tradesim.strategies.base import Strategy
from tradesim.world.types import Floats, Ints

#: Rounds of replies within a sitting: an offer, a counter-offer, an answer to it.
MOST_REPLIES = 4
#: Time over which felt losses are averaged, weeks.
PAIN_WEEKS = 4.0

#: Rehearses courses for a government: economy, courses -> outlook by label.
Rehearse = Callable[[str, Sequence[Course]], Mapping[str, Outlook]]
#: Notes an event: date, actor, action, instrument, target, detail, reason.
Tell = Callable[[dt.date, str, str, str, str, str, str], None]


@dataclass(frozen=True)
class Sitting:
    """The moment of a sitting: date, week of the run, what the market shows, what is threatened.

    ``price_ratio`` [economies, goods] ask over base; ``threat_usd`` [economies] expected losses a
    week from announced packages of others, before the part that a government's weights decide;
    ``alarm_usd`` [economies] supply at base prices that buyers expect to lose a week.
    """

    date: dt.date
    week: float
    price_ratio: Floats
    threat_usd: Floats
    alarm_usd: Floats


@dataclass
class Seat:
    """One government in a run: its page, strategy and private type, and what it has felt."""

    government: Government
    strategy: Strategy
    character: Character
    moves: list[str] = field(default_factory=list)
    opened: int = 0  # given moves already made
    decisions: int = 0
    next_week: float = 0.0
    pain_usd_per_week: float = 0.0
    public_pain_usd_per_week: float = 0.0  # with the weights that outsiders ascribe to it
    last_terms: Floats = field(default_factory=lambda: np.zeros(len(utility.TERMS)))
    rehearsed_steps: float = 0.0  # in steps of the run


class Council:
    """All governments of a run; ``policies`` is the model's own mapping, which it edits."""

    def __init__(
        self, seats: Mapping[str, Seat], packages: Mapping[str, Package],
        policies: dict[str, Policy], tables: talks.Tables, tell: Tell,
    ) -> None:  # fmt: skip
        self.seats = {code: seats[code] for code in axes.ECONOMIES if code in seats}
        self.packages, self.policies, self.tables = packages, policies, tables
        self.record: list[PublicEvent] = []
        self._tell = tell
        self.booked = np.full((len(utility.TERMS), len(axes.ECONOMIES)), np.nan)
        self.booked[:, [axes.ECONOMY_INDEX[code] for code in self.seats]] = 0.0
        for package in packages.values():
            for name in package.policies:
                policies[name] = packages_of.held(policies[name])
        self.deeds = Deeds(self)
        self.changed = False
        self._known: tuple[dt.date, dict[str, Status]] | None = None  # statuses on a date
        self._rungs = dict.fromkeys(self.seats, 0)
        self._observer = Observer(tables.seed)

    # -- what the public knows ------------------------------------------------------------------

    def package_status(self, name: str, date: dt.date) -> PackageStatus:
        """A package as the public knows it on a date."""
        package = self.packages[name]
        now = self._statuses(date)
        policies = [self.policies[policy] for policy in package.policies]
        known = [policy for policy in policies if policy.announced <= date]
        effective = min((policy.effective for policy in known), default=None)
        if not known:
            return PackageStatus(name, package.state, "held", None)
        if self.tables.covering(name) is not None:
            return PackageStatus(name, package.state, "suspended", effective)
        status = {now[policy.name] for policy in known}
        for word, found in (("in_force", Status.EFFECTIVE), ("announced", Status.ANNOUNCED)):
            if found in status:
                return PackageStatus(name, package.state, word, effective)
        return PackageStatus(name, package.state, "withdrawn", effective)

    def touch(self) -> None:
        """Say that policies have changed: what was known of them is looked up anew."""
        self.changed, self._known = True, None

    def _statuses(self, date: dt.date) -> dict[str, Status]:
        if self._known is None or self._known[0] != date:
            self._known = (date, statuses(self.policies, date))
        return self._known[1]

    def ladder(self, code: str, date: dt.date) -> tuple[PackageStatus, ...]:
        """The rungs of a government, lowest first."""
        rungs = self.seats[code].government.ladder
        return tuple(self.package_status(name, date) for name in rungs)

    def rung(self, code: str, date: dt.date) -> int:
        """The highest rung that stands, counted from 1; 0 for none."""
        ladder = self.ladder(code, date)
        return max((i for i, package in enumerate(ladder, 1) if package.standing), default=0)

    def standings(self) -> Ints:
        """Rung of every economy at the last sitting [economies], 0 without a government."""
        found = np.zeros(len(axes.ECONOMIES), np.int64)
        for code, rung in self._rungs.items():
            found[axes.ECONOMY_INDEX[code]] = rung
        return found

    def ledgers(self) -> Floats:
        """Terms of utility so far, USD, and steps of rehearsals [terms + 1, economies].

        Not a number where no government decides.
        """
        steps = np.full(len(axes.ECONOMIES), np.nan)
        for code, seat in self.seats.items():
            steps[axes.ECONOMY_INDEX[code]] = seat.rehearsed_steps
        return np.vstack((self.booked, steps))

    def announce(
        self, date: dt.date, actor: str, action: str, target: str = "", detail: str = "",
        reason: str = "", instrument: str = "",
    ) -> None:  # fmt: skip
        """Put something on the public record, and with its reason into the events."""
        self.record.append(PublicEvent(date, actor, action, target, detail))
        self._tell(date, actor, action, instrument, target, detail, reason)

    # -- a sitting -------------------------------------------------------------------------------

    def sit(self, now: Sitting, rehearse: Rehearse) -> bool:
        """Let everybody who is due decide; returns whether policies have changed."""
        self.changed = False
        self._run_out(now.date)
        due = [code for code, seat in self.seats.items() if seat.next_week <= now.week + 1e-9]
        before = {code: self.rung(code, now.date) for code in due}
        given = [code for code in due if self.deeds.openings(code, now.date)]
        decided = {code: self._decide(code, now, rehearse, given) for code in due}
        spoken_to = self._carry_out(decided, now.date)
        for _ in range(MOST_REPLIES):
            if not spoken_to:
                break
            views = {code: self._observe(code, now, again=True) for code in sorted(spoken_to)}
            replies = {
                code: self.seats[code].strategy.decide(view, {}) for code, view in views.items()
            }
            spoken_to = self._carry_out(replies, now.date)
        for code in due:
            seat = self.seats[code]
            seat.moves.append(_move(before[code], self.rung(code, now.date)))
            seat.decisions += 1
            seat.next_week = now.week + seat.government.decision_weeks
        self._tell_rungs(now.date)
        return self.changed

    def _decide(
        self, code: str, now: Sitting, rehearse: Rehearse, given: Sequence[str]
    ) -> tuple[Action, ...]:
        seat = self.seats[code]
        begins = seat.government.decides_from
        if code in given or (begins is not None and now.date < begins):
            return ()
        view = self._observe(code, now, again=False)
        courses = seat.strategy.consider(view)
        outlooks = rehearse(code, courses) if courses else {}
        return seat.strategy.decide(view, outlooks)

    def _observe(self, code: str, now: Sitting, again: bool) -> View:
        view = self._observer.view(self, code, now, luck(code, self.tables.seed,
                                                         self.seats[code].decisions))  # fmt: skip
        return replace(view, called_again=again)

    def _carry_out(self, decided: Mapping[str, Sequence[Action]], date: dt.date) -> set[str]:
        """Carry out what was decided, in the order of the axis; who has been spoken to."""
        spoken_to: set[str] = set()
        for code, actions in decided.items():
            for action in actions:
                self.deeds.do(code, action, date)
                if isinstance(action, AskTalks | Answer | Offer) and action.to in self.seats:
                    spoken_to.add(action.to)
        return spoken_to

    def _run_out(self, date: dt.date) -> None:
        """Meetings that take place, requests that nobody answered, deals that end."""
        for parties, table in self.tables.by_pair.items():
            self.deeds.run_out(parties, table, date)

    def _tell_rungs(self, date: dt.date) -> None:
        for code, before in self._rungs.items():
            now = self.rung(code, date)
            if now != before:
                top = self.seats[code].government.ladder[now - 1] if now else ""
                verb = "climb" if now > before else "descend"
                self.announce(date, code, verb, str(now), top, f"from rung {before} to {now}")
                self._rungs[code] = now

    # -- what a step brought ---------------------------------------------------------------------

    def book(self, measures: utility.Measures, dt_weeks: float) -> None:
        """Add a step's utility, USD, and let every government feel it."""
        felt: dict[str, float] = {}
        seen: dict[str, float] = {}
        for code, seat in self.seats.items():
            terms = utility.own_terms(
                measures, axes.ECONOMY_INDEX[code], seat.government.preferences
            )
            seat.last_terms = terms
            felt[code] = utility.felt_loss(terms)
            seen[code] = utility.felt_loss(
                utility.own_terms(measures, axes.ECONOMY_INDEX[code], ASCRIBED)
            )
        share = float(-np.expm1(-dt_weeks / PAIN_WEEKS))
        for code, seat in self.seats.items():
            lost = sum(felt[other] for other in seat.government.watches)
            weight = seat.government.preferences.leverage_weight
            seat.last_terms[utility.TERMS.index("leverage")] = weight * lost
            self.booked[:, axes.ECONOMY_INDEX[code]] += seat.last_terms
            pain = felt[code] / dt_weeks
            seat.pain_usd_per_week += share * (pain - seat.pain_usd_per_week)
            public = seen[code] / dt_weeks
            seat.public_pain_usd_per_week += share * (public - seat.public_pain_usd_per_week)

    def book_audience(self, code: str) -> None:
        """Book the cost at home of a withdrawal without a concession, USD."""
        cost = self.seats[code].government.preferences.audience_usd
        self.booked[utility.TERMS.index("audience"), axes.ECONOMY_INDEX[code]] -= cost


def _move(before: int, after: int) -> str:
    """What a decision was, by the rung."""
    return "escalate" if after > before else "relax" if after < before else "hold"
