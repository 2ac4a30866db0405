"""Cline's sessions since its SDK, trap by trap. Every transcript here is made up."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_agents import JUNK, assert_paired, document, kinds, parse, results, said

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.pipeline.discover import discover
from debrief.sources import Transcript
from debrief.sources.formats.cline_sessions import CLINE_SESSIONS

ID = "1780000000000_abcde"
T0 = 1_780_000_000_000
MODEL = {"id": "anthropic/claude-sonnet-4.6", "provider": "cline"}
MANIFEST = {
    "version": 1,
    "session_id": ID,
    "source": "cli",
    "status": "idle",
    "cwd": "/work/shop",
    "workspace_root": "/work/shop",
    "metadata": {"title": "Mend the cart"},
}


def user(second: int, *content: Any, **fields: Any) -> dict[str, Any]:
    return {"id": f"m{second}", "role": "user", "ts": T0 + second * 1000, "content": list(content), **fields}


def typed(second: int, words: str) -> dict[str, Any]:
    return user(second, {"type": "text", "text": f'<user_input mode="act">{words}</user_input>'})


def answer(second: int, *content: Any, tokens: Any = (100, 7, 60, 30), **fields: Any) -> dict[str, Any]:
    names = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
    metrics = dict(zip(names, tokens, strict=True)) | {"cost": 0.25}
    own = {"id": f"m{second}", "role": "assistant", "ts": T0 + second * 1000, "content": list(content)}
    return {**own, "modelInfo": MODEL, "metrics": metrics, **fields}


def use(own: str, name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": own, "name": name, "input": given}


def gave(own: str, *parts: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": own, "name": "x", "content": list(parts), **fields}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def session_of(*messages: Any, manifest: dict[str, Any] | None = None, own: str = ID) -> Session:
    whole = {
        "version": 1,
        "updated_at": "2026-06-01T00:00:00.000Z",
        "agent": "lead",
        "sessionId": own,
        "messages": list(messages),
    }
    beside = {f"{own}.json": json.dumps(manifest).encode()} if manifest else None
    return parse("cline_sessions", whole, beside=beside, name=f"{own}.messages.json")


def test_a_file_becomes_a_session() -> None:
    session = session_of(
        typed(0, "fix it"),
        answer(
            1,
            {"type": "thinking", "thinking": "hm"},
            text("I look."),
            use("c1", "read_files", files=[{"path": "/work/shop/a.py"}]),
            use("c2", "run_commands", commands=["make", {"command": "git", "args": ["status"]}]),
            use("c3", "editor", path="a.py", old_text="1", new_text="2"),
        ),
        user(
            2,
            gave("c1", {"query": "a.py", "result": "body", "success": True}),
            gave("c2", {"query": "make", "result": "broken\nExit code: 2", "success": False}),
            gave("c3", text("done")),
        ),
        answer(3, text("Done."), tokens=(10, 5, 400, 0)),
        manifest=MANIFEST,
    )
    assert kinds(session) == [
        *("prompt", "reasoning", "message", "tool_call", "tool_call", "tool_call"),
        *("tool_result", "tool_result", "tool_result", "message"),
    ]
    assert said(session)[0] == ("prompt", "fix it")
    assert results(session) == [
        ("read_files", "ok", None),
        ("run_commands", "error", 2),
        ("editor", "ok", None),
    ]
    calls = [event for event in session.events if event.kind == "tool_call"]
    assert [(e.tool_kind, e.path, e.command) for e in calls] == [
        ("read", "/work/shop/a.py", None),
        ("shell", None, "make\ngit status"),
        ("edit", "a.py", None),
    ]
    assert_paired(session)
    assert (session.native_id, session.cwd, session.title) == (ID, "/work/shop", "Mend the cart")
    assert (session.surface, session.end_state, session.opaque_count) == ("cli", "finished", 0)
    # The cache is in the input, unless it is more than that.
    assert [one.tokens for one in session.model_calls] == [
        Tokens(input=10, cache_read=60, cache_write=30, output=7),
        Tokens(input=10, cache_read=400, cache_write=0, output=5),
    ]
    assert [one.cost_usd_micros for one in session.model_calls] == [250_000, 250_000]
    assert session.model_calls[0].model == MODEL["id"]


def test_what_stands_around_a_persons_words_is_not_theirs() -> None:
    session = session_of(
        user(
            0,
            text(
                '<user_input mode="plan">plan it</user_input>\n<environment_details>x</environment_details>'
            ),
            {"type": "file", "path": "/work/b.py", "content": "..."},
        )
    )
    assert said(session) == [("prompt", "plan it")]
    assert [e.text for e in session.events if e.injected] == [
        "<environment_details>x</environment_details>",
        "[attached: /work/b.py]",
    ]


def test_a_sub_agents_task_is_its_parents_and_the_parent_names_it() -> None:
    child = session_of(user(0, text("find it")), answer(1, text("There.")), own=f"{ID}__agent_1")
    assert (child.parent_id, child.relation) == (ID, "subagent")
    assert "prompt" not in kinds(child)
    assert child.initial_user_message == "find it"
    links = [{"toolCallId": "c1", "sessionId": f"{ID}__agent_1"}]
    parent = session_of(
        typed(0, "go"), answer(1, use("c1", "spawn_agent", task="find it"), childSessions=links)
    )
    assert [(e.agent, e.text) for e in parent.events if e.kind == "subagent"] == [
        (f"{ID}__agent_1", '{"task":"find it"}')
    ]


def test_a_fork_replays_what_is_older_than_itself() -> None:
    fork = {"forkedFromSessionId": "1770000000000_first", "forkedAt": "2026-05-28T20:26:42.000Z"}
    session = session_of(
        typed(0, "old"),
        answer(1, text("Old.")),
        typed(3, "new"),
        answer(4, text("New.")),
        manifest={**MANIFEST, "metadata": {"fork": fork}},
    )
    assert (session.relation, session.parent_id) == ("fork", "1770000000000_first")
    assert [event.replayed for event in session.events] == [True, True, False, False]
    assert [one.key for one in session.model_calls] == ["m4"]
    assert session.usage.replayed == 1


def test_summaries_errors_and_calls_of_the_service() -> None:
    activity = {"toolCallId": "w", "toolName": "web_search", "input": {"query": "q"}, "output": "found"}
    session = session_of(
        typed(0, "go"),
        answer(1, text("Found."), metadata={"modelToolActivities": [activity]}),
        user(2, text("SUM"), metadata={"kind": "compaction_summary"}),
        {"id": "e", "role": "error", "ts": T0 + 3000, "content": "no more credits"},
    )
    assert kinds(session) == [*("prompt", "tool_call", "tool_result", "message", "compaction", "api_error")]
    assert results(session) == [("web_search", "ok", None)]
    assert session.end_state == "error"


@pytest.mark.parametrize(
    ("status", "state"), [("cancelled", "interrupted"), ("failed", "error"), ("idle", "running")]
)
def test_how_the_session_stands(status: str, state: str) -> None:
    assert session_of(typed(0, "go"), manifest={**MANIFEST, "status": status}).end_state == state


def test_its_files_are_found_together(tmp_path: Path) -> None:
    for name in (f"{ID}.messages.json", f"{ID}.json", f"{ID}.compaction.json", "agent_1.messages.json"):
        (tmp_path / name).write_text("{}")
    found = {Path(one.path).name: len(one.companions) for one in discover([tmp_path])}
    assert found == {f"{ID}.messages.json": 2, "agent_1.messages.json": 0}


def test_a_file_that_breaks_off_is_read_so_far_and_what_is_unknown_is_kept() -> None:
    hologram = {"id": "m2", "role": "hologram", "content": []}
    whole = {"updated_at": "", "agent": "lead", "sessionId": ID, "messages": [typed(0, "go"), hologram]}
    content = json.dumps(whole).encode()
    for kept, opaque in ((content, 1), (content[: content.index(b', {"id": "m2"')], 0)):
        transcript = Transcript(document(f"{ID}.messages.json", kept))
        (session,) = CLINE_SESSIONS.parse(transcript, lambda words: words)
        assert said(session) == [("prompt", "go")]
        assert session.opaque_count == opaque
        assert (session.end_state == "truncated") == (session.fault_count == 1) == (kept != content)


def test_a_session_without_messages_is_refused() -> None:
    with pytest.raises(NotATranscript, match="without a single message"):
        session_of()


_BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use", "tool_result", "thinking", "file", "x"])},
    optional=dict.fromkeys(
        ("text", "thinking", "id", "tool_use_id", "name", "input", "content", "is_error", "path"), JUNK
    ),
)
_MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "error", "x"])},
    optional=dict.fromkeys(
        ("id", "ts", "metrics", "modelInfo", "metadata", "childSessions", "compactionSummary"), JUNK
    )
    | {"content": st.lists(_BLOCK | JUNK, max_size=4) | JUNK},
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_MESSAGE | JUNK, max_size=6), JUNK)
def test_wrong_types_in_any_field_never_raise(messages: list[Any], manifest: Any) -> None:
    whole = {"updated_at": 1, "agent": "lead", "sessionId": ID, "messages": messages}
    content = json.dumps(whole).encode()
    beside = document(f"{ID}.json", json.dumps({"session_id": ID, "metadata": manifest}).encode())
    transcript = Transcript(document(f"{ID}.messages.json", content), (beside,))
    try:
        (session,) = CLINE_SESSIONS.parse(transcript, lambda text: text)
    except NotATranscript:
        assert not any(isinstance(message, dict) for message in messages)
    else:
        assert session.native_id == ID
