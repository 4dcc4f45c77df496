"""By how much controls of technology delay the projects outside China, and funding hastens them.

Dates are those of the events ``project_due``: the day on which a plant starts if the rules stay
as they are at the end of the run. A pair of worlds shares the seed, so their difference is the
effect of the policies alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import GOODS
from tradesim.report import labels
from tradesim.report.reading import DAYS_PER_MONTH, Reading

#: Classes that move projects, as the pages name them.
MOVERS = ("TechnologyControl", "ProjectFunding")
#: Goods by the stage that makes them.
_MADE: Mapping[str, tuple[str, ...]] = {
    "mine": tuple(good for good in GOODS if good.startswith("concentrate_")),
    "separation": tuple(good for good in GOODS if good.startswith("oxide_")),
    "metal": tuple(good for good in GOODS if good.startswith("metal_")),
    "magnet": tuple(good for good in GOODS if good.startswith("magnet_")),
    "recycling": (),  # its oxides cannot be told from those of separation
}
_KEYS = ["seed", "project"]


def block(reading: Reading) -> str:
    """HTML of the block; '' without such a policy, comparison world or dated project."""
    rules = _rules(reading)
    if not rules or reading.other is None or "events" not in reading.results.tables:
        return ""
    since = min(pd.Timestamp(str(page["effective"])) for page in rules)
    delays = project_delays(reading, since)
    if delays.empty:
        return ""
    parts = [
        "<h3>Projects outside China</h3>",
        f"<p class='finding'>{escape(_sentence(reading, delays))}</p>",
        _stage_table(reading, delays),
        _project_table(reading, delays),
        _spent(reading),
    ]
    return "\n".join(filter(None, parts))


def _rules(reading: Reading) -> list[Mapping[str, Any]]:
    """Pages of the policies that move projects."""
    pages = reading.setting("policies") or {}
    return [
        page
        for page in pages.values()
        if isinstance(page, Mapping) and str(page.get("_target_", "")).endswith(MOVERS)
    ]


def project_delays(reading: Reading, since: pd.Timestamp) -> pd.DataFrame:
    """One row for each seed and project that still waited ``since``: delay in months of 30.4 days.

    Columns seed, project, economy, stage, capacity_t, due (comparison), months.
    """
    names = labels.sql_list([reading.main, str(reading.other)])
    told = reading.query(
        "SELECT scenario, seed, detail AS project, actor AS economy, target AS stage, date, reason "
        f"FROM events WHERE action = 'project_due' AND scenario IN ({names}) ORDER BY date"
    )
    words = told["reason"].astype(str)
    found = told.assign(
        scenario=told["scenario"].astype(str),
        capacity_t=words.str.extract(r"^([\d.]+) t a year")[0].astype(float),
        due=pd.to_datetime(words.str.extract(r"due (\S+)$")[0]),
    )
    last = found.groupby(["scenario", *_KEYS], observed=True).last().reset_index()
    ours = last[last["scenario"] == reading.main].set_index(_KEYS)
    theirs = last[last["scenario"] == reading.other].set_index(_KEYS)
    waited = theirs[theirs["due"] > since].index.intersection(ours.index)
    pair = theirs.loc[waited, ["economy", "stage", "capacity_t", "due"]]
    gap = ours.loc[waited, "due"] - theirs.loc[waited, "due"]
    return pair.assign(months=gap.dt.days / DAYS_PER_MONTH).reset_index()


def mean_delay(delays: pd.DataFrame) -> np.ndarray:
    """Capacity-weighted mean delay of every seed, months."""
    weighted = delays.assign(product=delays["months"] * delays["capacity_t"])
    sums = weighted.groupby("seed")[["product", "capacity_t"]].sum()
    return np.asarray(sums["product"] / sums["capacity_t"], float)


def _sentence(reading: Reading, delays: pd.DataFrame) -> str:
    by_seed = mean_delay(delays)
    mean, moved = float(by_seed.mean()), delays.loc[delays["months"].abs() > 0.05, "project"]
    verb = "delayed" if mean >= 0.0 else "brought forward"
    sign = 1.0 if mean >= 0.0 else -1.0
    return (
        f"Weighted by stage capacity, the {labels.count(delays['project'].nunique(), 'project')} "
        f"that still waited are {verb} by {abs(mean):.1f} months on average "
        f"[{_spread(sign * by_seed, 1)}; {reading.runs_text}]; {moved.nunique()} of them move in "
        "at least one run."
    )


def _stage_table(reading: Reading, delays: pd.DataFrame) -> str:
    """Delay and change of output by stage."""
    change = output_change(reading)
    nothing = np.zeros(len(reading.seeds) if change else 0)
    rows = []
    for stage, goods in _MADE.items():
        part = delays[delays["stage"].astype(str) == stage]
        if part.empty:
            continue
        by_seed = mean_delay(part)
        made = np.array(sum((change[g] for g in goods if g in change), start=nothing), float)
        made = made if goods else made[:0]
        rows.append(
            (stage, str(part["project"].nunique()), f"{by_seed.mean():.1f}", _spread(by_seed, 1),
             f"{made.mean():+,.0f}" if len(made) else "–", _spread(made, 0))
        )  # fmt: skip
    head = ("Stage", "Projects", "Mean delay, months", "p10–p90",
            "Change of output outside China in the run, t", "p10–p90")  # fmt: skip
    note = (
        "<p class='note'>Delay weighted by capacity; below zero is earlier. The change of output "
        "is that of all plants outside China against the comparison world: projects that move, "
        "lines out of service and what others make instead.</p>"
    )
    return _table(head, rows) + note


def output_change(reading: Reading) -> dict[str, np.ndarray]:
    """Output outside China, scenario less comparison, t in the run [seeds] by good."""
    if "markets" not in reading.results.tables:
        return {}
    names = labels.sql_list([reading.main, str(reading.other)])
    frame = reading.query(
        "SELECT scenario, seed, good, sum(output_t) AS output_t FROM markets "
        f"WHERE economy <> 'CHN' AND scenario IN ({names}) GROUP BY ALL"
    )
    sign = np.where(frame["scenario"].astype(str) == reading.main, 1.0, -1.0)
    run = np.searchsorted(np.array(reading.seeds), frame["seed"].to_numpy())
    change: dict[str, np.ndarray] = {}
    for row, good in enumerate(frame["good"].astype(str)):
        total = change.setdefault(good, np.zeros(len(reading.seeds)))
        total[run[row]] += sign[row] * float(frame["output_t"].iloc[row])
    return change


def _project_table(reading: Reading, delays: pd.DataFrame) -> str:
    """Every project that moves in some run: when it starts in both worlds."""
    rows = []
    end = reading.periods.end
    for project, part in sorted(delays.groupby("project", observed=True), key=_due):
        months = part["months"].to_numpy(float)
        if np.abs(months).max() < 0.05:
            continue
        first = part.iloc[0]
        start = first["due"] + pd.Timedelta(days=float(np.median(months)) * DAYS_PER_MONTH)
        beyond = " (after the run)" if start >= end else ""
        rows.append(
            (str(project), labels.economy(str(first["economy"])), str(first["stage"]),
             f"{first['capacity_t']:,.0f}", f"{first['due']:%b %Y}", f"{start:%b %Y}{beyond}",
             f"{months.mean():+.1f}", _spread(months, 1), f"{(np.abs(months) > 0.05).mean():.0%}")
        )  # fmt: skip
    if not rows:
        return ""
    head = ("Project", "Economy", "Stage", "Capacity, t a year", "Start without", "Median start",
            "Delay, months", "p10–p90", "Runs in which it moves")  # fmt: skip
    return (
        f"<details><summary>{labels.count(len(rows), 'project')} by name</summary>"
        "<p class='note'>Start is when the plant begins to ramp, if the rules at the end of the "
        "run stay. Whether a plant depends on Chinese technology is drawn anew in each run.</p>"
        f"{_table(head, rows)}</details>"
    )


def _due(item: tuple[Any, pd.DataFrame]) -> tuple[pd.Timestamp, str]:
    return item[1]["due"].iloc[0], str(item[0])


def _spent(reading: Reading) -> str:
    """What governments paid, if they did."""
    if "states" not in reading.results.tables:
        return ""
    frame = reading.query(
        "SELECT seed, state, sum(public_spending_usd) AS usd FROM states "
        f"WHERE scenario = {labels.sql_list([reading.main])} GROUP BY ALL"
    )
    mean = frame.assign(state=frame["state"].astype(str)).groupby("state")["usd"].mean()
    mean = mean[mean > 0.0].sort_values(ascending=False)
    if mean.empty:
        return ""
    words = labels.joined(
        [f"{labels.economy(str(code))} {usd / 1e6:,.0f}" for code, usd in mean.items()]
    )
    return f"<p>Public money spent in the run, million USD: {escape(words)}.</p>"


def _spread(values: np.ndarray, digits: int) -> str:
    if len(values) == 0:
        return "–"
    low, high = np.quantile(values, [0.1, 0.9])
    return f"{low:,.{digits}f} to {high:,.{digits}f}"


def _cell(text: str) -> str:
    kind = "n" if text[:1] in "0123456789+-–" else "k"
    return f"<td class='{kind}'>{escape(text)}</td>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; numbers to the right."""
    top = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f"<div class='wide'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
