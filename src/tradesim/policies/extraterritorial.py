"""Extraterritorial rule: a licence for goods made anywhere with one's content or technology.

Evidence: MOFCOM Announcement 61 of 9 October 2025: foreign-made items with controlled Chinese
content of 0.1% of their value or more, and those made with Chinese rare-earth technology, need a
Chinese licence from 1 December 2025; suspended on 7 November 2025 before it took effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Coverage, economies
from tradesim.policies.customs_inspection import ALARM_WEEKS
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.terms import ContentRule, Flags, Floats, Terms
from tradesim.world.types import Lanes, World


def _assumed(unit: str, text: str) -> dict[str, Any]:
    return {"unit": unit, "source": f"assumption: {text}"}


class Extraterritorial(ExportLicensing):
    """A licence of ``imposed_by`` for goods that third countries ship to each other or onwards.

    Which shipments need it comes out of provenance: the value of their controlled content of its
    origin against ``threshold``, or the technology of the line. Approval, delay and validity are
    those of export licensing. Makers keep clean lots apart, avoid tainted inputs, ship the plain
    grade instead, or mis-declare at a risk.
    """

    instrument: ClassVar[str] = "extraterritorial_de_minimis"
    border: ClassVar[str] = ""  # its trade is that of others
    tracks_origin: ClassVar[bool] = True

    threshold: float = Field(
        ge=0, le=1, description="Controlled content over value from which a licence is needed",
        json_schema_extra={"unit": "share of value", "source": "MOFCOM Announcement 61 of 2025"},
    )  # fmt: skip
    technology: Literal["own_line", "any_stage", "none"] = Field(
        "own_line", description="Goods made with the imposing state's technology: on the maker's "
        "own line, at any stage before, or not at all",
    )  # fmt: skip
    price_basis: Literal["base", "current"] = Field(
        "current", description="Prices at which content and good are valued"
    )
    content_price: str = Field(
        "seller", description="Economy whose oxide prices value the content, or 'seller'"
    )
    segregation_weeks: float = Field(
        26.0, ge=0, le=260, description="Time in which makers learn to keep clean lots apart",
        json_schema_extra=_assumed("weeks", "half a year to set up audited lots"),
    )  # fmt: skip
    segregation_limit: float = Field(
        0.5, ge=0, le=1, description="Largest part of the clean lots that they keep apart",
        json_schema_extra=_assumed("share", "half; no figure is published"),
    )  # fmt: skip
    avoidance: float = Field(
        2.0, ge=0, le=20, description="How strongly makers under the rule avoid tainted inputs",
        json_schema_extra=_assumed("elasticity", "half of the price elasticity of sourcing"),
    )  # fmt: skip
    detection: float = Field(
        0.3, ge=0, lt=1, description="Probability that a mis-declared lot is found out",
        json_schema_extra=_assumed("probability", "audits abroad are rare"),
    )  # fmt: skip
    penalty: float = Field(
        2.0, ge=0, le=100, description="Loss beyond the lot itself",
        json_schema_extra=_assumed("share of the lot's value", "a year of lost supply is more"),
    )  # fmt: skip
    evasion_limit: float = Field(
        0.3, ge=0, le=1, description="Largest share that is mis-declared for profit",
        json_schema_extra=_assumed("share", "large makers do not mis-declare"),
    )  # fmt: skip
    defiance_at: Mapping[str, float] = Field(
        {}, description="Share that makers of an economy or group ship without asking Beijing",
        json_schema_extra=_assumed("share", "nobody, unless its government aligns against it"),
    )  # fmt: skip

    @field_validator("content_price")
    @classmethod
    def _priced_somewhere(cls, value: str) -> str:
        if value != "seller":
            Coverage(origins=(value,))
        return value

    @field_validator("defiance_at")
    @classmethod
    def _defiance_is_a_share(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for place, share in value.items():
            Coverage(origins=(place,))
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{place}: a share is 0 to 1, not {share}")
        return value

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """Let makers prepare and buyers fear, as far as the rule will reach them."""
        terms.content_rules[self.name] = self._content_rule(terms, world, now, in_force=False)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Ask for licences on what provenance brings under the rule."""
        super().edit(terms, world, now)
        terms.content_rules[self.name] = self._content_rule(terms, world, now, in_force=True)

    def _covered(self, lanes: Lanes) -> tuple[Flags, Flags]:
        """Lanes between other economies that the rule reaches, and all of them [lanes]."""
        home = axes.ECONOMY_INDEX[self.imposed_by]
        abroad = (lanes.origin != home) & (lanes.destination != home)
        return self.covers.lanes(lanes) & abroad, abroad

    def _content_rule(
        self, terms: Terms, world: World, now: Calendar, *, in_force: bool
    ) -> ContentRule:
        covered, _ = self._covered(world.lanes)
        rule = self._on_links(world, max(0.0, now.week - now.week_of(self.effective)))
        severity = 1.0 - rule.approval / (1.0 + rule.delay_weeks / ALARM_WEEKS)
        named = [any(fnmatchcase(e, p) for p in self.covers.elements) for e in axes.ELEMENTS]
        region = -1 if self.content_price == "seller" else axes.ECONOMY_INDEX[self.content_price]
        return ContentRule(
            authority=self.imposed_by,
            lanes=covered,
            elements=np.array(named, np.float64),
            threshold=self.threshold,
            technology=self.technology,
            basis=self.price_basis,
            content_economy=region,
            in_force=in_force,
            severity=terms.lane_links.mean(np.where(rule.covered, severity, 0.0)),
            segregation_weeks=self.segregation_weeks,
            segregation_limit=self.strength * self.segregation_limit,
            avoidance=self.strength * self.avoidance,
            detection=self.detection,
            penalty=self.penalty,
            evasion_limit=self.evasion_limit,
            defiance=self._defiance(world.lanes),
        )

    def _defiance(self, lanes: Lanes) -> Floats:
        table = np.zeros(len(axes.ECONOMIES))
        for place, share in self.defiance_at.items():
            here = economies((place,))
            table[here] = np.maximum(table[here], share)
        return np.asarray(table[lanes.origin], np.float64)
