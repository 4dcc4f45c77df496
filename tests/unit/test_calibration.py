"""Calibration: targets, distances, and a sampler that finds what is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from tradesim.analysis.backtest.case import Case
from tradesim.analysis.calibration import run, sample
from tradesim.analysis.calibration.episode import Episode
from tradesim.analysis.calibration.sample import Judge, Plan, unit_to_value
from tradesim.analysis.calibration.summary import agreement, on_prior, summarise
from tradesim.analysis.calibration.targets import (
    Target,
    at,
    distance,
    of_case,
    record_paths,
    statistics,
    targets,
)
from tradesim.errors import InputError
from tradesim.posterior import Calibrated, calibrated

WEEKS = Calibrated("weeks", ("market.panic",), 1.0, 4.0, False, "weeks", "2025", True, "test")
RATE = Calibrated("rate", ("market.bid_weight",), 0.1, 10.0, True, "1", "2025", True, "test")


def target(name: str, **changes: object) -> Target:
    """A target on one series."""
    fields: dict[str, object] = {
        "name": name, "case": "2025", "series": "s", "period": "2025-05", "base": (),
        "transform": "log", "tolerance": 0.5, "source": "test",
    }  # fmt: skip
    return Target(**(fields | changes))  # type: ignore[arg-type]


PATH = pd.Series({"2025-01": 310.0, "2025-02": 280.0, "2025-03": 310.0, "2025-05": 155.0})


def test_statistics_of_a_known_path() -> None:
    """Ten tonnes a day, then five; logs; the highest of a span; the mean of a year."""
    wanted = (
        target("ratio", transform="daily_ratio", base=("2025-01", "2025-02", "2025-03")),
        target("log"),
        target("rise", transform="log_ratio", base=("2025-01", "2025-03")),
        target("most", period="2025-01..2025-02", transform="log"),
    )
    found = statistics({"s": PATH}, wanted)
    assert found["ratio"] == pytest.approx(0.5)
    assert found["log"] == pytest.approx(np.log(155))
    assert found["rise"] == pytest.approx(np.log(0.5))
    assert found["most"] == pytest.approx(np.log(310))
    assert at(PATH, "2025") == pytest.approx(263.75)


def test_distance_counts_misses_in_tolerances() -> None:
    """Root mean square; what the model lacks is infinitely far."""
    wanted = (target("a"), target("b", tolerance=1.0))
    recorded = {"a": 0.0, "b": 0.0}
    assert distance({"a": 0.5, "b": 1.0}, recorded, wanted) == pytest.approx(1.0)
    assert distance({"a": 0.0, "b": 2.0}, recorded, wanted) == pytest.approx(np.sqrt(2.0))
    assert distance({"a": float("nan"), "b": 0.0}, recorded, wanted) == float("inf")


def test_only_rows_marked_as_targets_are_fitted() -> None:
    """A prediction of the same series is out of reach of the fit."""
    records = pd.DataFrame({
        "series": ["s"] * 3, "period": ["2025-01", "2025-05", "2025-06"], "value": [1.0, 2.0, 3.0],
        "role": ["prediction", "target", "prediction"],
    })  # fmt: skip
    assert list(record_paths(records, ())["s"].index) == ["2025-05"]
    level = target("a", base=("2025-01",), transform="log_ratio")
    assert list(record_paths(records, (level,))["s"].index) == ["2025-01", "2025-05"]


def test_every_target_has_its_record() -> None:
    """Each statistic can be computed from rows that the fit may use."""
    for episode in run.episodes():
        found = run.recorded([episode])
        assert set(found) == {t.name for t in episode.targets}
        assert all(np.isfinite(value) for value in found.values())
    assert {t.case for t in targets()} == set(run.WINDOWS)
    assert all(t.tolerance > 0 and t.source for t in targets())


def test_priors_are_uniform_on_their_scale() -> None:
    """Ends and middle, and the way back."""
    assert [unit_to_value(WEEKS, x) for x in (0, 0.5, 1)] == [1.0, 2.5, 4.0]
    assert [unit_to_value(RATE, x) for x in (0, 0.5, 1)] == pytest.approx([0.1, 1.0, 10.0])
    assert on_prior(RATE, np.array([0.1, 1.0, 10.0])) == pytest.approx([0.0, 0.5, 1.0])


def test_a_particle_that_cannot_pass_any_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second episode is not run when the first is already too far."""
    case = Case("2025", "", "", (), ())
    seen: list[int] = []

    def evaluate(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, float]:
        seen.append(seed)
        return {t.name: 10.0 * t.tolerance for t in episode.targets}

    monkeypatch.setattr(sample, "evaluate", evaluate)
    judge = Judge([Episode(case, ()), Episode(case, ())], {t.name: 0.0 for t in of_case("2025")})
    assert judge({}, 1)["distance"] == pytest.approx(10.0)
    judge.bound = 5.0
    assert judge({}, 2)["distance"] == float("inf")
    assert seen == [1, 1, 2]


def test_the_sampler_finds_what_the_data_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight targets that tell one quantity exactly and say nothing of the others."""
    pytest.importorskip("pyabc")
    truth, known = 0.75, 0
    quantity = calibrated()[known]

    def evaluate(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, float]:
        place = float(on_prior(quantity, np.array([values[quantity.keys[0]]]))[0])
        return {t.name: (place - truth) / 0.05 * t.tolerance for t in episode.targets}

    monkeypatch.setattr(sample, "evaluate", evaluate)
    episode = Episode(Case("2025", "", "", (), ()), ())
    goal = {t.name: 0.0 for t in episode.targets}
    found = sample.fit([episode], goal, Plan(60, 4, 5, 3), lambda _: None)
    again = sample.fit([episode], goal, Plan(60, 4, 5, 3), lambda _: None)
    draws = found.resampled(200, 0)
    assert np.array_equal(found.values, again.values), "one worker, one seed, one sample"
    assert (np.diff(found.history["epsilon"]) < 0).all()
    assert np.abs(on_prior(quantity, draws[:, known]) - truth).max() < 0.2
    table = summarise(found.quantities, draws).set_index("parameter")
    assert table.loc[quantity.name, "share_of_prior"] < 0.3
    assert table["share_of_prior"].drop(quantity.name).median() > 0.6


def test_agreement_of_samples() -> None:
    """A sample agrees with itself, and not with one at the other end."""
    low = np.column_stack([np.linspace(1.0, 2.0, 50), np.full(50, 1.0)])
    high = low + np.array([2.0, 0.0])
    same = agreement([WEEKS, RATE], low, low)
    other = agreement([WEEKS, RATE], low, high)
    assert same["shift"].tolist() == [0.0, 0.0]
    assert same["overlap"][0] == pytest.approx(1.0)
    assert other["shift"][0] == pytest.approx(2.0 / 3.0)
    assert other["overlap"][0] == 0.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["population=3"], "from 10 to 10000"),
        (["population=ten"], "a whole number"),
        (["minuts=3"], "did you mean 'minutes'?"),
        (["cases=2009"], "unknown back-test '2009'"),
    ],
)
def test_bad_words_are_refused_before_anything_runs(words: list[str], said: str) -> None:
    """Key, range and the nearest name."""
    with pytest.raises(InputError, match=said.replace("?", r"\?")):
        run.order(words)
