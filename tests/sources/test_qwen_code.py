"""Qwen Code: a tree of rows becomes the conversation that was gone on with; every request counts once."""

from typing import Any

from gemini_building import document, lines, read, results, told
from qwen_building import SESSION, answered, request, result, row, said, tool, usage

from debrief.model import Tokens, total_tokens
from debrief.sources.formats.claude_code import CLAUDE_CODE
from debrief.sources.formats.qwen_code import QWEN_CODE
from debrief.sources.registry import sniff


def test_a_session_says_who_where_and_what() -> None:
    content = lines(
        said("1", None, "Fix it"),
        answered("2", "1", {"text": "hm", "thought": True}, "On it.", tool("c", "edit", {"file_path": "/a"})),
        result("3", "2", "c", {"output": "ok"}, "success"),
        answered("4", "3", "Done."),
    )
    session = read(QWEN_CODE, content)

    assert sniff(content) is QWEN_CODE
    assert not CLAUDE_CODE.recognises(content)
    assert (session.native_id, session.cwd, session.branch) == (SESSION, "/work/app", "main")
    assert (session.agent, session.agent_version, session.title) == ("Qwen Code", "0.5.0", "Fix it")
    assert [e.kind for e in session.events] == [
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
    ]
    assert session.end_state == "finished"
    assert session.fault_count == 0


def test_thoughts_stand_beside_output_unless_the_total_says_otherwise() -> None:
    beside = read(QWEN_CODE, lines(answered("1", None, "a", **usage(1000, 600, 50, 30, 1080))))
    inside = read(QWEN_CODE, lines(answered("1", None, "a", **usage(1000, 600, 50, 30, 1050))))

    assert beside.model_calls[0].tokens == Tokens(input=400, cache_read=600, output=50, reasoning=30)
    assert inside.model_calls[0].tokens == Tokens(input=400, cache_read=600, output=20, reasoning=30)


def test_the_first_versions_named_tokens_otherwise() -> None:
    old = {"input": 100, "output": 5, "cached": 60, "thoughts": 0, "tool": 0, "total": 105}
    session = read(QWEN_CODE, lines(answered("1", None, "a", usageMetadata=old)))

    assert session.model_calls[0].tokens == Tokens(input=40, cache_read=60, output=5, reasoning=0)


def test_fragments_of_one_uuid_are_one_row_and_one_call() -> None:
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"),
            answered("2", "1", "Part one. ", **usage(10, 0, 1, 0, 11)),
            answered("2", "1", "Part two.", **usage(10, 0, 4, 0, 14)),
            answered("2", "1", "Part two.", **usage(10, 0, 4, 0, 14)),
        ),
    )

    assert told(session) == [("prompt", "go"), ("message", "Part one. Part two.")]
    assert [c.tokens.output for c in session.model_calls] == [4]
    assert (session.usage.rows, session.usage.repeated) == (2, 1)


def test_a_count_that_the_next_row_repeats_is_the_same_call() -> None:
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"),
            answered("2", "1", "Text.", **usage(10, 0, 4, 0, 14)),
            answered("3", "2", tool("c", "glob", {"pattern": "*"}), **usage(10, 0, 4, 0, 14)),
            result("4", "3", "c", {"output": "a"}, "success"),
            answered("5", "4", "End.", **usage(10, 0, 4, 0, 14)),
        ),
    )

    assert len(session.model_calls) == 2
    assert total_tokens(session)[0].output == 8


def test_two_rows_glued_on_one_line_are_two() -> None:
    glued = lines(said("1", None, 'look at {"a": 1}')).rstrip() + lines(answered("2", "1", "seen"))

    assert sniff(glued) is QWEN_CODE
    assert told(read(QWEN_CODE, glued)) == [("prompt", 'look at {"a": 1}'), ("message", "seen")]


def test_only_the_last_chain_is_live_and_the_rest_is_marked_but_paid() -> None:
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "start"),
            answered("2", "1", "dead answer", **usage(10, 0, 7, 0, 17)),
            row("3", "2", "system", subtype="custom_title", systemPayload={"customTitle": "Dead"}),
            row("4", "1", "system", subtype="rewind", systemPayload={"truncatedCount": 2}),
            said("5", "4", "again", cwd="/work/other"),
            answered("6", "5", "live answer", **usage(11, 0, 3, 0, 14)),
            row(
                "7",
                "6",
                "system",
                subtype="custom_title",
                systemPayload={"customTitle": "Live"},
                cwd="/work/other",
            ),
            row("8", "7", "system", subtype="session_artifact_snapshot", cwd="/elsewhere"),
        ),
    )

    assert told(session) == [("prompt", "start"), ("prompt", "again"), ("message", "live answer")]
    assert [e.text for e in session.events if e.replayed] == ["dead answer"]
    assert total_tokens(session)[0].output == 10
    assert (session.title, session.title_source, session.cwd) == ("Live", "custom-title", "/work/other")
    assert session.opaque_count == 0


def test_a_missing_parent_is_a_fault_and_nothing_before_it_is_given_up() -> None:
    session = read(
        QWEN_CODE, lines(said("1", None, "one"), answered("2", "1", "two"), said("4", "3", "three"))
    )

    assert [text for _, text in told(session)] == ["one", "two", "three"]
    assert session.faults == ("line 3: the row before it in the conversation is missing",)


def test_telemetry_repeats_the_answers_and_adds_what_they_do_not_tell() -> None:
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"),
            request("r1", 100, 5, "1"),
            answered("2", "t-r1", "answer", **usage(100, 0, 5, 0, 105)),
            request("r2", 40, 9, "2"),
            request("r3", 0, 0, "t-r2"),
        ),
    )

    assert [(c.key, c.tokens.output) for c in session.model_calls] == [("2", 5), ("r2", 9)]
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.output) == (3, 1, 19)


def test_telemetry_tells_of_an_answer_that_states_nothing() -> None:
    session = read(
        QWEN_CODE, lines(said("1", None, "go"), request("r1", 100, 5, "1"), answered("2", "t-r1", "answer"))
    )

    assert [(c.key, c.tokens.input, c.tokens.output) for c in session.model_calls] == [("2", 100, 5)]
    assert total_tokens(session)[1]["output"] == "exact"


def test_what_no_person_typed_is_no_prompt() -> None:
    hook = "<qwen:user-prompt-submit-context>\nfrom a hook\n</qwen:user-prompt-submit-context>"
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go", hook, systemPayload={"displayText": "go", "hookContext": "from a hook"}),
            said("2", "1", "task ended", subtype="notification", systemPayload={"displayText": "task ended"}),
            said("3", "2", "tick", subtype="cron"),
            said("4", "3", "keep going", provenance="goal_control"),
            said(
                "5",
                "4",
                "and this",
                subtype="mid_turn_user_message",
                systemPayload={"displayText": "and this"},
            ),
            row(
                "6",
                "5",
                "system",
                subtype="slash_command",
                systemPayload={"phase": "invocation", "rawCommand": "/about"},
            ),
            row(
                "7",
                "6",
                "system",
                subtype="slash_command",
                systemPayload={"phase": "result", "rawCommand": "/about"},
            ),
        ),
    )

    assert [e.text for e in session.events if e.kind == "prompt"] == ["go", "and this"]
    assert [e.text for e in session.events if e.injected] == [
        hook,
        "task ended",
        "tick",
        "keep going",
        "/about",
    ]


def test_outcomes_and_service_errors() -> None:
    failed = {"event.name": "qwen-code.api_error", "error_message": "429", "status_code": 429}
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"),
            answered("2", "1", tool("a", "run_shell_command", {"command": "make"}), tool("b", "edit", {})),
            result("3", "2", "a", {"output": "Output: x\nExit Code: 2"}, "success"),
            result("4", "3", "b", {"error": "[Operation Cancelled] Reason: User did not allow"}, "cancelled"),
            row("5", "4", "system", subtype="ui_telemetry", systemPayload={"uiEvent": failed}),
        ),
    )

    assert [(e.tool, e.outcome, e.exit_code) for e in results(session)] == [
        ("run_shell_command", "error", 2),
        ("edit", "rejected", None),
    ]
    assert (session.events[-1].kind, session.events[-1].text) == ("api_error", "429")
    assert session.end_state == "error"


def test_a_summary_of_the_context_is_a_compaction() -> None:
    history = [{"role": "user", "parts": [{"text": "so far"}]}]
    payload = {"info": {"originalTokenCount": 9}, "compressedHistory": history}
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "go"), row("2", "1", "system", subtype="chat_compression", systemPayload=payload)
        ),
    )

    assert told(session)[1] == ("compaction", "so far")


def test_rows_of_a_fork_are_another_sessions() -> None:
    origin: dict[str, Any] = {"forkedFrom": {"sessionId": "origin", "messageUuid": "1"}}
    session = read(
        QWEN_CODE,
        lines(
            said("1", None, "old", **origin),
            answered("2", "1", "old answer", **usage(10, 0, 9, 0, 19), **origin),
            said("3", "2", "new"),
            answered("4", "3", "new answer", **usage(20, 0, 1, 0, 21)),
        ),
    )

    assert (session.relation, session.parent_id, session.title) == ("fork", "origin", "new")
    assert [c.key for c in session.model_calls] == ["4"]
    assert (session.usage.rows, session.usage.replayed) == (2, 1)


def agent(*rows: dict[str, Any]) -> bytes:
    return lines(*(one | {"agentId": "explore-1", "isSidechain": True} for one in rows))


def test_a_sub_agents_file_belongs_to_its_session_and_counts_once() -> None:
    main = lines(
        said("1", None, "go"),
        answered("2", "1", tool("c", "agent", {"prompt": "look"}), **usage(100, 0, 5, 0, 105)),
        request("r9", 50, 2, "2"),
        result("3", "t-r9", "c", {"output": "found"}, "success"),
        answered("4", "3", "Done.", **usage(120, 0, 6, 0, 126)),
    )
    beside = agent(said("a1", None, "look"), answered("a2", "a1", "I looked.", **usage(50, 0, 2, 0, 52)))
    session = read(QWEN_CODE, main, document("../subagents/x/agent-explore-1.jsonl", beside))

    assert [e.kind for e in session.events if e.agent == "explore-1"] == ["subagent", "prompt", "message"]
    assert [(c.key, c.agent) for c in session.model_calls] == [("2", None), ("4", None), ("a2", "explore-1")]
    assert session.end_state == "finished"
    assert session.initial_user_message == "go"


def test_a_sub_agents_file_alone_says_whose_it_is() -> None:
    session = read(QWEN_CODE, agent(said("a1", None, "look"), answered("a2", "a1", "I looked.")))

    assert (session.native_id, session.relation, session.parent_id) == (
        "agent-explore-1",
        "subagent",
        SESSION,
    )
    assert session.end_state == "finished"


def test_a_session_that_another_began_names_it() -> None:
    payload = {"parentSessionId": "the-first"}
    session = read(
        QWEN_CODE,
        lines(
            row("0", None, "system", subtype="parent_session", systemPayload=payload), said("1", "0", "go")
        ),
    )

    assert (session.relation, session.parent_id) == ("subagent", "the-first")
