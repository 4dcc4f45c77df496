"""``tradesim doctor``: what is installed, what is missing, and the remedy for each."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tradesim import __version__, config
from tradesim.errors import InputError, TradesimError
from tradesim.tables import loader


@dataclass(frozen=True)
class Finding:
    """One thing looked at: is it well, what was seen, and the remedy where it is not.

    ``needed`` is False for what only an extra needs: a run works without it.
    """

    name: str
    ok: bool
    seen: str
    remedy: str = ""
    needed: bool = True


def examine(results: Path) -> list[Finding]:
    """Everything a run needs, looked at once; ``results`` is the folder results would go to."""
    return [
        _python(),
        Finding("tradesim", ok=True, seen=f"{__version__} in {Path(__file__).parent}"),
        *_packages(),
        Finding("cores", ok=True, seen=f"{config.cores()} usable"),
        _writable(results),
        _reading("configuration", _configuration, "pip install --force-reinstall ."),
        _reading("data", _data, "pip install --force-reinstall ."),
    ]


def doctor_command(words: Sequence[str]) -> int:
    """``tradesim doctor [--json]``: exit code 0 when a run would work, else 1."""
    strange = [word for word in words if word != "--json"]
    if strange:
        raise InputError(f"'tradesim doctor' takes no '{strange[0]}'", allowed="--json")
    findings = examine(Path("results"))
    if "--json" in words:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(_line(finding) for finding in findings))
    return 0 if all(f.ok for f in findings if f.needed) else 1


def _line(finding: Finding) -> str:
    mark = "ok" if finding.ok else "MISSING" if finding.needed else "absent"
    remedy = f"\n{'':<10}remedy: {finding.remedy}" if finding.remedy and not finding.ok else ""
    return f"{mark:<9} {finding.name}: {finding.seen}{remedy}"


def _python() -> Finding:
    return Finding(
        "python",
        ok=sys.version_info >= (3, 11),
        seen=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        remedy="install Python 3.11 or newer",
    )


def _packages() -> list[Finding]:
    try:
        declared = metadata.requires("tradesim") or []
    except metadata.PackageNotFoundError:
        seen = "not installed, run from its sources"
        return [Finding("packages", ok=False, seen=seen, remedy="pip install .")]
    return [_package(Requirement(text)) for text in declared]


def _package(requirement: Requirement) -> Finding:
    """One declared dependency; an extra's is told from its marker and is never needed."""
    marker = str(requirement.marker or "")
    extra = marker.partition('extra == "')[2].partition('"')[0]
    label = f"{requirement.name} (extra {extra})" if extra else requirement.name
    remedy = f'pip install "tradesim[{extra}]"' if extra else f'pip install "{requirement}"'
    wanted = f"{requirement.specifier}" or "any version"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Finding(label, ok=False, seen=f"not installed, {wanted} wanted", remedy=remedy,
                       needed=not extra)  # fmt: skip
    fits = requirement.specifier.contains(version, prereleases=True)
    seen = version if fits else f"{version}, {wanted} wanted"
    return Finding(label, ok=fits, seen=seen, remedy=remedy, needed=not extra)


def _writable(folder: Path) -> Finding:
    """Whether a fresh folder can be made where results go, in ``folder`` or what will hold it."""
    home = folder if folder.is_dir() else folder.absolute().parent
    remedy = "run from a folder of yours, or name one: out=DIR"
    try:
        with tempfile.TemporaryDirectory(dir=home):
            pass
    except OSError as error:
        return Finding("results", ok=False, seen=f"{home}: {error.strerror}", remedy=remedy)
    return Finding("results", ok=True, seen=f"{folder.absolute()} can be written")


def _reading(name: str, read: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, ok=True, seen=read())
    except TradesimError as error:
        return Finding(name, ok=False, seen=str(error).replace("\n", ";"), remedy=remedy)


def _configuration() -> str:
    folders = config.search_dirs()
    count = len(config.names("scenario", folders))
    return f"{count} scenarios in {os.pathsep.join(str(folder) for folder in folders)}"


def _data() -> str:
    loader.load_base()
    return f"the base year loads; {len(loader.list_data())} items (tradesim list data)"
