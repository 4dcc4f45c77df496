"""The page of leverage: what each side loses without the other, and how that changes with time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from tradesim.analysis.leverage.cells import NO_GOOD
from tradesim.report import figures_leverage as figures
from tradesim.report import labels
from tradesim.report.figures_leverage import MILLION, cell_name, totals
from tradesim.report.page import document
from tradesim.report.sections import Card, Section
from tradesim.report.theme import number

TABLE_ROWS = 25

CAVEATS = (
    "<b>A loss is against the same world without the cut</b>, same seed: money of firms, treasury, "
    "final use at the mean of both asks, stocks, goods under way. What the product around a part "
    "would have been worth (a car for want of a motor) is not in it, so a loss of use is a floor.",
    "<b>Replacing costs work.</b> What an economy makes beyond the other world costs the value "
    "added of the base year. Whoever loses a customer stays idle and saves nothing: if hands find "
    "other work, a supplier loses less. The account without the cost of work is the loss less "
    "<code>work_buyer_usd</code> or <code>work_supplier_usd</code>.",
    "<b>A supplier may lose nothing, or gain.</b> Who sells most of a good raises its price "
    "elsewhere by selling less of it, as with an export tax. Nobody answers the cut, unless the "
    "scenario’s governments decide for themselves: then what they do is part of the losses.",
    "<b>A magnet is not one element.</b> A grade stands for the element that names it: NdFeB "
    "without heavy elements for Nd and Pr, NdFeB with Dy or Tb for Dy and Tb, SmCo for Sm. Every "
    "NdFeB magnet holds Nd; magnets of Dy and Tb are the same runs, and so is metal of Nd and Pr. "
    "Ores and motors hold all elements and are cut as a whole. “All” cuts every good of a stage.",
    "<b>Cutting one good leaves the next stage open.</b> A buyer without Dy oxide may buy Dy metal "
    "or magnets from the same supplier, so cells do not add up.",
    "<b>Nobody goes round a ban</b> in this model: no smuggling and no detour through third "
    "countries. Third countries may still buy more from the supplier and sell more of their own.",
    "<b>Quarters</b> count from the month of the cut. A quarter’s figure is the change of the "
    "account over the run, so stocks run down first and filled up later cancel. The first quarters "
    "hold what is lost at once, the last what is left after substitution, expansion, projects and "
    "rerouting. Percentiles are over seeds; those of the total are not sums of the quarters’.",
)


@dataclass(frozen=True)
class Told:
    """What the page is written from: rows of ``leverage.csv`` and ``no_trade.csv``, manifest."""

    title: str
    rows: pd.DataFrame
    missing: pd.DataFrame
    manifest: Mapping[str, Any]

    @property
    def cut(self) -> dt.date:
        """The day of the cut."""
        return dt.date.fromisoformat(str(self.manifest["from"]))

    @property
    def years(self) -> float:
        """Years since the cut that are counted."""
        return float(self.rows[self.rows["quarter"] != "total"]["quarter"].nunique()) / 4.0


def leverage_page(told: Told) -> str:
    """The whole page as HTML (self-contained, text of at least 18 px)."""
    sections = [
        strip_section(told), time_section(told), table_section(told), missing_section(told),
        Section("caveats", "What the figures mean", _list(CAVEATS), short="Meaning"),
        again_section(told),
    ]  # fmt: skip
    return document("Leverage – tradesim", "en", header(told), sections)


def header(told: Told) -> str:
    """Title, what was done, the finding."""
    runs = labels.count(int(told.rows["n"].max()), "run")
    return (
        "<h1>Leverage: who can do without whom</h1>"
        "<p class='story'>The power that trade gives a supplier is what it costs the buyer to "
        f"replace it (Hirschman 1945). Here the trade ends on {told.cut} in a second world of the "
        f"same seed; world: {escape(told.title)}; {runs} each.</p>"
        f"<p class='finding'>{escape(sentence(told))}</p>"
    )


def sentence(told: Told) -> str:
    """The finding: the costliest loss, the costliest for its size, the one that turns round."""
    found = totals(told.rows)
    top = _record(found, "cost_buyer_usd")
    said = (
        f"Over {told.years:g} years the costliest loss is {_named(top)}: "
        f"{_money(told.rows, top, 'cost_buyer_usd')} for the buyer, against "
        f"{_money(told.rows, top, 'cost_supplier_usd')} for the supplier."
    )
    dear = _record(found, "per_dollar")
    said += f" For its size it is {_named(dear)}: {number(float(dear['per_dollar']), 2)} USD lost "
    said += "for each dollar of trade."
    found = found.assign(turned=found["cost_supplier_usd"] - found["cost_buyer_usd"])
    turned = _record(found, "turned")
    if float(turned["turned"]) > 0.0:
        said += f" The supplier loses more than the buyer above all in {_named(turned)}: "
        said += f"{_money(told.rows, turned, 'cost_supplier_usd')} against "
        said += f"{_money(told.rows, turned, 'cost_buyer_usd')}."
    return said


def _record(found: pd.DataFrame, column: str) -> dict[str, Any]:
    row = found.to_dict("records")[int(found[column].to_numpy().argmax())]
    return {str(key): value for key, value in row.items()}


def _named(row: Mapping[str, Any]) -> str:
    what = cell_name(str(row["element"]), str(row["stage"]))
    return f"{what} from {_place(row['supplier'])} for {_place(row['buyer'])}"


def _place(code: object) -> str:
    name = labels.economy(str(code))
    return f"the {name}" if str(code) in ("USA", "EU27") else name


def _money(rows: pd.DataFrame, row: Mapping[str, Any], measure: str) -> str:
    """``4,100 million USD (p10–p90 3,900–4,400)`` of a cell's total; a gain says so."""
    same = rows["quarter"] == "total"
    for key in figures.KEYS:
        same &= rows[key] == row[key]
    low, middle, high = (
        float(rows[same & (rows["statistic"] == s)][measure].iloc[0]) / MILLION
        for s in ("p10", "p50", "p90")
    )
    spread = f" (p10–p90 {_signed(low)} to {_signed(high)})" if high > low else ""
    if middle < 0.0:
        spread = f" (p10–p90 {_signed(-high)} to {_signed(-low)})" if high > low else ""
        return f"a gain of {number(-middle, 2)} million USD{spread}"
    return f"{number(middle, 2)} million USD{spread}"


def _signed(value: float) -> str:
    return ("−" if value < 0.0 else "") + number(abs(value), 2)


def strip_section(told: Told) -> Section:
    """Heat strips: buyer's loss, the same for each dollar of trade, supplier's loss."""
    tabs = {"cost": "Buyer’s loss", "per_dollar": "For each dollar", "supplier": "Supplier’s loss"}
    cards = []
    for measure, (title, _) in figures.STRIPS.items():
        name = f"{title}, over {told.years:g} years, median"
        spec = figures.strip(told.rows, measure, name)
        cards.append(Card(f"leverage_{measure}", tabs[measure], spec, _caption(told, measure)))
    intro = (
        "<p>Each column is a supplier over a buyer, each row what ends. A minus is a gain; a point "
        "means that nothing is traded in the base year (listed below).</p>"
    )
    return Section("who", "Who loses what", intro, (tuple(cards),), short="Who loses what")


def _caption(told: Told, measure: str) -> str:
    found = totals(told.rows)
    column = {"cost": "cost_buyer_usd", "supplier": "cost_supplier_usd"}.get(measure, measure)
    row = _record(found, column)
    if measure == "per_dollar":
        value = f"{number(float(row['per_dollar']), 2)} USD for each dollar"
    else:
        value = _money(told.rows, row, column)
    return f"Largest: {_named(row)}, {value}."


def time_section(told: Told) -> Section:
    """Small multiples by quarter, one figure for each pair."""
    pairs = list(dict.fromkeys(zip(told.rows["supplier"], told.rows["buyer"], strict=True)))
    cards = []
    for pair in pairs:
        spec = figures.over_time(told.rows, pair, told.cut)
        cards.append(Card(f"leverage_time_{pair[0]}_{pair[1]}", f"{pair[0]} over {pair[1]}", spec,
                          _time_caption(told, pair)))  # fmt: skip
    intro = (
        "<p>Loss of buyer and supplier in each quarter since the cut: on the left what is lost at "
        f"once, on the right what is left. At most {figures.PANELS} cells of a pair, those with "
        "the largest losses; each panel has its own scale.</p>"
    )
    return Section("time", "At once and later", intro, (tuple(cards),), short="Over time")


def _time_caption(told: Told, pair: tuple[str, str]) -> str:
    """First, worst and last quarter of the pair's largest cell, p50."""
    found = totals(told.rows)
    found = found[(found["supplier"] == pair[0]) & (found["buyer"] == pair[1])]
    row = _record(found, "cost_buyer_usd")
    path = _path(told.rows, row)
    worst = int(path.argmax())
    return (
        f"{_named(row)}: {_signed(path[0])} million USD in the first quarter, "
        f"{_signed(path[worst])} in quarter {worst + 1}, {_signed(path[-1])} in the last "
        f"(quarter {len(path)})."
    )


def _path(rows: pd.DataFrame, row: Mapping[str, Any]) -> Any:
    same = (rows["quarter"] != "total") & (rows["statistic"] == "p50")
    for key in figures.KEYS:
        same &= rows[key] == row[key]
    return rows[same]["cost_buyer_usd"].to_numpy() / MILLION


def table_section(told: Told) -> Section:
    """The largest losses with their spread, what they are made of and the ratio."""
    found = totals(told.rows).sort_values("cost_buyer_usd", ascending=False).head(TABLE_ROWS)
    head = "".join(f"<th scope='col'>{name}</th>" for name in (
        "Supplier over buyer", "What ends", "Trade, million USD a year", "Share of supply",
        "Buyer loses, million USD, p50 [p10 to p90]", "of it use", "of it work",
        "Supplier loses, million USD, p50 [p10 to p90]", "Buyer’s over supplier’s",
    ))  # fmt: skip
    body = "".join(_row(told.rows, row) for row in found.to_dict("records"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    text = "<p>All rows, by quarter, are in <code>leverage.csv</code>.</p>"
    return Section("table", "The largest losses", f"<div class='wide'>{table}</div>{text}",
                   short="Largest")  # fmt: skip


def _row(rows: pd.DataFrame, row: Mapping[Any, Any]) -> str:
    same = rows["quarter"] == "total"
    for key in figures.KEYS:
        same &= rows[key] == row[key]
    mine = rows[same].set_index("statistic")

    def spread(measure: str) -> str:
        found = mine[measure].to_dict()
        low, middle, high = (_signed(float(found[s]) / MILLION) for s in ("p10", "p50", "p90"))
        return f"{middle} [{low} to {high}]"

    ratio = float(row["cost_ratio"])
    texts = (
        number(float(row["trade_usd_per_year"]) / MILLION, 2),
        f"{100.0 * float(row['share_of_supply']):.0f}%",
        spread("cost_buyer_usd"), _signed(float(row["lost_use_usd"]) / MILLION),
        _signed(float(row["work_buyer_usd"]) / MILLION), spread("cost_supplier_usd"),
        "at no loss" if math.isinf(ratio) else number(ratio, 2),
    )  # fmt: skip
    cells = "".join(f"<td class='n'>{text}</td>" for text in texts)
    name = cell_name(str(row["element"]), str(row["stage"]))
    return (
        f"<tr><td class='k'>{escape(str(row['supplier']))} over {escape(str(row['buyer']))}</td>"
        f"<td>{escape(name)}</td>{cells}</tr>"
    )


def missing_section(told: Told) -> Section:
    """What was asked for and is not traded in the base year, by pair."""
    if not len(told.missing):
        return Section("missing", "What is not traded", "<p>Everything that was asked for is "
                       "traded in the base year.</p>", short="Not traded")  # fmt: skip
    items: list[str] = []
    for (supplier, buyer), part in told.missing.groupby(["supplier", "buyer"], sort=False):
        traded = part[part["reason"] != NO_GOOD]
        names = [cell_name(str(e), str(s))
                 for e, s in zip(traded["element"], traded["stage"], strict=True)]  # fmt: skip
        if names:
            items.append(f"<b>{supplier} to {buyer}</b>: {escape(', '.join(names))}.")
    nothing = told.missing[told.missing["reason"] == NO_GOOD]
    pairs = zip(nothing["element"], nothing["stage"], strict=True)
    none = dict.fromkeys(cell_name(str(e), str(s)) for e, s in pairs)
    if none:
        items.append(f"<b>{escape(NO_GOOD.capitalize())}</b>: {escape(', '.join(none))}.")
    intro = (
        "<p>No base-year trade, so nothing to take away; that is no zero of leverage, for the two "
        "may meet in other goods. Rows are in <code>no_trade.csv</code>.</p>"
    )
    return Section("missing", "What is not traded", intro + _list(items), short="Not traded")


def again_section(told: Told) -> Section:
    """The command, versions and the hash."""
    said = told.manifest
    words = [f"{key}=[{said[key]}]" for key in ("supplier", "buyer", "element", "stage")]
    words += [f"from={said['from']}", f"back={said['back']}"]
    words += [f"scenario={said['scenario']}", f"seeds={list(said['seeds'])}".replace(" ", "")]
    facts = {
        "Status": said["status"], "tradesim": said["code_version"],
        "Counterfactuals": f"{said['counterfactuals']} of {said['asked']}",
        "Result hash": said["result_hash"],
        "Wall time": f"{float(said['wall_s']):.0f} s",
    }  # fmt: skip
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    body = (
        f"<pre>{escape('tradesim leverage ' + ' '.join(words))}</pre>"
        "<p>Every other key stands in <code>config.yaml</code>.</p>"
        f"<div class='wide'><table>{rows}</table></div>"
    )
    return Section("reproduce", "Make it again", body, short="Reproduce")


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{text}</li>" for text in items) + "</ul>"
