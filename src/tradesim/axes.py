"""The named axes of the world. Arrays are indexed through these names, never by bare integers.

Codes are ISO 3166 alpha-3, ``EU27`` for the bloc and ``ROW`` for the rest of the world. What a
code means (full name, role, licence class, customs code) is data: ``tables/base/*.csv``. Goods
beside the rare-earth chain are data altogether: rows of ``tables/further`` and of the folders that
the environment variable ``TRADESIM_FURTHER`` names.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from tradesim.errors import DataError

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
#: Goods of the rare-earth chain.
CHAIN_GOODS: tuple[str, ...] = (
    *CONCENTRATES, *OXIDES, *METALS, "target_RE", *MAGNETS, "component_motor", "scrap_NdFeB",
)  # fmt: skip

#: Folders with tables of further goods: the package's own, then the user's.
FURTHER_FOLDERS: tuple[Path, ...] = (
    Path(__file__).parent / "tables" / "further",
    *(Path(f) for f in os.environ.get("TRADESIM_FURTHER", "").split(os.pathsep) if f),
)


def _further(folders: Sequence[Path]) -> tuple[str, ...]:
    """Codes of the further goods of all folders, in the order of their rows."""
    found: list[str] = []
    for folder in folders:
        path = folder / "goods.csv"
        if not path.is_file():
            raise DataError(
                "there is no table of further goods", where=str(path),
                allowed="a folder with goods, makers, users, flows and prices as .csv",
                remedy="correct TRADESIM_FURTHER",
            )  # fmt: skip
        with path.open(newline="", encoding="utf-8") as handle:
            for number, row in enumerate(csv.DictReader(handle), start=2):
                good = (row.get("good") or "").strip()
                chain = good.startswith(("concentrate_", "oxide_", "metal_", "magnet_"))
                if not good.isidentifier() or chain or good in (*CHAIN_GOODS, *found):
                    raise DataError(
                        f"'{good}' cannot be the code of a further good",
                        where=f"{path} row {number} column 'good'",
                        allowed="a word that no other good has, without the prefix of a rare-earth"
                        " good (concentrate_, oxide_, metal_, magnet_)",
                        remedy="give the good a code of its own",
                    )  # fmt: skip
                found.append(good)
    return tuple(found)


#: Goods beside the chain; a world trades those that its scenario names.
FURTHER_GOODS: tuple[str, ...] = _further(FURTHER_FOLDERS)
GOODS: tuple[str, ...] = (*CHAIN_GOODS, *FURTHER_GOODS)

END_USES: tuple[str, ...] = (
    "ev_traction", "wind", "electronics", "industrial_motor", "defence", "aerospace_coating",
    "semiconductor", "catalyst", "polishing", "ceramics", "other",
)  # fmt: skip
#: What an intermediate good carries while no final user has certified an end use.
UNDECLARED = "undeclared"
USE_LABELS: tuple[str, ...] = (*END_USES, UNDECLARED)

STAGES: tuple[str, ...] = (
    "mine", "separation", "metal", "magnet", "component", "manufacture", "recycling", "trader",
    "reserve", "further",
)  # fmt: skip

ECONOMY_INDEX = {name: i for i, name in enumerate(ECONOMIES)}
ELEMENT_INDEX = {name: i for i, name in enumerate(ELEMENTS)}
GOOD_INDEX = {name: i for i, name in enumerate(GOODS)}
USE_INDEX = {name: i for i, name in enumerate(USE_LABELS)}
STAGE_INDEX = {name: i for i, name in enumerate(STAGES)}


def end_use_of(line: str) -> int:
    """End use (index on ``USE_LABELS``) of a line such as ``wind`` or ``wind:a_further_good``."""
    return USE_INDEX.get(line.partition(":")[0], USE_INDEX[UNDECLARED])


def positions(names: Sequence[str], axis: Sequence[str]) -> list[int]:
    """Positions of ``names`` on ``axis``; a name that is not on it raises ``ValueError``."""
    return [axis.index(name) for name in names]
