"""The Python face of a run and a sweep: ``tradesim.run``, ``tradesim.sweep``.

>>> import tradesim
>>> a = tradesim.run("reference", seeds=20)  # doctest: +SKIP
>>> b = tradesim.run("april_2025", seeds=20)  # doctest: +SKIP
>>> tradesim.compare(a, b)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tradesim import config, elsewhere, launchers, multirun
from tradesim import overrides as ov
from tradesim.errors import InputError
from tradesim.fields import explain
from tradesim.report import build_report
from tradesim.results import Results
from tradesim.runner import default_folder, run_config
from tradesim.scenario import RunConfig, Scenario
from tradesim.sweeps import SweepWriter

__all__ = ["run", "run_words", "sweep", "sweep_words"]

#: What makes a scenario itself; a comparison never takes it over.
_OWN = frozenset(
    {"name", "title", "story", "sources", "compare", "policies", "packages", "states", "talks"}
)


def run(
    scenario: str | Scenario = "baseline",
    seeds: int | Sequence[int] = 20,
    **overrides: Any,
) -> Results:
    """Simulate ``scenario`` and the world it is compared with.

    Parameters
    ----------
    scenario : a scenario's name (``tradesim list scenarios``) or a :class:`Scenario` of your own.
    seeds : how many (counted from 0), or which.
    overrides : any key of the command line: ``weeks=52``, ``market={"panic": 0.5}``,
        ``**{"policies.NAME.parameter": 3}``. ``out=DIR`` also writes the result folder with its
        report; without it the results live in memory.

    Raises
    ------
    InputError
        for a misspelt name or key (with the nearest one) or a value out of its range.
    """
    if isinstance(scenario, Scenario):
        job = _with_scenario(scenario, seeds, overrides)
    else:
        job = config.load(ov.from_mapping({"scenario": scenario, "seeds": seeds, **overrides}))
    return run_config(job, report=build_report if job.out else None)


def sweep(
    scenario: str | Sequence[str] = "baseline",
    seeds: int | Sequence[int] = 20,
    *,
    out: str | Path | None = None,
    **overrides: Any,
) -> Results:
    """Simulate every combination of the values given; a list or tuple is a set of values.

    ``tradesim.sweep(["reference", "april_2025"], seeds=5, market={"panic": [0, 1]})`` makes four
    points with five seeds each. ``out`` is the result folder (default: a fresh one under
    ``results/``); the headline table is recorded unless ``record`` says otherwise.

    Raises :class:`InputError` before anything runs, and :class:`PartialError` when some points
    failed and the rest is complete.
    """
    words = ov.from_mapping({"seeds": seeds})
    words += _sweep_words({"scenario": scenario, **overrides})
    words += [] if out is None else [f"out={out}"]
    return sweep_words(words)


def run_words(words: Sequence[str]) -> Results:
    """``tradesim run``: the run that ``words`` describe, written to its folder with its report."""
    job = config.load(words)
    out = job.out or default_folder(job.scenario.name)
    return run_config(job.model_copy(update={"out": out}), report=build_report)


def sweep_words(words: Sequence[str]) -> Results:
    """``tradesim sweep``: every point that ``words`` describe, written to one folder."""
    plan = multirun.plan(words)
    out = plan.first.out or default_folder("sweep")
    with SweepWriter(out, report=build_report) as writer:
        if plan.launcher == launchers.PLAIN:
            multirun.launch(plan, writer.add)
        else:
            elsewhere.launch(plan, writer)
        return writer.close()


def _with_scenario(
    own: Scenario, seeds: int | Sequence[int], overrides: Mapping[str, Any]
) -> RunConfig:
    """A run of a scenario object. As on the command line, what is overridden holds for the world
    of comparison too, except for the policies and the story.
    """
    world = {key: value for key, value in overrides.items() if key in Scenario.model_fields}
    for key in {"market", "outside"} & world.keys():
        world[key] = getattr(own, key).model_dump() | dict(world[key])
    try:
        changed = Scenario.model_validate(own.model_dump() | world)
    except ValidationError as error:
        raise explain(error, Scenario, where=f"scenario '{own.name}'") from error
    config.check_together(changed, trusted=("",))  # its classes are already the caller's
    itself = changed.compare == changed.name and changed.name not in config.names("scenario")
    frame = {key: value for key, value in overrides.items() if key not in _OWN}
    frame |= {key: getattr(changed, key) for key in config.SHARED}
    frame |= {"seeds": seeds, "compare": "none" if itself else changed.compare or "none"}
    job = config.load(ov.from_mapping(frame))
    compare = changed if itself else job.compare
    config.told_apart(changed, compare)
    job = job.model_copy(update={"scenario": changed, "compare": compare})
    return config.with_draws(job, ov.from_mapping(frame))


def _sweep_words(values: Mapping[str, Any]) -> list[str]:
    words = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            words += [f"{key}.{word}" for word in _sweep_words(value)]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if not value:
                raise InputError(f"{key} has no values to sweep over", remedy="name at least one")
            words.append(f"{key}=" + ",".join(ov.literal(item) for item in value))
        else:
            words += ov.from_mapping({key: value})
    return words
