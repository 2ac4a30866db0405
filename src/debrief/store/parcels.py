"""What an import's workers are given and hand over: without the database, so that they start soon."""

import msgspec
import zstandard
from msgspec import Struct

from debrief.model import Event

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


def pack(value: object) -> bytes:
    """`value` as it is stored."""
    return zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode(value))


def unpack(blob: bytes) -> bytes:
    """What was packed, as msgpack."""
    return zstandard.ZstdDecompressor().decompress(blob)
