"""Instruments of the trade war. One instrument = one small file; its parameters are YAML."""

from tradesim.policies.ban import Ban
from tradesim.policies.base import (
    Calendar,
    Coverage,
    Policy,
    Status,
    find_class,
    load,
    load_one,
    statuses,
    tracked,
)
from tradesim.policies.customs_inspection import CustomsInspection
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.policies.export_tax import ExportTax
from tradesim.policies.extraterritorial import Extraterritorial
from tradesim.policies.licence_cases import LicenceCase
from tradesim.policies.licence_easing import LicenceEasing
from tradesim.policies.licence_tightening import LicenceTightening
from tradesim.policies.port_fee import PortFee
from tradesim.policies.quota import ExportQuota
from tradesim.policies.tariff import Tariff
from tradesim.policies.truce import Truce

__all__ = [
    "Ban", "Calendar", "Coverage", "CustomsInspection", "ExportLicensing", "ExportQuota",
    "ExportTax", "Extraterritorial", "LicenceCase", "LicenceEasing", "LicenceTightening",
    "Policy", "PortFee", "Status", "Tariff", "Truce", "find_class", "load", "load_one",
    "statuses", "tracked",
]  # fmt: skip
