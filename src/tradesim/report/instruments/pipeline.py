"""By how much controls of technology delay the projects outside China, and funding hastens them.

Dates are those of the events ``project_due``: the day on which a plant starts if the rules stay
as they are at the end of the run. A pair of worlds shares the seed, so their difference is the
effect of the policies alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import GOODS
from tradesim.report import labels
from tradesim.report.instruments import layout
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
#: Months below which a project has not moved: a day and a half, less than a step.
_NOTICED = 0.05


def block(reading: Reading) -> str:
    """HTML of the block; '' without such a policy, comparison world or dated project."""
    rules = layout.pages_of(reading, *MOVERS)
    if not rules or reading.other is None or "events" not in reading.results.tables:
        return ""
    since = min(pd.Timestamp(str(page["effective"])) for page in rules.values())
    delays = project_delays(reading, since)
    if delays.empty:
        return ""
    return layout.block(
        "Projects outside China", _sentence(delays), _stage_table(reading, delays),
        _project_table(reading, delays), _spent(reading),
    )  # fmt: skip


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


def _sentence(delays: pd.DataFrame) -> str:
    by_seed = mean_delay(delays)
    moved = delays.loc[delays["months"].abs() > _NOTICED, "project"].nunique()
    later = float(np.median(by_seed)) >= 0.0
    return (
        f"Weighted by capacity, the {labels.count(delays['project'].nunique(), 'project')} that "
        f"still waited are {'delayed' if later else 'brought forward'} by "
        f"{layout.interval(by_seed, 1.0 if later else -1.0)} months on average; {moved} of them "
        f"{'moves' if moved == 1 else 'move'} in at least one run."
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
        made = np.array(sum((change[g] for g in goods if g in change), start=nothing), float)
        rows.append(
            (stage, str(part["project"].nunique()), layout.interval(mean_delay(part), plus=True),
             layout.interval(made if goods else made[:0], plus=True))
        )  # fmt: skip
    head = ("Stage", "Projects", "Mean delay, months", "Output outside China in the run, change, t")
    aside = (
        "Delay weighted by capacity; below zero is earlier. The change of output is that of all "
        "plants outside China against the comparison world: projects that move, lines out of "
        "service and what others make instead."
    )
    return layout.table(head, rows) + layout.note(aside)


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
        if np.abs(months).max() <= _NOTICED:
            continue
        first = part.iloc[0]
        start = first["due"] + pd.Timedelta(days=float(np.median(months)) * DAYS_PER_MONTH)
        beyond = ", after the run" if start >= end else ""
        place = f"{labels.economy(str(first['economy']))}, {first['stage']}"
        rows.append(
            (str(project), place, f"{first['due']:%b %Y}", f"{start:%b %Y}{beyond}",
             layout.number(first["capacity_t"]), layout.interval(months, plus=True),
             layout.number(100 * (np.abs(months) > _NOTICED).mean()))
        )  # fmt: skip
    if not rows:
        return ""
    head = ("Project", "Where and what", "Start without", "Median start", "Capacity, t a year",
            "Delay, months", "Moves in % of runs")  # fmt: skip
    aside = layout.note(
        "Start is when the plant begins to ramp, if the rules at the end of the run stay. Whether "
        "a plant depends on Chinese technology is drawn anew in each run."
    )
    title = f"{labels.count(len(rows), 'project')} by name"
    return layout.folded(title, layout.table(head, rows, words=4) + aside)


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
    by_state = {
        str(code): part["usd"] for code, part in frame.groupby("state", observed=True)
        if part["usd"].median() > 0.0
    }  # fmt: skip
    largest = sorted(by_state, key=lambda code: float(-by_state[code].median()))
    rows = [(labels.economy(code), layout.interval(by_state[code], 1e-6)) for code in largest]
    return layout.table(("Government", "Public money spent in the run, million USD"), rows)
