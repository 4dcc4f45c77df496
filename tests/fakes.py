"""Stand-ins for the model that workers can import: slow, broken, killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pyarrow as pa

import synthetic
from tradesim.scenario import Scenario

#: Environment variable with the folder for marks.
MARKS = "TRADESIM_TEST_MARKS"


def fails_on_two(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """Divides by zero for seed 2."""
    return synthetic.simulate(scenario, seed + 0 // (seed - 2))


def dies_on_two(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """The process is killed at seed 2, as the kernel does when memory runs out."""
    if seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return synthetic.simulate(scenario, seed)


def hangs_from_two(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """Seeds from 2 on take a minute and leave a mark with the number of their process."""
    if seed >= 2:
        (Path(os.environ[MARKS]) / f"hanging-{os.getpid()}").touch()
        time.sleep(60)
    return synthetic.simulate(scenario, seed)


def one_thread(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
    """Refuses to run where linear algebra may take more than one thread."""
    allowed = os.environ.get("OPENBLAS_NUM_THREADS"), pa.cpu_count()
    if allowed != ("1", 1):
        raise RuntimeError(f"threads: {allowed}")
    return synthetic.simulate(scenario, seed)
