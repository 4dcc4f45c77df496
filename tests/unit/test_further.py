"""A further good is rows alone: it trades, balances and is controlled without any code."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tradesim import axes, config
from tradesim.errors import DataError, InputError
from tradesim.model import TradeModel, simulate
from tradesim.tables import further
from tradesim.world import build_world
from tradesim.world.types import sum_by
from worlds import content_at_hand, scenario

BATTERY = axes.GOOD_INDEX["lithium_battery"]
SHIPPED = axes.FURTHER_FOLDERS[0]


def with_batteries(**changes: Any) -> Any:
    """A short run with batteries traded."""
    return scenario(further_goods=("lithium_battery",), **changes)


def licence() -> dict[str, Any]:
    """The page of the announcement, in force from its date and never suspended."""
    tree = config.compose(["+policy@policies.l=licence_batteries_2025"])
    early = {"announced": "2025-01-13", "effective": "2025-01-20", "suspended": None}
    return {**tree["policies"]["l"], **early}


def test_further_goods_stand_last_and_are_not_in_the_base_world() -> None:
    """Without the key no firm, lane or row knows the good."""
    assert axes.GOODS[: len(axes.CHAIN_GOODS)] == axes.CHAIN_GOODS
    world = build_world(scenario(), 0)
    assert world.slots.good.max() < len(axes.CHAIN_GOODS)
    assert not (world.firms.stage == axes.STAGE_INDEX["further"]).any()


def test_the_rare_earth_world_is_the_same_with_batteries() -> None:
    """Same firms, same links, same figures: the further good is drawn and traded apart."""
    plain = simulate(scenario(weeks=10), 0)["markets"].to_pandas()
    both = simulate(with_batteries(weeks=10), 0)["markets"].to_pandas()
    chain = both[both["good"] != "lithium_battery"].reset_index(drop=True)
    assert len(both) > len(chain)
    for frame in (plain, chain):
        frame["good"] = frame["good"].astype(str)
    sorted_ = [f.sort_values(["date", "economy", "good"]).reset_index(drop=True)
               for f in (plain, chain)]  # fmt: skip
    numbers = [f.select_dtypes("number").to_numpy() for f in sorted_]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-9, atol=1e-9)


def test_batteries_stand_still_without_a_policy_and_balance() -> None:
    """Prices stay at base; tonnes made are tonnes used and stored; elements and money balance."""
    model = TradeModel(with_batteries(), 0)
    slots, inputs = model.world.slots, model.world.slots.inputs
    before, _ = content_at_hand(model)
    held = stored(model)
    for _ in range(8):
        model.step()
        change = model.state.output - model.state.disposed
        change[:inputs] -= model.state.use
        made = sum_by(slots.good, change, len(axes.GOODS))[BATTERY]
        now = stored(model)
        assert now - held == pytest.approx(made, abs=1e-9 * model.world.slots.base_t.sum())
        held = now
    state = model.state
    after, _ = content_at_hand(model)
    gained = state.sourced.elements - state.lost.elements - state.consumed.elements
    assert np.abs(after - before - gained).max() < 1e-9 * slots.base_t.sum()
    money = state.money_usd.sum() + state.treasury_usd.sum() + state.carriers_usd
    assert abs(money) < 1e-9 * np.abs(state.money_usd).sum()
    here = slots.market[slots.good == BATTERY]
    np.testing.assert_allclose(state.ask[here], model.world.price0[here], rtol=1e-6)
    assert slots.vector[slots.good == BATTERY].sum() == 0.0
    model.close()


def stored(model: TradeModel) -> float:
    """Tonnes of batteries in stock or under way."""
    slots = model.world.slots
    stock = model.state.stock.copy()
    stock[: slots.inputs] += model.state.shipping.goods.under_way()[:, 0]
    return float(sum_by(slots.good, stock, len(axes.GOODS))[BATTERY])


def test_a_licence_on_batteries_works_and_spares_rare_earths() -> None:
    """China's exports of batteries fall, prices outside rise; magnets do not notice."""
    free, held = (
        simulate(with_batteries(weeks=14, policies=p), 0, "full") for p in ({}, {"l": licence()})
    )
    exports, asks = [], []
    for tables in (free, held):
        frame = tables["markets"].to_pandas()
        first = frame[frame["date"].isin(frame["date"].unique()[2:12])]
        mine = first[first["good"] == "lithium_battery"].groupby("economy", observed=True)
        exports.append(mine["exports_t"].sum()["CHN"])
        asks.append(mine["price_ask_usd_per_kg"].max()["EU27"])
    assert exports[1] < 0.7 * exports[0]
    assert asks[1] > 1.1 * asks[0]
    assert held["licences"].to_pandas()["good"].astype(str).unique().tolist() == ["lithium_battery"]
    one, two = (t["markets"].to_pandas().query("good == 'magnet_NdFeB'") for t in (free, held))
    assert one["exports_t"].sum() == pytest.approx(two["exports_t"].sum(), rel=1e-9)


def tables_of(folder: Path, good: str, **change: dict[str, str]) -> Path:
    """The shipped tables of batteries in another folder, as ``good``; changes in first rows."""
    shutil.copytree(SHIPPED, folder)
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        rows[0] |= change.get(path.stem, {})
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, rows[0].keys())
            writer.writeheader()
            writer.writerows({**row, "good": good} for row in rows)
    return folder


SCRIPT = """
from tradesim import axes
from tradesim.model import simulate
from tradesim.scenario import Scenario
page = {
    "_target_": "tradesim.policies.ExportLicensing", "title": "Announcement 55 of 2025",
    "imposed_by": "CHN", "announced": "2025-01-06", "effective": "2025-01-06", "delay_weeks": 6,
    "approval": {"civilian": 0.0}, "covers": {"goods": ["superhard_material"]}, "sources": ["t"],
}
goods = ("lithium_battery", "superhard_material")
sums = []
for policies in ({}, {"l": page}):
    run = Scenario(name="t", title="t", weeks=10, noise=0, further_goods=goods, policies=policies)
    frame = simulate(run, 0)["markets"].to_pandas()
    mine = frame[(frame["economy"] == "CHN")].groupby("good", observed=True)["exports_t"].sum()
    sums.append((mine["lithium_battery"], mine["superhard_material"]))
print(axes.GOODS[-2:], sums[0][0] == sums[1][0], sums[1][1] < 0.5 * sums[0][1])
"""


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python that finds further goods in ``folder`` as well."""
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, "TRADESIM_FURTHER": str(folder)},
    )  # fmt: skip


def test_a_second_good_is_a_folder_of_rows(tmp_path: Path) -> None:
    """Superhard materials from a folder of the user: traded, and controlled on their own."""
    done = run(tables_of(tmp_path / "mine", "superhard_material"), SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "('lithium_battery', 'superhard_material') True True"


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"makers": {"t_per_year": "6000000"}}, "lithium_battery CHN: makers say 6000000 t/yr"),
        ({"users": {"t_per_year": "1"}}, "users say 1 t/yr, flows add up to"),
        ({"flows": {"origin": "CHM"}}, "flows.csv row 2 column 'origin'"),
        ({"users": {"cost_share": "30"}}, "cost_share"),
        ({"prices": {"source": ""}}, "prices.csv row 2 column 'source'"),
    ],
)
def test_rows_that_do_not_balance_are_refused(
    tmp_path: Path, change: dict[str, dict[str, str]], needle: str
) -> None:
    """By table and row, or by good, economy and the tonnes that are missing."""
    folder = tables_of(tmp_path / "mine", "lithium_battery", **change)
    with pytest.raises(DataError) as caught:
        further.read_folder(folder)
    assert needle in str(caught.value)


def test_bad_codes_are_refused(tmp_path: Path) -> None:
    """A code of the chain, one with its prefix, and a folder that is not there."""
    for good in ("magnet_new", "target_RE", "two words", ""):
        (tmp_path / "goods.csv").write_text(f"good,title\n{good},x\n")
        with pytest.raises(DataError, match=r"goods.csv row 2"):
            axes._further((tmp_path,))
    with pytest.raises(DataError, match="TRADESIM_FURTHER"):
        axes._further((tmp_path / "nowhere",))
    for goods in (("lithium_batery",), ("lithium_battery", "lithium_battery")):
        with pytest.raises((InputError, ValidationError)) as caught:
            scenario(further_goods=goods)
        assert "further" in str(caught.value)
