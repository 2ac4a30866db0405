"""Kimi Code's wires, sub-agents and companions, and kimi-cli's, trap by trap. All made up."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_agents import JUNK, assert_paired, document, kinds, lines, parse, results, said

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.sources import Transcript
from debrief.sources.formats.kimi import KIMI

SESSION = "session_1bcbe023-4f7e-4971-9dc9-43b8756045b0"
METADATA = {"type": "metadata", "protocol_version": "1.4", "created_at": 1785612803281}
CONFIG = {"type": "config.update", "cwd": "/work/shop", "modelAlias": "moonshot-ai/kimi-k2.7", "time": 1}
REQUEST = {"type": "llm.request", "model": "kimi-k2.7", "modelAlias": "moonshot-ai/kimi-k2.7"}
USAGE = {"inputOther": 10, "output": 5, "inputCacheRead": 100, "inputCacheCreation": 2}
STATE = {
    "title": "A title",
    "isCustomTitle": False,
    "agents": {"main": {"homedir": f"/home/u/.kimi-code/sessions/wd_x/{SESSION}/agents/main"}},
    "workDir": "/work/other",
    "lastPrompt": "hi",
}


def at(second: int, **fields: Any) -> dict[str, Any]:
    return {**fields, "time": 1785612803000 + second * 1000}


def turn(second: int, words: str, kind: str = "user", **origin: Any) -> list[dict[str, Any]]:
    """A prompt as it is written: when it is taken, and when it enters the context."""
    content = [{"type": "text", "text": words}]
    source = {"kind": kind, **origin}
    return [
        at(second, type="turn.prompt", input=content, origin=source),
        at(
            second,
            type="context.append_message",
            message={"role": "user", "content": content, "toolCalls": [], "origin": source},
        ),
    ]


def loop(second: int, kind: str, **fields: Any) -> dict[str, Any]:
    return at(second, type="context.append_loop_event", event={"type": kind, "uuid": f"u{second}", **fields})


def part(second: int, kind: str, words: str) -> dict[str, Any]:
    return loop(second, "content.part", part={"type": kind, kind: words})


def step_end(second: int, finish: str, usage: Any = USAGE, own: str = "chatcmpl-1") -> list[dict[str, Any]]:
    """A step's end, and the record that tells its usage again."""
    return [
        loop(second, "step.end", finishReason=finish, usage=usage, messageId=own),
        at(second, type="usage.record", model="moonshot-ai/kimi-k2.7", usage=usage, usageScope="turn"),
    ]


def called(second: int, own: str, name: str, **arguments: Any) -> dict[str, Any]:
    return loop(second, "tool.call", toolCallId=own, name=name, args=arguments)


def gave(second: int, own: str, **result: Any) -> dict[str, Any]:
    return loop(second, "tool.result", toolCallId=own, result=result)


def beside(**others: bytes) -> dict[str, bytes]:
    return {"../../state.json": json.dumps(STATE).encode(), **others}


RUN = [
    METADATA,
    CONFIG,
    *turn(1, "list them"),
    REQUEST,
    loop(2, "step.begin", step=1),
    part(3, "think", "hm"),
    called(4, "Bash_0", "Bash", command="ls"),
    gave(5, "Bash_0", output="a.py\n"),
    *step_end(6, "tool_use", own="c1"),
    loop(7, "step.begin", step=2),
    part(8, "text", "One file."),
    *step_end(9, "end_turn", own="c2"),
]


def test_a_wire_becomes_a_session() -> None:
    session = parse("kimi", *RUN, beside=beside(), name="wire.jsonl")
    assert kinds(session) == ["prompt", "reasoning", "tool_call", "tool_result", "message"]
    assert (session.events[2].command, results(session)) == ("ls", [("Bash", "ok", None)])
    assert_paired(session)
    assert (session.native_id, session.cwd, session.title) == (SESSION, "/work/shop", "A title")
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert session.started_us == 1_785_612_803_281_000


def test_each_call_is_counted_once_and_the_summary_of_a_conversation_too() -> None:
    summary = {"inputOther": 1, "output": 900, "inputCacheRead": 0, "inputCacheCreation": 0}
    session = parse(
        "kimi",
        *RUN,
        at(10, type="full_compaction.begin"),
        at(11, type="usage.record", model="k", usage=summary, usageScope="session"),
        at(11, type="context.apply_compaction", summary="in short", compactedCount=2),
        at(12, type="full_compaction.complete"),
        beside=beside(),
    )
    assert [c.key for c in session.model_calls[:2]] == ["c1", "c2"]
    assert session.model_calls[0].model == "kimi-k2.7"
    assert session.model_calls[0].event == 1
    assert total_tokens(session)[0] == Tokens(input=21, cache_read=200, cache_write=4, output=910)
    assert (session.usage.rows, session.usage.repeated) == (5, 2)
    assert (kinds(session)[-1], session.events[-1].text) == ("compaction", "in short")


def test_what_enters_the_context_is_a_prompt_only_where_a_person_typed_it() -> None:
    note = turn(3, "<system-reminder>todo</system-reminder>", "injection", variant="todo")[1]
    session = parse(
        "kimi",
        METADATA,
        *turn(1, "one"),
        note,
        *turn(4, "spoken into it")[:1],
        turn(5, "hook says", "hook_result")[1],
        *turn(6, "every day", "cron_job"),
    )
    assert [(e.kind, e.text, e.injected) for e in session.events] == [
        ("prompt", "one", False),
        ("message", "<system-reminder>todo</system-reminder>", True),
        ("prompt", "spoken into it", False),
        ("message", "hook says", True),
        ("message", "every day", True),
    ]


def test_a_wire_without_turns_has_its_prompts_in_the_context() -> None:
    session = parse("kimi", METADATA, turn(1, "old")[1], part(2, "text", "Yes."))
    assert said(session) == [("prompt", "old"), ("message", "Yes.")]


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([at(9, type="turn.cancel")], "interrupted"),
        ([at(9, type="turn.cancel"), at(9, type="turn.ended", reason="cancelled")], "interrupted"),
        ([at(9, type="turn.ended", reason="completed")], "finished"),
        ([at(9, type="turn.ended", reason="failed", error={"message": "quota"})], "error"),
        ([loop(9, "step.end", finishReason="max_tokens")], "error"),
        ([at(9, type="turn.step.retrying", errorMessage="529")], "running"),
        ([], "running"),
    ],
)
def test_how_a_turn_ends(rows: list[Any], state: str) -> None:
    session = parse("kimi", METADATA, *turn(1, "go"), *rows)
    assert session.end_state == state
    assert kinds(session).count("interrupt") == (state == "interrupted")


def test_results_that_failed_and_calls_that_a_person_declined() -> None:
    session = parse(
        "kimi",
        METADATA,
        *turn(1, "go"),
        called(2, "a", "Bash", command="x"),
        gave(3, "a", output="no such file", isError=True),
        at(4, type="permission.record_approval_result", toolCallId="b", result={"decision": "rejected"}),
        called(4, "b", "Write", path="/p", content="c"),
        gave(5, "b", output="declined", isError=True),
        called(6, "c", "Read", path="/p"),
        gave(7, "c"),
    )
    assert [outcome for _, outcome, _ in results(session)] == ["error", "rejected", "unknown"]


def test_an_id_that_is_used_again_names_another_call() -> None:
    session = parse(
        "kimi",
        METADATA,
        *turn(1, "go"),
        called(2, "Bash_0", "Bash", command="x"),
        gave(3, "Bash_0", output="1"),
        called(4, "Bash_0", "Bash", command="y"),
        gave(5, "Bash_0", output="2"),
    )
    assert_paired(session)
    assert [(e.command, e.text) for e in session.events if e.kind == "tool_result"] == [
        ("x", "1"),
        ("y", "2"),
    ]


SUB = [
    METADATA,
    *turn(20, "count them", "system_trigger", name="subagent"),
    loop(21, "step.begin", step=1),
    part(22, "text", "Three."),
    *step_end(23, "end_turn", own="c9"),
]


def test_a_sub_agents_wire_is_part_of_the_session() -> None:
    session = parse("kimi", *RUN, beside=beside(**{"../agent-0/wire.jsonl": lines(*SUB)}), name="wire.jsonl")
    own = [event for event in session.events if event.agent == "agent-0"]
    assert [event.kind for event in own] == ["subagent", "message", "message"]
    assert [event.injected for event in own] == [False, True, False]
    assert [c.agent for c in session.model_calls] == [None, None, "agent-0"]
    assert kinds(session).count("prompt") == 1
    assert session.end_state == "finished"


def test_a_sub_agents_wire_alone_is_a_session_of_its_own() -> None:
    session = parse("kimi", *SUB, beside=beside(**{"../agent-1/wire.jsonl": lines(*RUN)}))
    assert (session.parent_id, session.relation) == (SESSION, "subagent")
    assert session.native_id.startswith(f"{SESSION}:agent-")
    assert "prompt" not in kinds(session)
    assert len(session.model_calls) == 1


def test_a_wire_alone_has_an_id_that_stays_while_it_grows_and_a_fault() -> None:
    alone, grown = parse("kimi", *RUN[:4]), parse("kimi", *RUN)
    assert alone.native_id == grown.native_id
    assert alone.native_id != parse("kimi", METADATA, CONFIG, *turn(1, "another")).native_id
    assert alone.faults == ("line 1: the wire does not say its session's id, nor does a state.json",)


def old(second: int, kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": 1785612803.5 + second, "message": {"type": kind, "payload": payload}}


def test_the_wire_of_kimi_cli() -> None:
    inner = {"type": "ContentPart", "payload": {"type": "text", "text": "inside"}}
    function = {"name": "Shell", "arguments": '{"command":"ls"}'}
    usage = {"input_other": 1, "output": 2, "input_cache_read": 3, "input_cache_creation": 4}
    session = parse(
        "kimi",
        {"type": "metadata", "protocol_version": "1.1"},
        old(1, "TurnBegin", user_input=[{"type": "text", "text": "go"}]),
        old(2, "StepBegin", n=1),
        old(3, "ContentPart", type="think", think="hm"),
        old(4, "ToolCall", id="t1", function=function),
        old(5, "ToolResult", tool_call_id="t1", return_value={"is_error": True, "output": "no"}),
        old(6, "SubagentEvent", task_tool_call_id="t1", event=inner),
        old(7, "StatusUpdate", token_usage=usage, message_id="m1"),
        old(7, "StatusUpdate", token_usage=usage, message_id="m1"),
        old(8, "ContentPart", type="text", text="Done."),
        old(9, "TurnEnd"),
        old(9, "Hologram"),
    )
    assert kinds(session) == [
        *("prompt", "reasoning", "tool_call", "tool_result", "subagent", "message", "message"),
        *("turn_end", "opaque"),
    ]
    assert results(session) == [("Shell", "error", None)]
    assert [e.agent for e in session.events if e.text == "inside"] == ["t1"]
    assert [c.tokens for c in session.model_calls] == [Tokens(input=1, cache_read=3, cache_write=4, output=2)]
    assert (session.usage.rows, session.usage.repeated, session.end_state) == (2, 1, "finished")


def test_a_sub_agent_that_kimi_cli_tells_twice_is_read_once() -> None:
    usage = {"input_other": 1, "output": 2, "input_cache_read": 3, "input_cache_creation": 4}
    function = {"name": "Agent", "arguments": '{"prompt":"find it"}'}
    inner = [
        {"type": "TurnBegin", "payload": {"user_input": "find it"}},
        {"type": "StatusUpdate", "payload": {"token_usage": usage, "message_id": "m2"}},
    ]
    nested = {"parent_tool_call_id": "t1", "agent_id": "a1", "subagent_type": "explore"}
    unheard = [
        old(1, "TurnBegin", user_input="look"),
        old(2, "StatusUpdate", token_usage={**usage, "output": 9}, message_id="m3"),
    ]
    state = {"custom_title": "The bug", "title_generated": True, "worktree_path": "/work/tree"}
    session = parse(
        "kimi",
        {"type": "metadata", "protocol_version": "1.5"},
        old(1, "TurnBegin", user_input="go"),
        old(2, "ToolCall", id="t1", function=function),
        *(old(3, "SubagentEvent", **nested, event=event) for event in inner),
        beside={
            "subagents/a1/wire.jsonl": lines(*({"timestamp": 1785612806.5, "message": one} for one in inner)),
            "subagents/a2/wire.jsonl": lines(*unheard),
            "state.json": json.dumps(state).encode(),
        },
        name="wire.jsonl",
    )
    assert [(event.text, event.agent) for event in session.events if event.kind == "subagent"] == [
        ('{"prompt":"find it"}', "a1"),
        ("", "a2"),
    ]
    assert [(one.agent, one.tokens.output) for one in session.model_calls] == [("a1", 2), ("a2", 9)]
    assert kinds(session).count("prompt") == 1
    assert (session.title, session.title_source, session.cwd) == ("The bug", "state", "/work/tree")


def test_what_is_unknown_is_kept_and_what_is_broken_is_a_fault() -> None:
    session = parse("kimi", METADATA, *turn(1, "go"), {"type": "hologram"}, loop(2, "x"), "oh", '{"type":"t')
    assert (session.opaque_count, session.fault_count, session.end_state) == (4, 3, "truncated")
    broken = parse("kimi", *RUN, beside={"state.json": b"{"})
    assert broken.faults[0].startswith("state.json: ")


def test_settings_alone_are_no_session() -> None:
    with pytest.raises(NotATranscript, match="without a single turn"):
        list(KIMI.parse(Transcript(document("x", lines(METADATA, CONFIG))), lambda text: text))


@pytest.mark.parametrize(
    "row",
    [
        STATE,
        {"type": "metadata", "protocol_version": 2},
        {"type": "config.update"},
        {"type": "turn.prompt", "input": "hi"},
        {"timestamp": 1, "message": {"type": "user", "payload": {}}},
        {"message": {"type": "TurnBegin", "payload": {}}},
        {"type": ["metadata"]},
        [],
    ],
)
def test_other_content_is_refused(row: Any) -> None:
    assert not KIMI.recognises(lines(row))


def sessions_of(rows: list[Any]) -> Session:
    return parse("kimi", METADATA, *turn(1, "go"), *rows, beside={"state.json": lines(*rows[:1])})


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        "context.append_loop_event",
                        "context.append_message",
                        "usage.record",
                        "turn.steer",
                        "config.update",
                        "turn.ended",
                        "context.apply_compaction",
                        "profile.bind",
                        "permission.record_approval_result",
                        "llm.request",
                        "context.undo",
                    ]
                )
            }
            | dict.fromkeys(("time", "usage", "origin", "input", "model", "result", "summary"), JUNK)
            | {"message": JUNK | st.fixed_dictionaries({"role": JUNK, "content": JUNK, "payload": JUNK})}
            | {
                "event": JUNK
                | st.fixed_dictionaries(
                    {"type": st.sampled_from(["step.end", "content.part", "tool.call", "tool.result"])}
                    | dict.fromkeys(("toolCallId", "name", "args", "result", "part", "usage"), JUNK)
                )
            }
        )
        | JUNK,
        max_size=5,
    )
)
def test_wrong_types_in_any_field_never_raise(rows: list[Any]) -> None:
    assert sessions_of(rows).native_id
