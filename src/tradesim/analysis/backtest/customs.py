"""What customs statistics add to the flows of the model: the calendar, and lots as they fall.

The model has weeks without holidays; customs statistics have a hole after every Spring Festival
and a hump before it. What is compared with a month of customs is therefore the model's month times
a factor of the calendar. The factor is the same in every scenario and moves tonnes between months
only: none is made or lost. A month's figure also scatters around the flow, because ships and
declarations fall on one side or the other of a month's end; the scatter is drawn for every seed,
series and month, so that a band says where a *recorded* figure may lie (decision 0031).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import pandas as pd

from tradesim import rng

#: First day of the lunar year (public calendar).
NEW_YEAR = (
    dt.date(2008, 2, 7), dt.date(2009, 1, 26), dt.date(2010, 2, 14), dt.date(2011, 2, 3),
    dt.date(2012, 1, 23), dt.date(2013, 2, 10), dt.date(2014, 1, 31), dt.date(2015, 2, 19),
    dt.date(2016, 2, 8), dt.date(2017, 1, 28), dt.date(2018, 2, 16), dt.date(2019, 2, 5),
    dt.date(2020, 1, 25), dt.date(2021, 2, 12), dt.date(2022, 2, 1), dt.date(2023, 1, 22),
    dt.date(2024, 2, 10), dt.date(2025, 1, 29), dt.date(2026, 2, 17), dt.date(2027, 2, 6),
)  # fmt: skip
#: Days before the first day on which shipping slackens, and days in all until it is back
#: (assumption: the official week and the return of migrant workers).
SLACK_BEFORE_DAYS, SLACK_DAYS = 2, 20
#: Days before the slack in which what will be missing is shipped (assumption: six weeks).
HASTE_DAYS = 42
#: Share of a day's shipments missing in the slack. From two months of total magnet exports before
#: the controls: February 2024 (3,326 t against 4,763 t in the months around it) gives 0.38,
#: February 2025 (3,590 t against a first quarter of 15,270 t) gives 0.45.
SLACK_DEPTH = 0.4
#: Log standard deviation of a recorded month around the flow: of total magnet exports, the scatter
#: of the eleven recorded months from February 2024 to March 2025 around the model.
SCATTER_TOTAL = 0.06
#: The same for one destination, and for oxides shipped in few lots a month (assumptions).
SCATTER_DESTINATION, SCATTER_LOTS = 0.08, 0.25


@lru_cache(maxsize=1)
def _daily() -> tuple[dt.date, np.ndarray]:
    """First day, and weight of every day from then on (mean 1 over haste and slack)."""
    first, last = dt.date(2008, 1, 1), dt.date(2027, 12, 31)
    weight = np.ones((last - first).days + 1)
    for day in NEW_YEAR:
        start = (day - first).days - SLACK_BEFORE_DAYS
        weight[start : start + SLACK_DAYS] -= SLACK_DEPTH
        weight[max(start - HASTE_DAYS, 0) : start] += SLACK_DEPTH * SLACK_DAYS / HASTE_DAYS
    return first, weight


def factor(begins: dt.date, ends: dt.date) -> float:
    """Shipments of the period from ``begins`` up to, not with, ``ends`` over those without it."""
    first, weight = _daily()
    return float(weight[(begins - first).days : (ends - first).days].mean())


def as_recorded(flows: pd.DataFrame, series: str, scatter: float) -> pd.DataFrame:
    """Flows [seeds x months ``YYYY-MM``] as customs would record them: calendar and scatter.

    ``scatter`` is a log standard deviation; the draws depend on seed, series and month alone.
    """
    months = [pd.Period(month, "M") for month in flows.columns]
    share = [factor(m.start_time.date(), (m + 1).start_time.date()) for m in months]
    number = np.array([m.ordinal for m in months])
    stream = rng.stable_id(series)
    drawn = [rng.lognormals(int(seed), "customs", stream, scatter, number) for seed in flows.index]
    return flows * np.array(share) * np.array(drawn)
