"""Whether the store agrees with itself: totals with rows, rows with their items, records and raw transcripts.

Everything is written in transactions, so that a kill leaves nothing to find here. This is for disks that lie,
for hands in the database, and for the proof.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, select

from debrief.errors import Damaged
from debrief.store import BlobFolder, Store, clock, dialects, tally
from debrief.store.schema import (
    clocks,
    organizations,
    seen_files,
    session_documents,
    session_records,
    session_roots,
    session_tags,
    sessions,
)

SHOWN = 20
"""Findings of one kind that are listed one by one."""

BATCH = 2000


class Finding(Struct, frozen=True):
    """One thing that does not agree: what, and where."""

    kind: str
    what: str

    @property
    def is_mendable(self) -> bool:
        """Whether `repair` mends it: a raw transcript that is lost cannot be had again."""
        return self.kind != "raw"


def examine(store: Store, enterprise_id: str, blobs: BlobFolder | None = None) -> list[Finding]:
    """Look through one enterprise, in one snapshot. Without `blobs` raw transcripts are not looked at."""
    with store.read() as connection:
        found = [
            *_tally(connection, enterprise_id),
            *_items(connection, enterprise_id),
            *_hanging(connection, enterprise_id),
            *_clock(connection, enterprise_id),
        ]
        if blobs is not None:
            found += _raw(connection, enterprise_id, blobs)
    return found


def repair(store: Store, enterprise_id: str) -> None:
    """Mend what can be: count again, drop what hangs on nothing, let lost sessions be imported again."""
    with store.write() as connection:
        clock.lock(connection, enterprise_id)
        for table in (session_records, session_tags, session_documents, session_roots):
            connection.execute(delete(table).where(*_without_session(table, enterprise_id)))
        broken = [
            name
            for name, item in _stored_items(connection, enterprise_id)
            if _item_fault(name, item) is not None
        ]
        lost = connection.execute(
            select(sessions.c.session_id).where(*_without_record(enterprise_id))
        ).scalars()
        again = {*broken, *lost}
        if again:
            for table in (session_records, session_tags, session_documents, session_roots, sessions):
                connection.execute(
                    delete(table).where(
                        table.c.enterprise_id == enterprise_id, table.c.session_id.in_(sorted(again))
                    )
                )
            # Which file a session came from is not kept: all are looked at again by the next import.
            connection.execute(delete(seen_files).where(seen_files.c.enterprise_id == enterprise_id))
        dialects.write_all(
            connection,
            organizations,
            [
                {"enterprise_id": enterprise_id, "org_id": org_id, "created_us": clock.now_us()}
                for org_id in connection.execute(_homeless(enterprise_id)).scalars()
            ],
            "leave",
        )
        tally.rebuild(connection, enterprise_id)
        arrived = connection.execute(_last_arrival(enterprise_id)).scalar() or 0
        clock.next_moment(connection, enterprise_id, 0, max(clock.AHEAD_US, arrived - clock.now_us() + 1))


def _tally(connection: Connection, enterprise_id: str) -> Iterator[Finding]:
    kept = tally.kept(connection, enterprise_id)
    true = tally.counted(connection, enterprise_id)
    for scope, level, bucket in sorted(kept.keys() | true.keys()):
        says, holds = kept.get((scope, level, bucket), 0), true.get((scope, level, bucket), 0)
        if says != holds:
            yield Finding(
                "tally", f"scope {scope!r}, level {level}, bucket {bucket}: {says}, but {holds} rows"
            )


def _items(connection: Connection, enterprise_id: str) -> Iterator[Finding]:
    for name, item in _stored_items(connection, enterprise_id):
        fault = _item_fault(name, item)
        if fault is not None:
            yield Finding("item", f"session {name}: {fault}")


def _stored_items(connection: Connection, enterprise_id: str) -> Iterator[tuple[str, bytes]]:
    rows = connection.execute(
        select(sessions.c.session_id, sessions.c.item).where(sessions.c.enterprise_id == enterprise_id)
    )
    for name, item in rows.yield_per(BATCH):
        yield name, bytes(item)


def _item_fault(name: str, item: bytes) -> str | None:
    try:
        value = msgspec.json.decode(item)
    except msgspec.DecodeError as error:
        return f"its item is no JSON: {error}"
    if not isinstance(value, dict) or value.get("session_id") != name:
        return "its item is another session's"
    return None


def _hanging(connection: Connection, enterprise_id: str) -> Iterator[Finding]:
    """Rows without their session, sessions without their record or organization."""
    for table in (session_records, session_tags, session_documents, session_roots):
        names = select(table.c.session_id).where(*_without_session(table, enterprise_id)).distinct()
        for name in connection.execute(names).scalars():
            yield Finding(table.name, f"session {name} is gone")
    lost = select(sessions.c.session_id).where(*_without_record(enterprise_id))
    for name in connection.execute(lost).scalars():
        yield Finding("record", f"session {name} has no record")
    for name in connection.execute(_homeless(enterprise_id)).scalars():
        yield Finding("organization", f"{name} has sessions but no row")


def _clock(connection: Connection, enterprise_id: str) -> Iterator[Finding]:
    last = connection.execute(
        select(clocks.c.last_us).where(clocks.c.enterprise_id == enterprise_id)
    ).scalar()
    arrived = connection.execute(_last_arrival(enterprise_id)).scalar()
    if arrived is not None and (last is None or last < arrived):
        yield Finding("clock", f"stands at {last}, but a session arrived at {arrived}")


def _last_arrival(enterprise_id: str) -> Select[Any]:
    return select(func.max(sessions.c.arrived_us)).where(sessions.c.enterprise_id == enterprise_id)


def _raw(connection: Connection, enterprise_id: str, blobs: BlobFolder) -> list[Finding]:
    query = select(session_documents.c.session_id, session_documents.c.digest).where(
        session_documents.c.enterprise_id == enterprise_id
    )
    found = []
    for name, digest in connection.execute(query).all():
        try:
            blobs.check(digest)
        except FileNotFoundError:
            fault = "is missing"
        except Damaged as error:
            fault = str(error)
        else:
            continue
        found.append(Finding("raw", f"session {name}: its transcript {digest[:12]} {fault}"))
    return found


def _without_session(table: Table, enterprise_id: str) -> list[ColumnElement[bool]]:
    return [
        table.c.enterprise_id == enterprise_id,
        ~_exists(sessions, sessions.c.session_id == table.c.session_id, enterprise_id),
    ]


def _without_record(enterprise_id: str) -> list[ColumnElement[bool]]:
    return [
        sessions.c.enterprise_id == enterprise_id,
        ~_exists(session_records, session_records.c.session_id == sessions.c.session_id, enterprise_id),
    ]


def _homeless(enterprise_id: str) -> Select[tuple[str]]:
    return (
        select(sessions.c.org_id)
        .where(
            sessions.c.enterprise_id == enterprise_id,
            ~_exists(organizations, organizations.c.org_id == sessions.c.org_id),
        )
        .distinct()
    )


def _exists(table: Table, same: ColumnElement[bool], enterprise_id: str | None = None) -> ColumnElement[bool]:
    of = (
        table.c.enterprise_id == sessions.c.enterprise_id
        if enterprise_id is None
        else table.c.enterprise_id == enterprise_id
    )
    return select(1).where(of, same).correlate_except(table).exists()
