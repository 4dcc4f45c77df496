"""The welfare account: by hand, as sums of its terms, and on runs of the model."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from tradesim import config
from tradesim.analysis import welfare
from tradesim.analysis.metrics import panel
from tradesim.axes import ECONOMIES, ECONOMY_INDEX, GOOD_INDEX, GOODS
from tradesim.model import TradeModel, simulate
from tradesim.pairs import Task, run_seed
from tradesim.scenario import Scenario
from worlds import scenario

USA, CHN, EU = (ECONOMY_INDEX[name] for name in ("USA", "CHN", "EU27"))
MOTOR = GOOD_INDEX["component_motor"]


def blank() -> welfare.Side:
    """A world of two months in which nothing happens, every ask 10 USD/kg."""
    flat, cube = np.zeros(len(ECONOMIES)), np.zeros((2, len(ECONOMIES), len(GOODS)))
    return welfare.Side(
        firms_usd=flat, treasury_usd=flat, rest_of_trade_usd=flat, chips_usd=flat, use_t=cube,
        ask_usd_per_kg=cube + 10.0, stock_t=cube[0], value_usd_per_kg=cube[0] + 10.0,
    )  # fmt: skip


def at(shape: np.ndarray[Any, Any], where: Any, value: float) -> np.ndarray[Any, Any]:
    """A copy with one value set."""
    changed = shape.copy()
    changed[where] = value
    return changed


def test_every_term_by_hand() -> None:
    """Three tonnes less at 10 and 30 USD/kg are 60,000 USD; the rest is differences."""
    other = blank()
    other = replace(other, use_t=at(other.use_t, (1, EU, MOTOR), 5.0))
    own = replace(
        other,
        use_t=at(other.use_t, (1, EU, MOTOR), 2.0),
        ask_usd_per_kg=at(other.ask_usd_per_kg, (1, EU, MOTOR), 30.0),
        stock_t=at(other.stock_t, (EU, MOTOR), 1.0),
        firms_usd=at(other.firms_usd, EU, -7.0),
        treasury_usd=at(other.treasury_usd, EU, 4.0),
        rest_of_trade_usd=at(other.rest_of_trade_usd, USA, 5.0),
        chips_usd=at(other.chips_usd, CHN, 9.0),
    )
    found = welfare.account(own, other)
    assert found["welfare_use"][EU] == -3000.0 * 20.0
    assert found["welfare_stocks"][EU] == 1000.0 * 10.0
    assert found["welfare_rare_earth"][EU] == -60000.0 + 10000.0 - 7.0 + 4.0
    assert (found["welfare_rest_of_trade"][USA], found["welfare_chips"][CHN]) == (-5.0, -9.0)
    assert (found["welfare_total"][USA], found["welfare_rare_earth"][USA]) == (-5.0, 0.0)


def test_a_missing_ask_takes_the_other_worlds() -> None:
    """A market that is gone in one world is valued at the ask of the other."""
    other = blank()
    other = replace(other, use_t=at(other.use_t, (0, EU, MOTOR), 1.0))
    own = replace(
        other, use_t=np.zeros_like(other.use_t), ask_usd_per_kg=other.ask_usd_per_kg * np.nan
    )
    assert welfare.value_of_use(own, other)[EU] == -1000.0 * 10.0


def april() -> Scenario:
    """The licences of April with a duty and chip controls, forty weeks."""
    pages = ("tariff_usa_fentanyl_2025", "chips_usa_2022")
    words = [f"+policy@policies.{name}={name}" for name in pages]
    found = config.resolve(config.compose(["scenario=april_2025", "seeds=1", *words])).scenario
    return found.model_copy(update={"weeks": 40, "noise": 0.0})


@lru_cache(maxsize=1)
def pair() -> tuple[Any, Any]:
    """Tables of that world and of the one without policies."""
    own = april()
    tables = run_seed(
        Task(own, own.model_copy(update={"policies": {}, "name": "free"}), simulate), 0
    ).tables
    return tables[own.name], tables["free"]


def sides() -> tuple[welfare.Side, welfare.Side]:
    """Both worlds over the whole run."""
    own, other = (
        welfare.Ledger.of(tables, panel(tables["markets"])).over(slice(0, None))
        for tables in pair()
    )
    return own, other


def test_terms_add_up_to_the_headline() -> None:
    """The gain in rare earths is its four terms, the total adds the blocks, to 1e-9."""
    found = welfare.account(*sides())
    scale = max(np.abs(gain).max() for gain in found.values())
    inside = sum(found[name] for name in welfare.INSIDE)
    outside = sum(found[name] for name in welfare.OUTSIDE)
    np.testing.assert_allclose(found["welfare_rare_earth"], inside, atol=1e-9 * scale)
    np.testing.assert_allclose(found["welfare_total"], inside + outside, atol=1e-9 * scale)
    assert found["welfare_total"].sum() == pytest.approx(
        sum(found[name].sum() for name in (*welfare.INSIDE, *welfare.OUTSIDE)), rel=1e-9
    )


def test_the_account_sees_what_happened() -> None:
    """Europe loses use, both sides lose outside, duties reach the American treasury."""
    found = welfare.account(*sides())
    assert found["welfare_use"][EU] < 0.0
    assert found["welfare_treasury"][USA] > 0.0
    assert found["welfare_rest_of_trade"][USA] < 0.0
    assert found["welfare_chips"][CHN] < 0.0
    assert found["welfare_rare_earth"].sum() < 0.0
    outside = found["welfare_rest_of_trade"] + found["welfare_chips"]
    assert set(np.flatnonzero(outside)) == {USA, CHN}


def test_the_table_holds_the_money_of_the_ledger() -> None:
    """Firms' money by economy and duties, month by month, leave what carriers took: zero in all."""
    model = TradeModel(april(), 0)
    states = model.run()["states"].to_pandas()
    total = states["firms_money_usd"].sum() + states["tariff_revenue_usd"].sum()
    scale = np.abs(model.state.money_usd).sum()
    assert total == pytest.approx(-model.state.carriers_usd, abs=1e-9 * scale)
    by_firm = model.state.money_usd[model.world.firms.economy == USA].sum()
    mine = states[states["state"] == "USA"]["firms_money_usd"].sum()
    assert mine == pytest.approx(by_firm, abs=1e-9 * scale)
    model.close()


def test_the_null_twin_gains_and_loses_nothing() -> None:
    """A world against itself, and the headline rows of a reference: all zero."""
    own, _ = sides()
    assert all(not gain.any() for gain in welfare.account(own, own).values())
    plain = scenario(weeks=8)
    result = run_seed(Task(plain, Scenario(**plain.model_dump()), simulate), 0)
    rows = result.tables[plain.name]["headline"].to_pandas()
    mine = rows[rows["metric"].astype(str).str.startswith("welfare_")]
    assert len(mine) == 2 * 8 * 23
    assert mine["value"].abs().max() == 0.0
