"""What duties on other goods and chip controls cost beside rare earths, and welfare with both.

Figures are the headline rows ``welfare_*`` of the whole run, median and 80% of the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping

from tradesim.report import labels
from tradesim.report.instruments import layout
from tradesim.report.reading import Reading

#: Rows of the table: metric and what it is called.
ROWS = (
    ("welfare_rare_earth", "rare earths, all four terms"),
    ("welfare_firms", "firms' receipts less payments"),
    ("welfare_treasury", "treasury"),
    ("welfare_use", "lost final use, at the mean of both asks"),
    ("welfare_stocks", "stocks at the end"),
    ("welfare_rest_of_trade", "rest of trade (reduced form)"),
    ("welfare_chips", "chips (reduced form, assumption)"),
    ("welfare_total", "all together"),
)
ECONOMIES = ("CHN", "USA", "EU27", "JPN", "KOR", "world")
MILLION = 1e6
LEVELS = [0.1, 0.5, 0.9]
_ASIDE = (
    "Gains in million USD over the whole run against the world of comparison. The two reduced "
    "forms rest on recalled or assumed figures and have no spread over runs; sweep the parameters "
    "outside.*. Wages saved and the products around missing parts are not counted."
)
NOTHING = (0.0, 0.0, 0.0)
#: p10, median and p90 in million USD by metric and economy.
Gains = dict[tuple[str, str], tuple[float, ...]]


def block(reading: Reading) -> str:
    """HTML of the block; '' without a duty on other goods, a chip control or a comparison."""
    pages = reading.setting("policies") or {}
    if reading.other is None or not any(_outside(page) for page in pages.values()):
        return ""
    found = gains(reading)
    if not found:
        return ""
    return layout.block(
        "Beside rare earths: other trade and chips", _sentence(found), _table(found),
        layout.note(_ASIDE),
    )  # fmt: skip


def _outside(page: object) -> bool:
    """Whether a policy works outside rare earths."""
    if not isinstance(page, Mapping) or float(page.get("strength", 1.0)) == 0.0:
        return False
    steps = [page, *(page.get("later") or ())]
    taxed = any(float(step.get("rest_of_trade_rate") or 0.0) > 0.0 for step in steps)
    return taxed or str(page.get("_target_", "")).endswith("ChipControl")


def gains(reading: Reading) -> Gains:
    """p10, median and p90 over seeds of every gain, million USD, by metric and economy."""
    metrics = labels.sql_list([f"{name}:run" for name, _ in ROWS])
    rows = reading.query(
        "SELECT metric, economy, value FROM headline "
        f"WHERE scenario = {labels.sql_list([reading.main])} AND metric IN ({metrics}) "
        f"AND economy IN ({labels.sql_list(ECONOMIES)})"
    )
    rows["metric"] = rows["metric"].astype(str).str.removesuffix(":run")
    rows["economy"] = rows["economy"].astype(str)
    return {
        (str(metric), str(economy)): tuple((group / MILLION).quantile(LEVELS).tolist())
        for (metric, economy), group in rows.groupby(["metric", "economy"])["value"]
    }


def _sentence(found: Gains) -> str:
    def side(code: str) -> str:
        outside = sum(
            found.get((name, code), NOTHING)[1]
            for name in ("welfare_rest_of_trade", "welfare_chips")
        )
        inside = found.get(("welfare_rare_earth", code), NOTHING)[1]
        word = "loses" if outside < 0 else "gains"
        return (
            f"{labels.economy(code)} {word} {_usd(abs(outside))} outside rare earths and "
            f"{'loses' if inside < 0 else 'gains'} {_usd(abs(inside))} in them"
        )

    return f"{side('USA')}; {side('CHN')} (medians over the run)."


def _usd(million: float) -> str:
    large = million >= 1000
    return f"{layout.number(million / 1000 if large else million)} {'bn' if large else 'm'} USD"


def _table(found: Gains) -> str:
    head = ("Gain, million USD", *map(labels.economy, ECONOMIES))
    rows = [(title, *(_text(found, name, code) for code in ECONOMIES)) for name, title in ROWS]
    return layout.table(head, rows)


def _text(found: Gains, name: str, code: str) -> str:
    low, middle, high = found.get((name, code), NOTHING)
    return layout.quantiles(low, middle, high, plus=True)
