"""Goose: an export of a session, or the older file with a line a message, in; a Session out."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.errors import NotATranscript
from debrief.model import Session
from debrief.sources.builder import SessionBuilder
from debrief.sources.codex.meta import unnamed
from debrief.sources.documents import head_value, whole
from debrief.sources.goose.conversation import Conversation, joined
from debrief.sources.records import mapping, records, sequence, string, timestamp_us
from debrief.sources.source import HEAD_BYTES, Clean, Companions, Transcript

_MESSAGE_KEYS = frozenset({"id", "role", "created", "content", "metadata", "display", "sendToLLM"})
_OWN_BLOCKS = frozenset(
    {
        "text",
        "image",
        "toolRequest",
        "toolResponse",
        "toolConfirmationRequest",
        "thinking",
        "redactedThinking",
    }
    | {"frontendToolRequest", "contextLengthExceeded", "summarizationRequested", "systemNotification"}
)
# What a session is called until somebody or a model has named it.
_NO_TITLE = frozenset({"CLI Session", "New Chat", "New session", "New Session", "ACP Session", "Untitled"})
# Goose names the older files by the time of the session's beginning, which is the session's id.
_COUNTED = re.compile(r"\d{8}_\d{1,5}")
_ID = re.compile(r"\d{8}_\d{1,6}")


class _Found(msgspec.Struct):
    """One session as it stands: its head, its messages with their lines, and what was unreadable."""

    head: dict[str, Any]
    messages: list[tuple[int, dict[str, Any]]] = []
    faults: list[tuple[int, str, str]] = []
    cut_off: bool = False


class Goose(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "goose"
    title: str = "Goose"
    version: int = 1
    roots: tuple[str, ...] = (
        "~/.local/share/goose/sessions",
        "$XDG_DATA_HOME/goose/sessions",
        "~/.config/goose/sessions",
        "$APPDATA/Block/goose/data/sessions",
    )
    suffixes: tuple[str, ...] = (".jsonl", ".json")
    companions: tuple[Companions, ...] = ()

    def recognises(self, head: bytes) -> bool:
        """Whether `head` begins an export, or a file whose first line is a session's head or a message."""
        value = head_value(head)
        return isinstance(value, dict) and (_is_export(value) or _is_head(value) or _is_message(value))

    def parse(self, transcript: Transcript, clean: Clean) -> Iterator[Session]:
        """Yield the session."""
        with transcript.main.open() as stream:
            first = head_value(stream.read(HEAD_BYTES))
        found = _from_export(transcript) if _is_export(mapping(first)) else _from_lines(transcript)
        builder = SessionBuilder(
            format_name=self.name, parser_version=self.version, agent_name="Goose", clean=clean
        )
        _name(builder, found, transcript.main.name)
        for line, fault, raw in found.faults:
            builder.fault(f"line {line}: {fault}" if line else fault)
            if line:
                builder.opaque(fault, line=line, text=raw)
        model = string(mapping(found.head.get("model_config")).get("model_name"))
        conversation = Conversation(builder, found.head, model)
        for line, message in joined(found.messages):
            conversation.read(message, line)
        if not builder.event_count:
            builder.saw(timestamp_us(found.head.get("created_at")))
        conversation.finish(cut_off=found.cut_off)
        builder.native_id = _of_one_machine(builder.native_id, found.head)
        yield builder.build()


def _is_export(value: dict[str, Any]) -> bool:
    """Its messages may lie beyond what is looked at, behind a long recipe."""
    if not all(isinstance(value.get(name), str) for name in ("id", "working_dir", "created_at")):
        return False
    named = isinstance(value.get("name"), str) or isinstance(value.get("description"), str)
    return named and any(name in value for name in ("conversation", "extension_data", "session_type"))


def _is_head(value: dict[str, Any]) -> bool:
    return (
        isinstance(value.get("working_dir"), str)
        and isinstance(value.get("description"), str)
        and isinstance(value.get("message_count"), int)
        and "role" not in value
    )


def _is_message(value: dict[str, Any]) -> bool:
    created, content = value.get("created"), value.get("content")
    if value.get("role") not in ("user", "assistant") or not isinstance(created, int):
        return False
    kinds = [string(mapping(block).get("type")) for block in sequence(content)]
    return bool(kinds) and set(value) <= _MESSAGE_KEYS and all(kind in _OWN_BLOCKS for kind in kinds)


def _from_export(transcript: Transcript) -> _Found:
    read = whole(transcript.main)
    head = mapping(read.value)
    found = _Found(head=head, cut_off=read.cut_off)
    if read.fault is not None:
        found.faults.append((0, read.fault, ""))
    conversation = head.get("conversation")
    if isinstance(conversation, dict):
        conversation = conversation.get("messages")
    if not isinstance(conversation, list):
        conversation = head.get("messages")
    for one in sequence(conversation):
        found.messages.append((0, one if isinstance(one, dict) else {"value": one}))
    return found


def _from_lines(transcript: Transcript) -> _Found:
    found = _Found(head={})
    with transcript.main.open() as stream:
        for record in records(stream):
            found.cut_off = record.cut_off
            if record.fault is not None:
                found.faults.append((record.line, record.fault, record.raw))
                continue
            value = mapping(record.value)
            if _is_head(value) and not found.messages:
                found.head = value
            else:
                found.messages.append((record.line, value or {"value": record.value}))
    if not found.head and not any("role" in message for _, message in found.messages):
        raise NotATranscript("no message of Goose in it")
    return found


def _name(builder: SessionBuilder, found: _Found, document: str) -> None:
    head = found.head
    builder.native_id = string(head.get("id"))
    if builder.native_id is None:
        stem = document.rpartition("/")[2].removesuffix(".jsonl")
        first = found.messages[0][1] if found.messages else head
        builder.native_id = stem if _ID.fullmatch(stem) else unnamed(first)
    builder.surface = string(head.get("session_type")) or "goose"
    builder.cwd = string(head.get("working_dir"))
    title = string(head.get("name")) or string(head.get("description"))
    if title and title not in _NO_TITLE:
        builder.title = title
        builder.title_source = "custom-title" if head.get("user_set_name") in (True, 1) else "agent"
    parent = string(head.get("parent_session_id"))
    if parent is not None or head.get("session_type") == "sub_agent":
        builder.relation, builder.parent_id = "subagent", parent


def _of_one_machine(native_id: str | None, head: dict[str, Any]) -> str | None:
    """An id that counts the sessions of a day is told apart by its moment: two people have the same ones."""
    created_us = timestamp_us(head.get("created_at"))
    if native_id is None or created_us is None or not _COUNTED.fullmatch(native_id):
        return native_id
    return f"{native_id}-{created_us // 1_000_000:x}"


GOOSE = Goose()
