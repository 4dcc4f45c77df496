"""Ways round: what came past a control, by destination, through which hubs, and ceilings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import ECONOMIES
from tradesim.policies.base import economies
from tradesim.report import labels
from tradesim.report.reading import Reading

#: Rows of a table; the rest is small.
ROWS = 8


def block(reading: Reading) -> str:
    """HTML on rerouted lots and diversification ceilings, '' if the scenario has neither."""
    if "flows" not in reading.results.tables:
        return ""
    return _rerouted(reading) + _ceilings(reading)


def _spread(values: np.ndarray, form: str = ",.0f") -> str:
    """Median with p10–p90 over seeds of one number a run, unit as given."""
    low, middle, high = np.nanquantile(values, (0.1, 0.5, 0.9))
    if len(values) == 1:
        return f"{middle:{form}}"
    return f"{middle:{form}} [{low:{form}}–{high:{form}}]"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A small table; cells are plain text."""
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"


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
    order = by_place.median().sort_values(ascending=False).index[:ROWS]
    rows = [(labels.economy(str(p)), _spread(by_place[p].to_numpy())) for p in order]
    finding = (
        f"<p><b>Ways round.</b> {_spread(runs['past'].to_numpy())} t came past a control in the "
        f"run, {_spread(share, '.2g')}% of all goods that crossed a border ({reading.runs_text}). "
        "Statistics would show some of it as trade of the countries it passed through; here it "
        "stands on the lane of its maker and its user. Seized lots are not in it.</p>"
    )
    return finding + _table(("destination", "came past a control, t"), rows) + _hubs(reading)


def _hubs(reading: Reading) -> str:
    """How full the hubs were, mean over the run, % of capacity."""
    name = labels.sql_list([reading.main])
    plants = reading.query(
        "SELECT seed, economy, avg(activity_share) AS share, max(activity_share) AS peak "
        f"FROM plants WHERE scenario IN ({name}) AND stage = 'trader' GROUP BY ALL"
    )
    if plants.empty or not (plants["share"] > 0).any():
        return "<p>No lot went by way of a third country: none was better treated.</p>"
    rows = []
    for place, part in plants.groupby("economy", observed=True):
        mean, peak = (100 * part[key].to_numpy() for key in ("share", "peak"))
        rows.append((labels.economy(str(place)), _spread(mean, ".0f"), _spread(peak, ".0f")))
    return _table(("hub", "use of its capacity, %", "highest month, %"), rows)


def _ceilings(reading: Reading) -> str:
    """Share of the largest foreign origin before and after, where a ceiling is in the scenario."""
    policies = reading.setting("policies") or {}
    return "".join(
        _ceiling(reading, page)
        for page in policies.values()
        if str(page.get("_target_", "")).endswith(".DiversificationCeiling")
    )


def _ceiling(reading: Reading, page: Mapping[str, Any]) -> str:
    shares = {
        world: _largest_share(reading, world, page)
        for world in (reading.main, reading.other)
        if world
    }
    rows = []
    for place in sorted(shares[reading.main].columns):
        cells = [
            _spread(table[place].to_numpy(), ".0f") if place in table else "–"
            for table in shares.values()
        ]
        rows.append((labels.economy(str(place)), *cells))
    if not rows:
        return ""
    title = escape(str(page.get("title", "Ceiling")))
    finding = (
        f"<p><b>{title}.</b> Share of the largest foreign origin in what each member received of "
        f"the covered goods in the last twelve months, %, weighted by tonnes; the ceiling is "
        f"{100 * float(page['share']):.0f}% of orders of each good from "
        f"{escape(str(page['reached']))}. Above it stand members whose buyers "
        "know nobody else, or whose other suppliers could not deliver.</p>"
    )
    return finding + _table(("member", *shares), rows)


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
