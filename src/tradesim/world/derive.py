"""Facts that follow from firms, slots and links and that every step needs. Set-up only."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradesim import axes
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.firms import Firms
from tradesim.world.types import (
    BASE_YEAR,
    BY_ELEMENT,
    BY_INPUTS,
    MIXTURES,
    N_ECONOMIES,
    N_ELEMENTS,
    N_GOODS,
    PUBLIC,
    SLEEPING,
    Floats,
    Ints,
    Lanes,
    Links,
    Slots,
    sum_by,
)

#: Stock above this multiple of its target is thrown out (assumption; the valve that keeps an
#: oxide from piling up without end). Surplus co-products leave as soon as the stock is full.
VALVE = 4.0

_STAGE = axes.STAGE_INDEX
_HRE = axes.GOOD_INDEX["magnet_NdFeB_HRE"]
_PLAIN = axes.GOOD_INDEX["magnet_NdFeB"]


def derived(
    firms: Firms, slots: Slots, links: Links, lanes: Lanes, costs: Floats
) -> dict[str, Any]:
    """The derived fields of :class:`World`, by name; ``costs`` is the cost share by slot."""
    inputs = slots.inputs
    firm = slots.firm[:inputs]
    stage = firms.stage[firm]
    component = stage == _STAGE["component"]
    good = slots.good[:inputs]
    nominal = nominal_flow(firms, slots)
    fed, first = np.unique(firm, return_index=True)
    has_input = np.isin(np.arange(len(firms)), fed)
    thrifts = component & (good == _HRE)
    partner = np.isin(firm, firm[component & (good == _PLAIN)])
    at_destination = lanes.destination * N_GOODS + lanes.good
    markets = N_ECONOMIES * N_GOODS
    return {
        "nominal_t": nominal,
        "activity_nominal_t": firms.activity_t / WEEKS_PER_YEAR,
        "cost_share": costs,
        # nobody makes magnets for the sake of their swarf
        "steers": np.where(
            (slots.good == axes.GOOD_INDEX["scrap_NdFeB"])
            & (firms.stage[slots.firm] == _STAGE["magnet"]),
            0.0,
            1.0,
        ),
        "recovery": recoveries(firms, slots, nominal),
        **_market_facts(slots),
        "transit_weeks_in": _transit(slots, links, lanes),
        "input_use": np.array([axes.end_use_of(firms.line[f]) for f in firm], np.int64),
        "final": stage == _STAGE["manufacture"],
        "is_component_input": component,
        **_component_facts(slots, np.flatnonzero(component)),
        "thrifts": thrifts & partner,
        "takes_over": component & (good == _PLAIN) & np.isin(firm, firm[thrifts]),
        "consumes": firms.stage == _STAGE["manufacture"],
        "is_source": ~has_input & (firms.stage != _STAGE["trader"]),
        "is_trader": firms.stage == _STAGE["trader"],
        "makes": np.isin(np.arange(len(firms)), slots.firm[inputs:]),
        "fed": fed,
        "first_input": first,
        **_content_facts(slots),
        "project_links": np.flatnonzero(links.project >= 0),
        "sleeping_links": np.flatnonzero(links.project == SLEEPING),
        **_public_facts(firms, slots, links, lanes),
        "seller_output": links.seller - inputs,
        "joint": np.flatnonzero(slots.filled[inputs:] == BY_ELEMENT),
        "whole": np.flatnonzero(slots.filled[inputs:] == BY_INPUTS),
        "seller_firm": slots.firm[links.seller],
        "buyer_firm": slots.firm[links.buyer],
        "lane_origin": lanes.origin * N_GOODS + lanes.good,
        "lane_destination": at_destination,
        "lane_abroad": lanes.origin != lanes.destination,
        "made_base_t": sum_by(slots.market[inputs:], slots.base_t[inputs:], markets),
        "bought_base_t": sum_by(at_destination, lanes.base_t, markets),
    }


#: Metals and the oxides they are made of.
FAMILIES = (
    ("oxide_Nd", "oxide_Pr", "metal_NdPr"), ("oxide_Dy", "metal_Dy"), ("oxide_Tb", "metal_Tb"),
    ("oxide_Sm", "metal_Sm"),
)  # fmt: skip


def _market_facts(slots: Slots) -> dict[str, Any]:
    """Size of each market at target cover, and which goods are one element in other forms."""
    markets = N_ECONOMIES * N_GOODS
    held = slots.cover_weeks * slots.base_t
    family = np.arange(N_GOODS)
    for members in FAMILIES:
        numbers = axes.positions(members, axes.GOODS)
        family[numbers] = numbers[0]
    inside = sum_by(slots.market, held * slots.vector.sum(1), markets)
    size = sum_by(slots.market, held, markets)
    bought = sum_by(slots.market[: slots.inputs], slots.base_t[: slots.inputs], markets)
    sold = sum_by(slots.market[slots.inputs :], slots.base_t[slots.inputs :], markets)
    through = np.maximum(bought, sold)
    return {
        "market_size": size,
        "market_cover_weeks": np.where(through > 0, size / np.maximum(through, 1e-30), np.inf),
        "family": family,
        "family_size": inside.reshape(N_ECONOMIES, N_GOODS),
    }


def _public_facts(firms: Firms, slots: Slots, links: Links, lanes: Lanes) -> dict[str, Any]:
    """Slots and links of public reserves, and which slots and lanes are private."""
    public = firms.stage[slots.firm[: slots.inputs]] == _STAGE["reserve"]
    held, bought = np.flatnonzero(public), np.flatnonzero(links.project == PUBLIC)
    return {
        "reserve_slots": held,
        "public_links": bought,
        "public_seat": np.searchsorted(held, links.buyer[bought]),
        "private": ~public,
        "lane_private": np.bincount(links.lane, links.project != PUBLIC, len(lanes)) > 0,
    }


def _component_facts(slots: Slots, rows: Ints) -> dict[str, Any]:
    """Magnet inputs of component makers, sorted by firm, and what is in them."""
    _, first = np.unique(slots.firm[rows], return_index=True)
    return {
        "component_inputs": rows,
        "component_first": first,
        "component_vectors": slots.vector[rows],
    }


def _content_facts(slots: Slots) -> dict[str, Any]:
    """Which slots hold mixtures, and the content per tonne of all."""
    mixed = np.flatnonzero(np.isin(slots.good, MIXTURES))
    good_vector = np.zeros((N_GOODS, N_ELEMENTS))
    good_vector[slots.good] = slots.vector
    return {
        "mixed": mixed,
        "mixed_inputs": int((mixed < slots.inputs).sum()),
        "tracked": np.isin(slots.good, MIXTURES),
        "good_vector": good_vector,
        "valve": np.where(slots.disposal > 0, 1.0, VALVE)[slots.inputs :],
        "density": slots.vector.sum(1),
    }


def nominal_flow(firms: Firms, slots: Slots) -> Floats:
    """Net flow of each slot at base activity, or of a project at full ramp, t a week [slots]."""
    full = slots.per_activity * (firms.activity_t / WEEKS_PER_YEAR)[slots.firm]
    return np.where(slots.base_t > 0, slots.base_t, full * (1.0 - slots.disposal))


def recoveries(firms: Firms, slots: Slots, nominal: Floats) -> Floats:
    """Oxide made per tonne of the same element in the feed [slots], zero for other slots.

    From the firm's own base-year feed and output; a project takes the mean of its kind.
    """
    inputs = slots.inputs
    feed = np.zeros((len(firms), N_ELEMENTS))
    np.add.at(feed, slots.firm[:inputs], slots.vector[:inputs] * slots.base_t[:inputs, None])
    joint = np.flatnonzero(slots.filled == BY_ELEMENT)
    gross = nominal[joint] / np.maximum(1.0 - slots.disposal[joint], 1e-12)
    inside = feed[slots.firm[joint], slots.element[joint]]
    own = gross / np.where(inside > 0, inside, np.inf)
    kind = [
        (firms.line[f], e) for f, e in zip(slots.firm[joint], slots.element[joint], strict=True)
    ]
    made: dict[tuple[str, int], float] = {}
    fed: dict[tuple[str, int], float] = {}
    for key, tonnes, mass in zip(kind, gross, inside, strict=True):
        if mass > 0:
            made[key] = made.get(key, 0.0) + float(tonnes)
            fed[key] = fed.get(key, 0.0) + float(mass)
    mean = np.array([made.get(k, 0.0) / fed.get(k, 1.0) for k in kind])
    recovery = np.zeros(len(slots))
    recovery[joint] = np.where(inside > 0, own, mean)
    return recovery


def _transit(slots: Slots, links: Links, lanes: Lanes) -> Floats:
    """Mean transit of an input's base-year supply in weeks [inputs].

    A project that is not built yet sends nothing, so it lengthens nobody's supply line; an input
    without supply in the base year (of a project or a reserve) takes the mean over all its links.
    """
    in_base = np.where(links.project == BASE_YEAR, links.weight, 0.0)
    fed = sum_by(links.buyer, in_base, slots.inputs) > 0
    other = np.where(links.project == SLEEPING, 0.0, links.weight)
    weight = np.where(fed[links.buyer], in_base, other)
    total = sum_by(links.buyer, weight, slots.inputs)
    weeks = sum_by(links.buyer, weight * lanes.transit_weeks[links.lane], slots.inputs)
    return weeks / np.maximum(total, 1e-30)
