"""OpenHands' conversations, trap by trap, through the public door. Every transcript here is made up."""

import json
from typing import Any

import pytest
from openhands_building import (
    NO_TOKENS,
    called,
    event,
    kinds,
    named,
    parse,
    said,
    seen,
    sessions,
    state,
    text,
    usage,
)

from debrief.model import Tokens, total_tokens


def test_a_conversations_folder_is_one_session() -> None:
    session = parse(
        state(agent={"accumulated_token_usage": usage(100, 20, 60, 10, 5), "accumulated_cost": 0.5}),
        *named(
            event("SystemPromptEvent", 0, system_prompt={"text": "You are an agent."}),
            said(1, "List the files."),
            called(2, "terminal", "c1", kind="TerminalAction", command="ls"),
            seen(3, "terminal", "c1", "a.py", kind="TerminalObservation", exit_code=0),
            said(4, "One file.", "agent"),
        ),
    )
    assert kinds(session) == [
        "message",
        "prompt",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
    ]
    assert (session.native_id, session.cwd, session.title) == (
        "conversation-1",
        "/work/shop",
        "List the files.",
    )
    assert session.events[0].injected
    result = session.events[4]
    assert (result.command, result.text, result.outcome, result.exit_code) == ("ls", "a.py", "ok", 0)
    assert total_tokens(session)[0] == Tokens(input=30, cache_read=60, cache_write=10, output=15, reasoning=5)
    assert (session.native_cost_usd_micros, session.end_state) == (500_000, "finished")
    assert (session.opaque_count, session.fault_count) == (0, 0)


def test_the_uses_of_models_are_added_up() -> None:
    session = parse(
        state(
            agent={"accumulated_token_usage": usage(100, 20), "accumulated_cost": 0.2},
            condenser={"accumulated_token_usage": usage(30, 5), "accumulated_cost": 0.1},
            idle={"accumulated_token_usage": usage(0, 0), "accumulated_cost": 0.0},
        )
    )
    assert total_tokens(session)[0].input == 130
    assert total_tokens(session)[0].output == 25
    assert session.native_cost_usd_micros == 300_000
    assert len(session.model_calls) == 2


def test_a_ledgers_rows_repeat_its_sum() -> None:
    rows = [usage(100, 20, response_id="r1"), usage(50, 10, response_id="r2")]
    ledger = {"accumulated_token_usage": usage(150, 30), "token_usages": rows}
    session = parse(state(agent=ledger), *named(called(0, "terminal", "c", "r2", command="ls")))
    assert [(call.key, call.tokens.input) for call in session.model_calls] == [("r1", 100), ("r2", 50)]
    assert session.model_calls[1].event == 0
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.input) == (3, 1, 300)


def test_what_a_ledger_holds_beyond_its_rows_is_one_more_call() -> None:
    ledger = {
        "accumulated_token_usage": usage(150, 30),
        "token_usages": [usage(100, 20, response_id="r1"), usage(100, 20, response_id="r1")],
    }
    session = parse(state(agent=ledger))
    assert [call.tokens.input for call in session.model_calls] == [100, 50]
    assert total_tokens(session)[0].output == 30


def test_the_zone_of_naive_times_shows_in_the_costs() -> None:
    ledger = {
        "token_usages": [usage(1, 1, response_id="r1")],
        "costs": [{"model": "m", "cost": 0.1, "timestamp": 1_769_028_000.0}],
    }
    # Answered at 20:40:00 UTC, told of at 13:40:02 on a clock without a zone.
    first = {**called(0, "terminal", "c", command="ls"), "timestamp": "2026-01-21T13:40:02"}
    assert parse(state(agent=ledger), *named(first)).started_us == 1_769_028_002_000_000


def test_older_states_name_their_fields_otherwise() -> None:
    old = {
        "id": "c",
        "agent": {"kind": "Agent", "llm": {"service_id": "x"}},
        "agent_status": "paused",
        "conversation_stats": {"service_to_metrics": {"x": {"accumulated_token_usage": usage(7, 3)}}},
    }
    session = parse(old)
    assert (session.end_state, total_tokens(session)[0].input) == ("interrupted", 7)


def test_events_alone_have_no_tokens_at_all() -> None:
    session = parse([said(0, "Hello."), said(1, "Hi.", "agent")])
    tokens, quality = total_tokens(session)
    assert tokens == NO_TOKENS
    assert set(quality.values()) == {"missing"}
    assert (session.native_id, session.end_state) == ("event-0", "finished")


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("finished", "finished"),
        ("error", "error"),
        ("stuck", "error"),
        ("paused", "interrupted"),
        ("running", "running"),
        ("waiting_for_confirmation", "running"),
        ("idle", "unknown"),
    ],
)
def test_the_state_tells_the_end(status: str, end: str) -> None:
    assert parse(state(status)).end_state == end


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (said(9, "Done.", "agent"), "finished"),
        (said(9, "More?"), "running"),
        (called(9, "terminal", "c", command="ls"), "running"),
        (seen(9, "finish", "c", "Done.", kind="FinishObservation"), "finished"),
        (event("PauseEvent", 9, "user"), "interrupted"),
        (event("InterruptEvent", 9, "user"), "interrupted"),
        (event("ConversationErrorEvent", 9, "environment", code="MaxIterations", detail="500"), "error"),
    ],
)
def test_without_a_state_the_last_event_tells_the_end(last: dict[str, Any], end: str) -> None:
    assert parse([said(0, "Go."), last]).end_state == end


def test_what_the_program_adds_is_no_prompt() -> None:
    session = parse([said(0, "Go.", extended_content=text("<skill>Be neat.</skill>"))])
    assert [(e.kind, e.text, e.injected) for e in session.events] == [
        ("prompt", "Go.", False),
        ("message", "<skill>Be neat.</skill>", True),
    ]


def test_parallel_calls_of_one_answer_are_one_model_call() -> None:
    ledger = {"accumulated_token_usage": usage(10, 2), "token_usages": [usage(10, 2, response_id="r1")]}
    session = parse(
        state(agent=ledger),
        *named(called(0, "terminal", "a", command="ls"), called(1, "terminal", "b", command="pwd")),
    )
    assert [call.event for call in session.model_calls] == [0]
    assert [e.call_id for e in session.events if e.kind == "tool_call"] == ["a", "b"]


@pytest.mark.parametrize(
    ("observation", "outcome", "code"),
    [
        ({"exit_code": 0}, "ok", 0),
        ({"exit_code": 2}, "error", 2),
        ({"exit_code": -1, "timeout": True}, "unknown", None),
        ({"metadata": {"exit_code": 127}}, "error", 127),
        ({"is_error": True}, "error", None),
    ],
)
def test_how_a_command_ended(observation: dict[str, Any], outcome: str, code: int | None) -> None:
    session = parse([called(0, "terminal", "c", command="x"), seen(1, "terminal", "c", "out", **observation)])
    assert (session.events[-1].outcome, session.events[-1].exit_code) == (outcome, code)


def test_rejections_and_errors_of_calls() -> None:
    answer = {"tool_name": "terminal", "tool_call_id": "c"}
    session = parse(
        [
            called(0, "terminal", "c", command="rm x"),
            event("UserRejectObservation", 1, "environment", rejection_reason="No.", **answer),
            event(
                "UserRejectObservation",
                2,
                "environment",
                rejection_source="hook",
                rejection_reason="-",
                **answer,
            ),
            event("AgentErrorEvent", 3, error="no such tool", **answer),
        ]
    )
    assert [e.outcome for e in session.events if e.kind == "tool_result"] == ["rejected", "error", "error"]


def test_files_are_edited_written_and_read() -> None:
    session = parse(
        [
            called(0, "file_editor", "a", command="view", path="/a"),
            called(1, "file_editor", "b", command="create", path="/a", file_text="x"),
            called(2, "file_editor", "c", command="str_replace", path="/a", old_str="x", new_str="y"),
            called(3, "task_tracker", "d", command="plan"),
            called(4, "fetch_issue", "e", kind="MCPToolAction", data={"number": 3}),
        ]
    )
    calls = [e for e in session.events if e.kind == "tool_call"]
    assert [(e.tool_kind, e.path) for e in calls] == [
        ("read", "/a"),
        ("write", "/a"),
        ("edit", "/a"),
        ("plan", None),
        ("mcp", None),
    ]
    assert [(e.edits[0].old, e.edits[0].new) for e in calls if e.edits] == [("", "x"), ("x", "y")]


def test_condensations_reasoning_and_the_updates_of_a_server() -> None:
    stats = [{"usage_to_metrics": {"d": {"accumulated_token_usage": usage(n, n)}}} for n in (10, 30)]
    lines = [
        event("ConversationStateUpdateEvent", 0, "environment", key="stats", value=stats[0]),
        {**called(1, "terminal", "c", command="ls"), "reasoning_content": "Hm."},
        event(
            "Condensation", 2, "environment", summary="So far.", forgotten_event_ids=[], llm_response_id="r"
        ),
        event("ConversationStateUpdateEvent", 3, "environment", key="stats", value=stats[1]),
        event("ConversationStateUpdateEvent", 4, "environment", key="execution_status", value="error"),
    ]
    session = parse("\n".join(json.dumps(line) for line in lines).encode())
    assert kinds(session) == ["reasoning", "message", "tool_call", "compaction"]
    assert (session.events[0].line, session.end_state) == (2, "error")
    assert total_tokens(session)[0].input == 30


def test_an_agent_that_it_started_is_a_part_of_it() -> None:
    session = parse(
        state("finished"),
        *named(said(0, "Go.")),
        ("subagents/kid/events/event-00000-k.json", said(7, "Do a part.")),
        ("subagents/kid/base_state.json", state("error")),
    )
    assert [(e.kind, e.agent) for e in session.events] == [
        ("prompt", None),
        ("subagent", "kid"),
        ("message", "kid"),
    ]
    assert session.end_state == "finished"


def test_what_the_cloud_gives_to_download_is_one_session() -> None:
    meta = {
        "id": "conversation-1",
        "title": "Mend the cart",
        "selected_repository": "acme/shop",
        "selected_branch": "main",
        "llm_model": "m-1",
        "parent_conversation_id": "conversation-0",
        "metrics": {"accumulated_cost": 0.5, "accumulated_token_usage": {"prompt_tokens": 10}},
    }
    several = [("event_000002_b.json", said(3, "Done.", "agent")), ("event_000001_a.json", said(2, "And b."))]
    session = parse(said(1, "Fix a."), *several, ("meta.json", meta))
    assert [event.text for event in session.events if event.kind != "turn_end"] == [
        "Fix a.",
        "And b.",
        "Done.",
    ]
    assert (session.native_id, session.title, session.repository, session.branch) == (
        *("conversation-1", "Mend the cart", "acme/shop", "main"),
    )
    assert (session.relation, session.parent_id) == ("subagent", "conversation-0")
    assert [(one.model, one.tokens.input) for one in session.model_calls] == [("m-1", 10)]


def test_each_row_of_an_evaluation_is_a_session() -> None:
    def row(number: int, **fields: Any) -> dict[str, Any]:
        history = [said(number, "Fix it."), called(number + 1, "terminal", "c1", command="ls")]
        metrics = {"model_name": "m", "accumulated_token_usage": usage(100, 20, 60, 10, 5)}
        return {"instance_id": f"django-{number}", "history": history, "metrics": metrics, **fields}

    content = "\n".join(json.dumps(one) for one in (row(1), row(5, error="no more")))
    first, second = sessions(content.encode())
    assert [one.native_id for one in (first, second)] == ["django-1-event-1", "django-5-event-5"]
    assert total_tokens(first)[0] == Tokens(input=30, cache_read=60, cache_write=10, output=15, reasoning=5)
    assert (first.end_state, second.end_state) == ("running", "error")
    assert first.initial_user_message == "Fix it."


def test_what_the_agent_tells_its_model_in_a_persons_name_is_no_prompt() -> None:
    blocked = "Your previous response was blocked by the model's content filter. Please continue."
    task = "<uploaded_files>\n/w\n</uploaded_files>\nFix it"
    session = parse(state(), *named(said(1, task), said(2, blocked)))
    assert [(event.text, event.injected) for event in session.events] == [
        ("<uploaded_files>\n/w\n</uploaded_files>", True),
        ("Fix it", False),
        (blocked, True),
    ]


def test_events_are_read_in_the_order_of_their_numbers() -> None:
    several = [
        ("events/event-100000-x.json", said(3, "last")),
        ("events/event-99999-y.json", said(2, "before")),
    ]
    assert [event.text for event in parse(state(), *several).events] == ["before", "last"]
