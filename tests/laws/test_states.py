"""Governments in the market: what they may know, what they move, and that they add up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gc
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradesim import axes, config
from tradesim.errors import InputError
from tradesim.model import TradeModel, simulate
from tradesim.scenario import Scenario
from tradesim.states import affairs
from tradesim.states.actions import Course, Impose, Withdraw
from tradesim.states.council import Council, Seat
from tradesim.states.government import Government
from tradesim.states.utility import TERMS
from tradesim.states.view import View
from tradesim.strategies import BestResponse

CALM = ["growth=false", "pipeline=false", "noise=0", "firms=330", "uncertainty=point"]
QUICK = ["start=2025-09-01", "weeks=26", *CALM]
#: The two great powers of October 2025 alone, so that no reserve of an ally is in the world.
TWO = [
    "states.USA.decides_from=2025-09-29", "states.CHN.decides_from=2025-10-06",
    "states.USA.opening=[{date: 2025-09-29, package: usa_affiliates, effective: 2025-09-29}]",
]  # fmt: skip
SILENT = ["strategy@states.USA.strategy=silence", "strategy@states.CHN.strategy=silence"]


def scenario(*words: str) -> Scenario:
    """October 2025 with two governments, shortened."""
    return config.load(["scenario=truce_lapses_2026_strategic", *QUICK, *TWO, *words]).scenario


@cache
def tables(*words: str, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Tables of a run."""
    return {k: t.to_pandas() for k, t in simulate(scenario(*words), seed, "full").items()}


def model_at(weeks: int, *words: str, seed: int = 0) -> TradeModel:
    """A model some weeks into its run."""
    model = TradeModel(scenario(*words), seed)
    for _ in range(weeks):
        model.step()
    return model


def thinking(model: TradeModel, code: str = "USA") -> TradeModel:
    """The model with a look-ahead mind in a seat, deciding every month."""
    assert model.affairs is not None
    seat = model.affairs.council.seats[code]
    seat.strategy = BestResponse()
    seat.government = seat.government.model_copy(update={"decision_weeks": 4.0})
    return model


def view_of(model: TradeModel, code: str) -> View:
    """What a government would see now."""
    assert model.affairs is not None
    council = model.affairs.council
    return council._observe(code, affairs.sitting(model._moment()), again=False)


def with_private(model: TradeModel, code: str, resolve: float, threshold: float) -> None:
    """Give a government another private type."""
    assert model.affairs is not None
    seat = model.affairs.council.seats[code]
    seat.character = type(seat.character)(resolve, threshold)


# -- what is private stays private -----------------------------------------------------------------


def reachable(start: object) -> list[object]:
    """All objects that can be reached from one, classes, modules and functions left out."""
    seen: dict[int, object] = {}
    rest = [start]
    while rest:
        thing = rest.pop()
        if id(thing) in seen or isinstance(thing, type) or callable(thing):
            continue
        if type(thing).__name__ == "module":
            continue
        seen[id(thing)] = thing
        rest += gc.get_referents(thing)
    return list(seen.values())


def test_from_a_view_nothing_private_of_another_can_be_reached() -> None:
    model = model_at(6)
    secret = 0.123456789012345
    with_private(model, "CHN", secret, 987654321.012345)
    view = view_of(model, "USA")
    found = reachable(view)
    assert not [t for t in found if isinstance(t, TradeModel | Council | Seat | Government)]
    numbers = [t for t in found if isinstance(t, float)]
    assert secret not in numbers
    assert 987654321.012345 not in numbers
    texts = [t for t in found if isinstance(t, str)]
    assert not [t for t in texts if "borne" in t], "reasons of others are not public"
    assert view.own.resolve in numbers, "the search finds what is there"


def test_what_is_private_to_another_changes_neither_view_nor_rehearsal() -> None:
    """The same moment with another Chinese type: an American sees and rehearses the same."""
    course = [Course("up", (Impose("usa_tariff_100"),))]
    seen = []
    for resolve, threshold in ((0.1, 1e8), (0.9, 1e11)):
        model = thinking(model_at(5, *SILENT))
        with_private(model, "CHN", resolve, threshold)
        assert model.affairs is not None
        outlook = model.affairs._rehearse(model._moment(), "USA", course)
        seen.append((_plain(view_of(model, "USA")), outlook))
    assert repr(seen[0]) == repr(seen[1])


def test_a_plan_that_is_not_public_is_in_no_rehearsal() -> None:
    """What China holds ready is unknown to a market that America rehearses in."""
    model = thinking(model_at(2))
    assert model.affairs is not None
    known: list[set[str]] = []
    make = model.affairs._make

    def spied(seed: int, policies: dict[str, Any], state: Any) -> Any:
        known.append(set(policies))
        return make(seed, policies, state)

    model.affairs._make = spied
    model.affairs._rehearse(model._moment(), "USA", [Course("hold")])
    assert "embargo_china" not in known[0]
    assert "tariff_usa_100_threat_2025" in known[0], "its own plans are known to it"


def test_a_rehearsal_meets_none_of_the_draws_to_come() -> None:
    """Its noise is not the run's, and what the run will draw does not change its outcome."""
    model = thinking(model_at(4, "noise=0.03", *SILENT))
    assert model.affairs is not None
    twins: list[TradeModel] = []
    make = model.affairs._make

    def spied(seed: int, policies: dict[str, Any], state: Any) -> Any:
        twins.append(make(seed, policies, state))  # type: ignore[arg-type]
        noise = twins[-1]._noise.copy()
        shared = (noise == model._noise) & model.world.consumes
        assert not shared[int(model.week) :].any()
        assert twins[-1].run_seed != model.run_seed
        return twins[-1]

    model.affairs._make = spied
    first = model.affairs._rehearse(model._moment(), "USA", [Course("hold")])
    model._noise[int(model.week) :] *= 1.5  # another future
    again = model.affairs._rehearse(model._moment(), "USA", [Course("hold")])
    assert first == again
    assert len(twins) == 2


def test_a_rehearsal_leaves_the_run_untouched() -> None:
    """With and without rehearsals on the way, the run ends in the same tables."""
    plain = TradeModel(scenario(*SILENT), 0)
    looked = TradeModel(scenario(*SILENT), 0)
    for step in range(8):
        plain.step()
        if step == 4:
            assert looked.affairs is not None
            course = [Course("up", (Impose("usa_tariff_100"),))]
            seat = looked.affairs.council.seats["USA"]
            before = seat.strategy, seat.government
            thinking(looked)
            looked.affairs._rehearse(looked._moment(), "USA", course)
            seat.strategy, seat.government = before
        looked.step()
    assert np.array_equal(plain.state.ask, looked.state.ask)
    assert np.array_equal(plain.state.stock, looked.state.stock)


def rehearsed(words: tuple[str, ...], course: Course, weeks: int = 8) -> float:
    """What an American course is thought to lead to, USD, some weeks into a run."""
    model = TradeModel(scenario(*SILENT, *words), 0)
    while model.week < weeks - 1e-9:
        model.step()
    assert model.affairs is not None
    thinking(model)
    return model.affairs._rehearse(model._moment(), "USA", [course])[course.label].own_mean_usd


def test_a_withdrawal_is_charged_in_a_rehearsal_as_in_a_run() -> None:
    down = Course("down", (Withdraw("usa_affiliates"),))
    cheap, dear = (
        rehearsed((f"states.USA.preferences.audience_usd={cost}",), down) for cost in ("0", "3e9")
    )
    assert cheap - dear == pytest.approx(3e9)


def test_a_rehearsal_measures_every_week_of_longer_steps() -> None:
    """Monthly steps are weeks inside, and all of them count."""
    up = Course("up", (Impose("usa_tariff_100"),))
    weekly, monthly = rehearsed((), up), rehearsed(("step_weeks=4", "weeks=28"), up)
    assert weekly < -1e10
    assert monthly == pytest.approx(weekly, rel=0.05)


def test_who_rehearses_must_say_how_far() -> None:
    model = model_at(2)
    assert model.affairs is not None
    with pytest.raises(InputError, match="declares no horizon"):
        model.affairs._rehearse(model._moment(), "USA", [Course("hold")])


def test_less_information_is_older_and_in_error_abroad_alone() -> None:
    exact = view_of(model_at(10), "USA")
    poor = view_of(model_at(10, "states.USA.information=0.2"), "USA")
    home = axes.ECONOMY_INDEX["USA"]
    assert np.array_equal(exact.price_ratio[home], poor.price_ratio[home])
    assert not np.array_equal(exact.price_ratio, poor.price_ratio)
    assert exact.own == dataclasses.replace(poor.own)
    with pytest.raises(ValueError, match="read-only"):
        poor.price_ratio[0, 0] = 1.0


def _plain(view: View) -> View:
    """The view with arrays as lists, so that its text tells all of it."""
    return dataclasses.replace(view, price_ratio=view.price_ratio.tolist())


# -- what they move --------------------------------------------------------------------------------


def test_silent_governments_change_nothing_in_the_market() -> None:
    """Governments that never move, and given moves left out: the scripted world, bit for bit."""
    words = ("states.USA.opening=[]", "states.CHN.opening=[]", *SILENT)
    silent = simulate(scenario(*words), 0)
    scripted = scenario(*words).model_copy(update={
        "states": {}, "packages": {},
        "policies": {k: v for k, v in scenario().policies.items() if k == "licence_april_2025"},
    })  # fmt: skip
    alone = simulate(scripted, 0)
    for name in ("markets", "uses", "plants"):
        assert silent[name].equals(alone[name]), name


def test_a_threat_alone_moves_prices_and_orders_before_anything_binds() -> None:
    """China announces in September what takes effect in half a year: buyers order ahead."""
    words = ("states.USA.opening=[]", *SILENT, "weeks=20")
    far = "states.CHN.opening=[{date: 2025-09-08, package: chn_october, effective: 2026-09-01}]"
    threat = tables(far, *words)
    calm = tables("states.CHN.opening=[]", *words)
    assert not (threat["events"]["action"] == "effective").sum() > (
        calm["events"]["action"] == "effective").sum()  # fmt: skip

    def abroad(run: dict[str, pd.DataFrame], column: str) -> pd.Series[float]:
        rows = run["markets"]
        rows = rows[(rows["good"] == "oxide_Ho") & (rows["economy"] != "CHN")]
        return rows.groupby("date")[column].sum()

    orders = abroad(threat, "orders_t") / abroad(calm, "orders_t")
    asks = abroad(threat, "price_ask_usd_per_kg") / abroad(calm, "price_ask_usd_per_kg")
    before = dt.date(2025, 9, 8)
    assert orders[orders.index < before].sub(1.0).abs().max() < 1e-9
    assert orders[orders.index > before].iloc[:6].max() > 1.02
    assert asks.max() > 1.01


def test_utility_is_the_sum_of_its_terms_and_passive_states_have_none() -> None:
    rows = tables()["states"]
    terms = rows[[f"utility_{term}_usd" for term in TERMS]].sum(axis=1, skipna=False)
    decides = rows["state"].isin(["USA", "CHN"])
    assert np.allclose(rows["utility_usd"][decides], terms[decides], rtol=1e-12)
    assert rows["utility_usd"][~decides].isna().all()


def test_a_base_year_without_moves_gives_no_utility_at_all() -> None:
    """Nothing lost, nothing gained: every term is nil, in dollars, against trade of billions."""
    words = ("states.USA.opening=[]", "states.CHN.opening=[]", *SILENT,
             "~policies.licence_april_2025")  # fmt: skip
    rows = tables(*words)["states"]
    utility = rows[rows["state"].isin(["USA", "CHN"])]["utility_usd"].to_numpy()
    assert len(utility) == 52
    assert np.abs(utility).max() < 1.0


@pytest.mark.parametrize("mind", ["best_response", "stackelberg", "logit_response"])
def test_looking_ahead_costs_at_most_thirty_runs_a_year(mind: str) -> None:
    words = (f"strategy@states.USA.strategy={mind}", "states.USA.decision_weeks=4", "weeks=12")
    rows = tables(*words)["states"]
    steps = rows[rows["state"] == "USA"]["lookahead_steps"].sum()
    assert 0 < steps / 12.0 <= 30.0
    assert rows[rows["state"] == "CHN"]["lookahead_steps"].sum() == 0


def test_the_same_seed_gives_the_same_history() -> None:
    one, two = (simulate(scenario(), 2)["events"] for _ in range(2))
    assert one.equals(two)


def outcome(events: pd.DataFrame) -> str:
    """Which path October took: talks before the duty's date, both imposed, or another."""
    deadline = dt.date(2025, 11, 3)
    deals = events[events["action"] == "accept"]
    in_force = events[events["action"] == "effective"]["detail"]
    if len(deals) and deals["date"].min() < deadline:
        return "de-escalation"
    both = {"tariff_usa_100_threat_2025", "licence_november_2025"}
    return "both impose" if both <= set(in_force) else "another"


@pytest.mark.slow
def test_october_takes_both_paths_over_forty_seeds() -> None:
    found = config.load(["scenario=october_2025_strategic", "weeks=50", "uncertainty=point"])
    paths = [outcome(simulate(found.scenario, s)["events"].to_pandas()) for s in range(40)]
    counts = {path: paths.count(path) for path in set(paths)}
    assert min(counts.get("de-escalation", 0), counts.get("both impose", 0)) >= 4, counts
