"""README and CITATION.cff of a report folder, in the order of the AEA's template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """What the README is written from: command, manifest, data list, (file, title) of figures."""

    command: str
    manifest: Mapping[str, Any]
    data: Sequence[Mapping[str, Any]]
    figures: Sequence[tuple[str, str]]

    @property
    def version(self) -> str:
        """Version of tradesim without the commit."""
        return str(self.manifest.get("code_version", "")).partition("+")[0]


def readme(told: Told) -> str:
    """The README of a replication package: data, requirements, instructions, list of figures.

    Follows the headings of the template of the AEA Data Editor (social-science-data-editors).
    """
    packages = told.manifest.get("packages") or {}
    lines = [
        "# Replication package", "",
        "## Overview", "",
        f"This folder was written by tradesim {told.manifest.get('code_version', '')}. "
        "`report.html` opens in any browser, without a network. `figures/` holds every figure of "
        "the page as SVG.", "",
        "## Data availability and provenance", "",
        "All data are public, ship inside the tradesim package and are listed with source and "
        "quality by `tradesim list data`. Their SHA-256 digests stand in `manifest.json` of the "
        "result folder.", "", *_data_lines(told.data), "",
        "## Computational requirements", "",
        "Python 3.11 or later; no network, no licence, no GPU. Versions used:", "",
        *(f"- {name} {version}" for name, version in packages.items()), "",
        f"The run took {float(told.manifest.get('wall_s', 0.0)):.0f} s. Random numbers are "
        "counter-based: the same version, configuration and seeds give the same result hash on "
        "any number of cores.", "",
        "## Instructions to replicators", "",
        "```", told.command, "```", "",
        "Check `result_hash` in `manifest.json`: "
        f"`{told.manifest.get('result_hash', 'not recorded')}`. Then `tradesim report DIR` writes "
        "this folder again.", "",
        "## List of figures", "",
        "| file | figure |", "|---|---|",
        *(f"| `figures/{name}.svg` | {title} |" for name, title in told.figures), "",
        "SVGs are drawn without a browser from the same description as the figures of the page.",
        "",
        "## References", "",
        "Cite as in `CITATION.cff`.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _data_lines(data: Sequence[Mapping[str, Any]]) -> list[str]:
    tables = [item for item in data if item.get("kind", "table") == "table"]
    return [f"- {item.get('name')}: {item.get('title', '')}" for item in tables]


def citation_file(told: Told) -> str:
    """A CITATION.cff (format 1.2.0) for the software that made this result."""
    digest = str(told.manifest.get("result_hash", ""))
    lines = [
        "cff-version: 1.2.0",
        "message: If you use these results, please cite the software and give the result hash.",
        "title: tradesim, an agent-based model of the rare-earth trade war",
        "type: software",
        f'version: "{told.version}"',
        "license: MIT",
        "authors:",
        "  - name: tradesim contributors",
    ]
    if digest:
        lines += ["identifiers:", "  - type: other", f'    value: "{digest}"',
                  "    description: result hash"]  # fmt: skip
    return "\n".join(lines) + "\n"
