"""``tradesim report DIR`` and the page of a sweep: files that a replication package needs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

import report_cases
import synthetic
from tradesim import results as res
from tradesim.report import build_report, write_report_folder
from tradesim.report.sweep import MEASURES, point_names, point_rows
from tradesim.results import Results
from tradesim.sweeps import SweepWriter


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report_folder(report_cases.run(), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("sweep") / "out"
    with SweepWriter(out, simulate=synthetic.simulate) as writer:
        for point, name in enumerate(("reference", "april_2025", "april_2025")):
            job = synthetic.config(name, weeks=30 + point, seeds=(0, 1, 2), record="headline")
            writer.add(point, [f"scenario={name}"], job)
        writer.close()
    return res.open(out)


def test_folder_holds_what_the_contract_says(home: Path) -> None:
    assert home.name == "report"
    assert {path.name for path in home.iterdir()} == {
        "report.html", "figures", "README.md", "CITATION.cff",
    }  # fmt: skip
    drawings = list((home / "figures").glob("*.svg"))
    assert len(drawings) >= 15
    for path in drawings:
        ET.fromstring(path.read_text(encoding="utf-8"))


def test_readme_follows_the_template_and_lists_every_figure(home: Path) -> None:
    words = (home / "README.md").read_text(encoding="utf-8")
    for heading in ("Overview", "Data availability and provenance", "Computational requirements",
                    "Instructions to replicators", "List of figures", "References"):  # fmt: skip
        assert f"## {heading}" in words
    for path in (home / "figures").glob("*.svg"):
        assert f"`figures/{path.name}`" in words
    assert "tradesim run scenario=april_2025 seeds=3 weeks=60" in words
    assert str(report_cases.run().manifest["result_hash"]) in words


def test_citation_is_valid_yaml_with_version_and_hash(home: Path) -> None:
    cited = yaml.safe_load((home / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["license"] == "MIT"
    assert cited["authors"] == [{"name": "tradesim contributors"}]
    version = str(report_cases.run().manifest["code_version"])
    assert version.startswith(cited["version"])
    assert "+" not in cited["version"]
    assert cited["identifiers"][0]["value"] == report_cases.run().manifest["result_hash"]


def test_writing_again_leaves_no_stale_figure(tmp_path: Path) -> None:
    bare = report_cases.headline_only([("ask_peak_ratio", "EU27", "oxide_Dy", "1", [2.0, 3.0])])
    figures = tmp_path / "report" / "figures"
    figures.mkdir(parents=True)
    (figures / "old.svg").write_text("<svg/>")
    home = write_report_folder(bare, tmp_path)
    assert not list(home.glob("figures/*"))
    assert write_report_folder(bare, tmp_path) == home


def test_points_that_share_a_scenario_are_numbered(swept: Results) -> None:
    assert point_names(swept) == {
        0: "reference", 1: "april_2025 (point 1)", 2: "april_2025 (point 2)",
    }  # fmt: skip


def test_rows_of_a_sweep_are_those_of_the_summary(swept: Results) -> None:
    ask = next(measure for measure in MEASURES if measure.slug == "ask")
    rows = point_rows(swept, ask)
    assert [row.name for row in rows] == list(point_names(swept).values())
    s = swept.summary
    expected = s[(s["metric"] == "ask_peak_ratio") & (s["economy"] == "EU27")
                 & (s["good"] == "oxide_Dy") & (s["scenario"] == "april_2025")
                 & (s["point"] == 2)].iloc[0]  # fmt: skip
    assert (rows[2].p10, rows[2].p50, rows[2].n) == (
        float(expected["p10"]), float(expected["p50"]), int(expected["n"]),
    )  # fmt: skip


def test_page_of_a_sweep_names_every_point(swept: Results, tmp_path: Path) -> None:
    page = build_report(swept, tmp_path).read_text(encoding="utf-8")
    assert "<h1>Sweep over reference, april_2025</h1>" in page
    for name in point_names(swept).values():
        assert f"<th scope='row'>{name}</th>" in page
    assert page.count("<figure ") == len(MEASURES)
    assert "not a probability" in page


def test_folder_of_a_sweep(swept: Results, tmp_path: Path) -> None:
    home = write_report_folder(swept, tmp_path)
    assert {path.stem for path in home.glob("figures/*.svg")} == {m.slug for m in MEASURES}
    assert "points.csv" in (home / "README.md").read_text(encoding="utf-8")


def test_a_sweep_in_which_nothing_was_finished_says_so(swept: Results, tmp_path: Path) -> None:
    empty = Results({**swept.manifest, "scenario": []}, {}, {}, swept.summary.iloc[:0])
    assert "No point of this sweep was finished" in build_report(empty, tmp_path).read_text(
        encoding="utf-8"
    )
