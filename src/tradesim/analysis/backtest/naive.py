"""Naive baselines: what a forecaster without a model would have said.

Three of them, each with the information it had:

``last_value_origin``
    The last value that was known on the day before the control came into force, for every later
    period: a forecast of several steps from one origin. It asks what the model asks.
``last_value_one_step``
    The last recorded period before the one that is forecast. It learns every period anew, which
    the model does not: the harder opponent once the shock is there.
``same_period_last_year``
    The same month (quarter) of the year before. Where only a span was recorded, what the recorded
    periods leave of it, spread evenly.
Spread: the errors the same rule made before, as log ratios in both directions so that the median
of logs stays the rule's own value (dressing, Broecker and Smith 2008, Tellus A 60(4)). With fewer
than ``LEAST_ERRORS`` of them, or with values of zero, the baseline is a point and its CRPS the
absolute error; scores say so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradesim.analysis.backtest import periods, records
from tradesim.analysis.backtest.periods import Window
from tradesim.analysis.backtest.records import Record

Floats = NDArray[np.float64]
BASELINES: tuple[str, ...] = (
    "last_value_origin", "last_value_one_step", "same_period_last_year",
)  # fmt: skip
#: Past errors below which a spread would be a guess (assumption).
LEAST_ERRORS = 5


@dataclass(frozen=True)
class Forecast:
    """A baseline's word on one period: its value, its members and how they came about.

    ``members`` are in the unit of the series; one member means a point. ``errors`` counts the past
    errors behind the spread, ``basis`` names the period that the value comes from.
    """

    value: float
    members: Floats
    errors: int
    basis: str


@dataclass(frozen=True)
class History:
    """What is recorded of one series: values and last days by base period, gaps filled or not."""

    window: Window
    values: Mapping[str, float]
    known_on: Mapping[str, dt.date]
    filled: Mapping[str, float]

    @classmethod
    def of(cls, found: Sequence[Record], window: Window) -> History:
        """From the records of one series; "at least" is no value."""
        base = [r for r in found
                if records.scored(r) and periods.is_base(r.period, window.freq)]  # fmt: skip
        return cls(
            window, {r.period: r.value for r in base}, {r.period: r.known_on for r in base},
            records.completed([r for r in found if records.scored(r)], window),
        )  # fmt: skip

    def before(self, day: dt.date) -> list[str]:
        """Periods whose value was known before a day, in order of time."""
        return sorted(p for p, known in self.known_on.items() if known < day)

    def pairs(self, lag: int, day: dt.date) -> list[tuple[float, float]]:
        """Values ``lag`` periods apart of which both were known before a day."""
        known = set(self.before(day))
        told = [(periods.shifted(p, self.window.freq, -lag), p) for p in sorted(known)]
        return [(self.values[a], self.values[b]) for a, b in told if a in known]


def forecasts(found: Sequence[Record], window: Window) -> dict[tuple[str, str], Forecast]:
    """Baselines of one series by (period, baseline), where the records allow one.

    ``found`` are the records of one series. Only recorded base periods are forecast.
    """
    history = History.of(found, window)
    rules: dict[str, Callable[[History, str], Forecast | None]] = {
        "last_value_origin": last_value_origin,
        "last_value_one_step": last_value_one_step,
        "same_period_last_year": same_period_last_year,
    }
    out: dict[tuple[str, str], Forecast] = {}
    for period in sorted(history.values):
        for name in BASELINES:
            told = rules[name](history, period)
            if told is not None:
                out[period, name] = told
    return out


def last_value_origin(history: History, period: str) -> Forecast | None:
    """The last value known before the control, for a period that was not known then."""
    origin = history.window.control
    known = history.before(origin)
    if not known or history.known_on[period] < origin or periods.span(period)[1] < origin:
        return None
    return _from(history, known[-1], period, origin)


def last_value_one_step(history: History, period: str) -> Forecast | None:
    """The last recorded period before ``period``."""
    begins = periods.span(period)[0]
    known = history.before(begins)
    return _from(history, known[-1], period, begins) if known else None


def same_period_last_year(history: History, period: str) -> Forecast | None:
    """The same period of the year before, recorded or left over from a span."""
    freq, lag = history.window.freq, history.window.per_year
    basis = periods.shifted(period, freq, -lag)
    if basis not in history.filled:
        return None
    value = history.filled[basis]
    # its value was known at the origin, so its spread may know no more
    day = min(periods.span(period)[0], history.window.control)
    spread = dressed(value, history.pairs(lag, day))
    mark = "" if basis in history.values else " (left over from a span)"
    return Forecast(value, spread, _errors(spread), basis + mark)


def dressed(value: float, pairs: Sequence[tuple[float, float]]) -> Floats:
    """``value`` times the ratios of past pairs (earlier, later) and their inverses.

    A point where there are fewer than ``LEAST_ERRORS`` pairs or where a value is zero.
    """
    ratios = np.array([b / a for a, b in pairs if a > 0.0 and b > 0.0])
    if len(ratios) < max(LEAST_ERRORS, len(pairs)) or value <= 0.0:
        return np.array([value])
    return np.sort(value * np.concatenate([ratios, 1.0 / ratios]))


def _from(history: History, basis: str, period: str, day: dt.date) -> Forecast:
    value = history.values[basis]
    lag = max(periods.steps(basis, period, history.window.freq), 1)
    spread = dressed(value, history.pairs(lag, day))
    return Forecast(value, spread, _errors(spread), basis)


def _errors(members: Floats) -> int:
    return len(members) // 2 if len(members) > 1 else 0
