"""Instruments of the trade war. One instrument = one small file; its parameters are YAML."""

from tradesim.policies.alignment import Alignment
from tradesim.policies.base import (
    Calendar,
    Coverage,
    Policy,
    Status,
    find_class,
    load,
    load_one,
    statuses,
)
from tradesim.policies.diversification_ceiling import DiversificationCeiling
from tradesim.policies.enforcement import Enforcement
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.policies.preference import Preference
from tradesim.policies.tariff import Tariff
from tradesim.policies.truce import Truce

__all__ = [
    "Alignment", "Calendar", "Coverage", "DiversificationCeiling", "Enforcement",
    "ExportLicensing", "Policy", "Preference", "Status", "Tariff", "Truce", "find_class",
    "load", "load_one", "statuses",
]  # fmt: skip
