"""How a block is written: a heading, a finding, small tables of medians with p10–p90.

Every block of the section draws on these helpers alone, so that a number looks the same wherever
it stands: ``12.3 [11.0–14.1]``, the median over the runs and in brackets p10–p90.
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
#: Most decimals of a quantity that the model yields, and of a term of exact arithmetic.
FINE, FINEST = 2, 6
#: Width of the page, of a character and of the space between columns, px: a table that would be
#: wider writes its intervals below their medians.
_PAGE, _CHARACTER, _GAP = 1100, 9.0, 30
#: Words up to this length are not broken into lines.
_SHORT = 24


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
    """One value: at most three significant figures, grouped by thousands, no idle zeros.

    ``plus`` shows the sign of a gain. Zero has no sign; a number that does not exist is a dash.
    """
    text = _written(value, _decimals(value, FINEST), plus)
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantiles(
    low: float, middle: float, high: float, plus: bool = False, finest: int = FINE
) -> str:
    """``5.10 [4.00–6.20]`` from p10, p50 and p90; the median alone where all agree.

    The three have as many decimals as the largest needs for three significant figures, and no more
    than ``finest``; what rounds to nothing but is not is ``≈ 0``. Next to a minus a dash would be
    read twice, so then it says ``to``.
    """
    if not math.isfinite(middle):
        return NONE
    if low == middle == high == 0:
        return "0"
    decimals = _decimals(max(abs(low), abs(middle), abs(high)), finest)
    texts = [_written(value, decimals, plus) for value in (low, middle, high)]
    if set(texts) == {"0"}:
        return "≈ 0"
    if low == middle == high:
        return texts[1]
    word = " to " if plus or low < 0 else "–"
    return f"{texts[1]} [{texts[0]}{word}{texts[2]}]"


def interval(values: ArrayLike, scale: float = 1.0, plus: bool = False, finest: int = FINE) -> str:
    """Median and p10–p90 of one number for each run [runs], times ``scale``; nan: did not happen.

    A single run has no interval.
    """
    runs = scale * np.asarray(values, np.float64)
    known = runs[np.isfinite(runs)]
    if not known.size:
        return NONE
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9)).tolist()
    return quantiles(low, middle, high, plus, finest)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS - 1}e}")


def _decimals(value: float, most: int) -> int:
    """Decimals that give a value three significant figures, at most ``most``."""
    if not math.isfinite(value) or value == 0:
        return 0
    size = math.floor(math.log10(abs(_rounded(value))))
    return min(max(DIGITS - 1 - size, 0), most)


def _written(value: float, decimals: int, plus: bool) -> str:
    if not math.isfinite(value):
        return NONE
    text = f"{abs(_rounded(value)):,.{decimals}f}"
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
    tall = _width(rows, words) > _PAGE
    told = _rows(head, first, words, tall)
    if not rest:
        return told
    more = f"{len(rest)} more row{'' if len(rest) == 1 else 's'}"
    return f"{told}{folded(more, _rows(head, rest, words, tall))}"


def _width(rows: Sequence[Sequence[str]], words: int) -> float:
    """Rough width of a table whose intervals stand beside their medians, px."""
    longest = [max(map(len, column)) for column in zip(*rows, strict=True)]
    told = [min(count, _SHORT) for count in longest[:words]]
    return sum(told + longest[words:]) * _CHARACTER + _GAP * len(longest)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], words: int, tall: bool) -> str:
    top = "".join(
        f"<th scope='col'{' class=n' if i >= words else ''}>{escape(_bound(name))}</th>"
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


def _bound(name: str) -> str:
    """A heading whose short unit does not fall on a line of its own."""
    before, comma, unit = name.rpartition(", ")
    return f"{before},\u00a0{unit}" if comma and len(unit) <= 4 else name


def _cell(text: str, is_number: bool, tall: bool) -> str:
    if not is_number:
        kind = " class='k'" if len(text) <= _SHORT else ""
        return f"<td{kind}>{escape(text)}</td>"
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
