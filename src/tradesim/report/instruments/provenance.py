"""Which foreign shipments fell under an extraterritorial rule, from whom, and who was hit first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import MAGNETS
from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading

#: Economies whose share is named in the finding: third-country makers the rule was written for.
NAMED = ("MYS", "VNM", "JPN", "EU27")
LARGEST = 8
_ASIDE = (
    "The share follows from what is inside each maker's lots and from the technology of its lines."
)


def block(reading: Reading) -> str:
    """Share of third countries' magnet exports that need the licence, by origin, % of tonnes."""
    pages = layout.pages_of(reading, "Extraterritorial")
    if not pages or "flows" not in reading.results.tables:
        return ""
    page = next(iter(pages.values()))
    frame = _exports(reading, str(page["imposed_by"]), str(page["effective"]))
    if frame.empty:
        return ""
    share = 100 * frame["asked"] / frame["shipped"]
    size = frame.groupby("origin")["shipped"].mean().sort_values(ascending=False)
    shown = [code for code in size.index if code in NAMED or code in size.index[:LARGEST]]
    rows = [
        [labels.economy(code), layout.interval(frame.loc[code, "shipped"].to_numpy()),
         layout.interval(share.loc[code].to_numpy()),
         layout.interval((100 * frame["licensed"] / frame["shipped"]).loc[code].to_numpy())]
        for code in shown
    ]  # fmt: skip
    head = ["Origin", "Exports of magnets, t", "Need the licence, %", "Shipped under it, %"]
    imposer = labels.economy(str(page["imposed_by"]))
    finding = (
        f"Of the magnets that third countries exported after {_day(page)}, this much needed "
        f"a licence of {imposer}: {_named(share)}."
    )
    return layout.block(
        "Reach of the extraterritorial rule", finding, layout.table(head, rows),
        layout.note(_ASIDE), _uses(reading),
    )  # fmt: skip


def _day(page: Mapping[str, Any]) -> str:
    day = dt.date.fromisoformat(str(page["effective"]))
    return f"{day.day} {day:%B %Y}"


def _exports(reading: Reading, imposer: str, effective: str) -> pd.DataFrame:
    """Exports of magnets by origin and seed since the rule took effect, t; totals over lanes."""
    frame = reading.query(
        "SELECT origin::TEXT AS origin, seed, sum(shipped_t) AS shipped,"
        " sum(extraterritorial_t) AS asked, sum(licensed_t) AS licensed FROM flows"
        f" WHERE scenario = '{reading.main}' AND origin <> destination AND origin <> '{imposer}'"
        f" AND destination <> '{imposer}' AND good IN ({labels.sql_list(MAGNETS)})"
        f" AND date >= DATE '{effective}' GROUP BY 1, 2 HAVING sum(shipped_t) > 0.1"
    )
    return frame.set_index(["origin", "seed"]).sort_index()


def _named(share: pd.Series) -> str:
    known = share.index.get_level_values("origin")
    parts = [
        f"{labels.economy(code)} {layout.interval(share.loc[code].to_numpy())}%"
        for code in NAMED
        if code in known
    ]
    return labels.joined(parts)


def _uses(reading: Reading) -> str:
    """Loss of magnets by end use outside China in the first year of the rule, % of the other's."""
    if reading.other is None or "uses" not in reading.results.tables:
        return ""
    frame = reading.query(
        "SELECT end_use::TEXT AS end_use, seed, sum(demand_t) AS demand,"
        " sum(shortfall_physical_t) AS lost FROM uses"
        f" WHERE scenario = '{reading.main}' AND economy <> 'CHN'"
        f" AND good IN ({labels.sql_list([*MAGNETS, 'component_motor'])})"
        " GROUP BY 1, 2 HAVING sum(demand_t) > 1"
    )
    share = 100 * frame["lost"] / frame["demand"]
    medians = share.groupby(frame["end_use"]).median().sort_values(ascending=False)
    rows = [
        [use.replace("_", " "), layout.interval(np.asarray(share[frame["end_use"] == use]))]
        for use in medians.index
    ]
    return layout.table(
        ["End use outside China", "Magnets missing over the run, % of use"], rows, shown=6
    )
