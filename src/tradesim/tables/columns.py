"""What each base-year table holds: its columns, their kinds, its key and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from tradesim.axes import ECONOMIES, ELEMENTS, END_USES, GOODS, STAGES, USE_LABELS

QUALITIES: tuple[str, ...] = (
    "official", "press", "estimate", "assumption", "recalled", "reconciled",
)  # fmt: skip
ROLES: tuple[str, ...] = ("in", "out", "disposal")

#: Columns whose cells must be one of a list of known codes.
CODES: dict[str, tuple[str, ...]] = {
    "economy": ECONOMIES,
    "origin": ECONOMIES,
    "destination": ECONOMIES,
    "region": ECONOMIES,
    "good": GOODS,
    "output_good": GOODS,
    "element": ELEMENTS,
    "stage": STAGES,
    "buyer_stage": STAGES,
    "quality": QUALITIES,
    "end_use": USE_LABELS,
    "licence_class": ("civilian", "defence", "semiconductor"),
}
#: Columns that hold numbers: smallest and largest value allowed.
BOUNDS: dict[str, tuple[float, float]] = {
    "t_per_year": (0.0, 1e7),
    "output_t": (0.0, 1e7),
    "capacity_t": (0.0, 1e7),
    "capacity_t_per_year": (0.0, 1e7),
    "share": (0.0, 1.0),
    "share_of_cell": (0.0, 1.0),
    "cost_share": (0.0, 1.0),
    "t_oxide_eq_per_t": (0.0, 2.0),
    "input_yield": (1e-3, 1.0),
    "price_usd_per_kg": (1e-6, 1e6),
    "growth_per_year": (-0.5, 1.0),
    "ramp_months": (0.0, 240.0),
    "controlled_2025_04": (0.0, 1.0),
    "dual_use": (0.0, 1.0),
    "prior": (-1e7, 1e7),
    "reconciled": (-1e7, 1e7),
    "change_pct": (-1e6, 1e6),
    "sigma": (0.0, 10.0),
    "weeks": (0.0, 104.0),
}
#: Columns that may be empty.
OPTIONAL: tuple[str, ...] = ("note",)


@dataclass(frozen=True)
class Spec:
    """One table: title, required columns in order, key columns, and where its figures come from."""

    title: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    source: str
    blank: tuple[str, ...] = ()


_RECONCILED = "reconciled world balance, closed by Stone's estimator"
SPECS: dict[str, Spec] = {
    "cells": Spec(
        "Cells: who does what, with output and capacity",
        ("economy", "stage", "line", "output_good", "output_t", "capacity_t", "quality", "rule",
         "source"),
        ("economy", "stage", "line", "output_good"), _RECONCILED, blank=("output_good",),
    ),
    "process": Spec(
        "Annual recipe of every cell",
        ("economy", "stage", "line", "role", "good", "t_per_year"),
        ("economy", "stage", "line", "role", "good"), _RECONCILED,
    ),
    "flows": Spec(
        "Annual flows from economies to cells, by good and end use",
        ("good", "origin", "destination", "buyer_stage", "buyer_line", "end_use", "t_per_year",
         "quality", "rule", "source"),
        ("good", "origin", "destination", "buyer_stage", "buyer_line"), _RECONCILED,
    ),
    "composition": Spec(
        "Oxides in a tonne REO of each mine's concentrate",
        ("economy", "good", "element", "share"), ("economy", "good", "element"),
        "USGS Minerals Yearbook 2022 table 2 and the reconciled balance",
    ),
    "recovery": Spec(
        "Recovery in separation and recycling",
        ("economy", "line", "element", "share"), ("economy", "line", "element"), _RECONCILED,
    ),
    "content": Spec(
        "Oxide equivalent in a tonne of metal, target, magnet and scrap",
        ("good", "element", "t_oxide_eq_per_t", "input_yield"), ("good", "element"), _RECONCILED,
    ),
    "scrap_content": Spec(
        "Oxide equivalent in a tonne of scrap, by economy",
        ("economy", "element", "t_oxide_eq_per_t"), ("economy", "element"), _RECONCILED,
    ),
    "adjustments": Spec(
        "Every adjustment of a prior figure",
        ("item", "rule", "prior", "reconciled", "change_pct", "unit", "sigma", "quality",
         "source"),
        ("item", "rule"), "tradesim.tables.reconcile",
    ),
    "rules": Spec(
        "Gap-filling rules",
        ("rule", "title", "how", "why", "source", "quality"), ("rule",), "docs/base-year.md",
    ),
    "pipeline": Spec(
        "Dated projects that add capacity after January 2025",
        ("project", "company", "economy", "stage", "line", "capacity_t_per_year", "start_date",
         "ramp_months", "quality", "source", "note"),
        ("project", "line"), "capacity_pipeline.csv with rules R23 and R24",
    ),
    "named_firms": Spec(
        "Firms that the sources name",
        ("company", "economy", "stage", "line", "capacity_t_per_year", "share_of_cell", "quality",
         "source", "note"),
        ("company", "economy", "stage", "line"), "row by row",
    ),
    "prices": Spec(
        "Base price of every good by region",
        ("good", "region", "price_usd_per_kg", "quality", "rule", "source"), ("good", "region"),
        "USGS MCS 2026, Argus, Adamas; rule R21 where nothing is quoted",
    ),
    "growth": Spec(
        "Demand growth by end use",
        ("end_use", "growth_per_year", "quality", "rule", "source"), ("end_use",),
        "IEA; rule R22 where no forecast is at hand",
    ),
    "goods": Spec(
        "Goods: title, stage, customs code, unit, controls",
        ("good", "title", "stage", "hs_code", "unit", "controlled_2025_04", "dual_use", "source"),
        ("good",), "MOFCOM and GAC Announcement 18 of 2025; HS nomenclature",
    ),
    "economies": Spec(
        "Economies and their roles", ("economy", "name", "role"), ("economy",),
        "ISO 3166-1; roles as in docs/base-year.md",
    ),
    "end_uses": Spec(
        "End uses and their licence class", ("end_use", "title", "licence_class"), ("end_use",),
        "docs/base-year.md",
    ),
    "cost_shares": Spec(
        "Share of rare-earth parts in the price of the final good",
        ("end_use", "cost_share", "quality", "source"), ("end_use",), "row by row",
    ),
    "traders": Spec(
        "Re-exporters in third countries",
        ("economy", "company", "capacity_t_per_year", "quality", "source"),
        ("economy", "company"), "row by row",
    ),
    "technology": Spec(
        "Share of plants that depend on Chinese equipment and know-how",
        ("economy", "stage", "company", "share", "quality", "source", "note"),
        ("economy", "stage", "company"), "row by row",
    ),
    "transit": Spec(
        "Transport region of each economy", ("economy", "region"), ("economy",), "geography",
    ),
    "transit_regions": Spec(
        "Weeks in transit between transport regions",
        ("from_region", "to_region", "weeks", "quality", "source"), ("from_region", "to_region"),
        "row by row",
    ),
}  # fmt: skip
#: Transport regions are not economies, although the column has the same name.
FREE_TEXT: dict[str, tuple[str, ...]] = {"transit": ("region",)}
#: Every end use or good that these tables must list in full.
COMPLETE: dict[str, tuple[str, tuple[str, ...]]] = {
    "growth": ("end_use", END_USES),
    "end_uses": ("end_use", END_USES),
    "goods": ("good", GOODS),
    "economies": ("economy", ECONOMIES),
    "transit": ("economy", ECONOMIES),
}
#: Columns that every raw table in tables/sources must fill in every row.
SOURCE_COLUMNS: dict[str, tuple[str, ...]] = {
    "reconciled_balance": ("unit", "quality"),
    "reconciled_flows": ("quality", "note"),
}
DEFAULT_SOURCE_COLUMNS: tuple[str, ...] = ("unit", "source_name", "quality")
