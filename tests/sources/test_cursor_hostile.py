"""Cursor's transcripts as they must not be: unknown, broken, hostile, or of somebody else."""

import io
import json
from typing import Any

import pytest
from cursor_building import SESSION, agent, asked, ended, kinds, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources import Document, Transcript
from debrief.sources.formats.cursor import CURSOR


def test_unknown_records_and_parts_are_kept() -> None:
    session = parse(asked("go"), {"type": "hologram", "x": 1}, agent({"type": "hologram"}), {"role": "ghost"})
    assert kinds(session) == ["prompt", "opaque", "opaque", "opaque"]
    assert session.opaque_count == 3


def test_bad_lines_are_faults_with_their_place() -> None:
    session = parse(asked("go"), "nonsense", '{"role":"user","message":{"content":"a\\ud800\\u0000b"}}')
    assert session.faults == ("line 2: not JSON",)
    assert [e.text for e in session.events if e.kind == "prompt"] == ["go", "a?b"]


def test_a_transcript_without_a_message_is_refused() -> None:
    transcript = Transcript(
        Document("x.jsonl", lambda: io.BytesIO(b'{"type":"turn_ended","status":"success"}'))
    )
    with pytest.raises(NotATranscript, match="without a single message"):
        list(CURSOR.parse(transcript, lambda text: text))


@pytest.mark.parametrize(
    "content",
    [
        b'{"role":"user","content":"generic chat"}\n',
        b'{"role":"user","message":{"content":"x"},"uuid":"u","sessionId":"s"}\n',
        b'{"type":"user","message":{"role":"user","content":"x"},"session_id":"s"}\n',
        b'{"type":"message","role":"user","message":{"content":"x"}}\n',
        b'{"role":"user","message":{"content":"x"},"timestamp":"2026-01-01T00:00:00Z"}\n',
        b'{"role":"system","message":{"content":"x"}}\n',
        b'{"role":"user","message":{"content":{}}}\n',
        b'{"schema_version":"cursor-jsonl-v1","steps":[]}\n',
        b'{\n  "schema_version": "cursor-jsonl-v1",\n  "steps": [{"role": "user"}]\n}\n',
        b'{"type":"cursor-chat"}\n',
        b"user: hello\nassistant: hi\n",
        b"user:\nhello\n",
        b"<user_query>x</user_query>\n",
        b"[]\n",
        b"",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not CURSOR.recognises(content)


def test_it_is_recognised_by_a_head_that_is_cut() -> None:
    head = json.dumps(asked("x" * 999)).encode()
    assert CURSOR.recognises(head[:300])
    assert CURSOR.recognises(b"\xef\xbb\xbf" + json.dumps(ended()).encode() + b"\n" + head)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PART = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["text", "tool_use", "tool-call", "tool_result", "tool-result", "thinking"])
        | JUNK,
    },
    optional=dict.fromkeys(
        ("text", "name", "toolName", "id", "toolCallId", "input", "args", "content", "result", "is_error"),
        JUNK,
    ),
)
RECORD = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"]) | JUNK},
    optional={
        "message": st.fixed_dictionaries({"content": st.lists(PART | JUNK, max_size=3) | JUNK}) | JUNK,
        "content": st.lists(PART, max_size=3) | JUNK,
        "model": JUNK,
        "providerOptions": JUNK,
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(RECORD | st.fixed_dictionaries({"type": st.just("turn_ended"), "status": JUNK}), max_size=5))
def test_wrong_types_in_any_field_never_raise(lines: list[Any]) -> None:
    assert parse(asked("go"), *lines).native_id == SESSION


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "user:",
                "assistant:",
                "[Thinking]",
                "[Tool call] Shell",
                "[Tool result] X",
                "  a: b",
                "",
            ]
        ),
        max_size=12,
    )
)
def test_text_in_any_order_never_raises(lines: list[str]) -> None:
    session = parse("\n".join(["user:", "<user_query>go</user_query>", *lines]))
    assert session.initial_user_message == "go"
