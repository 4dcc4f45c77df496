"""What the tables tell of a period's end is what was there when the period ended."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tradesim.market.state import MarketState
from tradesim.model import TradeModel
from tradesim.world import World
from worlds import named

#: September 2025 begins on a Monday, so a weekly run of the library has a step that ends there.
MONDAY = dt.date(2025, 9, 1)


def stock(world: World, state: MarketState) -> float:
    """All private stocks, t."""
    held = state.stock.copy()
    held[world.reserve_slots] = 0.0
    return float(held.sum())


def pending(state: MarketState) -> float:
    """All applications that wait, t."""
    return sum(float(book.pending().sum()) for book in state.books.values())


def told(tables: dict[str, pd.DataFrame], name: str, column: str) -> pd.Series[float]:
    return tables[name].groupby("date")[column].sum()


@pytest.mark.parametrize(
    ("record", "step_weeks", "steps"), [("full", 1.0, 24), ("full", 2.0, 12), ("monthly", 1.0, 44)]
)
def test_a_period_closes_with_the_step_that_completes_it(
    record: str, step_weeks: float, steps: int
) -> None:
    """Stocks and pending applications at the end of each step, and of every month, day by day."""
    model = TradeModel(named("april_2025", weeks=44, step_weeks=step_weeks), 0, record)
    at_end: dict[dt.date, tuple[float, float]] = {}
    for _ in range(steps):
        date = model.today.date
        model.step()
        key = date if record == "full" else date.replace(day=1)
        at_end[key] = (stock(model.world, model.state), pending(model.state))
    tables = {name: table.to_pandas() for name, table in model.recorder.tables().items()}
    model.close()
    assert record == "full" or MONDAY in at_end
    stocks = told(tables, "markets", "stock_t")
    np.testing.assert_allclose(stocks, [at_end[date][0] for date in stocks.index], rtol=1e-12)
    waiting = told(tables, "licences", "pending_t")
    assert waiting.max() > 0.0
    np.testing.assert_allclose(waiting, [at_end[date][1] for date in waiting.index], atol=1e-9)


def test_a_step_over_two_months_counts_with_its_days() -> None:
    """Every month has its days but the first and the last; nothing is counted twice."""
    model = TradeModel(named("april_2025", weeks=20), 0)
    received = 0.0
    for _ in range(20):
        model.step()
        received += float(model.state.received[model.world.private].sum())
    markets = model.recorder.tables()["markets"].to_pandas()
    assert markets["deliveries_t"].sum() == pytest.approx(received, rel=1e-12)
    assert markets["date"].nunique() == 5
    model.close()
