"""The headless stream, trap by trap, through the public door. Every transcript here is made up."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.codex_exec import CODEX_EXEC

START = {"type": "thread.started", "thread_id": "0199aaaa-0000-7000-8000-000000000001"}
TURN = {"type": "turn.started"}


def item(stage: str, kind: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": f"item.{stage}", "item": {"id": f"item_{number}", "type": kind, **fields}}


def used(taken: int, cached: int, output: int) -> dict[str, Any]:
    usage = {"input_tokens": taken, "cached_input_tokens": cached, "output_tokens": output}
    return {"type": "turn.completed", "usage": usage}


def sessions(*lines: Any) -> list[Session]:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()
    transcript = Transcript(Document("run.jsonl", lambda: io.BytesIO(content)))
    source = sniff(content[:65536])
    assert source.name == "codex_exec"
    return list(source.parse(transcript, lambda text: text))


def parse(*lines: Any) -> Session:
    (session,) = sessions(*lines)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def test_a_run_becomes_a_session() -> None:
    session = parse(
        START,
        TURN,
        item("completed", "reasoning", 0, text="**Think**"),
        item("started", "command_execution", 1, command="/bin/bash -lc 'ls -a'", status="in_progress"),
        item(
            "completed",
            "command_execution",
            1,
            command="/bin/bash -lc 'ls -a'",
            aggregated_output="a.py\n",
            exit_code=0,
            status="completed",
        ),
        item("completed", "agent_message", 2, text="One file."),
        used(100, 60, 20),
    )
    assert session.native_id == START["thread_id"]
    assert kinds(session) == ["reasoning", "tool_call", "tool_result", "message", "turn_end"]
    result = session.events[2]
    assert (result.command, result.text, result.outcome, result.exit_code) == ("ls -a", "a.py\n", "ok", 0)
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert total_tokens(session)[0] == Tokens(input=40, cache_read=60, output=20)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        ("completed", 0, "ok"),
        ("failed", 2, "error"),
        ("declined", None, "rejected"),
        ("failed", None, "error"),
    ],
)
def test_a_commands_status_and_exit_code_decide(status: str, code: int | None, outcome: str) -> None:
    done = item("completed", "command_execution", command="make", exit_code=code, status=status)
    assert parse(START, TURN, done).events[-1].outcome == outcome


def test_token_counts_are_cumulative_over_a_threads_turns() -> None:
    session = parse(START, TURN, used(100, 60, 20), START, TURN, used(150, 80, 30))
    assert len(session.model_calls) == 2
    assert total_tokens(session)[0] == Tokens(input=70, cache_read=80, output=30)


def test_item_numbers_that_begin_anew_in_the_next_turn_are_other_items() -> None:
    once = [
        TURN,
        item("started", "command_execution", command="a"),
        item("completed", "command_execution", command="a"),
    ]
    assert kinds(parse(START, *once, *once)).count("tool_call") == 2


def test_several_threads_in_one_log_are_several_sessions() -> None:
    found = sessions(START, TURN, used(1, 0, 1), {"type": "thread.started", "thread_id": "other"}, TURN)
    assert [(s.native_id, s.end_state) for s in found] == [
        (START["thread_id"], "finished"),
        ("other", "running"),
    ]


def test_a_failed_turn_is_an_error_that_is_told_once() -> None:
    reason = "You have hit your usage limit."
    session = parse(
        START,
        TURN,
        {"type": "error", "message": reason},
        {"type": "turn.failed", "error": {"message": reason}},
    )
    assert kinds(session) == ["api_error"]
    assert (session.events[0].text, session.end_state) == (reason, "error")


def test_a_reconnection_that_works_is_no_failure() -> None:
    lost = {"type": "error", "message": "Reconnecting... 1/5"}
    session = parse(START, TURN, lost, item("completed", "agent_message", text="Done."), used(1, 0, 1))
    assert session.end_state == "finished"


def test_changed_files_are_an_edit() -> None:
    changes = [{"path": "a.py", "kind": "update"}, {"path": "b.py", "kind": "add"}]
    session = parse(START, TURN, item("completed", "file_change", changes=changes, status="failed"))
    call, result = session.events
    assert (call.tool_kind, call.path, [e.path for e in call.edits]) == ("edit", "a.py", ["a.py", "b.py"])
    assert result.is_error


def test_tools_of_a_server_searches_and_agents() -> None:
    session = parse(
        START,
        TURN,
        item(
            "started", "mcp_tool_call", 0, server="db", tool="query", arguments={"q": 1}, status="in_progress"
        ),
        item(
            "completed",
            "mcp_tool_call",
            0,
            server="db",
            tool="query",
            error={"message": "down"},
            status="failed",
        ),
        item("started", "web_search", 1, query=""),
        item("completed", "web_search", 1, query="codex"),
        item(
            "completed",
            "collab_tool_call",
            2,
            tool="spawn_agent",
            receiver_thread_ids=["kid"],
            status="completed",
        ),
    )
    found = [(e.kind, e.tool_kind, e.outcome) for e in session.events]
    assert found == [
        ("tool_call", "mcp", None),
        ("tool_result", "mcp", "error"),
        ("tool_call", "fetch", None),
        ("tool_result", "fetch", "ok"),
        ("tool_call", "agent", None),
        ("tool_result", "agent", "ok"),
        ("subagent", None, None),
    ]
    assert session.events[1].text == "down"
    assert session.events[-1].agent == "kid"


def test_a_to_do_list_is_a_plan_each_time_it_changes() -> None:
    first, second = [{"text": "a", "completed": False}], [{"text": "a", "completed": True}]
    session = parse(
        START,
        TURN,
        item("started", "todo_list", items=first),
        item("updated", "todo_list", items=second),
        item("completed", "todo_list", items=second),
    )
    assert [e.args for e in session.events if e.kind == "tool_call"] == ["[ ] a", "[x] a"]


def test_a_warning_is_no_event_of_the_agent() -> None:
    session = parse(START, TURN, item("completed", "error", message="a server did not start"))
    assert (session.events[0].kind, session.events[0].injected, session.end_state) == (
        "message",
        True,
        "running",
    )


def test_a_pull_request_that_the_run_created() -> None:
    done = item(
        "completed",
        "command_execution",
        command="gh pr create --fill",
        aggregated_output="https://github.com/acme/shop/pull/9\n",
        exit_code=0,
        status="completed",
    )
    assert [(p.number, p.created) for p in parse(START, TURN, done).pull_requests] == [(9, True)]


def test_other_output_before_and_in_the_stream_is_kept() -> None:
    session = parse("Reading prompt from stdin...", START, TURN, "warning: x", {"type": "hologram"})
    assert session.native_id == START["thread_id"]
    assert (session.fault_count, session.opaque_count) == (2, 3)


def test_a_stream_that_breaks_off_is_truncated() -> None:
    assert parse(START, TURN, '{"type":"item.completed","item":{"id":"it').end_state == "truncated"


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"thread.started"}\n',
        b'{"type":"item.completed","item":{"type":"hologram"}}\n',
        b'{"type":"item.completed","item":{"type":["error"]}}\n',
        b'{"type":"turn.completed","message":"ok"}\n',
        b'{"type":"system","subtype":"init","session_id":"s"}\n',
        b"{}\n",
        b"thread.started\n",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not CODEX_EXEC.recognises(content)


def test_a_log_without_any_record_of_the_stream_is_no_transcript() -> None:
    transcript = Transcript(Document("x", lambda: io.BytesIO(b'{"type":"hologram"}\n')))
    with pytest.raises(NotATranscript):
        list(CODEX_EXEC.parse(transcript, lambda text: text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TYPES = [
    "agent_message",
    "reasoning",
    "command_execution",
    "file_change",
    "mcp_tool_call",
    "collab_tool_call",
    "web_search",
    "todo_list",
    "error",
]
FIELDS = [
    "text",
    "command",
    "aggregated_output",
    "exit_code",
    "status",
    "changes",
    "server",
    "tool",
    "arguments",
    "result",
    "error",
    "items",
    "query",
    "action",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["item.started", "item.updated", "item.completed"]),
                "item": st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=5).flatmap(
                    lambda fields: st.sampled_from(TYPES).map(lambda kind: {**fields, "type": kind})
                ),
            }
        )
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(["turn.completed", "turn.failed", "error"]),
                "usage": JUNK,
                "error": JUNK,
            }
        )
        | JUNK,
        max_size=6,
    )
)
def test_wrong_types_in_any_field_never_raise(lines: list[Any]) -> None:
    assert sessions(START, TURN, *[json.dumps(line) for line in lines])
