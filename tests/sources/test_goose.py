"""Goose's sessions, trap by trap, through the public door. Every transcript here is made up."""

import io
import json
from typing import Any

import pytest
from goose_building import (
    SES,
    SES_HERE,
    T0,
    answer,
    export,
    head,
    kinds,
    lines,
    message,
    parse,
    read,
    refused,
    request,
    response,
    text,
    user,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources import Document, Transcript
from debrief.sources.formats.goose import GOOSE

OLD_HEAD = {
    "working_dir": "/home/ann/shop",
    "description": "Mend the cart",
    "schedule_id": None,
    "message_count": 2,
    "total_tokens": 120,
    "input_tokens": 100,
    "output_tokens": 20,
    "accumulated_total_tokens": 330,
    "accumulated_input_tokens": 300,
    "accumulated_output_tokens": 30,
}


def test_an_export_becomes_a_session() -> None:
    session = parse(
        user(text("Fix it.")),
        answer(
            {"type": "thinking", "thinking": "hm", "signature": ""},
            request("developer__shell", {"command": "make"}),
        ),
        user(response(text("no"), structuredContent={"exit_code": 2}), at=3),
        answer(text("It is broken."), at=4),
    )
    assert kinds(session) == ["prompt", "reasoning", "tool_call", "tool_result", "message", "turn_end"]
    assert (session.native_id, session.agent, session.cwd) == (SES_HERE, "Goose", "/home/ann/shop")
    assert (session.title, session.title_source, session.surface) == ("Mend the cart", "agent", "user")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    result = session.events[3]
    assert (result.command, result.outcome, result.exit_code, result.text) == ("make", "error", 2, "no")
    assert session.events[0].ts_us == (T0 + 1) * 1_000_000


@pytest.mark.parametrize(
    ("answered", "outcome", "words"),
    [
        (response(text("a")), "ok", "a"),
        (response(text("a"), isError=True), "error", "a"),
        (refused("-32603: it broke"), "error", "-32603: it broke"),
        (refused({"code": -32603, "message": "it broke"}), "error", "it broke"),
        (refused("Interrupted by the user to make a correction"), "interrupted", None),
        (response(text("The user has declined to run this tool. DO NOT attempt")), "rejected", None),
        (
            {
                "type": "toolResponse",
                "id": "call_1",
                "toolResult": {"status": "success", "value": [text("old")]},
            },
            "ok",
            "old",
        ),
        (
            response(
                {**text("for the model"), "annotations": {"audience": ["assistant"]}},
                {**text("for the person"), "annotations": {"audience": ["user"]}},
            ),
            "ok",
            "for the model",
        ),
        (response(text("make: *** [all]\nCommand exited with code 2")), "error", None),
        ({"type": "toolResponse", "id": "call_1", "toolResult": {}}, "unknown", ""),
    ],
)
def test_how_a_call_ended(answered: dict[str, Any], outcome: str, words: str | None) -> None:
    session = parse(user(text("a")), answer(request("shell", {"command": "x"})), user(answered, at=3))
    result = session.events[2]
    assert (result.kind, result.outcome) == ("tool_result", outcome)
    assert words is None or result.text == words


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "path", "edits"),
    [
        ("developer__text_editor", {"command": "view", "path": "a"}, "read", "a", []),
        (
            "developer__text_editor",
            {"command": "str_replace", "path": "a", "old_str": "x", "new_str": "y"},
            "edit",
            "a",
            [("a", "x", "y")],
        ),
        (
            "developer__text_editor",
            {"command": "write", "path": "a", "file_text": "z"},
            "write",
            "a",
            [("a", "", "z")],
        ),
        ("edit", {"path": "a", "before": "x", "after": "y"}, "edit", "a", [("a", "x", "y")]),
        ("write", {"path": "a", "content": "z"}, "write", "a", [("a", "", "z")]),
        ("tree", {"path": "."}, "search", ".", []),
        ("todo__todo_write", {"content": "x"}, "plan", None, []),
        ("delegate", {"instructions": "x"}, "agent", None, []),
        ("computercontroller__web_scrape", {"url": "x"}, "fetch", None, []),
        ("github__create_issue", {"title": "x"}, "mcp", None, []),
        ("final_output", {}, "other", None, []),
    ],
)
def test_what_kind_of_call_it_is(
    name: str, arguments: Any, kind: str, path: str | None, edits: list[Any]
) -> None:
    call = parse(user(text("a")), answer(request(name, arguments))).events[1]
    assert (call.tool_kind, call.path) == (kind, path)
    assert [(edit.path, edit.old, edit.new) for edit in call.edits] == edits


def test_a_call_that_the_model_wrote_wrong_is_told() -> None:
    asked = {"type": "toolRequest", "id": "c", "toolCall": {"status": "error", "error": "invalid JSON"}}
    session = parse(user(text("a")), answer(asked), user(refused("invalid JSON", call="c"), at=3))
    assert [(e.tool, e.args, e.outcome) for e in session.events[1:]] == [
        ("unknown", "invalid JSON", None),
        ("unknown", "", "error"),
    ]


def test_pieces_of_an_answer_are_one_answer() -> None:
    session = parse(
        user(text("a")),
        answer(text("It "), name=f"msg_{SES}_11"),
        answer(text("is "), at=3, name=f"msg_{SES}_12"),
        answer(text("broken."), request("shell", {"command": "x"}), at=3, name="chatcmpl-1"),
        answer(text("Really."), at=4, name="chatcmpl-1"),
    )
    assert [e.text for e in session.events if e.kind == "message"] == ["It is ", "broken.", "Really."]
    pieces = [answer(text(word), name="chatcmpl-9") for word in ("It ", "is ", "broken.")]
    session = parse(user(text("a")), *pieces)
    assert [e.text for e in session.events if e.kind == "message"] == ["It is broken."]
    assert kinds(session).count("turn_end") == 1


def test_whole_answers_of_a_provider_are_not_put_together() -> None:
    session = parse(user(text("a")), answer(text("One.")), answer(text("Two."), at=3))
    assert [e.text for e in session.events if e.kind == "message"] == ["One.", "Two."]


def test_hidden_text_is_injected_and_a_summary_is_a_compaction() -> None:
    session = parse(
        user(text("a"), agentVisible=False),
        answer(text("b"), agentVisible=False),
        user(text("So far: a, b."), at=3, userVisible=False),
        answer(text("The context was summarised."), at=4, userVisible=False),
        user(text("c"), at=5),
        user(text("it is 10 o'clock"), at=6, turnContext=True),
    )
    assert [(e.kind, e.injected) for e in session.events] == [
        ("prompt", False),
        ("message", False),
        ("compaction", False),
        ("message", True),
        ("turn_end", False),
        ("prompt", False),
        ("message", True),
    ]


@pytest.mark.parametrize(
    ("messages", "state", "kind"),
    [
        ([answer(text("b"))], "finished", "turn_end"),
        ([answer(request("shell", {"command": "x"}))], "running", "tool_call"),
        (
            [answer(request("shell", {"command": "x"})), user(response(text("a")), at=3)],
            "running",
            "tool_result",
        ),
        ([], "running", "prompt"),
        ([answer(text("Ran into this error: 529.\n\nPlease retry if you think"))], "error", "api_error"),
        ([answer({"type": "error", "kind": "other", "message": "down"})], "error", "api_error"),
        (
            [answer({"type": "systemNotification", "notificationType": "creditsExhausted", "msg": "pay"})],
            "error",
            "api_error",
        ),
        ([answer(text("b"), outputTokenLimitReached=True)], "error", "message"),
        (
            [
                answer(request("shell", {"command": "x"})),
                user(refused("Interrupted by the user to make a correction"), at=3),
                answer(
                    text("The existing call to shell was interrupted. How would you like to proceed?"), at=4
                ),
            ],
            "interrupted",
            "interrupt",
        ),
    ],
)
def test_how_a_session_ended(messages: list[Any], state: str, kind: str) -> None:
    session = parse(user(text("a")), *messages)
    assert (session.end_state, kinds(session)[-1]) == (state, kind)
    assert session.end_reason


def test_a_notice_after_the_answer_changes_nothing() -> None:
    notice = {"type": "systemNotification", "notificationType": "inlineMessage", "msg": "compacted"}
    session = parse(user(text("a")), answer(text("b")), answer(notice, at=3, agentVisible=False))
    assert session.end_state == "finished"


def test_a_sub_agents_session_names_its_parent_and_nobody_typed_its_task() -> None:
    session = parse(user(text("Search.")), session_type="sub_agent", parent_session_id="20260202_0")
    assert (session.relation, session.parent_id) == ("subagent", "20260202_0")
    assert (session.events[0].kind, session.events[0].injected) == ("message", True)
    assert session.initial_user_message == "Search."


def test_a_copy_of_a_session_begins_with_its_history() -> None:
    session = parse(
        user(text("old"), name="msg_20260101_7_aa"),
        answer(text("older"), name="msg_20260101_7_ab"),
        user(text("new"), at=5, name=f"msg_{SES}_ac"),
    )
    assert [(e.text, e.replayed) for e in session.events if e.kind == "prompt"] == [
        ("old", True),
        ("new", False),
    ]
    assert (session.relation, session.parent_id) == ("fork", "20260101_7")


def test_a_model_that_answers_instead_is_told() -> None:
    inference = {"provider": "x", "requestedModel": "a"}
    session = parse(
        user(text("a")),
        answer(text("b"), inference=inference),
        answer(text("c"), at=3, inference={**inference, "resolvedModel": "b"}),
    )
    assert [e.text for e in session.events if e.kind == "model_change"] == ["a -> b"]


def test_what_else_a_message_may_hold() -> None:
    session = parse(
        user(text("a"), {"type": "image", "mimeType": "image/png", "data": "x"}),
        answer(
            {"type": "redactedThinking", "data": "x"},
            {"type": "toolConfirmationRequest", "id": "c", "toolName": "shell"},
            {"type": "actionRequired", "data": {"actionType": "elicitation", "message": "Which?"}},
            {"type": "hologram"},
        ),
        message("oracle", text("x"), at=3),
    )
    assert [e.text.partition("\n")[0] for e in session.events[1:]] == [
        "[attached: image (image/png)]",
        "Which?",
        "content of type 'hologram'",
        "message of role 'oracle'",
    ]
    assert session.opaque_count == 2


def test_an_older_file_has_a_line_a_message() -> None:
    content = lines(OLD_HEAD, user(text("Fix it.")), answer(text("Done.")))
    session = read(content, "20250921_143022.jsonl")
    assert (session.native_id, session.cwd, session.title) == (
        "20250921_143022",
        "/home/ann/shop",
        "Mend the cart",
    )
    assert kinds(session) == ["prompt", "message", "turn_end"]
    assert session.events[0].line == 2


def test_an_older_file_of_another_name_keeps_its_id_while_it_grows() -> None:
    short = read(lines(OLD_HEAD, user(text("Fix it."))), "cart.jsonl")
    long = read(
        lines({**OLD_HEAD, "message_count": 9}, user(text("Fix it.")), answer(text("b"))), "cart.jsonl"
    )
    assert short.native_id == long.native_id
    assert short.native_id.startswith("unnamed-")


def test_an_older_file_without_a_head_and_with_bad_lines() -> None:
    session = read(lines(user(text("Fix it.")), "not JSON", 7, answer(text("Done."))) + b'{"role":"ass')
    assert (session.initial_user_message, session.fault_count, session.end_state) == (
        "Fix it.",
        2,
        "truncated",
    )
    assert session.faults[0] == "line 2: not JSON"
    assert session.opaque_count == 3


def test_an_export_that_breaks_off_is_truncated() -> None:
    content = export(user(text("Fix it.")), answer(text("Done.")))
    session = read(content[: content.index(b"Done.") + 2])
    assert (session.end_state, session.fault_count) == ("truncated", 1)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"id":"x","working_dir":"/x"}',
        b'{"working_dir":"/x","description":"d"}',
        b'{"role":"user","content":[{"type":"text","text":"x"}]}',
        b'{"role":"user","created":1770000000,"content":"x"}',
        b'{"role":"user","created":1770000000,"content":[{"type":"tool_use"}]}',
        b'{"role":"user","created":1770000000,"content":[{"type":"text"}],"sessionId":"x"}',
        b'{"id":1,"working_dir":[],"created_at":{}}',
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not GOOSE.recognises(content)


def test_a_file_without_any_message_is_no_transcript() -> None:
    transcript = Transcript(Document("x", lambda: io.BytesIO(b'{"a":1}\n')))
    with pytest.raises(NotATranscript):
        list(GOOSE.parse(transcript, lambda text: text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
BLOCK = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(
        [
            "text",
            "thinking",
            "toolRequest",
            "toolResponse",
            "image",
            "actionRequired",
            "systemNotification",
            "error",
        ]
    ),
    st.dictionaries(
        st.sampled_from(
            ["text", "thinking", "id", "toolCall", "toolResult", "data", "msg", "message", "kind"]
        ),
        JUNK,
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda role, content, fields: {"role": role, "content": content, **fields},
            st.sampled_from(["user", "assistant"]),
            st.lists(BLOCK, max_size=3) | JUNK,
            st.dictionaries(st.sampled_from(["id", "created", "metadata"]), JUNK),
        )
        | JUNK,
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["usage_ledger", "accumulated_usage", "accumulated_cost", "model_config", "recipe"]),
        JUNK | st.lists(st.dictionaries(st.sampled_from(["input_tokens", "cost", "id"]), JUNK)),
    ),
)
def test_wrong_types_in_any_field_never_raise(messages: list[Any], fields: dict[str, Any]) -> None:
    content = json.dumps({**head(**fields), "conversation": messages}).encode()
    assert list(GOOSE.parse(Transcript(Document("x", lambda: io.BytesIO(content))), lambda text: text))
