"""Conversations of OpenHands in which another agent does the work, driven by the Agent Client Protocol."""

from typing import Any

from openhands_building import event, kinds, named, parse, said, state, usage

from debrief.model import Tokens


def told(number: int, call: str, status: str, **fields: Any) -> dict[str, Any]:
    whole = {"raw_input": {}, "raw_output": None, "content": None, "is_error": False, **fields}
    return event("ACPToolCallEvent", number, tool_call_id=call, status=status, **whole)


def test_a_call_is_written_once_with_what_its_last_telling_knows() -> None:
    output = [{"type": "content", "content": {"type": "text", "text": "3 passed"}}]
    change = [{"type": "diff", "path": "/w/a.py", "old_text": "1", "new_text": "2"}]
    session = parse(
        state(),
        *named(
            said(1, "Fix it."),
            told(2, "c1", "pending", title="Terminal", tool_kind="execute"),
            told(3, "c2", "pending", title="Edit a.py", tool_kind="edit"),
            told(
                *(4, "c1", "completed"),
                title="pytest -q",
                tool_kind="execute",
                raw_input={"command": "pytest -q"},
                content=output,
            ),
            told(5, "c2", "completed", title="Edit /w/a.py", tool_kind="edit", content=change),
            told(6, "c1", "completed", title="pytest -q", tool_kind="execute"),
            told(7, "c3", "in_progress", title="npm test", tool_kind="execute"),
            told(8, "c4", "failed", title="Fetch", tool_kind="fetch", raw_output="no route"),
            said(9, "Done.", "agent"),
        ),
    )
    assert kinds(session) == [
        *("prompt", "tool_call", "tool_result", "tool_call", "tool_result", "tool_call", "tool_result"),
        *("tool_call", "message", "turn_end"),
    ]
    calls = [one for one in session.events if one.kind == "tool_call"]
    assert [(one.tool_kind, one.command, one.path) for one in calls] == [
        ("shell", "pytest -q", None),
        ("edit", None, "/w/a.py"),
        ("fetch", None, None),
        ("shell", "npm test", None),
    ]
    assert [(one.old, one.new) for one in calls[1].edits] == [("1", "2")]
    results = [one for one in session.events if one.kind == "tool_result"]
    assert [(one.text, one.outcome) for one in results] == [
        ("3 passed", "ok"),
        ("", "ok"),
        ("no route", "error"),
    ]


def test_the_cache_stands_beside_the_prompt_and_one_id_names_every_row() -> None:
    rows = [
        usage(12_000, 500, 9_000, 2_000, response_id="s1"),
        usage(8_000, 300, 5_000, 1_000, response_id="s1"),
    ]
    ledger = {
        "accumulated_token_usage": usage(20_000, 800, 14_000, 3_000),
        "accumulated_cost": 0.3,
        "token_usages": rows,
    }
    uses: dict[str, Any] = {"acp-managed": ledger}
    session = parse(state(**uses), *named(said(1, "Fix it.")))
    assert [one.tokens for one in session.model_calls] == [
        Tokens(input=12_000, cache_read=9_000, cache_write=2_000, output=500, reasoning=0),
        Tokens(input=8_000, cache_read=5_000, cache_write=1_000, output=300, reasoning=0),
    ]
