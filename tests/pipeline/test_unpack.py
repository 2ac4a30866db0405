"""Archives, compressed files and databases opened, hostile and broken ones too."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import resource
import signal
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from desk import NATIVE, SESSION, Desk, conversation, said

from debrief.pipeline import unpack
from debrief.pipeline.discover import discover
from debrief.store import Store

CONTENT = b"".join(json.dumps(row).encode() + b"\n" for row in conversation())


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    made = Desk(store, tmp_path)
    made.folder.mkdir()
    return made


def zipped(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(*entries: tuple[str, bytes], pack: Callable[[bytes], bytes] = bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1_790_000_000
            archive.addfile(entry, io.BytesIO(content))
    return pack(stream.getvalue())


NAME = f"{NATIVE}.jsonl"

CONTAINERS = {
    "a.zip": zipped((f"deep/{NAME}", CONTENT)),
    "a.tar": tarred((f"deep/{NAME}", CONTENT)),
    "a.tar.gz": tarred((NAME, CONTENT), pack=gzip.compress),
    "a.tar.bz2": tarred((NAME, CONTENT), pack=bz2.compress),
    "a.tar.xz": tarred((NAME, CONTENT), pack=lzma.compress),
    "a.tar.zst": zstandard.ZstdCompressor().compress(tarred((NAME, CONTENT))),
    f"{NAME}.gz": gzip.compress(CONTENT),
    f"{NAME}.zst": zstandard.ZstdCompressor().compress(CONTENT),
    f"{NAME}.bz2": bz2.compress(CONTENT),
    f"{NAME}.xz": lzma.compress(CONTENT),
    "nested.zip": zipped(("inner.tar.gz", tarred((NAME, CONTENT), pack=gzip.compress))),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_opened_by_its_content(desk: Desk, name: str) -> None:
    path = desk.folder / f"{name.partition('.')[0]}.bin"
    path.write_bytes(CONTAINERS[name])
    *inside, container = desk.run().outcomes
    assert [said(one) for one in inside] == ["new"]
    assert inside[0].path.startswith(f"{path}!")
    assert (container.outcome, container.detail) == ("opened", "1 new")
    assert [item["session_id"] for item in desk.items()] == [SESSION]
    (again,) = desk.run().outcomes
    assert (again.outcome, again.is_known) == ("unchanged", True)


def test_a_changed_archive_reads_only_what_changed_in_it(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    path.write_bytes(zipped((NAME, CONTENT)))
    desk.run()
    other = CONTENT.replace(NATIVE.encode(), b"99999999-2222-4333-8444-555555555555").replace(b"msg_", b"m_")
    path.write_bytes(zipped((NAME, CONTENT), ("other.jsonl", other)))
    inside = {Path(one.path).name: (said(one), one.is_known) for one in desk.run().outcomes}
    assert inside == {
        f"a.zip!{NAME}": ("unchanged", True),
        "a.zip!other.jsonl": ("new", False),
        "a.zip": ("opened", False),
    }


def test_sub_agents_in_an_archive_come_with_their_session(desk: Desk) -> None:
    agent = CONTENT.replace(b'"isSidechain": false', b'"isSidechain": true, "agentId": "a1"').replace(
        b"msg_", b"msg_of_agent_"
    )
    (desk.folder / "a.zip").write_bytes(
        zipped((NAME, CONTENT), (f"{NATIVE}/subagents/agent-a1.jsonl", agent))
    )
    desk.run()
    assert {event.agent for event in desk.stored(SESSION).session.events} == {None, "a1"}


def test_no_entry_leads_out_of_the_folder_or_is_followed(desk: Desk, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("../../outside.jsonl", "/absolute.jsonl", f"good/{NAME}", f"good/{NAME}"):
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            archive.addfile(entry, io.BytesIO(CONTENT))
        link = tarfile.TarInfo("link.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        archive.addfile(link)
    (tmp_path / "secret").write_bytes(CONTENT)
    (desk.folder / "a.tar").write_bytes(stream.getvalue())
    *inside, container = desk.run().outcomes
    assert {Path(one.path).name for one in inside} == {f"{NAME}", "a.tar!absolute.jsonl"}
    assert "no name for a file" in container.detail
    assert "twice in the container" in container.detail
    assert not (tmp_path / "outside.jsonl").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", f"{NAME}.gz", f"{NAME}.zst"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_cut_container_gives_what_it_has_and_says_so(desk: Desk, name: str, part: float) -> None:
    content = CONTAINERS[name]
    (desk.folder / "cut").write_bytes(content[: int(len(content) * part)])
    *_, container = desk.run().outcomes
    assert container.outcome in {"opened", "skipped"}
    assert container.detail


def test_limits_hold_and_what_was_read_before_them_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_BYTES", len(CONTENT) + 10)
    (desk.folder / "a.zip").write_bytes(zipped((NAME, CONTENT), ("bomb.jsonl", b"\0" * 100_000)))
    *_, container = desk.run().outcomes
    assert "GiB of content" in container.detail
    assert [item["session_id"] for item in desk.items()] == [SESSION]


def test_a_container_in_too_many_containers_is_not_opened(desk: Desk) -> None:
    content = CONTENT
    for _ in range(unpack.DEEPEST + 1):
        content = gzip.compress(content)
    (desk.folder / "matryoshka.gz").write_bytes(content)
    *_, container = desk.run().outcomes
    assert "is not opened" in container.detail


def test_an_unknown_database_is_refused_with_its_tables(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.folder / "recipes.db")) as connection:
        connection.execute("CREATE TABLE recipes (id, name)")
        connection.commit()
    (outcome,) = desk.run().outcomes
    assert outcome.outcome == "skipped"
    assert "no agent that Debrief knows (tables: recipes)" in outcome.detail


def test_a_broken_database_is_refused(desk: Desk) -> None:
    (desk.folder / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    (outcome,) = desk.run().outcomes
    assert outcome.outcome == "skipped"
    assert "cannot be read" in outcome.detail


def hostile_tar(**more: object) -> bytes:
    """A tar whose first entry has the given fields, and whose second is a good one."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, fields in (("first.txt", more), (NAME, {})):
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            for field, value in fields.items():
                setattr(entry, field, value)
            archive.addfile(entry, io.BytesIO(CONTENT if name == NAME else b"x" * entry.size))
    return stream.getvalue()


LONG = "/".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(40))
"""A path that no file can have, and whose beginning no index can."""


@pytest.mark.parametrize(
    "content",
    [
        zipped(("a.zip", zipped((NAME, CONTENT))), ("a.zip!", b"x")),
        zipped(("a.zip!/b", b"x"), ("a.zip", zipped((NAME, CONTENT)))),
        zipped((f"{'a' * 251}.zip", zipped((NAME, CONTENT))), (NAME, CONTENT)),
        hostile_tar(mtime=1e18),
        hostile_tar(pax_headers={"mtime": "inf"}),
        hostile_tar(name=LONG),
        hostile_tar(name=f"{LONG[:3000]}/first"),
        tarred(*[(os.fsdecode(b"\xff.txt"), b"x")] * 2, (NAME, CONTENT)),
    ],
    ids=["taken", "taken-folder", "long-name", "late", "endless", "long-path", "long-shown", "not-utf-8"],
)
def test_a_hostile_entry_does_not_cost_the_others(desk: Desk, content: bytes) -> None:
    (desk.folder / "hostile").write_bytes(content)
    *_, container = desk.run().outcomes
    assert container.outcome == "opened"
    assert [item["session_id"] for item in desk.items()] == [SESSION]
    assert all(one.is_known for one in desk.run().outcomes)


def test_secrets_in_the_names_of_entries_are_not_told(desk: Desk) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    (desk.folder / "a.tar").write_bytes(tarred((f"{secret}.txt", b"x"), (f"{secret}.txt", b"x")))
    *_, container = desk.run().outcomes
    assert "twice in the container" in container.detail
    assert secret not in container.detail


def test_a_full_disk_is_not_taken_for_a_damaged_archive(desk: Desk) -> None:
    (desk.folder / "a.zip").write_bytes(zipped((NAME, CONTENT)))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        with unpack.opened(next(discover([desk.folder / "a.zip"])), "zip") as content:
            assert content.may_be_read_later
            assert "File too large" in content.faults[0]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    with unpack.opened(next(discover([desk.folder / "a.zip"])), "zip") as content:
        assert not content.may_be_read_later


def test_a_locked_database_is_read_later(desk: Desk) -> None:
    path = desk.folder / "locked.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (a)")
        other.execute("BEGIN EXCLUSIVE")
        (outcome,) = desk.run().outcomes
        assert "locked" in outcome.detail
    (outcome,) = desk.run().outcomes
    assert (outcome.is_known, "no agent" in outcome.detail) == (False, True)
