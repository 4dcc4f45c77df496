"""The page and the document of a back-test: what they must say, on synthetic ensembles."""

from __future__ import annotations

import json
import re
import runpy
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import backtest_cases as cases
from tradesim.analysis.backtest import periods, records, runs
from tradesim.analysis.backtest.scores import scores
from tradesim.errors import InputError
from tradesim.report import figures_backtest as figures
from tradesim.report import text_backtest
from tradesim.report.backtest import Episode, bounds, build_backtest, page, verdict
from tradesim.report.svg import figure_svg

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "validation_doc.py"))


@lru_cache(maxsize=8)
def episode(case: str, factor: float = 1.0, beside: bool = False) -> Episode:
    ensemble, recorded = cases.ensemble(case, factor, seeds=8), records.load(case)
    other = ("quotas alone", cases.ensemble(case, 0.6, seeds=8)) if beside else None
    return Episode("a synthetic case", ensemble, recorded, scores(ensemble, recorded),
                   f"tradesim backtest {case} seeds=8", {"code_version": "0"}, other)  # fmt: skip


@lru_cache(maxsize=4)
def html(case: str) -> str:
    return page(episode(case, beside=case == "2010"))


class Balance(HTMLParser):
    """Tags that are open at the end, or closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("case", ["2025", "2010"])
def test_the_page_is_one_sound_file_that_asks_nobody(case: str) -> None:
    text = re.sub(r"<(script|svg).*?</\1>", "", html(case), flags=re.DOTALL)
    check = Balance()
    check.feed(text)
    assert not check.open
    assert not check.wrong
    assert not re.search(r'(src|href)="https?:', text)


@pytest.mark.parametrize("case", ["2025", "2010"])
def test_bounds_come_first_then_targets_predictions_and_the_rest(case: str) -> None:
    places = [html(case).index(f'<section id="{name}"')
              for name in ("bounds", "targets", "predictions", "unrecorded", "scores")]  # fmt: skip
    assert places == sorted(places)


def test_a_missed_bound_is_named_in_the_first_sentence() -> None:
    told = bounds(episode("2025", 0.5).scores)
    text = page(episode("2025", 0.5))
    assert "European ask of May (Dy)" in verdict(told)
    assert verdict(told) in text
    assert text.count("✗ miss") == sum(row["word"] == "miss" for row in told) > 0


def test_every_bound_has_words() -> None:
    names = {str(row["score"]).removeprefix("must:") for case in ("2025", "2010")
             for row in bounds(episode(case).scores)}  # fmt: skip
    assert names == set(text_backtest.BOUNDS)


def test_every_family_of_series_has_a_tab_and_a_title() -> None:
    assert set(text_backtest.TABS) == set(records.FAMILIES)
    for family in records.FAMILIES:
        assert figures.group_title(family)


def part(series: str, case: str = "2025") -> figures.Drawn:
    window = periods.window(case)
    own = [r for r in records.observations(case) if r.series == series]
    return figures.drawn(runs.matrices(episode(case).ensemble, window)[series], own)


def test_a_panel_shows_model_records_and_baselines() -> None:
    names = [trace["name"] for trace in figures.traces(part("magnet_exports_t:TOTAL"))]
    for wanted in ("p10–p90, 8 runs", "5 single runs", "model", "last value before the control",
                   "same period last year", "record, fitted to", "record, not fitted to",
                   "record over several periods", "recorded range"):  # fmt: skip
        assert wanted in names
    marks = {t["name"]: t for t in figures.traces(part("magnet_exports_t:TOTAL"))}
    assert marks["record, fitted to"]["y"] == [2628.0, 1238.0, 3188.0, 5577.0, 6146.0, 5774.0]
    assert set(marks["last value before the control"]["y"]) == {5323.0}


def test_at_least_is_drawn_as_such_and_a_share_of_a_year_at_its_level() -> None:
    traces = {t["name"]: t for t in figures.traces(part("plants_stopped:JPN"))}
    assert traces["reported: at least"]["y"] == [1.0, 1.0]
    assert "recorded range" not in traces
    traces = {t["name"]: t for t in figures.traces(part("smuggled_share", "2010"))}
    assert traces["record over several periods"]["y"][0] == pytest.approx(1 / 6)


@pytest.mark.parametrize("case", ["2025", "2010"])
def test_figures_have_a_static_form_with_every_event_spelt_out(case: str) -> None:
    series = "magnet_exports_t:TOTAL" if case == "2025" else "fob_usd_per_kg:Dy"
    window = periods.window(case)
    drawing = figure_svg(figures.card(figures.group(series), [part(series, case)], window.events))
    for day, words in window.events:
        assert f"{day.day} {day:%B %Y}: {words}" in drawing


def test_another_world_is_ghosted() -> None:
    assert "quotas alone" in html("2010")
    assert "quotas alone" not in html("2025")


def test_the_file_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    path = build_backtest(episode("2025"), tmp_path / "deep")
    assert path == tmp_path / "deep" / "report.html"
    assert path.read_text(encoding="utf-8") == html("2025")


# -- docs/validation.md ----------------------------------------------------------------------------


def folder(home: Path, case: str, factor: float = 1.0) -> Any:
    told = episode(case, factor)
    home.mkdir()
    cases.quantiles(told.ensemble).to_csv(home / "backtest.csv", index=False)
    told.scores.to_csv(home / "scores.csv", index=False)
    manifest = {"seeds": list(range(8)), "result_hash": "0123456789abcdef"}
    (home / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return TOOL["Folder"].read(home)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("backtests")
    both = [folder(home / "a", "2025", 0.5), folder(home / "b", "2010")]
    return str(TOOL["page"](both, folder(home / "c", "2010", 0.6)))


def test_the_document_tells_misses_first_and_in_full(document: str) -> None:
    head = document.split("## How to read it")[0]
    for row in bounds(episode("2025", 0.5).scores):
        assert (f"* {row['told']}" in head) == (row["word"] == "miss")
        assert row["told"] in document


def test_the_document_has_every_used_record(document: str) -> None:
    for case in ("2025", "2010"):
        for record in records.observations(case):
            line = rf"^\| `{re.escape(record.series)}` \| {re.escape(record.period)} \| "
            assert re.search(line, document, re.MULTILINE), record


def test_targets_and_predictions_stand_apart_in_the_document(document: str) -> None:
    fitted = document.split("### Fitted to, 2025")[1].split("### Predicted, 2025")[0]
    assert "`magnet_exports_t:TOTAL` | 2025-05 | 1,238 |" in fitted
    assert "magnet_exports_t:USA" not in fitted


def test_the_document_says_how_to_make_it_again(document: str) -> None:
    assert "tradesim backtest 2025 seeds=8 out=V2025" in document
    assert "python tools/validation_doc.py V2025 V2010\n" in document


def test_the_document_is_sound_markdown(document: str) -> None:
    width = 0
    for line in document.splitlines():
        bars = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (bars and width and bars != width), line
        width = bars
    assert "nan" not in re.sub(r"[a-z]*financ[a-z]*", "", document)


def test_what_stays_as_wide_as_its_prior_is_named(tmp_path: Path) -> None:
    columns = TOOL["_SUMMARY"]
    rows = [("delay_weeks", 3, 17, 8, 9, 10, 0.14), ("panic", 0, 2, 0.2, 1, 1.8, 0.8)]
    path = tmp_path / "posterior_summary.csv"
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
    text = "\n".join(TOOL["posterior"](tmp_path))
    assert text.startswith("## What the data do not pin down\n\n1 of 2 parameters keep 50%")
    assert text.index("`panic`") < text.index("`delay_weeks`")
    assert "another seed" not in text
    shifts = {"parameter": ["panic", "delay_weeks"], "shift": [0.1, -0.5], "overlap": [0.9, 0.2]}
    pd.DataFrame(shifts).to_csv(tmp_path / "agreement.csv", index=False)
    text = "\n".join(TOOL["posterior"](tmp_path))
    assert "by 0.50 at most" in text
    assert "Below 50%: `delay_weeks`." in text
    pd.DataFrame(rows).to_csv(path, index=False)
    with pytest.raises(InputError, match="column 'parameter' is missing"):
        list(TOOL["posterior"](tmp_path))


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'backtest.csv' is missing"):
        TOOL["Folder"].read(tmp_path)
