"""The first bytes of a document in; out, whether a member of the Gemini family wrote it, and which.

By content alone. The family copied from each other and others copied from it, so the telling fields decide.
"""

from typing import Any

from debrief.sources.documents import head_lines, head_value
from debrief.sources.records import mapping, string

SPOKEN = frozenset({"user", "gemini", "model", "qwen"})
"""Types of a message that belongs to the conversation; `model` and `qwen` are older or renamed."""

NOTICES = frozenset({"info", "error", "warning"})
"""Types of a message that only the screen showed."""

_ROW_TYPES = frozenset({"user", "assistant", "tool_result", "system"})

_LINES_TRIED = 200


def is_session(head: bytes) -> bool:
    """Whether `head` begins a Gemini CLI session, as one JSON document or as JSON Lines."""
    if any("parentUuid" in line or "session_id" in line for line in head_lines(head, _LINES_TRIED)):
        return False
    if any(_is_header(line) or is_patch(line) for line in head_lines(head, _LINES_TRIED)):
        return True
    return _is_document(mapping(head_value(head)))


def is_patch(record: dict[str, Any]) -> bool:
    """Whether `record` changes what earlier records said."""
    return isinstance(record.get("$set"), dict) or isinstance(record.get("$rewindTo"), str)


def is_message(record: dict[str, Any]) -> bool:
    """Whether `record` is a message of a session."""
    kind = record.get("type")
    known = isinstance(kind, str) and (kind in SPOKEN or kind in NOTICES)
    return known and string(record.get("id")) is not None and ("content" in record or "parts" in record)


def _is_header(record: dict[str, Any]) -> bool:
    named = string(record.get("sessionId")) is not None and string(record.get("projectHash")) is not None
    return named and "uuid" not in record


def _is_document(document: dict[str, Any]) -> bool:
    """A whole document may begin with its messages, and be named only behind them."""
    messages = document.get("messages")
    if _is_header(document) and (isinstance(messages, list) or "startTime" in document):
        return True
    if not isinstance(messages, list):
        return False
    stamped = string(document.get("lastUpdated")) is not None or "projectHash" in document
    return (
        stamped and bool(messages) and all(is_message(mapping(one)) for one in messages[:-1][:20] or messages)
    )


def is_rows(head: bytes) -> bool:
    """Whether `head` begins a Qwen Code session: rows of a tree, whose messages are made of parts."""
    good = False
    for row in head_lines(head, _LINES_TRIED):
        message = mapping(row.get("message"))
        if "content" in message or "session_id" in row or "toolUseResult" in row:
            return False
        good = good or (_is_row(row) and _tells_family(row, message))
    return good


def _is_row(row: dict[str, Any]) -> bool:
    kind = row.get("type")
    named = string(row.get("uuid")) is not None and string(row.get("sessionId")) is not None
    return named and isinstance(kind, str) and kind in _ROW_TYPES


def _tells_family(row: dict[str, Any], message: dict[str, Any]) -> bool:
    if isinstance(message.get("parts"), list) or row.get("type") == "tool_result":
        return True
    return any(field in row for field in ("systemPayload", "usageMetadata", "toolCallResult"))


def is_stream(head: bytes) -> bool:
    """Whether `head` holds the events of a headless run, perhaps behind lines of other programs."""
    good = False
    for event in head_lines(head, _LINES_TRIED):
        if "sessionId" in event or "uuid" in event or "subtype" in event:
            return False
        good = good or _is_event(event)
    return good


def _is_event(event: dict[str, Any]) -> bool:
    kind = event.get("type")
    if string(event.get("timestamp")) is None:
        return False
    if kind == "init":
        return string(event.get("session_id")) is not None and "model" in event
    if kind == "tool_use":
        return string(event.get("tool_name")) is not None and string(event.get("tool_id")) is not None
    return kind == "result" and event.get("status") in ("success", "error") and "stats" in event


def is_steps(head: bytes) -> bool:
    """Whether `head` begins an Antigravity transcript: numbered steps, each with its source and type."""
    if b"step_index" not in head:
        return False
    lines = list(head_lines(head, _LINES_TRIED))
    steps = [line for line in lines if _is_step(line)]
    return bool(steps) and 2 * len(steps) >= len(lines)


def _is_step(record: dict[str, Any]) -> bool:
    kind, source = string(record.get("type")), string(record.get("source"))
    numbered = isinstance(record.get("step_index"), int)
    return (
        numbered and kind is not None and kind == kind.upper() and source is not None and "status" in record
    )
