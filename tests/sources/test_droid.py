"""Droid's stored sessions and its stream, trap by trap. Every transcript here is made up."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_agents import JUNK, assert_paired, document, kinds, lines, parse, results, said

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM
from debrief.sources.formats.droid import DROID

START = {"type": "session_start", "id": "d-1", "title": "t", "sessionTitle": "A title", "cwd": "/work/shop"}
SESSION = {"session_id": "s-1", "timestamp": "2026-01-01T00:00:00.000Z"}
SYSTEM = {"type": "system", "subtype": "init", "model": "droid-model", "cwd": "/work", **SESSION}
ASKED = {"type": "message", "role": "user", "text": "List files", **SESSION}


def message(role: str, *content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "m",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "message": {"role": role, "content": list(content)},
        **fields,
    }


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(name: str, own: str = "t1", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": own, "name": name, "input": arguments}


def back(words: Any, own: str = "t1", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": own, "content": words, **fields}


def test_a_stored_session() -> None:
    session = parse(
        "droid",
        START,
        message("user", text("<system-reminder>\nBe brief.\n</system-reminder>\n\nRun it")),
        message(
            "assistant",
            {"type": "thinking", "thinking": "hm"},
            text("I run it."),
            use("Execute", command="make", riskLevel="low"),
        ),
        message("user", back("ok\n")),
        message("assistant", text("It runs.")),
        {"type": "todo_state", "todos": []},
    )
    assert kinds(session) == [
        *("message", "prompt", "reasoning", "message", "tool_call", "tool_result", "message")
    ]
    assert said(session)[0] == ("prompt", "Run it")
    assert session.events[0].injected
    assert (session.native_id, session.cwd, session.title) == ("d-1", "/work/shop", "A title")
    assert results(session) == [("Execute", "ok", None)]
    assert session.events[4].command == "make"
    assert_paired(session)
    assert (session.end_state, session.opaque_count, session.fault_count) == ("finished", 0, 0)


@pytest.mark.parametrize(
    ("words", "fields", "outcome", "code"),
    [
        ("fine", {}, "ok", None),
        ("Error: Command failed (exit code: 2)\nno rule", {}, "error", 2),
        ("no rule\n\n[Process exited with code 2]", {}, "error", 2),
        ("all good\n\n[Process exited with code 0]", {}, "ok", 0),
        ("boom", {"is_error": True}, "error", None),
        ("Error: Tool execution cancelled by user", {"is_error": True}, "rejected", None),
        ("the text says: Command failed (exit code: 2)", {}, "ok", None),
    ],
)
def test_how_a_stored_result_came_out(
    words: str, fields: dict[str, Any], outcome: str, code: int | None
) -> None:
    session = parse(
        "droid",
        START,
        message("user", text("go")),
        message("assistant", use("Execute", command="make")),
        message("user", back(words, **fields)),
    )
    assert results(session) == [("Execute", outcome, code)]


def test_files_that_are_written_and_changed() -> None:
    patch = "*** Begin Patch\n*** Update File: c.py\n@@\n-x\n+y\n*** End Patch"
    session = parse(
        "droid",
        START,
        message(
            "assistant",
            use("Edit", "a", file_path="a.py", old_str="1", new_str="2"),
            use("Create", "b", file_path="b.py", content="z"),
            use("ApplyPatch", "c", input=patch),
            use("Read", "d", file_path="d.py"),
            use("github___create_issue", "e", title="x"),
        ),
    )
    calls = [event for event in session.events if event.kind == "tool_call"]
    assert [(e.tool_kind, e.path) for e in calls] == [
        ("edit", "a.py"),
        ("write", "b.py"),
        ("edit", "c.py"),
        ("read", "d.py"),
        ("mcp", None),
    ]
    assert [(e.old, e.new) for event in calls for e in event.edits] == [("1", "2"), ("", "z"), ("x\n", "y\n")]


def test_the_sessions_total_stands_beside_it() -> None:
    usage = {"inputTokens": 10, "outputTokens": 5, "cacheCreationTokens": 3, "cacheReadTokens": 100}
    rows = (START, message("user", text("go")))

    def beside(**fields: Any) -> dict[str, bytes]:
        return {"d-1.settings.json": json.dumps({"model": "glm-4.6", "tokenUsage": usage | fields}).encode()}

    session = parse("droid", *rows, beside=beside(thinkingTokens=0))
    assert [(c.model, c.tokens) for c in session.model_calls] == [
        ("glm-4.6", Tokens(input=10, cache_read=100, cache_write=3, output=5))
    ]
    assert total_tokens(session)[1]["output"] == "exact"
    thought = parse("droid", *rows, beside=beside(thinkingTokens=4))
    assert total_tokens(thought)[1]["output"] == "lower_bound"
    broken = parse("droid", *rows, beside={"d-1.settings.json": b"not json"})
    assert (broken.model_calls, broken.faults) == ((), ("settings: not JSON",))


def test_a_sub_agents_session_names_its_parent() -> None:
    session = parse("droid", {**START, "callingSessionId": "d-0"}, message("user", text("look")))
    assert (session.parent_id, session.relation) == ("d-0", "subagent")


def test_how_turns_end_and_conversations_are_summarised() -> None:
    begun = (START, message("user", text("go")), {"type": "compaction_state", "summaryText": "in short"})

    def ended(reason: str) -> str:
        return parse("droid", *begun, {"type": "agent_turn_outcome", "reason": reason}).end_state

    assert (ended("completed"), ended("cancelled"), ended("hologram")) == ("finished", "interrupted", "error")
    assert parse("droid", *begun).events[1].text == "in short"


def test_the_stream() -> None:
    session = parse(
        "droid",
        SYSTEM,
        ASKED,
        {"type": "message", "role": "assistant", "text": "I look.", **SESSION},
        {
            "type": "tool_call",
            "toolCallId": "c1",
            "toolName": "Shell",
            "parameters": {"command": "ls"},
            **SESSION,
        },
        {"type": "tool_result", "toolCallId": "c1", "value": {"stdout": "a\n", "exitCode": 3}, **SESSION},
        {"type": "message", "role": "assistant", "text": "Done", **SESSION},
        {
            "type": "completion",
            "finalText": "Done",
            "usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 7},
            **SESSION,
        },
    )
    assert kinds(session) == [
        *("prompt", "message", "tool_call", "tool_result", "message", "turn_end"),
    ]
    assert results(session) == [("Shell", "error", 3)]
    assert (session.native_id, session.cwd, session.surface) == ("s-1", "/work", "droid exec")
    assert [(c.model, c.tokens) for c in session.model_calls] == [
        ("droid-model", Tokens(input=10, cache_read=7, output=5))
    ]
    assert session.end_state == "finished"


def test_the_streams_other_spelling_and_its_error() -> None:
    own = {"sessionId": "s-2", "timestamp": 1767812640310}
    session = parse(
        "droid",
        {"type": "tool_call", "id": "c", "toolId": "Execute", "parameters": {"command": "ls"}, **own},
        {"type": "tool_result", "id": "c", "isError": True, "value": "no such file", **own},
        {"type": "error", "source": "cli", "message": "Authentication failed.", **own},
    )
    assert results(session) == [("Execute", "error", None)]
    assert (session.native_id, session.end_state) == ("s-2", "error")
    assert session.started_us == 1_767_812_640_310_000


def test_the_last_words_are_kept_where_they_were_not_said_before() -> None:
    session = parse("droid", ASKED, {"type": "completion", "finalText": "Done", **SESSION})
    assert said(session)[-1] == ("message", "Done")


def test_what_is_unknown_is_kept_and_what_is_broken_is_a_fault() -> None:
    session = parse(
        "droid", START, message("user", text("go")), {"type": "hologram"}, "nonsense", '{"type":"m'
    )
    assert (session.opaque_count, session.fault_count, session.end_state) == (3, 2, "truncated")


def test_a_start_alone_is_no_session() -> None:
    with pytest.raises(NotATranscript, match="without a single message"):
        list(DROID.parse(Transcript(document("x", lines(START))), lambda text: text))


def test_a_session_without_an_id_has_one_made_of_its_beginning() -> None:
    transcript = Transcript(document("x", lines(message("user", text("go")))))
    (session,) = DROID.parse(transcript, lambda text: text)
    assert session.native_id.startswith("unnamed-")
    assert session.faults == ("line 1: no record says the session's id",)


@pytest.mark.parametrize(
    "row",
    [
        {"type": "session_start"},
        {"type": "session_start", "id": "x"},
        {"type": "session_start", "id": ["x"], "cwd": "/"},
        {"type": "message", "role": "user", "content": "gemini's", "session_id": "s"},
        {"type": "message", "role": "user", "text": "no session"},
        {"type": "message", "role": "user", "text": "x", "session_id": "s", "uuid": "u"},
        {"type": "completion", "session_id": "s"},
        [],
    ],
)
def test_other_content_is_refused(row: Any) -> None:
    assert not DROID.recognises(lines(row))


def test_the_stream_and_another_agents_are_told_apart() -> None:
    other = {"type": "system", "subtype": "init", "session_id": "s", "uuid": "u", "tools": [], "cwd": "/"}
    assert not DROID.recognises(lines(other, {"type": "user", "message": {}, "session_id": "s"}))
    assert not CLAUDE_CODE_STREAM.recognises(lines(SYSTEM, ASKED))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        "session_start",
                        "message",
                        "tool_call",
                        "tool_result",
                        "completion",
                        "error",
                        "system",
                        "compaction_state",
                        "agent_turn_outcome",
                    ]
                )
            }
            | dict.fromkeys(("id", "timestamp", "parameters", "value", "usage", "text", "toolName"), JUNK)
            | {"message": JUNK | st.fixed_dictionaries({"role": JUNK, "content": JUNK})}
        )
        | JUNK,
        max_size=5,
    )
)
def test_wrong_types_in_any_field_never_raise(rows: list[Any]) -> None:
    assert parse("droid", START, message("user", text("go")), *rows).native_id


def test_what_the_tool_wrote_is_no_prompt() -> None:
    hook = {"hookEventName": "Stop", "hookResults": [{"exitCode": 0, "stdout": "formatted\n", "stderr": ""}]}
    session = parse(
        "droid",
        {**START, "title": "New Session", "sessionTitle": None},
        message("user") | {"message": _of_the_tool("User system info (linux)")},
        message("user", text("Tidy it")),
        message("assistant", text("Done.")),
        message("user") | {"message": {"role": "user", "content": [], **hook}},
        message("user") | {"message": _of_the_tool("Model switched", "user_only")},
    )
    assert said(session) == [("prompt", "Tidy it"), ("message", "Done.")]
    assert [event.text for event in session.events if event.injected] == [
        "User system info (linux)",
        "Stop hook\nformatted",
        "Model switched",
    ]
    assert (session.title, session.title_source, session.end_state) == ("Tidy it", "prompt", "finished")


def _of_the_tool(words: str, visibility: str = "llm_only") -> dict[str, Any]:
    return {"role": "user", "visibility": visibility, "content": [text(words)]}


def test_a_fork_replays_its_parent_up_to_a_message() -> None:
    session = parse(
        "droid",
        {**START, "parent": "d-0", "forkedAtMessageId": "m2"},
        message("user", text("old question"), id="m1"),
        message("assistant", text("old answer"), id="m2"),
        message("user", text("new question"), id="m3"),
    )
    assert (session.relation, session.parent_id) == ("fork", "d-0")
    assert [event.replayed for event in session.events] == [True, True, False]
    assert session.title == "A title"
    assert session.initial_user_message == "new question"


def test_a_fork_whose_message_is_not_there_says_so() -> None:
    session = parse(
        "droid",
        {**START, "parent": "d-0", "forkedAtMessageId": "gone"},
        message("user", text("question"), id="m1"),
    )
    assert session.events[0].replayed
    assert "not in the file" in session.faults[0]


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("completed", "finished"),
        ("spec_handoff", "finished"),
        ("permission_rejected", "interrupted"),
        ("process_exit", "error"),
    ],
)
def test_how_a_turn_ended(reason: str, state: str) -> None:
    session = parse(
        "droid",
        START,
        message("user", text("go")),
        message("assistant", text("well")),
        {"type": "agent_turn_outcome", "turnId": "m", "reason": reason},
    )
    assert session.end_state == state


@pytest.mark.parametrize(
    ("models", "model"), [(["a", "a"], "settings-model"), (["a", "b"], None)], ids=["one", "several"]
)
def test_a_total_of_several_models_is_of_none(models: list[str], model: str | None) -> None:
    usage = {"model": "settings-model", "tokenUsage": {"inputTokens": 10, "outputTokens": 1}}
    rows = [message("assistant", text(name)) for name in models]
    for row, name in zip(rows, models, strict=True):
        row["message"]["modelId"] = name
    session = parse(
        "droid",
        START,
        message("user", text("go")),
        *rows,
        beside={"d-1.settings.json": json.dumps(usage).encode()},
    )
    assert [call.model for call in session.model_calls] == [model]
