"""Recording a run: sums by period, turned into the tables of the schema."""

from tradesim.record.recorder import Recorder

__all__ = ["Recorder"]
