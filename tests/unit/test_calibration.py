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


def judge_of(*cases: str) -> Judge:
    """A judge over empty episodes; what they say is monkeypatched."""
    found = tuple(Episode(Case(name, "", "", (), ()), ()) for name in cases)
    return Judge(found, {t.name: 0.0 for episode in found for t in episode.targets})


def test_a_particle_that_cannot_pass_any_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second episode is not run when the first is already too far."""
    seen: list[int] = []

    def evaluate(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, float]:
        seen.append(seed)
        return {t.name: 10.0 * t.tolerance for t in episode.targets}

    monkeypatch.setattr(sample, "evaluate", evaluate)
    judge, score = judge_of("2025", "2025"), np.zeros(len(calibrated()))
    assert judge(score, 1, float("inf")).distance == pytest.approx(10.0)
    assert judge(score, 2, 5.0).distance == float("inf")
    assert seen == [1, 1, 2]


def known(monkeypatch: pytest.MonkeyPatch, truth: float) -> Calibrated:
    """Let the targets of 2025 tell the first searched quantity exactly, and nothing of others."""
    quantity = next(q for q in calibrated() if q.searched)

    def evaluate(episode: Episode, values: Mapping[str, float], seed: int) -> dict[str, float]:
        place = float(on_prior(quantity, np.array([values[quantity.keys[0]]]))[0])
        return {t.name: (place - truth) / 0.05 * t.tolerance for t in episode.targets}

    monkeypatch.setattr(sample, "evaluate", evaluate)
    return quantity


def test_the_sampler_finds_what_the_data_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quantity that the targets tell is found, all others keep their prior."""
    truth = 0.75
    quantity = known(monkeypatch, truth)
    judge = judge_of("2025")
    found = sample.fit(judge.episodes, judge.recorded, Plan(80, 8, 5, 3), lambda _: None)
    again = sample.fit(judge.episodes, judge.recorded, Plan(80, 8, 5, 3), lambda _: None)
    assert np.array_equal(found.values, again.values), "one seed, one sample"
    assert (np.diff(found.history["farthest"]) < 0).all()
    told = on_prior(quantity, found.values[:, calibrated().index(quantity)])
    assert np.abs(told - truth).max() < 0.05
    table = summarise(found.quantities, found.values).set_index("parameter")
    widths = table["share_of_prior_width"].astype(float)
    others = widths.drop(quantity.name)
    assert widths[quantity.name] < 0.1
    assert others.median() > 0.85
    assert found.distances.min() == found.distances[0]
    assert np.array_equal(found.best(), found.values[0])


def test_moves_leave_the_prior_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without information the sample stays a sample of the prior, searched and carried alike."""
    monkeypatch.setattr(
        sample, "evaluate", lambda episode, values, seed: {t.name: 0.0 for t in episode.targets}
    )
    judge = judge_of("2025")
    found = sample.fit(judge.episodes, judge.recorded, Plan(200, 6, 5, 1), lambda _: None)
    places = np.column_stack([on_prior(q, found.values[:, i]) for i, q in enumerate(calibrated())])
    assert np.abs(places.mean(0) - 0.5).max() < 0.12
    assert np.abs(places.std(0) - np.sqrt(1 / 12)).max() < 0.06


def test_every_particle_has_its_own_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every particle has its own stream, and draws come out in a random order without repeats."""
    judge = judge_of("2025")
    known(monkeypatch, 0.5)
    found = sample.fit(judge.episodes, judge.recorded, Plan(20, 1, 5, 3), lambda _: None)
    draws = found.shuffled(20, 0)
    assert sorted(map(tuple, draws)) == sorted(map(tuple, found.values))
    assert len(found.shuffled(30, 0)) == 30
    stream = (3, 1, 7)
    one = sample.first(judge, stream)
    assert np.array_equal(one.score, sample.first(judge, stream).score)
    assert not np.array_equal(one.score, sample.first(judge, (3, 1, 8)).score)


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
