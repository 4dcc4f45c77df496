"""Ban: no trade with an economy, an end user or a listed firm.

Evidence: Announcement 1 of 2026 towards Japanese military users, with liability of third parties;
twenty Japanese entities listed on 24 February 2026 (Reuters); ore export bans of Malaysia (since
1 January 2024) and Vietnam (law of 11 December 2025).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from tradesim import axes, rng
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Flags, Terms
from tradesim.world.types import World


class Ban(Policy):
    """``imposed_by`` lets nothing that ``covers`` names leave for those whom it names.

    Trade on the links concerned ends, so buyers turn elsewhere at once. A country ban names
    destinations, an end-user ban end uses, an entity list buyers or, where the data do not know the
    listed firms, the share of the covered buyers that is listed. Third parties who fear to be
    liable stop delivering the same goods to the same buyers, if what they sell holds material
    mined in China: ``third_party_liability`` is the share of such sellers. Who is
    listed, and who fears, is drawn by the firm's id; ``strength`` scales both shares, so that a
    weaker ban reaches some of the same firms.
    """

    instrument: ClassVar[str] = "ban"
    border: ClassVar[str] = "out"

    share: float = Field(
        1.0, ge=0, le=1, description="Share of the covered buyers that is listed",
        json_schema_extra={"unit": "share of firms", "source": "see the page"},
    )  # fmt: skip
    third_party_liability: float = Field(
        0.0, ge=0, le=1,
        description="Share of sellers of Chinese material elsewhere who stop as well",
        json_schema_extra={"unit": "share of firms", "source": "see the page"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _material_is_tracked(self) -> Ban:
        if self.third_party_liability > 0.0 and self.imposed_by != "CHN":
            raise ValueError("third_party_liability: only material mined in China is tracked")
        return self

    def forbids(self) -> bool:
        """It forbids trade."""
        return True

    def warn(self, terms: Terms, world: World, now: Calendar) -> None:
        """Buyers expect to lose what the ban stops on their lanes."""
        lost = terms.lane_links.mean(np.asarray(self.closed(world), np.float64))
        terms.raise_alarm(lost > 0.0, lost)

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """End the trade."""
        terms.close(self.closed(world))

    def closed(self, world: World) -> Flags:
        """Links on which trade ends [links]."""
        reached = self.covers.links(world)
        buyers = self._drawn(world, "listed", self.share, world.buyer_firm, reached)
        home = axes.ECONOMY_INDEX[self.imposed_by]
        lane = world.links.lane
        own = (world.lanes.origin == home)[lane]
        if self.third_party_liability == 0.0:
            return np.asarray(buyers & own, np.bool_)
        made = buyers & ~own & (world.slots.base_chinese[world.links.seller] > 0.0)
        others = self._drawn(world, "liable", self.third_party_liability, world.seller_firm, made)
        return np.asarray(buyers & (own | others), np.bool_)

    def _drawn(
        self, world: World, what: str, share: float, firm: np.ndarray, among: Flags
    ) -> Flags:
        """Those of the links ``among`` whose firm is in the share drawn [links].

        A list names somebody: where the draw meets no firm, the one next to it is listed.
        """
        share = share * self.strength
        if share >= 1.0 or share <= 0.0 or not among.any():
            return among & (share > 0.0)
        draw = rng.uniforms(world.seed, f"ban {what} {self.name}", world.firms.id)[firm]
        return np.asarray(among & (draw <= max(share, float(draw[among].min()))), np.bool_)
