"""Routes: where a control keeps goods from flowing, and the ways round it through third countries.

Everything here follows from the terms and the world; it is worked out when the terms change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tradesim.parameters import MarketParameters
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.terms import Terms
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, Ints, World, sum_by

Index = tuple[Ints, Ints, Ints]

#: Wait at which a way is used half as much as one without (assumption: a quarter).
PATIENCE_WEEKS = 13.0
#: A hub that helps with less than this share of open orders is no way round.
LEAST_LIMIT = 0.01


@dataclass(frozen=True)
class Routes:
    """Controlled links [n] and lanes [m], and the ways [w] past the control.

    The first way is smuggling on the lane itself, the others lead through one hub [h] each.
    """

    links: Ints  # [n]
    lane: Ints  # [n] position of each link's lane in ``lanes``
    lanes: Ints  # [m]
    hubs: Ints  # [h] firms that trade
    capacity_t: Floats  # [h] t a week
    limit: Floats  # [m, w] most that may go a way: share of base flow, of open orders by hubs
    markup: Floats  # [m, w] what the seller's side asks above the price with its wedge, ratio
    freight_usd_per_kg: Floats  # [w] on top of the wedge
    kept: Floats  # [m, w] probability that a lot is not found
    penalty: Floats  # [m, w] fine on a lot that is found, share of its value
    catcher: Ints  # [m, w] economy that finds it
    duty: Floats  # [m, w] ad valorem duty at the destination
    specific: Floats  # [m] specific duty there, USD/kg
    export_tax: Floats  # [m, w] paid at the first border; smugglers do not
    held: Floats  # [n] share of shipments that customs detains
    lag_weeks: Floats  # [m] of a lot by a hub: transit, handling, and its licence to the hub
    opens_week: Floats  # [m, h] no lot leaves for the hub before this week of the run


@dataclass
class Evasion:
    """Lots on their way past a control in a step, t; links [n], lanes [m], hubs [h]."""

    routes: Routes  # by which they were planned
    direct: Floats  # [n] smuggled
    detour: Floats  # [n] by way of hubs
    split: Floats  # [m, h] share of each hub in the lane's detour
    lost_direct: Floats  # [m] share that is found
    lost_detour: Floats  # [m]
    by_hub: Floats  # [h] t that came to each hub


def freedom(world: World, terms: Terms) -> Floats:
    """How freely goods flow on each lane [lanes], 1 without any control, 0 when shut.

    The approval of licences, less for the wait (:data:`PATIENCE_WEEKS`) there and in detention, at
    most the share of base flow that a cap or a tonnage limit lets by.
    """
    base = np.maximum(world.lanes.base_t, 1e-12)
    free = terms.openness(PATIENCE_WEEKS)
    free = free / (1.0 + terms.hold_share * terms.hold_weeks / PATIENCE_WEEKS)
    free = np.minimum(free, terms.cap_t_per_week / base)
    for limit in terms.limits.values():
        counted = (limit.weight * world.lanes.base_t).sum()
        share = min(1.0, limit.t_per_week / max(counted, 1e-12))
        free = np.minimum(free, np.where(limit.weight > 0, share, 1.0))
    return np.asarray(np.minimum(free, 1.0), np.float64)


class Legs:
    """Means of levers between economies, for legs of a detour on which a good may be new."""

    def __init__(self, world: World) -> None:
        lanes = world.lanes
        self.shape = (N_GOODS, N_ECONOMIES, N_ECONOMIES)
        self.key = (lanes.good * N_ECONOMIES + lanes.origin) * N_ECONOMIES + lanes.destination
        self.weight = (lanes.base_t + 1e-9) * world.lane_abroad
        self.total = self._sum(self.weight)

    def mean(self, value: Floats, default: float, by_pair: bool = False) -> Floats:
        """Mean of a lever [lanes] over end uses, by base flow [goods, origin, destination].

        A good that is not traded between two economies takes the origin's mean for the good or,
        with ``by_pair``, the mean of all goods between the two; ``default`` where neither is.
        """
        if (value == default).all():
            return np.full(self.shape, default)
        summed, axis = self._sum(self.weight * value), 0 if by_pair else 2
        whole, part = self.total.sum(axis, keepdims=True), summed.sum(axis, keepdims=True)
        spare = np.where(whole > 0, part / np.maximum(whole, 1e-30), default)
        return np.where(self.total > 0, summed / np.maximum(self.total, 1e-30), spare)

    def _sum(self, amount: Floats) -> Floats:
        return sum_by(self.key, amount, int(np.prod(self.shape))).reshape(self.shape)


def open_routes(world: World, params: MarketParameters, terms: Terms) -> Routes | None:
    """Controlled links and the ways round under new terms; None if nothing is controlled."""
    free = freedom(world, terms)
    shut = (free < 1.0)[world.links.lane] | terms.closed
    links = np.flatnonzero(shut & world.lane_abroad[world.links.lane])
    if len(links) == 0:
        return None
    lanes, lane = np.unique(world.links.lane[links], return_inverse=True)
    legs = Legs(world)
    by_hub, hubs = _hub_limits(world, legs, free, lanes)
    return Routes(
        links=links,
        lane=lane.ravel(),
        lanes=lanes,
        hubs=hubs,
        capacity_t=world.firms.capacity_t[hubs] / WEEKS_PER_YEAR,
        limit=_ways(np.full(len(lanes), params.leak_share_limit), by_hub),
        markup=_ways(
            np.full(len(lanes), params.leak_risk_premium), np.full(by_hub.shape, params.hub_margin)
        ),
        freight_usd_per_kg=np.append(0.0, np.full(len(hubs), params.hub_freight_usd_per_kg)),
        specific=terms.specific_usd_per_kg[lanes],
        held=terms.hold_share[world.links.lane[links]],
        lag_weeks=_lags(world, legs, params, terms, lanes, hubs, by_hub),
        opens_week=legs.mean(_opening(terms), 0.0)[_stages(world, lanes, hubs)[0]],
        **_borders(world, legs, terms, lanes, hubs),
    )


def _hub_limits(world: World, legs: Legs, free: Floats, lanes: Ints) -> tuple[Floats, Ints]:
    """Share of open orders on ``lanes`` [m] that hubs can serve [m, h], and the useful hubs [h].

    A hub helps as far as the good comes to it more easily than to its target, and as far as it
    may go on from there.
    """
    hubs = np.flatnonzero(world.is_trader)
    place = world.firms.economy[hubs]
    origin, target = world.lanes.origin[lanes][:, None], world.lanes.destination[lanes][:, None]
    first, second = _stages(world, lanes, hubs)
    reach = legs.mean(free, 1.0)
    here = free[lanes][:, None]
    easier = np.clip((reach[first] - here) / np.maximum(1.0 - here, 1e-9), 0.0, 1.0)
    limit = easier * reach[second] * ((place != origin) & (place != target))
    limit = np.where(limit < LEAST_LIMIT, 0.0, limit)
    useful = limit.any(0)
    return limit[:, useful], hubs[useful]


def _stages(world: World, lanes: Ints, hubs: Ints) -> tuple[Index, Index]:
    """Indices [m, h] of both legs by each hub into tables of good, origin and destination."""
    good, place = world.lanes.good[lanes][:, None], world.firms.economy[hubs][None, :]
    origin, target = world.lanes.origin[lanes][:, None], world.lanes.destination[lanes][:, None]
    return (good, origin, place), (good, place, target)


def _borders(world: World, legs: Legs, terms: Terms, lanes: Ints, hubs: Ints) -> dict[str, Any]:
    """Detection, fines, duties and export taxes on every way past the control [m, w]."""
    origin, place = world.lanes.origin[lanes][:, None], world.firms.economy[hubs]
    first, second = _stages(world, lanes, hubs)
    found, fine = legs.mean(terms.detection, 0.0), legs.mean(terms.penalty, 0.0)
    missed = (1.0 - found[first]) * (1.0 - found[second])
    at_hub = np.where(found[first] >= found[second], origin, place)
    return {
        "kept": _ways(1.0 - terms.detection[lanes], missed),
        "penalty": _ways(terms.penalty[lanes], np.maximum(fine[first], fine[second])),
        "catcher": np.concatenate((origin, at_hub), 1),
        "duty": _ways(
            terms.ad_valorem[lanes], legs.mean(terms.ad_valorem, 0.0, by_pair=True)[second]
        ),
        "export_tax": _ways(np.zeros(len(lanes)), legs.mean(terms.export_tax, 0.0)[first]),
    }


def _lags(
    world: World, legs: Legs, params: MarketParameters, terms: Terms, lanes: Ints, hubs: Ints,
    limit: Floats,
) -> Floats:  # fmt: skip
    """Weeks that lots by hubs take [m]: licence, two transits, handling; mean over useful hubs."""
    if len(hubs) == 0:
        return np.zeros(len(lanes))
    first, second = _stages(world, lanes, hubs)
    transit = legs.mean(world.lanes.transit_weeks, 0.0, by_pair=True)
    wait = np.zeros(len(world.lanes))
    for written in terms.licences.values():
        rule = written.rule
        wait = np.maximum(
            wait, terms.lane_links.mean(np.where(rule.binding, rule.delay_weeks, 0.0))
        )
    weeks = legs.mean(wait, 0.0)[first] + transit[first] + transit[second] + params.hub_weeks
    weight = limit * world.firms.capacity_t[hubs] + 1e-12
    return np.asarray((weight * weeks).sum(1) / weight.sum(1), np.float64)


def _opening(terms: Terms) -> Floats:
    """First week of the run in which every authority releases lots [lanes]."""
    weeks = np.zeros(len(terms.ad_valorem))
    for written in terms.licences.values():
        rule = written.rule
        weeks = np.maximum(
            weeks, terms.lane_links.mean(np.where(rule.binding, rule.opens_week, 0.0))
        )
    return weeks


def _ways(direct: Floats, by_hub: Floats) -> Floats:
    """One column for smuggling [m] before those of the hubs [m, h]."""
    return np.concatenate((direct[:, None], by_hub), 1)
