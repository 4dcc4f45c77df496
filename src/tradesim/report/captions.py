"""The take-away numbers under each figure, in words; they are also its text alternative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tradesim.axes import MAGNETS
from tradesim.report import figures_chain, figures_flow, figures_market, figures_shortfall, labels
from tradesim.report.fans import Fan, Spec
from tradesim.report.figures_flow import Span
from tradesim.report.labels import joined, sql_list
from tradesim.report.reading import Reading
from tradesim.report.theme import number, span


@dataclass(frozen=True)
class Extreme:
    """The largest (or smallest) median of a fan: value, spread and when, ready for a sentence."""

    value: float
    text: str
    when: str


def _whole(reading: Reading, fan: Fan) -> np.ndarray:
    """Points of a fan in periods long enough to be quoted (boolean); all where none is."""
    starts = reading.periods.starts.to_numpy()
    place = np.searchsorted(starts, pd.DatetimeIndex(fan.dates).to_numpy(), "right") - 1
    kept = reading.periods.kept[np.clip(place, 0, len(starts) - 1)]
    return np.asarray(kept if kept.any() else np.ones(len(kept), dtype=bool))


def extreme(reading: Reading, fan: Fan, unit: str = "", lowest: bool = False) -> Extreme:
    """Where the median of a fan is largest (or smallest); ``%`` as a unit means shares."""
    scale = 100.0 if unit == "%" else 1.0
    median = np.where(_whole(reading, fan), fan.median * scale, np.nan)
    if not np.isfinite(median).any():
        return Extreme(float("nan"), "n/a", "")
    i = int(np.nanargmin(median) if lowest else np.nanargmax(median))
    low, high = float(fan.low[i]) * scale, float(fan.high[i]) * scale
    spread = f" (p10–p90 {span(low, high, 2)}{unit})" if fan.several else ""
    day = fan.dates[i]
    starts = reading.periods.starts
    start = starts[
        max(int(np.searchsorted(starts.to_numpy(), day.to_datetime64(), "right")) - 1, 0)
    ]
    return Extreme(
        float(median[i]), f"{number(float(median[i]), 2)}{unit}{spread}", reading.period_name(start)
    )


def left_out(reading: Reading) -> str:
    """Which periods the charts of flows leave out because the run covers too little of them."""
    periods = reading.periods
    parts = [
        f"{reading.period_name(start)} ({labels.count(round(days), 'day')})"
        for start, days, kept in zip(periods.starts, periods.days, periods.kept, strict=True)
        if not kept
    ]
    text = "Amounts are rates per month of 30.4 days"
    return f"{text}; {joined(parts)} left out, too short." if parts else f"{text}."


def exports(reading: Reading) -> str:
    """Lowest month of exports, the comparison's level, how runs were sampled."""
    fans = figures_market.export_fans(reading)
    mine = fans.get((reading.main, ""))
    if mine is None:
        return "The tables hold no magnet exports from China."
    low = extreme(reading, mine, " t", lowest=True)
    text = f"Lowest month: {low.text} in {low.when}."
    base = fans.get((reading.other or "", ""))
    if base is not None:
        text += (
            f" In {reading.other} the median month is {number(float(np.nanmedian(base.median)))} t."
        )
    sampled = mine.sampled()
    if sampled:
        seeds = ", ".join(str(seed) for seed, _ in sampled)
        text += f" Thin lines: seeds {seeds}."
    return f"{text} {left_out(reading)}"


def destinations(reading: Reading) -> str:
    """Which destinations fall deepest, in % of their comparison's shipments."""
    fans = figures_market.destination_fans(reading)
    if reading.other is None:
        return "In brackets: median tonnes per month. " + left_out(reading)
    lows = []
    for place in {label for _, label in fans}:
        mine, base = fans.get((reading.main, place)), fans.get((reading.other, place))
        if mine is not None and base is not None and np.nanmean(base.median) >= 10:
            low = extreme(reading, figures_market.over(mine, base), "%", lowest=True)
            lows.append((low.value, f"{labels.economy(place)} {low.text} in {low.when}"))
    worst = joined([text for value, text in sorted(lows)[:3] if value < 99])
    falls = f"Deepest falls: {worst}." if worst else "None falls below 99% of the comparison."
    return f"{falls} In brackets: tonnes per month in {reading.other}."


def prices(reading: Reading, good: str) -> str:
    """Peaks of ask and transaction price in the EU and in China, USD per kg."""
    ask = figures_market.price_fans(reading, good, "ask")
    paid = figures_market.price_fans(reading, good, "transaction")
    parts = []
    for economy in ("EU27", "CHN"):
        fan, sold = ask.get((reading.main, economy)), paid.get((reading.main, economy))
        if fan is None or not np.isfinite(fan.median).any():
            continue
        first = float(fan.median[np.isfinite(fan.median)][0])
        top = extreme(reading, fan)
        text = (f"{labels.economy(economy)}: ask {number(first)} USD/kg at the start, "
                f"highest {top.text} in {top.when}")  # fmt: skip
        if sold is not None and np.isfinite(sold.median).any():
            text += f", transaction price highest {extreme(reading, sold).text}"
        parts.append(text)
    return ". ".join(parts) + "." if parts else "No price in these tables."


def multiples(reading: Reading, definition: str) -> str:
    """The three largest shortfalls, in % of normal use, by good and economy."""
    where = (f"good IN ({sql_list(figures_shortfall.GOODS_SHOWN)}) AND economy IN "
             f"({sql_list(figures_shortfall.ECONOMIES_SHOWN)})")  # fmt: skip
    fans = figures_shortfall.shares(reading, definition, where, ("good", "economy"), reading.main)
    found = []
    for (good, economy), fan in fans.items():
        top = extreme(reading, fan, "%")
        if top.value >= 0.5:
            text = f"{labels.good(good)} in {labels.economy(economy)} {top.text} in {top.when}"
            found.append((-top.value, text))
    if not found:
        return "No median shortfall reaches 0.5% of normal use in any panel."
    return f"Largest: {joined([text for _, text in sorted(found)[:3]])}."


def strip(reading: Reading, definition: str) -> str:
    """What the cells say (%) and who is short for most months."""
    where = f"good IN ({sql_list(MAGNETS)})"
    places, _, _, months = figures_shortfall.strip_values(reading, definition, where)
    limit = f"{figures_shortfall.SHORT_SHARE:.0%}"
    text = (f"Cells: % of normal use missing (99 = 99% or more; blank = under 0.5%). Months short: "
            f"months with more than {limit} missing, median (p10–p90).")  # fmt: skip
    middle = {place: float(np.median(row)) for place, row in zip(places, months, strict=True)}
    longest = sorted(middle, key=lambda place: -middle[place])[:3]
    worst = [f"{labels.economy(p)} {middle[p]:.0f}" for p in longest if middle[p] >= 0.5]
    return text + (f" Longest: {joined(worst)}." if worst else " No economy is short for a month.")


def chain(reading: Reading, stretch: Span) -> str:
    """Tonnes of magnets sent in both worlds, those a licence blocks, and how to read the rest."""
    parts = [
        _chain_numbers(reading, stretch),
        f"Each column of ribbons has its own scale. Mean of "
        f"{labels.count(len(reading.seeds), 'run')}.",
    ]
    if reading.other:
        least = f"{figures_flow.LEAST_CHANGE:.0%}"
        parts.append(f"Percentages: of the grey world, from {least} difference on.")
    return " ".join([*parts, f"Groups: {figures_flow.GROUP_NOTE}."])


def _chain_numbers(reading: Reading, stretch: Span) -> str:
    flows = [f for f in figures_flow.flows(reading, stretch) if f.gap == 3]
    abroad = [f for f in flows if f.origin == "China" and f.destination != "China"]
    text = f"Magnets from China to others: {number(sum(f.scenario_t for f in abroad))} t"
    if reading.other:
        text += f" against {number(sum(f.comparison_t for f in abroad))} t in {reading.other}"
    stuck = sum(f.blocked_t for f in abroad)
    if stuck > 0:
        text += (
            f"; {number(stuck)} t of what is missing has a licence pending or denied (hatched), "
            "the rest is missing for another reason, such as customs checks"
        )
    return f"{text}."


def licences(reading: Reading, group: str) -> str:
    """Granted and denied, in % of the tonnes applied for, and the mean wait in days."""
    totals = figures_chain.licence_totals(reading)
    parts = []
    for row in totals[totals["group"] == group][:4].to_dict("records"):
        wait = f", mean wait {row['waited'] / row['granted']:.0f} days" if row["waited"] > 0 else ""
        parts.append(
            f"{labels.economy(row['destination'])} {row['granted'] / row['applied']:.0%} granted, "
            f"{row['denied'] / row['applied']:.0%} denied{wait}"
        )
    return f"Of the tonnes applied for over the whole run: {'; '.join(parts)}."


def plants(reading: Reading) -> str:
    """Where most plants stand still, in % of those that exist."""
    fans = figures_chain.stopped(reading, reading.main)
    found = []
    for (economy, stage), fan in fans.items():
        top = extreme(reading, fan, "%")
        if top.value >= 0.5:
            text = f"{labels.STAGES[stage]} in {labels.economy(economy)} {top.text} in {top.when}"
            found.append((-top.value, text))
    if not found:
        return "In no panel does the median share of plants standing still reach 0.5%."
    return f"Largest: {joined([text for _, text in sorted(found)[:3]])}."


def alternative(figure: Spec, caption: str) -> str:
    """Text alternative of a figure: its title and its take-away numbers."""
    title = str(figure["layout"]["title"]["text"]).replace("<b>", "").replace("</b>", "")
    return f"{title}. {caption}"
