"""A council without a market: governments play on given losses, so that sequences are exact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradesim import axes, policies
from tradesim.parameters import TalksParameters
from tradesim.states import packages, talks
from tradesim.states.council import Council, Seat, Sitting
from tradesim.states.government import Character, Government
from tradesim.strategies import Strategy

START = dt.date(2025, 1, 6)
#: A rung of either side is a chip control or a port fee of no consequence here.
LADDERS = {
    "USA": ("usa_1", "usa_2", "usa_3"), "CHN": ("chn_1", "chn_2", "chn_3"), "MYS": ("mys_1",)
}  # fmt: skip
Told = tuple[int, str, str, str, str]


def fee(code: str) -> dict[str, Any]:
    """The page of a policy that can stand for any step."""
    return {
        "_target_": "tradesim.policies.Tariff", "title": "a step", "imposed_by": code,
        "announced": "2025-01-01", "effective": "2025-01-01", "rate": 0.1,
    }  # fmt: skip


class Room:
    """Two governments at a table; ``losses`` are what they feel, USD a week by state."""

    def __init__(
        self, minds: Mapping[str, Strategy], losses: Mapping[str, float] | None = None,
        private: Mapping[str, tuple[float, float]] | None = None, divergence: float = 0.0,
        notice_weeks: float = 2.0, seed: int = 0, **pages: Any,
    ) -> None:  # fmt: skip
        self.told: list[Told] = []
        self.losses = dict(losses or {})
        books = policies.load({n: fee(c) for c in minds for n in LADDERS[c]})
        bundles = packages.load(
            {
                n: {"title": n, "state": c, "policies": [n], "notice_weeks": notice_weeks}
                for c in minds for n in LADDERS[c]
            },
            books,
        )  # fmt: skip
        seats = {}
        for code, mind in minds.items():
            others = tuple(other for other in minds if other != code)
            page = {"strategy": {}, "watches": others, "ladder": LADDERS[code]} | pages
            resolve, threshold = (private or {}).get(code, (0.5, 1e12))
            seats[code] = Seat(Government(**page), mind, Character(resolve, threshold))
        table = talks.Tables(TalksParameters(divergence=divergence), seed)
        self.council = Council(seats, bundles, books, table, self._tell)

    def _tell(self, date: dt.date, *row: str) -> None:
        actor, action, _, target, detail, _ = row
        self.told.append(((date - START).days // 7, actor, action, target, detail))

    def play(self, weeks: int, first: int = 0) -> Room:
        """Sit once a week."""
        for week in range(first, first + weeks):
            for code, seat in self.council.seats.items():
                seat.pain_usd_per_week = self.losses.get(code, 0.0)
            self.council.sit(self.sitting(week), lambda code, courses: {})
        return self

    @staticmethod
    def sitting(week: float) -> Sitting:
        """A quiet market in a week."""
        nothing = np.zeros(len(axes.ECONOMIES))
        prices = np.ones((len(axes.ECONOMIES), len(axes.GOODS)))
        date = START + dt.timedelta(days=round(7 * week))
        return Sitting(date, float(week), prices, nothing, nothing)

    def moves(self, code: str) -> str:
        """Moves of a government as letters: E scalate, h old, R elax."""
        letters = {"escalate": "E", "hold": "h", "relax": "R"}
        return "".join(letters[move] for move in self.council.seats[code].moves)

    def events(self, *actions: str) -> list[Told]:
        """What was told, of some actions or all."""
        return [row for row in self.told if not actions or row[2] in actions]

    def rungs(self) -> dict[str, int]:
        """Rungs at the last sitting."""
        found = self.council.standings()
        return {code: int(found[axes.ECONOMY_INDEX[code]]) for code in self.council.seats}


def script(*moves: tuple[int, str, str]) -> list[dict[str, Any]]:
    """A script by week: (week, action, package or state)."""
    packaged = ("announce", "impose", "withdraw")
    return [
        {"date": START + dt.timedelta(days=7 * week), "action": action,
         ("package" if action in packaged else "to"): name}
        for week, action, name in moves
    ]  # fmt: skip


def names(rows: Sequence[Told]) -> list[tuple[int, str, str]]:
    """Week, actor and action of rows."""
    return [(week, actor, action) for week, actor, action, *_ in rows]
