"""The equilibrium against published results; the cases and commands are those of benchmark.md."""

from __future__ import annotations

import runpy
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tradesim import benchmark

ROOT = Path(__file__).parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "benchmark_doc.py"))
CASES = TOOL["CASES"]


def answered(case: Any) -> dict[str, float]:
    """Equilibrium of a case by market: per cent, in the words of the page."""
    found = benchmark.carry_out(benchmark.read([*shlex.split(case.words), "against=none"]))
    frame = found.markets.to_pandas().merge(found.base, on=["economy", "good"])
    frame = frame.assign(equilibrium=frame["price_ask_usd_per_kg"], p50=float("nan"))
    frame = frame.astype({"economy": str, "good": str})
    return {market: own for market, own, _ in case.rows(pd.DataFrame(frame))}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: str(case.name))
def test_duties_are_passed_on_in_full(case: Any) -> None:
    """Fajgelbaum et al. 2020, Cavallo 2025: complete pass-through to duty-inclusive prices."""
    for market, share in answered(case).items():
        assert share == pytest.approx(100.0, abs=1.5), market


@pytest.mark.slow
def test_a_tonnage_quota_raises_cheap_elements_by_more_per_cent() -> None:
    """One specific rent: the order of the rises is that of the prices, cheapest first."""
    rises = list(answered(CASES[2]).values())
    assert rises == sorted(rises, reverse=True)
    assert rises[0] > 40.0
    assert 0.0 < rises[-1] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[3:], ids=lambda case: str(case.name))
def test_a_stockpile_raises_its_element_and_lowers_co_products(case: Any) -> None:
    """Brown and Eggert 2018."""
    bought, *others = answered(case).values()
    assert bought > 10.0
    assert max(others) < -10.0


def test_what_the_usgs_case_lacks_is_said_and_nothing_is_invented() -> None:
    """The arithmetic of a ban, and the page that says which inputs are missing."""
    assert TOOL["ban_price"](0.6, 0.0, 0.5, 0.5) == pytest.approx(2.5)
    assert TOOL["ban_price"](0.6, 0.6, 0.5, 0.5) == 1.0
    assert TOOL["ban_price"](1.0, 0.0, 0.5, 0.5) == float("inf")
    page = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    assert "not reproduced" in page
    for line in TOOL["ban_table"]():
        assert line in page


def test_the_commands_of_the_page_are_those_of_the_tool() -> None:
    """Nobody edits one without the other; every command is understood."""
    page = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    for line in TOOL["command_lines"]():
        assert line in page
    for case in CASES:
        assert benchmark.read(shlex.split(case.words)).job.scenario.policies
