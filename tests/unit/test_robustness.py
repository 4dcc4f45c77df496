"""The robustness study: variances on known cases, seeds told apart, and the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import robustness as tool
import robustness_page as told
from tradesim import axes, rng
from tradesim.analysis import robustness as rb
from tradesim.errors import InputError
from tradesim.model import TradeModel, simulate, world_of
from tradesim.pairs import Task, run_seed
from worlds import named, scenario

ROWS = np.array([1.0, 4.0, 7.0])
COLUMNS = np.array([0.0, 2.0, 10.0, 4.0])


def drawn(sizes: tuple[int, int], deviations: tuple[float, float, float], seed: int) -> np.ndarray:
    """A table of row, column and cell effects with known standard deviations."""
    source = np.random.default_rng(seed)
    row, column, cell = deviations
    many, wide = sizes
    return np.asarray(
        source.normal(0, row, (many, 1))
        + source.normal(0, column, (1, wide))
        + source.normal(0, cell, (many, wide))
    )


# -- variance components ---------------------------------------------------------------------------


def test_a_sum_of_two_effects_has_no_interaction() -> None:
    parts = rb.two_way(ROWS[:, None] + COLUMNS[None, :])
    assert parts.rows == pytest.approx(ROWS.var(ddof=1))
    assert parts.columns == pytest.approx(COLUMNS.var(ddof=1))
    assert parts.interaction == pytest.approx(0.0, abs=1e-12)
    assert parts.mean == pytest.approx(ROWS.mean() + COLUMNS.mean())


def test_a_worked_example() -> None:
    """Mean squares by hand: rows 2 x 2^2, columns 2 x 1^2, rest 1 on one degree of freedom."""
    values = np.array([[0.0, 2.0], [3.0, 3.0]])
    # row means 1 and 3, column means 1.5 and 2.5, mean 2, residuals +-0.5
    parts = rb.two_way(values)
    assert parts.interaction == pytest.approx(1.0)
    assert parts.rows == pytest.approx((4.0 - 1.0) / 2.0)
    assert parts.columns == pytest.approx(0.0)


def test_pure_interaction_is_no_effect_of_either() -> None:
    parts = rb.two_way(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert (parts.rows, parts.columns) == (0.0, 0.0)
    assert parts.interaction == pytest.approx(4.0)


def test_known_variances_are_found_on_average() -> None:
    """Random effects with deviations 3, 2 and 1: components near 9, 4 and 1."""
    found = [rb.two_way(drawn((8, 8), (3.0, 2.0, 1.0), seed)) for seed in range(600)]
    assert np.mean([p.rows for p in found]) == pytest.approx(9.0, rel=0.06)
    assert np.mean([p.columns for p in found]) == pytest.approx(4.0, rel=0.06)
    assert np.mean([p.interaction for p in found]) == pytest.approx(1.0, rel=0.03)


def test_noise_gives_a_factor_that_does_nothing_no_share() -> None:
    """The plain share of row means would be a seventh here; the component is about nothing."""
    tables = [drawn((7, 7), (0.0, 0.0, 1.0), seed) for seed in range(400)]
    plain = np.mean([t.mean(axis=1).var() / t.var() for t in tables])
    assert plain > 0.1
    assert np.mean([rb.two_way(t).rows for t in tables]) < 0.05


def test_nothing_is_said_of_gaps_and_single_rows() -> None:
    for values in (np.array([[1.0, np.nan], [1.0, 2.0]]), np.array([[1.0, 2.0]])):
        assert np.isnan(rb.two_way(values).total)
    assert rb.two_way(np.full((3, 3), 2.0)).total == 0.0
    assert np.isnan(rb.shares(np.full((3, 3), 2.0))[0].share)


# -- shares ----------------------------------------------------------------------------------------


def setting(name: str, effects: np.ndarray, seeds: np.ndarray) -> rb.Setting:
    labels = tuple(f"{effect:g}" for effect in effects)
    return rb.Setting(name, labels, effects[:, None] + seeds[None, :])


def test_shares_add_up_and_a_further_factor_is_one_more_row() -> None:
    grid = ROWS[:, None] + np.array([0.0, 1.0, 2.0])[None, :]
    one = setting("step", np.array([0.0, 3.0]), np.diag(grid))
    two = setting("parameters", np.array([0.0, 6.0, 12.0]), np.diag(grid))
    alone, both = rb.shares(grid, (one,)), rb.shares(grid, (one, two))
    assert [p.factor for p in both] == [
        rb.NETWORK, rb.CHANCE, rb.BOTH, "step", "parameters", rb.MIXED,
    ]  # fmt: skip
    assert len(both) == len(alone) + 1
    assert sum(p.share for p in both) == pytest.approx(1.0)
    variances = {p.factor: p.variance for p in both}
    assert variances == pytest.approx(
        {rb.NETWORK: 9.0, rb.CHANCE: 1.0, rb.BOTH: 0.0, "step": 4.5, "parameters": 36.0,
         rb.MIXED: 0.0}, abs=1e-12,
    )  # fmt: skip
    assert both[0].deviation == pytest.approx(3.0)
    assert one.move == 3.0


def test_a_level_without_a_number_is_left_out() -> None:
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [np.nan, 1.0, 1.0]])
    found = rb.Setting("horizon", ("a", "b", "c"), values)
    assert found.components().rows == pytest.approx(4.5)
    assert found.move == 3.0


def test_the_jackknife_of_a_mean_is_its_usual_error() -> None:
    grid = drawn((6, 9), (2.0, 1.0, 0.5), 1)
    error = rb.jackknife_error(grid, lambda table: float(table.mean()))
    rows = grid.mean(axis=1).var(ddof=1) / 6
    columns = grid.mean(axis=0).var(ddof=1) / 9
    assert error == pytest.approx(np.sqrt(rows + columns))
    assert np.isnan(rb.jackknife_error(grid[:2], rb.network_share))


# -- network and chance ----------------------------------------------------------------------------


def test_one_seed_for_both_is_the_run_as_it_was() -> None:
    setting = named("april_2025", weeks=12)
    whole = simulate(setting, 3)
    apart = TradeModel(setting, 3, world=world_of(setting, 3)).run()
    assert all(whole[name].to_pandas().equals(apart[name].to_pandas()) for name in whole)


def test_a_world_of_another_seed_keeps_its_network_and_takes_the_chance_of_the_run() -> None:
    setting = named("april_2025", weeks=20)
    world = world_of(setting, 1)
    model = TradeModel(setting, 2, world=world)
    assert model.world.seed == 2
    assert world.seed == 1
    assert model.world.links is world.links
    assert model.world.chinese_technology is world.chinese_technology
    for _ in range(16):
        model.step()
    (book,) = model.state.books.values()
    ids = world.links.id[book.links][:, None]
    own = rng.uniforms(2, "licence CHN", ids, np.arange(52))
    assert np.array_equal(book.draws, own)
    consumers = np.flatnonzero(world.consumes)
    noise = rng.lognormals(2, "final demand", world.firms.id[consumers], setting.noise, 4)
    assert np.array_equal(model._noise[4, consumers], noise)
    model.close()


def test_without_noise_and_policies_chance_does_nothing_and_the_network_something() -> None:
    still = scenario(weeks=10, growth=True)
    runs = [
        TradeModel(still, chance, world=world_of(still, network)).run()
        for network, chance in ((0, 0), (0, 1), (1, 1))
    ]
    asks = [run["markets"].to_pandas()["price_ask_usd_per_kg"] for run in runs]
    assert asks[0].equals(asks[1])
    assert not asks[1].equals(asks[2])


# -- figures and page ------------------------------------------------------------------------------


def test_figures_of_a_world_against_itself_are_nil() -> None:
    found = tool.pair("baseline", tool.Level(("weeks=54",)), 0, 0, dt.date(2025, 1, 6))
    assert found["trough"] == pytest.approx(1.0)
    assert found["shortfall"] == 0.0
    assert found["recovery"] == 0.0
    assert all(found[f"welfare_{code}"] == 0.0 for code in rb.FOLLOWED)
    assert set(found) == set(rb.UNITS)


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Mapping[str, pa.Table]]:
    """april_2025 and its comparison over twenty months, by scenario and table."""
    own, other = tool.load("april_2025", tool.Level(("weeks=86",)))
    return run_seed(Task(own, other, partial(tool.simulate, network=0)), 0).tables


@pytest.mark.parametrize("window", [dt.date(2025, 1, 6), dt.date(2025, 7, 1)])
def test_shortfall_and_welfare_cover_twelve_months_from_the_window(
    tables: Mapping[str, Mapping[str, pa.Table]], window: dt.date
) -> None:
    own, other = tables["april_2025"], tables["reference"]
    start = dt.date(2025, 1, 6)
    found = rb.figures(own, other, start, window)
    rows = own["markets"].to_pandas()
    month = pd.to_datetime(rows["date"])
    first = pd.Timestamp(window).replace(day=1)
    inside = (month >= first) & (month < first + pd.DateOffset(years=1))
    missing = inside & (rows["economy"] != "CHN") & rows["good"].isin(axes.MAGNETS)
    assert found["shortfall"] == pytest.approx(rows["shortfall_physical_t"][missing].sum())
    if window == start:
        metrics = own["headline"].to_pandas()
        name, usa = "welfare_rare_earth:first_year", metrics["economy"] == "USA"
        known = metrics[(metrics["metric"] == name) & usa]["value"].iloc[0]
        assert found["welfare_USA"] == pytest.approx(known / 1e6, rel=1e-4)


def test_values_by_key_reach_scenario_and_policies() -> None:
    key = "policies.licence_april_2025.approval_at.USA.*"
    level = tool.Level(values={"market.panic": 0.5, key: 0.25, "policies.absent.strength": 0.1})
    own, other = tool.load("april_2025", level)
    assert own.market.panic == other.market.panic == 0.5
    assert own.policies["licence_april_2025"]["approval_at"]["USA"]["*"] == 0.25
    assert "absent" not in own.policies
    assert not other.policies


def test_draws_of_a_posterior_become_levels(tmp_path: Path) -> None:
    """Columns are keys, or names that a file beside the draws gives their keys."""
    path = tmp_path / "draws.csv"
    path.write_text("fear,market.pooling\n0.5,0.7\n0.9,0.8\n", encoding="utf-8")
    (tmp_path / "parameters.csv").write_text("name,keys\nfear,market.panic;a.b\n", encoding="utf-8")
    found = tool.posterior_levels(path)
    assert list(found) == ["draw 0", "draw 1"]
    assert found["draw 1"].values == {"market.panic": 0.9, "a.b": 0.9, "market.pooling": 0.8}
    path.write_text("a\n" + "1\n" * 100, encoding="utf-8")
    assert len(tool.posterior_levels(path)) == tool.DRAWS


def test_a_level_out_of_range_is_refused() -> None:
    with pytest.raises(InputError):
        tool.load("april_2025", tool.Level(("firms=0",)))


def invented() -> told.Study:
    """A study with made-up figures: the network does everything, no run recovers."""

    def cell(network: float, more: float = 0.0) -> dict[str, float]:
        return {name: np.nan if name == "recovery" else network + more for name in rb.UNITS}

    done = told.Study("april_2025", [[cell(i) for _ in range(3)] for i in range(3)])
    for factor, count in (("step length", 2), (told.POSTERIOR, 3)):
        done.settings[factor] = {
            f"level {level}": [cell(i, 2.0 * level) for i in range(2)] for level in range(count)
        }
    return done


def test_the_page_tells_every_figure_and_factor() -> None:
    text = told.page([invented()], "python tools/robustness.py")
    for words, _ in rb.UNITS.values():
        assert text.count(f"| {words}") == 4, words
    assert f"| {told.POSTERIOR} | {rb.MIXED} |" in text
    assert "100% ± 0%" in text
    assert "in no run" in text
    assert "nan" not in text


def test_the_page_in_the_repository_is_of_this_tool() -> None:
    """Its figures are those of a long run; its words and rows are those of the tool."""
    text = tool.PAGE.read_text(encoding="utf-8")
    for name in tool.SCENARIOS:
        assert f"## `{name}`" in text
    for words, _ in rb.UNITS.values():
        assert text.count(f"| {words}") >= 2 * (2 + len(tool.SETTINGS))
    assert all(f"| {factor} |" in text for factor in tool.SETTINGS)
