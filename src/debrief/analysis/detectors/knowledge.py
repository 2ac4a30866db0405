"""Knowledge: what the session had to find out that the next one need not."""

from debrief.analysis.detector import Detector

DETECTORS: tuple[Detector, ...] = ()
