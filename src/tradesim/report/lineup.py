"""Several results read as one, so that their scenarios can stand in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tradesim.errors import InputError
from tradesim.report.reading import Readable


class LineUp:
    """Results side by side: the first one's scenario and comparison, then the others' scenarios.

    A world that an earlier result already holds is not taken twice. All results must have been
    run with the same seeds, so that runs stay paired.
    """

    def __init__(self, results: Sequence[Readable]) -> None:
        self._results = list(results)
        seeds = [tuple(r.manifest["seeds"]) for r in results]
        if len(set(seeds)) > 1:
            raise InputError(
                "these results were run with different seeds",
                where="; ".join(f"{r.manifest['scenario']}: {len(s)} seeds"
                                for r, s in zip(results, seeds, strict=True)),
                allowed="the same seeds in every result, so that runs are paired",
                remedy="run them again with the same seeds=",
            )  # fmt: skip

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
        """The answers of all results below each other (columns and units of the query)."""
        seen: set[str] = set()
        frames = []
        for result in self._results:
            frame = result.sql(query)
            if "scenario" in frame.columns:
                names = frame["scenario"].astype(str)
                frame = frame[~names.isin(seen)]
            seen |= _worlds(result)
            frames.append(frame.astype(dict.fromkeys(frame.select_dtypes("category"), "object")))
        return pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)


def _worlds(result: Readable) -> set[str]:
    compare = result.manifest.get("compare")
    return {str(result.manifest["scenario"])} | ({str(compare)} if compare else set())
