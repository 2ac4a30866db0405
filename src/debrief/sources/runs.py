"""A log in, the sessions of its runs out: one after the other, each until a record belongs elsewhere.

What a record says is each format's own. A line that is no record is kept as it stands, and noted.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.records import Record, mapping, records
from debrief.sources.source import Document


class Run(Protocol):
    """One session while its part of the log is read."""

    builder: SessionBuilder
    read_any: bool

    def read(self, value: dict[str, Any], line: int, /) -> None:
        """Write what one record tells."""

    def finish(self, *, cut_off: bool) -> Session:
        """The session; `cut_off`: its last line breaks off."""


class RunOfMany(Run, Protocol):
    """A run that others may follow in one log."""

    def belongs_elsewhere(self, value: dict[str, Any], /) -> bool:
        """Whether a record begins another run than this one."""


def sessions_of(document: Document, begin: Callable[[], RunOfMany], nothing: str) -> Iterator[Session]:
    """The session of each run of a log. Raises `NotATranscript` with `nothing` where there is none."""
    run: RunOfMany | None = None
    record = Record(0)
    with document.open() as stream:
        for record in records(stream):
            run = run or begin()
            if note_fault(run.builder, record):
                continue
            value = mapping(record.value)
            if run.belongs_elsewhere(value):
                yield run.finish(cut_off=False)
                run = begin()
            run.read(value, record.line)
    if run is None or not run.read_any:
        raise NotATranscript(nothing)
    yield run.finish(cut_off=record.cut_off)


def session_of(document: Document, run: Run, nothing: str) -> Session:
    """The one session of a file. Raises `NotATranscript` with `nothing` where it holds none."""
    record = Record(0)
    with document.open() as stream:
        for record in records(stream):
            if not note_fault(run.builder, record):
                run.read(mapping(record.value), record.line)
    if not run.read_any:
        raise NotATranscript(nothing)
    return run.finish(cut_off=record.cut_off)


def note_fault(builder: SessionBuilder, record: Record) -> bool:
    """Keep a line that is no record, and say that it was one."""
    if record.fault is None:
        return False
    builder.fault(f"line {record.line}: {record.fault}")
    builder.opaque(record.fault, line=record.line, text=record.raw)
    return True
