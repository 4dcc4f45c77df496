"""Figures of a back-test: model fans, records as points with ranges, naive baselines, events."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tradesim.analysis.backtest import naive, periods, records
from tradesim.analysis.backtest.naive import Forecast
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.records import Record
from tradesim.analysis.backtest.runs import Runs
from tradesim.report import labels, theme
from tradesim.report.fans import (
    Fan,
    Spec,
    Trace,
    fan_traces,
    iso,
    line_trace,
    median_trace,
    rounded,
)
from tradesim.report.panels import Marker, Panels
from tradesim.report.theme import Style

#: Baselines that are drawn. The last value one step ahead is the record moved by one period.
DRAWN: Mapping[str, tuple[str, Style]] = {
    "last_value_origin": (
        "last value before the control", Style(theme.ORANGE, "dash", "square", 2.2)),
    "same_period_last_year": (
        "same period last year", Style(theme.PURPLE, "dot", "triangle-up", 2.4)),
}  # fmt: skip
#: Marker of a record by what it is: name in the legend, symbol, colour.
RECORD_MARKS: Mapping[str, tuple[str, str, str]] = {
    "target": ("record, fitted to", "circle", theme.INK),
    "prediction": ("record, not fitted to", "diamond", theme.MAGENTA),
    "event": ("reported: at least", "triangle-up", theme.MAGENTA),
}
_SPAN = Style(theme.MUTED, "solid", "circle", 2.0)
_FAMILIES: Mapping[str, tuple[str, str]] = {
    "magnet_exports_t": ("Magnet exports from China", "t per month"),
    "oxide_exports_kg": ("Oxide and metal exports from China", "kg per month"),
    "ask_usd_per_kg": ("Ask of the oxide", "USD/kg"),
    "transaction_usd_per_kg": ("Price of what was delivered", "USD/kg"),
    "fob_usd_per_kg": ("Export price, FOB China", "USD/kg"),
    "domestic_usd_per_kg": ("Price inside China", "USD/kg"),
    "exports_t": ("Rare-earth exports from China", "t per quarter"),
    "licence_granted_share": ("Licences granted over applied for, since April 2025", "share"),
    "plants_stopped": ("Plants that stand still", "plants"),
    "quota_use_share": ("Exports over quota, within the year", "share"),
    "smuggled_share": ("Smuggled share of outflow, within the year", "share"),
    "share_of_imports_from_CHN": ("Share of imports that come from China", "share"),
}


@dataclass(frozen=True)
class Drawn:
    """One series ready to be drawn: runs, records, baselines; ``beside`` is another world's runs.

    Values are in the unit of the series.
    """

    runs: Runs
    found: tuple[Record, ...] = ()
    baselines: Mapping[tuple[str, str], Forecast] = field(default_factory=dict)
    beside: tuple[str, Runs] | None = None

    @property
    def series(self) -> str:
        """Name of the series."""
        return self.runs.series


def drawn(runs: Runs, own: Sequence[Record], beside: tuple[str, Runs] | None = None) -> Drawn:
    """A series with its records and the baselines that they allow."""
    baselines = naive.forecasts(own, runs.window) if own else {}
    return Drawn(runs, tuple(own), baselines, beside)


def group(series: str) -> str:
    """The card a series stands on: its family, with the place of a price."""
    parts = series.split(":")
    return ":".join(parts[:-1]) if len(parts) > 2 else parts[0]


def group_title(name: str) -> str:
    """Title of a card: ``Ask of the oxide, EU-27``."""
    family, _, place = name.partition(":")
    return _FAMILIES[family][0] + (f", {labels.economy(place)}" if place else "")


def series_title(series: str) -> str:
    """Title of a panel: the element, the destination, or ``total``."""
    last = series.rpartition(":")[2] if ":" in series else ""
    named = {"TOTAL": "total", "DEU": "Germany (share of EU-27)", "IND": "India"}
    return named.get(last, labels.economy(last)) if last else _FAMILIES[series][0]


def unit_words(series: str) -> str:
    """Unit of a panel's axis in words."""
    return _FAMILIES[series.partition(":")[0]][1]


def middle(label: str) -> pd.Timestamp:
    """The middle day of a period."""
    first, last = periods.span(label)
    return pd.Timestamp(first + (last - first) / 2)


def dates(texts: Sequence[str]) -> pd.DatetimeIndex:
    """Middle days of periods."""
    return pd.DatetimeIndex([middle(text) for text in texts])


def card(name: str, parts: Sequence[Drawn], events: Sequence[tuple[dt.date, str]]) -> Spec:
    """Small multiples of the series of one card, each on its own value axis."""
    columns = {1: 1, 2: 2, 4: 2}.get(len(parts), 3)
    rows = -(-len(parts) // columns)
    reach = x_range(parts)
    shown = [Marker(pd.Timestamp(day), f"{day.day} {day:%B %Y}: {words}") for day, words in events
             if reach[0] <= pd.Timestamp(day) < reach[1]]  # fmt: skip
    unit = unit_words(parts[0].series)
    panels = Panels(
        title=f"{group_title(name)}, {unit}", rows=rows, columns=columns, x_range=reach,
        titles=[series_title(p.series) for p in parts] if len(parts) > 1 else [""],
        row_titles=[unit] * rows, panel_px={1: 330, 2: 260}.get(columns, 180), share_y="none",
        gap_px=84, markers=shown,
    )  # fmt: skip
    for place, part in enumerate(parts):
        panels.add(*divmod(place, columns), traces(part))
    return panels.finish()


def x_range(parts: Sequence[Drawn]) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day of the earliest period of the runs, and the day after the last."""
    first = min(periods.span(p.runs.labels[0])[0] for p in parts)
    last = max(periods.span(p.runs.labels[-1])[1] for p in parts)
    return pd.Timestamp(first), pd.Timestamp(last + dt.timedelta(days=1))


def traces(part: Drawn) -> list[Trace]:
    """Everything in one panel, back to front."""
    fan = Fan(dates(part.runs.labels), part.runs.values, part.runs.seeds)
    unit, title = unit_words(part.series), series_title(part.series)
    out = fan_traces(fan, theme.MAIN, "model", unit, title)
    if part.beside:
        name, other = part.beside
        ghost = Fan(dates(other.labels), other.values, other.seeds)
        out.insert(0, median_trace(ghost, theme.GHOSTED, name, unit, title))
    out += baseline_traces(part)
    return out + record_traces(part)


def baseline_traces(part: Drawn) -> list[Trace]:
    """The baselines from the control on, over the recorded periods."""
    out = []
    for name, (title, style) in DRAWN.items():
        told = {p: f.value for (p, n), f in part.baselines.items()
                if n == name and periods.span(p)[1] >= part.runs.window.control}  # fmt: skip
        if told:
            line = line_trace(dates(list(told)), np.array(list(told.values())), style, title, True)
            line["hovertemplate"] = f"{title}: %{{y:,.3~r}}, %{{x|%b %Y}}<extra></extra>"
            out.append(line)
    return out


def record_traces(part: Drawn) -> list[Trace]:
    """Records: a level line over a span, a bar over a range, a mark at the value."""
    window = part.runs.window
    inside = [r for r in part.found if r.period in part.runs.labels or _spans(r, part.runs, window)]
    spans = [r for r in inside if _spans(r, part.runs, window)]
    points = [r for r in inside if r not in spans]
    return [*_span_traces(spans), *_range_traces(points), *_mark_traces(points)]


def _spans(record: Record, runs: Runs, window: Window) -> bool:
    """Whether a record covers several periods of the run."""
    inside = periods.parts(record.period, window.freq)
    return len(inside) > 1 and any(p in runs.labels for p in inside)


def _span_traces(spans: Sequence[Record]) -> list[Trace]:
    xs: list[str | None] = []
    ys: list[float | None] = []
    for record in spans:
        first, last = periods.span(record.period)
        xs += [f"{first}", f"{last}", None]
        ys += [level(record), level(record), None]
    if not xs:
        return []
    return [{
        "type": "scatter", "mode": "lines", "x": xs, "y": ys, "name": "record over several periods",
        "line": {"color": _SPAN.colour, "width": _SPAN.width_px, "dash": "solid"},
        "hovertemplate": "recorded mean over the span: %{y:,.4~r}<extra></extra>",
    }]  # fmt: skip


def level(record: Record) -> float:
    """The value of a span as it stands in one of its periods: sums are shared out evenly."""
    if records.joining(record.series) != "sum":
        return record.value
    freq = periods.window(record.case).freq
    return record.value / len(periods.parts(record.period, freq))


def _range_traces(points: Sequence[Record]) -> list[Trace]:
    ranged = [r for r in points if math.isfinite(r.high) and r.high > r.low]
    if not ranged:
        return []
    xs: list[str | None] = []
    ys: list[float | None] = []
    for record in ranged:
        day = iso(dates([record.period]))[0]
        xs += [day, day, None]
        ys += [*rounded(np.array([record.low, record.high])), None]
    return [{
        "type": "scatter", "mode": "lines", "x": xs, "y": ys, "name": "recorded range",
        "line": {"color": theme.INK, "width": 2.5, "dash": "solid"}, "hoverinfo": "skip",
    }]  # fmt: skip


def _mark_traces(points: Sequence[Record]) -> list[Trace]:
    out = []
    for kind, (name, symbol, colour) in RECORD_MARKS.items():
        own = [r for r in points if kind == _kind(r)]
        if own:
            out.append({
                "type": "scatter", "mode": "markers", "x": iso(dates([r.period for r in own])),
                "y": rounded(np.array([r.value for r in own])), "name": name,
                "marker": {"symbol": symbol, "size": 11, "color": colour},
                "hovertemplate": f"{name}: %{{y:,.4~r}}, %{{x|%b %Y}}<extra></extra>",
            })  # fmt: skip
    return out


def _kind(record: Record) -> str:
    if not records.scored(record):
        return "event"
    return "target" if record.role == "target" else "prediction"
