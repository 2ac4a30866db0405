import io
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from debrief.errors import Damaged
from debrief.store import BlobFolder
from debrief.store.sealing import CHUNK, HEADER_BYTES, TAG_BYTES, Sealer, unsealed

SECRET = bytes(range(32))
WHOLE = CHUNK + TAG_BYTES


def sealed(content: bytes, name: bytes = b"name", secret: bytes = SECRET) -> bytes:
    sealer = Sealer(secret)
    return sealer.header + sealer.add(content) + sealer.end(name)


def opened(content: bytes, name: bytes = b"name", secret: bytes = SECRET) -> bytes:
    return b"".join(unsealed(io.BytesIO(content), secret, name))


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
@pytest.mark.parametrize("step", [1000, CHUNK, 5 * CHUNK])
def test_what_was_sealed_in_any_pieces_opens(size: int, step: int) -> None:
    content = noise(size)
    sealer = Sealer(SECRET)
    parts = [sealer.header, *(sealer.add(content[start : start + step]) for start in range(0, size, step))]
    result = b"".join(parts) + sealer.end(b"name")
    assert opened(result) == content
    assert size < 64 or content[:64] not in result


def test_the_same_content_is_never_sealed_alike() -> None:
    assert sealed(b"same") != sealed(b"same")


def chunks(content: bytes) -> list[bytes]:
    body = content[HEADER_BYTES:]
    return [body[start : start + WHOLE] for start in range(0, len(body), WHOLE)]


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "cut inside a chunk": lambda seal: seal[:-5],
    "cut after a chunk": lambda seal: seal[: HEADER_BYTES + 2 * WHOLE],
    "cut after the header": lambda seal: seal[:HEADER_BYTES],
    "cut in the header": lambda seal: seal[:20],
    "empty": lambda _: b"",
    "a byte more": lambda seal: seal + b"\0",
    "a chunk more": lambda seal: seal + chunks(seal)[-1],
    "reordered": lambda seal: seal[:HEADER_BYTES] + b"".join([*chunks(seal)[1::-1], *chunks(seal)[2:]]),
    "a chunk left out": lambda seal: seal[:HEADER_BYTES] + b"".join(chunks(seal)[1:]),
    "a chunk doubled": lambda seal: seal[:HEADER_BYTES] + b"".join([chunks(seal)[0], *chunks(seal)]),
    "another's chunk": lambda seal: (
        seal[:HEADER_BYTES] + b"".join([chunks(sealed(noise(CHUNK + 1)))[0], *chunks(seal)[1:]])
    ),
    "another's header": lambda seal: sealed(b"")[:HEADER_BYTES] + seal[HEADER_BYTES:],
    "a bit of the first chunk": lambda seal: flipped(seal, HEADER_BYTES),
    "a bit of the salt": lambda seal: flipped(seal, HEADER_BYTES - 1),
    "a bit of the mark": lambda seal: flipped(seal, 8),
    "a bit of the magic": lambda seal: flipped(seal, 0),
    "the last bit": lambda seal: flipped(seal, len(seal) - 1),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_harm_is_noticed(harm: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Damaged):
        opened(harm(sealed(noise(3 * CHUNK + 17))))


def test_another_name_or_secret_does_not_open() -> None:
    with pytest.raises(Damaged, match="is not what was sealed"):
        opened(sealed(b"content"), name=b"other")
    with pytest.raises(Damaged, match="another secret"):
        opened(sealed(b"content"), secret=bytes(32))


def file_of(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_a_blob_is_sealed_under_its_old_name(tmp_path: Path) -> None:
    content = b"a secret line\n" * 100_000
    open_blob = BlobFolder(tmp_path / "open").put(io.BytesIO(content))
    folder = BlobFolder(tmp_path / "closed", SECRET)
    blob = folder.put(io.BytesIO(content))
    assert blob == open_blob
    path = file_of(tmp_path / "closed")
    assert path.parent.name + path.stem == blob.digest
    assert path.stat().st_size < len(content) / 100
    assert folder.read(blob.digest) == content
    assert folder.put(io.BytesIO(content)) == blob
    assert file_of(tmp_path / "closed") == path
    with pytest.raises(Damaged, match=r"no secret\.key"):
        BlobFolder(tmp_path / "closed").read(blob.digest)


def test_a_blob_of_old_stays_readable_and_is_sealed_when_it_is_put_again(tmp_path: Path) -> None:
    content = noise(10_000)
    blob = BlobFolder(tmp_path).put(io.BytesIO(content))
    folder = BlobFolder(tmp_path, SECRET)
    assert folder.read(blob.digest) == content
    assert BlobFolder(tmp_path, SECRET, seal=False).put(io.BytesIO(content)) == blob
    assert file_of(tmp_path).suffix == ".zst"
    assert folder.put(io.BytesIO(content)) == blob
    assert file_of(tmp_path).suffix == ".sealed"
    assert folder.read(blob.digest) == content


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_blob_that_was_changed_or_swapped_is_noticed(tmp_path: Path, secret: bytes | None) -> None:
    folder = BlobFolder(tmp_path, secret)
    one, two = (folder.put(io.BytesIO(noise(size))) for size in (300_000, 300_001))
    paths = {path.parent.name + path.stem: path for path in tmp_path.rglob("*") if path.is_file()}
    good = paths[one.digest].read_bytes()
    for bad in (good[:-1], good[:100_000], flipped(good, 150_000), paths[two.digest].read_bytes(), b""):
        paths[one.digest].write_bytes(bad)
        with pytest.raises(Damaged):
            folder.check(one.digest)
        with pytest.raises(Damaged):
            folder.read(one.digest)
    paths[one.digest].write_bytes(good)
    folder.check(one.digest)
    with pytest.raises(FileNotFoundError):
        folder.read("0" * 64)


class Long(io.RawIOBase):
    """Lines without end, none like the other, up to `size` bytes."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._part = noise(1 << 14).hex().encode() * 32

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        part = self._part[: min(self._left, len(buffer))]
        buffer[: len(part)] = part
        self._left -= len(part)
        return len(part)


def test_a_long_transcript_streams(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path, SECRET)
    tracemalloc.start()
    try:
        blob = folder.put(io.BufferedReader(Long(100_000_000)))
        folder.check(blob.digest)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert blob.size == 100_000_000
    assert most < 20_000_000
