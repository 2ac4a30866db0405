"""Cursor's chat store, a real file of the true schema, through the database's door and the format's."""

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.databases.cursor import CURSOR_STORE
from debrief.sources.source import Exported

SESSION = "7d3c0000-0000-4000-8000-000000000001"

FRAMED = "Exit code: 2\n\nCommand output:\n\n```\nno rule\n```\n\nCommand completed in 55 ms.\n"

MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are an assistant"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "<user_info>x</user_info>\n<user_query>Fix</user_query>"}],
    },
    {
        "role": "assistant",
        "id": "1",
        "content": [
            {
                "type": "reasoning",
                "text": "Where?",
                "providerOptions": {"cursor": {"modelName": "claude-opus-4-8"}},
            },
            {"type": "text", "text": "I look."},
            {"type": "tool-call", "toolCallId": "t1", "toolName": "Shell", "args": {"command": "make"}},
            {"type": "tool-call", "toolCallId": "t2", "toolName": "Read", "args": {"path": "a"}},
        ],
    },
    {
        "role": "tool",
        "id": "t1",
        "content": [
            {
                "type": "tool-result",
                "toolCallId": "t1",
                "toolName": "Shell",
                "result": FRAMED,
            }
        ],
    },
    {
        "role": "tool",
        "id": "t2",
        "providerOptions": {
            "cursor": {"highLevelToolCallResult": {"output": {"error": {"errorMessage": "gone"}}}}
        },
        "content": [{"type": "tool-result", "toolCallId": "t2", "toolName": "Read", "result": "Error: gone"}],
    },
    {
        "role": "assistant",
        "content": [{"type": "redacted-reasoning", "data": "x"}, {"type": "text", "text": "Done."}],
    },
]


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def store(path: Path, messages: list[Any], *, root: bytes | None = None, meta: Any = None) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    connection.execute("CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB)")
    listed = b""
    for message in messages:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        digest = hashlib.sha256(data)
        connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (digest.hexdigest(), data))
        listed += field(1, digest.digest())
    if root is None:
        root = listed + varint(10 << 3) + b"\x01" + field(9, b"file:///srv/my%20shop")
    root_id = hashlib.sha256(root).hexdigest()
    connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (root_id, root))
    about = {
        "agentId": SESSION,
        "latestRootBlobId": root_id,
        "name": "Mend the cart",
        "mode": "default",
        "createdAt": 1781256145540,
        "lastUsedModel": "composer-2.5",
    }
    value = json.dumps(about | (meta or {})).encode().hex() if not isinstance(meta, str) else meta
    connection.execute("INSERT INTO meta VALUES ('0', ?)", (value,))
    connection.commit()
    connection.close()
    return path


def exported(path: Path) -> list[Exported]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row

    def query(statement: str) -> Iterator[dict[str, Any]]:
        for row in connection.execute(statement):
            yield dict(row)

    columns = {
        table: frozenset(row["name"] for row in connection.execute(f"PRAGMA table_info({table})"))
        for table in ("meta", "blobs")
    }
    assert all(columns[table] >= wanted for table, wanted in CURSOR_STORE.tables.items())
    documents = list(CURSOR_STORE.documents(query, columns))
    connection.close()
    return documents


def parse(path: Path) -> Session:
    (one,) = exported(path)
    source = sniff(one.content[:65536])
    assert source.name == "cursor"
    document = Document(one.name, lambda: io.BytesIO(one.content), one.mtime_us)
    (session,) = source.parse(Transcript(document), lambda text: text)
    return session


def test_a_chat_holds_what_its_transcript_lacks(tmp_path: Path) -> None:
    session = parse(store(tmp_path / "store.db", MESSAGES))
    assert (session.native_id, session.title, session.cwd) == (SESSION, "Mend the cart", "/srv/my shop")
    assert session.started_us == 1781256145540000
    assert [event.kind for event in session.events] == [
        "message",
        "message",
        "prompt",
        "reasoning",
        "message",
        "tool_call",
        "tool_call",
        "tool_result",
        "tool_result",
        "message",
    ]
    assert session.initial_user_message == "Fix"
    made, read = (event for event in session.events if event.kind == "tool_result")
    assert (made.text, made.outcome, made.exit_code, made.duration_ms) == ("no rule", "error", 2, 55)
    assert (read.tool, read.outcome, read.text) == ("Read", "error", "Error: gone")
    assert {call.model for call in session.model_calls} == {"composer-2.5", "claude-opus-4-8"}
    assert all(call.tokens == Tokens() for call in session.model_calls)
    assert (session.fault_count, session.opaque_count, session.end_state) == (0, 0, "finished")


def test_parts_that_are_kept_as_text_once_more_are_read(tmp_path: Path) -> None:
    doubled = [message | {"content": json.dumps(message["content"])} for message in MESSAGES[1:3]]
    kinds = [event.kind for event in parse(store(tmp_path / "store.db", doubled)).events]
    assert kinds == ["message", "prompt", "reasoning", "message", "tool_call", "tool_call"]


def test_messages_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    session = parse(store(tmp_path / "store.db", [*MESSAGES[:2], b"\x7b\x00broken", b"{}"]))
    assert session.faults == ("line 1: 2 messages of the chat are kept in a way that is not read",)


def test_a_chat_in_the_older_way_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(NotATranscript, match="before 2026"):
        parse(store(tmp_path / "store.db", [b"\x22\x04frag"]))
    with pytest.raises(NotATranscript, match="without a single message"):
        parse(store(tmp_path / "empty.db", []))


@pytest.mark.parametrize(
    "root",
    [
        b"\x0a",
        b"\x0a\xff\xff",
        b"\xff" * 30,
        b"\x0b\x0a",
        b"\x08\x80",
        b"\x09\x01",
        b"\x0a\x20" + b"\x00" * 32,
    ],
)
def test_a_root_that_is_broken_never_raises(tmp_path: Path, root: bytes) -> None:
    (one,) = exported(store(tmp_path / "store.db", MESSAGES, root=root))
    assert one.name == f"{SESSION}.jsonl"


@pytest.mark.parametrize(
    "meta",
    ["", "zz", "7b", "[]", {"agentId": None}, {"agentId": 7}, {"latestRootBlobId": 7}],
)
def test_a_chat_without_its_names_is_none(tmp_path: Path, meta: Any) -> None:
    assert exported(store(tmp_path / "store.db", MESSAGES, meta=meta)) == []


def test_an_id_is_never_taken_for_a_statement(tmp_path: Path) -> None:
    (one,) = exported(store(tmp_path / "store.db", MESSAGES, meta={"latestRootBlobId": "' OR 1=1 --"}))
    assert b"role" not in one.content


def test_a_hostile_id_names_no_path(tmp_path: Path) -> None:
    (one,) = exported(store(tmp_path / "store.db", MESSAGES, meta={"agentId": "../../etc/x"}))
    assert one.name == "chat.jsonl"
