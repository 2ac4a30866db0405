"""Transcript bytes in, a `model.Session` out. Which agent wrote them is known here and nowhere else."""

from debrief.sources.containers import COLLECTED, joined
from debrief.sources.registry import DATABASES, FORMATS, expanded, homes, retelling, roots, sniff
from debrief.sources.retention import RETENTIONS, Retention
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
    "COLLECTED",
    "DATABASES",
    "FORMATS",
    "RETENTIONS",
    "Clean",
    "Companions",
    "Document",
    "Exported",
    "Query",
    "Retention",
    "SessionDatabase",
    "SourceFormat",
    "Transcript",
    "expanded",
    "homes",
    "joined",
    "retelling",
    "roots",
    "sniff",
]
