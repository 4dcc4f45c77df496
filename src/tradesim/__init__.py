"""tradesim: an agent-based model of the rare-earth trade war.

>>> import tradesim
>>> results = tradesim.run("april_2025", seeds=20)  # doctest: +SKIP
>>> results.markets  # doctest: +SKIP

The public face is loaded on first use, so that ``tradesim --help`` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Results", "Scenario", "__version__", "compare", "equilibrium", "open", "run", "sweep"]

_HOME = {
    "run": "tradesim.api",
    "sweep": "tradesim.api",
    "equilibrium": "tradesim.benchmark",
    "compare": "tradesim.results",
    "open": "tradesim.results",
    "Results": "tradesim.results",
    "Scenario": "tradesim.scenario",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'tradesim' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
