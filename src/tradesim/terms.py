"""Terms of trade on every lane: the single object that markets obey and policies edit.

Operations compose in any order: duties and specific costs add, caps and ceilings take the
minimum, licence rules of one authority take the strictest (lowest approval, longest delay,
shortest validity), of several detentions the gravest holds, factors multiply, price floors take
the highest. Whatever a policy gives its own name (a limit, a public programme) stands beside
those of others. A fresh object is the world without policies. Duties are kept on a grid of
2^-40, where sums are exact, so their order does not show in the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim.world.types import World

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Steps of the grid of duties in a unit (2^40 to 1): finer than any rate is written.
GRID = 2.0**40


def on_grid(rate: float) -> float:
    """The point of the grid next to ``rate``; sums of such points have no rounding error."""
    return round(rate * GRID) / GRID


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


@dataclass(frozen=True)
class TonnageLimit:
    """At most so many tonnes a week on some lanes together, shared out by tradable permits.

    ``weight`` [lanes] is what a tonne shipped counts, zero where the limit does not reach.
    ``holder`` gets the permits' rent: the ``exporter``, the ``importer`` or, if they are
    auctioned, the ``treasury`` of ``imposed_by``.
    """

    weight: Floats
    t_per_week: float
    holder: str
    imposed_by: str


@dataclass(frozen=True)
class Programme:
    """Public demand for stocks: what a government buys, how fast, at most at what price.

    ``t_per_week`` is what it would like to buy; ``usd_per_week`` what it may spend, in all and
    by good; ``ceiling`` the highest ask over base price at which it buys. Releases serve members
    when a good's ask is above ``release_above`` times its base price.
    """

    economy: int  # that pays and holds
    members: Flags  # [economies] that releases serve
    goods: Flags  # [goods] on the list
    usd_per_week: Floats  # [goods]
    budget_usd: Floats  # [goods] in all
    ceiling: float
    origins: Flags  # [economies] it buys from
    release_above: float
    release_t_share_per_week: float  # of the stock, while it releases


@dataclass
class FirmTerms:
    """Levers on firms [firms]; ones and zeros are the world without policies."""

    progress: Floats  # weeks of progress of a project in a week
    capacity: Floats  # largest share of nameplate that may run
    ramp_yield: Floats  # share of a ramping plant's output that is sound
    service_loss_per_year: Floats  # share of running capacity lost a year for want of service
    hurdle: Floats  # factor on the expected price that investment asks for
    technology_watched: Flags  # lines whose Chinese technology brings them under a control

    @classmethod
    def free(cls, firms: int) -> FirmTerms:
        """Firms without any policy."""
        return cls(
            progress=np.ones(firms),
            capacity=np.ones(firms),
            ramp_yield=np.ones(firms),
            service_loss_per_year=np.zeros(firms),
            hurdle=np.ones(firms),
            technology_watched=np.zeros(firms, np.bool_),
        )


@dataclass
class Terms:
    """Every lever: on lanes [lanes], links, firms and output slots; units as the names say."""

    ad_valorem: Floats  # import duty as a share of the value at the border
    specific_usd_per_kg: Floats  # import duty per kilogram
    export_tax: Floats  # share of the FOB value
    cap_t_per_week: Floats
    hold_share: Floats  # share of shipments that customs detains
    hold_weeks: Floats  # mean time that a detained lot waits
    alarm: Floats  # expected loss of supply, 0-1
    preference: Floats  # factor on a buyer's liking of the lane
    ceiling: Floats  # [lanes] largest share of an economy's orders of a good from one origin
    detection: Floats  # probability that a lot past a control is found
    penalty: Floats  # fine on a lot that is found, share of its value
    closed: Flags  # [links] no trade between these two firms
    floor_usd_per_kg: Floats  # [outputs] price that a government guarantees
    floor_payer: npt.NDArray[np.int64]  # [outputs] economy that pays the difference
    floor_upside: Floats  # [outputs] share of the price above the floor that it gets
    firms: FirmTerms
    fees_usd_per_kg: dict[str, Floats] = field(default_factory=dict)  # by collector [lanes]
    licences: dict[str, LicenceTerms] = field(default_factory=dict)  # by authority
    limits: dict[str, TonnageLimit] = field(default_factory=dict)  # by policy
    programmes: dict[str, Programme] = field(default_factory=dict)  # by policy
    # outside the rare-earth market: (importer, exporter) and (imposer, target, kind of control)
    outside_duties: dict[tuple[str, str], float] = field(default_factory=dict)
    chip_controls: dict[tuple[str, str, str], float] = field(default_factory=dict)

    @classmethod
    def free(cls, world: World) -> Terms:
        """Trade without any policy."""
        lanes = len(world.lanes)
        outputs = len(world.slots) - world.slots.inputs
        nil: dict[str, Any] = {name: np.zeros(lanes) for name in _ZERO}
        return cls(
            **nil,
            cap_t_per_week=np.full(lanes, np.inf),
            preference=np.ones(lanes),
            ceiling=np.ones(lanes),
            closed=np.zeros(len(world.links), np.bool_),
            floor_usd_per_kg=np.zeros(outputs),
            floor_payer=np.full(outputs, -1, np.int64),
            floor_upside=np.zeros(outputs),
            firms=FirmTerms.free(len(world.firms)),
        )

    @property
    def holding(self) -> bool:
        """Whether customs detains anything."""
        return bool(self.hold_share.any())

    @property
    def capped(self) -> bool:
        """Whether any lane has a cap."""
        return bool(np.isfinite(self.cap_t_per_week).any())

    @property
    def border_factor(self) -> Floats:
        """Export tax and ad valorem duty together: landed over undutied price [lanes]."""
        return (1.0 + self.export_tax) * (1.0 + self.ad_valorem)

    @property
    def border_usd_per_kg(self) -> Floats:
        """Specific duty and fees per kilogram [lanes]."""
        total = self.specific_usd_per_kg
        for fee in self.fees_usd_per_kg.values():
            total = total + fee
        return total

    def add_duty(self, lanes: Flags, rate: float) -> None:
        """Add an ad valorem duty (share of border value) on ``lanes``."""
        self.ad_valorem = self.ad_valorem + np.where(lanes, on_grid(rate), 0.0)

    def add_specific(self, lanes: Flags, usd_per_kg: float) -> None:
        """Add a duty per kilogram on ``lanes``."""
        extra = np.where(lanes, on_grid(usd_per_kg), 0.0)
        self.specific_usd_per_kg = self.specific_usd_per_kg + extra

    def add_outside_duty(self, importer: str, exporter: str, rate: float) -> None:
        """Add an ad valorem duty (share of border value) on all other goods of a pair."""
        pair = (importer, exporter)
        self.outside_duties[pair] = self.outside_duties.get(pair, 0.0) + on_grid(rate)

    def control_chips(self, imposer: str, target: str, kind: str, severity: float) -> None:
        """Add a chip control of some severity (1 = full, negative = a relaxation)."""
        key = (imposer, target, kind)
        self.chip_controls[key] = self.chip_controls.get(key, 0.0) + on_grid(severity)

    def add_export_tax(self, lanes: Flags, rate: Floats | float) -> None:
        """Add a tax on exports (share of FOB value) on ``lanes``."""
        self.export_tax = self.export_tax + np.where(lanes, rate, 0.0)

    def add_fee(self, collector: str, usd_per_kg: Floats) -> None:
        """Add a fee per kilogram [lanes] that an economy collects."""
        before = self.fees_usd_per_kg.get(collector, 0.0)
        self.fees_usd_per_kg[collector] = before + usd_per_kg

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

    def prefer(self, lanes: Flags, factor: float) -> None:
        """Multiply how much buyers like ``lanes`` (1 = as before)."""
        self.preference = self.preference * np.where(lanes, factor, 1.0)

    def add_ceiling(self, lanes: Flags, share: float) -> None:
        """Let an economy order at most a share of a good from one origin; the smallest holds."""
        self.ceiling = np.where(lanes, np.minimum(self.ceiling, share), self.ceiling)

    def watch(self, lanes: Flags, detection: float, penalty: float) -> None:
        """Look for lots that evade a control: independent searches, the highest fine."""
        missed = (1.0 - self.detection) * (1.0 - np.where(lanes, detection, 0.0))
        self.detection = 1.0 - missed
        self.penalty = np.where(lanes, np.maximum(self.penalty, penalty), self.penalty)

    def close(self, links: Flags) -> None:
        """End all trade on ``links``."""
        self.closed = self.closed | links

    def guarantee(self, outputs: Flags, usd_per_kg: float, payer: int, upside_share: float) -> None:
        """Guarantee a price on output slots; the highest floor holds, and its payer pays."""
        higher = outputs & (usd_per_kg > self.floor_usd_per_kg)
        self.floor_usd_per_kg = np.where(higher, usd_per_kg, self.floor_usd_per_kg)
        self.floor_payer = np.where(higher, payer, self.floor_payer)
        self.floor_upside = np.where(higher, upside_share, self.floor_upside)

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


#: Levers on lanes that are nil without policies.
_ZERO = (
    "ad_valorem", "specific_usd_per_kg", "export_tax", "hold_share", "hold_weeks", "alarm",
    "detection", "penalty",
)  # fmt: skip
