"""``tradesim equilibrium`` as a person meets it: what it writes, its page, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

import tradesim
from tradesim import cli
from tradesim.report.equilibrium import sentence
from tradesim.report.grids import cell_text, grid
from tradesim.report.svg import figure_svg


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it says when it ends with exit code 2 and has written nothing."""
    before = sorted(Path().rglob("*"))
    assert cli.main(["equilibrium", *words]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert sorted(Path().rglob("*")) == before
    return said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scenario=april_2026", "did you mean 'april_2025'?"),
        ("week=10", "did you mean 'weeks'?"),
        ("on=2025-13-01", "is no date"),
        ("on=2031-01-01", "outside the run"),
        ("sharpness=-3", "1 to 5000"),
        ("against=me", "simulation or none"),
        ("scenario=october_2025_as_happened against=none", "policies.reexport_condition_2026"),
    ],
)
def test_bad_input_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(capsys, *words.split())


def test_a_full_folder_is_refused_before_anything_is_solved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine", encoding="utf-8")
    said = refused(capsys, "scenario=baseline", "out=full")
    assert "full" in said
    assert "round" not in said


def test_it_writes_what_the_contract_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Tables, manifest, config, page and the comparison; progress on stderr, the folder last."""
    words = ["scenario=april_2025", "weeks=40", "seeds=1", "workers=1", "out=e"]
    assert cli.main(["equilibrium", *words]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "results: e"
    assert "round 1" in said.err
    manifest = json.loads(Path("e/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["kind"]) == ("complete", "equilibrium")
    assert manifest["on"] == "2025-10-13"
    assert yaml.safe_load(Path("e/config.yaml").read_text())["equilibrium"]["sharpness"] == 100.0
    markets = pq.read_table("e/tables/markets.parquet")
    flows = pq.read_table("e/tables/flows.parquet")
    assert {"economy", "good", "price_ask_usd_per_kg", "use_t"} <= set(markets.schema.names)
    assert {"origin", "destination", "good", "end_use", "shipped_t"} <= set(flows.schema.names)
    assert np.all(flows["shipped_t"].to_numpy() > 0)
    compared = pd.read_csv("e/comparison.csv")
    assert set(compared["measure"]) == {"use_t", "net_exports_t", "price_ask_usd_per_kg"}
    assert tradesim.open("e").recomputed_hash() == manifest["result_hash"]
    _page_is_sound(Path("e/report.html").read_text(encoding="utf-8"))
    assert cli.main(["report", "e"]) == 2
    assert "has its page already" in capsys.readouterr().err
    assert cli.main(["export", "e", "format=csv"]) == 0


def _page_is_sound(page: str) -> None:
    """Self-contained, with both grids and the principles, no text below 18 px."""
    assert "What frictions add" in page
    assert "Where the two differ in principle" in page
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']https?://", markup)
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', markup)]
    assert min(sizes) >= 18


def test_the_grid_shows_signed_percentages() -> None:
    """Blue below, orange above, ink that can be read; what is not compared stays empty."""
    rows = [("CHN", "oxide_Dy", 0.25), ("JPN", "oxide_Dy", -0.004), ("JPN", "oxide_Tb", 20.0)]
    shares = pd.DataFrame(rows, columns=["economy", "good", "value"])
    figure = grid("A grid", shares, ("oxide_Tb", "oxide_Dy", "oxide_La"))
    heat, texts = figure["data"]
    assert np.array(heat["z"]).shape == (2, 2)
    assert texts["text"] == ["≫", "+25", "0"]
    drawing = figure_svg(figure)
    assert "+25" in drawing
    assert cell_text(-12.4) == "−12"
    assert cell_text(-2000.0) == "≪"


def test_the_finding_names_the_farthest_market() -> None:
    rows = [
        ("USA", "component_motor", "use_t", -0.3), ("CHN", "oxide_La", "use_t", 0.1),
        ("JPN", "oxide_Dy", "price_ask_usd_per_kg", 0.5),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["economy", "good", "measure", "gap"])
    said = sentence(frame)
    assert "United States (−30.0%)" in said
    assert "Dy oxide in Japan (+50.0%)" in said
