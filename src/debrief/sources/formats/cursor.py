"""Cursor: `~/.cursor/projects/<folder>/agent-transcripts/<id>/<id>.jsonl` in, one Session out.

A lean projection of the conversation: no ids, no times, no tokens, no model, and hardly ever the result of a
call. Older transcripts are plain text. Sub-agents have files of their own beside the session's. A chat out of
Cursor's own store comes as the same messages with a first line about the chat, and holds what these miss.
"""

import re
from collections.abc import Iterator
from typing import Any

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources.builder import SessionBuilder
from debrief.sources.cursor.conversation import Conversation
from debrief.sources.cursor.messages import Messages
from debrief.sources.cursor.prompts import words_of
from debrief.sources.cursor.results import content_text
from debrief.sources.cursor.text import is_text_transcript, text_messages
from debrief.sources.documents import DOCUMENT_LIMIT, head_lines, read_value
from debrief.sources.records import compact_json, count, mapping, records, string, timestamp_us
from debrief.sources.source import HEAD_BYTES, Clean, Companions, Document, Transcript

CHAT = "cursor-chat"
"""The type of the first line of a chat that comes out of a store."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_OF_OTHERS = frozenset(
    {"uuid", "sessionId", "session_id", "parentUuid", "timestamp", "schema_version", "parts"}
)
"""Fields that records of this shape have where another program wrote them."""

_LINES_TRIED = 20
_BESIDE_LIMIT = 64 * 1024


class Cursor:
    """See the module."""

    name = "cursor"
    title = "Cursor"
    version = 1
    roots: tuple[str, ...] = (
        "~/.cursor/projects/*/agent-transcripts",
        "~/.cursor-server/projects/*/agent-transcripts",
    )
    suffixes: tuple[str, ...] = (".jsonl", ".txt")
    companions: tuple[Companions, ...] = (
        # Only a file that has its folder's name has sub-agents in it.
        Companions("*.jsonl", "../{stem}/subagents/*.jsonl"),
        Companions("*.jsonl", "../../../../chats/*/{stem}/meta.json"),
    )

    def recognises(self, head: bytes) -> bool:
        """Whether the first records are messages as only Cursor writes them."""
        for value in head_lines(head, _LINES_TRIED):
            if value.get("type") == CHAT:
                return isinstance(value.get("agentId"), str)
            if value.get("type") == "turn_ended" and "status" in value:
                continue
            content = mapping(value.get("message")).get("content")
            return (
                value.get("role") in ("user", "assistant")
                and isinstance(content, list | str)
                and "type" not in value
                and not _OF_OTHERS.intersection(value)
            )
        return is_text_transcript(head)

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the one session of `transcript`."""
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name=self.title, clean=clean
        )
        reading = _Reading(builder)
        reading.run(transcript)
        if not reading.messages.read_any:
            raise NotATranscript(reading.emptiness)
        yield builder.build()


class _Reading:
    """One parse: the main file, then what lies beside it."""

    def __init__(self, builder: SessionBuilder) -> None:
        self.builder = builder
        self._conversation = Conversation(builder)
        self.messages = Messages(self._conversation)
        self._cut_off = False
        self.emptiness = "a Cursor transcript without a single message"

    def run(self, transcript: Transcript) -> None:
        """Read every file, then settle."""
        self.builder.native_id = _id_by_name(transcript.main.name)
        self._document(transcript.main)
        cut_off = self._cut_off
        for document in transcript.companions:
            if document.name.endswith(".jsonl"):
                self._sub_agent(document)
            elif document.name.endswith("meta.json"):
                self._beside(document)
        self.builder.agent = None
        self.builder.end_state, self.builder.end_reason = self.messages.end
        if cut_off:
            self.builder.end_state = "truncated"
            self.builder.end_reason = "The transcript breaks off inside its last record."

    def _document(self, document: Document) -> None:
        with document.open() as stream:
            head = stream.read(HEAD_BYTES)
        if is_text_transcript(head):
            with document.open() as stream:
                content = stream.read(DOCUMENT_LIMIT)
            for message in text_messages(content.decode("utf-8", "replace")):
                self.messages.message(message.record, message.line)
            return
        with document.open() as stream:
            for record in records(stream):
                self._cut_off = record.cut_off
                if record.fault is not None:
                    self.builder.fault(f"{self._where(document)}line {record.line}: {record.fault}")
                    self.builder.opaque(record.fault, line=record.line, text=record.raw)
                else:
                    self._record(mapping(record.value), record.line, record.value)

    def _where(self, document: Document) -> str:
        return f"{document.name}, " if self.builder.agent is not None else ""

    def _record(self, record: dict[str, Any], line: int, value: object) -> None:
        kind = string(record.get("type")) or ""
        if kind == "turn_ended":
            self.messages.turn_ended(record, line)
        elif kind == CHAT:
            self._about(record)
        elif not kind and record.get("role") in ("user", "assistant", "system", "tool"):
            self.messages.message(record, line)
        else:
            self.builder.opaque(f"record of type '{kind[:100]}'", line=line, text=compact_json(value))

    def _about(self, chat: dict[str, Any]) -> None:
        """What a store says about its chat."""
        builder = self.builder
        builder.native_id = string(chat.get("agentId")) or builder.native_id
        builder.cwd = builder.cwd or string(chat.get("workspace"))
        builder.saw(timestamp_us(chat.get("createdAt")))
        self._name(chat.get("name"))
        if unreadable := count(chat.get("unreadableMessages")):
            builder.fault(f"line 1: {unreadable} messages of the chat are kept in a way that is not read")
            self.emptiness = "a Cursor chat of before 2026, whose messages are kept in a way that is not read"
        if model := string(chat.get("lastUsedModel")):
            # Which of the requests were this model's is not known; that some were is.
            key = f"{builder.native_id}:last-used-model"
            builder.model_call(key, model=model, tokens=Tokens(), row=False)

    def _name(self, title: object) -> None:
        if (name := string(title)) and self.builder.title is None and name not in ("New Agent", "New Chat"):
            self.builder.title, self.builder.title_source = name, "agent"

    def _beside(self, document: Document) -> None:
        """`meta.json` of the chat: its title, folder, and when it began and last changed."""
        with document.open() as stream:
            meta = mapping(read_value(stream.read(_BESIDE_LIMIT)).value)
        self._name(meta.get("title"))
        self.builder.cwd = self.builder.cwd or string(meta.get("cwd"))
        self.builder.saw(timestamp_us(meta.get("createdAtMs")))
        self.builder.saw(timestamp_us(meta.get("updatedAtMs")))

    def _sub_agent(self, document: Document) -> None:
        stem = document.name.rpartition("/")[2].removesuffix(".jsonl")
        prompt = _first_prompt(document)
        self.builder.agent = stem
        self.builder.event(
            "subagent",
            "assistant",
            text=prompt,
            native_id=stem,
            call_id=self._conversation.task_of(prompt),
        )
        self._document(document)
        self.builder.agent = None


def _first_prompt(document: Document) -> str:
    with document.open() as stream:
        for record in records(stream):
            value = mapping(record.value)
            if value.get("role") == "user":
                return words_of(content_text(mapping(value.get("message")).get("content"))).typed
    return ""


def _id_by_name(name: str) -> str | None:
    """The session's id, which stands nowhere else than in its file's name; other names say nothing."""
    found = _UUID.search(name.rpartition("/")[2])
    return found.group() if found else None


CURSOR = Cursor()
