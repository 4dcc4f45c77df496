"""Behavioural parameters of the market: every one with unit, range and source.

The values are point estimates: the sources say where each comes from, and ``assumption`` is said
where nothing better is at hand. What the record leaves open about them is in the posterior sample
(:mod:`tradesim.posterior`), which runs draw from unless they ask for ``uncertainty=point``.
Sensitivity ranges are the bounds declared here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

#: Where a value was found by a search on the series of 2025, before any proper calibration.
SEARCH = (
    "random search over 19 values (800 draws, 2 seeds each) on monthly Chinese magnet exports of "
    "April-September 2025, European Dy and Tb asks of May 2025 and the first stoppages"
)
#: Values of an earlier, rougher search on a smaller prototype of the market, kept as they were.
TRIAL = "rough search on a prototype, Chinese exports and European asks of January-September 2025"


def quantity(default: float, *, ge: float, le: float, unit: str, source: str, text: str) -> Any:
    """A pydantic field with its unit and source, bounded to ``[ge, le]`` in that unit."""
    extra: dict[str, Any] = {"unit": unit, "source": source}
    return Field(default, ge=ge, le=le, description=text, json_schema_extra=extra)


class MarketParameters(BaseModel):
    """How firms plan, order, source, price and invest (weeks, shares and elasticities)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # stocks and orders
    cover_magnet_weeks: float = quantity(
        6.0, ge=1, le=30, unit="weeks", source=SEARCH + "; automotive plants reported 2-4 weeks of "
        "parts, material stocks of 2-4 months (SMM, June 2025)",
        text="Magnet stock a component maker aims to hold, in weeks of its use",
    )  # fmt: skip
    cover_input_weeks: float = quantity(
        8.0, ge=1, le=30, unit="weeks", source=SEARCH,
        text="Stock of any other input a firm aims to hold, in weeks of its use",
    )  # fmt: skip
    cover_output_weeks: float = quantity(
        3.6, ge=0.5, le=20, unit="weeks", source=TRIAL,
        text="Stock of finished goods a firm aims to hold, in weeks of its sales",
    )  # fmt: skip
    cover_spread: float = quantity(
        0.4, ge=0, le=1, unit="log standard deviation", source=SEARCH,
        text="Spread of target cover between firms (lognormal)",
    )  # fmt: skip
    stock_adjustment_weeks: float = quantity(
        13.0, ge=5, le=52, unit="weeks", source=SEARCH + "; below 5 weeks the chain oscillates",
        text="Time in which a firm closes a gap in its stock or supply line",
    )  # fmt: skip
    forecast_weeks: float = quantity(
        6.0, ge=1, le=52, unit="weeks", source="assumption: between a month and a quarter",
        text="Averaging time of the demand that a firm expects",
    )  # fmt: skip
    wait_learning_weeks: float = quantity(
        16.0, ge=1, le=52, unit="weeks", source="assumption: a quarter; the search prefers a year, "
        "which starves buyers for good once licences are routine",
        text="Time in which buyers learn the licence wait and order ahead of it",
    )  # fmt: skip
    panic: float = quantity(
        1.2, ge=0, le=1.5, unit="share of target cover per unit of perceived risk",
        source=SEARCH + "; at 3 the rebound explodes",
        text="Extra cover wanted when supply looks certain to fail",
    )  # fmt: skip
    risk_rise_weeks: float = quantity(
        4.0,
        ge=1,
        le=26,
        unit="weeks",
        source=SEARCH,
        text="Averaging time of rising perceived risk",
    )
    risk_fall_weeks: float = quantity(
        12.0, ge=1, le=52, unit="weeks", source=TRIAL,
        text="Averaging time of falling perceived risk",
    )  # fmt: skip
    announcement_weight: float = quantity(
        1.0, ge=0, le=1, unit="share", source=SEARCH,
        text="Perceived risk that an announced control adds per unit of supply at stake",
    )  # fmt: skip
    announcement_fade_weeks: float = quantity(
        26.0, ge=4, le=104, unit="weeks", source=TRIAL, text="Time in which an announcement fades"
    )
    # sourcing and delivery
    sourcing_elasticity: float = quantity(
        4.0, ge=0, le=30, unit="elasticity", source="assumption; Armington elasticities of "
        "metals trade lie between 2 and 8",
        text="How strongly orders move to the supplier whose landed cost falls",
    )  # fmt: skip
    reliability_weeks: float = quantity(
        12.0, ge=1, le=52, unit="weeks", source="assumption",
        text="Memory of how well a supplier filled orders",
    )  # fmt: skip
    contract_share: float = quantity(
        0.7, ge=0, le=1, unit="share of base-year volume", source="assumption; magnets and oxides "
        "are mostly sold on term contracts",
        text="Share of base-year volume that buyers hold under contract",
    )  # fmt: skip
    contract_weeks: float = quantity(
        26.0, ge=2, le=104, unit="weeks", source="assumption: contracts reprice half-yearly",
        text="Averaging time of the contract price",
    )  # fmt: skip
    bid_weight: float = quantity(
        2.0, ge=0, le=10, unit="elasticity", source="assumption",
        text="How strongly a short seller favours the higher bid in the spot market",
    )  # fmt: skip
    # price
    price_sensitivity: float = quantity(
        2.8, ge=0.1, le=5, unit="elasticity of the ask to cover", source=SEARCH,
        text="Exponent of the ask in weeks of cover against target (Sterman's commodity model)",
    )  # fmt: skip
    expectation_weight: float = quantity(
        0.53, ge=0, le=0.95, unit="share", source=TRIAL,
        text="Share of a lasting price change that becomes the expected price",
    )  # fmt: skip
    expectation_weeks: float = quantity(
        44.0, ge=4, le=208, unit="weeks", source=TRIAL, text="Adjustment time of the expected price"
    )
    pooling: float = quantity(
        0.75, ge=0, le=1, unit="share", source=TRIAL,
        text="Weight of the cover of regions within reach in a region's own price",
    )  # fmt: skip
    conversion: float = quantity(
        0.9, ge=0, le=1, unit="share", source="assumption: oxide is tolled to metal in weeks",
        text="Weight of an element's other forms (oxide, metal) in a good's own cover",
    )  # fmt: skip
    choke_cost_increase: float = quantity(
        1.6, ge=0.2, le=10, unit="ratio to the user's unit cost", source=TRIAL + "; stands for "
        "the cost rise at which the last user stops",
        text="A user stops buying an input whose price alone would raise its cost by this much",
    )  # fmt: skip
    price_wedge_weeks: float = quantity(
        1.0, ge=0.5, le=26, unit="weeks", source="assumption",
        text="Licence delay at which half of the arbitrage between two regions is lost",
    )  # fmt: skip
    permit_weeks: float = quantity(
        8.0, ge=1, le=104, unit="weeks", source="assumption: traders see what is asked within two "
        "months; from 2 to 26 weeks the price of permits settles at the same level",
        text="Time in which the price of permits under a tonnage limit follows their scarcity",
    )  # fmt: skip
    # demand
    demand_elasticity_magnet: float = quantity(
        0.10, ge=0, le=1, unit="elasticity", source="assumption; quota of 2010 against price gives "
        "about 0.16 in order of magnitude",
        text="Own-price elasticity of final demand for magnet-bearing components",
    )  # fmt: skip
    demand_elasticity_other: float = quantity(
        0.25, ge=0.05, le=1.5, unit="elasticity", source=TRIAL + "; below 0.25 small price "
        "shocks of surplus elements run away",
        text="Own-price elasticity of oxide uses (catalysts, polishing, ceramics ...)",
    )  # fmt: skip
    substitution_per_year: float = quantity(
        0.10, ge=0, le=0.5, unit="share per year", source="Sprecher et al. 2017, "
        "10.1021/acs.est.6b05751: substitution reached 10% of demand a year",
        text="Fastest rate at which users replace or thrift a scarce input",
    )  # fmt: skip
    substitution_limit: float = quantity(
        0.5, ge=0, le=0.95, unit="share", source="assumption; grain-boundary diffusion halves Dy",
        text="Largest share of an input that can be replaced",
    )  # fmt: skip
    substitution_kept: float = quantity(
        0.5, ge=0, le=1, unit="share", source="assumption",
        text="Share of the largest substitution reached that is never undone",
    )  # fmt: skip
    # capacity
    restart_weeks: float = quantity(
        12.0, ge=1, le=104, unit="weeks", source="assumption; lines were reopened within a quarter",
        text="Time to bring idle capacity back",
    )  # fmt: skip
    service_weeks: float = quantity(
        52.0, ge=4, le=520, unit="weeks", source="assumption: ordering and qualifying parts of "
        "another maker takes a year",
        text="Time until others serve a line that its Chinese supplier has left",
    )  # fmt: skip
    mothball_weeks: float = quantity(
        52.0, ge=4, le=260, unit="weeks", source="assumption", text="Time to take capacity offline"
    )
    slack: float = quantity(
        0.10, ge=0, le=0.5, unit="share of output", source="assumption",
        text="Output a running plant can add at once",
    )  # fmt: skip
    invest_hurdle: float = quantity(
        1.25, ge=1, le=5, unit="ratio of expected to base price", source="assumption",
        text="Expected price above which firms expand",
    )  # fmt: skip
    invest_rate_per_year: float = quantity(
        0.20, ge=0, le=1, unit="share of capacity per year", source="assumption; non-Chinese "
        "supply grew by 4% of the world market a year after 2010 (Sprecher et al. 2017)",
        text="Capacity ordered per year and per unit of log price above the hurdle",
    )  # fmt: skip
    lead_mine_weeks: float = quantity(
        312.0, ge=26, le=1040, unit="weeks", source="Keilhacker & Minner 2017: six years to a new "
        "rare-earth mine", text="Time from decision to output, mine",
    )  # fmt: skip
    lead_separation_weeks: float = quantity(
        104.0, ge=26, le=1040, unit="weeks", source="heavy circuit 0.9 years (Lynas), greenfield "
        "5 years (Eneabba); the value stands for extensions", text="Lead time, separation",
    )  # fmt: skip
    lead_plant_weeks: float = quantity(
        104.0, ge=26, le=520, unit="weeks", source="Narva 2.2 years, Sumter 2.0 years",
        text="Lead time, metal, magnet and recycling plants",
    )  # fmt: skip
    # ways round
    hub_margin: float = quantity(
        0.38, ge=0, le=5, unit="share of the price paid", source="going round with small lots "
        "raised costs by 38% (Sohu on gallium and antimony, July 2025; a single report)",
        text="What an idle hub adds to a lot that it passes on; more as it fills",
    )  # fmt: skip
    hub_freight_usd_per_kg: float = quantity(
        1.0, ge=0, le=50, unit="USD/kg", source="assumption: a second sea leg and two handlings",
        text="Freight of a detour on top of the direct one",
    )  # fmt: skip
    hub_weeks: float = quantity(
        4.0, ge=0, le=26, unit="weeks", source="assumption",
        text="Time that a lot stays in a hub, and in which the hub learns how full it is",
    )  # fmt: skip
    leak_share_limit: float = quantity(
        0.05, ge=0, le=1, unit="share of the base flow of a controlled lane",
        source="assumption; 15-30% of output in 2010-2012 (Gholz), enforcement is stricter now",
        text="Most that traders can move past the licence",
    )  # fmt: skip
    leak_risk_premium: float = quantity(
        0.5, ge=0, le=5, unit="ratio of the exporter's price", source="assumption",
        text="Price gap below which the risk does not pay",
    )  # fmt: skip


class OutsideParameters(BaseModel):
    """Reduced forms of what the trade war costs outside rare earths; every value is to be swept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trade_elasticity: float = quantity(
        2.5, ge=1, le=5, unit="% of imports per % of their duty-paid price",
        source="Fajgelbaum et al. 2020 (QJE 135:1) find 2.53 between varieties; range assumption",
        text="Price elasticity of imports of all other goods, as a positive number",
    )  # fmt: skip
    trade_incidence: float = quantity(
        0.05, ge=0, le=0.9, unit="share of a duty (in logs)",
        source="assumption: Fajgelbaum et al. 2020 cannot reject that buyers bore all of it in "
        "2018-19",
        text="Part of a duty on all other goods that the exporter bears by a lower price",
    )  # fmt: skip
    trade_scale: float = quantity(
        1.0, ge=0.5, le=1.5, unit="ratio",
        source="assumption: the trade figures of tables/outside/trade.csv are recalled",
        text="Factor on the base-year value of trade in all other goods",
    )  # fmt: skip
    chip_output_scale: float = quantity(
        1.0, ge=0, le=4, unit="ratio",
        source="assumption: no estimate of lost output is at hand, so none to four times is swept",
        text="Factor on the output that chip controls cost their target",
    )  # fmt: skip
    chip_profit_share: float = quantity(
        0.5, ge=0.2, le=0.8, unit="share of sales",
        source="assumption: gross margins of chip and tool makers lie between 0.4 and 0.75",
        text="What a lost sale of chips or tools costs the side that imposes the control",
    )  # fmt: skip


class TalksParameters(BaseModel):
    """How governments talk: patience, and how far the readings of one deal may differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patience_weeks: float = quantity(
        3.0, ge=0.25, le=52, unit="weeks",
        source="assumption: calls of October 2025 went unanswered for about two weeks",
        text="Time after which a request for talks, a meeting or an offer lapses",
    )  # fmt: skip
    divergence: float = quantity(
        0.25, ge=0, le=1, unit="probability per concession",
        source="assumption: of the four concessions of Busan one, general licences, was read"
        " differently by the two sides (policy_events E070)",
        text="Chance that a party reads its own concession as a partial one",
    )  # fmt: skip
    conceded: float = quantity(
        0.5, ge=0, le=1, unit="share of strength", source="assumption",
        text="Part of a concession that is made where the readings differ",
    )  # fmt: skip
    warning_weeks: float = quantity(
        8.0, ge=0, le=104, unit="weeks", source="assumption: a quarter less a transit",
        text="Time before the end of a deal in which buyers reckon with it",
    )  # fmt: skip
