"""Who supplies whom: the stage Sankey, comparison ghosted, licence-blocked tonnes hatched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tradesim.axes import CONCENTRATES, MAGNETS, METALS, UNDECLARED
from tradesim.report import sankey, theme
from tradesim.report.fans import Spec
from tradesim.report.figures_market import export_fans, over
from tradesim.report.labels import sql_list
from tradesim.report.panels import WIDTH_PX, annotation, base_layout, legend, margins
from tradesim.report.reading import Reading

STAGES = ("Mine", "Separation", "Metal", "Magnet", "Component", "Use")
#: What moves between two stages: short title and SQL condition.
GAPS: tuple[tuple[str, str], ...] = (
    ("concentrate", f"good IN ({sql_list(CONCENTRATES)})"),
    ("magnet oxides", "good IN ('oxide_Nd', 'oxide_Pr', 'oxide_Tb', 'oxide_Dy', 'oxide_Sm') "
                      f"AND end_use = '{UNDECLARED}'"),
    ("metal", f"good IN ({sql_list(METALS)})"),
    ("magnets", f"good IN ({sql_list(MAGNETS)})"),
    ("components", "good = 'component_motor'"),
)  # fmt: skip
_ALLIES = ("KOR", "AUS", "CAN", "GBR", "TWN")
_PROCESSORS = ("MYS", "MMR", "LAO", "VNM", "THA", "IND", "KAZ", "PAK", "PHL", "MEX", "BRA")
ORDER = ["China", "USA", "EU-27", "Japan", "allies", "processors", "rest"]
GROUP_NOTE = (
    "allies: Korea, Australia, Canada, United Kingdom, Taiwan; processors: Malaysia, Myanmar, "
    "Laos, Vietnam, Thailand, India, Kazakhstan, Pakistan, Philippines, Mexico, Brazil"
)
#: Smallest relative difference from the comparison that is printed beside a bar.
LEAST_CHANGE = 0.03
_BLOCKED = "licence pending or denied"
_NAMES = ["from China", "from elsewhere", _BLOCKED]


def group(code: str) -> str:
    """The group an economy is drawn in."""
    if code in _ALLIES:
        return "allies"
    if code in _PROCESSORS:
        return "processors"
    return {"CHN": "China", "USA": "USA", "EU27": "EU-27", "JPN": "Japan"}.get(code, "rest")


@dataclass(frozen=True)
class Span:
    """A stretch of the run: SQL condition on ``date`` and its name."""

    where: str
    name: str


def spans(reading: Reading) -> list[Span]:
    """The month in which Chinese magnet exports were lowest, and the first year."""
    found = []
    worst = trough_month(reading)
    if worst is not None:
        found.append(
            Span(
                f"date = DATE '{worst:%Y-%m-%d}'",
                f"{reading.period_name(worst)}, the worst {'month' if reading.monthly else 'step'}",
            )
        )
    starts, kept = reading.periods.starts, reading.periods.kept
    if len(starts):
        last = starts.min() + pd.DateOffset(years=1)
        months = starts[(starts < last) & kept]
        text = f"{months.min():%b %Y}–{months.max():%b %Y}"
        found.append(Span(f"date < DATE '{last:%Y-%m-%d}'", text))
    return found


def trough_month(reading: Reading) -> pd.Timestamp | None:
    """First day of the month in which the median of exports over the comparison is lowest.

    None without a comparison or without exports.
    """
    fans = export_fans(reading)
    mine, base = fans.get((reading.main, "")), fans.get((reading.other or "", ""))
    if mine is None or base is None:
        return None
    ratio = over(mine, base).median
    if not np.isfinite(ratio).any():
        return None
    return pd.Timestamp(reading.periods.starts[reading.periods.kept][int(np.nanargmin(ratio))])


#: Tonnes by (world, good, origin, destination).
Lanes = dict[tuple[str, str, str, str], float]


def flows(reading: Reading, span: Span) -> list[sankey.Flow]:
    """Mean tonnes over the runs between groups at each gap, both worlds, in one span.

    What licences block is counted good by good and lane by lane: the smaller of what is missing
    there and of what is denied in the span or pending at its end.
    """
    shipped, gaps = _lanes(reading, "flows", "origin", "sum(shipped_t)", span)
    last = f"(SELECT max(date) FROM licences WHERE {span.where})"
    waiting = f"sum(denied_t + CASE WHEN date = {last} THEN pending_t ELSE 0 END)"
    stuck, _ = _lanes(reading, "licences", "authority", waiting, span)
    base = reading.other or reading.main
    sums: dict[tuple[int, str, str], list[float]] = {}
    for lane in sorted({key[1:] for key in shipped}):
        good, origin, destination = lane
        mine, ghost = (shipped.get((world, *lane), 0.0) for world in (reading.main, base))
        blocked = min(stuck.get((reading.main, *lane), 0.0), max(ghost - mine, 0.0))
        total = sums.setdefault((gaps[good], group(origin), group(destination)), [0.0, 0.0, 0.0])
        for i, value in enumerate((mine, ghost, blocked)):
            total[i] += value
    return [sankey.Flow(*key, *values) for key, values in sorted(sums.items())]


def _lanes(
    reading: Reading, table: str, origin: str, tonnes: str, span: Span
) -> tuple[Lanes, dict[str, int]]:
    """Mean t over the runs by lane and good, and the gap that each good crosses."""
    cases = " ".join(f"WHEN {goods} THEN {gap}" for gap, (_, goods) in enumerate(GAPS))
    frame = reading.query(
        f"SELECT scenario, good, CASE {cases} ELSE -1 END AS gap, {origin} AS origin, "
        f"destination, {tonnes} / {len(reading.seeds)} AS t FROM {table} WHERE {span.where} "
        "GROUP BY ALL"
    )
    lanes: Lanes = {}
    gaps: dict[str, int] = {}
    names = ("scenario", "good", "origin", "destination", "gap", "t")
    for *key, gap, t in zip(*(frame[name].tolist() for name in names), strict=True):
        if gap >= 0:
            world, good, source, target = map(str, key)
            lanes[world, good, source, target] = float(t)
            gaps[good] = int(gap)
    return lanes, gaps


def chain(reading: Reading, span: Span) -> Spec:
    """The Sankey of one span of the run; ribbons are tonnes on the scale of their gap."""
    left, right, top, foot = 8, 140, 104, 62
    width = WIDTH_PX - left - right
    plan = sankey.layout(flows(reading, span), ORDER, len(STAGES), width, full_px=250.0)
    height = max(plan.height, 60.0)
    traces = _ribbon_traces(reading, plan)
    axis = {"visible": False, "fixedrange": True, "domain": [0, 1], "showgrid": False,
            "showticklabels": False, "tickvals": [], "ticktext": []}  # fmt: skip
    notes = _stage_notes() + _gap_notes(plan) + _bar_notes(plan, width, height)
    layout = {
        **base_layout(f"Who supplies whom, tonnes by stage, {span.name}", top),
        "height": round(top + height + foot),
        "margin": margins(left, right, top, foot),
        "xaxis": {**axis, "range": [0, width], "anchor": "y"},
        "yaxis": {**axis, "range": [height, 0], "anchor": "x"},
        "legend": legend(_NAMES, -left / width, 1 + 32 / height),
        "shapes": _bar_shapes(plan, width), "annotations": notes,
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _ribbon_traces(reading: Reading, plan: sankey.Plan) -> list[dict[str, Any]]:
    ghosts = [r.ghost for r in plan.ribbons if r.flow.comparison_t > 0]
    traces = []
    if reading.other:
        traces.append(_filled(_merged(ghosts), theme.GHOST, reading.other))
    for name, colour, chinese in (("from China", theme.BLUE, True),
                                  ("from elsewhere", theme.GOLD, False)):  # fmt: skip
        first = True
        for ribbon in plan.ribbons:
            if (ribbon.flow.origin == "China") is chinese and ribbon.flow.scenario_t > 0:
                trace = _filled(ribbon.scenario, theme.rgba(colour, 0.62), name, first)
                traces.append({**trace, "text": _hover(ribbon.flow), "hoverinfo": "text",
                               "hoveron": "fills", "meta": {"row": [
                                   f"{ribbon.flow.origin} to {ribbon.flow.destination}",
                                   "shipped_t", GAPS[ribbon.flow.gap][0],
                                   round(ribbon.flow.scenario_t, 3)]}})  # fmt: skip
                first = False
    stuck = [r.blocked for r in plan.ribbons if r.blocked is not None]
    if stuck:
        trace = _filled(_merged(stuck), theme.rgba(theme.MAGENTA, 0.15), _BLOCKED)
        hatch = {"shape": "/", "fgcolor": theme.MAGENTA, "bgcolor": "#ffffff", "size": 7,
                 "solidity": 0.4}  # fmt: skip
        traces.append({**trace, "fillpattern": hatch})
    return traces


def _filled(
    outline: tuple[list[Any], list[Any]], colour: str, name: str, shown: bool = True
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": outline[0], "y": outline[1], "fill": "toself",
        "fillcolor": colour, "line": {"width": 0}, "name": name, "legendgroup": name,
        "showlegend": shown, "hoverinfo": "skip", "xaxis": "x", "yaxis": "y",
    }  # fmt: skip


def _merged(outlines: list[sankey.Outline]) -> tuple[list[Any], list[Any]]:
    xs: list[Any] = []
    ys: list[Any] = []
    for x, y in outlines:
        xs += ([None] if xs else []) + x
        ys += ([None] if ys else []) + y
    return xs, ys


def _hover(flow: sankey.Flow) -> str:
    text = (f"{flow.origin} to {flow.destination}, {GAPS[flow.gap][0]}: "
            f"{theme.number(flow.scenario_t)} t<br>comparison "
            f"{theme.number(flow.comparison_t)} t")  # fmt: skip
    return text + (f"<br>pending or denied {theme.number(flow.blocked_t)} t"
                   if flow.blocked_t > 0 else "")  # fmt: skip


def _stage_notes() -> list[dict[str, Any]]:
    count = len(STAGES)
    return [
        annotation(f"<b>{stage}</b>", i / (count - 1), 1, "center" if i else "left", "bottom",
                   y_shift=6)
        for i, stage in enumerate(STAGES)
    ]  # fmt: skip


def _gap_notes(plan: sankey.Plan) -> list[dict[str, Any]]:
    notes = []
    for gap, (title, _) in enumerate(GAPS):
        parts = [r.flow for r in plan.ribbons if r.flow.gap == gap]
        mine, ghost = sum(f.scenario_t for f in parts), sum(f.comparison_t for f in parts)
        text = f"{title}<br>{theme.number(mine)} t{_change(mine, ghost, ', ')}"
        notes.append(annotation(text, (gap + 0.5) / len(GAPS), 0, "center", "top", y_shift=-6))
    return [{**note, "align": "center"} for note in notes]


def _change(mine: float, ghost: float, lead: str) -> str:
    """The scenario as % of the comparison, where they differ enough to be worth a number."""
    if ghost <= 0 or abs(mine / ghost - 1) < LEAST_CHANGE:
        return ""
    return f"{lead}{mine / ghost:.0%}"


def _bar_shapes(plan: sankey.Plan, width: float) -> list[dict[str, Any]]:
    step = (width - 14) / (len(STAGES) - 1)
    return [
        {"type": "rect", "xref": "x", "yref": "y", "x0": bar.column * step,
         "x1": bar.column * step + 14, "y0": bar.top, "y1": max(bar.bottom, bar.top + 2),
         "fillcolor": theme.INK, "line": {"width": 0}, "layer": "above"}
        for bar in plan.bars.values()
    ]  # fmt: skip


def _bar_notes(plan: sankey.Plan, width: float, height: float) -> list[dict[str, Any]]:
    step = (width - 14) / (len(STAGES) - 1)
    notes = []
    for bar in plan.bars.values():
        text = bar.name + _change(bar.scenario_t, bar.comparison_t, " ")
        place = ((bar.column * step + 20) / width, 1 - (bar.top + bar.bottom) / 2 / height)
        note = annotation(text, *place, "left", "middle")
        notes.append({**note, "bgcolor": "rgba(255,255,255,0.72)"})
    return notes
