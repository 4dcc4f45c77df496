"""Several results read as one, so that their scenarios can stand in one chart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tradesim.errors import InputError
from tradesim.report.reading import Readable

#: What must be equal for runs to be drawn on the same dates.
_CALENDAR = ("start", "weeks")


class LineUp:
    """Results side by side: the first one's scenario and comparison, then the others' scenarios.

    A comparison world that an earlier result holds is not taken twice. A scenario whose name is
    taken gets a number (``april_2025 (2)``). Raises :class:`InputError` when the results were run
    with different seeds or over different weeks: runs would not be paired.
    """

    def __init__(self, results: Sequence[Readable]) -> None:
        self._results = list(results)
        _refuse_unequal("seeds", [str(list(r.manifest["seeds"])) for r in results])
        for key in _CALENDAR:
            _refuse_unequal(key, [str(r.config.get(key)) for r in results])
        self._names = _labels([str(r.manifest["scenario"]) for r in results])

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest of the first result."""
        return self._results[0].manifest

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the first result."""
        return self._results[0].config

    @property
    def difference(self) -> Mapping[str, Any]:
        """The difference of the first result from its comparison."""
        return self._results[0].difference

    @property
    def summary(self) -> pd.DataFrame:
        """The summary of the first result."""
        return self._results[0].summary

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of the first result."""
        return self._results[0].tables

    def sql(self, query: str) -> pd.DataFrame:
        """The answers of all results below each other (columns and units of the query).

        ``query`` must begin with SELECT.
        """
        seen: set[str] = set()
        frames = []
        for result, name in zip(self._results, self._names, strict=True):
            frame = result.sql(_renamed(query, result, name))
            if "scenario" in frame.columns:
                frame = frame[~frame["scenario"].astype(str).isin(seen)]
            seen |= {name, str(result.manifest.get("compare"))}
            frames.append(frame.astype(dict.fromkeys(frame.select_dtypes("category"), "object")))
        return pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)


def _renamed(query: str, result: Readable, name: str) -> str:
    """The query over tables in which the result's scenario is called ``name``."""
    own = str(result.manifest["scenario"])
    if own == name:
        return query
    label = f"CASE WHEN scenario = '{own}' THEN '{name}' ELSE scenario::TEXT END AS scenario"
    asked = [table for table in result.tables if re.search(rf"\b{table}\b", query)]
    parts = [f"{table} AS (SELECT * REPLACE ({label}) FROM {table})" for table in asked]
    return f"WITH {', '.join(parts)} {query}"


def _labels(names: Sequence[str]) -> list[str]:
    out: list[str] = []
    for i, name in enumerate(names):
        earlier = list(names[:i]).count(name)
        out.append(f"{name} ({earlier + 1})" if earlier else name)
    return out


def _refuse_unequal(key: str, values: Sequence[str]) -> None:
    if len(set(values)) > 1:
        raise InputError(
            f"these results were run with different {key}",
            where="; ".join(values),
            allowed=f"the same {key} in every result, so that runs are paired",
            remedy=f"run them again with the same {key}=",
        )
