"""The page of a benchmark: what frictions add to the equilibrium, and the equilibrium itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from tradesim.axes import CONCENTRATES, MAGNETS, METALS, OXIDES
from tradesim.report import labels
from tradesim.report.grids import grid
from tradesim.report.page import document
from tradesim.report.sections import Card, Section

#: Goods of a grid, by the tab that shows it.
CHAIN: Mapping[str, tuple[str, ...]] = {
    "Ore and oxides": (*CONCENTRATES, *OXIDES),
    "Metals to motors": (*METALS, "target_RE", *MAGNETS, "component_motor", "scrap_NdFeB"),
}
_MEASURES = {
    "use_t": ("Consumption", "consumption, simulation minus equilibrium, % of the market"),
    "net_exports_t": ("Net exports", "net exports, simulation minus equilibrium, % of the "
                      "market"),
    "price_ask_usd_per_kg": ("Prices", "price, simulation over equilibrium, %"),
}  # fmt: skip
LARGEST_ROWS = 15

DIFFERENCES = (
    "<b>Time.</b> The equilibrium is where trade would settle if the terms of the date lasted for "
    "good: no stocks, no transit, no forecasts, no fear, no waiting for licences.",
    "<b>Supply.</b> Every plant works at a constant unit cost, that of the base year, up to its "
    "capacity; a plant that is full earns a rent. In the simulation the rent shows only as far as "
    "stocks fall.",
    "<b>Joint production.</b> Separators and recyclers run while all that they recover pays for "
    "ore and work. In the simulation they follow the demand for their products, weighted by "
    "value, and the price of ore or scrap moves with stocks alone.",
    "<b>Taxed goods.</b> The dearest supplier still needed sets the price. In the simulation the "
    "cost behind a price is the mean over the suppliers of the base year, home makers included.",
    "<b>Base-year gaps between regions</b> are sums per kilogram, as freight is; in the simulation "
    "they grow with the price.",
    "<b>Scarcity in fixed proportions.</b> Where two scarce inputs go into one product, the split "
    "of the rent between them is open; the table shows one possible split.",
    "<b>Behaviour.</b> Substitution, investment, smuggling and panic are in the simulation "
    "only, so their effect is part of the difference.",
)


@dataclass(frozen=True)
class Told:
    """What the page is written from; ``comparison`` may be empty."""

    title: str
    story: str
    manifest: Mapping[str, Any]
    markets: pd.DataFrame
    base: pd.DataFrame
    comparison: pd.DataFrame


def equilibrium_page(told: Told) -> str:
    """The whole page as HTML (self-contained, text of at least 18 px)."""
    sections = []
    if len(told.comparison):
        sections.append(friction_section(told.comparison, int(told.comparison["n"].max())))
        sections.append(largest_section(told.comparison))
    sections += [outcome_section(told), principle_section(told.manifest), again_section(told)]
    name = f"Equilibrium: {told.title}"
    return document(f"{name} – tradesim", "en", _header(told), sections)


def _header(told: Told) -> str:
    day = escape(str(told.manifest["on"]))
    parts = [f"<h1>{escape('Benchmark: ' + told.title)}</h1>"]
    parts.append(
        "<p class='story'>The spatial price equilibrium (Samuelson 1952; Takayama and Judge 1971) "
        f"of the scenario’s world under its terms of {day}, as if they lasted for good. "
        f"{escape(told.story)}</p>"
    )
    if len(told.comparison):
        parts.append(f"<p class='finding'>{escape(sentence(told.comparison))}</p>")
    return "\n".join(parts)


def sentence(comparison: pd.DataFrame) -> str:
    """The finding in words: how far the simulation is from the equilibrium, and where most."""
    said = []
    for measure, words in (("use_t", "consumption"), ("price_ask_usd_per_kg", "prices")):
        rows = comparison[(comparison["measure"] == measure) & comparison["gap"].notna()]
        size = rows["gap"].abs()
        worst = _farthest(rows)
        said.append(
            f"{words} differ by {100 * size.median():.1f}% in the median market and most for "
            f"{worst[0]} "
            f"({_percent(worst[1])})"
        )
    return "Between simulation and equilibrium " + "; ".join(said) + "."


def friction_section(comparison: pd.DataFrame, runs: int) -> Section:
    """Grids of the differences: consumption, net exports and prices by good and economy."""
    groups = []
    for measure, (name, words) in _MEASURES.items():
        rows = comparison[(comparison["measure"] == measure) & comparison["gap"].notna()]
        shares = rows.assign(value=rows["gap"])
        groups.append(_cards(shares, measure, name, f"What frictions add: {words}"))
    intro = (
        f"<p>Median of {labels.count(runs, 'run')} over the last year up to the date, less the "
        "equilibrium. Blue: the simulation has less; orange: more. The difference holds all that "
        "the equilibrium leaves out: stocks, waits and fear, but also growth of stocks, "
        "substitution and new capacity.</p>"
    )
    title = "What frictions add"
    return Section("frictions", title, intro, tuple(groups), short="What frictions add")


def _cards(shares: pd.DataFrame, slug: str, name: str, title: str) -> tuple[Card, ...]:
    cards = []
    for number, (tab, goods) in enumerate(CHAIN.items(), start=1):
        some = shares[shares["good"].isin(goods)]
        if not len(some):
            continue
        place, value = _farthest(some.assign(gap=some["value"]))
        half = 100.0 * float(some["value"].abs().median())
        caption = (
            f"{name}, {tab.lower()}: half of the markets within {half:.1f}%; farthest {place}, "
            f"{_percent(value)}."
        )
        figure = grid(title, some, goods)
        cards.append(Card(f"{slug}_{number}", tab, figure, caption))
    return tuple(cards)


def largest_section(comparison: pd.DataFrame) -> Section:
    """A table of the largest differences, with the spread over runs."""
    rows = comparison[comparison["gap"].notna()]
    rows = rows.reindex(rows["gap"].abs().sort_values(ascending=False).index)
    names = {key: name for key, (name, _) in _MEASURES.items()}
    body = "".join(_row(names, row) for row in rows.head(LARGEST_ROWS).to_dict("records"))
    head = "".join(f"<th scope='col'>{name}</th>" for name in (
        "Measure", "Market", "Equilibrium", "Simulation, p50 [p10 to p90]", "Unit", "Difference"
    ))  # fmt: skip
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    text = "<p>All rows are in <code>comparison.csv</code>.</p>"
    return Section(
        "largest", "Largest differences", f"<div class='wide'>{table}</div>{text}", short="Largest"
    )


def _row(names: Mapping[str, str], row: Mapping[Any, Any]) -> str:
    middle, low, high = (_number(float(row[key])) for key in ("p50", "p10", "p90"))
    return (
        f"<tr><td class='k'>{escape(names[str(row['measure'])])}</td>"
        f"<td>{escape(_place(row))}</td><td class='n'>{_number(float(row['equilibrium']))}</td>"
        f"<td class='n'>{middle} [{low} to {high}]</td><td>{escape(str(row['unit']))}</td>"
        f"<td class='n'>{_percent(float(row['gap']))}</td></tr>"
    )


def _place(row: Mapping[Any, Any]) -> str:
    return f"{labels.good(str(row['good']))} in {labels.economy(str(row['economy']))}"


def _farthest(rows: pd.DataFrame) -> tuple[str, float]:
    """Market with the largest absolute ``gap``, in words, and the gap (a share)."""
    row = rows.to_dict("records")[int(rows["gap"].abs().to_numpy().argmax())]
    return _place(row), float(row["gap"])


def outcome_section(told: Told) -> Section:
    """Grids of the equilibrium itself: prices and consumption over the base year."""
    both = told.markets.merge(told.base, on=["economy", "good"], suffixes=("", "_base"))
    both = both.astype({"economy": str, "good": str})
    use = both.assign(value=both["use_t"] / both["use_t_base"] - 1.0)
    use = use[use["use_t_base"] >= 1.0]
    price = both.assign(value=both["price_ask_usd_per_kg"] / both["price_usd_per_kg"] - 1.0)
    price = price[price["value"].notna()]
    groups = (
        _cards(price, "equilibrium_price", "Price", "Equilibrium: price over that of 2024, %"),
        _cards(use, "equilibrium_use", "Consumption", "Equilibrium: consumption over 2024, %"),
    )
    permits = told.manifest.get("permits_usd_per_kg") or {}
    words = "".join(
        f"<li>Permits of <code>{escape(str(name))}</code>: {_number(float(value))} USD per counted "
        "kilogram.</li>"
        for name, value in permits.items()
    )
    after = f"<ul>{words}</ul>" if words else ""
    title = "The equilibrium over the base year"
    return Section("outcome", title, "", groups, after, short="The equilibrium")


def principle_section(manifest: Mapping[str, Any]) -> Section:
    """Where equilibrium and simulation differ in principle, and what has no lasting effect."""
    items = "".join(f"<li>{text}</li>" for text in DIFFERENCES)
    passing = manifest.get("without_lasting_effect") or ()
    more = "".join(f"<li>{escape(str(text))}.</li>" for text in passing)
    after = f"<h3>In force, but without lasting effect</h3><ul>{more}</ul>" if more else ""
    title = "Where the two differ in principle"
    return Section("principle", title, f"<ul>{items}</ul>{after}", short="Principles")


def again_section(told: Told) -> Section:
    """The command, the date, versions and the hash."""
    manifest = told.manifest
    words = (
        f"tradesim equilibrium scenario={manifest['scenario']} on={manifest['on']} "
        f"sharpness={manifest['sharpness']:g} seeds={list(manifest['seeds'])}".replace(", ", ",")
    )
    facts = {
        "tradesim": manifest["code_version"], "Schema version": manifest["schema_version"],
        "Packages": ", ".join(f"{k} {v}" for k, v in manifest["packages"].items()),
        "Result hash": manifest["result_hash"], "Programs solved": manifest["rounds"],
    }  # fmt: skip
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    body = (
        f"<pre>{escape(words)}</pre><p>Every other key stands in <code>config.yaml</code>.</p>"
        f"<div class='wide'><table>{rows}</table></div>"
    )
    return Section("reproduce", "Make it again", body, short="Reproduce")


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}%".replace("-", "−")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
