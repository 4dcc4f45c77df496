"""Project funding: equity, loans and grants of governments for named projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from tradesim import axes
from tradesim.errors import unknown
from tradesim.market.capacity import project_rows
from tradesim.policies.base import Calendar, Policy
from tradesim.policies.technology_control import CAPITAL_SHARE
from tradesim.public_terms import Funding
from tradesim.terms import Floats, Terms
from tradesim.world.types import World

#: Capital cost by stage, USD per t a year of the model's activity: magnets from Sumter (500 million
#: for 2000 t); separation the middle of White Mesa (410 million for 24,800 t of feed), the Lynas
#: heavy plant (120 for 5000), half of Nolans (1220 for 20,970) and Eneabba (about 1150 for
#: 17,500); mines the other half of Nolans. Metal and recycling like separation (assumption).
CAPITAL_USD_PER_T: Mapping[str, float] = {
    "mine": 29_000.0, "separation": 27_000.0, "metal": 27_000.0, "recycling": 27_000.0,
    "magnet": 250_000.0,
}  # fmt: skip
#: Share of the money that is a gift. Assumption: a loan holds the quarter that made a loan count
#: as aid, equity without control twice that.
GIFT: Mapping[str, float] = {"grant": 1.0, "equity": 0.5, "loan": 0.25}


class ProjectFunding(Policy):
    """Public money pays part of the capital of the projects that ``covers`` names.

    Funded projects lose less time to the search for money: work goes ``speed`` times as fast
    when all capital is paid, in proportion below that. The gift in the money lowers the price
    that expansions of the covered firms ask for. The governments in ``payers`` spend ``amount_usd``
    evenly over ``disbursed_weeks``, or as much as the policy lives to spend.
    """

    instrument: ClassVar[str] = "project_funding"

    amount_usd: float = Field(
        ge=0, le=1e12, description="Public money in all",
        json_schema_extra={"unit": "USD", "source": "see the page"},
    )  # fmt: skip
    form: Literal["grant", "equity", "loan"] = Field(
        "grant", description="What kind of money it is; decides how much of it is a gift"
    )
    payers: Mapping[str, float] = Field(
        {}, description="Shares of economies in the money; empty for imposed_by alone",
        json_schema_extra={"unit": "share", "source": "see the page"},
    )  # fmt: skip
    disbursed_weeks: float = Field(
        104.0, gt=0, le=1040, description="Time over which the money is paid",
        json_schema_extra={"unit": "weeks", "source": "assumption: two years of building"},
    )  # fmt: skip
    capital_usd: float | None = Field(
        None, gt=0, le=1e12, description="Capital cost of the covered projects; empty: by stage",
        json_schema_extra={"unit": "USD", "source": "see the page"},
    )  # fmt: skip
    speed: float = Field(
        1.5, ge=1, le=3, description="Pace of work on a project whose capital is paid in full",
        json_schema_extra={"unit": "ratio", "source": "assumption, 1.0-2.0: Narva took under two "
                           "years with a grant, Eneabba five with a loan"},
    )  # fmt: skip
    capital_share: float = Field(
        CAPITAL_SHARE, ge=0, le=1, description="Share of capital in the cost of the product",
        json_schema_extra={"unit": "share", "source": "as in technology_control"},
    )  # fmt: skip

    @field_validator("payers")
    @classmethod
    def _payers_share_the_cost(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for code, share in value.items():
            if code not in axes.ECONOMIES:
                raise unknown("economy", code, axes.ECONOMIES, "payers")
            if share < 0.0:
                raise ValueError(f"payers.{code}: a share is not negative, not {share}")
        if value and abs(sum(value.values()) - 1.0) > 1e-9:
            raise ValueError(f"payers: the shares add up to 1, not {sum(value.values()):g}")
        return value

    def edit(self, terms: Terms, world: World, now: Calendar) -> None:
        """Promise the money, speed work up and lower the hurdle with the share that is funded."""
        covered = self.covers.firms(world)
        capital = self._capital(world, covered)
        if capital.sum() <= 0.0:
            return
        total = self.strength * self.amount_usd
        funded = min(1.0, total / (self.capital_usd or float(capital.sum())))
        terms.funding[self.name] = Funding(
            payers=self._payers(),
            usd_per_week=total / self.disbursed_weeks,
            total_usd=total,
            share=capital / capital.sum(),
        )
        terms.firms.slow(capital > 0.0, 1.0 / (1.0 + funded * (self.speed - 1.0)))
        terms.firms.cost(covered, 1.0 - self.capital_share * GIFT[self.form] * funded)

    def _capital(self, world: World, covered: np.ndarray) -> Floats:
        """Capital cost of every covered project [firms], USD."""
        rate = np.array([CAPITAL_USD_PER_T.get(stage, 0.0) for stage in axes.STAGES])
        capital = np.zeros(len(world.firms))
        rows = project_rows(world)
        capital[rows] = (covered * rate[world.firms.stage] * world.firms.capacity_t)[rows]
        return capital

    def _payers(self) -> Floats:
        """Share of each economy in the money [economies]."""
        shares = self.payers or {self.imposed_by: 1.0}
        return np.array([shares.get(code, 0.0) for code in axes.ECONOMIES])
