"""What steps of ATIF say of calls and how they ended. Every trajectory here is made up."""

import json
from typing import Any

import pytest
from trajectory_building import (
    TASK,
    acting,
    agent_step,
    atif,
    call,
    kinds,
    of_kind,
    result,
    trajectory,
    user_step,
)


def outcome(name: str, content: Any, **fields: Any) -> tuple[str | None, int | None]:
    session = atif(trajectory(TASK, acting(call(name, command="make"), results=[result(content)], **fields)))
    found = of_kind(session, "tool_result")[0]
    return found.outcome, found.exit_code


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<returncode>0</returncode>\n<output>\nok</output>", ("ok", 0)),
        ("<returncode>2</returncode>", ("error", 2)),
        ("out\n[The command completed with exit code 1.]", ("error", 1)),
        ("[stdout]\nx\n[exit_code] 3", ("error", 3)),
        ("Exit code 127\nnot found", ("error", 127)),
        ("the test printed <returncode>2</returncode>", ("unknown", None)),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", ("cascade", None)),
        ("The user doesn't want to proceed with this tool use. It was rejected", ("rejected", None)),
        ("x\n\n[error] tool reported failure", ("error", None)),
        ([{"type": "text", "text": "<returncode>0</returncode>"}], ("ok", 0)),
    ],
)
def test_how_a_call_ended_is_read_from_the_agents_own_words(content: Any, expected: object) -> None:
    assert outcome("bash", content) == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"tool_result_is_error": True}, "error"),
        ({"tool_result_metadata": {}}, "ok"),
        ({"status": "completed"}, "unknown"),
    ],
)
def test_how_a_call_ended_is_read_from_marks_of_converters(extra: dict[str, Any], expected: str) -> None:
    assert outcome("Read", "text", extra=extra)[0] == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"status": "failed"}, "error"),
        ({"error": "no such tool"}, "error"),
        ({"is_error": False}, "ok"),
        ({"success": True}, "ok"),
        ({"score": 1}, "unknown"),
    ],
)
def test_how_a_call_ended_is_read_from_marks_of_the_result(extra: dict[str, Any], expected: str) -> None:
    step = acting(call("Read", file_path="/a"), results=[result("text", extra=extra)])
    assert of_kind(atif(trajectory(TASK, step)), "tool_result")[0].outcome == expected


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("execute_bash", {"command": "ls"}, "shell"),
        ("str_replace_editor", {"command": "view", "path": "/a"}, "read"),
        ("str_replace_editor", {"command": "create", "path": "/a", "file_text": "x"}, "write"),
        ("str_replace_editor", {"command": "str_replace", "path": "/a", "old_str": "x"}, "edit"),
        ("Write", {"file_path": "/a", "content": "x"}, "write"),
        ("TodoWrite", {"todos": []}, "plan"),
        ("mcp__github__create_pull_request", {"title": "x"}, "mcp"),
        ("spawn_agent", {"message": "x"}, "agent"),
        ("mystery", {"x": 1}, "other"),
    ],
)
def test_tools_are_known_by_what_they_do(name: str, arguments: dict[str, Any], kind: str) -> None:
    session = atif(trajectory(TASK, acting(call(name, **arguments), results=[])))
    made = of_kind(session, "tool_call")[0]
    assert (made.tool, made.tool_kind) == (name, kind)
    assert made.path == arguments.get("path", arguments.get("file_path"))
    assert bool(made.edits) == (kind in ("edit", "write"))


def test_results_without_an_id_are_paired_in_order() -> None:
    step = acting(
        call("bash", "a", command="one"),
        call("bash", "b", command="two"),
        results=[result("1", None), result("2", None)],
    )
    found = of_kind(atif(trajectory(TASK, step)), "tool_result")
    assert [(e.call_id, e.command, e.text) for e in found] == [("a", "one", "1"), ("b", "two", "2")]


def test_commands_typed_as_json_into_a_terminal_are_calls() -> None:
    reply = {
        "analysis": "Empty.",
        "plan": "Make it.",
        "commands": [{"keystrokes": "mkdir a\n", "duration": 0.1}],
    }
    session = atif(
        trajectory(
            user_step("Rules.\n\nTask Description:\nMake a folder.\n\nCurrent terminal state:\n$"),
            agent_step(json.dumps(reply), observation={"results": [{"content": "$ mkdir a"}]}),
            agent_step(json.dumps({"analysis": "Done.", "commands": [], "task_complete": True})),
            agent="terminus-2",
        )
    )
    assert session.initial_user_message == "Make a folder."
    assert kinds(session) == ["prompt", "message", "tool_call", "tool_result", "message"]
    ran = of_kind(session, "tool_result")[0]
    assert (ran.command, ran.tool_kind) == ("mkdir a", "shell")
    assert session.end_state == "finished"


def test_text_that_converters_made_up_is_nobodys_message() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step("", reasoning_content="Think"),
            acting(
                call("Read", "toolu_1", file_path="/a"),
                results=[],
                message="Executed Read toolu_1",
                reasoning_content="Think",
            ),
        )
    )
    assert kinds(session) == ["prompt", "reasoning", "tool_call"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<system-reminder>Be brief</system-reminder>", "message"),
        ("Please continue on whatever approach you think is suitable.\nMore.", "message"),
        ("[Request interrupted by user]", "interrupt"),
        ("This session is being continued from a previous conversation that ran out.", "compaction"),
    ],
)
def test_not_everything_in_a_users_place_was_typed(text: str, kind: str) -> None:
    event = atif(trajectory(TASK, user_step(text))).events[1]
    assert (event.kind, event.injected) == (kind, kind == "message")
