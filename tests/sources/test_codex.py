"""The rollout format, trap by trap: who, what was asked and said, how it ended. All are made up."""

import io
import json
from typing import Any

import pytest
from rollouts import (
    CHILD,
    PARENT,
    assistant,
    at,
    command,
    event,
    item,
    kinds,
    meta,
    only,
    output,
    parse,
    parse_bytes,
    record,
    user,
)

from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.codex import CODEX


def test_session_meta_names_who_where_and_which_version() -> None:
    session = parse(
        meta(git={"commit_hash": "abc", "branch": "main", "repository_url": "git@github.com:acme/shop.git"})
    )
    assert (session.native_id, session.cwd, session.agent_version) == (CHILD, "/srv/shop", "0.140.0")
    assert (session.surface, session.branch, session.commit) == ("codex_cli_rs", "main", "abc")
    assert session.repository == "acme/shop"


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/acme/shop.git", "acme/shop"),
        ("https://bot:secret@gitlab.example/group/sub/shop", "group/sub/shop"),
        ("ssh://git@git.example:2222/acme/shop.git", "acme/shop"),
        ("https://bot:secret@host/repo.git", "https://host/repo.git"),
        ("/srv/git/shop.git", "/srv/git/shop.git"),
    ],
)
def test_repository_is_owner_and_name_and_never_holds_credentials(url: str, repository: str) -> None:
    assert parse(meta(git={"repository_url": url})).repository == repository


def test_a_first_line_longer_than_the_head_is_recognised() -> None:
    session = parse(meta(base_instructions={"text": "x" * 90_000}), user("hello"))
    assert session.initial_user_message == "hello"


def test_a_first_line_longer_than_the_head_is_recognised_with_the_payload_first() -> None:
    line = {
        "payload": {"cli_version": "0.1", "base_instructions": "x" * 90_000, "id": CHILD},
        "type": "session_meta",
    }
    assert parse(line).native_id == CHILD


def test_oldest_form_without_envelope() -> None:
    session = parse(
        {"id": CHILD, "timestamp": at(0), "instructions": None, "git": {"branch": "old"}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix the build"}]},
        {
            "type": "local_shell_call",
            "call_id": "c1",
            "action": {"type": "exec", "command": ["bash", "-lc", "make"]},
        },
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": '{"output":"no","metadata":{"exit_code":2}}',
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
    )
    assert kinds(session) == ["prompt", "tool_call", "tool_result", "message"]
    assert (session.branch, session.events[1].command, session.events[2].exit_code) == ("old", "make", 2)
    assert (session.end_state, session.opaque_count) == ("finished", 0)


@pytest.mark.parametrize(
    "content",
    [
        b'{"type":"user","message":{"role":"user"},"sessionId":"s","uuid":"u"}\n',
        b'{"timestamp":"2026-01-01T00:00:00Z","role":"user","content":"hi","model":"m"}\n',
        b'{"id":"' + CHILD.encode() + b'","timestamp":"2026-01-01T00:00:00Z"}\n{"role":"user"}\n',
        b'{"type":["session_meta"],"payload":{}}\n',
        b'{"type":"session_meta"}\n',
        b"[1,2]\n",
        b"session_meta payload\n",
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    assert not CODEX.recognises(content)


def test_typed_prompts_come_from_events_and_the_rest_is_injected() -> None:
    session = parse(
        meta(),
        user("# AGENTS.md instructions for /srv/shop\n\nBe brief."),
        user("<environment_context>\n  <cwd>/srv/shop</cwd>\n</environment_context>"),
        user("fix the build"),
        event("user_message", message="fix the build"),
        user("something that a hook put there"),
    )
    prompt = only(session, "prompt")
    assert (prompt.text, prompt.actor, session.title) == ("fix the build", "user", "fix the build")
    assert [e.injected for e in session.events] == [True, True, False, True]


def test_typed_prompts_come_from_items_where_there_are_no_events() -> None:
    session = parse(meta(), user("<user_instructions>be brief</user_instructions>"), user("fix the build"))
    assert only(session, "prompt").text == "fix the build"


def test_the_same_prompt_typed_twice_counts_twice() -> None:
    once = [user("continue"), event("user_message", message="continue"), event("task_complete", turn_id="t")]
    assert kinds(parse(meta(), *once, *once)).count("prompt") == 2


def test_a_person_may_paste_something_that_looks_like_a_wrapper() -> None:
    pasted = "<error_log>boom</error_log>"
    session = parse(meta(), user(pasted), event("user_message", message=pasted))
    assert only(session, "prompt").text == pasted


def test_the_event_may_come_before_its_item() -> None:
    session = parse(meta(), event("user_message", message="go"), user("go"))
    assert kinds(session) == ["prompt"]


def test_an_older_event_says_that_it_was_not_typed() -> None:
    session = parse(
        meta(), record("event_msg", {"type": "user_message", "message": "rules", "kind": "user_instructions"})
    )
    assert only(session, "message").injected


def test_the_editors_context_is_not_the_prompt() -> None:
    text = "# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nfix a.py\n"
    session = parse(meta(), user(text), event("user_message", message=text))
    assert only(session, "prompt").text == session.initial_user_message == "fix a.py"
    assert only(session, "message").text.startswith("# Context from my IDE setup:")


def test_a_sub_agents_task_is_not_typed() -> None:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}
    session = parse(meta(source=source), user("look at x"), event("user_message", message="look at x"))
    assert (session.relation, session.parent_id) == ("subagent", PARENT)
    assert "prompt" not in kinds(session)
    assert session.initial_user_message == "look at x"


def test_assistant_text_and_reasoning_count_once_in_either_order() -> None:
    session = parse(
        meta(),
        event("agent_reasoning", text="**Think**"),
        item("reasoning", summary=[{"type": "summary_text", "text": "**Think**"}], encrypted_content="xyz"),
        event("agent_message", message="I look."),
        assistant("I look."),
        assistant("Done."),
        event("agent_message", message="Done."),
        event(
            "item_completed", item={"type": "AgentMessage", "content": [{"type": "Text", "text": "Done."}]}
        ),
    )
    assert kinds(session) == ["reasoning", "message", "message"]


def test_a_later_session_record_changes_nothing() -> None:
    session = parse(meta(), user("go"), meta(id=PARENT, cwd="/elsewhere"), assistant("done"))
    assert (session.native_id, session.cwd, session.relation) == (CHILD, "/srv/shop", None)
    assert not any(e.replayed for e in session.events)


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([], "unknown"),
        ([event("task_started", turn_id="t")], "running"),
        ([event("task_started", turn_id="t"), event("task_complete", last_agent_message="ok")], "finished"),
        ([event("turn_started", turn_id="t"), event("turn_complete", last_agent_message="ok")], "finished"),
        ([event("task_started", turn_id="t"), event("turn_aborted", reason="interrupted")], "interrupted"),
        ([event("task_started", turn_id="t"), event("turn_aborted", reason="review_ended")], "finished"),
        ([event("error", message="usage limit", codex_error_info="usage_limit_exceeded")], "error"),
        ([event("task_started", turn_id="t"), event("error", message="x"), event("task_complete")], "error"),
        (
            [event("error", message="x"), event("task_started", turn_id="t"), event("task_complete")],
            "finished",
        ),
        ([user("go")], "running"),
        ([user("go"), assistant("done")], "finished"),
        ([user("go"), command("c1", "make")], "running"),
        (
            [event("task_started", turn_id="t"), event("agent_message", message="ok", phase="final_answer")],
            "finished",
        ),
        (
            [event("task_started", turn_id="t"), event("agent_message", message="hm", phase="commentary")],
            "running",
        ),
        (
            [
                event("task_started", turn_id="t"),
                event("agent_message", message="ok", phase="final_answer"),
                user("more"),
            ],
            "running",
        ),
    ],
)
def test_the_end_is_judged_by_the_last_turn(lines: list[dict[str, Any]], state: str) -> None:
    session = parse(meta(), *lines)
    assert session.end_state == state
    assert session.end_reason.endswith(".")


def test_a_transcript_that_breaks_off_is_truncated_and_keeps_what_it_has() -> None:
    content = (
        json.dumps(meta()) + "\n" + json.dumps(user("go")) + "\n" + json.dumps(assistant("done"))[:80]
    ).encode()
    session = parse_bytes(content)
    assert session.end_state == "truncated"
    assert session.initial_user_message == "go"
    assert (session.fault_count, session.opaque_count) == (1, 1)


def test_interrupts_errors_and_returns_are_events() -> None:
    session = parse(
        meta(),
        event("turn_aborted", reason="interrupted"),
        user("<turn_aborted>\nThe user interrupted the previous turn.\n</turn_aborted>"),
        event("stream_error", message="reconnecting"),
        event("thread_rolled_back", num_turns=2),
        event("task_complete", duration_ms=12),
    )
    assert [k for k in kinds(session) if k != "message"] == ["interrupt", "api_error", "turn_end"]
    assert session.events[-1].duration_ms == 12


def test_a_compaction_counts_once_and_its_history_is_not_read_again() -> None:
    old = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "old request"}]}
    session = parse(
        meta(),
        record("compacted", {"message": "summary", "replacement_history": [old]}),
        record("turn_context", {"model": "gpt-5"}),
        event("context_compacted"),
        item("compaction", encrypted_content="x"),
    )
    assert kinds(session) == ["compaction"]
    assert session.events[0].text == "summary"


def test_sub_agents_are_events_once() -> None:
    spawn = item("function_call", name="spawn_agent", call_id="c1", arguments='{"message":"look"}')
    session = parse(
        meta(),
        spawn,
        output("c1", '{"agent_id":"child-1","nickname":"Ada"}'),
        event("collab_agent_spawn_end", call_id="c1", new_thread_id="child-1", prompt="look"),
        event("collab_agent_spawn_end", call_id="c2", new_thread_id="child-2", prompt="look there"),
        event("collab_tool_call", call_id="c3", new_thread_id="child-3", tool="spawn_agent"),
    )
    found = [e for e in session.events if e.kind == "subagent"]
    assert [e.agent for e in found] == ["child-1", "child-2", "child-3"]


def test_a_thread_that_was_named_has_its_name_as_title() -> None:
    session = parse(meta(), user("go"), event("thread_name_updated", thread_name="Repair the shop"))
    assert (session.title, session.title_source) == ("Repair the shop", "agent")


def test_a_review_says_what_it_found() -> None:
    review = {"overall_explanation": "One bug.", "findings": [{"title": "Off by one", "body": "in f"}]}
    session = parse(
        meta(),
        event("entered_review_mode", user_facing_hint="changes"),
        event("exited_review_mode", review_output=review),
    )
    assert [e.injected for e in session.events] == [True, False]
    assert "Off by one" in session.events[1].text


def test_unknown_records_are_kept_and_known_ones_without_news_are_passed_over() -> None:
    session = parse(
        meta(),
        record("world_state", {"full": True}),
        record("inter_agent_communication_metadata", {}),
        event("thread_goal_updated", goal={}),
        item("ghost_snapshot", ghost_commit={}),
        record("hologram", {"type": "x"}),
        event("hologram"),
        item("hologram"),
        {"no": "type"},
        "{not json",
    )
    assert [e.text.split("\n")[0] for e in session.events] == [
        "record of type 'hologram/x'",
        "record of type 'event_msg/hologram'",
        "record of type 'response_item/hologram'",
        "record of type 'None'",
        "not JSON",
    ]
    assert (session.opaque_count, session.faults) == (5, ("line 10: not JSON",))


def test_a_session_without_an_id_gets_a_stable_one() -> None:
    lines = [user("go"), assistant("done")]
    assert parse(*lines).native_id == parse(*lines).native_id != ""
    assert parse(*lines).fault_count == 1


def test_the_span_is_that_of_the_records() -> None:
    session = parse(meta(second=5), event("token_count", 90, info=None))
    assert session.started_us is not None
    assert session.last_event_us is not None
    assert session.last_event_us - session.started_us == 85_000_000


def test_secrets_are_cleaned_in_every_text() -> None:
    content = (json.dumps(meta()) + "\n" + json.dumps(user("my hunter2")) + "\n").encode()
    transcript = Transcript(Document("x", lambda: io.BytesIO(content)))
    session = next(sniff(content).parse(transcript, lambda text: text.replace("hunter2", "***")))
    assert (session.initial_user_message, session.title) == ("my ***", "my ***")
