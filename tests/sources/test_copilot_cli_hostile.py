"""Copilot's events as they must not be: unknown, broken, hostile, or of somebody else."""

import json
from typing import Any

import pytest
from copilot_building import SESSION, parse, record, said, shutdown, start, transcript, user
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources.copilot.events import PASSED_OVER
from debrief.sources.formats.copilot_cli import COPILOT_CLI


def test_unknown_records_are_kept_and_known_ones_passed_over() -> None:
    session = parse(
        start(), user("go"), record("session.hologram", 2, x=1), *map(record, sorted(PASSED_OVER))
    )
    assert (session.opaque_count, session.fault_count) == (1, 0)
    assert session.events[-1].text.startswith("record of type 'session.hologram'")


def test_bad_lines_are_faults_with_their_place() -> None:
    first = user("go")
    session = parse(
        start(), first, "nonsense", "[1]", first, '{"type":"user.message","data":{"content":"a\\ud800"}}'
    )
    assert session.faults == (
        "line 3: not JSON",
        "line 4: not an object",
        "line 5: the record of line 2 again",
    )
    assert [e.text for e in session.events if e.kind == "prompt"] == ["go", "a?"]


def test_a_session_without_a_message_is_refused() -> None:
    with pytest.raises(NotATranscript, match="without a message"):
        list(COPILOT_CLI.parse(transcript(start(), shutdown(2)), lambda text: text))


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"session.start","data":{}}\n',
        b'{"type":"session.start","sessionId":"x"}\n',
        b'{"type":["session.start"],"data":{"sessionId":"x"}}\n',
        b'{"type":"user.message","data":{"content":"x"}}\n',
        b'{"type":"assistant.message","data":"x","parentId":null}\n',
        b'{"type":"system","subtype":"init","session_id":"s"}\n',
        b'{"type":"session","version":3,"id":"x"}\n',
        b'{"role":"user","message":{"content":[]}}\n',
        b"[]\n",
        b"session.start\n",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not COPILOT_CLI.recognises(content)


def test_it_is_recognised_by_a_head_that_is_cut() -> None:
    head = json.dumps(start()).encode() + b"\n" + json.dumps(user("x" * 999)).encode()
    assert COPILOT_CLI.recognises(head[:200])
    assert COPILOT_CLI.recognises(b"\xef\xbb\xbf" + head[:-50])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {"sessionId", "context", "content", "source", "attachments", "toolRequests", "toolCallId", "toolName"}
    | {"arguments", "result", "error", "success", "toolTelemetry", "modelMetrics", "tokenDetails", "model"}
    | {"outputTokens", "apiCallId", "reasoningText", "parentToolCallId", "agentName", "permissionRequest"}
    | {"requestId", "newModel", "summary", "message", "reason", "compactionTokensUsed", "shutdownType"}
)
TYPES = [
    "session.start",
    "session.resume",
    "session.model_change",
    "session.error",
    "session.compaction_complete",
    "session.shutdown",
    "session.task_complete",
    "user.message",
    "assistant.message",
    "assistant.turn_end",
    "tool.execution_start",
    "tool.execution_complete",
    "permission.requested",
    "permission.completed",
    "subagent.started",
    "abort",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(TYPES) | JUNK,
                "data": st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=5) | JUNK,
                "id": JUNK,
                "agentId": JUNK,
                "timestamp": JUNK,
            }
        ),
        max_size=6,
    )
)
def test_wrong_types_in_any_field_never_raise(lines: list[Any]) -> None:
    assert parse(start(), user("go"), *lines).native_id == SESSION


def test_models_with_wrong_numbers_never_raise() -> None:
    values: tuple[Any, ...] = (None, -1, 1.5, float("nan"), float("inf"), "7", [], {}, True, 2**80)
    for value in values:
        metric = {"requests": value, "usage": {"inputTokens": value, "outputTokens": value}}
        session = parse(start(), user("go"), said("x"), shutdown(3, claude=metric))
        assert len(session.model_calls) == 1
