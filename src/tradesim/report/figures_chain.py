"""The licence queue and the plants that stand still."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tradesim.report import labels, theme
from tradesim.report.fans import Fan, Spec, fan_traces, median_trace
from tradesim.report.labels import GROUPS, sql_list
from tradesim.report.panels import Panels
from tradesim.report.reading import Reading
from tradesim.report.theme import Style

QUEUE = {
    "applied": Style(theme.BLUE, "solid", "circle", 2.6),
    "granted": Style(theme.GOLD, "dash", "square", 2.6),
    "denied": Style(theme.MAGENTA, "dot", "diamond", 2.6),
    "lapsed": Style(theme.PURPLE, "dashdot", "triangle-up", 2.2),
}
_PENDING = Style(theme.INK, "solid", "circle", 2.6)
_WAIT = Style(theme.ORANGE, "dash", "cross")
PLANT_STAGES = ("metal", "magnet", "component", "manufacture")
PLANT_ECONOMIES = ("EU27", "USA", "JPN", "KOR", "CHN")


def licence_totals(reading: Reading) -> pd.DataFrame:
    """Tonnes over the whole run by group of goods and destination, most applied for first.

    Columns ``group``, ``destination``, ``applied``, ``granted``, ``denied`` (t) and ``waited``
    (t × days); only rows with applications in the main world.
    """
    known = f"NOT {labels.is_nan('wait_days')}"
    found = reading.query(
        "SELECT good, destination, sum(applied_t) AS applied, sum(granted_t) AS granted, "
        f"sum(denied_t) AS denied, sum(wait_days * granted_t) FILTER ({known}) AS "
        f"waited FROM licences WHERE scenario = '{reading.main}' GROUP BY ALL"
    )
    groups = {good: name for name, goods in GROUPS.items() for good in goods}
    named = found.assign(
        group=found["good"].astype(str).map(groups), destination=found["destination"].astype(str)
    ).drop(columns="good")
    sums = named.groupby(["group", "destination"], as_index=False).sum()
    return sums[sums["applied"] > 0].sort_values("applied", ascending=False)


def licence_groups(reading: Reading) -> list[str]:
    """Groups of goods (magnets, oxides, metals …) for which licences were applied, by name."""
    asked = set(licence_totals(reading)["group"])
    return [name for name in GROUPS if name in asked]


def queue_places(reading: Reading, group: str, count: int = 4) -> list[str]:
    """Destinations with the largest applications for a group of goods."""
    totals = licence_totals(reading)
    return [str(place) for place in totals[totals["group"] == group]["destination"][:count]]


def licences(reading: Reading, group: str = "magnets") -> Spec:
    """Applied, granted, denied, lapsed; pending; waiting days: by destination, shared rows."""
    places = queue_places(reading, group)
    columns = max(len(places), 1)
    panels = Panels(
        title=f"Licences for {group} by destination, medians, {reading.years}",
        rows=3, columns=columns, x_range=reading.x_range,
        titles=[labels.economy(p) for p in places] + [""] * (2 * columns),
        row_titles=["t per month", "t pending", "days waited"], panel_px=170, row_gap_px=30,
        markers=reading.markers(), left_px=112,
    )  # fmt: skip
    where = (f"scenario = '{reading.main}' AND good IN ({sql_list(GROUPS[group])}) "
             f"AND destination IN ({sql_list(places)})")  # fmt: skip
    sums = {kind: f"sum({kind}_t)" for kind in (*QUEUE, "pending")}
    known = f"granted_t > 0 AND NOT {labels.is_nan('wait_days')}"
    wait = f"sum(wait_days * granted_t) FILTER ({known})"
    sums["wait"] = f"{wait} / nullif(sum(granted_t), 0)"
    frame = reading.series("licences", sums, where, ("destination",))
    for kind, style in QUEUE.items():
        fans = reading.fans(frame, "destination", rate=True, value=kind)
        _add_row(panels, 0, places, _named(fans), style, kind, "t per month")
    pending = reading.fans(frame, "destination", value="pending")
    _add_row(panels, 1, places, _named(pending), _PENDING, "pending", "t")
    waits = reading.fans(frame, "destination", fill=np.nan, value="wait")
    _add_row(panels, 2, places, _named(waits), _WAIT, "mean wait", "days")
    return panels.finish()


def _named(fans: dict[tuple[str, str], Fan]) -> dict[str, Fan]:
    return {label: fan for (_, label), fan in fans.items()}


def _add_row(
    panels: Panels, row: int, places: list[str], fans: dict[str, Fan], style: Style, name: str,
    unit: str,
) -> None:  # fmt: skip
    for column, place in enumerate(places):
        if place in fans:
            panels.add(row, column, [median_trace(fans[place], style, name, unit, place)])


def stopped(reading: Reading, world: str) -> dict[tuple[str, str], Fan]:
    """Share of plants that stand still in one world (0…1), by (economy, stage)."""
    return reading.once(("stopped", world), lambda: _stopped(reading, world))


def _stopped(reading: Reading, world: str) -> dict[tuple[str, str], Fan]:
    where = (f"scenario = '{world}' AND economy IN ({sql_list(PLANT_ECONOMIES)}) "
             f"AND stage IN ({sql_list(PLANT_STAGES)})")  # fmt: skip
    share = "sum(stopped_firms) / greatest(sum(firms), 1e-9)"
    frame = reading.series("plants", share, where, ("economy", "stage"))
    groups = frame.groupby(["economy", "stage"], observed=True)
    return {
        (str(economy), str(stage)): reading.fan(reading.matrix(part, 0.0))
        for (economy, stage), part in groups
    }


def plants(reading: Reading) -> Spec:
    """Plants standing still, %: stages down, economies across, one scale."""
    columns = len(PLANT_ECONOMIES)
    existing = plant_counts(reading)
    panels = Panels(
        title=f"Plants standing still for want of an input, % of plants, {reading.years}",
        rows=len(PLANT_STAGES), columns=columns, x_range=reading.x_range,
        titles=[labels.economy(e) for e in PLANT_ECONOMIES] + [""] * (columns * 3),
        row_titles=[_two_lines(labels.STAGES[s]) for s in PLANT_STAGES], panel_px=120,
        row_gap_px=30, left_px=178, flat_row_titles=True, percent=True, capped=True, share_y="all",
        value_ticks=3, markers=reading.markers(),
    )  # fmt: skip
    for world in reversed(reading.subjects):
        fans = stopped(reading, world)
        for row, stage in enumerate(PLANT_STAGES):
            for column, economy in enumerate(PLANT_ECONOMIES):
                fan = fans.get((economy, stage))
                if fan is not None and existing.get((economy, stage), 0.0) > 0:
                    style, unit = reading.style(world), "of plants"
                    traces = fan_traces(fan, style, world, unit, economy, samples=False)
                    panels.add(row, column, traces)
                elif world == reading.main:
                    panels.note(row, column, "no plants")
    return panels.finish()


def plant_counts(reading: Reading) -> dict[tuple[str, str], float]:
    """Largest number of plants that exist, by (economy, stage)."""
    found = reading.query("SELECT economy, stage, max(firms) AS n FROM plants GROUP BY ALL")
    rows = zip(found["economy"], found["stage"], found["n"], strict=True)
    return {(str(economy), str(stage)): float(n) for economy, stage, n in rows}


def _two_lines(text: str) -> str:
    return text.replace(" ", "<br>", 1).capitalize()
