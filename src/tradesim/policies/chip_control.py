"""Chip control: what one side withholds from the other in chips, tools and software."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.outside import CHIP_COSTS
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Terms
from tradesim.world.types import World


class ChipControl(Policy):
    """Controls on chips, chip tools and software by kind and severity; a reduced form.

    It moves no rare-earth market: the targets' lost output and the imposing side's lost sales
    stand in the outside block ``chips``. A relaxation of a control that was in force before the
    run is a page with negative severities. It is the counter that is paired with licences in a
    bargain.
    """

    instrument: ClassVar[str] = "chip_control"

    targets: Mapping[str, float] = Field(
        description="Economies that are cut off, with their share of the loss",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )
    severity: Mapping[str, float] = Field(
        description="Severity by kind of control, 0 none to 1 full; negative for a relaxation",
        json_schema_extra={"unit": "share of a full control", "source": "see the page"},
    )

    @field_validator("targets")
    @classmethod
    def _targets_share_the_loss(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for code, share in value.items():
            if code not in axes.ECONOMIES:
                raise unknown("economy", code, axes.ECONOMIES, "targets")
            if not 0.0 < share <= 1.0:
                raise ValueError(f"targets.{code}: a share is above 0 and at most 1, not {share}")
        if abs(sum(value.values()) - 1.0) > 1e-9:
            raise ValueError(f"targets: shares add up to 1, not {sum(value.values()):g}")
        return value

    @field_validator("severity")
    @classmethod
    def _kinds_are_known(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if not value:
            raise ValueError("severity: name at least one of " + ", ".join(CHIP_COSTS))
        for kind, degree in value.items():
            if kind not in CHIP_COSTS:
                raise unknown("kind of chip control", kind, CHIP_COSTS, "severity")
            if not -1.0 <= degree <= 1.0:
                raise ValueError(f"severity.{kind}: -1 to 1, not {degree}")
        return value

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Enter the controls into the outside block while they are in force."""
        for target, share in self.targets.items():
            for kind, degree in self.severity.items():
                terms.control_chips(self.imposed_by, target, kind, self.strength * share * degree)
