"""The figures of one seed are those of the last time somebody meant to change them.

Change them by ``python tools/update_baseline.py "why"`` and say why in the changelog.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "update_baseline.py"


def tool() -> ModuleType:
    """The script that writes the baseline."""
    spec = importlib.util.spec_from_file_location("update_baseline", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["baseline", "reference", "april_2025", "full_embargo"])
def test_figures_are_as_they_were(name: str) -> None:
    """Every kept figure within a ten-thousandth (other processors round differently)."""
    script = tool()
    kept = json.loads(script.BASELINE.read_text())
    assert kept["reason"]
    assert script.figures(name) == pytest.approx(kept["figures"][name], rel=1e-4, abs=1e-6)
