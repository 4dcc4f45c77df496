"""The class that a page names with ``_target_``: found, and refused unless it may be run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from tradesim.errors import InputError

T = TypeVar("T")


def find(
    page: Mapping[str, Any], kind: type[T], of: str, where: str, allowed: Sequence[str]
) -> type[T]:
    """The subclass of ``kind`` that ``_target_`` on a page names; ``of`` says whose page it is.

    Raises :class:`InputError` for a target outside the ``allowed`` prefixes, one that cannot be
    imported and one that is no ``kind``; ``where`` is the dotted key of the page.
    """
    target, where = str(page.get("_target_", "")), f"{where}._target_"
    base = f"{kind.__module__.removesuffix('.base')}.{kind.__name__}"
    if not any(target.startswith(prefix) for prefix in allowed):
        raise InputError(
            f"{of} names the class '{target}'",
            where=where,
            allowed="a class under " + ", ".join(allowed),
            remedy=f"set _target_ to a class of {base.rpartition('.')[0]}, or, if you trust it, "
            "say allow_targets=ITS_PACKAGE on the command line",
        )
    module, _, attribute = target.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{of}: there is no class '{target}'",
            where=where,
            allowed="the full name of an importable class",
            remedy=str(error),
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, kind)):
        raise InputError(
            f"'{target}' is not a {kind.__name__.lower()}",
            where=where,
            allowed=f"a class that derives from {base}",
            remedy="name another class, or leave the page as it was",
        )
    return cls
