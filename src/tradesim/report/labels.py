"""Names for people: economies, goods, stages and end uses as the figures print them."""

from __future__ import annotations

from collections.abc import Sequence

from tradesim.axes import CONCENTRATES, MAGNETS, METALS, OXIDES

#: Economies short enough for a panel title; a code that is not here stands for itself.
_ECONOMIES = {
    "CHN": "China", "USA": "United States", "EU27": "EU-27", "JPN": "Japan", "KOR": "Korea",
    "AUS": "Australia", "CAN": "Canada", "GBR": "United Kingdom", "TWN": "Taiwan",
    "MYS": "Malaysia", "MMR": "Myanmar", "LAO": "Laos", "VNM": "Vietnam", "THA": "Thailand",
    "IND": "India", "KAZ": "Kazakhstan", "PAK": "Pakistan", "PHL": "Philippines",
    "MEX": "Mexico", "BRA": "Brazil", "ROW": "rest of world", "world": "world",
    "outside_CHN": "outside China",
}  # fmt: skip
_GOODS = {
    "concentrate_bastnaesite": "bastnaesite concentrate",
    "concentrate_monazite": "monazite concentrate",
    "concentrate_clay": "ionic-clay concentrate",
    "metal_NdPr": "NdPr metal", "metal_Dy": "Dy metal", "metal_Tb": "Tb metal",
    "metal_Sm": "Sm metal", "target_RE": "sputtering targets",
    "magnet_NdFeB": "NdFeB magnets without Dy/Tb", "magnet_NdFeB_HRE": "NdFeB magnets with Dy/Tb",
    "magnet_SmCo": "SmCo magnets", "component_motor": "motors and other magnet components",
    "scrap_NdFeB": "magnet scrap", "magnets": "magnets, all grades", "all": "all goods",
}  # fmt: skip
GROUPS: dict[str, tuple[str, ...]] = {
    "magnets": MAGNETS,
    "oxides": OXIDES,
    "metals and targets": (*METALS, "target_RE"),
    "concentrates": CONCENTRATES,
}
STAGES = {
    "mine": "mines", "separation": "separation plants", "metal": "metal makers",
    "magnet": "magnet makers", "component": "component makers", "manufacture": "manufacturers",
    "recycling": "recyclers", "trader": "traders", "reserve": "public reserves",
    "further": "makers of further goods",
}  # fmt: skip


def economy(code: str) -> str:
    """Short English name of an economy code, or the code itself."""
    return _ECONOMIES.get(code, code)


def good(code: str) -> str:
    """Short English name of a good (``oxide_Dy`` → ``Dy oxide``), or the code itself."""
    if code.startswith("oxide_"):
        return f"{code.removeprefix('oxide_')} oxide"
    return _GOODS.get(code, code)


def sql_list(names: Sequence[str]) -> str:
    """Names as a quoted SQL list; a quote inside a name is doubled."""
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def is_nan(column: str) -> str:
    """An SQL condition that holds where a column is not a number.

    As text: over a file DuckDB answers ``isnan(column)`` from the column's smallest and largest
    value, which leave nan out, and so finds none.
    """
    return f"({column}::TEXT = 'nan')"


def joined(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def count(number: int, noun: str) -> str:
    """``1 run``, ``20 runs``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
