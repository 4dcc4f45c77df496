"""What governments did in the runs of a result: moves, talks, deals, rungs and the path of a run.

Read off the table ``events``. The council's rows carry a reason; when a package comes into force is
in the rows of the calendar of policies, which knows the step in which markets obey it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from tradesim.axes import ECONOMIES
from tradesim.report import diplomacy_words, labels
from tradesim.report.reading import LONGEST_STEP_DAYS, Reading
from tradesim.states.deeds import GIVEN

Row = Mapping[str, Any]

ANNOUNCE = ("announce", "announce_buying", "announce_funding", "announce_licences",
            "announce_tightening")  # fmt: skip
IMPOSE = ("impose", "buy", "fund", "grant_licences", "deny_licences", "in_force")
WITHDRAW = ("shelve", "suspend")


@dataclass(frozen=True)
class Kind:
    """How deeds of some actions are drawn: word of the legend, symbol, whether they are moves."""

    word: str
    symbol: str
    move: bool
    actions: tuple[str, ...]


#: Every kind of deed by name; each has a shape and a word of its own.
KINDS: Mapping[str, Kind] = {
    "announce": Kind("announces", "triangle-up", True, ANNOUNCE),
    "force": Kind("in force", "square", True, IMPOSE),
    "withdraw": Kind("drops", "triangle-down", True, WITHDRAW),
    "adjust": Kind("adjusts", "diamond-tall", True, ("tighten", "relax")),
    "ask": Kind("asks", "circle", False, ("ask_talks",)),
    "answer": Kind("answers", "pentagon", False, ("answer",)),
    "meet": Kind("meet", "diamond", False, ("meet",)),
    "offer": Kind("offers", "star", False, ("offer", "counter_offer")),
    "deal": Kind("signs", "bowtie", False, ("accept", "renew")),
    "dispute": Kind("disputes", "cross", False, ("diverging_reading",)),
    "silence": Kind("talks fail", "x", False,
                    ("unanswered", "talks_lapse", "walk_away")),
    "end": Kind("ends it", "hourglass", False, ("breach", "deal_expires")),
}  # fmt: skip
_KIND_OF = {action: name for name, kind in KINDS.items() for action in kind.actions}
#: Within a day: what time does, then moves, then the talks in their course.
_ORDER = ("deal_expires", "unanswered", "talks_lapse", "breach", "meet", *ANNOUNCE, *IMPOSE,
          *WITHDRAW, "tighten", "relax", "ask_talks", "answer", "offer", "counter_offer", "accept",
          "renew", "diverging_reading", "walk_away")  # fmt: skip
_STEPS = ("climb", "descend")
#: A path: a deal is signed while something announced is not yet in force.
BEFORE = "deal before the deadline"


@dataclass(frozen=True)
class Deed:
    """One thing that a government did: ``words`` after its name, the ``reason`` in words.

    ``height`` is where it is drawn: the rung of the package that it moves, else the government's
    own on that day. ``target`` and ``package`` as in the table, '' where there is none.
    """

    number: int
    date: pd.Timestamp
    actor: str
    action: str
    target: str
    package: str
    who: str
    words: str
    reason: str
    height: int

    @property
    def kind(self) -> str:
        """Name of its kind in :data:`KINDS`."""
        return _KIND_OF[self.action]

    @property
    def text(self) -> str:
        """The deed in a sentence: day, who, what, why."""
        told = f"{day(self.date)}: {self.who} {self.words}."
        return f"{told} Reason: {self.reason}." if self.reason else told


@dataclass(frozen=True)
class Deal:
    """A deal in force between two governments from ``start`` until before ``end``."""

    parties: tuple[str, str]
    start: pd.Timestamp
    end: pd.Timestamp


def day(date: pd.Timestamp) -> str:
    """``9 October 2025``."""
    return f"{date.day} {date:%B %Y}"


def governments(reading: Reading) -> tuple[str, ...]:
    """Economies whose government decides in the scenario, in the order of the axis."""
    pages = reading.setting("states")
    return tuple(code for code in ECONOMIES if isinstance(pages, Mapping) and code in pages)


def told(reading: Reading) -> bool:
    """Whether governments decide in the scenario and the tables say what they did."""
    tables = reading.results.tables
    return bool(governments(reading)) and {"events", "states"} <= set(tables)


def rivals(reading: Reading) -> tuple[str, ...]:
    """Governments that others watch; all of them where fewer than two are watched.

    A third country that only watches the great powers is no party to their conflict.
    """
    codes = governments(reading)
    pages = reading.setting("states") or {}
    watched = {other for code in codes for other in pages[code].get("watches") or ()}
    found = tuple(code for code in codes if code in watched)
    return found if len(found) > 1 else codes


def ladder(reading: Reading, code: str) -> tuple[str, ...]:
    """Packages that a government can climb, lowest rung first."""
    page = (reading.setting("states") or {}).get(code) or {}
    return tuple(str(name) for name in page.get("ladder") or ())


def _rows(reading: Reading) -> dict[int, list[Row]]:
    """Rows of the council and of the calendar by seed, in the order in which things happen."""
    actions = labels.sql_list([*_KIND_OF, *_STEPS, "effective"])
    frame = reading.query(
        "SELECT seed, date, actor, action, target, detail, reason FROM events WHERE scenario = "
        f"{labels.sql_list([reading.main])} AND action IN ({actions})"
    )
    text = ["actor", "action", "target", "detail", "reason"]
    frame = frame.assign(date=pd.to_datetime(frame["date"]))
    frame[text] = frame[text].astype("object").fillna("").astype(str)
    order = {action: i for i, action in enumerate(_ORDER)}
    frame = frame.assign(order=frame["action"].map(order).fillna(len(order)))
    frame = frame.sort_values(["date", "order", "actor", "detail"], kind="stable")
    found: dict[int, list[Row]] = {seed: [] for seed in reading.seeds}
    for row in frame.to_dict("records"):
        found[int(row["seed"])].append({str(key): value for key, value in row.items()})
    return found


def rows(reading: Reading, seed: int) -> list[Row]:
    """Rows of one run in the order in which things happen, columns as in ``events``."""
    return reading.once(("council rows",), lambda: _rows(reading))[seed]


def steps(reading: Reading, seed: int, code: str) -> list[tuple[pd.Timestamp, int]]:
    """Days on which the rung of a government changes, each with the rung from then on."""
    return [
        (row["date"], int(row["target"]))
        for row in rows(reading, seed)
        if row["action"] in _STEPS and row["actor"] == code
    ]


def rung(reading: Reading, seed: int, code: str, on: pd.Timestamp) -> int:
    """The rung of a government at the end of a day; 0 before its first step."""
    return next((r for d, r in reversed(steps(reading, seed, code)) if d <= on), 0)


def deeds(reading: Reading, seed: int) -> list[Deed]:
    """Everything that governments did in one run, numbered from 1."""
    return reading.once(("deeds", seed), lambda: _deeds(reading, seed))


def _deeds(reading: Reading, seed: int) -> list[Deed]:
    packages = reading.setting("packages") or {}
    found = [row for row in rows(reading, seed) if row["action"] in _KIND_OF]
    found += _in_force(found, rows(reading, seed), packages)
    order = {action: i for i, action in enumerate(_ORDER)}
    found.sort(key=lambda row: (row["date"], order[row["action"]]))
    speaker = diplomacy_words.Speaker(reading)
    out: list[Deed] = []
    for row in _merged(found):
        name = row["detail"] if row["detail"] in packages else ""
        rungs = ladder(reading, row["actor"])
        height = (rungs.index(name) + 1 if name in rungs
                  else rung(reading, seed, row["actor"], row["date"]))  # fmt: skip
        deed = Deed(
            len(out) + 1, row["date"], row["actor"], row["action"], row["target"], name,
            speaker.who(row), speaker.words(row), speaker.reason(row), height,
        )  # fmt: skip
        out.append(deed)
    return out


def _in_force(found: Sequence[Row], all_rows: Sequence[Row], packages: Row) -> Iterator[Row]:
    """When packages come into force that were announced, or that a deal had suspended."""
    owner = {policy: name for name, page in packages.items() for policy in page["policies"]}
    seen: set[tuple[str, pd.Timestamp]] = set()  # as the calendar dates it
    dated: set[tuple[str, pd.Timestamp]] = set()  # as it is told
    for row in all_rows:
        name = owner.get(row["detail"], "")
        if row["action"] != "effective" or not name or (name, row["date"]) in seen:
            continue
        seen.add((name, row["date"]))
        before = [r for r in found if r["detail"] == name and r["date"] <= row["date"]
                  and r["action"] in (*ANNOUNCE, *IMPOSE)]  # fmt: skip
        last = before[-1] if before else None
        date, why = row["date"], "nothing suspends it any longer"
        if last is not None:
            due = pd.Timestamp(last["target"] or last["date"])
            fresh = due <= date and (date - due).days <= LONGEST_STEP_DAYS
            if fresh and last["action"] in IMPOSE:
                continue
            if fresh and (name, due) not in dated:
                date, why = due, f"announced on {day(last['date'])}"
                if any(r["action"] == "diverging_reading" and r["detail"] == name
                       and last["date"] <= r["date"] <= due for r in found):  # fmt: skip
                    why += "; the deal suspends it in part only, as its own side reads it"
        dated.add((name, date))
        made = {"date": date, "action": "in_force", "detail": name, "target": "", "reason": why}
        yield {**row, **made, "actor": packages[name]["state"]}


def _merged(found: Sequence[Row]) -> list[Row]:
    """An announcement that takes effect the same day is one deed, not two."""
    at_once = {
        (row["detail"], row["date"])
        for row in found
        if row["action"] in ANNOUNCE and row["target"] == f"{row['date']:%Y-%m-%d}"
    }
    out: list[Row] = []
    for row in found:
        if (row["detail"], row["date"]) in at_once:
            if row["action"] == "in_force":
                continue
            if row["action"] in ANNOUNCE:
                row = {**row, "action": "impose"}
        out.append(row)
    return out


def deals(reading: Reading, seed: int) -> list[Deal]:
    """Deals of one run in the order of their signing; what has not ended ends with the run."""
    found: list[Deal] = []
    last = reading.x_range[1]
    for deed in deeds(reading, seed):
        parties = pair(deed.actor, deed.target)
        ends = deed.action in ("breach", "deal_expires", "accept", "renew")
        for i, deal in enumerate(found):
            if ends and deal.parties == parties and deal.end > deed.date:
                found[i] = replace(deal, end=deed.date)
        if deed.action in ("accept", "renew"):
            found.append(Deal(parties, deed.date, last))
    return found


def pair(one: str, other: str) -> tuple[str, str]:
    """The two codes in alphabetical order."""
    return (one, other) if one < other else (other, one)


# -- paths -----------------------------------------------------------------------------------------


def paths(reading: Reading) -> dict[str, tuple[int, ...]]:
    """Seeds by the path that their run took, the most frequent path first."""
    found: dict[str, list[int]] = {}
    for seed in reading.seeds:
        found.setdefault(path(reading, seed), []).append(seed)
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: tuple(seeds) for name, seeds in ranked}


def path(reading: Reading, seed: int) -> str:
    """What became of the conflict of :func:`rivals` in one run, in a few words.

    Deals that the scenario gives do not count as signed.

    See :data:`BEFORE` for the deadline.
    """
    done = deeds(reading, seed)
    signed = next((d for d in done if d.action == "accept" and d.reason != GIVEN), None)
    if signed is not None and _pending(reading, seed, signed):
        return BEFORE
    imposed = [c for c in rivals(reading) if any(d.actor == c and d.kind == "force"
               for d in done)]  # fmt: skip
    told = _both(imposed)
    if signed is not None:
        return f"{told}, then a deal"
    backed = [c for c in rivals(reading) if any(d.actor == c and d.kind == "withdraw"
              for d in done)]  # fmt: skip
    if backed:
        names = labels.joined([labels.economy(code) for code in backed])
        return f"{names} back{'s' if len(backed) == 1 else ''} down"
    for action, fate in _FATES:
        if any(d.action == action for d in done):
            return fate
    return f"{told}, no deal"


_FATES = (("renew", "deal renewed"), ("breach", "deal broken"), ("deal_expires", "deal runs out"))


def _both(imposed: Sequence[str]) -> str:
    """Who imposed something, in words."""
    if len(imposed) < 2:
        return f"only {labels.economy(imposed[0])} imposes" if imposed else "nobody imposes"
    return "both impose" if len(imposed) == 2 else f"{len(imposed)} governments impose"


def _pending(reading: Reading, seed: int, signed: Deed) -> bool:
    """Whether something that a party had announced was not in force when a deal was signed."""
    waiting: dict[str, bool] = {}
    for row in rows(reading, seed):
        if row["date"] > signed.date:
            break
        if row["actor"] not in (signed.actor, signed.target):
            continue
        if row["action"] in ANNOUNCE:
            waiting[row["detail"]] = pd.Timestamp(row["target"]) > signed.date
        elif row["action"] in (*IMPOSE, *WITHDRAW):
            waiting[row["detail"]] = False
    return any(waiting.values())
