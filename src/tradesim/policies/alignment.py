"""Alignment: a processor joins the American chain, stays with China's rules, or hedges.

Evidence: the memoranda on critical minerals of October and November 2025 (Malaysia, Thailand,
Vietnam, Kazakhstan), and the pressure from both sides that went with them.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from tradesim import axes
from tradesim.policies.base import Calendar, Policy, economies
from tradesim.terms import Terms
from tradesim.world.types import World


class Alignment(Policy):
    """The stance of ``imposed_by`` between China and the United States with its allies.

    *united_states*: its makers serve America and the allies before China, whose goods it then
    gets less of (``withheld``). *china*: the other way round, and it looks for lots that go round
    Chinese controls through it (``detection``). *hedge*: it favours nobody and is punished by
    nobody, and looks for such lots half as hard. Covered lanes are those that begin or end in it.
    """

    instrument: ClassVar[str] = "alignment"
    needs: ClassVar[tuple[str, ...]] = ("embargo_china",)

    stance: Literal["united_states", "china", "hedge"] = Field(description="Whom it joins")
    favour: float = Field(
        2.0, ge=1, le=20, description="Orders of the favoured side at equal prices, over before",
        json_schema_extra={"unit": "ratio", "source": "assumption"},
    )  # fmt: skip
    withheld: float = Field(
        0.0, ge=0, le=1, description="Share of base-year shipments that the other side withholds",
        json_schema_extra={"unit": "share of base flow", "source": "assumption"},
    )  # fmt: skip
    detection: float = Field(
        0.0, ge=0, le=1, description="Chance that a lot past a Chinese control is found there",
        json_schema_extra={"unit": "probability", "source": "assumption"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _is_between_them(self) -> Alignment:
        if self.imposed_by in ("CHN", "USA"):
            raise ValueError("imposed_by: an economy other than CHN and USA takes a stance")
        return self

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Weigh exports, withhold supplies and watch lanes as the stance says."""
        lanes, home = world.lanes, axes.ECONOMY_INDEX[self.imposed_by]
        covered = self.covers.lanes(lanes)
        outward, inward = covered & (lanes.origin == home), covered & (lanes.destination == home)
        west, china = economies(("USA", "allies")), economies(("CHN",))
        if self.stance == "hedge":
            terms.watch(outward | inward, 0.5 * self.strength * self.detection, 0.0)
            return
        friend, other = (west, china) if self.stance == "united_states" else (china, west)
        factor = float(self.favour**self.strength)
        terms.prefer(outward & friend[lanes.destination], factor)
        terms.prefer(outward & other[lanes.destination], 1.0 / factor)
        if self.withheld > 0.0:
            left = (1.0 - self.strength * self.withheld) * lanes.base_t
            terms.add_cap(inward & other[lanes.origin] & (lanes.base_t > 0), left)
        if self.stance == "china":
            terms.watch(outward | inward, self.strength * self.detection, 0.0)
