"""The back-test of 2010: prices, exports, quota use and smuggling by quarter, 2009 to 2015.

What the record quotes as "FOB China" holds export tax and quota rent. Here it is the ask outside
China, weighted by imports, less the freight of the base year; the domestic price is the ask in
China. Declared exports are what left less what no authority saw. Tonnes are oxide equivalent.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache, partial
from typing import Protocol

import numpy as np
import pandas as pd

from tradesim.analysis.backtest.case import Case, Series
from tradesim.policies import ExportQuota, load_one
from tradesim.results import Results
from tradesim.tables.loader import base_of
from tradesim.tables.pricing import margins
from tradesim.tables.vintage_2009.given import ASSUMPTIONS_2009

ELEMENTS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Tb", "Dy", "Y")
FIRST, LAST = "2009-Q1", "2015-Q4"
#: What the quota counts: magnets were never under it.
COUNTED = ("oxide_", "metal_", "concentrate_")


def quarters(date: pd.Series) -> pd.Series:
    """Labels ``YYYY-Qn`` of dates."""
    when = pd.to_datetime(date)
    return when.dt.year.astype(str) + "-Q" + when.dt.quarter.astype(str)


def _own(results: Results, table: str) -> pd.DataFrame:
    """Rows of the scenario itself, without the world that it is compared with."""
    frame = results.frame(table)
    return frame[frame["scenario"] == results.scenario]


def _wide(series: pd.Series) -> pd.DataFrame:
    """A series by (seed, quarter) as seeds down and quarters across, within the case's years."""
    wide = series.unstack("quarter").astype(np.float64).sort_index(axis=1)
    kept = wide.loc[:, [FIRST <= str(label) <= LAST for label in wide.columns]]
    kept.columns.name = None
    return kept


def _asks(results: Results, element: str) -> pd.DataFrame:
    markets = _own(results, "markets")
    columns = ["seed", "date", "economy", "price_ask_usd_per_kg", "imports_t", "use_t"]
    found = markets.loc[markets["good"] == f"oxide_{element}", columns].copy()
    return found.assign(quarter=quarters(found["date"]))


def domestic_usd_per_kg(results: Results, element: str) -> pd.DataFrame:
    """Mean ask of an oxide in China by seed and quarter, USD/kg without value-added tax."""
    asks = _asks(results, element)
    home = asks[asks["economy"] == "CHN"]
    return _wide(home.groupby(["seed", "quarter"])["price_ask_usd_per_kg"].mean())


def fob_usd_per_kg(results: Results, element: str) -> pd.DataFrame:
    """FOB China by seed and quarter, USD/kg: ask abroad by imports, less base-year freight.

    ``(p - f) / (1 + s)`` with freight of ``f`` USD/kg and the share ``s`` of the price, as the
    tables of 2009 add it; export tax and quota rent are in it.
    """
    asks = _asks(results, element)
    away = asks[asks["economy"] != "CHN"]
    weight = away["imports_t"].astype(np.float64) + 1e-6 * away["use_t"] + 1e-12
    parts = pd.DataFrame(
        {
            "seed": away["seed"],
            "quarter": away["quarter"],
            "value": weight * away["price_ask_usd_per_kg"].astype(np.float64),
            "weight": weight,
        }
    )
    total = parts.groupby(["seed", "quarter"])[["value", "weight"]].sum()
    fees = margins(ASSUMPTIONS_2009)
    price = total["value"] / total["weight"]
    return _wide((price - fees["freight_usd_per_kg"]) / (1.0 + fees["freight_share"]))


@lru_cache(maxsize=1)
def _oxide_in_a_tonne() -> dict[str, float]:
    """Oxide equivalent of metals, t/t; oxides and concentrates count as they are."""
    rows = base_of(2009).table("content")
    content: dict[str, float] = {}
    for good, tonnes in zip(rows["good"], rows["t_oxide_eq_per_t"], strict=True):
        content[str(good)] = content.get(str(good), 0.0) + float(tonnes)
    return content


def _trade(results: Results) -> pd.DataFrame:
    """Border-crossing lanes of what the quota counts: shipped and smuggled, t oxide equivalent."""
    flows = _own(results, "flows")
    good = flows["good"].astype(str)
    abroad = flows["origin"].astype(str) != flows["destination"].astype(str)
    found = flows[good.str.startswith(COUNTED) & abroad]
    content = found["good"].astype(str).map(_oxide_in_a_tonne()).fillna(1.0)
    return pd.DataFrame(
        {
            "seed": found["seed"],
            "quarter": quarters(found["date"]),
            "origin": found["origin"].astype(str),
            "destination": found["destination"].astype(str),
            "shipped_t": found["shipped_t"].astype(np.float64) * content,
            "smuggled_t": found["rerouted_t"].astype(np.float64) * content,
        }
    )


def _out(results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flow out of China, all and smuggled, by seed and quarter, t oxide equivalent."""
    trade = _trade(results)
    out = trade[trade["origin"] == "CHN"]
    total = out.groupby(["seed", "quarter"])[["shipped_t", "smuggled_t"]].sum()
    return _wide(total["shipped_t"]), _wide(total["smuggled_t"])


def _this_year(flow: pd.DataFrame) -> pd.DataFrame:
    """Sums since the first quarter of each year."""
    years = [str(label)[:4] for label in flow.columns]
    parts = [flow.loc[:, [y == year for y in years]].cumsum(axis=1) for year in sorted(set(years))]
    return pd.concat(parts, axis=1)


def exports_t(results: Results) -> pd.DataFrame:
    """Declared exports of oxides and metals by seed and quarter, t oxide equivalent."""
    shipped, smuggled = _out(results)
    return shipped - smuggled


def smuggled_share(results: Results) -> pd.DataFrame:
    """Smuggled part of all that left China since the year began, by seed and quarter."""
    shipped, smuggled = _out(results)
    return _this_year(smuggled) / _this_year(shipped)


def quota_use_share(results: Results) -> pd.DataFrame:
    """Declared exports over the tranches that have begun, both since the year began.

    Not a number where no quota is in force.
    """
    used = _this_year(exports_t(results))
    quota = [_quota_t(results, str(label)) for label in used.columns]
    return used.div(pd.Series(quota, index=used.columns), axis="columns")


def _quota_t(results: Results, label: str) -> float:
    """Tonnes of a year's tranches that begin by the end of a quarter; nan without a quota."""
    year, quarter = int(label[:4]), int(label[-1])
    end = dt.date(year, 3 * quarter, 28)
    total = 0.0
    for name, page in results.config["policies"].items():
        if str(page.get("_target_", "")).endswith(".ExportQuota"):
            policy = load_one(name, page)
            if isinstance(policy, ExportQuota) and (policy.expires is None or policy.expires > end):
                total += sum(t.t for t in policy.tranches if dt.date(year, 1, 1) <= t.starts <= end)
    return total if total > 0.0 else float("nan")


def share_of_imports_from_china(results: Results, economy: str) -> pd.DataFrame:
    """China's part of an economy's imports of oxides and metals by seed and quarter."""
    trade = _trade(results)
    inward = trade[trade["destination"] == economy]
    total = inward.groupby(["seed", "quarter"])["shipped_t"].sum()
    china = inward[inward["origin"] == "CHN"].groupby(["seed", "quarter"])["shipped_t"].sum()
    return _wide(china.reindex(total.index, fill_value=0.0) / total)


class _OfElement(Protocol):
    """A price of one element by seed and quarter."""

    def __call__(self, results: Results, element: str) -> pd.DataFrame: ...


def _by_element(name: str, extract: _OfElement) -> tuple[Series, ...]:
    return tuple(
        Series(f"{name}:{element}", "USD/kg", partial(extract, element=element))
        for element in ELEMENTS
    )


CASE = Case(
    name="2010",
    title="The rare-earth crisis of 2009 to 2015",
    scenario="quota_2010",
    words=("compare=none",),
    series=(
        *_by_element("fob_usd_per_kg", fob_usd_per_kg),
        *_by_element("domestic_usd_per_kg", domestic_usd_per_kg),
        Series("exports_t:TOTAL", "t", exports_t),
        Series("quota_use_share", "1", quota_use_share),
        Series("smuggled_share", "1", smuggled_share),
        Series("share_of_imports_from_CHN:JPN", "1",
               partial(share_of_imports_from_china, economy="JPN")),
    ),
    beside=("quotas alone", "quota_2010_alone"),
)  # fmt: skip
