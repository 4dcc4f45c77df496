"""Build the view of one government: exact about itself, as good as its information about others."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from tradesim import axes, rng
from tradesim.states import utility
from tradesim.states.utility import Preferences
from tradesim.states.view import Own, Rival, View
from tradesim.world.types import Floats

if TYPE_CHECKING:
    from tradesim.states.council import Council, Sitting

#: Age of foreign figures without any information, weeks, and their error (sd of ln).
OLDEST_WEEKS, LARGEST_ERROR = 8, 0.5
#: Weights that outsiders ascribe to a government whose own they cannot know.
ASCRIBED = Preferences()


class Observer:
    """Keeps the last weeks of public figures, since old ones are all that some governments have."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._weeks: list[float] = []
        self._prices: list[Floats] = []
        self._pains: list[dict[str, float]] = []

    def note(self, council: Council, now: Sitting) -> None:
        """Remember the public figures of a sitting, once."""
        if self._weeks and self._weeks[-1] == now.week:
            return
        self._weeks.append(now.week)
        self._prices.append(now.price_ratio)
        pains = {code: seat.public_pain_usd_per_week for code, seat in council.seats.items()}
        self._pains.append(pains)
        for kept in (self._weeks, self._prices, self._pains):
            del kept[: max(0, len(kept) - 4 * OLDEST_WEEKS - 1)]

    def view(self, council: Council, code: str, now: Sitting, draw: float) -> View:
        """What a government sees at a sitting; ``draw`` is its own uniform draw."""
        self.note(council, now)
        seat = council.seats[code]
        quality = seat.government.information
        row = self._row(now.week - (1.0 - quality) * OLDEST_WEEKS)
        prices = self._blurred(code, now.week, self._prices[row], quality)
        prices[axes.ECONOMY_INDEX[code]] = now.price_ratio[axes.ECONOMY_INDEX[code]]
        prices.setflags(write=False)
        rivals = {
            other: Rival(
                state=other,
                rung=council.rung(other, now.date),
                ladder=council.ladder(other, now.date),
                moves=tuple(council.seats[other].moves),
                pain_usd_per_week=self._estimate(code, other, now.week, row, quality),
                talks=council.tables.between(code, other).public(),
            )
            for other in council.seats
            if other != code
        }  # fmt: skip
        return View(
            date=now.date, week=now.week, own=_own(council, code, now, draw),
            rivals=MappingProxyType(rivals), watched=seat.government.watches[0],
            events=tuple(council.record), price_ratio=prices, called_again=False,
        )  # fmt: skip

    def _row(self, week: float) -> int:
        """The newest sitting that is at least as old as a week of the run, or the oldest kept."""
        return max(0, int(np.searchsorted(self._weeks, week + 1e-9, side="right")) - 1)

    def _blurred(self, code: str, week: float, prices: Floats, quality: float) -> Floats:
        """Prices as a government with information ``quality`` 0-1 takes them to be."""
        spread = (1.0 - quality) * LARGEST_ERROR
        if spread == 0.0:
            return prices.copy()
        ids = np.arange(prices.size, dtype=np.uint64).reshape(prices.shape)
        error = rng.normals(self.seed, f"prices seen by {code}", ids, int(4 * week))
        return np.asarray(prices * np.exp(spread * error), np.float64)

    def _estimate(self, code: str, other: str, week: float, row: int, quality: float) -> float:
        """What outsiders take a rival's losses for, USD a week."""
        spread = (1.0 - quality) * LARGEST_ERROR
        error = rng.normals(
            self.seed, f"losses seen by {code}", rng.stable_id(other), int(4 * week)
        )
        return float(self._pains[row].get(other, 0.0) * np.exp(spread * float(error)))


def _own(council: Council, code: str, now: Sitting, draw: float) -> Own:
    """A government's private figures."""
    seat, place = council.seats[code], axes.ECONOMY_INDEX[code]
    weights = seat.government.preferences
    threat = now.threat_usd[place] + weights.downstream_multiple * now.alarm_usd[place]
    figures = dict(zip(utility.TERMS, seat.last_terms.tolist(), strict=True))
    return Own(
        state=code, rung=council.rung(code, now.date), ladder=council.ladder(code, now.date),
        moves=tuple(seat.moves), pain_usd_per_week=seat.pain_usd_per_week,
        threat_usd_per_week=float(threat),
        pain_threshold_usd_per_week=seat.character.pain_usd_per_week,
        resolve=seat.character.resolve, luck=draw, figures_usd=MappingProxyType(figures),
        decision_weeks=seat.government.decision_weeks,
    )  # fmt: skip
