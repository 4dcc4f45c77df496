"""The examples of docs/how-to/add-a-strategy.md, written to a user's folder and run from there."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradesim import config
from tradesim.errors import InputError
from tradesim.model import simulate

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "how-to" / "add-a-strategy.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(my-states/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNS = [shlex.split(line)[2:] for line in TEXT.splitlines() if line.startswith("tradesim run ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder with every file of the how-to, outside the package."""
    for name, text in FILE.findall(TEXT):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    own = tmp_path / "my-states"
    monkeypatch.setenv("TRADESIM_CONF", str(own))
    monkeypatch.syspath_prepend(str(own))
    yield own
    sys.modules.pop("my_minds", None)


@pytest.mark.parametrize("words", RUNS, ids=range(len(RUNS)))
def test_every_command_is_understood(folder: Path, words: list[str]) -> None:
    assert config.load(words).scenario.states.keys() >= {"CHN", "USA"}


def test_a_mind_of_ones_own_decides(folder: Path) -> None:
    """It answers China's step of October at once and goes on to the top of its ladder."""
    quick = ["start=2025-09-01", "weeks=14", "firms=330", "uncertainty=point"]
    run = config.load([*RUNS[-1], *quick])
    events = simulate(run.scenario, 0)["events"].to_pandas()
    own = events[(events["actor"] == "USA") & (events["action"] == "announce")]
    assert list(own["detail"]) == ["usa_affiliates", "usa_tariff_100", "usa_chips"]
    assert set(own["reason"]) == {"given by the scenario", "CHN escalated once"}


def test_a_foreign_class_needs_leave(folder: Path) -> None:
    words = [word for word in RUNS[-1] if not word.startswith("allow_targets")]
    with pytest.raises(InputError, match=r"my_minds\.GrimTrigger"):
        config.load(words)
