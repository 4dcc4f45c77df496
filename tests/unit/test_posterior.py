"""The posterior sample: what it sets, whom it leaves alone, and that pairs stay pairs."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from tradesim import config, posterior
from tradesim.errors import DataError, InputError
from tradesim.fields import facts
from tradesim.parameters import MarketParameters
from tradesim.policies import load_one
from tradesim.scenario import RunConfig

BOUNDS = facts(MarketParameters)


def job(*words: str) -> RunConfig:
    """A run with the posterior sample."""
    return config.load([*words, "uncertainty=posterior", "seeds=2"])


def page_value(key: str) -> float:
    """The value under a policy's key on its page."""
    _, name, *path = key.split(".")
    found = yaml.safe_load(config.names("policy")[name].read_text(encoding="utf-8"))
    for step in path:
        found = found[step]
    return float(found)


@pytest.mark.parametrize("quantity", posterior.calibrated(), ids=lambda q: q.name)
def test_every_prior_lies_within_the_bounds_and_holds_the_point(
    quantity: posterior.Calibrated,
) -> None:
    """Unit and source are there, and the point value is no stranger to the prior."""
    assert quantity.unit
    assert quantity.source
    assert quantity.case in {"2025", "2010", "both"}
    for key in quantity.keys:
        root, *path = key.split(".")
        if root == "market":
            fact = BOUNDS[path[0]]
            assert fact.low is not None
            assert fact.high is not None
            assert fact.low <= quantity.low < quantity.high <= fact.high
            assert quantity.unit == fact.unit
            point = float(getattr(MarketParameters(), path[0]))
        else:
            assert root == "policies"
            point = page_value(key)
        assert quantity.low <= point <= quantity.high, f"{key} = {point} lies outside its prior"


def test_both_ends_of_a_prior_are_accepted_by_the_policy() -> None:
    """A draw can never be refused by the page that it changes."""
    pages = config.names("policy")
    for quantity in posterior.calibrated():
        for key in (k for k in quantity.keys if k.startswith("policies.")):
            _, name, *path = key.split(".")
            page = yaml.safe_load(pages[name].read_text(encoding="utf-8"))
            for value in (quantity.low, quantity.high):
                changed = {name: page}
                posterior._put(changed, [name, *path], value)
                load_one(name, changed[name], ("tradesim.",))


def test_draws_lie_within_their_priors() -> None:
    """Every number of the sample, and there are enough of them."""
    sample = posterior.draws()
    low = np.array([q.low for q in posterior.calibrated()])
    high = np.array([q.high for q in posterior.calibrated()])
    assert len(sample) >= 20
    assert ((low * (1 - 1e-5) - 1e-12 <= sample) & (sample <= high * (1 + 1e-5))).all()
    assert (sample.std(0) > 0).all()


def test_a_seed_has_its_draw_in_every_scenario() -> None:
    """Seeds go round the sample; policies that are not there are passed over."""
    scenario, keys = job("scenario=april_2025").scenario, posterior.keys()
    first = posterior.with_draw(scenario, 3, keys)
    other = posterior.with_draw(job("scenario=reference").scenario, 3, keys)
    assert first.market == other.market
    assert first.market != scenario.market
    assert not other.policies
    assert first == posterior.with_draw(scenario, 3 + len(posterior.draws()), keys)
    delay = [q.name for q in posterior.calibrated()].index("licence_delay_weeks")
    page = first.policies["licence_april_2025"]
    assert page["delay_weeks"] == posterior.draws()[3, delay]
    assert scenario.policies["licence_april_2025"]["delay_weeks"] != page["delay_weeks"]


def test_what_somebody_named_or_changed_is_not_drawn() -> None:
    """A word of the command line and a value of a page win over the sample."""
    everything = job("scenario=april_2025").drawn
    assert "market.panic" in everything
    assert "policies.licence_april_2025.delay_weeks" in everything
    assert not any(key.startswith("policies.licence_november_2025") for key in everything)
    named = job("scenario=april_2025", "market.panic=1.2", "market.price_sensitivity=2",
                "policies.licence_april_2025.delay_weeks=12").drawn  # fmt: skip
    assert set(everything) - set(named) == {
        "market.panic", "market.price_sensitivity", "policies.licence_april_2025.delay_weeks",
    }  # fmt: skip
    assert config.load(["scenario=april_2025", "uncertainty=point"]).drawn == ()


def test_a_sample_of_other_quantities_is_refused(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns in another order would set the wrong quantities."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    text = (posterior.FOLDER / "draws.csv").read_text(encoding="utf-8")
    header, _, rest = text.partition("\n")
    names = header.split(",")
    (folder / "draws.csv").write_text(",".join(names[::-1]) + "\n" + rest, encoding="utf-8")
    posterior.calibrated()
    monkeypatch.setattr(posterior, "FOLDER", folder)
    posterior.draws.cache_clear()
    try:
        with pytest.raises(DataError, match="does not fit"):
            posterior.draws()
    finally:
        posterior.draws.cache_clear()


def test_an_unknown_kind_of_uncertainty_is_refused() -> None:
    """Point and posterior, nothing else."""
    with pytest.raises(InputError, match="posterior"):
        config.load(["uncertainty=prior"])
