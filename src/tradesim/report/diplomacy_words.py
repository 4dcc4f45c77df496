"""What governments did, in words: a row of the table ``events`` as a part of a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tradesim.report import labels
from tradesim.report.reading import Reading

Row = Mapping[str, Any]

#: Deeds of two governments at once.
TOGETHER = ("meet", "talks_lapse", "deal_expires")
_WITH_ARTICLE = ("United", "EU-27", "Philippines", "rest")
#: What is said where the table has no reason.
_REASONS = {"meet": "as agreed"}


def the(code: str) -> str:
    """An economy's name inside a sentence: ``the United States``, ``China``."""
    name = labels.economy(code)
    return f"the {name}" if name.startswith(_WITH_ARTICLE) else name


class Speaker:
    """Puts rows into words with the titles of one scenario's packages and policies."""

    def __init__(self, reading: Reading) -> None:
        self._packages: Mapping[str, Any] = reading.setting("packages") or {}
        self._policy_title = reading.policy_title
        states = reading.setting("states") or {}
        self._rungs = {
            name: i
            for page in states.values()
            for i, name in enumerate(page.get("ladder") or (), 1)
        }
        self._codes = re.compile(rf"\b({'|'.join(map(re.escape, states)) or '(?!)'})\b")
        names = sorted(self._packages, key=len, reverse=True)
        self._names = re.compile(rf"\b({'|'.join(map(re.escape, names)) or '(?!)'})\b")

    def title(self, name: str) -> str:
        """A package's title, else that of a policy."""
        page = self._packages.get(name)
        return str(page["title"]) if page else self._policy_title(name)

    def who(self, row: Row) -> str:
        """Who did it: one government, or the two that it takes."""
        names = [labels.economy(row["actor"])]
        if row["action"] in TOGETHER:
            names.append(labels.economy(row["target"]))
        return labels.joined(names)

    def reason(self, row: Row) -> str:
        """The reason with names in place of codes."""
        text = str(row["reason"]) or _REASONS.get(row["action"], "")
        text = self._codes.sub(lambda m: the(m[1]), text)
        return self._names.sub(lambda m: f"‘{self.title(m[1])}’", text)

    def words(self, row: Row) -> str:
        """What was done, to stand after who did it."""
        action, other = str(row["action"]), the(str(row["target"]))
        if action in _FIXED:
            return _FIXED[action].format(other=other, title=self.title(str(row["detail"])))
        if action.startswith("announce"):
            return f"announces ‘{self.title(row['detail'])}’ for {_day(row['target'])}"
        if action in ("tighten", "relax"):
            strength = f"{float(row['target']):.0%} of its strength"
            verb = {"tighten": "tightens", "relax": "relaxes"}[action]
            return f"{verb} ‘{self.title(row['detail'])}’ to {strength}"
        if action == "answer":
            return f"answers {other}: {row['detail'].replace(*_iso(row['detail']))}"
        if action in ("offer", "counter_offer"):
            return self._offer(row, other)
        until = str(row["detail"]).removeprefix("until ")
        return f"{_SIGNED[action].format(other=other)} until {_day(until)}"

    def _offer(self, row: Row, other: str) -> str:
        """Paired concessions: own packages for the other's, and for how long."""
        bargain, _, weeks = str(row["detail"]).rpartition(", ")
        gives, _, takes = bargain.partition(" for ")
        verb = "answers with the offer" if row["action"] == "counter_offer" else "offers"
        own, theirs = self._named(gives), self._named(takes)
        return f"{verb} to suspend its {own} for {weeks} if {other} suspends {theirs}"

    def _named(self, names: str) -> str:
        """Packages of an offer by their rungs, or by title where they are on no ladder."""
        found = [name for name in names.split(", ") if name != "nothing"]
        if not found:
            return "nothing"
        if all(name in self._rungs for name in found):
            numbers = sorted(self._rungs[name] for name in found)
            word = "rung" if len(numbers) == 1 else "rungs"
            return f"{word} {labels.joined([str(n) for n in numbers])}"
        return labels.joined([f"‘{self.title(name)}’" for name in found])


_FIXED = {
    "impose": "puts ‘{title}’ into force",
    "buy": "puts ‘{title}’ into force",
    "fund": "puts ‘{title}’ into force",
    "grant_licences": "puts ‘{title}’ into force",
    "deny_licences": "puts ‘{title}’ into force",
    "in_force": "sees its ‘{title}’ come into force",
    "shelve": "shelves ‘{title}’ before its date",
    "suspend": "suspends ‘{title}’ without a concession for it",
    "ask_talks": "asks {other} for talks",
    "meet": "meet",
    "unanswered": "leaves the call of {other} unanswered",
    "talks_lapse": "let their talks lapse",
    "walk_away": "walks away from the talks with {other}",
    "diverging_reading": "reads its concession ‘{title}’ in another way than {other}",
    "breach": "leaves the deal with {other}",
    "deal_expires": "let their deal run out",
}
_SIGNED = {
    "accept": "accepts the offer of {other}: a deal",
    "renew": "renews the deal with {other}",
}


def _day(iso: str) -> str:
    date = pd.Timestamp(iso)
    return f"{date.day} {date:%B %Y}"


def _iso(text: str) -> Sequence[str]:
    """The ISO date in a text and the same date in words."""
    found = re.search(r"\d{4}-\d{2}-\d{2}", text)
    return (found[0], _day(found[0])) if found else ("", "")
