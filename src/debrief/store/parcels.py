"""What an import's workers are given and hand over: without the database, so that they start soon."""

import threading

import msgspec
import zstandard
from msgspec import Struct

from debrief.model import Event

LEVEL = 3

_EVENTS = msgspec.msgpack.Decoder(tuple[Event, ...])


class StoredDocument(Struct, frozen=True):
    """A raw document of a session: its name, the digest of its content, its size in bytes."""

    name: str
    digest: str
    size: int


class Packed(Struct, frozen=True):
    """A session's events as they are stored: what an import's workers hand over."""

    events: bytes

    @classmethod
    def of(cls, events: tuple[Event, ...]) -> "Packed":
        """Pack `events`."""
        return cls(pack(events))

    def unpacked(self) -> tuple[Event, ...]:
        """The events again."""
        return _EVENTS.decode(unpack(self.events))


class Usual(Struct, frozen=True):
    """Of `sessions` sessions 95 of 100 take no more tool calls and output tokens; None: not known."""

    sessions: int
    steps_p95: int
    tokens_p95: int | None


class _Tools(threading.local):
    """What each thread makes once: a compressor's tables cost as much as a small session."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=LEVEL)
        self.unpacker = zstandard.ZstdDecompressor()


_tools = _Tools()


def pack(value: object) -> bytes:
    """`value` as it is stored."""
    return _tools.packer.compress(msgspec.msgpack.encode(value))


def unpack(blob: bytes) -> bytes:
    """What was packed, as msgpack."""
    return _tools.unpacker.decompress(blob)


def packing() -> "zstandard.ZstdCompressionObj":
    """Packs a stream; in each thread the one before it is to be finished or given up."""
    return _tools.packer.compressobj()
