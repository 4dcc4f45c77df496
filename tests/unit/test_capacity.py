"""Projects, technology control, funding, quotas, shutdowns: exact arithmetic, what they hit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tradesim import axes
from tradesim.errors import InputError
from tradesim.market import capacity
from tradesim.model import TradeModel, simulate
from tradesim.policies import (
    Calendar,
    Policy,
    ProductionQuota,
    ProjectFunding,
    Shutdown,
    Status,
    TechnologyControl,
)
from tradesim.terms import Terms
from tradesim.world import World, build_world
from worlds import content_at_hand, scenario

START, WEEKS_PER_YEAR = dt.date(2025, 1, 6), 365.25 / 7.0
_STAGE, _ECONOMY = axes.STAGE_INDEX, axes.ECONOMY_INDEX
BALANCE = 1e-9


def page(cls: type[Policy], **fields: Any) -> dict[str, Any]:
    """A page of a policy of China from the first day, with some fields changed."""
    return {
        "_target_": f"tradesim.policies.{cls.__name__}", "title": "test", "imposed_by": "CHN",
        "announced": START, "effective": START, "sources": ["test"], **fields,
    }  # fmt: skip


def policy(cls: type[Policy], **fields: Any) -> Any:
    """The same as an object."""
    return cls(**{k: v for k, v in page(cls, **fields).items() if k != "_target_"})


def written(world: World, rule: Policy, week: float = 0.0) -> Terms:
    """Terms with one policy in force."""
    terms = Terms.free(world)
    date = START + dt.timedelta(days=7.0 * week)
    rule.write(terms, world, Calendar(date, week, START, Status.EFFECTIVE))
    return terms


@pytest.fixture(scope="module")
def world() -> World:
    """A small world with the pipeline."""
    return build_world(scenario(pipeline=True, growth=True, firms=240), 1)


def test_a_project_ramps_with_the_work_done(world: World) -> None:
    row = int(capacity.project_rows(world)[5])
    start, ramp = world.firms.start_week[row], world.firms.ramp_weeks[row]
    for weeks, share in ((start, 0.0), (start + ramp / 4, 0.25), (start + 2 * ramp, 1.0)):
        found = capacity.ramps(world, np.full(len(world.firms), weeks))[row]
        assert found == pytest.approx(share, rel=1e-12)


def test_a_lead_factor_of_two_doubles_the_wait_of_dependent_projects_alone(world: World) -> None:
    rule = policy(TechnologyControl, lead_time_factor=2.0)
    rate = written(world, rule).firms.progress
    rows = capacity.project_rows(world)
    hit = world.chinese_technology[rows]
    assert 0 < hit.sum() < len(rows)
    np.testing.assert_array_equal(rate[rows], np.where(hit, 0.5, 1.0))
    assert (rate[world.firms.economy == _ECONOMY["CHN"]] == 1.0).all()


def test_strength_scales_every_factor_and_two_controls_multiply(world: World) -> None:
    fields = {"lead_time_factor": 2.0, "capital_cost_factor": 1.5, "ramp_yield": 0.6,
              "service_loss_per_year": 0.2}  # fmt: skip
    hit = world.chinese_technology & (world.firms.economy != _ECONOMY["CHN"])
    half = written(world, policy(TechnologyControl, strength=0.5, **fields)).firms
    np.testing.assert_allclose(1.0 / half.progress[hit], 1.5)
    np.testing.assert_allclose(half.hurdle[hit], 1.0 + 0.5 * 0.4 * 0.5)
    np.testing.assert_allclose(half.ramp_yield[hit], 0.8)
    np.testing.assert_allclose(half.service_loss_per_year[hit], 0.1)
    assert (half.hurdle[~hit] == 1.0).all()
    assert (half.service_loss_per_year[~hit] == 0.0).all()
    terms = Terms.free(world)
    now = Calendar(START, 0.0, START, Status.EFFECTIVE)
    for rule in (policy(TechnologyControl, **fields), policy(TechnologyControl, **fields)):
        rule.write(terms, world, now)
    np.testing.assert_allclose(1.0 / terms.firms.progress[hit], 4.0)


def test_service_that_is_lost_is_replaced_and_bounded() -> None:
    lost = np.zeros(2)
    for _ in range(3000):
        lost = capacity.out_of_service(lost, np.array([0.5, 0.0]), 52.0, 1.0)
    rate = 0.5 / WEEKS_PER_YEAR
    assert lost[0] == pytest.approx(rate / (rate + 1.0 / 52.0))
    assert lost[1] == 0.0
    assert capacity.out_of_service(lost, np.zeros(2), 52.0, 1.0)[0] == pytest.approx(
        lost[0] / (1 + 1 / 52)
    )


def run(policies: dict[str, Any], weeks: int = 16, **changes: Any) -> TradeModel:
    """A run of some weeks with policies, left open."""
    model = TradeModel(
        scenario(policies=policies, firms=240, weeks=weeks, **{"pipeline": True, **changes}), 1
    )
    for _ in range(weeks):
        model.step()
    return model


def test_only_lines_abroad_that_depend_lose_service_and_only_they_are_capped() -> None:
    model = run({"control": page(TechnologyControl, service_loss_per_year=0.5)}, 26)
    world, state = model.world, model.state
    hit = world.chinese_technology & (world.firms.economy != _ECONOMY["CHN"])
    assert (state.unserved[hit] > 0.1).all()
    assert (state.unserved[~hit] == 0.0).all()
    assert state.able is not None
    assert (state.activity[hit] <= state.able[hit] + 1e-12).all()
    model.close()


def test_a_project_on_stream_is_not_delayed_and_others_wait_longer() -> None:
    control = page(TechnologyControl, lead_time_factor=2.0, effective="2025-03-03")
    free, late = run({}, 40), run({"control": control}, 40)
    rows = capacity.project_rows(free.world)
    done = (free.world.firms.start_week + free.world.firms.ramp_weeks)[rows] <= 8
    started = (free.world.firms.start_week[rows] < 8) & ~done
    hit = free.world.chinese_technology[rows]
    ramp = [capacity.ramps(m.world, m.state.progress)[rows] for m in (free, late)]
    assert (started & hit).any()
    np.testing.assert_array_equal(ramp[0][~hit], ramp[1][~hit])
    assert (ramp[1] <= ramp[0]).all()
    # eight weeks at full pace, then half a week of work a week
    np.testing.assert_allclose(late.state.progress[rows][hit], 8.0 + 0.5 * 32.0)
    starts = [_events(m, "project_on_stream") for m in (free, late)]
    names = np.array(free.world.firms.name)[rows]
    for name in names[started]:
        assert starts[0][name] == starts[1][name]
    free.close()
    late.close()


def _events(model: TradeModel, action: str) -> dict[str, dt.date]:
    """Last date of an event by project."""
    return {e[5]: e[0] for e in model.recorder._events if e[2] == action}


def test_events_tell_when_projects_are_due_and_when_they_start() -> None:
    control = page(TechnologyControl, lead_time_factor=2.0)
    tables = [
        simulate(scenario(policies=p, firms=240, weeks=30, pipeline=True), 1)["events"].to_pandas()
        for p in ({}, {"control": control})
    ]
    due = [
        t[t["action"] == "project_due"].set_index("detail")["reason"].str.extract(r"due (.*)$")[0]
        for t in tables
    ]
    first = due[0]["MP Materials: Mountain Pass heavy circuit"]
    assert first == "2026-07-01"
    world = build_world(scenario(firms=240, pipeline=True), 1)
    for row in capacity.project_rows(world):
        name, wait = world.firms.name[row], world.firms.start_week[row]
        factor = 2.0 if world.chinese_technology[row] else 1.0
        weeks = (dt.date.fromisoformat(due[1][name]) - START).days / 7.0
        assert weeks == pytest.approx(factor * wait, abs=0.1)
    started = tables[0][tables[0]["action"] == "project_on_stream"]
    dates = dict(zip(started["detail"], started["date"], strict=True))
    assert set(dates) == {
        n for n, w in zip(world.firms.name, world.firms.start_week, strict=True)
        if 0 < w < 30
    }  # fmt: skip
    assert dates["Lynas: Malaysia Dy/Tb circuit"] == dt.date(2025, 5, 12)  # the step of 16 May


def test_rough_ramps_and_all_the_rest_lose_nothing_from_the_books() -> None:
    policies = {
        "control": page(TechnologyControl, ramp_yield=0.5, service_loss_per_year=0.3),
        "shut": page(Shutdown, loss=0.7, covers={"origins": ["MMR"], "stages": ["mine"]}),
        "quota": page(ProductionQuota, separation_t_per_year=300_000.0),
        "money": page(ProjectFunding, imposed_by="USA", amount_usd=1e9,
                      covers={"origins": ["USA"]}),
    }  # fmt: skip
    model = TradeModel(scenario(policies=policies, firms=240, pipeline=True, growth=True), 2)
    world, state = model.world, model.state
    before, chinese_before = content_at_hand(model)
    for _ in range(26):
        model.step()
    now, chinese = content_at_hand(model)
    money = (
        state.money_usd.sum() + state.treasury_usd.sum() + state.carriers_usd
        - state.spent_usd.sum()
    )  # fmt: skip
    assert state.spent_usd.sum() > 0
    assert abs(money) < BALANCE * np.abs(state.money_usd).sum()
    gained = state.sourced.elements - state.lost.elements - state.consumed.elements
    assert np.abs(now - before - gained).max() < BALANCE * world.slots.base_t.sum()
    assert abs(
        chinese - chinese_before
        - (state.sourced.chinese - state.lost.chinese - state.consumed.chinese)
    ) < BALANCE * world.slots.base_t.sum()  # fmt: skip
    rows = capacity.project_rows(world)
    hit = rows[world.chinese_technology[rows] & (state.activity[rows] > 0)]
    assert len(hit)
    assert state.sound is not None
    ramp = capacity.ramps(world, state.progress)[hit]
    # the ramp of the step is that of its beginning
    assert (state.sound[hit] <= 1.0 - 0.5 * (1.0 - ramp) + 1e-12).all()
    assert (state.sound[hit] >= 0.5).all()
    assert (state.sound[world.firms.cell >= 0] == 1.0).all()
    model.close()


def test_a_rough_ramp_gives_exactly_its_sound_share() -> None:
    """One step from the same state: output of a ramping plant times its yield."""
    made = []
    for policies in ({}, {"c": page(TechnologyControl, lead_time_factor=1.0, ramp_yield=0.5,
                                    effective="2025-04-28", announced="2025-04-28")}):  # fmt: skip
        model = run(policies, 17, growth=True)
        slots, world = model.world.slots, model.world
        out = np.arange(slots.inputs, len(slots))
        firm = slots.firm[out]
        rows = (model.state.output[out] > 0) & (world.firms.cell[firm] < 0)
        rows &= world.chinese_technology[firm]
        made.append(model.state.output[out][rows])
        if model.state.sound is not None:
            made.append(model.state.sound[firm][rows])
        model.close()
    free, rough, sound = made
    assert len(free)
    assert (sound < 1.0).all()
    np.testing.assert_allclose(rough, free * sound, rtol=1e-12)


def test_a_quota_binds_at_the_total_of_its_stage() -> None:
    quota = page(ProductionQuota, mine_t_per_year=200_000.0, separation_t_per_year=300_000.0)
    model = run({"quota": quota}, 20, growth=True)
    firms, ran = model.world.firms, model.state.activity
    home = firms.economy == _ECONOMY["CHN"]
    ore = np.array([line.startswith("concentrate_") for line in firms.line])
    for stage, limit in (("mine", 200_000.0), ("separation", 300_000.0)):
        rows = home & ore & (firms.stage == _STAGE[stage])
        total = ran[rows].sum() * WEEKS_PER_YEAR
        assert total <= limit * (1 + BALANCE)
        if stage == "mine":
            assert total == pytest.approx(limit, rel=1e-6)
        assert (model.state.building[rows] == 0.0).all()
    model.close()


def test_a_quota_without_imported_ore_lets_it_in_on_top(world: World) -> None:
    rule = policy(ProductionQuota, separation_t_per_year=254_000.0, counts_imported_ore=False)
    ceiling = written(world, rule).firms.ceiling_t_per_week
    total = ceiling[np.isfinite(ceiling)].sum() * WEEKS_PER_YEAR
    assert total == pytest.approx(254_000.0 + rule.imported_ore_t_per_year(world))
    assert 80_000.0 < rule.imported_ore_t_per_year(world) < 90_000.0
    half = rule.model_copy(update={"strength": 0.5, "counts_imported_ore": True})
    ceiling = written(world, half).firms.ceiling_t_per_week
    assert ceiling[np.isfinite(ceiling)].sum() * WEEKS_PER_YEAR == pytest.approx(508_000.0)


@pytest.mark.parametrize("loss", [0.5, 1.0])
def test_a_shutdown_takes_its_share_and_production_returns(loss: float) -> None:
    shut = page(Shutdown, imposed_by="MMR", loss=loss, expires="2025-03-31", return_weeks=4,
                covers={"origins": ["MMR"], "stages": ["mine"]})  # fmt: skip
    model = TradeModel(scenario(policies={"shut": shut}, firms=240), 1)
    rows = (model.world.firms.economy == _ECONOMY["MMR"]) & (
        model.world.firms.stage == _STAGE["mine"]
    )
    name = model.state.nameplate[rows].sum()
    base = model.state.activity[rows].sum()
    ran = []
    for _ in range(26):
        model.step()
        ran.append(model.state.activity[rows].sum())
    assert max(ran[:8]) <= (1.0 - loss) * name * (1 + BALANCE)
    if loss == 1.0:
        assert max(ran[:8]) == 0.0
    assert (np.diff(ran[8:12]) > 0).all()
    assert ran[10] <= (1.0 - 0.5 * loss) * name * (1 + BALANCE)  # two of four weeks are left
    assert np.mean(ran[14:]) >= base
    model.close()


def test_more_loss_means_less_mined_and_none_is_the_same_world() -> None:
    def mined(**fields: Any) -> float:
        shut = page(Shutdown, covers={"origins": ["MMR"], "stages": ["mine"]}, **fields)
        model = run({"shut": shut}, 12, pipeline=False)
        rows = (model.world.firms.economy == _ECONOMY["MMR"]) & model.world.is_source
        out = np.isin(model.world.slots.firm, np.flatnonzero(rows))
        total = float(model.state.output[out].sum())
        model.close()
        return total

    free = mined(loss=0.0)
    assert mined(loss=1.0, strength=0.0) == free
    assert free > mined(loss=0.6) > mined(loss=0.8) > mined(loss=0.9) > 0.0


def test_funding_is_booked_to_the_cent_and_speeds_work_up() -> None:
    money = page(
        ProjectFunding, imposed_by="USA", amount_usd=4e8, disbursed_weeks=10.5, speed=1.5,
        payers={"USA": 0.75, "AUS": 0.25}, capital_usd=8e8,
        covers={"sellers": ["MP Materials: 10X", "MP Materials", "MP Materials: 10X metal"]},
    )  # fmt: skip
    model = run({"money": money}, 14)
    state, world = model.state, model.world
    assert state.spent_usd[_ECONOMY["USA"]] == pytest.approx(3e8, rel=1e-12)
    assert state.spent_usd[_ECONOMY["AUS"]] == pytest.approx(1e8, rel=1e-12)
    total = (
        state.money_usd.sum() + state.treasury_usd.sum() + state.carriers_usd
        - state.spent_usd.sum()
    )  # fmt: skip
    assert abs(total) < BALANCE * np.abs(state.money_usd).sum()
    rate = model.terms.firms
    at = {name: row for row, name in enumerate(world.firms.name)}
    assert rate.progress[at["MP Materials: 10X"]] == pytest.approx(1.25)
    assert rate.progress[at["MP Materials: Independence"]] == 1.0
    assert rate.progress[at["MP Materials"]] == 1.0
    assert rate.hurdle[at["MP Materials"]] == pytest.approx(1.0 - 0.4 * 0.5)
    assert state.progress[at["MP Materials: 10X"]] == pytest.approx(1.25 * 14)
    model.close()


def test_more_money_is_faster_up_to_all_of_the_capital(world: World) -> None:
    def pace(amount: float, **fields: Any) -> float:
        rule = policy(ProjectFunding, amount_usd=amount, covers={"sellers": ["MP*: 10X"]}, **fields)
        return float(written(world, rule).firms.progress.max())

    capital = 7000 * 250_000.0
    assert pace(0.0) == 1.0
    assert 1.0 < pace(capital / 3) < pace(capital / 2) < pace(capital) == pace(9 * capital) == 1.5
    assert pace(capital, strength=0.5) == pytest.approx(1.25)


def test_a_tight_hurdle_holds_expansions_back_and_a_long_lead_delays_them() -> None:
    """The same shortage with dearer, slower plant gives less new capacity abroad."""
    shut = page(Shutdown, loss=0.5, covers={"origins": ["CHN"], "stages": ["magnet"]})
    control = page(TechnologyControl, lead_time_factor=3.0, capital_cost_factor=2.0)
    grown = []
    for policies in ({"shut": shut}, {"shut": shut, "control": control}):
        model = run(policies, 40, pipeline=False)
        hit = model.world.chinese_technology & (model.world.firms.economy != _ECONOMY["CHN"])
        grown.append((model.state.expansion[hit].sum(), model.state.building[hit].sum()))
        model.close()
    assert grown[0][0] > 0
    assert grown[1][0] < 0.5 * grown[0][0]
    assert grown[1][1] < grown[0][1]


@pytest.mark.parametrize(
    ("cls", "fields", "says"),
    [
        (Shutdown, {"loss": 0.5}, "name the stages or the firms"),
        (Shutdown, {"loss": 0.5, "covers": {"stages": ["manufacture"]}}, "no capacity"),
        (ProductionQuota, {}, "mine_t_per_year"),
        (ProjectFunding, {"amount_usd": 1.0, "payers": {"USA": 0.4}}, "add up to 1"),
        (TechnologyControl, {"lead_time_factor": 0.5}, "greater than or equal to 1"),
    ],
)
def test_bad_pages_are_refused_with_the_reason(
    cls: type[Policy], fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        policy(cls, **fields)


def test_an_unknown_payer_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="USA"):
        policy(ProjectFunding, amount_usd=1.0, payers={"USB": 1.0})
