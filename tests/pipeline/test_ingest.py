import json
import os
from pathlib import Path

import pytest
from desk import NATIVE, SESSION, URL, Desk, conversation, record, write

from debrief.pipeline import refresh
from debrief.store import BlobFolder, Store, sessions


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


def test_a_transcript_comes_out_as_an_item_with_its_analysis(desk: Desk) -> None:
    write(desk.folder / "p" / f"{NATIVE}.jsonl", conversation())
    summary = desk.run()
    assert summary.counts() == {"new": 1, "updated": 0, "unchanged": 0, "older": 0, "skipped": 0}
    assert summary.formats() == {"claude_code": 1}
    (item,) = desk.items()
    assert item["session_id"] == SESSION
    assert item["url"] == f"{URL}/sessions/{SESSION}"
    assert item["status"] == "exit"
    assert item["initial_user_message"] == "Please rename the flag to --quiet"
    assert item["created_at"] == "2026-11-02T10:00:00Z"
    assert item["last_event_at"] == "2026-11-02T10:00:01Z"
    assert item["session_analysis"]["issues"] == []
    assert item["session_analysis"]["timeline"]


def test_a_file_that_did_not_change_is_not_opened_again(desk: Desk) -> None:
    path = write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    before = desk.items()
    path.chmod(0)
    again = desk.run()
    assert [(one.outcome, one.format, one.is_known) for one in again.outcomes] == [
        ("unchanged", "claude_code", True)
    ]
    assert desk.items() == before


def test_a_grown_file_replaces_the_session_whole_and_keeps_its_id(desk: Desk) -> None:
    path = write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    (before,) = desk.items()
    more = [
        record(2, "user", "Also update the README"),
        record(3, "assistant", [{"type": "text", "text": "Done."}]),
    ]
    write(path, conversation() + more)
    assert desk.run().counts()["updated"] == 1
    (after,) = desk.items()
    assert after["session_id"] == before["session_id"]
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] > before["updated_at"]
    with desk.store.read() as connection:
        stored = sessions.find(connection, "default", SESSION, with_events=True)
        assert stored is not None
        assert [event.text for event in stored.session.events if event.kind == "prompt"] == [
            "Please rename the flag to --quiet",
            "Also update the README",
        ]
        (document,) = sessions.find_documents(connection, "default", SESSION)
    assert BlobFolder(desk.blobs, b"k" * 32).read(document.digest) == path.read_bytes()


def test_an_older_copy_of_a_session_is_left_aside(desk: Desk) -> None:
    more = [record(2, "user", "Also update the README")]
    write(desk.folder / f"{NATIVE}.jsonl", conversation() + more)
    desk.run()
    before = desk.items()
    write(desk.folder / "copies" / f"{NATIVE}.jsonl", conversation())
    assert desk.run().counts()["older"] == 1
    assert desk.items() == before


def test_the_same_session_at_another_path_changes_nothing(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    before = desk.items()
    write(desk.folder / "copies" / f"{NATIVE}.jsonl", conversation())
    assert desk.run().counts() == {"new": 0, "updated": 0, "unchanged": 2, "older": 0, "skipped": 0}
    assert desk.items() == before


def test_an_import_into_another_organization_moves_the_session(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    desk.run(org="acme")
    (item,) = desk.items()
    assert item["org_id"] == "acme"


def test_workers_side_by_side_find_the_same(desk: Desk) -> None:
    filler = "x" * 200_000
    for number in range(12):
        native = f"{number:08}-2222-4333-8444-555555555555"
        rows = [row | {"sessionId": native} for row in conversation()]
        rows[0]["message"]["content"] += filler
        write(desk.folder / f"{native}.jsonl", rows)
    assert desk.run(workers=2).counts()["new"] == 12
    assert len(desk.items()) == 12


def bad_files(folder: Path) -> dict[str, str]:
    """Write files that cannot all become sessions; what the import must say of each."""
    good = b"".join(json.dumps(row).encode() + b"\n" for row in conversation())

    def put(name: str, content: bytes) -> None:
        native = f"{len(list(folder.iterdir())):08}-aaaa-4333-8444-555555555555"
        (folder / name).write_bytes(content.replace(NATIVE.encode(), native.encode()))

    folder.mkdir(parents=True)
    put("empty.jsonl", b"")
    put("blank.jsonl", b"\n \n\x00\x00\n")
    put("binary.jsonl", bytes(range(256)) * 64)
    put("prose.jsonl", b"Dear diary,\n")
    put("other_tool.jsonl", b'{"type":"session.start","data":{"sessionId":"x"}}\n')
    put("half_line.jsonl", good + b'{"type":"user","message":{"role":"us')
    put("two_on_a_line.jsonl", good.replace(b"}\n{", b"}{"))
    put("huge_line.jsonl", good + json.dumps(record(2, "user", "y" * 10_000_000)).encode() + b"\n")
    put("nul.jsonl", good.replace(b"--quiet", b"--qu\\u0000iet") + b"\x00\x00\n")
    put("surrogate.jsonl", good.replace(b"--quiet", b"--qu\\ud800iet"))
    put(
        "wrong_types.jsonl",
        good + b'{"type":"user","message":[1],"uuid":7,"timestamp":{}}\n[]\n3\n"x"\nnull\n',
    )
    put("unknown.jsonl", good + b'{"type":"from-the-future","uuid":"u","sessionId":"s"}\n')
    put("locked.jsonl", good)
    (folder / "locked.jsonl").chmod(0)
    os.mkfifo(folder / "pipe.jsonl")
    return {
        "empty.jsonl": "skipped: the file is empty",
        "blank.jsonl": "skipped: the file is empty",
        "binary.jsonl": "skipped: binary content",
        "prose.jsonl": "skipped: no transcript format",
        "other_tool.jsonl": "skipped: no transcript format",
        "half_line.jsonl": "new: 3 events, 1 opaque",
        "two_on_a_line.jsonl": "new: 2 events",
        "huge_line.jsonl": "new: 3 events",
        "nul.jsonl": "new: 2 events",
        "surrogate.jsonl": "new: 2 events",
        "wrong_types.jsonl": "new: ",
        "unknown.jsonl": "new: 3 events, 1 opaque",
        "locked.jsonl": "skipped: no permission" if os.geteuid() else "new: 2 events",
        "pipe.jsonl": "skipped: not a regular file",
    }


def test_bad_files_get_a_clear_outcome_and_the_rest_is_imported(desk: Desk) -> None:
    expected = bad_files(desk.folder)
    outcomes = {Path(one.path).name: f"{one.outcome}: {one.detail}" for one in desk.run().outcomes}
    assert set(outcomes) == set(expected)
    for name, beginning in expected.items():
        assert outcomes[name].startswith(beginning), name
    assert len(desk.items()) == sum(one.startswith("new") for one in outcomes.values())


def test_a_file_that_could_not_be_read_is_tried_again(desk: Desk) -> None:
    path = desk.folder / f"{NATIVE}.jsonl"
    path.parent.mkdir()
    path.symlink_to(desk.folder / "target.jsonl")
    assert desk.run(path).counts()["skipped"] == 1
    assert desk.run(path).counts()["skipped"] == 1
    write(desk.folder / "target.jsonl", conversation())
    assert desk.run(path).counts()["new"] == 1


def test_a_path_that_does_not_exist_is_said_to(desk: Desk) -> None:
    (outcome,) = desk.run(desk.folder / "gone.jsonl").outcomes
    assert (outcome.outcome, outcome.detail) == ("skipped", "no such file or folder")


def test_secrets_are_gone_from_what_is_read_and_raw_bytes_are_whole(desk: Desk) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    rows = [record(0, "user", f"Use the token {secret} to push"), conversation()[1]]
    path = write(desk.folder / f"{NATIVE}.jsonl", rows)
    desk.run()
    (item,) = desk.items()
    assert secret not in json.dumps(item)
    assert "[redacted:" in item["initial_user_message"]
    with desk.store.read() as connection:
        stored = sessions.find(connection, "default", SESSION, with_events=True)
        (document,) = sessions.find_documents(connection, "default", SESSION)
    assert stored is not None
    assert all(secret not in event.text for event in stored.session.events)
    assert BlobFolder(desk.blobs, b"k" * 32).read(document.digest) == path.read_bytes()


def test_items_are_rendered_again_for_another_public_url(desk: Desk) -> None:
    write(desk.folder / f"{NATIVE}.jsonl", conversation())
    desk.run()
    (before,) = desk.items()
    assert refresh.render_again(desk.store, "default", URL) == 0
    assert refresh.render_again(desk.store, "default", "https://debrief.example") == 1
    (after,) = desk.items()
    assert after["url"] == f"https://debrief.example/sessions/{SESSION}"
    assert after["updated_at"] > before["updated_at"]
    assert refresh.render_again(desk.store, "default", "https://debrief.example") == 0


def test_a_running_session_settles_when_it_has_been_silent(desk: Desk) -> None:
    open_call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "make"}}
    rows = [conversation()[0], record(1, "assistant", [open_call])]
    write(desk.folder / f"{NATIVE}.jsonl", rows)
    desk.run()
    (item,) = desk.items()
    assert item["status"] == "suspended"
    assert refresh.settle(desk.store, "default", URL) == 0
