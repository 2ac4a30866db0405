"""Performance: what took long or cost much."""

from debrief.analysis.detector import Detector

DETECTORS: tuple[Detector, ...] = ()
