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
#: Chinese magnet exports of 2025, t a month: China customs, as reported by Reuters.
RECORD_T = {4: 2628, 5: 1238, 6: 3188, 7: 5577, 8: 6146, 9: 5774}
QUARTER_T = 6357 + 3590 + 5323
DAYS = {4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30}
MONTHS = {4: "April", 5: "May", 6: "June", 7: "July", 8: "August", 9: "September"}
_EXPORTS = """SELECT seed, date, sum(shipped_t) AS t FROM flows WHERE scenario = '{scenario}'
 AND origin = 'CHN' AND destination != 'CHN' AND {goods} AND {where} GROUP BY seed, date"""


def told(values: pd.Series[float], digits: int = 2) -> str:
    """Median with p10 and p90 in brackets."""
    low, middle, high = (values.quantile(q) for q in (0.1, 0.5, 0.9))
    return f"{middle:,.{digits}f} [{low:,.{digits}f}–{high:,.{digits}f}]"


def exports(run: Results, goods: str, where: str = "TRUE") -> pd.DataFrame:
    """Chinese exports by seed (rows) and date (columns), t."""
    query = _EXPORTS.format(scenario=run.scenario, goods=goods, where=where)
    return run.sql(query).pivot_table(index="seed", columns="date", values="t").fillna(0.0)


def month(table: pd.DataFrame, number: int) -> pd.Series[float]:
    """One month of 2025 of a table by seed and date; zero where nothing was traded."""
    when = pd.Timestamp(2025, number, 1)
    return table[when] if when in table else pd.Series(0.0, table.index)


def ask(run: Results, economy: str, good: str, scenario: str | None = None) -> pd.DataFrame:
    """Monthly ask by seed and date, USD/kg."""
    query = f"""SELECT seed, date, price_ask_usd_per_kg AS p FROM markets WHERE good = '{good}'
     AND economy = '{economy}' AND scenario = '{scenario or run.scenario}'"""
    return run.sql(query).pivot_table(index="seed", columns="date", values="p")


def metric(run: Results, name: str, economy: str, good: str = "all") -> str:
    """A row of the summary as text."""
    rows = run.summary
    keep = (rows["scenario"] == run.scenario) & (rows["metric"] == name)
    row = rows[keep & (rows["economy"] == economy) & (rows["good"] == good)]
    row = row[row["end_use"] == "all"].iloc[0]
    return f"{row['p50']:,.1f} [{row['p10']:,.1f}–{row['p90']:,.1f}]"


def april(run: Results) -> list[str]:
    """Rows of the first table: what was run, what was recorded, where that stands."""
    magnets = exports(run, "good LIKE 'magnet%'")
    start = pd.Timestamp(run.config["start"])
    quarter = sum(month(magnets, n) for n in (1, 2, 3)) / (pd.Timestamp(2025, 4, 1) - start).days
    rows = []
    for number, name in MONTHS.items():
        model = month(magnets, number) / DAYS[number] / quarter
        record = RECORD_T[number] / DAYS[number] / (QUARTER_T / 90)
        rows.append((f"Chinese magnet exports, {name} over first quarter, a day", told(model),
                     f"{record:.2f}", "China customs through Reuters"))  # fmt: skip
    to_usa = exports(run, "good LIKE 'magnet%'", "destination = 'USA'")
    for number, record_t in ((5, 46), (6, 353)):
        rows.append((f"to the United States, {MONTHS[number]}, t", told(month(to_usa, number), 0),
                     f"{record_t}", "the same"))  # fmt: skip
    heavy = exports(run, "good IN ('oxide_Dy', 'metal_Dy')")
    for number, kg in ((5, "0"), (7, "1,400"), (8, "16,700")):
        rows.append((f"Dy oxide and metal out of China, {MONTHS[number]}, kg",
                     told(1000.0 * month(heavy, number), 0), kg,
                     "China customs through Rare Earth Exchanges and Tradium"))  # fmt: skip
    for economy, good, record in (
        ("EU27", "oxide_Dy", "3.0"), ("EU27", "oxide_Tb", "3.1"), ("CHN", "oxide_Dy", "0.96"),
    ):  # fmt: skip
        prices = ask(run, economy, good)
        for number in (5, 6):
            rise = told(month(prices, number) / month(prices, 3))
            rows.append((f"ask of `{good}` in {economy}, {MONTHS[number]} over March", rise,
                         record if number == 5 else "",
                         "Argus (Europe), SMM (China)" if number == 5 else ""))  # fmt: skip
    rows.append(("weeks from the control to the first plant that stops outside China",
                 metric(run, "weeks_to_first_stoppage", "outside_CHN"), "7.4 (Japan), 8.7 (EU)",
                 "Reuters: Suzuki on 26 May, European suppliers by 4 June"))  # fmt: skip
    granted = run.sql(f"""SELECT seed, sum(granted_t) / sum(applied_t) AS s FROM licences WHERE
     destination = 'EU27' AND scenario = '{run.scenario}' AND date < '2025-07-01' GROUP BY seed""")
    rows.append(("granted over applied for, EU27, to the end of June", told(granted["s"]), "0.60",
                 "CLEPA through Reuters; requests, not tonnes"))  # fmt: skip
    return [_row(("", "model", "record", "source of the record")), _row(("---",) * 4),
            *(_row(row) for row in rows)]  # fmt: skip


def drift(run: Results) -> list[str]:
    """Rows of the second table: asks of the reference at the end over its first month."""
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
    """Rows of the third table: the highest ask and the choke price, both over the base price."""
    world = build_world(Scenario(name="still", title=""), 0)
    rows = []
    for good in ("oxide_Dy", "oxide_Tb", "oxide_Y", "magnet_NdFeB_HRE", "component_motor"):
        number = GOOD_INDEX[good]
        base = world.price0[ECONOMY_INDEX["EU27"] * len(GOODS) + number]
        peak = ask(run, "EU27", good).max(axis=1) / base
        rows.append(_row((f"`{good}`", told(peak, 1), f"{world.choke[number]:,.1f}")))
    heads = ("highest monthly ask in EU27 over base", "model", "choke price over base")
    return [_row(heads), _row(("---",) * 3), *rows]


def delay(sweep: Results) -> list[str]:
    """Rows of the fourth table: magnets missing in the first year by mean licence delay."""
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
    tables = {"april": april(first), "drift": drift(first), "embargo": embargo(second),
              "delay": delay(third)}  # fmt: skip
    for name, rows in tables.items():
        text = fill(text, name, rows)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
