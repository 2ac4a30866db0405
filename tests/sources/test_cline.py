"""Tasks of Cline, Roo Code and Kilo Code, trap by trap, through the public door. All made up."""

from typing import Any

import pytest
from cline_building import (
    BEGUN,
    ENVIRONMENT,
    MESSAGES,
    ROWS,
    ask,
    assistant,
    kinds,
    of,
    parse,
    request,
    result,
    say,
    tag,
    use,
    user,
)

from debrief.model import Tokens, total_tokens


def test_the_panels_rows_alone() -> None:
    session = parse(ROWS)
    assert kinds(session) == [
        "prompt",
        "message",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
    ]
    assert (session.agent, session.native_id, session.title) == ("Cline", str(BEGUN), "Fix the cart.")
    report, output = session.events[1], session.events[4]
    assert (report.injected, report.text) == (True, ENVIRONMENT)
    assert (output.command, output.text, output.outcome) == ("ls", "a.py", "unknown")
    assert (session.cwd, session.repository) == ("/work/shop", "https://github.com/acme/shop")
    assert session.commit == "071ca4d6a806adafa1322bc05c4b149944a75c72"
    assert (session.end_state, session.opaque_count, session.fault_count) == ("finished", 0, 0)


def test_tokens_and_cost_are_json_in_a_requests_text() -> None:
    session = parse(ROWS)
    assert total_tokens(session)[0] == Tokens(input=15, cache_read=80, cache_write=30, output=150)
    assert (session.native_cost_usd_micros, len(session.model_calls)) == (750_000, 2)
    assert {call.model for call in session.model_calls} == {"claude-x"}


def test_the_history_alone() -> None:
    session = parse(MESSAGES)
    assert kinds(session) == [
        "prompt",
        "message",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "message",
        "tool_call",
        "turn_end",
    ]
    assert (session.events[0].text, session.events[1].injected) == ("Fix the cart.", True)
    assert (session.events[5].call_id, session.events[5].outcome) == ("c1", "unknown")
    assert (session.end_state, session.cwd) == ("finished", "/work/shop")


def test_what_the_history_calls_cached_is_read_and_written_together() -> None:
    tokens, quality = total_tokens(parse(MESSAGES))
    assert tokens == Tokens(input=15, output=150)
    assert quality["cache_read"] == "missing"
    other = [{**m, "modelInfo": {"modelId": "gpt-x"}} if m["role"] == "assistant" else m for m in MESSAGES]
    assert total_tokens(parse(other))[0] == Tokens(input=15, cache_read=110, cache_write=0, output=150)


def test_both_files_are_one_conversation_and_one_spend() -> None:
    session = parse(ROWS, MESSAGES)
    assert [e.text for e in of(session, "prompt")] == ["Fix the cart."]
    assert [e.command for e in of(session, "tool_call")] == ["ls", None]
    assert total_tokens(session)[0] == Tokens(input=15, cache_read=80, cache_write=30, output=150)
    assert (len(session.model_calls), session.usage.rows, session.usage.repeated) == (2, 4, 2)
    assert session.native_cost_usd_micros == 750_000
    assert (session.events[0].ts_us, session.end_state) == ((BEGUN + 1000) * 1000, "finished")


def test_a_history_that_was_cut_down_gives_way_to_the_rows() -> None:
    rows = [say(0, "task", "Go."), *(request(n, 1, 1) for n in range(1, 9)), say(9, "text", "Still here.")]
    session = parse(rows, MESSAGES[:2])
    assert [e.text for e in of(session, "message") if not e.injected] == ["Still here."]


def test_each_feedback_is_a_prompt() -> None:
    rows = [
        say(0, "task", "Go."),
        request(1, 1, 1),
        say(2, "text", "So?"),
        say(3, "user_feedback", "No, blue."),
    ]
    assert [e.text for e in of(parse(rows), "prompt")] == ["Go.", "No, blue."]
    messages = [
        user("<task>\nGo.\n</task>"),
        assistant("So?"),
        user("<user_message>\nNo, blue.\n</user_message>"),
    ]
    both = parse([*rows, say(4, "user_feedback", "And big.")], messages)
    assert [e.text for e in of(both, "prompt")] == ["Go.", "No, blue.", "And big."]


def test_the_first_text_is_the_task_in_other_versions() -> None:
    session = parse([say(0, "text", "Go."), request(1, 1, 1), say(2, "text", "Done.")])
    assert [(e.kind, e.text) for e in session.events] == [("prompt", "Go."), ("message", "Done.")]


def test_what_was_not_finished_is_passed_over() -> None:
    rows = [
        say(0, "task", "Go."),
        say(1, "text", "I lo", partial=True),
        say(2, "text", "I look."),
        ask(3, "tool", {"tool": "readFile", "path": "a"}, partial=True),
        ask(4, "tool", {"tool": "readFile", "path": "a.py"}),
        say(5, "text", "And th", partial=True),
    ]
    session = parse(rows)
    assert kinds(session) == ["prompt", "message", "tool_call"]
    assert session.events[2].path == "a.py"


def test_a_whole_text_keeps_the_mark_where_a_call_follows() -> None:
    rows = [
        say(0, "task", "Go."),
        say(1, "text", "I look at the file.", partial=True),
        say(2, "tool", {"tool": "readFile", "path": "a.py"}),
    ]
    assert kinds(parse(rows)) == ["prompt", "message", "tool_call"]


@pytest.mark.parametrize(
    ("row", "end"),
    [
        (say(9, "completion_result", "Done."), "finished"),
        (ask(9, "followup", {"question": "Which?"}), "finished"),
        (ask(9, "plan_mode_respond", {"response": "A plan."}), "finished"),
        (ask(9, "resume_task"), "interrupted"),
        (ask(9, "resume_completed_task"), "finished"),
        (request(9, 1, 0, cancelReason="user_cancelled"), "interrupted"),
        (request(9, 1, 0, cancelReason="streaming_failed"), "error"),
        (ask(9, "api_req_failed", "overloaded"), "error"),
        (say(9, "error_retry", {"attempt": 3}), "error"),
        (ask(9, "mistake_limit_reached", "too many"), "error"),
        (ask(9, "command", "rm x"), "running"),
        (request(9, 1, 1), "running"),
    ],
)
def test_the_last_row_tells_the_end(row: dict[str, Any], end: str) -> None:
    assert parse([say(0, "task", "Go."), say(1, "text", "Hm."), row]).end_state == end


def test_a_changed_range_of_deleted_messages_is_a_compaction() -> None:
    rows = [
        say(0, "task", "Go."),
        say(1, "text", "a", conversationHistoryDeletedRange=[2, 9]),
        say(2, "text", "b", conversationHistoryDeletedRange=[2, 9]),
        say(3, "text", "c", conversationHistoryDeletedRange=[2, 19]),
        say(4, "condense_context", "", contextCondense={"cost": 0.1, "summary": "So far."}),
    ]
    session = parse(rows)
    assert len(of(session, "compaction")) == 3
    assert session.native_cost_usd_micros == 100_000


def test_failures_and_interruptions_are_told_beside_a_history() -> None:
    rows = [
        ROWS[0],
        ask(1, "api_req_failed", "overloaded"),
        request(2, 1, 0, cancelReason="user_cancelled"),
        *ROWS[1:],
    ]
    session = parse(rows, MESSAGES)
    assert [e.text for e in of(session, "api_error")] == ["overloaded"]
    assert len(of(session, "interrupt")) == 1
    cancelled = next(call for call in session.model_calls if call.lower_bound)
    assert cancelled.lower_bound == ("output",)


def test_older_versions_write_their_calls_as_tags() -> None:
    session = parse(
        [
            user("<task>\nGo.\n</task>\n\n" + ENVIRONMENT),
            assistant("<thinking>Hm.</thinking>\nI look.\n" + tag("execute_command", tag("command", "ls"))),
            user("[execute_command for 'ls'] Result:", "Command failed.\nExit code: 2", ENVIRONMENT),
            assistant(
                "<write_to_file>\n<path>a.md</path>\n<content>\n<b>x</b>\n</content>\n</write_to_file>"
            ),
            user(
                "[write_to_file for 'a.md'] Result:\nThe user denied this operation.\n"
                + tag("feedback", "No.")
            ),
        ]
    )
    calls, results = of(session, "tool_call"), of(session, "tool_result")
    assert [(e.tool_kind, e.command, e.path) for e in calls] == [
        ("shell", "ls", None),
        ("write", None, "a.md"),
    ]
    assert calls[1].edits[0].new == "<b>x</b>"
    assert [(e.outcome, e.exit_code) for e in results] == [("error", 2), ("rejected", None)]
    assert [e.call_id for e in results] == [e.call_id for e in calls]
    assert [e.text for e in of(session, "prompt")] == ["Go.", "No."]
    assert [e.text for e in of(session, "reasoning")] == ["Hm."]


def test_summaries_and_marks_of_what_was_cut_are_compactions_and_lone_thoughts_are_told() -> None:
    thought = {"type": "reasoning", "role": "assistant", "content": [], "summary": [{"text": "hm"}]}
    session = parse(
        [
            user("<task>\nfix it\n</task>", "<environment_details>\nx\n</environment_details>"),
            thought,
            assistant("Summary: so far", isSummary=True),
            {**user("## Conversation Summary"), "isSummary": True},
            {"role": "user", "content": "[10 messages hidden]", "isTruncationMarker": True},
            assistant("ok"),
        ]
    )
    told = [(event.kind, event.text) for event in session.events if not event.injected]
    assert told == [
        ("prompt", "fix it"),
        ("reasoning", "hm"),
        ("compaction", "Summary: so far"),
        ("compaction", "## Conversation Summary"),
        ("compaction", "[10 messages hidden]"),
        ("message", "ok"),
    ]


def test_of_several_calls_only_the_first_was_run() -> None:
    messages = [
        MESSAGES[0],
        assistant(use("a", "read_file", path="a.py"), use("b", "read_file", path="b.py")),
        user(
            "[read_file for 'a.py'] Result:\nx = 1",
            "Tool [read_file] was not executed because a tool has already been used in this message.",
            ENVIRONMENT,
        ),
    ]
    results = of(parse(messages), "tool_result")
    assert [(e.call_id, e.path, e.outcome) for e in results] == [
        ("a", "a.py", "ok"),
        ("b", "b.py", "cascade"),
    ]


def test_edits_searches_servers_and_agents() -> None:
    diff = "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE"
    session = parse(
        [
            MESSAGES[0],
            assistant(
                use("a", "replace_in_file", path="a.py", diff=diff),
                use("b", "search_files", path=".", regex="x"),
                use("c", "use_mcp_tool", server_name="issues", tool_name="get"),
                use("d", "use_subagents", prompts=["look"]),
                use("e", "ask_followup_question", question="Which?"),
            ),
            result("a", "The tool execution failed with the following error:\n<error>no</error>"),
            result("b", "Skipping tool due to user rejecting a previous tool."),
            result("c", "fine"),
        ]
    )
    calls = of(session, "tool_call")
    assert [e.tool_kind for e in calls] == ["edit", "search", "mcp", "agent", "ask"]
    assert [(e.old, e.new) for e in calls[0].edits] == [("x\n", "y\n")]
    assert calls[2].tool == "mcp__issues__get"
    assert [e.outcome for e in of(session, "tool_result")] == ["error", "cascade", "ok"]


def test_rows_of_tools_are_calls() -> None:
    session = parse(
        [
            say(0, "task", "Go."),
            say(1, "tool", {"tool": "editedExistingFile", "path": "a.py", "diff": "+x"}),
            ask(2, "tool", {"tool": "newFileCreated", "path": "b.py", "content": "y"}),
            say(3, "error", "Error writing file"),
            ask(4, "use_mcp_server", {"serverName": "issues", "toolName": "get", "type": "use_mcp_tool"}),
            say(5, "mcp_server_response", "fine"),
            say(6, "hologram"),
        ]
    )
    assert [e.tool_kind for e in of(session, "tool_call")] == ["edit", "write", "mcp"]
    assert [(e.tool, e.outcome) for e in of(session, "tool_result")] == [
        ("newFileCreated", "error"),
        ("mcp__issues__get", "ok"),
    ]
    assert session.opaque_count == 1


def test_spend_of_deleted_requests_and_of_sub_agents_counts() -> None:
    spent = {"tokensIn": 5, "tokensOut": 1, "cost": 0.1}
    session = parse([*ROWS, say(8, "deleted_api_reqs", spent), say(9, "subagent_usage", spent)])
    assert total_tokens(session)[0].input == 25
    assert [call.agent for call in session.model_calls] == [None, None, None, "subagents"]
    assert session.native_cost_usd_micros == 950_000


@pytest.mark.parametrize(
    ("protocol", "at", "taken", "fresh"),
    [
        (None, BEGUN, 100, 100),
        ("openai", 1_750_000_000_000, 100, 50),
        ("anthropic", 1_750_000_000_000, 100, 100),
        ("anthropic", BEGUN, 100, 50),
        ("anthropic", BEGUN, 10, 10),
    ],
)
def test_some_products_count_the_whole_prompt(protocol: str | None, at: int, taken: int, fresh: int) -> None:
    more = {"apiProtocol": protocol} if protocol else {}
    session = parse([{**request(0, taken, 1, 20, 30, **more), "ts": at}])
    assert total_tokens(session)[0] == Tokens(input=fresh, cache_read=30, cache_write=20, output=1)


def test_a_request_that_knows_no_better_than_zero_says_nothing() -> None:
    tokens, quality = total_tokens(parse([say(0, "task", "Go."), request(1, 0, 0)]))
    assert tokens == Tokens()
    assert quality["input"] == "missing"


def test_a_history_alone_tells_that_it_was_interrupted() -> None:
    resumed = user(
        "[TASK RESUMPTION] This task was interrupted 5 minutes ago.\n<user_message>\nGo on.\n</user_message>"
    )
    session = parse([MESSAGES[0], assistant("I look."), resumed])
    assert kinds(session) == ["prompt", "message", "message", "interrupt", "message", "prompt"]
    assert (
        parse([*ROWS, ask(9, "resume_task")], [MESSAGES[0], assistant("a"), resumed]).end_state
        == "interrupted"
    )
