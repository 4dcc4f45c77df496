"""What changes during a run: stocks, orders, prices, licences, capacity. Arrays, float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from tradesim.market.books import LicenceBook
from tradesim.market.ceiling import Ceilings
from tradesim.market.routes import Evasion, Routes
from tradesim.market.shipping import Shipping
from tradesim.parameters import MarketParameters
from tradesim.public_terms import Guarantee
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.origin import base_origin, fixed_origin
from tradesim.world.types import BASE_YEAR, N_ECONOMIES, N_ELEMENTS, Floats, World

#: Ledgers of governments, USD since the start.
ACCOUNTS = ("treasury_usd", "fees_usd", "rents_usd", "spent_usd", "rest_of_trade_usd", "chips_usd")
#: Stages of building capacity (Erlang shape of the lead time).
BUILDING_STAGES = 3


@dataclass
class Ledger:
    """Oxide equivalent in t since the start: by element, and the part mined in China."""

    elements: Floats  # [elements]
    chinese: float  # the part that was mined in China

    @classmethod
    def empty(cls) -> Ledger:
        """Nothing booked yet."""
        return cls(np.zeros(N_ELEMENTS), 0.0)

    def book(self, elements: Floats, chinese: float) -> None:
        """Add an amount, t of oxide equivalent."""
        self.elements = self.elements + elements
        self.chinese += float(chinese)


@dataclass(frozen=True)
class Needs:
    """What a content rule asks of every link, and how makers have responded to it.

    ``share`` and ``undeclared`` are [links], the others [outputs]; all are shares, 0-1.
    """

    share: Floats  # of shipments that the rule asks a licence for
    undeclared: Floats  # of those, the part that moves without one
    segregated: Floats  # of output that is made of clean inputs and kept apart
    value_share: Floats  # of controlled content of the authority's origin in the good's value
    tainted: Floats  # of the good's controlled content, by value, that is of that origin
    by_content: Floats  # of covered sales that fall under the rule for their content
    in_force: bool  # licences are asked for; before that makers prepare

    @classmethod
    def none(cls, outputs: int, links: int) -> Needs:
        """Nothing asked and nobody prepared."""
        nil = np.zeros(outputs)
        return cls(np.zeros(links), np.zeros(links), nil, nil, nil, nil, False)


@dataclass
class MarketState:
    """Mutable state of one run. Shapes: [slots], [links], [markets], [firms] as noted.

    Flows are t in the current step, stocks t, prices USD/kg, rates per week.
    """

    dt: float  # length of a step, weeks
    # stocks [slots], their Chinese-mined part [slots], elements of mixtures [mixed, elements]
    stock: Floats  # [slots] t
    chinese: Floats  # [slots] the part of it that was mined in China, t of oxide equivalent
    elements: Floats  # [mixed, elements] what is in mixtures, t of oxide equivalent
    shipping: Shipping
    # legal origin by authority: [slots, COLUMNS x tracked], t of oxide equivalent
    tracked: tuple[str, ...]  # authorities whose legal origin stocks carry
    origin: Floats  # [slots, columns] by element and technology, t of oxide equivalent
    origin_made: Floats  # [columns] created by processing less consumed and lost, since the start
    origin_fixed: Floats  # [firms, columns] origin of what a firm makes whatever it eats, or nan
    needs: dict[str, Needs]  # what content rules find, by policy
    avoidance: Floats | None  # [links] factor on a lot's appeal to makers under a rule
    # expectations
    desired_use: Floats  # [inputs] t a week, at the firm's desired activity
    expected_use: Floats  # [inputs] t a week, averaged
    demand_signal: Floats  # [slots] t a week ordered from each output slot, averaged
    learned_wait: Floats  # [inputs] weeks of licence wait that buyers order ahead of
    mean_need: Floats  # [inputs] t a week needed from suppliers, averaged
    mean_received: Floats  # [inputs] t a week that they sent, averaged
    risk: Floats  # [inputs] perceived risk from experience, 0-1
    alarm: Floats  # [inputs] perceived risk from announcements, 0-1
    fill: Floats  # [links] remembered share of orders filled
    substitution: Floats  # [inputs] share of an input replaced or thrifted
    substitution_peak: Floats  # [inputs] largest share reached so far
    final_demand: Floats  # [inputs] t a week wanted at base price, before noise
    alarm_heard: Floats  # [inputs] alarm level of the controls already known
    target_out: Floats  # [outputs] stock that sellers aim at, t
    counted_out: Floats  # [outputs] the part of it that the market counts on, t
    switched_on: Floats  # [links] 0-1: ramp of a project, or how far a sleeping link is awake
    routes: Routes | None  # controlled links and the ways round, None without a control
    evasion: Evasion | None  # what goes past a control in the step
    hub_load: Floats  # [firms] of traders: flow over capacity, averaged
    ceilings: Ceilings | None  # largest shares of one origin, None without a ceiling
    # what prices are made of, by market unless noted
    permits: dict[str, float]  # USD per counted kg, by limit
    permit_usd_per_kg: Floats  # [lanes] what permits add
    allowed_t: dict[str, float]  # counted t that may leave in this step, by limit
    undeclared_t: dict[str, float]  # counted t that leave past a limit in this step, by limit
    used_t: dict[str, tuple[float, float]]  # first week of the allowance and t used, by limit
    landed: Floats  # [lanes] duty-paid spot price at the destination, USD/kg
    cover: Floats  # [markets] stock and goods under way over their targets
    ask: Floats  # [markets] price of a marginal spot kilogram, USD/kg
    expected_price: Floats  # [markets] expected scarcity, ratio to base
    cost_index: Floats  # [markets] unit cost, ratio to base
    contract: Floats  # [markets] trailing average of the ask, USD/kg
    # capacity [firms], t of activity a week
    progress: Floats  # [firms] weeks of work done on a project since the start
    unserved: Floats  # [firms] share of capacity that stands for want of service
    able: Floats | None  # [firms] most that may run, t a week; None while nothing binds
    sound: Floats | None  # [firms] sound share of output; None while all is sound
    funded_usd: dict[str, float]  # USD paid into projects, by policy
    nameplate: Floats  # [firms] t a week
    online: Floats  # [firms] the part of it that is staffed and running, t a week
    expansion: Floats  # [firms] capacity added by investment, t a week
    building: Floats  # [firms, stages] capacity ordered and not finished, t a week
    wanted: Floats  # [firms] desired activity before capacity, t a week
    planned: Floats  # [firms] activity planned, t a week
    activity: Floats  # [firms] activity in the step, t a week
    # licences by authority
    books: dict[str, LicenceBook]  # queue and balances, by authority
    # flows of the step
    orders: Floats  # [inputs] t
    ordered: Floats  # [links] t
    shipped: Floats  # [links] t
    rerouted: Floats | None  # [links] t that came past a control, None when nobody tries
    undeclared: Floats | None  # [links] t of what shipped that no tonnage limit has seen
    seized: Floats | None  # [links] t found on the way and taken
    received: Floats  # [inputs] t shipped to each buyer
    crossed: Floats  # [links] t that left the seller's customs, detained lots when released
    arrived: Floats  # [inputs] t that came in from other economies
    wish: Floats  # [inputs] t a week wanted at base price, noise included
    run_share: Floats  # [firms] share of the plan that inputs allowed
    use: Floats  # [inputs] t
    output: Floats  # [slots] t
    given_up: Floats  # [inputs] t of use given up at the going price
    disposed: Floats  # [slots] t
    lane_t: Floats  # [lanes] t shipped, re-routed lots included
    value_usd: Floats  # [lanes] border value
    duty_usd: Floats  # [lanes]
    # ledgers
    money_usd: Floats  # [firms]
    treasury_usd: Floats  # [economies]
    fees_usd: Floats  # [economies] port and other fees collected
    rents_usd: Floats  # [economies] permit rents of its holders; memo, part of money or treasury
    spent_usd: Floats  # [economies] public money spent on stocks, guarantees and projects
    rest_of_trade_usd: Floats  # [economies] loss from tariffs on all other goods, outside block
    chips_usd: Floats  # [economies] loss from chip controls, outside block
    carriers_usd: float  # freight, premia and tax refunds between origin and destination
    sourced: Ledger  # what mines and collectors brought in since the start
    lost: Ledger  # processing losses and disposal
    consumed: Ledger  # what final users built in
    # public purse
    reserve_usd: Floats  # [reserve slots] spent on it since the start
    reserve_t: Floats  # [reserve slots] bought since the start
    guarantee: Guarantee | None = None  # price guarantees in force


def initial_state(
    world: World, params: MarketParameters, dt: float, tracked: tuple[str, ...] = ()
) -> MarketState:
    """The base year: stocks at target, transit full, every price at base; ``dt`` in weeks.

    ``tracked`` names the authorities whose legal origin every stock carries.
    """
    origin = np.zeros((len(world.slots), 0))
    for authority in tracked:
        origin = np.column_stack((origin, base_origin(world, authority)))
    stock = world.slots.cover_weeks * world.slots.base_t
    return MarketState(
        dt=dt,
        tracked=tracked,
        origin=origin * stock[:, None],
        origin_made=np.zeros(origin.shape[1]),
        origin_fixed=fixed_origin(world, tracked),
        needs={},
        avoidance=None,
        books={},
        sourced=Ledger.empty(),
        lost=Ledger.empty(),
        consumed=Ledger.empty(),
        money_usd=np.zeros(len(world.firms)),
        **_accounts(),
        carriers_usd=0.0,
        reserve_usd=np.zeros(len(world.reserve_slots)),
        reserve_t=np.zeros(len(world.reserve_slots)),
        shipping=Shipping.base(world, dt, origin),
        **_stocks(world),
        **_expectations(world),
        **_prices(world),
        **_capacity(world, params),
        **_flows(world, dt),
    )


def _accounts() -> dict[str, Any]:
    """What governments have collected, earned and spent, USD since the start [economies]."""
    return {name: np.zeros(N_ECONOMIES) for name in ACCOUNTS}


def _stocks(world: World) -> dict[str, Any]:
    """Stocks at target, with what is in them."""
    slots = world.slots
    stock = slots.cover_weeks * slots.base_t
    return {
        "stock": stock,
        "chinese": slots.base_chinese * stock,
        "elements": slots.vector[world.mixed] * stock[world.mixed, None],
        "target_out": stock[slots.inputs :].copy(),
        "counted_out": stock[slots.inputs :].copy(),
    }


def _expectations(world: World) -> dict[str, Any]:
    """Everybody expects the base year and fears nothing."""
    slots, inputs = world.slots, world.slots.inputs
    base = slots.base_t[:inputs]
    calm = ("learned_wait", "risk", "alarm", "alarm_heard", "substitution", "substitution_peak")
    usual = ("desired_use", "expected_use", "mean_need", "mean_received", "wish")
    return {
        **{name: np.zeros(inputs) for name in calm},
        **{name: base.copy() for name in usual},
        "demand_signal": slots.base_t.copy(),
        "final_demand": np.where(world.final, base, 0.0),
        "fill": np.ones(len(world.links)),
        "switched_on": np.where(world.links.project == BASE_YEAR, 1.0, 0.0),
    }


def _prices(world: World) -> dict[str, Any]:
    """Every price at base."""
    return {
        "ask": world.price0.copy(),
        "contract": world.price0.copy(),
        "expected_price": np.ones(world.markets),
        "cost_index": np.ones(world.markets),
        "cover": np.ones(world.markets),
        "permits": {},
        "allowed_t": {},
        "undeclared_t": {},
        "used_t": {},
        "permit_usd_per_kg": np.zeros(len(world.lanes)),
        "landed": world.price0[world.lane_destination],
    }


def _capacity(world: World, params: MarketParameters) -> dict[str, Any]:
    """Firms of the base year run, with some slack online; projects have nothing yet."""
    firms = world.firms
    in_base = firms.cell >= 0
    activity = np.where(in_base, firms.activity_t, 0.0) / WEEKS_PER_YEAR
    nameplate = np.where(in_base, firms.capacity_t, 0.0) / WEEKS_PER_YEAR
    return {
        "nameplate": nameplate,
        "online": np.minimum(nameplate, activity * (1.0 + params.slack)),
        "progress": np.zeros(len(firms)),
        "unserved": np.zeros(len(firms)),
        "able": None,
        "sound": None,
        "funded_usd": {},
        "expansion": np.zeros(len(firms)),
        "building": np.zeros((len(firms), BUILDING_STAGES)),
        "run_share": np.ones(len(firms)),
        **{name: activity.copy() for name in ("wanted", "planned", "activity")},
    }


def _flows(world: World, dt: float) -> dict[str, Any]:
    """The flows of a base-year step."""
    slots, links, lanes = world.slots, world.links, world.lanes
    inputs = slots.inputs
    return {
        **dict.fromkeys(("orders", "received", "use"), slots.base_t[:inputs] * dt),
        **dict.fromkeys(("ordered", "shipped", "crossed"), links.base_t * dt),
        **{name: np.zeros(inputs) for name in ("arrived", "given_up")},
        **{name: np.zeros(len(slots)) for name in ("output", "disposed")},
        **{name: np.zeros(len(lanes)) for name in ("value_usd", "duty_usd")},
        "lane_t": lanes.base_t * dt,
        **dict.fromkeys(("rerouted", "seized", "undeclared", "routes", "evasion", "ceilings")),
        "hub_load": np.zeros(len(world.firms)),
    }


@overload
def gain(lag: float, dt: float) -> float: ...


@overload
def gain(lag: Floats, dt: float) -> Floats: ...


def gain(lag: float | Floats, dt: float) -> float | Floats:
    """Share of a first-order gap closed in a step: ``dt / (dt + lag)``, weeks over weeks.

    In a cascade that is updated in sequence the mean delay is exact at any step length.
    """
    return dt / (dt + lag)
