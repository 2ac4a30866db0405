"""Qwen Code: `~/.qwen/projects/<folder>/chats/<session>.jsonl` and its sub-agents' files in, one Session out.

Traps: rows of one uuid are fragments of one row; only the chain that ends in the last row is live, the rest
was rewound and stays, marked as replayed; telemetry repeats the answers' tokens; rows of a fork are another
session's; the tool writes user rows of its own, and puts the output of hooks into a person's.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.gemini.conversation import Conversation, Result
from debrief.sources.gemini.heads import is_rows
from debrief.sources.gemini.ledger import Ledger, Stated
from debrief.sources.gemini.parts import (
    display_text,
    joined,
    parts_of,
    response_text,
    text_of,
    typed_and_injected,
)
from debrief.sources.gemini.tree import Row, Tree, is_live
from debrief.sources.gemini.usage import API_NAMES, SHORT_NAMES, TELEMETRY_NAMES, buckets
from debrief.sources.records import Record, mapping, records, string, timestamp_us
from debrief.sources.source import Clean, Companions, Document, Transcript

_INJECTED = frozenset({"notification", "cron", "goal_runtime", "background_task_completed", "agent_message"})
"""Subtypes of user rows that no person typed."""

_BY_THE_TOOL = frozenset({"system", "goal_control", "goal_runtime"})
"""Where a user row says that it came from, and no person typed it."""

_PASSED_OVER = frozenset(
    # State of the screen, of the editor and of the files, kept for a later start.
    {"attribution_snapshot", "file_history_snapshot", "user_text_elements", "at_command", "session_notes"}
    | {"session_source", "session_model", "session_approval_mode", "session_execution_engine", "omni_recall"}
    | {"session_artifact_event", "session_artifact_snapshot", "session_sources_snapshot"}
    | {"managed_session_header_v1", "managed_session_event_v1", "managed_session_commit_v1"}
    # Marks whose meaning the tree and the other rows show.
    | {"rewind", "branch_checkpoint", "goal_state", "goal_turn_end", "turn_result", "turn_attempt"}
    | {"agent_bootstrap", "agent_launch_prompt", "agent_retry", "agent_session_ready", "agent_mention"}
)


class QwenCode(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "qwen_code"
    title: str = "Qwen Code"
    version: int = 1
    roots: tuple[str, ...] = (
        "~/.qwen/projects",
        "~/.qwen/tmp",
        "$QWEN_HOME/projects",
        "$QWEN_RUNTIME_DIR/projects",
    )
    suffixes: tuple[str, ...] = (".jsonl",)
    companions: tuple[Companions, ...] = (Companions("*.jsonl", "../subagents/{stem}/agent-*.jsonl"),)

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins with rows whose messages are made of parts."""
        return is_rows(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        reading = _Reading(builder)
        reading.file(transcript.main)
        if all(event.kind == "opaque" for event in builder.events) and not reading.told:
            raise NotATranscript("a Qwen Code file without a single message")
        for document in transcript.companions:
            reading.file(document, companion=True)
        reading.settle()
        yield builder.build()


class _Reading:
    """One parse: the rows of the main file in order, then those of each sub-agent's file."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self.talk = Conversation(builder)
        self.ledger = Ledger(builder)
        self.told = False
        self._cut_off = False
        self._agent: str | None = None
        self._last_usage: dict[str, Any] | None = None
        self._number = 0
        self._system: dict[str, Callable[[dict[str, Any], Place], None]] = {
            "ui_telemetry": self._telemetry,
            "custom_title": self._title,
            "chat_compression": self._compression,
            "slash_command": self._command,
            "parent_session": self._parent,
        }

    def file(self, document: Document, *, companion: bool = False) -> None:
        """Read the rows of one file; a companion's agent is named by its rows."""
        tree = Tree()
        where = f"{document.name}, " if companion else ""
        record = Record(0)
        with document.open() as stream:
            for record in records(stream):
                if record.fault is not None:
                    self.builder.fault(f"{where}line {record.line}: {record.fault}")
                    self.builder.opaque("unreadable line", line=record.line, text=record.raw)
                elif isinstance(record.value, dict):
                    tree.add(record.value, record.line)
                else:
                    self.builder.opaque("a value that is no object", line=record.line)
        agents = {string(row.record.get("agentId")) for row in tree.rows}
        agent = next((name for name in agents if name), None) if len(agents) == 1 else None
        if companion:
            self._agent = self.builder.agent = agent or document.name.rpartition("/")[2].removesuffix(
                ".jsonl"
            )
            self.builder.event("subagent", "assistant", text=f"Sub-agent {self._agent}")
        else:
            self._cut_off = record.cut_off
            self._name(tree, agent)
        chain = tree.live()
        for line in tree.gaps:
            self.builder.fault(f"{where}line {line}: the row before it in the conversation is missing")
        for row in tree.rows:
            self._row(row, chain)
        self.builder.agent = self._agent = None

    def _name(self, tree: Tree, agent: str | None) -> None:
        builder = self.builder
        session = next((name for row in tree.rows if (name := string(row.record.get("sessionId")))), None)
        builder.native_id = session
        if agent is not None:
            builder.native_id, builder.relation, builder.parent_id = f"agent-{agent}", "subagent", session
        elif session is None:
            uuid = next((name for row in tree.rows if (name := string(row.record.get("uuid")))), "")
            builder.native_id = f"unnamed-{uuid}"
            builder.fault("line 1: the session does not say its id")

    def settle(self) -> None:
        """Write what only the end shows."""
        self.builder.replaying = False
        self.ledger.settle()
        state, reason = self.talk.ending.verdict(cut_off=self._cut_off)
        self.builder.end_state, self.builder.end_reason = state, reason

    def _row(self, row: Row, chain: set[str]) -> None:
        record, builder = row.record, self.builder
        place = Place(row.line, timestamp_us(record.get("timestamp")), string(record.get("uuid")))
        forked = mapping(record.get("forkedFrom"))
        live = is_live(record, chain)
        builder.replaying = bool(forked) or not live
        if forked:
            builder.relation, builder.parent_id = "fork", string(forked.get("sessionId"))
        else:
            builder.saw(place.ts_us)
        if place.native_id in chain and self._agent is None:
            builder.cwd = string(record.get("cwd")) or builder.cwd
            builder.branch = string(record.get("gitBranch")) or builder.branch
            builder.agent_version = string(record.get("version")) or builder.agent_version
        kind = record.get("type")
        if kind == "user":
            self._user(record, place)
        elif kind == "assistant":
            self._assistant(row, place)
        elif kind == "tool_result":
            self._results(record, place)
        elif kind == "system":
            self._beside(record, place)
        else:
            self.talk.opaque(f"row of type {str(kind)[:100]!r}", place)

    def _user(self, record: dict[str, Any], place: Place) -> None:
        self.told = True
        self._last_usage = None
        payload = mapping(record.get("systemPayload"))
        parts = parts_of(mapping(record.get("message")).get("parts"))
        typed, beside = typed_and_injected(parts, string(payload.get("displayText")))
        subtype, origin = string(record.get("subtype")), string(record.get("provenance"))
        if subtype in _INJECTED or origin in _BY_THE_TOOL:
            typed, beside = "", [joined(parts) or typed]
        self.talk.text("prompt", typed, place)
        for text in beside:
            self.talk.note(text, place)

    def _assistant(self, row: Row, place: Place) -> None:
        self.told = True
        record, first = row.record, self.builder.event_count
        self.talk.model(string(record.get("model")), place)
        said: list[str] = []
        thought = False
        for part in parts_of(mapping(record.get("message")).get("parts")):
            call = mapping(part.get("functionCall"))
            if call or (part.get("thought") is True) != thought:
                self._say(said, place, thought=thought)
                thought = part.get("thought") is True
            if call:
                self._number += 1
                call_id = string(call.get("id")) or f"{place.native_id}:{self._number}"
                self.talk.call(call_id, string(call.get("name")) or "unknown", call.get("args"), place)
            else:
                said.append(text_of(part))
        self._say(said, place, thought=thought)
        self._tokens(row, place, first)

    def _say(self, said: list[str], place: Place, *, thought: bool) -> None:
        self.talk.text("reasoning" if thought else "message", "".join(said), place)
        said.clear()

    def _tokens(self, row: Row, place: Place, first: int) -> None:
        """The last fragment's count is the answer's; one beside another that repeats it is the same call."""
        found = [tokens for usage in row.usages if (tokens := _counted(usage)) is not None]
        repeated = bool(found) and row.usages[-1] == self._last_usage
        self._last_usage = row.usages[-1] if found else None
        forked = bool(mapping(row.record.get("forkedFrom")))
        self.builder.replaying = forked
        for tokens in found if forked or repeated else found[:-1]:
            self.builder.usage_row(tokens, repeated=not forked)
        if forked or repeated or (self._agent is not None and not found):
            return
        events = self.builder.event_count
        if not found and events == first:
            return
        self.ledger.state(
            Stated(
                key=place.native_id or f"line-{place.line}",
                tokens=found[-1] if found else None,
                model=string(row.record.get("model")),
                ts_us=place.ts_us,
                event=first if events > first else None,
                agent=self._agent,
            )
        )

    def _results(self, record: dict[str, Any], place: Place) -> None:
        self.told = True
        self._last_usage = None
        outer = mapping(record.get("toolCallResult"))
        parts = parts_of(mapping(record.get("message")).get("parts"))
        responses = [mapping(part["functionResponse"]) for part in parts if "functionResponse" in part]
        if not responses and outer:
            responses = [{"id": outer.get("callId")}]
        for response in responses:
            call_id = string(response.get("id")) or string(outer.get("callId"))
            text, failed = response_text(response.get("response"))
            text = text or display_text(outer.get("resultDisplay"))
            if call_id is None:
                self.talk.opaque("a result without its call's id", place, text)
                continue
            failed = failed or bool(outer.get("error"))
            self.talk.result(call_id, Result(text, outer.get("status"), failed), place)

    def _beside(self, record: dict[str, Any], place: Place) -> None:
        subtype = string(record.get("subtype")) or ""
        reader = self._system.get(subtype)
        if reader is not None:
            reader(record, place)
        elif subtype not in _PASSED_OVER:
            self.talk.opaque(f"system row of subtype {subtype[:100]!r}", place)

    def _telemetry(self, record: dict[str, Any], place: Place) -> None:
        event = mapping(mapping(record.get("systemPayload")).get("uiEvent"))
        name = (string(event.get("event.name")) or "").rpartition(".")[2]
        if name == "api_error" or ("error_message" in event and "status_code" in event):
            message = string(event.get("error_message")) or string(event.get("error"))
            self.talk.failed(message or "unknown error", place)
        elif name == "api_cancel":
            self.talk.interrupted("", place)
        elif "input_token_count" in event:
            self._request(record, event, place)

    def _request(self, record: dict[str, Any], event: dict[str, Any], place: Place) -> None:
        tokens = buckets(event, TELEMETRY_NAMES)
        if tokens is None:
            return
        if mapping(record.get("forkedFrom")):
            self.builder.usage_row(tokens, repeated=True)
            return
        self.builder.replaying = False
        self.ledger.state(
            Stated(
                key=string(event.get("response_id")) or f"telemetry-{place.native_id or place.line}",
                tokens=tokens,
                model=string(event.get("model")),
                ts_us=place.ts_us,
                agent=self._agent,
                telemetry=True,
            )
        )

    def _title(self, record: dict[str, Any], _: Place) -> None:
        payload = mapping(record.get("systemPayload"))
        title = string(payload.get("customTitle"))
        if title and not self.builder.replaying:
            self.builder.title = title
            self.builder.title_source = "ai-title" if payload.get("titleSource") == "auto" else "custom-title"

    def _compression(self, record: dict[str, Any], place: Place) -> None:
        payload = mapping(record.get("systemPayload"))
        history = [joined(parts_of(turn.get("parts"))) for turn in parts_of(payload.get("compressedHistory"))]
        self.talk.compacted(next((text for text in history if text), ""), place)

    def _command(self, record: dict[str, Any], place: Place) -> None:
        """A command that a person gave the tool itself: told once, at its invocation."""
        payload = mapping(record.get("systemPayload"))
        if payload.get("phase") != "result":
            self.talk.note(string(payload.get("rawCommand")) or "", place)

    def _parent(self, record: dict[str, Any], _: Place) -> None:
        parent = string(mapping(record.get("systemPayload")).get("parentSessionId"))
        if parent is not None and not self.builder.replaying:
            self.builder.relation, self.builder.parent_id = "subagent", parent


def _counted(usage: dict[str, Any]) -> Tokens | None:
    names = API_NAMES if any(name in usage for name in API_NAMES) else SHORT_NAMES
    return buckets(usage, names)


QWEN_CODE = QwenCode()
