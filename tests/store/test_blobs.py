import hashlib
import io
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from debrief.store import BlobFolder


def test_what_was_put_is_read_by_its_digest(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path / "blobs")
    content = b"one line\n" * 1_000_000
    blob = folder.put(io.BytesIO(content))
    assert (blob.digest, blob.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert folder.read(blob.digest) == content
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < len(content) / 100


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path)
    assert folder.put(io.BytesIO(b"same")) == folder.put(io.BytesIO(b"same"))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


class Breaking(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError("the disk went away")


def test_a_read_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    stream: BinaryIO = Breaking()
    with pytest.raises(OSError, match="went away"):
        BlobFolder(tmp_path).put(stream)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path)
    blob = folder.put(io.BytesIO(b"good"))
    (tmp_path / ".1.2.tmp").write_bytes(b"half")
    os.utime(tmp_path / ".1.2.tmp", (1, 1))
    folder.sweep()
    assert folder.read(blob.digest) == b"good"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_another_process_is_writing_is_not_swept(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path)

    class Swept(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            BlobFolder(tmp_path).sweep()
            return super().read(size)

    blob = folder.put(Swept(b"good"))
    assert folder.read(blob.digest) == b"good"
