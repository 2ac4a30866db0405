"""Copilot's events, through the public door. Every transcript here is made up."""

from typing import Any

import pytest
from copilot_building import (
    SESSION,
    at,
    began,
    call,
    ended,
    kinds,
    parse,
    record,
    request,
    result,
    said,
    shutdown,
    start,
    used,
    user,
)

from debrief.model import Event
from debrief.sources.records import timestamp_us


def test_a_command_that_a_person_ran_is_theirs_and_has_its_exit_code() -> None:
    arguments = {"command": "make", "description": "Execute shell command: make"}
    done = {"toolCallId": "u1", "isUserRequested": True, "success": True, "result": {"content": "no rule"}}
    session = parse(
        start(),
        record("tool.user_requested", 2, toolCallId="u1", toolName="local_shell", arguments=arguments),
        record("tool.execution_complete", 4, **done, shellExecution={"exitCode": 2}),
    )
    asked, gave = call(session), result(session)
    assert (asked.actor, asked.command, asked.tool_kind) == ("user", "make", "shell")
    assert (gave.tool, gave.outcome, gave.exit_code, gave.duration_ms) == ("local_shell", "error", 2, 2000)


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (1, "error")])
def test_a_headless_runs_output_says_at_its_end_whose_it_is(code: int, state: str) -> None:
    end = {"type": "result", "timestamp": at(9), "sessionId": SESSION, "exitCode": code, "usage": {}}
    session = parse(user("say hi", 1), said("Hi", 2), end, name="copilot-cli.jsonl")
    assert (session.native_id, session.end_state, session.opaque_count) == (SESSION, state, 0)


def test_a_word_names_no_session() -> None:
    session = parse(user("say hi", 1), said("Hi", 2), name="copilot-cli.jsonl")
    assert session.native_id == ""
    assert "does not say its session's id" in session.faults[0]


def test_a_session_becomes_a_session() -> None:
    session = parse(
        start(),
        record("system.message", 1, content="You are an assistant", role="system"),
        user("Fix the cart", 2),
        record("assistant.turn_start", 3, turnId="0"),
        said("I look.", 4, request("c1", "bash", {"command": "ls"}), reasoningText="Where?"),
        began("c1", "bash", {"command": "ls"}, 5),
        ended("c1", "a.py\n<shellId: 0 completed with exit code 0>", 7),
        record("assistant.turn_end", 8, turnId="0"),
        record("assistant.turn_start", 9, turnId="1"),
        said("Done.", 10),
        record("assistant.turn_end", 11, turnId="1"),
        shutdown(12, claude=used(100, 20)),
    )
    assert (session.native_id, session.agent_version, session.surface) == (SESSION, "1.0.64", "copilot-agent")
    assert (session.cwd, session.repository, session.branch, session.commit) == (
        "/srv/shop",
        "acme/shop",
        "fix/cart",
        "abc123",
    )
    assert kinds(session) == [
        "message",
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
    ]
    assert (session.events[0].injected, session.events[1].text) == (True, "Fix the cart")
    assert (call(session).command, call(session).tool_kind, call(session).call_id) == ("ls", "shell", "c1")
    found = result(session)
    assert (found.text, found.outcome, found.exit_code, found.duration_ms) == ("a.py", "ok", 0, 2000)
    assert (session.started_us, session.last_event_us) == (timestamp_us(at(0)), timestamp_us(at(12)))
    assert (session.end_state, session.title, session.fault_count) == ("finished", "Fix the cart", 0)


def test_a_call_is_written_once_whichever_record_tells_it_first() -> None:
    asked = said("", 2, request("c1", "bash", '{"command": "ls"}'))
    begun = began("c1", "bash", {"command": "ls"}, 3)
    for order in ((asked, begun), (begun, asked), (asked,), (begun,)):
        session = parse(start(), user("go"), *order, ended("c1", "x"))
        assert kinds(session) == ["prompt", "tool_call", "tool_result"]
        assert call(session).command == "ls"


def outcome(data: dict[str, Any], *before: dict[str, Any]) -> Event:
    return result(parse(start(), user("go"), began("c1", "bash", {"command": "make"}), *before, data))


def test_success_is_not_the_exit_code() -> None:
    failed = outcome(ended("c1", "no rule\n<shellId: 3 completed with exit code 2>"))
    assert (failed.outcome, failed.exit_code, failed.text) == ("error", 2, "no rule")
    old = outcome(ended("c1", "<exited with exit code 1>"))
    assert (old.outcome, old.exit_code, old.text) == ("error", 1, "")
    measured = outcome(ended("c1", "x", toolTelemetry={"metrics": {"exit_code": 3, "durationMs": 7}}))
    assert (measured.outcome, measured.exit_code, measured.duration_ms) == ("error", 3, 7)
    content = {"result": {"content": "", "contents": [{"type": "shell_exit", "exitCode": 4}]}}
    assert outcome(ended("c1") | {"data": {"toolCallId": "c1", "success": True, **content}}).exit_code == 4


def test_an_exit_code_that_is_only_talked_about_is_none() -> None:
    session = parse(
        start(),
        user("go"),
        began("c1", "view", {"path": "log.txt"}),
        ended("c1", "make\n<shellId: 3 completed with exit code 2>"),
    )
    assert (result(session).outcome, result(session).exit_code) == ("ok", None)
    earlier = outcome(
        ended("c1", "<exited with exit code 2>\nall good\n<shellId: 1 completed with exit code 0>")
    )
    assert (earlier.outcome, earlier.text) == ("ok", "<exited with exit code 2>\nall good")


def test_a_failed_tool_a_refusal_and_a_stop() -> None:
    def failed(message: str, code: str = "failure") -> dict[str, Any]:
        return ended("c1", success=False, error={"message": message, "code": code})

    assert outcome(failed("Path does not exist")).outcome == "error"
    assert outcome(failed("Path does not exist")).text == "Path does not exist"
    assert outcome(failed("The user rejected this tool call.", "rejected")).outcome == "rejected"
    assert outcome(failed("Tool call was declined by the user")).outcome == "rejected"
    assert outcome(failed("Permission denied and could not request permission", "denied")).outcome == "error"
    assert outcome(failed("The operation was aborted")).outcome == "interrupted"
    assert outcome(record("tool.execution_complete", 4, toolCallId="c1")).outcome == "unknown"


def test_a_person_says_no_in_a_record_of_its_own() -> None:
    asked = record(
        "permission.requested", 3, requestId="r1", permissionRequest={"kind": "shell", "toolCallId": "c1"}
    )
    no = record("permission.completed", 8, requestId="r1", result={"kind": "denied-interactively-by-user"})
    rule = record("permission.completed", 8, requestId="r1", result={"kind": "denied-by-rules"})
    end = ended("c1", second=9, success=False, error={"message": "not allowed"})
    assert (outcome(end, asked, no).outcome, outcome(end, asked, no).duration_ms) == ("rejected", None)
    assert outcome(end, asked, rule).outcome == "error"


def test_tools_are_what_they_do() -> None:
    tools = {
        "bash": ({"command": "ls"}, "shell", None),
        "powershell": ({"command": "dir"}, "shell", None),
        "view": ({"path": "a.py"}, "read", "a.py"),
        "grep": ({"pattern": "x", "path": "src"}, "search", "src"),
        "glob": ({"pattern": "*.py"}, "search", None),
        "web_fetch": ({"url": "https://example.org"}, "fetch", None),
        "update_todo": ({"todos": "- [ ] a"}, "plan", None),
        "task": ({"prompt": "look"}, "agent", None),
        "ask_user": ({"question": "which?"}, "ask", None),
        "github-mcp-server-list_issues": ({}, "mcp", None),
        "report_intent": ({"intent": "Looking"}, "other", None),
    }
    for name, (arguments, kind, path) in tools.items():
        found = call(parse(start(), user("go"), said("", 2, request("c1", name, arguments))))
        assert (found.tool, found.tool_kind, found.path) == (name, kind, path), name
    server = request("c1", "query", {}, mcpServerName="db", mcpToolName="query")
    assert call(parse(start(), user("go"), said("", 2, server))).tool_kind == "mcp"


def edits(name: str, arguments: Any) -> tuple[Any, ...]:
    found = call(parse(start(), user("go"), said("", 2, request("c1", name, arguments))))
    return found.tool_kind, found.path, [(e.path, e.old, e.new) for e in found.edits]


def test_edits_of_every_spelling() -> None:
    replaced = ("edit", "a.py", [("a.py", "1", "2")])
    assert edits("edit", {"path": "a.py", "old_str": "1", "new_str": "2"}) == replaced
    old = {"command": "str_replace", "path": "a.py", "old_str": "1", "new_str": "2"}
    assert edits("str_replace_editor", old) == replaced
    assert edits("create", {"path": "b.py", "file_text": "x"}) == ("write", "b.py", [("b.py", "", "x")])
    assert edits("str_replace_editor", {"command": "view", "path": "a.py"}) == ("read", "a.py", [])
    patch = "*** Begin Patch\n*** Update File: c.py\n@@\n-1\n+2\n*** End Patch"
    patched = ("edit", "c.py", [("c.py", "1\n", "2\n")])
    assert edits("apply_patch", patch) == edits("apply_patch", {"input": patch}) == patched


def test_a_command_that_goes_on_is_named_by_its_shell() -> None:
    session = parse(
        start(),
        user("go"),
        began("c1", "bash", {"command": "make", "mode": "async", "shellId": "s1"}),
        ended("c1", "<command with shellId: s1 is still running after 30 seconds.>"),
        began("c2", "read_bash", {"shellId": "s1", "delay": 5}),
        ended("c2", "done\n<shellId: s1 completed with exit code 1>"),
        began("c3", "read_bash", {"shellId": "never heard of"}),
    )
    assert [(e.tool_kind, e.command) for e in session.events if e.kind == "tool_call"] == [
        ("shell", "make"),
        ("shell", "make"),
        ("other", None),
    ]
    assert [e.outcome for e in session.events if e.kind == "tool_result"] == ["unknown", "error"]


def test_a_pull_request_that_a_command_created() -> None:
    session = parse(
        start(),
        user("See https://github.com/acme/shop/pull/7"),
        began("c1", "bash", {"command": "gh pr create --fill"}),
        ended("c1", "https://github.com/acme/shop/pull/9\n<shellId: 3 completed with exit code 0>"),
    )
    assert [(p.number, p.created) for p in session.pull_requests] == [(7, False), (9, True)]


def test_what_no_person_typed_is_no_prompt() -> None:
    session = parse(
        start(),
        user("Go", delivery="idle"),
        user("The skill's text", source="skill-pdf"),
        user("Continue", isAutopilotContinuation=True),
        user("And this", source="immediate-prompt"),
        record("skill.invoked", 3, name="pdf", content="How to"),
        record("system.notification", 3, content="agent completed", kind={"type": "agent_completed"}),
        record("session.info", 3, infoType="folder_trust", message="trusted"),
    )
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Go", "And this"]
    assert all(e.injected for e in session.events if e.kind == "message")


def test_sub_agents_are_named_by_the_envelope_or_by_their_call() -> None:
    task = request("t1", "task", {"prompt": "look", "agent_type": "explore"})
    session = parse(
        start(),
        user("go"),
        said("", 2, task),
        record("subagent.started", 3, "kid", toolCallId="t1", agentName="explore", agentDescription="Looks"),
        record("user.message", 3, "kid", content="look"),
        said("", 4, request("k1", "view", {"path": "a"}), agent="kid"),
        record("tool.execution_complete", 5, "kid", toolCallId="k1", success=True, result={"content": "1"}),
        said("", 6, request("k2", "view", {"path": "b"}), parentToolCallId="t2"),
        record("subagent.failed", 7, "kid", toolCallId="t1", error="out of turns"),
        ended("t1", "found", 8),
    )
    found = [(e.kind, e.agent) for e in session.events]
    assert found == [
        ("prompt", None),
        ("tool_call", None),
        ("subagent", "kid"),
        ("message", "kid"),
        ("tool_call", "kid"),
        ("tool_result", "kid"),
        ("tool_call", "t2"),
        ("message", "kid"),
        ("tool_result", None),
    ]
    assert session.events[2].text == "explore: Looks"
    assert {c.agent for c in session.model_calls} == {None, "kid", "t2"}


def test_a_sub_agents_turns_end_no_turn_of_the_session() -> None:
    session = parse(
        start(),
        user("go"),
        said("Done.", 4),
        record("assistant.turn_start", 5, "kid", turnId="0"),
        said("Found.", 6, agent="kid"),
        record("assistant.turn_end", 7, "kid", turnId="0"),
        record("assistant.turn_end", 8, turnId="0"),
    )
    assert kinds(session) == ["prompt", "message", "message", "turn_end"]
    assert (session.events[-1].agent, session.end_state) == (None, "finished")


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([], "running"),
        ([shutdown(5, claude=used(1, 1))], "unknown"),
        ([record("session.error", 3, errorType="quota", message="limit"), shutdown(5)], "error"),
        ([said("", 3, request("c", "bash", {"command": "x"}))], "running"),
        ([said("", 3, request("c", "bash", {"command": "x"})), shutdown(5)], "interrupted"),
        ([said("Done.", 3)], "finished"),
        ([said("Done.", 3), shutdown(5, "error")], "error"),
        ([record("abort", 3, reason="user_initiated"), shutdown(5)], "interrupted"),
        ([said("x", 3), record("session.task_complete", 4, summary="All done", success=True)], "finished"),
        (['{"type":"assistant.message","data":{"cont'], "truncated"),
    ],
)
def test_how_it_ended(last: list[Any], state: str) -> None:
    session = parse(
        start(), user("go"), record("assistant.turn_start", 2) if len(last) > 3 else user("on"), *last
    )
    assert session.end_state == state
    assert session.end_reason.endswith(".")


def test_a_session_without_a_turn_of_the_agent_is_one() -> None:
    session = parse(
        start(),
        user("go"),
        record("session.error", 2, errorType="authentication", message="EPIPE"),
        shutdown(3),
    )
    assert (kinds(session), session.model_calls, session.end_state) == (["prompt", "api_error"], (), "error")


def test_compactions_and_what_else_changes_the_context() -> None:
    session = parse(
        start(),
        user("go"),
        record("session.compaction_start", 2, currentTokens=9),
        record("session.compaction_complete", 3, success=True, summaryContent="So far"),
        record("session.compaction_complete", 4, success=False, error="empty"),
        record("session.truncation", 5, messagesRemovedDuringTruncation=3),
        record("session.model_change", 6, newModel="claude-opus-4.8"),
        record("session.model_change", 7, newModel="gpt-6", previousModel="claude-opus-4.8"),
    )
    assert kinds(session) == ["prompt", "compaction", "message", "compaction", "model_change"]
    assert (session.events[1].text, session.events[-1].text) == ("So far", "gpt-6")


def test_the_file_beside_tells_what_the_events_do_not() -> None:
    beside = (
        "id: other\ncwd: /elsewhere\nbranch: main\nrepository: acme/shop\nsummary_count: 0\n"
        "name: |-\n  Mend the cart\n  and more\ncreated_at: 2026-07-01T10:00:00Z\n"
    )
    session = parse(start(context={"cwd": "/srv/shop"}), user("go"), beside=beside)
    assert (session.title, session.title_source) == ("Mend the cart", "agent")
    assert (session.cwd, session.branch, session.native_id) == ("/srv/shop", "main", SESSION)
    assert parse(start(), user("go"), beside='name: "A \\"b\\": c"\n').title == 'A "b": c'
    assert parse(start(), user("go"), beside="\x00- [\nname\n: x\n").title == "go"


def test_a_part_of_a_transcript_goes_by_its_name() -> None:
    session = parse(user("go"), said("Done."), name=f"{SESSION}.jsonl")
    assert (session.native_id, session.fault_count) == (SESSION, 0)
    unnamed = parse(user("go"), said("Done."))
    assert (unnamed.native_id, unnamed.fault_count) == ("", 1)


def test_a_handed_off_and_a_detached_session_name_their_parents() -> None:
    handed = parse(
        start(), record("session.handoff", 1, remoteSessionId="far", summary="Half done"), user("go")
    )
    detached = parse(start(detachedFromSpawningParentSessionId="near"), user("go"))
    assert (handed.parent_id, handed.relation) == ("far", "continuation")
    assert (detached.parent_id, detached.relation) == ("near", "continuation")
