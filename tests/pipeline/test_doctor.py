from pathlib import Path

import pytest
from sqlalchemy import text

from debrief import samples
from debrief.pipeline import doctor
from debrief.pipeline.discover import discover
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.prepare import Workbench
from debrief.store import BlobFolder, Store

KEY = b"k" * 32


def import_samples(store: Store, blobs: Path) -> int:
    summary = ingest(
        store,
        list(discover([samples.folder()])),
        identity=Identity(enterprise_id="default", org_id="local", tags=("sample",)),
        bench=Workbench(key=KEY, usd_per_acu=2.0, blob_folder=str(blobs)),
        public_url="http://127.0.0.1:8000",
        workers=1,
    )
    return summary.counts()["new"]


@pytest.fixture
def held(store: Store, tmp_path: Path) -> Store:
    assert import_samples(store, tmp_path) == 6
    return store


def kinds(store: Store, blobs: Path | None = None) -> set[str]:
    folder = BlobFolder(blobs, KEY) if blobs else None
    return {one.kind for one in doctor.examine(store, "default", folder)}


def test_a_store_that_was_only_written_by_us_agrees(held: Store, tmp_path: Path) -> None:
    assert kinds(held, tmp_path) == set()


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("UPDATE tally SET n = n + 1 WHERE scope = 'created:' AND level = 63", "tally"),
        ("DELETE FROM tally WHERE level = 40", "tally"),
        ("DELETE FROM session_records", "record"),
        ("UPDATE sessions SET org_id = 'elsewhere'", "organization"),
        ("UPDATE clocks SET last_us = 0", "clock"),
        ("DELETE FROM clocks", "clock"),
        ("INSERT INTO session_tags VALUES ('default', 't', 'gone', 0, 'local')", "session_tags"),
    ],
)
def test_harm_is_found_and_mended(held: Store, tmp_path: Path, harm: str, kind: str) -> None:
    with held.write() as connection:
        connection.execute(text(harm))
    assert kind in kinds(held)
    doctor.repair(held, "default")
    assert kinds(held) == set()
    # What was lost comes back with the next import.
    import_samples(held, tmp_path)
    assert kinds(held) == set()
    with held.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 6


def test_a_broken_item_is_found_and_imported_again(held: Store, tmp_path: Path) -> None:
    with held.write() as connection:
        connection.execute(text("UPDATE sessions SET item = :item"), {"item": b'{"session_id":"x"}'})
    assert kinds(held) == {"item"}
    doctor.repair(held, "default")
    assert kinds(held) == set()
    assert import_samples(held, tmp_path) == 6
    assert kinds(held) == set()


def test_a_lost_transcript_is_found(held: Store, tmp_path: Path) -> None:
    blobs = sorted(tmp_path.rglob("*.sealed"))
    blobs[0].unlink()
    blobs[1].write_bytes(b"no seal")
    blobs[2].write_bytes(blobs[3].read_bytes())
    found = doctor.examine(held, "default", BlobFolder(tmp_path, KEY))
    assert [one.kind for one in found] == ["raw"] * 3
    assert sorted(one.what.partition(": ")[2].split(" ", 3)[3] for one in found) == [
        "is missing",
        "is not sealed as this version seals",
        "is not what was sealed",
    ]
    lost = doctor.examine(held, "default", BlobFolder(tmp_path, b"x" * 32))
    assert sum("another secret.key" in one.what for one in lost) == 4
    assert len(doctor.examine(held, "default", BlobFolder(tmp_path))) == 6


def test_another_enterprise_is_left_alone(held: Store) -> None:
    with held.write() as connection:
        connection.execute(text("INSERT INTO session_tags VALUES ('other', 't', 'gone', 0, 'o')"))
    assert kinds(held) == set()
    doctor.repair(held, "default")
    with held.read() as connection:
        count = text("SELECT count(*) FROM session_tags WHERE enterprise_id = 'other'")
        assert connection.execute(count).scalar_one() == 1
