"""Magnet exports and prices: fans with sampled runs, the comparison ghosted, events marked."""

from __future__ import annotations

import numpy as np

from tradesim.axes import MAGNETS
from tradesim.report import labels, theme
from tradesim.report.fans import Fan, Spec, fan_traces, median_trace
from tradesim.report.labels import sql_list
from tradesim.report.panels import Panels
from tradesim.report.reading import Reading
from tradesim.report.theme import Style

PRICED = ("oxide_Dy", "oxide_Tb", "NdPr", "oxide_Y", "magnet_NdFeB_HRE")
PRICE_SERIES = ("ask", "contract", "transaction")
PRICE_ECONOMIES = ("EU27", "USA", "JPN", "CHN")
_NDPR = ("oxide_Nd", "oxide_Pr")
_CONTRACT = Style(theme.ORANGE, "dash", "diamond", 2.2)
_TRANSACTION = Style(theme.MAGENTA, "dot", "triangle-up", 2.6)


def export_fans(reading: Reading) -> dict[tuple[str, str], Fan]:
    """Chinese magnet exports, t per 30.4-day month, by world (and '')."""
    where = f"economy = 'CHN' AND good IN ({sql_list(MAGNETS)})"
    return reading.fans(reading.series("markets", "sum(exports_t)", where), rate=True)


def destination_fans(reading: Reading) -> dict[tuple[str, str], Fan]:
    """Chinese magnet exports, t per 30.4-day month, by world and destination."""
    where = f"origin = 'CHN' AND destination <> 'CHN' AND good IN ({sql_list(MAGNETS)})"
    frame = reading.series("flows", "sum(shipped_t)", where, ("destination",))
    return reading.fans(frame, "destination", rate=True)


def world_traces(
    reading: Reading, fans: dict[tuple[str, str], Fan], label: str, unit: str, where: str = "",
    samples: bool = True,
) -> list[dict[str, object]]:  # fmt: skip
    """Traces of all worlds for one panel (in ``unit``), the comparison behind the others."""
    traces = []
    for world in reversed(reading.worlds):
        fan = fans.get((world, label))
        if fan is None:
            continue
        if world == reading.other:
            traces.append(median_trace(fan, reading.style(world), world, unit, where))
        else:
            alone = samples and len(reading.subjects) == 1
            traces += fan_traces(fan, reading.style(world), world, unit, where, alone)
    return traces


def exports(reading: Reading) -> Spec:
    """Magnet exports from China to all other economies, tonnes per month over time."""
    fans = export_fans(reading)
    panels = Panels(
        title="Magnet exports from China, all grades, "
        f"{_what(reading)}tonnes per month, {reading.years}",
        rows=1, columns=1, x_range=reading.x_range, titles=[""], row_titles=["t per month"],
        panel_px=330, markers=reading.markers(), value_ticks=5,
    )  # fmt: skip
    panels.add(0, 0, world_traces(reading, fans, "", "t per month"))
    return panels.finish()


def exports_by_destination(reading: Reading, count: int = 8) -> Spec:
    """Exports to the ``count`` largest destinations, % of the comparison (else t per month)."""
    fans = destination_fans(reading)
    base = reading.other or reading.main
    size = {place: float(np.nanmean(fan.median)) for (w, place), fan in fans.items() if w == base}
    places = sorted(size, key=lambda place: -size[place])[:count]
    columns = min(4, max(len(places), 1))
    rows = -(-len(places) // columns) or 1
    unit, row_title = _destination_units(reading)
    panels = Panels(
        title=f"Magnet exports from China by destination, {unit}, {reading.years}",
        rows=rows, columns=columns, x_range=reading.x_range,
        titles=[f"{labels.economy(p)} ({theme.number(size[p])} t)" for p in places],
        row_titles=[row_title] * rows, panel_px=170, markers=reading.markers(),
        percent=reading.other is not None, share_y="all",
    )  # fmt: skip
    for i, place in enumerate(places):
        ghost = fans.get((reading.other or "", place))
        for world in reversed(reading.subjects):
            if (world, place) in fans:
                fan = over(fans[world, place], ghost)
                style, what = reading.style(world), unit.replace("% of", "of")
                panels.add(*divmod(i, columns), fan_traces(fan, style, world, what, place, False))
    return panels.finish()


def _destination_units(reading: Reading) -> tuple[str, str]:
    """Unit in the title and at the axis: relative where there is a comparison."""
    if reading.other is None:
        return "t per month", "t per month"
    return "% of the comparison", "% of comparison"


def over(fan: Fan, base: Fan | None) -> Fan:
    """The ratio of two fans, run by run and period by period (nan where the base is zero)."""
    if base is None:
        return fan
    known = base.runs > 0
    ratio = np.divide(fan.runs, base.runs, out=np.full_like(fan.runs, np.nan), where=known)
    return Fan(fan.dates, ratio, fan.seeds)


def price_fans(reading: Reading, good: str, series: str) -> dict[tuple[str, str], Fan]:
    """Prices of one good by (world, economy), USD per kg.

    ``series`` is ask, contract or transaction; ``NdPr`` is the mean of Nd and Pr oxide weighted
    by what each economy used of them (by output where nothing was used).
    """
    return reading.once(("price", good, series), lambda: _price_fans(reading, good, series))


def _price_fans(reading: Reading, good: str, series: str) -> dict[tuple[str, str], Fan]:
    shown = PRICED if good in PRICED else (good,)
    goods = [code for code in shown if code != "NdPr"] + list(_NDPR if "NdPr" in shown else ())
    label = "good"
    if "NdPr" in shown:
        label = f"CASE WHEN good IN ({sql_list(_NDPR)}) THEN 'NdPr' ELSE good::TEXT END AS good"
    where = f"good IN ({sql_list(goods)}) AND economy IN ({sql_list(PRICE_ECONOMIES)})"
    means = {kind: _weighted(f"price_{kind}_usd_per_kg") for kind in PRICE_SERIES}
    frame = reading.series("markets", means, where, ("economy", label))
    chosen = frame[frame["good"].astype(str) == good]
    return reading.fans(chosen, "economy", fill=np.nan, value=series)


def _weighted(price: str) -> str:
    """SQL mean of a price over use (a trace of output where nothing was used), gaps left out."""
    weight, known = "greatest(use_t, 1e-6 * output_t, 1e-12)", f"WHERE NOT {labels.is_nan(price)}"
    return f"sum({price} * {weight}) FILTER ({known}) / sum({weight}) FILTER ({known})"


def prices(reading: Reading, good: str = "oxide_Dy") -> Spec:
    """Ask (fan), contract and transaction price of a good in four economies, USD per kg."""
    series = {s: price_fans(reading, good, s) for s in PRICE_SERIES}
    name = "NdPr oxide" if good == "NdPr" else labels.good(good)
    panels = Panels(
        title=f"Price of {name}, {_what(reading)}USD per kg, {reading.years}",
        rows=1, columns=len(PRICE_ECONOMIES), x_range=reading.x_range,
        titles=[labels.economy(e) for e in PRICE_ECONOMIES], row_titles=["USD per kg"],
        panel_px=270, markers=reading.markers(), value_ticks=5,
    )  # fmt: skip
    for column, economy in enumerate(PRICE_ECONOMIES):
        asks = {key: fan for key, fan in series["ask"].items() if key[1] == economy}
        panels.add(0, column, world_traces(reading, asks, economy, "USD/kg", economy))
        extras = (("contract", _CONTRACT), ("transaction", _TRANSACTION))
        for kind, style in extras if len(reading.subjects) == 1 else ():
            fan = series[kind].get((reading.main, economy))
            if fan is not None:
                panels.add(0, column, [median_trace(fan, style, kind, "USD/kg", economy)])
    return panels.finish()


def _what(reading: Reading) -> str:
    return "medians, " if len(reading.seeds) > 1 else ""
