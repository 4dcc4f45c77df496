"""Who holds the rents: duties and export taxes, port fees and the permits of quotas, by economy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from tradesim.report import labels
from tradesim.report.reading import Reading

#: Classes of policies that open a gap between what buyers pay and what sellers get.
INSTRUMENTS = ("Tariff", "ExportTax", "ExportQuota", "PortFee")
#: Columns of ``states`` that the block shows, with their headings.
COLUMNS: Mapping[str, str] = {
    "tariff_revenue_usd": "Duties, export taxes, auctions",
    "fees_usd": "Port and other fees",
    "rents_usd": "Rent of permits",
}
_HOLDERS = {
    "exporter": "its exporters", "importer": "the importers", "treasury": "its treasury",
}  # fmt: skip


def block(reading: Reading) -> str:
    """HTML of who received what, million USD over the run by economy; '' without such policies."""
    received = _received(reading)
    if received is None:
        return ""
    sums = received.groupby("state", observed=True)[list(COLUMNS)].median()
    shown = sums[sums.abs().sum(axis=1) > 0].sum(axis=1).sort_values(ascending=False)
    if len(shown) == 0:
        return ""
    rows = [
        [labels.economy(str(state)), *(
            spread(part[column].to_numpy(float) / 1e6) for column in COLUMNS
        )]
        for state in shown.index
        for part in [received[received["state"].astype(str) == str(state)]]
    ]  # fmt: skip
    return (
        "<h3>Who holds the rents</h3>"
        f"<p>{_finding(reading, sums)}</p>"
        f"{table(['Economy', *(f'{name}, USD m' for name in COLUMNS.values())], rows)}"
        f"<p class='note'>Sums over the run, median and {reading.runs_text}. Rents of permits are "
        "part of what exporters, importers or the treasury receive, not on top of it; auctioned "
        f"permits stand in both columns. {_holders(reading)}</p>"
    )


def pages(reading: Reading, classes: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The scenario's policies of some classes of the package, by name."""
    found = reading.setting("policies")
    targets = {f"tradesim.policies.{name}" for name in classes}
    return {
        str(name): page
        for name, page in (found.items() if isinstance(found, Mapping) else ())
        if page.get("_target_") in targets
    }


def spread(values: np.ndarray) -> str:
    """Median and tenth to ninetieth percentile, ``12.3 (11.0–14.1)``; one number alone."""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    if len(values) < 2 or not (middle or high):
        return f"{middle:,.4g}"
    return f"{middle:,.4g} ({low:,.4g}–{high:,.4g})"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table whose first column is a label and whose other columns are numbers."""
    head = "".join(
        f"<th scope='col'{' class=n' if i else ''}>{escape(name)}</th>"
        for i, name in enumerate(heads)
    )
    body = "".join(
        f"<tr><td class='k'>{escape(row[0])}</td>"
        + "".join(f"<td class='n'>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _received(reading: Reading) -> pd.DataFrame | None:
    """USD by seed and state over the run; None where no instrument of this kind is at work."""
    if "states" not in reading.results.tables:
        return None
    sums = ", ".join(f"sum({column}) AS {column}" for column in COLUMNS)
    found = reading.query(
        f"SELECT seed, state, {sums} FROM states "
        f"WHERE scenario = {labels.sql_list([reading.main])} GROUP BY ALL"
    )
    if not pages(reading, INSTRUMENTS) and not found["rents_usd"].any():
        return None
    return found


def _finding(reading: Reading, sums: pd.DataFrame) -> str:
    """The largest receiver of each kind of rent, in a sentence."""
    parts = []
    for column, name in COLUMNS.items():
        largest = sums[column].astype(float)
        if largest.max() > 0:
            who = labels.economy(str(largest.idxmax()))
            share = largest.max() / largest[largest > 0].sum()
            parts.append(
                f"{name.lower()} go to {who} ({share:.0%} of USD {largest.sum() / 1e6:,.4g} m)"
            )
    text = labels.joined(parts)
    return escape(text[:1].upper() + text[1:] + ".")


def _holders(reading: Reading) -> str:
    """Who is given the permits of each quota."""
    told = [
        f"{reading.policy_title(name)}: permits are given to "
        f"{_HOLDERS[str(page.get('holder', 'exporter'))]}."
        for name, page in pages(reading, ("ExportQuota",)).items()
    ]
    return escape(" ".join(told))
