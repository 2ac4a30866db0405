"""OpenHands, the software agent SDK, its CLI and its cloud: a conversation's folder in, one Session out.

The folder holds `base_state.json` and a file for each event. Events are also met alone, one a line, in an
array, in a bundle with the state, or as the cloud gives them to download; and as the rows of an evaluation's
output, each a Session. Without the state there are no tokens at all: they are missing, not zero.
"""

import re
from collections.abc import Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.dialogue import named
from debrief.sources.documents import Whole, head_lines, head_value, whole
from debrief.sources.openhands.clock import ahead_us
from debrief.sources.openhands.v1 import Conversation
from debrief.sources.records import mapping, records, sequence, string
from debrief.sources.source import HEAD_BYTES, Clean, Companions, Document, Transcript
from debrief.sources.trajectories.values import trajectories

_KINDS = frozenset(
    {
        "SystemPromptEvent",
        "SystemPromptUpdateEvent",
        "MessageEvent",
        "ActionEvent",
        "ObservationEvent",
        "AgentErrorEvent",
        "UserRejectObservation",
        "ConversationErrorEvent",
        "ConversationStateUpdateEvent",
        "PauseEvent",
        "InterruptEvent",
        "Condensation",
        "CondensationRequest",
        "ACPToolCallEvent",
        "TokenEvent",
    }
)
_SOURCES = frozenset({"user", "agent", "environment", "hook"})
_NUMBER = re.compile(r"event[-_](\d{1,9})[-_.]")
_LISTS = ("events", "items", "trajectory")


class OpenHands:
    """See the module."""

    name = "openhands"
    title = "OpenHands"
    version = 2
    roots: tuple[str, ...] = (
        "~/.openhands/conversations",
        "~/.openhands/agent-canvas/conversations",
        "$OPENHANDS_CONVERSATIONS_DIR",
    )
    suffixes: tuple[str, ...] = (".json", ".jsonl")
    companions: tuple[Companions, ...] = (
        Companions("base_state.json", "events/event-*.json"),
        Companions("base_state.json", "subagents/*/events/event-*.json"),
        Companions("base_state.json", "subagents/*/base_state.json"),
        # Only the events were kept: the first of them stands for all.
        Companions("event-00000-*.json", "event-*.json"),
        # What the cloud gives to download numbers them otherwise.
        Companions("event_000000_*.json", "event_*.json"),
        Companions("event_000000_*.json", "meta.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins with a state, an event, or several of them, as only the SDK writes them."""
        value = head_value(head)
        if isinstance(value, list):
            return any(is_event(mapping(item)) for item in value[:5])
        found = mapping(value)
        if is_event(found) or is_state(found) or _is_bundle(found) or is_row(found):
            return True
        return any(is_event(line) for line in head_lines(head, 5))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`, or that of each row of an evaluation's output."""
        with transcript.main.open() as stream:
            head = stream.read(HEAD_BYTES)
        if is_row(mapping(head_value(head))):
            yield from self._rows(transcript.main, clean)
            return
        reading = _Reading(self._builder(clean))
        reading.main(transcript.main)
        reading.companions(transcript.companions)
        if not reading.read_any:
            raise NotATranscript("no event or state of a conversation can be read")
        yield reading.finish()

    def _rows(self, document: Document, clean: Clean) -> Iterator[Session]:
        for found in trajectories(document):
            reading = _Reading(self._builder(clean))
            reading.row(found)
            if reading.read_any:
                yield reading.finish()

    def _builder(self, clean: Clean) -> SessionBuilder:
        return SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )


class _Reading:
    """One parse: the state first, then the events in the order of their numbers."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.talk = Conversation(builder)
        self._builder = builder
        self._state: dict[str, Any] = {}
        self._events: list[dict[str, Any]] = []
        self._cut_off = False
        self._meta: dict[str, Any] = {}

    @property
    def read_any(self) -> bool:
        return bool(self._state) or self.talk.read_any

    def main(self, document: Document) -> None:
        with document.open() as stream:
            first = stream.read(1 << 16)
        lines = list(head_lines(first, 2))
        if len(lines) > 1 and is_event(lines[0]):
            self._lines(document)
            return
        found = whole(document)
        if found.fault is not None:
            self._builder.fault(f"{document.name}: {found.fault}")
            self._cut_off = found.cut_off
        self._value(found.value)

    def row(self, found: Whole) -> None:
        """One run of an evaluation: its events, and what it spent in sum."""
        row = mapping(found.value)
        if found.fault is not None:
            self._builder.fault(found.fault)
            self._cut_off = found.cut_off
        self._events = [mapping(event) for event in sequence(row.get("history"))]
        self.companions(())
        instance, first = string(row.get("instance_id")), self._builder.native_id
        self._builder.native_id = f"{instance}-{first}" if instance and first else first
        self.talk.stats = {"usage_to_metrics": {"run": mapping(row.get("metrics"))}}
        if row.get("error"):
            self.talk.state = "error"

    def companions(self, documents: tuple[Document, ...]) -> None:
        """Events in the order of their names, which begin with their numbers; then those of sub-agents."""
        own = [one for one in documents if "subagents/" not in one.name.replace("\\", "/")]
        for document in sorted(own, key=_place_of):
            if document.name == "meta.json":
                self._meta = mapping(whole(document).value)
            else:
                self._events.append(self._event(document))
        self.talk.ahead_us = ahead_us(_two_clocks(self._state, self._events))
        for event in self._events:
            if event:
                self.talk.read(event, 0)
        agents: dict[str, list[Document]] = {}
        for document in documents:
            parts = document.name.replace("\\", "/").partition("subagents/")[2].split("/")
            if len(parts) > 1 and parts[-1].startswith("event-"):
                agents.setdefault(parts[0], []).append(document)
        for agent, several in sorted(agents.items()):
            events = [self._event(document) for document in sorted(several, key=_place_of)]
            self.talk.of_agent(agent, [event for event in events if event])

    def finish(self) -> Session:
        builder, state = self._builder, self._state
        if state:
            self.talk.base_state(state)
        if self._meta:
            self._from_meta()
        if builder.native_id is None:
            builder.native_id = "unnamed"
            builder.fault("the conversation does not say its id")
        self.talk.finish()
        if self._cut_off and builder.end_state != "finished":
            builder.end_state, builder.end_reason = "truncated", "the document breaks off inside a record"
        return builder.build()

    def _from_meta(self) -> None:
        """What the cloud says beside the events of a conversation."""
        builder, meta = self._builder, self._meta
        builder.native_id = named(meta.get("id")) or builder.native_id
        if title := string(meta.get("title")):
            builder.title, builder.title_source = title, "agent"
        builder.repository = string(meta.get("selected_repository")) or builder.repository
        builder.branch = string(meta.get("selected_branch")) or builder.branch
        if parent := named(meta.get("parent_conversation_id")):
            builder.parent_id, builder.relation = parent, "subagent"
        metrics = mapping(meta.get("metrics"))
        if metrics and not self.talk.stats:
            named_metrics = {"model_name": meta.get("llm_model"), **metrics}
            self.talk.stats = {"usage_to_metrics": {"conversation": named_metrics}}

    def _lines(self, document: Document) -> None:
        with document.open() as stream:
            for record in records(stream):
                if record.fault is not None:
                    self._builder.fault(f"line {record.line}: {record.fault}")
                    self._builder.opaque(record.fault, line=record.line, text=record.raw)
                    self._cut_off = record.cut_off
                else:
                    self.talk.read(mapping(record.value), record.line)

    def _value(self, value: object) -> None:
        """A state, an event, or several events, alone or beside their state."""
        found = mapping(value)
        if is_state(found):
            self._state = found
            return
        state = mapping(found.get("base_state"))
        if state:
            self._state = state
        if is_event(found):
            self._events.append(found)
            return
        several = sequence(value) or next((sequence(found.get(n)) for n in _LISTS if found.get(n)), [])
        for item in several:
            event = mapping(item)
            self._events.append(mapping(event.get("event")) or event)

    def _event(self, document: Document) -> dict[str, Any]:
        found = whole(document)
        if found.fault is not None:
            self._builder.fault(f"{document.name}: {found.fault}")
        event = mapping(found.value)
        if not event:
            self._builder.opaque(f"file {document.name[:200]}: no event", line=0)
        return event


def _place_of(document: Document) -> tuple[int, str]:
    """An event's place: its number, which outgrows the zeros before it."""
    found = _NUMBER.search(document.name)
    return int(found.group(1)) if found else 0, document.name


def _two_clocks(state: dict[str, Any], events: list[dict[str, Any]]) -> Iterator[tuple[object, object]]:
    """The time of an answer's first event, and that of the same answer in a ledger of costs."""
    first: dict[str, object] = {}
    for event in events:
        answer = string(event.get("llm_response_id"))
        if answer:
            first.setdefault(answer, event.get("timestamp"))
    for metrics in mapping(mapping(state.get("stats")).get("usage_to_metrics")).values():
        rows, costs = (sequence(mapping(metrics).get(name)) for name in ("token_usages", "costs"))
        for row, cost in zip(rows, costs, strict=False):
            answer = string(mapping(row).get("response_id"))
            if answer in first and len(rows) == len(costs):
                yield first[answer], mapping(cost).get("timestamp")


def is_event(value: dict[str, Any]) -> bool:
    """Whether `value` is an event of the SDK: its kind, and who it came from."""
    return (
        isinstance(value.get("kind"), str)
        and value["kind"] in _KINDS
        and (string(value.get("source")) in _SOURCES or isinstance(value.get("id"), str))
        and ("source" in value or "timestamp" in value)
    )


def is_row(value: dict[str, Any]) -> bool:
    """Whether `value`, perhaps cut, is one run of an evaluation."""
    return isinstance(value.get("instance_id"), str) and any(
        is_event(mapping(event)) for event in sequence(value.get("history"))[:5]
    )


def is_state(value: dict[str, Any]) -> bool:
    """Whether `value` is the state of a conversation."""
    agent = mapping(value.get("agent"))
    model = mapping(agent.get("llm"))
    if isinstance(value.get("id"), str) and ("usage_id" in model or "service_id" in model):
        return True
    return ("llm" in agent or "kind" in agent) and (
        any(
            key in value
            for key in (
                "execution_status",
                "agent_status",
                "persistence_dir",
                "confirmation_policy",
                "stats",
                "conversation_stats",
            )
        )
    )


def _is_bundle(value: dict[str, Any]) -> bool:
    if is_state(mapping(value.get("base_state"))):
        return True
    for name in _LISTS:
        for item in sequence(value.get(name))[:5]:
            event = mapping(item)
            if is_event(mapping(event.get("event")) or event):
                return True
    return False


OPENHANDS = OpenHands()
