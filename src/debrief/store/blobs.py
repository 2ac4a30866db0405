"""Raw transcripts, outside the database: a folder of zstd files, each named by the SHA-256 of its content.

A blob is on disk, whole and synced, before any row that names it is committed; a crash leaves at most a blob
that nothing names. Writing the same content again costs a look.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

from debrief.errors import Unavailable

LEVEL = 3
CHUNK = 1 << 20


class Blob(Struct, frozen=True):
    """A stored content: its SHA-256 in hex and its uncompressed size in bytes."""

    digest: str
    size: int


class BlobFolder:
    """See the module. Any number of processes may write to one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, stream: BinaryIO) -> Blob:
        """Store what `stream` holds, in memory of a few chunks.

        Raises `Unavailable` where the folder cannot be written; what reading `stream` raises comes through.
        """
        with _writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=".tmp", prefix=".", dir=self._folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as raw:
                return self._fill(raw, temporary, stream)
        finally:
            temporary.unlink(missing_ok=True)

    def _fill(self, raw: BinaryIO, temporary: Path, stream: BinaryIO) -> Blob:
        hasher = hashlib.sha256()
        size = 0
        packer = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
            size += len(chunk)
            packed = packer.compress(chunk)
            with _writing(self._folder):
                raw.write(packed)
        path = self._path(hasher.hexdigest())
        if not path.exists():
            with _writing(self._folder):
                raw.write(packer.flush())
                raw.flush()
                os.fsync(raw.fileno())
                path.parent.mkdir(exist_ok=True)
                temporary.rename(path)
                _sync_folder(path.parent)
        return Blob(hasher.hexdigest(), size)

    def read(self, digest: str) -> bytes:
        """The content of a blob. Raises FileNotFoundError where there is none."""
        with self._path(digest).open("rb") as raw:
            return zstandard.ZstdDecompressor().stream_reader(raw).read()

    def sweep(self) -> None:
        """Remove what a killed writer left half done. Only while no other process writes."""
        for leftover in self._folder.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest[2:]}.zst"


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the folder {folder} cannot be written: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
