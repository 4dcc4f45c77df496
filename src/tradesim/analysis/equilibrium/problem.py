"""The equilibrium problem of a world under terms of trade: every number that the program needs.

Samuelson (1952) and Takayama and Judge (1971): trade runs from where a good is cheap to where it
is dear until the gap is the cost of moving it. The data are the simulation's own: recipes,
capacities, lanes, base prices and the same response of final demand. Costs that the tables do not
hold follow from the base year: every plant that runs there breaks even at base prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradesim import axes
from tradesim.analysis.equilibrium import nodes as nd
from tradesim.market import capacity
from tradesim.market.license import LEAST_EXPECTED, applications
from tradesim.market.price import FLOOR
from tradesim.public_terms import Guarantee
from tradesim.scenario import WEEKS_PER_YEAR, Scenario
from tradesim.terms import Terms, TonnageLimit
from tradesim.world.types import N_GOODS, Flags, Floats, Ints, World, sum_by

#: Calendar half-years differ in length by less than this share.
UNEVEN = 0.02
_MOTOR = axes.GOOD_INDEX["component_motor"]
_SCRAP = axes.GOOD_INDEX["scrap_NdFeB"]
_OXIDES = axes.positions(axes.OXIDES, axes.GOODS)


@dataclass(frozen=True)
class Demand:
    """Final demand at some demand nodes, by :func:`tradesim.market.plan.demand_response`."""

    node: Ints
    base_t: Floats  # t a year at base price
    elasticity: Floats
    choke: Floats  # price over base from which on nothing is bought


@dataclass(frozen=True)
class Purchases:
    """What public programmes buy at demand nodes of their own: tonnes or money a year."""

    node: Ints
    t: Floats  # infinite where money is the limit
    usd: Floats  # infinite where tonnes are
    ceiling: Floats  # highest price over base


@dataclass(frozen=True)
class Limit:
    """A limit on counted tonnes a year; its permits have one price, USD per counted kg."""

    name: str
    weight: Floats  # [arcs]
    t: float


@dataclass(frozen=True)
class Problem:
    """Arrays over cells, supply and demand nodes and arcs; t a year and USD/kg."""

    cells: nd.Cells
    supply: nd.Nodes
    demand: nd.Nodes
    inputs: nd.Recipes
    outputs: nd.Recipes
    arcs: nd.Arcs
    joint: nd.Joint
    price_supply0: Floats
    price_demand0: Floats
    capacity_t: Floats  # [cells]
    unit_cost: Floats  # [cells] of activity, at base prices, USD/kg
    factor: Floats  # [arcs] export tax and duty: what the origin's price is multiplied by
    specific: Floats  # [arcs] base-year wedge with its duty, specific duty, fees, USD/kg
    cap_t: Floats  # [arcs]
    floor: Floats  # [supply nodes] price at which surplus leaves the market, -inf: never
    final: Demand
    purchases: Purchases
    limits: tuple[Limit, ...]
    ceilings: tuple[tuple[Flags, Flags, float], ...]  # arcs held, arcs of all origins, share
    guarantee: Guarantee | None
    guaranteed: nd.Recipes  # outputs under a guarantee; node holds the output slot
    guaranteed_node: Ints  # supply node of each of them


def build_problem(world: World, terms: Terms, scenario: Scenario, week: float) -> Problem:
    """The problem of ``world`` under ``terms`` as they stand ``week`` weeks after the start.

    Growth and dated projects are as far as they are in that week; nobody has invested, replaced
    an input or built stocks.
    """
    scale = _scales(world, terms, week)
    cells = nd.group_firms(world)
    supply, demand = nd.supply_nodes(world, cells), nd.demand_nodes(world, cells)
    arcs = nd.arcs_of(world, supply, demand, scale)
    joint = nd.joint_yields(world, cells, supply, demand, arcs)
    inputs, outputs = (
        nd.input_recipes(world, cells, demand),
        nd.output_recipes(world, cells, supply),
    )
    price_s, price_d = world.price0[supply.market], world.price0[demand.market]
    lane = arcs.lane
    wedge = world.price0[world.lane_destination] - world.price0[world.lane_origin]
    guarantee = terms.guarantees
    guaranteed, where = _guaranteed(world, cells, supply, guarantee)
    return Problem(
        cells=cells, supply=supply, demand=demand, inputs=inputs, outputs=outputs, arcs=arcs,
        joint=joint, price_supply0=price_s, price_demand0=price_d,
        capacity_t=_capacity(world, terms, scenario, cells, scale),
        unit_cost=_unit_costs(cells, demand, inputs, outputs, arcs, joint, price_s, price_d),
        factor=terms.border.factor[lane],
        specific=(wedge * terms.border.factor + terms.border.usd_per_kg)[lane],
        cap_t=_caps(world, terms, arcs),
        floor=_floors(world, supply),
        final=_final_demand(world, scenario, demand, week),
        purchases=_purchases(terms, cells, demand),
        limits=_limits(terms, arcs),
        ceilings=_ceilings(world, terms, arcs),
        guarantee=guarantee, guaranteed=guaranteed, guaranteed_node=where,
    )  # fmt: skip


def _scales(world: World, terms: Terms, week: float) -> Floats:
    """Planned growth of firms of the base year, ramp of projects [firms].

    Projects have worked at the pace that the terms set since the start.
    """
    growth = np.exp(np.log1p(world.planned_growth) * week / WEEKS_PER_YEAR)
    ramp = capacity.ramps(world, week * terms.firms.progress)
    return np.where(world.firms.cell >= 0, growth, ramp)


def _capacity(
    world: World, terms: Terms, scenario: Scenario, cells: nd.Cells, scale: Floats
) -> Floats:
    """Most activity of each cell, t a year: nameplate less what is shut, unserved or over quota."""
    firms, levers = world.firms, terms.firms
    fails = levers.service_loss_per_year / WEEKS_PER_YEAR
    unserved = fails / (fails + 1.0 / scenario.market.service_weeks)
    nameplate = firms.capacity_t * scale * levers.capacity * (1.0 - unserved)
    able = np.minimum(nameplate, levers.ceiling_t_per_week * WEEKS_PER_YEAR)
    at = np.flatnonzero(cells.of_firm >= 0)
    total = np.zeros(len(cells))
    np.add.at(total, cells.of_firm[at], able[at])
    free = np.isin(cells.stage, axes.positions(("manufacture", "reserve"), axes.STAGES))
    return np.where(free, 0.0, total)


def _unit_costs(
    cells: nd.Cells, demand: nd.Nodes, inputs: nd.Recipes, outputs: nd.Recipes, arcs: nd.Arcs,
    joint: nd.Joint, price_s: Floats, price_d: Floats,
) -> Floats:  # fmt: skip
    """Cost of activity beside inputs [cells]: what is left of sales at base prices.

    Sales count what is thrown away at its floor price, which is the base price.
    """
    count = len(cells)
    cost = sum_by(outputs.cell, outputs.per_activity * price_s[outputs.node], count)
    cost -= sum_by(inputs.cell, inputs.per_activity * price_d[inputs.node], count)
    tonnes = arcs.base_t[joint.arc]
    buyer = demand.cell[arcs.demand[joint.arc]]
    worth = sum_by(buyer, tonnes * joint.per_feed * price_s[joint.node], count)
    fed = np.unique(joint.arc)
    feed = sum_by(demand.cell[arcs.demand[fed]], arcs.base_t[fed], count)
    return np.asarray(cost + worth / np.maximum(feed, 1e-30), np.float64)


def _caps(world: World, terms: Terms, arcs: nd.Arcs) -> Floats:
    """Most that may pass on each arc, t a year: caps, closed links, licences that are refused.

    A cap holds for a lane and is divided over its arcs by base flow. Where some links of an arc
    are closed or refused, what they carry in the base year is lost to it.
    """
    share = np.where(terms.closed, 0.0, 1.0)
    for written in terms.licences.values():
        rule = written.rule
        lasting = np.minimum(1.0, rule.approval / LEAST_EXPECTED)
        share = np.where(rule.needed, np.minimum(share, lasting), share)
    weight = world.links.base_t + 1e-12
    rows = np.flatnonzero(arcs.of_link >= 0)
    passed = sum_by(arcs.of_link[rows], (weight * share)[rows], len(arcs))
    usual = sum_by(arcs.of_link[rows], weight[rows], len(arcs))
    left = passed / usual
    by_link = np.where(left < 1.0 - 1e-12, left * arcs.base_t, np.inf)
    lanes = sum_by(arcs.lane, arcs.base_t, len(world.lanes))[arcs.lane]
    part = arcs.base_t / np.maximum(lanes, 1e-30)
    cap = terms.cap_t_per_week[arcs.lane] * WEEKS_PER_YEAR
    by_lane = np.where(np.isfinite(cap), np.where(np.isfinite(cap), cap, 0.0) * part, np.inf)
    return np.minimum(by_link, by_lane)


def _floors(world: World, supply: nd.Nodes) -> Floats:
    """Price at which a good leaves the market [supply nodes], USD/kg; -inf for made to order.

    Products in surplus in the base year leave at their base price, other joint products and
    swarf at the lowest ask that the market knows.
    """
    slots = world.slots
    out = np.arange(slots.inputs, len(slots))
    node = supply.of_slot[out]
    surplus = sum_by(node, (slots.disposal[out] > 1e-9).astype(np.float64), len(supply)) > 0
    good = supply.market % N_GOODS
    spare = np.isin(good, [*_OXIDES, _SCRAP])
    price = world.price0[supply.market]
    return np.where(surplus, price, np.where(spare, FLOOR * price, -np.inf))


def _final_demand(world: World, scenario: Scenario, demand: nd.Nodes, week: float) -> Demand:
    """Final demand of every node that manufacturers buy at, at base prices, t a year."""
    inputs, params = world.slots.inputs, scenario.market
    growth = np.exp(np.log1p(world.growth[:inputs]) * week / WEEKS_PER_YEAR)
    wish = np.where(world.final, world.slots.base_t[:inputs] * growth, 0.0) * WEEKS_PER_YEAR
    tonnes = sum_by(demand.of_slot[:inputs], wish, len(demand))
    node = np.flatnonzero(tonnes > 0)
    motor = demand.market[node] % N_GOODS == _MOTOR
    return Demand(
        node=node,
        base_t=tonnes[node],
        elasticity=np.where(motor, params.demand_elasticity_magnet, params.demand_elasticity_other),
        choke=world.choke[demand.market[node]],
    )


def _purchases(terms: Terms, cells: nd.Cells, demand: nd.Nodes) -> Purchases:
    """What the programmes in force buy a year, at the nodes of their reserves."""
    reserve = axes.STAGE_INDEX["reserve"]
    rows: list[tuple[int, float, float, float]] = []
    for node in np.flatnonzero(demand.cell >= 0).tolist():
        cell, good = int(demand.cell[node]), int(demand.market[node] % N_GOODS)
        programme = terms.programmes.get(cells.name[cell].removeprefix("reserve: "))
        if cells.stage[cell] != reserve or programme is None:
            continue
        tonnes = float(programme.t_per_week[good]) * WEEKS_PER_YEAR
        money = float(programme.usd_per_week[good]) * WEEKS_PER_YEAR
        rows.append((node, tonnes, money, programme.ceiling))
    columns = np.array(rows, np.float64).reshape(-1, 4).T
    return Purchases(columns[0].astype(np.int64), columns[1], columns[2], columns[3])


def _limits(terms: Terms, arcs: nd.Arcs) -> tuple[Limit, ...]:
    """Tonnage limits and licensing desks, as counted tonnes a year by arc."""
    found = [
        Limit(name, limit.weight[arcs.lane], tonnes_a_year(limit))
        for name, limit in terms.limits.items()
    ]
    for written in terms.licences.values():
        rule = written.rule
        for policy, desk in rule.desks.items():
            asked = np.where(desk.links & rule.needed, applications(1.0, rule.approval), 0.0)
            weight = terms.lane_links.mean(asked)[arcs.lane]
            found.append(Limit(policy, weight, desk.t_per_week * WEEKS_PER_YEAR))
    return tuple(limit for limit in found if limit.weight.any())


def tonnes_a_year(limit: TonnageLimit) -> float:
    """Counted tonnes a year under a limit; a half-year's allowance comes twice a year."""
    period = limit.allowance
    if period is None:
        return limit.t_per_week * WEEKS_PER_YEAR
    times = WEEKS_PER_YEAR / (period.ends_week - period.starts_week)
    whole = round(times)
    return period.t * (whole if abs(times - whole) < UNEVEN * times else times)


def _ceilings(world: World, terms: Terms, arcs: nd.Arcs) -> tuple[tuple[Flags, Flags, float], ...]:
    """For each economy, good and origin under a ceiling: its arcs, those of all origins, share."""
    lanes = world.lanes
    held = np.flatnonzero(terms.ceiling < 1.0)
    keys = {(int(lanes.origin[k]), int(world.lane_destination[k])) for k in held.tolist()}
    found = []
    for origin, market in sorted(keys):
        into = world.lane_destination[arcs.lane] == market
        out_of = into & (lanes.origin[arcs.lane] == origin)
        rows = held[(lanes.origin[held] == origin) & (world.lane_destination[held] == market)]
        found.append((out_of, into, float(terms.ceiling[rows].min())))
    return tuple(found)


def _guaranteed(
    world: World, cells: nd.Cells, supply: nd.Nodes, guarantee: Guarantee | None
) -> tuple[nd.Recipes, Ints]:
    """Output of guaranteed slots per unit of their cell's activity, and their nodes."""
    nothing = np.zeros(0, np.int64)
    if guarantee is None:
        return nd.Recipes(nothing, nothing, np.zeros(0)), nothing
    slots = world.slots
    slot = np.flatnonzero(guarantee.floor_usd_per_kg > 0.0)
    firm = slots.firm[slots.inputs + slot]
    cell = cells.of_firm[firm]
    sold = world.nominal_t[slots.inputs + slot] * WEEKS_PER_YEAR
    rate = sold / np.maximum(cells.activity_t[cell], 1e-30)
    return nd.Recipes(cell, slot, rate), supply.of_slot[slots.inputs + slot]
