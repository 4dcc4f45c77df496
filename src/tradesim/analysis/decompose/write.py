"""The folder of ``tradesim decompose``: table, page, config and manifest."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tradesim.analysis.decompose.request import ORDER_SEED, read
from tradesim.analysis.decompose.run import Found, carry_out, table
from tradesim.folder import ResultFolder
from tradesim.manifest import manifest
from tradesim.pairs import Simulate
from tradesim.runner import default_folder, engine, tree

#: Draws the page: title of the world, rows of the table, the manifest.
Page = Callable[[str, pd.DataFrame, Mapping[str, Any]], str]


def decompose(words: Sequence[str], page: Page, simulate: Simulate | None = None) -> Path:
    """Carry out what ``words`` ask for and write it; returns the folder.

    Raises :class:`InputError` for what cannot be asked, and nothing is written then, nor when a
    world fails or after Ctrl-C: without one of its worlds a change cannot be shared out.
    """
    request, started = read(words), time.monotonic()
    place = request.job.out or default_folder("decompose")
    with contextlib.ExitStack() as stack:
        folder = ResultFolder(place)
        stack.callback(folder.discard)
        found = carry_out(request, simulate)
        said = _write(found, folder.work, page, started)
        return folder.publish(said)


def _write(found: Found, folder: Path, page: Page, started: float) -> dict[str, Any]:
    rows = table(found)
    text = rows.to_csv(index=False)  # all digits: contributions in the file sum to the change
    (folder / "contributions.csv").write_text(text, encoding="utf-8")
    settings = tree(found.request.job) | {"decompose": dict(found.request.words)}
    config = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    said = _manifest(found, text, time.monotonic() - started)
    drawn = page(found.request.job.scenario.title, rows, said)
    (folder / "report.html").write_text(drawn, encoding="utf-8")
    return said


def _manifest(found: Found, text: str, wall_s: float) -> dict[str, Any]:
    request = found.request
    job = request.job
    worlds = [job.scenario, *([job.compare] if job.compare else [])]
    said = manifest(
        "complete", result_hash=hashlib.sha256(text.encode()).hexdigest(),
        scenario=job.scenario.name, compare=job.compare.name if job.compare else None,
        seeds=job.seeds, engine=engine(job), worlds=worlds, wall_s=wall_s,
    )  # fmt: skip
    orders = request.orders
    return said | {
        "kind": "decompose",
        **{key: request.words[key] for key in ("metric", "economy", "good", "end_use")},
        "groups": {name: list(members) for name, members in request.groups.items()},
        "method": "all subsets" if orders is None else "drawn orders",
        "permutations": None if orders is None else len(orders),
        "order_seed": None if orders is None else ORDER_SEED,
        "worlds": len(request.masks),
        "sum_error": found.sum_error,
    }
