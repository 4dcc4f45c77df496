"""What ``tradesim leverage`` was asked: whom over whom, in what, from when, on which world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradesim import config
from tradesim.analysis.leverage import cells as cl
from tradesim.analysis.leverage.accounts import Quarters, quarters
from tradesim.errors import InputError
from tradesim.model import world_of
from tradesim.scenario import RunConfig, Scenario

#: Seeds unless others are asked for.
SEEDS = 10
#: Months between the start of the run and the cut, unless a date is given.
LEAD_MONTHS = 3
#: Keys of the command's own and what they are without a word.
DEFAULTS: Mapping[str, str] = {
    "supplier": "CHN", "buyer": "USA,EU27,JPN,KOR", "element": "Nd,Sm,Tb,Dy,Y,all",
    "stage": "concentrate,oxide,metal,magnet", "from": "", "back": "true",
}  # fmt: skip
#: Name of the policy that takes the trade away, and of the world in which it does.
CUT = "leverage_cut"


@dataclass(frozen=True)
class Request:
    """The job (scenario, seeds, workers, folder), the day of the cut and what is cut."""

    job: RunConfig
    cut: dt.date
    cells: tuple[cl.Cell, ...]
    missing: tuple[cl.Missing, ...]
    words: Mapping[str, str]  # the command's own keys as they hold

    @property
    def quarters(self) -> Quarters:
        """Whole quarters of the run after the cut."""
        return quarters(self.job.scenario.start, self.job.scenario.weeks, self.cut)

    @property
    def cuts(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Every counterfactual to run, once each."""
        return tuple(dict.fromkeys(cell.cut for cell in self.cells))


def read(words: Sequence[str]) -> Request:
    """The request in ``words``: keys of its own, all others as of ``tradesim run``.

    Raises :class:`InputError` for a name, a date or a key that does not exist, before anything is
    run, and when nothing that was asked for is traded.
    """
    own, rest = dict(DEFAULTS), []
    for word in words:
        key, given, value = word.partition("=")
        if given and key in own:
            own[key] = value.strip("'\"")
        else:
            rest.append(word)
    named = {word.partition("=")[0].lstrip("+") for word in rest}
    rest += [] if "seeds" in named else [f"seeds={SEEDS}"]
    rest += [] if "scenario" in named else ["scenario=reference"]
    wanted = cl.asked(_names(own, "element"), _names(own, "stage"))
    pairs = cl.both_ways(_names(own, "supplier"), _names(own, "buyer"), _flag(own["back"]))
    job = config.load([w for w in rest if w.partition("=")[0] != "compare"] + ["compare=none"])
    cut = _date(own["from"], job.scenario)
    world = world_of(job.scenario, job.seeds[0])
    found, missing = cl.find(world, pairs, wanted)
    if not found:
        _refuse_nothing(missing)
    return Request(job, cut, tuple(found), tuple(missing), {**own, "from": f"{cut}"})


def _names(own: Mapping[str, str], key: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in own[key].strip("[]()").split(",") if name.strip())
    if not names:
        raise InputError(
            f"{key} names nothing", where=f"key '{key}'", allowed="one name or a list of names",
            remedy=f"leave it out ({DEFAULTS[key]}), or write {key}=[A,B]",
        )  # fmt: skip
    return tuple(dict.fromkeys(names))


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise InputError(
            f"back={text}", where="key 'back'", allowed="true or false",
            remedy="back=false looks one way only",
        )  # fmt: skip
    return text == "true"


def _date(text: str, scenario: Scenario) -> dt.date:
    """The day of the cut; without one the first of the month a quarter after the start's."""
    start = scenario.start
    if not text:
        month = start.month - 1 + LEAD_MONTHS
        text = f"{dt.date(start.year + month // 12, month % 12 + 1, 1)}"
    end = start + dt.timedelta(days=7.0 * scenario.weeks)
    allowed = f"a day from {start} (start) that leaves a whole quarter before {end} (end)"
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"from={text} is no date", where="key 'from'", allowed=allowed,
            remedy="write it as from=YYYY-MM-DD",
        ) from error  # fmt: skip
    if day < start or quarters(start, scenario.weeks, day).count < 1:
        raise InputError(
            f"from={text} leaves no whole quarter of the run", where="key 'from'",
            allowed=allowed, remedy="choose another day, or set start= and weeks=",
        )  # fmt: skip
    return day


def _refuse_nothing(missing: Sequence[cl.Missing]) -> None:
    told = [f"{m.supplier} to {m.buyer}, {m.element} {m.stage}: {m.reason}" for m in missing[:5]]
    raise InputError(
        "nothing that was asked for is traded in the base year",
        where="; ".join(told),
        allowed="pairs, elements and stages with trade, see docs/base-year.md",
        remedy="ask for other pairs, elements or stages",
    )


def without(
    scenario: Scenario, cut: tuple[str, str, tuple[str, ...]], day: dt.date,
    sellers: Sequence[str] = ("*",),
) -> Scenario:  # fmt: skip
    """The scenario in which the supplier sells these goods to the buyer no more, from ``day`` on.

    A full ban, announced on the day it takes effect; on its lanes nobody goes round it. With
    ``sellers`` only the supplier's firms of these names stop.
    """
    supplier, buyer, goods = cut
    page: dict[str, Any] = {
        "_target_": "tradesim.policies.Ban",
        "title": f"{supplier} stops selling to {buyer}: {', '.join(goods)}",
        "imposed_by": supplier,
        "announced": day,
        "effective": day,
        "covers": {
            "goods": list(goods),
            "destinations": [buyer],
            "sellers": list(sellers),
        },
    }
    changed = {"name": f"{scenario.name}_{CUT}", "policies": {**scenario.policies, CUT: page}}
    return scenario.model_copy(update=changed)
