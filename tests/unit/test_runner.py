"""Jobs: the same result from any number of workers, and nothing that only looks whole."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import fakes
import synthetic
from tradesim import results as res
from tradesim.config import load
from tradesim.ensemble import Interrupted, Progress
from tradesim.errors import OutputError, PartialError, WorkerError
from tradesim.folder import MANIFEST
from tradesim.pairs import SeedError, Simulate
from tradesim.results import Results
from tradesim.runner import default_folder, run_config
from tradesim.scenario import RunConfig, Scenario
from tradesim.schema import SCHEMA_VERSION, TABLES
from tradesim.sweeps import DuplicatePointWarning, SweepWriter

WEEKS = 30
ROOT = Path(__file__).parents[2]
PYTHONPATH = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
MANIFEST_KEYS = (
    "status", "result_hash", "schema_version", "code_version", "engine", "scenario", "compare",
    "seeds", "data_hashes", "packages", "wall_s",
)  # fmt: skip


def job(seeds: int = 3, workers: int = 1, out: Path | None = None, **more: Any) -> RunConfig:
    return synthetic.config(
        seeds=tuple(range(seeds)), weeks=WEEKS, workers=workers, out=out, **more
    )


def run(config: RunConfig, simulate: Simulate = synthetic.simulate, **more: Any) -> Results:
    return run_config(config, simulate=simulate, **more)


def nothing_is_left(parent: Path) -> bool:
    return not any(parent.iterdir())


# -- what a run writes ---------------------------------------------------------------------------


def test_a_run_writes_the_files_of_the_contract(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    results = run(job(out=out))
    assert results.folder == out
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    tables = {f"tables/{name}.parquet" for name in TABLES}
    assert names == tables | {MANIFEST, "config.yaml", "difference.yaml", "summary.csv"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run"]
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert tuple(manifest) == MANIFEST_KEYS
    assert manifest["status"] == "complete"
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert manifest["seeds"] == [0, 1, 2]
    assert manifest["engine"] == "numpy"
    assert "conf/config.yaml" in manifest["data_hashes"]
    assert any(name.startswith("tables/base/") for name in manifest["data_hashes"])
    assert {"python", "numpy", "pyarrow"} <= manifest["packages"].keys()


def test_the_config_is_plain_and_names_the_world_compared_with(tmp_path: Path) -> None:
    run(job(seeds=1, out=tmp_path / "run"))
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8"))
    assert config["scenario"]["name"] == "april_2025"
    assert (config["compare"], config["weeks"], config["seeds"]) == ("reference", WEEKS, [0])
    assert "workers" not in config
    assert "out" not in config


def test_the_difference_names_what_was_changed(tmp_path: Path) -> None:
    config = job(seeds=1, out=tmp_path / "run")
    changed = config.scenario.model_copy(update={"growth": True})
    run(config.model_copy(update={"scenario": changed}))
    found = yaml.safe_load((tmp_path / "run" / "difference.yaml").read_text(encoding="utf-8"))
    assert found["growth"] == {"value": True, "reference": False}


def test_the_report_is_written_before_the_manifest(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def report(results: Results, folder: Path) -> None:
        seen.append((str(results.manifest["status"]), (folder / MANIFEST).exists()))
        assert len(results.sql("SELECT DISTINCT seed FROM markets")) == 3
        (folder / "report.html").write_text("<html>", encoding="utf-8")

    results = run(job(out=tmp_path / "run"), report=report)
    assert seen == [("complete", False)]
    assert results.folder is not None
    assert (results.folder / "report.html").exists()
    assert res.open(results.folder).manifest == results.manifest


def test_a_report_that_fails_leaves_no_complete_folder(tmp_path: Path) -> None:
    def report(results: Results, folder: Path) -> None:
        raise ValueError("no ink")

    with pytest.raises(ValueError, match="no ink"):
        run(job(seeds=1, out=tmp_path / "run"), report=report)
    assert json.loads((tmp_path / "run" / MANIFEST).read_text())["status"] == "failed"


def test_headline_only_keeps_one_small_table(tmp_path: Path) -> None:
    run(job(out=tmp_path / "run", record="headline"))
    files = list((tmp_path / "run" / "tables").iterdir())
    assert [path.name for path in files] == ["headline.parquet"]


@pytest.mark.slow
def test_the_headline_of_a_hundred_seeds_takes_at_most_a_megabyte(tmp_path: Path) -> None:
    words = ["scenario=april_2025", "seeds=100", "record=headline", f"out={tmp_path / 'run'}"]
    run_config(load(words))
    assert (tmp_path / "run" / "tables" / "headline.parquet").stat().st_size <= 1_000_000


# -- any number of workers -----------------------------------------------------------------------


def test_the_hash_is_the_same_twice_and_with_two_workers(tmp_path: Path) -> None:
    hashes = []
    for i, workers in enumerate((1, 1, 2)):
        results = run(job(seeds=5, workers=workers, out=tmp_path / str(i)))
        assert results.recomputed_hash() == results.manifest["result_hash"]
        hashes.append(results.manifest["result_hash"])
    assert len(set(hashes)) == 1
    one, two = (tmp_path / name / "tables" / "markets.parquet" for name in "02")
    assert one.read_bytes() == two.read_bytes()


def test_the_hash_depends_on_the_seeds() -> None:
    assert run(job(seeds=1)).manifest["result_hash"] != run(job(seeds=2)).manifest["result_hash"]


def test_workers_have_one_thread_and_leave_the_environment_alone() -> None:
    before = dict(os.environ)
    run(job(seeds=2, workers=2), fakes.one_thread)
    assert dict(os.environ) == before


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import synthetic\n"
        "from tradesim.runner import run_config\n"
        f"config = synthetic.config(seeds=range(2), weeks={WEEKS}, workers=2)\n"
        "print(run_config(config, simulate=synthetic.simulate).manifest['result_hash'])\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
    )  # fmt: skip
    assert done.stdout.split() == [run(job(seeds=2)).manifest["result_hash"]], done.stderr


# -- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_seed_ends_the_run_and_leaves_nothing(tmp_path: Path, workers: int) -> None:
    with pytest.raises(SeedError, match="ZeroDivisionError") as caught:
        run(job(seeds=4, workers=workers, out=tmp_path / "new" / "run"), fakes.fails_on_two)
    assert caught.value.seed == 2
    assert "in fails_on_two" in caught.value.trace
    assert nothing_is_left(tmp_path)


def test_a_killed_worker_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="killed or ran out of memory") as caught:
        run(job(seeds=4, workers=2, out=tmp_path / "run"), fakes.dies_on_two)
    assert "workers=1" in caught.value.remedy
    assert "april_2025" in caught.value.where
    assert nothing_is_left(tmp_path)


JOB = """
import fakes, pathlib, synthetic
from tradesim.config import load
from tradesim.ensemble import Interrupted
from tradesim.runner import run_config

if __name__ == "__main__":
    here = pathlib.Path({here!r})
    config = synthetic.config(seeds=range(6), weeks={weeks}, workers={workers}, out=here / "run")
    try:
        run_config(config, simulate=fakes.hangs_from_two)
    except Interrupted as error:
        print(error)
        raise SystemExit(130)
"""


def signalled(here: Path, workers: int, group: bool, number: int) -> subprocess.Popen[str]:
    """A job whose seeds hang from 2 on, sent a signal when all its workers hang."""
    script = here / "job.py"
    script.write_text(JOB.format(here=str(here), weeks=WEEKS, workers=workers), encoding="utf-8")
    own = {"PYTHONPATH": PYTHONPATH, fakes.MARKS: str(here), "TMPDIR": str(here)}
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | own, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if len(list(here.glob("hanging-*"))) == workers:
            break
        time.sleep(0.05)
    time.sleep(0.5)  # the seeds before have been handed over by then
    if group:
        os.killpg(process.pid, number)
    else:
        os.kill(process.pid, number)
    return process


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_finished_and_marks_it(tmp_path: Path, workers: int) -> None:
    process = signalled(tmp_path, workers, group=True, number=signal.SIGINT)
    said, faults = process.communicate(timeout=20)
    assert process.returncode == 130, faults
    assert faults == ""
    assert "interrupted after 2 of 6 seeds" in said
    out = tmp_path / "run"
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["status"], manifest["seeds"]) == ("interrupted", [0, 1])
    left = res.open(out, partial=True)
    assert left.recomputed_hash() == manifest["result_hash"]
    assert manifest["result_hash"] == run(job(seeds=2)).manifest["result_hash"]


def test_a_killed_job_takes_its_workers_along_and_leaves_no_result(tmp_path: Path) -> None:
    process = signalled(tmp_path, workers=2, group=False, number=signal.SIGKILL)
    process.communicate(timeout=20)
    workers = [int(path.name.partition("-")[2]) for path in tmp_path.glob("hanging-*")]
    until = time.monotonic() + 10
    while time.monotonic() < until and any(alive(pid) for pid in workers):
        time.sleep(0.05)
    assert len(workers) == 2
    assert not any(alive(pid) for pid in workers)
    assert not (tmp_path / "run").exists()


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_ctrl_c_before_anything_is_finished_leaves_nothing(tmp_path: Path) -> None:
    def stopped(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="interrupted after 0 of 3"):
        run(job(out=tmp_path / "run"), stopped)
    assert nothing_is_left(tmp_path)


def test_a_folder_that_holds_something_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty") as caught:
        run(job(out=tmp_path), fakes.dies_on_two)
    assert caught.value.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
    with pytest.raises(OutputError, match="this is a file"):
        run(job(out=tmp_path / "precious.txt"))


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert run(job(seeds=1, out=tmp_path / "run")).folder == tmp_path / "run"


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        run(job(out=tmp_path / "file" / "run"))
    assert "out=DIR" in caught.value.remedy


def test_default_folders_do_not_collide(tmp_path: Path) -> None:
    first = default_folder("april_2025", tmp_path)
    first.mkdir()
    assert first.name.endswith("_april_2025")
    assert default_folder("april_2025", tmp_path) != first


# -- progress ------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_rewrites_its_line_on_a_terminal() -> None:
    stream = Terminal()
    progress = Progress("april_2025", 2, stream)
    progress.advance()
    progress.advance()
    progress.close()
    lines = stream.getvalue().rstrip().split("\r")
    assert lines[1].startswith("april_2025: 1 of 2 done")
    assert lines[2].startswith("april_2025: 2 of 2 done, 0 s left")


def test_progress_elsewhere_is_quiet_for_a_short_job_and_plain_for_a_long_one() -> None:
    stream = io.StringIO()
    progress = Progress("april_2025", 3, stream)
    progress.advance()
    assert stream.getvalue() == ""
    progress.said -= 6
    progress.advance()
    assert stream.getvalue().startswith("april_2025: 2 of 3 done")
    assert stream.getvalue().endswith("left\n")


# -- sweeps --------------------------------------------------------------------------------------


def point(name: str, **more: Any) -> RunConfig:
    return synthetic.config(name, seeds=(0, 1), weeks=WEEKS, record="headline", **more)


def test_a_sweep_collects_its_points(tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    with SweepWriter(out, simulate=synthetic.simulate) as sweep:
        sweep.add(0, ["scenario=reference"], point("reference"))
        sweep.add(1, ["scenario=april_2025"], point("april_2025"))
        results = sweep.close()
    assert (out / "tables" / "headline" / "point=1" / "part-0.parquet").exists()
    opened = res.open(out)
    assert opened.tables == ("headline",)
    assert sorted(opened.headline["point"].unique()) == [0, 1]
    assert opened.summary.columns[0] == "point"
    assert sorted(opened.summary["point"].unique()) == [0, 1]
    assert opened.manifest["scenario"] == ["reference", "april_2025"]
    assert results.manifest["status"] == "complete"
    assert opened.config["point_1"]["scenario"]["name"] == "april_2025"
    assert opened.difference["point_0"] == {}
    assert "policies.licences._target_" in opened.difference["point_1"]
    points = (out / "points.csv").read_text(encoding="utf-8").splitlines()
    assert points[0] == "point,overrides,scenario,config_hash,status,wall_s"
    assert points[2].startswith("1,scenario=april_2025,april_2025,")
    assert (out / "failures.csv").read_text(encoding="utf-8").split() == [
        "point,overrides,seed,error,traceback"
    ]
    counted = opened.sql("SELECT point, count(DISTINCT seed) AS n FROM headline GROUP BY point")
    assert counted.sort_values("point")["n"].tolist() == [2, 2]
    found = opened.quantiles("headline", "value")
    assert set(found["point"]) == {0, 1}


def test_one_failing_point_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sweep"
    failing = synthetic.config("april_2025", seeds=(1, 2), weeks=WEEKS, record="headline")
    with SweepWriter(out, simulate=fakes.fails_on_two) as sweep:
        sweep.add(0, ["seeds=[1,2]"], failing)
        sweep.add(1, ["noise=-1"], OutputError("noise = -1"))
        sweep.add(2, ["scenario=reference"], point("reference"))
        with pytest.raises(PartialError, match="2 of 3 points failed: 0, 1") as caught:
            sweep.close()
    assert caught.value.exit_code == 3
    assert "point 0 failed (seeds=[1,2])" in capsys.readouterr().err
    left = res.open(out, partial=True)
    assert left.manifest["status"] == "partial"
    assert sorted(left.headline["point"].unique()) == [2]
    failures = (out / "failures.csv").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in failures
    assert "in fails_on_two" in failures
    assert not (out / "tables" / "headline" / "point=0").exists()


def test_a_sweep_interrupted_keeps_the_points_that_are_finished(tmp_path: Path) -> None:
    def stopped_at_april(scenario: Scenario, seed: int) -> dict[str, pa.Table]:
        if scenario.name == "april_2025":
            raise KeyboardInterrupt
        return synthetic.simulate(scenario, seed)

    out = tmp_path / "sweep"

    def swept() -> None:
        with SweepWriter(out, simulate=stopped_at_april) as sweep:
            sweep.add(0, ["scenario=reference"], point("reference"))
            sweep.add(1, ["scenario=april_2025"], point("april_2025"))

    with pytest.raises(Interrupted, match="after 1 of 2 points"):
        swept()
    assert res.open(out, partial=True).manifest["status"] == "interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["sweep"]


def test_two_points_that_resolve_to_one_configuration_warn(tmp_path: Path) -> None:
    with SweepWriter(tmp_path / "sweep", simulate=synthetic.simulate) as sweep:
        sweep.add(0, ["scenario=april_2025"], point("april_2025"))
        twin = point("april_2025")
        renamed = twin.scenario.model_copy(update={"name": "other"})
        with pytest.warns(DuplicatePointWarning, match="point 1 resolves to the same"):
            sweep.add(1, ["scenario=other"], twin.model_copy(update={"scenario": renamed}))
        sweep.close()


def test_an_exception_inside_a_sweep_leaves_nothing(tmp_path: Path) -> None:
    def doomed() -> None:
        with SweepWriter(tmp_path / "sweep", simulate=synthetic.simulate) as sweep:
            sweep.add(0, ["scenario=reference"], point("reference"))
            raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        doomed()
    assert nothing_is_left(tmp_path)
