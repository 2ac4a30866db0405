"""SWE-agent and the rows of data sets, trap by trap, through the public door. Every run here is made up."""

import json
from typing import Any

import pytest
from trajectory_building import document, kinds, of_kind, sessions

from debrief.errors import NotATranscript
from debrief.model import Event, Session, Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.swe_agent import SWE_AGENT

TASK = "We're solving this:\nISSUE:\nIt breaks.\n\nINSTRUCTIONS:\nNow you edit."


def step(action: str, observation: str = "", thought: str = "Think.", **fields: Any) -> dict[str, Any]:
    state = json.dumps({"open_file": "/r/a.py", "working_dir": "/r"})
    return {
        "action": action,
        "observation": observation,
        "response": f"{thought}\n```\n{action}\n```",
        "thought": thought,
        "state": state,
    } | fields


def run(*steps: Any, status: str | None = "submitted", **fields: Any) -> dict[str, Any]:
    return {
        "environment": "swe_main",
        "trajectory": list(steps),
        "history": [
            {"role": "system", "content": "SETTING", "agent": "main"},
            {"role": "user", "content": "Here is a demonstration", "agent": "main", "is_demo": True},
            {"role": "user", "content": TASK, "agent": "main"},
            {"role": "assistant", "content": "Think.", "agent": "main"},
        ],
        "info": {"exit_status": status, "submission": "diff", "model_stats": {}},
    } | fields


def stats(sent: int, received: int, cost: float, **more: Any) -> dict[str, Any]:
    found = {"tokens_sent": sent, "tokens_received": received, "instance_cost": cost, "total_cost": 99}
    return {"exit_status": "submitted", "model_stats": found, **more}


def parse(value: Any) -> Session:
    (session,) = sessions(value, "swe_agent")
    return session


@pytest.mark.parametrize("is_over", [True, False])
def test_a_run_that_tries_again_tells_all_its_tries(*, is_over: bool) -> None:
    given = {"sent": (500, 20), "received": (7, 2)}
    config = {"agent": {"model": {"name": "m-1"}}}
    tries = [
        run(
            step(command),
            replay_config=json.dumps(config),
            info=stats(given["sent"][number], given["received"][number], 0.25),
        )
        for number, command in enumerate(("ls", "pwd"))
    ]
    whole: dict[str, Any] = {
        "attempts": [{k: v for k, v in one.items() if k != "environment"} for one in tries]
    }
    if is_over:
        whole |= tries[1] | {"info": stats(520, 9, 0.5)}
    session = parse(whole)
    calls = of_kind(session, "tool_call")
    assert [event.command for event in calls] == ["ls", "pwd"]
    assert kinds(session).count("prompt") == 1
    assert "The task is tried again from the beginning." in [event.text for event in session.events]
    assert total_tokens(session)[0] == Tokens(input=520, output=9)
    assert session.native_cost_usd_micros == 500_000
    assert [one.model for one in session.model_calls] == ["m-1"]


def made(action: str, observation: str = "x") -> tuple[Event, Event]:
    session = parse(run(step("open /r/a.py"), step(action, observation)))
    return of_kind(session, "tool_call")[1], of_kind(session, "tool_result")[1]


def test_a_run_becomes_a_session_without_times() -> None:
    session = parse(run(step("ls -F\n", "a.py", execution_time=0.25), step("submit\n", "diff")))
    assert kinds(session) == [
        "message",
        "message",
        "prompt",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "tool_call",
        "tool_result",
    ]
    ran = of_kind(session, "tool_result")[0]
    assert (ran.command, ran.text, ran.outcome, ran.duration_ms) == ("ls -F", "a.py", "unknown", 250)
    assert (session.initial_user_message, session.cwd) == ("It breaks.", "/r")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert session.started_us is None
    assert all(event.ts_us is None for event in session.events)


def test_a_demonstration_is_no_work_and_no_prompt() -> None:
    session = parse(run(step("ls")))
    demo = session.events[1]
    assert (demo.text, demo.kind, demo.injected) == ("Here is a demonstration", "message", True)
    assert len(of_kind(session, "prompt")) == 1


def test_tokens_are_known_in_sum_and_counted_once() -> None:
    helper = {"model_stats": {"tokens_sent": 7, "tokens_received": 1, "instance_cost": 0.01}}
    config = {"agent": {"model": {"name": "m-1"}}}
    session = parse(
        run(step("ls"), step("submit"), info=stats(100, 9, 0.5, summarizer=helper), replay_config=config)
    )
    assert total_tokens(session)[0] == Tokens(input=107, output=10)
    assert [(c.model, c.cost_usd_micros) for c in session.model_calls] == [("m-1", 500_000), ("m-1", 10_000)]
    assert session.native_cost_usd_micros == 510_000


def test_a_replay_of_a_persons_work_states_no_tokens() -> None:
    session = parse(run(step("ls"), info=stats(0, 0, 0)))
    assert (session.model_calls, session.native_cost_usd_micros) == ((), None)


@pytest.mark.parametrize(
    ("action", "kind", "path"),
    [
        ("open src/b.py 12", "read", "src/b.py"),
        ("goto 40", "read", "/r/a.py"),
        ("search_dir foo src", "search", None),
        ("create new.py", "write", "new.py"),
        ("edit 3:4\n    x = 1\nend_of_edit", "edit", "/r/a.py"),
        ("edit 'old text' 'new text'", "edit", "/r/a.py"),
        ("str_replace_editor view /t/c.py --view_range 1 9", "read", "/t/c.py"),
        ("str_replace_editor str_replace /t/c.py --old_str a --new_str 'b c'", "edit", "/t/c.py"),
        ("python a.py", "shell", None),
        ("submit", "other", None),
    ],
)
def test_commands_of_the_interface_are_known_by_what_they_do(
    action: str, kind: str, path: str | None
) -> None:
    call, result = made(action)
    assert (call.tool_kind, call.path, result.call_id) == (kind, path, call.call_id)
    assert bool(call.edits) == (kind in ("edit", "write"))
    assert (call.command is not None) == (kind == "shell")


def test_edits_show_what_they_change() -> None:
    assert [(e.old, e.new) for e in made("edit 3:4\n    x = 1\n    y = 2\nend_of_edit")[0].edits] == [
        ("", "    x = 1\n    y = 2")
    ]
    assert [(e.old, e.new) for e in made("edit 'old text' 'new text'")[0].edits] == [("old text", "new text")]
    unbalanced = made("edit 'old text 'new")[0]
    assert unbalanced.tool_kind == "edit"


@pytest.mark.parametrize(
    ("action", "observation", "outcome"),
    [
        (
            "edit 1:1\nx\nend_of_edit",
            "Your proposed edit has introduced new syntax error(s). Please",
            "error",
        ),
        ("python a.py", "\nEXECUTION TIMED OUT", "error"),
        ("python a.py", "Error: the program printed this", "unknown"),
        ("ls", "a", "unknown"),
    ],
)
def test_only_the_interfaces_own_words_are_failures(action: str, observation: str, outcome: str) -> None:
    assert made(action, observation)[1].outcome == outcome


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("submitted", "finished"),
        ("submitted (exit_cost)", "error"),
        ("exit_context", "error"),
        ("exit_forfeit", "finished"),
        ("early_exit", "error"),
        ("something new", "error"),
        (None, "running"),
    ],
)
def test_the_exit_status_is_the_end(status: str | None, state: str) -> None:
    session = parse(run(step("ls"), status=status))
    assert session.end_state == state
    assert session.end_reason


def test_repository_and_commit_come_from_the_configuration_even_as_text() -> None:
    repo = {"github_url": "https://github.com/o/r/", "base_commit": "c0ffee"}
    session = parse(run(step("ls"), replay_config=json.dumps({"env": {"repo": repo}})))
    assert (session.repository, session.commit) == ("o/r", "c0ffee")


def test_an_answer_without_an_action_is_a_message_and_what_follows_no_result() -> None:
    session = parse(run(step("", "Your output was not formatted correctly", thought="", response="Hm.")))
    assert [(e.kind, e.text, e.injected) for e in session.events[-2:]] == [
        ("message", "Hm.", False),
        ("message", "Your output was not formatted correctly", True),
    ]


def test_a_run_without_history_takes_the_first_query() -> None:
    query = [{"role": "system", "content": "S"}, {"role": "user", "content": TASK}]
    session = parse(run(step("ls", query=query), history=[]))
    assert session.initial_user_message == "It breaks."


SMITH = [
    {"role": "system", "content": "You help."},
    {"role": "user", "content": "<pr_description>\nIt breaks.\n</pr_description>"},
    {
        "role": "assistant",
        "content": "I look.\n\n<function=bash>\n<parameter=command>ls</parameter>\n</function>",
    },
    {"role": "user", "content": "OBSERVATION:\na.py"},
    {"role": "assistant", "content": "<function=submit>\n</function>"},
]


@pytest.mark.parametrize("messages", [SMITH, json.dumps(SMITH)])
def test_a_row_of_messages_with_tags(messages: Any) -> None:
    session = parse({"messages": messages, "instance_id": "o__r.1", "traj_id": "o__r.1.abc", "model": "m"})
    assert kinds(session) == ["message", "prompt", "message", "tool_call", "tool_result", "tool_call"]
    ran = of_kind(session, "tool_result")[0]
    assert (ran.command, ran.text) == ("ls", "a.py")
    assert (session.native_id, session.end_state) == ("o__r.1.abc", "finished")
    assert session.initial_user_message == "It breaks."


def test_a_row_of_texts_with_fenced_blocks() -> None:
    def row(role: str, text: str | None, system: str | None = None) -> dict[str, Any]:
        return {"role": role, "text": text, "system_prompt": system, "mask": False, "cutoff_date": None}

    rows = [
        row("system", None, "SETTING"),
        row("user", TASK),
        row("ai", "I look.\n\n```\nls\n```"),
        row("user", "a.py\n(Open file: n/a)\n(Current directory: /r)\nbash-$"),
        row("ai", "Bye.\n```\nsubmit\n```"),
    ]
    values = [
        {"instance_id": f"o__r-{n}", "model_name": "m", "trajectory": rows, "exit_status": "exit_cost"}
        for n in range(2)
    ]
    found = sessions(b"".join(json.dumps(value).encode() + b"\n" for value in values), "swe_agent")
    assert [s.native_id.rpartition("-")[0] for s in found] == ["o__r-0", "o__r-1"]
    assert [s.end_state for s in found] == ["error", "error"]
    assert kinds(found[0]) == [
        "message",
        "prompt",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "tool_call",
    ]
    assert (found[0].cwd, found[0].events[3].command) == ("/r", "ls")


def test_rows_of_another_agent_are_refused() -> None:
    other = [dict(one, content=one["content"].replace("=bash", "=execute_bash")) for one in SMITH]
    assert not SWE_AGENT.recognises(json.dumps({"messages": other, "instance_id": "i"}).encode())
    plain = [{"role": "user", "content": "Hello"}]
    assert not SWE_AGENT.recognises(json.dumps({"messages": plain, "instance_id": "i"}).encode())
    assert not SWE_AGENT.recognises(json.dumps({"trajectory": [1], "info": {}, "history": []}).encode())


def test_bad_input_becomes_faults_and_opaque_events() -> None:
    session = parse(run(step("ls"), 7, {"odd": 1}, {"action": 5, "observation": [], "state": 3}))
    assert (session.fault_count, session.opaque_count) == (1, 1)
    assert session.faults == ("step 2: it is no object",)
    cut = json.dumps(run(step("ls", "x" * 50), step("cat", "y" * 900))).encode()[:700]
    broken = parse(cut)
    assert (broken.end_state, broken.fault_count) == ("truncated", 1)


def test_hostile_text_is_made_fit_to_be_stored() -> None:
    session = parse(run(step("echo a\x00b", "\x1b[31mred\ud800"), history=3, info="x"))
    assert [(e.command, e.text) for e in of_kind(session, "tool_result")] == [("echo ab", "red?")]


def test_no_steps_are_no_session() -> None:
    empty = {"trajectory": [], "environment": "x", "history": {}, "info": {}}
    with pytest.raises(NotATranscript, match="without steps"):
        list(SWE_AGENT.parse(Transcript(document(json.dumps(empty).encode())), lambda text: text))
