"""Sessions as rows: put whole, got whole. A session and all that hangs on it change in one transaction."""

import time
from collections.abc import Iterable, Sequence

import msgspec
import zstandard
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, delete, select

from debrief.model import Event, StoredSession
from debrief.store import dialects
from debrief.store.schema import (
    organizations,
    session_documents,
    session_records,
    session_tags,
    sessions,
)
from debrief.store.store import Store

_RECORDS = msgspec.msgpack.Decoder(StoredSession)
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
        return cls(_pack(events))


def put(
    store: Store,
    connection: Connection,
    stored: StoredSession,
    *,
    item: bytes,
    basics_size: int,
    rendering: str,
    events: Packed | None = None,
    documents: Sequence[StoredDocument] | None = None,
) -> None:
    """Insert or replace a session, inside the caller's transaction.

    `stored.session.events` are not looked at. `events` or `documents` None leaves those that are there.
    """
    key = {"enterprise_id": stored.enterprise_id, "session_id": stored.session_id}
    connection.execute(
        dialects.insert_missing(store.writer, organizations),
        {
            "enterprise_id": stored.enterprise_id,
            "org_id": stored.org_id,
            "created_us": time.time_ns() // 1000,
        },
    )
    connection.execute(
        dialects.upsert(store.writer, sessions),
        {
            **key,
            "org_id": stored.org_id,
            "user_id": stored.user_id,
            "status": stored.status,
            "repository": stored.session.repository,
            "title": stored.session.title,
            "format": stored.session.format,
            "issue_count": len(stored.analysis.issues) if stored.analysis else 0,
            "has_analysis": int(stored.analysis is not None),
            "created_us": stored.created_us,
            "updated_us": stored.updated_us,
            "last_event_us": stored.session.last_event_us,
            "rendering": rendering,
            "basics_size": basics_size,
            "item": item,
        },
    )
    connection.execute(delete(session_tags).where(*_is(session_tags, key)))
    dialects.execute_all(
        connection, session_tags.insert(), [{**key, "tag": tag} for tag in sorted(set(stored.tags))]
    )
    bare = msgspec.structs.replace(stored, session=msgspec.structs.replace(stored.session, events=()))
    record = _pack(bare)
    if events is None:
        connection.execute(session_records.update().where(*_is(session_records, key)).values(record=record))
    else:
        connection.execute(
            dialects.upsert(store.writer, session_records),
            {**key, "record": record, "events": events.events},
        )
    if documents is not None:
        connection.execute(delete(session_documents).where(*_is(session_documents, key)))
        dialects.execute_all(
            connection,
            session_documents.insert(),
            [
                {**key, "position": position, **msgspec.structs.asdict(document)}
                for position, document in enumerate(documents)
            ],
        )


def find(
    connection: Connection,
    enterprise_id: str,
    session_id: str,
    *,
    org_id: str | None = None,
    with_events: bool = False,
) -> StoredSession | None:
    """The session, or None where the enterprise (or `org_id`, where given) has none of that id."""
    columns = [session_records.c.record]
    if with_events:
        columns.append(session_records.c.events)
    query = (
        select(*columns)
        .join(
            sessions,
            (sessions.c.enterprise_id == session_records.c.enterprise_id)
            & (sessions.c.session_id == session_records.c.session_id),
        )
        .where(sessions.c.enterprise_id == enterprise_id, sessions.c.session_id == session_id)
    )
    if org_id is not None:
        query = query.where(sessions.c.org_id == org_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    stored = _RECORDS.decode(_unpack(row.record))
    if with_events:
        session = msgspec.structs.replace(stored.session, events=_EVENTS.decode(_unpack(row.events)))
        stored = msgspec.structs.replace(stored, session=session)
    return stored


def find_item(
    connection: Connection, enterprise_id: str, session_ids: Iterable[str], *, org_id: str | None = None
) -> bytes | None:
    """The rendered item of the first of `session_ids` that exists."""
    query = select(sessions.c.item).where(
        sessions.c.enterprise_id == enterprise_id, sessions.c.session_id.in_(list(session_ids))
    )
    if org_id is not None:
        query = query.where(sessions.c.org_id == org_id)
    row = connection.execute(query.limit(1)).first()
    return None if row is None else bytes(row.item)


def find_documents(connection: Connection, enterprise_id: str, session_id: str) -> list[StoredDocument]:
    """The raw documents of a session, the main one first."""
    query = (
        select(session_documents.c.name, session_documents.c.digest, session_documents.c.size)
        .where(
            session_documents.c.enterprise_id == enterprise_id,
            session_documents.c.session_id == session_id,
        )
        .order_by(session_documents.c.position)
    )
    return [StoredDocument(*row) for row in connection.execute(query)]


def stale_renderings(connection: Connection, enterprise_id: str, rendering: str, limit: int) -> list[str]:
    """Ids of up to `limit` sessions whose item was rendered for something else than `rendering`."""
    query = (
        select(sessions.c.session_id)
        .where(sessions.c.enterprise_id == enterprise_id, sessions.c.rendering != rendering)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def silent_since(connection: Connection, enterprise_id: str, before_us: int) -> list[str]:
    """Ids of the sessions that count as running and whose last event came before `before_us`."""
    query = select(sessions.c.session_id).where(
        sessions.c.enterprise_id == enterprise_id,
        sessions.c.status == "running",
        sessions.c.last_event_us < before_us,
    )
    return list(connection.execute(query).scalars())


def organization_exists(connection: Connection, enterprise_id: str, org_id: str) -> bool:
    """Whether the enterprise has this organization."""
    query = select(organizations.c.org_id).where(
        organizations.c.enterprise_id == enterprise_id, organizations.c.org_id == org_id
    )
    return connection.execute(query).first() is not None


def _is(table: Table, key: dict[str, str]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]


def _pack(value: object) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode(value))


def _unpack(blob: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(blob)
