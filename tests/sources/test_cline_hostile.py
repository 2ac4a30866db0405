"""Tasks of Cline, Roo Code and Kilo Code as they are not meant to be: cut, hostile, of other types."""

import json
from typing import Any

import pytest
from cline_building import BEGUN, MESSAGES, ROWS, assistant, document, of, parse, request, result, say, use
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.cline import CLINE


def test_roo_codes_own_record() -> None:
    item = {
        "id": "task-1",
        "rootTaskId": "task-0",
        "parentTaskId": "task-0",
        "ts": BEGUN,
        "task": "Go.",
        "tokensIn": 7,
        "tokensOut": 3,
        "cacheReads": 20,
        "totalCost": 0.9,
        "workspace": "/work/roo",
        "status": "completed",
    }
    session = parse(item)
    assert (session.agent, session.native_id, session.cwd) == ("Roo Code", "task-1", "/work/roo")
    assert (session.relation, session.parent_id, session.end_state) == ("subagent", "task-0", "finished")
    assert total_tokens(session)[0] == Tokens(input=7, cache_read=20, output=3)
    assert [e.text for e in of(session, "prompt")] == ["Go."]
    both = parse(ROWS, item)
    assert (both.native_id, total_tokens(both)[0].input) == ("task-1", 15)
    assert both.native_cost_usd_micros == 900_000


@pytest.mark.parametrize(
    ("rows", "agent"),
    [
        (ROWS, "Cline"),
        ([say(0, "task", "Tell me of Kilo Code and Roo Code."), request(1, 1, 1)], "Cline"),
        ([say(0, "text", "Go."), request(1, 1, 1, apiProtocol="anthropic")], "Roo Code"),
        (
            [
                say(0, "text", "Go.", metadata={"kiloCode": {"x": 1}}),
                request(1, 1, 1, apiProtocol="openai"),
            ],
            "Roo Code",
        ),
    ],
)
def test_the_products_name_is_what_the_content_shows(rows: list[Any], agent: str) -> None:
    if any("metadata" in row for row in rows):
        agent = "Kilo Code"
    assert parse(rows).agent == agent


def test_versions_and_models_stand_in_the_metadata() -> None:
    metadata = {
        "files_in_context": [],
        "model_usage": [{"ts": BEGUN, "model_id": "m-1"}, {"ts": BEGUN + 4500, "model_id": "m-2"}],
        "environment_history": [{"cline_version": "3.51.0", "host_name": "Visual Studio Code"}],
    }
    rows = [{key: value for key, value in row.items() if key != "modelInfo"} for row in ROWS]
    session = parse(rows, metadata)
    assert (session.agent_version, session.surface) == ("3.51.0", "Visual Studio Code")
    assert [call.model for call in session.model_calls] == ["m-1", "m-2"]
    assert CLINE.recognises(json.dumps(metadata).encode())
    with pytest.raises(NotATranscript, match="conversation is elsewhere"):
        list(CLINE.parse(Transcript(document("x", metadata)), lambda text: text))


def test_a_pull_request_that_a_command_created() -> None:
    output = "Command executed.\nOutput:\nhttps://github.com/acme/shop/pull/9"
    messages = [
        MESSAGES[0],
        assistant(use("c", "execute_command", command="gh pr create --fill")),
        result("c", output),
    ]
    assert [(p.number, p.created) for p in parse(messages).pull_requests] == [(9, True)]


def test_what_breaks_off_is_truncated_and_a_fault() -> None:
    session = parse(json.dumps(ROWS[:4])[:-40].encode())
    assert (session.end_state, session.fault_count) == ("truncated", 1)
    session = parse(ROWS, b"\x00{")
    assert (session.end_state, session.fault_count) == ("finished", 1)
    assert parse([ROWS[0], "x", None]).fault_count == 1


@pytest.mark.parametrize(
    "content",
    [
        b'[{"type":"say","say":["task"],"ts":1}]',
        b'[{"type":"say","text":"x","ts":1}]',
        b'[{"type":"user","message":{}}]',
        b'[{"role":"user","content":"hello"},{"role":"assistant","content":"hi"}]',
        b'[{"role":"user","content":[{"type":"text","text":"what does <task> mean?"}]}]',
        b'{"id":"x","task":"y"}',
        b'{"messages":[]}',
        b"{}",
        b"[]",
        b"say",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not CLINE.recognises(content)


def test_hostile_text_and_ids_that_come_twice() -> None:
    rows = [say(0, "task", "a\x00b\x1b[31mc\ud800"), ROWS[1], ROWS[1]]
    session = parse(rows)
    assert session.events[0].text == "abc?"
    assert (len(session.model_calls), session.usage.repeated) == (1, 1)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


WHAT = [
    "task",
    "text",
    "tool",
    "command",
    "command_output",
    "api_req_started",
    "use_mcp_server",
    "user_feedback",
]


BLOCKS = ["text", "tool_use", "tool_result", "thinking", "image"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(WHAT) | JUNK,
            st.dictionaries(
                st.sampled_from(["ts", "text", "partial", "modelInfo", "conversationHistoryIndex", "ask"]),
                JUNK,
            ),
        ),
        max_size=3,
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["user", "assistant"]) | JUNK,
            st.lists(
                st.tuples(
                    st.sampled_from(BLOCKS) | JUNK,
                    st.dictionaries(
                        st.sampled_from(
                            ["text", "id", "name", "input", "content", "tool_use_id", "thinking"]
                        ),
                        JUNK,
                    ),
                ),
                max_size=3,
            ),
        ),
        max_size=3,
    ),
    st.dictionaries(st.sampled_from(["id", "ts", "tokensIn", "totalCost", "workspace", "status"]), JUNK),
)
def test_wrong_types_in_any_field_never_raise(rows: Any, messages: Any, item: dict[str, Any]) -> None:
    found = [ROWS[0], *({"type": "say", **more, "say": what} for what, more in rows)]
    history = [
        {"role": role, "content": [{**more, "type": kind} for kind, more in blocks]}
        for role, blocks in messages
    ]
    record = {"id": "x", "task": "y", "tokensIn": 1, "totalCost": 1, **item}
    assert parse(found, [MESSAGES[0], *history], record).events
