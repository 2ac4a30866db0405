"""Headless runs of Claude Code through the public door: what the stream has and the transcript has not."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM

Row = dict[str, Any]

INIT: Row = {
    "type": "system",
    "subtype": "init",
    "session_id": "s1",
    "cwd": "/app",
    "model": "claude-opus-4-6",
    "tools": ["Bash"],
    "claude_code_version": "2.1.89",
    "uuid": "init",
}


def assistant(
    block: Row, message: str, *, usage: object = None, parent: str | None = None, **fields: object
) -> Row:
    body: Row = {
        "id": message,
        "role": "assistant",
        "model": "claude-opus-4-6",
        "content": [block],
        "stop_reason": None,
    }
    if usage is not None:
        body["usage"] = usage
    return {"type": "assistant", "message": body, "parent_tool_use_id": parent, "session_id": "s1", **fields}


def says(text: str, message: str = "m1", **fields: Any) -> Row:
    return assistant({"type": "text", "text": text}, message, **fields)


def calls(call: str, message: str, command: str = "make") -> Row:
    return assistant({"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}}, message)


def user(content: object, parent: str | None = None, **fields: object) -> Row:
    message = {"role": "user", "content": content}
    return {"type": "user", "message": message, "parent_tool_use_id": parent, "session_id": "s1", **fields}


def result(call: str, text: str, *, error: bool = False) -> Row:
    block = {"type": "tool_result", "tool_use_id": call, "content": text, "is_error": error}
    return user([block], timestamp="2026-04-01T10:00:00Z")


def closing(subtype: str = "success", **fields: object) -> Row:
    return {
        "type": "result",
        "subtype": subtype,
        "is_error": subtype != "success",
        "duration_ms": 1500,
        "num_turns": 3,
        "session_id": "s1",
        **fields,
    }


def totals(given: int, output: int, model: str = "claude-opus-4-6") -> Row:
    usage = {
        "inputTokens": given,
        "outputTokens": output,
        "cacheReadInputTokens": 7,
        "cacheCreationInputTokens": 0,
    }
    return {model: usage}


def lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def parse_all(rows: list[Any] | bytes) -> list[Session]:
    data = rows if isinstance(rows, bytes) else lines(rows)
    main = Document("claude-code.txt", lambda: io.BytesIO(data))
    return list(CLAUDE_CODE_STREAM.parse(Transcript(main), lambda text: text))


def parse(rows: list[Any] | bytes) -> Session:
    (session,) = parse_all(rows)
    return session


def test_recognised_by_any_of_its_lines_and_behind_noise() -> None:
    for row in (INIT, says("hi"), closing()):
        assert sniff(b"npm notice: a new version\n" + lines([row])) is CLAUDE_CODE_STREAM


@pytest.mark.parametrize(
    "rows",
    [
        [{**INIT, "tools": None}],
        [INIT, {"type": "tool_call", "subtype": "started", "session_id": "s1"}],
        [{**INIT, "session_id": "T-11111111"}],
        [{**INIT, "qwen_code_version": "1.0"}],
        [{"type": "result", "key": "k", "agentId": "a"}],
    ],
)
def test_dialects_of_other_agents_are_refused(rows: list[Row]) -> None:
    with pytest.raises(NotATranscript):
        sniff(lines(rows))


def test_who_where_and_how_it_ended() -> None:
    session = parse(
        [INIT, calls("c1", "m1"), result("c1", "ok"), says("Done.", "m2"), closing(total_cost_usd=0.25)]
    )
    assert (session.native_id, session.cwd, session.agent_version) == ("s1", "/app", "2.1.89")
    assert (session.agent, session.surface) == ("Claude Code", "headless")
    assert (session.end_state, session.native_cost_usd_micros) == ("finished", 250_000)
    assert "3 turns" in session.end_reason
    assert [event.kind for event in session.events] == ["tool_call", "tool_result", "message", "turn_end"]
    assert session.events[1].command == "make"
    assert session.initial_user_message is None


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([INIT], "running"),
        ([INIT, says("Done.")], "running"),
        ([INIT, calls("c1", "m1")], "running"),
        ([INIT, closing("error_max_turns")], "error"),
        ([INIT, closing("error_during_execution", errors=["boom", 3])], "error"),
        ([INIT, closing(is_error=True, result="Invalid API key")], "error"),
        ([INIT, closing(), INIT | {"uuid": "again"}], "running"),
        (
            [INIT, {"type": "system", "subtype": "api_retry", "session_id": "s1", "error": "server_error"}],
            "error",
        ),
    ],
)
def test_end_states(rows: list[Row], state: str) -> None:
    session = parse(rows)
    assert session.end_state == state
    assert session.end_reason


def test_a_cut_last_line_is_truncated() -> None:
    assert parse(lines([INIT, says("Done.")]) + b'{"type":"assi').end_state == "truncated"


def test_totals_of_the_run_complete_what_the_messages_state() -> None:
    placeholder = {"input_tokens": 100, "output_tokens": 1, "cache_read_input_tokens": 7}
    nothing = {"input_tokens": 0, "output_tokens": 0}
    small = totals(30, 4, "claude-haiku-4-5")
    session = parse(
        [
            INIT,
            says("One.", "m1", usage=placeholder),
            says("Two.", "m2", usage=nothing),
            closing(modelUsage=totals(150, 60) | small),
        ]
    )
    tokens, quality = total_tokens(session)
    assert (tokens.input, tokens.output, tokens.cache_read) == (180, 64, 14)
    assert (quality["input"], quality["output"]) == ("exact", "exact")
    assert [call.key for call in session.model_calls] == ["m1", "s1 claude-opus-4-6", "s1 claude-haiku-4-5"]


def test_without_a_result_the_output_is_a_lower_bound() -> None:
    _, quality = total_tokens(parse([INIT, says("One.", usage={"input_tokens": 100, "output_tokens": 1})]))
    assert (quality["input"], quality["output"]) == ("exact", "lower_bound")


def test_totals_under_other_model_names_are_not_added_to_the_messages() -> None:
    named = closing(modelUsage=totals(150, 60, "gateway/opus"))
    session = parse([INIT, says("One.", usage={"input_tokens": 100, "output_tokens": 1}), named])
    assert total_tokens(session)[0].input == 150
    marked = closing(modelUsage=totals(150, 60, "claude-opus-4-6[1m]"))
    session = parse([INIT, says("One.", usage={"input_tokens": 100, "output_tokens": 1}), marked])
    assert (total_tokens(session)[0].input, len(session.model_calls)) == (150, 2)


def test_results_of_one_process_count_up_and_a_new_process_counts_anew() -> None:
    first = closing(modelUsage=totals(100, 10), total_cost_usd=1.0)
    second = closing(modelUsage=totals(150, 20), total_cost_usd=1.5)
    third = closing(modelUsage=totals(40, 5), total_cost_usd=0.5)
    session = parse([INIT, first, second])
    assert (total_tokens(session)[0].input, session.native_cost_usd_micros) == (150, 1_500_000)
    session = parse([INIT, first, second, third])
    assert (total_tokens(session)[0].input, session.native_cost_usd_micros) == (190, 2_000_000)


def test_sub_agents_are_marked_by_the_call_that_started_them() -> None:
    session = parse(
        [
            INIT,
            assistant({"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "look"}}, "m1"),
            user([{"type": "text", "text": "look"}], "t1"),
            says("Found.", "m2", parent="t1"),
            result("t1", "Found."),
            closing(),
        ]
    )
    assert [event.agent for event in session.events] == [None, "t1", "t1", "t1", None, None]
    assert session.events[0].tool_kind == "agent"
    assert session.initial_user_message is None


def test_prompts_of_a_streamed_input_and_text_that_the_tool_adds() -> None:
    session = parse(
        [INIT, user("Fix it"), user("Base directory for this skill: /x", isSynthetic=True), says("Done.")]
    )
    assert session.initial_user_message == "Fix it"
    assert [(event.kind, event.injected) for event in session.events][:2] == [
        ("prompt", False),
        ("message", True),
    ]


def test_a_log_of_two_runs_holds_two_sessions() -> None:
    other = {**says("Hello."), "session_id": "s2"}
    assert [session.native_id for session in parse_all([INIT, says("One."), other])] == ["s1", "s2"]


def test_lines_of_other_programs_are_faults_and_unknown_ones_opaque() -> None:
    data = b"npm notice\n" + lines([INIT, {"type": "stream_event", "session_id": "s1"}])
    session = parse(data + lines([{"type": "frobnicated", "session_id": "s1"}, 3, closing()]))
    assert session.faults == ("line 1: not JSON",)
    assert session.opaque_count == 3
    assert session.end_state == "finished"


def test_content_without_any_session_is_refused() -> None:
    with pytest.raises(NotATranscript):
        parse_all(b"no such line\n{}\n")


GOOD = [
    INIT,
    calls("c1", "m1"),
    result("c1", "Exit code 1", error=True),
    says("Done.", "m2", usage={"input_tokens": 1, "output_tokens": 2}),
    {"type": "system", "subtype": "task_notification", "summary": "x", "session_id": "s1"},
    {"type": "system", "subtype": "api_retry", "error_status": 503, "attempt": 1, "session_id": "s1"},
    closing(modelUsage=totals(5, 6), total_cost_usd=0.1),
]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_value_in_any_field_raises(data: st.DataObject) -> None:
    rows = json.loads(json.dumps(GOOD))
    junk = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    for row in rows:
        parts = [row, *(value for value in row.values() if isinstance(value, dict))]
        part = data.draw(st.sampled_from(parts))
        part[data.draw(st.sampled_from(sorted(part)))] = data.draw(junk)
    for session in parse_all([{"type": "system", "session_id": "s1"}, *rows]):
        assert session.native_id
