"""What a typed schema says about its fields: default, range, unit, source. Read, never repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tradesim.errors import InputError, nearest


@dataclass(frozen=True)
class Fact:
    """One field as declared; ``low`` and ``high`` bound it in ``unit``, or None.

    ``open_low`` says that the low bound itself is refused, ``open_high`` the same of the high one.
    """

    name: str
    default: Any
    unit: str
    low: float | None
    high: float | None
    source: str
    text: str
    choices: tuple[str, ...] = ()
    open_low: bool = False
    open_high: bool = False

    def allowed(self) -> str:
        """The accepted values as a clause such as ``0.1 to 5 weeks``; '' where none is declared."""
        if self.choices:
            return ", ".join(self.choices)
        if self.low is None and self.high is None:
            return ""
        if self.open_low or self.open_high or self.low is None or self.high is None:
            ends = [
                f"{word} {bound:g}"
                for word, bound in (
                    ("above" if self.open_low else "at least", self.low),
                    ("below" if self.open_high else "at most", self.high),
                )
                if bound is not None
            ]
            return f"{' and '.join(ends)} {self.unit}".rstrip()
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()


def facts(model: type[BaseModel]) -> dict[str, Fact]:
    """Every field of ``model`` by name, in the order of declaration; units as declared."""
    return {name: _fact(name, info) for name, info in model.model_fields.items()}


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Dotted keys of ``model`` and of the models among its fields, each after ``prefix``."""
    found = set()
    for name, info in model.model_fields.items():
        found.add(f"{prefix}{name}")
        inner = _model_in(info.annotation)
        found |= keys(inner, f"{prefix}{name}.") if inner else set()
    return found


def explain(
    error: ValidationError, model: type[BaseModel], where: str, prefix: str = ""
) -> InputError:
    """An :class:`InputError` for the first fault in ``error``: key, value, range with unit, remedy.

    ``where`` names the page or command that held the value, ``prefix`` (``policies.name.``) leads
    from the top to ``model``.
    """
    faults = error.errors(include_url=False)
    # A misspelt key is also a missing one: the misspelling is what to tell.
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    path = [str(part) for part in fault["loc"]]
    key, owner = prefix + ".".join(path), _owner(model, path)
    known = facts(owner) if owner else {}
    if fault["type"] == "extra_forbidden":
        return InputError(
            f"unknown key '{key}'",
            where=where,
            allowed=", ".join(known),
            remedy=nearest(path[-1], known) or "leave it out",
        )
    fact = known.get(path[-1]) if path else None
    what = f"{key} = {fault['input']!r}: {_clause(fault)}"
    if fault["type"] == "missing":
        return InputError(
            f"{key} is missing",
            where=where,
            allowed=fact.allowed() if fact else "",
            remedy=f"add it: {fact.text[:1].lower()}{fact.text[1:]}" if fact else "add it",
        )
    if not path:
        what = ": ".join(part for part in (prefix.rstrip("."), _clause(fault)) if part)
    allowed = fact.allowed() if fact else ""
    remedy = _remedy(key, fact) if path else "correct one of the fields named"
    return InputError(what, where=where, allowed=allowed, remedy=remedy)


def _clause(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message[:1].lower() + message[1:]


def _remedy(key: str, fact: Fact | None) -> str:
    if fact is None or fact.default is None:
        return "correct the value"
    return f"correct the value or leave the key out (default {fact.default})"


def _owner(model: type[BaseModel], path: list[str]) -> type[BaseModel] | None:
    """The model that declares the last part of ``path``, or None below a plain mapping."""
    for part in path[:-1]:
        info = model.model_fields.get(part)
        inner = None if info is None else _model_in(info.annotation)
        if inner is None:
            return None
        model = inner
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = (annotation, *get_args(annotation))
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def _fact(name: str, info: FieldInfo) -> Fact:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    default = info.get_default(call_default_factory=False) if not info.is_required() else None
    if isinstance(default, BaseModel):
        default = None
    return Fact(
        name=name,
        default=default,
        unit=str(extra.get("unit", "")),
        low=_bound(info, "ge", "gt"),
        high=_bound(info, "le", "lt"),
        source=str(extra.get("source", "")),
        text=info.description or "",
        choices=_choices(info.annotation),
        open_low=_bound(info, "gt") is not None,
        open_high=_bound(info, "lt") is not None,
    )


def _bound(info: FieldInfo, *sides: str) -> float | None:
    found = [getattr(rule, s) for rule in info.metadata for s in sides if hasattr(rule, s)]
    return float(found[0]) if found else None


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(str(a) for a in get_args(annotation) if isinstance(a, str | int))
