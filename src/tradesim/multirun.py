"""A sweep, handed over to Hydra's multirun, on this machine or through a launcher on others.

One Hydra job is one point with all its seeds. Every name, key and value is checked before the
first job starts; a job that fails does not stop the others.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from tradesim import config, launchers
from tradesim import overrides as ov
from tradesim.errors import InputError, TradesimError
from tradesim.scenario import RunConfig

#: What a sweep records unless told otherwise: the headline table only.
RECORD = "headline"

#: Keys that say where and how a sweep is computed; they are no part of a point.
_ASIDE = frozenset({"out", "workers"})

#: Told of each point: its number, its words and its run, or the error that refused it.
Job = Callable[[int, tuple[str, ...], RunConfig | TradesimError], None]


@dataclass(frozen=True)
class Plan:
    """A sweep that has been checked: the words for Hydra, and the words of every point."""

    words: tuple[str, ...]
    searchpath: str
    points: tuple[tuple[str, ...], ...]
    first: RunConfig
    launcher: str = launchers.PLAIN


def plan(words: Sequence[str]) -> Plan:
    """Read and check a sweep; nothing is run or written.

    Every value is composed and validated once, beside the first value of the other keys.
    Raises :class:`InputError` for a misspelt name or key and for a value out of its range.
    """
    parsed = ov.read([*_experiment_words(words), *words], sweep=True)
    latest = {o.get_key_element(): o for o in parsed if not launchers.speaks_of_launcher(o)}
    chosen = launchers.choose(parsed, workers=1)
    if chosen.name != launchers.PLAIN:
        latest = {"workers": ov.read(["workers=1"])[0]} | latest
    settled, folders = config.settle(list(latest.values()))
    pages = {group: config.names(group, folders) for group in ov.GROUPS}
    values = [_values(override, pages) for override in ov.read(settled, sweep=True)]
    base = [options[0] for options in values]
    search = _searchpath(latest.values())
    first = config.load([*base, *search], record=RECORD)
    for i, options in enumerate(values):
        for option in options[1:]:
            config.load([*base[:i], option, *base[i + 1 :], *search], record=RECORD)
    chosen = launchers.choose(parsed, first.workers)
    return Plan(
        words=(*settled, *chosen.words),
        searchpath=config.searchpath(folders),
        points=tuple(_point(words) for words in itertools.product(*values)),
        first=first,
        launcher=chosen.name,
    )


def launch(sweep: Plan, job: Job, scratch: Path | None = None) -> None:
    """Run ``job`` on every point of ``sweep``, in order, through Hydra's multirun.

    A launcher other than the plain one pickles ``job`` and keeps its own files in ``scratch``,
    which every machine must see (default: a temporary folder of this machine).
    Raises :class:`InputError` when Hydra refuses a combination or the launcher is not installed,
    before any job has run.
    """
    launchers.require(sweep.launcher)

    def task(page: DictConfig) -> None:
        settings = HydraConfig.get()
        words = tuple(settings.overrides.task)
        run = _resolved(page, [*words, searchpath])
        job(int(settings.job.num), _point(words), run)

    searchpath = sweep.searchpath
    with tempfile.TemporaryDirectory(prefix="tradesim-", dir=scratch) as folder:
        machinery = [
            f"hydra.sweep.dir={ov.quote(folder)}",
            "hydra.sweep.subdir=job",
            "hydra.sweeper.params=null",
        ]
        arguments = ["tradesim", "--multirun", *sweep.words, sweep.searchpath, *machinery]
        main = hydra.main(
            version_base="1.3", config_path=str(config.config_dir()), config_name="config"
        )(task)
        faults = config.faults_of_pages([config.config_dir()])
        with _hydra_owns(arguments), faults, launchers.session(sweep.launcher):
            main()


def _point(words: Sequence[str]) -> tuple[str, ...]:
    """The words that make a point, as a person would write them."""
    plain = (word.lstrip("+") if word.startswith("++") else word for word in words)
    return tuple(word for word in plain if word.partition("=")[0] not in _ASIDE)


def _resolved(page: DictConfig, words: Sequence[str]) -> RunConfig | TradesimError:
    tree: Any = OmegaConf.to_container(page, resolve=True)
    try:
        return config.finish(tree, words, record=RECORD)
    except TradesimError as error:
        return error


def _experiment_words(words: Sequence[str]) -> list[str]:
    """The sweep that the page of the experiment declares under ``hydra.sweeper.params``."""
    parsed = ov.read(words, sweep=True)
    chosen = [override for override in parsed if override.key_or_group == "experiment"]
    if not chosen:
        return []
    if chosen[-1].is_sweep_override():
        raise InputError(
            "a sweep runs one experiment",
            where=ov.line(chosen[-1]),
            remedy="run the experiments one after the other",
        )
    params = config.sweeper_params([ov.line(chosen[-1]), *_searchpath(parsed)])
    return [f"{key}={value}" for key, value in params.items()]


def _values(override: Override, pages: dict[str, Any]) -> list[str]:
    return ov.options(override, pages.get(override.key_or_group, ()))


def _searchpath(parsed: Any) -> list[str]:
    return [ov.line(o) for o in parsed if o.key_or_group == "hydra.searchpath"]


@contextmanager
def _hydra_owns(arguments: list[str]) -> Iterator[None]:
    """Lend the process's argv to ``@hydra.main``, and have it raise its errors to us."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = arguments, "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error
