"""Build a world from the base-year tables: set-up, apart from every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tradesim import axes, rng
from tradesim.errors import ModelError
from tradesim.scenario import WEEKS_PER_YEAR, Scenario
from tradesim.tables.further import with_further
from tradesim.tables.loader import BaseYear, base_of
from tradesim.world import (
    alternatives,
    content,
    flows,
    further,
    prices,
    projects,
    technology,
)
from tradesim.world.derive import derived
from tradesim.world.firms import Firms, draw_firms, joined, read_cells, traders
from tradesim.world.reserves import Reserve, add_reserves
from tradesim.world.types import (
    BASE_YEAR,
    BY_ELEMENT,
    BY_INPUTS,
    BY_RECIPE,
    N_ELEMENTS,
    N_GOODS,
    Flags,
    Floats,
    Ints,
    Lanes,
    Links,
    Slots,
    World,
    sum_by,
)

#: Largest relative gap between a slot's links and its recipe before the build is refused.
CLOSURE = 1e-9
#: Nobody plans with less: a week's sales leave the stock before the week's output arrives.
LEAST_COVER_WEEKS = 1.5
#: Rounds in which growth is handed up the chain; its loop through scrap has converged by then.
GROWTH_ROUNDS = 60

_STAGE = axes.STAGE_INDEX
_OXIDE0 = axes.GOOD_INDEX[axes.OXIDES[0]]


def build_world(
    scenario: Scenario, seed: int, base: BaseYear | None = None, reserves: Sequence[Reserve] = ()
) -> World:
    """Firms, slots, links and lanes of one seed, steady in the base year by construction.

    Returns arrays in t a week and USD/kg. Raises :class:`InputError` for too few firms and
    :class:`ModelError` when links do not add up to the recipes.
    """
    base = with_further(base or base_of(scenario.base_year), scenario.further_goods)
    cells = read_cells(base)
    firms = draw_firms(base, cells, scenario.firms, seed)
    network = flows.draw_network(base, cells, firms, seed)
    if scenario.pipeline:
        firms, network = projects.add_projects(base, scenario, firms, network)
    firms, network = further.add_further(scenario.further_goods, firms, network, seed)
    network = alternatives.add_alternatives(firms, network)
    hubs = traders(base)
    firms, network = joined(firms, hubs), flows.with_idle(network, len(hubs))
    firms, network = add_reserves(reserves, firms, network)
    return _assemble(scenario, seed, base, firms, network)


def _assemble(
    scenario: Scenario, seed: int, base: BaseYear, firms: Firms, net: flows.Network
) -> World:
    """Turn the firm x good matrices and the drawn links into slots, links and lanes."""
    slots, slot_in, slot_out = _slots(scenario, seed, base, firms, net)
    links, lanes = _links(firms, net, slot_in, slot_out, prices.transit_weeks(base))
    slots = _check_closure(firms, slots, links)
    price0 = prices.base_prices(base)
    costs = prices.cost_shares(base, firms, slots, price0)
    origin = content.origin_of_sources(firms, slots, links)
    slots = replace(slots, vector=content.base_vectors(firms, slots, links))
    slots = replace(slots, base_chinese=content.base_chinese(firms, slots, links, origin))
    destination = lanes.destination * N_GOODS + lanes.good
    growth = _demand_growth(base, firms, slots)
    choke = prices.choke_ratios(base, firms, slots, price0, scenario.market)
    return World(
        seed=seed,
        firms=firms,
        slots=slots,
        links=links,
        lanes=lanes,
        price0=price0,
        choke=choke,
        most_passed_on=choke**prices.PASSED_ON,
        wedge=price0[destination] / price0[lanes.origin * N_GOODS + lanes.good],
        growth=growth * scenario.growth,
        planned_growth=_planned_growth(firms, slots, links, growth, price0) * scenario.growth,
        parallel=_parallel(firms),
        origin_share=origin,
        chinese_technology=technology.dependent(base, firms, seed),
        **derived(firms, slots, links, lanes, prices.passed_on(firms, slots, costs)),
    )


def _parallel(firms: Firms) -> Flags:
    """Firms whose inputs go into separate products: one may run out while the others go on."""
    return np.isin(firms.stage, [_STAGE["component"], _STAGE["manufacture"]])


def _slots(
    scenario: Scenario, seed: int, base: BaseYear, firms: Firms, net: flows.Network
) -> tuple[Slots, Ints, Ints]:
    """Slots in order (inputs by firm, then outputs by firm) and their look-up [firms, goods]."""
    firm_in, good_in = np.nonzero(net.uses_t > 0)
    firm_out, good_out = np.nonzero(net.outputs_t > 0)
    firm, good = np.concatenate((firm_in, firm_out)), np.concatenate((good_in, good_out))
    slot_in, slot_out = (np.full((len(firms), N_GOODS), -1, np.int64) for _ in range(2))
    slot_in[firm_in, good_in] = np.arange(len(firm_in))
    slot_out[firm_out, good_out] = len(firm_in) + np.arange(len(firm_out))
    net_out = net.outputs_t - net.disposal_t
    annual = np.concatenate((net.uses_t[firm_in, good_in], net_out[firm_out, good_out]))
    gross = np.concatenate((net.uses_t[firm_in, good_in], net.outputs_t[firm_out, good_out]))
    disposal = 1.0 - annual / gross
    element = np.where((good >= _OXIDE0) & (good < _OXIDE0 + N_ELEMENTS), good - _OXIDE0, -1)
    filled, vector = _filling(base, firms, firm, good, element, len(firm_in))
    slots = Slots(
        inputs=len(firm_in),
        firm=firm,
        good=good,
        market=firms.economy[firm] * N_GOODS + good,
        base_t=annual / WEEKS_PER_YEAR,
        per_activity=gross / firms.activity_t[firm],
        cover_weeks=_covers(scenario, seed, firms, firm, good, len(firm_in)),
        vector=vector,
        filled=filled,
        element=np.where(filled == BY_ELEMENT, element, -1),
        disposal=disposal,
        base_chinese=np.zeros(len(firm)),
    )
    return slots, slot_in, slot_out


def _filling(
    base: BaseYear, firms: Firms, firm: Ints, good: Ints, element: Ints, inputs: int
) -> tuple[Ints, Floats]:
    """How each output is filled and the content per tonne of outputs with a fixed content."""
    stage = firms.stage[firm]
    is_output = np.arange(len(firm)) >= inputs
    has_feed = np.isin(firm, firm[:inputs])
    joint = np.isin(stage, [_STAGE["separation"], _STAGE["recycling"]]) & (element >= 0) & has_feed
    filled = np.full(len(firm), BY_RECIPE, np.int64)
    filled[joint & is_output] = BY_ELEMENT
    filled[is_output & (stage == _STAGE["component"])] = BY_INPUTS
    vector = np.zeros((len(firm), N_ELEMENTS))
    rows = np.flatnonzero(is_output & (element >= 0))
    vector[rows, element[rows]] = 1.0
    fixed = content.Vectors(base)
    for slot in np.flatnonzero(is_output & (element < 0) & (filled == BY_RECIPE)):
        vector[slot] = fixed.of(firms, int(firm[slot]), axes.GOODS[good[slot]])
    return filled, vector


def _covers(
    scenario: Scenario, seed: int, firms: Firms, firm: Ints, good: Ints, inputs: int
) -> Floats:
    """Weeks of cover that each slot aims at, lognormal between firms."""
    market = scenario.market
    magnets = np.isin(good, axes.positions(axes.MAGNETS, axes.GOODS))
    mean = np.where(magnets, market.cover_magnet_weeks, market.cover_input_weeks)
    mean[inputs:] = market.cover_output_weeks
    ids = firms.id[firm] ^ good.astype(np.uint64)
    cover = mean * rng.lognormals(seed, "cover", ids, market.cover_spread)
    return np.maximum(cover, LEAST_COVER_WEEKS)


def _links(
    firms: Firms, net: flows.Network, slot_in: Ints, slot_out: Ints, transit: Floats
) -> tuple[Links, Lanes]:
    """Links sorted by buyer slot, and the lanes they run on."""
    seller, buyer = slot_out[net.seller, net.good], slot_in[net.buyer, net.good]
    lane_key = np.stack((firms.economy[net.seller], firms.economy[net.buyer], net.good, net.use))
    lane, lane_of = np.unique(lane_key, axis=1, return_inverse=True)
    weekly = net.tonnes / WEEKS_PER_YEAR
    total = sum_by(buyer, weekly, int(buyer.max()) + 1)[buyer]
    weight = np.where(net.project != BASE_YEAR, net.weight, weekly / np.maximum(total, 1e-30))
    order = np.lexsort((seller, buyer))
    lane_of = lane_of.ravel()[order]
    links = Links(
        seller=seller[order],
        buyer=buyer[order],
        lane=lane_of,
        id=_pair_id(firms.id[net.seller], firms.id[net.buyer], net.good)[order],
        base_t=weekly[order],
        weight=weight[order],
        project=net.project[order],
    )
    lanes = Lanes(
        origin=lane[0],
        destination=lane[1],
        good=lane[2],
        use=lane[3],
        base_t=sum_by(lane_of, links.base_t, lane.shape[1]),
        transit_weeks=transit[lane[0], lane[1]],
    )
    return links, lanes


def _pair_id(
    seller: npt.NDArray[np.uint64], buyer: npt.NDArray[np.uint64], good: Ints
) -> npt.NDArray[np.uint64]:
    """Stable id of a link: depends on its two firms and its good alone [links]."""
    mixed = seller * np.uint64(31) + buyer * np.uint64(17)
    return np.asarray(mixed + good.astype(np.uint64), np.uint64)


def _check_closure(firms: Firms, slots: Slots, links: Links) -> Slots:
    """Reset each slot to the sum of its links; a gap above :data:`CLOSURE` stops the build."""
    base = links.project == BASE_YEAR
    bought = sum_by(links.buyer[base], links.base_t[base], len(slots))
    sold = sum_by(links.seller[base], links.base_t[base], len(slots))
    total = bought + sold
    known = (total > 0) | (slots.base_t > 0)
    running = known & (firms.cell[slots.firm] >= 0)
    gap = np.abs(total - slots.base_t) / np.maximum(slots.base_t, 1e-12)
    gap[~running | (slots.base_t < 1e-9)] = 0.0
    if gap.max() > CLOSURE:
        worst = int(gap.argmax())
        raise ModelError(
            f"the links of a slot miss its recipe by {gap[worst]:.2e} of its flow",
            where=f"firm {slots.firm[worst]}, good {axes.GOODS[slots.good[worst]]}",
            allowed=f"at most {CLOSURE}",
            remedy="make the tables anew: python -m tradesim.tables.reconcile",
        )
    return replace(slots, base_t=np.where(running, total, 0.0))


def _demand_growth(base: BaseYear, firms: Firms, slots: Slots) -> Floats:
    """Growth of final demand by slot [slots], per year; zero for all but manufacturers."""
    rate = dict(
        zip(
            base.table("growth")["end_use"],
            np.asarray(base.table("growth")["growth_per_year"], np.float64),
            strict=True,
        )
    )
    by_firm = np.array([float(rate.get(line, 0.0)) for line in firms.line])
    final = firms.stage == _STAGE["manufacture"]
    return np.where(final, by_firm, 0.0)[slots.firm]


def _planned_growth(
    firms: Firms, slots: Slots, links: Links, growth: Floats, price0: Floats
) -> Floats:
    """Capacity growth that every producer plans, per year [firms].

    The growth of final demand handed up the chain: each firm plans for the mean growth of its
    customers, weighted by what they pay at base prices.
    """
    rate = np.zeros(len(firms))
    final = firms.stage == _STAGE["manufacture"]
    np.maximum.at(rate, slots.firm, growth)
    seller, buyer = slots.firm[links.seller], slots.firm[links.buyer]
    value = links.base_t * price0[slots.market[links.seller]]
    total = sum_by(seller, value, len(firms))
    for _ in range(GROWTH_ROUNDS):
        mean = sum_by(seller, value * rate[buyer], len(firms))
        rate = np.where(final, rate, mean / np.maximum(total, 1e-30))
    return rate
