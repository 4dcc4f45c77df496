"""Instruments of the trade war. One instrument = one small file; its parameters are YAML."""

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
from tradesim.policies.chip_control import ChipControl
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.policies.tariff import Tariff
from tradesim.policies.truce import Truce

__all__ = [
    "Calendar", "ChipControl", "Coverage", "ExportLicensing", "Policy", "Status", "Tariff", "Truce",
    "find_class", "load", "load_one", "statuses",
]  # fmt: skip
