"""Errors that a user can act on.

Every message says what is wrong, where, what is allowed and the remedy, and every class knows
the exit code of the contract: 1 the program failed, 2 bad input, 3 partial, 130 interrupted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TradesimError(Exception):
    """Base of every error that tradesim raises on purpose.

    Parameters
    ----------
    what : the fault in one clause.
    where : the file, row, key or folder it was found in.
    allowed : what would have been accepted, with its unit.
    remedy : what the user can do now.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", allowed: str = "", remedy: str = "") -> None:
        self.what, self.where, self.allowed, self.remedy = what, where, allowed, remedy
        parts = [what]
        parts += [f"  where:   {where}"] if where else []
        parts += [f"  allowed: {allowed}"] if allowed else []
        parts += [f"  remedy:  {remedy}"] if remedy else []
        super().__init__("\n".join(parts))

    def under(self, prefix: str) -> TradesimError:
        """The same error with ``prefix`` (``policies.name.``) before a key that lacks it."""
        where = self.where if self.where.startswith(prefix) else f"{prefix}{self.where}"
        return type(self)(self.what, where=where, allowed=self.allowed, remedy=self.remedy)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by fields, so that an error keeps its parts when a worker process raises it."""
        return _rebuild, (type(self), self.what, self.where, self.allowed, self.remedy)


class InputError(TradesimError):
    """Bad input: nothing has been written (exit code 2)."""

    exit_code = 2


class DataError(InputError):
    """A sourced table holds a bad row (exit code 2)."""


class OutputError(InputError):
    """The result folder cannot be used (exit code 2)."""


class ModelError(TradesimError):
    """The model broke one of its own laws (exit code 1)."""


class WorkerError(TradesimError):
    """A worker process died or raised (exit code 1)."""


class PartialError(TradesimError):
    """Some jobs failed; the others are complete (exit code 3)."""

    exit_code = 3


def _rebuild(cls: type[TradesimError], what: str, where: str, allowed: str, remedy: str) -> object:
    return cls(what, where=where, allowed=allowed, remedy=remedy)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name closest to ``name`` as a clause such as ``did you mean 'weeks'?``, or ''."""
    spelt = {each.lower(): each for each in known}
    word = name.lower()
    close = difflib.get_close_matches(word, list(spelt), n=5, cutoff=0.5)

    def likeness(each: str) -> tuple[float, bool]:
        # of equally near names the one with the same initial: 'Dx' is Dy rather than Nd
        return difflib.SequenceMatcher(None, each, word).ratio(), each[:1] == word[:1]

    best = max(close, key=likeness, default="")
    return f"did you mean '{spelt[best]}'?" if best else ""


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> InputError:
    """An :class:`InputError` for a misspelt name, with the nearest known one.

    ``kind`` is the noun (``scenario``, ``key``, ``good``), ``known`` every accepted name.
    """
    names = sorted(known)
    return InputError(
        f"unknown {kind} '{name}'",
        where=where,
        allowed=", ".join(names) if len(names) <= 30 else f"{len(names)} names, from '{names[0]}'",
        remedy=nearest(name, names) or "choose one of the allowed names",
    )
