"""Markdown tables for the generated pages, and where they lie: shared by the tools beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def row(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def head(*names: str) -> list[str]:
    """The first two lines of a table."""
    return [row(names), row(["---"] * len(names))]


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A whole table and the empty line after it."""
    return [*head(*heads), *(row(cells) for cells in rows), ""]


def code(names: Iterable[str]) -> str:
    """Names in code type, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)
