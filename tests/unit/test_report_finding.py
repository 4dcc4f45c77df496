"""The finding and the key table say what the headline table says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import report_cases
from tradesim.report import finding
from tradesim.report.finding import Findings
from tradesim.report.reading import Reading
from tradesim.results import Results

NAN = float("nan")
MAGNETS = ("magnet_NdFeB", "magnet_NdFeB_HRE", "magnet_SmCo")
#: Exports over the comparison by month, one list for each of five seeds.
RATIOS = {
    "2025-04": [0.50, 0.55, 0.60, 0.52, 0.58],
    "2025-05": [0.20, 0.25, 0.30, 0.22, 0.28],
    "2025-06": [0.70, 0.65, 0.95, 0.60, 0.75],
    "2025-07": [0.92, 0.89, 1.00, 0.91, 0.95],
    "2025-08": [1.00, 0.93, 1.10, 0.99, 1.05],
}
WEEKS = [8.0, 9.0, NAN, 10.0, 7.0]
PEAKS = [3.0, 3.1, 2.5, 3.6, 3.3]
LOST = {"EU27": [100.0, 110, 120, 130, 140], "CHN": [0.0] * 5, "world": [150.0, 160, 170, 180, 190]}


def rows() -> list[report_cases.Row]:
    out: list[report_cases.Row] = [
        (f"magnet_exports_ratio:{month}", "CHN", "magnets", "1", values)
        for month, values in RATIOS.items()
    ]
    out.append(("weeks_to_first_stoppage", "outside_CHN", "all", "weeks", WEEKS))
    out.append(("ask_peak_ratio", "EU27", "oxide_Dy", "1", PEAKS))
    for economy, values in LOST.items():
        for share, good in zip((0.5, 0.3, 0.2), MAGNETS, strict=True):
            part = [value * share for value in values]
            out.append(("shortfall_physical:first_year", economy, good, "t", part))
    return out


@pytest.fixture(scope="module")
def findings() -> Findings:
    return Findings(Reading(report_cases.headline_only(rows())))


def test_trough_is_the_month_with_the_lowest_median(findings: Findings) -> None:
    found = findings.trough()
    assert found is not None
    month, low = found
    assert month == "2025-05"
    assert [low.p10, low.p50, low.p90] == pytest.approx(
        100 * np.quantile(RATIOS["2025-05"], (0.1, 0.5, 0.9))
    )
    assert (low.n, low.runs) == (5, 5)


def test_recovery_is_the_first_month_at_ninety_per_cent_after_the_trough(
    findings: Findings,
) -> None:
    months, first = findings.recovery("2025-05")
    assert months == ["2025-06", "2025-07", "2025-08"]
    assert first.tolist() == [1, 2, 0, 1, 1]


def test_a_seed_that_never_recovers_counts_as_late() -> None:
    low, middle, high = finding.recovery_quantiles(np.array([1.0, 2.0, np.nan]))
    assert (low, middle) == (2.0, 2.0)
    assert np.isnan(high)


def test_runs_without_the_event_are_left_out_and_counted(findings: Findings) -> None:
    weeks = findings.stoppage("outside_CHN")
    assert (weeks.n, weeks.runs, weeks.p50) == (4, 5, 8.5)


def test_shortfall_adds_the_three_grades_seed_by_seed(findings: Findings) -> None:
    lost = findings.shortfall("physical", "EU27")
    assert [lost.p10, lost.p50, lost.p90] == pytest.approx([104, 120, 136])


def test_sentence_holds_the_quantiles_and_the_number_of_runs(findings: Findings) -> None:
    text = finding.sentence(findings)
    assert "fall to 25% [21–29] of those in reference in May 2025" in text
    assert "back at 90% or more by July 2025" in text
    assert "the EU ask of Dy oxide peaks at 3.1 times [2.7–3.5] its base" in text
    assert "120 t [104–136] in the EU-27" in text
    assert "none in China" in text
    assert "in 4 of 5 runs 8 weeks [7–10]" in text
    assert text.endswith("(medians, in brackets p10–p90, of 5 runs).")
    assert text.count(".") - text.count("3.1") - text.count("2.7") - text.count("3.5") == 1


def test_sentence_never_speaks_of_probability(findings: Findings) -> None:
    words = finding.sentence(findings).lower()
    assert not any(word in words for word in ("probab", "likel", "chance", "forecast"))


def test_key_table_prints_the_same_quantiles(findings: Findings) -> None:
    table = {(row.metric, row.subject): row for row in finding.key_table(findings)}
    exports = table["Magnet exports, lowest month (May 2025)", "China"]
    assert exports.cells == ("20.8", "25.0", "29.2")
    assert (exports.unit, exports.runs) == ("% of reference", "5 of 5")
    back = table["Magnet exports back at 90%", "China"]
    assert back.cells == ("Jul 2025", "Jul 2025", "Aug 2025")
    stops = table["First plant stops after the control", "outside China"]
    assert stops.cells == ("7", "8", "10")
    assert stops.runs == "4 of 5"
    assert table["First plant stops after the control", "EU-27"].cells[1] == "did not happen"
    peak = table["Peak ask over its base", "Dy oxide, EU-27"]
    assert peak.cells == ("2.70", "3.10", "3.48")


def test_one_run_has_no_spread() -> None:
    one: list[report_cases.Row] = [(m, e, g, u, list(v)[:1]) for m, e, g, u, v in rows()]
    findings = Findings(Reading(report_cases.headline_only(one)))
    text = finding.sentence(findings)
    assert "[" not in text
    assert text.endswith("(one run, no spread).")
    assert all(row.cells[0] == "–" for row in finding.key_table(findings))


def test_exports_that_hardly_move_are_called_near() -> None:
    flat: list[report_cases.Row] = [
        ("magnet_exports_ratio:2025-05", "CHN", "magnets", "1", [0.98, 0.99, 1.0]),
        ("ask_peak_ratio", "EU27", "oxide_Dy", "1", [1.0, 1.01, 1.02]),
        ("shortfall_physical:first_year", "world", "magnet_SmCo", "t", [0.0, 0.0, 0.1]),
    ]
    text = finding.sentence(Findings(Reading(report_cases.headline_only(flat))))
    assert "stay near those of reference: 99%" in text
    assert "stays within 10% of its base" in text
    assert "no magnets are missing" in text
    assert "no plant outside China stops" in text


def test_exports_that_do_not_come_back_are_said_not_to() -> None:
    down: list[report_cases.Row] = [
        (f"magnet_exports_ratio:2025-0{month}", "CHN", "magnets", "1", [0.1, 0.2])
        for month in (5, 6)
    ]
    findings = Findings(Reading(report_cases.headline_only(down)))
    assert "are not back at 90% within the run" in finding.sentence(findings)
    table = {row.metric: row for row in finding.key_table(findings)}
    assert table["Magnet exports back at 90%"].cells == ("not in this run",) * 3


def test_without_comparison_levels_are_reported() -> None:
    alone = report_cases.run(compare=None, seeds=2, weeks=40)
    text = finding.sentence(Findings(Reading(alone)))
    assert text.startswith("Compared with no other world, China’s magnet exports move between ")
    bare = report_cases.headline_only(rows(), compare=None)
    assert "shows levels and not effects" in finding.sentence(Findings(Reading(bare)))


def test_finding_agrees_with_the_summary(findings: Findings) -> None:
    results: Results = report_cases.run()
    found = Findings(Reading(results)).ask_peak("EU27", "oxide_Dy")
    s = results.summary
    row = s[(s["metric"] == "ask_peak_ratio") & (s["economy"] == "EU27")
            & (s["good"] == "oxide_Dy") & (s["scenario"] == "april_2025")].iloc[0]  # fmt: skip
    assert [found.p10, found.p50, found.p90] == pytest.approx(
        [float(row["p10"]), float(row["p50"]), float(row["p90"])], rel=1e-5
    )


@pytest.mark.parametrize(
    ("place", "text"), [(0.0, "Jun 2025"), (0.6, "Jul 2025"), (NAN, "not in this run")]
)
def test_month_at_rounds_up(place: float, text: str) -> None:
    assert finding.month_at(["2025-06", "2025-07"], place) == text
