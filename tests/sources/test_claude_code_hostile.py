"""Claude Code transcripts: what is unknown, broken, or of any type at all."""

import json
from typing import Any

from claude_building import (
    OWN,
    Rows,
    agent_rows,
    lines,
    of_kind,
    parse,
    progress,
    queue,
    usage,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.sources.formats.claude_code import CLAUDE_CODE


def test_the_unknown_becomes_opaque_and_the_unreadable_a_fault() -> None:
    rows = Rows()
    known = [
        {"type": "file-history-snapshot", "messageId": "a", "snapshot": {}},
        {"type": "mode", "mode": "plan", "sessionId": OWN},
        rows.row("progress", data={"type": "hook_progress"}, toolUseID="t"),
        rows.row("attachment", attachment={"type": "hook_success"}),
        rows.row("system", subtype="stop_hook_summary"),
    ]
    unknown = [
        {"type": "frobnicated", "sessionId": OWN},
        rows.row("system", subtype="frobnicated"),
        rows.row("attachment", attachment={"type": "frobnicated"}),
        rows.assistant([{"type": "frobnicated"}]),
    ]
    data = lines([rows.user("go"), *known, *unknown]) + b'{"type": oops}\n' + lines([rows.says("Done.")])
    session = parse(data)
    opaque = of_kind(session, "opaque")
    assert len(opaque) == session.opaque_count == 5
    assert all("frobnicated" in event.text for event in opaque[:4])
    assert (session.fault_count, session.faults) == (1, ("line 11: not JSON",))
    assert session.end_state == "finished"


GOOD = [
    Rows().user("go"),
    Rows().calls("Edit", file_path="/a", old_string="x", new_string="y"),
    Rows().result("ok", toolUseResult={"durationMs": 3}),
    Rows().says("Done.", usage=usage(3)),
    Rows().row("system", subtype="compact_boundary", compactMetadata={"trigger": "manual"}),
    Rows().row("system", subtype="api_error", error={"status": 500}),
    Rows().row("attachment", attachment={"type": "queued_command", "prompt": "x"}),
    progress("a7", agent_rows()[1], 1),
    {"type": "pr-link", "prUrl": "https://github.com/a/b/pull/1", "prNumber": 1, "sessionId": OWN},
    {"type": "summary", "summary": "s", "leafUuid": "x"},
    {"type": "custom-title", "customTitle": "t", "sessionId": OWN},
    {"type": "worktree-state", "worktreeSession": {"originalHeadCommit": "abc"}, "sessionId": OWN},
    queue("enqueue", 1, "q"),
    queue("remove", 2),
]

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: object) -> list[list[Any]]:
    """Every path to a field inside `value`."""
    inner: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path for key, child in inner for path in ([key], *([key, *rest] for rest in places(child)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_value_in_any_field_raises(data: st.DataObject) -> None:
    rows = json.loads(json.dumps(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.sampled_from(rows))
        path = data.draw(st.sampled_from(places(row)))
        parent = row
        for key in path[:-1]:
            parent = parent[key] if isinstance(parent, dict | list) else {}
        if isinstance(parent, dict) or (isinstance(parent, list) and path[-1] < len(parent)):
            parent[path[-1]] = data.draw(junk)
    session = parse([{"type": "user", "message": {"content": "x"}}, *rows])
    assert session.events


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(garbage: bytes) -> None:
    CLAUDE_CODE.recognises(garbage)
    assert parse(lines([Rows().user("go")]) + garbage + b"\n" + garbage).events
