"""Sessions written as ATIF: valid by the specification's rules, and the same session when read again."""

import io
import json
from typing import Any

import msgspec
import pytest

from atif_rules import broken
from debrief.model import (
    Cost,
    Event,
    FileEdit,
    ModelCall,
    PullRequest,
    Session,
    StoredSession,
    Tokens,
    total_tokens,
)
from debrief.sources import Document, Transcript, sniff
from debrief.wire import atif

T = 1_790_000_000_000_000

CHANGES_WITH_FORMAT = ("format", "parser_version", "events", "model_calls", "usage", "faults", "fault_count")


def event(ordinal: int, kind: Any, actor: Any, text: str = "", **fields: Any) -> Event:
    return Event(ordinal=ordinal, kind=kind, actor=actor, text=text, ts_us=T + ordinal * 1_000_001, **fields)


def ran(ordinal: int, call_id: str, **fields: Any) -> Event:
    return event(ordinal, "tool_call", "assistant", call_id=call_id, **fields)


def came(ordinal: int, call_id: str, text: str, outcome: Any, **fields: Any) -> Event:
    return event(ordinal, "tool_result", "tool", text, call_id=call_id, outcome=outcome, **fields)


SHELL = {"tool": "Bash", "tool_kind": "shell", "command": "make"}
EDIT = {"tool": "Edit", "tool_kind": "edit", "path": "/a"}

EVENTS = (
    event(0, "message", "system", "Rules", injected=True),
    event(1, "prompt", "user", "Fix the bug", replayed=True),
    event(2, "prompt", "user", "Fix the bug"),
    event(3, "reasoning", "assistant", "Where?"),
    event(4, "message", "assistant", "I look."),
    ran(5, "c1", args='{"command":"make"}', **SHELL),
    ran(6, "c2", args="*** not JSON", edits=(FileEdit("/a", "x", "y"),), **EDIT),
    came(7, "c1", "boom", "error", exit_code=2, duration_ms=7, **SHELL),
    came(8, "c2", "no", "rejected", tool="Edit", tool_kind="edit", path="/a"),
    event(9, "compaction", "system", "Summed up"),
    event(10, "api_error", "system", "overloaded"),
    event(11, "model_change", "system", "m-2"),
    ran(12, "c3", tool="Task", tool_kind="agent", args='{"prompt":"go"}'),
    event(13, "subagent", "assistant", "go", call_id="c3", agent="sub", native_id="sub"),
    event(14, "message", "assistant", "found", agent="sub"),
    came(15, "c3", "found", "ok", tool="Task", tool_kind="agent"),
    event(16, "interrupt", "user", "[stopped]"),
    came(17, "gone", "late", "unknown"),
    event(18, "opaque", "system", "record of type 'x'\n{}"),
    event(19, "message", "assistant", "Done."),
    event(20, "turn_end", "system", duration_ms=9),
)

CALLS = (
    ModelCall(
        key="msg_1",
        model="m-1",
        ts_us=T + 5,
        tokens=Tokens(input=10, cache_read=100, cache_write=5, output=7, reasoning=3),
        cache_write_1h=5,
        cost_usd_micros=1234,
        event=3,
    ),
    ModelCall(key="msg_2", model="m-2", tokens=Tokens(output=1), lower_bound=("output",), event=19),
    ModelCall(key="msg_3", model="m-2", tokens=Tokens(input=0, output=0), event=19),
    ModelCall(key="sub_1", model="m-3", tokens=Tokens(input=4, output=2), event=14, agent="sub"),
    ModelCall(key="rest", model="m-1", tokens=Tokens(input=1, cache_read=2, output=3)),
)


def session(
    events: tuple[Event, ...] = EVENTS, calls: tuple[ModelCall, ...] = CALLS, **fields: Any
) -> Session:
    given: dict[str, Any] = {
        "agent": "Some Agent",
        "agent_version": "1.2",
        "user": "ada",
        "repository": "o/r",
        "cwd": "/src",
        "branch": "b",
        "commit": "c0ffee",
        "title": "A title",
        "title_source": "native",
        "initial_user_message": "Fix the bug",
        "relation": "fork",
        "parent_id": "p",
        "started_us": T - 5,
        "last_event_us": T + 99_000_000,
        "end_state": "interrupted",
        "end_reason": "A person stopped it.",
        "native_cost_usd_micros": 99,
        "opaque_count": 1,
        "pull_requests": (
            PullRequest(
                url="https://github.com/o/r/pull/1", created=True, evidence="native", event=19, number=1
            ),
        ),
    }
    return Session(
        format="x",
        parser_version=1,
        native_id="n-1",
        events=events,
        model_calls=calls,
        **(given | fields),
    )


def stored(one: Session) -> StoredSession:
    return StoredSession(
        enterprise_id="e",
        session_id="x-n-1",
        org_id="o",
        created_us=T,
        updated_us=T,
        status="exit",
        session=one,
        analysis=None,
        cost=Cost(),
    )


def rendered(one: Session) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(atif.render(stored(one)))
    assert broken(value) == []
    return value


def read_again(value: dict[str, Any]) -> Session:
    content = json.dumps(value).encode()
    source = sniff(content)
    assert source.name == "atif"
    transcript = Transcript(Document("t.json", lambda: io.BytesIO(content)))
    (found,) = source.parse(transcript, lambda text: text)
    return found


def told(one: Session) -> list[Event]:
    """The events, without what a file's own order and ids decide."""
    return [
        msgspec.structs.replace(found, ordinal=0, native_id=None)
        for found in sorted(one.events, key=lambda e: (e.agent or "", e.ts_us or 0))
    ]


def test_a_session_comes_back_as_it_was() -> None:
    before = session()
    after = read_again(rendered(before))
    assert told(after) == told(before)
    calls = {call.key: msgspec.structs.replace(call, event=None) for call in after.model_calls}
    assert calls == {call.key: msgspec.structs.replace(call, event=None) for call in before.model_calls}
    for name in Session.__struct_fields__:
        if name not in (*CHANGES_WITH_FORMAT, "pull_requests"):
            assert getattr(after, name) == getattr(before, name), name
    assert [(p.url, p.created, p.evidence) for p in after.pull_requests] == [
        (p.url, p.created, p.evidence) for p in before.pull_requests
    ]


def test_order_is_kept_where_results_follow_their_calls() -> None:
    events = tuple(found for found in EVENTS if found.agent is None and found.ordinal < 12)
    after = read_again(rendered(session(events, ())))
    assert [found.kind for found in after.events] == [found.kind for found in events]


def test_tokens_are_written_in_the_formats_own_algebra() -> None:
    value = rendered(session())
    metrics = next(step["metrics"] for step in value["steps"] if "reasoning_content" in step)
    assert (metrics["prompt_tokens"], metrics["cached_tokens"], metrics["completion_tokens"]) == (
        115,
        100,
        10,
    )
    assert (metrics["extra"]["cache_creation_input_tokens"], metrics["extra"]["reasoning_tokens"]) == (5, 3)
    assert metrics["cost_usd"] == 0.001234
    own = [step["metrics"] for step in value["steps"] if "metrics" in step]
    assert value["final_metrics"]["total_prompt_tokens"] == sum(one.get("prompt_tokens", 0) for one in own)
    assert value["final_metrics"]["total_steps"] == len(value["steps"])


def test_sums_hold_for_a_reader_that_knows_nothing_of_us() -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(found) for key, found in value.items() if key != atif.KEY}
        return [plain(found) for found in value] if isinstance(value, list) else value

    before = session(calls=(CALLS[0], CALLS[3], CALLS[4]))
    assert total_tokens(read_again(plain(rendered(before))))[0] == total_tokens(before)[0]


def test_what_is_unknown_is_left_out() -> None:
    value = rendered(session(calls=(ModelCall(key="k", event=3),)))
    metrics = next(step["metrics"] for step in value["steps"] if "metrics" in step)
    assert metrics.keys() == {"extra"}
    assert value["final_metrics"].keys() == {"total_steps", "total_cost_usd"}


def test_calls_are_paired_with_their_results_in_one_step() -> None:
    value = rendered(session())
    (step,) = [step for step in value["steps"] if len(step.get("tool_calls", [])) == 2]
    assert [call["tool_call_id"] for call in step["tool_calls"]] == ["c1", "c2"]
    assert [found["source_call_id"] for found in step["observation"]["results"]] == ["c1", "c2"]
    assert (step["message"], step["reasoning_content"]) == ("I look.", "Where?")
    assert step["tool_calls"][0]["arguments"] == {"command": "make"}
    assert step["tool_calls"][1]["arguments"] == {"input": "*** not JSON"}


def test_a_sub_agent_is_embedded_and_its_call_refers_to_it() -> None:
    value = rendered(session())
    (child,) = value["subagent_trajectories"]
    refs = [
        (found["source_call_id"], found["subagent_trajectory_ref"])
        for step in value["steps"]
        for found in step.get("observation", {"results": []})["results"]
        if "subagent_trajectory_ref" in found
    ]
    assert (child["trajectory_id"], refs) == ("sub", [("c3", [{"trajectory_id": "sub"}])])


@pytest.mark.parametrize("call_id", [None, "elsewhere"])
def test_a_sub_agent_that_no_call_started_is_embedded_too(call_id: str | None) -> None:
    events = (
        event(0, "prompt", "user", "go"),
        event(1, "subagent", "system", "go", agent="sub", call_id=call_id),
    )
    before = session(events, ())
    assert told(read_again(rendered(before))) == told(before)


def test_a_session_without_events_is_valid_and_comes_back_empty() -> None:
    after = read_again(rendered(session((), ())))
    assert (after.events, after.model_calls) == ((), ())


def test_arguments_that_cannot_be_written_are_handed_on_as_text() -> None:
    events = (ran(0, "c1", tool="x", tool_kind="other", args='{"a":"\\ud800"}'),)
    value = rendered(session(events, ()))
    assert value["steps"][0]["tool_calls"][0]["arguments"] == {"input": '{"a":"\\ud800"}'}


def test_the_rules_know_a_trajectory_that_breaks_them() -> None:
    value = rendered(session())
    value["steps"][0]["debrief"] = {}
    value["steps"][1]["step_id"] = 7
    value["steps"][2]["observation"] = {"results": [{"source_call_id": "nobody", "content": ""}]}
    assert len(broken(value)) == 3
