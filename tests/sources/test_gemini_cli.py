"""Gemini CLI: the log is replayed, so that nothing counts twice and nothing is lost."""

import hashlib

import pytest
from gemini_building import answer, at, call, counts, header, lines, read, results, told, user, whole

from debrief.errors import NotATranscript
from debrief.model import Tokens, total_tokens
from debrief.sources.formats.gemini_cli import GEMINI_CLI
from debrief.sources.registry import sniff


def test_both_generations_tell_the_same_session() -> None:
    messages = (user("u1", "Fix it"), answer("g1", "Done.", tokens=counts(100, 40, 7, 3, 0, 110)))
    old, new = read(GEMINI_CLI, whole(*messages)), read(GEMINI_CLI, lines(header(), *messages))

    assert sniff(whole(*messages)) is sniff(lines(header(), *messages)) is GEMINI_CLI
    assert told(old) == told(new) == [("prompt", "Fix it"), ("message", "Done.")]
    assert old.native_id == new.native_id == "7c1f0a3e-0000-4000-8000-000000000001"
    assert [c.key for c in old.model_calls] == [c.key for c in new.model_calls] == ["g1"]
    assert (new.end_state, new.title, new.title_source) == ("finished", "Fix it", "prompt")
    assert new.cwd is None
    assert new.fault_count == 0


def test_input_includes_cached_and_thoughts_stand_beside_output() -> None:
    session = read(GEMINI_CLI, lines(header(), answer("g", "ok", tokens=counts(1000, 600, 50, 30, 20, 1100))))

    assert session.model_calls[0].tokens == Tokens(input=420, cache_read=600, output=50, reasoning=30)
    assert session.model_calls[0].tokens.cache_write is None


def test_a_total_without_the_thoughts_says_that_output_holds_them() -> None:
    session = read(GEMINI_CLI, lines(header(), answer("g", "ok", tokens=counts(1000, 0, 50, 30, 0, 1050))))

    assert session.model_calls[0].tokens == Tokens(input=1000, cache_read=0, output=20, reasoning=30)


def test_a_message_written_again_counts_once_in_its_first_place_with_its_last_content() -> None:
    shell = ("c1", "run_shell_command", {"command": "make"})
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            user("u1", [{"text": "build"}]),
            answer("g1", "", toolCalls=[call(*shell, "executing")]),
            answer("g1", "", toolCalls=[call(*shell, "executing")], tokens=counts(10, 0, 2, 0, 0, 12)),
            answer(
                "g1",
                "",
                toolCalls=[call(*shell, "success", {"output": "built"})],
                tokens=counts(10, 0, 2, 0, 0, 12),
            ),
            answer("g2", "It builds.", tokens=counts(20, 10, 4, 0, 0, 24)),
        ),
    )

    assert [e.kind for e in session.events] == ["prompt", "tool_call", "tool_result", "message"]
    assert results(session)[0].text == "built"
    totals, quality = total_tokens(session)
    assert (totals.input, totals.cache_read, totals.output) == (20, 10, 6)
    assert quality["input"] == "exact"
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.output) == (3, 1, 8)


def test_what_was_rewound_stays_is_marked_and_its_tokens_count() -> None:
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            user("u1", "keep"),
            answer("g1", "kept", tokens=counts(1, 0, 1, 0, 0, 2)),
            user("u2", "wrong"),
            answer("g2", "wrong answer", tokens=counts(2, 0, 2, 0, 0, 4)),
            {"$rewindTo": "u2"},
            user("u3", "right"),
            answer("g3", "right answer", tokens=counts(3, 0, 3, 0, 0, 6)),
        ),
    )

    assert [text for _, text in told(session)] == ["keep", "kept", "right", "right answer"]
    assert [e.text for e in session.events if e.replayed] == ["wrong", "wrong answer"]
    assert total_tokens(session)[0].output == 6


def test_a_session_rewound_to_its_beginning_is_named_by_the_new_prompt() -> None:
    session = read(GEMINI_CLI, lines(header(), user("u1", "typo"), {"$rewindTo": "u1"}, user("u2", "right")))

    assert session.title == "right"
    assert session.end_state == "running"


def test_a_rewind_to_nothing_known_is_a_fault_and_takes_nothing_back() -> None:
    session = read(GEMINI_CLI, lines(header(), user("u1", "hello"), {"$rewindTo": "nowhere"}))

    assert session.faults == ("line 3: rewinds to a message that is not there",)
    assert told(session) == [("prompt", "hello")]


def test_a_patched_context_adds_only_what_was_not_said() -> None:
    context = user("s0", [{"text": "<session_context>\nThis is the Gemini CLI."}])
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            {"$set": {"messages": [context], "lastUpdated": at(1)}},
            user("u1", [{"text": "first"}]),
            answer("g1", "answer one", tokens=counts(5, 0, 5, 0, 0, 10)),
            {
                "type": "info",
                "id": "i1",
                "timestamp": at(3),
                "content": "Chat history compressed from 9 to 2 tokens.",
            },
            {
                "$set": {
                    "messages": [
                        user("x1", [{"text": "<state_snapshot>we did this</state_snapshot>"}]),
                        {"id": "x2", "timestamp": at(4), "type": "gemini", "content": [{"text": "Got it."}]},
                        user("x3", [{"text": "first"}]),
                        answer("g1", [{"text": "answer one"}], tokens=counts(5, 0, 5, 0, 0, 10)),
                    ]
                }
            },
            {"$rewindTo": "x3"},
            user("u2", "second"),
        ),
    )

    assert [e.kind for e in session.events if not e.injected] == [
        "prompt",
        "message",
        "compaction",
        "compaction",
        "message",
        "prompt",
    ]
    assert [e.text for e in session.events if e.replayed] == ["first", "answer one", "Got it."]
    assert len(session.model_calls) == 1
    assert next(e.text for e in session.events if e.injected and e.actor == "system").startswith(
        "<session_context>"
    )


def test_a_history_that_came_with_the_context_was_said_elsewhere() -> None:
    context = [user("s", "<session_context>\nx"), user("a", "before"), answer("b", "said before")]
    session = read(
        GEMINI_CLI,
        lines(header(), {"$set": {"messages": context}}, user("u", "now"), answer("g", "said now")),
    )

    assert [e.text for e in session.events if e.replayed] == ["before", "said before"]
    assert [text for _, text in told(session)][1:] == ["now", "said now"]
    assert (session.title, [c.key for c in session.model_calls]) == ("now", ["g"])


def test_a_masked_result_does_not_replace_the_real_one() -> None:
    read_file = ("c1", "read_file", {"file_path": "a.py"})
    masked = call(*read_file, "success", {"output": "<tool_output_masked>see file</tool_output_masked>"})
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            answer("g1", "", toolCalls=[call(*read_file, "success", {"output": "print(1)"})]),
            {"$set": {"messages": [answer("g1", "", toolCalls=[masked])]}},
        ),
    )

    assert [e.text for e in results(session)] == ["print(1)"]


def test_only_the_opening_context_is_no_session() -> None:
    stub = lines(header(), {"$set": {"messages": [user("s0", [{"text": "<session_context>\nThis is"}])]}})

    assert sniff(stub) is GEMINI_CLI
    with pytest.raises(NotATranscript, match="opening context"):
        read(GEMINI_CLI, stub)
    with pytest.raises(NotATranscript):
        read(GEMINI_CLI, lines(header()))


def test_a_session_that_came_only_as_a_patch_is_read() -> None:
    session = read(
        GEMINI_CLI, lines(header(), {"$set": {"messages": [user("a", "hi"), answer("b", "hello")]}})
    )

    assert told(session) == [("prompt", "hi"), ("message", "hello")]


@pytest.mark.parametrize(
    "text",
    [
        "System: Please continue.",
        "Please continue.",
        "System: Potential loop detected. Details: x",
        "<hook_context>from a hook</hook_context>",
        "<session_context>\nThis is the Gemini CLI. We are setting up the context for our chat.",
        "This is the Gemini CLI. We are setting up the context for our chat.",
    ],
)
def test_what_the_tool_wrote_is_no_prompt(text: str) -> None:
    session = read(
        GEMINI_CLI, lines(header(), user("u1", "go"), answer("g", "going"), user("u2", [{"text": text}]))
    )

    assert [e.text for e in session.events if e.kind == "prompt"] == ["go"]
    assert [(e.kind, e.actor, e.injected) for e in session.events][-1] == ("message", "system", True)
    assert session.end_state == "finished"


def test_a_prompt_that_speaks_of_continuing_stays_a_prompt() -> None:
    session = read(GEMINI_CLI, lines(header(), user("u1", "Please continue. But add tests.")))

    assert [e.kind for e in session.events] == ["prompt"]


def test_contents_of_named_files_are_set_apart_from_what_was_typed() -> None:
    content = [
        {"text": "explain @a.ts"},
        {"text": "\n--- Content from referenced files ---"},
        {"text": "\nContent from @a.ts:\n"},
        {"text": "let x"},
        {"text": "\n--- End of content ---"},
    ]
    expanded = [{"text": "what is @b.ts"}, {"text": "the body of b"}]
    session = read(
        GEMINI_CLI,
        lines(
            header(), user("u1", content), user("u2", expanded, displayContent=[{"text": "what is @b.ts"}])
        ),
    )

    assert [e.text for e in session.events if e.kind == "prompt"] == ["explain @a.ts", "what is @b.ts"]
    assert [e.text for e in session.events if e.injected][-1] == "the body of b"


def test_a_folder_is_known_only_where_a_path_has_the_projects_hash() -> None:
    hashed = hashlib.sha256(b"/home/someone/project").hexdigest()
    touched = answer(
        "g",
        "",
        toolCalls=[call("1", "read_file", {"file_path": "/home/someone/project/src/a.py"}, "success")],
    )

    assert read(GEMINI_CLI, lines(header(projectHash=hashed), touched)).cwd == "/home/someone/project"
    assert read(GEMINI_CLI, lines(header(), touched)).cwd is None
    windows = hashlib.sha256(rb"C:\Work\app").hexdigest()
    context = user("s", "<session_context>\n- **Workspace Directories:**\n  - C:\\Work\\app\n")
    assert (
        read(GEMINI_CLI, lines(header(projectHash=windows), context, user("u", "hi"))).cwd == r"C:\Work\app"
    )


def test_a_sub_agents_file_says_that_it_is_one() -> None:
    session = read(GEMINI_CLI, lines(header(kind="subagent", sessionId="helper-1"), user("u", "find x")))

    assert (session.native_id, session.relation, session.parent_id) == ("helper-1", "subagent", None)


def test_a_summary_is_the_title_and_a_turn_without_tokens_makes_a_lower_bound() -> None:
    session = read(
        GEMINI_CLI,
        lines(
            header(),
            user("u", "hi"),
            answer("g1", "a", tokens=counts(1, 0, 1, 0, 0, 2)),
            answer("g2", "b", tokens=None),
            {"$set": {"summary": "Greeting", "lastUpdated": at(8)}},
        ),
    )

    assert (session.title, session.title_source) == ("Greeting", "summary")
    assert total_tokens(session)[1]["output"] == "lower_bound"


def test_another_model_is_noted() -> None:
    session = read(GEMINI_CLI, lines(header(), answer("a", "x"), answer("b", "y", model="gemini-3-flash")))

    assert [e.text for e in session.events if e.kind == "model_change"] == ["gemini-3-pro -> gemini-3-flash"]


def test_a_pull_request_that_a_command_created_is_told() -> None:
    url = "https://github.com/o/r/pull/7"
    made = call(
        "1", "run_shell_command", {"command": "gh pr create --fill"}, "success", {"output": f"{url}\n"}
    )
    session = read(GEMINI_CLI, lines(header(), answer("g", "", toolCalls=[made])))

    assert [(p.url, p.created) for p in session.pull_requests] == [(url, True)]
