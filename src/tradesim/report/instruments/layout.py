"""How a block is written: a heading, a finding, small tables of medians with p10–p90.

Every block of the section draws on these helpers alone, so that a number looks the same wherever
it stands: ``12.3 [11.0–14.1]``, the median over the runs and in brackets p10 to p90.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradesim.report.reading import Reading

DIGITS = 3
#: What is shown where a number does not exist.
NONE = "–"
#: From so many columns of numbers on, an interval stands below its median.
WIDE = 5
_MOST_DECIMALS = 6


def pages_of(reading: Reading, *classes: str) -> dict[str, Mapping[str, Any]]:
    """The scenario's policies with any strength whose class is called one of ``classes``."""
    return of_classes(reading.setting("policies"), *classes)


def of_classes(policies: Any, *classes: str) -> dict[str, Mapping[str, Any]]:
    """Pages by name among resolved ``policies`` (a mapping, or nothing) of some classes."""
    if not isinstance(policies, Mapping):
        return {}
    return {
        str(name): page
        for name, page in policies.items()
        if isinstance(page, Mapping)
        and str(page.get("_target_", "")).rpartition(".")[2] in classes
        and float(page.get("strength", 1.0)) > 0.0
    }


def number(value: float, plus: bool = False) -> str:
    """At most three significant figures, grouped by thousands; ``plus`` shows the sign of a gain.

    Zero has no sign, and a number that does not exist is an en dash.
    """
    return _written(value, _decimals(value), plus)


def quantiles(low: float, middle: float, high: float, plus: bool = False) -> str:
    """``5.10 [4.00–6.20]`` from p10, p50 and p90; the median alone where all agree.

    The three have as many decimals as the largest needs for three significant figures. Next to a
    minus a dash would be read twice, so then it says ``to``.
    """
    if not math.isfinite(middle):
        return NONE
    if low == middle == high:
        return number(middle, plus)
    decimals = _decimals(max(abs(low), abs(middle), abs(high)))
    texts = [_written(value, decimals, plus) for value in (low, middle, high)]
    word = " to " if plus or low < 0 else "–"
    return f"{texts[1]} [{texts[0]}{word}{texts[2]}]"


def interval(values: ArrayLike, scale: float = 1.0, plus: bool = False) -> str:
    """Median and p10–p90 of one number for each run [runs], times ``scale``; nan: did not happen.

    A single run has no interval.
    """
    runs = scale * np.asarray(values, np.float64)
    known = runs[np.isfinite(runs)]
    if not known.size:
        return NONE
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9)).tolist()
    return quantiles(low, middle, high, plus)


def _decimals(value: float) -> int:
    """Decimals that give a value three significant figures."""
    if not math.isfinite(value) or value == 0:
        return 0
    size = math.floor(math.log10(abs(float(f"{value:.{DIGITS - 1}e}"))))
    return min(max(DIGITS - 1 - size, 0), _MOST_DECIMALS)


def _written(value: float, decimals: int, plus: bool) -> str:
    if not math.isfinite(value):
        return NONE
    rounded = float(f"{value:.{DIGITS - 1}e}")
    text = f"{abs(rounded):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return "0"
    return ("−" if value < 0 else "+" if plus else "") + text


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1, shown: int | None = None
) -> str:
    """An HTML table, '' without rows: the first ``words`` columns are text, the others numbers.

    Rows after the first ``shown`` are folded away.
    """
    if not rows:
        return ""
    first, rest = rows[:shown], rows[len(rows) if shown is None else shown :]
    tall = len(head) - words >= WIDE
    told = _rows(head, first, words, tall)
    if not rest:
        return told
    more = f"{len(rest)} more row{'' if len(rest) == 1 else 's'}"
    return f"{told}{folded(more, _rows(head, rest, words, tall))}"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], words: int, tall: bool) -> str:
    top = "".join(
        f"<th scope='col'{' class=n' if i >= words else ''}>{escape(name)}</th>"
        for i, name in enumerate(head)
    )
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>"
        + "".join(_cell(cell, i >= words, tall) for i, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        "<div class='wide'><table class='small'>"
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(text: str, is_number: bool, tall: bool) -> str:
    if not is_number:
        return f"<td>{escape(text)}</td>"
    return f"<td class='n'>{escape(text).replace(' [', '<br>[' if tall else ' [')}</td>"


def folded(summary: str, html: str) -> str:
    """``html`` behind a line to click on."""
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"


def note(text: str) -> str:
    """What a reader must know of the numbers above; plain text."""
    return f"<p class='aside'>{escape(text)}</p>"


def block(title: str, finding: str, *parts: str) -> str:
    """A block of the page: heading, the finding as a paragraph, then HTML parts."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    told = f"<p class='told'>{escape(finding)}</p>" if finding else ""
    return f"<h3 id='instrument-{slug}'>{escape(title)}</h3>{told}{''.join(parts)}"
