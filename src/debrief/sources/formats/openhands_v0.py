"""OpenHands before its SDK (and OpenDevin): exported trajectories and rows of evaluations in, Sessions out.

A trajectory is an array of events, alone or as a field of an object; an evaluation writes a row for each
task, with the history of its events, and each row is a session. Data sets that were made of such runs are
read too.
"""

from collections.abc import Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.costs import micros
from debrief.sources.documents import head_lines, head_value, whole
from debrief.sources.openhands.clock import ahead_us
from debrief.sources.openhands.datasets import dataset_of, name_of
from debrief.sources.openhands.v0 import Stream
from debrief.sources.records import mapping, records, sequence, string
from debrief.sources.source import Clean, Companions, Transcript

_SOURCES = frozenset({"user", "agent", "environment", "system"})
_LISTS = ("history", "trajectory", "events")


class OpenHandsV0:
    """See the module."""

    name = "openhands_v0"
    title = "OpenHands"
    version = 2
    roots: tuple[str, ...] = ("~/.openhands/trajectories", "~/.openhands-state/trajectories")
    suffixes: tuple[str, ...] = (".json", ".jsonl")
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins with events of the stream, or with a task's row that holds some."""
        value = head_value(head)
        if _is_run(value) or dataset_of(value) is not None:
            return True
        return any(_is_run(line) or dataset_of(line) is not None for line in head_lines(head, 3))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield a session for each trajectory of the document."""
        with transcript.main.open() as stream:
            first = next(head_lines(stream.read(1 << 16)), None)
        if first is not None and (_is_run(first) or dataset_of(first) is not None):
            yield from self._of_lines(transcript, clean)
            return
        found = whole(transcript.main)
        reading = _Reading(self._builder(clean))
        if found.fault is not None:
            reading.builder.fault(f"line 1: {found.fault}")
        reading.value(found.value)
        if not reading.read_any:
            raise NotATranscript("no action or observation can be read")
        yield reading.finish(cut_off=found.cut_off)

    def _of_lines(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """A row that holds a history is a session; rows that are events make up one together."""
        loose = _Reading(self._builder(clean))
        any_row, cut_off = False, False
        faults: list[str] = []
        with transcript.main.open() as stream:
            for record in records(stream):
                if record.fault is not None:
                    faults.append(f"line {record.line}: {record.fault}")
                    cut_off = record.cut_off
                    continue
                value = mapping(record.value)
                if _is_event(value):
                    loose.stream.read(value, record.line)
                    continue
                reading = _Reading(self._builder(clean))
                reading.note(faults)
                reading.value(value)
                if reading.read_any:
                    any_row = True
                    yield reading.finish(cut_off=False)
                else:
                    faults.append(f"line {record.line}: no history of events")
        loose.note(faults)
        if loose.read_any:
            yield loose.finish(cut_off=cut_off)
        elif not any_row:
            raise NotATranscript("no action or observation can be read")

    def _builder(self, clean: Clean) -> SessionBuilder:
        return SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )


class _Reading:
    """One session while its trajectory is read."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.stream = Stream(builder)
        self._first: object = None
        self._of_dataset = False

    @property
    def read_any(self) -> bool:
        return self.stream.read_any or self._of_dataset

    def note(self, faults: list[str]) -> None:
        """Take over what could not be read before this session's row."""
        for fault in faults:
            self.builder.fault(fault)
        faults.clear()

    def value(self, value: object) -> None:
        """Read a trajectory, or the row of an evaluation that holds one."""
        reader = dataset_of(value)
        if reader is not None:
            self._of_dataset = True
            self._first = value
            reader(self.builder, value)
            return
        row = mapping(value)
        events = sequence(value) or next((sequence(row.get(n)) for n in _LISTS if sequence(row.get(n))), [])
        if _is_event(row):
            events = [row]
        flat = [item for one in events for item in (one if isinstance(one, list) else [one])]
        self._first = next((item for item in flat if isinstance(item, dict)), None)
        self._identity(row)
        self.stream.ahead_us = ahead_us(_two_clocks(flat))
        for item in flat:
            self.stream.read(mapping(item), 0)
        if row:
            self._row(row)

    def finish(self, *, cut_off: bool) -> Session:
        """The trajectory is over."""
        if not self._of_dataset:
            self.stream.finish()
        if self.builder.native_id is None:
            self.builder.native_id = self._unnamed()
        if cut_off and self.builder.end_state != "finished":
            self.builder.end_state = "truncated"
            self.builder.end_reason = "the document breaks off inside a record"
        return self.builder.build()

    def _identity(self, row: dict[str, Any]) -> None:
        """A task is run many times, by many models: the time of the first event tells the runs apart."""
        builder = self.builder
        instance = row.get("instance_id")
        if isinstance(instance, str | int) and not isinstance(instance, bool):
            begun = string(mapping(self._first).get("timestamp"))
            builder.native_id = f"{instance}@{begun}" if begun else str(instance)
        described = mapping(row.get("instance"))
        builder.repository = string(described.get("repo"))
        builder.commit = string(described.get("base_commit"))

    def _row(self, row: dict[str, Any]) -> None:
        """What an evaluation says of the whole run: what it spent, and whether it broke."""
        metrics = mapping(row.get("metrics"))
        ledger = self.stream.ledger
        ledger.rows(metrics, "metrics", self.stream.seen)
        ledger.total(metrics, "metrics")
        self.builder.native_cost_usd_micros = micros(metrics.get("accumulated_cost"))
        error = string(row.get("error"))
        if error:
            self.stream.failed(error, Place())
            self.builder.end_state, self.builder.end_reason = "error", "the evaluation ended with an error"

    def _unnamed(self) -> str:
        """A trajectory has no id: the time of its first event is as good as one."""
        begun = string(mapping(self._first).get("timestamp"))
        return f"trajectory@{begun}" if begun else f"trajectory-{name_of(self._first)}"


def _two_clocks(events: list[Any]) -> Iterator[tuple[object, object]]:
    """The time of each action, and when the model's service made the answer that it came from."""
    for item in events:
        event = mapping(item)
        if "action" in event:
            response = mapping(mapping(event.get("tool_call_metadata")).get("model_response"))
            yield event.get("timestamp"), response.get("created")


def _is_event(value: object) -> bool:
    """Whether `value` is an event of the stream."""
    event = mapping(value)
    if string(event.get("source")) not in _SOURCES or "kind" in event:
        return False
    if isinstance(event.get("action"), str):
        return isinstance(event.get("args"), dict) or ("message" in event or "content" in event)
    return isinstance(event.get("observation"), str) and ("content" in event or "extras" in event)


def _is_run(value: object) -> bool:
    """Whether `value` is a trajectory, or a row or an object that holds one."""
    if isinstance(value, list):
        several = [item for one in value[:5] for item in (one if isinstance(one, list) else [one])]
        return any(_is_event(item) for item in several)
    row = mapping(value)
    return _is_event(row) or any(isinstance(row.get(n), list) and _is_run(row[n]) for n in _LISTS)


OPENHANDS_V0 = OpenHandsV0()
