"""Instruments of the trade war. One instrument = one small file; its parameters are YAML."""

from tradesim.policies.alignment import Alignment
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
from tradesim.policies.chip_control import ChipControl
from tradesim.policies.customs_inspection import CustomsInspection
from tradesim.policies.diversification_ceiling import DiversificationCeiling
from tradesim.policies.enforcement import Enforcement
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.policies.export_tax import ExportTax
from tradesim.policies.extraterritorial import Extraterritorial
from tradesim.policies.licence_cases import LicenceCase
from tradesim.policies.licence_easing import LicenceEasing
from tradesim.policies.licence_tightening import LicenceTightening
from tradesim.policies.port_fee import PortFee
from tradesim.policies.preference import Preference
from tradesim.policies.price_floor import PriceFloor
from tradesim.policies.production_crackdown import ProductionCrackdown
from tradesim.policies.production_quota import ProductionQuota
from tradesim.policies.project_funding import ProjectFunding
from tradesim.policies.quota import ExportQuota
from tradesim.policies.shutdown import Shutdown
from tradesim.policies.speculation import Speculation
from tradesim.policies.stockpile import Stockpile
from tradesim.policies.tariff import Tariff
from tradesim.policies.technology_control import TechnologyControl
from tradesim.policies.truce import Truce

__all__ = [
    "Alignment",
    "Ban",
    "Calendar",
    "ChipControl",
    "Coverage",
    "CustomsInspection",
    "DiversificationCeiling",
    "Enforcement",
    "ExportLicensing",
    "ExportQuota",
    "ExportTax",
    "Extraterritorial",
    "LicenceCase",
    "LicenceEasing",
    "LicenceTightening",
    "Policy",
    "PortFee",
    "Preference",
    "PriceFloor",
    "ProductionCrackdown",
    "ProductionQuota",
    "ProjectFunding",
    "Shutdown",
    "Speculation",
    "Status",
    "Stockpile",
    "Tariff",
    "TechnologyControl",
    "Truce",
    "find_class",
    "load",
    "load_one",
    "statuses",
    "tracked",
]
