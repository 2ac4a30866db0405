"""The command line's store, trap by trap: through the database and the format. Every session is made up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from devin_store import BEGAN, SLUG, Cli, a_run, call, kinds, parse, result, used

from debrief.metering import cost
from debrief.model import Tokens, total_tokens


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path / "sessions.db")
    yield made
    made.db.close()


def test_a_session_of_the_store(cli: Cli) -> None:
    a_run(cli)
    (exported,) = cli.documents()
    assert (exported.name, exported.mtime_us) == (f"{SLUG}.jsonl", (BEGAN + 600) * 1_000_000)
    session = parse(exported.content)
    assert session.native_id == f"{SLUG}-{BEGAN}"
    assert (session.cwd, session.title, session.surface) == ("/work/shop", "Run it", "devin_cli")
    assert (session.started_us, session.last_event_us) == (BEGAN * 1_000_000, (BEGAN + 600) * 1_000_000)
    assert kinds(session) == [
        "message",
        "prompt",
        "reasoning",
        "tool_call",
        "tool_result",
        "message",
        "turn_end",
    ]
    made, ended = session.events[3], session.events[4]
    assert (made.tool_kind, made.command, made.call_id) == ("shell", "make", "c1")
    assert (ended.outcome, ended.exit_code, ended.duration_ms, ended.command) == ("error", 2, 1234, "make")
    assert "sealed" not in str(session)
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)
    assert session.initial_user_message == "Run make"


def test_tokens_are_five_buckets_that_do_not_overlap(cli: Cli) -> None:
    a_run(cli)
    session = cli.parse()
    total, quality = total_tokens(session)
    assert total == Tokens(input=130, cache_read=2170, cache_write=50, output=27)
    assert (quality["input"], quality["cache_write"], quality["reasoning"]) == (
        "exact",
        "lower_bound",
        "missing",
    )
    assert [made.event for made in session.model_calls] == [2, 5]


def test_copies_of_a_message_are_one_and_a_branch_that_was_left_counts(cli: Cli) -> None:
    a_run(cli)
    cli.node(5, None, "system", "You are Devin", message_id="m0", row={"is_system_prefix": True})
    cli.node(6, 5, "user", "Run make", message_id="m1", about={"is_user_input": True})
    cli.node(7, 6, "assistant", "It fails.", message_id="m4", about=used(30, 7, 1170))
    cli.node(8, 6, "assistant", "Or not?", about=used(5, 5))
    session = cli.parse()
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Run make"]
    assert total_tokens(session)[0] == Tokens(input=135, cache_read=2170, cache_write=50, output=32)
    assert (session.usage.rows, session.usage.repeated) == (4, 1)
    assert session.usage.naive.input == 165
    assert session.events[-1].text.startswith("1 messages of branches that were left")
    assert "Or not?" not in str(session.events)


def test_what_was_summarised_comes_before_its_summary(cli: Cli) -> None:
    cli.node(1, None, "user", "First", about={"is_user_input": True})
    cli.node(2, 1, "assistant", "One")
    cli.node(10, None, "system", "prefix", row={"is_system_prefix": True})
    cli.node(11, 10, "system", "You are continuing: One", row={"summarized_from": 2})
    cli.node(12, 11, "user", "Second", about={"is_user_input": True})
    cli.node(13, 12, "assistant", "Two")
    cli.node(20, None, "system", "You are continuing: Two", row={"summarized_from": 13})
    cli.node(21, 20, "assistant", "Three", about={"finish_reason": "stop"})
    cli.node(30, None, "assistant", "the summariser's own", row={"summarized_from": 2}, about=used(9, 9))
    cli.session(21)
    session = cli.parse()
    assert [e.text for e in session.events if e.kind != "turn_end"] == [
        "First",
        "One",
        "prefix",
        "You are continuing: One",
        "Second",
        "Two",
        "You are continuing: Two",
        "Three",
    ]
    assert kinds(session).count("compaction") == 2
    assert total_tokens(session)[0].input == 9


def test_a_sub_agent_has_its_own_chain(cli: Cli) -> None:
    cli.node(1, None, "user", "Explore", about={"is_user_input": True})
    cli.node(2, 1, "assistant", "", tool_calls=[call("run_subagent", "c1", task="look around")])
    cli.node(5, None, "system", "You are a sub-agent", row={"is_system_prefix": True})
    cli.node(6, 5, "user", "look around", about={"is_user_input": True} | result(subagent__handoff=True))
    cli.node(
        7, 6, "assistant", "", tool_calls=[call("grep", "c9", pattern="x", path="src")], about=used(3, 1)
    )
    cli.node(
        8, 7, "tool", "a.py", tool_call_id="c9", about=result(chisel__tool_result_meta={"success": True})
    )
    ext = {
        "subagent__agent_id": "d8a8",
        "subagent__chain_node_id": 8,
        "chisel__tool_result_meta": {"success": True},
    }
    cli.node(3, 2, "tool", "found a.py", tool_call_id="c1", about=result(**ext))
    cli.node(4, 3, "assistant", "Done", about={"finish_reason": "stop"})
    cli.session(4)
    cli.db.execute("INSERT INTO subagent_heads VALUES (?, 'd8a8', 8, 1), (?, 'other', 99, 1)", (SLUG, SLUG))
    session = cli.parse()
    mine = [(e.kind, e.agent) for e in session.events if e.agent]
    assert mine == [
        ("subagent", "d8a8"),
        ("message", "d8a8"),
        ("message", "d8a8"),
        ("tool_call", "d8a8"),
        ("tool_result", "d8a8"),
        ("subagent", "other"),
    ]
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Explore"]
    assert (session.end_state, session.model_calls[0].agent) == ("finished", "d8a8")


@pytest.mark.parametrize(
    ("extensions", "content", "outcome"),
    [
        ({"chisel__tool_result_meta": {"success": True}}, "", "ok"),
        ({"chisel__tool_result_meta": {"success": False}}, "", "error"),
        ({"chisel__tool_failure": {"reason": "user_rejected"}}, "", "rejected"),
        ({"chisel__tool_failure": {"reason": "cancelled"}}, "", "interrupted"),
        ({"chisel__tool_failure": {"reason": "timeout"}}, "", "error"),
        ({"chisel__terminal_output": {"exit": {"exit_code": 0}}}, "", "ok"),
        ({}, "x\nExit code: 0", "ok"),
        ({}, "x\nExit code: 137", "error"),
        ({}, "the file says Exit code: 1 somewhere", "unknown"),
        ({}, "", "unknown"),
    ],
)
def test_how_a_call_ended(cli: Cli, extensions: dict[str, Any], content: str, outcome: str) -> None:
    cli.node(1, None, "assistant", "", tool_calls=[call("exec", "c1", command="x")])
    cli.node(2, 1, "tool", content, tool_call_id="c1", about=result(**extensions))
    cli.session(2)
    assert cli.parse().events[-1].outcome == outcome


def test_what_the_client_was_shown_fills_in(cli: Cli) -> None:
    shown = {"c1": {"content": [{"type": "diff", "path": "a.py", "oldText": "x", "newText": "y"}]}}
    cli.node(
        1,
        None,
        "assistant",
        "",
        tool_calls=[call("edit", "c1", instruction="do"), call("read", "c2", file_path="b.py")],
        about=result(chisel__tool_call_content=shown),
    )
    cli.node(2, 1, "tool", "done", tool_call_id="c1")
    cli.db.execute("INSERT INTO tool_call_state VALUES (?, 'c1', NULL, '{\"status\": \"failed\"}')", (SLUG,))
    cli.session(2)
    session = cli.parse()
    edit, read, ended = session.events
    assert (edit.path, edit.edits[0].old, edit.edits[0].new) == ("a.py", "x", "y")
    assert (read.tool_kind, read.path) == ("read", "b.py")
    assert (ended.outcome, ended.tool_kind, ended.path) == ("error", "edit", "a.py")
    assert session.end_state == "running", "the second call is open"


def test_edits_writes_and_arguments_in_text(cli: Cli) -> None:
    cli.node(
        1,
        None,
        "assistant",
        "",
        tool_calls=[
            call("edit", "c1", file_path="a", old_string="x", new_string="y"),
            call("multi_edit", "c2", file_path="b", edits=[{"old_string": "1", "new_string": "2"}, 7]),
            call("write", "c3", file_path="c", content="all"),
            {"id": "c4", "function": {"name": "exec", "arguments": '{"command": "ls"}'}},
            call("mcp__db__query", "c5", q=1),
            call("hologram", "c6"),
            {"id": "c1", "name": "edit"},
            "junk",
        ],
    )
    cli.session(1)
    calls = [e for e in cli.parse().events if e.kind == "tool_call"]
    assert [(e.tool_kind, e.path, e.command) for e in calls[:6]] == [
        ("edit", "a", None),
        ("edit", "b", None),
        ("write", "c", None),
        ("shell", None, "ls"),
        ("mcp", None, None),
        ("other", None, None),
    ]
    assert [(edit.old, edit.new) for e in calls[:3] for edit in e.edits] == [
        ("x", "y"),
        ("1", "2"),
        ("", "all"),
    ]


def test_pings_are_nobodys_words_and_injected_ones_no_prompts(cli: Cli) -> None:
    cli.node(1, None, "user", "continue", about={"telemetry": {"source": "cache_keepalive"}})
    cli.node(2, 1, "user", "from a hook", about={"is_user_input": False})
    cli.node(3, 2, "system", "<rules>", about=result(affogato__x=1))
    cli.node(4, 3, "hologram", "?")
    cli.session(4)
    session = cli.parse()
    assert [(e.kind, e.injected) for e in session.events] == [
        ("message", True),
        ("message", True),
        ("opaque", False),
    ]


def test_where_peoples_words_are_marked_the_others_are_the_clients(cli: Cli) -> None:
    cli.node(1, None, "user", "Fix it", about={"is_user_input": True})
    cli.node(2, 1, "user", "<system_guidance>plan</system_guidance>", about={"is_user_input": None})
    cli.session(2)
    assert [(e.kind, e.injected) for e in cli.parse().events] == [("prompt", False), ("message", True)]


def test_where_nobodys_words_are_marked_they_are_a_persons(cli: Cli) -> None:
    cli.node(1, None, "user", "Fix it", about={"is_user_input": None})
    cli.session(1)
    assert [(e.kind, e.injected) for e in cli.parse().events] == [("prompt", False)]


def test_a_pull_request_that_a_command_created(cli: Cli) -> None:
    cli.node(1, None, "assistant", "", tool_calls=[call("exec", "c1", command="gh pr create --fill")])
    text = "https://github.com/acme/shop/pull/9\n\nExit code: 0"
    cli.node(2, 1, "tool", text, tool_call_id="c1")
    cli.session(2)
    assert [(p.number, p.created) for p in cli.parse().pull_requests] == [(9, True)]


@pytest.mark.parametrize(("stated", "acus"), [(2.5, 2.5), (0, None), ("x", None), (True, None), (None, None)])
def test_counted_acus_go_before_tokens_and_nought_is_unknown(
    cli: Cli, stated: Any, acus: float | None
) -> None:
    cli.node(1, None, "assistant", "Hi", about=used(1000, 1000, 0, 0))
    cli.session(1, total_acu_cost=stated)
    session = cli.parse()
    assert session.native_acus == acus
    assert cost(session).acus == (acus if acus is not None else 0.01)
