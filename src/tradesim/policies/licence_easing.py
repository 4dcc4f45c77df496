"""Licence easing: general licences, green channels and exemptions for some of those under control.

Evidence: green channel offered to the European Union on 7 June 2025 (Global Times); first general
licences, valid for a year, of 2 December 2025 (Reuters).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from tradesim import axes, rng
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Flags, Terms
from tradesim.world.types import World


class LicenceEasing(Policy):
    """The licensing authority ``imposed_by`` goes easier on what ``covers`` names.

    A *general licence* stands for every lot of a seller to a customer, a *green channel* is a
    faster or surer queue, an *exemption* ends the licence. It eases whatever strict rules the
    authority has there; slow-walking still tightens it. Where no firms are named,
    ``customers_share`` of the covered links is drawn, each by its own id; ``strength`` scales that
    share, so that a weaker easing reaches some of the same customers. Defence is eased only where
    ``covers.end_uses`` names it outright.
    """

    instrument: ClassVar[str] = "licence_easing"
    needs: ClassVar[tuple[str, ...]] = ("licence_april_2025",)

    kind: Literal["general_licence", "green_channel", "exemption"] = Field(
        description="General licence, green channel or exemption"
    )
    approval: float = Field(
        0.0, ge=0, le=1, description="Least probability of a grant (general licence: 1)",
        json_schema_extra={"unit": "probability", "source": "see the page"},
    )  # fmt: skip
    delay_weeks: float = Field(
        104.0, ge=0, le=104, description="Longest mean wait (general licence: 0)",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    validity_weeks: float = Field(
        0.0, ge=0, le=520, description="Shortest validity of what is granted",
        json_schema_extra={"unit": "weeks", "source": "see the page"},
    )  # fmt: skip
    customers_share: float = Field(
        1.0, ge=0, le=1, description="Share of the covered seller-customer pairs that have it",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _says_what_its_kind_can(self) -> LicenceEasing:
        said = self.model_fields_set & {"approval", "delay_weeks", "validity_weeks"}
        if self.kind == "exemption" and said:
            raise ValueError(f"an exemption needs no {sorted(said)[0]}: there is no licence then")
        if self.kind == "green_channel" and not said:
            raise ValueError("a green channel says approval, delay_weeks or validity_weeks")
        return self

    def grants(self) -> bool:
        """It lets through what a licence holds back."""
        return True

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Ease the authority's rules on the links of those who have it."""
        links = self.eased(world)
        if self.kind == "exemption":
            terms.licence(self.imposed_by).free(links)
            return
        general = self.kind == "general_licence"
        named = self.model_fields_set
        delay = self.delay_weeks if "delay_weeks" in named else (0.0 if general else np.inf)
        terms.licence(self.imposed_by).ease(
            links,
            approval=1.0 if general and "approval" not in named else self.approval,
            delay_weeks=delay,
            validity_weeks=self.validity_weeks,
        )

    def eased(self, world: World) -> Flags:
        """Links of those who have it [links]."""
        links = self.covers.links(world)
        if "defence" not in self.covers.end_uses:
            links = links & (world.lanes.use != axes.USE_INDEX["defence"])[world.links.lane]
        share = self.customers_share * self.strength
        if share < 1.0:
            drawn = rng.uniforms(world.seed, f"licence easing {self.name}", world.links.id)
            links = links & (drawn < share)
        return np.asarray(links, np.bool_)
