"""Results in, files out: the page of a run, and the folder of ``tradesim report``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradesim.errors import OutputError
from tradesim.report import folder, words
from tradesim.report.fans import Spec
from tradesim.report.finding import Findings
from tradesim.report.governments import government_section
from tradesim.report.page import document
from tradesim.report.reading import Readable, Reading
from tradesim.report.sections import Section, figure_sections
from tradesim.report.svg import figure_svg
from tradesim.report.sweep import sweep_sections
from tradesim.tables.loader import list_data


def build_report(results: Readable, out: Path) -> Path:
    """Write one self-contained HTML page about ``results`` and return its path.

    Parameters
    ----------
    results : a run (or a sweep) with its tables, see :class:`tradesim.results.Results`.
    out : a folder, which gets ``report.html``, or a path that ends in ``.html``.

    Raises
    ------
    OutputError
        when the file cannot be written.
    """
    path = out if out.suffix == ".html" else out / "report.html"
    return _write(path, _page(results, _sections(results)))


def write_report_folder(results: Readable, directory: Path) -> Path:
    """Write ``directory/report/`` anew: the page, each figure as SVG, README, CITATION.cff.

    Returns the folder. Raises :class:`OutputError` when it cannot be written.
    """
    home = directory / "report"
    sections = _sections(results)
    _write(home / "report.html", _page(results, sections))
    cards = [card for section in sections for card in section.cards]
    names = []
    for card in cards:
        drawing = figure_svg(card.figure, card.caption, ids=f"{card.slug}-")
        _write(home / "figures" / f"{card.slug}.svg", drawing)
        names.append((card.slug, _title(card.figure)))
    for old in (home / "figures").glob("*.svg"):
        if old.stem not in {name for name, _ in names}:
            old.unlink()
    reading = Reading(results)
    told = folder.Told(_command(reading), dict(results.manifest), list_data(), names)
    _write(home / "README.md", folder.readme(told))
    _write(home / "CITATION.cff", folder.citation_file(told))
    return home


def _title(figure: Spec) -> str:
    return str(figure["layout"]["title"]["text"]).replace("<b>", "").replace("</b>", "")


def is_sweep(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest tells of a sweep (several scenarios, tables by point)."""
    return not isinstance(manifest["scenario"], str)


def _command(reading: Reading) -> str:
    if is_sweep(reading.results.manifest):
        return "see points.csv: each row holds the overrides of one point"
    return words.command(reading)


def _uncertainty(reading: Reading) -> str:
    """What the seeds of the run, or of a sweep's first point, draw of the parameters."""
    config = reading.results.config
    points = [value for key, value in config.items() if str(key).startswith("point_")]
    found = points[0] if points else config
    return "posterior" if found.get("drawn") else "point"


def _sections(results: Readable) -> Sequence[Section]:
    reading = Reading(results)
    if is_sweep(results.manifest):
        return [
            *sweep_sections(results),
            words.reading_section(_uncertainty(reading)),
            words.source_section(list_data()),
        ]
    drawn = "markets" in results.tables
    charts = [*government_section(reading), *figure_sections(reading)] if drawn else []
    return [
        words.table_section(Findings(reading)), *charts,
        words.reading_section(_uncertainty(reading)), words.source_section(list_data()),
        words.reproduction_section(reading),
    ]  # fmt: skip


def _page(results: Readable, sections: Sequence[Section]) -> str:
    reading = Reading(results)
    if is_sweep(results.manifest):
        title = "Sweep over " + ", ".join(str(name) for name in results.manifest["scenario"])
        return document(title, "en", f"<h1>{title}</h1>", sections)
    title = str(reading.setting("title") or reading.main)
    head = words.header(reading, Findings(reading))
    return document(f"{title} – tradesim", "en", head, sections)


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the report cannot be written: {error.strerror}",
            where=str(path),
            allowed="a folder you may write to",
            remedy="name another result folder, or free its place",
        ) from error
    return path
