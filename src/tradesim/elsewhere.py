"""The points of a sweep computed by a launcher in other processes or on other machines.

A job writes the tables of its point into the result folder and puts down what else it found in a
file beside them; this process reads those files. So every machine must see the result folder.
"""

from __future__ import annotations

import os
import pickle
import platform
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tradesim import launchers, multirun
from tradesim.ensemble import Progress
from tradesim.errors import OutputError, TradesimError
from tradesim.pairs import Simulate
from tradesim.scenario import RunConfig
from tradesim.sweeps import Failure, Outcome, Point, SweepWriter, announce, compute

#: Inside the result folder while it is filled: what the jobs found, and the launcher's own files.
_JOBS = "jobs"
_LOOK_S = 0.5


@dataclass(frozen=True)
class Courier:
    """The job that a launcher pickles: computes a point, wherever it lands, into ``work``."""

    work: Path
    simulate: Simulate | None
    home_pid: int = field(default_factory=os.getpid)

    def __call__(
        self, point: int, words: tuple[str, ...], config: RunConfig | TradesimError
    ) -> None:
        """Compute a point. Raises :class:`OutputError` on a machine that lacks the folder."""
        if not (self.work / _JOBS).is_dir():
            raise OutputError(
                f"the machine '{platform.node()}' does not see the result folder",
                where=str(self.work),
                allowed="a folder on a disk that all machines share",
                remedy="name one with out=DIR",
            )
        if os.getpid() != self.home_pid:  # told to stop, it stops: half a point is not kept
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        outcome = compute(self.work, point, words, config, self.simulate)
        if not (self.work / _JOBS).is_dir():  # the sweep has ended and its folder moved meanwhile
            shutil.rmtree(self.work, ignore_errors=True)
            return
        place = _place(self.work, point)
        draft = place.with_suffix(".part")
        draft.write_bytes(pickle.dumps(outcome))
        draft.replace(place)


def launch(sweep: multirun.Plan, writer: SweepWriter) -> None:
    """Have the launcher of ``sweep`` compute every point and hand what comes back to ``writer``.

    A failure is announced when it is found. A job that was killed becomes a failure, and so does
    every point that had not answered by then: the launchers give up at the first job they lose.
    After Ctrl-C the points that are finished go to ``writer`` before it is raised again.
    """
    launchers.require(sweep.launcher)
    jobs = writer.work / _JOBS
    jobs.mkdir()
    writer.total = len(sweep.points)
    lost: str | None = None
    try:
        with _watched(writer.work, len(sweep.points)):
            multirun.launch(sweep, Courier(writer.work, writer.simulate), scratch=jobs)
    except launchers.losses(sweep.launcher) as error:
        lost = str(error)
    else:
        lost = "the job ended without an answer"
    finally:
        outcomes = _collected(writer.work, sweep.points, lost)
        shutil.rmtree(jobs)
        for outcome in outcomes:
            writer.take(outcome)


def _collected(work: Path, points: Sequence[tuple[str, ...]], lost: str | None) -> list[Outcome]:
    """What every point has come to; those without an answer fail with ``lost``, if that is said."""
    found = []
    for point, words in enumerate(points):
        place = _place(work, point)
        if place.exists():
            found.append(_read(place))
        elif lost is not None:
            overrides = " ".join(words)
            failure = Failure(point, overrides, "", "the job was lost", lost)
            found.append(Outcome(Point(point, overrides, "", "", "failed", 0.0), failure, lost))
            announce(found[-1])
            _sweep_up(work, point)
    return found


def _sweep_up(work: Path, point: int) -> None:
    for folder in (work / "tables").glob(f"*/point={point}"):
        shutil.rmtree(folder)


def _place(work: Path, point: int) -> Path:
    return work / _JOBS / f"{point}.pickle"


def _read(place: Path) -> Outcome:
    outcome = pickle.loads(place.read_bytes())
    assert isinstance(outcome, Outcome)
    return outcome


@contextmanager
def _watched(work: Path, total: int) -> Iterator[None]:
    """Announce failures and count the points while the launcher waits for its jobs."""
    done = threading.Event()
    progress = Progress("points", total, sys.stderr)

    def watch() -> None:
        seen: set[Path] = set()
        last = False
        while not last:
            last = done.wait(_LOOK_S)
            for place in sorted(set((work / _JOBS).glob("*.pickle")) - seen):
                seen.add(place)
                progress.advance()
                announce(_read(place))

    thread = threading.Thread(target=watch, name="points", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        progress.close()
