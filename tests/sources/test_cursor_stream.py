"""Cursor's headless stream, trap by trap, through the public door. Every stream here is made up."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM
from debrief.sources.formats.cursor_stream import CURSOR_STREAM

SESSION = "cef90000-0000-4000-8000-000000000001"
T0 = 1_786_956_070_000


def init(session: str = SESSION, **more: Any) -> dict[str, Any]:
    own = {"type": "system", "subtype": "init", "apiKeySource": "login", "cwd": "/srv/shop"}
    return own | {"session_id": session, "model": "Composer 2.5", "permissionMode": "default"} | more


def line(kind: str, at: int | None = None, session: str = SESSION, **more: Any) -> dict[str, Any]:
    timed = {} if at is None else {"timestamp_ms": T0 + at}
    return {"type": kind, "session_id": session, **timed, **more}


def user(words: str) -> dict[str, Any]:
    return line("user", message={"role": "user", "content": [{"type": "text", "text": words}]})


def said(words: str, at: int | None = None) -> dict[str, Any]:
    content = [{"type": "text", "text": words}]
    return line("assistant", at, message={"role": "assistant", "content": content})


def began(call_id: str, tool: str, at: int | None = None, **arguments: Any) -> dict[str, Any]:
    body = {f"{tool}ToolCall": {"args": arguments}, "toolCallId": call_id}
    return line("tool_call", at, subtype="started", call_id=call_id, tool_call=body)


def done(call_id: str, tool: str, result: Any, at: int | None = None, **arguments: Any) -> dict[str, Any]:
    body = {f"{tool}ToolCall": {"args": arguments, "result": result}, "toolCallId": call_id}
    return line("tool_call", at, subtype="completed", call_id=call_id, tool_call=body)


def result(**more: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"subtype": "success", "is_error": False, "result": "all of it", "request_id": "r1"}
    return line("result", **(own | more))


USAGE = {"inputTokens": 130, "outputTokens": 17, "cacheReadTokens": 17408, "cacheWriteTokens": 0}


def sessions(*lines: Any) -> list[Session]:
    content = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines).encode()
    source = sniff(content[:65536])
    assert source.name == "cursor_stream"
    return list(source.parse(Transcript(Document("run.log", lambda: io.BytesIO(content))), lambda text: text))


def parse(*lines: Any) -> Session:
    (session,) = sessions(*lines)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def test_a_run_becomes_a_session() -> None:
    session = parse(
        init(),
        user("Fix the cart"),
        line("thinking", 1, subtype="delta", text="Where "),
        line("thinking", 2, subtype="delta", text="to look?"),
        line("thinking", 3, subtype="completed"),
        said("I look.", 4),
        began("c\n1", "shell", 5, command="make"),
        done("c\n1", "shell", {"success": {"stdout": "x\n", "stderr": "y", "exitCode": 0}}, 9),
        said("Done.", 10),
        result(usage=USAGE),
    )
    assert (session.native_id, session.cwd, session.surface) == (SESSION, "/srv/shop", "headless")
    assert kinds(session) == [
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
    ]
    assert (session.events[1].text, session.events[2].text) == ("Where to look?", "I look.")
    call, given_back = session.events[3:5]
    assert (call.command, call.tool_kind, given_back.call_id) == ("make", "shell", call.call_id)
    assert (given_back.text, given_back.outcome, given_back.exit_code) == ("x\n\ny", "ok", 0)
    assert (session.started_us, session.end_state) == ((T0 + 1) * 1000, "finished")
    assert session.fault_count == session.opaque_count == 0


def test_input_leaves_out_what_came_from_the_cache() -> None:
    session = parse(init(), user("go"), said("ok"), result(usage=USAGE))
    assert total_tokens(session)[0] == Tokens(input=130, cache_read=17408, cache_write=0, output=17)
    assert [(c.model, c.key, c.event) for c in session.model_calls] == [("Composer 2.5", "r1", 0)]


def test_a_version_that_tells_no_tokens_has_none() -> None:
    for usage in (None, {}, {"inputTokens": 0, "outputTokens": 0}):
        session = parse(init(), user("go"), result(usage=usage))
        assert set(total_tokens(session)[1].values()) == {"missing"}


def test_the_runs_of_a_session_add_up_and_those_of_another_are_apart() -> None:
    other = [init("other"), line("result", session="other", subtype="success", request_id="r3", usage=USAGE)]
    more = [init(model="GPT-6"), user("more"), result(request_id="r2", usage=USAGE)]
    first, second = sessions(init(), user("go"), result(usage=USAGE), *more, *other)
    assert (first.native_id, second.native_id) == (SESSION, "other")
    assert (total_tokens(first)[0].output, total_tokens(second)[0].output) == (34, 17)
    assert [event.text for event in first.events if event.kind == "model_change"] == ["GPT-6"]
    assert [event.text for event in first.events if event.kind == "prompt"] == ["go", "more"]


def answers(*lines: Any) -> list[str]:
    return [e.text for e in parse(init(), user("go"), *lines, result()).events if e.kind == "message"]


def test_an_answer_in_pieces_is_told_once() -> None:
    pieces = [said("Hel", 1), said("lo", 2)]
    assert answers(*pieces, said("Hello")) == ["Hello"]
    assert answers(*pieces, said("Hello"), said("Bye", 3), said("Bye")) == ["Hello", "Bye"]
    assert answers(said("Hello", 1), said("Hello")) == ["Hello"]
    call = began("c", "read", path="a")
    assert answers(*pieces, said("Hello", 3), call, said("an", 4), said("d", 5)) == ["Hello", "and"]


def test_whole_answers_are_not_joined() -> None:
    assert answers(said("One."), said("Two.")) == ["One.", "Two."]
    assert answers(said("One.", 1), began("c", "read", path="a"), said("One.", 2)) == ["One.", "One."]


@pytest.mark.parametrize(
    ("given_back", "outcome", "text"),
    [
        ({"success": {"exitCode": 2, "stdout": "", "stderr": "no"}}, "error", "no"),
        ({"success": {"content": "text", "totalLines": 1}}, "ok", "text"),
        ({"rejected": {"command": "ls", "reason": "no"}}, "rejected", "no"),
        ({"permissionDenied": {"error": "blocked"}}, "error", "blocked"),
        ({"spawnError": {"error": "ENOENT"}}, "error", "ENOENT"),
        ({"error": {"errorMessage": "gone"}}, "error", "gone"),
        ({"error": "gone"}, "error", "gone"),
        ({"success": {"isError": True, "content": [{"text": {"text": "bad"}}]}}, "error", "bad"),
        ({"success": {"path": "a", "linesAdded": 1, "message": "Wrote"}}, "ok", "Wrote"),
        ({"hologram": {}}, "unknown", '{"hologram":{}}'),
        (None, "unknown", ""),
    ],
)
def test_how_a_call_went(given_back: Any, outcome: str, text: str) -> None:
    session = parse(init(), began("c", "shell", command="ls"), done("c", "shell", given_back))
    found = session.events[-1]
    assert (found.outcome, found.text, found.command) == (outcome, text, "ls")


def test_tools_by_the_streams_names() -> None:
    session = parse(
        init(),
        began("1", "read", path="a"),
        began("2", "edit", path="a", streamContent="x"),
        began("3", "mcp", providerIdentifier="db", toolName="query", args={"q": 1}),
        began("4", "task", prompt="Look", agentId="kid"),
        line(
            "tool_call",
            subtype="started",
            call_id="5",
            tool_call={"function": {"name": "grep", "arguments": "{}"}},
        ),
        line("tool_call", subtype="started", call_id="6", tool_call={}),
    )
    found = [(e.kind, e.tool, e.tool_kind, e.agent) for e in session.events]
    assert found == [
        ("tool_call", "read", "read", None),
        ("tool_call", "edit", "edit", None),
        ("tool_call", "mcp__db__query", "mcp", None),
        ("tool_call", "task", "agent", None),
        ("subagent", None, None, "kid"),
        ("tool_call", "grep", "search", None),
        ("tool_call", "unknown", "other", None),
    ]
    assert [(e.path, e.new) for e in session.events[1].edits] == [("a", "x")]


def test_an_end_without_a_beginning_is_a_call_too() -> None:
    session = parse(init(), done("c", "shell", {"success": {"exitCode": 0}}, command="ls"))
    assert kinds(session) == ["tool_call", "tool_result"]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([], "running"),
        ([began("c", "shell", command="ls")], "running"),
        ([said("x")], "running"),
        ([said("x"), result()], "finished"),
        ([result(is_error=True, subtype="error", result="limit")], "error"),
        ([line("error", error={"message": "network"})], "error"),
        ([said("x"), '{"type":"assi'], "truncated"),
    ],
)
def test_how_it_ended(last: list[Any], state: str) -> None:
    session = parse(init(), user("go"), *last)
    assert (session.end_state, session.end_reason[-1]) == (state, ".")


def test_other_lines_are_kept_and_signs_of_life_passed_over() -> None:
    session = parse(
        "Starting...",
        init(),
        line("connection", subtype="reconnecting", attempt=1),
        line("retry", subtype="starting", attempt=1),
        line("hologram"),
    )
    assert (session.fault_count, session.opaque_count) == (1, 2)
    assert session.faults == ("line 1: not JSON",)


def test_a_pull_request_that_the_run_created() -> None:
    session = parse(
        init(),
        began("c", "shell", command="gh pr create --fill"),
        done("c", "shell", {"success": {"stdout": "https://github.com/acme/shop/pull/9\n", "exitCode": 0}}),
    )
    assert [(p.number, p.created) for p in session.pull_requests] == [(9, True)]


def test_the_other_programs_stream_is_not_taken_for_this_one() -> None:
    claude = init() | {"tools": ["Bash"], "mcp_servers": [], "uuid": "u", "claude_code_version": "2.1.0"}
    head = json.dumps(claude).encode()
    assert (CURSOR_STREAM.recognises(head), CLAUDE_CODE_STREAM.recognises(head)) == (False, True)
    assert sniff(json.dumps(init()).encode()).name == "cursor_stream"


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"system","subtype":"init","session_id":"s"}\n',
        b'{"type":"tool_call","subtype":"started"}\n',
        b'{"type":"tool_call","tool_call":{}}\n',
        b'{"type":"thinking","text":"x"}\n',
        b'{"role":"user","message":{"content":"x"}}\n',
        b"{}\n",
        b"cursor-agent\n",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not CURSOR_STREAM.recognises(content)


def test_a_log_without_any_record_of_the_stream_is_no_transcript() -> None:
    transcript = Transcript(Document("x", lambda: io.BytesIO(b'{"type":"hologram"}\n')))
    with pytest.raises(NotATranscript):
        list(CURSOR_STREAM.parse(transcript, lambda text: text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
CALL = st.dictionaries(
    st.sampled_from(["shellToolCall", "taskToolCall", "function", "toolCallId"]),
    st.dictionaries(st.sampled_from(["args", "result", "name"]), JUNK, max_size=2) | JUNK,
    max_size=2,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["system", "user", "assistant", "thinking", "tool_call", "result", "error"]
                )
            },
            optional={
                "subtype": st.sampled_from(["init", "started", "completed", "success"]) | JUNK,
                "message": JUNK,
                "text": JUNK,
                "call_id": JUNK,
                "tool_call": CALL | JUNK,
                "usage": JUNK,
                "result": JUNK,
                "timestamp_ms": JUNK,
                "model": JUNK,
            },
        )
        | JUNK,
        max_size=6,
    )
)
def test_wrong_types_in_any_field_never_raise(lines: list[Any]) -> None:
    assert parse(init(), *map(json.dumps, lines)).native_id == SESSION
