"""Goose's database of sessions, in; one export a session out, as `goose session export` prints it.

The export leaves out the ledger of what each call cost (schema 15 and later); here it stands beside it, as
`usage_ledger`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from debrief.sources.cells import document, json_cell, plain, quoted
from debrief.sources.records import count, string, timestamp_us
from debrief.sources.source import Exported, Query

_UNSAFE = re.compile(r"[^\w.-]+")

# In the order of the export; what the last but one hold is JSON.
_HEAD = (
    "id",
    "working_dir",
    "name",
    "description",
    "user_set_name",
    "session_type",
    "created_at",
    "updated_at",
    "schedule_id",
    "provider_name",
    "goose_mode",
    "archived_at",
    "project_id",
    "parent_session_id",
    "accumulated_cost",
)
_COUNTS = (
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "accumulated_total_tokens",
    "accumulated_input_tokens",
    "accumulated_output_tokens",
    "accumulated_cache_read_tokens",
    "accumulated_cache_write_tokens",
)
_JSON = {"model_config_json": "model_config", "recipe_json": "recipe"}
_LEDGER = (
    "id",
    "created_timestamp",
    "model",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cost",
    "cost_source",
    "is_compaction",
)
_MESSAGE = ("id", "message_id", "role", "content_json", "created_timestamp", "metadata_json")


class GooseDatabase(msgspec.Struct, frozen=True):
    """See the module."""

    name: str = "Goose"
    roots: tuple[str, ...] = (
        "~/.local/share/goose/sessions",
        "$XDG_DATA_HOME/goose/sessions",
        "$APPDATA/Block/goose/data/sessions",
    )
    suffixes: tuple[str, ...] = ("sessions.db",)

    @property
    def tables(self) -> dict[str, frozenset[str]]:
        """See `SessionDatabase`."""
        return {
            "sessions": frozenset({"id", "working_dir"}),
            "messages": frozenset({"session_id", "role", "content_json", "created_timestamp"}),
        }

    def documents(self, query: Query, columns: dict[str, frozenset[str]]) -> Iterator[Exported]:
        """Yield the sessions one at a time, in the order of their ids."""
        known = columns.get("sessions", frozenset())
        chosen = [name for name in (*_HEAD, *_COUNTS, *_JSON) if name in known]
        rows = list(query(f"SELECT {', '.join(chosen)} FROM sessions ORDER BY id"))  # noqa: S608 (names above)
        for row in rows:
            identity = string(plain(row.get("id")))
            if identity is not None:
                yield _exported(query, columns, identity, row)


def _exported(
    query: Query, columns: dict[str, frozenset[str]], identity: str, row: dict[str, Any]
) -> Exported:
    head = {name: plain(row[name]) for name in (*_HEAD, *_COUNTS) if row.get(name) is not None}
    # What tells an export from other documents stands first, whatever the columns hold.
    value = {
        "id": identity,
        "working_dir": _text(row.get("working_dir")),
        "name": _text(row.get("name")) or _text(row.get("description")),
        "created_at": _text(row.get("created_at")),
        "session_type": _text(row.get("session_type")) or "user",
        **{key: kept for key, kept in head.items() if key not in _FIRST},
        **{name: json_cell(row[column]) for column, name in _JSON.items() if row.get(column) is not None},
    }
    changed = timestamp_us(_text(row.get("updated_at")))
    ledger = _rows(query, columns, "usage_ledger", _LEDGER, identity)
    if "usage_ledger" in columns:
        value["usage_ledger"] = ledger
    messages = _rows(query, columns, "messages", _MESSAGE, identity)
    value["conversation"] = [_message(message) for message in messages]
    moments = [timestamp_us(count(one.get("created_timestamp"))) for one in (*messages, *ledger)]
    known = [moment for moment in (*moments, changed) if moment is not None]
    return Exported(
        f"{_UNSAFE.sub('_', identity)[:100]}.json", document(value), max(known) if known else None
    )


_FIRST = frozenset({"id", "working_dir", "name", "created_at", "session_type"})


def _text(value: object) -> str:
    value = plain(value)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _message(row: dict[str, Any]) -> dict[str, Any]:
    content = json_cell(row.get("content_json"))
    message = {
        "id": plain(row.get("message_id")),
        "role": plain(row.get("role")),
        "created": plain(row.get("created_timestamp")),
        "content": content
        if isinstance(content, list)
        else [{"type": "unreadable", "text": _text(row.get("content_json"))}],
    }
    metadata = json_cell(row.get("metadata_json"))
    if isinstance(metadata, dict):
        message["metadata"] = metadata
    return message


def _rows(
    query: Query, columns: dict[str, frozenset[str]], table: str, wanted: tuple[str, ...], identity: str
) -> list[dict[str, Any]]:
    """The rows of a session in the order of time; the clock has seconds, so that the rows' numbers decide."""
    known = columns.get(table, frozenset())
    chosen = [name for name in wanted if name in known]
    if not chosen or "session_id" not in known:
        return []
    order = [name for name in ("created_timestamp", "id") if name in known]
    statement = f"SELECT {', '.join(chosen)} FROM {table} WHERE session_id = {quoted(identity)}"  # noqa: S608 (see above)
    if order:
        statement += f" ORDER BY {', '.join(order)}"
    return [{name: plain(value) for name, value in row.items()} for row in query(statement)]


GOOSE_DATABASE = GooseDatabase()
