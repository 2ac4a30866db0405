"""The event stream before the SDK, trap by trap, through the public door. All transcripts are made up."""

import json
from typing import Any

import pytest
from openhands_v0_building import SPENT, action, answer, asked, kinds, observed, parse, sessions

from debrief.model import Tokens, total_tokens


def test_a_trajectory_becomes_a_session() -> None:
    told = answer("r1", "c1", **SPENT)
    session = parse(
        [
            asked(0, "List the files."),
            action(1, "run", args={"command": "ls", "thought": "I look."}, tool_call_metadata=told),
            observed(
                2,
                "run",
                1,
                "a.py",
                extras={"metadata": {"exit_code": 0}},
                tool_call_metadata=told,
                success=True,
            ),
            action(3, "finish", args={"final_thought": "One file."}),
        ]
    )
    assert kinds(session) == [
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "tool_call",
        "turn_end",
    ]
    result = session.events[4]
    assert (result.call_id, result.command, result.outcome, result.exit_code) == ("c1", "ls", "ok", 0)
    assert (session.end_state, session.title, session.opaque_count) == ("finished", "List the files.", 0)


def test_an_answer_counts_once_however_often_it_stands_there() -> None:
    first, second = answer("r1", "c1", **SPENT), answer("r1", "c2", **SPENT)
    session = parse(
        [
            action(1, "run", args={"command": "ls", "thought": "I look."}, tool_call_metadata=first),
            action(2, "run", args={"command": "pwd", "thought": "I look."}, tool_call_metadata=second),
            observed(3, "run", 1, tool_call_metadata=first),
            observed(4, "run", 2, tool_call_metadata=second),
        ]
    )
    assert total_tokens(session)[0] == Tokens(input=10, cache_read=60, cache_write=30, output=15, reasoning=5)
    assert (session.usage.rows, session.usage.repeated) == (4, 3)
    assert kinds(session).count("message") == 1
    assert kinds(session).count("reasoning") == 1


def test_cumulative_metrics_add_only_what_the_calls_do_not_make_up() -> None:
    told = answer("r1", "c1", prompt_tokens=100, completion_tokens=20)

    def sums(prompt: int, cost: float) -> dict[str, Any]:
        usage = {"prompt_tokens": prompt, "completion_tokens": 25}
        return {"accumulated_cost": cost, "accumulated_token_usage": usage}

    session = parse(
        [
            action(1, "run", args={"command": "a"}, tool_call_metadata=told, llm_metrics=sums(100, 0.1)),
            action(2, "run", args={"command": "b"}, llm_metrics=sums(170, 0.3)),
        ]
    )
    assert [call.tokens.input for call in session.model_calls] == [100, 70]
    assert total_tokens(session)[0].output == 25
    assert session.native_cost_usd_micros == 300_000


def test_each_row_of_an_evaluation_is_a_session() -> None:
    told = answer("r1", "c1", prompt_tokens=100, completion_tokens=20)
    row = {
        "instance_id": "acme__shop-1",
        "instance": {"repo": "acme/shop", "base_commit": "abc1234"},
        "git_patch": "diff",
        "history": [asked(0, "Fix it."), action(1, "run", args={"command": "ls"}, tool_call_metadata=told)],
        "metrics": {
            "accumulated_cost": 0.4,
            "token_usages": [
                {"response_id": "r1", "model": "m", "prompt_tokens": 100, "completion_tokens": 20},
                {"response_id": "r2", "model": "m", "prompt_tokens": 50, "completion_tokens": 5},
            ],
        },
        "error": None,
    }
    broken = {
        **row,
        "instance_id": "acme__shop-2",
        "error": "RuntimeError: stuck",
        "history": [asked(5, "Go.")],
    }
    first, second = sessions("\n".join(json.dumps(one) for one in (row, broken)).encode())
    assert [s.native_id.partition("@")[0] for s in (first, second)] == ["acme__shop-1", "acme__shop-2"]
    assert (first.repository, first.commit) == ("acme/shop", "abc1234")
    assert (total_tokens(first)[0].input, len(first.model_calls)) == (150, 2)
    assert first.native_cost_usd_micros == 400_000
    assert (second.end_state, kinds(second)[-1]) == ("error", "api_error")


def test_runs_of_one_task_are_told_apart_by_their_times() -> None:
    rows = [{"instance_id": "a", "history": [asked(n, "Go.")]} for n in (1, 2)]
    first, second = sessions("\n".join(json.dumps(row) for row in rows).encode())
    assert first.native_id != second.native_id


def test_naive_times_are_utc() -> None:
    assert parse([asked(0, "Go.")]).started_us == 1_742_175_840_381_558


def test_the_zone_of_naive_times_shows_in_the_answers() -> None:
    told = answer("r1", "c1", prompt_tokens=1, completion_tokens=1)
    # Made at 01:44:20 UTC, told of at 10:44:21 on a clock without a zone.
    told["model_response"]["created"] = 1_742_175_860
    event = {
        **action(1, "run", args={"command": "ls"}, tool_call_metadata=told),
        "timestamp": "2025-03-17T10:44:21",
    }
    assert parse([event]).started_us == 1_742_175_861_000_000
    told["model_response"]["created"] = 1
    assert parse([event]).started_us == 1_742_208_261_000_000


def test_the_wrapping_of_a_task_is_no_prompt() -> None:
    words = (
        "\n<uploaded_files>\n/workspace/shop\n</uploaded_files>\n\nI've uploaded a repository.\n\n"
        "<issue_description>\nThe cart is empty\n\nMore.\n</issue_description>\n"
    )
    session = parse(
        [asked(0, words), asked(1, "Please continue working on the task.\nIMPORTANT: never ask.")]
    )
    injected, prompt, again = session.events
    assert (injected.kind, injected.injected) == ("message", True)
    assert prompt.text.startswith("I've uploaded a repository.")
    assert (again.kind, again.injected) == ("message", True)
    assert (session.cwd, session.title) == ("/workspace/shop", "The cart is empty")


@pytest.mark.parametrize(
    ("states", "end"),
    [
        (["running", "finished"], "finished"),
        (["running", "finished", "stopped"], "finished"),
        (["running", "awaiting_user_input"], "finished"),
        (["running", "stopped"], "interrupted"),
        (["running", "paused"], "interrupted"),
        (["running", "error"], "error"),
        (["running", "rate_limited"], "error"),
        (["running"], "running"),
    ],
)
def test_the_last_state_tells_the_end(states: list[str], end: str) -> None:
    changes = [
        observed(n, "agent_state_changed", None, extras={"agent_state": name})
        for n, name in enumerate(states, 1)
    ]
    session = parse([asked(0, "Go."), *changes])
    assert (session.end_state, kinds(session)) == (end, ["prompt"])


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (observed(2, "run", 1, extras={"metadata": {"exit_code": 1}}), "error"),
        (observed(2, "run", 1, extras={"exit_code": 0}), "ok"),
        (observed(2, "run", 1, extras={"metadata": {"exit_code": -1}}), "unknown"),
        (observed(2, "run", 1, success=False), "error"),
        (observed(2, "error", 1, "no such tool"), "error"),
        (observed(2, "user_rejected", 1), "rejected"),
        (observed(2, "null", 1), "ok"),
    ],
)
def test_how_a_call_ended(event: dict[str, Any], outcome: str) -> None:
    session = parse([action(1, "run", args={"command": "x"}), event])
    assert (session.events[-1].kind, session.events[-1].outcome) == ("tool_result", outcome)


def test_an_error_without_a_call_is_the_services() -> None:
    session = parse([asked(0, "Go."), observed(1, "error", None, "overloaded")])
    assert (kinds(session), session.end_state) == (["prompt", "api_error"], "error")


def test_tools_and_files() -> None:
    session = parse(
        [
            action(1, "read", args={"path": "/a"}),
            action(2, "edit", args={"path": "/a", "command": "create", "file_text": "x"}),
            action(3, "edit", args={"path": "/a", "command": "str_replace", "old_str": "x", "new_str": "y"}),
            action(4, "write", args={"path": "/b", "content": "z"}),
            action(5, "run_ipython", args={"code": "1+1"}),
            action(6, "browse", args={"url": "http://x"}),
            action(7, "call_tool_mcp", args={"name": "issues", "arguments": {}}),
            action(8, "delegate", args={"agent": "Browser", "inputs": {"task": "look"}}),
            asked(9, "TASK: look"),
        ]
    )
    calls = [e for e in session.events if e.kind == "tool_call"]
    assert [e.tool_kind for e in calls] == [
        "read",
        "write",
        "edit",
        "write",
        "other",
        "fetch",
        "mcp",
        "agent",
    ]
    assert [e.edits[0].new for e in calls if e.edits] == ["x", "y", "z"]
    assert [(e.kind, e.injected) for e in session.events if e.text == "TASK: look"] == [("message", True)]
    assert (session.events[-2].kind, session.events[-2].agent) == ("subagent", "Browser")
