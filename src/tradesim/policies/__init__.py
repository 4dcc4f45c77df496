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
from tradesim.policies.export_licensing import ExportLicensing
from tradesim.policies.production_quota import ProductionQuota
from tradesim.policies.project_funding import ProjectFunding
from tradesim.policies.shutdown import Shutdown
from tradesim.policies.tariff import Tariff
from tradesim.policies.technology_control import TechnologyControl
from tradesim.policies.truce import Truce

__all__ = [
    "Calendar", "Coverage", "ExportLicensing", "Policy", "ProductionQuota", "ProjectFunding",
    "Shutdown", "Status", "Tariff", "TechnologyControl", "Truce",
    "find_class", "load", "load_one", "statuses",
]  # fmt: skip
