"""Amp's threads, trap by trap, through the public door. Every transcript here is made up."""

from typing import Any

import pytest
from amp_building import CALLS, T0, THREAD, answer, kinds, parse, run, text, usage, use, user

from debrief.model import Tokens, total_tokens

ENV = {
    "initial": {
        "trees": [
            {
                "displayName": "shop",
                "uri": "file:///home/ann/my%20shop",
                "repository": {
                    "type": "git",
                    "url": "https://github.com/acme/shop.git",
                    "ref": "refs/heads/main",
                    "sha": "4b0ea68d7af9a6031a7ffda7ad66e0cb83315750",
                },
            }
        ],
        "platform": {"os": "linux", "client": "CLI", "clientVersion": "0.0.1769", "clientType": "cli"},
    }
}


def test_a_thread_becomes_a_session() -> None:
    session = parse(
        user(text("Fix it.")),
        answer(
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            use("Bash", {"cmd": "make", "cwd": "/home/ann"}),
            state=CALLS,
            usage=usage(10, 2),
        ),
        user(run("done", result={"output": "no", "exitCode": 2}), number=2),
        answer(text("It is broken."), number=3, usage=usage(12, 3)),
        env=ENV,
        creatorUserID="user_1",
    )
    assert kinds(session) == ["prompt", "reasoning", "tool_call", "tool_result", "message", "turn_end"]
    assert (session.native_id, session.agent, session.agent_version) == (THREAD, "Amp", "0.0.1769")
    assert (session.cwd, session.repository, session.branch) == ("/home/ann/my shop", "acme/shop", "main")
    assert (session.commit, session.user) == ("4b0ea68d7af9a6031a7ffda7ad66e0cb83315750", "user_1")
    assert (session.title, session.started_us) == ("Mend the cart", T0 * 1000)
    result = session.events[3]
    assert (result.command, result.text, result.outcome, result.exit_code) == ("make", "no", "error", 2)
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)


def test_the_total_is_the_sum_of_three_buckets() -> None:
    session = parse(user(text("a")), answer(text("b"), usage=usage(10, 20, 60, 30)))
    assert total_tokens(session)[0] == Tokens(input=10, cache_read=60, cache_write=30, output=20)
    (call,) = session.model_calls
    assert (call.key, call.model, call.event) == (f"{THREAD}:1", "claude-opus-4-5-20251101", 1)
    assert call.ts_us == 1_770_000_005_000_000


def test_a_model_of_openai_has_its_uncached_prompt_where_others_have_cache_writes() -> None:
    session = parse(user(text("a")), answer(text("b"), usage=usage(0, 20, 60, 30, model="gpt-5.2-codex")))
    assert total_tokens(session)[0] == Tokens(input=30, cache_read=60, cache_write=0, output=20)


def test_counts_of_the_cache_that_are_null_are_unknown() -> None:
    stated = usage(10, 20, cacheCreationInputTokens=None, cacheReadInputTokens=None, totalInputTokens=10)
    session = parse(user(text("a")), answer(text("b"), usage=stated))
    assert session.model_calls[0].tokens == Tokens(input=10, output=20)


def event(number: int, taken: int, output: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"event-{number}",
        "timestamp": "2025-11-23T10:00:00.000Z",
        "model": "claude-haiku-4-5",
        "credits": 1.5,
        "tokens": {"input": taken, "output": output},
        "operationType": "inference",
        "fromMessageId": number - 1,
        "toMessageId": number,
        **fields,
    }


def test_the_older_ledger_tells_again_of_answers_and_alone_of_the_rest() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), usage=usage(100, 50, 200, 500)),
        answer(text("c"), number=3),
        usageLedger={"events": [event(1, 100, 50), event(3, 7, 8), event(9, 5, 1, operationType="title")]},
    )
    sums, _ = total_tokens(session)
    assert (sums.input, sums.output, sums.cache_read, sums.cache_write) == (112, 59, 200, 500)
    assert (session.usage.rows, session.usage.repeated) == (4, 1)
    assert [call.event for call in session.model_calls] == [1, 3, None]


def test_an_answer_that_nothing_tells_of_is_a_call_of_unknown_size() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), usage=usage(1, 1)),
        answer(text("c"), number=2, state={"type": "cancelled"}),
    )
    sums, qualities = total_tokens(session)
    assert (sums.input, qualities["input"], len(session.model_calls)) == (1, "lower_bound", 2)


@pytest.mark.parametrize(
    ("block", "outcome", "words"),
    [
        (run("done", result="text"), "ok", "text"),
        (run("done", result=["/a:1", "/b:2"]), "ok", "/a:1\n/b:2"),
        (run("done", result={"diff": "-a\n+b"}), "ok", "-a\n+b"),
        (run("done", result={"success": False}), "error", '{"success":false}'),
        (run("done", result={"output": "x", "exitCode": 0}), "ok", "x"),
        (run("done"), "ok", ""),
        (run("error", error={"message": "no such file"}), "error", "no such file"),
        (run("cancelled", reason="user:cancelled"), "interrupted", "user:cancelled"),
        (run("rejected-by-user", reason="no"), "rejected", "no"),
        ({"type": "tool_result", "tool_use_id": "toolu_1", "content": "x", "is_error": True}, "error", "x"),
    ],
)
def test_how_a_run_ended(block: dict[str, Any], outcome: str, words: str) -> None:
    session = parse(user(text("a")), answer(use("Read", {"path": "a"}), state=CALLS), user(block, number=2))
    result = session.events[2]
    assert (result.kind, result.outcome, result.text, result.path) == ("tool_result", outcome, words, "a")


@pytest.mark.parametrize(
    ("name", "given", "kind", "path", "edits"),
    [
        ("edit_file", {"path": "a", "old_str": "x", "new_str": "y"}, "edit", "a", [("a", "x", "y")]),
        ("create_file", {"path": "a", "content": "z"}, "write", "a", [("a", "", "z")]),
        ("undo_edit", {"path": "a"}, "edit", "a", []),
        ("Grep", {"pattern": "x", "path": "src"}, "search", "src", []),
        ("read_web_page", {"url": "x"}, "fetch", None, []),
        ("todo_write", {"todos": []}, "plan", None, []),
        ("oracle", {"task": "x"}, "agent", None, []),
        ("mcp__linear__list", {}, "mcp", None, []),
        ("mermaid", {"code": "x"}, "other", None, []),
    ],
)
def test_what_kind_of_call_it_is(
    name: str, given: Any, kind: str, path: str | None, edits: list[Any]
) -> None:
    call = parse(user(text("a")), answer(use(name, given))).events[1]
    assert (call.tool_kind, call.path) == (kind, path)
    assert [(edit.path, edit.old, edit.new) for edit in call.edits] == edits


@pytest.mark.parametrize(
    ("messages", "state", "kind"),
    [
        ([answer(text("b"))], "finished", "turn_end"),
        ([answer(text("b"), state={})], "finished", "turn_end"),
        ([answer(use("Bash", {}), state=CALLS)], "running", "tool_call"),
        ([answer(use("Bash", {}), state=CALLS), user(run("in-progress"), number=2)], "running", "tool_call"),
        ([answer(use("Bash", {}), state=CALLS), user(run("done"), number=2)], "running", "tool_result"),
        (
            [answer(use("Bash", {}), state=CALLS), user(run("cancelled"), number=2)],
            "interrupted",
            "tool_result",
        ),
        ([answer(text("b"), state={"type": "cancelled"})], "interrupted", "interrupt"),
        ([answer(text("b"), state={"type": "streaming"})], "running", "message"),
        ([answer(text("b"), state={"type": "complete", "stopReason": "max_tokens"})], "error", "message"),
        ([answer(text("b"), state={"type": "error", "error": {"message": "529"}})], "error", "api_error"),
        ([], "running", "prompt"),
    ],
)
def test_how_a_thread_ended(messages: list[Any], state: str, kind: str) -> None:
    session = parse(user(text("a")), *messages)
    assert (session.end_state, kinds(session)[-1]) == (state, kind)
    assert session.end_reason


def test_a_person_interrupts_by_speaking() -> None:
    session = parse(
        user(text("a")), answer(use("Bash", {"cmd": "x"})), user(run("cancelled"), text("Stop."), number=2)
    )
    assert kinds(session) == ["prompt", "tool_call", "tool_result", "prompt"]
    assert session.end_state == "running"
    assert parse(user(text("a"), interrupted=True)).end_state == "interrupted"


def test_a_thread_without_messages_is_unknown() -> None:
    session = parse()
    assert (session.end_state, session.events, session.started_us) == ("unknown", (), T0 * 1000)


def test_what_nobody_typed_is_injected() -> None:
    session = parse(
        user(
            text("a"),
            text("b", hidden=True),
            {"type": "image", "sourcePath": "/x.png"},
            fileMentions={"files": [{"uri": "file:///n.md", "content": "x"}]},
        ),
        user(text("from another thread"), number=1, meta={"fromExecutorThreadID": "T-1"}),
    )
    assert [(e.kind, e.injected, e.text) for e in session.events] == [
        ("prompt", False, "a"),
        ("message", True, "b"),
        ("message", True, "[attached: /x.png]"),
        ("message", True, "[attached: file:///n.md]"),
        ("message", True, "from another thread"),
    ]


def test_a_command_that_the_person_ran_and_a_summary() -> None:
    ran = {
        "type": "manual_bash_invocation",
        "args": {"cmd": "ls"},
        "toolRun": {"status": "done", "result": "a"},
    }
    summary = {"type": "summary", "summary": {"type": "message", "summary": "So far."}}
    session = parse(user(text("a")), {"role": "info", "messageId": 1, "content": [ran, summary]})
    call, result, compaction = session.events[1:]
    assert (call.actor, call.command, result.outcome, result.text) == ("user", "ls", "ok", "a")
    assert (compaction.kind, compaction.text) == ("compaction", "So far.")


def test_a_sub_agents_answers_are_its_own() -> None:
    session = parse(
        user(text("a")),
        answer(use("Task", {"prompt": "Search."}, "toolu_9"), state=CALLS),
        answer(text("Found."), number=2, parentToolUseId="toolu_9", usage=usage(3, 1)),
    )
    assert [(e.kind, e.agent) for e in session.events[2:]] == [
        ("subagent", "toolu_9"),
        ("message", "toolu_9"),
    ]
    assert session.model_calls[0].agent == "toolu_9"
    assert session.end_state == "running"


def test_what_a_sub_agent_is_given_is_its_own_and_no_prompt() -> None:
    ran = {"status": "done", "result": {"output": "a", "exitCode": 0}}
    own: dict[str, Any] = {"parentToolUseId": "toolu_9"}
    session = parse(
        user(text("a")),
        answer(use("Task", {"prompt": "Search."}, "toolu_9"), state=CALLS),
        user(text("Search."), **own),
        answer(use("Bash", {"cmd": "ls"}, "toolu_s"), number=3, state=CALLS, **own),
        user({"type": "tool_result", "toolUseID": "toolu_s", "run": ran}, **own),
        queuedMessages=[{"id": "q", "queuedMessage": {"role": "user", "content": [text("and then")]}}],
    )
    assert [(e.kind, e.agent, e.injected) for e in session.events[2:]] == [
        ("subagent", "toolu_9", False),
        ("message", "toolu_9", True),
        ("tool_call", "toolu_9", False),
        ("tool_result", "toolu_9", False),
        ("message", None, True),
    ]
    assert session.events[-1].text == "[queued] and then"
    assert (session.end_state, session.initial_user_message) == ("running", "a")


@pytest.mark.parametrize(
    ("fields", "relation", "parent"),
    [
        ({"mainThreadID": "T-main"}, "subagent", "T-main"),
        ({"relationships": [{"threadID": "T-p", "type": "handoff", "role": "child"}]}, "continuation", "T-p"),
        ({"relationships": [{"threadID": "T-p", "type": "fork", "role": "child"}]}, "fork", "T-p"),
        ({"relationships": [{"threadID": "T-c", "type": "fork", "role": "parent"}]}, None, None),
        ({"relationships": [{"threadID": "T-m", "type": "mention", "role": "child"}]}, None, None),
    ],
)
def test_how_a_thread_came_of_another(
    fields: dict[str, Any], relation: str | None, parent: str | None
) -> None:
    session = parse(user(text("a")), **fields)
    assert (session.relation, session.parent_id) == (relation, parent)


def test_a_fork_begins_with_the_other_threads_history() -> None:
    old = usage(50, 5, timestamp="2026-02-01T00:00:00.000Z")
    session = parse(
        user(text("old"), meta={"sentAt": T0 - 9000}),
        answer(text("older"), usage=old),
        user(text("new"), number=2),
        answer(text("newer"), number=3, usage=usage(7, 1)),
        relationships=[{"threadID": "T-p", "type": "fork", "role": "child"}],
    )
    assert [e.replayed for e in session.events if e.kind == "prompt"] == [True, False]
    assert (total_tokens(session)[0].input, session.usage.replayed) == (7, 1)
    assert session.initial_user_message == "new"


def test_another_model_and_a_pull_request() -> None:
    session = parse(
        user(text("a")),
        answer(use("Bash", {"cmd": "gh pr create --fill"}), state=CALLS, usage=usage(1, 1)),
        user(
            run("done", result={"output": "https://github.com/acme/shop/pull/9\n", "exitCode": 0}), number=2
        ),
        answer(text("b"), number=3, usage=usage(1, 1, model="gpt-5.2")),
    )
    assert [e.text for e in session.events if e.kind == "model_change"] == [
        "claude-opus-4-5-20251101 -> gpt-5.2"
    ]
    assert [(p.number, p.created) for p in session.pull_requests] == [(9, True)]
