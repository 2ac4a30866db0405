"""A `model.Session` in, its `model.Analysis` out: issues, timeline, action items and suggested prompt.

Pure: no clock, no I/O. Everything said cites the events that show it.
"""

from debrief.analysis.analyse import analyse

__all__ = ["analyse"]
