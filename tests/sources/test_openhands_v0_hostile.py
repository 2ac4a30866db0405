"""The event stream before the SDK as it is not meant to be: cut, of other types; and data sets of it."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openhands_v0_building import action, asked, kinds, observed, parse, sessions

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.formats.openhands_v0 import OPENHANDS_V0


def test_older_histories_are_pairs() -> None:
    session = parse({"instance_id": "a", "history": [[asked(0, "Go."), observed(1, "null", None)]]})
    assert kinds(session) == ["prompt"]


def test_knowledge_condensation_and_what_is_unknown() -> None:
    session = parse(
        [
            asked(0, "Go."),
            action(1, "recall", "user"),
            observed(2, "recall", 1, "Added workspace context"),
            action(3, "condensation", args={"summary": "So far."}),
            action(4, "change_agent_state", "user", args={"agent_state": "stopped"}),
            action(5, "hologram"),
            observed(6, "hologram", 99),
        ]
    )
    assert kinds(session) == ["prompt", "message", "compaction", "interrupt", "opaque", "opaque"]
    assert session.events[1].injected


def test_a_chat_of_a_training_set() -> None:
    messages = [
        {"role": "system", "content": "You are OpenHands agent, a helpful AI assistant."},
        {"role": "user", "content": "Fix it."},
        {
            "role": "assistant",
            "content": "I look.\n<function=execute_bash>\n<parameter=command>ls</parameter>\n</function>",
        },
        {
            "role": "user",
            "content": "EXECUTION RESULT of [execute_bash]:\nno\n[Command finished with exit code 2]",
        },
        {
            "role": "assistant",
            "content": "<function=finish>\n<parameter=message>Done.</parameter>\n</function>",
        },
    ]
    session = parse({"id": "play-1", "messages": messages})
    assert kinds(session) == [
        "message",
        "prompt",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "tool_call",
        "turn_end",
    ]
    assert (session.events[4].command, session.events[4].exit_code) == ("ls", 2)
    assert (session.events[4].outcome, session.end_state, session.native_id) == (
        "error",
        "finished",
        "play-1",
    )


def test_a_chat_with_calls_beside_its_text() -> None:
    call = {"id": "c", "function": {"name": "execute_bash", "arguments": '{"command":"ls"}'}}
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "name": "execute_bash", "tool_call_id": "c", "content": "OBSERVATION:\na.py"},
    ]
    session = parse({"instance_id": "a", "run_id": "b", "messages": messages})
    assert [(e.call_id, e.command, e.text) for e in session.events[-2:]] == [
        ("c", "ls", ""),
        ("c", "ls", "a.py"),
    ]
    assert session.native_id == "a@b"


def test_the_agent_data_protocol_and_devai() -> None:
    protocol = {
        "id": "7",
        "content": [
            {"class_": "text_observation", "content": "Go.", "source": "user"},
            {"class_": "code_action", "language": "bash", "content": "ls", "description": "I look."},
            {"class_": "text_observation", "content": "openhands", "source": "environment"},
            {"class_": "message_action", "content": "<finish> Done. </finish>", "description": ""},
        ],
        "details": {"timestamp": "2024-09-27 14:41:25"},
    }
    session = parse(protocol)
    assert kinds(session) == ["prompt", "message", "tool_call", "tool_result", "message", "turn_end"]
    assert (session.events[4].text, session.end_state) == ("Done.", "finished")
    step = {
        "step": 0,
        "user_message": "Go.",
        "agent": {"thought": "I look.", "action": "Running command: ls"},
        "environment": "openhands@1:/workspace $",
        "step_usage": {"input_tokens": 10, "output_tokens": 2, "model": "m", "cost": 0.1},
        "accumulated_usage": {"accumulated_cost": 0.1},
    }
    session = parse([step])
    assert (session.events[2].command, total_tokens(session)[0]) == ("ls", Tokens(input=10, output=2))
    assert session.native_cost_usd_micros == 100_000


@pytest.mark.parametrize(
    "content",
    [
        b'[{"action":"message","source":"martian","args":{}}]',
        b'[{"action":["message"],"source":"user","args":{}}]',
        b'{"history":[]}',
        b'{"history":"x","instance_id":"a"}',
        b'{"messages":[{"role":"user","content":"hello"}]}',
        b'{"id":"1","content":[{"class_":"text_observation","content":"x","source":"user"}]}',
        b'[{"step":0,"agent":{},"environment":"","step_usage":{}}]',
        b'{"kind":"MessageEvent","source":"user","id":"1"}',
        b'[{"role":"user","content":"x"}]',
        b"{}",
        b"action",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not OPENHANDS_V0.recognises(content)


def test_what_breaks_off_is_truncated_and_a_fault() -> None:
    session = parse(json.dumps([asked(0, "Go."), asked(1, "More.")])[:-30].encode())
    assert (session.end_state, session.fault_count) == ("truncated", 1)
    lines = json.dumps({"instance_id": "a", "history": [asked(0, "Go.")]}) + '\nnot JSON\n{"history":[]}\n'
    assert [s.native_id.partition("@")[0] for s in sessions(lines.encode())] == ["a"]


def test_a_file_without_events_is_no_transcript() -> None:
    transcript = Transcript(Document("x", lambda: io.BytesIO(b'{"history":[]}')))
    with pytest.raises(NotATranscript):
        list(OPENHANDS_V0.parse(transcript, lambda text: text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


NAMES = [
    "message",
    "run",
    "edit",
    "read",
    "finish",
    "error",
    "recall",
    "delegate",
    "agent_state_changed",
    "null",
]


FIELDS = [
    "id",
    "timestamp",
    "source",
    "args",
    "content",
    "extras",
    "cause",
    "tool_call_metadata",
    "llm_metrics",
    "message",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["action", "observation"]),
            st.sampled_from(NAMES) | JUNK,
            st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=6),
        ),
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(["metrics", "instance", "error", "instance_id"]), JUNK),
)
def test_wrong_types_in_any_field_never_raise(
    events: list[tuple[str, Any, dict[str, Any]]], fields: dict[str, Any]
) -> None:
    history = [asked(0, "Go."), *({**more, what: name} for what, name, more in events)]
    assert sessions({**fields, "history": history})
