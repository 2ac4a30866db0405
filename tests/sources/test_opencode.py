"""OpenCode's sessions, trap by trap, through the public door. Every transcript here is made up."""

from typing import Any

import pytest
from opencode_building import SES, T0, answer, export, kinds, parse, read, step, text, tokens, tool, user

from debrief.model import Tokens, total_tokens


def test_an_export_becomes_a_session() -> None:
    session = parse(
        user(text("Fix the cart.")),
        answer(
            {"type": "step-start"},
            {"type": "reasoning", "text": "Look first.", "time": {"start": T0 + 2050}},
            tool("bash", {"command": "make test"}, output="ok\n", metadata={"exit": 0}),
            text("Done."),
        ),
    )
    assert kinds(session) == ["prompt", "reasoning", "tool_call", "tool_result", "message", "turn_end"]
    assert (session.native_id, session.agent, session.agent_version) == (SES, "OpenCode", "1.2.6")
    assert (session.cwd, session.title, session.title_source) == ("/home/ann/shop", "Mend the cart", "agent")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    result = session.events[3]
    assert (result.command, result.text, result.outcome, result.exit_code, result.duration_ms) == (
        "make test",
        "ok\n",
        "ok",
        0,
        300,
    )
    assert result.call_id == session.events[2].call_id == "call_1"
    assert session.events[0].ts_us == (T0 + 1000) * 1000


def test_a_placeholder_is_no_title() -> None:
    session = parse(user(text("Fix the cart.")), title="New session - 2026-02-02T10:00:00.000Z")
    assert (session.title, session.title_source) == ("Fix the cart.", "prompt")


def test_text_that_nobody_typed_is_injected() -> None:
    session = parse(
        user(
            text("Read @notes.md"),
            text("Called the Read tool with notes.md", synthetic=True),
            text("for the eyes of the person", ignored=True),
            {"type": "file", "mime": "text/plain", "filename": "notes.md", "url": "file:///x/notes.md"},
        ),
        answer(text("Continue if you have next steps", synthetic=True)),
    )
    assert [(e.kind, e.injected) for e in session.events[:5]] == [
        ("prompt", False),
        ("message", True),
        ("message", True),
        ("message", True),
        ("message", True),
    ]
    assert session.events[3].text == "[attached: notes.md (text/plain)]"
    assert session.initial_user_message == "Read @notes.md"


def test_several_texts_of_one_message_are_one_prompt() -> None:
    session = parse(user(text("one"), text("two")))
    assert [e.text for e in session.events if e.kind == "prompt"] == ["one\ntwo"]


def test_a_stop_is_an_interruption() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), finish=None, error={"name": "MessageAbortedError", "data": {"message": "aborted"}}),
    )
    assert kinds(session)[-1] == "interrupt"
    assert (session.end_state, session.end_reason) == ("interrupted", "a person stopped the last answer")


def test_a_failure_of_the_service_and_its_retries() -> None:
    failure = {"name": "APIError", "data": {"message": "Overloaded", "isRetryable": True}}
    retry = {"type": "retry", "attempt": 1, "error": failure, "time": {"created": T0 + 2200}}
    session = parse(user(text("a")), answer(retry, finish=None, error=failure))
    assert [e.text for e in session.events if e.kind == "api_error"] == ["APIError: Overloaded"] * 2
    assert session.end_state == "error"
    assert "APIError: Overloaded" in session.end_reason


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (answer(text("b"), finish="stop"), "finished"),
        (answer(text("b"), finish=None), "finished"),
        (answer(text("b"), finish=None, time={"created": T0 + 2000}), "running"),
        (answer(text("b"), finish="length"), "error"),
        (answer(tool("bash", {"command": "x"}), finish="tool-calls"), "running"),
        (answer(tool("bash", {"command": "x"}, "running"), finish="stop"), "running"),
        (
            answer(
                tool(
                    "bash", {"command": "x"}, "error", error="The user rejected permission to use this tool"
                ),
                finish="tool-calls",
            ),
            "interrupted",
        ),
    ],
)
def test_how_a_session_ended(message: dict[str, Any], state: str) -> None:
    session = parse(user(text("a")), message)
    assert session.end_state == state
    assert session.end_reason


def test_a_question_without_an_answer_is_open_and_no_message_at_all_is_unknown() -> None:
    assert parse(user(text("a"))).end_state == "running"
    empty = parse()
    assert (empty.end_state, empty.fault_count, empty.started_us) == ("unknown", 0, T0 * 1000)


def test_a_sub_agents_session_names_its_parent_and_nobody_typed_its_task() -> None:
    session = parse(user(text("Search for it.")), answer(text("Found.")), parentID="ses_parent")
    assert (session.relation, session.parent_id) == ("subagent", "ses_parent")
    assert "prompt" not in kinds(session)
    assert session.initial_user_message == "Search for it."


def test_a_forks_messages_of_a_sub_agent_stand_in_the_session_itself() -> None:
    session = parse(
        user(text("a"), agentID="main"),
        user(text("Search."), number=2, agentID="explore-1"),
        answer(text("Found."), agentID="explore-1", tokens=tokens(2, 2), finish="tool-calls"),
        answer(text("Done."), number=2, at=3000, tokens=tokens(3, 3)),
    )
    assert [(e.kind, e.agent) for e in session.events] == [
        ("prompt", None),
        ("subagent", "explore-1"),
        ("message", "explore-1"),
        ("message", "explore-1"),
        ("message", None),
        ("turn_end", None),
    ]
    assert [call.agent for call in session.model_calls] == ["explore-1", None]
    assert session.end_state == "finished"


def test_a_summary_is_a_compaction_and_no_answer() -> None:
    session = parse(
        user(text("a")),
        answer(text("b")),
        user({"type": "compaction", "auto": True}, at=3000, number=2),
        answer(
            text("So far: a, b."), at=4000, number=2, summary=True, mode="compaction", tokens=tokens(9, 4)
        ),
    )
    (compaction,) = [e for e in session.events if e.kind == "compaction"]
    assert compaction.text == "So far: a, b."
    assert [e.text for e in session.events if e.kind == "message"] == ["b"]
    assert total_tokens(session)[0].input == 9
    assert session.end_state == "finished"


def test_what_a_person_took_back_is_kept_and_counted() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), tokens=tokens(5, 1)),
        revert={"messageID": "msg_a1", "snapshot": "s", "diff": "d"},
    )
    assert total_tokens(session)[0].input == 5
    assert "a person took back everything from message msg_a1 on" in session.end_reason
    assert (session.events[-1].kind, session.events[-1].injected) == ("message", True)


def test_a_fork_begins_with_another_sessions_history() -> None:
    session = parse(
        user(text("old"), at=-9000),
        answer(text("old answer"), step(tokens=tokens(50, 5)), at=-8000, tokens=tokens(50, 5)),
        user(text("new"), number=2),
        answer(text("new answer"), number=2, tokens=tokens(7, 1)),
        title="Mend the cart (fork #1)",
    )
    assert [e.replayed for e in session.events if e.kind == "prompt"] == [True, False]
    assert (session.relation, session.initial_user_message) == ("fork", "new")
    assert total_tokens(session)[0].input == 7
    assert (session.usage.rows, session.usage.replayed) == (3, 2)


def test_a_session_whose_own_time_is_wrong_is_no_fork() -> None:
    session = parse(user(text("a"), at=-9000), answer(text("b"), at=-8000, tokens=tokens(50, 5)))
    assert (session.relation, total_tokens(session)[0].input) == (None, 50)


def test_another_model_is_told() -> None:
    session = parse(
        user(text("a")), answer(text("b")), answer(text("c"), number=2, at=3000, modelID="gpt-5.2")
    )
    assert [e.text for e in session.events if e.kind == "model_change"] == ["claude-sonnet-4-5 -> gpt-5.2"]


def test_a_command_that_starts_a_sub_agent_is_a_prompt() -> None:
    part = {
        "type": "subtask",
        "prompt": "Review...",
        "description": "review changes",
        "agent": "build",
        "command": "review",
    }
    assert parse(user(part)).initial_user_message == "/review review changes"


def test_messages_of_the_second_generation() -> None:
    model = {"id": "claude-sonnet-4-5", "providerID": "anthropic"}
    session = read(
        export(
            {"id": "msg_1", "type": "model-switched", "time": {"created": T0}, "model": model},
            {"id": "msg_2", "type": "user", "time": {"created": T0 + 1}, "text": "Fix it."},
            {"id": "msg_3", "type": "synthetic", "time": {"created": T0 + 2}, "text": "context"},
            {
                "id": "msg_4",
                "type": "assistant",
                "time": {"created": T0 + 3, "completed": T0 + 900},
                "agent": "build",
                "model": model,
                "content": [
                    {"type": "reasoning", "id": "r", "text": "hm"},
                    {
                        "type": "tool",
                        "id": "call_1",
                        "name": "bash",
                        "time": {"created": T0 + 4, "ran": T0 + 5, "completed": T0 + 105},
                        "state": {
                            "status": "completed",
                            "input": {"command": "make"},
                            "content": [{"type": "text", "text": "broken"}],
                            "structured": {"exit": 2},
                        },
                    },
                    {"type": "text", "id": "t", "text": "It is broken."},
                ],
                "finish": "stop",
                "cost": 0.5,
                "tokens": tokens(10, 2, 1, 30, 4),
            },
            {
                "id": "msg_5",
                "type": "shell",
                "time": {"created": T0 + 1000, "completed": T0 + 1001},
                "callID": "sh",
                "command": "ls",
                "output": "a",
            },
            {
                "id": "msg_6",
                "type": "compaction",
                "time": {"created": T0 + 1100},
                "summary": "So far.",
                "recent": "",
            },
        )
    )
    assert kinds(session) == [
        "prompt",
        "message",
        "reasoning",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
        "tool_call",
        "tool_result",
        "compaction",
    ]
    result = session.events[4]
    assert (result.text, result.outcome, result.exit_code, result.duration_ms) == ("broken", "error", 2, 100)
    assert [e.actor for e in session.events if e.kind == "tool_call"] == ["assistant", "user"]
    assert total_tokens(session)[0] == Tokens(input=10, cache_read=30, cache_write=4, output=2, reasoning=1)
    assert (session.opaque_count, session.fault_count, session.end_state) == (0, 0, "finished")
