"""What is installed is what was tested: the wheel, the locks and the metadata."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tradesim

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")


def pins(name: str) -> dict[str, str]:
    """Pinned version by normalised package name."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {found[1].lower(): found[2] for line in lines if (found := PIN.match(line))}


def test_the_wheel_holds_the_pages_and_the_tables(tmp_path: Path) -> None:
    """Every module, configuration page and table; nothing else of the checkout."""
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = set()
    for folder, home in ((ROOT / "src" / "tradesim", "tradesim"), (ROOT / "conf", "tradesim/conf")):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                wanted.add(f"{home}/{path.relative_to(folder).as_posix()}")
    assert wanted <= held
    assert {name.partition("/")[0] for name in held} == {
        "tradesim",
        f"tradesim-{tradesim.__version__}.dist-info",
    }
    for kind in ("tradesim/conf/scenario/april_2025.yaml", "tradesim/tables/base/flows.csv"):
        assert kind in held


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_names_no_host_and_hashes_everything(name: str) -> None:
    """``pip install --require-hashes`` takes it, from whatever index a machine uses."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|--trusted|@ ", text)
    for block in re.split(r"\n(?=[a-z0-9])", text.split("\n", 2)[2]):
        assert PIN.match(block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_the_locks_hold_what_the_project_declares() -> None:
    """Dependencies, the build backend and the tools, each inside its declared range."""
    groups = PROJECT["dependency-groups"]
    run = [*PROJECT["project"]["dependencies"], *groups["build"]]
    for name, wanted in (
        ("requirements.lock", run),
        ("requirements-dev.lock", [*run, *groups["dev"]]),
    ):
        held = pins(name)
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(held[requirement.name.lower()]), requirement
    build = {Requirement(text).name for text in PROJECT["build-system"]["requires"]}
    assert build <= pins("requirements.lock").keys()


def test_the_two_locks_agree() -> None:
    """Tests run on the versions that users get."""
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_version_is_said_once_and_everywhere_the_same() -> None:
    """Package, citation and changelog."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {tradesim.__version__}" in citation
    assert tradesim.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
