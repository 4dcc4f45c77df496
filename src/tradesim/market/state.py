"""What changes during a run: stocks, orders, prices, licences, capacity. Arrays, float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim.market.books import LicenceBook
from tradesim.market.shipping import Shipping
from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import BASE_YEAR, N_ECONOMIES, N_ELEMENTS, N_GOODS, Floats, World


@dataclass
class Ledger:
    """Oxide equivalent in t since the start: by element, and the part mined in China."""

    elements: Floats  # [elements]
    chinese: float

    @classmethod
    def empty(cls) -> Ledger:
        """Nothing booked yet."""
        return cls(np.zeros(N_ELEMENTS), 0.0)

    def book(self, elements: Floats, chinese: float) -> None:
        """Add an amount, t of oxide equivalent."""
        self.elements = self.elements + elements
        self.chinese += float(chinese)


@dataclass
class MarketState:
    """Mutable state of one run. Shapes: [slots], [links], [markets], [firms] as noted.

    Flows are t in the current step, stocks t, prices USD/kg, rates per week.
    """

    dt: float  # weeks
    # stocks [slots], their Chinese-mined part [slots], elements of mixtures [mixed, elements]
    stock: Floats
    chinese: Floats
    elements: Floats
    shipping: Shipping
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
    substitution_peak: Floats
    final_demand: Floats  # [inputs] t a week wanted at base price, before noise
    alarm_heard: Floats  # [inputs] alarm level of the controls already known
    target_out: Floats  # [outputs] stock that sellers aim at, t
    switched_on: Floats  # [links] 0-1: ramp of a project, or how far a sleeping link is awake
    leaking: bool
    leak_wanted: Floats  # [links] t that traders will try to move
    # what prices are made of, by market unless noted
    landed: Floats  # [lanes] duty-paid spot price at the destination, USD/kg
    cover: Floats
    ask: Floats
    expected_price: Floats  # ratio to base
    cost_index: Floats  # ratio to base
    contract: Floats
    # capacity [firms], t of activity a week
    nameplate: Floats
    online: Floats
    expansion: Floats  # capacity added by investment
    building: Floats  # [firms, stages]
    wanted: Floats  # desired activity before capacity, t a week
    planned: Floats  # desired activity t a week
    activity: Floats  # t a week
    # licences by authority
    books: dict[str, LicenceBook]
    # flows of the step
    orders: Floats  # [inputs] t
    ordered: Floats  # [links] t
    shipped: Floats  # [links] t
    rerouted: Floats | None  # [links] t, None when traders are idle
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
    carriers_usd: float  # freight, premia and tax refunds between origin and destination
    sourced: Ledger  # what mines and collectors brought in since the start
    lost: Ledger  # processing losses and disposal
    consumed: Ledger  # what final users built in


def initial_state(world: World, params: MarketParameters, dt: float) -> MarketState:
    """The base year: stocks at target, transit full, every price at base."""
    slots, links, firms = world.slots, world.links, world.firms
    inputs, count = slots.inputs, len(slots)
    stock = slots.cover_weeks * slots.base_t
    in_base = firms.cell >= 0
    activity = np.where(in_base, firms.activity_t, 0.0) / WEEKS_PER_YEAR
    nameplate = np.where(in_base, firms.capacity_t, 0.0) / WEEKS_PER_YEAR
    online = np.minimum(nameplate, activity * (1.0 + params.slack))
    zeros = np.zeros
    return MarketState(
        dt=dt,
        stock=stock,
        chinese=slots.base_chinese * stock,
        elements=slots.vector[world.mixed] * stock[world.mixed, None],
        shipping=Shipping.base(world, dt),
        desired_use=slots.base_t[:inputs].copy(),
        expected_use=slots.base_t[:inputs].copy(),
        demand_signal=slots.base_t.copy(),
        learned_wait=zeros(inputs),
        mean_need=slots.base_t[:inputs].copy(),
        mean_received=slots.base_t[:inputs].copy(),
        risk=zeros(inputs),
        alarm=zeros(inputs),
        alarm_heard=zeros(inputs),
        final_demand=np.where(world.final, slots.base_t[:inputs], 0.0),
        target_out=slots.cover_weeks[inputs:] * slots.base_t[inputs:],
        switched_on=np.where(links.project == BASE_YEAR, 1.0, 0.0),
        leaking=False,
        leak_wanted=zeros(len(links)),
        landed=world.price0[world.lanes.destination * N_GOODS + world.lanes.good],
        cover=np.ones(world.markets),
        fill=np.ones(len(links)),
        substitution=zeros(inputs),
        substitution_peak=zeros(inputs),
        ask=world.price0.copy(),
        expected_price=np.ones(world.markets),
        cost_index=np.ones(world.markets),
        contract=world.price0.copy(),
        nameplate=nameplate,
        online=online,
        expansion=zeros(len(firms)),
        building=zeros((len(firms), 3)),
        wanted=activity.copy(),
        planned=activity.copy(),
        activity=activity.copy(),
        books={},
        orders=slots.base_t[:inputs] * dt,
        ordered=links.base_t * dt,
        shipped=links.base_t * dt,
        rerouted=None,
        received=slots.base_t[:inputs] * dt,
        crossed=links.base_t * dt,
        arrived=zeros(inputs),
        wish=slots.base_t[:inputs].copy(),
        run_share=np.ones(len(firms)),
        use=slots.base_t[:inputs] * dt,
        output=zeros(count),
        given_up=zeros(inputs),
        disposed=zeros(count),
        lane_t=world.lanes.base_t * dt,
        value_usd=zeros(len(world.lanes)),
        duty_usd=zeros(len(world.lanes)),
        money_usd=zeros(len(firms)),
        treasury_usd=zeros(N_ECONOMIES),
        carriers_usd=0.0,
        sourced=Ledger.empty(),
        lost=Ledger.empty(),
        consumed=Ledger.empty(),
    )


def gain(lag: float | Floats, dt: float) -> float | Floats:
    """Share of a first-order gap closed in a step: ``dt / (dt + lag)``, weeks over weeks.

    In a cascade that is updated in sequence the mean delay is exact at any step length.
    """
    return dt / (dt + lag)
