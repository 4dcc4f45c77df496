"""Terms of trade on every lane: the single object that markets obey and policies edit.

Operations compose in any order: duties and specific costs add, caps and ceilings take the
minimum, licence rules of one authority take the strictest, then easings, then tightenings
(:mod:`tradesim.licence_terms`), of several detentions the gravest holds, factors multiply, price
floors take the highest. Whatever a policy gives its own name (a limit, a public programme) stands
beside those of others. A fresh object is the world without policies. Duties are kept on a grid of
2^-40, where sums are exact, so their order does not show in the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tradesim.licence_terms import LaneLinks, LicenceTerms
from tradesim.public_terms import Funding, Guarantee, Programme
from tradesim.world.types import World

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Steps of the grid of duties in a unit (2^40 to 1): finer than any rate is written.
GRID = 2.0**40


def on_grid(rate: float) -> float:
    """The point of the grid next to ``rate``; sums of such points have no rounding error."""
    return round(rate * GRID) / GRID


@dataclass(frozen=True)
class Allowance:
    """Tonnes for a period of the run; what is not used in a week is kept within the period.

    With ``rest`` tonnes and ``left`` weeks to go, ``pace x rest / left`` tonnes a week may leave:
    at pace 1 evenly, above it sooner. Weeks count from the start of the run.
    """

    t: float  # counted t in all
    starts_week: float  # of the run
    ends_week: float  # of the run
    pace: float = 1.0  # draw over the even rate, ratio


@dataclass(frozen=True)
class TonnageLimit:
    """At most so many tonnes a week on some lanes together, shared out by tradable permits.

    ``weight`` [lanes] is what a tonne shipped counts, zero where the limit does not reach.
    ``holder`` gets the permits' rent: the ``exporter``, the ``importer`` or, if they are
    auctioned, the ``treasury`` of ``imposed_by``. With an ``allowance`` the limit is what is left
    of it, and ``t_per_week`` its mean. Where ``held_by_licences`` the decisions of an authority
    keep the tonnage within the limit, and permits only price it. ``undeclared_share`` of
    base-year trade leaves past the limit whatever it is, as far as nobody looks for it.
    """

    weight: Floats
    t_per_week: float  # counted t; with an allowance its mean
    holder: str
    imposed_by: str  # economy
    allowance: Allowance | None = None
    held_by_licences: bool = False
    undeclared_share: float = 0.0  # of counted t, passes it undeclared


@dataclass(frozen=True)
class ContentRule:
    """An authority's claim on goods made elsewhere with its content or technology.

    Goods on ``lanes`` need its licence when the value of their content of its origin, of the
    controlled ``elements`` [elements], reaches ``threshold`` of their value, or when they were
    made with its ``technology``: by ``own_line``, at ``any_stage`` (share of content above the
    threshold) or ``none``. Content is valued at ``base`` or ``current`` prices (``basis``) of
    ``content_economy`` (an index, or -1 for the seller's own).
    """

    authority: str  # economy that claims it
    lanes: Flags
    elements: Floats
    threshold: float
    technology: str
    basis: str
    content_economy: int
    in_force: bool  # licences are asked for; before that makers only prepare
    severity: Floats  # [lanes] loss of supply that buyers expect where the rule reaches
    segregation_weeks: float  # time in which makers learn to keep clean lots apart
    segregation_limit: float  # largest share of the clean part that they keep apart
    avoidance: float  # how strongly makers under the rule avoid tainted inputs
    detection: float  # probability that a mis-declared lot is found out
    penalty: float  # loss beyond the lot, share of its value
    evasion_limit: float  # largest share that is mis-declared for profit
    defiance: Floats  # [lanes] share that moves without a licence whatever it pays


@dataclass(frozen=True)
class Border:
    """What a lane costs at the border, and which rules there are at all: fixed within a step."""

    factor: Floats  # [lanes] export tax and ad valorem duty: landed over undutied price
    usd_per_kg: Floats  # [lanes] specific duty and fees
    holding: bool  # customs detains something
    capped: bool  # some lane has a cap
    closing: bool  # some link is closed


@dataclass
class FirmTerms:
    """Levers on firms [firms]; ones and zeros are the world without policies."""

    progress: Floats  # [firms] weeks of progress of a project in a week
    capacity: Floats  # [firms] largest share of nameplate that may run
    ceiling_t_per_week: Floats  # [firms] most activity that is allowed, infinite without a quota
    ramp_yield: Floats  # [firms] share of a ramping plant's output that is sound
    service_loss_per_year: Floats  # [firms] share of what runs that fails in a year
    hurdle: Floats  # [firms] factor on the expected price that investment asks for

    @classmethod
    def free(cls, firms: int) -> FirmTerms:
        """Firms without any policy."""
        return cls(
            progress=np.ones(firms),
            capacity=np.ones(firms),
            ceiling_t_per_week=np.full(firms, np.inf),
            ramp_yield=np.ones(firms),
            service_loss_per_year=np.zeros(firms),
            hurdle=np.ones(firms),
        )

    def __setattr__(self, name: str, value: object) -> None:
        """Set a lever; what was worked out from the levers is worked out anew."""
        self.__dict__.pop("free_to_run", None)
        super().__setattr__(name, value)

    @cached_property
    def free_to_run(self) -> bool:
        """Whether no lever bears on what plants may run or on what is sound of it."""
        held = (self.capacity < 1.0) | np.isfinite(self.ceiling_t_per_week)
        held |= (self.ramp_yield < 1.0) | (self.service_loss_per_year != 0.0)
        return not held.any()

    def slow(self, firms: Flags, factor: float) -> None:
        """Let work on projects and expansions of ``firms`` take ``factor`` times as long."""
        self.progress = self.progress / np.where(firms, factor, 1.0)

    def cost(self, firms: Flags, factor: Floats | float) -> None:
        """Raise (above 1) or lower the price that investment of ``firms`` asks for."""
        self.hurdle = self.hurdle * np.where(firms, factor, 1.0)

    def shut(self, firms: Flags, share: float) -> None:
        """Take a share of the capacity of ``firms`` away; the smallest rest holds."""
        left = np.minimum(self.capacity, 1.0 - share)
        self.capacity = np.where(firms, left, self.capacity)

    def allow(self, firms: Flags, t_per_week: Floats) -> None:
        """Let ``firms`` run at most so much [firms], t of activity a week; the smallest holds."""
        least = np.minimum(self.ceiling_t_per_week, t_per_week)
        self.ceiling_t_per_week = np.where(firms, least, self.ceiling_t_per_week)

    def starve(self, firms: Flags, loss_per_year: float, ramp_yield: float) -> None:
        """Deny service: what runs fails at a rate, what ramps is sound at a share."""
        loss = np.where(firms, loss_per_year, 0.0)
        self.service_loss_per_year = self.service_loss_per_year + loss
        self.ramp_yield = self.ramp_yield * np.where(firms, ramp_yield, 1.0)


@dataclass
class Terms:
    """Every lever: on lanes [lanes], links, firms and output slots; units as the names say."""

    ad_valorem: Floats  # [lanes] import duty as a share of the value at the border
    specific_usd_per_kg: Floats  # [lanes] import duty per kilogram
    export_tax: Floats  # [lanes] share of the FOB value
    cap_t_per_week: Floats  # [lanes] most that may pass, t a week; infinite without a cap
    hold_share: Floats  # [lanes] share of shipments that customs detains
    hold_weeks: Floats  # [lanes] mean time that a detained lot waits
    alarm: Floats  # [lanes] expected loss of supply, 0-1
    preference: Floats  # [lanes] factor on a buyer's liking of the lane
    ceiling: Floats  # [lanes] largest share of an economy's orders of a good from one origin
    detection: Floats  # [lanes] probability that a lot past a control is found
    penalty: Floats  # [lanes] fine on a lot that is found, share of its value
    closed: Flags  # [links] no trade between these two firms
    floor_usd_per_kg: Floats  # [outputs] price that a government guarantees
    floor_payer: npt.NDArray[np.int64]  # [outputs] economy that pays the difference
    floor_upside: Floats  # [outputs] share of the price above the floor that it gets
    floor_share: Floats  # [outputs] share of sales that the guarantee covers
    firms: FirmTerms
    lane_links: LaneLinks
    fees_usd_per_kg: dict[str, Floats] = field(default_factory=dict)  # by collector [lanes]
    licences: dict[str, LicenceTerms] = field(default_factory=dict)  # by authority
    content_rules: dict[str, ContentRule] = field(default_factory=dict)  # by policy
    limits: dict[str, TonnageLimit] = field(default_factory=dict)  # by policy
    programmes: dict[str, Programme] = field(default_factory=dict)  # by policy
    funding: dict[str, Funding] = field(default_factory=dict)  # by policy
    # outside the rare-earth market
    outside_duties: dict[tuple[str, str], float] = field(  # share, by importer and exporter
        default_factory=dict
    )
    chip_controls: dict[tuple[str, str, str], float] = field(  # severity, by imposer, target, kind
        default_factory=dict
    )

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
            floor_share=np.zeros(outputs),
            firms=FirmTerms.free(len(world.firms)),
            lane_links=LaneLinks.of(world.links, world.lanes),
        )

    def __setattr__(self, name: str, value: object) -> None:
        """Set a lever; what was worked out from the levers is worked out anew."""
        self.__dict__.pop("border", None)
        super().__setattr__(name, value)

    @cached_property
    def border(self) -> Border:
        """What follows from the levers for every step under them; levers are set, never filled."""
        total = self.specific_usd_per_kg
        for fee in self.fees_usd_per_kg.values():
            total = total + fee
        return Border(
            factor=(1.0 + self.export_tax) * (1.0 + self.ad_valorem),
            usd_per_kg=total,
            holding=bool(self.hold_share.any()),
            capped=bool(np.isfinite(self.cap_t_per_week).any()),
            closing=bool(self.closed.any()),
        )

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
        self.fees_usd_per_kg = self.fees_usd_per_kg | {collector: before + usd_per_kg}

    def add_cap(self, lanes: Flags, t_per_week: Floats | float) -> None:
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

    def prefer(self, lanes: Flags, factor: Floats | float) -> None:
        """Multiply how much buyers like ``lanes`` (1 = as before)."""
        self.preference = self.preference * np.where(lanes, factor, 1.0)

    def add_ceiling(self, lanes: Flags, share: Floats | float) -> None:
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

    @property
    def guarantees(self) -> Guarantee | None:
        """The guaranteed prices, None if nobody has any."""
        if not self.floor_usd_per_kg.any():
            return None
        return Guarantee(
            self.floor_usd_per_kg, self.floor_share, self.floor_upside, self.floor_payer
        )

    def guarantee(
        self, outputs: Flags, usd_per_kg: Floats, payer: int, upside_share: float,
        covered_share: float = 1.0,
    ) -> None:  # fmt: skip
        """Guarantee prices [outputs] on output slots; the highest floor holds, its payer pays.

        Of equal floors the one with the larger covered share holds, then the earlier economy.
        """
        same = usd_per_kg == self.floor_usd_per_kg
        more = (covered_share > self.floor_share) | (
            (covered_share == self.floor_share) & (payer < self.floor_payer)
        )
        higher = outputs & ((usd_per_kg > self.floor_usd_per_kg) | (same & more))
        self.floor_usd_per_kg = np.where(higher, usd_per_kg, self.floor_usd_per_kg)
        self.floor_payer = np.where(higher, payer, self.floor_payer)
        self.floor_upside = np.where(higher, upside_share, self.floor_upside)
        self.floor_share = np.where(higher, covered_share, self.floor_share)

    def licence(self, authority: str) -> LicenceTerms:
        """The licence rules of an authority, created empty at first."""
        return self.licences.setdefault(authority, LicenceTerms.none(self.lane_links))

    def openness(self, halving_weeks: float, needed: Floats | float = 1.0) -> Floats:
        """How freely goods flow on each lane [lanes], 1 without licence or cap, 0 when shut.

        Approval over ``1 + delay / halving_weeks``, so that it falls smoothly with severity;
        where links of a lane differ, the mean over what they usually carry. ``needed`` is the
        share of the lane [lanes] that a licence is asked for at all.
        """
        opened = np.where(self.cap_t_per_week > 0, 1.0, 0.0)
        for rule in self.licences.values():
            free = self.lane_links.mean(rule.rule.openness(halving_weeks))
            opened = np.minimum(opened, free + (1.0 - needed) * (1.0 - free))
        if self.border.closing:
            opened = np.minimum(opened, self.lane_links.mean(np.where(self.closed, 0.0, 1.0)))
        return np.asarray(opened, np.float64)


#: Levers on lanes that are nil without policies.
_ZERO = (
    "ad_valorem", "specific_usd_per_kg", "export_tax", "hold_share", "hold_weeks", "alarm",
    "detection", "penalty",
)  # fmt: skip
