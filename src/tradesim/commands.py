"""``tradesim run``, ``sweep``, ``report``, ``export``: words in, a folder and an exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradesim import api
from tradesim.analysis.export import export as write_exports
from tradesim.errors import InputError, PartialError, unknown
from tradesim.report import write_report_folder
from tradesim.results import open as open_results


def run(words: Sequence[str]) -> int:
    """``tradesim run scenario=NAME ...``; the last line on stdout names the folder."""
    return done(api.run_words(words).folder)


def sweep(words: Sequence[str]) -> int:
    """``tradesim sweep scenario=A,B key=1,2 ...``; the last line on stdout names the folder."""
    try:
        return done(api.sweep_words(words).folder)
    except PartialError as error:  # what did not fail has been written, and is worth naming
        done(Path(error.where).parent)
        raise


def report(words: Sequence[str]) -> int:
    """``tradesim report DIR``: writes ``DIR/report/``."""
    folder, _ = _folder_and_options(words, "report", known=())
    results = open_results(folder)
    kind = results.manifest.get("kind")
    if kind in ("decompose", "equilibrium", "leverage", "payoff"):
        raise InputError(
            f"a folder of 'tradesim {kind}' has its page already: report.html",
            where=str(folder),
            allowed="a folder that 'tradesim run' or 'tradesim sweep' has written",
            remedy="open report.html, or run it again with other keys",
        )
    write_report_folder(results, folder)
    return done(folder)


def export(words: Sequence[str]) -> int:
    """``tradesim export DIR format=csv``: writes ``DIR/exports/``."""
    folder, options = _folder_and_options(words, "export", known=("format",))
    formats = [name for name in options.get("format", "csv").strip("[]").split(",") if name]
    write_exports(open_results(folder), formats)
    return done(folder)


def done(folder: Path | None) -> int:
    """Say where the results lie, as a person in this folder would write it."""
    here = Path.cwd()
    if folder is not None and folder.is_relative_to(here):
        folder = folder.relative_to(here)
    print(f"results: {folder}", flush=True)
    return 0


def _folder_and_options(
    words: Sequence[str], verb: str, known: Sequence[str]
) -> tuple[Path, dict[str, str]]:
    """The result folder among ``words`` and the ``key=value`` options beside it."""
    folders = [word for word in words if "=" not in word]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    for key in options:
        if key not in known:
            raise unknown("key", key, known, where=f"tradesim {verb}")
    if len(folders) != 1:
        raise InputError(
            f"'tradesim {verb}' takes one result folder, not {len(folders)}",
            allowed=f"tradesim {verb} DIR" + "".join(f" [{key}=...]" for key in known),
            remedy="name a folder that 'tradesim run' has written",
        )
    return Path(folders[0]), options
