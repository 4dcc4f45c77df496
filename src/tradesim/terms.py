"""Terms of trade on every lane: the single object that markets obey and policies edit.

Operations compose in any order: duties and specific costs add, caps take the minimum, licence
rules of one authority take the strictest (lowest approval, longest delay, shortest validity),
and of several detentions the gravest holds. A fresh object is the world without policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tradesim.world.types import Lanes

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass
class LicenceTerms:
    """What one authority asks on each lane; arrays [lanes], times in weeks."""

    covered: Flags
    approval: Floats  # probability that an application is granted
    delay_weeks: Floats  # mean time from application to decision
    stages: int  # stages of the delay (Erlang shape)
    validity_weeks: Floats
    opens_week: Floats  # no decision is released before this week of the run

    @classmethod
    def none(cls, lanes: int) -> LicenceTerms:
        """No lane covered: approval 1, no delay, unlimited validity."""
        return cls(
            covered=np.zeros(lanes, np.bool_),
            approval=np.ones(lanes),
            delay_weeks=np.zeros(lanes),
            stages=1,
            validity_weeks=np.full(lanes, np.inf),
            opens_week=np.zeros(lanes),
        )

    @property
    def binding(self) -> Flags:
        """Lanes where a licence can cost anything: not granted at once to everybody [lanes]."""
        slow = (self.approval < 1.0) | (self.delay_weeks > 0.0) | (self.opens_week > 0.0)
        return self.covered & slow

    def require(
        self,
        lanes: Flags,
        *,
        approval: Floats,
        delay_weeks: Floats,
        stages: int,
        validity_weeks: float,
        opens_week: Floats,
    ) -> None:
        """Ask for a licence on ``lanes``; the strictest of several rules holds."""
        self.covered |= lanes
        self.approval = np.where(lanes, np.minimum(self.approval, approval), self.approval)
        self.delay_weeks = np.where(
            lanes, np.maximum(self.delay_weeks, delay_weeks), self.delay_weeks
        )
        self.validity_weeks = np.where(
            lanes, np.minimum(self.validity_weeks, validity_weeks), self.validity_weeks
        )
        self.opens_week = np.where(lanes, np.maximum(self.opens_week, opens_week), self.opens_week)
        self.stages = max(self.stages, stages)


@dataclass
class Terms:
    """Every lever on every lane [lanes]; USD/kg, shares and weeks as the names say."""

    ad_valorem: Floats  # duty as a share of the value at the border
    specific_usd_per_kg: Floats
    cap_t_per_week: Floats
    hold_share: Floats  # share of shipments that customs detains
    hold_weeks: Floats  # mean time that a detained lot waits
    licences: dict[str, LicenceTerms] = field(default_factory=dict)  # by authority
    alarm: Floats = field(default_factory=lambda: np.zeros(0))  # expected loss of supply, 0-1

    @classmethod
    def free(cls, lanes: Lanes) -> Terms:
        """Trade without any policy."""
        count = len(lanes)
        return cls(
            ad_valorem=np.zeros(count),
            specific_usd_per_kg=np.zeros(count),
            cap_t_per_week=np.full(count, np.inf),
            hold_share=np.zeros(count),
            hold_weeks=np.zeros(count),
            alarm=np.zeros(count),
        )

    @property
    def holding(self) -> bool:
        """Whether customs detains anything."""
        return bool(self.hold_share.any())

    @property
    def capped(self) -> bool:
        """Whether any lane has a cap."""
        return bool(np.isfinite(self.cap_t_per_week).any())

    def add_duty(self, lanes: Flags, rate: float) -> None:
        """Add an ad valorem duty (share of border value) on ``lanes``."""
        self.ad_valorem = self.ad_valorem + np.where(lanes, rate, 0.0)

    def add_cap(self, lanes: Flags, t_per_week: float) -> None:
        """Let at most some tonnes a week pass on each of ``lanes``; the smallest cap holds."""
        capped = np.minimum(self.cap_t_per_week, t_per_week)
        self.cap_t_per_week = np.where(lanes, capped, self.cap_t_per_week)

    def add_hold(self, lanes: Flags, share: float, weeks: float) -> None:
        """Detain a share of shipments for a mean time; the larger of several rules holds."""
        self.hold_share = np.where(lanes, np.maximum(self.hold_share, share), self.hold_share)
        self.hold_weeks = np.where(lanes, np.maximum(self.hold_weeks, weeks), self.hold_weeks)

    def raise_alarm(self, lanes: Flags, severity: Floats) -> None:
        """Let buyers on ``lanes`` expect to lose a share of supply; the gravest rule holds."""
        self.alarm = np.where(lanes, np.maximum(self.alarm, severity), self.alarm)

    def licence(self, authority: str) -> LicenceTerms:
        """The licence rules of an authority, created empty at first."""
        return self.licences.setdefault(authority, LicenceTerms.none(len(self.ad_valorem)))

    def openness(self, halving_weeks: float) -> Floats:
        """How freely goods flow on each lane [lanes], 1 without licence or cap, 0 when shut.

        Approval over ``1 + delay / halving_weeks``, so that it falls smoothly with severity.
        """
        opened = np.where(self.cap_t_per_week > 0, 1.0, 0.0)
        for rule in self.licences.values():
            free = rule.approval / (1.0 + rule.delay_weeks / halving_weeks)
            opened = np.minimum(opened, np.where(rule.covered, free, 1.0))
        return np.asarray(opened, np.float64)
