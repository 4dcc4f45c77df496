"""How a block is written: a heading, a finding, a small table with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from tradesim.report.finding import quantity
from tradesim.report.reading import Reading


def pages_of(reading: Reading, *classes: str) -> dict[str, Mapping[str, Any]]:
    """The scenario's policy pages by name whose class is called one of ``classes``."""
    pages = reading.setting("policies") or {}
    return {
        str(name): page
        for name, page in pages.items()
        if str(page.get("_target_", "")).rpartition(".")[2] in classes
        and float(page.get("strength", 1.0)) > 0.0
    }


def interval(values: Sequence[float] | np.ndarray, scale: float = 1.0) -> str:
    """Median and p10-p90 over the seeds as ``5.1 [4.0–6.2]``; an en dash where there is none."""
    kept = np.asarray(values, np.float64)
    found = quantity(kept[np.isfinite(kept)], scale)
    if not found.n:
        return "–"
    return found.middle if found.n == 1 else f"{found.middle} [{found.span}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table: the first column holds labels, the others numbers with their interval."""
    top = "".join(
        f"<th scope='col'{' class=n' if i else ''}>{escape(name)}</th>"
        for i, name in enumerate(head)
    )
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>"
        + "".join(f"<td class='n'>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class='wide'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def block(title: str, finding: str, *parts: str) -> str:
    """A block of the page: heading, the finding as a paragraph, then HTML parts."""
    return f"<h3>{escape(title)}</h3><p>{escape(finding)}</p>{''.join(parts)}"
