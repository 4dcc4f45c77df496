"""The documentation says what the code does: generated pages, names, links, commands, examples."""

from __future__ import annotations

import importlib
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest

import tradesim
from tradesim import benchmark, config, multirun
from tradesim.analysis.backtest import run as backtests
from tradesim.analysis.calibration import run as calibration
from tradesim.analysis.decompose import request as decompose
from tradesim.analysis.games import cells
from tradesim.analysis.leverage import request as leverage
from tradesim.listing import KINDS, describe

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
MARKET = Path(tradesim.__file__).with_name("market")
PHASES = sorted(path.stem for path in MARKET.glob("*.py") if path.stem != "__init__")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """Fenced blocks of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(path), re.MULTILINE | re.DOTALL)


def test_the_parameters_page_is_in_step() -> None:
    page = runpy.run_path(str(ROOT / "tools" / "parameters_doc.py"))["page"]()
    assert text_of(DOCS / "parameters.md") == page, "run: python tools/parameters_doc.py"


def test_the_policies_page_is_in_step() -> None:
    page = runpy.run_path(str(ROOT / "tools" / "policies_doc.py"))["page"]()
    assert text_of(DOCS / "policies.md") == page, "run: python tools/policies_doc.py"


def test_every_parameter_is_used_somewhere() -> None:
    assert "| nowhere |" not in text_of(DOCS / "parameters.md")


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_is_described(phase: str) -> None:
    assert f"`market.{phase}." in text_of(DOCS / "model.md")


def named_objects() -> list[str]:
    """Names such as ``market.plan.plan`` that the pages put in code type."""
    packages = "agents|analysis|benchmark|market|model|policies|posterior|record|rng|terms"
    packages += "|tables|world|report"
    pattern = re.compile(rf"`((?:{packages})(?:\.\w+)+)`")
    pages = [DOCS / "model.md", DOCS / "limits.md", *sorted((DOCS / "decisions").glob("0*.md"))]
    return sorted({name for page in pages for name in pattern.findall(text_of(page))})


@pytest.mark.parametrize("name", named_objects())
def test_every_name_on_the_pages_exists(name: str) -> None:
    parts, found = name.split("."), None
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module("tradesim." + ".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        break
    assert found is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = text_of(DOCS / "decisions" / "README.md")
    for page in pages:
        title = re.sub(r"^# (\d{4} )?", "", text_of(page).splitlines()[0])
        assert f"]({page.name}) | {title} |" in listed


def commands() -> list[str]:
    """Every ``tradesim …`` line that README and the pages in docs tell to type."""
    found: set[str] = set()
    for page in (README, DOCS / "limits.md"):
        lines = "\n".join(blocks(page, "sh")).splitlines()
        lines += re.findall(r"`(tradesim [^`]+)`", text_of(page))
        found |= {line.strip() for line in lines if line.startswith("tradesim ")}
    return sorted(found)


#: Studies of many runs: what understands their words before anything is run.
READERS = {
    "equilibrium": benchmark.read,
    "payoff": cells.plan,
    "leverage": leverage.read,
    "decompose": decompose.read,
}


@pytest.mark.parametrize("command", commands())
def test_commands_on_the_pages_are_understood(command: str) -> None:
    """Runs and sweeps are composed and checked, not computed."""
    _, verb, *words = shlex.split(command)
    if verb == "run":
        config.load(words)
    elif verb == "sweep":
        multirun.plan(words)
    elif verb == "list":
        assert words[0] in KINDS
    elif verb == "describe":
        assert describe(words[0])
    elif verb == "backtest":
        assert backtests.case(words[0])
    elif verb == "calibrate":
        calibration.order(words)
    elif verb in READERS:
        READERS[verb](words)
    else:
        assert verb in ("doctor", "report", "export")


def small(code: str) -> str:
    """An example with one seed and at most twenty weeks."""
    code = re.sub(r"seeds=\d+", "seeds=1", code)
    return re.sub(r"weeks=(\d+)", lambda found: f"weeks={min(int(found[1]), 20)}", code)


def test_the_notebook_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks(README, "python")
    assert len([line for line in example.splitlines() if line]) == 5
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(small(example), str(README), "exec"), names)
    assert set(names["table"]["result"]) == {"reference", "april_2025"}
    assert not list(tmp_path.iterdir()), "a notebook run writes nothing unless asked"


def test_the_example_with_agents_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks(DOCS / "model.md", "python")
    exec(compile(small(example), "model.md", "exec"), {})
    assert "magnet" in capsys.readouterr().out


def test_the_readme_says_what_it_is_in_three_sentences() -> None:
    first = text_of(README).split("\n\n")[1]
    assert len(re.findall(r"[.!?](?=\s|$)", first)) == 3
