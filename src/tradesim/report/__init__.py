"""The report of a run: one self-contained page, static figures, figures for notebooks.

The three faces load their modules on first use, so that importing this package is free.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["build_report", "plot", "write_report_folder"]


def build_report(results: Any, out: Path) -> Path:
    """Write the page about ``results`` to ``out`` (a folder or a ``.html`` path); its path.

    See :func:`tradesim.report.build.build_report`.
    """
    path: Path = import_module("tradesim.report.build").build_report(results, out)
    return path


def write_report_folder(results: Any, directory: Path) -> Path:
    """Write ``directory/report/`` (page, SVG figures, README, CITATION.cff); the folder.

    See :func:`tradesim.report.build.write_report_folder`.
    """
    path: Path = import_module("tradesim.report.build").write_report_folder(results, directory)
    return path


def plot(results: Any, kind: str = "price", **selectors: Any) -> Any:
    """A Plotly figure of ``results``: exports, price, shortfall, licences and others.

    Selectors and units by kind: :func:`tradesim.report.figures.plot`.
    """
    return import_module("tradesim.report.figures").plot(results, kind, **selectors)
