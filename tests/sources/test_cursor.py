"""Cursor's transcripts, through the public door. Every transcript here is made up."""

from typing import Any

import pytest
from cursor_building import CHILD, SESSION, agent, asked, document, ended, kinds, parse, text, use, user

from debrief.model import Session, Tokens, total_tokens
from debrief.sources.records import timestamp_us


def test_a_transcript_becomes_a_session() -> None:
    session = parse(
        asked("Fix the cart", "<manually_attached_skills>\nHow to\n</manually_attached_skills>\n"),
        agent({"type": "thinking", "thinking": "Where?"}, "I look.", use("Read", path="cart.py")),
        agent("Done."),
        ended(),
    )
    assert (session.native_id, session.agent, session.title) == (SESSION, "Cursor", "Fix the cart")
    assert kinds(session) == [
        "message",
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "message",
        "turn_end",
    ]
    assert session.events[0].injected
    assert (session.events[1].text, session.events[1].line) == ("Fix the cart", 1)
    assert (session.end_state, session.fault_count, session.opaque_count) == ("finished", 0, 0)


def test_no_tokens_and_no_times_are_unknown_and_not_zero() -> None:
    session = parse(asked("go"), agent("Done."))
    tokens, qualities = total_tokens(session)
    assert (tokens, set(qualities.values())) == (Tokens(), {"missing"})
    assert (session.started_us, session.last_event_us, session.model_calls) == (None, None, ())


def test_the_one_time_there_is_stands_in_a_persons_message() -> None:
    stamp = "<timestamp>Saturday, Aug 29, 2026, 5:06 AM (UTC+2)</timestamp>\n"
    session = parse(asked("go", stamp), agent("Done."))
    assert (session.started_us, session.events[0].ts_us) == (timestamp_us("2026-08-29T03:06:00Z"),) * 2
    assert (kinds(session), session.events[0].text) == (["prompt", "message"], "go")
    at_night = parse(asked("go", "<timestamp>Sunday, Aug 30, 2026, 12:30 AM (UTC)</timestamp>"))
    assert at_night.started_us == timestamp_us("2026-08-30T00:30:00Z")
    for unclear in ("Sunday, Aug 30, 2026, 12:30 AM", "Sunday, Foo 99, 2026, 12:30 AM (UTC)", "soon"):
        assert parse(asked("go", f"<timestamp>{unclear}</timestamp>")).started_us is None


@pytest.mark.parametrize(
    ("words", "typed", "injected"),
    [
        ("<user_query>\na\n</user_query>", "a", ""),
        ("<user_query>a", "a", ""),
        ("plain", "plain", ""),
        ("<user_info>\nOS\n</user_info>", "", "<user_info>\nOS\n</user_info>"),
        ("<rules>r</rules>\nplain", "plain", "<rules>r</rules>"),
        ("<b>bold</b> is wrong", "<b>bold</b> is wrong", ""),
        ("<user_query>The beginning of the above subagent result is cut</user_query>", "", None),
        ("<user_query>a</user_query>\n<system_reminder>x</system_reminder>", "a", None),
    ],
)
def test_what_a_person_typed_and_what_was_put_around_it(words: str, typed: str, injected: str | None) -> None:
    session = parse(user(words), agent("ok"))
    prompts = [e.text for e in session.events if e.kind == "prompt"]
    around = [e.text for e in session.events if e.injected]
    assert prompts == ([typed] if typed else [])
    assert injected is None or around == ([injected] if injected else [])


def test_the_folder_stands_in_what_is_said_of_the_user() -> None:
    info = "<user_info>\nOS Version: linux\nWorkspace Path: /srv/shop\n</user_info>\n"
    assert parse(asked("go", info)).cwd == "/srv/shop"
    assert parse(asked("Workspace Path: /srv/shop")).cwd is None


def call(name: str, **arguments: Any) -> Any:
    return next(e for e in parse(asked("go"), agent(use(name, **arguments))).events if e.kind == "tool_call")


def test_tools_are_what_they_do() -> None:
    tools: list[tuple[str, dict[str, Any], str, str | None]] = [
        ("Shell", {"command": "ls"}, "shell", None),
        ("run_terminal_cmd", {"command": "ls"}, "shell", None),
        ("Read", {"path": "a.py"}, "read", "a.py"),
        ("read_file", {"target_file": "a.py"}, "read", "a.py"),
        ("Grep", {"pattern": "x", "path": "src"}, "search", "src"),
        ("SemanticSearch", {"query": "x"}, "search", None),
        ("WebSearch", {"search_term": "x"}, "fetch", None),
        ("TodoWrite", {"todos": []}, "plan", None),
        ("Task", {"prompt": "x"}, "agent", None),
        ("AskQuestion", {"title": "x"}, "ask", None),
        ("mcp_github_list_issues", {}, "mcp", None),
        ("UpdateCurrentStep", {"current_step": "x"}, "other", None),
    ]
    for name, arguments, kind, path in tools:
        found = call(name, **arguments)
        assert (found.tool, found.tool_kind, found.path) == (name, kind, path), name
    assert call("Shell", command="ls").command == "ls"
    server = call("CallMcpTool", server="github", toolName="create_pull_request", arguments={})
    assert (server.tool, server.tool_kind) == ("mcp__github__create_pull_request", "mcp")
    wrapped = call(
        "CallDynamicTool", toolName="WebSearch", namespace="cursor", arguments={"search_term": "x"}
    )
    assert (wrapped.tool, wrapped.tool_kind) == ("WebSearch", "fetch")


def test_edits_of_every_spelling() -> None:
    def edits(name: str, **arguments: Any) -> list[tuple[str, str, str]]:
        return [(e.path, e.old, e.new) for e in call(name, **arguments).edits]

    assert edits("StrReplace", path="a", old_string="1", new_string="2") == [("a", "1", "2")]
    assert edits("search_replace", file_path="a", old_string="1", new_string="2") == [("a", "1", "2")]
    assert edits("Write", path="a", contents="x") == [("a", "", "x")]
    assert edits("Delete", path="a") == [("a", "", "")]
    several = [{"old_string": "1", "new_string": "2"}, {"old_string": "3", "new_string": "4"}]
    assert edits("MultiEdit", file_path="a", edits=several) == [("a", "1", "2"), ("a", "3", "4")]
    patch = "*** Begin Patch\n*** Add File: b\n+x\n*** End Patch"
    assert edits("ApplyPatch", patch=patch) == [("b", "", "x\n")]


def test_a_result_belongs_to_the_message_before_it() -> None:
    def given(*results: dict[str, Any]) -> Session:
        return parse(
            asked("go"),
            agent(use("Shell", command="make")),
            agent(use("Read", path="a"), use("Shell", command="ls")),
            {"role": "user", "message": {"content": list(results)}},
        )

    first = {"type": "tool_result", "tool_use_id": "t1", "content": [text("one")]}
    second = {
        "type": "tool_result",
        "tool_use_id": "t2",
        "content": [text("Exit code: 2\n\nCommand output:\n\n```\nx\n```")],
    }
    session = given(first, second)
    found = [(e.tool, e.text, e.outcome, e.exit_code) for e in session.events if e.kind == "tool_result"]
    assert found == [("Read", "one", "unknown", None), ("Shell", "x", "error", 2)]
    by_name = given({"type": "tool-result", "name": "Shell", "content": [text("two")]})
    assert [e.command for e in by_name.events if e.kind == "tool_result"] == ["ls"]
    third = given(first, second, first)
    assert [e.tool for e in third.events if e.kind == "tool_result"] == ["Read", "Shell", None]
    failed = given({"type": "tool_result", "is_error": True, "content": "no such file"})
    assert [e.outcome for e in failed.events if e.kind == "tool_result"] == ["error"]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([], "running"),
        ([agent("Done.")], "finished"),
        ([agent("I look.", use("Read", path="a"))], "running"),
        ([agent("Done."), ended()], "finished"),
        ([agent(use("Read", path="a")), ended("error", error="usage limit")], "error"),
        ([agent("I"), ended("aborted")], "interrupted"),
        ([agent("Done."), ended(), asked("More")], "running"),
        ([agent("Done."), '{"role":"assistant","mess'], "truncated"),
    ],
)
def test_how_it_ended(last: list[Any], state: str) -> None:
    session = parse(asked("go"), *last)
    assert session.end_state == state
    assert session.end_reason.endswith(".")


def test_what_an_ended_turn_says_is_kept() -> None:
    session = parse(asked("go"), ended("error", error="usage limit"), ended("aborted"))
    assert [(e.kind, e.text) for e in session.events[1:]] == [
        ("api_error", "usage limit"),
        ("interrupt", "aborted"),
    ]


def test_reasoning_that_is_withheld_is_no_answer() -> None:
    assert kinds(parse(asked("go"), agent("[REDACTED]", use("Shell", command="ls")))) == [
        "prompt",
        "tool_call",
    ]


def test_sub_agents_come_from_their_own_files() -> None:
    child = document(
        f"subagents/{CHILD}.jsonl", asked("Look  around"), agent("Found.", use("Read", path="a")), "nonsense"
    )
    session = parse(asked("go"), agent(use("Task", prompt="Look around")), agent("Done."), beside=(child,))
    found = [(e.kind, e.agent, e.injected) for e in session.events]
    assert found == [
        ("prompt", None, False),
        ("tool_call", None, False),
        ("message", None, False),
        ("subagent", CHILD, False),
        ("message", CHILD, True),
        ("message", CHILD, False),
        ("tool_call", CHILD, False),
        ("opaque", CHILD, False),
    ]
    assert session.events[3].call_id == session.events[1].call_id
    assert (session.initial_user_message, session.end_state) == ("go", "finished")
    assert session.faults == (f"subagents/{CHILD}.jsonl, line 3: not JSON",)


def test_calls_of_two_agents_are_not_taken_for_one() -> None:
    child = document(f"subagents/{CHILD}.jsonl", asked("x"), agent(use("Read", path="a")))
    session = parse(asked("go"), agent(use("Read", path="b")), beside=(child,))
    assert len({e.call_id for e in session.events if e.kind == "tool_call"}) == 2


def test_the_chats_own_file_beside_it_tells_its_title_and_times() -> None:
    meta = {"title": "Mend", "createdAtMs": 1787430000000, "updatedAtMs": 1787430060000, "cwd": "/srv/shop"}
    session = parse(asked("go"), beside=(document("../../../../chats/x/y/meta.json", meta),))
    assert (session.title, session.title_source, session.cwd) == ("Mend", "agent", "/srv/shop")
    assert (session.started_us, session.last_event_us) == (1787430000000000, 1787430060000000)
    assert parse(asked("go"), beside=(document("meta.json", "[broken"),)).title == "go"


def test_only_a_name_with_an_id_names_the_session() -> None:
    assert parse(asked("go"), name=f"copy-of-{SESSION}.jsonl").native_id == SESSION
    assert parse(asked("go"), name="transcript.jsonl").native_id == ""


def test_a_model_that_is_named_is_known_without_its_tokens() -> None:
    session = parse(asked("go"), agent("Done.", model="composer-2.5"))
    assert [(c.model, c.tokens, c.event) for c in session.model_calls] == [("composer-2.5", Tokens(), 1)]
    assert session.usage.rows == 0


TEXT = """user:
<user_query>
Fix the cart
</user_query>

assistant:
[Thinking] Where
  to look?
I look.
[Tool call] Shell
  command: make
    test
  description: run
[Tool result] Shell
  Exit code: 0

Done.

user:
<user_query>Thanks</user_query>
"""


def test_an_older_transcript_is_plain_text() -> None:
    session = parse(TEXT, name=f"{SESSION}.txt")
    assert kinds(session) == [
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
        "prompt",
    ]
    found = session.events
    assert (found[0].text, found[0].line, found[1].text) == ("Fix the cart", 1, "Where\nto look?")
    assert (found[3].tool_kind, found[3].command, found[4].outcome) == ("shell", "make\n  test", "ok")
    assert (found[4].call_id, found[6].line) == (found[3].call_id, 19)
    crlf = parse(TEXT.replace("\n", "\r\n"), name="x.txt")
    assert [e.text for e in crlf.events] == [e.text for e in found]
