"""Welfare by economy against the comparison, same seed: a first, short-run account in USD.

Gains are positive. For rare earths (all goods of the model) an economy's gain is the sum of

- *firms*: change of what its firms receive less what they pay for goods, duties and fees. Wages
  and energy are not deducted: in the short run hands and plants have nothing else to do;
- *treasury*: change of duties, taxes and fees collected less public spending. A duty that a firm
  pays to its own state cancels against it;
- *use*: change of final use, each tonne at the mean of the two worlds' asks, the trapezoid under
  the demand curve (Hicks 1942; Harberger 1971, JEL 9:3). What the product around the part would
  have been worth (a car for want of a motor) is not in it;
- *stocks*: change of what firms hold at the end, at the comparison's asks. Goods under way and
  the stock of a government are not in it.

Rest of trade and chips, the blocks outside, are given apart; the total has them, the figure
for rare earths has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tradesim.analysis.metrics import (
    MAGNET_GOODS,
    Floats,
    Panel,
    axis_codes,
    month_codes,
    numbers,
    summed,
)
from tradesim.axes import ECONOMIES, GOODS

#: Terms of the gain in rare earths, then those of the blocks outside.
INSIDE = ("welfare_firms", "welfare_treasury", "welfare_use", "welfare_stocks")
OUTSIDE = ("welfare_rest_of_trade", "welfare_chips")
#: Columns of ``states`` that the account reads.
COLUMNS = ("firms_money_usd", "tariff_revenue_usd", "fees_usd", "public_spending_usd",
           "rest_of_trade_usd", "chips_usd")  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One world over a period: USD [economies], use and asks [months, economies, goods].

    ``use_t`` is that of final users in t, ``ask_usd_per_kg`` may be not a number, ``stock_t``
    [economies, goods] is held at the period's end and worth ``value_usd_per_kg`` there.
    """

    firms_usd: Floats
    treasury_usd: Floats
    rest_of_trade_usd: Floats
    chips_usd: Floats
    use_t: Floats
    ask_usd_per_kg: Floats
    stock_t: Floats
    value_usd_per_kg: Floats


@dataclass(frozen=True)
class Ledger:
    """One world by month: USD [months, economies] by column of ``states``, use as in a side."""

    panel: Panel
    usd: Mapping[str, Floats]
    use_t: Floats
    markets: pa.Table

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table], panel: Panel) -> Ledger:
        """What the account reads of one world's tables; ``panel`` is that of its markets."""
        states = tables["states"]
        shape = (len(panel.months), len(ECONOMIES))
        place = month_codes(states, panel.months) * shape[1]
        place = place + axis_codes(states["state"], ECONOMIES)
        size = shape[0] * shape[1]
        usd = {name: summed(place, numbers(states, name), size).reshape(shape) for name in COLUMNS}
        return cls(panel, usd, final_use(tables["uses"], panel), tables["markets"])

    def over(self, months: slice) -> Side:
        """The account of some months."""
        usd = {name: by_month[months].sum(axis=0) for name, by_month in self.usd.items()}
        ask = self.panel["price_ask_usd_per_kg"][months]
        return Side(
            firms_usd=usd["firms_money_usd"],
            treasury_usd=usd["tariff_revenue_usd"] + usd["fees_usd"] - usd["public_spending_usd"],
            rest_of_trade_usd=usd["rest_of_trade_usd"],
            chips_usd=usd["chips_usd"],
            use_t=self.use_t[months],
            ask_usd_per_kg=ask,
            stock_t=_stock(self.markets, self.panel.months[months][-1]),
            value_usd_per_kg=np.nan_to_num(ask[-1]),
        )


def final_use(uses: pa.Table, panel: Panel) -> Floats:
    """Use by final users [months, economies, goods], t: magnets go into components first."""
    shape = (len(panel.months), len(ECONOMIES), len(GOODS))
    codes = (
        month_codes(uses, panel.months),
        axis_codes(uses["economy"], ECONOMIES),
        axis_codes(uses["good"], GOODS),
    )
    place = np.ravel_multi_index(codes, shape)
    used = summed(place, numbers(uses, "use_t"), int(np.prod(shape))).reshape(shape)
    used[:, :, MAGNET_GOODS] = 0.0
    return used


def _stock(markets: pa.Table, month: np.datetime64) -> Floats:
    """Stock at the end of the last step in a month [economies, goods], t."""
    dates = markets["date"].to_numpy()
    following = (month.astype("datetime64[M]") + 1).astype("datetime64[D]")
    last = markets.filter(pa.array(dates == dates[dates < following].max()))
    place = axis_codes(last["economy"], ECONOMIES) * len(GOODS)
    place = place + axis_codes(last["good"], GOODS)
    held = summed(place, numbers(last, "stock_t"), len(ECONOMIES) * len(GOODS))
    return held.reshape(len(ECONOMIES), len(GOODS))


def value_of_use(own: Side, other: Side) -> Floats:
    """Gain from final use, USD [economies]: change of use at the mean of the two asks.

    Where one world has no ask, the other's is taken for both.
    """
    ask = np.where(np.isnan(own.ask_usd_per_kg), other.ask_usd_per_kg, own.ask_usd_per_kg)
    ask_0 = np.where(np.isnan(other.ask_usd_per_kg), own.ask_usd_per_kg, other.ask_usd_per_kg)
    mean = np.nan_to_num(0.5 * (ask + ask_0))
    return np.asarray((1000.0 * (own.use_t - other.use_t) * mean).sum(axis=(0, 2)), np.float64)


def account(own: Side, other: Side) -> dict[str, Floats]:
    """Every welfare figure by name, USD [economies]; sums are those of their terms."""
    stocks = (1000.0 * (own.stock_t - other.stock_t) * other.value_usd_per_kg).sum(axis=1)
    found = {
        "welfare_firms": own.firms_usd - other.firms_usd,
        "welfare_treasury": own.treasury_usd - other.treasury_usd,
        "welfare_use": value_of_use(own, other),
        "welfare_stocks": stocks,
        "welfare_rest_of_trade": other.rest_of_trade_usd - own.rest_of_trade_usd,
        "welfare_chips": other.chips_usd - own.chips_usd,
    }
    zero = np.zeros(len(ECONOMIES))
    found["welfare_rare_earth"] = sum((found[name] for name in INSIDE), start=zero)
    outside = sum((found[name] for name in OUTSIDE), start=zero)
    found["welfare_total"] = found["welfare_rare_earth"] + outside
    return found
