"""The back-test of 2025: January 2024 to June 2026, policies with the dates they had.

Exports are counted when they leave customs, like in the statistics, and carry the customs
calendar. Asks are monthly means; NdPr is a mixture of three parts Nd to one part Pr.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from tradesim.analysis.backtest.case import Case, Series
from tradesim.analysis.backtest.customs import (
    SCATTER_DESTINATION,
    SCATTER_LOTS,
    SCATTER_TOTAL,
    as_recorded,
)
from tradesim.axes import MAGNETS
from tradesim.results import Results

#: Part of the European Union's magnets from China that Germany takes: 16.53% of 34.6% by value
#: (BACI 2024, table trade_flows; the union's share is that of the base year).
GERMANY_IN_EU27 = 16.53 / 34.6
#: Nd in NdPr oxide by mass: ores and trade grades lie between 0.73 and 0.80 (assumption).
ND_IN_NDPR = 0.75
#: Value-added tax in the model's Chinese prices: they stand on prices FOB of 2024, and exporters of
#: oxides get no refund (table base/prices). Chinese quotes are recorded without it.
VAT_IN_FOB = 0.13
CONTROL = dt.date(2025, 4, 4)
_DESTINATIONS = ("USA", "EU27", "JPN", "KOR", "IND", "VNM")
#: Oxides whose exports are recorded, and the scatter of their months. Metals are another heading.
_OXIDES = {"Dy": SCATTER_LOTS, "Tb": SCATTER_LOTS, "Y": SCATTER_DESTINATION}
_PRICED = ("Nd", "NdPr", "Dy", "Tb", "Y", "Gd")
_STOPPING = ("USA", "EU27", "JPN", "KOR", "IND")

Extract = Callable[[Results], pd.DataFrame]


def by_month(rows: pd.DataFrame, run: Results) -> pd.DataFrame:
    """Rows (seed, date, v) as a table of seeds by months ``YYYY-MM``; zero where nothing was."""
    start = pd.Timestamp(run.config["start"])
    until = start + pd.Timedelta(weeks=float(run.config["weeks"]) - 1)
    table = rows.pivot_table(index="seed", columns="date", values="v", aggfunc="sum")
    months = pd.date_range(start.replace(day=1), until, freq="MS")
    table = table.reindex(index=list(run.seeds), columns=months).fillna(0.0)
    table.columns = pd.Index([f"{month:%Y-%m}" for month in months])
    return table


def exports(
    run: Results, name: str, goods: Sequence[str], to: str | None, unit: float, scatter: float
) -> pd.DataFrame:
    """What of ``goods`` left China for ``to`` (None: everywhere), as customs records it.

    By seed and month, in ``unit`` a tonne; ``name`` of the series, ``scatter`` of its months.
    """
    listed = ", ".join(f"'{good}'" for good in goods)
    where = "destination != 'CHN'" if to is None else f"destination = '{to}'"
    rows = run.sql(
        f"SELECT seed, date, {unit} * sum(shipped_t) AS v FROM flows "
        f"WHERE scenario = '{run.scenario}' AND origin = 'CHN' AND {where} "
        f"AND good IN ({listed}) GROUP BY seed, date"
    )
    return as_recorded(by_month(rows, run), name, scatter)


def price(run: Results, column: str, economy: str, element: str) -> pd.DataFrame:
    """Monthly mean price of an element's oxide in an economy, by seed and month, USD/kg.

    In China without value-added tax, as quotes are recorded.
    """
    if element == "NdPr":
        parts = [price(run, column, economy, part) for part in ("Nd", "Pr")]
        return ND_IN_NDPR * parts[0] + (1.0 - ND_IN_NDPR) * parts[1]
    rows = run.sql(
        f"SELECT seed, date, {column} AS v FROM markets WHERE scenario = '{run.scenario}' "
        f"AND economy = '{economy}' AND good = 'oxide_{element}'"
    )
    return by_month(rows, run) / (1.0 + VAT_IN_FOB if economy == "CHN" else 1.0)


def granted_share(run: Results, destination: str) -> pd.DataFrame:
    """Tonnes granted over tonnes applied for, cumulative since the controls, by seed and month."""
    tables = []
    for column in ("granted_t", "applied_t"):
        rows = run.sql(
            f"SELECT seed, date, sum({column}) AS v FROM licences WHERE destination = "
            f"'{destination}' AND authority = 'CHN' AND scenario = '{run.scenario}' "
            f"GROUP BY seed, date"
        )
        tables.append(by_month(rows, run).cumsum(axis=1))
    share = tables[0] / tables[1].where(tables[1] > 0)
    return share.loc[:, share.columns >= f"{CONTROL:%Y-%m}"].dropna(axis=1, how="all")


def stopped(run: Results, economy: str) -> pd.DataFrame:
    """Magnet users that stand still for want of magnets: plants, monthly mean."""
    rows = run.sql(
        f"SELECT seed, date, sum(stopped_firms) AS v FROM plants WHERE economy = '{economy}' "
        f"AND scenario = '{run.scenario}' GROUP BY seed, date"
    )
    return by_month(rows, run)


def _exports(
    name: str, unit: str, goods: Sequence[str], to: str | None, per_t: float, scatter: float
) -> Series:
    found = partial(exports, name=name, goods=goods, to=to, unit=per_t, scatter=scatter)
    return Series(name, unit, found)


def _series() -> tuple[Series, ...]:
    """The series of the contract, in its order."""
    head = "magnet_exports_t"
    found = [_exports(f"{head}:TOTAL", "t", MAGNETS, None, 1.0, SCATTER_TOTAL)]
    for place in _DESTINATIONS:
        found.append(_exports(f"{head}:{place}", "t", MAGNETS, place, 1.0, SCATTER_DESTINATION))
        if place == "EU27":
            found.append(_exports(f"{head}:DEU", "t", MAGNETS, place, GERMANY_IN_EU27,
                                  SCATTER_DESTINATION))  # fmt: skip
    found += [
        _exports(f"oxide_exports_kg:{element}", "kg", (f"oxide_{element}",), None, 1000.0, scatter)
        for element, scatter in _OXIDES.items()
    ]
    for kind, economy in (("ask", "EU27"), ("ask", "CHN"), ("transaction", "EU27")):
        column = f"price_{kind}_usd_per_kg"
        found += [
            Series(
                f"{kind}_usd_per_kg:{economy}:{element}", "USD/kg",
                partial(price, column=column, economy=economy, element=element),
            )
            for element in _PRICED
        ]  # fmt: skip
    found.append(Series("licence_granted_share:EU27", "1",
                        partial(granted_share, destination="EU27")))  # fmt: skip
    found += [Series(f"plants_stopped:{place}", "firms", partial(stopped, economy=place))
              for place in _STOPPING]  # fmt: skip
    return tuple(found)


CASE = Case(
    name="2025",
    title="The licences of April 2025 and what followed, January 2024 to June 2026",
    scenario="october_2025_as_happened",
    words=("start=2024-01-01", "growth_from=2024-07-01", "weeks=131", "compare=none"),
    series=_series(),
)
