"""Grok's history and what lies beside it, trap by trap. Every transcript here is made up."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_agents import JUNK, assert_paired, document, kinds, lines, parse, results, said

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.grok import GROK

SYSTEM = {"type": "system", "content": "You are Grok 4.5 released by xAI."}
CONTEXT = {
    "type": "user",
    "content": [{"type": "text", "text": "<user_info>\nmacos\n</user_info>"}],
    "synthetic_reason": "environment_context",
}
SUMMARY = {
    "info": {"id": "019f0000-0000-7000-8000-000000000001", "cwd": "/work/shop"},
    "session_summary": "Fix it",
    "generated_title": "Fix the shop",
    "created_at": "2026-07-31T10:00:00Z",
    "last_active_at": "2026-07-31T10:05:00Z",
    "current_model_id": "grok-4.5",
    "git_remotes": ["git@github.com:acme/shop.git"],
    "head_commit": "abc",
    "head_branch": "main",
}


def user(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "user", "content": [{"type": "text", "text": words}], "prompt_index": 0, **fields}


def answer(words: str, *calls: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "type": "assistant",
        "content": words,
        "tool_calls": list(calls),
        "model_id": "grok-4.5",
        **fields,
    }


def call(own: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": own, "name": name, "arguments": json.dumps(arguments)}


def result(own: str, words: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_call_id": own, "content": words}


def update(second: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "timestamp": 1785492000 + second,
        "method": "session/update",
        "params": {"update": {"sessionUpdate": kind, **fields}},
    }


def used(prompt: str, **fields: Any) -> dict[str, Any]:
    usage = {
        "inputTokens": 1000,
        "cachedReadTokens": 800,
        "outputTokens": 50,
        "reasoningTokens": 30,
        **fields,
    }
    return update(60, "turn_completed", prompt_id=prompt, stop_reason="end_turn", usage=usage)


def beside(summary: Any = SUMMARY, *updates: Any) -> dict[str, bytes]:
    return {"summary.json": json.dumps(summary).encode(), "updates.jsonl": lines(*updates)}


RUN = [
    SYSTEM,
    CONTEXT,
    user("<user_query>\nFix it.\n</user_query>"),
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
    answer(
        "I look.", call("c1", "run_terminal_cmd", command="make"), call("c2", "read_file", target_file="a")
    ),
    result("c1", "exit: 2\nno rule"),
    result("c2", "body"),
    answer("Fixed."),
]


def test_a_history_becomes_a_session() -> None:
    session = parse("grok", *RUN, beside=beside())
    assert kinds(session) == [
        *("message", "message", "prompt", "reasoning", "message", "tool_call", "tool_call"),
        *("tool_result", "tool_result", "message"),
    ]
    assert said(session)[0] == ("prompt", "Fix it.")
    assert results(session) == [("run_terminal_cmd", "error", 2), ("read_file", "unknown", None)]
    assert [(e.command, e.path) for e in session.events if e.kind == "tool_call"] == [
        ("make", None),
        (None, "a"),
    ]
    assert_paired(session)
    assert (session.native_id, session.cwd) == (SUMMARY["info"]["id"], "/work/shop")  # type: ignore[index]
    assert (session.title, session.branch, session.commit) == ("Fix the shop", "main", "abc")
    assert session.repository == "git@github.com:acme/shop.git"
    assert (session.started_us, session.last_event_us) == (1_785_492_000_000_000, 1_785_492_300_000_000)
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert session.model_calls == ()


def test_the_updates_know_times_and_how_calls_came_out() -> None:
    session = parse(
        "grok",
        *RUN,
        beside=beside(
            SUMMARY,
            update(10, "tool_call", toolCallId="c1", status="pending"),
            update(12, "tool_call_update", toolCallId="c1", status="completed"),
            update(13, "tool_call_update", toolCallId="c2", status="failed"),
        ),
    )
    first, second = [event for event in session.events if event.kind == "tool_result"]
    # A command that ran to its end has been carried out; that it failed says its exit code.
    assert (first.outcome, first.exit_code, first.duration_ms) == ("error", 2, 2000)
    assert (second.outcome, second.ts_us) == ("error", 1_785_492_013_000_000)


def test_a_turns_usage_is_counted_once_a_model() -> None:
    by_model = {
        "grok-4.5": {"inputTokens": 600, "cachedReadTokens": 500, "outputTokens": 40, "reasoningTokens": 10},
        "grok-fast": {"inputTokens": 400, "cachedReadTokens": 300, "outputTokens": 10, "reasoningTokens": 5},
    }
    session = parse(
        "grok",
        *RUN,
        beside=beside(
            SUMMARY,
            used("p1", costUsdTicks=2_842_748_000),
            used("p1", costUsdTicks=2_842_748_000),
            used("p2", modelUsage=by_model),
        ),
    )
    assert {c.key: c.model for c in session.model_calls} == {
        "p1:grok-4.5": "grok-4.5",
        "p2:grok-4.5": "grok-4.5",
        "p2:grok-fast": "grok-fast",
    }
    assert session.model_calls[0].tokens == Tokens(input=200, cache_read=800, output=20, reasoning=30)
    assert session.model_calls[0].cost_usd_micros == 284_275
    assert total_tokens(session)[0] == Tokens(input=400, cache_read=1600, output=55, reasoning=45)
    assert (session.usage.rows, session.usage.repeated) == (4, 1)


def test_usage_that_calls_itself_incomplete_is_a_lower_bound() -> None:
    session = parse("grok", *RUN, beside=beside(SUMMARY, used("p1", usageIsIncomplete=True, costUsdTicks=5)))
    assert total_tokens(session)[1]["input"] == "lower_bound"
    assert session.model_calls[0].cost_usd_micros is None


def test_rows_of_the_older_kind() -> None:
    session = parse(
        "grok",
        {"role": "system", "content": "You are Grok"},
        {"role": "user", "content": "look"},
        {
            "role": "assistant",
            "content": "Reading.",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "c1", "function": {"name": "read_file", "arguments": '{"target_file":"a"}'}}
            ],
            "model_id": "grok-4.5",
        },
        {"role": "tool", "content": "body", "tool_call_id": "c1"},
        {"type": "assistant", "content": "Checked.", "model_id": "grok-4.5"},
        beside=beside(),
    )
    assert said(session) == [
        ("prompt", "look"),
        ("reasoning", "hm"),
        ("message", "Reading."),
        ("message", "Checked."),
    ]
    assert_paired(session)


def test_what_the_tool_puts_in_a_users_place_is_no_prompt_but_an_interjection_is() -> None:
    session = parse(
        "grok",
        SYSTEM,
        user("rules", synthetic_reason="project_instructions"),
        user("<system-reminder>x</system-reminder>\nand this", synthetic_reason="interjection"),
        user("<user_info>only context</user_info>"),
    )
    assert said(session) == [("prompt", "and this")]
    assert kinds(session).count("message") == 4


def test_a_turn_that_was_stopped_says_so_in_the_next_prompt() -> None:
    session = parse("grok", *RUN[:4], user("again", prior_turn_interrupt="mid_turn_abort"))
    assert kinds(session)[-2:] == ["interrupt", "prompt"]
    stopped = update(9, "turn_completed", prompt_id="p", stop_reason="cancelled")
    assert parse("grok", *RUN[:4], beside=beside(SUMMARY, stopped)).end_state == "interrupted"


def test_the_words_around_what_a_person_said_meanwhile_are_not_theirs() -> None:
    session = parse(
        "grok",
        *RUN,
        user(
            "The user sent a message while you were working:\n<user_query>\nalso add tests\n</user_query>\n"
            "After replying, complete any unfinished tasks."
        ),
        user("The user wrote: <user_query> is a tag"),
    )
    assert said(session)[-2:] == [
        ("prompt", "also add tests"),
        ("prompt", "The user wrote: <user_query> is a tag"),
    ]
    assert [event.text for event in session.events if event.injected][-2:] == [
        "The user sent a message while you were working:",
        "After replying, complete any unfinished tasks.",
    ]


@pytest.mark.parametrize(("reason", "state"), [("interrupted", "interrupted"), ("end_turn", "running")])
def test_how_the_last_turn_stopped(reason: str, state: str) -> None:
    ended = update(9, "turn_completed", prompt_id="p", stop_reason=reason)
    assert parse("grok", SYSTEM, user("go"), beside=beside(SUMMARY, ended)).end_state == state


def test_a_tool_of_the_models_service_is_told_once() -> None:
    search = {"type": "search", "query": "q"}
    session = parse(
        "grok",
        SYSTEM,
        user("find"),
        {
            "type": "backend_tool_call",
            "kind": {"tool_type": "web_search", "action": search, "id": "ws_1", "status": "completed"},
        },
        answer("So.", raw_output=[{"type": "web_search_call", "id": "ws_1", "action": search}]),
    )
    assert results(session) == [("web_search", "ok", None)]
    assert [e.tool_kind for e in session.events if e.kind == "tool_call"] == ["fetch"]


def test_edits_are_read() -> None:
    session = parse(
        "grok",
        SYSTEM,
        user("edit"),
        answer("", call("c1", "search_replace", file_path="a.py", old_string="1", new_string="2")),
    )
    event = session.events[-1]
    assert (event.tool_kind, event.path, event.edits[0].new) == ("edit", "a.py", "2")
    assert session.end_state == "running"


@pytest.mark.parametrize(
    ("fields", "relation", "parent"),
    [
        ({"session_kind": "subagent"}, "subagent", None),
        ({"session_kind": "subagent", "parent_session_id": "p"}, "subagent", "p"),
        ({"parent_session_id": "p"}, "fork", "p"),
        ({}, None, None),
    ],
)
def test_whose_session_it_is(fields: dict[str, Any], relation: str | None, parent: str | None) -> None:
    session = parse("grok", *RUN, beside=beside({**SUMMARY, **fields}))
    assert (session.relation, session.parent_id) == (relation, parent)


def test_a_history_alone_has_an_id_that_stays_while_it_grows_and_a_fault() -> None:
    alone, grown = parse("grok", *RUN[:5]), parse("grok", *RUN)
    assert alone.native_id == grown.native_id
    assert alone.faults[0].startswith("line 1: the history does not say its session's id")


def test_what_is_unknown_is_kept_and_what_is_broken_is_a_fault() -> None:
    session = parse(
        "grok", *RUN, {"type": "hologram"}, "nonsense", '{"type":"us', beside=beside(SUMMARY, "x")
    )
    assert (session.opaque_count, session.fault_count, session.end_state) == (3, 3, "truncated")


def test_a_history_in_which_nobody_spoke_is_no_session() -> None:
    with pytest.raises(NotATranscript, match="without a single message"):
        list(GROK.parse(Transcript(document("x", lines(SYSTEM))), lambda text: text))


@pytest.mark.parametrize(
    "row",
    [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hi"},
        {"type": "assistant", "message": {"model_id": "x"}, "model_id": "x"},
        {"type": "assistant", "content": "x", "model_id": "m", "sessionId": "s"},
        {"type": "system", "content": "You are another"},
        {"type": ["user"], "prompt_index": 0},
        SUMMARY,
        [],
    ],
)
def test_other_content_is_refused(row: Any) -> None:
    assert not GROK.recognises(lines(row))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["user", "assistant", "tool_result", "reasoning", "backend_tool_call"])}
            | dict.fromkeys(("content", "tool_calls", "raw_output", "kind", "summary", "reasoning"), JUNK)
            | dict.fromkeys(("tool_call_id", "model_id", "synthetic_reason", "prior_turn_interrupt"), JUNK)
        )
        | JUNK,
        max_size=5,
    ),
    st.dictionaries(st.sampled_from(sorted(SUMMARY)), JUNK),
    st.fixed_dictionaries({"params": st.fixed_dictionaries({"update": JUNK}), "timestamp": JUNK}),
)
def test_wrong_types_in_any_field_never_raise(rows: list[Any], summary: Any, row: Any) -> None:
    assert parse("grok", *RUN, *rows, beside=beside(summary, row)).native_id
