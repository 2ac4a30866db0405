"""mini-swe-agent 1 and 2, trap by trap, through the public door. Every trajectory here is made up."""

import json
from typing import Any

import pytest
from trajectory_building import document, kinds, of_kind, sessions

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.mini_swe_agent import MINI_SWE_AGENT

TASK = "<pr_description>\nConsider the following PR description:\nIt breaks.\n</pr_description>\nGo"


def run(*messages: Any, status: str = "Submitted", **fields: Any) -> dict[str, Any]:
    info = {
        "model_stats": {"instance_cost": 0.5, "api_calls": 2},
        "config": {
            "environment": {"cwd": "/testbed"},
            "agent_type": "minisweagent.agents.default.DefaultAgent",
        },
        "mini_version": "2.3.0",
        "exit_status": status,
        "submission": "diff",
    }
    start = [{"role": "system", "content": "You help."}, {"role": "user", "content": TASK}]
    return {
        "info": info,
        "messages": [*start, *messages],
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": "o__r-1",
    } | fields


def answer(text: str, *commands: str, number: int = 1, **response: Any) -> dict[str, Any]:
    calls = [
        {
            "id": f"c{number}-{i}",
            "type": "function",
            "function": {"name": "bash", "arguments": json.dumps({"command": one})},
        }
        for i, one in enumerate(commands)
    ]
    given = {"id": f"r{number}", "model": "m-1", **response}
    extra = {"response": given, "cost": 0.25, "timestamp": 1_780_000_000.5}
    return {"role": "assistant", "content": text, "tool_calls": calls or None, "extra": extra}


def output(text: str, code: int, call_id: str = "c1-0", **extra: Any) -> dict[str, Any]:
    beside = {"returncode": code, "timestamp": 1_780_000_001.0, "exception_info": "", **extra}
    return {"role": "tool", "tool_call_id": call_id, "content": text, "extra": beside}


def left(status: str, **extra: Any) -> dict[str, Any]:
    return {"role": "exit", "content": "diff", "extra": {"exit_status": status, "submission": "", **extra}}


def parse(value: Any) -> Session:
    (session,) = sessions(value, "mini_swe_agent")
    return session


def test_version_2_calls_a_tool() -> None:
    session = parse(
        run(
            answer("I look.", "ls", "pwd"),
            output("<returncode>0</returncode>\n<output>\na\n</output>", 0),
            output("<returncode>1</returncode>", 1, "c1-1"),
            answer("", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", number=2),
            left("Submitted"),
        )
    )
    assert kinds(session) == [
        "message",
        "prompt",
        "message",
        "tool_call",
        "tool_call",
        "tool_result",
        "tool_result",
        "tool_call",
        "tool_result",
        "turn_end",
    ]
    results = of_kind(session, "tool_result")
    assert [(e.command, e.outcome, e.exit_code) for e in results] == [
        ("ls", "ok", 0),
        ("pwd", "error", 1),
        ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "ok", None),
    ]
    assert (session.initial_user_message, session.title) == ("It breaks.", "It breaks.")
    assert (session.cwd, session.agent_version, session.end_state) == ("/testbed", "2.3.0", "finished")
    assert session.native_cost_usd_micros == 500_000
    assert session.started_us == 1_780_000_000_500_000
    assert session.events[0].injected


def test_version_1_writes_its_command_into_the_text() -> None:
    session = parse(
        {
            "info": {"exit_status": "Submitted", "submission": "diff", "mini_version": "1.9.0"},
            "messages": [
                {"role": "system", "content": "Rules"},
                {"role": "user", "content": TASK},
                {"role": "assistant", "content": "THOUGHT: look\n\n```bash\nls -a\npwd\n```"},
                {"role": "user", "content": "<returncode>3</returncode>\n<output>\nno\n</output>"},
                {"role": "assistant", "content": "no command"},
                {"role": "user", "content": "Please always provide EXACTLY ONE action"},
                {"role": "user", "content": "diff"},
            ],
            "trajectory_format": "mini-swe-agent-1",
        }
    )
    assert kinds(session)[2:] == ["message", "tool_call", "tool_result", "message", "message", "message"]
    ran = of_kind(session, "tool_result")[0]
    assert (ran.command, ran.outcome, ran.exit_code) == ("ls -a\npwd", "error", 3)
    assert session.events[2].text == "THOUGHT: look"
    assert [e.injected for e in session.events[5:]] == [False, True, True]
    assert len(of_kind(session, "prompt")) == 1
    assert session.model_calls == ()


def test_tokens_and_cost_are_those_of_each_answer() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 10},
    }
    session = parse(run(answer("a", usage=usage), answer("a", usage=usage), answer("b", number=2, usage={})))
    assert total_tokens(session)[0] == Tokens(input=40, cache_read=60, output=20, reasoning=10)
    assert [(c.key, c.model, c.cost_usd_micros) for c in session.model_calls] == [
        ("r1", "m-1", 250_000),
        ("r2", "m-1", 250_000),
    ]
    assert session.model_calls[1].tokens == Tokens()


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": None},
            Tokens(input=9, output=1),
        ),
        (
            {"prompt_tokens": 9, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 3},
            Tokens(input=4, cache_read=2, cache_write=3),
        ),
        (
            {"input_tokens": 9, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3},
            Tokens(input=9, cache_read=20, cache_write=3),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 3}},
            Tokens(input=9, output=1, reasoning=3),
        ),
    ],
)
def test_services_words_for_tokens(usage: dict[str, Any], tokens: Tokens) -> None:
    assert parse(run(answer("a", usage=usage))).model_calls[0].tokens == tokens


def test_a_response_of_the_other_interface_is_a_turn() -> None:
    response = {
        "object": "response",
        "id": "resp_1",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Think"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "f1", "name": "bash", "arguments": '{"command": "ls"}'},
        ],
        "usage": {"input_tokens": 5, "output_tokens": 2},
    }
    came = {"type": "function_call_output", "call_id": "f1", "output": "x", "extra": {"returncode": 0}}
    session = parse(run(response, came))
    assert kinds(session)[2:] == ["reasoning", "message", "tool_call", "tool_result"]
    assert of_kind(session, "tool_result")[0].exit_code == 0
    assert session.model_calls[0].key == "resp_1"


@pytest.mark.parametrize(
    ("message", "kind", "outcome"),
    [
        ({"interrupt_type": "UserRejection"}, "tool_result", "rejected"),
        ({"interrupt_type": "UserInterruption"}, "interrupt", "interrupted"),
        ({"interrupt_type": "UserNewTask"}, "prompt", None),
        ({"interrupt_type": "FormatError"}, "message", None),
    ],
)
def test_a_person_may_step_in(message: dict[str, Any], kind: str, outcome: str | None) -> None:
    session = parse(run(answer("a", "ls"), {"role": "user", "content": "No", "extra": message}))
    assert session.events[-1].kind == kind
    results = of_kind(session, "tool_result")
    assert [e.outcome for e in results] == ([outcome] if outcome else [])


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"content": "I think it is in a.py"}, "I think it is in a.py"),
        ({"content": None, "tool_calls": [{"function": {"name": "x"}}]}, '[{"function":{"name":"x"}}]'),
    ],
)
def test_an_answer_that_was_not_as_it_should_be_is_told(message: dict[str, Any], told: str) -> None:
    response = {"id": "r1", "choices": [{"message": message}]}
    extra = {"interrupt_type": "FormatError", "response": response}
    session = parse(run({"role": "user", "content": "No tool calls found", "extra": extra}))
    assert [(e.text, e.injected) for e in session.events[-2:]] == [
        (told, False),
        ("No tool calls found", True),
    ]


def test_a_declined_command_that_was_already_answered_keeps_the_persons_words() -> None:
    declined = {
        "role": "user",
        "content": "Commands not executed. Use find.",
        "extra": {"interrupt_type": "UserRejection"},
    }
    unrun = output("", -1, exception_info="action was not executed")
    session = parse(run(answer("a", "ls"), unrun, declined))
    assert [(e.text, e.outcome) for e in of_kind(session, "tool_result")] == [
        ("Commands not executed. Use find.", "rejected")
    ]


def test_a_command_that_did_not_end_has_no_exit_code() -> None:
    session = parse(run(answer("a", "sleep 9"), output("timed out", -1, exception_info="TimeoutExpired")))
    ran = of_kind(session, "tool_result")[0]
    assert (ran.outcome, ran.exit_code) == ("error", None)


@pytest.mark.parametrize(
    ("status", "state"),
    [("Submitted", "finished"), ("LimitsExceeded", "error"), ("Timeout", "error"), ("", "running")],
)
def test_the_exit_status_is_the_end(status: str, state: str) -> None:
    session = parse(run(answer("a", "ls"), status=status))
    assert session.end_state == state
    assert session.end_reason


def test_a_failing_service_is_an_error_of_the_service() -> None:
    session = parse(run(left("InternalServerError", exception_str="EOF"), status="InternalServerError"))
    assert kinds(session)[-2:] == ["api_error", "turn_end"]
    assert session.events[-2].text == "EOF"


def test_a_growing_file_stays_the_same_session_and_another_run_is_another() -> None:
    short, longer = run(answer("a", "ls")), run(answer("a", "ls"), output("x", 0), left("Submitted"))
    other = run(answer("a", "ls", number=9))
    assert parse(short).native_id == parse(longer).native_id != parse(other).native_id
    assert parse(short).native_id.startswith("o__r-1-")


def test_rows_of_a_data_set_are_sessions() -> None:
    messages = [
        {"role": "system", "content": "Rules"},
        {"role": "user", "content": "Fix it"},
        {"role": "assistant", "content": "Look\n```bash\nls\n```"},
        {"role": "user", "content": "<returncode>0</returncode>"},
    ]
    rows = [{"messages": messages, "instance_id": f"i-{n}", "model": "q"} for n in range(2)]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    found = sessions(content, "mini_swe_agent")
    assert [s.native_id.rpartition("-")[0] for s in found] == ["i-0", "i-1"]
    assert [len(of_kind(s, "tool_result")) for s in found] == [1, 1]


def test_other_programs_messages_are_refused() -> None:
    chat = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    assert not MINI_SWE_AGENT.recognises(json.dumps({"messages": chat, "instance_id": "i"}).encode())
    other = run(trajectory_format="other-1")
    assert not MINI_SWE_AGENT.recognises(json.dumps(other).encode())


def test_bad_input_becomes_faults_and_opaque_events() -> None:
    session = parse(
        run(7, {"role": ["x"]}, {"role": "assistant", "content": 5, "tool_calls": [3], "extra": []})
    )
    assert session.opaque_count == 2
    cut = json.dumps(run(answer("Hello"), answer("x" * 400))).encode()[:-700]
    broken = parse(cut)
    assert (broken.fault_count, broken.end_state) == (1, "truncated")


def test_no_messages_are_no_session() -> None:
    with pytest.raises(NotATranscript, match="without messages"):
        list(MINI_SWE_AGENT.parse(Transcript(document(b'{"messages": {}}')), lambda text: text))
    with pytest.raises(NotATranscript):
        list(MINI_SWE_AGENT.parse(Transcript(document(b"\x00\xff{")), lambda text: text))
