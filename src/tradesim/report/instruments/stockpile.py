"""What stockpiles did: money spent, tonnes held, and the effect on prices and shortfalls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from tradesim.axes import GOODS, METALS, OXIDES
from tradesim.report import labels, theme
from tradesim.report.instruments.minerals import (
    bought_in_year,
    minerals,
    outside_list,
    price_effect_percent,
)
from tradesim.report.reading import Readable, Reading
from tradesim.schema import OUTSIDE_CHINA

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
        """``+3.1 [2.5 to 4.0]``; n/a where it was not computed."""
        if self.p50 != self.p50:
            return "n/a"
        return f"{_signed(self.p50)} [{_signed(self.p10)} to {_signed(self.p90)}]"


def block(reading: Reading) -> str:
    """HTML of the stockpile block; '' when the scenario buys for no reserve."""
    pages = stockpiles(reading.results.config.get("policies") or reading.setting("policies"))
    if not pages:
        return ""
    summary = reading.results.summary
    own = summary[summary["scenario"].astype(str) == reading.main] if len(summary) else summary
    effects = effects_of(own)
    bought = listed(pages)
    parts = [
        "<h3>Stockpiles</h3>",
        _finding(effects, bought),
        _lists(pages),
        _spending(reading),
        _effects_table({"": effects}, {"": bought}) if effects else "",
        f"<p class='note'>{escape(CAVEATS)}</p>",
        _outside(pages),
    ]
    return "\n".join(filter(None, parts))


def side_by_side(results: Readable, names: Mapping[int, str]) -> str:
    """Points of a sweep that buy for a reserve, next to each other; '' if none does.

    ``names`` are the points' names by number.
    """
    found: dict[str, dict[tuple[str, str], Spread]] = {}
    bought: dict[str, set[str]] = {}
    outside = []
    for point, name in sorted(names.items()):
        config = results.config[f"point_{point}"]
        pages = stockpiles(config.get("policies") or config["scenario"].get("policies"))
        if not pages:
            continue
        part = results.summary[results.summary["point"] == point]
        part = part[part["scenario"].astype(str) == str(config["scenario"]["name"])]
        found[name] = effects_of(part)
        bought[name] = listed(pages)
        outside.append(_outside(pages))
    if not any(found.values()):
        return ""
    extra = "\n".join(filter(None, outside))
    return f"{_effects_table(found, bought)}<p class='note'>{escape(CAVEATS)}</p>{extra}"


def stockpiles(policies: Any) -> dict[str, Mapping[str, Any]]:
    """Pages of the stockpiles with any strength among resolved policies, by name."""
    if not isinstance(policies, Mapping):
        return {}
    return {
        str(name): page
        for name, page in policies.items()
        if str(page.get("_target_", "")).endswith(".Stockpile")
        and float(page.get("strength", 1.0)) > 0.0
    }


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
                f"{words}, {labels.good(good)} moves most in the first year: its ask outside China "
                f"changes by {top.text}%."
            )
    return f"<p><b>{escape(' '.join(sentences))}</b></p>" if sentences else ""


def _lists(pages: Mapping[str, Mapping[str, Any]]) -> str:
    """The shopping lists, million USD or tonnes."""
    rows = []
    for page in pages.values():
        money = {**(page.get("list_usd") or {}), **(page.get("outside_usd") or {})}
        items = [f"{labels.good(g)} {theme.number(usd / 1e6)} m USD" for g, usd in money.items()]
        items += [
            f"{labels.good(g)} {theme.number(t)} t" for g, t in (page.get("list_t") or {}).items()
        ]
        weeks, ceiling = (theme.number(float(page.get(k, d))) for k, d in _DEFAULTS)
        terms = f"{weeks} weeks, up to {ceiling} × base price"
        rows.append((str(page.get("title", "")), ", ".join(items), terms))
    return table(("Programme", "Shopping list", "Pace and ceiling"), rows)


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
            interval(part[name] / scale)
            for name, scale in (("usd", 1e6), ("tonnes", 1.0), ("worth", 1e6))
        ]
        rows.append((labels.economy(str(state)), *cells))
    head = ("State", "Net spending, m USD", "Held at the end, t", "Its value at the ask, m USD")
    return table(head, rows)


def _effects_table(
    points: Mapping[str, Mapping[tuple[str, str], Spread]], bought: Mapping[str, set[str]]
) -> str:
    """Effects by good, bought goods first; a good that nothing moves in any column is left out."""
    lists = set().union(*bought.values())
    shown = [g for g in GOODS if g in lists]
    shown += [g for g in (*OXIDES, *METALS) if g not in lists and _moves(points, g)]
    shown += ["oxide_Sc"] if "oxide_Sc" not in shown else []
    head = ["Good", "Part"]
    head += [f"{name}: {words}" if name else words for name in points for _, words in COLUMNS]
    rows = []
    for good in shown:
        cells = [
            found[metric, good].text if (metric, good) in found else "n/a"
            for found in points.values()
            for metric, _ in COLUMNS
        ]
        rows.append((labels.good(good), _part(good, bought), *cells))
    return "<p>Medians over the runs, in brackets p10 to p90.</p>" + table(head, rows)


def _moves(points: Mapping[str, Mapping[tuple[str, str], Spread]], good: str) -> bool:
    """Whether any shown number of a good is as large as a twentieth of a per cent."""
    return any(
        max(abs(spread.p10), abs(spread.p90)) >= 0.05
        for found in points.values()
        for (_, name), spread in found.items()
        if name == good
    )


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
            cells = ["n/a", "n/a"]
            if name in known:
                cells = [
                    _signed(price_effect_percent(bought_in_year(usd, pace, year), known[name]))
                    for year in (1, 3)
                ]
            rows.append((name, theme.number(usd / 1e6), *cells))
    if not rows:
        return ""
    words = (
        "<p>Minerals outside the model, not simulated: purchases over the value of a year's world "
        "output, over an assumed elasticity of demand and supply together. No interval.</p>"
    )
    head = ("Mineral", "m USD", "Price, first year, %", "Price, third year, %")
    return words + table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as an HTML table whose first cells are headings; '' without rows."""
    if not rows:
        return ""
    top = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>"
        + "".join(f"<td class='n'>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f"<div class='wide'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def interval(values: pd.Series) -> str:
    """Median of the seeds with p10 and p90, in the values' unit."""
    low, middle, high = values.astype(float).quantile([0.1, 0.5, 0.9]).tolist()
    return f"{theme.number(middle)} [{theme.number(low)} to {theme.number(high)}]"


def _signed(value: float) -> str:
    """A change with its sign, to a tenth (large ones in whole numbers)."""
    text = f"{value:+,.0f}" if abs(value) >= 99.5 else f"{value:+.1f}"
    return "0" if text in {"+0.0", "-0.0"} else text
