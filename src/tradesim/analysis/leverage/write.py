"""The folder of ``tradesim leverage``: tables, page, config and manifest."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tradesim.analysis.leverage.cells import Missing
from tradesim.analysis.leverage.request import Request, read
from tradesim.analysis.leverage.run import Failure, Found, Page, carry_out, table
from tradesim.errors import PartialError
from tradesim.folder import ResultFolder
from tradesim.manifest import Status, manifest
from tradesim.pairs import Simulate
from tradesim.runner import default_folder, engine, tree


def leverage(words: Sequence[str], page: Page, simulate: Simulate | None = None) -> Path:
    """Carry out what ``words`` ask for and write it; returns the folder.

    Raises :class:`InputError` before anything runs, :class:`PartialError` after everything is
    written when counterfactuals failed, and ``KeyboardInterrupt`` after Ctrl-C, when those that
    are complete have been written with the status ``interrupted``.
    """
    request, started = read(words), time.monotonic()
    place = request.job.out or default_folder("leverage")
    with contextlib.ExitStack() as stack:
        folder = ResultFolder(place)
        stack.callback(folder.discard)
        found = carry_out(request, simulate)
        said = _write(found, folder.work, page, started)
        place = folder.publish(said)
    _tell(found, place)
    return place


def _write(found: Found, folder: Path, page: Page, started: float) -> dict[str, Any]:
    rows = table(found)
    text = rows.to_csv(index=False, float_format="%.6g")
    (folder / "leverage.csv").write_text(text, encoding="utf-8")
    missing = _frame(Missing, found.request.missing)
    missing.to_csv(folder / "no_trade.csv", index=False)
    if found.failures:
        _frame(Failure, found.failures).to_csv(folder / "failures.csv", index=False)
    settings = tree(found.request.job) | {"leverage": dict(found.request.words)}
    config = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    said = _manifest(found, text, time.monotonic() - started)
    if len(rows):
        drawn = page(found.request.job.scenario.title, rows, missing, said)
        (folder / "report.html").write_text(drawn, encoding="utf-8")
    return said


def _frame(kind: type[Missing | Failure], rows: Sequence[Missing | Failure]) -> pd.DataFrame:
    columns = [column.name for column in dataclasses.fields(kind)]
    return pd.DataFrame([dataclasses.astuple(row) for row in rows], columns=columns)


def _status(found: Found) -> Status:
    if found.interrupted:
        return "interrupted"
    if not found.failures:
        return "complete"
    return "partial" if found.costs else "failed"


def _manifest(found: Found, text: str, wall_s: float) -> dict[str, Any]:
    request: Request = found.request
    job = request.job
    said = manifest(
        _status(found), result_hash=hashlib.sha256(text.encode()).hexdigest(),
        scenario=job.scenario.name, compare=None, seeds=job.seeds, engine=engine(job),
        worlds=[job.scenario], wall_s=wall_s,
    )  # fmt: skip
    return said | {
        "kind": "leverage", **request.words, "quarters": request.quarters.count,
        "counterfactuals": len(found.costs), "asked": len(request.cuts),
        "without_trade": len(request.missing),
    }  # fmt: skip


def _tell(found: Found, place: Path) -> None:
    asked = len(found.request.cuts)
    if found.interrupted:
        raise KeyboardInterrupt(
            f"interrupted after {len(found.costs)} of {asked} counterfactuals; they are kept in "
            f"{place}, marked as interrupted"
        )
    if found.failures:
        raise PartialError(
            f"{len(found.failures)} of {asked} counterfactuals failed",
            where=str(place / "failures.csv"),
            remedy="the others are complete; the errors stand on stderr and in failures.csv",
        )
