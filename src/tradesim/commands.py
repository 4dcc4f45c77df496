"""``run``, ``sweep``, ``backtest``, ``calibrate`` …: words in, a folder and an exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradesim import api
from tradesim.analysis.backtest import run as backtests
from tradesim.analysis.calibration import run as calibration
from tradesim.analysis.export import export as write_exports
from tradesim.errors import InputError, PartialError, unknown
from tradesim.report import write_report_folder
from tradesim.report.backtest import write_page
from tradesim.results import open as open_results


def run(words: Sequence[str]) -> int:
    """``tradesim run scenario=NAME ...``; the last line on stdout names the folder."""
    return _done(api.run_words(words).folder)


def sweep(words: Sequence[str]) -> int:
    """``tradesim sweep scenario=A,B key=1,2 ...``; the last line on stdout names the folder."""
    try:
        return _done(api.sweep_words(words).folder)
    except PartialError as error:  # what did not fail has been written, and is worth naming
        _done(Path(error.where).parent)
        raise


def backtest(words: Sequence[str]) -> int:
    """``tradesim backtest 2025 ...``: ``backtest.csv``, ``scores.csv`` and a page."""
    names = [word for word in words if "=" not in word]
    if len(names) != 1:
        raise InputError(
            f"'tradesim backtest' takes one episode, not {len(names)}",
            allowed=", ".join(backtests.CASES),
            remedy="tradesim backtest 2025",
        )
    rest = [word for word in words if "=" in word]
    return _done(backtests.backtest(names[0], rest, page=write_page).folder)


def calibrate(words: Sequence[str]) -> int:
    """``tradesim calibrate ...``: the posterior sample and what it says, in a folder."""
    return _done(calibration.calibrate(words))


def report(words: Sequence[str]) -> int:
    """``tradesim report DIR``: writes ``DIR/report/``."""
    folder, _ = _folder_and_options(words, "report", known=())
    write_report_folder(open_results(folder), folder)
    return _done(folder)


def export(words: Sequence[str]) -> int:
    """``tradesim export DIR format=csv``: writes ``DIR/exports/``."""
    folder, options = _folder_and_options(words, "export", known=("format",))
    formats = [name for name in options.get("format", "csv").strip("[]").split(",") if name]
    write_exports(open_results(folder), formats)
    return _done(folder)


def _done(folder: Path | None) -> int:
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
