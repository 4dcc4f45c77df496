"""``tradesim payoff``: cells, a folder that goes on, files that agree, a page that can be read."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import game_cases
from game_cases import CALLS, WORDS
from tradesim import cli
from tradesim.analysis.games import cells, run
from tradesim.analysis.games.run import Matrix, payoff
from tradesim.ensemble import Interrupted
from tradesim.errors import InputError, OutputError, PartialError
from tradesim.pairs import Simulate
from tradesim.record.sums import UTILITY
from tradesim.report.payoff import command, write_page

FILES = {
    "config.yaml", "equilibria.json", "failures.csv", "manifest.json", "payoff.csv", "payoff.tex",
    "payoff_contrasts.csv", "payoff_terms.csv", "points.csv", "points.json", "report.html",
}  # fmt: skip


def play(out: Path, *words: str, simulate: Simulate = game_cases.dilemma, seeds: int = 3) -> Matrix:
    CALLS.clear()
    return payoff(
        [*WORDS, f"seeds={seeds}", f"out={out}", *words], page=write_page, simulate=simulate
    )


@pytest.fixture(scope="module")
def dilemma(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return play(tmp_path_factory.mktemp("payoff") / "out", seeds=7)


def said(matrix: Matrix, name: str = "equilibria.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((matrix.folder / name).read_text(encoding="utf-8"))
    return found


# -- cells ---------------------------------------------------------------------------------------


def test_a_cell_puts_the_packages_of_both_in_force_and_nothing_else_moves() -> None:
    asked = cells.plan([*WORDS, "seeds=2", "from=2025-03-03"])
    names = [(cell.row, cell.column) for cell in asked.cells]
    assert names == [("none", "none"), ("none", "chn_port_fees"), ("usa_chips", "none"),
                     ("usa_chips", "chn_port_fees")]  # fmt: skip
    assert [set(cell.job.scenario.policies) for cell in asked.cells] == [
        set(), {"port_fee_china_2025"}, {"chips_eda_may_2025"},
        {"port_fee_china_2025", "chips_eda_may_2025"},
    ]  # fmt: skip
    both = asked.cells[3].job.scenario
    chips = both.policies["chips_eda_may_2025"]
    notice = round(7 * asked.packages["usa_chips"].notice_weeks)
    assert game_cases.day(chips["announced"]) == dt.date(2025, 3, 3)
    assert game_cases.day(chips["effective"]) == dt.date(2025, 3, 3) + dt.timedelta(days=notice)
    assert chips["suspended"] is None  # the page says July 2025
    assert both.packages == {}
    assert {code: page["strategy"] for code, page in both.states.items()} == {
        "USA": cells.SILENCE, "CHN": cells.SILENCE,
    }  # fmt: skip


def test_all_cells_have_the_same_seeds_and_the_same_world_of_comparison() -> None:
    asked = cells.plan([*WORDS, "seeds=[3,5]"])
    assert {cell.job.seeds for cell in asked.cells} == {(3, 5)}
    assert all(cell.job.compare is cell.job.scenario for cell in asked.cells)


def test_the_default_is_four_packages_each() -> None:
    asked = cells.plan(["seeds=1"])
    assert (asked.row.state, asked.column.state) == ("USA", "CHN")
    assert (len(asked.row.options), len(asked.column.options), len(asked.cells)) == (4, 4, 16)
    assert asked.base.scenario.name == "reference"
    assert len(cells.plan([]).base.seeds) == 50


def test_packages_are_joined_with_a_plus() -> None:
    asked = cells.plan(["row=[usa_chips+usa_port_fees]", "column=[none,chn_october]", "seeds=1"])
    assert asked.row.options[0].packages == ("usa_chips", "usa_port_fees")
    policies = set(asked.cells[0].job.scenario.policies)
    assert policies == {"chips_eda_may_2025", "port_fee_usa_2025", "port_fee_usa_chinese_built"}


def test_governments_of_the_scenario_make_room_for_the_players() -> None:
    """Their packages are what the players choose from, not what they still could do."""
    asked = cells.plan([*WORDS, "scenario=october_2025_strategic", "seeds=1"])
    first, last = asked.cells[0].job.scenario, asked.cells[-1].job.scenario
    assert "licence_april_2025" in first.policies  # scripted, and of no package
    gone = {"licence_november_2025", "affiliates_rule_september_2025"}  # of their packages
    assert not gone & first.policies.keys()
    assert not {"USA", "CHN"} & {page["state"] for page in first.packages.values()}
    assert last.policies.keys() - first.policies.keys() == set(game_cases.DEFECTS.values())
    for code in ("USA", "CHN"):
        assert first.states[code]["strategy"] == cells.SILENCE


def test_weights_of_utility_can_be_said() -> None:
    asked = cells.plan([*WORDS, "seeds=1", "states.USA.preferences.leverage_weight=0.3"])
    page = asked.cells[0].job.scenario.states["USA"]
    assert page["preferences"] == {"leverage_weight": 0.3}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["row=[usa_chipz]"], "unknown package 'usa_chipz'"),
        (["row=[usa_chips,chn_october]"], "must be of one state, not 2"),
        (["row=[none]"], "must be of one state, not 0"),
        (["row=[usa_chips]", "column=[usa_affiliates]"], "both sides are USA"),
        (["row=[none,none,usa_chips]"], "row=[none,none,usa_chips]"),
        (["from=yesterday"], "from=yesterday is no date"),
        (["from=2031-01-01"], "lies outside the run"),
        (["compare=baseline"], "no world of comparison"),
        (["seeds=2", "weeksx=3"], "unknown key 'weeksx'"),
        (["states.USA.preferences.leverage_weight=7"], "leverage_weight"),
    ],
)
def test_bad_words_are_refused_before_anything_is_written(
    words: list[str], what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=re.escape(what)):
        payoff([*words, f"out={tmp_path / 'x'}"], simulate=game_cases.dilemma)
    assert not list(tmp_path.iterdir())


def test_the_commands_of_the_guide_are_understood() -> None:
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "payoff-matrix.md"
    text = guide.read_text(encoding="utf-8")
    said = re.findall(r"^tradesim payoff (row=[^#\n]*)", text, re.MULTILINE)
    assert len(said) >= 2
    for words in said:
        assert cells.plan([*words.split(), "seeds=1"]).cells
    for name in FILES - {"config.yaml", "manifest.json", "points.json"}:
        assert f"`{name}`" in text, name


# -- the folder ----------------------------------------------------------------------------------


def test_the_files_of_the_contract_are_there(dilemma: Matrix) -> None:
    assert {path.name for path in dilemma.folder.iterdir()} == FILES | {"tables"}
    manifest = said(dilemma, "manifest.json")
    assert (manifest["status"], manifest["kind"]) == ("complete", "payoff")
    assert "conf/package/usa_chips.yaml" in manifest["data_hashes"]
    assert manifest["packages"]["pygambit"]
    kept = pd.read_parquet(dilemma.folder / "tables" / "states" / "point=3" / "part-0.parquet")
    assert set(kept["state"].astype(str)) == {"USA", "CHN"}


def test_the_matrix_is_the_dilemma(dilemma: Matrix) -> None:
    """Defecting is strictly dominant; seeds add the same to all cells and change nothing."""
    rows = pd.read_csv(dilemma.folder / "payoff.csv", keep_default_na=False)
    assert list(rows.columns) == ["row", "column", "player", "mean_usd", "p10_usd", "p90_usd", "n",
                                  "ci_low_usd", "ci_high_usd"]  # fmt: skip
    assert len(rows) == 8
    assert set(rows["n"]) == {7}
    mean = rows.set_index(["row", "column", "player"])["mean_usd"] / 1e9 - 3.0  # seeds add 0 to 6
    assert mean["none", "none", "USA"] == pytest.approx(3.0, abs=1e-5)
    assert mean["none", "chn_port_fees", "USA"] == pytest.approx(0.0, abs=1e-5)
    assert mean["none", "chn_port_fees", "CHN"] == pytest.approx(5.0, abs=1e-5)
    assert mean["usa_chips", "chn_port_fees", "CHN"] == pytest.approx(1.0, abs=1e-5)
    inside = rows["ci_low_usd"].lt(rows["mean_usd"]) & rows["mean_usd"].lt(rows["ci_high_usd"])
    assert inside.all()


def test_equilibria_and_leaders_of_the_dilemma(dilemma: Matrix) -> None:
    found = said(dilemma)
    [only] = found["pure"]
    assert (only["row"], only["column"], only["survives_share"]) == (
        "usa_chips",
        "chn_port_fees",
        1,
    )
    assert found["mixed"] == []
    assert found["best_responses"]["row"] == {"none": ["usa_chips"], "chn_port_fees": ["usa_chips"]}
    assert {lead["leader"]: (lead["option"], lead["answer"]) for lead in found["stackelberg"]} == {
        "USA": ("usa_chips", "chn_port_fees"), "CHN": ("chn_port_fees", "usa_chips"),
    }  # fmt: skip
    assert all(entry["strict"] for entry in found["dominated"])
    # both terms are the same game, so no single weight changes it
    assert {entry["term"] for entry in found["weights"]} == {UTILITY[1], UTILITY[2]}
    assert all(entry["same"] for entry in found["weights"])


def test_terms_add_up_to_the_payoff(dilemma: Matrix) -> None:
    keys = ["row", "column", "player"]
    terms = pd.read_csv(dilemma.folder / "payoff_terms.csv", keep_default_na=False)
    whole = pd.read_csv(dilemma.folder / "payoff.csv", keep_default_na=False)
    assert set(terms["term"]) == set(UTILITY)
    summed = terms.groupby(keys)["mean_usd"].sum()
    assert np.allclose(summed, whole.set_index(keys)["mean_usd"].loc[summed.index])


def test_contrasts_are_paired(dilemma: Matrix) -> None:
    """Seeds move payoffs by six billion, yet every difference is known to the dollar's rounding."""
    rows = pd.read_csv(dilemma.folder / "payoff_contrasts.csv", keep_default_na=False)
    assert rows["clear"].all()
    assert (rows["ci_high_usd"] - rows["ci_low_usd"]).max() < 1e4
    assert set(rows["mean_usd"].round(-6)) == {-2e9, -1e9}


def test_the_latex_table_is_a_bimatrix(dilemma: Matrix) -> None:
    text = (dilemma.folder / "payoff.tex").read_text(encoding="utf-8")
    assert r"\toprule" in text
    assert r"\texttt{usa\_chips}" in text
    assert r"\textbf{\underline{4.00}, \underline{4.00}}" in text  # 1 and the seeds' 3
    assert "billion USD over 20 weeks" in text
    assert text.count(r"\begin{") == text.count(r"\end{")
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert [line.count("&") for line in body.strip().splitlines()] == [2, 2]


def test_the_page_says_it_in_words_and_asks_nobody(dilemma: Matrix) -> None:
    page = (dilemma.folder / "report.html").read_text(encoding="utf-8")
    assert "One equilibrium in pure options: United States usa_chips, China chn_port_fees" in page
    assert "100% of the resamples of 7 seeds" in page
    assert "default-src 'none'" in page  # the browser itself lets nothing be fetched
    for mark in ("★", "▲"):
        assert page.count(mark) >= 3  # explained, and drawn on both maps
    assert command(dilemma.outcome) in page
    sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', page)]
    assert min(sizes) >= 18


# -- going on ------------------------------------------------------------------------------------


def test_an_interrupted_matrix_goes_on(tmp_path: Path, dilemma: Matrix) -> None:
    out = tmp_path / "out"
    with pytest.raises(Interrupted, match="2 of 4 cells"):
        play(out, simulate=game_cases.stops_in_the_third_cell, seeds=7)
    assert (
        json.loads((out / "manifest.json").read_text(encoding="utf-8"))["status"] == "interrupted"
    )
    again = play(out, seeds=7)
    assert {name for name, _ in CALLS} == {"usa_chips | none", "usa_chips | chn_port_fees"}
    for name in ("payoff.csv", "equilibria.json"):
        assert (again.folder / name).read_bytes() == (dilemma.folder / name).read_bytes()
    hashes = [said(each, "manifest.json")["result_hash"] for each in (again, dilemma)]
    assert hashes[0] == hashes[1]
    play(out, seeds=7)
    assert CALLS == []  # all is there: nothing is run again


def test_a_killed_matrix_goes_on(tmp_path: Path) -> None:
    """A kill leaves no manifest and perhaps half a file: cells that were whole are kept."""
    first = play(tmp_path / "out").folder
    (first / "manifest.json").unlink()
    part = first / "tables" / "states" / "point=1" / "part-0.parquet"
    part.rename(part.with_suffix(".part"))
    play(first)
    assert {name for name, _ in CALLS} == {"none | chn_port_fees"}


def test_other_points_are_refused(tmp_path: Path) -> None:
    first = play(tmp_path / "out").folder
    before = (first / "points.json").read_bytes()
    with pytest.raises(OutputError, match="begun with other points: cells differ"):
        play(first, "noise=0.01")
    with pytest.raises(OutputError, match="seeds, cells differ"):
        play(first, seeds=4)
    assert (first / "points.json").read_bytes() == before
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.doc").touch()
    with pytest.raises(OutputError, match="not empty"):
        play(full)


def test_a_failing_cell_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(PartialError, match="2 of 4 cells failed") as caught:
        play(out, simulate=game_cases.fails_with_chips)
    assert caught.value.exit_code == 3
    rows = pd.read_csv(out / "failures.csv")
    assert list(rows["point"]) == [2, 3]
    assert list(rows["seed"]) == [1, 1]
    assert rows["traceback"].str.contains("no chips, no model").all()
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["status"] == "partial"
    assert not (out / "payoff.csv").exists()
    play(out)
    assert {name for name, _ in CALLS} == {"usa_chips | none", "usa_chips | chn_port_fees"}
    assert pd.read_csv(out / "failures.csv").empty


def test_the_command_exits_as_the_contract_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "_MODEL", ("game_cases", "dilemma"))
    words = [*WORDS, "seeds=1"]
    assert cli.main(["payoff", *words, f"out={tmp_path / 'a'}"]) == 0
    assert capsys.readouterr().out == f"results: {tmp_path / 'a'}\n"
    assert cli.main(["payoff", *words, "row=[nobody]", f"out={tmp_path / 'b'}"]) == 2
    monkeypatch.setattr(run, "_MODEL", ("game_cases", "fails_with_chips"))
    assert cli.main(["payoff", *words, "seeds=2", f"out={tmp_path / 'c'}"]) == 3
    assert cli.main(["report", str(tmp_path / "a")]) == 2
    assert "has its page already" in capsys.readouterr().err


@pytest.mark.slow
def test_the_model_itself_plays(tmp_path: Path) -> None:
    """A duty brings revenue and is paid for at home; where nobody acts there is no revenue."""
    words = ["row=[none,usa_tariff_100]", "column=[none,chn_october]", "weeks=40", "seeds=2"]
    found = payoff([*words, f"out={tmp_path / 'out'}"], page=write_page)
    terms = pd.read_csv(found.folder / "payoff_terms.csv", keep_default_na=False)
    usa = terms[terms["player"] == "USA"].set_index(["row", "column", "term"])["mean_usd"]
    assert usa["none", "none", "utility_revenue_usd"] == 0.0
    assert usa["usa_tariff_100", "none", "utility_revenue_usd"] > 1e6
    assert usa["usa_tariff_100", "none", "utility_outside_usd"] < -1e9
    whole = pd.read_csv(found.folder / "payoff.csv", keep_default_na=False)
    assert np.isfinite(whole[["mean_usd", "ci_low_usd", "ci_high_usd"]]).all(axis=None)
