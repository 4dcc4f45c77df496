"""Export licensing: every lot needs a licence that takes time and may be refused.

Evidence: MOFCOM and GACC Announcement 18 of 4 April 2025 (case by case, 45 working days at
most); waits and approvals as reported in spring 2025.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.policies.base import Calendar, Coverage, Policy, Status, economies
from tradesim.policies.customs_inspection import ALARM_WEEKS, fading, refuse_mixtures
from tradesim.policies.licence_cases import LicenceCase, LinkRule, with_cases
from tradesim.terms import Flags, Floats, Terms
from tradesim.world.types import Lanes, World

#: End-use classes by which an authority decides.
CLASSES = ("civilian", "defence", "semiconductor", "undeclared")
_CLASS_OF_USE = {
    "defence": "defence", "semiconductor": "semiconductor", axes.UNDECLARED: "undeclared",
}  # fmt: skip


def _share(text: str) -> dict[str, Any]:
    return {"unit": "probability", "source": text}


class ExportLicensing(Policy):
    """Case-by-case licences of one authority, by end-use class and destination.

    More specific wins: a case (see :class:`LicenceCase`) before a destination's approval, and that
    before the class's. Of rules of one authority on other pages the strictest holds. Granted
    tonnage is drawn down by shipments and lapses at the end of its validity. The authority may be
    unable to decide more than ``capacity_t_per_week``; then licences have a price, and who gets
    one has the rent. Customs may detain a share of goods that need no licence while it tells them
    apart.
    """

    instrument: ClassVar[str] = "export_licensing"
    border: ClassVar[str] = "out"

    approval: Mapping[str, float] = Field(
        description="Probability of a grant by end-use class at first",
        json_schema_extra=_share("CLEPA through Reuters, June 2025; see the page"),
    )
    approval_at: Mapping[str, Mapping[str, float]] = Field(
        {}, description="The same for single destinations or groups; '*' stands for every class "
        "but defence", json_schema_extra=_share("see the page"),
    )  # fmt: skip
    approval_eased: Mapping[str, float] = Field(
        {}, description="Approval after easing, by class",
        json_schema_extra=_share("see the page"),
    )  # fmt: skip
    easing_weeks: float = Field(
        0.0, ge=0, le=520, description="Weeks after the first release over which approval eases",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    delay_weeks: float = Field(
        ge=0, le=104, description="Mean time from application to decision",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    stages: int = Field(
        5, ge=1, le=20, description="Stages of the delay (shape of the Erlang distribution)",
        json_schema_extra={"unit": "count", "source": "see the page"},
    )  # fmt: skip
    validity_weeks: float = Field(
        26.0, gt=0, le=520, description="Time after which a granted balance lapses",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    opens_weeks: float = Field(
        0.0, ge=0, le=104, description="No decision is released before this time has passed",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    opens_weeks_at: Mapping[str, float] = Field(
        {}, description="The same for single destinations",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    grace_weeks: float = Field(
        0.0, ge=0, le=26, description="Lots declared before the start still leave for so long",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    capacity_t_per_week: float = Field(
        0.0, ge=0, description="Applications that the authority can decide in all; 0 = any number",
        json_schema_extra={"unit": "t/week", "source": "see the page"},
    )  # fmt: skip
    cases: tuple[LicenceCase, ...] = Field(
        (), description="Exceptions by element, good, end use, destination and firm"
    )
    hold_goods: tuple[str, ...] = Field((), description="Uncontrolled goods that customs detains")
    hold_share: float = Field(
        0.0, ge=0, le=1, description="Share of them detained at first",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip
    hold_weeks: float = Field(
        6.0, ge=0, le=52, description="Mean time of detention",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    hold_full_weeks: float = Field(
        10.0, ge=0, le=104, description="Time for which the full share is detained",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    hold_fade_weeks: float = Field(
        8.0, ge=0, le=104, description="Time over which detention fades after that",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip

    @field_validator("approval")
    @classmethod
    def _some_class_is_named(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if not value:
            raise ValueError("name a probability for at least one class: " + ", ".join(CLASSES))
        return _probabilities(value, CLASSES, "approval")

    @field_validator("approval_eased")
    @classmethod
    def _eased_shares(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        return _probabilities(value, CLASSES, "approval_eased")

    @field_validator("approval_at")
    @classmethod
    def _shares_by_place(
        cls, value: Mapping[str, Mapping[str, float]]
    ) -> Mapping[str, Mapping[str, float]]:
        for place, table in value.items():
            Coverage(destinations=(place,))
            _probabilities(table, (*CLASSES, "*"), f"approval_at.{place}")
        return value

    @field_validator("opens_weeks_at")
    @classmethod
    def _weeks_by_place(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for place, weeks in value.items():
            Coverage(destinations=(place,))
            if not 0.0 <= weeks <= 104.0:
                raise ValueError(f"{place}: 0 to 104 weeks, not {weeks}")
        return value

    @field_validator("hold_goods")
    @classmethod
    def _goods_can_be_held(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value:
            refuse_mixtures(Coverage(goods=value).goods_covered())
        return value

    def forbids(self) -> bool:
        """Whether it grants nothing to anybody, ever."""
        tables = (self.approval, self.approval_eased, *self.approval_at.values())
        exceptions = any(case.exempt or case.approval for case in self.cases)
        return not exceptions and not any(value for table in tables for value in table.values())

    def moment(self, now: Calendar) -> object:
        """Status, and the week while approval eases or detention fades."""
        age = now.week - now.week_of(self.effective)
        moving = max(
            self.opens_weeks + self.easing_weeks if self.approval_eased else 0.0,
            self.hold_full_weeks + self.hold_fade_weeks if self.hold_share > 0 else 0.0,
        )
        moving = max(moving, self.grace_weeks)
        moves = now.status is Status.EFFECTIVE and age <= moving + 1
        return (now.status, now.week if moves else None)

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """Let buyers fear for what they expect to be refused or delayed."""
        rule = self._on_links(world, now.week - now.week_of(self.effective))
        severity = 1.0 - rule.approval / (1.0 + rule.delay_weeks / ALARM_WEEKS)
        by_lane = terms.lane_links.mean(np.where(rule.covered, severity, 0.0))
        terms.raise_alarm(by_lane > 0.0, by_lane)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Require licences and detain look-alikes, once the grace period is over."""
        lanes = world.lanes
        age = now.week - now.week_of(self.effective)
        if age < self.strength * self.grace_weeks:
            return
        rule, licence = self._on_links(world, age), terms.licence(self.imposed_by)
        licence.require_links(
            rule.covered,
            approval=rule.approval,
            delay_weeks=rule.delay_weeks,
            stages=self.stages,
            validity_weeks=rule.validity_weeks,
            opens_week=self._opening(lanes, now)[world.links.lane],
        )
        if self.capacity_t_per_week > 0.0:
            licence.staff(self.name, rule.covered, self.capacity_t_per_week / self.strength)
        covered, outbound = self._covered(lanes)
        self._detain(terms, lanes, covered, outbound, age)

    def _on_links(self, world: World, age_weeks: float) -> LinkRule:
        """What holds on each link ``age_weeks`` after the start, cases included."""
        lane = world.links.lane
        _, outbound = self._covered(world.lanes)
        rule = LinkRule(
            covered=self.covers.links(world) & outbound[lane],
            approval=self.approvals(world.lanes, age_weeks)[lane],
            delay_weeks=np.full(len(lane), self.strength * self.delay_weeks),
            validity_weeks=np.full(len(lane), self.validity_weeks),
        )
        return with_cases(rule, self.cases, self.strength, world) if self.cases else rule

    def _covered(self, lanes: Lanes) -> tuple[Flags, Flags]:
        """Lanes that need the licence, and all lanes out of the licensing economy [lanes]."""
        outbound = lanes.origin == axes.ECONOMY_INDEX[self.imposed_by]
        return self.covers.lanes(lanes) & outbound, outbound

    def approvals(self, lanes: Lanes, age_weeks: float) -> Floats:
        """Probability of a grant on each lane [lanes], ``age_weeks`` after the start."""
        table = np.ones((len(axes.ECONOMIES), len(axes.USE_LABELS)))
        for j, use in enumerate(axes.USE_LABELS):
            name = _CLASS_OF_USE.get(use, "civilian")
            first = self.approval.get(name, min(self.approval.values()))
            table[:, j] = first
            for place, own in self.approval_at.items():
                value = own.get(name, own.get("*") if name != "defence" else None)
                if value is not None:
                    table[economies((place,)), j] = value
            goal = self.approval_eased.get(name)
            if goal is not None:
                table[:, j] += self._eased(age_weeks) * np.maximum(goal - table[:, j], 0.0)
        found = 1.0 - self.strength * (1.0 - table)
        return np.asarray(found[lanes.destination, lanes.use], np.float64)

    def _eased(self, age_weeks: float) -> float:
        """Progress of easing, 0-1."""
        if self.easing_weeks <= 0:
            return 1.0 if age_weeks >= self.opens_weeks else 0.0
        return float(np.clip((age_weeks - self.opens_weeks) / self.easing_weeks, 0.0, 1.0))

    def _opening(self, lanes: Lanes, now: Calendar) -> Floats:
        """Week of the run before which nothing is released [lanes]; 0 without such a freeze."""
        table = np.full(len(axes.ECONOMIES), self.opens_weeks)
        for place, weeks in self.opens_weeks_at.items():
            table[economies((place,))] = weeks
        freeze = self.strength * table[lanes.destination]
        return np.where(freeze > 0.0, now.week_of(self.effective) + freeze, 0.0)

    def _detain(
        self, terms: Terms, lanes: Lanes, covered: Flags, outbound: Flags, age_weeks: float
    ) -> None:
        """Detain look-alikes: the full share at first, then fading linearly."""
        if not self.hold_goods or self.hold_share == 0.0 or self.hold_weeks == 0.0:
            return
        fade = fading(age_weeks, self.hold_full_weeks, self.hold_fade_weeks)
        alike = Coverage(goods=self.hold_goods).lanes(lanes) & outbound & ~covered
        if fade > 0.0:
            terms.add_hold(alike, self.strength * self.hold_share * fade, self.hold_weeks)


def _probabilities(
    table: Mapping[str, float], known: Sequence[str], where: str
) -> Mapping[str, float]:
    """``table`` if every name is known and every value is a probability."""
    for name, probability in table.items():
        if name not in known:
            raise unknown("end-use class", name, known, where)
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"{where}.{name}: a probability is 0 to 1, not {probability}")
    return table
