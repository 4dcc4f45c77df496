"""The escalation chart of one run: a lane for each government, and below them what followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradesim.report import diplomacy, figures_market, labels, theme
from tradesim.report.diplomacy import KINDS, Deed
from tradesim.report.fans import Fan, Spec, Trace, line_trace
from tradesim.report.lanes import TALKS, Lanes, Row
from tradesim.report.reading import Reading
from tradesim.report.theme import Style

#: A close-up shows so many months, the fullest ones; the rest of the run must be longer than this.
CLOSE_MONTHS = 7
_WORTH_A_VIEW = pd.Timedelta(days=35)
_LEAD = pd.Timedelta(days=14)
MARK_PX = 15
#: Least distance of two marks in a track, px: with numbers in a close-up, without in a whole run.
NUMBERED_PX, CLOSE_PX = 27, 16
_MOVE, _TALK = theme.MAGENTA, theme.BLUE
#: What deeds change in the market: a line leads from them to the strips.
_LINKED = {"force": "solid", "withdraw": "dash", "deal": "dash", "end": "dashdot"}
#: Where the price that moves most is looked for, and what is shown if nothing happens.
_PLACE, _FIRST = "EU27", "oxide_Dy"
_DEAL = "deal"
_RUNG = "rung"
_HOVER_PX = 520
_LEGEND_LETTERS = 9


def close_up(reading: Reading, seed: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The months of a run in which governments do most, as a range of the date axis."""
    first, end = reading.x_range
    days = [deed.date for deed in diplomacy.deeds(reading, seed)]
    best, most = first, -1
    for day in days or [first]:
        start = max(first, (day - _LEAD).replace(day=1))
        stop = start + pd.DateOffset(months=CLOSE_MONTHS)
        count = sum(start <= other < stop for other in days)
        if count > most:
            best, most = start, count
    return best, min(end, best + pd.DateOffset(months=CLOSE_MONTHS))


def spans(reading: Reading, seed: int) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Views of one run by name: ``close`` and, if the run is much longer, ``whole``."""
    whole, close = reading.x_range, close_up(reading, seed)
    if (whole[1] - whole[0]) - (close[1] - close[0]) < _WORTH_A_VIEW:
        return {"close": whole}
    return {"close": close, "whole": whole}


def escalation(reading: Reading, seed: int, span: str = "close") -> Spec:
    """Rungs, deeds and deals of one run by government, exports and a price below; see the module.

    ``span`` is a name of :func:`spans`; one that this run has not gives the close-up.
    """
    views = spans(reading, seed)
    start, end = views.get(span, views["close"])
    codes = diplomacy.governments(reading)
    lanes = Lanes(
        title=f"Escalation, rung by government, run of seed {seed}, {_period(start, end)}",
        x_range=(start, end),
        rows=[*(_lane(reading, seed, code) for code in codes), *_strips(reading)],
    )  # fmt: skip
    for number, code in enumerate(codes):
        _add_steps(lanes, number, diplomacy.steps(reading, seed, code))
        _add_deals(lanes, number, [d for d in diplomacy.deals(reading, seed) if code in d.parties])
    done = [d for d in diplomacy.deeds(reading, seed) if start <= d.date < end]
    for number, code in enumerate(codes):
        _add_deeds(lanes, number, [d for d in done if d.actor == code],
                   CLOSE_PX if span == "whole" and "whole" in views else NUMBERED_PX)  # fmt: skip
    lanes.in_order([_RUNG, _DEAL, *(kind.word for kind in KINDS.values())])
    _add_strips(lanes, len(codes), reading, seed)
    return lanes.finish()


def _period(start: pd.Timestamp, end: pd.Timestamp) -> str:
    last = end - pd.Timedelta(days=7)
    return f"{start:%b %Y}–{last:%b %Y}"


def _lane(reading: Reading, seed: int, code: str) -> Row:
    steps = (step for s in reading.seeds for step in diplomacy.steps(reading, s, code))
    top = max((rung for _, rung in steps), default=1)
    deals = any(code in deal.parties for deal in diplomacy.deals(reading, seed))
    talks = any(not KINDS[d.kind].move for d in diplomacy.deeds(reading, seed) if d.actor == code)
    return Row(f"<b>{labels.economy(code)}</b>", top, talks or deals)


def _strips(reading: Reading) -> tuple[Row, Row]:
    """The strips below the lanes: quantity, place and unit."""
    name, place = labels.good(moved_most(reading)), labels.economy(_PLACE)
    return (
        Row("China’s magnet<br>exports, t a month"),
        Row(f"{name} in {place},<br>USD per kg"),
    )


def moved_most(reading: Reading) -> str:
    """The oxide whose ask in the EU-27 rises most once governments act, by the median run.

    A run's rise is the largest later price over the comparison's (1 without one) against that
    ratio in the last period before the first deed.
    """
    return reading.once(("moved most",), lambda: _moved_most(reading))


def _moved_most(reading: Reading) -> str:
    days = [d.date for seed in reading.seeds for d in diplomacy.deeds(reading, seed)]
    if not days:
        return _FIRST
    frame = reading.query(
        "SELECT scenario, seed, date, good, price_ask_usd_per_kg AS ask FROM markets WHERE "
        f"economy = '{_PLACE}' AND good LIKE 'oxide_%'"
    )
    frame = frame.assign(**{c: frame[c].astype(str) for c in ("scenario", "good")})
    wide = frame.pivot_table(index=["good", "seed", "date"], columns="scenario", values="ask")
    ratio = wide[reading.main] / (wide[reading.other] if reading.other else 1.0)
    paths = ratio.unstack("date")
    before = pd.to_datetime(paths.columns) < min(days).replace(day=1)
    if not before.any() or before.all():
        return _FIRST
    rise = paths.loc[:, ~before].max(axis=1) / paths.loc[:, before].iloc[:, -1]
    return str(rise.groupby("good").median().idxmax())


def _add_steps(lanes: Lanes, row: int, steps: Sequence[tuple[pd.Timestamp, int]]) -> None:
    """The rung over time as a line of steps over a shade; both end with the axis."""
    start, end = lanes.x_range
    now = next((rung for day, rung in reversed(steps) if day <= start), 0)
    xs, ys = [start], [now]
    for day, rung in steps:
        if start < day < end:
            xs += [day, day]
            ys += [ys[-1], rung]
    xs, ys = [*xs, end], [*ys, ys[-1]]
    days = [f"{day:%Y-%m-%d}" for day in xs]
    shade: Trace = {
        "type": "scatter", "mode": "lines", "x": [*days, days[-1], days[0], days[0]],
        "y": [*ys, 0, 0, ys[0]], "fill": "toself", "fillcolor": theme.rgba(theme.INK, 0.09),
        "line": {"width": 0}, "hoverinfo": "skip", "name": _RUNG, "showlegend": False,
    }  # fmt: skip
    line: Trace = {
        "type": "scatter", "mode": "lines", "x": days, "y": ys, "name": _RUNG,
        "line": {"color": theme.INK, "width": 3, "dash": "solid"},
        "hovertemplate": "rung %{y}, %{x|%d %b %Y}<extra></extra>",
    }  # fmt: skip
    lanes.add(row, shade)
    lanes.add(row, line)


def _add_deals(lanes: Lanes, row: int, deals: Sequence[diplomacy.Deal]) -> None:
    """A hatched bar in the track of talks for each deal in force."""
    start, end = lanes.x_range
    low, high = TALKS - 0.32, TALKS + 0.32
    for deal in deals:
        first, last = max(deal.start, start), min(deal.end, end)
        if first >= last:
            continue
        left, right = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
        names = labels.joined([labels.economy(code) for code in deal.parties])
        lanes.add(row, {
            "type": "scatter", "mode": "lines", "x": [left, right, right, left, left],
            "y": [low, low, high, high, low], "fill": "toself", "line": {"width": 0},
            "fillcolor": theme.rgba(theme.PURPLE, 0.25), "name": _DEAL, "hoveron": "fills",
            "fillpattern": {"shape": "/", "fgcolor": "#8d7ee3", "bgcolor": "#efecfd", "size": 8},
            "text": f"deal of {names}", "hoverinfo": "text",
        })  # fmt: skip


def _add_deeds(lanes: Lanes, row: int, deeds: Sequence[Deed], least_px: float) -> None:
    """A mark for each deed; those of one height stand side by side, numbered if there is room."""
    heights: dict[float, list[Deed]] = {}
    for deed in deeds:
        height = float(deed.height) if KINDS[deed.kind].move else TALKS
        heights.setdefault(height, []).append(deed)
    for height, found in heights.items():
        places = _places(lanes, found, least_px)
        for i, deed in enumerate(found):
            lanes.add(row, _mark(lanes, row, deed, height, places[i]))
            near = min((abs(places[i] - p) for j, p in enumerate(places) if j != i), default=1e9)
            if near >= NUMBERED_PX - 5:
                lanes.notes.append(_number(lanes, row, deed, height, places[i]))
            if deed.kind in _LINKED:
                lanes.shapes.append(_link(lanes, row, deed, height))


def _places(lanes: Lanes, deeds: Sequence[Deed], least_px: float) -> list[float]:
    """Pixels at which marks stand: at their day, or as little after it as room demands."""
    places: list[float] = []
    for deed in deeds:
        at = lanes.x_px(deed.date)
        places.append(at if not places else max(at, places[-1] + least_px))
    return places


def _mark(lanes: Lanes, row: int, deed: Deed, height: float, x_px: float) -> Trace:
    kind = KINDS[deed.kind]
    wrapped = "<br>".join(theme.wrapped(f"{deed.number}. {deed.text}", _HOVER_PX))
    title = lanes.rows[row].title.replace("<b>", "").replace("</b>", "")
    return {
        "type": "scatter", "mode": "markers", "x": [lanes.day(x_px)], "y": [height],
        "name": kind.word, "hovertext": [wrapped], "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"symbol": kind.symbol, "size": MARK_PX, "color": _MOVE if kind.move else _TALK,
                   "line": {"color": theme.PAPER, "width": 1.5}},
        "meta": {"row": [title, kind.word, f"{deed.date:%Y-%m-%d}", deed.text]},
    }  # fmt: skip


def _number(lanes: Lanes, row: int, deed: Deed, height: float, x_px: float) -> dict[str, Any]:
    """The number of a deed in the table: beside a move, below a word of the talks."""
    move, suffix = KINDS[deed.kind].move, lanes.axis(row)
    down = deed.kind == "withdraw"  # the step falls away to the right, which leaves room there
    beside = {"xanchor": "left" if down else "right", "xshift": 6 if down else -6,
              "yanchor": "bottom", "yshift": 1}  # fmt: skip
    below = {"xanchor": "center", "xshift": 0, "yanchor": "top", "yshift": -8}
    return {
        "text": f"<b>{deed.number}</b>", "x": lanes.day(x_px), "y": height, "xref": f"x{suffix}",
        "yref": f"y{suffix}", "showarrow": False, **(beside if move else below),
        "font": {"size": theme.TEXT_PX, "color": theme.INK},
    }  # fmt: skip


def _link(lanes: Lanes, row: int, deed: Deed, height: float) -> dict[str, Any]:
    """A line from a deed down through the strips: what follows stands to its right."""
    day = f"{deed.date:%Y-%m-%d}"
    return {
        "type": "line", "xref": f"x{lanes.axis(row)}", "yref": "paper", "x0": day, "x1": day,
        "y0": 0.0, "y1": lanes.paper(row, height),
        "layer": "below", "line": {"color": theme.MUTED, "width": 1.3,
                                   "dash": _LINKED[deed.kind]},
    }  # fmt: skip


def _add_strips(lanes: Lanes, first: int, reading: Reading, seed: int) -> None:
    """What followed, with the same seed: this run's line over that of the comparison."""
    exports = figures_market.export_fans(reading)
    asks = figures_market.price_fans(reading, moved_most(reading), "ask")
    found = ((exports, "", "t per month"), (asks, _PLACE, "USD per kg"))
    for number, (fans, place, unit) in enumerate(found):
        for world in (reading.other, reading.main):
            fan = fans.get((world or "", place))
            if fan is not None:
                lanes.add(first + number, _run_line(lanes, reading, fan, str(world), seed, unit))


def _short(world: str) -> str:
    """A world's name for the legend, whose columns are as wide as their widest word."""
    return world if len(world) <= _LEGEND_LETTERS else "compared"


def _run_line(lanes: Lanes, reading: Reading, fan: Fan, world: str, seed: int, unit: str) -> Trace:
    start, end = lanes.x_range
    shown = np.asarray((fan.dates >= start) & (fan.dates < end))
    values = np.asarray(fan.runs[fan.seeds.index(seed)])[shown]
    ours = world == reading.main
    style = Style(theme.BLUE, "solid", "circle", 2.6) if ours else theme.GHOSTED
    name = "this run" if ours else _short(world)
    trace = line_trace(fan.dates[shown], values, style, name)
    trace["hovertemplate"] = (
        f"%{{y:,.3~r}} {unit}<br>{world}, seed {seed}, %{{x|%b %Y}}<extra></extra>"
    )
    return trace
