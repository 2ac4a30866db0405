"""The tool calls of OpenCode's sessions and how they end. Every transcript here is made up."""

from typing import Any

import pytest
from opencode_building import answer, parse, text, tokens, tool, user


@pytest.mark.parametrize(
    ("part", "outcome", "code"),
    [
        (tool("bash", {"command": "x"}, output="", metadata={"exit": 1}), "error", 1),
        (tool("bash", {"command": "x"}, output="", metadata={"exit": 0}), "ok", 0),
        (
            tool(
                "bash",
                {"command": "x"},
                output="a\n\n<bash_metadata>\nUser aborted the command\n</bash_metadata>",
                metadata={"exit": None},
            ),
            "interrupted",
            None,
        ),
        (tool("read", {"filePath": "a"}, output="<bash_metadata>\nUser aborted the command"), "ok", None),
        (
            tool("invalid", {"tool": "raed", "error": "no such tool"}, output="The arguments are invalid"),
            "error",
            None,
        ),
        (tool("edit", {"filePath": "a"}, "error", error="oldString not found in content"), "error", None),
        (
            tool(
                "bash",
                {"command": "x"},
                "error",
                error="The user rejected permission to use this specific tool call.",
            ),
            "rejected",
            None,
        ),
        (tool("bash", {"command": "x"}, "error", error="Tool execution aborted"), "interrupted", None),
        (tool("task", {}, "error", error="it failed", metadata={"interrupted": True}), "interrupted", None),
        (tool("bash", {"command": "x"}, "success", output="old"), "ok", None),
        (tool("bash", {"command": "x"}, "hologram", output="new"), "unknown", None),
    ],
)
def test_how_a_call_ended(part: dict[str, Any], outcome: str, code: int | None) -> None:
    result = parse(user(text("a")), answer(part)).events[2]
    assert (result.kind, result.outcome, result.exit_code) == ("tool_result", outcome, code)


@pytest.mark.parametrize(
    ("part", "kind", "path", "edits"),
    [
        (
            tool("edit", {"filePath": "a.py", "oldString": "x", "newString": "y"}),
            "edit",
            "a.py",
            [("a.py", "x", "y")],
        ),
        (tool("write", {"filePath": "a.py", "content": "z"}), "write", "a.py", [("a.py", "", "z")]),
        (
            tool("multiedit", {"filePath": "a.py", "edits": [{"oldString": "x", "newString": "y"}]}),
            "edit",
            "a.py",
            [("a.py", "x", "y")],
        ),
        (
            tool(
                "apply_patch",
                {"patchText": "*** Begin Patch\n*** Update File: b.py\n@@\n-x\n+y\n*** End Patch"},
            ),
            "edit",
            "b.py",
            [("b.py", "x\n", "y\n")],
        ),
        (tool("read", {"filePath": "a.py"}), "read", "a.py", []),
        (tool("grep", {"pattern": "x", "path": "src"}), "search", "src", []),
        (tool("webfetch", {"url": "https://example.org"}), "fetch", None, []),
        (tool("todowrite", {"todos": []}), "plan", None, []),
        (tool("question", {}), "ask", None, []),
        (tool("github_create_issue", {"title": "x"}), "mcp", None, []),
        (tool("deploy", {}), "other", None, []),
    ],
)
def test_what_kind_of_call_it_is(part: dict[str, Any], kind: str, path: str | None, edits: list[Any]) -> None:
    call = parse(user(text("a")), answer(part)).events[1]
    assert (call.tool_kind, call.path) == (kind, path)
    assert [(edit.path, edit.old, edit.new) for edit in call.edits] == edits


def test_a_command_that_the_person_ran_is_theirs_and_no_call_of_a_model() -> None:
    session = parse(
        user(text("The following tool was executed by the user", synthetic=True)),
        answer(tool("bash", {"command": "ls"}, output="a\n", metadata={"exit": 0}), finish=None),
        user(text("What is it?"), at=3000, number=2),
        answer(text("A file."), at=4000, number=2, tokens=tokens(3, 1)),
    )
    call = session.events[1]
    assert (call.kind, call.actor, call.command) == ("tool_call", "user", "ls")
    assert [one.key for one in session.model_calls] == ["msg_a2"]
    assert session.initial_user_message == "What is it?"


def test_the_call_that_starts_a_sub_agent_names_its_session() -> None:
    part = tool(
        "task", {"prompt": "Search.", "subagent_type": "explore"}, metadata={"sessionId": "ses_child"}
    )
    session = parse(user(text("a")), answer(part))
    (started,) = [e for e in session.events if e.kind == "subagent"]
    assert (started.agent, started.text) == ("ses_child", "Search.")
    assert [e.agent for e in session.events if e.kind == "tool_result"] == [None]


def test_a_pull_request_that_was_created() -> None:
    part = tool(
        "bash",
        {"command": "gh pr create --fill"},
        output="https://github.com/acme/shop/pull/9\n",
        metadata={"exit": 0},
    )
    session = parse(user(text("see https://github.com/acme/shop/pull/1")), answer(part))
    assert sorted((p.number, p.created) for p in session.pull_requests) == [(1, False), (9, True)]
