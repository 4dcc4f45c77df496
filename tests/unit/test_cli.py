"""The command line as a person meets it: exit codes, one message each, what is written."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradesim
from tradesim import cli, doctor, listing

SOURCES = Path(tradesim.__file__).parents[1]
#: A world that runs in a moment; enough to see the files.
SMALL = ("weeks=6", "seeds=2", "workers=2")
#: Long enough to be interrupted.
LONG = ("scenario=april_2025", "weeks=520", "seeds=200", "workers=2")


def environment(**changes: str) -> dict[str, str]:
    """The process's environment, with the package that is being tested on its path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TRADESIM_")}
    return {**kept, "PYTHONPATH": str(SOURCES), **changes}


def tradesim_process(*words: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """``tradesim words...`` in a process of its own."""
    command = [sys.executable, "-m", "tradesim", *words]
    return subprocess.run(
        command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """What ``tradesim words...`` says when it ends with ``code`` and has written nothing."""
    before = sorted(Path().rglob("*"))
    assert cli.main(words) == code
    said = capsys.readouterr()
    assert not said.out
    assert "Traceback" not in said.err
    assert sorted(Path().rglob("*")) == before
    return said.err


# --- help -----------------------------------------------------------------------------------


def test_help_is_quick(tmp_path: Path) -> None:
    """Under half a second, the best of five: no numerical package is loaded for it."""
    spans = []
    for _ in range(5):
        start = time.perf_counter()
        done = tradesim_process("--help", cwd=tmp_path)
        spans.append(time.perf_counter() - start)
        assert done.returncode == 0
    assert min(spans) < 0.5
    code = "import sys, tradesim.cli; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "pydantic", "hydra", "mesa", "yaml"} & set(loaded)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """All that is built, with the exit codes."""
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    for verb in cli.VERBS:
        assert verb in said
        assert cli.main([verb, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: tradesim {verb}")
    assert "130" in said


def test_no_words_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    """The help goes to stderr, so that a script does not take it for a result."""
    assert "usage:" in refused(capsys)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """One line."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"tradesim {tradesim.__version__}\n"


# --- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", cli.NOT_BUILT)
def test_a_command_that_is_not_built_says_so(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands of the contract are known, built or not."""
    assert f"'tradesim {verb}' is not built yet" in refused(capsys, verb)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rnu scenario=baseline", "did you mean 'run'?"),
        ("run week=10", "did you mean 'weeks'?"),
        ("run market.price_sensitivty=2", "did you mean 'market.price_sensitivity'?"),
        ("run policies.xyz.delay=3", "unknown key 'policies.xyz.delay'"),
        ("run scenario=april_2026", "did you mean 'april_2025'?"),
        ("run scenario=april_2025 policies.licence_april_2025.delay_week=3", "delay_weeks'?"),
        ("run scenario=april_2025 policies.licence_april_2025.expires=2025-01-01", "effective"),
        ("run scenario=april_2025 +policy@policies.duty=tariff_usa policies.duty.rate=-1", "0 to"),
        ("run weeks=0", "1 to 1040"),
        ("run seeds=0", "seeds"),
        ("run weeks", "write weeks=VALUE"),
        ("sweep scenario=baseline,april_2026", "did you mean 'april_2025'?"),
        ("sweep weeks=10,0", "1 to 1040"),
        ("sweep experiment=none_such", "unknown experiment"),
        ("report", "takes one result folder, not 0"),
        ("report a b", "takes one result folder, not 2"),
        ("report no/such/folder", "no/such/folder"),
        ("report . format=csv", "unknown key 'format'"),
        ("export no/such/folder", "no/such/folder"),
        ("export . fromat=csv", "did you mean 'format'?"),
        ("list", "takes one name, not 0"),
        ("list scenaros", "did you mean 'scenarios'?"),
        ("describe april2025", "did you mean 'april_2025'?"),
        ("describe a b", "takes one name, not 2"),
        ("doctor now", "takes no 'now'"),
    ],
)
def test_bad_input_is_refused_with_one_message(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on stdout, nothing written, the remedy named."""
    assert said in refused(capsys, *line.split())


def test_too_few_firms_says_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    """At least one firm for each cell of the data."""
    said = refused(capsys, "run", "scenario=baseline", "seeds=1", "workers=1", "firms=3")
    assert re.search(r"\d{2,}", said)


@pytest.mark.parametrize("verb", ["run", "sweep"])
def test_a_folder_that_holds_something_is_refused(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is overwritten, and nothing is run first."""
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine", encoding="utf-8")
    said = refused(capsys, verb, "scenario=baseline", *SMALL, "out=full")
    assert "full" in said
    assert Path("full/notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Here a file stands in the way; permissions do not stop every user."""
    Path("file").write_text("", encoding="utf-8")
    assert "file" in refused(capsys, "run", "scenario=baseline", *SMALL, "out=file/results")


def test_the_exit_code_leaves_the_process(tmp_path: Path) -> None:
    """What ``main`` returns is what the shell sees."""
    done = tradesim_process("run", "week=10", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'weeks'?" in done.stderr
    assert not done.stdout


def test_bad_input_is_traced_if_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADESIM_DEBUG", "1")
    assert cli.main(["run", "week=10"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_nobody_foresaw_is_one_message(tmp_path: Path) -> None:
    """Exit code 1 and no traceback, unless it is asked for."""
    code = (
        "import sys, tradesim.listing as l; from tradesim.cli import main\n"
        "l.KINDS = None\nsys.exit(main())"
    )
    for debug in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code, "list", "goods"], cwd=tmp_path, check=False,
            env=environment(TRADESIM_DEBUG=debug), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 1
        assert "TypeError" in done.stderr
        assert ("Traceback" in done.stderr) == (debug == "1")


# --- list, describe, doctor -----------------------------------------------------------------


@pytest.mark.parametrize("kind", listing.KINDS)
def test_list_as_json_is_an_array_of_named_things(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At least name and title; every name can be described, and stands in the plain list."""
    assert cli.main(["list", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert isinstance(rows, list)
    assert len({row["name"] for row in rows}) == len(rows)
    assert cli.main(["list", kind]) == 0
    plain = capsys.readouterr().out
    for row in rows:
        assert row["title"], row
        assert row["name"] in plain
    for row in rows[:3]:
        assert cli.main(["describe", row["name"], "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == row["name"]


def test_describe_tells_what_the_pages_and_the_classes_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Policies of a scenario, fields of a policy with unit and range, the market's parameters."""
    assert cli.main(["describe", "april_2025"]) == 0
    assert "licence_april_2025:" in capsys.readouterr().out
    policy = listing.describe("licence_april_2025")
    [delay] = [field for field in policy["fields"] if field["name"] == "delay_weeks"]
    assert delay["unit"] == "weeks"
    assert delay["allowed"] == "0 to 104 weeks"
    market = {field["name"]: field for field in listing.describe("parameters")["market"]}
    assert market["panic"]["source"]


def test_doctor_finds_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read off the package's own metadata; an extra that is absent is no fault."""
    monkeypatch.setattr(
        "tradesim.doctor.metadata.requires",
        lambda _: ["numpy>=2", "no-such-package>=3", 'other-package>=1; extra == "more"'],
    )
    found = {f.name: f for f in doctor.examine(tmp_path / "results")}
    assert found["numpy"].ok
    assert not found["no-such-package"].ok
    assert found["no-such-package"].needed
    assert 'pip install "no-such-package>=3"' in found["no-such-package"].remedy
    assert not found["other-package (extra more)"].needed
    assert found["results"].ok
    assert found["configuration"].ok
    assert found["data"].ok


# --- runs -----------------------------------------------------------------------------------


def test_run_writes_what_the_contract_names(tmp_path: Path) -> None:
    """The folder on the last line of stdout, progress on stderr, the manifest complete."""
    done = tradesim_process("run", "scenario=april_2025", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("results: results")
    folder = tmp_path / last.removeprefix("results: ")
    for name in ("manifest.json", "config.yaml", "difference.yaml", "summary.csv", "report.html"):
        assert (folder / name).stat().st_size > 0, name
    assert list((folder / "tables").glob("*.parquet"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "complete"
    assert (manifest["scenario"], manifest["compare"]) == ("april_2025", "reference")


def test_report_and_export_work_on_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both write into the folder and name it last; commas need no quotes."""
    assert cli.main(["run", "scenario=reference", "weeks=6", "seeds=1", "workers=1", "out=r"]) == 0
    assert cli.main(["report", "r"]) == 0
    assert cli.main(["export", "r", "format=csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "results: r"
    assert Path("r/report/report.html").stat().st_size > 1000
    assert list(Path("r/exports").glob("*.csv"))
    assert cli.main(["export", "r", "format=csv,nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_sweep_writes_what_the_contract_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One part of each table a point, the list of points, no litter of Hydra's."""
    words = ["sweep", "scenario=reference,april_2025", "weeks=4,5", "seeds=1", "workers=1"]
    assert cli.main([*words, "out=s"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "results: s"
    with Path("s/points.csv").open(encoding="utf-8", newline="") as file:
        points = list(csv.DictReader(file))
    assert [row["scenario"] for row in points] == ["reference"] * 2 + ["april_2025"] * 2
    assert points[3]["overrides"] == "scenario=april_2025 weeks=5 seeds=1"
    parts = [Path(f"s/tables/headline/point={n}/part-0.parquet") for n in range(4)]
    assert all(part.is_file() for part in parts)
    for name in ("failures.csv", "summary.csv", "config.yaml", "manifest.json", "report.html"):
        assert Path("s", name).is_file(), name
    assert [path.name for path in Path().iterdir()] == ["s"]


def test_a_point_that_fails_does_not_stop_the_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3; the folder is named all the same, the failure listed."""
    words = ["sweep", "scenario=baseline", "firms=3,400", "weeks=4", "seeds=1", "workers=1"]
    assert cli.main([*words, "out=s"]) == 3
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "results: s"
    assert "firms=3" in Path("s/failures.csv").read_text(encoding="utf-8")
    manifest = json.loads(Path("s/manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "partial"


# --- interrupted and killed -----------------------------------------------------------------


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run under way in its own process group, with both of its workers at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tradesim", "run", *LONG, "out=r"], cwd=tmp_path, text=True,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(workers(process.pid)) < 2 and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(1.0)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def children(pid: int) -> list[int]:
    """Process ids of the children of ``pid``."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def workers(pid: int) -> list[int]:
    """Process ids of the workers of ``pid``, which a server between them and it has forked."""
    return [worker for child in children(pid) for worker in children(child)]


def looks_whole(folder: Path) -> bool:
    """Whether somebody would take ``folder`` for a complete result."""
    page = folder / "manifest.json"
    return page.exists() and json.loads(page.read_text(encoding="utf-8"))["status"] == "complete"


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")


@needs_proc
def test_ctrl_c_ends_with_one_message(long_run: subprocess.Popen[str], tmp_path: Path) -> None:
    """The terminal sends Ctrl-C to the whole group: exit 130, one message, nothing looks whole."""
    os.killpg(long_run.pid, signal.SIGINT)
    _, err = long_run.communicate(timeout=30)
    assert long_run.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not looks_whole(tmp_path / "r")


@needs_proc
def test_a_killed_worker_ends_with_one_message(
    long_run: subprocess.Popen[str], tmp_path: Path
) -> None:
    """As the system does when memory runs out: exit 1, one message, nothing looks whole."""
    os.kill(workers(long_run.pid)[0], signal.SIGKILL)
    out, err = long_run.communicate(timeout=30)
    assert long_run.returncode == 1, err
    assert "worker" in err
    assert "Traceback" not in err
    assert "results:" not in out
    assert not looks_whole(tmp_path / "r")
