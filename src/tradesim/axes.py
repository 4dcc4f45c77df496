"""The named axes of the world. Arrays are indexed through these names, never by bare integers.

Codes are ISO 3166 alpha-3, ``EU27`` for the bloc and ``ROW`` for the rest of the world. What a
code means (full name, role, licence class, customs code) is data: ``tables/base/*.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence

ECONOMIES: tuple[str, ...] = (
    "CHN", "USA", "EU27", "JPN", "KOR", "AUS", "CAN", "GBR", "TWN", "MYS", "MMR",
    "LAO", "VNM", "THA", "IND", "KAZ", "PAK", "PHL", "MEX", "BRA", "ROW",
)  # fmt: skip

ELEMENTS: tuple[str, ...] = (
    "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Y", "Sc",
)  # fmt: skip

CONCENTRATES: tuple[str, ...] = (
    "concentrate_bastnaesite",
    "concentrate_monazite",
    "concentrate_clay",
)
OXIDES: tuple[str, ...] = tuple(f"oxide_{element}" for element in ELEMENTS)
METALS: tuple[str, ...] = ("metal_NdPr", "metal_Dy", "metal_Tb", "metal_Sm")
MAGNETS: tuple[str, ...] = ("magnet_NdFeB", "magnet_NdFeB_HRE", "magnet_SmCo")
GOODS: tuple[str, ...] = (
    *CONCENTRATES, *OXIDES, *METALS, "target_RE", *MAGNETS, "component_motor", "scrap_NdFeB",
)  # fmt: skip

END_USES: tuple[str, ...] = (
    "ev_traction", "wind", "electronics", "industrial_motor", "defence", "aerospace_coating",
    "semiconductor", "catalyst", "polishing", "ceramics", "other",
)  # fmt: skip
#: What an intermediate good carries while no final user has certified an end use.
UNDECLARED = "undeclared"
USE_LABELS: tuple[str, ...] = (*END_USES, UNDECLARED)

STAGES: tuple[str, ...] = (
    "mine", "separation", "metal", "magnet", "component", "manufacture", "recycling", "trader",
    "reserve",
)  # fmt: skip

ECONOMY_INDEX = {name: i for i, name in enumerate(ECONOMIES)}
ELEMENT_INDEX = {name: i for i, name in enumerate(ELEMENTS)}
GOOD_INDEX = {name: i for i, name in enumerate(GOODS)}
USE_INDEX = {name: i for i, name in enumerate(USE_LABELS)}
STAGE_INDEX = {name: i for i, name in enumerate(STAGES)}


def positions(names: Sequence[str], axis: Sequence[str]) -> list[int]:
    """Positions of ``names`` on ``axis``; a name that is not on it raises ``ValueError``."""
    return [axis.index(name) for name in names]
