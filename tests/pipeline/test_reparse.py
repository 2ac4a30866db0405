"""Stored sessions read again from what was kept: what a better parser tells, and what stays."""

from pathlib import Path

import msgspec
import pytest
from desk import NATIVE, SESSION, URL, Desk, conversation, record, write

from debrief.model import Session, StoredSession
from debrief.pipeline.change import Wanted, change
from debrief.pipeline.prepare import Workbench
from debrief.pipeline.reparse import Reparsed, reparse
from debrief.store import BlobFolder, Packed, Store


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def again(desk: Desk, *, every: bool = False) -> Reparsed:
    bench = Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=str(desk.blobs))
    blobs = BlobFolder(desk.blobs, b"k" * 32)
    return reparse(desk.store, "default", URL, bench, blobs, every=every)


def as_an_older_parser_read_it(desk: Desk) -> StoredSession:
    """The session as a parser that knew less had left it: no calls, an older version."""
    stored = desk.stored(SESSION)
    poorer = msgspec.structs.replace(
        stored,
        session=msgspec.structs.replace(stored.session, parser_version=1, model_calls=(), events=()),
    )
    change(desk.store, "default", URL, lambda _: [Wanted(stored=poorer)])
    return poorer


def test_a_better_parser_tells_more_of_the_same_bytes(desk: Desk) -> None:
    path = write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run(org="acme")
    whole = desk.stored(SESSION)
    as_an_older_parser_read_it(desk)
    path.unlink()
    told = again(desk)
    assert (told.read, told.current, dict(told.failed)) == (1, 0, {})
    (changed,) = told.changes
    assert changed.facts["output"] == (None, 20)
    assert told.sums()["output"] == (0, 20)
    now = desk.stored(SESSION)
    assert now.session == whole.session
    assert (now.org_id, now.created_us) == (whole.org_id, whole.created_us)
    assert now.updated_us > whole.updated_us


def test_what_these_versions_read_is_left_unless_all_is_asked_for(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    before = desk.items()
    assert (again(desk).current, again(desk).read) == (1, 0)
    told = again(desk, every=True)
    assert (told.read, told.changes) == (1, [])
    assert desk.items() == before


def test_a_transcript_that_was_not_kept_or_is_gone_is_said_to_be(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    as_an_older_parser_read_it(desk)
    for blob in desk.blobs.rglob("*.*"):
        blob.unlink()
    told = again(desk)
    assert (told.read, sum(told.failed.values())) == (0, 1)
    assert len(desk.items()) == 1


def test_a_fork_stays_one_when_it_is_read_again(desk: Desk) -> None:
    other = "99999999-2222-4333-8444-555555555555"
    more = [record(2, "user", "And now?"), record(3, "assistant", [{"type": "text", "text": "Now this."}])]
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    write(desk.folder / f"{other}.jsonl", [row | {"sessionId": other} for row in conversation() + more])
    desk.run()
    before = desk.stored(f"claude-code-{other}")
    assert before.session.relation == "fork"
    assert again(desk, every=True).changes == []
    assert desk.stored(f"claude-code-{other}") == before


def as_another_parser_read_it(desk: Desk, stored: StoredSession, session: Session) -> None:
    events = Packed.of(session.events)
    poorer = msgspec.structs.replace(
        stored, session=msgspec.structs.replace(session, parser_version=1, events=())
    )
    change(desk.store, "default", URL, lambda _: [Wanted(stored=poorer, events=events)])


def test_a_better_parser_may_tell_of_fewer_events_and_of_an_earlier_end(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    whole = desk.stored(SESSION)
    twice = msgspec.structs.replace(whole.session, events=(*whole.session.events, whole.session.events[-1]))
    as_another_parser_read_it(desk, whole, twice)
    assert again(desk).changes[0].facts["events"] == (3, 2)
    assert desk.stored(SESSION).session == whole.session
    late = msgspec.structs.replace(whole.session, last_event_us=(whole.session.last_event_us or 0) + 1)
    as_another_parser_read_it(desk, whole, late)
    assert (again(desk).read, again(desk).current) == (1, 1)
    assert desk.stored(SESSION).session == whole.session


def test_what_git_said_of_a_session_stays_when_git_is_not_asked(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text('[remote "origin"]\nurl = https://forge.example/team/shop\n')
    path = write(desk.folder / f"{NATIVE}.jsonl", [row | {"cwd": str(folder)} for row in conversation()])
    desk.run(ask_git=True)
    before = desk.stored(SESSION)
    assert before.session.remote == "forge.example/team/shop"
    assert again(desk, every=True).changes == []
    assert desk.stored(SESSION) == before
    path.write_bytes(path.read_bytes() + b"\n")
    desk.run()
    now = desk.stored(SESSION).session
    assert (now.repository, now.remote) == ("team/shop", "forge.example/team/shop")


def test_another_price_of_an_acu_is_told_by_the_next_import_and_by_reading_again(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    acus = desk.stored(SESSION).cost.acus
    bench = Workbench(key=b"k" * 32, usd_per_acu=1.0, blob_folder=str(desk.blobs))
    told = reparse(desk.store, "default", URL, bench, BlobFolder(desk.blobs, b"k" * 32))
    assert (told.read, told.current) == (1, 0)
    assert desk.stored(SESSION).cost.acus == pytest.approx(2 * acus)
    assert desk.told(usd_per_acu=4.0) == {f"{NATIVE}.jsonl": "updated derived"}
    assert desk.stored(SESSION).cost.usd_per_acu == 4.0


def test_a_transcript_in_chunks_is_one_when_it_is_imported_and_when_it_is_read_again(desk: Desk) -> None:
    checkpoint = desk.folder / "ab" / "0123456789" / "0"
    rows = conversation()
    # The cut falls between two lines, and takes the end of the first away.
    write(checkpoint / "full.jsonl", rows[:1])
    (checkpoint / "full.jsonl").write_bytes((checkpoint / "full.jsonl").read_bytes().rstrip())
    write(checkpoint / "full.jsonl.001", rows[1:])
    assert desk.told() == {"full.jsonl": "new"}
    whole = desk.stored(SESSION)
    assert [event.kind for event in whole.session.events] == ["prompt", "message"]
    as_an_older_parser_read_it(desk)
    assert dict(again(desk).failed) == {}
    assert desk.stored(SESSION).session == whole.session
