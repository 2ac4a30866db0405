"""The store of Devin's command line: one SQLite database in, a document of lines for each session out.

The first line is the session's row, then come its nodes, calls and sub-agents, each as its row stands. The
agent's own export of a session leaves out what it keeps of tokens and outcomes.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from debrief.sources.records import compact_json, timestamp_us
from debrief.sources.source import Exported, Query

KIND = "devin_cli"
"""The key that says which table a line is a row of."""

_SESSION = (
    "id",
    "working_directory",
    "backend_type",
    "model",
    "agent_mode",
    "created_at",
    "last_activity_at",
    "title",
    "main_chain_id",
    "workspace_dirs",
    "hidden",
    "metadata",
    "cogs_json",
)
_ROWS = {
    "message_nodes": (
        ("row_id", "node_id", "parent_node_id", "chat_message", "created_at", "metadata"),
        ("row_id", "node_id"),
    ),
    "tool_call_state": (
        ("tool_call_id", "tool_call_json", "tool_call_update_json"),
        ("tool_call_id",),
    ),
    "subagent_heads": (("agent_id", "chain_node_id", "updated_at"), ("agent_id",)),
}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class DevinCliDatabase(Struct, frozen=True):
    """See the module."""

    name: str = "Devin CLI"
    roots: tuple[str, ...] = (
        "$XDG_DATA_HOME/devin/cli",
        "~/.local/share/devin/cli",
        "~/.local/share/devin/cli-next",
        "~/Library/Application Support/devin/cli",
        "$LOCALAPPDATA/devin/cli",
        "$APPDATA/devin/cli",
    )
    suffixes: tuple[str, ...] = ("sessions.db",)
    tables: dict[str, frozenset[str]] = field(
        default_factory=lambda: {
            "sessions": frozenset({"id", "working_directory"}),
            "message_nodes": frozenset({"session_id", "node_id", "chat_message"}),
        }
    )

    def documents(self, query: Query, columns: dict[str, frozenset[str]]) -> Iterator[Exported]:
        """Yield each session that has nodes, in the order of its id; of those without a row, the nodes."""
        known = _listed(_SESSION, columns.get("sessions", frozenset()))
        rows = list(query(f"SELECT {known} FROM sessions ORDER BY id"))  # noqa: S608 (our own names)
        named = {row.get("id") for row in rows}
        unnamed = query("SELECT DISTINCT session_id AS id FROM message_nodes ORDER BY session_id")
        rows += [row for row in list(unnamed) if row.get("id") not in named]
        for row in rows:
            session_id = row.get("id")
            if isinstance(session_id, str) and session_id:
                lines = list(_lines(query, columns, session_id))
                if any(b'"message_nodes"' in line[:40] for line in lines):
                    content = b"".join([_line("sessions", row), *lines])
                    name = f"{_UNSAFE.sub('_', session_id)[:100]}.jsonl"
                    yield Exported(name, content, timestamp_us(row.get("last_activity_at")))


def _lines(query: Query, columns: dict[str, frozenset[str]], session_id: str) -> Iterator[bytes]:
    quoted = "'" + session_id.replace("\x00", "").replace("'", "''") + "'"
    for table, (wanted, order) in _ROWS.items():
        there = columns.get(table, frozenset())
        if "session_id" not in there or not there & set(wanted):
            continue
        by = _listed(order, there) or "1"
        statement = f"SELECT {_listed(wanted, there)} FROM {table} WHERE session_id = {quoted} ORDER BY {by}"  # noqa: S608 (our own names; the id is quoted)
        for row in query(statement):
            yield _line(table, row)


def _listed(names: tuple[str, ...], there: frozenset[str]) -> str:
    return ", ".join(name for name in names if name in there)


def _line(table: str, row: dict[str, Any]) -> bytes:
    plain = {
        name: bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else value
        for name, value in row.items()
    }
    value = {KIND: table} | plain
    try:
        return msgspec.json.encode(value) + b"\n"
    except (UnicodeEncodeError, msgspec.EncodeError):
        return compact_json(value).encode() + b"\n"


DEVIN_CLI_DATABASE = DevinCliDatabase()
