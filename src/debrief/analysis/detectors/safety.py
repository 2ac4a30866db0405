"""Safety: what could have done harm."""

from debrief.analysis.detector import Detector

DETECTORS: tuple[Detector, ...] = ()
