"""Gemini CLI's headless stream: pieces are joined, and tokens are those of the last event."""

from typing import Any

import pytest
from gemini_building import at, document, lines, read, results, told

from debrief.errors import NotATranscript
from debrief.model import Tokens
from debrief.sources import Transcript
from debrief.sources.formats.gemini_stream import GEMINI_STREAM
from debrief.sources.registry import sniff


def event(kind: str, second: int = 1, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": at(second)} | fields


BEGIN = event("init", 0, session_id="s-1", model="gemini-3-pro")
PROMPT = event("message", 1, role="user", content="Fix it")


def piece(text: str) -> dict[str, Any]:
    return event("message", 2, role="assistant", content=text, delta=True)


def stats(**numbers: int) -> dict[str, Any]:
    return {"duration_ms": 10, "tool_calls": 0} | numbers


COUNTS = stats(total_tokens=1090, input_tokens=1000, output_tokens=50, cached=600, input=400)


def use(name: str, tool: str, **parameters: Any) -> dict[str, Any]:
    return event("tool_use", 3, tool_name=tool, tool_id=name, parameters=parameters)


def test_a_run_is_read() -> None:
    content = lines(
        BEGIN,
        PROMPT,
        piece("I will "),
        piece("look."),
        use("c1", "run_shell_command", command="make"),
        event("tool_result", 4, tool_id="c1", status="success", output="built"),
        use("c2", "read_file", file_path="/a"),
        event("tool_result", 4, tool_id="c2", status="error", error={"type": "X", "message": "no file"}),
        event("error", 5, severity="warning", message="Loop detected, stopping execution"),
        piece("Done."),
        event("result", 6, status="success", stats=COUNTS),
    )
    session = read(GEMINI_STREAM, content)

    assert sniff(content) is GEMINI_STREAM
    assert [text for kind, text in told(session) if kind in ("prompt", "message")] == [
        "Fix it",
        "I will look.",
        "Loop detected, stopping execution",
        "Done.",
    ]
    assert [(e.tool, e.outcome, e.text) for e in results(session)] == [
        ("run_shell_command", "ok", "built"),
        ("read_file", "error", "no file"),
    ]
    assert (session.native_id, session.surface, session.end_state) == ("s-1", "headless", "finished")
    assert session.model_calls[0].model == "gemini-3-pro"
    assert session.model_calls[0].tokens == Tokens(input=400, cache_read=600, output=50, reasoning=40)
    assert session.fault_count == 0


def test_models_are_told_apart_where_the_stream_does() -> None:
    one = {"total_tokens": 15, "input_tokens": 10, "output_tokens": 5, "cached": 0, "input": 10}
    two = {"total_tokens": 3, "input_tokens": 2, "output_tokens": 1, "cached": 0, "input": 2}
    made = stats(total_tokens=18, input_tokens=12, output_tokens=6) | {"models": {"a": one, "b": two}}
    session = read(GEMINI_STREAM, lines(BEGIN, event("result", 6, status="success", stats=made)))

    assert [(c.model, c.tokens.output) for c in session.model_calls] == [("a", 5), ("b", 1)]


def test_thoughts_are_not_made_up_where_the_service_read_pages() -> None:
    session = read(
        GEMINI_STREAM,
        lines(
            BEGIN,
            use("c", "google_web_search", query="x"),
            event("result", 6, status="success", stats=COUNTS),
        ),
    )

    assert session.model_calls[0].tokens == Tokens(input=400, cache_read=600, output=90)


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (event("result", 6, status="error", error={"type": "Error", "message": "quota"}, stats={}), "error"),
        (
            event("result", 6, status="error", error={"type": "FatalCancellationError"}, stats={}),
            "interrupted",
        ),
        (use("c", "glob", pattern="*"), "running"),
        (PROMPT, "running"),
        (event("error", 6, severity="error", message="Maximum session turns exceeded"), "error"),
    ],
)
def test_how_a_run_ends(last: dict[str, Any], state: str) -> None:
    assert read(GEMINI_STREAM, lines(BEGIN, PROMPT, last)).end_state == state


def test_a_run_without_its_last_event_has_no_tokens() -> None:
    assert read(GEMINI_STREAM, lines(BEGIN, PROMPT, piece("cut"))).model_calls == ()


def test_two_runs_in_one_log_are_two_sessions() -> None:
    log = lines(BEGIN, PROMPT, BEGIN | {"session_id": "s-2"}, piece("hello"))
    sessions = list(GEMINI_STREAM.parse(Transcript(document("x", log)), lambda text: text))

    assert [s.native_id for s in sessions] == ["s-1", "s-2"]


def test_what_cannot_be_read_is_a_fault() -> None:
    session = read(
        GEMINI_STREAM,
        lines(b"Loaded cached credentials.\n", BEGIN, event("novelty", 2), b'{"type":"message","ro'),
    )

    assert session.fault_count == 2
    assert session.opaque_count == 3
    assert session.end_state == "truncated"
    with pytest.raises(NotATranscript):
        read(GEMINI_STREAM, b"nothing\n")


def test_wrong_types_raise_nothing() -> None:
    for value in (None, True, 7, -1, "x", "\ud800", [], [1], {}, {"message": 3}):
        content = lines(
            BEGIN,
            event("init", 1, session_id=value, model=value),
            event("message", 1, role=value, content=value, delta=value),
            event("message", 1, role="assistant", content=value, delta=value),
            event("tool_use", 1, tool_name=value, tool_id=value, parameters=value),
            event("tool_result", 1, tool_id=value, status=value, output=value, error=value),
            event("error", 1, severity=value, message=value),
            event("result", 1, status=value, error=value, stats=value),
            event("result", 1, status="success", stats={"models": value, "input_tokens": value}),
            event("result", 1, status="success", stats={"models": {"m": value}}),
            {"type": value, "timestamp": value},
            value,
        )
        sessions = list(GEMINI_STREAM.parse(Transcript(document("x", content)), lambda text: text))
        assert {session.format for session in sessions} == {"gemini_stream"}


@pytest.mark.parametrize(
    "record",
    [
        {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "timestamp": "t"},
        {"type": "init", "session_id": "s"},
        {"type": "result", "subtype": "success", "is_error": False, "duration_ms": 1, "session_id": "s"},
        {"type": "message", "role": "user", "content": "x", "timestamp": "t"},
        {"type": "tool_use", "name": "x", "id": "y", "timestamp": "t"},
    ],
)
def test_look_alikes_are_refused(record: dict[str, Any]) -> None:
    assert not GEMINI_STREAM.recognises(lines(record))
