"""Pages of YAML and words of the command line become one typed :class:`RunConfig`.

Hydra composes (``conf/config.yaml``, then the scenario, the experiment, the command line), the
typed schema of :mod:`tradesim.scenario` judges. No config object goes further down than here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError

from tradesim import overrides as ov
from tradesim import policies, posterior
from tradesim.errors import InputError, TradesimError, unknown
from tradesim.fields import explain, keys
from tradesim.policies import consistency
from tradesim.scenario import RunConfig, Scenario
from tradesim.states import convene
from tradesim.states.government import Government
from tradesim.states.packages import Package
from tradesim.strategies import base as strategies
from tradesim.trees import flatten
from tradesim.world import World, build_world

Tree = dict[str, Any]

#: What the two worlds of one run must share, or their rows could not be set against each other.
SHARED = (
    "base_year", "start", "weeks", "step_weeks", "firms", "noise", "growth_from", "further_goods",
)  # fmt: skip
_TOLD = ("name", "title", "story", "sources")
_WORLD = tuple(key for key in Scenario.model_fields if key not in _TOLD)
#: Words with these roots make the scenario itself; the world of comparison does not follow them.
_OWN = frozenset({
    "policies", "policy", "compare", "scenario", "experiment", "packages", "package", "states",
    "state", "strategy", "talks",
})  # fmt: skip
#: What a scenario says that does not decide who trades what with whom.
_UNTRADED = {*_TOLD, "compare", "weeks", "step_weeks", "noise", "market", "policies", "packages",
             "states", "talks"}  # fmt: skip
_JOB = ("seeds", "workers", "record", "uncertainty", "engine", "out")


def config_dir() -> Path:
    """The folder of configuration pages: the packaged copy, or the checkout's ``conf/``."""
    packaged = Path(__file__).with_name("conf")
    checkout = Path(__file__).resolve().parents[2] / "conf"
    for folder in (packaged, checkout):
        if (folder / "config.yaml").is_file():
            return folder
    raise TradesimError(
        "the configuration pages are missing",
        where=str(packaged),
        remedy="install the package again: pip install --force-reinstall .",
    )


def search_dirs(parsed: Sequence[Override] = ()) -> list[Path]:
    """Folders that hold pages: ours, then the user's (``TRADESIM_CONF``, ``hydra.searchpath``)."""
    named = [n for n in os.environ.get("TRADESIM_CONF", "").split(os.pathsep) if n]
    for override in parsed:
        if override.key_or_group == "hydra.searchpath":
            value = override.value()
            named += [_local(str(v)) for v in (value if isinstance(value, list) else [value])]
    folders = [Path(name).expanduser().resolve() for name in named]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(
                "there is no such folder of configuration pages",
                where=str(folder),
                allowed="a folder with scenario/, policy/ or experiment/ in it",
                remedy="correct hydra.searchpath or TRADESIM_CONF",
            )
    return [config_dir(), *folders]


def names(group: str, folders: Sequence[Path] | None = None) -> dict[str, Path]:
    """Pages of ``group`` (scenario, policy or experiment) by name; the first folder wins."""
    found: dict[str, Path] = {}
    for folder in search_dirs() if folders is None else folders:
        for page in sorted((folder / group).glob("*.yaml")):
            found.setdefault(page.stem, page)
    return dict(sorted(found.items()))


def searchpath(folders: Sequence[Path]) -> str:
    """The word that tells Hydra of the users' ``folders``; ours, the first, it knows."""
    users = ",".join(ov.quote(f"file://{folder}") for folder in folders[1:])
    return f"hydra.searchpath=[{users}]"


def compose(words: Sequence[str]) -> Tree:
    """The pages and ``words`` as one plain nested mapping.

    Raises :class:`InputError` for a misspelt key or name, a word that does not parse and a page
    that is not sound.
    """
    parsed = ov.read(words)
    settled, folders = settle(parsed)
    return _compose([*settled, searchpath(folders)], folders)


def settle(parsed: Sequence[Override]) -> tuple[list[str], list[Path]]:
    """Words ready for Hydra, and the folders of pages; every name and key has been checked."""
    folders = search_dirs(parsed)
    known = {group: names(group, folders) for group in ov.GROUPS}
    ov.check_choices(parsed, known)
    choices = [ov.options(o, known[o.key_or_group])[0] for o in parsed if ov.is_choice(o)]
    pages = _compose([*choices, searchpath(folders)], folders)
    if pages["allow_targets"]:
        raise InputError(
            "allow_targets stands on a page",
            allowed="only the person who starts the run may allow foreign classes",
            remedy="take it off the page and say allow_targets=PACKAGE on the command line",
        )
    kept = [o for o in parsed if o.key_or_group != "hydra.searchpath"]
    where = f"on the command line, with scenario '{pages['scenario']['name']}'"
    named = [o.value() for o in parsed if o.key_or_group == "allow_targets"]
    trusted = allowed_prefixes(named[-1] if named else None)
    return ov.settle_keys(kept, set(flatten(pages)), _declared(pages, trusted), where), folders


def load(words: Sequence[str], *, record: str = "monthly") -> RunConfig:
    """One run, ready to go: composed, checked, with the world it is compared with.

    ``record`` is what ``record=null`` stands for. Raises :class:`InputError`.
    """
    return finish(compose(words), words, record=record)


def finish(tree: Tree, words: Sequence[str], *, record: str = "monthly") -> RunConfig:
    """The typed run for a ``tree`` that was composed from ``words``, comparison world included."""
    name = _comparison_name(tree)
    other = None if name is None else _comparison(name, tree, words)
    return with_draws(resolve(tree, other, record=record), words)


def with_draws(config: RunConfig, words: Sequence[str]) -> RunConfig:
    """The run with the keys that the posterior sample decides; none with ``uncertainty=point``."""
    parsed = ov.read(words)
    named = {override.key_or_group for override in parsed}
    worlds = [config.scenario, *([config.compare] if config.compare else [])]
    keys = posterior.free(worlds, named, names("policy", search_dirs(parsed)))
    return config.model_copy(update={"drawn": keys if config.uncertainty == "posterior" else ()})


def sweeper_params(words: Sequence[str]) -> dict[str, Any]:
    """The sweep that the chosen pages declare under ``hydra.sweeper.params``: key -> values."""
    parsed = ov.read(words)
    folders = search_dirs(parsed)
    ov.check_choices(parsed, {group: names(group, folders) for group in ov.GROUPS})
    choices = [ov.line(override) for override in parsed if ov.is_choice(override)]
    tree = _compose([*choices, searchpath(folders)], folders, machinery=True)
    return dict(tree["hydra"]["sweeper"].get("params") or {})


def resolve(tree: Tree, comparison: Tree | None = None, *, record: str = "monthly") -> RunConfig:
    """The typed run for the composed ``tree`` and, if there is one, its ``comparison`` world.

    Raises :class:`InputError` that names the key, the value and the range with its unit.
    """
    trusted = allowed_prefixes(tree.get("allow_targets"))
    scenario = _scenario(tree, trusted)
    compare = None if comparison is None else _scenario(comparison, trusted)
    told_apart(scenario, compare)
    job = {key: tree[key] for key in _JOB if tree.get(key) is not None}
    job |= {"seeds": _seeds(tree["seeds"]), "record": tree.get("record") or record}
    job.setdefault("workers", cores())
    _refuse_unbuilt(job)
    try:
        return RunConfig(scenario=scenario, compare=compare, **job)
    except ValidationError as error:
        raise explain(error, RunConfig, where=f"scenario '{scenario.name}'") from error


def told_apart(scenario: Scenario, compare: Scenario | None) -> None:
    """Refuse two different worlds of one name: their rows in the tables would be mixed up."""
    if compare is not None and compare.name == scenario.name and compare != scenario:
        raise InputError(
            f"two different worlds are called '{scenario.name}'",
            where="the scenario and the world it is compared with",
            remedy="name the changed one: scenario.name=my_variant",
        )


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fingerprint(config: RunConfig) -> str:
    """Hash of all that decides the result: equal for two scenarios that differ in name only."""
    told = {*_TOLD, "compare"}
    content = {
        "scenario": config.scenario.model_dump(mode="json", exclude=told),
        "compare": config.compare and config.compare.model_dump(mode="json", exclude=told),
        "run": config.model_dump(
            mode="json", exclude={"scenario", "compare", "workers", "out", "record"}
        ),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _local(address: str) -> str:
    if "://" not in address:
        return address
    parts = urlparse(address)
    if parts.scheme != "file":
        raise InputError(
            f"'{address}' is no folder on this machine",
            where="hydra.searchpath",
            allowed="file:///path/to/folder",
            remedy="name a folder",
        )
    return unquote(parts.path)


@contextmanager
def faults_of_pages(folders: Sequence[Path]) -> Iterator[None]:
    """Turn what Hydra, OmegaConf and YAML say about a page into one :class:`InputError`."""
    try:
        yield
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        text = " ".join(str(error).split())
        raise InputError(
            f"the configuration cannot be composed: {text}",
            where=", ".join(str(folder) for folder in folders),
            remedy="correct the page or the override named above",
        ) from error


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Hydra on our pages; whoever had it before (a sweep, a user's notebook) gets it back."""
    before, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = before


def _compose(words: Sequence[str], folders: Sequence[Path], *, machinery: bool = False) -> Tree:
    pages = [page for folder in folders for page in sorted(folder.rglob("*.yaml"))]
    stamp = tuple((str(page), page.stat().st_mtime_ns) for page in pages)
    with faults_of_pages(folders):
        return deepcopy(_composed(tuple(words), stamp, machinery))


@lru_cache(maxsize=256)  # a sweep asks for the same pages and the same comparison many times
def _composed(words: tuple[str, ...], stamp: object, machinery: bool) -> Tree:
    """What Hydra makes of ``words``, for as long as the ``stamp`` of the pages stands."""
    with _own_hydra():
        page = hydra.compose("config", overrides=list(words), return_hydra_config=machinery)
        tree = OmegaConf.to_container(page, resolve=not machinery, throw_on_missing=not machinery)
    return {str(key): value for key, value in tree.items()} if isinstance(tree, dict) else {}


def _declared(pages: Tree, trusted: Sequence[str]) -> set[str]:
    """Keys of the typed schemas, those of the policies on ``pages`` included."""
    found = {key for key in keys(Scenario) if key.partition(".")[0] in _WORLD} | set(_JOB)
    found |= {f"scenario.{key}" for key in (*_TOLD, "compare")}
    for name, page in pages["policies"].items():
        found |= keys(policies.find_class(name, page, trusted), f"policies.{name}.")
    for code, page in pages["states"].items():
        found |= keys(Government, f"states.{code}.")
        mind = strategies.find_class(page.get("strategy") or {}, f"states.{code}", trusted)
        found |= keys(mind, f"states.{code}.strategy.")
    for name in pages["packages"]:
        found |= keys(Package, f"packages.{name}.")
    return found


def _comparison_name(tree: Tree) -> str | None:
    wanted = tree["compare"]
    name = tree["scenario"].get("compare") if wanted in {"auto", None} else wanted
    return None if name in {None, "none"} else str(name)


def _comparison(name: str, tree: Tree, words: Sequence[str]) -> Tree:
    """The world called ``name`` under the user's words, less those that make the scenario."""
    settled, folders = settle(ov.read(words))
    known = names("scenario", folders)
    if name not in known:
        raise unknown("scenario", name, known, where="key compare")
    parsed = ov.read(settled)
    kept = [ov.forced(override) for override in parsed if ov.root(override) not in _OWN]
    base = [f"scenario={name}", *kept, searchpath(folders)]
    other = _compose(base, folders)
    experiment = [ov.line(o) for o in parsed if o.key_or_group == "experiment"]
    if experiment:  # what it says of policies and story is said of the scenario alone
        both = _compose([*experiment, *base], folders)
        own = ("scenario", "policies", "packages", "states", "talks")
        other = both | {key: other[key] for key in own}
    return other | {key: tree[key] for key in SHARED}


def _scenario(tree: Tree, trusted: Sequence[str]) -> Scenario:
    known = {*_WORLD, *_JOB, "scenario", "experiment", "allow_targets"}
    where = f"scenario '{tree['scenario'].get('name', '')}'"
    for key in tree:
        if key not in known:
            raise unknown("key", key, known, where=where)
    try:
        scenario = Scenario(
            **tree["scenario"], **{k: tree[k] for k in _WORLD if k in tree and k != "compare"}
        )
    except ValidationError as error:
        raise explain(error, Scenario, where=where) from error
    check_together(scenario, trusted)
    return scenario


def check_together(scenario: Scenario, trusted: Sequence[str] = ("tradesim.",)) -> None:
    """Refuse policies of ``scenario`` that contradict each other or that its world lacks.

    Raises :class:`InputError` that names the policy and the field.
    """
    _check_policies(scenario.policies, trusted, f"scenario '{scenario.name}'")
    loaded = policies.load(scenario.policies, trusted)
    consistency.check(loaded, names("policy"))
    if scenario.states or scenario.packages:
        convene.read(scenario, loaded, trusted)
    if loaded:
        consistency.check_world(loaded, _traded(scenario.model_dump_json(exclude=_UNTRADED)))


@lru_cache(maxsize=4)  # a sweep's points share it: what they vary seldom changes who trades
def _traded(setting: str) -> World:
    """The firms and lanes of a scenario's world, as one seed draws them."""
    return build_world(Scenario.model_validate({"name": "", "title": "", **json.loads(setting)}), 0)


def _seeds(value: Any) -> Any:
    """``20`` means seeds 0 to 19; a list means itself; the schema refuses anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if not 1 <= value <= 1_000_000:
        raise InputError(
            f"seeds = {value}",
            allowed="1 to 1000000 seeds, or a list of them such as [3,7]",
            remedy="seeds=20 means seeds 0 to 19",
        )
    return tuple(range(value))


def allowed_prefixes(named: Any = None) -> tuple[str, ...]:
    """Prefixes of the classes that ``_target_`` may name; ``named`` are the user's packages."""
    packages = [named] if isinstance(named, str) else named or []
    return ("tradesim.", *(f"{str(package).rstrip('.')}." for package in packages))


def _check_policies(pages: Mapping[str, Tree], trusted: Sequence[str], where: str) -> None:
    for name, page in pages.items():
        try:
            policies.load_one(name, page, trusted)
        except ValidationError as error:
            model = policies.find_class(name, page, trusted)
            raise explain(error, model, where=where, prefix=f"policies.{name}.") from error
        except InputError as error:  # a class knows its fields, not the name it runs under
            raise error.under(f"policies.{name}.") from error


def _refuse_unbuilt(job: Mapping[str, Any]) -> None:
    if job.get("engine") == "numba":
        raise InputError("engine=numba is not built yet", remedy="leave engine out")
