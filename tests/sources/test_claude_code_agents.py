"""Claude Code transcripts: sub-agents in files of their own, in progress rows, and inline."""

import io

from claude_building import (
    OTHER,
    OWN,
    Rows,
    agent_rows,
    document,
    parse,
    progress,
    prompts,
    usage,
)

from debrief.model import total_tokens
from debrief.sources import Document


def test_a_sub_agents_own_file_belongs_to_the_session() -> None:
    companion = document(agent_rows(), f"{OWN}/subagents/agent-a7.jsonl")
    meta = Document(f"{OWN}/subagents/agent-a7.meta.json", lambda: io.BytesIO(b'{"agentType":"Explore"}'))
    session = parse([Rows().user("go"), Rows().says("Done.")], companion, meta)
    assert {event.agent for event in session.events} == {None, "a7"}
    assert [call.agent for call in session.model_calls] == [None, "a7"]
    assert prompts(session) == ["go"]
    assert [event.kind for event in session.events if event.agent] == ["subagent", "message", "message"]


def test_the_old_layout_belongs_only_where_the_content_says_so() -> None:
    main = [Rows().user("go")]
    assert {e.agent for e in parse(main, document(agent_rows(), "agent-a7.jsonl")).events} == {None, "a7"}
    foreign = document(agent_rows(session=OTHER), "agent-a7.jsonl")
    assert {event.agent for event in parse(main, foreign).events} == {None}


def test_a_sub_agents_rows_may_name_it_with_the_session() -> None:
    companion = document(
        agent_rows(session=f"{OWN}#agent-a7"), f"{OWN}/subagents/workflows/w1/agent-a7.jsonl"
    )
    session = parse([Rows().user("go"), Rows().says("Done.")], companion)
    assert [call.agent for call in session.model_calls] == [None, "a7"]
    assert session.fault_count == 0


def test_a_file_of_another_sessions_agent_is_not_passed_over_silently() -> None:
    foreign = document(agent_rows(session=OTHER), f"{OWN}/subagents/agent-a7.jsonl")
    session = parse([Rows().user("go")], foreign)
    assert {event.agent for event in session.events} == {None}
    assert session.faults == (
        f"{OWN}/subagents/agent-a7.jsonl: its rows are of another session, they are not counted here",
    )


def test_progress_rows_stand_in_for_a_missing_file_and_only_then() -> None:
    inner = agent_rows()
    main = [
        Rows().user("go"),
        progress("a7", inner[0], 1),
        progress("a7", inner[1], 2),
        progress("a7", inner[1], 3),
    ]
    alone = parse(main)
    assert [call.key for call in alone.model_calls] == ["msg_a7"]
    assert [event.text for event in alone.events if event.agent == "a7"][1:] == ["Look around", "Found it."]
    with_file = parse(main, document(inner, f"{OWN}/subagents/agent-a7.jsonl"))
    assert [event.text for event in with_file.events if event.agent == "a7"][1:] == [
        "Look around",
        "Found it.",
    ]
    assert len(with_file.model_calls) == 1


def test_what_a_task_says_about_its_tokens_is_not_counted() -> None:
    rows = Rows()
    done = {"status": "completed", "totalTokens": 99_000, "totalDurationMs": 1234, "usage": usage(500)}
    session = parse([rows.calls("Task", prompt="x"), rows.result("ok", toolUseResult=done)])
    assert total_tokens(session)[0].input is None
    assert session.events[1].duration_ms == 1234


def test_inline_side_chains_are_agents() -> None:
    rows = Rows()
    order = rows.user("Look around", isSidechain=True)
    answer = rows.says("Found it.", "m2", isSidechain=True, parentUuid=order["uuid"])
    other = rows.user("Another order", isSidechain=True)
    session = parse([rows.user("go"), order, answer, other, rows.says("Done.", "m3")])
    assert [event.agent for event in session.events] == [
        None,
        "sidechain-1",
        "sidechain-1",
        "sidechain-2",
        None,
    ]
    assert prompts(session) == ["go"]


def test_a_sub_agents_file_alone_is_a_session_of_its_own() -> None:
    session = parse(agent_rows(), name="agent-a7.jsonl")
    assert (session.native_id, session.relation, session.parent_id) == ("agent-a7", "subagent", OWN)
    assert (session.initial_user_message, prompts(session)) == ("Look around", [])
    assert session.end_state == "finished"
