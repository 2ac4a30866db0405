"""ATIF with bad input: cut, of wrong types, several in one file. Every trajectory here is made up."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trajectory_building import (
    TASK,
    acting,
    agent_step,
    atif,
    call,
    document,
    kinds,
    result,
    sessions,
    totals,
    trajectory,
    used,
    user_step,
)

from debrief.errors import NotATranscript
from debrief.sources import Transcript
from debrief.sources.formats.atif import ATIF


def test_several_trajectories_in_one_file_are_several_sessions() -> None:
    one, two = trajectory(TASK), trajectory(TASK, session_id="run-2")
    lines = b"".join(json.dumps(value).encode() + b"\n" for value in (one, two))
    for content in (lines, json.dumps([one, two]).encode()):
        assert [s.native_id for s in sessions(content, "atif")] == ["run-1", "run-2"]


def test_a_document_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    content = json.dumps(trajectory(TASK, agent_step("Hello"), agent_step("x" * 500))).encode()[:-400]
    session = atif(content)
    assert (session.end_state, session.fault_count) == ("truncated", 1)
    assert kinds(session)[:2] == ["prompt", "message"]


def test_bad_parts_become_faults_and_opaque_events() -> None:
    session = atif(
        trajectory(
            TASK,
            {"source": "builder", "message": "x"},
            agent_step("a", tool_calls={"_cut": True}, observation={"preview": "x"}),
            agent_step("b", tool_calls=["x"]),
            agent_step("c", timestamp="yesterday", metrics=[1], extra="x"),
            subagent_trajectories=[7],
        )
    )
    assert (session.opaque_count, session.fault_count) == (1, 4)
    assert session.faults[1] == "step 3: its tool calls are no array"
    assert kinds(session) == ["prompt", "opaque", "message", "message", "message"]


def test_fewer_steps_than_the_totals_count_are_a_fault() -> None:
    session = atif(trajectory(TASK, final_metrics={"total_steps": 87}))
    assert session.faults == ("the totals count 87 steps, 1 are here",)


def test_hostile_text_is_made_fit_to_be_stored() -> None:
    session = atif(trajectory(user_step("a\x00b\x1b[31mc\ud800")))
    assert session.events[0].text == "abc?"


def test_a_million_spaces_in_a_prompt_do_no_harm() -> None:
    text = "<pr_description>" + " " * 1_000_000 + "end"
    assert atif(trajectory(user_step(text))).events[0].text.endswith("end")


def test_no_steps_are_no_session() -> None:
    with pytest.raises(NotATranscript, match="without steps"):
        sessions(trajectory(), "atif")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_PLACES = (
    ["agent"], ["agent", "name"], ["agent", "extra"], ["session_id"], ["steps", 0], ["steps", 1, "source"],
    ["steps", 1, "message"], ["steps", 1, "tool_calls"], ["steps", 1, "tool_calls", 0],
    ["steps", 1, "tool_calls", 0, "arguments"], ["steps", 1, "observation"], ["steps", 1, "metrics"],
    ["steps", 1, "observation", "results", 0], ["steps", 1, "metrics", "extra"], ["steps", 1, "extra"],
    ["final_metrics"], ["final_metrics", "total_prompt_tokens"], ["extra"], ["subagent_trajectories"],
    ["continued_trajectory_ref"], ["steps", 1, "timestamp"], ["steps", 1, "llm_call_count"],
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(place=st.sampled_from(_PLACES), value=_values)
def test_any_field_may_have_any_type(place: list[Any], value: Any) -> None:
    step = acting(call("bash", command="x"), results=[result("y")], metrics=used(1, 1, 1, a=1), extra={})
    whole = trajectory(
        TASK, step, final_metrics=totals(1, 1), extra={"debrief": {}}, subagent_trajectories=[]
    )
    target: Any = whole
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    content = json.dumps(whole).encode("utf-8", "surrogatepass")
    (session,) = ATIF.parse(Transcript(document(content)), lambda text: text)
    assert session.end_reason
