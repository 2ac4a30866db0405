"""What the API says of sessions, trap by trap, through the public door. Every answer here is made up."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.metering import cost
from debrief.model import Session
from debrief.sources import Document, Transcript, sniff
from debrief.sources.devin.shapes import document
from debrief.sources.formats.devin import DEVIN

BASE = "https://api.example"


def v2(**changes: Any) -> dict[str, Any]:
    return {
        "session_id": "devin-abc123",
        "url": "https://app.example/sessions/abc123",
        "status": "exit",
        "title": "Fix the login",
        "tags": ["auth", "bug fix"],
        "user_id": "user_456",
        "org_id": "org_789",
        "created_at": "2026-01-15T10:30:00Z",
        "updated_at": "2026-01-15T11:45:00Z",
        "acus_consumed": 25.5,
        "pull_requests": [{"url": "https://github.com/acme/shop/pull/12", "state": "merged"}],
        "session_analysis": None,
        "initial_user_message": "Fix the login, please",
    } | changes


def v3(**changes: Any) -> dict[str, Any]:
    session: dict[str, Any] = {
        "session_id": "abc123",
        "url": "https://app.example/sessions/abc123",
        "status": "running",
        "status_detail": "working",
        "title": None,
        "tags": [],
        "user_id": None,
        "service_user_id": "service-1",
        "org_id": "org_789",
        "created_at": 1_768_473_000,
        "updated_at": 1_768_477_500,
        "acus_consumed": 3,
        "pull_requests": [],
        "origin": "slack",
    }
    return session | changes


def said(source: str, text: str, event_id: str, at: int = 1_768_473_010) -> dict[str, Any]:
    return {"source": source, "message": text, "event_id": event_id, "created_at": at}


def envelope(
    session: dict[str, Any], messages: list[Any] | None = None, insights: dict[str, Any] | None = None
) -> bytes:
    return document(
        "v3" if isinstance(session.get("created_at"), int) else "v2", BASE, session, messages, insights
    )


def sessions(content: bytes | Any) -> list[Session]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    source = sniff(raw[:65536])
    assert source.name == "devin"
    return list(source.parse(Transcript(Document("x.json", lambda: io.BytesIO(raw))), lambda text: text))


def parse(content: bytes | Any) -> Session:
    (session,) = sessions(content)
    return session


def test_a_session_of_v2() -> None:
    session = parse(envelope(v2()))
    assert (session.native_id, session.title, session.user) == ("abc123", "Fix the login", "user_456")
    assert (session.started_us, session.last_event_us) == (1_768_473_000_000_000, 1_768_477_500_000_000)
    assert (session.tags, session.native_acus) == (("auth", "bug fix"), 25.5)
    assert (session.repository, session.remote) == ("acme/shop", "github.com/acme/shop")
    assert (session.end_state, session.end_reason) == ("finished", "The session's status is exit.")
    assert session.initial_user_message == "Fix the login, please"
    assert [(e.kind, e.actor, e.injected) for e in session.events] == [
        ("prompt", "user", False),
        ("message", "system", True),
    ]
    assert (session.fault_count, session.opaque_count, session.model_calls) == (0, 0, ())


def test_what_the_service_counted_is_the_cost() -> None:
    found = cost(parse(envelope(v2())))
    assert (found.acus, found.cost_usd_micros, found.quality) == (25.5, 51_000_000, "exact")
    free = cost(parse(envelope(v2(acus_consumed=0))))
    assert (free.acus, free.quality) == (0.0, "exact")
    unknown = cost(parse(envelope(v2(acus_consumed=None))))
    assert (unknown.acus, unknown.quality) == (0.0, "missing")


@pytest.mark.parametrize("stated", ["many", True, -1, float("nan"), float("inf"), 1e300, [], {}])
def test_acus_that_are_no_number_are_a_fault(stated: Any) -> None:
    session = parse(v2(acus_consumed=stated))
    assert (session.native_acus, session.fault_count) == (None, 1)


@pytest.mark.parametrize(
    "stated",
    [
        {"pr_url": "https://github.com/acme/shop/pull/12", "pr_state": "merged", "state": "merged"},
        {"url": "https://github.com/acme/shop/pull/12", "state": "merged"},
        {"pr_url": "https://github.com/acme/shop/pull/12", "pr_state": "merged"},
    ],
)
def test_pull_requests_in_every_spelling(stated: dict[str, Any]) -> None:
    session = parse(v2(pull_requests=[stated]))
    (pull,) = session.pull_requests
    assert (pull.url, pull.state) == ("https://github.com/acme/shop/pull/12", "merged")
    assert (pull.created, pull.evidence, pull.number, pull.repository) == (True, "native", 12, "acme/shop")
    assert pull.url in session.events[pull.event].text


def test_a_pull_request_of_an_unknown_state_and_of_an_unknown_forge() -> None:
    stated = [
        {"pr_url": "https://github.com/acme/shop/pull/1", "pr_state": None},
        {"pr_url": "https://forge.example/x", "pr_state": "open"},
    ]
    pulls = parse(v2(pull_requests=stated)).pull_requests
    assert [(p.url, p.state, p.number) for p in pulls] == [
        ("https://github.com/acme/shop/pull/1", None, 1),
        ("https://forge.example/x", "open", None),
    ]
    assert parse(v2(pull_requests=stated)).repository is None


def test_an_address_that_is_none_is_a_fault_and_no_link() -> None:
    session = parse(v2(pull_requests=[{"url": "javascript:alert(1)"}, None, "x"]))
    assert (session.pull_requests, session.fault_count) == ((), 3)


def test_messages_of_v3_become_the_conversation() -> None:
    messages = [
        said("user", "Do it", "e1"),
        said("devin", "See https://github.com/acme/shop/pull/3", "e2", 1_768_473_020),
        said("user", "Thanks", "e3", 1_768_473_030),
    ]
    session = parse(envelope(v3(), messages))
    assert [(e.kind, e.text, e.native_id) for e in session.events[:3]] == [
        ("prompt", "Do it", "e1"),
        ("message", "See https://github.com/acme/shop/pull/3", "e2"),
        ("prompt", "Thanks", "e3"),
    ]
    assert session.initial_user_message == "Do it"
    assert (session.title, session.title_source) == ("Do it", "prompt")
    assert [(p.number, p.created, p.evidence) for p in session.pull_requests] == [(3, False, "mention")]
    assert (session.user, session.surface) == ("service-1", "slack")
    assert session.started_us == 1_768_473_000_000_000
    assert session.events[1].ts_us == 1_768_473_020_000_000


def test_a_mentioned_pull_request_that_the_service_lists_was_created() -> None:
    url = "https://github.com/acme/shop/pull/3"
    stated = v3(pull_requests=[{"pr_url": url, "pr_state": "closed"}])
    (pull,) = parse(envelope(stated, [said("devin", f"See {url}", "e")])).pull_requests
    assert (pull.created, pull.evidence, pull.state) == (True, "native", "closed")


def test_a_prompt_that_is_told_twice_is_one_and_one_that_is_not_among_the_messages_is_first() -> None:
    once = parse(envelope(v2(), [said("user", "Fix the login, please", "e1")]))
    assert [e.text for e in once.events if e.kind == "prompt"] == ["Fix the login, please"]
    other = parse(envelope(v2(), [said("user", "And the logout", "e1")]))
    assert [e.text for e in other.events if e.kind == "prompt"] == ["Fix the login, please", "And the logout"]


def test_a_message_that_two_pages_hold_is_told_once_and_another_with_its_id_too() -> None:
    first, other = said("devin", "a", "e1"), said("devin", "b", "e1")
    session = parse(envelope(v3(), [first, first, other, said("devin", "", "e2"), first]))
    assert [e.text for e in session.events if e.actor == "assistant"] == ["a", "b"]
    assert (session.opaque_count, session.fault_count) == (1, 1)


@pytest.mark.parametrize(
    ("status", "detail", "state"),
    [
        ("new", None, "running"),
        ("claimed", None, "running"),
        ("resuming", None, "running"),
        ("running", None, "running"),
        ("running", "working", "running"),
        ("running", "waiting_for_approval", "running"),
        ("running", "waiting_for_user", "finished"),
        ("running", "finished", "finished"),
        ("exit", None, "finished"),
        ("exit", "working", "finished"),
        ("error", None, "error"),
        ("error", "error", "error"),
        ("suspended", None, "unknown"),
        ("suspended", "inactivity", "unknown"),
        ("suspended", "user_request", "interrupted"),
        ("suspended", "usage_limit_exceeded", "error"),
        ("suspended", "out_of_credits", "error"),
        ("exit", "org_usage_limit_exceeded", "error"),
        ("hibernating", None, "unknown"),
        (None, None, "unknown"),
        (None, "finished", "finished"),
    ],
)
def test_how_it_ended(status: str | None, detail: str | None, state: str) -> None:
    session = parse(v3(status=status, status_detail=detail))
    assert session.end_state == state
    assert session.end_reason.endswith(".")


def test_families() -> None:
    session = parse(v3(parent_session_id="devin-mother", child_session_ids=["devin-k1", "k2", 3]))
    assert (session.parent_id, session.relation) == ("mother", "subagent")
    assert [(e.agent, e.native_id) for e in session.events if e.kind == "subagent"] == [
        ("k1", "k1"),
        ("k2", "k2"),
    ]


@pytest.mark.parametrize("where", ["session_analysis", "analysis", "insights"])
def test_the_services_own_analysis_is_kept_as_its_words(where: str) -> None:
    found = {"issues": [{"issue": "No tests ran", "impact": "High", "label": "Testing"}]}
    session = v3() if where == "insights" else v3(**{where: found})
    insights = {"num_user_messages": 4, "analysis": found} if where == "insights" else None
    event = parse(envelope(session, None, insights)).events[-1]
    assert (event.kind, event.actor, event.injected) == ("message", "system", True)
    assert "No tests ran" in event.text


def test_what_the_format_does_not_know_stands_in_the_record() -> None:
    session = parse(envelope(v3(structured_output={"a": 1}, new_field="x"), None, {"session_size": "xl"}))
    (record,) = [e for e in session.events if e.injected]
    assert '"structured_output":{"a":1}' in record.text
    assert '"new_field":"x"' in record.text
    assert '"session_size":"xl"' in record.text


def test_our_own_servers_answer_says_when_the_last_event_was() -> None:
    assert parse(v2(last_event_at="2026-01-15T11:00:00.5Z")).last_event_us == 1_768_474_800_500_000
    assert parse(v2(last_event_at=None)).last_event_us == parse(v2()).started_us


def test_a_page_and_a_list_give_a_session_an_item() -> None:
    items = [v2(), v2(session_id="b"), 7, {"title": "no id"}, v2(session_id="c")]
    page = {"items": items, "total": 5, "skip": 0, "limit": 100, "has_more": False, "next_cursor": None}
    for content in (page, items, {"items": items, "end_cursor": None}):
        found = sessions(content)
        assert [one.native_id for one in found] == ["abc123", "b", "c"]
        assert found[0].faults == ("item 3: not a session", "item 4: not a session")
        assert found[1].fault_count == 0


def test_a_session_of_v1() -> None:
    stated = {
        "session_id": "devin-old",
        "status": "blocked",
        "status_enum": "blocked",
        "title": "Old",
        "created_at": "2025-03-01T10:00:00.123456+00:00",
        "updated_at": "2025-03-01T11:00:00+00:00",
        "structured_output": None,
        "pull_request": {"url": "https://github.com/acme/shop/pull/4"},
        "messages": [
            {
                "type": "initial_user_message",
                "message": "Go",
                "timestamp": "2025-03-01T10:00:01Z",
                "event_id": "1",
            },
            {
                "type": "devin_message",
                "message": "Which?",
                "timestamp": "2025-03-01T10:05:00Z",
                "event_id": "2",
            },
            {"type": "user_message", "message": "Both", "timestamp": "2025-03-01T10:06:00Z", "event_id": "3"},
            {"type": "hologram", "message": "?", "event_id": "4"},
        ],
    }
    session = parse(stated)
    assert [e.kind for e in session.events] == ["prompt", "message", "prompt", "opaque", "message"]
    assert (session.native_id, session.end_state, session.native_acus) == ("old", "finished", None)
    assert [(p.number, p.created) for p in session.pull_requests] == [(4, True)]


def test_the_same_answer_gives_the_same_bytes_and_is_recognised_however_long_it_is() -> None:
    turned = dict(reversed(v2().items()))
    assert envelope(v2()) == envelope(turned)
    long = envelope(v2(initial_user_message="x" * 200_000, session_analysis={"y": "z" * 100_000}))
    assert sniff(long[:65536]).name == "devin"
    assert parse(long).events[0].cut > 0


def test_a_document_that_breaks_off_is_truncated() -> None:
    content = envelope(v3(), [said("user", "Do it", "e1"), said("devin", "Done", "e2")])
    session = parse(content[: content.index(b"Done") + 2])
    assert session.end_state == "truncated"
    assert session.fault_count >= 1
    assert session.events[0].text == "Do it"


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b'{"items": []}',
        b'{"items": [{"session_id": "a", "status": "exit"}]}',
        b'{"session_id": "a", "status": "running", "created_at": 1, "tags": []}',
        b'{"session_id": 5, "acus_consumed": 1, "status": "exit", "created_at": 1, "tags": []}',
        b'{"session_id": "a", "acus_consumed": 1}',
        b'{"api": "v2", "session": {"session_id": "a"}}',
        b'{"api": ["v2"], "base_url": "https://x", "session": {}}',
        b'{"api": "v9", "base_url": "https://x", "session": {}}',
        b'{"schema_version": "ATIF-v1.7", "session_id": "devin-x", "agent": {"name": "devin"}, "steps": []}',
        b'{"type":"system","subtype":"init","session_id":"s"}',
        b"devin",
        b"\x00\x01",
    ],
)
def test_look_alikes_are_refused(content: bytes) -> None:
    assert not DEVIN.recognises(content)


@pytest.mark.parametrize("content", [b"", b"nothing", b'{"items": [1, 2]}', b"[]"])
def test_a_document_without_a_session_is_no_transcript(content: bytes) -> None:
    transcript = Transcript(Document("x", lambda: io.BytesIO(content)))
    with pytest.raises(NotATranscript):
        list(DEVIN.parse(transcript, lambda text: text))


def test_an_envelope_whose_session_has_no_id_is_kept_with_a_fault() -> None:
    session = parse(envelope(v2(session_id=None)))
    assert (session.native_id, session.faults) == ("", ("the document: the session has no id",))


def test_text_of_any_kind_is_fit_to_be_stored() -> None:
    session = parse(v2(title="a\x1b[31mb\x00c \ud800", tags=["x\ny", " ", "x y"], user_id="\u202eu"))
    assert session.title is not None
    assert "\x1b" not in session.title
    assert "\ud800" not in session.title
    assert session.tags == ("x y",)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    v2() | v3() | {"analysis": 1, "parent_session_id": 1, "child_session_ids": 1, "last_event_at": 1}
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=6), JUNK, JUNK)
def test_wrong_types_in_any_field_never_raise(fields: dict[str, Any], messages: Any, insights: Any) -> None:
    whole = {"api": "v3", "base_url": BASE, "session": v3() | fields}
    assert len(sessions(whole | {"messages": messages, "insights": insights})) == 1
    listed = [said("user", "x", "e") | fields, messages]
    assert len(sessions(whole | {"messages": listed, "insights": {"analysis": insights}})) == 1


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_cut_and_broken_bytes_never_raise(data: st.DataObject) -> None:
    content = bytearray(envelope(v2(session_analysis={"issues": []}), [said("user", "Do it", "e1")]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    raw = bytes(content[: data.draw(st.integers(0, len(content)))])
    DEVIN.recognises(raw)
    with suppress(NotATranscript):
        assert list(DEVIN.parse(Transcript(Document("x", lambda: io.BytesIO(raw))), lambda text: text))
