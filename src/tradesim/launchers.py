"""Who computes the points of a sweep: this process, or one of Hydra's launchers elsewhere.

The launchers are Hydra's own plugins, each an extra of this package; nothing here schedules work.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, metadata

from hydra.core.override_parser.types import Override

from tradesim import overrides as ov
from tradesim.errors import InputError, nearest

#: The word that chooses a launcher, and the branch that its settings stand under.
KEY, BRANCH = "hydra/launcher", "hydra.launcher."
#: The launcher of a plain sweep: one point after another, in this process.
PLAIN = "basic"
_RAY_ADDRESS = f"{BRANCH}ray.init.address"
_RAY_STORE = f"{BRANCH}ray.init.object_store_memory"
#: Branches whose keys are Ray's and Slurm's own; every other setting Hydra knows or refuses.
_PASSED_ON = (".ray.init.", ".ray.remote.", ".additional_parameters.")


@dataclass(frozen=True)
class Kind:
    """A launcher of Hydra's: the extra and the distribution it comes with.

    ``cores`` is the setting that reserves processor cores for one job.
    """

    extra: str = ""
    distribution: str = ""
    cores: str = ""


_SUBMITIT = Kind("slurm", "hydra-submitit-launcher", f"{BRANCH}cpus_per_task")
LAUNCHERS = {
    PLAIN: Kind(),
    "ray": Kind("ray", "hydra-ray-launcher", f"{BRANCH}ray.remote.num_cpus"),
    "submitit_local": _SUBMITIT,
    "submitit_slurm": _SUBMITIT,
}


@dataclass(frozen=True)
class Launcher:
    """The launcher of a sweep, with the words that tell Hydra of it."""

    name: str
    words: tuple[str, ...]


def speaks_of_launcher(override: Override) -> bool:
    """Whether ``override`` chooses a launcher or is a setting of one."""
    key = override.key_or_group
    return key == KEY or key.startswith(BRANCH)


def choose(parsed: Iterable[Override], workers: int) -> Launcher:
    """The launcher that the words name; each of its jobs reserves ``workers`` cores.

    The choice is always said to Hydra, so that no page can bring a launcher along unseen.
    Raises :class:`InputError` for a launcher that is not known and for several of them.
    """
    own = [override for override in parsed if speaks_of_launcher(override)]
    picked = [override for override in own if override.key_or_group == KEY]
    name = _name(picked[-1]) if picked else PLAIN
    settings = {o.key_or_group: _forced(o) for o in own if o.key_or_group != KEY}
    cores = LAUNCHERS[name].cores
    if cores and cores not in settings:
        settings[cores] = f"++{cores}={workers}"
    if _RAY_ADDRESS in settings:  # a cluster that runs refuses the size the launcher would propose
        settings.setdefault(_RAY_STORE, f"++{_RAY_STORE}=null")
    return Launcher(name, (f"{KEY}={name}", *settings.values()))


def require(name: str) -> None:
    """Raise :class:`InputError` when launcher ``name`` is not installed, or Slurm is not here."""
    kind = LAUNCHERS[name]
    try:
        if kind.distribution:
            metadata.version(kind.distribution)
    except metadata.PackageNotFoundError as error:
        raise InputError(
            f"the launcher '{name}' is not installed",
            where=f"{KEY}={name}",
            allowed=f"{KEY}={PLAIN}, or any launcher whose extra is installed",
            remedy=_install(kind),
        ) from error
    if name == "submitit_slurm" and shutil.which("srun") is None:
        raise InputError(
            "this machine belongs to no Slurm cluster: it has no 'srun'",
            where=f"{KEY}={name}",
            remedy=f"say it on a login node; without a cluster {KEY}=submitit_local tries it out",
        )


@contextmanager
def session(name: str) -> Iterator[None]:
    """Launch inside this: a Ray that the launcher has started is shut down at the end."""
    if name != "ray":
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # tradesim calls nobody up
    ray = import_module("ray")
    guest = ray.is_initialized()
    try:
        yield
    finally:
        if not guest:
            ray.shutdown()


def losses(name: str) -> tuple[type[Exception], ...]:
    """What launcher ``name`` raises when a job is killed before it could answer."""
    if name == "ray":
        found: Sequence[type[Exception]] = [import_module("ray.exceptions").RayError]
    elif name == PLAIN:
        found = []
    else:
        found = [import_module("submitit.core.utils").UncompletedJobError]
    return tuple(found)


def _forced(override: Override) -> str:
    """A setting as a word; one that the launcher passes on unseen need not be declared."""
    word = ov.line(override)
    passed_on = any(part in override.key_or_group for part in _PASSED_ON)
    return "++" + word.lstrip("+") if passed_on and not override.is_delete() else word


def _name(override: Override) -> str:
    text = ov.line(override).partition("=")[2].strip(" '\"")
    if override.is_sweep_override():
        raise InputError(
            "a sweep has one launcher", where=ov.line(override), allowed=", ".join(LAUNCHERS)
        )
    if text not in LAUNCHERS:
        extras = sorted({_install(kind) for kind in LAUNCHERS.values() if kind.extra})
        raise InputError(
            f"unknown launcher '{text}'",
            where=ov.line(override),
            allowed=", ".join(LAUNCHERS),
            remedy="; ".join(filter(None, [nearest(text, LAUNCHERS), *extras])),
        )
    return text


def _install(kind: Kind) -> str:
    return f'pip install "tradesim[{kind.extra}]"'
