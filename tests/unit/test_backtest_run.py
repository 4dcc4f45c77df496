"""The command of a back-test: files, series of the contract, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tradesim import cli
from tradesim.analysis.backtest import customs, run
from tradesim.analysis.backtest.case import Case
from tradesim.errors import InputError

#: Series that the contract promises, by case.
MAGNETS = ("TOTAL", "USA", "EU27", "DEU", "JPN", "KOR", "IND", "VNM")
PRICED = ("Nd", "NdPr", "Dy", "Tb", "Y", "Gd")
CONTRACT_2025 = (
    {f"magnet_exports_t:{place}" for place in MAGNETS}
    | {f"oxide_exports_kg:{element}" for element in ("Dy", "Tb", "Y")}
    | {f"ask_usd_per_kg:EU27:{element}" for element in PRICED}
    | {f"ask_usd_per_kg:CHN:{element}" for element in PRICED}
    | {f"transaction_usd_per_kg:EU27:{element}" for element in PRICED}
    | {"licence_granted_share:EU27"}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The back-test of 2025 with two seeds, by the command."""
    out = tmp_path_factory.mktemp("backtest") / "v"
    assert cli.main(["backtest", "2025", "seeds=2", "workers=1", f"out={out}"]) == 0
    return out


def test_every_series_of_the_contract_is_there_for_every_month(folder: Path) -> None:
    """January 2024 to June 2026, p10, p50 and p90, in this order and with a unit."""
    table = pd.read_csv(folder / "backtest.csv")
    assert list(table.columns) == ["series", "period", "statistic", "value", "unit"]
    assert set(table["series"]) >= CONTRACT_2025
    assert any(name.startswith("plants_stopped:") for name in table["series"])
    months = [f"{month:%Y-%m}" for month in pd.date_range("2024-01-01", "2026-06-01", freq="MS")]
    for name, rows in table.groupby("series"):
        if name != "licence_granted_share:EU27":
            assert sorted(set(rows["period"])) == months, name
    assert table["value"].notna().all()
    assert table["unit"].notna().all()
    wide = table.pivot_table(index=["series", "period"], columns="statistic", values="value")
    assert (wide["p10"] <= wide["p50"]).all()
    assert (wide["p50"] <= wide["p90"]).all()


def test_the_base_year_is_met_before_anything_happens(folder: Path) -> None:
    """Magnet exports of 2024 sum up to those of the base year, within the scatter of months."""
    table = pd.read_csv(folder / "backtest.csv")
    rows = table[(table["series"] == "magnet_exports_t:TOTAL") & (table["statistic"] == "p50")]
    total = rows[rows["period"].str.startswith("2024")]["value"].sum()
    assert total == pytest.approx(58_152, rel=0.06)


def test_scores_page_and_manifest_stand_beside(folder: Path) -> None:
    """A complete folder: bounds in the scores, drawn parameters in the config."""
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["score"].str.startswith("must:").any()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "complete"
    assert "market.price_sensitivity" in (folder / "config.yaml").read_text(encoding="utf-8")
    assert "<title>" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backtest"], "takes one episode, not 0"),
        (["backtest", "2025", "2010"], "takes one episode, not 2"),
        (["backtest", "2011"], "unknown back-test '2011'"),
        (["backtest", "2025", "sedes=2"], "did you mean 'seeds'?"),
    ],
)
def test_bad_words_are_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one message."""
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err


def test_a_quantile_table_keeps_the_order_of_the_series() -> None:
    """First the series in their order, then periods, then statistics."""
    members = pd.DataFrame({
        "series": ["b", "b", "a", "a"], "period": ["2025-01"] * 4, "seed": [0, 1, 0, 1],
        "value": [1.0, 3.0, 5.0, 5.0], "unit": ["t"] * 4,
    })  # fmt: skip
    table = run.quantiles(members)
    assert table["series"].tolist() == ["b"] * 3 + ["a"] * 3
    assert table["statistic"].tolist()[:3] == ["p10", "p50", "p90"]
    assert table["value"].tolist() == pytest.approx([1.2, 2.0, 2.8, 5.0, 5.0, 5.0])


def test_an_unknown_case_names_what_there_is() -> None:
    """Both episodes load, and nothing else does."""
    assert all(isinstance(run.case(name), Case) for name in run.CASES)
    with pytest.raises(InputError, match="2010"):
        run.case("1973")


def test_the_customs_calendar_makes_no_tonne() -> None:
    """What is missing in the holidays is shipped before: a winter as a whole has factor one."""
    import datetime as dt

    for year in range(2010, 2027):
        winter = customs.factor(dt.date(year - 1, 11, 1), dt.date(year, 5, 1))
        assert winter == pytest.approx(1.0, abs=1e-12)
        assert customs.factor(dt.date(year, 6, 1), dt.date(year, 10, 1)) == 1.0
    # tonnes a day in the two recorded Februaries, over the months around and over the quarter
    for year, recorded in ((2024, 0.739), (2025, 0.756)):
        february = customs.factor(dt.date(year, 2, 1), dt.date(year, 3, 1))
        assert february == pytest.approx(recorded, abs=0.05)


def test_the_scatter_is_paired_and_moves_no_median() -> None:
    """One seed, series and month, one draw; over many seeds it is centred on the flow."""
    flows = pd.DataFrame(100.0, index=range(400), columns=["2025-06", "2025-07"])
    one = customs.as_recorded(flows, "s", 0.06)
    assert one.equals(customs.as_recorded(flows, "s", 0.06))
    assert not one.equals(customs.as_recorded(flows, "t", 0.06))
    assert one["2025-06"].median() == pytest.approx(100.0, abs=1.0)
    assert one["2025-06"].std() == pytest.approx(6.0, rel=0.15)
    assert customs.as_recorded(flows, "s", 0.0).equals(flows)
