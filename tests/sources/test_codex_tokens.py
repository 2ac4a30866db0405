"""Token counts of the rollout format, and whose they are. All transcripts are made up."""

from typing import Any

from rollouts import (
    CHILD,
    OWN_TURN,
    PARENT,
    PARENT_TURN,
    assistant,
    command,
    counted,
    event,
    framed,
    meta,
    only,
    output,
    parse,
    record,
    user,
)

from debrief.model import Session, Tokens, total_tokens


def test_tokens_are_differences_of_totals_taken_apart() -> None:
    session = parse(
        meta(),
        record("turn_context", {"turn_id": OWN_TURN, "model": "gpt-5"}),
        assistant("one"),
        counted((100, 60, 30, 10)),
        counted((100, 60, 30, 10)),
        event("token_count", info=None, rate_limits={}),
        record("turn_context", {"turn_id": OWN_TURN, "model": "gpt-6"}),
        assistant("two"),
        counted((300, 200, 50, 15), input_tokens=999),
    )
    sums, qualities = total_tokens(session)
    assert sums == Tokens(input=100, cache_read=200, cache_write=None, output=35, reasoning=15)
    assert [(c.model, c.tokens.input, c.event) for c in session.model_calls] == [
        ("gpt-5", 40, 0),
        ("gpt-6", 60, 2),
    ]
    assert (qualities["input"], qualities["cache_write"]) == ("exact", "missing")
    assert only(session, "model_change").text == "gpt-5 -> gpt-6"


def test_a_counter_that_begins_anew_adds_the_calls_own_count() -> None:
    last = {"input_tokens": 20, "cached_input_tokens": 0, "output_tokens": 4, "reasoning_output_tokens": 0}
    session = parse(meta(), counted((100, 60, 30, 10)), counted((20, 0, 4, 0), **last))
    assert total_tokens(session)[0] == Tokens(input=60, cache_read=60, output=24, reasoning=10)


def fork(*own: dict[str, Any], turn: str = PARENT_TURN, parent: dict[str, Any] | None = None) -> Session:
    return parse(
        meta(**({"forked_from_id": PARENT} if parent is None else parent)),
        meta(id=PARENT, cwd="/elsewhere"),
        event("task_started", 0, turn_id=turn),
        user("the parent's request", 0),
        event("user_message", 0, message="the parent's request"),
        command("p1", "gh pr create", 0),
        output("p1", framed("https://github.com/acme/shop/pull/1\n"), 0),
        counted((1000, 900, 100, 50), 0),
        event("task_complete", 0, turn_id=turn),
        *own,
    )


def test_a_forks_copied_history_is_replayed_and_its_tokens_are_not_counted() -> None:
    session = fork(
        event("task_started", 60, turn_id=OWN_TURN),
        user("my request", 60),
        event("user_message", 60, message="my request"),
        counted((1100, 980, 110, 52), 61),
    )
    assert (session.native_id, session.relation, session.parent_id, session.cwd) == (
        CHILD,
        "fork",
        PARENT,
        "/srv/shop",
    )
    assert session.initial_user_message == "my request"
    assert [e.text for e in session.events if e.kind == "prompt" and not e.replayed] == ["my request"]
    assert total_tokens(session)[0] == Tokens(input=20, cache_read=80, output=8, reasoning=2)
    assert [(pull.number, pull.created) for pull in session.pull_requests] == [(1, False)]
    assert (session.end_state, session.fault_count) == ("running", 0)


def test_a_copied_session_record_alone_tells_of_a_fork() -> None:
    session = fork(event("task_started", 60, turn_id=OWN_TURN), counted((1100, 980, 110, 52), 61), parent={})
    assert (session.relation, session.parent_id) == ("fork", PARENT)
    assert total_tokens(session)[0].input == 20


def test_a_fork_that_did_nothing_of_its_own_costs_nothing() -> None:
    session = fork()
    assert session.model_calls == ()
    assert (session.end_state, session.fault_count) == ("unknown", 0)


def test_where_only_the_clock_tells_a_copy_apart_the_numbers_say_so() -> None:
    session = fork(user("my request", 60), counted((1100, 980, 110, 52), 61), turn="turn-1")
    assert total_tokens(session)[0].input == 20
    assert total_tokens(session)[1]["input"] == "lower_bound"
    assert session.fault_count == 1


def test_a_child_whose_counter_goes_on_from_its_parents_counts_its_own_part() -> None:
    spawned: dict[str, Any] = {
        "parent_thread_id": PARENT,
        "forked_from_id": PARENT,
        "thread_source": "subagent",
    }
    last = {"input_tokens": 50, "cached_input_tokens": 10, "output_tokens": 5, "reasoning_output_tokens": 0}
    session = parse(
        meta(**spawned),
        meta(id=PARENT),
        event("task_started", 1, turn_id=OWN_TURN),
        counted((90_050, 70_010, 805, 100), 5, **last),
    )
    assert session.relation == "subagent"
    assert total_tokens(session)[0] == Tokens(input=40, cache_read=10, output=5, reasoning=0)


def test_a_sub_agent_without_copied_history_counts_everything() -> None:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT}}}
    session = parse(meta(source=source), event("task_started", turn_id="turn-1"), counted((10, 4, 3, 1)))
    assert total_tokens(session)[0] == Tokens(input=6, cache_read=4, output=2, reasoning=1)


def spent(response_id: str | None, **usage: int) -> dict[str, Any]:
    return record("token_usage_record", {"response_id": response_id, "usage": usage})


def test_what_single_responses_used_counts_once_each_and_only_without_running_totals() -> None:
    rows = [
        record("turn_context", {"turn_id": OWN_TURN, "model": "gpt-5"}),
        assistant("one"),
        spent("r1", input_tokens=100, cached_input_tokens=40, output_tokens=12, reasoning_output_tokens=2),
        spent("r1", input_tokens=100, cached_input_tokens=40, output_tokens=12, reasoning_output_tokens=2),
        spent(None, input_tokens=10, cache_creation_input_tokens=3, output_tokens=1),
        spent("r3"),
    ]
    session = parse(meta(), *rows)
    assert [call.tokens for call in session.model_calls] == [
        Tokens(input=60, cache_read=40, cache_write=None, output=10, reasoning=2),
        Tokens(input=7, cache_read=None, cache_write=3, output=1, reasoning=None),
    ]
    totals = parse(meta(), *rows, counted((100, 40, 14, 2)))
    assert [call.tokens.output for call in totals.model_calls] == [12]
