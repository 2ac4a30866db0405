"""Pi's session files, forks and streams, and OpenClaw's, trap by trap. Every transcript here is made up."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_agents import JUNK, assert_paired, document, kinds, lines, parse, results, said

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.pi import PI

HEADER = {
    "type": "session",
    "version": 3,
    "id": "019e0000-0000-7000-8000-000000000001",
    "timestamp": "2026-05-12T01:00:00.000Z",
    "cwd": "/work/shop",
}
USAGE = {"input": 10, "output": 7, "cacheRead": 100, "cacheWrite": 5, "cost": {"total": 0.0125}}


def entry(number: int, kind: str = "message", **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "id": f"e{number}",
        "parentId": f"e{number - 1}" if number else None,
        "timestamp": f"2026-05-12T01:00:{number + 1:02}.000Z",
        **fields,
    }


def user(number: int, text: Any = "fix it") -> dict[str, Any]:
    return entry(number, message={"role": "user", "content": [{"type": "text", "text": text}]})


def answer(number: int, *content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": list(content), "model": "m1", "stopReason": "stop", **fields}
    return entry(number, message=message)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, own: str = "t1", **arguments: Any) -> dict[str, Any]:
    return {"type": "toolCall", "id": own, "name": name, "arguments": arguments}


def result(number: int, own: str = "t1", *, error: Any = False, words: str = "done") -> dict[str, Any]:
    message = {"role": "toolResult", "toolCallId": own, "toolName": "bash", "content": [text(words)]}
    return entry(number, message={**message, "isError": error})


def test_a_file_becomes_a_session() -> None:
    session = parse(
        "pi",
        HEADER,
        user(0),
        answer(
            1,
            {"type": "thinking", "thinking": "hm"},
            text("I look."),
            call("bash", command="ls -a"),
            usage=USAGE,
            stopReason="toolUse",
        ),
        result(2),
        answer(3, text("Fixed."), usage=USAGE),
        entry(4, "session_info", name="A name"),
    )
    assert kinds(session) == ["prompt", "reasoning", "message", "tool_call", "tool_result", "message"]
    assert said(session)[-1] == ("message", "Fixed.")
    assert session.events[3].command == "ls -a"
    assert results(session) == [("bash", "ok", None)]
    assert_paired(session)
    assert (session.native_id, session.cwd, session.title) == (HEADER["id"], "/work/shop", "A name")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert total_tokens(session)[0] == Tokens(input=20, cache_read=200, cache_write=10, output=14)
    assert [c.cost_usd_micros for c in session.model_calls] == [12_500, 12_500]
    assert session.model_calls[0].event == 1


def test_edits_are_read_in_both_shapes() -> None:
    session = parse(
        "pi",
        HEADER,
        user(0),
        answer(
            1,
            call("edit", "a", path="a.py", oldText="x", newText="y"),
            call("edit", "b", path="b.py", edits=[{"oldText": "1", "newText": "2"}, {"oldText": "3"}]),
            call("write", "c", path="c.py", content="z"),
            stopReason="toolUse",
        ),
    )
    calls = [event for event in session.events if event.kind == "tool_call"]
    assert [(e.tool_kind, e.path) for e in calls] == [("edit", "a.py"), ("edit", "b.py"), ("write", "c.py")]
    found = [(edit.path, edit.old, edit.new) for event in calls for edit in event.edits]
    assert found == [("a.py", "x", "y"), ("b.py", "1", "2"), ("b.py", "3", ""), ("c.py", "", "z")]
    assert session.end_state == "running"
    assert "write" in session.end_reason


@pytest.mark.parametrize(
    ("fields", "state", "kind"),
    [
        ({"stopReason": "aborted"}, "interrupted", "interrupt"),
        ({"stopReason": "error", "errorMessage": "overloaded"}, "error", "api_error"),
        ({"stopReason": "length"}, "error", "message"),
        ({"stopReason": "toolUse"}, "finished", "message"),
        ({}, "finished", "message"),
    ],
)
def test_a_stop_reason_decides_the_end(fields: dict[str, Any], state: str, kind: str) -> None:
    session = parse("pi", HEADER, user(0), answer(1, text("So"), **fields))
    assert (session.end_state, kinds(session)[-1]) == (state, kind)


def test_zeros_only_are_no_statement_and_no_cost() -> None:
    nothing = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "cost": {"total": 0}}
    free = {"input": 1, "output": 2, "cost": {"total": 0}}
    session = parse("pi", HEADER, user(0), answer(1, text("a"), usage=nothing), answer(2, usage=free))
    assert [(c.tokens, c.cost_usd_micros) for c in session.model_calls] == [(Tokens(input=1, output=2), None)]


def test_a_fork_marks_what_it_copied_and_does_not_count_it_again() -> None:
    header = {
        **HEADER,
        "timestamp": "2026-05-12T01:00:03.500Z",
        "parentSession": "/home/u/.pi/agent/sessions/--w--/2026-05-12T01-00-00-000Z_parent-id.jsonl",
    }
    copied = [user(0), answer(1, text("old"), usage=USAGE)]
    session = parse("pi", header, *copied, user(3, "new"), answer(4, text("now"), usage=USAGE))
    assert (session.parent_id, session.relation) == ("parent-id", "fork")
    assert [event.replayed for event in session.events] == [True, True, False, False]
    assert (len(session.model_calls), session.usage.rows, session.usage.replayed) == (1, 2, 1)
    parent = parse("pi", HEADER, *copied)
    assert parent.model_calls[0].key not in {one.key for one in session.model_calls}


def test_a_branch_that_was_left_was_paid_for() -> None:
    left = answer(1, text("left"), usage=USAGE)
    other = {**answer(2, text("kept"), usage=USAGE), "parentId": "e0"}
    session = parse("pi", HEADER, user(0), left, entry(3, "branch_summary", summary="was left"), other)
    assert len(session.model_calls) == 2
    assert [e.text for e in session.events if e.injected] == ["was left"]


def test_results_that_failed_and_calls_that_were_stopped() -> None:
    session = parse(
        "pi",
        HEADER,
        user(0),
        answer(1, call("bash", "a", command="x"), call("bash", "b", command="y"), call("bash", "c")),
        result(2, "a", error=True, words="boom"),
        result(3, "b", error=True, words="Operation aborted"),
        result(4, "c", error="?"),
    )
    assert [outcome for _, outcome, _ in results(session)] == ["error", "interrupted", "unknown"]


def test_what_extensions_and_people_put_in_is_no_prompt() -> None:
    session = parse(
        "pi",
        HEADER,
        entry(0, "custom_message", customType="x", content="context", display=False),
        entry(1, "custom", customType="x", data={}),
        user(2),
        entry(3, message={"role": "bashExecution", "command": "ls", "output": "a.py", "exitCode": 0}),
        entry(4, message={"role": "custom", "content": "hook"}),
        entry(5, "thinking_level_change", thinkingLevel="high"),
    )
    assert kinds(session) == ["message", "prompt", "message", "message"]
    assert [e.injected for e in session.events] == [True, False, True, True]
    assert session.opaque_count == 0


def test_another_model_is_told_once() -> None:
    session = parse(
        "pi",
        HEADER,
        entry(0, "model_change", modelId="m1"),
        user(1),
        answer(2, text("a")),
        entry(3, "model_change", modelId="m2"),
        entry(4, "compaction", summary="in short", tokensBefore=9),
    )
    assert kinds(session) == ["prompt", "message", "model_change", "compaction"]
    assert [event.text for event in session.events[2:]] == ["m2", "in short"]


def test_the_stream_is_read_by_its_ended_messages() -> None:
    message = answer(1, text("Hi."), usage=USAGE)["message"]
    asked = user(0)["message"]
    session = parse(
        "pi",
        HEADER,
        {"type": "agent_start"},
        {"type": "message_start", "message": asked},
        {"type": "message_end", "message": asked},
        {"type": "message_update", "message": message},
        {"type": "message_end", "message": message},
        {"type": "turn_end", "message": message},
        {"type": "agent_end", "messages": [message]},
    )
    assert kinds(session) == ["prompt", "message"]
    assert (len(session.model_calls), session.opaque_count, session.surface) == (1, 0, "pi --mode json")


def test_openclaw_is_called_by_its_name() -> None:
    first = entry(0, "model_change", provider="openclaw-model", modelId="m")
    assert parse("pi", HEADER, first, user(1)).agent == "OpenClaw"
    assert parse("pi", HEADER, user(1)).agent == "Pi"


def test_what_is_unknown_is_kept_and_what_is_broken_is_a_fault() -> None:
    session = parse("pi", HEADER, user(0), entry(1, "hologram"), "not json", '{"type":"message","mess')
    assert (session.opaque_count, session.fault_count, session.end_state) == (3, 2, "truncated")
    assert session.faults[0] == "line 4: not JSON"


def test_a_header_alone_is_no_session() -> None:
    with pytest.raises(NotATranscript, match="without any entry"):
        list(PI.parse(Transcript(document("x", lines(HEADER))), lambda text: text))


def test_a_file_without_its_header_has_an_id_and_a_fault() -> None:
    transcript = Transcript(document("x", lines(user(0))))
    (session,) = PI.parse(transcript, lambda text: text)
    assert session.native_id.startswith("unnamed-")
    assert session.fault_count == 1


def test_an_id_of_which_nothing_can_be_printed_is_none() -> None:
    session = parse("pi", {**HEADER, "id": "\x00"}, user(0))
    assert session.native_id.startswith("unnamed-")


@pytest.mark.parametrize(
    "row",
    [
        {"type": "session", "id": "x"},
        {"type": "session", "timestamp": "t", "version": 3},
        {"type": "session", "id": "x", "timestamp": "t", "version": 1, "sessionId": "y"},
        {"type": "session_start", "id": "x", "cwd": "/"},
        {"type": ["session"], "id": "x", "timestamp": "t", "version": 3},
        [],
        "session",
    ],
)
def test_other_content_is_refused(row: Any) -> None:
    assert not PI.recognises(lines(row))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["message", "message_end", "compaction", "session_info", "model_change"]
                )
            }
            | dict.fromkeys(("timestamp", "id", "summary", "name", "modelId"), JUNK)
            | {
                "message": JUNK
                | st.fixed_dictionaries(
                    {"role": st.sampled_from(["user", "assistant", "toolResult", "bashExecution"]) | JUNK}
                    | dict.fromkeys(("usage", "stopReason", "isError", "toolCallId", "details"), JUNK)
                    | {"content": JUNK | st.lists(st.fixed_dictionaries({"type": JUNK, "arguments": JUNK}))}
                )
            }
        )
        | JUNK,
        max_size=5,
    )
)
def test_wrong_types_in_any_field_never_raise(rows: list[Any]) -> None:
    assert parse("pi", HEADER, user(0), *rows).native_id


def test_what_models_were_asked_besides_answers_is_counted_too() -> None:
    session = parse(
        "pi",
        HEADER,
        user(0),
        answer(1, call("subagent"), usage={**USAGE, "reasoning": 4}),
        entry(
            2,
            message={"role": "toolResult", "toolCallId": "t1", "content": [text("ok")], "usage": USAGE},
        ),
        entry(3, "compaction", summary="what was", usage=USAGE),
        entry(4, "branch_summary", summary="left", usage=USAGE),
        {**entry(5, "usage", model="m2", usage=USAGE), "note": "kept warm"},
        entry(6, "active_tools_change", activeToolNames=["read"]),
        entry(7, "context_edit", targetId="e1", replacement=None),
        entry(8, "context_window", handoff="begin anew"),
    )
    assert [one.model for one in session.model_calls] == ["m1", None, "m1", "m1", "m2"]
    assert [one.tokens.output for one in session.model_calls] == [7] * 5
    assert [one.cost_usd_micros for one in session.model_calls] == [12_500] * 5
    assert session.model_calls[0].tokens.reasoning == 4
    assert [event.text for event in session.events if event.kind == "compaction"] == [
        "what was",
        "begin anew",
    ]
    assert session.opaque_count == 0


def test_a_checkpoint_of_an_answer_is_not_counted() -> None:
    session = parse(
        "pi",
        HEADER,
        user(0),
        answer(1, call("bash"), usage=USAGE, responseId="r", checkpoint=True),
        answer(2, text("done"), usage=USAGE, responseId="r"),
    )
    assert [one.tokens.output for one in session.model_calls] == [7]
    assert (session.usage.rows, session.usage.repeated) == (2, 1)


@pytest.mark.parametrize(
    ("typed", "prompt"), [("\n\nreview it", "review it"), ("", "/skill:review")], ids=["words", "none"]
)
def test_a_skill_is_no_words_of_the_person(typed: str, prompt: str) -> None:
    skill = '<skill name="review" location="/s/SKILL.md">\nLook well.\n</skill>'
    session = parse("pi", HEADER, user(0, f"{skill}{typed}"))
    assert said(session) == [("prompt", prompt)]
    assert (session.events[0].injected, session.events[0].text) == (True, skill)


def test_what_a_channel_notes_is_no_prompt_and_what_it_delivers_no_answer() -> None:
    notes = 'Conversation info (untrusted metadata):\n```json\n{"sender":"x"}\n```'
    mirror = {"provider": "openclaw", "model": "delivery-mirror"}
    session = parse(
        "pi",
        HEADER,
        user(0, f"{notes}\n\n[Sun 2026-03-01 00:00 UTC] hello"),
        answer(1, text("hi")),
        answer(2, text("hi"), **mirror),
        answer(3, text("a file was sent"), **mirror),
        entry(4, "model_change", provider="p", modelId="m1"),
    )
    assert (session.agent, session.title) == ("OpenClaw", "hello")
    assert said(session) == [("prompt", "hello"), ("message", "hi"), ("message", "a file was sent")]
    assert "model_change" not in kinds(session)
