"""Many seeds over many processes, with progress, and without loss when interrupted.

One task is one seed. Results are handed over in the order of the seeds, whatever the number of
workers, so nothing downstream depends on it.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from tradesim.errors import WorkerError
from tradesim.pairs import SeedResult, Task, run_seed
from tradesim.results import Results

#: Takes one finished seed; called in ascending order of the seeds.
Keep = Callable[[SeedResult], None]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")  # fmt: skip
#: Seeds given out ahead of the one that is written next, for each worker: bounds the memory.
_AHEAD = 3


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after what was finished has been put away; its text says what and where.

    ``results`` holds what was finished, None when nothing was.
    """

    def __init__(
        self, done: int, total: int, results: Results | None = None, what: str = "seeds"
    ) -> None:
        place = f"in {results.folder}" if results and results.folder else "in memory"
        kept = f"; they are kept {place}, marked as interrupted" if results else ""
        super().__init__(f"interrupted after {done} of {total} {what}{kept}")
        self.results = results


class Progress:
    """A line on stderr: how many are done and about how many seconds are left.

    Rewrites itself on a terminal; elsewhere a line comes every five seconds, and a job of less
    than that says nothing.
    """

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self.label, self.total, self.done = label, total, 0
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.started = self.said = time.monotonic()

    def advance(self) -> None:
        """Count one more as done and say so when it is time to."""
        self.done += 1
        now = time.monotonic()
        if not self.live and now - self.said < 5:
            return
        self.said = now
        left = (now - self.started) / self.done * (self.total - self.done)
        text = f"{self.label}: {self.done} of {self.total} done, {_span(left)} left"
        print(f"\r{text:<78}" if self.live else text, end="" if self.live else "\n",
              file=self.stream, flush=True)  # fmt: skip

    def close(self) -> None:
        """End the line on a terminal."""
        if self.live and self.done:
            print(file=self.stream, flush=True)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def run_seeds(
    task: Task, seeds: Sequence[int], workers: int, keep: Keep, progress: Progress | None = None
) -> None:
    """Run every seed (``workers`` processes; one: in this process) and hand each to ``keep``.

    The first seed that fails ends the job with its error; a killed worker raises
    :class:`WorkerError`. On Ctrl-C the seeds that are finished go to ``keep`` before
    ``KeyboardInterrupt`` is raised again.
    """
    ordered = sorted(seeds)
    progress = progress or Progress(task.scenario.name, len(ordered))
    try:
        if min(workers, len(ordered)) <= 1:
            for seed in ordered:
                result = run_seed(task, seed)
                with uninterrupted():
                    keep(result)
                progress.advance()
        else:
            _run_pool(task, ordered, min(workers, len(ordered)), keep, progress)
    finally:
        progress.close()


def _run_pool(
    task: Task, seeds: Sequence[int], workers: int, keep: Keep, progress: Progress
) -> None:
    with _script_left_alone(task), _pool(task, workers) as pool:
        queue = _Queue(pool, seeds, keep, progress)
        try:
            while queue.submit(_AHEAD * workers):
                queue.advance()
        except BrokenProcessPool as error:
            raise _killed(task, sorted(queue.futures)) from error
        except KeyboardInterrupt:
            queue.salvage()
            raise


class _Queue:
    """Seeds given out to a pool a few at a time; what they yield is handed over in order.

    Workers put results into files and answer with the path: a worker may then be ended at any
    time without leaving half an answer in the pipe, for which the pool would wait for ever.
    """

    def __init__(
        self, pool: ProcessPoolExecutor, seeds: Sequence[int], keep: Keep, progress: Progress
    ) -> None:
        self.pool, self.keep, self.progress = pool, keep, progress
        self.waiting = list(seeds)
        self.futures: dict[int, Future[Path]] = {}
        self._counted: set[int] = set()

    def submit(self, ahead: int) -> bool:
        """Give out seeds until ``ahead`` are on their way; False when all is done."""
        while self.waiting and len(self.futures) < ahead:
            seed = self.waiting.pop(0)
            self.futures[seed] = self.pool.submit(_work, seed)
        return bool(self.futures)

    def advance(self) -> None:
        """Wait until one more seed is finished; hand over those whose turn it is."""
        wait(
            [future for future in self.futures.values() if not future.done()],
            return_when=FIRST_COMPLETED,
        )
        finished = {seed for seed, future in self.futures.items() if future.done()}
        for seed in sorted(finished - self._counted):
            self.futures[seed].result()  # raises what the worker raised
            self._counted.add(seed)
            self.progress.advance()
        while self.futures and self.futures[head := min(self.futures)].done():
            with uninterrupted():
                self._hand_over(self.futures.pop(head).result())

    def salvage(self) -> None:
        """Hand over what is finished although seeds before it are not."""
        for _, future in sorted(self.futures.items()):
            if future.done() and future.exception() is None:
                with uninterrupted():
                    self._hand_over(future.result())

    def _hand_over(self, path: Path) -> None:
        with path.open("rb") as file:
            self.keep(pickle.load(file))
        path.unlink()


def _killed(task: Task, seeds: Sequence[int]) -> WorkerError:
    listed = ", ".join(str(seed) for seed in seeds[:8]) + (" …" if len(seeds) > 8 else "")
    return WorkerError(
        "a worker process ended without an answer; it was killed or ran out of memory",
        where=f"scenario '{task.scenario.name}', among seeds {listed}",
        remedy="run again with fewer workers, workers=1 at the least, or with fewer firms",
    )


@contextlib.contextmanager
def _pool(task: Task, workers: int) -> Iterator[ProcessPoolExecutor]:
    """A process pool whose workers end at once when this process goes, fails or is interrupted.

    Their life line is a pipe which only this process holds open.
    """
    context = mp.get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        context.set_forkserver_preload(["tradesim.pairs", "tradesim.model"])
    line, hold = context.Pipe(duplex=False)
    scratch = tempfile.TemporaryDirectory(prefix="tradesim-", ignore_cleanup_errors=True)
    with scratch as folder, _one_thread_each():
        job = _Job(task, Path(folder))
        pool = ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(line, job))
        try:
            yield pool
            pool.shutdown()
        finally:
            hold.close()
            pool.shutdown(cancel_futures=True)
            line.close()


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Linear algebra gets one thread in every process started meanwhile."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _script_left_alone(task: Task) -> Iterator[None]:
    """Keep workers from running the user's script again, so that it needs no main guard.

    A new process imports ``__main__`` anew only for what is defined there, and nothing of ours
    is, unless the caller's own ``simulate`` lives in the script.
    """
    script = vars(sys.modules["__main__"])
    if getattr(task.simulate, "__module__", "") == "__main__":
        yield
        return
    kept: dict[str, Any] = {
        name: script.pop(name) for name in ("__file__", "__spec__") if name in script
    }
    script["__spec__"] = None
    try:
        yield
    finally:
        script.update(kept)


@dataclass(frozen=True)
class _Job:
    """What a worker is told once: the task and the folder for its results."""

    task: Task
    scratch: Path


#: The job of this worker process; empty in the parent.
_jobs: list[_Job] = []


def _prepare(line: Connection, job: _Job) -> None:
    """Set a worker up: Ctrl-C is the parent's business, and so is the worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    _jobs.append(job)


def _work(seed: int) -> Path:
    """Run one seed in a worker; the path of its pickled :class:`SeedResult`."""
    (job,) = _jobs
    path = job.scratch / f"{seed}.pickle"
    with path.open("wb") as file:
        pickle.dump(run_seed(job.task, seed), file, protocol=5)
    return path


def _end_with(line: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        line.recv()
    os._exit(1)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until the block is done, so that a seed is kept whole or not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt
