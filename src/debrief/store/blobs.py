"""Raw transcripts, outside the database: a folder of zstd files, each named by the SHA-256 of its content.

With a secret they are sealed, after they are packed; those that were put without one stay readable. A blob is
on disk, whole and synced, before any row that names it is committed; a crash leaves at most a blob that
nothing names. Writing the same content again costs a look.
"""

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import zstandard
from msgspec import Struct

from debrief.errors import Damaged, Unavailable
from debrief.store.parcels import packing
from debrief.store.sealing import Sealer, unsealed

CHUNK = 1 << 20

ABANDONED_S = 3600.0
"""After so long without a byte a file that is being written counts as left behind."""

PLAIN = ".zst"
SEALED = ".sealed"


class Blob(Struct, frozen=True):
    """A stored content: its SHA-256 in hex and its uncompressed size in bytes."""

    digest: str
    size: int


class BlobFolder:
    """See the module. Any number of processes may write to one folder.

    `secret` opens what is sealed; where `seal` is false new blobs are not.
    """

    def __init__(self, folder: Path, secret: bytes | None = None, *, seal: bool = True) -> None:
        self._folder = folder
        self._secret = secret
        self._seals = seal and secret is not None

    def put(self, stream: BinaryIO) -> Blob:
        """Store what `stream` holds, in memory of a few chunks.

        Raises `Unavailable` where the folder cannot be written; what reading `stream` raises comes through.
        """
        with _writing(self._folder):
            handle, name = self._temporary()
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as raw:
                return self._fill(raw, temporary, stream)
        finally:
            temporary.unlink(missing_ok=True)

    def _temporary(self) -> tuple[int, str]:
        try:
            return tempfile.mkstemp(suffix=".tmp", prefix=".", dir=self._folder)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            return tempfile.mkstemp(suffix=".tmp", prefix=".", dir=self._folder)

    def _fill(self, raw: BinaryIO, temporary: Path, stream: BinaryIO) -> Blob:
        hasher = hashlib.sha256()
        size = 0
        packer = packing()
        sealer = Sealer(self._secret) if self._seals and self._secret is not None else None
        with _writing(self._folder):
            raw.write(sealer.header if sealer else b"")
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
            size += len(chunk)
            packed = packer.compress(chunk)
            with _writing(self._folder):
                raw.write(sealer.add(packed) if sealer else packed)
        digest = hasher.hexdigest()
        path, plain = self._path(digest, SEALED if sealer else PLAIN), self._path(digest, PLAIN)
        with _writing(self._folder):
            if not path.exists():
                last = packer.flush()
                raw.write(sealer.add(last) + sealer.end(hasher.digest()) if sealer else last)
                raw.flush()
                os.fsync(raw.fileno())
                _rename(temporary, path)
                _sync_folder(path.parent)
        if sealer is not None:
            # What an earlier import kept of the same content lies open no longer.
            with _writing(self._folder):
                plain.unlink(missing_ok=True)
        return Blob(digest, size)

    def open(self, digest: str) -> BinaryIO:
        """The content of a blob as a stream, held against its name at its end.

        Raises FileNotFoundError where there is none. Reading raises `Damaged` where the content is not what
        was put: what was read until then is not to be used.
        """
        sealed = self._path(digest, SEALED)
        is_sealed = sealed.exists()
        if is_sealed and self._secret is None:
            raise Damaged("is sealed, and no secret.key is at hand to open it")
        raw = (sealed if is_sealed else self._path(digest, PLAIN)).open("rb")
        chunks = (
            unsealed(raw, self._secret, bytes.fromhex(digest))
            if is_sealed and self._secret is not None
            else iter(lambda: raw.read(CHUNK), b"")
        )
        return io.BufferedReader(_Content(raw, chunks, digest), CHUNK)

    def read(self, digest: str) -> bytes:
        """The content of a blob. Raises as `open` and reading do."""
        with self.open(digest) as stream:
            return stream.read()

    def check(self, digest: str) -> None:
        """Read a blob through, in memory of a few chunks. Raises as `open` and reading do."""
        with self.open(digest) as stream:
            while stream.read(CHUNK):
                pass

    def sweep(self) -> None:
        """Remove what a killed writer left half done: what nobody has written to for an hour."""
        for leftover in self._folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):  # another process sweeps too
                if time.time() - leftover.stat().st_mtime > ABANDONED_S:
                    leftover.unlink(missing_ok=True)

    def _path(self, digest: str, ending: str) -> Path:
        return self._folder / digest[:2] / f"{digest[2:]}{ending}"


class _Content(io.RawIOBase):
    """Packed chunks as a stream of what they hold; at its end that is held against its digest."""

    def __init__(self, raw: BinaryIO, chunks: Iterator[bytes], digest: str) -> None:
        self._raw = raw
        self._digest = digest
        self._hasher = hashlib.sha256()
        self._unpacked = zstandard.ZstdDecompressor().stream_reader(_Packed(chunks))  # type: ignore[arg-type]  # it reads, and needs no more

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # what BufferedReader gives
        """See `io.RawIOBase`."""
        try:
            part = self._unpacked.read(len(buffer))
        except zstandard.ZstdError as error:
            raise Damaged("cannot be unpacked") from error
        self._hasher.update(part)
        if not part and self._hasher.hexdigest() != self._digest:
            raise Damaged("is not what was stored")
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """See `io.RawIOBase`."""
        self._raw.close()
        super().close()


class _Packed:
    """Chunks of bytes, to be read like a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._left:
            self._left = next(self._chunks, b"")
        part, self._left = self._left[:size], self._left[size:]
        return part


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the folder {folder} cannot be written: {error.strerror or error}") from error


def _rename(temporary: Path, path: Path) -> None:
    try:
        temporary.rename(path)
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        temporary.rename(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
