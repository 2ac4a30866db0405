"""OpenHands' conversations as they are not meant to be: cut, hostile, of other types."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openhands_building import called, document, event, kinds, parse, said, seen, state

from debrief.errors import NotATranscript
from debrief.sources import Transcript
from debrief.sources.formats.openhands import OPENHANDS


def test_a_pull_request_that_a_command_created() -> None:
    session = parse(
        [
            called(0, "terminal", "c", command="gh pr create --fill"),
            seen(1, "terminal", "c", "https://github.com/acme/shop/pull/9\n", exit_code=0),
        ]
    )
    assert [(p.number, p.created) for p in session.pull_requests] == [(9, True)]


def test_an_event_that_comes_twice_is_written_once_and_unknown_ones_are_kept() -> None:
    session = parse([said(0, "Go."), said(0, "Go."), event("HologramEvent", 1), event("TokenEvent", 2)])
    assert kinds(session) == ["prompt", "opaque"]
    assert session.opaque_count == 1


def test_a_bundle_and_a_page_of_events() -> None:
    bundle = {"base_state": state(), "events": [{"_file": "x", "event": said(0, "Go.")}]}
    assert parse(bundle).native_id == "conversation-1"
    assert kinds(parse({"items": [said(0, "Go.")]})) == ["prompt"]


def test_what_breaks_off_is_truncated_and_a_fault() -> None:
    lines = (
        json.dumps(said(0, "Go.")) + "\n" + json.dumps(said(1, "Hi.", "agent")) + '\n{"id": "event-2", "ki'
    )
    session = parse(lines.encode())
    assert (session.fault_count, session.faults[0]) == (1, "line 3: breaks off inside a record")
    assert parse(b'{"kind":"MessageEvent","id":"1","source":"user","llm_mess').fault_count == 1
    broken = parse(state(), ("events/event-00000-x.json", b"\x00{"))
    assert (broken.fault_count, broken.opaque_count) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind":"HologramEvent","source":"user","id":"1"}',
        b'{"kind":"MessageEvent"}',
        b'{"kind":["MessageEvent"],"source":"user","id":"1"}',
        b'{"id":"x","agent":"claude","stats":{}}',
        b'{"events":[{"kind":"pod","source":"user"}]}',
        b'[{"action":"message","source":"user","args":{},"id":1}]',
        b"{}",
        b"[]",
        b"MessageEvent",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not OPENHANDS.recognises(content)


def test_a_file_without_events_is_no_transcript() -> None:
    with pytest.raises(NotATranscript):
        list(OPENHANDS.parse(Transcript(document("x", {"events": []})), lambda words: words))


def test_hostile_text_is_kept_printable() -> None:
    session = parse([said(0, "a\x00b\x1b[31mc\ud800")])
    assert session.events[0].text == "abc?"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


FIELDS = [
    "id",
    "timestamp",
    "source",
    "llm_message",
    "thought",
    "action",
    "observation",
    "tool_name",
    "tool_call_id",
    "tool_call",
    "llm_response_id",
    "extended_content",
    "system_prompt",
    "summary",
    "key",
    "value",
    "error",
    "raw_input",
    "raw_output",
    "status",
    "title",
]


KINDS = [
    "SystemPromptEvent",
    "MessageEvent",
    "ActionEvent",
    "ObservationEvent",
    "AgentErrorEvent",
    "UserRejectObservation",
    "ConversationErrorEvent",
    "Condensation",
    "ConversationStateUpdateEvent",
    "ACPToolCallEvent",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=6)),
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(["stats", "workspace", "execution_status", "id", "title"]), JUNK),
    st.dictionaries(
        st.sampled_from(["accumulated_token_usage", "token_usages", "costs", "accumulated_cost"]), JUNK
    ),
)
def test_wrong_types_in_any_field_never_raise(
    events: list[tuple[str, dict[str, Any]]], fields: dict[str, Any], ledger: dict[str, Any]
) -> None:
    base = {**state(agent=ledger), **fields}
    session = parse({"base_state": base, "events": [{**more, "kind": kind} for kind, more in events]})
    assert session.format == "openhands"
