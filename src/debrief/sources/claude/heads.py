"""The first bytes of a document in; out, whether they are a Claude Code transcript or its headless stream.

By content alone: names and labels of transcripts are wrong too often. Other agents copied these shapes, so a
record that only they write refuses the document, whatever else stands in it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.sources.records import mapping, string

_lenient = json.JSONDecoder(strict=False)

_WRAPPED = re.compile(r'\s*(?:\{\s*"loglines"\s*:\s*)?\[')

_IFLOW_SESSION = re.compile(r"session-[0-9a-f]{8}-[0-9a-f]{4}-")

_MARKS_OF_OTHERS = re.compile(rb'"(?:session(?:_id|-)|usageMetadata|systemPayload|qwen_code_version|parts")')
"""What stands in every record that refuses a transcript: where none does, the first good row is enough."""

_ROW_TYPES = frozenset(("user", "assistant"))

_SIDE_TYPES = {
    "file-history-snapshot": "snapshot",
    "summary": "leafUuid",
    "queue-operation": "operation",
    "progress": "toolUseID",
    "pr-link": "prUrl",
    "custom-title": "customTitle",
    "ai-title": "aiTitle",
    "last-prompt": "lastPrompt",
    "agent-name": "agentName",
    "attachment": "attachment",
    "mode": "mode",
    "permission-mode": "permissionMode",
    "worktree-state": "worktreeSession",
    "bridge-session": "bridgeSessionId",
}
"""Kinds of record that only Claude Code writes, each with a field that it always has."""


def _values(head: bytes) -> Iterator[Any]:
    """The JSON values that lie whole in `head`: lines, or the items of a (pretty-printed) array."""
    text = head.decode("utf-8", "replace").replace("\x00", "").lstrip("\ufeff")
    if wrapped := _WRAPPED.match(text):
        position = wrapped.end()
        while True:
            while position < len(text) and text[position] in " \t\r\n,":
                position += 1
            try:
                value, position = _lenient.raw_decode(text, position)
            except (ValueError, RecursionError):
                return
            yield value
    for line in text.split("\n"):
        if line.strip():
            try:
                yield _decoded(line.strip())
            except (ValueError, RecursionError):
                continue


def _decoded(line: str) -> Any:  # noqa: ANN401 (JSON)
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return _lenient.decode(line)


def is_transcript(head: bytes) -> bool:
    """Whether `head` begins a file of `~/.claude/projects`."""
    good = False
    is_doubtful = _MARKS_OF_OTHERS.search(head) is not None
    for value in _values(head):
        record = mapping(value)
        if _foreign(record) or _is_stream_row(record):
            return False
        good = good or _is_row(record) or _is_side_record(record)
        if good and not is_doubtful:
            return True
    return good or _is_cut_row(head)


def is_stream(head: bytes) -> bool:
    """Whether `head` begins the output of a headless run, perhaps behind lines of other programs."""
    if b"session_id" not in head:
        return False
    good = False
    for value in _values(head):
        record = mapping(value)
        if _foreign(record) or _foreign_stream(record):
            return False
        good = good or _is_stream_row(record)
    return good


def _foreign(record: dict[str, Any]) -> bool:
    """Rows of agents that took over the shape: Gemini's descendants give themselves away by these."""
    message = mapping(record.get("message"))
    return (
        "usageMetadata" in record
        or "systemPayload" in record
        or "qwen_code_version" in record
        or isinstance(message.get("parts"), list)
        or _IFLOW_SESSION.match(string(record.get("sessionId")) or "") is not None
    )


def _foreign_stream(record: dict[str, Any]) -> bool:
    """Agents that speak a dialect of the stream: calls as records of their own, threads as sessions."""
    if record.get("type") in ("tool_call", "thinking", "message"):
        return True
    session = record.get("session_id")
    return isinstance(session, str) and session.startswith("T-")


def _is_row(record: dict[str, Any]) -> bool:
    message = record.get("message")
    return (
        string(record.get("type")) in _ROW_TYPES
        and isinstance(message, dict)
        and isinstance(message.get("content"), str | list)
        and string(record.get("timestamp")) is not None
    )


def _is_side_record(record: dict[str, Any]) -> bool:
    kind = record.get("type")
    if not isinstance(kind, str):
        return False
    if kind == "system":
        return "subtype" in record and "sessionId" in record and "isSidechain" in record
    field = _SIDE_TYPES.get(kind)
    if field is None or field not in record:
        return False
    return "sessionId" in record or "messageId" in record or kind == "summary"


def _is_stream_row(record: dict[str, Any]) -> bool:
    if "sessionId" in record or not string(record.get("session_id")):
        return False
    kind = string(record.get("type"))
    if kind == "system":
        return record.get("subtype") == "init" and isinstance(record.get("tools"), list)
    if kind == "result":
        return "subtype" in record and "is_error" in record and "duration_ms" in record
    return kind in _ROW_TYPES and "parent_tool_use_id" in record and isinstance(record.get("message"), dict)


def _is_cut_row(head: bytes) -> bool:
    """A first line longer than `head`, which cannot be decoded: judged by the keys that it begins with."""
    start = head[:4096]
    if b'"parts":[' in start or not start.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{"):
        return False
    row = b'"parentUuid":' in start and b'"isSidechain":' in start
    named = b'"sessionId":' in start or b'"message":{"' in start.replace(b": ", b":")
    return (row and named) or (b'"type":"file-history-snapshot"' in start and b'"messageId":' in start)
