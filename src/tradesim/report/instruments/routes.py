"""Ways round: what came past a control, by destination, through which hubs, and ceilings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from tradesim.axes import ECONOMIES
from tradesim.policies.base import economies
from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading

#: Rows of a table; the rest is small.
ROWS = 8


def block(reading: Reading) -> str:
    """HTML on rerouted lots and diversification ceilings, '' if the scenario has neither."""
    if "flows" not in reading.results.tables:
        return ""
    return _rerouted(reading) + _ceilings(reading)


def _rerouted(reading: Reading) -> str:
    name = labels.sql_list([reading.main])
    flows = reading.query(
        "SELECT seed, destination, sum(rerouted_t) AS past, sum(shipped_t) AS all_t FROM flows "
        f"WHERE scenario IN ({name}) AND origin <> destination GROUP BY ALL"
    )
    if flows.empty or flows["past"].sum() <= 0:
        return ""
    runs = flows.groupby("seed")[["past", "all_t"]].sum()
    share = 100 * (runs["past"] / runs["all_t"]).to_numpy()
    by_place = flows.pivot_table("past", "seed", "destination", "sum", 0.0, observed=True)
    by_place = by_place.reindex(runs.index, fill_value=0.0)
    order = by_place.median().sort_values(ascending=False).index
    rows = [
        (labels.economy(str(place)), layout.interval(by_place[place]))
        for place in order
        if by_place[place].max() > 0
    ]
    finding = (
        f"{layout.interval(runs['past'])} t came past a control in the run, "
        f"{layout.interval(share)}% of all goods that crossed a border."
    )
    aside = (
        "Statistics would show some of it as trade of the countries it passed through; here it "
        "stands on the lane of its maker and its user. Seized lots are not in it."
    )
    head = ("Destination", "Came past a control, t")
    return layout.block(
        "Ways round", finding, layout.table(head, rows, shown=ROWS), _hubs(reading),
        layout.note(aside),
    )  # fmt: skip


def _hubs(reading: Reading) -> str:
    """How full the hubs were, mean over the run, % of capacity."""
    name = labels.sql_list([reading.main])
    plants = reading.query(
        "SELECT seed, economy, avg(activity_share) AS share, max(activity_share) AS peak "
        f"FROM plants WHERE scenario IN ({name}) AND stage = 'trader' GROUP BY ALL"
    )
    if plants.empty or not (plants["share"] > 0).any():
        return layout.note("No lot went by way of a third country: none was better treated.")
    rows = [
        (labels.economy(str(place)), *(layout.interval(part[k], 100) for k in ("share", "peak")))
        for place, part in plants.groupby("economy", observed=True)
    ]
    head = ("Hub", "Capacity used, mean over the run, %", "In the highest month, %")
    return layout.table(head, rows)


def _ceilings(reading: Reading) -> str:
    """Share of the largest foreign origin before and after, where a ceiling is in the scenario."""
    pages = layout.pages_of(reading, "DiversificationCeiling")
    return "".join(_ceiling(reading, page) for page in pages.values())


def _ceiling(reading: Reading, page: Mapping[str, Any]) -> str:
    shares = {
        world: _largest_share(reading, world, page)
        for world in (reading.main, reading.other)
        if world
    }
    rows = [
        (labels.economy(str(place)),
         *(layout.interval(table[place]) if place in table else layout.NONE
           for table in shares.values()))
        for place in sorted(shares[reading.main].columns)
    ]  # fmt: skip
    if not rows:
        return ""
    reached = dt.date.fromisoformat(str(page["reached"]))
    finding = (
        f"From {reached.day} {reached:%B %Y} no foreign origin may have more than "
        f"{layout.number(100 * float(page['share']))}% of a member's orders of a covered good; "
        f"{_above(shares[reading.main], float(page['share']))}."
    )
    aside = (
        "Share of the largest foreign origin in what each member received of the covered goods in "
        "the last twelve months, weighted by tonnes. Above the ceiling stand members whose buyers "
        "know nobody else, or whose other suppliers could not deliver."
    )
    head = ("Member", *(f"Largest origin in {world}, %" for world in shares))
    title = str(page.get("title", "Ceiling"))
    return layout.block(title, finding, layout.table(head, rows, shown=ROWS), layout.note(aside))


def _above(shares: pd.DataFrame, ceiling: float) -> str:
    """How many members' medians stand above the ceiling."""
    over = int((shares.median() > 100.0 * ceiling).sum())
    return f"{over} of {labels.count(shares.shape[1], 'member')} end above it"


def _largest_share(reading: Reading, world: str, page: Mapping[str, Any]) -> pd.DataFrame:
    """Share of the largest foreign origin, % [seeds, members], last twelve months."""
    flows = reading.query(
        "SELECT seed, destination, origin, good, sum(shipped_t) AS t FROM flows "
        f"WHERE scenario IN ({labels.sql_list([world])}) AND date > "
        "(SELECT max(date) FROM flows) - INTERVAL 1 YEAR GROUP BY ALL"
    )
    named = economies(tuple(page.get("members") or (str(page["imposed_by"]),)))
    members = [code for code, in_it in zip(ECONOMIES, named, strict=True) if in_it]
    goods = tuple((page.get("covers") or {}).get("goods") or ("*",))
    kept = flows["destination"].astype(str).isin(members)
    kept &= flows["good"].astype(str).map(lambda g: any(fnmatchcase(g, p) for p in goods))
    part = flows[kept].astype({"destination": str, "origin": str, "good": str})
    keys = ["seed", "destination", "good"]
    total = part.groupby(keys)["t"].sum()
    foreign = part[part["origin"] != part["destination"]].groupby(keys)["t"].max()
    both = pd.DataFrame({"total": total, "top": foreign}).fillna(0.0)
    sums = both.groupby(["seed", "destination"]).sum()
    return (100 * sums["top"] / sums["total"]).unstack("destination")
