"""The examples of docs/how-to/add-a-policy.md, written to a user's folder and run from there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tradesim
from tradesim import cli, config, multirun
from tradesim.errors import InputError
from tradesim.model import simulate
from tradesim.scenario import Scenario

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "how-to" / "add-a-policy.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`(my-policies/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGE = re.compile(r"^`(src/[^`]+)`:\n\n```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's folder with every file of the how-to, outside the package."""
    for name, text in FILE.findall(TEXT):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    own = tmp_path / "my-policies"
    monkeypatch.setenv("TRADESIM_CONF", str(own))
    monkeypatch.syspath_prepend(str(own))
    monkeypatch.chdir(tmp_path)
    yield own
    for module in ("my_rules", "subsidies"):
        sys.modules.pop(module, None)


def commands() -> list[list[str]]:
    """The tradesim commands of the how-to, as words."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(tradesim run [^`]+)`", TEXT)
    return [shlex.split(line)[1:] for line in lines if line.startswith("tradesim ")]


def test_every_command_is_understood(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Descriptions are printed; runs and sweeps are composed and checked."""
    assert {words[0] for words in commands()} == {"describe", "run", "sweep"}
    for words in commands():
        if words[0] == "describe":
            assert cli.main(words) == 0
            assert words[1] in capsys.readouterr().out
        elif words[0] == "sweep":
            multirun.plan(words[1:])
        else:
            config.load(words[1:])


def paired(words: list[str], weeks: int = 26) -> tuple[Any, Any]:
    """States of a run of ``words`` and of its world of comparison, without noise."""
    job = config.load([*words, f"weeks={weeks}", "noise=0", "seeds=1"])
    assert job.compare is not None
    tables = [simulate(each, 0) for each in (job.scenario, job.compare)]
    return tables[0], tables[1]


def collected(tables: Any, column: str, state: str) -> float:
    states = tables["states"].to_pandas()
    return float(states.loc[states["state"] == state, column].sum())


def test_a_page_alone_makes_a_policy(folder: Path) -> None:
    """The European duty is levied, by the European treasury only."""
    taxed, free = paired(["scenario=duty_eu"])
    assert collected(taxed, "tariff_revenue_usd", "EU27") > 0
    assert collected(taxed, "tariff_revenue_usd", "USA") == 0
    assert collected(free, "tariff_revenue_usd", "EU27") == 0


CARBON = [
    "scenario=reference", "+policy@policies.carbon_eu=carbon_eu", "scenario.name=carbon",
    "compare=reference",
]  # fmt: skip


def test_a_file_and_a_page_make_an_instrument(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Allowed by its user, the fee of 2.7 USD/kg and more is paid; it is described in full."""
    charged, _ = paired([*CARBON, "allow_targets=my_rules"])
    paid = collected(charged, "fees_usd", "EU27")
    flows = charged["flows"].to_pandas()
    bought = flows[(flows["destination"] == "EU27") & flows["good"].str.startswith("magnet_")]
    bought = bought[(bought["origin"] != "EU27") & (bought["date"].astype(str) >= "2025-05")]
    tonnes = float(bought["shipped_t"].sum())
    assert tonnes > 0
    assert 2700.0 * tonnes <= paid
    half, _ = paired([*CARBON, "allow_targets=my_rules", "policies.carbon_eu.strength=0.5"])
    assert 0 < collected(half, "fees_usd", "EU27") < paid
    assert cli.main(["describe", "carbon_eu", "allow_targets=my_rules", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    price = next(field for field in told["fields"] if field["name"] == "usd_per_t_co2")
    assert (price["unit"], price["value"], price["default"]) == ("USD/t CO2", 90, 90.0)
    assert "border carbon" not in told.get("fault", "")


def test_foreign_code_is_not_loaded_unless_allowed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run is refused, a list and a description say what to do, and nothing is imported."""
    with pytest.raises(InputError, match="my_rules"):
        config.load(CARBON)
    assert cli.main(["list", "policies"]) == 0
    listed = capsys.readouterr().out
    for name in ("duty_eu", "carbon_eu", "allow_targets="):
        assert name in listed
    assert cli.main(["describe", "carbon_eu"]) == 0
    assert "allow_targets=" in capsys.readouterr().out
    assert "my_rules" not in sys.modules


def test_a_scenario_may_build_on_another(folder: Path) -> None:
    """The last example: a page of the library with one parameter changed."""
    [text] = re.findall(r"^```yaml\n(# @package _global_\n(?:(?!```).)*stricter.*?)^```$", TEXT,
                        re.MULTILINE | re.DOTALL)  # fmt: skip
    (folder / "scenario" / "stricter.yaml").write_text(text, encoding="utf-8")
    run = config.load(["scenario=stricter"])
    found = run.scenario.policies["licence_april_2025"]
    assert found["approval_at"]["USA"]["*"] == 0.0
    assert run.scenario.name == "april_2025_stricter"
    assert run.compare is not None
    assert run.compare.name == "reference"


# -- a lever of one's own --------------------------------------------------------------------------

PROBE = """
import json, sys
import test_how_to
print(json.dumps([test_how_to.demand(words) for words in json.loads(sys.argv[1])]))
"""


def demand(words: list[str]) -> tuple[list[float], float]:
    """European demand for electric cars' motors by month, and all demand, t."""
    plain = ["scenario=baseline", "weeks=9", "noise=0.02", "seeds=1", "compare=none"]
    uses = simulate(config.load([*plain, *words]).scenario, 0)["uses"].to_pandas()
    rows = uses[(uses["economy"] == "EU27") & (uses["end_use"] == "ev_traction")]
    months = rows.loc[rows["good"] == "component_motor", "demand_t"]
    return [float(each) for each in months], float(uses["demand_t"].sum())


def changed(text: str, change: str) -> str:
    """``text`` after a change: lines after ``+`` come in behind their context or for a ``-``."""
    lines, at = text.splitlines(), -1
    for line in change.splitlines():
        sign, rest = line[:1], line[1:]
        if sign == "+":
            at += 1
            lines.insert(at, rest)
            continue
        places = [i for i, each in enumerate(lines) if each == rest]
        assert len(places) == 1, f"the how-to names a line that is not there once: {rest}"
        at = places[0]
        if sign == "-":
            del lines[at]
            at -= 1
    return "\n".join(lines) + "\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the package with the how-to's changes in it."""
    shutil.copytree(Path(tradesim.__file__).parent, tmp_path / "src" / "tradesim")
    shutil.copytree(config.config_dir(), tmp_path / "conf")
    changes = CHANGE.findall(TEXT)
    assert [name for name, _ in changes] == ["src/tradesim/terms.py", "src/tradesim/model.py"]
    for name, change in changes:
        path = tmp_path / name
        path.write_text(changed(path.read_text(encoding="utf-8"), change), encoding="utf-8")
    return tmp_path / "src"


def demands(package: Path, folder: Path, *jobs: list[str]) -> list[tuple[list[float], float]]:
    """What :func:`demand` finds in a fresh process with another copy of the package."""
    paths = [str(package), str(folder), str(Path(__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(jobs)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TRADESIM_CONF": str(folder)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [(months, total) for months, total in json.loads(done.stdout)]


def test_a_lever_takes_two_more_places(folder: Path, checkout: Path) -> None:
    """The subsidy raises European demand by a fifth from February; without it nothing changes."""
    subsidy = [
        "+policy@policies.subsidy_eu=subsidy_eu", "allow_targets=subsidies", "scenario.name=s",
    ]  # fmt: skip
    before = demand([])
    without, (months, total) = demands(checkout, folder, [], subsidy)
    assert without == before
    assert months[0] == before[0][0]
    assert months[2] / before[0][2] == pytest.approx(1.2, rel=1e-9)  # the whole of March
    assert total > before[1]


def test_the_how_to_leads_to_scenario_objects() -> None:
    """What the scenario section names are fields of a scenario."""
    assert {"story", "sources", "compare", "policies"} <= set(Scenario.model_fields)
