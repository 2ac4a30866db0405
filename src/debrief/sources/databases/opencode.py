"""The database of OpenCode and its forks, in; one export a session out, as `opencode export` prints it.

Both generations of messages may lie in it. The second is written beside the first by some versions, so of a
session that has both, only what the second begins after the first was last written is new.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.sources.cells import document, json_cell, plain, quoted
from debrief.sources.records import count, mapping, string, timestamp_us
from debrief.sources.source import Exported, Query

_UNSAFE = re.compile(r"[^\w.-]+")
_HEADS = ("session", "session_v2")

# Column by column what `info` calls it.
_PLAIN = {
    "id": "id",
    "slug": "slug",
    "project_id": "projectID",
    "workspace_id": "workspaceID",
    "parent_id": "parentID",
    "fork_session_id": "forkSessionID",
    "directory": "directory",
    "path": "path",
    "title": "title",
    "version": "version",
    "agent": "agent",
    "cost": "cost",
}
_JSON = {"revert": "revert", "model": "model"}
_TIMES = {"time_created": "created", "time_updated": "updated", "time_archived": "archived"}
_TOKENS = {"tokens_input": "input", "tokens_output": "output", "tokens_reasoning": "reasoning"}
_CACHE = {"tokens_cache_read": "read", "tokens_cache_write": "write"}


class OpenCodeDatabase(msgspec.Struct, frozen=True):
    """See the module."""

    tables: dict[str, frozenset[str]]
    name: str = "OpenCode"
    roots: tuple[str, ...] = (
        "~/.local/share/opencode",
        "$XDG_DATA_HOME/opencode",
        "~/.local/share/kilo",
        "$XDG_DATA_HOME/kilo",
        "~/.local/share/mimocode",
        "$XDG_DATA_HOME/mimocode",
    )
    suffixes: tuple[str, ...] = (".db",)

    def documents(self, query: Query, columns: dict[str, frozenset[str]]) -> Iterator[Exported]:
        """Yield the sessions one at a time, in the order of their ids."""
        heads: dict[str, dict[str, Any]] = {}
        wanted = (*_PLAIN, *_JSON, *_TIMES, *_TOKENS, *_CACHE)
        for table in _HEADS:
            for row in _rows(query, columns, table, wanted):
                identity = string(plain(row.get("id")))
                if identity is not None:
                    heads.setdefault(identity, row)
        for identity in sorted(heads):
            yield _exported(query, columns, identity, heads[identity])


def _exported(
    query: Query, columns: dict[str, frozenset[str]], identity: str, head: dict[str, Any]
) -> Exported:
    changed = count(head.get("time_updated")) or 0
    messages, written = _first(query, columns, identity)
    second, last = _second(query, columns, identity, after=written if messages else None)
    changed = max(changed, written, last)
    value = {"info": _info(head), "messages": [*messages, *second]}
    name = _UNSAFE.sub("_", identity)[:100]
    return Exported(f"{name}.json", document(value), timestamp_us(changed))


def _info(row: dict[str, Any]) -> dict[str, Any]:
    info = {name: plain(row[column]) for column, name in _PLAIN.items() if row.get(column) is not None}
    info |= {name: json_cell(row[column]) for column, name in _JSON.items() if row.get(column) is not None}
    info["time"] = {name: row[column] for column, name in _TIMES.items() if row.get(column) is not None}
    tokens = {name: row.get(column) for column, name in _TOKENS.items()}
    cache = {name: row.get(column) for column, name in _CACHE.items()}
    if any(tokens.values()) or any(cache.values()):
        info["tokens"] = {**tokens, "cache": cache}
    return info


def _first(
    query: Query, columns: dict[str, frozenset[str]], identity: str
) -> tuple[list[dict[str, Any]], int]:
    """The messages of the first generation with their parts, and when any of it was last written."""
    messages: dict[str, dict[str, Any]] = {}
    written = 0
    for row in _rows(
        query,
        columns,
        "message",
        ("id", "time_created", "time_updated", "data", "agent_id"),
        of=identity,
        order=("time_created", "id"),
    ):
        key = str(plain(row.get("id")))
        info = _data(row) | {"id": key, "sessionID": identity}
        if string(row.get("agent_id")) is not None:
            info["agentID"] = row["agent_id"]
        messages[key] = {"info": info, "parts": []}
        written = max(written, count(row.get("time_updated")) or 0)
    for row in _rows(
        query, columns, "part", ("id", "message_id", "time_updated", "data"), of=identity, order=("id",)
    ):
        key = str(plain(row.get("message_id")))
        # A part without its message is kept: the format says that it does not know it.
        owner = messages.setdefault(key, {"info": {"id": key, "sessionID": identity}, "parts": []})
        part = _data(row) | {"id": plain(row.get("id")), "sessionID": identity, "messageID": key}
        owner["parts"].append(part)
        written = max(written, count(row.get("time_updated")) or 0)
    return list(messages.values()), written


def _second(
    query: Query, columns: dict[str, frozenset[str]], identity: str, *, after: int | None
) -> tuple[list[dict[str, Any]], int]:
    """The messages of the second generation, those begun after `after`, and when one was last written."""
    messages = []
    written = 0
    for row in _rows(
        query,
        columns,
        "session_message",
        ("id", "type", "seq", "time_created", "time_updated", "data"),
        of=identity,
        order=("seq", "time_created", "id"),
    ):
        begun = count(row.get("time_created")) or 0
        if after is not None and begun <= after:
            continue
        message = _data(row) | {"id": plain(row.get("id")), "type": plain(row.get("type"))}
        message.setdefault("time", {"created": row.get("time_created")})
        messages.append(message)
        written = max(written, count(row.get("time_updated")) or 0)
    return messages, written


def _data(row: dict[str, Any]) -> dict[str, Any]:
    value = json_cell(row.get("data"))
    return mapping(value) if isinstance(value, dict) else {"data": plain(row.get("data"))}


def _rows(
    query: Query,
    columns: dict[str, frozenset[str]],
    table: str,
    wanted: tuple[str, ...],
    *,
    of: str | None = None,
    order: tuple[str, ...] = (),
) -> Iterator[dict[str, Any]]:
    """The rows of `table` in those of the `wanted` columns that it has; of one session with `of`."""
    known = columns.get(table, frozenset())
    chosen = [column for column in wanted if column in known]
    if not chosen or (of is not None and "session_id" not in known):
        return
    statement = f"SELECT {', '.join(chosen)} FROM {table}"  # noqa: S608 (names are those above)
    if of is not None:
        statement += f" WHERE session_id = {quoted(of)}"
    sorted_by = [column for column in order if column in known]
    if sorted_by:
        statement += f" ORDER BY {', '.join(sorted_by)}"
    yield from list(query(statement))


OPENCODE_DATABASE = OpenCodeDatabase(
    tables={
        "session": frozenset({"id", "directory", "title"}),
        "message": frozenset({"id", "session_id", "data"}),
        "part": frozenset({"id", "message_id", "session_id", "data"}),
    }
)

OPENCODE_SECOND_DATABASE = OpenCodeDatabase(
    name="OpenCode, second generation",
    tables={
        "session": frozenset({"id", "directory", "title"}),
        "session_message": frozenset({"id", "session_id", "type", "data"}),
    },
)
