"""ATIF, trap by trap, through the public door. Every trajectory here is made up."""

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
    totals,
    trajectory,
    used,
    user_step,
)

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import sniff
from debrief.sources.formats.atif import ATIF


def test_a_trajectory_becomes_a_session() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step(
                "I look.",
                timestamp="2026-11-02T10:00:05Z",
                reasoning_content="Where is it?",
                tool_calls=[call("bash", command="ls")],
                observation={"results": [result("a.py")]},
                metrics=used(100, 20, 60),
            ),
            agent_step("Done.", timestamp="2026-11-02T10:00:09Z", metrics=used(120, 5, 100)),
        )
    )
    assert kinds(session) == ["prompt", "reasoning", "message", "tool_call", "tool_result", "message"]
    ran = of_kind(session, "tool_result")[0]
    assert (ran.command, ran.call_id, ran.outcome, ran.ts_us) == ("ls", "c1", "unknown", None)
    assert (session.native_id, session.agent, session.agent_version) == ("run-1", "some-agent", "1.2")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert session.started_us == 1793613600000000
    assert total_tokens(session)[0] == Tokens(input=60, cache_read=160, output=25)
    assert [c.event for c in session.model_calls] == [1, 5]


@pytest.mark.parametrize("version", [f"ATIF-v1.{minor}" for minor in range(9)])
def test_every_version_is_recognised(version: str) -> None:
    assert atif(trajectory(TASK, schema_version=version)).initial_user_message == "Fix the bug"


def test_a_look_alike_is_refused_by_the_name_of_its_schema() -> None:
    look_alike = trajectory(TASK, schema_version="cursor-jsonl-v1")
    with pytest.raises(NotATranscript, match="'cursor-jsonl-v1'"):
        sniff(json.dumps(look_alike).encode())


def test_a_chat_with_steps_of_another_kind_is_no_trajectory() -> None:
    assert not ATIF.recognises(json.dumps({"steps": [{"step_id": 1, "type": "user"}]}).encode())
    assert not ATIF.recognises(json.dumps(trajectory(TASK, schema_version=7)).encode())
    assert ATIF.recognises(json.dumps(trajectory(user_step("x" * 90_000))).encode()[:65536])


@pytest.mark.parametrize(
    ("agent", "fresh"),
    [("codex", 10), ("opencode", 40), ("rovodev-cli", 40)],
)
def test_cache_writes_lie_within_the_prompt_or_beside_it(agent: str, fresh: int) -> None:
    step = agent_step("x", metrics=used(100, 5, 60, cache_write_input_tokens=30))
    tokens = atif(trajectory(TASK, step, agent=agent)).model_calls[0].tokens
    assert tokens == Tokens(input=fresh, cache_read=60, cache_write=30, output=5)


def test_writes_that_cannot_lie_within_the_prompt_lie_beside_it_in_every_step() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step("a", metrics=used(52, 9, 50, cache_creation_input_tokens=900)),
            agent_step("b", metrics=used(960, 9, 950, cache_creation_input_tokens=10)),
        )
    )
    assert total_tokens(session)[0] == Tokens(input=12, cache_read=1000, cache_write=910, output=18)


def test_reasoning_lies_within_the_completion() -> None:
    step = agent_step("x", metrics=used(100, 50, 0, reasoning_output_tokens=30))
    assert atif(trajectory(TASK, step)).model_calls[0].tokens == Tokens(
        input=100, cache_read=0, output=20, reasoning=30
    )


def test_what_the_totals_hold_beyond_the_steps_is_one_further_call() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step("a", metrics=used(100, 10, 40)),
            agent_step("b"),
            agent_step("c", metrics=used(0, 0, 0)),
            final_metrics=totals(350, 35, 140),
        )
    )
    sums, quality = total_tokens(session)
    assert sums == Tokens(input=210, cache_read=140, output=35)
    assert (quality["input"], quality["cache_read"], quality["output"]) == ("exact", "exact", "exact")
    assert len(session.model_calls) == 2
    assert session.usage.rows == 1


def test_totals_that_the_steps_make_up_add_nothing() -> None:
    session = atif(
        trajectory(TASK, agent_step("a", metrics=used(100, 10)), final_metrics=totals(100, 10, total_steps=2))
    )
    assert [c.tokens for c in session.model_calls] == [Tokens(input=100, output=10)]
    assert session.fault_count == 0


def test_a_step_without_cached_tokens_had_none_where_the_total_is_stated() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step("a", metrics=used(100, 10)),
            agent_step("b", metrics=used(100, 10, 90)),
            final_metrics=totals(200, 20, 90),
        )
    )
    assert total_tokens(session)[1]["cache_read"] == "exact"


def test_zeros_are_no_measurement() -> None:
    session = atif(
        trajectory(TASK, agent_step("a", metrics=used(0, 0, 0)), agent_step("b", metrics=used(9, 1)))
    )
    sums, quality = total_tokens(session)
    assert (sums.input, quality["input"]) == (9, "lower_bound")


def test_a_step_without_a_call_of_the_model_counts_none() -> None:
    step = agent_step("sent on", llm_call_count=0)
    assert atif(trajectory(TASK, step)).model_calls == ()


def test_output_of_a_response_that_had_not_ended_is_a_lower_bound() -> None:
    steps = [
        agent_step("a", metrics=used(9, 1), extra={"stop_reason": None}),
        agent_step("b", metrics=used(9, 70), extra={"stop_reason": "end_turn"}),
    ]
    session = atif(trajectory(TASK, *steps, agent="claude-code"))
    assert [c.lower_bound for c in session.model_calls] == [("output",), ()]


def test_copied_steps_are_replayed_and_not_counted() -> None:
    session = atif(
        trajectory(
            user_step("old", is_copied_context=True),
            agent_step("older", metrics=used(900, 90), is_copied_context=True),
            user_step("go on"),
            agent_step("new", metrics=used(10, 1)),
            final_metrics=totals(910, 91),
        )
    )
    assert [event.replayed for event in session.events] == [True, True, False, False]
    assert total_tokens(session)[0] == Tokens(input=10, output=1)
    assert (session.usage.rows, session.usage.replayed) == (2, 1)
    assert session.title == "go on"


def test_a_continuation_names_its_parent_and_does_not_count_the_earlier_parts_totals() -> None:
    session = atif(
        trajectory(
            TASK,
            agent_step("x", metrics=used(10, 1)),
            session_id="run-1-cont-2",
            final_metrics=totals(500, 50, total_cost_usd=3.0),
        )
    )
    assert (session.relation, session.parent_id) == ("continuation", "run-1-cont-1")
    assert total_tokens(session)[0].input == 10
    assert session.native_cost_usd_micros is None


@pytest.mark.parametrize("constant", ["copilot-cli", "unknown", "devin-unknown-session"])
def test_an_id_that_a_converter_gives_to_all_names_none(constant: str) -> None:
    one, same, other = (
        atif(trajectory(TASK, agent_step(words), agent="copilot-cli", session_id=constant))
        for words in ("x", "x", "y")
    )
    assert one.native_id == same.native_id != other.native_id
    assert constant not in (one.native_id, other.native_id)


def test_what_terminus_hands_itself_over_is_no_prompt() -> None:
    handed = {"source": "user", "message": "Here are the answers the other agent provided.\n\n42"}
    session = atif(trajectory(TASK, agent_step("x"), handed, agent_step("y"), agent="terminus-2"))
    assert [event.kind for event in session.events].count("prompt") == 1
    assert [event.text for event in session.events if event.injected] == [handed["message"]]


def test_a_trajectory_that_goes_on_elsewhere_says_so() -> None:
    session = atif(
        trajectory(
            TASK, agent_step("x"), session_id="run-1", continued_trajectory_ref="trajectory.cont-1.json"
        )
    )
    assert session.relation is None
    assert (session.end_state, "trajectory.cont-1.json" in session.end_reason) == ("finished", True)


def child(name: str, **fields: Any) -> dict[str, Any]:
    found = trajectory(user_step("Sum it up"), agent_step("summary", metrics=used(50, 5)), **fields)
    return found | {"trajectory_id": name, "session_id": name}


def test_an_embedded_sub_agent_is_read_where_it_is_referred_to() -> None:
    root = trajectory(
        TASK,
        acting(
            call("task", prompt="go"),
            results=[result("ok", subagent_trajectory_ref=[{"trajectory_id": "sub"}])],
            metrics=used(10, 1),
        ),
        agent_step("end"),
        subagent_trajectories=[child("sub"), child("stray")],
        final_metrics=totals(110, 11),
    )
    session = atif(root)
    assert [(e.kind, e.agent) for e in session.events] == [
        ("prompt", None),
        ("tool_call", None),
        ("tool_result", None),
        ("subagent", "sub"),
        ("message", "sub"),
        ("message", "sub"),
        ("message", None),
        ("subagent", "stray"),
        ("message", "stray"),
        ("message", "stray"),
    ]
    # The totals count the sub-agents in: nothing is left.
    assert total_tokens(session)[0] == Tokens(input=110, output=11)
    assert [c.agent for c in session.model_calls] == ["sub", "stray", None]
    assert session.events[4].injected
    assert len(of_kind(session, "prompt")) == 1


def test_a_sub_agent_in_a_file_beside_is_read_once_and_a_missing_one_is_told() -> None:
    refs = [
        {"session_id": "s-1", "trajectory_path": "trajectory.summarization-1-summary.json"},
        {"session_id": "s-2", "trajectory_path": "gone.json", "extra": {"summary": "Questions"}},
    ]
    root = trajectory(
        TASK,
        {
            "source": "system",
            "message": "Performed context summarization and handoff to continue task.",
            "observation": {
                "results": [{"subagent_trajectory_ref": refs}, {"subagent_trajectory_ref": refs}]
            },
        },
    )
    session = atif(root, **{"trajectory.summarization-1-summary.json": child("s-1")})
    assert kinds(session) == ["prompt", "compaction", "subagent", "message", "message", "subagent"]
    assert session.events[-1].text == "Questions"
    assert session.model_calls[0].agent == "s-1"


def test_a_sub_agents_own_file_names_its_parent() -> None:
    session = atif(
        child("s-1") | {"agent": {"name": "t", "version": "1", "extra": {"parent_session_id": "p"}}}
    )
    assert (session.relation, session.parent_id) == ("subagent", "p")


def test_a_sub_agent_that_refers_to_itself_ends() -> None:
    loop = child("loop")
    loop["steps"][1]["observation"] = {
        "results": [result("x", None, subagent_trajectory_ref=[{"trajectory_id": "loop"}])]
    }
    session = atif(trajectory(TASK, subagent_trajectories=[loop]))
    assert kinds(session).count("subagent") == 1


def test_where_and_on_what_branch_is_read_from_the_converters_extra() -> None:
    agent = {
        "name": "claude-code",
        "version": "unknown",
        "extra": {"cwds": ["/src"], "git_branches": ["HEAD", "dev"]},
    }
    session = atif(trajectory(TASK) | {"agent": agent})
    assert (session.agent, session.agent_version) == ("Claude Code", None)
    assert (session.cwd, session.branch) == ("/src", "dev")


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([TASK], "running"),
        ([TASK, agent_step("Done.")], "finished"),
        ([TASK, acting(call("bash", command="x"), results=[])], "running"),
        ([TASK, acting(call("finish"), results=[result("bye")])], "finished"),
        ([TASK, user_step("[Request interrupted by user]")], "interrupted"),
        ([{"source": "system", "message": "Rules"}], "unknown"),
    ],
)
def test_the_end_is_judged_by_the_last_step(steps: list[dict[str, Any]], state: str) -> None:
    session = atif(trajectory(*steps))
    assert session.end_state == state
    assert session.end_reason
