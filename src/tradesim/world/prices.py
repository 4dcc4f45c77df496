"""Base prices, choke prices and transit times of the base year."""

from __future__ import annotations

import numpy as np

from tradesim import axes
from tradesim.parameters import MarketParameters
from tradesim.tables.loader import BaseYear
from tradesim.world.derive import nominal_flow
from tradesim.world.firms import Firms
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, Slots, sum_by

#: Costs are passed on up to this share of the way (in logs) to the choke price (assumption).
PASSED_ON = 0.9
#: Stands in for the price, in USD/kg, of a further good that the world does not trade.
NO_MARKET = 1.0
#: Share of rare-earth goods in the price of a product that no table names (assumption).
USUAL_COST_SHARE = 0.1
#: Least share of an input in its user's cost, so that a choke price stays finite (assumption).
LEAST_COST_SHARE = 1e-4


def base_prices(base: BaseYear) -> Floats:
    """Base price of every market in USD/kg [markets]; ROW stands for every economy not named."""
    rows = base.table("prices")
    price = np.full((N_ECONOMIES, N_GOODS), np.nan)
    known = zip(rows["good"], rows["region"], rows["price_usd_per_kg"], strict=True)
    table = {(str(g), str(r)): float(p) for g, r, p in known}
    for i, economy in enumerate(axes.ECONOMIES):
        for j, good in enumerate(axes.GOODS):
            price[i, j] = table.get((good, economy), table.get((good, "ROW"), NO_MARKET))
    return price.ravel()


def transit_weeks(base: BaseYear) -> Floats:
    """Door-to-door transit in weeks [economies, economies]; zero at home."""
    rows = base.table("transit")
    region = {str(e): str(r) for e, r in zip(rows["economy"], rows["region"], strict=True)}
    weeks = {
        (str(a), str(b)): float(w)
        for a, b, w in zip(
            base.table("transit_regions")["from_region"],
            base.table("transit_regions")["to_region"],
            base.table("transit_regions")["weeks"],
            strict=True,
        )
    }
    table = np.zeros((N_ECONOMIES, N_ECONOMIES))
    for i, a in enumerate(axes.ECONOMIES):
        for j, b in enumerate(axes.ECONOMIES):
            pair = (region[a], region[b])
            table[i, j] = 0.0 if i == j else weeks.get(pair, weeks.get(pair[::-1], 0.0))
    return table


def choke_ratios(
    base: BaseYear, firms: Firms, slots: Slots, price0: Floats, market: MarketParameters
) -> Floats:
    """Choke price over base price [markets]: ``1 + kappa / cost share`` of the last user.

    The cost share is that of the good in the unit cost of the product it goes into. A metal maker
    passes its cost on, so an oxide is judged by its share in the magnet. The last user is the one
    that can bear most, which is the one with the smallest cost share.
    """
    share = _unit_shares(base, firms, slots, price0)
    share = _pass_through_metal(firms, slots, share)
    least = np.full(N_GOODS, np.inf)
    inputs = slice(0, slots.inputs)
    np.minimum.at(least, slots.good[inputs], share[inputs])
    ratio = 1.0 + market.choke_cost_increase / np.where(np.isfinite(least), least, 1.0)
    return np.tile(ratio, N_ECONOMIES)


def _unit_shares(base: BaseYear, firms: Firms, slots: Slots, price0: Floats) -> Floats:
    """Cost share of each input in the product that needs it [slots].

    As :func:`cost_shares`, but where inputs serve separate products: a motor with one grade of
    magnet costs that magnet, and a phosphor lamp its phosphor.
    """
    share = cost_shares(base, firms, slots, price0).copy()
    final = _final_shares(base)
    component = axes.STAGE_INDEX["component"]
    motor = axes.GOOD_INDEX["component_motor"]
    for slot in range(slots.inputs):
        firm = int(slots.firm[slot])
        if firms.stage[firm] == component:
            market = int(firms.economy[firm]) * N_GOODS + motor
            share[slot] = min(1.0, price0[slots.market[slot]] / price0[market])
        elif firms.stage[firm] == axes.STAGE_INDEX["manufacture"]:
            share[slot] = final.get(firms.line[firm], USUAL_COST_SHARE)
    return share


def _final_shares(base: BaseYear) -> dict[str, float]:
    """Share of rare-earth goods in the price of what each end use makes."""
    rows = base.table("cost_shares")
    return {str(u): float(s) for u, s in zip(rows["end_use"], rows["cost_share"], strict=True)}


def cost_shares(base: BaseYear, firms: Firms, slots: Slots, price0: Floats) -> Floats:
    """Share of each input in its user's unit cost [slots]; 1 for outputs.

    Producers: value of the input over the value of net output at base prices. Manufacturers
    (no output good): the sourced or assumed share of rare earths in their product.
    """
    value = nominal_flow(firms, slots) * price0[slots.market]
    output = np.zeros(len(firms))
    out = slice(slots.inputs, len(slots))
    np.add.at(output, slots.firm[out], value[out])
    final = _final_shares(base)
    bought = sum_by(slots.firm[: slots.inputs], value[: slots.inputs], len(firms))
    manufacture = firms.stage == axes.STAGE_INDEX["manufacture"]
    product = np.array([final.get(line, USUAL_COST_SHARE) for line in firms.line])
    output = np.where(manufacture, bought / product, output)
    share = np.ones(len(slots))
    inputs = slice(0, slots.inputs)
    ratio = value[inputs] / np.maximum(output[slots.firm[inputs]], 1e-30)
    share[inputs] = np.where(value[inputs] > 0, np.clip(ratio, LEAST_COST_SHARE, 1.0), 1.0)
    return share


def passed_on(firms: Firms, slots: Slots, costs: Floats) -> Floats:
    """Share of each input's price change that its user passes on to its products [slots].

    That is the cost share, but nothing in joint production: the price of ore and scrap follows
    what is in them, not the other way round, and the loop through scrap would have no anchor.
    """
    joint = np.isin(firms.stage, [axes.STAGE_INDEX["separation"], axes.STAGE_INDEX["recycling"]])
    shares = np.where(joint[slots.firm], 0.0, costs)
    shares[slots.inputs :] = 0.0
    total = sum_by(slots.firm, shares, len(firms))
    return shares / np.maximum(total, 1.0)[slots.firm]


def _pass_through_metal(firms: Firms, slots: Slots, share: Floats) -> Floats:
    """Judge what metal makers buy by its share in the magnet made of the metal."""
    share = share.copy()
    least: dict[str, float] = {}
    inputs = range(slots.inputs)
    for slot in inputs:
        good = axes.GOODS[slots.good[slot]]
        if good in axes.METALS:
            least[good] = min(least.get(good, 1.0), float(share[slot]))
    metal = axes.STAGE_INDEX["metal"]
    for slot in inputs:
        firm = int(slots.firm[slot])
        if firms.stage[firm] == metal and firms.line[firm] in least:
            share[slot] *= least[firms.line[firm]]
    return share
