"""Calls, their results, patches and pull requests of the rollout format. All transcripts are made up."""

import json
from typing import Any

import pytest
from rollouts import PATCH, command, event, framed, item, kinds, meta, only, output, parse, record

from debrief.model import Event, FileEdit


def result_of(text: object, call: dict[str, Any] | None = None) -> Event:
    return only(parse(meta(), call or command("c1", "make"), output("c1", text)), "tool_result")


@pytest.mark.parametrize(
    ("state", "outcome", "code"),
    [
        ("Process exited with code 0", "ok", 0),
        ("Process exited with code 2", "error", 2),
        ("Process running with session ID 41", "unknown", None),
    ],
)
def test_a_commands_frame_is_read_and_taken_off(state: str, outcome: str, code: int | None) -> None:
    result = result_of(framed("built\n", state))
    assert (result.text, result.outcome, result.exit_code, result.duration_ms) == (
        "built\n",
        outcome,
        code,
        1250,
    )
    assert (result.tool, result.tool_kind, result.command) == ("exec_command", "shell", "make")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Exit code: 1\nWall time: 0.1 seconds\nTotal output lines: 1\nOutput:\nno\n", "error"),
        ('{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.1}}', "error"),
        ('{"output":"yes","metadata":{"exit_code":0,"duration_seconds":0.1}}', "ok"),
        ({"content": "no", "success": False}, "error"),
        ([{"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": "data:"}], "unknown"),
        ("Wall time: 3.5 seconds\naborted by user", "interrupted"),
        ("aborted by user after 2.1s", "interrupted"),
        ("exec command rejected by user", "rejected"),
        ("exec command failed: rejected by user approval settings", "error"),
        (
            'exec_command failed for `x`: CreateProcess { message: "Rejected(\\"rejected by user\\")" }',
            "rejected",
        ),
        ("failed to parse function arguments: missing field `cmd`", "error"),
        ("Exit code: 0 is what the log said\nand more", "unknown"),
        (None, "unknown"),
    ],
)
def test_outcomes_are_read_from_what_the_result_says(text: object, outcome: str) -> None:
    assert result_of(text).outcome == outcome


def test_a_refused_patch_is_an_error_and_a_plan_is_not() -> None:
    patch = item("custom_tool_call", name="apply_patch", call_id="c1", input="*** Begin Patch\n*** End Patch")
    assert result_of("apply_patch verification failed: Failed to find expected lines in a.py", patch).is_error
    plan = item("function_call", name="update_plan", call_id="c1", arguments='{"plan":[]}')
    assert result_of("Plan updated", plan).outcome == "ok"


def test_a_running_command_is_followed_to_its_end() -> None:
    typed = json.dumps({"session_id": 41, "chars": ""})
    session = parse(
        meta(),
        command("c1", "gh pr create --fill"),
        output("c1", framed("", "Process running with session ID 41")),
        item("function_call", name="write_stdin", call_id="c2", arguments=typed),
        output("c2", framed("https://github.com/acme/shop/pull/7\n")),
    )
    last = session.events[-1]
    assert (last.tool, last.tool_kind, last.command, last.outcome) == (
        "write_stdin",
        "shell",
        "gh pr create --fill",
        "ok",
    )
    assert [p.url for p in session.pull_requests if p.created] == ["https://github.com/acme/shop/pull/7"]


EDITS = (
    FileEdit("new.py", "", "one\ntwo\n"),
    FileEdit("old.py", "keep\nwas\n", "keep\nis\n"),
    FileEdit("old.py", "gone\n", ""),
    FileEdit("dead.py"),
)


@pytest.mark.parametrize(
    "call",
    [
        item("custom_tool_call", name="apply_patch", call_id="c1", input=PATCH),
        item("function_call", name="apply_patch", call_id="c1", arguments=json.dumps({"input": PATCH})),
        command("c1", f"cd /srv && apply_patch <<'EOF'\n{PATCH}\nEOF"),
        item(
            "function_call",
            name="shell",
            call_id="c1",
            arguments=json.dumps({"command": ["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}\nEOF"]}),
        ),
    ],
)
def test_patches_become_edits_however_they_are_called(call: dict[str, Any]) -> None:
    found = only(parse(meta(), call), "tool_call")
    assert (found.tool_kind, found.path, found.edits) == ("edit", "new.py", EDITS)


@pytest.mark.parametrize(
    ("name", "namespace", "kind"),
    [
        ("view_image", None, "read"),
        ("update_plan", None, "plan"),
        ("spawn_agent", None, "agent"),
        ("request_user_input", None, "ask"),
        ("_fetch_pr", "mcp__codex_apps__github", "mcp"),
        ("mcp__db__query", None, "mcp"),
        ("never_heard_of", None, "other"),
    ],
)
def test_tool_names_become_kinds(name: str, namespace: str | None, kind: str) -> None:
    call = item("function_call", name=name, namespace=namespace, call_id="c1", arguments="{}")
    assert only(parse(meta(), call), "tool_call").tool_kind == kind


def test_a_web_search_counts_once_and_is_done() -> None:
    action = {"type": "search", "query": "codex"}
    session = parse(
        meta(),
        event("web_search_end", call_id="ws_1", query="codex", action=action),
        item("web_search_call", status="completed", action=action),
    )
    assert kinds(session) == ["tool_call", "tool_result"]
    assert (session.events[0].tool_kind, session.events[1].outcome) == ("fetch", "ok")


def test_events_about_a_calls_end_decide_where_the_output_does_not_say() -> None:
    mcp = item("function_call", name="query", namespace="mcp__db", call_id="c1", arguments="{}")
    ends: list[tuple[dict[str, Any], str]] = [
        ({"Err": "connection refused"}, "error"),
        ({"Ok": {"content": [], "isError": True}}, "error"),
        ({"Ok": {"content": [{"type": "text", "text": "1"}], "isError": False}}, "ok"),
    ]
    for result, outcome in ends:
        ended = event("mcp_tool_call_end", call_id="c1", result=result, duration={"secs": 2, "nanos": 0})
        found = only(
            parse(meta(), mcp, ended, output("c1", "Wall time: 2 seconds\nOutput:\n{}")), "tool_result"
        )
        assert (found.outcome, found.duration_ms) == (outcome, 2000)


def test_a_call_that_ended_without_output_gets_its_result_at_the_end_of_the_turn() -> None:
    session = parse(
        meta(),
        command("c1", "make"),
        event(
            "exec_command_end", call_id="c1", exit_code=2, aggregated_output="no rule", duration={"secs": 1}
        ),
        event("task_complete", turn_id="t"),
    )
    result = only(session, "tool_result")
    assert (result.outcome, result.exit_code, result.text) == ("error", 2, "no rule")
    assert session.events[-1].kind == "turn_end"


def test_turn_items_tell_of_calls_too() -> None:
    done = {"type": "CommandExecution", "id": "c1", "command": ["bash", "-lc", "make"], "status": "declined"}
    result = only(parse(meta(), event("item_completed", item=done)), "tool_result")
    assert (result.command, result.outcome) == ("make", "rejected")


def test_what_a_script_of_the_model_did_stands_before_what_the_model_says_next() -> None:
    ran = {"type": "CommandExecution", "id": "exec-1", "command": ["ls"], "exit_code": 0, "stdout": "a\n"}
    searched = {"type": "Extension", "kind": "web.search", "id": "exec-2", "query": "how to", "results": []}
    drawn = {"type": "Extension", "kind": "canvas.draw", "id": "exec-3", "what": "a plan", "error": "no pen"}
    session = parse(
        meta(),
        event("item_completed", item=ran),
        event("item_completed", item=searched),
        event("web_search_end", call_id="w1", query="how to", action={"type": "search", "query": "how to"}),
        event("item_completed", item=drawn),
        event(
            "item_completed", item={"type": "AgentMessage", "content": [{"type": "Text", "text": "Done."}]}
        ),
        item("message", role="assistant", content=[{"type": "output_text", "text": "Done."}]),
        event("task_complete", turn_id="t"),
    )
    assert [(one.kind, one.tool, one.outcome) for one in session.events] == [
        ("tool_call", "exec_command", None),
        ("tool_call", "web_search", None),
        ("tool_result", "exec_command", "ok"),
        ("tool_result", "web_search", "ok"),
        ("tool_call", "canvas.draw", None),
        ("tool_result", "canvas.draw", "error"),
        ("message", None, None),
        ("turn_end", None, None),
    ]
    assert session.opaque_count == 0


def test_traex_appends_several_items_at_once() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List it."}]},
        {"type": "custom_tool_call", "name": "exec", "call_id": "c1", "input": '{"cmd":"ls src"}'},
        {"type": "trae_extra_info", "extra_info": {"kind": "shown"}},
        {
            "type": "custom_tool_call_output",
            "call_id": "c1",
            "output": [{"type": "input_text", "text": "a.go"}],
        },
        {"type": "trae_other", "extra": 1},
    ]
    session = parse(
        meta(),
        record("history_mutation", {"operation": "append", "items": items}),
        record("history_mutation", {"operation": "truncate", "keep": 1}),
    )
    assert [(one.kind, one.command) for one in session.events] == [
        ("prompt", None),
        ("tool_call", "ls src"),
        ("tool_result", "ls src"),
        ("opaque", None),
        ("opaque", None),
    ]
    assert session.initial_user_message == "List it."


@pytest.mark.parametrize(
    ("cmd", "text", "created"),
    [
        ("gh pr create --fill", "https://github.com/acme/shop/pull/7\n", True),
        (
            "gh pr create --fill",
            "a pull request already exists:\nhttps://github.com/acme/shop/pull/7\n",
            False,
        ),
        ("gh pr view 7", "https://github.com/acme/shop/pull/7\n", False),
        ("gh pr create && cat log", "see https://github.com/acme/shop/pull/7 for more", False),
    ],
)
def test_a_pull_request_is_created_only_by_the_command_that_creates_one(
    cmd: str, text: str, *, created: bool
) -> None:
    session = parse(meta(), command("c1", cmd), output("c1", framed(text)))
    assert [(p.number, p.created) for p in session.pull_requests] == [(7, created)]


def test_a_failed_creation_creates_nothing_and_a_tool_of_a_server_does() -> None:
    url = "https://github.com/acme/shop/pull/7"
    failed = parse(
        meta(), command("c1", "gh pr create"), output("c1", framed(f"{url}\n", "Process exited with code 1"))
    )
    assert not failed.pull_requests[0].created
    call = item(
        "function_call", name="_create_pull_request", namespace="mcp__github", call_id="c1", arguments="{}"
    )
    made = parse(meta(), call, output("c1", f'Wall time: 1 seconds\nOutput:\n{{"url":"{url}"}}'))
    assert made.pull_requests[0].created


def test_mentions_are_capped() -> None:
    listing = "\n".join(f"https://github.com/acme/shop/pull/{n}" for n in range(1, 200))
    session = parse(meta(), command("c1", "gh pr list"), output("c1", framed(listing)))
    assert len(session.pull_requests) == 50
