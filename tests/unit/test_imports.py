"""Imports only go down: the layers of the package, the one place where they are written down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradesim

PACKAGE = Path(tradesim.__file__).parent

#: From the ground up. A module may import what stands on its own line or above it. A package's
#: name stands for all its modules, unless one of them has a line of its own.
LAYERS = (
    ("tradesim", "errors", "trees", "targets"),
    ("axes", "fields"),
    ("parameters", "scenario"),
    ("tables",),
    ("rng",),
    ("world",),
    ("licence_terms", "public_terms"),
    ("terms",),
    ("outside",),
    ("market",),
    ("policies",),
    ("states.utility", "states.packages", "states.actions", "states.view"),
    ("states.talks", "states.government"),
    ("strategies",),
    ("states",),
    ("agents",),
    ("posterior",),
    ("schema",),
    ("record",),
    ("model",),
    ("analysis.metrics",),
    ("analysis.welfare",),
    ("analysis.headline",),
    ("overrides", "config"),
    ("launchers", "multirun"),
    ("store", "summary", "folder", "manifest", "results"),
    ("pairs", "ensemble", "runner", "sweeps", "elsewhere"),
    ("analysis.backtest",),
    ("analysis.calibration",),
    ("analysis",),
    ("report",),
    ("api",),
    ("catalogue", "cabinet"),
    ("pages",),
    ("commands", "listing", "doctor"),
    ("benchmark",),
    ("studies",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def module_name(path: Path) -> str:
    """``tradesim/world/firms.py`` -> ``world.firms``; the package itself -> ``tradesim``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) or "tradesim"


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def rank(module: str) -> int:
    """The layer of ``module``; a module that no layer holds fails the test that asks."""
    name = module
    while name not in RANK:
        name = name.rpartition(".")[0]
        assert name, f"'{module}' stands in no layer: give it a line in LAYERS"
    return RANK[name]


def own_imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of the package's own modules, those in functions included.

    Left out is what only the type checker reads (``if TYPE_CHECKING:``).
    """
    for node in executed(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: relative import"
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] == "tradesim":
                yield node.lineno, nearest_module(name)


def executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of ``tree``, without the bodies of ``if TYPE_CHECKING:``."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from executed(child)


def nearest_module(dotted: str) -> str:
    """The module that ``tradesim.a.b.name`` lives in."""
    name = dotted.partition(".")[2]
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or "tradesim"


def parsed(module: str) -> ast.Module:
    """The syntax tree of ``module``."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_go_down(module: str) -> None:
    """No module imports from a layer above its own."""
    here = rank(module)
    upward = [
        f"line {line}: {module} (layer {here}) imports {target} (layer {rank(target)})"
        for line, target in own_imports(parsed(module))
        if rank(target) > here
    ]
    assert not upward, "\n".join(upward)


def test_there_is_no_import_ring() -> None:
    """Modules of one layer may lean on each other, but not in a circle."""
    graph = {m: {t for _, t in own_imports(parsed(m)) if t != m} for m in MODULES}
    while leaves := {m for m, targets in graph.items() if not targets & graph.keys()}:
        graph = {m: targets for m, targets in graph.items() if m not in leaves}
    assert not graph, f"these import each other: {sorted(graph)}"


@pytest.mark.parametrize("module", MODULES)
def test_own_modules_are_imported_at_the_top(module: str) -> None:
    """An import inside a function hides a ring; what loads late names its modules in a table."""
    inside = [
        f"line {line} imports {target}"
        for function in ast.walk(parsed(module))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for line, target in own_imports(function)
    ]
    assert not inside, f"{module}: {', '.join(inside)}"


def test_every_layer_is_there() -> None:
    """A layer whose module is gone would be a rule about nothing."""
    gone = [name for name in RANK if name not in MODULES]
    assert not gone, f"no such module: {gone}"
