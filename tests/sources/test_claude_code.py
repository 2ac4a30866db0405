"""Claude Code transcripts through the public door: what they are, whose, and how they ended."""

import json

import pytest
from claude_building import OTHER, OWN, REFUSAL, Row, Rows, document, lines, of_kind, parse, prompts

from debrief.errors import NotATranscript
from debrief.sources import Transcript, sniff
from debrief.sources.formats.claude_code import CLAUDE_CODE

# What is recognised


@pytest.mark.parametrize(
    "first",
    [
        {"type": "file-history-snapshot", "messageId": "a", "snapshot": {}, "isSnapshotUpdate": False},
        {"type": "summary", "summary": "Fix the cart", "leafUuid": "x"},
        {"type": "queue-operation", "operation": "enqueue", "sessionId": OWN, "content": "go on"},
        {"type": "brand-new-kind", "sessionId": OWN},
        "a value that is no object",
    ],
)
def test_recognised_whatever_stands_first(first: object) -> None:
    assert sniff(lines([first, Rows().user("hello")])) is CLAUDE_CODE


def test_recognised_by_a_first_line_longer_than_the_head() -> None:
    row = {"parentUuid": None, "isSidechain": False, "sessionId": OWN, "type": "user"}
    head = lines([{**row, "message": {"role": "user", "content": "x" * 100_000}}])[: 64 * 1024]
    assert sniff(head) is CLAUDE_CODE


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_recognised_by_a_long_first_line_whose_message_comes_first(separators: tuple[str, str]) -> None:
    row = {
        "parentUuid": None,
        "isSidechain": False,
        "type": "user",
        "message": {"role": "user", "content": "x" * 100_000},
        "sessionId": OWN,
    }
    whole = json.dumps({**row, "uuid": "u", "timestamp": "2026-03-01T10:00:00Z"}, separators=separators)
    head = whole.encode()[: 64 * 1024]
    assert b"sessionId" not in head
    assert sniff(head) is CLAUDE_CODE


def test_recognised_in_an_export_that_is_one_value() -> None:
    rows = [Rows().user("hello"), Rows().says("Hello.")]
    for whole in (rows, {"loglines": rows}):
        data = json.dumps(whole, indent=2).encode()
        assert sniff(data) is CLAUDE_CODE
        assert prompts(parse(data, name="session.json")) == ["hello"]


@pytest.mark.parametrize(
    "row",
    [
        {
            "type": "user",
            "uuid": "a",
            "parentUuid": None,
            "sessionId": OWN,
            "message": {"role": "user", "parts": []},
        },
        {**Rows().user("hi"), "usageMetadata": {"promptTokenCount": 1}},
        {**Rows().user("hi"), "sessionId": "session-11111111-2222-3333-4444-555555555555"},
        {"type": "session.start", "data": {"sessionId": OWN}},
        {"role": "user", "message": {"content": [{"type": "text", "text": "hi"}]}},
        {
            "type": "message",
            "id": "a",
            "timestamp": "2026-03-01T10:00:00Z",
            "message": {"role": "user", "content": "hi"},
        },
        {"schema_version": "ATIF-v1.2", "steps": []},
    ],
)
def test_other_agents_are_refused(row: Row) -> None:
    assert not CLAUDE_CODE.recognises(lines([row]))


def test_a_file_without_messages_is_no_session() -> None:
    rows = [{"type": "summary", "summary": "Old", "leafUuid": "x"}]
    with pytest.raises(NotATranscript, match="without a single message"):
        parse(rows)


# Who, where, when


def test_who_where_and_when() -> None:
    rows = Rows()
    session = parse([rows.user("Fix it"), rows.says("Done.", gitBranch="fix/cart", cwd="/elsewhere")])
    assert (session.native_id, session.cwd, session.branch) == (OWN, "/home/ada/shop", "fix/cart")
    assert (session.agent, session.agent_version, session.surface) == ("Claude Code", "2.1.40", "cli")
    assert (session.title, session.title_source, session.initial_user_message) == (
        "Fix it",
        "prompt",
        "Fix it",
    )
    assert session.started_us is not None
    assert session.last_event_us is not None
    assert session.last_event_us - session.started_us == 1_000_000


def test_clocks_that_run_backwards_keep_file_order_and_stretch_the_span() -> None:
    rows = Rows()
    later, earlier = rows.user("first"), rows.says("second", timestamp="2026-03-01T09:00:00Z")
    session = parse([later, earlier])
    assert [event.text for event in session.events] == ["first", "second"]
    assert session.started_us == session.events[1].ts_us


@pytest.mark.parametrize(("name", "expected"), [(f"2026-03-01-{OTHER}.jsonl", OTHER), ("full.jsonl", OWN)])
def test_of_two_session_ids_the_name_chooses_among_those_in_the_content(name: str, expected: str) -> None:
    own, other = Rows(OWN), Rows(OTHER)
    session = parse([own.user("one"), own.says("two"), other.user("three")], name=name)
    assert session.native_id == expected


def test_a_name_that_the_content_does_not_hold_is_not_believed() -> None:
    assert parse([Rows().user("hi")], name=f"{OTHER}.jsonl").native_id == OWN


def test_rows_of_another_session_before_the_own_ones_are_replayed() -> None:
    old, own = Rows(OTHER), Rows(OWN)
    session = parse([old.user("old question"), old.says("old answer"), own.user("new question")])
    assert [event.replayed for event in session.events] == [True, True, False]
    assert (session.relation, session.parent_id) == ("resume", OTHER)
    assert session.initial_user_message == "new question"
    assert session.model_calls == (), "a replayed call is counted where it was made"


def test_a_row_that_comes_twice_counts_once() -> None:
    rows = Rows()
    prompt, answer = rows.user("hello"), rows.says("Hello.")
    assert len(parse([prompt, answer, prompt, answer]).events) == 2


def test_titles_in_order_of_trust() -> None:
    rows = Rows()
    prompt = rows.user("hello")
    own_summary = {"type": "summary", "summary": "By summary", "leafUuid": prompt["uuid"]}
    foreign = {"type": "summary", "summary": "Of another session", "leafUuid": "elsewhere"}
    by_model = {"type": "ai-title", "aiTitle": "By model", "sessionId": OWN}
    by_person = {"type": "custom-title", "customTitle": "By person", "sessionId": OWN}
    assert parse([foreign, prompt]).title == "hello"
    assert parse([own_summary, foreign, prompt]).title == "By summary"
    assert parse([own_summary, prompt, by_model]).title == "By model"
    assert parse([by_person, own_summary, prompt, by_model]).title == "By person"


# What else happens


def test_a_compaction_is_one_event() -> None:
    rows = Rows()
    boundary = rows.row(
        "system",
        subtype="compact_boundary",
        content="Conversation compacted",
        compactMetadata={"trigger": "auto"},
    )
    summary = rows.user(
        "This session is being continued from a previous conversation. Summary.",
        isCompactSummary=True,
        isVisibleInTranscriptOnly=True,
    )
    session = parse([rows.user("go"), boundary, summary, rows.says("On we go.")])
    (compaction,) = of_kind(session, "compaction")
    assert "Summary." in compaction.text
    assert (prompts(session), session.relation) == (["go"], None)


def test_a_file_that_begins_with_a_summary_continues_another() -> None:
    rows = Rows()
    summary = rows.user(
        "This session is being continued from a previous conversation.", isCompactSummary=True
    )
    session = parse([summary, rows.user("go on")])
    assert (session.relation, session.initial_user_message) == ("continuation", "go on")


def test_interrupts_model_changes_and_errors_of_the_service() -> None:
    rows = Rows()
    session = parse(
        [
            rows.user("go"),
            rows.says("One.", "m1"),
            rows.says("Two.", "m2", over={"model": "claude-sonnet-4-6"}),
            rows.user([{"type": "text", "text": "[Request interrupted by user]"}]),
            rows.row(
                "system",
                subtype="api_error",
                error={"status": 529, "message": "Overloaded"},
                retryAttempt=1,
                maxRetries=10,
            ),
            rows.says("API Error: 500", "m3", isApiErrorMessage=True, over={"model": "<synthetic>"}),
        ]
    )
    kinds = [event.kind for event in session.events]
    assert kinds == ["prompt", "message", "model_change", "message", "interrupt", "api_error", "api_error"]
    assert session.events[5].text == "HTTP 529: Overloaded (retry 1 of 10)"


def test_a_created_pull_request_by_the_agents_own_record() -> None:
    url = "https://github.com/ada/shop/pull/7"
    link = {"type": "pr-link", "prNumber": 7, "prUrl": url, "prRepository": "ada/shop", "sessionId": OWN}
    rows = Rows()
    session = parse([rows.user(f"see {url} and https://github.com/ada/shop/pull/5"), link])
    assert [(pull.number, pull.created, pull.evidence) for pull in session.pull_requests] == [
        (7, True, "native"),
        (5, False, "mention"),
    ]
    assert session.repository == "ada/shop"


def test_a_created_pull_request_by_the_output_of_the_command() -> None:
    rows = Rows()
    output = "Warning: see https://github.com/ada/shop/pull/1\nhttps://github.com/ada/shop/pull/8\n"
    session = parse([rows.calls("Bash", command="git push && gh pr create --fill"), rows.result(output)])
    assert [pull.number for pull in session.pull_requests if pull.created] == [8]
    failed = parse([rows.calls("Bash", command="gh pr create"), rows.result(output, error=True)])
    assert not any(pull.created for pull in failed.pull_requests)


def test_mentions_are_limited() -> None:
    text = " ".join(f"https://github.com/ada/shop/pull/{number}" for number in range(200))
    assert len(parse([Rows().user(text)]).pull_requests) == 50


# How it ended


def ending(*made: Row | bytes) -> tuple[str, str]:
    data = b"".join(row if isinstance(row, bytes) else lines([row]) for row in made)
    session = parse(data)
    assert session.end_reason.endswith((".", "…")) or session.end_state == "error"
    return session.end_state, session.end_reason


def test_the_reason_of_an_end_is_cleaned_like_every_text() -> None:
    failed = Rows().says("bad key sk-123", isApiErrorMessage=True)
    transcript = Transcript(document([failed]))
    (session,) = CLAUDE_CODE.parse(transcript, lambda text: text.replace("sk-123", "[secret]"))
    assert "sk-123" not in repr(session)
    assert "[secret]" in session.end_reason


def test_end_states() -> None:
    rows = Rows()
    go, call = rows.user("go"), rows.calls("Bash", command="x")
    text, ended = rows.says("Done.", "m8"), rows.says("Done.", "m9", stop="end_turn")
    stop = rows.user([{"type": "text", "text": "[Request interrupted by user for tool use]"}])
    failed = rows.says("API Error: 500", "m3", isApiErrorMessage=True, over={"model": "<synthetic>"})
    turn = rows.row("system", subtype="turn_duration", durationMs=1200)
    leave = rows.user("<command-name>/exit</command-name><command-args></command-args>")
    assert ending(go, ended)[0] == "finished"
    assert ending(go, text)[0] == "finished"
    assert ending(go, call)[0] == "running"
    assert "Bash" in ending(go, call)[1]
    assert ending(go)[0] == "running"
    assert ending(go, call, rows.result("ok"))[0] == "running"
    assert ending(go, call, rows.result(REFUSAL, error=True), stop)[0] == "interrupted"
    assert ending(go, failed)[0] == "error"
    assert ending(go, text, turn)[0] == "finished"
    assert ending(go, call, leave)[0] == "interrupted"
    assert ending(go, rows.says("Half", "m4", stop="max_tokens"))[0] == "error"
    assert ending(go, ended, b'{"type":"user","message":{"content":"mo')[0] == "truncated"
