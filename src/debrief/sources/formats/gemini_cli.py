"""Gemini CLI: `~/.gemini/tmp/<project>/chats/session-*` in (JSON, or a log since 0.39), one Session out.

Traps: records are patched afterwards and count once; what was rewound stays, marked as replayed; the tool
writes user turns of its own; only a hash names the project's folder; a resumed session leaves a second file
under the same name, with nothing in it but the opening context.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.calls import Place
from debrief.sources.documents import read_value, whole
from debrief.sources.gemini.conversation import Conversation, Result
from debrief.sources.gemini.folder import Folder
from debrief.sources.gemini.heads import NOTICES, SPOKEN, is_message, is_patch, is_session
from debrief.sources.gemini.outcome import OPEN
from debrief.sources.gemini.parts import (
    display_text,
    joined,
    parts_of,
    response_text,
    text_of,
    typed_and_injected,
)
from debrief.sources.gemini.replay import Replay, Slot, responses
from debrief.sources.gemini.usage import SHORT_NAMES, buckets
from debrief.sources.records import mapping, records, sequence, string, timestamp_us
from debrief.sources.source import HEAD_BYTES, Clean, Companions, Document, Transcript

_SUMMARY = "<state_snapshot>"

_COMPRESSED = re.compile(r"\bcompressed (?:context|from)\b|Chat history compressed", re.IGNORECASE)

_CANCELLED = re.compile(r"\s*Request cancelled\b")

_RESULT_BEGINS = 300
"""Characters of a result in which a shell tool says where it ran."""

_SERVICE = re.compile(
    r"API Error|\bquota\b|rate limit|RESOURCE_EXHAUSTED|UNAVAILABLE|overloaded|Error when talking to",
    re.IGNORECASE,
)
"""Errors of the model's service, told from those of a command that a person gave the tool."""


class GeminiCli(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "gemini_cli"
    title: str = "Gemini CLI"
    version: int = 1
    roots: tuple[str, ...] = ("~/.gemini/tmp", "$GEMINI_CLI_HOME/.gemini/tmp")
    suffixes: tuple[str, ...] = (".json", ".jsonl")
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins a session, of either generation."""
        return is_session(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        replay = _replayed(transcript.main, builder)
        if not any(_is_own(slot) or _is_said(slot) for slot in replay.slots):
            raise NotATranscript("a session without a single message, only its opening context")
        reading = _Reading(builder, replay)
        reading.run()
        yield builder.build()


def _replayed(document: Document, builder: SessionBuilder) -> Replay:
    replay = Replay()
    with document.open() as stream:
        lines = _is_log(stream.read(HEAD_BYTES))
    if lines:
        with document.open() as stream:
            for record in records(stream):
                replay.record(record)
        return replay
    found = whole(document)
    if found.fault is not None:
        builder.fault(f"line 1: {found.fault}")
    replay.document(mapping(found.value))
    replay.cut_off = found.cut_off
    return replay


def _is_log(head: bytes) -> bool:
    """Whether the records stand one a line: some line then is a whole record by itself."""
    for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if not line.startswith(b"{"):
            continue
        found = read_value(line)
        value = mapping(found.value)
        if found.cut_off:
            continue
        if is_patch(value) or "sessionId" in value or is_message(value):
            return True
    return False


def _is_own(slot: Slot) -> bool:
    """Whether a message was written by itself, and not only with the context."""
    return is_message(slot.record) and not slot.context


def _is_said(slot: Slot) -> bool:
    """Whether a message that came only with the context says something of its own."""
    if string(slot.record.get("type")) not in SPOKEN:
        return False
    if slot.record.get("type") != "user":
        return True
    typed, _ = typed_and_injected(_content(slot.record))
    return bool(typed)


def _content(record: dict[str, Any]) -> list[dict[str, Any]]:
    return parts_of(record.get("content")) or parts_of(record.get("parts"))


class _Reading:
    """One parse: the messages in order, each as it finally stood."""

    def __init__(self, builder: SessionBuilder, replay: Replay) -> None:
        self.builder = builder
        self.talk = Conversation(builder)
        self._replay = replay
        self._folder = Folder(string(replay.header.get("projectHash")))
        self._own_messages = any(map(_is_own, replay.slots))
        self._compacted = False
        self._number = 0

    def run(self) -> None:
        """Read every message, then settle what only the end shows."""
        for line in self._replay.bad_rewinds:
            self.builder.fault(f"line {line}: rewinds to a message that is not there")
        for slot in self._replay.slots:
            self._slot(slot)
        self.builder.replaying = False
        self._describe()
        state, reason = self.talk.ending.verdict(cut_off=self._replay.cut_off)
        self.builder.end_state, self.builder.end_reason = state, reason

    def _describe(self) -> None:
        header, builder = self._replay.header, self.builder
        builder.native_id = string(header.get("sessionId"))
        if builder.native_id is None:
            first = next((name for slot in self._replay.slots if (name := string(slot.record.get("id")))), "")
            builder.native_id = f"unnamed-{first}"
            builder.fault("line 1: the session does not say its id")
        for directory in sequence(header.get("directories")):
            self._folder.named(directory)
        builder.cwd = self._folder.path
        builder.saw(timestamp_us(header.get("startTime")))
        if header.get("kind") == "subagent":
            builder.relation = "subagent"
        if summary := string(header.get("summary")):
            builder.title, builder.title_source = summary, "summary"

    def _slot(self, slot: Slot) -> None:
        record = slot.record
        place = Place(slot.line, timestamp_us(record.get("timestamp")), string(record.get("id")))
        # What was taken back did happen, but is no part of the conversation that came of it; what came only
        # with the context was said elsewhere.
        elsewhere = slot.context and self._own_messages and _is_said(slot)
        self.builder.replaying = slot.rewound or elsewhere
        self.builder.saw(place.ts_us)
        kind = record.get("type")
        if slot.fault is not None:
            self.builder.fault(f"line {slot.line}: {slot.fault}")
            self.talk.opaque("unreadable line", place, slot.unknown or "")
        elif slot.unknown is not None:
            self.talk.opaque(slot.unknown, place)
        elif kind == "user":
            self._user(slot, place)
        elif isinstance(kind, str) and kind in SPOKEN:
            self._assistant(slot, place)
        elif isinstance(kind, str) and kind in NOTICES:
            self._notice(kind, joined(_content(record)), place)
        else:
            self.talk.opaque(f"message of type {str(kind)[:100]!r}", place, joined(_content(record)))

    def _user(self, slot: Slot, place: Place) -> None:
        parts = _content(slot.record)
        for part in parts:
            if "functionResponse" in part:
                self._late_result(mapping(part["functionResponse"]), place)
        spoken = [part for part in parts if "functionResponse" not in part]
        display = joined(parts_of(slot.record.get("displayContent"))) or None
        typed, beside = typed_and_injected(spoken, display)
        if len(spoken) < len(parts):
            typed, beside = "", [*([typed] if typed else []), *beside]
        for text in beside:
            self._folder.stated(text)
        if self.talk.text("prompt", typed, place) is not None:
            self._compacted = False
        for text in beside:
            if _SUMMARY in text[:1000]:
                self.talk.compacted(text, place)
                self._compacted = True
            else:
                self.talk.note(text, place)

    def _late_result(self, response: dict[str, Any], place: Place) -> None:
        """A result outside its call: it counts where the call has none."""
        call_id = string(response.get("id"))
        if call_id is not None:
            text, failed = response_text(response.get("response"))
            self.talk.result(call_id, Result(text, failed=failed), place)

    def _assistant(self, slot: Slot, place: Place) -> None:
        record = slot.record
        first = self.builder.event_count
        self.talk.model(string(record.get("model")), place)
        for thought in map(mapping, sequence(record.get("thoughts"))):
            said = [text for name in ("subject", "description") if (text := string(thought.get(name)))]
            when = Place(place.line, timestamp_us(thought.get("timestamp")) or place.ts_us, place.native_id)
            self.talk.text("reasoning", "\n".join(said), when)
        parts = _content(record)
        spoken = joined([part for part in parts if part.get("thought") is not True])
        if not record.get("thoughts"):
            thoughts = "".join(text_of(part) for part in parts if part.get("thought") is True)
            self.talk.text("reasoning", thoughts, place)
        self.talk.text("message", spoken, place)
        calls = [mapping(call) for call in sequence(record.get("toolCalls"))]
        for call in calls:
            self._call(call, place)
        listed = {(string(call.get("name")), str(call.get("args"))) for call in calls}
        for part in parts:
            call = mapping(part.get("functionCall"))
            if call and (string(call.get("name")), str(call.get("args"))) not in listed:
                self._call(call, place)
        self._tokens(slot, place, first)

    def _call(self, call: dict[str, Any], place: Place) -> None:
        tool = string(call.get("name")) or string(call.get("displayName")) or "unknown"
        self._number += 1
        call_id = string(call.get("id")) or f"{place.native_id or 'call'}:{self._number}"
        args = mapping(call.get("args"))
        for name in ("file_path", "absolute_path", "dir_path", "path", "directory"):
            self._folder.named(args.get(name))
        self.talk.call(call_id, tool, call.get("args"), place)
        agent = string(call.get("agentId"))
        if agent is not None:
            self.builder.agent = agent
            self.builder.event("subagent", "assistant", text=tool, line=place.line, ts_us=place.ts_us)
            self.builder.agent = None
        status = call.get("status")
        if status in OPEN if isinstance(status, str) else not call.get("result"):
            return
        result = call.get("result")
        found = [(result, False)] if isinstance(result, str) else responses(parts_of(result))
        text = "\n".join(one for one, _ in found if one) or display_text(call.get("resultDisplay"))
        self._folder.stated(text[:_RESULT_BEGINS])
        when = timestamp_us(call.get("timestamp"))
        ended = Result(text, status, any(failed for _, failed in found), ts_us=when)
        self.talk.result(call_id, ended, place)

    def _tokens(self, slot: Slot, place: Place, first: int) -> None:
        self.builder.replaying = False
        for earlier in slot.earlier:
            if (repeated := buckets(earlier, SHORT_NAMES)) is not None:
                self.builder.usage_row(repeated, repeated=True)
        tokens = buckets(mapping(slot.record.get("tokens")), SHORT_NAMES)
        if tokens is None and (slot.context or self._number_of_events(first) == 0):
            return
        self.builder.model_call(
            place.native_id or f"line-{place.line}:{first}",
            model=string(slot.record.get("model")),
            tokens=tokens or Tokens(),
            ts_us=place.ts_us,
            event=first if self._number_of_events(first) else None,
            row=tokens is not None,
        )

    def _number_of_events(self, first: int) -> int:
        return self.builder.event_count - first

    def _notice(self, kind: str, text: str, place: Place) -> None:
        """What the screen showed beside the conversation."""
        if kind == "info" and _CANCELLED.match(text):
            self.talk.interrupted(text, place)
        elif kind == "info" and _COMPRESSED.search(text):
            if self._compacted:
                self.talk.note(text, place)
            else:
                self.talk.compacted(text, place)
            self._compacted = True
        elif kind == "error" and _SERVICE.search(text):
            self.talk.failed(text, place)
        else:
            self.talk.note(text, place)


GEMINI_CLI = GeminiCli()
