"""The licences of 4 April 2025 against the reference: what happened, its null twin and its dose."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradesim import axes
from tradesim.model import TradeModel, simulate
from worlds import named

SEEDS = range(5)
ANNOUNCED = dt.date(2025, 4, 4)
TEN_WEEKS = dt.date(2025, 6, 13)
Tables = dict[str, pd.DataFrame]


def tables(name: str, seed: int, record: str = "full", **changes: Any) -> Tables:
    """Every step of one run as data frames."""
    run = simulate(named(name, **changes), seed, record)
    return {table: values.to_pandas() for table, values in run.items()}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Tables, Tables]]:
    """april_2025 and the reference for a few seeds, a year and a week."""
    return [
        (tables("april_2025", seed, weeks=53), tables("reference", seed, weeks=53))
        for seed in SEEDS
    ]


def ask(run: Tables, economy: str, good: str) -> pd.Series[float]:
    """Ask of a market by step, USD/kg."""
    table = run["markets"]
    rows = (table["economy"] == economy) & (table["good"] == good)
    return table[rows].set_index("date")["price_ask_usd_per_kg"]


def exports(run: Tables) -> pd.Series[float]:
    """Magnets that leave China by month, t."""
    table = run["flows"]
    rows = (table["origin"] == "CHN") & (table["destination"] != "CHN")
    table = table[rows & table["good"].isin(axes.MAGNETS)]
    return table.groupby(pd.to_datetime(table["date"]).dt.strftime("%Y-%m"))["shipped_t"].sum()


def test_exports_halve_in_may_and_come_back(pairs: list[tuple[Tables, Tables]]) -> None:
    """Median magnet exports: under half of the reference in May, 90% again by December."""
    ratio = pd.DataFrame([exports(a) / exports(r) for a, r in pairs]).median()
    assert ratio["2025-05"] < 0.5
    assert ratio["2025-12"] >= 0.9
    assert ratio["2025-03"] == pytest.approx(1.0, abs=1e-12)
    assert ratio.idxmin() == "2025-05"


@pytest.mark.parametrize("good", ["oxide_Dy", "oxide_Tb"])
def test_european_heavy_asks_double_within_ten_weeks(
    pairs: list[tuple[Tables, Tables]], good: str
) -> None:
    """Median over seeds of the highest ask in ten weeks, over the reference."""
    peaks = []
    for april, reference in pairs:
        ratio = ask(april, "EU27", good) / ask(reference, "EU27", good)
        peaks.append(ratio[(ratio.index >= ANNOUNCED) & (ratio.index <= TEN_WEEKS)].max())
    assert np.median(peaks) >= 2.0


def test_prices_at_home_and_of_light_elements_stay(pairs: list[tuple[Tables, Tables]]) -> None:
    """China's Dy stays within 15%, La and Ce everywhere within 10%, for the whole year."""
    for economy, good, bound in (
        ("CHN", "oxide_Dy", 0.15), ("CHN", "oxide_La", 0.10), ("CHN", "oxide_Ce", 0.10),
        ("EU27", "oxide_La", 0.10), ("EU27", "oxide_Ce", 0.10), ("JPN", "oxide_La", 0.10),
    ):  # fmt: skip
        ratios = [ask(a, economy, good) / ask(r, economy, good) for a, r in pairs]
        middle = pd.DataFrame(ratios).median()
        assert (middle - 1.0).abs().max() < bound, (economy, good)


def test_chinese_manufacturers_lose_nothing(pairs: list[tuple[Tables, Tables]]) -> None:
    """Less than a thousandth of the motors used in China is rationed, whatever the seed."""
    for april, _ in pairs:
        motors = chinese_motors(april)
        assert motors["shortfall_rationed_t"].sum() < 1e-3 * motors["use_t"].sum()


@pytest.mark.xfail(strict=True, reason="0.16% is given up to dearer motors, see the changelog")
def test_chinese_manufacturers_give_nothing_up(pairs: list[tuple[Tables, Tables]]) -> None:
    """The median loss of motors used in China is below 0.1%."""
    kept = [
        chinese_motors(april)["use_t"].sum() / chinese_motors(reference)["use_t"].sum()
        for april, reference in pairs
    ]
    assert np.median(kept) > 0.999, kept


def chinese_motors(run: Tables) -> pd.DataFrame:
    """What China's manufacturers use of motors, by step."""
    table = run["uses"]
    return table[(table["economy"] == "CHN") & (table["good"] == "component_motor")]


def test_first_plants_abroad_stop_in_weeks_four_to_fourteen(
    pairs: list[tuple[Tables, Tables]],
) -> None:
    """The median first stoppage outside China; none in China or before the licences."""
    first = []
    for april, reference in pairs:
        events = april["events"]
        stops = events[events["action"] == "first_stoppage"]
        assert not (stops["actor"] == "CHN").any()
        assert (reference["events"]["action"] != "first_stoppage").all()
        first.append((min(stops["date"]) - ANNOUNCED).days / 7)
    assert 4 <= np.median(first) <= 14


#: What makes the licence an empty form: granted at once to everybody, nothing detained.
EMPTY: dict[str, Any] = {
    "delay_weeks": 0, "approval": {"civilian": 1.0}, "approval_at": {}, "approval_eased": {},
    "hold_share": 0.0, "opens_weeks": 0, "opens_weeks_at": {}, "grace_weeks": 0,
}  # fmt: skip


@pytest.mark.parametrize("change", [EMPTY, {"strength": 0.0}], ids=["null twin", "no strength"])
def test_null_twin_is_the_reference(change: dict[str, Any]) -> None:
    """A licence that binds nobody changes no number of any table, bit for bit."""
    twin = simulate(named("april_2025", page=change, weeks=40), 0)
    reference = simulate(named("reference", weeks=40), 0)
    for name in reference:
        if name != "events":
            assert twin[name].to_pandas().equals(reference[name].to_pandas()), name


def test_more_delay_more_shortfall() -> None:
    """Twice the delay loses more use outside China, half of it less."""
    reference = _use_abroad("reference", {})
    lost = [reference - _use_abroad("april_2025", {"delay_weeks": delay}) for delay in (5, 10, 20)]
    assert 0 < lost[0] < lost[1] < lost[2]


def _use_abroad(name: str, page: dict[str, Any]) -> float:
    table = tables(name, 0, "monthly", page=page, weeks=80)["uses"]
    return float(table[table["economy"] != "CHN"]["use_t"].sum())


def test_quarter_weeks_agree_with_weeks() -> None:
    """Annual deliveries of every magnet and heavy good differ by under 3%."""
    weekly, fine = (
        tables("april_2025", 0, "monthly", weeks=52, step_weeks=step)["markets"]
        for step in (1.0, 0.25)
    )
    sums = [
        t[t["good"].isin([*axes.MAGNETS, "component_motor", "metal_NdPr", "oxide_Dy", "oxide_Tb"])]
        .groupby("good", observed=True)["deliveries_t"].sum()
        for t in (weekly, fine)
    ]  # fmt: skip
    assert ((sums[1] / sums[0]) - 1.0).abs().max() < 0.03


@pytest.mark.parametrize("step", [2.0, 4.0])
def test_longer_steps_are_computed_in_weeks(step: float) -> None:
    """They deliver what weekly steps do, month by month: a year of 48 weeks is whole steps."""
    weekly, coarse = (
        tables("april_2025", 0, "monthly", weeks=48, step_weeks=length)["markets"]
        for length in (1.0, step)
    )
    assert np.allclose(weekly["deliveries_t"], coarse["deliveries_t"], rtol=1e-9, atol=1e-9)


def test_agents_are_what_mesa_users_expect() -> None:
    """States and lazy firms in model.agents, selectable by type; a view reads the arrays."""
    model = TradeModel(named("april_2025", weeks=20), 0)
    states = model.agents.select(lambda a: type(a).__name__ == "State")
    firms = model.agents.select(lambda a: type(a).__name__ == "Firm")
    assert len(states) == len(axes.ECONOMIES)
    assert len(firms) == len(model.world.firms)
    for _ in range(16):
        model.step()
    china = next(s for s in states if s.economy == "CHN")
    assert china.policies_in_force == ["licence_april_2025"]
    maker = next(f for f in firms if f.stage == "magnet" and f.economy == "JPN")
    assert maker.activity_t_per_week == model.state.activity[maker.row]
    assert set(maker.stocks_t) >= {"metal_NdPr"}
    assert model.steps == 16
    model.close()
