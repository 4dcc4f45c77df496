"""Nested mappings as dotted keys: flatten, tell two apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value, for branches as well as leaves."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat[f"{prefix}{key}"] = value
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
    return flat


def difference(resolved: Mapping[str, Any], reference: Mapping[str, Any]) -> dict[str, Any]:
    """Keys on which two resolved configs differ: dotted key -> ``{value, reference}``.

    A key that one of them lacks stands there as None.
    """
    here, there = _leaves(resolved), _leaves(reference)
    return {
        key: {"value": here.get(key), "reference": there.get(key)}
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    }


def _leaves(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in flatten(tree).items()
        if not (isinstance(value, Mapping) and value)
    }
