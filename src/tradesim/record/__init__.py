"""Recording a run: sums by period, turned into the tables of the schema."""

from tradesim.record.projects import ProjectLog
from tradesim.record.recorder import NoRecord, Recorder

__all__ = ["NoRecord", "ProjectLog", "Recorder"]
