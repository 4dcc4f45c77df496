"""The benchmark of theory: ``tradesim equilibrium`` and ``tradesim.equilibrium``.

Solves the spatial price equilibrium of a scenario's world under the terms of one date, runs the
simulation up to that date and writes both, with a page on what frictions add.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from tradesim import axes, config, policies
from tradesim import overrides as ov
from tradesim.analysis.equilibrium import compare, dates, problem, solve, tables
from tradesim.commands import done
from tradesim.errors import InputError
from tradesim.folder import ResultFolder
from tradesim.manifest import manifest
from tradesim.model import reserves_of, world_of
from tradesim.report.equilibrium import Told, equilibrium_page
from tradesim.runner import default_folder, engine, run_config, tree
from tradesim.scenario import WEEKS_PER_YEAR, RunConfig
from tradesim.store import digests_of, parquet_writer, result_hash
from tradesim.world import World
from tradesim.world.types import N_GOODS, sum_by

#: Seeds of the simulation that stands beside the benchmark, unless others are asked for.
SEEDS = 5
#: The end of the run that is set against the equilibrium.
WINDOW_DAYS = 365

Against = Literal["simulation", "none"]


@dataclass(frozen=True)
class Request:
    """What ``equilibrium`` was asked: the job, the date of the terms, how alike suppliers are."""

    job: RunConfig
    on: dt.date
    sharpness: float
    against: Against

    @property
    def week(self) -> float:
        """Weeks from the start of the run to the date."""
        return (self.on - self.job.scenario.start).days / 7.0


@dataclass(frozen=True)
class Equilibrium:
    """A solved benchmark: tables with the columns of the schema (flows in t a year, USD/kg)."""

    request: Request
    markets: pa.Table
    flows: pa.Table
    base: pd.DataFrame  # base-year price and use of the same markets
    comparison: pd.DataFrame  # simulation beside it; empty if it was not asked for
    permits_usd_per_kg: dict[str, float]  # by policy, per counted kilogram
    not_lasting: tuple[str, ...]
    rounds: int
    folder: Path | None = None


def equilibrium(scenario: str = "baseline", **overrides: Any) -> Equilibrium:
    """The spatial price equilibrium of ``scenario`` under the terms of one date.

    ``overrides`` are keys of the command line, ``on="2026-01-05"`` (default: the end of the run),
    ``sharpness=100`` and ``against="none"`` among them; ``out=DIR`` also writes the folder.

    Raises :class:`InputError` for bad input and for policies that the equilibrium does not hold.
    """
    words = ov.from_mapping({"scenario": scenario, **overrides})
    request = read(words)
    return carry_out(request) if request.job.out is None else write(request)


def equilibrium_words(words: Sequence[str]) -> Equilibrium:
    """``tradesim equilibrium``: what ``words`` ask for, written to its folder."""
    request = read(words)
    out = request.job.out or default_folder(f"equilibrium_{request.job.scenario.name}")
    job = request.job.model_copy(update={"out": out})
    return write(Request(job, request.on, request.sharpness, request.against))


def equilibrium_command(words: Sequence[str]) -> int:
    """``tradesim equilibrium scenario=NAME ...``; the last line on stdout names the folder."""
    return done(equilibrium_words(words).folder)


def read(words: Sequence[str]) -> Request:
    """The request in ``words``: three keys of its own, all others as of ``tradesim run``."""
    own: dict[str, str] = {}
    rest = []
    for word in words:
        key, given, value = word.partition("=")
        if given and key in {"on", "sharpness", "against"}:
            own[key] = value.strip("'\"")
        else:
            rest.append(word)
    named = {word.partition("=")[0].lstrip("+") for word in rest}
    rest += [] if "seeds" in named else [f"seeds={SEEDS}"]
    # theory and simulation are to have the same parameters
    rest += [] if "uncertainty" in named else ["uncertainty=point"]
    rest = [word for word in rest if word.partition("=")[0] != "compare"] + ["compare=none"]
    job = config.load(rest)
    against = own.get("against", "simulation")
    if against not in ("simulation", "none"):
        raise InputError(
            f"against={against}", where="key 'against'", allowed="simulation or none",
            remedy="against=none solves the equilibrium alone",
        )  # fmt: skip
    on = dates.read_date(own.get("on"), job.scenario)
    kept: Against = "simulation" if against == "simulation" else "none"
    return Request(job, on, _sharpness(own.get("sharpness")), kept)


def _sharpness(text: str | None) -> float:
    if text is None:
        return solve.SHARPNESS
    low, high = solve.SHARPNESS_RANGE
    with contextlib.suppress(ValueError):
        value = float(text)
        if low <= value <= high:
            return value
    raise InputError(
        f"sharpness={text}", where="key 'sharpness'", allowed=f"{low:g} to {high:g}",
        remedy=f"leave it out ({solve.SHARPNESS:g}), or take {high:g} for suppliers that are alike",
    )  # fmt: skip


def write(request: Request) -> Equilibrium:
    """Solve, compare and write the folder ``request.job.out``; nothing is left if it fails."""
    started = time.monotonic()
    assert request.job.out is not None
    with contextlib.ExitStack() as stack:
        folder = ResultFolder(request.job.out)
        stack.callback(folder.discard)
        found = carry_out(request)
        (folder.work / "tables").mkdir()
        for name, rows in (("markets", found.markets), ("flows", found.flows)):
            with parquet_writer(rows.schema, folder.work / "tables" / f"{name}.parquet") as file:
                file.write_table(rows)
        if len(found.comparison):
            found.comparison.to_csv(folder.work / "comparison.csv", index=False)
        settings = tree(request.job) | _own_keys(request)
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        (folder.work / "config.yaml").write_text(text, encoding="utf-8")
        said = _manifest(found, time.monotonic() - started)
        page = equilibrium_page(_told(found, said))
        (folder.work / "report.html").write_text(page, encoding="utf-8")
        place = folder.publish(said)
    return Equilibrium(**{**vars(found), "folder": place})


def carry_out(request: Request) -> Equilibrium:
    """Solve the equilibrium, and run the simulation if it is to stand beside."""
    job, scenario = request.job, request.job.scenario
    loaded = policies.load(scenario.policies, allowed=("",))
    world = world_of(scenario, job.seeds[0], reserves_of(loaded))
    terms = dates.terms_on(loaded, world, scenario, request.on)
    posed = problem.build_problem(world, terms, scenario, request.week)
    _say(f"{len(posed.cells)} plants and users, {len(posed.arcs)} lanes, terms of {request.on}")
    found = solve.solve(posed, request.sharpness, _say)
    balance = tables.balance(world, posed, found)
    return Equilibrium(
        request=request,
        markets=tables.markets_table(world, balance, scenario.name, request.on),
        flows=tables.flows_table(world, posed, found, scenario.name, request.on, terms.export_tax),
        base=_base(world),
        comparison=_compare(request, world, balance),
        permits_usd_per_kg=dict(found.permit_usd_per_kg),
        not_lasting=dates.without_lasting_effect(terms),
        rounds=found.rounds,
    )


def _base(world: World) -> pd.DataFrame:
    """Base-year price (USD/kg) and use (t a year) of every market that uses something."""
    slots, inputs = world.slots, world.slots.inputs
    use = sum_by(slots.market[:inputs], slots.base_t[:inputs], world.markets) * WEEKS_PER_YEAR
    rows = np.flatnonzero(use > 0)
    return pd.DataFrame({
        "economy": [axes.ECONOMIES[m // N_GOODS] for m in rows],
        "good": [axes.GOODS[m % N_GOODS] for m in rows],
        "price_usd_per_kg": world.price0[rows], "use_t": use[rows],
    })  # fmt: skip


def _compare(request: Request, world: World, balance: tables.Balance) -> pd.DataFrame:
    """The last year of the simulation up to the date, beside the equilibrium."""
    if request.against == "none" or request.week < 1.0:
        return pd.DataFrame()
    scenario = request.job.scenario.model_copy(update={"weeks": int(request.week)})
    job = request.job.model_copy(update={"scenario": scenario, "record": "monthly", "out": None})
    _say(f"simulation: {len(job.seeds)} seeds, {scenario.weeks} weeks")
    rows = run_config(job).markets
    end = pd.Timestamp(scenario.start) + pd.Timedelta(days=7 * scenario.weeks)
    first = (end - pd.Timedelta(days=WINDOW_DAYS)).replace(day=1)
    first = max(first, pd.Timestamp(scenario.start).replace(day=1))
    begin = max(first, pd.Timestamp(scenario.start))
    last = rows[rows["date"] >= first]
    runs = compare.steady(last, float((end - begin).days))
    return compare.comparison_frame(balance, runs, compare.size_t(world, balance))


def _own_keys(request: Request) -> dict[str, Any]:
    return {
        "equilibrium": {
            "on": request.on.isoformat(),
            "sharpness": request.sharpness,
            "against": request.against,
        }
    }


def _manifest(found: Equilibrium, wall_s: float) -> dict[str, Any]:
    job = found.request.job
    digests = digests_of("markets", found.markets) | digests_of("flows", found.flows)
    said = manifest(
        "complete", result_hash=result_hash(digests), scenario=job.scenario.name, compare=None,
        seeds=job.seeds, engine=engine(job), worlds=[job.scenario], wall_s=wall_s,
    )  # fmt: skip
    return said | {
        "kind": "equilibrium",
        **_own_keys(found.request)["equilibrium"],
        "period": "a year under the terms of the date",
        "rounds": found.rounds,
        "permits_usd_per_kg": found.permits_usd_per_kg,
        "without_lasting_effect": list(found.not_lasting),
    }


def _told(found: Equilibrium, said: dict[str, Any]) -> Told:
    scenario = found.request.job.scenario
    return Told(
        title=scenario.title, story=scenario.story, manifest=said,
        markets=found.markets.to_pandas(), base=found.base, comparison=found.comparison,
    )  # fmt: skip


def _say(text: str) -> None:
    """Progress, on stderr."""
    print(f"equilibrium: {text}", file=sys.stderr, flush=True)
