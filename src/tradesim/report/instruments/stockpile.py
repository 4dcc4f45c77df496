"""What stockpiles did: money spent, tonnes held, and the effect on prices and shortfalls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tradesim.axes import GOODS, METALS, OXIDES
from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.instruments.minerals import (
    bought_in_year,
    minerals,
    outside_list,
    price_effect_percent,
)
from tradesim.report.reading import Readable, Reading
from tradesim.schema import OUTSIDE_CHINA

#: The class that buys for reserves.
CLASS = "Stockpile"
#: A good of which no number is as large, %, is left out.
STIR = 0.05
#: What is shown of each good: metric, period and heading.
COLUMNS = (
    ("price_effect:first_year", "Ask, first year, %"),
    ("price_effect:third_year", "Ask, third year, %"),
    ("shortfall_physical_share:first_year", "Shortfall, first year, % of use"),
    ("shortfall_physical_share:third_year", "Shortfall, third year, % of use"),
)
CAVEATS = (
    "Effects are differences from the comparison world with the same seeds, outside China: the "
    "mean ask, weighted by use, and the use that is missing. First and third year are months 1–12 "
    "and 25–36 of the run. A bought good may also be missing because the reserve took it. Prices "
    "of co-products move because one ore gives all of them: whoever makes more of one makes more "
    "of the others."
)


@dataclass(frozen=True)
class Spread:
    """Quantiles over seeds of one number, in its unit."""

    p10: float
    p50: float
    p90: float

    @property
    def text(self) -> str:
        """``+3.10 [+2.50 to +4.00]``; an en dash where it was not computed."""
        return layout.quantiles(self.p10, self.p50, self.p90, plus=True)


def block(reading: Reading) -> str:
    """HTML of the stockpile block; '' when the scenario buys for no reserve."""
    pages = layout.pages_of(reading, CLASS)
    if not pages:
        return ""
    summary = reading.results.summary
    own = summary[summary["scenario"].astype(str) == reading.main] if len(summary) else summary
    effects = effects_of(own)
    bought = listed(pages)
    return layout.block(
        "Stockpiles", _finding(effects, bought), _lists(pages), _spending(reading),
        _effects_table({"": effects}, {"": bought}) + layout.note(CAVEATS) if effects else "",
        _outside(pages),
    )  # fmt: skip


def side_by_side(results: Readable, names: Mapping[int, str]) -> str:
    """Points of a sweep that buy for a reserve, next to each other; '' if none does.

    ``names`` are the points' names by number.
    """
    found: dict[str, dict[tuple[str, str], Spread]] = {}
    bought: dict[str, set[str]] = {}
    outside = []
    for point, name in sorted(names.items()):
        config = results.config[f"point_{point}"]
        pages = layout.of_classes(
            config.get("policies") or config["scenario"].get("policies"), CLASS
        )
        if not pages:
            continue
        part = results.summary[results.summary["point"] == point]
        part = part[part["scenario"].astype(str) == str(config["scenario"]["name"])]
        found[name] = effects_of(part)
        bought[name] = listed(pages)
        outside.append(_outside(pages))
    if not any(found.values()):
        return ""
    words = "<p>Each number is the median over the runs, with p10–p90 in brackets.</p>"
    return words + _effects_table(found, bought) + layout.note(CAVEATS) + "".join(outside)


def listed(pages: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Goods of the model that any of the lists names."""
    return {
        str(good)
        for page in pages.values()
        for key in ("list_usd", "list_t")
        for good, amount in (page.get(key) or {}).items()
        if amount
    }


def effects_of(summary: pd.DataFrame) -> dict[tuple[str, str], Spread]:
    """Effects outside China by (metric, good), % each, from rows of the summary."""
    if not len(summary):
        return {}
    metric = summary["metric"].astype(str)
    rows = summary[
        metric.isin([name for name, _ in COLUMNS])
        & (summary["economy"].astype(str) == OUTSIDE_CHINA)
        & (summary["end_use"].astype(str) == "all")
    ]
    values = rows[["p10", "p50", "p90"]].to_numpy(dtype=float).tolist()
    keys = zip(rows["metric"].astype(str), rows["good"].astype(str), strict=True)
    return {key: Spread(*found) for key, found in zip(keys, values, strict=True)}


def _finding(effects: Mapping[tuple[str, str], Spread], bought: Iterable[str]) -> str:
    """The strongest effects on the ask in the first year: of what is bought, and of the rest."""
    year = {good: s for (metric, good), s in effects.items() if metric == COLUMNS[0][0]}
    known = {good: s for good, s in year.items() if s.p50 == s.p50}
    mine = {good: s for good, s in known.items() if good in set(bought)}
    rest = {g: s for g, s in known.items() if g not in mine and g in OXIDES}
    sentences = []
    for group, words in ((mine, "Of what is bought"), (rest, "Of the other oxides")):
        if group:
            good, top = max(group.items(), key=lambda item: abs(item[1].p50))
            sentences.append(
                f"{words}, {labels.good(good)} moves most: its ask outside China changes by "
                f"{top.text}% in the first year."
            )
    return " ".join(sentences)


def _lists(pages: Mapping[str, Mapping[str, Any]]) -> str:
    """The shopping lists, million USD or tonnes."""
    rows = []
    for page in pages.values():
        money = {**(page.get("list_usd") or {}), **(page.get("outside_usd") or {})}
        tonnes = page.get("list_t") or {}
        items = [f"{labels.good(g)} {layout.number(usd / 1e6)}" for g, usd in money.items()]
        if items:
            items[-1] += " million USD"
        items += [f"{labels.good(g)} {layout.number(t)} t" for g, t in tonnes.items()]
        weeks, ceiling = (layout.number(float(page.get(k, d))) for k, d in _DEFAULTS)
        terms = f"{weeks} weeks, up to {ceiling} × base price"
        rows.append((str(page.get("title", "")), ", ".join(items), terms))
    return layout.table(("Programme", "Shopping list", "Pace and ceiling"), rows, words=3)


_DEFAULTS = (("pace_weeks", 104.0), ("ceiling", 3.0))


def _spending(reading: Reading) -> str:
    """Net public spending over the run and the stock at its end, by state."""
    if "states" not in reading.results.tables:
        return ""
    frame = reading.query(
        "SELECT state, seed, sum(public_spending_usd) AS usd, "
        "arg_max(stockpile_t, date) AS tonnes, arg_max(stockpile_usd, date) AS worth "
        f"FROM states WHERE scenario IN ({labels.sql_list([reading.main])}) "
        "GROUP BY state, seed ORDER BY state, seed"
    )
    rows = []
    for state, part in frame.groupby("state", observed=True):
        if not (part[["usd", "tonnes"]].abs() > 0).to_numpy().any():
            continue
        cells = [
            layout.interval(part[name], scale)
            for name, scale in (("usd", 1e-6), ("tonnes", 1.0), ("worth", 1e-6))
        ]
        rows.append((labels.economy(str(state)), *cells))
    head = ("State", "Net spending, million USD", "Held at the end, t",
            "Its value at the ask, million USD")  # fmt: skip
    return layout.table(head, rows)


def _effects_table(
    points: Mapping[str, Mapping[tuple[str, str], Spread]], bought: Mapping[str, set[str]]
) -> str:
    """Effects by good, bought goods first; what moves little is folded away."""
    lists = set().union(*bought.values())
    first = [g for g in GOODS if g in lists]
    rest = [g for g in (*OXIDES, *METALS) if g not in lists and _reach(points, g) >= STIR]
    rest.sort(key=lambda good: -_reach(points, good))
    rest += ["oxide_Sc"] if "oxide_Sc" not in {*first, *rest} else []
    head = ["Good", "Part"]
    head += [f"{name}: {words}" if name else words for name in points for _, words in COLUMNS]
    rows = []
    for good in (*first, *rest):
        cells = [
            found[metric, good].text if (metric, good) in found else layout.NONE
            for found in points.values()
            for metric, _ in COLUMNS
        ]
        rows.append((labels.good(good), _part(good, bought), *cells))
    return layout.table(head, rows, words=2, shown=max(len(first) + 4, 8))


def _reach(points: Mapping[str, Mapping[tuple[str, str], Spread]], good: str) -> float:
    """The largest p10 or p90 of any shown number of a good, %."""
    ends = [
        max(abs(spread.p10), abs(spread.p90))
        for found in points.values()
        for (_, name), spread in found.items()
        if name == good
    ]
    return max((end for end in ends if end == end), default=0.0)


def _part(good: str, bought: Mapping[str, set[str]]) -> str:
    """What a good is to the lists: bought (by which of several), co-product, or beside them."""
    buyers = [name for name, goods in bought.items() if good in goods]
    if buyers:
        return "bought" if len(buyers) == len(bought) else f"bought in {', '.join(buyers)}"
    if good == "oxide_Sc":
        return "from a source of its own"
    return "co-product" if good in OXIDES else "metal of an oxide"


def _outside(pages: Mapping[str, Mapping[str, Any]]) -> str:
    """Minerals outside the model: purchases and reduced-form price effect, %."""
    known, rows = minerals(), []
    for page in pages.values():
        pace = float(page.get("pace_weeks", 104.0))
        for name, usd in outside_list(page).items():
            cells = [layout.NONE, layout.NONE]
            if name in known:
                effects = [
                    price_effect_percent(bought_in_year(usd, pace, year), known[name])
                    for year in (1, 3)
                ]
                cells = [layout.number(effect, plus=True) for effect in effects]
            rows.append((name, layout.number(usd / 1e6), *cells))
    head = ("Mineral outside the model", "Bought, million USD", "Price, first year, %",
            "Price, third year, %")  # fmt: skip
    aside = (
        "Not simulated: purchases over the value of a year's world output, over an assumed "
        "elasticity of demand and supply together. Hence no interval."
    )
    return layout.table(head, rows) + layout.note(aside) if rows else ""
