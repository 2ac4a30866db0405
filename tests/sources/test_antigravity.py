"""Antigravity: numbered steps become calls and results in order; what they do not say stays unknown."""

from typing import Any

import pytest
from gemini_building import at, lines, read, results, told

from debrief.errors import NotATranscript
from debrief.model import Tokens
from debrief.sources.formats.antigravity import ANTIGRAVITY
from debrief.sources.registry import sniff


def step(
    number: int, kind: str, source: str = "MODEL", status: str = "DONE", **fields: Any
) -> dict[str, Any]:
    made = {"step_index": number, "source": source, "type": kind, "status": status}
    return made | {"created_at": at(number)} | fields


def asked(text: str, beside: str = "") -> dict[str, Any]:
    content = f"<USER_REQUEST>\n{text}\n</USER_REQUEST>\n{beside}"
    return step(0, "USER_INPUT", "USER_EXPLICIT", content=content)


def planned(number: int, *calls: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    made = [{"name": name, "args": args} for name, args in calls]
    return step(number, "PLANNER_RESPONSE", tool_calls=made, **fields)


def test_a_session_is_read() -> None:
    chosen = (
        "<USER_SETTINGS_CHANGE>\nThe user changed setting `Model Selection` from None "
        "to Gemini 3.5 Flash (Medium).\n"
        "</USER_SETTINGS_CHANGE>"
    )
    content = lines(
        asked("Test it", chosen),
        step(1, "CONVERSATION_HISTORY", "SYSTEM"),
        planned(
            2,
            ("view_file", {"AbsolutePath": '"/repo/a.py"'}),
            ("run_command", {"CommandLine": '"make test"'}),
            thinking="First look.",
        ),
        step(3, "RUN_COMMAND", content="The command failed with exit code: 2\nOutput:\nno"),
        step(4, "VIEW_FILE", content="1: x"),
        step(5, "CHECKPOINT", "SYSTEM", content="# Resuming"),
        step(6, "SYSTEM_MESSAGE", "SYSTEM", content="a reminder"),
        planned(7, content="It fails."),
    )
    session = read(ANTIGRAVITY, content)

    assert sniff(content) is ANTIGRAVITY
    assert [kind for kind, _ in told(session)] == [
        *("prompt", "message", "reasoning", "tool_call", "tool_call", "tool_result", "tool_result"),
        *("compaction", "message", "message"),
    ]
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Test it"]
    assert [(e.tool, e.outcome, e.exit_code) for e in results(session)] == [
        ("run_command", "error", 2),
        ("view_file", "ok", None),
    ]
    made = [e for e in session.events if e.kind == "tool_call"]
    assert (made[0].path, made[1].command) == ("/repo/a.py", "make test")
    assert session.model_calls[0].model == "Gemini 3.5 Flash (Medium)"
    assert session.model_calls[0].tokens.output is None
    assert (session.end_state, session.cwd, session.fault_count) == ("finished", None, 0)


def test_a_file_that_is_edited_carries_its_edits() -> None:
    chunk = '[{"TargetContent":"a","ReplacementContent":"b"}]'
    session = read(
        ANTIGRAVITY,
        lines(
            planned(1, ("multi_replace_file_content", {"TargetFile": '"/r/x"', "ReplacementChunks": chunk})),
            step(2, "CODE_ACTION", content="done"),
            planned(3, ("write_to_file", {"TargetFile": '"/r/y"', "CodeContent": '"new"'})),
            step(4, "CODE_ACTION", status="ERROR", content="cannot"),
        ),
    )
    made = [e for e in session.events if e.kind == "tool_call"]

    assert [(x.path, x.old, x.new) for e in made for x in e.edits] == [
        ("/r/x", "a", "b"),
        ("/r/y", "", "new"),
    ]
    assert [e.outcome for e in results(session)] == ["ok", "error"]


def test_a_tools_step_without_its_call_is_a_call_of_its_own() -> None:
    session = read(
        ANTIGRAVITY, lines(asked("go"), step(1, "RUN_COMMAND", content="ok"), step(2, "BROWSER_NAVIGATE"))
    )

    assert [(e.tool, e.tool_kind) for e in session.events if e.kind == "tool_call"] == [
        ("RUN_COMMAND", "shell"),
        ("BROWSER_NAVIGATE", "other"),
    ]
    assert len(results(session)) == 2


def test_a_step_at_work_is_no_result() -> None:
    session = read(
        ANTIGRAVITY,
        lines(
            planned(1, ("run_command", {"CommandLine": '"sleep 9"'})),
            step(2, "RUN_COMMAND", status="RUNNING"),
        ),
    )

    assert results(session) == []
    assert session.end_state == "running"


def test_the_same_log_has_the_same_name_and_another_has_another() -> None:
    first, longer = lines(asked("go")), lines(asked("go"), planned(1, content="gone"))

    assert read(ANTIGRAVITY, first).native_id == read(ANTIGRAVITY, longer).native_id
    assert read(ANTIGRAVITY, first).native_id != read(ANTIGRAVITY, lines(asked("stay"))).native_id


def test_what_cannot_be_read_is_a_fault_and_what_is_not_known_is_opaque() -> None:
    session = read(
        ANTIGRAVITY,
        lines(asked("go"), b"no json\n", step(1, "NOVELTY", "SYSTEM"), {"odd": 1}, b'{"step_index":2,"ty'),
    )

    assert session.opaque_count == 4
    assert session.faults[0] == "line 2: not JSON"
    assert session.end_state == "truncated"
    with pytest.raises(NotATranscript):
        read(ANTIGRAVITY, b"nothing\n")


def test_wrong_types_raise_nothing() -> None:
    for value in (None, True, 7, "x", '"', "[{", "\ud800", [], [1], {}, {"name": 3}):
        content = lines(
            asked("go"),
            {"step_index": value, "source": value, "type": value, "status": value, "content": value},
            step(1, "USER_INPUT", content=value),
            step(1, "USER_INPUT") | {"source": value},
            step(2, "PLANNER_RESPONSE", content=value, thinking=value, tool_calls=value, created_at=value),
            step(3, "PLANNER_RESPONSE", tool_calls=[value, {"name": value, "args": value, "id": value}]),
            planned(4, ("run_command", {"CommandLine": value}), ("edit", {"edits": value})),
            step(5, "RUN_COMMAND", content=value) | {"status": value},
            value,
        )
        assert read(ANTIGRAVITY, content).format == "antigravity"


@pytest.mark.parametrize(
    "content",
    [
        b"# A plan\n\nSome text.\n",
        b'{"step_index": 0, "type": "message", "source": "x", "status": "DONE"}\n',
        b'{"step_id": 1, "source": "user", "message": "hi"}\n',
        b'{"step_index": 0, "type": "USER_INPUT", "status": "DONE"}\n',
    ],
)
def test_look_alikes_are_refused(content: bytes) -> None:
    assert not ANTIGRAVITY.recognises(content)


def test_a_step_that_is_told_again_as_it_goes_on_is_one() -> None:
    content = lines(
        asked("List it"),
        planned(1, ("run_command", {"CommandLine": '"ls"'})),
        step(2, "RUN_COMMAND", status="RUNNING", content="a"),
        step(2, "RUN_COMMAND", status="RUNNING", content="a\nb"),
        step(2, "RUN_COMMAND", content="a\nb\nexit code: 0"),
        step(3, "PLANNER_RESPONSE", status="GENERATING", content="Tw"),
        step(3, "PLANNER_RESPONSE", content="Two."),
        step(4, "RUN_COMMAND", status="RUNNING", content="still at it"),
    )
    session = read(ANTIGRAVITY, content)
    assert [kind for kind, _ in told(session)] == [
        *("prompt", "tool_call", "tool_result", "message", "tool_call")
    ]
    assert [(e.text, e.exit_code) for e in results(session)] == [("a\nb\nexit code: 0", 0)]
    assert len(session.model_calls) == 2


def test_tokens_stand_in_the_full_log() -> None:
    used = {"input_tokens": 100, "cache_read_tokens": 80, "output_tokens": 5}
    content = lines(
        asked("Go"), planned(1, content="Gone.", **used), planned(2, content="Again.", input_tokens=7)
    )
    session = read(ANTIGRAVITY, content)
    assert [one.tokens for one in session.model_calls] == [
        Tokens(input=20, cache_read=80, output=5),
        Tokens(input=7),
    ]
    assert [one.lower_bound for one in session.model_calls] == [("input",), ()]
