"""Simulation minus equilibrium: consumption and net trade by economy and good, and prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradesim import axes
from tradesim.analysis.equilibrium.tables import Balance
from tradesim.scenario import WEEKS_PER_YEAR
from tradesim.world.types import N_GOODS, Flags, Floats, World, sum_by

#: Markets smaller than this, t a year of use or output, are not compared.
SMALLEST_T = 20.0
#: Markets from this size on stand in the comparison, without a gap if they are small.
LEAST_LISTED_T = 0.5
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Steady:
    """What a run of the simulation has come to, by market [markets]: t a year and USD/kg."""

    use_t: Floats
    net_t: Floats
    price: Floats


@dataclass(frozen=True)
class Gaps:
    """Simulation minus equilibrium by market [markets], as shares; nan where not compared.

    Use and net trade are over the size of the market, prices over the price of
    the equilibrium.
    """

    use: Floats
    net: Floats
    price: Floats

    def worst(self, measure: str, among: Flags | None = None) -> float:
        """Largest absolute gap of ``use``, ``net`` or ``price``, as a share."""
        gap = np.abs(getattr(self, measure))
        gap = gap if among is None else gap[among]
        return float(np.nanmax(gap, initial=0.0))

    def mean(self, measure: str) -> float:
        """Mean absolute gap over the markets compared, as a share."""
        return float(np.nanmean(np.abs(getattr(self, measure))))


def size_t(world: World, found: Balance) -> Floats:
    """Size of each market [markets], t a year: use or output, base year or equilibrium, if larger.

    The equilibrium counts for markets that growth or new projects have made.
    """
    slots, inputs = world.slots, world.slots.inputs
    use = sum_by(slots.market[:inputs], slots.base_t[:inputs], world.markets)
    base = WEEKS_PER_YEAR * np.maximum(use, world.made_base_t)
    return np.asarray(np.maximum.reduce((base, found.use_t, found.output_t)), np.float64)


def gaps(found: Balance, run: Steady, size: Floats) -> Gaps:
    """Compare the markets whose ``size`` [markets], t a year, is not a trifle.

    Prices are compared where the good is above its floor.
    """
    large = size >= SMALLEST_T
    scale = np.where(large, size, np.nan)
    above = large & ~found.at_floor & np.isfinite(found.price)
    with np.errstate(invalid="ignore"):
        ratio = run.price / found.price - 1.0
    return Gaps(
        use=(run.use_t - found.use_t) / scale,
        net=(run.net_t - found.net_t) / scale,
        price=np.where(above, ratio, np.nan),
    )


def feed_markets() -> Flags:
    """Markets of ore and scrap [markets]: in the simulation their price clears no market."""
    feeds = axes.positions((*axes.CONCENTRATES, "scrap_NdFeB"), axes.GOODS)
    good = np.arange(len(axes.ECONOMIES) * N_GOODS) % N_GOODS
    return np.asarray(np.isin(good, feeds), np.bool_)


def steady(markets: pd.DataFrame, days: float) -> list[Steady]:
    """The last ``days`` of each seed in rows of the table ``markets`` (those days only).

    Flows are brought to a year, prices are means.
    """
    found = []
    for _, rows in markets.groupby("seed", observed=True):
        code = _codes(rows)
        per_year = DAYS_PER_YEAR / days
        flow = {
            name: per_year * _sum(code, rows[name]) for name in ("use_t", "exports_t", "imports_t")
        }
        count = np.maximum(np.bincount(code, minlength=_COUNT), 1)
        price = _sum(code, rows["price_ask_usd_per_kg"]) / count
        found.append(Steady(flow["use_t"], flow["exports_t"] - flow["imports_t"], price))
    return found


_COUNT = len(axes.ECONOMIES) * N_GOODS


def _codes(rows: pd.DataFrame) -> np.ndarray:
    economy = rows["economy"].astype(str).map(axes.ECONOMY_INDEX).to_numpy(np.int64)
    good = rows["good"].astype(str).map(axes.GOOD_INDEX).to_numpy(np.int64)
    return np.asarray(economy * N_GOODS + good)


def _sum(code: np.ndarray, values: pd.Series) -> Floats:
    return np.asarray(np.bincount(code, values.to_numpy(np.float64), _COUNT), np.float64)


def comparison_frame(found: Balance, runs: list[Steady], size: Floats) -> pd.DataFrame:
    """Rows of ``comparison.csv``: market and measure, equilibrium, p10, p50 and p90 of the runs.

    ``gap`` is the median less the equilibrium, over the market's size (use, net trade) or over the
    equilibrium (price); empty for small markets.
    """
    parts = []
    measures = (("use_t", "t/yr"), ("net_exports_t", "t/yr"), ("price_ask_usd_per_kg", "USD/kg"))
    benchmark = (found.use_t, found.net_t, found.price)
    simulated = ([r.use_t for r in runs], [r.net_t for r in runs], [r.price for r in runs])
    rows = np.flatnonzero(size >= LEAST_LISTED_T)
    for (name, unit), own, many in zip(measures, benchmark, simulated, strict=True):
        low, middle, high = np.quantile(np.array(many), (0.1, 0.5, 0.9), axis=0)[:, rows]
        scale = np.where(size >= SMALLEST_T, own if unit == "USD/kg" else size, np.nan)[rows]
        parts.append(pd.DataFrame({
            "economy": [axes.ECONOMIES[m // N_GOODS] for m in rows],
            "good": [axes.GOODS[m % N_GOODS] for m in rows],
            "measure": name, "unit": unit, "equilibrium": own[rows], "p10": low, "p50": middle,
            "p90": high, "gap": (middle - own[rows]) / scale, "n": len(many),
            "at_floor": found.at_floor[rows],
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)
