"""Transcript bytes in, a `model.Session` out. Which agent wrote them is known here and nowhere else."""

from debrief.sources.registry import FORMATS, roots, sniff
from debrief.sources.source import Clean, Document, SourceFormat, Transcript

__all__ = [
    "FORMATS",
    "Clean",
    "Document",
    "SourceFormat",
    "Transcript",
    "roots",
    "sniff",
]
