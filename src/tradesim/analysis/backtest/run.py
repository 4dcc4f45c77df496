"""A back-test from the words of the command line to its files.

``backtest.csv`` has quantiles over the seeds of every series and period, ``scores.csv`` the
scores against the record (contract: "Back-test files").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd

from tradesim import config
from tradesim.analysis.backtest import records
from tradesim.analysis.backtest.case import Case
from tradesim.analysis.backtest.scores import scores
from tradesim.errors import unknown
from tradesim.results import Results
from tradesim.runner import default_folder, run_config

#: Where the case of each back-test is declared.
CASES = {"2025": "case_2025", "2010": "case_2010"}
#: Seeds of a back-test unless told otherwise: the whole posterior sample once.
SEEDS = 100
#: Keys of a job that a world beside it does not take over.
_OWN = frozenset({"out", "scenario"})
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
#: The ensemble of a world shown beside a case, and what it is called.
Beside = tuple[str, pd.DataFrame]
#: Draws the page of a back-test: case, results, ensemble, scores, folder, what stands beside.
Page = Callable[[Case, Results, pd.DataFrame, pd.DataFrame, Path, Beside | None], object]


def case(name: str) -> Case:
    """The case called ``name``; raises :class:`InputError` with what there is."""
    if name not in CASES:
        raise unknown("back-test", name, CASES, where="tradesim backtest")
    found = import_module(f"tradesim.analysis.backtest.{CASES[name]}").CASE
    assert isinstance(found, Case)
    return found


def ensemble(of: Case, results: Results) -> pd.DataFrame:
    """Every series of a case by seed: a long table ``series, period, seed, value, unit``."""
    parts = []
    for series in of.series:
        table = series.extract(results)
        wide = table.rename_axis(columns=None).rename_axis("seed").reset_index()
        part = wide.melt("seed", var_name="period", value_name="value").dropna()
        part["series"], part["unit"] = series.name, series.unit
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    return whole.reindex(columns=["series", "period", "seed", "value", "unit"])


def quantiles(members: pd.DataFrame) -> pd.DataFrame:
    """Rows ``series, period, statistic, value, unit`` in the order of series, period, statistic."""
    grouped = members.groupby(["series", "period", "unit"], sort=False)["value"]
    wide = pd.DataFrame({name: grouped.quantile(share) for name, share in QUANTILES.items()})
    long = wide.reset_index().melt(["series", "period", "unit"], list(QUANTILES), "statistic")
    order = {name: place for place, name in enumerate(dict.fromkeys(members["series"]))}
    long["place"] = long["series"].map(order)
    long = long.sort_values(["place", "period", "statistic"], kind="stable")
    told = long.reindex(columns=["series", "period", "statistic", "value", "unit"])
    return told.reset_index(drop=True)


def write(
    of: Case, results: Results, folder: Path, page: Page | None, beside: Beside | None = None
) -> pd.DataFrame:
    """Write ``backtest.csv``, ``scores.csv`` and the page into ``folder``; returns the scores.

    What stands ``beside`` is scored as well: ``backtest_beside.csv``, ``scores_beside.csv``.
    """
    members = ensemble(of, results)
    table = _written(of, members, folder, "")
    if beside is not None:
        _written(of, beside[1], folder, "_beside")
    if page is not None:
        page(of, results, members, table, folder, beside)
    return table


def _written(of: Case, members: pd.DataFrame, folder: Path, ending: str) -> pd.DataFrame:
    table = scores(members, records.load(of.name))
    told = quantiles(members)
    told.to_csv(folder / f"backtest{ending}.csv", index=False, float_format="%.6g")
    table.to_csv(folder / f"scores{ending}.csv", index=False, float_format="%.6g")
    return table


def backtest(name: str, words: Sequence[str], page: Page | None = None) -> Results:
    """Run the back-test ``name`` under the user's ``words`` (``seeds``, ``out``, any key).

    Raises :class:`InputError` for an unknown case or a bad word, before anything runs.
    """
    of = case(name)
    given = {word.partition("=")[0].lstrip("+~") for word in words}
    own = [word for word in (*of.words, f"seeds={SEEDS}", f"scenario={of.scenario}")
           if word.partition("=")[0] not in given]  # fmt: skip
    job = config.load([*own, *words])
    job = job.model_copy(update={"out": job.out or default_folder(f"backtest_{name}")})
    called, scenario = of.beside

    def report(results: Results, folder: Path) -> None:
        beside = None
        if scenario and scenario != job.scenario.name:
            again = [word for word in (*own, *words) if word.partition("=")[0] not in _OWN]
            other = config.load([*again, f"scenario={scenario}"])
            beside = (called, ensemble(of, run_config(other)))
        write(of, results, folder, page, beside)

    return run_config(job, report=report)
