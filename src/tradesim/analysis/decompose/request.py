"""What ``tradesim decompose`` was asked: which figures of which world, over which groups."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from tradesim import config, policies
from tradesim import overrides as ov
from tradesim.analysis import shapley
from tradesim.analysis.decompose import groups as gr
from tradesim.analysis.metrics import AREAS, METRICS
from tradesim.axes import GOODS, USE_LABELS
from tradesim.errors import InputError, unknown
from tradesim.policies import Policy
from tradesim.scenario import RunConfig, Scenario
from tradesim.schema import ALL, MAGNETS_TOGETHER

#: Seeds unless others are asked for.
SEEDS = 10
#: Seed of the drawn orders, so that a decomposition comes out again.
ORDER_SEED = 0
#: Keys of the command's own and what they are without a word.
DEFAULTS: Mapping[str, Any] = {
    "metric": "shortfall_physical:run", "economy": "outside_CHN", "good": "magnet_NdFeB_HRE",
    "end_use": ALL, "groups": "auto", "permutations": 64,
}  # fmt: skip
#: Stands in the summary of many seeds, not in a run.
_OF_SUMMARY = "shortfall_physical_cvar95"


@dataclass(frozen=True)
class Target:
    """One figure to decompose: a row of the table ``headline``, period after the metric's name."""

    metric: str
    economy: str
    good: str
    end_use: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Labels of the row."""
        return self.metric, self.economy, self.good, self.end_use


@dataclass(frozen=True)
class Request:
    """The job, the figures, the groups with their policies and the drawn orders (none: exact)."""

    job: RunConfig
    targets: tuple[Target, ...]
    groups: gr.Groups
    policies: Mapping[str, Policy]
    orders: shapley.Orders | None
    words: Mapping[str, Any]  # the command's own keys as they hold

    @property
    def masks(self) -> tuple[int, ...]:
        """Subsets to run, once each; the whole scenario first, then none of its policies."""
        count = len(self.groups)
        first = ((1 << count) - 1, 0)
        if self.orders is None:
            return tuple(dict.fromkeys([*first, *range(1 << count)]))
        return tuple(dict.fromkeys([*first, *(m for o in self.orders for m in shapley.chain(o))]))

    def world(self, mask: int) -> Scenario:
        """The world of a subset."""
        return gr.world(self.job.scenario, gr.present(self.groups, mask, self.policies), mask)


def read(words: Sequence[str]) -> Request:
    """The request in ``words``: keys of its own, all others as of ``tradesim run``.

    Raises :class:`InputError` for a name or a key that does not exist, before anything is run.
    """
    own, named, rest = _sort(words)
    targets = _targets(own)
    job = config.load(rest)
    _refuse_undecided(job.scenario)
    loaded = policies.load(job.scenario.policies, allowed=("",))
    found = gr.named(loaded, named) if named else gr.by_way(loaded, str(own["groups"]))
    count, orders = _count(own["permutations"]), None
    if len(found) > gr.MOST_EXACT:
        orders = shapley.orders(len(found), count, ORDER_SEED)
    request = Request(job, targets, found, loaded, orders, own)
    gr.check(found, request.masks, loaded, config.names("policy"))
    return request


def _sort(words: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[str]], list[str]]:
    """Own keys with their values, named groups with their patterns, and the words for the run."""
    own, named, rest = dict(DEFAULTS), dict[str, list[str]](), []
    for word in words:
        key, given, value = word.partition("=")
        root = key.partition(".")[0]
        if root not in own:
            _refuse_near(root)
        if not given or root not in own:
            rest.append(word)
        elif key in ("metric", "economy", "good", "end_use"):
            own[key] = value  # a period's colon is no grammar of Hydra's
        elif key.startswith("groups."):
            named[key.partition(".")[2]] = _patterns(key, ov.read([word])[0].value())
        else:
            own[key] = ov.read([word])[0].value()
    if isinstance(own["groups"], dict):
        pages = own["groups"].items()
        named |= {str(k): _patterns(f"groups.{k}", v) for k, v in pages}
    said = {word.partition("=")[0].lstrip("+") for word in rest}
    rest += [] if "seeds" in said else [f"seeds={SEEDS}"]
    return own | ({"groups": dict(named)} if named else {}), named, rest


def _refuse_near(root: str) -> None:
    """Refuse a key that no run has and that all but spells one of the command's own."""
    if root in RunConfig.model_fields or root in Scenario.model_fields:
        return
    if difflib.get_close_matches(root, DEFAULTS, cutoff=0.75):
        raise unknown("key", root, DEFAULTS, where="on the command line")


def _patterns(key: str, value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    if isinstance(value, str):
        return [value]
    raise InputError(
        f"{key} is no list of policies", where=f"key '{key}'",
        allowed="names of policies, wildcards allowed", remedy=f"{key}=[POLICY,POLICY*]",
    )  # fmt: skip


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 10_000:
        raise InputError(
            f"permutations = {value}", where="key 'permutations'", allowed="2 to 10000 orders",
            remedy=f"leave it out ({DEFAULTS['permutations']})",
        )  # fmt: skip
    return value


def _targets(own: Mapping[str, Any]) -> tuple[Target, ...]:
    """Every metric with every economy, good and end use; names are checked."""
    metrics, areas, goods, uses = (
        _names(own, key) for key in ("metric", "economy", "good", "end_use")
    )
    known = {
        "metric": [name for name in METRICS if name != _OF_SUMMARY], "economy": AREAS,
        "good": (*GOODS, MAGNETS_TOGETHER, ALL), "end use": (*USE_LABELS, ALL),
    }  # fmt: skip
    bases = tuple(name.partition(":")[0] for name in metrics)
    for kind, names in zip(known, (bases, areas, goods, uses), strict=True):
        for name in names:
            if name not in known[kind]:
                raise unknown(kind, name, known[kind], where=f"key '{kind.replace(' ', '_')}'")
    return tuple(Target(*key) for key in product(metrics, areas, goods, uses))


def _names(own: Mapping[str, Any], key: str) -> tuple[str, ...]:
    text = str(own[key]).strip("'\"[]()")
    names = tuple(name.strip(" '\"") for name in text.split(",") if name.strip(" '\""))
    if not names:
        raise InputError(
            f"{key} names nothing", where=f"key '{key}'", allowed="one name or a list of names",
            remedy=f"leave it out ({DEFAULTS[key]}), or write {key}=[A,B]",
        )  # fmt: skip
    return tuple(dict.fromkeys(names))


def _refuse_undecided(scenario: Scenario) -> None:
    """Refuse a world without policies, and one whose policies governments move."""
    if scenario.states:
        raise InputError(
            f"in '{scenario.name}' governments decide which policies are in force",
            where="states: " + ", ".join(scenario.states),
            allowed="scenarios whose policies follow a script",
            remedy="compare packages instead: tradesim payoff; or take a scripted scenario",
        )
    if not scenario.policies:
        raise InputError(
            f"'{scenario.name}' has no policies to decompose",
            where=f"scenario '{scenario.name}'",
            allowed="a scenario with at least one policy",
            remedy="tradesim decompose scenario=october_2025_announced",
        )
