"""The table of scores: baselines with the information they had, bounds that can be missed."""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

import backtest_cases as cases
from tradesim.analysis.backtest import naive, periods, records
from tradesim.analysis.backtest.scores import COLUMNS, scores
from tradesim.errors import InputError

TOTAL = "magnet_exports_t:TOTAL"
MONTHS = [f"2025-{m:02d}" for m in range(4, 10)]


def recorded(series: str, case: str = "2025") -> list[records.Record]:
    return [r for r in records.observations(case) if r.series == series]


@lru_cache(maxsize=16)
def table(case: str = "2025", *, factor: float = 1.0, noise: float = 0.05,
          seeds: int = cases.SEEDS) -> pd.DataFrame:  # fmt: skip
    """Scores of an ensemble around the record; do not change it."""
    return scores(cases.ensemble(case, factor, noise, seeds), records.load(case))


def one(frame: pd.DataFrame, series: str, score: str, role: str = "", baseline: str = ""
        ) -> pd.Series:  # fmt: skip
    keep = (frame["series"] == series) & (frame["score"] == score)
    keep &= frame["baseline"] == baseline
    keep &= (frame["role"] == role) | (not role)
    (row,) = frame[keep].to_dict(orient="records")
    return pd.Series(row)


def test_the_last_value_from_the_origin_is_that_of_march() -> None:
    told = naive.forecasts(recorded(TOTAL), periods.window("2025"))
    for month, errors in zip(MONTHS, (10, 9, 9, 8, 7, 6), strict=True):
        forecast = told[month, "last_value_origin"]
        assert (forecast.value, forecast.basis) == (5323.0, "2025-03")
        assert forecast.errors == errors
        assert np.exp(np.median(np.log(forecast.members))) == pytest.approx(5323.0)
    assert ("2025-03", "last_value_origin") not in told


def test_the_one_step_baseline_learns_every_month() -> None:
    told = naive.forecasts(recorded(TOTAL), periods.window("2025"))
    values = [told[m, "last_value_one_step"].value for m in MONTHS]
    assert values == [5323.0, 2628.0, 1238.0, 3188.0, 5577.0, 6146.0]


def test_the_same_month_last_year_takes_april_from_what_a_span_leaves() -> None:
    told = naive.forecasts(recorded(TOTAL), periods.window("2025"))
    values = [told[m, "same_period_last_year"].value for m in MONTHS]
    assert values == pytest.approx([4763.0, 4762.0, 5150.0, 5278.0, 5318.0, 4915.0])
    assert all(len(told[m, "same_period_last_year"].members) == 1 for m in MONTHS)
    assert "span" in told["2025-04", "same_period_last_year"].basis


def test_a_baseline_knows_nothing_of_later_records() -> None:
    """Records from May on times ten: what is said of April and, from the origin, of May stands."""
    window, own = periods.window("2025"), recorded(TOTAL)
    changed = [r if r.known_on < dt.date(2025, 5, 1) else
               records.Record(**{**vars(r), "value": 10 * r.value}) for r in own]  # fmt: skip
    old, new = naive.forecasts(own, window), naive.forecasts(changed, window)
    for key in [("2025-04", name) for name in naive.BASELINES] + [
        (m, name) for m in MONTHS for name in ("last_value_origin", "same_period_last_year")
    ]:
        assert new[key].value == old[key].value
        assert np.array_equal(new[key].members, old[key].members)


def test_a_quote_from_before_the_control_is_the_origin_of_a_european_ask() -> None:
    told = naive.forecasts(recorded("ask_usd_per_kg:EU27:Dy"), periods.window("2025"))
    assert told["2025-05", "last_value_origin"].value == 280.0
    assert ("2025-04", "last_value_origin") not in told


def test_the_same_quarter_last_year_of_2010_is_the_rest_of_2009() -> None:
    told = naive.forecasts(recorded("fob_usd_per_kg:Dy", "2010"), periods.window("2010"))
    assert told["2010-Q3", "same_period_last_year"].value == pytest.approx((4 * 115.67 - 96.46) / 3)
    assert told["2011-Q3", "same_period_last_year"].value == 281.54


def test_the_table_has_the_columns_of_its_contract_and_no_row_twice() -> None:
    for case in ("2025", "2010"):
        frame = table(case)
        assert tuple(frame.columns) == COLUMNS
        assert not frame.duplicated(["series", "role", "score", "baseline"]).any()
        assert (frame["case"] == case).all()


def test_an_ensemble_on_the_record_hits_every_bound() -> None:
    told = table(noise=0.03)
    bounds = told[told["score"].str.startswith("must:")]
    assert len(bounds) == 9
    assert bounds["note"].str.startswith("hit").all()
    told = table("2010", noise=0.03)
    bounds = told[told["score"].str.startswith("must:rise")]
    assert len(bounds) == 4
    assert bounds["note"].str.startswith("hit").all()


def test_a_level_half_as_high_is_no_miss_of_the_path_but_of_the_asks() -> None:
    """Shares of the own first quarter do not know the level; prices and CRPS do."""
    told = table(factor=0.5, noise=0.02)
    assert one(told, TOTAL, "must:miss_of_each_month")["note"].startswith("hit")
    assert one(told, "ask_usd_per_kg:EU27:Dy", "must:ask_of_may")["note"].startswith("miss")
    assert one(told, TOTAL, "log_error", "target")["value"] == pytest.approx(np.log(2), abs=0.05)
    assert one(told, TOTAL, "log_error_change", "target")["value"] < 0.03


def test_a_world_without_the_control_misses_trough_and_points() -> None:
    """June to September as deep as recorded, May at the level of March."""

    def flat(series: str, period: str, value: float) -> float:
        return 5323.0 if (series, period) == (TOTAL, "2025-05") else value

    told = scores(cases.ensemble("2025", change=flat, noise=0.02), records.load("2025"))
    miss = one(told, TOTAL, "must:miss_of_each_month")
    days = 15270 / 90
    assert miss["value"] == pytest.approx(100 * (5323 - 1238) / 31 / days, abs=5)
    assert miss["note"].startswith("miss")
    assert one(told, TOTAL, "must:trough_in_may")["note"].startswith("miss")


def test_bands_without_end_miss_the_width_and_cover_all() -> None:
    told = table(noise=1.0)
    assert one(told, TOTAL, "must:width")["note"].startswith("miss")
    assert one(told, TOTAL, "coverage", "target")["value"] == 1.0
    assert one(told, TOTAL, "width_points", "target")["value"] > 40


def test_a_single_run_has_no_width_and_its_crps_is_its_error() -> None:
    told = table(seeds=1)
    assert one(told, TOTAL, "width", "target")["value"] == 0.0
    crps, error = (one(told, TOTAL, s, "target")["value"] for s in ("crps", "absolute_error"))
    assert crps == pytest.approx(error)


def test_targets_and_predictions_stand_apart() -> None:
    told = table()
    assert one(told, TOTAL, "crps", "target")["n"] == 6
    assert one(told, TOTAL, "crps", "prediction")["n"] == 12
    assert set(told[told["series"] == "magnet_exports_t:USA"]["role"]) == {"prediction", "all"}


def test_spans_are_compared_as_sums() -> None:
    told = table(factor=2.0, noise=1e-6)
    row = one(told, "magnet_exports_t:USA", "log_error_spans")
    assert row["n"] == 2
    assert row["value"] == pytest.approx(np.log(2), rel=1e-3)


def test_tests_of_short_series_say_that_they_are_short() -> None:
    told = table()
    short = one(told, TOTAL, "dm_p_value", baseline="last_value_origin")
    assert math.isnan(short["value"])
    assert "not tested" in short["note"]
    long = one(told, TOTAL, "dm_p_value", baseline="last_value_one_step")
    assert long["n"] == 17
    assert 0.0 <= long["value"] < 0.05


def test_a_zero_is_left_out_of_the_log_error_and_said_so() -> None:
    row = one(table(), "oxide_exports_kg:Dy", "log_error")
    assert row["n"] == 4
    assert "zero" in row["note"]


def test_one_destination_has_no_rank_order_and_eight_elements_have() -> None:
    row = one(table(), "magnet_exports_t", "rank_spearman")
    assert math.isnan(row["value"])
    assert "three needed" in row["note"]
    row = one(table("2010"), "fob_usd_per_kg", "rank_spearman")
    assert row["n"] == 8
    assert row["value"] > 0.9


def test_a_reversed_order_of_elements_is_seen() -> None:
    rises = {"La": 2.0, "Ce": 2.0, "Sm": 3.0, "Nd": 40.0, "Pr": 50.0, "Dy": 60.0, "Eu": 90.0,
             "Tb": 80.0}  # fmt: skip

    def turned(series: str, period: str, value: float) -> float:
        element = series.rpartition(":")[2]
        after = series.startswith("fob") and period >= "2010-Q3"
        return 100.0 * (rises[element] if after else 1.0) if series.startswith("fob") else value

    told = scores(cases.ensemble("2010", change=turned), records.load("2010"))
    assert one(told, "fob_usd_per_kg", "rank_spearman")["value"] < 0.0
    assert one(told, "fob_usd_per_kg", "must:light_before_heavy")["note"].startswith("miss")


def test_plants_that_stop_late_are_events_that_come_late() -> None:
    """Also: one plant for a week on top of one that always stands is a stop."""

    def late(series: str, period: str, value: float) -> float:
        return (5.0 if period >= "2025-08" else 0.0) if series.startswith("plants") else value

    told = scores(cases.ensemble("2025", change=late), records.load("2025"))
    assert one(told, "plants_stopped:JPN", "first_stop_shift")["value"] == 3.0
    assert one(told, "plants_stopped:JPN", "event_share")["value"] == 0.0
    short = scores(
        cases.ensemble(
            "2025",
            noise=1e-6,
            change=lambda s, p, v: (1.25 if p == "2025-05" else 1.0) if s[:6] == "plants" else v,
        ),
        records.load("2025"),
    )
    assert one(short, "plants_stopped:JPN", "first_stop_shift")["value"] == 0.0
    assert one(short, "plants_stopped:JPN", "event_share")["value"] == 0.5
    none = scores(cases.ensemble("2025", change=lambda s, p, v: 0.0 if s[:6] == "plants" else v),
                  records.load("2025"))  # fmt: skip
    assert math.isnan(one(none, "plants_stopped:JPN", "first_stop_shift")["value"])


def test_series_and_periods_without_a_record_do_not_count() -> None:
    frame = cases.ensemble("2025")
    told = scores(frame, records.load("2025"))
    assert "magnet_exports_t:EU27" not in set(told["series"])
    cut = frame[frame["period"] <= "2025-09"]
    pd.testing.assert_frame_equal(scores(cut, records.load("2025")), told)


def test_what_the_case_does_not_know_is_refused() -> None:
    frame = cases.ensemble("2025", seeds=2)
    known = records.load("2025")
    with pytest.raises(InputError, match="in kt"):
        scores(frame.assign(unit="kt"), known)
    with pytest.raises(InputError, match="no column 'seed'"):
        scores(frame.drop(columns="seed"), known)
    with pytest.raises(InputError, match="two values"):
        scores(pd.concat([frame, frame]), known)
    with pytest.raises(InputError, match="has a period '2024-Q1'"):
        scores(frame.assign(period=frame["period"].replace("2024-01", "2024-Q1")), known)
    with pytest.raises(InputError, match="unknown series"):
        scores(frame.assign(series=frame["series"].replace(TOTAL, "exports:TOTAL")), known)
