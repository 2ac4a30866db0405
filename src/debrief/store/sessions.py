"""Sessions as rows: put whole, got whole. A session and all that hangs on it change in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from debrief.model import Event, StoredSession, total_tokens
from debrief.store import dialects, tally
from debrief.store.parcels import Packed, StoredDocument, pack, unpack
from debrief.store.schema import (
    organizations,
    session_documents,
    session_records,
    session_roots,
    session_tags,
    sessions,
)

_RECORDS = msgspec.msgpack.Decoder(StoredSession)

AT_ONCE = 5_000
"""Sessions or roots that one statement names: databases bound how many values one may have."""


class Change(Struct, frozen=True, kw_only=True):
    """A session as it is to be stored from now on, and its item.

    `stored.session.events` are not looked at. `events`, `documents` or `roots` None leaves those that are
    there.
    """

    stored: StoredSession
    item: bytes
    basics_size: int
    rendering: str
    events: Packed | None = None
    documents: Sequence[StoredDocument] | None = None
    roots: Sequence[str] | None = None


def put(connection: Connection, changes: Sequence[Change], *, moment: int) -> None:
    """Insert or replace sessions of one enterprise, each once, inside the caller's transaction.

    The caller holds the enterprise's lock and got `moment` from its clock (`clock`).
    """
    for start in range(0, len(changes), AT_ONCE):
        _put(connection, changes[start : start + AT_ONCE], moment)


def _put(connection: Connection, changes: Sequence[Change], moment: int) -> None:
    enterprise_id = changes[0].stored.enterprise_id
    before = _places(connection, enterprise_id, [change.stored.session_id for change in changes])
    deltas: tally.Deltas = Counter()
    for change in changes:
        known = before.get(change.stored.session_id)
        deltas.update(tally.moved(known.place if known else None, _place_of(change.stored)))
    tally.apply(connection, enterprise_id, deltas)
    dialects.write_all(
        connection,
        organizations,
        [
            {"enterprise_id": enterprise_id, "org_id": org_id, "created_us": moment}
            for org_id in sorted({change.stored.org_id for change in changes})
        ],
        "leave",
    )
    dialects.write_all(
        connection,
        sessions,
        [_row(change, before.get(change.stored.session_id), moment) for change in changes],
        "replace",
    )
    _put_tags(connection, [change.stored for change in changes])
    _put_records(connection, changes)
    _put_documents(connection, changes)
    _put_roots(connection, changes)


def remove(connection: Connection, enterprise_id: str, session_ids: Sequence[str]) -> int:
    """Delete sessions and all that hangs on them; returns how many there were. The caller holds the lock."""
    parts = (session_ids[start : start + AT_ONCE] for start in range(0, len(session_ids), AT_ONCE))
    return sum(_remove(connection, enterprise_id, part) for part in parts)


def _remove(connection: Connection, enterprise_id: str, session_ids: Sequence[str]) -> int:
    before = _places(connection, enterprise_id, session_ids)
    deltas: tally.Deltas = Counter()
    for known in before.values():
        deltas.update(tally.moved(known.place, None))
    tally.apply(connection, enterprise_id, deltas)
    for table in (session_roots, session_documents, session_records, session_tags, sessions):
        for session_id in before:
            connection.execute(delete(table).where(*_is(table, enterprise_id, session_id)))
    return len(before)


class _Known(Struct, frozen=True):
    """Where a session stands in the tally, and when it arrived."""

    place: tally.Place
    arrived_us: int


def _places(connection: Connection, enterprise_id: str, session_ids: Sequence[str]) -> dict[str, _Known]:
    row = sessions.c
    place = (row.org_id, row.created_us, row.updated_us, row.status, row.has_analysis, row.repository)
    query = select(row.session_id, row.arrived_us, *place).where(
        row.enterprise_id == enterprise_id, row.session_id.in_(list(session_ids))
    )
    found = connection.execute(query).all()
    tags: defaultdict[str, set[str]] = defaultdict(set)
    if found:
        tagged = select(session_tags.c.session_id, session_tags.c.tag).where(
            session_tags.c.enterprise_id == enterprise_id,
            session_tags.c.session_id.in_([known.session_id for known in found]),
        )
        for session_id, tag in connection.execute(tagged):
            tags[session_id].add(tag)
    return {
        known.session_id: _Known(
            tally.Place(
                known.org_id,
                known.created_us,
                known.updated_us,
                known.status,
                known.has_analysis,
                known.repository,
                frozenset(tags[known.session_id]),
            ),
            known.arrived_us,
        )
        for known in found
    }


def _place_of(stored: StoredSession) -> tally.Place:
    return tally.Place(
        stored.org_id,
        stored.created_us,
        stored.updated_us,
        stored.status,
        int(stored.analysis is not None),
        stored.session.repository,
        frozenset(stored.tags),
    )


def _key(stored: StoredSession) -> dict[str, Any]:
    return {"enterprise_id": stored.enterprise_id, "session_id": stored.session_id}


def _row(change: Change, known: _Known | None, moment: int) -> dict[str, Any]:
    stored = change.stored
    return {
        **_key(stored),
        "org_id": stored.org_id,
        "user_id": stored.user_id,
        "status": stored.status,
        "repository": stored.session.repository,
        "title": stored.session.title,
        "format": stored.session.format,
        "issue_count": len(stored.analysis.issues) if stored.analysis else 0,
        "step_count": stored.step_count,
        "token_count": total_tokens(stored.session)[0].output,
        "has_analysis": int(stored.analysis is not None),
        "created_us": stored.created_us,
        "updated_us": stored.updated_us,
        "last_event_us": stored.session.last_event_us,
        "arrived_us": moment if known is None else known.arrived_us,
        "rendering": change.rendering,
        "basics_size": change.basics_size,
        "item": change.item,
    }


def _put_tags(connection: Connection, several: Sequence[StoredSession]) -> None:
    gone = delete(session_tags).where(
        session_tags.c.enterprise_id == several[0].enterprise_id,
        session_tags.c.session_id.in_([stored.session_id for stored in several]),
    )
    connection.execute(gone)
    dialects.write_all(
        connection,
        session_tags,
        [
            {**_key(stored), "tag": tag, "created_us": stored.created_us, "org_id": stored.org_id}
            for stored in several
            for tag in sorted(set(stored.tags))
        ],
    )


def _put_records(connection: Connection, changes: Sequence[Change]) -> None:
    whole = [change for change in changes if change.events is not None]
    dialects.write_all(
        connection,
        session_records,
        [
            {**_key(change.stored), "record": _record(change.stored), "events": change.events.events}
            for change in whole
            if change.events is not None
        ],
        "replace",
    )
    for change in changes:
        if change.events is None:
            mine = _is(session_records, change.stored.enterprise_id, change.stored.session_id)
            connection.execute(session_records.update().where(*mine).values(record=_record(change.stored)))


def _put_documents(connection: Connection, changes: Sequence[Change]) -> None:
    given = [change for change in changes if change.documents is not None]
    if not given:
        return
    connection.execute(
        delete(session_documents).where(
            session_documents.c.enterprise_id == given[0].stored.enterprise_id,
            session_documents.c.session_id.in_([change.stored.session_id for change in given]),
        )
    )
    dialects.write_all(
        connection,
        session_documents,
        [
            {**_key(change.stored), "position": position, **msgspec.structs.asdict(document)}
            for change in given
            for position, document in enumerate(change.documents or ())
        ],
    )


def _put_roots(connection: Connection, changes: Sequence[Change]) -> None:
    given = [change for change in changes if change.roots is not None]
    if not given:
        return
    connection.execute(
        delete(session_roots).where(
            session_roots.c.enterprise_id == given[0].stored.enterprise_id,
            session_roots.c.session_id.in_([change.stored.session_id for change in given]),
        )
    )
    dialects.write_all(
        connection,
        session_roots,
        [{**_key(change.stored), "root": root} for change in given for root in change.roots or ()],
        "leave",
    )


def _record(stored: StoredSession) -> bytes:
    bare = msgspec.structs.replace(stored.session, events=())
    return pack(msgspec.structs.replace(stored, session=bare))


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
    stored = _RECORDS.decode(unpack(row.record))
    if with_events:
        session = msgspec.structs.replace(stored.session, events=Packed(row.events).unpacked())
        stored = msgspec.structs.replace(stored, session=session)
    return stored


def find_all(
    connection: Connection, enterprise_id: str, session_ids: Iterable[str]
) -> dict[str, StoredSession]:
    """Those of the sessions that the enterprise has, by id, without their events."""
    names = sorted(set(session_ids))
    found: dict[str, StoredSession] = {}
    for start in range(0, len(names), AT_ONCE):
        query = select(session_records.c.session_id, session_records.c.record).where(
            session_records.c.enterprise_id == enterprise_id,
            session_records.c.session_id.in_(names[start : start + AT_ONCE]),
        )
        for session_id, record in connection.execute(query):
            found[session_id] = _RECORDS.decode(unpack(record))
    return found


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


def find_events(connection: Connection, enterprise_id: str, session_id: str) -> tuple[Event, ...]:
    """The events of a session; none where there is no such session."""
    query = select(session_records.c.events).where(*_is(session_records, enterprise_id, session_id))
    row = connection.execute(query).first()
    return () if row is None else Packed(row.events).unpacked()


def sharing(connection: Connection, enterprise_id: str, roots: Iterable[str]) -> dict[str, list[str]]:
    """The sessions that have one of `roots`, by root."""
    names = sorted(set(roots))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for start in range(0, len(names), AT_ONCE):
        query = select(session_roots.c.root, session_roots.c.session_id).where(
            session_roots.c.enterprise_id == enterprise_id,
            session_roots.c.root.in_(names[start : start + AT_ONCE]),
        )
        for root, session_id in connection.execute(query):
            found[root].append(session_id)
    return found


def count(connection: Connection, enterprise_id: str) -> int:
    """How many sessions the enterprise has."""
    query = select(func.count()).select_from(sessions).where(sessions.c.enterprise_id == enterprise_id)
    return int(connection.execute(query).scalar_one())


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


def _is(table: Table, enterprise_id: str, session_id: str) -> list[ColumnElement[bool]]:
    return [table.c.enterprise_id == enterprise_id, table.c.session_id == session_id]
