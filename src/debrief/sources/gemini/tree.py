"""Rows of a session that form a tree in; out, whole rows in file order, and which belong to the live chain.

Rows with one uuid are fragments of one row. The chain that ends in the last row of the conversation is the
one that a person went on with: the others were rewound.
"""

from typing import Any

from msgspec import Struct

from debrief.sources.records import mapping, sequence, string

_BESIDE = frozenset(
    {"session_artifact_event", "session_artifact_snapshot", "session_sources_snapshot"}
    | {"managed_session_header_v1", "managed_session_event_v1", "managed_session_commit_v1"}
)
"""Subtypes of system rows that stand beside the conversation: none is its end, and none is a parent."""


class Row(Struct):
    """A row, made whole of its fragments. `usages` are the token counts that its fragments state."""

    line: int
    record: dict[str, Any]
    fragments: list[dict[str, Any]]
    usages: list[dict[str, Any]]


class Tree:
    """See the module. `gaps` are lines of rows whose parent is missing though rows stand before them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.gaps: list[int] = []
        self._by_id: dict[tuple[str, object, object], Row] = {}

    def add(self, record: dict[str, Any], line: int) -> None:
        """Take the next row of the file."""
        uuid = string(record.get("uuid"))
        kind = record.get("type")
        key = (uuid or "", str(kind), str(record.get("subtype")))
        known = self._by_id.get(key) if uuid is not None else None
        if known is not None and record in known.fragments:
            return
        usage = mapping(record.get("usageMetadata"))
        if known is None or kind == "system":
            row = Row(line, record, [record], [usage] if usage else [])
            self.rows.append(row)
            self._by_id[key] = row
            return
        known.fragments.append(record)
        if usage:
            known.usages.append(usage)
        known.record = _joined(known.record, record)

    def live(self) -> set[str]:
        """The uuids of the chain that ends in the last row of the conversation."""
        places: dict[str, int] = {}
        last = None
        for place, row in enumerate(self.rows):
            uuid = string(row.record.get("uuid"))
            if uuid is not None and not _is_beside(row.record):
                places.setdefault(uuid, place)
                last = uuid
        chain: set[str] = set()
        while last is not None and last not in chain:
            chain.add(last)
            place = places[last]
            parent = string(self.rows[place].record.get("parentUuid"))
            last = parent
            if parent is not None and parent not in places:
                last = self._before(place, places)
                if last is not None:
                    self.gaps.append(self.rows[place].line)
        return chain

    def _before(self, place: int, places: dict[str, int]) -> str | None:
        """The row before one whose parent is lost: what stands before it is not given up for that."""
        for row in reversed(self.rows[:place]):
            uuid = string(row.record.get("uuid"))
            if uuid in places:
                return uuid
        return None


def is_live(row: dict[str, Any], chain: set[str]) -> bool:
    """Whether `row` is part of what was gone on with; rows beside the conversation always are."""
    uuid = string(row.get("uuid"))
    return uuid is None or uuid in chain or _is_beside(row)


def _is_beside(row: dict[str, Any]) -> bool:
    subtype = row.get("subtype")
    return row.get("type") == "system" and isinstance(subtype, str) and subtype in _BESIDE


def _joined(first: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    message, added = mapping(first.get("message")), mapping(more.get("message"))
    parts = [*sequence(message.get("parts")), *sequence(added.get("parts"))]
    filled = more | {name: value for name, value in first.items() if value is not None}
    return filled | ({"message": added | message | {"parts": parts}} if message or added else {})
