"""Tool use: calls of the agent's own tools that could not work."""

from debrief.analysis.detector import Detector

DETECTORS: tuple[Detector, ...] = ()
