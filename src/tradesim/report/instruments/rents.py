"""Who holds the rents: duties and export taxes, port fees and the permits of quotas, by economy."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from tradesim.report import labels
from tradesim.report.instruments import layout
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
            layout.interval(part[column], 1e-6) for column in COLUMNS
        )]
        for state in shown.index
        for part in [received[received["state"].astype(str) == str(state)]]
    ]  # fmt: skip
    head = ["Economy", *(f"{name}, million USD" for name in COLUMNS.values())]
    aside = (
        "Sums over the run. Rents of permits are part of what exporters, importers or the treasury "
        f"receive, not on top of it; auctioned permits stand in both columns. {_holders(reading)}"
    )
    return layout.block(
        "Who holds the rents", _finding(sums), layout.table(head, rows, shown=6), layout.note(aside)
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
    if not layout.pages_of(reading, *INSTRUMENTS) and not found["rents_usd"].any():
        return None
    return found


def _finding(sums: pd.DataFrame) -> str:
    """The largest receiver of each kind of rent, in a sentence."""
    parts = []
    for column, name in COLUMNS.items():
        largest = sums[column].astype(float)
        if largest.max() > 0:
            who = labels.economy(str(largest.idxmax()))
            share = largest.max() / largest[largest > 0].sum()
            parts.append(
                f"{name[:1].lower()}{name[1:]}: {share:.0%} of "
                f"{layout.number(largest.sum() / 1e6)} million USD go to {who}"
            )
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."


def _holders(reading: Reading) -> str:
    """Who is given the permits of each quota."""
    told = [
        f"{reading.policy_title(name)}: permits are given to "
        f"{_HOLDERS[str(page.get('holder', 'exporter'))]}."
        for name, page in layout.pages_of(reading, "ExportQuota").items()
    ]
    return " ".join(told)
