"""The model: a world, its market and its states. ``TradeModel.step`` is the table of contents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from json import loads
from typing import Any

import mesa
import numpy as np
import pyarrow as pa
from mesa.agent import AgentSet

from tradesim import axes, outside, policies, rng
from tradesim.agents import Firm, State
from tradesim.market import (
    capacity,
    ceiling,
    deliver,
    invest,
    leak,
    license,
    order,
    permits,
    plan,
    price,
    produce,
    provenance,
    public,
    routes,
    source,
)
from tradesim.market.state import MarketState, initial_state
from tradesim.policies import Calendar, Policy, Status
from tradesim.record import NoRecord, ProjectLog, Recorder
from tradesim.scenario import WEEKS_PER_YEAR, Scenario
from tradesim.states.affairs import Affairs, Moment
from tradesim.states.convene import convene
from tradesim.states.utility import Meter
from tradesim.terms import Terms
from tradesim.world import World, build_world
from tradesim.world.reserves import Reserve
from tradesim.world.types import N_ECONOMIES, N_GOODS, Floats, sum_by


class TradeModel(mesa.Model):
    """The trade war, week by week.

    Parameters
    ----------
    scenario : what to simulate (typed, checked).
    seed : run seed; decides the drawn network, demand noise and licence decisions.
    record : ``monthly``, ``full`` (every step) or ``none``.
    world : a world built before for the same scenario (by default :func:`world_of` with ``seed``).
        One that was built with another seed keeps its network; ``seed`` then decides only what is
        drawn while the run goes on.
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, record: str = "monthly",
        world: World | None = None,
    ) -> None:  # fmt: skip
        super().__init__(rng=seed)
        self.scenario, self.params, self.run_seed = scenario, scenario.market, seed
        self.policies: dict[str, Policy] = policies.load(scenario.policies, allowed=("",))
        built = world or world_of(scenario, seed, reserves_of(self.policies))
        self.world = built if built.seed == seed else replace(built, seed=seed)
        self.substeps = max(1, int(np.ceil(scenario.step_weeks)))
        self.dt = scenario.step_weeks / self.substeps
        self.week = 0.0
        self.state: MarketState = initial_state(
            self.world, self.params, self.dt, policies.tracked(self.policies)
        )
        self.terms = Terms.free(self.world)
        self.reach, self.openness = self._opened()
        self.outside_usd: tuple[Floats, Floats] | None = None  # a week's losses [economies]
        self.recorder = (NoRecord if record == "none" else Recorder)(self.world, record)
        council = convene(scenario, self.policies, seed, self.recorder.event)
        self.affairs: Affairs | None = None
        if council is not None:
            self.affairs = Affairs(council, Meter.at(self.world, self.state), self._twin)
            self.recorder.follow(council)
        self.states = [State(self, code) for code in axes.ECONOMIES]
        self._firms_listed = False
        self._step_began = scenario.start
        self._moments: dict[str, object] = {}
        self._statuses: dict[str, Status] = {}
        self._demand_rate = np.log1p(self.world.growth[: self.world.slots.inputs])
        self._planned_rate = np.log1p(self.world.planned_growth)
        self._scale = self._scales(0.0)
        self._projects = ProjectLog(self.world, self.recorder)
        self._noise = self._draw_noise()

    # -- one step ------------------------------------------------------------------------------

    def step(self) -> None:
        """One step: what is in force, what everybody wants, who gets it, at what price.

        1 calendar, 2 states, 3 plan, 4 order, 5 permits and sources, 6 licences, 7 deliver,
        8 produce, 9 price, 10 invest, 11 leak, 12 feel and record. Months and longer steps
        take weekly sub-steps.
        """
        self._step_began = self.today.date
        for part in range(1, self.substeps + 1):
            self._calendar()
            self._states_act()
            capacity.limit(self.world, self.state, self.params, self.terms.firms, self._scale)
            plan.plan(self.world, self.state, self.params, self._scale, self._shock())
            order.order(self.world, self.state, self.params)
            permits.permits(self.world, self.state, self.params, self.terms, self.week)
            source.source(self.world, self.state, self.params, self.terms, self.openness)
            public.buy(self.world, self.state, self.params, self.terms)
            license.license_(self.world, self.state, self.week)
            deliver.deliver(self.world, self.state, self.params, self.terms)
            public.release(self.world, self.state, self.terms)
            produce.produce(self.world, self.state)
            self._expect()
            price.price(self.world, self.state, self.params, self.terms, self.reach)
            self._invest()
            leak.leak(self.world, self.state, self.params, self.week)
            self._feel()
            self._record(step_over=part == self.substeps)

    def run(self) -> dict[str, pa.Table]:
        """Run to the scenario's horizon, in whole steps, and return the tables of this run."""
        for _ in range(int(np.ceil(self.scenario.weeks / self.scenario.step_weeks - 1e-9))):
            self.step()
        return self.recorder.tables()

    # -- calendar and states -------------------------------------------------------------------

    @property
    def today(self) -> Calendar:
        """The date of the coming step."""
        start = self.scenario.start
        return Calendar(start + dt.timedelta(days=7.0 * self.week), self.week, start)

    def policies_in_force(self, economy: str) -> list[str]:
        """Names of the effective policies that an economy imposes."""
        return [
            name
            for name, policy in self.policies.items()
            if policy.imposed_by == economy and self._statuses.get(name) is Status.EFFECTIVE
        ]

    def _calendar(self) -> None:
        """Rebuild the terms when a policy changes; report its dates as events."""
        today = self.today
        status = policies.statuses(self.policies, today.date)
        moments = {
            name: policy.moment(replace(today, status=status[name]))
            for name, policy in self.policies.items()
        }
        if moments != self._moments:
            self._moments = moments
            self.terms = Terms.free(self.world)
            for name in sorted(self.policies):  # sums of floats do not depend on the page's order
                now = replace(today, status=status[name])
                self.policies[name].write(self.terms, self.world, now)
                self._report_status(name, self.policies[name], now.status, today)
            self.state.guarantee = self.terms.guarantees
            license.open_books(self.world, self.state, self.terms)
            self._assess(new=True)
            self.state.routes = routes.open_routes(self.world, self.params, self.terms)
            self.state.ceilings = ceiling.open_ceilings(self.world, self.terms)
            self.reach, self.openness = self._opened()
            self.outside_usd = outside.losses(self.terms, self.scenario.outside)
            order.hear_announcements(self.world, self.state, self.params, self.terms)
        elif self.terms.content_rules:
            self._assess(new=False)
            self.reach, self.openness = self._opened()
        self._projects.plan(today.date, self.state.progress, self.terms.firms.progress)
        order.fade(self.state, self.params)

    def _assess(self, new: bool) -> None:
        """Find which shipments of others fall under a rule; new terms let buyers fear for them."""
        if not self.terms.content_rules:
            self.state.needs, self.state.avoidance = {}, None
            return
        provenance.assess(self.world, self.state, self.terms)
        if new:
            provenance.spread_alarm(self.world, self.state, self.terms)

    def _report_status(self, name: str, policy: Policy, now: Status, today: Calendar) -> None:
        before = self._statuses.get(name, Status.UNKNOWN)
        self._statuses[name] = now
        if now is before or now is Status.UNKNOWN:
            return
        steps = [now]
        if before is Status.UNKNOWN and now is Status.EFFECTIVE:
            steps = [Status.ANNOUNCED, Status.EFFECTIVE]
        for status in steps:
            self.recorder.event(
                today.date, policy.imposed_by, status.value, policy.instrument, "", name,
                policy.title,
            )  # fmt: skip

    def _states_act(self) -> None:
        """Let every government that decides see and act; without any, all follow the script."""
        if self.affairs is not None and self.affairs.act(self._moment()):
            self._moments = {}  # dates or strengths have changed: the terms are written anew

    def _feel(self) -> None:
        """Let governments feel what the step brought them."""
        if self.affairs is not None:
            self.affairs.feel(self._moment(), self.dt)

    def _moment(self) -> Moment:
        return Moment(
            self.today, self.world, self.state, self.policies, self._statuses, self.outside_usd,
            self.scenario.outside, self.scenario.step_weeks,
        )  # fmt: skip

    def _twin(self, seed: int, known: dict[str, Policy], state: MarketState) -> TradeModel:
        """A market like this one with nobody at its table; it runs on from ``state``."""
        alone = {"policies": {}, "packages": {}, "states": {}, "step_weeks": self.dt}
        scenario = self.scenario.model_copy(update=alone)
        twin = TradeModel(scenario, seed, "none", replace(self.world, seed=seed))
        twin.policies, twin.state, twin.week = known, state, self.week
        twin._scale = twin._scales(self.week)
        return twin

    def _opened(self) -> tuple[Floats, Floats]:
        """Reach between regions [goods, origin, destination] and openness of lanes [lanes]."""
        lanes = self.world.lanes
        needed = (
            provenance.needed(self.world, self.state, self.terms)
            if self.terms.content_rules
            else 1.0
        )
        openness = self.terms.openness(self.params.price_wedge_weeks, needed)
        shape = (N_GOODS, N_ECONOMIES, N_ECONOMIES)
        key = (lanes.good * N_ECONOMIES + lanes.origin) * N_ECONOMIES + lanes.destination
        size = int(np.prod(shape))
        weight = np.where(self.world.lane_private, lanes.base_t + 1e-9, 0.0)
        total = sum_by(key, weight, size).reshape(shape)
        opened = sum_by(key, weight * openness, size).reshape(shape)
        abroad = ~np.eye(N_ECONOMIES, dtype=bool)
        by_origin = (opened * abroad).sum(2) / np.maximum((total * abroad).sum(2), 1e-30)
        by_origin = np.where((total * abroad).sum(2) > 0, by_origin, 1.0)
        reach = np.where(total > 0, opened / np.maximum(total, 1e-30), by_origin[:, :, None])
        reach[:, ~abroad] = 1.0
        return reach, openness

    # -- the rest of the step ------------------------------------------------------------------

    def _expect(self) -> None:
        """Learn from what was delivered: risk, waits and suppliers' reliability."""
        order.feel_risk(self.world, self.state, self.params)
        source.remember(self.world, self.state, self.params)

    def _invest(self) -> None:
        """Grow demand and planned capacity by a step, then let firms invest."""
        world, state = self.world, self.state
        capacity.fund(state, self.terms)
        capacity.advance(state, self.terms.firms)
        after = self._scales(self.week + self.dt)
        self._projects.start(self.today.date, state.progress)
        in_base = world.firms.cell >= 0
        factor = np.where(in_base, after / np.maximum(self._scale, 1e-30), 1.0)
        self._scale = after
        inputs = slice(0, world.slots.inputs)
        # everybody knows the trend, so forecasts move with it and do not trail behind
        state.expected_use *= factor[world.slots.firm[inputs]]
        state.demand_signal *= factor[world.slots.firm]
        growth = np.exp(self._demand_rate * self._years_grown(self.week + self.dt))
        state.final_demand = np.where(world.final, world.slots.base_t[inputs] * growth, 0.0)
        invest.invest(world, state, self.params, factor, after, self.terms.firms)
        dated = world.project_links
        state.switched_on[dated] = after[world.links.project[dated]]

    def _record(self, step_over: bool) -> None:
        """Book the blocks outside, move the clock on and write the step down."""
        if self.outside_usd is not None:
            self.state.rest_of_trade_usd += self.outside_usd[0] * self.dt
            self.state.chips_usd += self.outside_usd[1] * self.dt
        date = self.today.date
        self.week += self.dt
        until = self.today.date
        self.recorder.step(self.state, date, until, self.dt, self._step_began, step_over)

    def _scales(self, week: float) -> Floats:
        """Planned growth of firms of the base year, ramp of projects [firms]."""
        growth = np.exp(self._planned_rate * self._years_grown(week))
        ramp = capacity.ramps(self.world, self.state.progress)
        return np.where(self.world.firms.cell >= 0, growth, ramp)

    def _years_grown(self, week: float) -> float:
        """Years of growth that lie behind a week of the run."""
        since = self.scenario.growth_from or self.scenario.start
        return max(0.0, week - (since - self.scenario.start).days / 7.0) / WEEKS_PER_YEAR

    def _draw_noise(self) -> Floats:
        """Noise on final demand by week and firm [weeks, firms]; ones without noise."""
        weeks = int(np.ceil(self.scenario.weeks)) + 1
        noise = np.ones((weeks, len(self.world.firms)))
        if self.scenario.noise > 0:
            rows = np.flatnonzero(self.world.consumes)
            ids = self.world.firms.id[rows]
            noise[:, rows] = rng.lognormals(
                self.run_seed, "final demand", ids[None, :], self.scenario.noise,
                np.arange(weeks)[:, None],
            )  # fmt: skip
        return noise

    def _shock(self) -> Floats:
        return np.asarray(self._noise[min(int(self.week + 1e-9), len(self._noise) - 1)])

    # -- Mesa ----------------------------------------------------------------------------------

    @property
    def agents(self) -> AgentSet[Any]:
        """All agents as Mesa users expect; the views on firms are made when first asked for."""
        if not getattr(self, "_firms_listed", True):
            self._firms_listed = True
            for row in range(len(self.world.firms)):
                Firm(self, row)
        return self._all_agents

    def close(self) -> None:
        """Let go of everything; the model cannot be used afterwards.

        Mesa keeps a reference of its own to every model, and a model refers to itself through
        its agents, so without this memory would grow with every run.
        """
        mesa.Agent._ids.pop(self, None)
        self.__dict__.clear()


def _setting(scenario: Scenario) -> str:
    """What of a scenario decides its world, so that paired scenarios share one."""
    kept = {"base_year", "start", "firms", "growth", "pipeline", "further_goods", "market"}
    return scenario.model_dump_json(include=kept)


def reserves_of(loaded: Mapping[str, Policy]) -> tuple[Reserve, ...]:
    """Public reserves that a scenario's policies need, by name: none without a programme."""
    return tuple(found for name in sorted(loaded) for found in loaded[name].reserves())


def world_of(scenario: Scenario, seed: int, reserves: tuple[Reserve, ...] = ()) -> World:
    """The world of a scenario and seed, as it is before the first step; a run changes no world."""
    return _world(_setting(scenario), seed, reserves)


@lru_cache(maxsize=1)
def _world(setting: str, seed: int, reserves: tuple[Reserve, ...]) -> World:
    """The world of a setting and seed; the last one is kept for the scenario it is paired with."""
    scenario = Scenario.model_validate({"name": "", "title": "", **loads(setting)})
    return build_world(scenario, seed, reserves=reserves)


def simulate(scenario: Scenario, seed: int, record: str = "monthly") -> dict[str, pa.Table]:
    """Run one scenario with one seed and return its tables (see ``schema.model_columns``)."""
    model = TradeModel(scenario, seed, record)
    try:
        return model.run()
    finally:
        model.close()
