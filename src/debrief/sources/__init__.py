"""Transcript bytes in, a `model.Session` out. Which agent wrote them is known here and nowhere else."""

from debrief.sources.registry import DATABASES, FORMATS, retelling, roots, sniff
from debrief.sources.source import (
    Clean,
    Companions,
    Document,
    Exported,
    Query,
    SessionDatabase,
    SourceFormat,
    Transcript,
)

__all__ = [
    "DATABASES",
    "FORMATS",
    "Clean",
    "Companions",
    "Document",
    "Exported",
    "Query",
    "SessionDatabase",
    "SourceFormat",
    "Transcript",
    "retelling",
    "roots",
    "sniff",
]
