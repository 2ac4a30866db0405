"""Containers opened: an archive, a compressed file or a database of sessions in, transcripts as files out.

What is inside is written to a temporary folder and found there like anything else, containers in containers
too. A hostile archive is bounded: no name leads out of the folder, no link is followed, and size, number and
depth have limits. A broken one gives what could be read of it, and says where it broke off.
"""

import bz2
import errno
import gzip
import hashlib
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from msgspec import Struct, structs

from debrief.errors import TranscriptError, Unreadable
from debrief.pipeline.databases import SQLITE_MAGIC, Locked, take_apart
from debrief.pipeline.discover import READERS, Found, discover

MOST_BYTES = 8 * 1024**3
"""Of a container's content, containers in it counted in; more is not written to disk."""

MOST_ENTRIES = 200_000
DEEPEST = 3
CHUNK = 1 << 20

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (SQLITE_MAGIC, "sqlite"),
)
_TAR_AT = 257
_ENDINGS = {"gzip": (".gz", ".tgz"), "zstd": (".zst", ".zstd"), "bzip2": (".bz2",), "xz": (".xz",)}

_BROKEN = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
)
"""What the libraries raise for content that is not as it should be."""

_OURS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.EROFS,
    errno.EACCES,
}
"""What the system says where this machine is to blame, not the content."""


class Opened(Struct, frozen=True, kw_only=True):
    """A container's transcripts, its `kind`, and what could not be read of it, one sentence each.

    The sentences hold names as they stand in the container. `may_be_read_later` is for faults of this machine
    (a full disk, a database that its agent has locked): the next import is to try again.
    """

    kind: str
    found: tuple[Found, ...]
    faults: tuple[str, ...]
    may_be_read_later: bool


def container_kind(path: str) -> str | None:
    """The kind of container that `path` is, by its first bytes; None where it is none, or cannot be read."""
    if not os.path.isfile(path):  # noqa: PTH113 (a pipe would have no end)
        return None
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 (a string, as found)
            head = stream.read(512)
    except OSError:
        return None
    return _kind(head)


@contextmanager
def opened(container: Found, kind: str) -> Iterator[Opened]:
    """The content of `container` as files, which are there until the block ends."""
    with tempfile.TemporaryDirectory(prefix="debrief-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "content"
        target.mkdir()
        unpacking = _Unpacking()
        unpacking.take(Path(container.path), target, kind, 1)
        inside = tuple(_inside(one, target, container) for one in discover([target]))
        yield Opened(
            kind=kind,
            found=inside,
            faults=tuple(unpacking.faults),
            may_be_read_later=unpacking.may_be_read_later,
        )


def _kind(head: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "tar" if head[_TAR_AT : _TAR_AT + 5] == b"ustar" else None


def _inside(one: Found, target: Path, container: Found) -> Found:
    """A transcript of a container is known by its place in it, and by its content."""
    hasher = hashlib.sha256(READERS.encode())
    for path in (one.path, *one.companions):
        with open(path, "rb") as stream:  # noqa: PTH123 (a string, as found)
            hasher.update(hashlib.file_digest(stream, "sha256").digest())
    shown = f"{container.shown or container.path}!{os.path.relpath(one.path, target)}"
    return structs.replace(one, stamp=hasher.hexdigest()[:32], shown=shown)


class _Unpacking:
    """One container being written out, with what it has used of its limits."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.may_be_read_later = False
        self._bytes = 0
        self._entries = 0

    def take(self, path: Path, target: Path, kind: str, depth: int) -> None:
        """Write the content of the container `path` into the folder `target`."""
        try:
            if kind == "sqlite":
                self._database(path, target)
            elif kind == "zip":
                self._zip(path, target)
            elif kind == "tar":
                with path.open("rb") as stream:
                    self._tar(stream, target)
            else:
                self._compressed(path, target, kind)
        except TranscriptError as error:
            self.may_be_read_later |= isinstance(error, Locked)
            self.faults.append(f"{path.name}: {error}")
        except _BROKEN as error:
            self._tell(error, path.name, f"the {kind} file breaks off or is damaged")
        self._deeper(target, depth)

    def _tell(self, error: Exception, name: str, words: str) -> None:
        if isinstance(error, OSError) and error.errno in _OURS:
            self.may_be_read_later = True
            words = "could not be written out"
        self.faults.append(f"{name}: {words} ({error})")

    def _deeper(self, target: Path, depth: int) -> None:
        for path in sorted(one for one in target.rglob("*") if one.is_file()):
            kind = container_kind(str(path))
            if kind is None:
                continue
            if depth >= DEEPEST:
                self.faults.append(f"{path.name}: a container in {DEEPEST} containers is not opened")
                continue
            try:
                inner = _folder_beside(path)
            except OSError as error:
                self._tell(error, path.name, "not opened")
                continue
            self.take(path, inner, kind, depth + 1)
            path.unlink()

    def _database(self, path: Path, target: Path) -> None:
        for document in take_apart(path):
            written = self._write(document.content, target, document.name)
            if written is not None and document.mtime_us is not None:
                _date(written, document.mtime_us / 1_000_000)

    def _zip(self, path: Path, target: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                if entry.flag_bits & 1:
                    self.faults.append(f"{entry.filename}: encrypted")
                    continue
                try:
                    with archive.open(entry) as stream:
                        self._copy(cast("BinaryIO", stream), target, entry.filename, None)
                except _BROKEN as error:
                    self._tell(error, entry.filename, "damaged")

    def _tar(self, stream: BinaryIO, target: Path) -> None:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for entry in archive:
                if entry.isfile() and (content := archive.extractfile(entry)) is not None:
                    self._copy(cast("BinaryIO", content), target, entry.name, entry.mtime)

    def _compressed(self, path: Path, target: Path, kind: str) -> None:
        """A compressed file is a compressed archive, or one transcript."""
        with _decompressed(path, kind) as stream:
            head = stream.read(512)
        with _decompressed(path, kind) as stream:
            if _kind(head) == "tar":
                self._tar(stream, target)
                return
            name = path.name
            for ending in _ENDINGS[kind]:
                name = name.removesuffix(ending)
            self._copy(stream, target, name or "content", path.stat().st_mtime)

    def _copy(self, stream: BinaryIO, target: Path, name: str, mtime: float | None) -> None:
        path = self._place(target, name)
        if path is None:
            return
        with path.open("wb") as out:
            while chunk := stream.read(CHUNK):
                self._count(len(chunk))
                out.write(chunk)
        if mtime is not None and mtime > 0:
            _date(path, mtime)

    def _write(self, content: bytes, target: Path, name: str) -> Path | None:
        path = self._place(target, name)
        if path is not None:
            self._count(len(content))
            path.write_bytes(content)
        return path

    def _place(self, target: Path, name: str) -> Path | None:
        """Where an entry goes; a name that leads out of the folder, or nowhere, is refused."""
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            raise Unreadable(f"more than {MOST_ENTRIES} entries")
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
        unusable = any(part == ".." or "\x00" in part or len(os.fsencode(part)) > 255 for part in parts)  # noqa: PLR2004 (a file system's limit)
        if not parts or unusable or ":" in parts[0]:
            self.faults.append(f"{name[:200]!r}: no name for a file")
            return None
        path = target.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)
        except FileExistsError:
            self.faults.append(f"{name[:200]}: twice in the container; the first one is taken")
            return None
        except OSError as error:
            self._tell(error, name[:200], "no name for a file here")
            return None
        return path

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise Unreadable(f"more than {MOST_BYTES >> 30} GiB of content")


def _folder_beside(path: Path) -> Path:
    """A new folder for what is in the container `path`, whatever else has its name."""
    names = (f"{path.name}!", *(f"{path.name[:40]}!{number}" for number in range(1, 1000)))
    for name in names:
        try:
            path.with_name(name).mkdir()
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENAMETOOLONG}:
                raise
        else:
            return path.with_name(name)
    raise FileExistsError(errno.EEXIST, "too many of its name")


def _date(path: Path, seconds: float) -> None:
    """Give `path` its time, where that is one."""
    with suppress(OSError, ValueError, OverflowError):
        os.utime(path, (seconds, seconds))


@contextmanager
def _decompressed(path: Path, kind: str) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if kind == "gzip":
            with gzip.open(raw) as stream:
                yield cast("BinaryIO", stream)
        elif kind == "bzip2":
            with bz2.open(raw) as stream:
                yield cast("BinaryIO", stream)
        elif kind == "xz":
            with lzma.open(raw) as stream:
                yield cast("BinaryIO", stream)
        else:
            yield cast("BinaryIO", zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
