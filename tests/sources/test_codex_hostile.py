"""Rollouts that are broken in any way never raise."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rollouts import (
    CHILD,
    OWN_TURN,
    PARENT_TURN,
    PATCH,
    command,
    counted,
    event,
    framed,
    item,
    meta,
    output,
    parse_bytes,
    record,
    user,
)

from debrief.sources.formats.codex import CODEX

SAMPLE = [
    meta(git={"branch": "b"}, source={"subagent": {"thread_spawn": {}}}),
    record("turn_context", {"turn_id": OWN_TURN, "model": "m", "cwd": "/"}),
    user("go"),
    event("user_message", message="go", images=[]),
    item("reasoning", summary=[{"text": "t"}], content=[]),
    command("c1", "make"),
    item("local_shell_call", call_id="c3", action={"command": ["ls"]}),
    item("web_search_call", action={"type": "search"}),
    item("tool_search_output", call_id="c4", tools=[{"name": "x"}]),
    item("custom_tool_call", name="apply_patch", call_id="c2", input=PATCH),
    event(
        "patch_apply_end", call_id="c2", success=True, changes={"a": {"type": "update", "unified_diff": "@@"}}
    ),
    event(
        "mcp_tool_call_end",
        call_id="c5",
        invocation={"server": "s", "tool": "t"},
        result={"Ok": {"content": []}},
    ),
    event("item_completed", item={"type": "CommandExecution", "id": "c6", "command": ["ls"], "exit_code": 1}),
    event("item_completed", item={"type": "UserMessage", "content": [{"text": "x"}]}),
    event("exec_command_end", call_id="c1", exit_code=1, duration={"secs": 1, "nanos": 2}),
    output("c1", framed("x")),
    event("collab_agent_spawn_end", new_thread_id="n"),
    event("exited_review_mode", review_output={"findings": [{"title": "t"}]}),
    event("error", message="m", codex_error_info={"a": 1}),
    event("turn_aborted", reason="interrupted", duration_ms=1),
    counted((1, 0, 1, 0), input_tokens=1),
    record("compacted", {"message": "m"}),
    event("task_started", turn_id=PARENT_TURN, started_at=1),
]

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        found += places(child, (*path, key))
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_wrong_types_in_any_field_never_raise(data: st.DataObject) -> None:
    lines = json.loads(json.dumps(SAMPLE))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        target: Any = lines[index]
        *way, last = data.draw(st.sampled_from(places(target) or [("type",)]))
        for key in way:
            target = target[key]
        target[last] = data.draw(JUNK)
    content = "\n".join(json.dumps(line) for line in [meta(), *lines]).encode()
    parse_bytes(content)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(0, 3000))
def test_broken_bytes_never_raise(noise: list[bytes], cut: int) -> None:
    good = [json.dumps(line).encode() for line in SAMPLE]
    content = b"\n".join([json.dumps(meta()).encode(), *noise, *good])
    session = parse_bytes(content[: len(content) - cut])
    assert session.native_id == CHILD


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_sniffing_garbage_never_raises(head: bytes) -> None:
    for prefix in (b"", b'{"type":"session_meta","payload":', b'{"payload":{"type":'):
        assert CODEX.recognises(prefix + head) in {True, False}
