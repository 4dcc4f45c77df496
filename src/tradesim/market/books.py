"""Licence books: the queue of applications at one authority and the balances it has cleared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim import rng
from tradesim.licence_terms import LicenceRule
from tradesim.world.types import Flags, Floats, Ints, World

#: Vintages into which a licence's validity is cut, so that old balances lapse first.
VINTAGES = 6
#: Tonnes of a step [n].
FLOWS = ("applied", "granted", "denied", "lapsed", "licensed")
#: Weeks of decision draws made at a time.
BLOCK_WEEKS = 52


@dataclass
class LicenceBook:
    """Applications and cleared balances of the links one authority controls [n].

    Tonnes. ``queue`` is [n, stages], ``cleared`` [n, VINTAGES] with the newest vintage first.
    """

    authority: str  # economy that licenses
    links: Ints  # [n] links that it controls
    position: Ints  # [links] place in this book, -1 outside
    queue: Floats  # [n, stages] t that wait for a decision
    age: Floats  # [n, stages] tonne-weeks that what is queued has waited
    waited: Floats  # [n] tonne-weeks that what was decided in this step had waited
    cleared: Floats  # [n, vintages] t granted and not shipped, newest first
    vintage_age_weeks: Floats  # [n] since the newest vintage was opened
    applied: Floats  # [n] t applied for in the step
    granted: Floats  # [n] t
    denied: Floats  # [n] t
    lapsed: Floats  # [n] t
    approval: Floats  # expected probability of a grant [n]
    delay_weeks: Floats  # mean wait for a decision [n]
    validity_weeks: Floats  # of what is granted [n]
    opens_week: Floats  # no decision before this week of the run [n]
    desks: tuple[tuple[Flags, float], ...]  # links [n] and t a week that a desk can decide
    fraction: Floats  # share of a link's shipments that needs the licence [n]
    licensed: Floats  # shipped under the licence in this step [n]
    drawn_block: int  # number of the block of weeks that is drawn
    draws: Floats  # [n, BLOCK_WEEKS] uniforms

    @classmethod
    def open(cls, authority: str, world: World, links: Ints, stages: int) -> LicenceBook:
        """An empty book over some links."""
        count = len(links)
        position = np.full(len(world.links), -1, np.int64)
        position[links] = np.arange(count)
        flow = {name: np.zeros(count) for name in FLOWS}
        return cls(
            authority=authority,
            links=links,
            position=position,
            queue=np.zeros((count, stages)),
            age=np.zeros((count, stages)),
            waited=np.zeros(count),
            cleared=np.zeros((count, VINTAGES)),
            vintage_age_weeks=np.zeros(count),
            approval=np.ones(count),
            delay_weeks=np.zeros(count),
            validity_weeks=np.full(count, np.inf),
            opens_week=np.zeros(count),
            desks=(),
            fraction=np.ones(count),
            drawn_block=-1,
            draws=np.zeros((count, BLOCK_WEEKS)),
            **flow,
        )

    def moved_to(self, world: World, links: Ints, stages: int) -> LicenceBook:
        """The same book over another set of links; what stays covered keeps queue and balance."""
        book = LicenceBook.open(self.authority, world, links, stages)
        old = self.position[links]
        kept = old >= 0
        shared = min(stages, self.queue.shape[1])
        book.queue[kept, :shared] = self.queue[old[kept], :shared]
        book.queue[kept, shared - 1] += self.queue[old[kept], shared:].sum(1)
        book.age[kept, :shared] = self.age[old[kept], :shared]
        book.age[kept, shared - 1] += self.age[old[kept], shared:].sum(1)
        book.cleared[kept] = self.cleared[old[kept]]
        book.fraction[kept] = self.fraction[old[kept]]
        book.vintage_age_weeks[kept] = self.vintage_age_weeks[old[kept]]
        return book

    def follow(self, rule: LicenceRule) -> None:
        """Take over the rule in force [links] on the links of this book."""
        links = self.links
        self.approval, self.delay_weeks = rule.approval[links], rule.delay_weeks[links]
        self.validity_weeks, self.opens_week = rule.validity_weeks[links], rule.opens_week[links]
        self.desks = tuple(
            (rule.desks[name].links[links], rule.desks[name].t_per_week)
            for name in sorted(rule.desks)
        )

    def decide(self, applications: Floats, week: float, world: World, dt: float) -> None:
        """Queue applications [n] in t, move the queue on, grant or deny what reaches its end.

        The wait is Erlang with as many stages as the queue has. Nothing is decided on a link
        before its first release, and no more than its desk can decide.
        """
        self.applied = applications
        inflow, aged = applications, np.zeros(len(applications))
        self.age += self.queue * dt
        stages = self.queue.shape[1]
        share = dt / (dt + self.delay_weeks / stages)
        for stage in range(stages):
            self.queue[:, stage] += inflow
            self.age[:, stage] += aged
            last = stage == stages - 1
            moving = self._decided(share, week, dt) if last else share
            inflow, aged = self.queue[:, stage] * moving, self.age[:, stage] * moving
            self.queue[:, stage] -= inflow
            self.age[:, stage] -= aged
        self.waited = aged
        granted = self._uniforms(int(week), world) < self.approval
        self.granted = np.where(granted, inflow, 0.0)
        self.denied = np.where(granted, 0.0, inflow)
        self.cleared[:, 0] += self.granted

    def _decided(self, share: Floats, week: float, dt: float) -> Floats:
        """Share [n] of the last stage that is decided: ``share`` at most, nothing where shut.

        A desk that is asked for more than it can decide takes every application in part.
        """
        moving = np.where(self.opens_week > week, 0.0, share)
        pace = np.ones(len(share))
        for at_desk, t_per_week in self.desks:
            ready = float((self.queue[:, -1] * moving)[at_desk].sum())
            if ready > t_per_week * dt:
                slower = np.minimum(pace, t_per_week * dt / ready)
                pace = np.where(at_desk, slower, pace)
        return np.asarray(moving * pace, np.float64)

    def _uniforms(self, week: int, world: World) -> Floats:
        """One decision draw per link and week, the same at any step length."""
        block = week // BLOCK_WEEKS
        if block != self.drawn_block:
            weeks = block * BLOCK_WEEKS + np.arange(BLOCK_WEEKS)
            ids = world.links.id[self.links][:, None]
            self.draws = rng.uniforms(world.seed, f"licence {self.authority}", ids, weeks)
            self.drawn_block = block
        return self.draws[:, week % BLOCK_WEEKS]

    def expire(self, dt: float) -> None:
        """Let balances grow older; what passes its validity lapses."""
        self.lapsed = np.zeros(len(self.links))
        self.vintage_age_weeks += dt
        due = np.flatnonzero(self.vintage_age_weeks >= self.validity_weeks / VINTAGES)
        if len(due) == 0:
            return
        self.vintage_age_weeks[due] = 0.0
        self.lapsed[due] = self.cleared[due, -1]
        self.cleared[due, 1:] = self.cleared[due, :-1]
        self.cleared[due, 0] = 0.0

    def limit(self, ordered: Floats) -> Floats:
        """What may leave on each link [n]: what needs no licence, and the cleared balance, t."""
        return (1.0 - self.fraction) * ordered + self.balance()

    def draw(self, shipped: Floats, ordered: Floats) -> None:
        """Write shipments [n] off the cleared balances, oldest vintage first.

        Of a shipment the part that the balance has in what might have left goes under licence.
        """
        balance = self.balance()
        free = (1.0 - self.fraction) * ordered
        part = balance / np.maximum(free + balance, 1e-30)
        self.licensed = np.where(free > 0.0, shipped * part, shipped)
        left = self.licensed.copy()
        for vintage in range(VINTAGES - 1, -1, -1):
            taken = np.minimum(left, self.cleared[:, vintage])
            self.cleared[:, vintage] -= taken
            left -= taken

    def pending(self) -> Floats:
        """Tonnes waiting for a decision [n]."""
        return np.asarray(self.queue.sum(1), np.float64)

    def balance(self) -> Floats:
        """Tonnes cleared and not yet shipped [n]."""
        return np.asarray(self.cleared.sum(1), np.float64)
