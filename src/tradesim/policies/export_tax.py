"""Export tax: a share of the FOB value that the exporting economy keeps.

Evidence: China's export duties on rare earths until May 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.policies.base import Calendar, Policy
from tradesim.terms import Floats, Terms
from tradesim.world.types import World


class ExportTax(Policy):
    """Ad valorem on what leaves the imposing economy, by good; its treasury gets the revenue.

    ``rates`` maps goods or wildcards to rates. Of several patterns that match a good the most
    literal wins (most characters that are no wildcard), of equally literal ones the highest rate.
    A good that no pattern names goes free.
    """

    instrument: ClassVar[str] = "export_tax"
    border: ClassVar[str] = "out"

    rates: Mapping[str, float] = Field(
        description="Tax as a share of FOB value by good or pattern",
        json_schema_extra={"unit": "share of value", "source": "see the page"},
    )  # fmt: skip

    @field_validator("rates")
    @classmethod
    def _goods_and_rates(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if not value:
            raise ValueError("rates: name a rate for at least one good or pattern")
        for pattern, rate in value.items():
            if not any(fnmatchcase(good, pattern) for good in axes.GOODS):
                raise unknown("good", pattern, axes.GOODS, "rates")
            if not 0.0 <= rate <= 10.0:
                raise ValueError(f"rates.{pattern}: a rate is 0 to 10 (1,000%), not {rate}")
        return value

    def rate(self, good: str) -> float:
        """Rate on a good as a share of FOB value, before strength."""
        found = [
            (sum(sign not in "*?[]" for sign in pattern), rate)
            for pattern, rate in self.rates.items()
            if fnmatchcase(good, pattern)
        ]
        return max(found)[1] if found else 0.0

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Add the tax on covered lanes out of the imposing economy."""
        lanes = world.lanes
        outbound = lanes.origin == axes.ECONOMY_INDEX[self.imposed_by]
        rates: Floats = np.array([self.rate(good) for good in axes.GOODS])
        terms.add_export_tax(self.covers.lanes(lanes) & outbound, self.strength * rates[lanes.good])
