"""What one authority asks on every link, and how the rules of several policies make one rule.

Three layers are kept apart until all policies have written theirs, so that their order does not
matter: *strict* rules (lowest approval, longest delay, shortest validity, latest opening hold),
*easings* (highest approval, shortest delay, longest validity) and *tightenings* (factors that
multiply). The rule in force is strict, then eased, then tightened; an exempt link needs no licence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tradesim.world.types import Lanes, Links, sum_by

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LaneLinks:
    """Which links make up a lane, and how much each usually carries."""

    lane: Ints  # [links]
    first: Ints  # [lanes] one link of each lane
    weight: Floats  # [links] usual tonnes a week, and a trifle where there are none

    @classmethod
    def of(cls, links: Links, lanes: Lanes) -> LaneLinks:
        """The links of a world's lanes; every lane has at least one link."""
        first = np.zeros(len(lanes), np.int64)
        first[links.lane] = np.arange(len(links))
        return cls(links.lane, first, links.base_t + 1e-9)

    def mean(self, values: Floats) -> Floats:
        """Mean of ``values`` [links] over each lane's usual flow [lanes], exact where all agree."""
        one = values[self.first]
        lanes = len(self.first)
        gap = sum_by(self.lane, self.weight * (values - one[self.lane]), lanes)
        return np.asarray(one + gap / sum_by(self.lane, self.weight, lanes), np.float64)


@dataclass(frozen=True)
class Desk:
    """How much an authority can decide: applications for ``links`` [links], t a week in all."""

    links: Flags  # [links] whose applications it decides
    t_per_week: float  # t a week in all


@dataclass(frozen=True)
class LicenceRule:
    """What holds on each link in the end; arrays [links], times in weeks."""

    needed: Flags
    approval: Floats  # probability that an application is granted
    delay_weeks: Floats  # mean time from application to decision
    validity_weeks: Floats
    opens_week: Floats  # no decision is released before this week of the run
    stages: int  # stages of the delay (Erlang shape)
    desks: dict[str, Desk]

    @cached_property
    def binding(self) -> Flags:
        """Links where a licence can cost anything: not granted at once to everybody [links]."""
        slow = (self.approval < 1.0) | (self.delay_weeks > 0.0) | (self.opens_week > 0.0)
        for desk in self.desks.values():
            slow = slow | desk.links
        return self.needed & slow

    def openness(self, halving_weeks: float) -> Floats:
        """``approval / (1 + delay / halving_weeks)`` where a licence is needed, else 1 [links]."""
        free = self.approval / (1.0 + self.delay_weeks / halving_weeks)
        return np.asarray(np.where(self.needed, free, 1.0), np.float64)


@dataclass
class LicenceTerms:
    """What policies have written so far for one authority; arrays [links], times in weeks."""

    lane_links: LaneLinks
    covered: Flags  # [links] need a licence
    exempt: Flags  # [links] need none whatever covers them
    approval: Floats  # [links] strict: lowest probability
    approval_floor: Floats  # [links] eased: least probability
    approval_factor: Floats  # [links] tightened
    delay_weeks: Floats  # [links] strict: longest mean wait
    delay_cap_weeks: Floats  # [links] eased: longest mean wait
    delay_factor: Floats  # [links] tightened
    validity_weeks: Floats  # [links] strict: shortest
    validity_floor_weeks: Floats  # [links] eased: least
    opens_week: Floats  # [links] no decision before this week of the run
    stages: int = 1  # of the delay (Erlang shape)
    desks: dict[str, Desk] = field(default_factory=dict)  # by policy

    @classmethod
    def none(cls, lane_links: LaneLinks) -> LicenceTerms:
        """No link covered: approval 1, no delay, unlimited validity."""
        links = len(lane_links.lane)
        return cls(
            lane_links=lane_links,
            covered=np.zeros(links, np.bool_),
            exempt=np.zeros(links, np.bool_),
            approval=np.ones(links),
            approval_floor=np.zeros(links),
            approval_factor=np.ones(links),
            delay_weeks=np.zeros(links),
            delay_cap_weeks=np.full(links, np.inf),
            delay_factor=np.ones(links),
            validity_weeks=np.full(links, np.inf),
            validity_floor_weeks=np.zeros(links),
            opens_week=np.zeros(links),
        )

    def require(
        self, lanes: Flags, *, approval: Floats, delay_weeks: Floats, stages: int,
        validity_weeks: float, opens_week: Floats,
    ) -> None:  # fmt: skip
        """Ask for a licence on whole ``lanes``; all arrays [lanes]."""
        lane = self.lane_links.lane
        self.require_links(
            lanes[lane], approval=approval[lane], delay_weeks=delay_weeks[lane], stages=stages,
            validity_weeks=np.full(len(lane), validity_weeks), opens_week=opens_week[lane],
        )  # fmt: skip

    def require_links(
        self, links: Flags, *, approval: Floats, delay_weeks: Floats, stages: int,
        validity_weeks: Floats, opens_week: Floats,
    ) -> None:  # fmt: skip
        """Ask for a licence on ``links``; the strictest of several rules holds. Arrays [links]."""
        self.covered = self.covered | links
        self.approval = np.where(links, np.minimum(self.approval, approval), self.approval)
        self.delay_weeks = np.where(
            links, np.maximum(self.delay_weeks, delay_weeks), self.delay_weeks
        )
        self.validity_weeks = np.where(
            links, np.minimum(self.validity_weeks, validity_weeks), self.validity_weeks
        )
        self.opens_week = np.where(links, np.maximum(self.opens_week, opens_week), self.opens_week)
        self.stages = max(self.stages, stages)

    def ease(
        self, links: Flags, *, approval: float, delay_weeks: float, validity_weeks: float
    ) -> None:
        """Grant at least, decide within and let last at least; who is eased waits for no opening.

        The most generous of several easings holds.
        """
        self.approval_floor = np.where(
            links, np.maximum(self.approval_floor, approval), self.approval_floor
        )
        self.delay_cap_weeks = np.where(
            links, np.minimum(self.delay_cap_weeks, delay_weeks), self.delay_cap_weeks
        )
        self.validity_floor_weeks = np.where(
            links, np.maximum(self.validity_floor_weeks, validity_weeks), self.validity_floor_weeks
        )

    def free(self, links: Flags) -> None:
        """Ask for no licence on ``links``."""
        self.exempt = self.exempt | links

    def tighten(self, links: Flags, *, approval: float, delay: float) -> None:
        """Multiply approval (factor at most 1) and delay (at least 1) on ``links``."""
        self.approval_factor = self.approval_factor * np.where(links, approval, 1.0)
        self.delay_factor = self.delay_factor * np.where(links, delay, 1.0)

    def staff(self, policy: str, links: Flags, t_per_week: float) -> None:
        """Let the authority decide at most some tonnes a week of applications for ``links``."""
        self.desks = self.desks | {policy: Desk(links, t_per_week)}

    def __setattr__(self, name: str, value: object) -> None:
        """Set a layer; the rule in force is worked out anew when it is next asked for."""
        self.__dict__.pop("rule", None)
        super().__setattr__(name, value)

    @cached_property
    def rule(self) -> LicenceRule:
        """The rule in force on every link: strict, then eased, then tightened."""
        eased = np.isfinite(self.delay_cap_weeks)
        return LicenceRule(
            needed=self.covered & ~self.exempt,
            approval=np.maximum(self.approval, self.approval_floor) * self.approval_factor,
            delay_weeks=np.minimum(self.delay_weeks, self.delay_cap_weeks) * self.delay_factor,
            validity_weeks=np.maximum(self.validity_weeks, self.validity_floor_weeks),
            opens_week=np.where(eased, 0.0, self.opens_week),
            stages=self.stages,
            desks=self.desks,
        )
