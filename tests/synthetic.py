"""Made-up tables of the right shape, for tests that need results but no model.

The numbers are invented and only look plausible: a world in which ``april_2025`` cuts Chinese
magnet exports, lifts the prices of heavy rare earths outside China and stops some plants, and
every other scenario leaves things as they are. :func:`simulate` stands in for
``tradesim.model.simulate``: tonnes, US dollars, weeks; one row for each month.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tradesim.axes import (
    ECONOMIES,
    ECONOMY_INDEX,
    END_USES,
    GOOD_INDEX,
    GOODS,
    MAGNETS,
    OXIDES,
    STAGES,
    USE_LABELS,
)
from tradesim.record.sums import UTILITY
from tradesim.scenario import RunConfig, Scenario

Floats = npt.NDArray[np.float64]

START = dt.date(2025, 1, 6)
WEEKS = 156
#: Chinese magnet exports by month from January 2025, as a share of what they would have been.
EXPORTS = (1.0, 1.0, 1.02, 0.52, 0.25, 0.67, 1.07, 1.21, 1.19, 1.1, 1.05, 1.0)
#: Use of heavy magnets outside China, likewise.
USE = (1.0, 1.0, 1.0, 0.99, 0.96, 0.9, 0.86, 0.92, 0.97, 0.99, 1.0, 1.0)
#: Ask of dysprosium outside China, likewise; it fades over two years.
ASK = (1.0, 1.05, 1.2, 2.2, 3.1, 3.0, 2.7, 2.5, 2.3, 2.1, 2.0, 1.9)

_PRICES = {"oxide_Dy": 257.0, "oxide_Tb": 812.0, "oxide_Sc": 900.0, "oxide_Lu": 700.0,
           "oxide_Nd": 56.0, "oxide_Pr": 56.0, "oxide_Y": 6.0, "oxide_Ce": 1.2, "oxide_La": 1.0,
           "metal_Dy": 320.0, "metal_Tb": 1000.0, "metal_NdPr": 68.0, "metal_Sm": 12.0,
           "magnet_NdFeB": 45.0, "magnet_NdFeB_HRE": 75.0, "magnet_SmCo": 95.0}  # fmt: skip
_WORLD_T = {"magnet_NdFeB": 130e3, "magnet_NdFeB_HRE": 85e3, "magnet_SmCo": 6e3,
            "oxide_La": 60e3, "oxide_Ce": 90e3, "oxide_Nd": 60e3, "oxide_Pr": 18e3,
            "oxide_Dy": 1900.0, "oxide_Tb": 420.0, "oxide_Y": 11e3, "oxide_Gd": 3e3,
            "metal_NdPr": 62e3, "metal_Dy": 1500.0, "metal_Tb": 330.0}  # fmt: skip
_SHARES = {"CHN": 0.6, "EU27": 0.1, "JPN": 0.09, "USA": 0.07, "KOR": 0.04, "IND": 0.02,
           "VNM": 0.02, "MEX": 0.01, "THA": 0.01}  # fmt: skip
_LICENSED = ("oxide_Sm", "oxide_Gd", "oxide_Tb", "oxide_Dy", "oxide_Lu", "oxide_Sc", "oxide_Y",
             "metal_Dy", "metal_Tb", "metal_Sm", "magnet_NdFeB_HRE", "magnet_SmCo")  # fmt: skip
_CHINA = ECONOMY_INDEX["CHN"]


def months(start: dt.date = START, weeks: int = WEEKS) -> tuple[list[dt.date], Floats]:
    """First days of the months of a run and its days in each; the last month may be partial."""
    end = start + dt.timedelta(weeks=weeks)
    firsts, days = [], []
    month = start.replace(day=1)
    while month < end:
        following = (month + dt.timedelta(days=32)).replace(day=1)
        firsts.append(month)
        days.append((min(following, end) - max(month, start)).days)
        month = following
    return firsts, np.array(days, dtype=float)


def _path(values: tuple[float, ...], n: int, fade: float = 0.0) -> Floats:
    """``values`` continued over ``n`` months; the last one fades to 1 with ``fade`` a month."""
    tail = 1 + (values[-1] - 1) * (1 - fade) ** np.arange(max(n, len(values)))
    return np.concatenate([values, tail])[:n]


def _labels(index: npt.NDArray[np.intp], axis: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int16)), pa.array(axis))


def _grid(dates: list[dt.date], *axes: tuple[str, ...]) -> list[npt.NDArray[np.intp]]:
    shape = (len(dates), *(len(axis) for axis in axes))
    return [index.ravel() for index in np.indices(shape)]


def _dates(index: npt.NDArray[np.intp], dates: list[dt.date]) -> pa.Array:
    return pa.array(np.array(dates, dtype="datetime64[D]")[index], pa.date32())


class _World:
    """Arrays of one run over months x economies x goods (tonnes a month, USD/kg)."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.dates, days = months(scenario.start, scenario.weeks)
        self.hit = scenario.name == "april_2025"
        n, rng = len(self.dates), np.random.default_rng([seed, 1])
        shape = (n, len(ECONOMIES), len(GOODS))
        world = np.array([_WORLD_T.get(good, 500.0) for good in GOODS])
        share = np.array([_SHARES.get(economy, 0.04 / 12) for economy in ECONOMIES])
        self.base_use = share[:, None] * world * (days / 365.25)[:, None, None]
        self.noise = 1 + 0.01 * rng.standard_normal(shape)
        self.luck = float(rng.lognormal(0, 0.2))
        self.base_price = np.array([_PRICES.get(good, 20.0) for good in GOODS])
        self.use = self.base_use * self.noise
        self.output = np.where(np.arange(21)[:, None] == _CHINA, 0.88, 0.006) * world
        self.output = self.output * (days / 365.25)[:, None, None] * self.noise
        self.exports = np.maximum(self.output - self.use, 0) * 0.95
        self.imports = np.maximum(self.use - self.output, 0)
        self.ask = np.broadcast_to(self.base_price, shape) * (1 + 0.3 * (self.noise - 1))
        if self.hit:
            self._shock(n)

    def _shock(self, n: int) -> None:
        licensed = [GOOD_INDEX[good] for good in _LICENSED]
        magnets = [GOOD_INDEX[good] for good in MAGNETS]
        outside = np.arange(len(ECONOMIES)) != _CHINA
        use = 1 - (1 - _path(USE, n)) * self.luck
        ask = 1 + (_path(ASK, n, 0.08) - 1) * self.luck
        for good in {*licensed, *magnets}:
            strength = 1.0 if good in licensed else 0.5
            self.use[:, outside, good] *= (1 - strength * (1 - use))[:, None]
            self.exports[:, _CHINA, good] *= _path(EXPORTS, n)
            self.imports[:, outside, good] *= _path(EXPORTS, n)[:, None]
            self.ask[:, outside, good] *= (1 + strength * (ask - 1))[:, None]


def _markets(world: _World) -> pa.Table:
    date, economy, good = _grid(world.dates, ECONOMIES, GOODS)
    lost = np.maximum(world.base_use * world.noise - world.use, 0)
    columns = {
        "price_ask_usd_per_kg": world.ask,
        "price_contract_usd_per_kg": 0.7 * world.base_price + 0.3 * world.ask,
        "price_transaction_usd_per_kg": 0.5 * world.base_price + 0.5 * world.ask,
        "stock_t": world.use * 2.2, "cover_weeks": 9.6 * world.use / world.base_use,
        "orders_t": world.use + 0.6 * lost, "deliveries_t": world.use, "use_t": world.use,
        "output_t": world.output, "imports_t": world.imports, "exports_t": world.exports,
        "shortfall_rationed_t": 0.6 * lost, "given_up_t": 0.3 * lost,
    }  # fmt: skip
    return pa.table(
        {
            "date": _dates(date, world.dates),
            "economy": _labels(economy, ECONOMIES),
            "good": _labels(good, GOODS),
            **{name: pa.array(values.ravel()) for name, values in columns.items()},
        }
    )


def _uses(world: _World) -> pa.Table:
    wanted = [(u, g) for u, use in enumerate(END_USES) for g in _goods_of(use)]
    pairs = np.array(wanted, dtype=np.intp)
    date, economy, pair = (
        index.ravel() for index in np.indices((len(world.dates), len(ECONOMIES), len(pairs)))
    )
    use, good = pairs[pair, 0], pairs[pair, 1]
    users = np.bincount(pairs[:, 1], minlength=len(GOODS))[good]
    value = world.use[date, economy, good] / users
    demand = (world.base_use * world.noise)[date, economy, good] / users
    return pa.table(
        {
            "date": _dates(date, world.dates),
            "economy": _labels(economy, ECONOMIES),
            "end_use": _labels(use, END_USES),
            "good": _labels(good, GOODS),
            "demand_t": demand,
            "use_t": value,
            "shortfall_rationed_t": 0.6 * np.maximum(demand - value, 0),
            "given_up_t": 0.3 * np.maximum(demand - value, 0),
        }
    )


def _goods_of(use: str) -> list[int]:
    magnets = [GOOD_INDEX[good] for good in MAGNETS]
    oxides = {"catalyst": "oxide_Ce", "polishing": "oxide_Ce", "ceramics": "oxide_Y",
              "semiconductor": "oxide_Y", "aerospace_coating": "oxide_Y"}  # fmt: skip
    if use in oxides:
        return [GOOD_INDEX[oxides[use]]]
    return [GOOD_INDEX[good] for good in OXIDES] if use == "other" else magnets


def lanes(count: int = 900) -> npt.NDArray[np.intp]:
    """Lanes (origin, destination, good, use label) as positions; half of them start in China."""
    rng = np.random.default_rng(0)
    origin = np.where(rng.random(count) < 0.5, _CHINA, rng.integers(0, len(ECONOMIES), count))
    other = (rng.integers(0, n, count) for n in (len(ECONOMIES), len(GOODS), len(USE_LABELS)))
    return np.unique(np.stack([origin, *other], axis=1), axis=0)


def _flows(world: _World, count: int = 900) -> pa.Table:
    lane = lanes(count)
    n = len(world.dates)
    date, row = (index.ravel() for index in np.indices((n, len(lane))))
    origin, destination, good, use = lane[row].T
    shipped = world.use[date, destination, good] / 20
    licensed = np.isin(good, [GOOD_INDEX[name] for name in _LICENSED]) & (origin == _CHINA)
    abroad = destination != _CHINA
    if world.hit:
        shipped = shipped * np.where(licensed & abroad, _path(EXPORTS, n)[date], 1.0)
    under_licence = world.hit & licensed & abroad & (date >= 3)
    return pa.table(
        {
            "date": _dates(date, world.dates),
            "origin": _labels(origin, ECONOMIES),
            "destination": _labels(destination, ECONOMIES),
            "good": _labels(good, GOODS),
            "end_use": _labels(use, USE_LABELS),
            "shipped_t": shipped,
            "licensed_t": np.where(under_licence, shipped, 0.0),
            "rerouted_t": np.where(under_licence, 0.01 * shipped, 0.0),
            "value_usd": shipped * 1e3 * world.base_price[good],
            "chinese_content_share": np.where(origin == _CHINA, 1.0, 0.2),
            "extraterritorial_t": np.zeros(len(shipped)),
        }
    )


def _licences(world: _World) -> pa.Table:
    goods, uses = [GOOD_INDEX[good] for good in _LICENSED], (0, 2, 4)
    months_in = np.arange(3, len(world.dates)) if world.hit else np.arange(0)
    shape = (len(months_in), len(goods), len(ECONOMIES) - 1, len(uses))
    m, g, d, u = (index.ravel() for index in np.indices(shape))
    month, good, destination = months_in[m], np.array(goods)[g], d + 1
    applied = world.use[month, destination, good] / len(uses)
    granted = applied * np.clip((month - 3) / 6, 0, 0.75)
    return pa.table(
        {
            "date": _dates(month, world.dates),
            "authority": _labels(np.full(len(month), _CHINA), ECONOMIES),
            "good": _labels(good, GOODS),
            "destination": _labels(destination, ECONOMIES),
            "end_use": _labels(np.array(uses)[u], USE_LABELS),
            "applied_t": applied,
            "granted_t": granted,
            "denied_t": 0.1 * applied,
            "pending_t": applied * np.exp(-(month - 3) / 6),
            "lapsed_t": 0.0 * applied,
            "wait_days": np.where(granted > 0, 70.0, np.nan),
        }
    )


def _plants(world: _World) -> pa.Table:
    date, economy, stage = _grid(world.dates, ECONOMIES, STAGES)
    firms = np.where(economy == _CHINA, 6.0, 2.0)
    lost = 1 - (world.use / (world.base_use * world.noise))[:, :, GOOD_INDEX["magnet_NdFeB_HRE"]]
    hit = np.where((stage == STAGES.index("manufacture")), np.clip(lost[date, economy], 0, 1), 0.0)
    return pa.table(
        {
            "date": _dates(date, world.dates),
            "economy": _labels(economy, ECONOMIES),
            "stage": _labels(stage, STAGES),
            "firms": firms,
            "stopped_firms": firms * hit,
            "activity_share": 1 - hit,
        }
    )


def _states(world: _World) -> pa.Table:
    date, state = _grid(world.dates, ECONOMIES[:5])
    zero = np.zeros(len(date))
    return pa.table(
        {
            "date": _dates(date, world.dates),
            "state": _labels(state, ECONOMIES),
            "rung": pa.array(np.zeros(len(date), dtype=np.int32)),
            "utility_usd": zero * np.nan,
            **dict.fromkeys(UTILITY, zero * np.nan),
            "tariff_revenue_usd": np.where(state == 1, 2e6, 0.0),
            "fees_usd": zero,
            "stockpile_t": zero,
            "stockpile_usd": zero,
            **dict.fromkeys(
                (
                    "rents_usd",
                    "public_spending_usd",
                    "rest_of_trade_usd",
                    "chips_usd",
                    "firms_money_usd",
                ),
                zero,
            ),
            "lookahead_steps": zero * np.nan,
        }
    )


def _events(world: _World) -> pa.Table:
    licensing = ("CHN", "ExportLicensing", "world", "mofcom_2025_04", "")
    rows = [(dt.date(2025, 4, 4), *licensing[:1], action, *licensing[1:])
            for action in ("announced", "effective")]  # fmt: skip
    stops = [("JPN", "manufacture", 8), ("EU27", "manufacture", 9), ("USA", "component", 10)]
    rows += [
        (
            dt.date(2025, 4, 7) + dt.timedelta(weeks=weeks + round(world.luck) - 1),
            economy, "first_stoppage", "", stage, "", "out of magnet_NdFeB_HRE",
        )
        for economy, stage, weeks in stops
    ]  # fmt: skip
    names = ("date", "actor", "action", "instrument", "target", "detail", "reason")
    columns = list(zip(*rows, strict=True)) if world.hit else [()] * len(names)
    table = {name: pa.array(values, pa.string()).dictionary_encode()
             for name, values in zip(names[1:], columns[1:], strict=True)}  # fmt: skip
    return pa.table({"date": pa.array(columns[0], pa.date32()), **table})


def scenario(name: str, weeks: int = WEEKS) -> Scenario:
    """A scenario (start: date, length in weeks); its name decides what happens."""
    licences = {"licences": {"_target_": "tradesim.policies.ExportLicensing"}}
    return Scenario(
        name=name,
        title=name.replace("_", " "),
        start=START,
        weeks=weeks,
        compare="reference",
        policies=licences if name == "april_2025" else {},
    )


def config(name: str = "april_2025", compare: str | None = "reference", weeks: int = WEEKS,
           **job: Any) -> RunConfig:  # fmt: skip
    """A job over made-up worlds (``weeks`` long), with the comparison world it names."""
    other = None if compare is None else scenario(compare, weeks)
    return RunConfig(scenario=scenario(name, weeks), compare=other, **job)


def simulate(scenario: Scenario, seed: int, record: str = "monthly") -> dict[str, pa.Table]:
    """The tables of one made-up run as the model returns them (float64, no scenario, no seed)."""
    world = _World(scenario, seed)
    return {
        "markets": _markets(world),
        "uses": _uses(world),
        "flows": _flows(world),
        "licences": _licences(world),
        "plants": _plants(world),
        "states": _states(world),
        "events": _events(world),
    }
