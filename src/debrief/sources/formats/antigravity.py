"""Antigravity: `brain/<id>/.system_generated/logs/transcript.jsonl` in, one Session out.

A log of numbered steps. It names no session, no folder and no tokens; a call's arguments are JSON inside
strings, and its result is a later step that does not say which call it answers: they answer in order.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, ToolKind
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.documents import read_value
from debrief.sources.gemini.conversation import Conversation, Result
from debrief.sources.gemini.heads import is_steps
from debrief.sources.gemini.tools import kind_of
from debrief.sources.records import (
    Record,
    compact_json,
    count,
    mapping,
    records,
    sequence,
    string,
    timestamp_us,
)
from debrief.sources.source import Clean, Companions, Transcript

_REQUEST = re.compile(r"<USER_REQUEST>\s*(.*?)\s*(?:</USER_REQUEST>|\Z)", re.DOTALL)

_MODEL = re.compile(r"setting `Model Selection` from .{0,100}? to (.{1,100}?)\.(?:\s|$)")

_EXIT = re.compile(r"(?:failed with|exited with|exit) (?:exit )?code:? (-?\d{1,10})", re.IGNORECASE)

_SYSTEM_NOTES = frozenset(
    {"SYSTEM_MESSAGE", "EPHEMERAL_MESSAGE", "KNOWLEDGE_ARTIFACTS", "USER_SETTINGS_CHANGE"}
)

_PASSED_OVER = frozenset({"CONVERSATION_HISTORY"})
"""Says only that earlier conversations were looked at."""

_STATUS = {"DONE": "success", "ERROR": "error", "CANCELED": "cancelled", "CANCELLED": "cancelled"}

_OPEN = frozenset({"RUNNING", "PENDING", "GENERATING", "WAITING"})

_STEP_KINDS: dict[str, ToolKind] = {
    "LIST_DIRECTORY": "search",
    "GREP_SEARCH": "search",
    "FIND": "search",
    "CODEBASE_SEARCH": "search",
    "VIEW_FILE": "read",
    "VIEW_FILE_OUTLINE": "read",
    "VIEW_CODE_ITEM": "read",
    "RUN_COMMAND": "shell",
    "COMMAND_STATUS": "shell",
    "SEND_COMMAND_INPUT": "shell",
    "CODE_ACTION": "edit",
    "SEARCH_WEB": "fetch",
    "READ_URL_CONTENT": "fetch",
    "TASK_BOUNDARY": "plan",
    "NOTIFY_USER": "ask",
    "MCP_TOOL": "mcp",
    "BROWSER_SUBAGENT": "agent",
}

_ALIKE: dict[str, ToolKind] = {"write": "edit"}
"""A file written whole is answered by the same kind of step as an edit."""


class Antigravity(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "antigravity"
    title: str = "Antigravity"
    version: int = 2
    roots: tuple[str, ...] = (
        "~/.gemini/antigravity/brain",
        "~/.gemini/antigravity-cli/brain",
        "~/.gemini/antigravity-ide/brain",
    )
    suffixes: tuple[str, ...] = ("transcript.jsonl", "transcript_full.jsonl")
    companions: tuple[Companions, ...] = (
        # The full log holds all that the other does, and more; nothing is read of that one beside it.
        Companions("transcript_full.jsonl", "transcript.jsonl"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins with numbered steps."""
        return is_steps(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        reading = _Reading(builder, _last_told(transcript))
        record = Record(0)
        with transcript.main.open() as stream:
            for record in records(stream):
                reading.record(record)
        if builder.native_id is None:
            raise NotATranscript("no step of this file can be read")
        state, reason = reading.talk.ending.verdict(cut_off=record.cut_off)
        builder.end_state, builder.end_reason = state, reason
        yield builder.build()


_Step = tuple[int, str, str]


def _step_of(step: dict[str, Any]) -> _Step | None:
    index, kind, source = step.get("step_index"), string(step.get("type")), string(step.get("source"))
    if not isinstance(index, int) or kind is None:
        return None
    return index, kind, source or ""


def _last_told(transcript: Transcript) -> dict[_Step, int]:
    """The line in which each step is told last: the full log tells a step again as it goes on."""
    found: dict[_Step, int] = {}
    with transcript.main.open() as stream:
        for record in records(stream):
            key = _step_of(mapping(record.value)) if record.fault is None else None
            if key is not None:
                found[key] = record.line
    return found


def _tokens(step: dict[str, Any]) -> Tokens:
    taken, read = count(step.get("input_tokens")), count(step.get("cache_read_tokens"))
    if taken is not None and read is not None and read <= taken:
        taken -= read
    output = count(step.get("output_tokens"))
    return Tokens(input=taken, cache_read=read, output=output) if taken or read or output else Tokens()


class _Reading:
    """One parse: the steps in order, and the calls that no step has answered yet."""

    def __init__(self, builder: SessionBuilder, last: dict[_Step, int]) -> None:
        self.builder = builder
        self.talk = Conversation(builder)
        self._last = last
        self._waiting: list[tuple[str, ToolKind]] = []
        self._model: str | None = None
        self._number = 0

    def record(self, record: Record) -> None:
        """Write what one line tells."""
        if record.fault is not None:
            self.builder.fault(f"line {record.line}: {record.fault}")
            self.builder.opaque("unreadable line", line=record.line, text=record.raw)
            return
        step = mapping(record.value)
        key, status = _step_of(step), string(step.get("status"))
        if key is not None and status in _OPEN and self._last.get(key, 0) > record.line:
            return  # it is told again further on, when more of it was known
        index = step.get("step_index")
        place = Place(
            record.line, timestamp_us(step.get("created_at")), None if index is None else str(index)
        )
        self.builder.saw(place.ts_us)
        kind, source = string(step.get("type")), string(step.get("source"))
        if kind is None:
            self.talk.opaque("a value that is no step", place)
            return
        if self.builder.native_id is None:
            first = hashlib.sha256(compact_json(step).encode("utf-8", "replace")).hexdigest()
            self.builder.native_id = f"unnamed-{first[:32]}"
        self._step(step, kind, source, place)

    def _step(self, step: dict[str, Any], kind: str, source: str | None, place: Place) -> None:
        text = string(step.get("content")) or ""
        if kind == "USER_INPUT":
            self._user(text, source, place)
        elif kind == "PLANNER_RESPONSE":
            self._planner(step, text, place)
        elif kind == "CHECKPOINT":
            self.talk.compacted(text, place)
        elif kind == "ERROR_MESSAGE":
            self.talk.failed(text or string(step.get("error")) or "unknown error", place)
        elif kind in _SYSTEM_NOTES:
            self.talk.note(text, place)
        elif source == "MODEL" or kind in _STEP_KINDS:
            self._tool(step, kind, text, place)
        elif kind not in _PASSED_OVER:
            self.talk.opaque(f"step of type {kind[:100]!r}", place, text)

    def _user(self, text: str, source: str | None, place: Place) -> None:
        """What a person asked stands in a tag of its own; what else is said was put beside it."""
        found = _REQUEST.search(text)
        typed = found.group(1) if found else text
        beside = (text[: found.start()] + text[found.end() :]).strip() if found else ""
        if source is not None and source.startswith("SYSTEM"):
            typed, beside = "", text
        self.talk.text("prompt", typed, place)
        self.talk.note(beside, place)
        if chosen := _MODEL.search(beside):
            self._model = chosen.group(1)
            self.talk.model(self._model, place)

    def _planner(self, step: dict[str, Any], text: str, place: Place) -> None:
        first = self.builder.event_count
        self.talk.text("reasoning", string(step.get("thinking")) or "", place)
        self.talk.text("message", text, place)
        for called in map(mapping, sequence(step.get("tool_calls"))):
            self._number += 1
            tool = string(called.get("name")) or "unknown"
            call_id = string(called.get("id")) or f"call-{self._number}"
            args = {name: _decoded(value) for name, value in mapping(called.get("args")).items()}
            self.talk.call(call_id, tool, args, place)
            self._waiting.append((call_id, kind_of(tool)))
        tokens = _tokens(step)
        if self.builder.event_count > first or tokens != Tokens():
            self.builder.model_call(
                f"{self.builder.native_id}:{place.line}",
                model=self._model,
                tokens=tokens,
                ts_us=place.ts_us,
                # Whether the input holds what came from the cache is not said; at least the rest is sure.
                lower_bound=("input",) if tokens.cache_read else (),
                event=first if self.builder.event_count > first else None,
                row=tokens != Tokens(),
            )

    def _tool(self, step: dict[str, Any], kind: str, text: str, place: Place) -> None:
        wanted = _STEP_KINDS.get(kind, "other")
        call_id = self._answered(wanted)
        if call_id is None:
            # That a tool ran is told by this step alone.
            self._number += 1
            call_id = f"call-{self._number}"
            self.talk.step(call_id, kind, wanted, place)
        status = step.get("status")
        if isinstance(status, str) and status in _OPEN:
            return
        word = _STATUS.get(status) if isinstance(status, str) else None
        exit_code = None
        if wanted == "shell" and (found := _EXIT.search(text[:1000])):
            exit_code = int(found.group(1))
        self.talk.result(call_id, Result(text, word, exit_code=exit_code), place)

    def _answered(self, kind: ToolKind) -> str | None:
        """The first waiting call that a step of this kind may answer."""
        for waiting in self._waiting:
            if kind == "other" or _ALIKE.get(waiting[1], waiting[1]) in (kind, "other"):
                self._waiting.remove(waiting)
                return waiting[0]
        return None


def _decoded(value: object) -> object:
    """An argument is JSON inside a string, if it is JSON at all."""
    if not isinstance(value, str) or not value.startswith(('"', "[", "{")):
        return value
    found = read_value(value.encode("utf-8", "replace"))
    return value if found.fault is not None else found.value


ANTIGRAVITY = Antigravity()
