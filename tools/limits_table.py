"""Fill the tables of ``docs/limits.md``: ``python tools/limits_table.py APRIL EMBARGO DELAY``.

The three result folders come from the commands that the page itself shows above its tables. Each
row is computed per seed, then told as the median with p10 and p90 over the seeds.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import tradesim
from tradesim.axes import ECONOMY_INDEX, GOOD_INDEX, GOODS
from tradesim.results import Results
from tradesim.scenario import Scenario
from tradesim.world import build_world

PAGE = Path(__file__).resolve().parents[1] / "docs" / "limits.md"


def told(values: pd.Series[float], digits: int = 2) -> str:
    """Median with p10 and p90 in brackets."""
    low, middle, high = (values.quantile(q) for q in (0.1, 0.5, 0.9))
    return f"{middle:,.{digits}f} [{low:,.{digits}f}–{high:,.{digits}f}]"


def ask(run: Results, economy: str, good: str, scenario: str | None = None) -> pd.DataFrame:
    """Monthly ask by seed and date, USD/kg."""
    query = f"""SELECT seed, date, price_ask_usd_per_kg AS p FROM markets WHERE good = '{good}'
     AND economy = '{economy}' AND scenario = '{scenario or run.scenario}'"""
    return run.sql(query).pivot_table(index="seed", columns="date", values="p")


def drift(run: Results) -> list[str]:
    """Rows of the first table: asks of the reference at the end over its first month."""
    rows = []
    for good in ("oxide_Nd", "oxide_Dy", "oxide_Tb", "oxide_Y", "oxide_La"):
        cells = []
        for economy in ("CHN", "EU27"):
            prices = ask(run, economy, good, scenario="reference")
            cells.append(told(prices[pd.Timestamp(2027, 12, 1)] / prices[pd.Timestamp(2025, 1, 1)]))
        rows.append(_row((f"`{good}`", *cells)))
    return [
        _row(("ask, December 2027 over January 2025", "China", "EU27")),
        _row(("---",) * 3),
        *rows,
    ]


def embargo(run: Results) -> list[str]:
    """Rows of the second table: the highest ask and the choke price, both over the base price."""
    world = build_world(Scenario(name="still", title=""), 0)
    rows = []
    for good in ("oxide_Dy", "oxide_Tb", "oxide_Y", "magnet_NdFeB_HRE", "component_motor"):
        number = GOOD_INDEX[good]
        base = world.price0[ECONOMY_INDEX["EU27"] * len(GOODS) + number]
        peak = ask(run, "EU27", good).max(axis=1) / base
        rows.append(_row((f"`{good}`", told(peak, 1), f"{world.choke[number]:,.1f}")))
    heads = (
        "highest monthly ask in EU27 over base",
        "model",
        "choke price over base (point value)",
    )
    return [_row(heads), _row(("---",) * 3), *rows]


def delay(sweep: Results) -> list[str]:
    """Rows of the third table: magnets missing in the first year by mean licence delay."""
    lost = sweep.sql("""SELECT point, seed, sum(value) AS t FROM headline WHERE
     metric = 'shortfall_physical:first_year' AND scenario = 'april_2025' AND end_use = 'all'
     AND economy = 'outside_CHN' AND good LIKE 'magnet_%' GROUP BY point, seed ORDER BY point""")
    rows = []
    for point, group in lost.groupby("point"):
        page = sweep.config[f"point_{point}"]["policies"]["licence_april_2025"]
        rows.append(_row((f"{page['delay_weeks']:g}", told(group["t"], 0))))
    heads = ("mean delay, weeks", "magnets missing outside China in the first year, t (physical)")
    return [_row(heads), _row(("---",) * 2), *rows]


def fill(text: str, name: str, rows: Sequence[str]) -> str:
    """The page with the table between the marks of ``name`` replaced."""
    mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not mark.search(text):
        raise SystemExit(f"{PAGE}: there are no marks for the table '{name}'")
    return mark.sub(lambda found: found[1] + "\n" + "\n".join(rows) + "\n\n" + found[2], text)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(folders: Sequence[str]) -> None:
    """Rewrite the page from the folders of the three runs."""
    if len(folders) != 3:
        raise SystemExit(__doc__)
    first, second, third = (tradesim.open(folder) for folder in folders)
    text = PAGE.read_text(encoding="utf-8")
    tables = {"drift": drift(first), "embargo": embargo(second), "delay": delay(third)}
    for name, rows in tables.items():
        text = fill(text, name, rows)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
