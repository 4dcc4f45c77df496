"""What a result folder says about itself: code, data, packages, seeds, hash of the tables."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import tradesim
from tradesim import axes, config, posterior
from tradesim.scenario import Scenario
from tradesim.schema import SCHEMA_VERSION
from tradesim.tables.book import VINTAGES

#: ``partial``: some points of a sweep failed, the others are complete.
Status = Literal["complete", "partial", "interrupted", "failed"]

#: Packages whose version may change a number or a file.
_PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "mesa", "networkx", "pydantic", "hydra-core",
             "omegaconf", "duckdb", "plotly", "pygambit")  # fmt: skip
_BASE = Path(__file__).parent / "tables" / "base"


def manifest(
    status: Status, *, result_hash: str, scenario: str | Sequence[str],
    compare: str | Sequence[str | None] | None, seeds: Iterable[int], engine: str,
    worlds: Iterable[Scenario], wall_s: float,
) -> dict[str, Any]:  # fmt: skip
    """The manifest of a result; ``wall_s`` in seconds, ``worlds`` are all scenarios simulated."""
    return {
        "status": status,
        "result_hash": result_hash,
        "schema_version": SCHEMA_VERSION,
        "code_version": code_version(),
        "engine": engine,
        "scenario": scenario,
        "compare": compare,
        "seeds": list(seeds),
        "data_hashes": data_hashes(worlds),
        "packages": package_versions(),
        "wall_s": round(wall_s, 3),
    }


@cache
def code_version() -> str:
    """The package's version, and in a checkout the commit, marked when files have changed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists() or not (root / "src" / "tradesim").is_dir():
        return tradesim.__version__
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12",
               "--exclude=*"]  # fmt: skip
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return tradesim.__version__
    return f"{tradesim.__version__}+{said.stdout.strip()}"


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that may change a number, those installed."""
    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def data_hashes(worlds: Iterable[Scenario]) -> dict[str, str]:
    """SHA-256 of every base-year table and of every page that the scenarios were made from."""
    worlds = list(worlds)
    folders = [VINTAGES[year] for year in sorted({world.base_year for world in worlds} - {2024})]
    files = {
        f"tables/{folder.name}/{path.name}": path
        for folder in (_BASE, posterior.FOLDER, *folders)
        for path in sorted(folder.glob("*.csv"))
    }
    for folder in axes.FURTHER_FOLDERS:
        files |= {f"tables/further/{path.name}": path for path in sorted(folder.glob("*.csv"))}
    files["tables/outside/trade.csv"] = _BASE.parent / "outside" / "trade.csv"
    pages = {"config": config.config_dir() / "config.yaml"}
    scenarios, policies = config.names("scenario"), config.names("policy")
    for world in worlds:
        named = {f"scenario/{world.name}": scenarios.get(world.name)}
        named |= {f"policy/{name}": policies.get(name) for name in world.policies}
        pages |= {name: page for name, page in named.items() if page is not None}
    files |= {f"conf/{name}.yaml": page for name, page in sorted(pages.items())}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
