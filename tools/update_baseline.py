"""Write the regression baseline anew: ``python tools/update_baseline.py "why it changed"``.

The reason goes into the baseline file and belongs into the changelog as well. A baseline is
never rewritten to turn a test green: say what in the model changed and why that is right.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tradesim import config
from tradesim.model import simulate

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "tests" / "regression" / "baseline.json"
SCENARIOS = ("baseline", "reference", "april_2025", "full_embargo")
WEEKS, SEED = 60, 0
#: Markets whose asks are kept, USD/kg.
MARKETS = (
    ("EU27", "oxide_Dy"), ("CHN", "oxide_Dy"), ("USA", "oxide_Y"), ("JPN", "metal_NdPr"),
    ("EU27", "magnet_NdFeB_HRE"), ("EU27", "component_motor"), ("CHN", "oxide_La"),
)  # fmt: skip


def figures(name: str) -> dict[str, float]:
    """Asks at the end of some months (USD/kg) and tonnes used by end users, one seed."""
    scenario = config.resolve(config.compose([f"scenario={name}", "seeds=1"])).scenario
    tables = simulate(scenario.model_copy(update={"weeks": WEEKS}), SEED)
    markets, uses = tables["markets"].to_pandas(), tables["uses"].to_pandas()
    dates = sorted(markets["date"].unique())
    found: dict[str, float] = {}
    for economy, good in MARKETS:
        rows = markets[(markets["economy"] == economy) & (markets["good"] == good)]
        path = rows.set_index("date")["price_ask_usd_per_kg"]
        for date in (dates[2], dates[5], dates[11]):
            found[f"ask_usd_per_kg {economy} {good} {date}"] = float(path[date])
    for good, total in uses.groupby("good", observed=True)["use_t"].sum().items():
        found[f"use_t world {good}"] = float(total)
    return found


def main(reason: str) -> None:
    """Write every scenario's figures and the reason."""
    kept = {name: figures(name) for name in SCENARIOS}
    BASELINE.write_text(json.dumps({"reason": reason, "figures": kept}, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or len(sys.argv[1]) < 10:
        sys.exit('usage: python tools/update_baseline.py "why the figures changed"')
    main(sys.argv[1])
