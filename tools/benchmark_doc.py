"""Write docs/benchmark.md: the simulation and published results against the equilibrium.

    python tools/benchmark_doc.py            # some three minutes
    python tools/benchmark_doc.py --check    # compares only, writes nothing

Every figure on the page is computed here; the commands that give it stand beside it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tradesim import benchmark
from tradesim.analysis.equilibrium import approach, compare, tables

PAGE = Path(__file__).parents[1] / "docs" / "benchmark.md"
TEXT = Path(__file__).with_name("benchmark_doc.md")
START = "2025-01-06"
DUTY = (
    "scenario=baseline +policy@policies.duty=tariff_usa policies.duty.imposed_by={who} "
    "policies.duty.covers.goods=[{goods}] policies.duty.covers.origins=['*'] "
    f"policies.duty.rate={{rate}} policies.duty.announced={START} policies.duty.effective={START}"
)
QUOTA = (
    "scenario=baseline +policy@policies.quota=quota_2010_level "
    "policies.quota.covers.goods=[oxide_Y,oxide_Yb,oxide_Eu,oxide_Er,oxide_Lu] "
    "policies.quota.tranches=[] policies.quota.t_per_half_year=1765"
)
PILE = (
    "scenario=baseline +policy@policies.pile=stockpile_nds_plan +policies.pile.list_t.{good}={t} "
    "policies.pile.list_t.oxide_Nd={nd} policies.pile.list_t.oxide_Pr=0 "
    "policies.pile.list_t.magnet_NdFeB=0 policies.pile.list_t.magnet_SmCo=0 "
    "policies.pile.not_from=[] policies.pile.ceiling=20 "
    f"policies.pile.announced={START} policies.pile.effective={START}"
)
SEEDS = "seeds=3"


@dataclass(frozen=True)
class Case:
    """One published result: what it says, the command, what the two models answer."""

    name: str
    published: str
    words: str
    rows: Callable[[pd.DataFrame], list[tuple[str, float, float]]]


def rise(frame: pd.DataFrame, economy: str, good: str) -> tuple[float, float]:
    """Rise of a price over its base, %: equilibrium and median of the simulation."""
    row = frame[(frame["economy"] == economy) & (frame["good"] == good)].iloc[0]
    base = float(row["price_usd_per_kg"])
    return 100 * (float(row["equilibrium"]) / base - 1), 100 * (float(row["p50"]) / base - 1)


def passed_on(
    economy: str, goods: tuple[str, ...], rate: float
) -> Callable[[pd.DataFrame], list[tuple[str, float, float]]]:
    """Rows of the share of a duty that buyers pay, %."""

    def rows(frame: pd.DataFrame) -> list[tuple[str, float, float]]:
        """Good, equilibrium and simulation, % of the duty."""
        found = [(good, *rise(frame, economy, good)) for good in goods]
        return [(f"{good}, % of the duty", a / rate, b / rate) for good, a, b in found]

    return rows


def prices(
    *markets: tuple[str, str],
) -> Callable[[pd.DataFrame], list[tuple[str, float, float]]]:
    """Rows of the rise of prices, %."""
    return lambda frame: [(f"{good} in {e}, %", *rise(frame, e, good)) for e, good in markets]


DUTY_PUBLISHED = (
    "complete pass-through of duties to buyers (Fajgelbaum et al. 2020, 2018 tariffs; Cavallo, "
    "NBER w34496, 2025)"
)
CASES = (
    Case("A small importer's duty of 50% on La, Ce and Y oxide (Korea)", DUTY_PUBLISHED,
         DUTY.format(who="KOR", goods="oxide_La,oxide_Ce,oxide_Y", rate=0.5),
         passed_on("KOR", ("oxide_La", "oxide_Ce", "oxide_Y"), 0.5)),
    Case("A large importer's duty of 25% on motors from everywhere (United States)",
         DUTY_PUBLISHED, DUTY.format(who="USA", goods="component_motor", rate=0.25),
         passed_on("USA", ("component_motor",), 0.25)),
    Case("A tonnage quota on five oxides, a tenth below exports (China)",
         "a quota on tonnes is a specific rent: cheap elements rise by more per cent than dear "
         "ones (in 2010 La and Ce by more than Dy and Nd)", QUOTA,
         prices(*(("JPN", f"oxide_{e}") for e in ("Y", "Yb", "Eu", "Er", "Lu")))),
    Case("A stockpile buys 150 t of Dy oxide a year",
         "stockpiling one rare earth raises its price and lowers its co-products' (Brown and "
         "Eggert 2018)", PILE.format(good="oxide_Dy", t=150, nd=0),
         prices(*(("CHN", f"oxide_{e}") for e in ("Dy", "Tb", "Ho")))),
    Case("A stockpile buys 4,000 t of Nd oxide a year", "the same",
         PILE.format(good="oxide_Nd", t=4000, nd=4000).replace(
             "+policies.pile.list_t.oxide_Nd=4000 ", ""),
         prices(*(("CHN", f"oxide_{e}") for e in ("Nd", "Pr", "Tb")))),
)  # fmt: skip


@cache
def answer(words: str) -> pd.DataFrame:
    """Prices of equilibrium and simulation beside base prices, by economy and good."""
    found = benchmark.carry_out(benchmark.read([*shlex.split(words), SEEDS]))
    rows = found.comparison[found.comparison["measure"] == "price_ask_usd_per_kg"]
    return rows.merge(found.base, on=["economy", "good"])


def published_table() -> list[str]:
    """The comparison with published results, as Markdown."""
    lines = [
        "| case and published result | market | equilibrium | simulation |",
        "|---|---|--:|--:|",
    ]
    for case in CASES:
        for i, (market, own, run) in enumerate(case.rows(answer(case.words))):
            head = f"**{case.name}**: {case.published}" if i == 0 else ""
            lines.append(f"| {head} | {market} | {own:.1f} | {run:.1f} |")
    return lines


def command_lines() -> list[str]:
    """The commands behind the table, in its order."""
    lines = ["```sh"]
    for case in CASES:
        lines += [f"# {case.name}", f"tradesim equilibrium {case.words} {SEEDS}"]
    return [*lines, "```"]


SHOCK_WORDS = {
    "duty": "Korea, 50% on La, Ce and Y oxide",
    "quota": "China, Y oxide exports cut by 5%",
    "capacity": "Korea loses 30% of its motor capacity",
    "duty_with_home_makers": "United States, 25% on motors",
    "capacity_of_the_eu": "the EU loses 30% of its motor capacity",
}


def approach_table() -> list[str]:
    """Largest gaps of the simulation at three sharpnesses, as Markdown."""
    lines = [
        "| shock | sharpness | consumption | net trade | prices | of these ore and scrap apart |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    fine = ~compare.feed_markets()
    for name, page in approach.SHOCKS.items():
        found = approach.benchmark_of(approach.frictionless({"shock": page}))
        for sharpness in approach.SHARPNESSES:
            run = approach.settled(approach.frictionless({"shock": page}, sharpness))
            gaps = compare.gaps(found.balance, run, found.size)
            cells = [gaps.worst("use"), gaps.worst("net"), gaps.worst("price")]
            cells.append(gaps.worst("price", fine))
            where = f" ({_farthest(gaps)})" if sharpness == approach.SHARPNESSES[-1] else ""
            said = " | ".join(f"{100 * cell:.1f}%" for cell in cells)
            lines.append(f"| {SHOCK_WORDS[name]}{where} | {sharpness:g} | {said} |")
    return lines


def likeness_table() -> list[str]:
    """Largest gaps at the sharpest logit against benchmarks of several sharpnesses, as Markdown."""
    lines = ["| shock | " + " | ".join(f"{each:g}" for each in LIKENESSES) + " |",
             "|---|" + "--:|" * len(LIKENESSES)]  # fmt: skip
    for name in ("duty", "quota", "capacity"):
        pages = {"shock": approach.SHOCKS[name]}
        run = approach.settled(approach.frictionless(pages, approach.SHARPNESSES[-1]))
        cells = []
        for likeness in LIKENESSES:
            found = approach.benchmark_of(approach.frictionless(pages), likeness)
            gaps = compare.gaps(found.balance, run, found.size)
            worst = (gaps.worst("use"), gaps.worst("net"), gaps.worst("price"))
            cells.append(", ".join(f"{100 * cell:.1f}%" for cell in worst))
        lines.append(f"| {SHOCK_WORDS[name]} | " + " | ".join(cells) + " |")
    return lines


LIKENESSES = (30.0, 100.0, 1000.0, 5000.0)


def _farthest(gaps: compare.Gaps) -> str:
    market = int(np.nanargmax(np.abs(gaps.price)))
    return f"farthest price: {tables.market_name(market)}"


def drift_table() -> list[str]:
    """Where the base year itself does not stand still, as Markdown."""
    settings = ((2.8, 0.53), (2.8, 0.0), (1.0, 0.0), (0.5, 0.0))
    lines = [
        "| price sensitivity, expectation weight | " + " | ".join(f"{s}" for s in DRIFTS) + " |",
        "|---|" + "--:|" * len(DRIFTS),
    ]
    for sensitivity, weight in settings:
        cells = [approach.drift(sensitivity, weight, sharpness) for sharpness in DRIFTS]
        said = " | ".join(f"{100 * cell:.1f}%" for cell in cells)
        lines.append(f"| {sensitivity:g}, {weight:g} | {said} |")
    return lines


DRIFTS = (4.0, 8.0, 12.0, 20.0, 30.0)


def ban_price(lost: float, spare: float, demand: float, supply: float) -> float:
    """Price over base after a ban in partial equilibrium: one market, two elasticities.

    ``lost`` is the share of supply that the ban removes and ``spare`` the excess capacity of
    others (share of base supply) that comes in at any higher price; ``demand`` and ``supply`` are
    elasticities as positive numbers: ``p^-demand = min(1, 1 - lost + spare) p^supply``.
    """
    left = min(1.0, 1.0 - lost + spare)
    if left <= 0.0 or demand + supply <= 0.0:
        return float("inf")
    return float(left ** (-1.0 / (demand + supply)))


def net_loss(price: float, elasticities: float) -> float:
    """Share of supply lost net of spare capacity at which a ban gives ``price`` over base."""
    return 1.0 - price**-elasticities


def ban_table() -> list[str]:
    """Net loss of supply that gives the published price effects, by sum of elasticities."""
    lines = ["| demand plus supply elasticity | net loss for +150% (Ga) | net loss for +26% (Ge) |",
             "|--:|--:|--:|"]  # fmt: skip
    for total in (0.1, 0.2, 0.35, 0.5, 0.7, 1.0):
        cells = [net_loss(price, total) for price in (2.5, 1.26)]
        lines.append(f"| {total:g} | {100 * cells[0]:.0f}% | {100 * cells[1]:.0f}% |")
    return lines


def page() -> str:
    """The page: the text of tools/benchmark_doc.md with the tables put in."""
    parts: dict[str, Any] = {
        "BAN": ban_table, "COMMANDS": command_lines, "APPROACH": approach_table,
        "LIKENESS": likeness_table, "DRIFT": drift_table, "PUBLISHED": published_table,
    }  # fmt: skip
    text = TEXT.read_text(encoding="utf-8")
    for name, make in parts.items():
        text = text.replace(f"<!-- {name} -->", "\n".join(make()))
    return text


def main() -> int:
    """Write the page, or with ``--check`` say whether it is in step."""
    made = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made
        print("in step" if same else "out of step: run python tools/benchmark_doc.py")
        return 0 if same else 1
    PAGE.write_text(made, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
