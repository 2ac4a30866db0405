"""What later versions of OpenCode's second generation call otherwise, or tell besides. All made up."""

from typing import Any

from opencode_building import T0, export, kinds, read, tokens

from debrief.model import Tokens, total_tokens

MODEL = {"id": "claude-sonnet-5", "providerID": "anthropic"}
ASKED = {"id": "msg_1", "type": "user", "text": "run the tests", "time": {"created": T0}}


def answer(number: int, *content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": f"msg_{number}",
        "type": "assistant",
        "agent": "build",
        "model": MODEL,
        "content": list(content),
        "finish": "stop",
        "tokens": tokens(10, 2, 0, 5, 0),
        "time": {"created": T0 + number, "completed": T0 + number},
        **fields,
    }


def called(name: str, own: str, given: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    state = {"status": "completed", "input": given, "content": [{"type": "text", "text": "x"}]}
    return {
        "type": "tool",
        "id": own,
        "name": name,
        "state": {**state, "metadata": metadata},
        "time": {"created": T0 + 1},
    }


def idle(outcome: str) -> dict[str, Any]:
    return {"id": "msg_9", "type": "idle", "outcome": outcome, "time": {"created": T0 + 9}}


def test_what_a_call_left_is_in_its_metadata() -> None:
    session = read(
        export(
            ASKED,
            answer(
                2,
                called("bash", "c1", {"command": "pytest"}, {"exit": 1}),
                called("task", "c2", {"prompt": "find it"}, {"sessionID": "ses_child"}),
                retry={"attempt": 1, "at": T0 + 1, "error": {"type": "provider", "message": "overloaded"}},
            ),
        )
    )
    assert kinds(session) == [
        *("prompt", "api_error", "tool_call", "tool_result", "tool_call", "subagent", "tool_result"),
        "turn_end",
    ]
    assert [(e.outcome, e.exit_code) for e in session.events if e.kind == "tool_result"] == [
        ("error", 1),
        ("ok", None),
    ]
    assert [(e.text, e.agent) for e in session.events if e.kind == "subagent"] == [("find it", "ses_child")]
    assert session.events[1].text == "provider: overloaded"


def test_what_a_person_ran_has_its_output_and_how_it_ended() -> None:
    def shell(number: int, status: str) -> dict[str, Any]:
        output = {"output": "no such file", "cursor": 12, "size": 12, "truncated": False}
        own = {"id": f"msg_{number}", "type": "shell", "shellID": f"sh_{number}", "command": "ls"}
        moment = T0 + number
        return {**own, "status": status, "output": output, "time": {"created": moment, "completed": moment}}

    session = read(export(ASKED, {**shell(3, "exited"), "exit": 2}, shell(4, "timeout"), shell(5, "killed")))
    results = [event for event in session.events if event.kind == "tool_result"]
    assert [(e.text, e.tool, e.outcome, e.exit_code) for e in results] == [
        ("no such file", "bash", "error", 2),
        ("no such file", "bash", "error", None),
        ("no such file", "bash", "interrupted", None),
    ]


def test_what_a_summary_used_is_counted_and_one_that_failed_is_none() -> None:
    def compaction(number: int, **fields: Any) -> dict[str, Any]:
        return {
            "id": f"msg_{number}",
            "type": "compaction",
            "reason": "auto",
            "time": {"created": T0 + number},
            **fields,
        }

    session = read(
        export(
            ASKED,
            answer(2, {"type": "text", "text": "Done."}),
            compaction(3, status="completed", model=MODEL, summary="SUM", tokens=tokens(900, 20, 0, 0, 0)),
            compaction(4, status="failed", error={"type": "quota", "message": "no more"}),
        )
    )
    assert kinds(session) == ["prompt", "message", "turn_end", "compaction", "api_error"]
    assert (session.events[3].text, session.events[4].text) == ("SUM", "quota: no more")
    assert total_tokens(session)[0] == Tokens(input=910, cache_read=5, cache_write=0, output=22, reasoning=0)


def test_a_turn_that_a_person_stopped_says_so_once() -> None:
    stopped = read(export(ASKED, answer(2, {"type": "text", "text": "W"}), idle("interrupted")))
    assert (stopped.end_state, kinds(stopped)[-1]) == ("interrupted", "interrupt")
    aborted = answer(2, {"type": "text", "text": "W"}, error={"name": "MessageAbortedError", "message": "x"})
    assert kinds(read(export(ASKED, aborted, idle("interrupted")))).count("interrupt") == 1
    done = read(export(ASKED, answer(2, {"type": "text", "text": "W"}), idle("succeeded")))
    assert (done.end_state, done.opaque_count) == ("finished", 0)


def test_skills_are_injected_and_another_folder_is_nothing_that_was_said() -> None:
    skill = {"id": "msg_2", "type": "skill", "name": "pdf", "text": "How to", "time": {"created": T0 + 2}}
    moved = {"id": "msg_3", "type": "location-switched", "location": {}, "time": {"created": T0 + 3}}
    session = read(export(ASKED, skill, moved))
    assert [(e.text, e.injected) for e in session.events] == [("run the tests", False), ("How to", True)]
    assert session.opaque_count == 0
