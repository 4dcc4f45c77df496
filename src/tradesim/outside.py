"""What the trade war costs outside the market for rare earths: small reduced forms.

Two blocks, each a loss in USD a week by economy, positive when it hurts. *Rest of trade*: duties
on all other goods between two economies, partial equilibrium with constant elasticities. *Chips*:
controls on chips, tools and software, a yearly cost by kind of control. Nothing in them moves a
rare-earth market, no money of theirs enters its ledgers; every welfare figure is also given
without them. The parameters are :class:`tradesim.parameters.OutsideParameters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, log1p
from types import MappingProxyType

import numpy as np

from tradesim import axes
from tradesim.parameters import OutsideParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.tables.book import HERE, read_rows
from tradesim.terms import Floats, Terms


@dataclass(frozen=True)
class DutyEffect:
    """What an ad valorem duty does to one pair's trade, USD a year.

    ``imports_share`` is the quantity imported over that without duty. ``buyers_usd`` and
    ``sellers_usd`` are losses of consumer and producer surplus, ``revenue_usd`` the duty.
    """

    imports_share: float
    buyers_usd: float
    sellers_usd: float
    revenue_usd: float

    @property
    def importer_usd(self) -> float:
        """Net loss of the importing economy; negative where better terms of trade outweigh it."""
        return self.buyers_usd - self.revenue_usd

    @property
    def deadweight_usd(self) -> float:
        """Loss of both economies together (Harberger's triangle, exact)."""
        return self.buyers_usd + self.sellers_usd - self.revenue_usd


def duty_effect(imports_usd: float, rate: float, elasticity: float, incidence: float) -> DutyEffect:
    """Effect of a duty ``rate`` on imports worth ``imports_usd`` a year without it.

    With buyers' price ``p = (1 + t)^(1 - s)``, border price ``q = (1 + t)^-s`` (base 1) and
    demand ``p^-e`` the sellers' supply is ``q^h``, ``h = e (1 - s) / s``. Buyers lose the integral
    of demand from 1 to p, sellers that of supply from q to 1. Standard partial equilibrium; the
    share s is the exporter's incidence.
    """
    wedge = log1p(rate)
    up, down = (1.0 - incidence) * wedge, -incidence * wedge
    imports = exp(-elasticity * up)
    buyers = _power_integral(up, -elasticity)
    fall = incidence + elasticity * (1.0 - incidence)  # of exports' value, in logs of 1 + t
    sellers = -incidence * expm1(-fall * wedge) / fall
    revenue = rate * exp(down) * imports
    return DutyEffect(imports, imports_usd * buyers, imports_usd * sellers, imports_usd * revenue)


def _power_integral(log_end: float, power: float) -> float:
    """Integral of ``x^power`` from 1 to ``exp(log_end)``; dimensionless."""
    if power == -1.0:
        return log_end
    return expm1((power + 1.0) * log_end) / (power + 1.0)


@dataclass(frozen=True)
class ChipCost:
    """Cost of a control of full severity, USD a year, before the scales of the parameters."""

    output_usd: float  # output that the target loses
    sales_usd: float  # sales that the imposing side loses
    source: str


#: What a chip control of severity 1 costs, by kind. Orders of magnitude, all `assumption`.
CHIP_COSTS: Mapping[str, ChipCost] = MappingProxyType(
    {
        "gpu": ChipCost(
            20e9, 17e9, "assumption: sales as Nvidia's revenue in China in its year 2025, recalled;"
            " output of the same order"
        ),
        "lithography": ChipCost(
            15e9, 12e9, "assumption: about a third of American makers' tool sales went to China in"
            " 2024, recalled"
        ),
        "eda": ChipCost(
            10e9, 2e9, "assumption: an eighth of the two largest vendors' sales, recalled; designs"
            " that stand still cost more than their tools"
        ),
        "entity_list": ChipCost(8e9, 4e9, "assumption: single firms cut off, below the tool ban"),
        "affiliates": ChipCost(
            15e9, 8e9, "assumption: some 21,000 companies reached (Moody's count, Export Compliance"
            " Daily, 2025), twice the entity list"
        ),
        "auto_chips": ChipCost(
            25e9, 2e9, "assumption: Nexperia's yearly sales are about 2 bn USD, recalled; plants"
            " that miss a part of cents lose a multiple of it"
        ),
    }
)  # fmt: skip


@lru_cache(maxsize=1)
def trade() -> Mapping[tuple[str, str], float]:
    """Imports of all goods without new duties, USD a year, by (importer, exporter)."""
    rows = read_rows(HERE / "outside" / "trade.csv")
    return MappingProxyType(
        {(r["importer"], r["exporter"]): float(r["usd_per_year"]) for r in rows}
    )


def rest_of_trade(duties: Mapping[tuple[str, str], float], params: OutsideParameters) -> Floats:
    """Loss from duties on all other goods, USD a year [economies].

    ``duties`` maps (importer, exporter) to the rate; a pair without a figure of trade costs
    nothing, and no trade moves to third countries.
    """
    loss = np.zeros(len(axes.ECONOMIES))
    for pair in sorted(duties):
        base = params.trade_scale * trade().get(pair, 0.0)
        effect = duty_effect(base, duties[pair], params.trade_elasticity, params.trade_incidence)
        loss[axes.ECONOMY_INDEX[pair[0]]] += effect.importer_usd
        loss[axes.ECONOMY_INDEX[pair[1]]] += effect.sellers_usd
    return loss


def chips(controls: Mapping[tuple[str, str, str], float], params: OutsideParameters) -> Floats:
    """Loss from chip controls, USD a year [economies].

    ``controls`` maps (imposer, target, kind) to a severity; no control takes more than all, and no
    relaxation gives back more than that. The target loses output, the imposer profit on sales.
    """
    loss = np.zeros(len(axes.ECONOMIES))
    for imposer, target, kind in sorted(controls):
        severity = min(max(controls[imposer, target, kind], -1.0), 1.0)
        cost = CHIP_COSTS[kind]
        loss[axes.ECONOMY_INDEX[target]] += severity * params.chip_output_scale * cost.output_usd
        profit = params.chip_profit_share * cost.sales_usd
        loss[axes.ECONOMY_INDEX[imposer]] += severity * profit
    return loss


def losses(terms: Terms, params: OutsideParameters) -> tuple[Floats, Floats] | None:
    """Losses of a week from duties and from chip controls, USD [economies]; None without any."""
    if not (terms.outside_duties or terms.chip_controls):
        return None
    return (
        rest_of_trade(terms.outside_duties, params) / WEEKS_PER_YEAR,
        chips(terms.chip_controls, params) / WEEKS_PER_YEAR,
    )
