"""Re-imports told apart, and what is told twice counted once: forks, retellings, copies."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from desk import NATIVE, SESSION, Desk, branch, conversation, read_by_other_versions, record, write

from debrief.model import total_tokens
from debrief.store import Store, sessions

OTHER = "99999999-2222-4333-8444-555555555555"
FORK = f"claude-code-{OTHER}"


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def said_more() -> list[dict[str, Any]]:
    return [
        record(2, "user", "Also update the README"),
        record(3, "assistant", [{"type": "text", "text": "Done."}]),
    ]


def as_other(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"sessionId": OTHER} for row in rows]


def test_a_grown_and_a_rewritten_file_are_told_apart(desk: Desk) -> None:
    name = f"{NATIVE}.jsonl"
    write(desk.folder / name, conversation())
    assert desk.told() == {name: "new"}
    write(desk.folder / name, conversation() + said_more())
    assert desk.told() == {name: "updated grown"}
    rewritten = [record(0, "user", "Something else"), *conversation()[1:], *said_more()]
    write(desk.folder / name, rewritten)
    assert desk.told() == {name: "updated rewritten"}


def test_a_truncated_file_loses_nothing_and_is_not_taken_for_a_copy(desk: Desk) -> None:
    name = f"{NATIVE}.jsonl"
    write(desk.folder / name, conversation() + said_more())
    desk.run()
    before = desk.items()
    write(desk.folder / name, conversation())
    assert desk.told() == {name: "older truncated"}
    write(desk.folder / "copy" / "other.jsonl", conversation())
    assert desk.told() == {name: "unchanged", "other.jsonl": "older"}
    assert desk.items() == before


def test_another_file_of_the_same_moment_that_tells_less_is_left(desk: Desk) -> None:
    twice = [conversation()[0], record(0, "user", "And the docs") | {"uuid": "of-its-own"}, conversation()[1]]
    write(desk.folder / "fuller.jsonl", twice)
    desk.run()
    before = desk.items()
    poorer = write(desk.folder / "poorer.jsonl", conversation())
    assert desk.told(poorer) == {"poorer.jsonl": "older"}
    assert desk.items() == before


def test_a_renamed_file_and_a_copy_are_told_apart(desk: Desk) -> None:
    path = write(desk.folder / "a" / f"{NATIVE}.jsonl", conversation())
    desk.run()
    copy = write(desk.folder / "b" / "copy.jsonl", conversation())
    assert desk.told(copy) == {"copy.jsonl": "unchanged copied"}
    path.unlink()
    copy.rename(desk.folder / "renamed.jsonl")
    assert desk.told() == {"renamed.jsonl": "unchanged renamed"}
    assert desk.told() == {"renamed.jsonl": "unchanged"}
    assert len(desk.items()) == 1


@pytest.mark.parametrize("fork_first", [True, False])
def test_a_fork_counts_only_what_it_did_itself_in_either_order(desk: Desk, *, fork_first: bool) -> None:
    original = write(desk.folder / f"{NATIVE}.jsonl", conversation() + said_more())
    own = [
        record(4, "user", "Try it another way"),
        record(5, "assistant", [{"type": "text", "text": "Tried."}]),
    ]
    fork = write(desk.folder / f"{OTHER}.jsonl", as_other([*conversation(), *said_more(), *own]))
    order = [fork, original] if fork_first else [original, fork]
    for path in order:
        desk.run(path)
    whole, branch = desk.stored(SESSION), desk.stored(FORK)
    assert total_tokens(whole.session)[0].output == 40
    assert total_tokens(branch.session)[0].output == 20
    assert (branch.session.relation, branch.session.parent_id) == ("fork", NATIVE)
    assert branch.session.usage.replayed == 2
    assert branch.session.usage.naive.output == 60
    assert [
        event.text for event in branch.session.events if event.kind == "prompt" and not event.replayed
    ] == ["Try it another way"]
    assert whole.session.relation is None
    assert all(not event.replayed for event in whole.session.events)
    before = desk.items()
    assert set(desk.told(*order).values()) == {"unchanged"}
    for path in order:
        path.write_bytes(path.read_bytes() + b"\n")
    desk.run(*order)
    assert [item["acus_consumed"] for item in desk.items()] == [item["acus_consumed"] for item in before]
    assert total_tokens(desk.stored(FORK).session)[0].output == 20


def test_a_fork_in_one_batch_with_its_original_counts_once(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    write(desk.folder / f"{OTHER}.jsonl", as_other(conversation() + said_more()))
    assert "new forked" in desk.told().values()
    outputs = [total_tokens(desk.stored(name).session)[0].output for name in (SESSION, FORK)]
    assert outputs == [20, 20]


def test_sessions_that_only_begin_at_the_same_moment_are_no_forks(desk: Desk) -> None:
    other = as_other(conversation())
    other[1] |= {"message": other[1]["message"] | {"id": "msg_that_is_of_its_own"}}
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    write(desk.folder / f"{OTHER}.jsonl", other)
    assert set(desk.told().values()) == {"new"}


def headless() -> list[dict[str, Any]]:
    return [
        {
            "type": "system",
            "subtype": "init",
            "session_id": NATIVE,
            "cwd": "/src/app",
            "model": "claude-opus-4-6",
            "tools": [],
        },
        {
            "type": "assistant",
            "session_id": NATIVE,
            "message": conversation()[1]["message"],
            "parent_tool_use_id": None,
        },
    ]


@pytest.mark.parametrize("stream_first", [True, False])
def test_a_retelling_gives_way_to_the_own_transcript_in_either_order(
    desk: Desk, *, stream_first: bool
) -> None:
    own = write(desk.folder / f"{NATIVE}.jsonl", conversation())
    stream = write(desk.folder / "log.jsonl", headless())
    for path in [stream, own] if stream_first else [own, stream]:
        desk.run(path)
    assert [item["session_id"] for item in desk.items()] == [SESSION]
    (outcome,) = desk.run(stream).outcomes
    assert outcome.outcome in {"skipped", "unchanged"}
    assert len(desk.items()) == 1
    with desk.store.read() as connection:
        assert sessions.find(connection, "default", f"claude-code-stream-{NATIVE}") is None


def test_another_enterprise_is_no_relative(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    with desk.store.read() as connection:
        call = next(root for root in _roots(connection) if root.startswith("call:"))
        assert sessions.sharing(connection, "default", [call]) == {call: [SESSION]}
        assert sessions.sharing(connection, "stranger", [call]) == {}


def _roots(connection: Any) -> list[str]:
    rows = connection.exec_driver_sql("SELECT root FROM session_roots").fetchall()
    return [str(row[0]) for row in rows]


def test_the_rows_of_usage_are_told_beside_the_sum(desk: Desk) -> None:
    rows = conversation()
    again = json.loads(json.dumps(rows[1])) | {"uuid": "00000000-0000-4000-8000-000000000099"}
    again["message"]["content"] = [{"type": "text", "text": "And the docs."}]
    write(desk.folder / f"{NATIVE}.jsonl", [*rows, again])
    desk.run()
    usage = desk.stored(SESSION).session.usage
    assert (usage.rows, usage.repeated, usage.naive.input, usage.naive.output) == (2, 1, 20, 40)
    assert total_tokens(desk.stored(SESSION).session)[0].output == 20


def test_keys_that_only_count_make_no_fork(desk: Desk) -> None:
    rows = conversation()
    rows[1] |= {"message": rows[1]["message"] | {"id": "msg_1"}}
    write(desk.folder / f"{NATIVE}.jsonl", rows)
    write(desk.folder / f"{OTHER}.jsonl", as_other(rows))
    assert set(desk.told().values()) == {"new"}


def test_the_same_file_twice_in_one_import_is_one_session(desk: Desk) -> None:
    path = write(desk.folder / f"{NATIVE}.jsonl", conversation())
    assert [one.outcome for one in desk.run(path, desk.folder).outcomes] == ["new"]
    assert len(desk.items()) == 1


def test_two_names_that_are_shown_alike_are_both_imported(desk: Desk) -> None:
    write(desk.folder / os.fsdecode(b"a\xff.jsonl"), conversation())
    own = [row | {"message": row["message"] | {"id": "msg_own"}} for row in as_other(conversation())]
    write(desk.folder / os.fsdecode(b"a\xfe.jsonl"), own)
    assert [one.outcome for one in desk.run().outcomes] == ["new", "new"]
    assert len(desk.items()) == 2


@pytest.mark.parametrize("names", [("a.jsonl", "b.jsonl"), ("b.jsonl", "a.jsonl")])
@pytest.mark.parametrize("poorer_first", [True, False])
def test_of_two_files_of_a_session_the_fuller_one_stays_however_often_both_are_read(
    desk: Desk, names: tuple[str, str], *, poorer_first: bool
) -> None:
    fuller, poorer = (desk.folder / name for name in names)
    more = [conversation()[0], record(0, "user", "And the docs") | {"uuid": "of-its-own"}, conversation()[1]]
    several = [(fuller, more), (poorer, conversation())]
    for path, rows in reversed(several) if poorer_first else several:
        desk.run(write(path, rows))
    before = desk.stored(SESSION)
    assert len(before.session.events) == 3
    told = read_by_other_versions(desk)
    assert told[poorer.name] == "older"
    assert desk.stored(SESSION).session == before.session


def test_a_file_without_its_later_times_takes_nothing_away(desk: Desk) -> None:
    name = f"{NATIVE}.jsonl"
    write(desk.folder / name, conversation() + said_more())
    desk.run()
    before = desk.items()
    bare = [{key: value for key, value in conversation()[0].items() if key != "timestamp"}]
    write(desk.folder / name, bare)
    assert desk.told() == {name: "older truncated"}
    assert desk.items() == before


def test_without_raw_transcripts_a_grown_and_a_rewritten_file_are_told_apart(desk: Desk) -> None:
    name = f"{NATIVE}.jsonl"
    write(desk.folder / name, conversation())
    assert desk.told(keep_raw="no") == {name: "new"}
    write(desk.folder / name, conversation() + said_more())
    assert desk.told(keep_raw="no") == {name: "updated grown"}
    rows = conversation() + said_more()
    rows[3]["message"]["content"] = [{"type": "text", "text": "DONE."}]
    write(desk.folder / name, rows)
    assert desk.told(keep_raw="no") == {name: "updated rewritten"}
    assert desk.stored(SESSION).session.events[-1].text == "DONE."
    path = desk.folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    assert desk.told(keep_raw="no") == {name: "unchanged"}


def test_any_number_of_sessions_can_be_looked_up_at_once(desk: Desk) -> None:
    several = [f"call:{number}" for number in range(70_000)]
    with desk.store.write() as connection:
        assert sessions.sharing(connection, "default", several) == {}
        assert sessions.remove(connection, "default", several) == 0


def test_calls_of_a_sub_agent_read_by_itself_count_once(desk: Desk) -> None:
    agent = [row | {"isSidechain": True, "agentId": "a1"} for row in branch(NATIVE, 4, 5, family="agent")]
    main = write(desk.folder / f"{NATIVE}.jsonl", branch(NATIVE, 1, 2))
    file = write(desk.folder / NATIVE / "subagents" / "agent-a1.jsonl", agent)
    for paths in ((file,), (main,), (file,)):
        desk.run(*paths)
    outputs = [item["session_id"] for item in desk.items()]
    calls = [call.key for name in outputs for call in desk.stored(name).session.model_calls]
    assert len(calls) == len(set(calls)), outputs
