"""Sniffing: whatever the bytes, a format or a refusal in words; and the folders of agents on each system."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources.registry import FORMATS, expanded, roots, sniff
from debrief.sources.source import HEAD_BYTES

OWN = "11111111-2222-3333-4444-555555555555"
WHEN = "2026-03-01T10:00:00Z"

FIELDS = (
    "type",
    "subtype",
    "sessionId",
    "session_id",
    "uuid",
    "parentUuid",
    "isSidechain",
    "message",
    "content",
    "role",
    "timestamp",
    "payload",
    "id",
    "instructions",
    "git",
    "record_type",
    "item",
    "thread_id",
    "usage",
    "data",
    "kind",
    "messages",
    "parts",
    "projectHash",
    "startTime",
    "lastUpdated",
    "$set",
    "usageMetadata",
    "systemPayload",
    "tools",
    "parent_tool_use_id",
    "is_error",
    "duration_ms",
    "messageId",
    "snapshot",
    "leafUuid",
    "summary",
    "operation",
    "toolUseID",
    "prUrl",
    "customTitle",
    "aiTitle",
    "lastPrompt",
    "agentName",
    "attachment",
    "mode",
    "permissionMode",
    "worktreeSession",
    "bridgeSessionId",
    "schema_version",
    "steps",
    "agent",
    "trajectory",
    "trajectory_format",
    "info",
    "environment",
    "history",
    "action",
    "observation",
    "source",
    "say",
    "ask",
    "ts",
    "title",
    "created",
    "model",
    "cwd",
    "version",
    "loglines",
    "events",
    "call_id",
    "tool_call",
    "tool_name",
    "step_index",
    "status",
    "name",
    "resourceSpans",
    "resourceLogs",
    "conversation",
    "prompt",
    "parameters",
    "result",
    "stats",
    "ordinal",
)

TYPES = (
    "session_meta",
    "turn_context",
    "response_item",
    "event_msg",
    "compacted",
    "user",
    "assistant",
    "system",
    "result",
    "thread.started",
    "turn.started",
    "item.completed",
    "session.start",
    "init",
    "message",
    "tool_call",
    "session",
    "summary",
    "queue-operation",
    "progress",
    "gemini",
    "attachment",
    "file-history-snapshot",
    "thinking",
    "tool_use",
    "PLANNER_RESPONSE",
    "USER_INPUT",
    "ATIF-v1.7",
    "mini-swe-agent-1.1",
    "T-1",
    OWN,
    WHEN,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TYPES) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1, max_size=8)


def refused_or_known(head: bytes) -> None:
    with contextlib.suppress(NotATranscript):
        assert sniff(head) in FORMATS


@settings(max_examples=400, deadline=None)
@given(st.lists(RECORDS | VALUES, min_size=1, max_size=4), st.integers(0, 3))
@example([{"type": ["user"], "sessionId": {}, "payload": 1}], 0)
@example([{"type": {"a": 1}, "kind": [], "$set": 7, "projectHash": [[]]}], 0)
def test_fields_of_any_type_raise_nothing_but_a_refusal(records: list[Any], cut: int) -> None:
    lines = "\n".join(json.dumps(record) for record in records).encode()
    for head in (lines, json.dumps(records).encode(), json.dumps(records[0], indent=2).encode()):
        refused_or_known(head)
        refused_or_known(head[: len(head) - cut * 7])


HEADS: dict[str, dict[str, Any]] = {
    "codex": {"timestamp": WHEN, "type": "session_meta", "payload": {"id": "x", "cwd": "/a"}},
    "codex flat": {"id": OWN, "timestamp": WHEN, "git": None},
    "codex exec": {
        "type": "thread.started",
        "thread_id": "x",
        "item": {"type": "agent_message"},
        "usage": {},
    },
    "claude": {
        "type": "user",
        "uuid": "a",
        "parentUuid": None,
        "isSidechain": False,
        "sessionId": "s",
        "timestamp": WHEN,
        "message": {"role": "user", "content": [{"type": "text"}]},
    },
    "claude side": {"type": "summary", "leafUuid": "x", "summary": "y"},
    "claude stream": {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "cwd": "/a"},
    "copilot": {"type": "session.start", "data": {"sessionId": "s"}, "id": "a", "timestamp": WHEN},
    "gemini": {
        "sessionId": "s",
        "projectHash": "h",
        "startTime": WHEN,
        "kind": "main",
        "messages": [{"id": "1", "type": "user", "content": "x"}],
    },
    "gemini stream": {"type": "init", "session_id": "s", "model": "m", "timestamp": WHEN},
    "qwen": {
        "uuid": "a",
        "parentUuid": None,
        "sessionId": "s",
        "type": "user",
        "usageMetadata": {},
        "message": {"role": "user", "parts": [{"text": "x"}]},
        "timestamp": WHEN,
    },
    "antigravity": {"step_index": 0, "source": "USER_EXPLICIT", "type": "USER_INPUT", "status": "DONE"},
    "cursor": {
        "role": "user",
        "message": {"content": [{"type": "text", "text": "<user_query>x</user_query>"}]},
    },
}
ODD: tuple[Any, ...] = (None, True, 7, -1.5, "x", "", [], [[]], ["a", 1], {}, {"type": []}, [{"type": {}}])


@pytest.mark.parametrize("name", HEADS)
def test_each_known_field_of_a_head_may_hold_anything(name: str) -> None:
    known = HEADS[name]
    places = [(key,) for key in known] + [
        (key, inner) for key, value in known.items() if isinstance(value, dict) for inner in value
    ]
    for place in places:
        for odd in ODD:
            head = json.loads(json.dumps(known))
            target = head if len(place) == 1 else head[place[0]]
            target[place[-1]] = odd
            line = json.dumps(head).encode()
            refused_or_known(line)
            refused_or_known(line + b"\n" + json.dumps(known).encode())
            refused_or_known(line[:-3])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_raise_nothing_but_a_refusal(head: bytes) -> None:
    refused_or_known(head)
    refused_or_known(b'{"type":' + head)


def test_depth_and_length_raise_nothing_but_a_refusal() -> None:
    for piece in (
        b"[",
        b'{"type":',
        b'{"a":[',
        b'"',
        b"\\",
        b"<",
        b"#\n",
        b"{}\n",
        b"\x00",
        b"\xff",
        b'{"payload":{',
    ):
        refused_or_known((piece * HEAD_BYTES)[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b" \n\x00", "empty"), (b"MZ\x00\x01", "binary"), (b"hello", "no transcript format")],
)  # fmt: skip
def test_what_is_no_transcript_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(NotATranscript, match=words):
        sniff(content)


@pytest.mark.parametrize(
    "record",
    [
        {"display": "fix it", "pastedContents": {}, "timestamp": 1764000000000, "project": "/srv/shop"},
        {"display": "fix it", "timestamp": 1764000000000, "project": "/srv/shop", "sessionId": OWN},
        {"session_id": OWN, "ts": 1764000000, "text": "fix it"},
        {"id": OWN, "thread_name": "x", "updated_at": WHEN},
    ],
)
def test_the_histories_and_indexes_beside_transcripts_are_none(record: dict[str, Any]) -> None:
    line = json.dumps(record).encode() + b"\n"
    for head in (line, line * 500):
        with pytest.raises(NotATranscript):
            sniff(head[:HEAD_BYTES])


def test_each_name_is_taken_once() -> None:
    names = [one.name for one in FORMATS]
    assert len(names) == len(set(names))


def test_folders_are_looked_for_on_each_system() -> None:
    def folders(**environment: str) -> set[str]:
        return {path.replace("\\", "/") for _, path in roots(environment)}

    linux = folders(HOME="/home/ada", CODEX_HOME="/srv/codex", CLAUDE_CONFIG_DIR="/srv/claude")
    assert {
        "/home/ada/.claude/projects",
        "/home/ada/.config/claude/projects",
        "/srv/claude/projects",
        "/srv/codex/sessions",
        "/srv/codex/archived_sessions",
    } <= linux
    desktop = "Claude/local-agent-mode-sessions/*/*/local_*/.claude/projects"
    assert f"/Users/ada/Library/Application Support/{desktop}" in folders(HOME="/Users/ada")
    windows = folders(USERPROFILE="C:/Users/ada", APPDATA="C:/Users/ada/AppData/Roaming")
    roaming = f"C:/Users/ada/AppData/Roaming/{desktop}"
    assert {"C:/Users/ada/.claude/projects", "C:/Users/ada/.codex/sessions", roaming} <= windows
    assert expanded(["$NOWHERE/x", "~/y"], {"HOME": "/h"}) == ["/h/y"]
