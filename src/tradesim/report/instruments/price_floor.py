"""What price floors did: what they cost, and what the guaranteed prices stand against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradesim.axes import ECONOMIES
from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading

_ASIDE = (
    "The payer tops up every kilogram that the named firms sell, from the ask in their own market "
    "to the floor. The bill is what it paid less its part of prices above the floor; reserves that "
    "the same state fills are in the bill too."
)


def block(reading: Reading) -> str:
    """HTML of the price-floor block; '' when nobody is guaranteed a price."""
    pages = layout.pages_of(reading, "PriceFloor")
    if not pages or "states" not in reading.results.tables:
        return ""
    rows = []
    for page in pages.values():
        prices = page.get("oxide_usd_per_kg") or {}
        words = ", ".join(f"{element} {layout.number(p)}" for element, p in prices.items())
        who = ", ".join((page.get("covers") or {}).get("sellers", ("*",)))
        share = layout.number(100 * float(page.get("covered_share", 1.0)) * _strength(page))
        rows.append((str(page.get("title", "")), who, words, share))
    head = ("Floor", "Firms", "USD/kg of oxide", "Covered sales, %")
    return layout.block(
        "Price floors", " ".join([*_bills(reading, pages), _output(reading, pages)]).strip(),
        layout.table(head, rows, words=3), _asks(reading, pages), layout.note(_ASIDE),
    )  # fmt: skip


def _strength(page: Mapping[str, Any]) -> float:
    return float(page.get("strength", 1.0))


def _bills(reading: Reading, pages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What each payer spent over the run."""
    payers = sorted({str(page.get("imposed_by")) for page in pages.values()} & set(ECONOMIES))
    frame = reading.query(
        "SELECT state, seed, sum(public_spending_usd) / 1e6 AS musd FROM states "
        f"WHERE scenario IN ({labels.sql_list([reading.main])}) "
        f"AND state IN ({labels.sql_list(payers)}) GROUP BY state, seed ORDER BY state, seed"
    )
    return [
        f"{labels.economy(str(state))} pays {layout.interval(part['musd'])} million USD over the "
        "run."
        for state, part in frame.groupby("state", observed=True)
    ]


def _output(reading: Reading, pages: Mapping[str, Mapping[str, Any]]) -> str:
    """Output of the guaranteed oxides outside China in the run's last year, against comparison."""
    if reading.other is None:
        return ""
    goods = labels.sql_list(_oxides(pages))
    frame = reading.query(
        "SELECT scenario, seed, sum(output_t) AS t FROM markets "
        f"WHERE good IN ({goods}) AND economy <> 'CHN' "
        "AND date > (SELECT max(date) FROM markets) - INTERVAL 365 DAY "
        "GROUP BY scenario, seed ORDER BY seed"
    )
    by_world = frame.assign(scenario=frame["scenario"].astype(str)).pivot_table(
        index="seed", columns="scenario", values="t"
    )
    change = 100.0 * (by_world[reading.main] / by_world[reading.other] - 1.0)
    words = labels.joined([labels.good(good) for good in _oxides(pages)])
    return (
        f"In the last year of the run the output of {words} outside China differs from the "
        f"comparison by {layout.interval(change, plus=True)}%."
    )


def _oxides(pages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Oxides that a floor names, by code."""
    named = {element for page in pages.values() for element in page.get("oxide_usd_per_kg") or {}}
    return [f"oxide_{element}" for element in sorted(named)]


def _asks(reading: Reading, pages: Mapping[str, Mapping[str, Any]]) -> str:
    """Mean ask of the guaranteed oxides in the payers' economies by year of the run, USD/kg."""
    goods = labels.sql_list(_oxides(pages))
    where = labels.sql_list(sorted({str(page.get("imposed_by")) for page in pages.values()}))
    frame = reading.query(
        "SELECT economy, good, year(date) AS year, seed, avg(price_ask_usd_per_kg) AS ask "
        f"FROM markets WHERE scenario IN ({labels.sql_list([reading.main])}) "
        f"AND good IN ({goods}) AND economy IN ({where}) "
        "GROUP BY economy, good, year, seed ORDER BY economy, good, year, seed"
    )
    rows = [
        (
            labels.good(str(good)),
            labels.economy(str(economy)),
            str(year),
            layout.interval(part["ask"]),
        )
        for (economy, good, year), part in frame.groupby(["economy", "good", "year"], observed=True)
    ]
    return layout.table(("Oxide", "Market", "Year", "Mean ask, USD/kg"), rows, words=3, shown=8)
