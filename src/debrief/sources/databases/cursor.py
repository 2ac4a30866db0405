"""Cursor's chat store: `~/.cursor/chats/<folder>/<id>/store.db` taken apart, one document a chat.

Blobs are kept by the hash of their content; a row of `meta` tells, in hexadecimal JSON, about the chat and
which blob is the root. The root is in the wire format of Protocol Buffers: its field 1 lists the blobs of the
messages in order, which are JSON. Chats of before 2026 keep theirs in pieces, which nobody has described.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from debrief.sources.documents import read_value
from debrief.sources.formats.cursor import CHAT
from debrief.sources.records import compact_json, mapping, string, timestamp_us
from debrief.sources.source import Exported, Query

_NAME = re.compile(r"\w[\w.-]{0,100}")

_ID_LENGTH = 32
_MESSAGE_IDS = 1
_WORKSPACE = 9
_MESSAGES_KEPT = 1_000_000


class CursorStore:
    """See the module."""

    name = "Cursor's chat store"
    roots: tuple[str, ...] = ("~/.cursor/chats",)
    suffixes: tuple[str, ...] = ("store.db",)
    tables: dict[str, frozenset[str]] = {  # noqa: RUF012 (the protocol asks for a plain dict)
        "meta": frozenset({"key", "value"}),
        "blobs": frozenset({"id", "data"}),
    }

    def documents(self, query: Query, columns: dict[str, frozenset[str]]) -> Iterator[Exported]:  # noqa: ARG002
        """Yield the store's chat, a line about it and a line a message."""
        chat = _about(query)
        root = string(chat.get("latestRootBlobId"))
        agent_id = string(chat.get("agentId"))
        if root is None or agent_id is None:
            return
        fields = list(_fields(_blob(query, root)))
        ids = [value.hex() for number, value in fields if number == _MESSAGE_IDS and len(value) == _ID_LENGTH]
        messages = [message for one in ids[:_MESSAGES_KEPT] if (message := _message(_blob(query, one)))]
        kept = ("agentId", "name", "mode", "createdAt", "lastUsedModel")
        header = {"type": CHAT, **{name: chat[name] for name in kept if name in chat}}
        paths = (_path(value) for number, value in fields if number == _WORKSPACE)
        if workspace := next((path for path in paths if path), None):
            header["workspace"] = workspace
        if len(messages) < len(ids):
            header["unreadableMessages"] = len(ids) - len(messages)
        lines = [compact_json(header), *map(compact_json, messages)]
        yield Exported(
            name=f"{agent_id if _NAME.fullmatch(agent_id) else 'chat'}.jsonl",
            content="\n".join(lines).encode("utf-8", "surrogatepass") + b"\n",
            mtime_us=timestamp_us(chat.get("updatedAt")),
        )


def _about(query: Query) -> dict[str, Any]:
    """What the store says about its chat: one row of hexadecimal JSON."""
    for row in query("SELECT key, value FROM meta"):
        value = row.get("value")
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else string(value) or ""
        try:
            content = bytes.fromhex(text)
        except ValueError:
            content = text.encode("utf-8", "replace")
        chat = mapping(read_value(content).value)
        if "agentId" in chat:
            return chat
    return {}


def _blob(query: Query, blob_id: str) -> bytes:
    if not _is_hex(blob_id):
        return b""
    for row in query(f"SELECT data FROM blobs WHERE id = '{blob_id}'"):  # noqa: S608 (hexadecimal, see above)
        data = row.get("data")
        if isinstance(data, bytes):
            return data
        if isinstance(data, str):
            return data.encode("utf-8", "surrogatepass")
    return b""


def _is_hex(text: str) -> bool:
    return bool(text) and all(letter in "0123456789abcdef" for letter in text)


def _message(content: bytes) -> dict[str, Any] | None:
    """A blob that is a message; of older stores it is something else."""
    if content[:1] != b"{":
        return None
    value = mapping(read_value(content).value)
    return value if isinstance(value.get("role"), str) else None


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a wire message that have a length; what cannot be read ends it."""
    position = 0
    while position < len(content):
        tag, position = _varint(content, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            _, position = _varint(content, position)
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        elif wire == 2:  # noqa: PLR2004 (the wire format's own number)
            length, position = _varint(content, position)
            if position + length > len(content):
                return
            yield number, content[position : position + length]
            position += length
        else:
            return


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(content):
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80 or shift > 63:  # noqa: PLR2004 (a number of 64 bits)
            return value, position
    return value, len(content) + 1


def _path(value: bytes) -> str | None:
    """The folder that a `file://` address names."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return unquote(text.removeprefix("file://")) if text.startswith("file:///") else None


CURSOR_STORE = CursorStore()
