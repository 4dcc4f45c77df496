"""Writes down when projects are due and when they start, so that paired worlds can be compared."""

from __future__ import annotations

import datetime as dt

import numpy as np

from tradesim import axes
from tradesim.market.capacity import project_rows
from tradesim.record.recorder import Recorder
from tradesim.world.types import Floats, World


class ProjectLog:
    """Events ``project_due`` (at first and whenever the date moves) and ``project_on_stream``.

    Actor is the project's economy, target its stage, detail its name; the reason holds its
    nameplate, t a year of the model's activity unit, and the date due if the rules stay.
    """

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._firms, self._recorder = world.firms, recorder
        self._rows = project_rows(world)
        self._due = world.firms.start_week[self._rows]
        self._waits = np.ones(len(self._rows), np.bool_)
        self._told: dict[int, dt.date] = {}
        self._rate: Floats | None = None

    def plan(self, today: dt.date, progress: Floats, rate: Floats) -> None:
        """Tell the dates due of projects that wait, if rules changed since they were told.

        ``progress`` weeks of work done, ``rate`` weeks of it done a week [firms].
        """
        if rate is self._rate:
            return
        self._rate = rate
        for row in self._rows[self._waits].tolist():
            weeks = (self._firms.start_week[row] - progress[row]) / rate[row]
            due = today + dt.timedelta(days=round(7.0 * float(weeks)))
            if self._told.get(row) != due:
                self._told[row] = due
                self._event(today, row, "project_due", f"due {due}")

    def start(self, today: dt.date, progress: Floats) -> None:
        """Tell which projects started in the step of ``today``; ``progress`` after it [firms]."""
        started = self._waits & (progress[self._rows] > self._due)
        if not started.any():
            return
        self._waits &= ~started
        for row in self._rows[started].tolist():
            self._event(today, row, "project_on_stream", "starts to ramp")

    def _event(self, date: dt.date, row: int, action: str, words: str) -> None:
        firms = self._firms
        self._recorder.event(
            date, axes.ECONOMIES[firms.economy[row]], action, "",
            axes.STAGES[firms.stage[row]], firms.name[row],
            f"{firms.capacity_t[row]:.0f} t a year, {words}",
        )  # fmt: skip
