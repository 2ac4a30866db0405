"""External services: what others' servers refused or did not do."""

from debrief.analysis.detector import Detector

DETECTORS: tuple[Detector, ...] = ()
