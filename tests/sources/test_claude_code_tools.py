"""Claude Code transcripts: calls with their results, and tokens counted once."""

import json

import pytest
from claude_building import REFUSAL, Row, Rows, parse, usage

from debrief.model import total_tokens

# Tools


def test_a_call_and_its_result_hang_together() -> None:
    rows = Rows()
    session = parse(
        [
            rows.calls("Bash", command="make test", description="Run"),
            rows.result(
                "Exit code 2\nmake: failed", error=True, toolUseResult="Error: Exit code 2\nmake: failed"
            ),
        ]
    )
    call, result = session.events
    assert (call.kind, call.tool, call.tool_kind, call.command) == ("tool_call", "Bash", "shell", "make test")
    assert json.loads(call.args) == {"command": "make test", "description": "Run"}
    assert (result.call_id, result.tool, result.tool_kind, result.command) == (
        "call_1",
        "Bash",
        "shell",
        "make test",
    )
    assert (result.outcome, result.exit_code, result.is_error) == ("error", 2, True)


@pytest.mark.parametrize(
    ("text", "fields", "outcome"),
    [
        ("fine", {}, "ok"),
        ("fine", {"error": False}, "ok"),
        (
            f"{REFUSAL}. To tell you how to proceed, the user said:\nuse the other one",
            {"error": True},
            "rejected",
        ),
        ("no", {"error": True, "toolDenialKind": "user-rejected"}, "rejected"),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", {"error": True}, "cascade"),
        ("[Request interrupted by user for tool use]", {"error": True}, "interrupted"),
        ("part", {"toolUseResult": {"stdout": "part", "stderr": "", "interrupted": True}}, "interrupted"),
        ("broken", {"toolUseResult": "Error: broken"}, "error"),
        ("<tool_use_error>File does not exist.</tool_use_error>", {"error": True}, "error"),
    ],
)
def test_outcomes(text: str, fields: Row, outcome: str) -> None:
    rows = Rows()
    session = parse([rows.calls("Bash", command="x"), rows.result(text, **fields)])
    result = session.events[1]
    assert (result.outcome, result.text) == (outcome, text)


def test_result_content_may_be_blocks() -> None:
    rows = Rows()
    blocks = [{"type": "text", "text": "one"}, {"type": "image", "source": {}}, "two", 3]
    assert parse([rows.result(blocks)]).events[0].text == "one\n[image]\ntwo"


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("Bash", "shell"),
        ("Read", "read"),
        ("Grep", "search"),
        ("LS", "search"),
        ("Edit", "edit"),
        ("NotebookEdit", "edit"),
        ("Write", "write"),
        ("WebFetch", "fetch"),
        ("TodoWrite", "plan"),
        ("TaskUpdate", "plan"),
        ("EnterPlanMode", "plan"),
        ("Task", "agent"),
        ("Agent", "agent"),
        ("AskUserQuestion", "ask"),
        ("mcp__linear__create_issue", "mcp"),
        ("Skill", "other"),
    ],
)
def test_tool_kinds(tool: str, kind: str) -> None:
    assert parse([Rows().calls(tool)]).events[0].tool_kind == kind


def test_edits() -> None:
    rows = Rows()
    session = parse(
        [
            rows.calls("Edit", "c1", file_path="/a.py", old_string="x", new_string="y"),
            rows.calls(
                "MultiEdit", "c2", file_path="/b.py", edits=[{"old_string": "1", "new_string": "2"}, "junk"]
            ),
            rows.calls("Write", "c3", file_path="/c.py", content="all"),
        ]
    )
    edit, multi, write = session.events
    assert (edit.path, edit.edits[0].old, edit.edits[0].new) == ("/a.py", "x", "y")
    assert [part.new for part in multi.edits] == ["2", ""]
    assert (write.edits[0].old, write.edits[0].new) == ("", "all")


def test_call_ids_that_a_gateway_uses_again() -> None:
    rows = Rows()
    first, second = rows.calls("Bash", "Bash:0", command="a"), rows.calls("Bash", "Bash:0", command="b")
    second["message"]["id"] = "another"
    session = parse([first, rows.result("A", "Bash:0"), second, rows.result("B", "Bash:0")])
    assert [event.command for event in session.events] == ["a", "a", "b", "b"]
    assert session.events[0].call_id == session.events[1].call_id
    assert session.events[0].call_id != session.events[2].call_id == session.events[3].call_id


# Tokens


def test_one_response_in_several_rows_is_one_call_with_the_largest_numbers() -> None:
    rows = Rows()
    session = parse(
        [
            rows.user("go"),
            rows.assistant([{"type": "thinking", "thinking": "hm"}], usage=usage(1)),
            rows.says("Text.", usage=usage(40), stop="end_turn"),
            rows.says("Other.", "msg_2", usage=usage(5), stop="end_turn"),
        ]
    )
    tokens, quality = total_tokens(session)
    assert (tokens.input, tokens.cache_write, tokens.cache_read, tokens.output) == (20, 400, 6000, 45)
    assert (quality["output"], quality["reasoning"]) == ("exact", "missing")
    assert [call.event for call in session.model_calls] == [1, 3]


def test_without_any_stop_reason_the_output_is_a_lower_bound() -> None:
    _, quality = total_tokens(parse([Rows().says("Text.", usage=usage(3))]))
    assert (quality["output"], quality["input"]) == ("lower_bound", "exact")


def test_thinking_tokens_are_taken_out_of_the_output() -> None:
    row = Rows().says(
        "Text.", usage=usage(50, output_tokens_details={"thinking_tokens": 30}), stop="end_turn"
    )
    tokens, _ = total_tokens(parse([row]))
    assert (tokens.output, tokens.reasoning) == (20, 30)


def test_cache_writes_by_age_where_the_sum_is_not_stated() -> None:
    by_age = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    row = Rows().says("Text.", usage={"input_tokens": 1, "cache_creation": by_age})
    assert total_tokens(parse([row]))[0].cache_write == 7


@pytest.mark.parametrize(
    "stated", [None, {}, {"input_tokens": 0, "output_tokens": 0}, "much", {"input_tokens": "9"}]
)
def test_usage_that_says_nothing_is_missing_and_not_zero(stated: object) -> None:
    session = parse([Rows().says("Text.", usage=stated)])
    tokens, quality = total_tokens(session)
    assert (tokens.input, quality["input"], len(session.model_calls)) == (None, "missing", 1)


def test_rows_that_the_tool_wrote_itself_are_no_model_calls() -> None:
    row = Rows().says("No response requested.", over={"model": "<synthetic>"}, usage=usage(0))
    session = parse([row])
    assert session.model_calls == ()
    assert session.events[0].injected


def test_without_a_message_id_the_row_is_the_call() -> None:
    rows = Rows()
    session = parse([rows.assistant("a", None, usage=usage(1)), rows.assistant("b", None, usage=usage(2))])
    assert len(session.model_calls) == 2
