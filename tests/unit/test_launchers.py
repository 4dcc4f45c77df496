"""Launchers: what is refused, and that a sweep comes to the same on every one of them."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import synthetic
from tradesim import elsewhere, launchers, multirun
from tradesim import overrides as ov
from tradesim.errors import InputError, OutputError, PartialError
from tradesim.results import Results
from tradesim.sweeps import SweepWriter

PAIR = ["scenario=baseline", "market.panic=0,0.5", "weeks=4", "seeds=2", "uncertainty=point"]
#: Two points that fail in their first seed, beside two that do not.
SWEEP = [*PAIR, "firms=3,400"]
RAY = ["hydra.launcher.ray.init.num_cpus=2", "hydra.launcher.ray.init.include_dashboard=false"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["hydra/launcher=rya"], ["unknown launcher 'rya'", "submitit_slurm", "tradesim[ray]"]),
        (["hydra/launcher=joblib"], ["unknown launcher 'joblib'", "basic, ray", "tradesim[slurm]"]),
        (["hydra/launcher=ray,basic"], ["one launcher"]),
    ],
)
def test_a_launcher_that_is_not_known_is_refused(words: list[str], parts: list[str]) -> None:
    """Before anything runs, with the allowed ones and the extra that brings each."""
    with pytest.raises(InputError) as caught:
        multirun.plan([*PAIR, *words])
    for part in parts:
        assert part in str(caught.value)


def test_a_launcher_that_is_not_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the extra; no folder is left."""

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    plan = multirun.plan([*PAIR, "hydra/launcher=ray"])
    with pytest.raises(InputError, match=r"tradesim\[ray\]"), SweepWriter(tmp_path / "s") as writer:
        elsewhere.launch(plan, writer)
    assert not list(tmp_path.iterdir())
    launchers.require(launchers.PLAIN)


def test_slurm_is_asked_for_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "1.2.0")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="no 'srun'"):
        launchers.require("submitit_slurm")
    launchers.require("submitit_local")


@pytest.mark.parametrize(
    ("told", "name", "workers"),
    [
        ([], "basic", None),
        (["hydra/launcher=ray"], "ray", 1),
        (["hydra/launcher=submitit_slurm", "workers=4"], "submitit_slurm", 4),
    ],
)
def test_a_job_reserves_the_cores_that_it_uses(
    told: list[str], name: str, workers: int | None
) -> None:
    """One unless told otherwise; the words of the launcher are no part of a point."""
    plan = multirun.plan([*PAIR, *told])
    assert plan.launcher == name
    assert f"hydra/launcher={name}" in plan.words
    reserved = [word for word in plan.words if word.startswith("++hydra.launcher")]
    if workers is None:
        assert not reserved
    else:
        assert plan.first.workers == workers
        assert reserved == [f"++{launchers.LAUNCHERS[name].cores}={workers}"]
    assert len(plan.points) == 2
    assert not [word for point in plan.points for word in point if "hydra" in word]


def test_what_the_user_says_of_the_launcher_has_the_last_word() -> None:
    """Keys that are handed through to Ray need no plus sign; misspelt ones of Hydra's stay so."""
    words = ["hydra/launcher=ray", "hydra.launcher.ray.remote.num_cpus=3", *RAY]
    chosen = launchers.choose(ov.read(words), workers=1)
    assert "++hydra.launcher.ray.remote.num_cpus=3" in chosen.words
    assert f"++{RAY[0]}" in chosen.words
    words = ["hydra/launcher=ray", "hydra.launcher.ray.init.address=auto"]
    store = "hydra.launcher.ray.init.object_store_memory"  # refused by a cluster that runs
    assert f"++{store}=null" in launchers.choose(ov.read(words), workers=1).words
    assert f"++{store}=null" not in chosen.words
    words = ["hydra/launcher=submitit_local", "hydra.launcher.timout_min=3"]
    assert "hydra.launcher.timout_min=3" in launchers.choose(ov.read(words), workers=1).words


# -- without any plugin: the plain launcher in the place of another --------------------------------


def swept(out: Path, *, away: bool, plan: multirun.Plan) -> Results:
    """A sweep of synthetic tables, here or ``away``, through the couriers."""
    with SweepWriter(out, simulate=synthetic.simulate) as writer:
        if not away:
            multirun.launch(plan, writer.add)
        else:
            elsewhere.launch(plan, writer)
        return writer.close()


def test_points_computed_elsewhere_make_the_same_dataset(tmp_path: Path) -> None:
    """Files are equal to the byte, apart from times; nothing of the couriers is left."""
    plan = multirun.plan(PAIR)
    swept(tmp_path / "here", away=False, plan=plan)
    swept(tmp_path / "there", away=True, plan=plan)
    assert_same(tmp_path / "here", tmp_path / "there")


def test_a_job_that_never_answers_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are complete, the lost one stands in failures.csv, its tables are gone."""
    whole = elsewhere.Courier.__call__

    def deliver(self: elsewhere.Courier, point: int, words: Any, config: Any) -> None:
        whole(self, point, words, config)
        if point == 1:
            (self.work / "jobs" / "1.pickle").unlink()

    monkeypatch.setattr(elsewhere.Courier, "__call__", deliver)
    with pytest.raises(PartialError, match="1 of 2 points failed: 1"):
        swept(tmp_path / "s", away=True, plan=multirun.plan(PAIR))
    failures = pd.read_csv(tmp_path / "s" / "failures.csv")
    assert failures[["point", "error"]].to_numpy().tolist() == [[1, "the job was lost"]]
    assert "point 1 failed" in capsys.readouterr().err
    parts = [path.name for path in (tmp_path / "s" / "tables" / "headline").iterdir()]
    assert parts == ["point=0"]


def test_ctrl_c_keeps_the_points_that_have_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are missing are not called failures."""
    whole = elsewhere.Courier.__call__

    def deliver(self: elsewhere.Courier, point: int, words: Any, config: Any) -> None:
        if point == 1:
            raise KeyboardInterrupt
        whole(self, point, words, config)

    monkeypatch.setattr(elsewhere.Courier, "__call__", deliver)
    with pytest.raises(KeyboardInterrupt):
        swept(tmp_path / "s", away=True, plan=multirun.plan(PAIR))
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "interrupted"
    assert pd.read_csv(tmp_path / "s" / "points.csv")["point"].tolist() == [0]
    assert pd.read_csv(tmp_path / "s" / "failures.csv").empty


def test_a_courier_travels_and_needs_the_result_folder(tmp_path: Path) -> None:
    """A machine that does not share the disk says so, instead of writing to its own."""
    courier = pickle.loads(pickle.dumps(elsewhere.Courier(tmp_path / "absent", None)))
    with pytest.raises(OutputError, match="does not see the result folder"):
        courier(0, (), multirun.plan(PAIR).first)
    assert not (tmp_path / "absent").exists()


# -- the real launchers ----------------------------------------------------------------------------


def needs(module: str, extra: str) -> pytest.MarkDecorator:
    """Skip with the extra's name where the launcher is not installed."""
    lacking = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(lacking, reason=f'needs the extra: pip install "tradesim[{extra}]"')


def tradesim(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``tradesim words...`` in a process of its own, with the sources that are being tested."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRADESIM_")}
    sources = str(Path(elsewhere.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-m", "tradesim", *words], cwd=cwd, env={**kept, "PYTHONPATH": sources},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


SUBMITIT = ["hydra/launcher=submitit_local"]
ON_RAY = ["hydra/launcher=ray", *RAY]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sweep", "words", "code"),
    [
        pytest.param(SWEEP, SUBMITIT, 3, id="submitit", marks=needs("submitit", "slurm")),
        pytest.param(SWEEP, ON_RAY, 3, id="ray", marks=needs("ray", "ray")),
        pytest.param(PAIR, [*ON_RAY, "workers=2"], 0, id="ray-pool", marks=needs("ray", "ray")),
    ],
)
def test_every_launcher_gives_the_plain_sweep(
    tmp_path: Path, sweep: list[str], words: list[str], code: int
) -> None:
    """Tables, summary, failures and hash; failing points are announced, the others complete."""
    plain = tradesim(tmp_path, "sweep", *sweep, "workers=1", "out=plain")
    spread = tradesim(tmp_path, "sweep", *sweep, *words, "out=spread")
    assert (plain.returncode, spread.returncode) == (code, code), spread.stderr
    assert spread.stdout.splitlines()[-1] == "results: spread"
    failed = 2 if code else 0
    assert spread.stderr.count("firms=3 is too few for this world") == failed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "spread"]
    assert_same(tmp_path / "plain", tmp_path / "spread")


def assert_same(one: Path, other: Path) -> None:
    """Two result folders hold the same files with the same bytes, apart from times."""
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    assert names == {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    timed = {"points.csv", "manifest.json"}
    parts = [name for name in names if name.suffix == ".parquet"]
    assert len(parts) == 2
    for name in sorted(names):
        if name.name not in timed:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name
    here, there = (pd.read_csv(folder / "points.csv") for folder in (one, other))
    pd.testing.assert_frame_equal(here.drop(columns="wall_s"), there.drop(columns="wall_s"))
    said = [json.loads((folder / "manifest.json").read_text("utf-8")) for folder in (one, other)]
    assert said[0]["result_hash"] == said[1]["result_hash"]
    for key in said[0].keys() - {"wall_s"}:
        assert said[0][key] == said[1][key], key
