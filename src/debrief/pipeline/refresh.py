"""Stored items brought up to date without their transcripts.

Needed where the public URL or the wire changed, and where a session has gone silent.
"""

from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Connection, select, tuple_

from debrief.pipeline.change import Wanted, change, rendering
from debrief.store import Store, clock, sessions
from debrief.store.schema import sessions as table
from debrief.wire import v2

BATCH = 100
"""Sessions rendered again in one transaction: others that write wait no longer than for these."""

LOOK = 2_000
"""Sessions that one statement looks at, so that it is short whatever is stored."""

AT_ONCE = 2_000
"""Stale items that are rendered before the first answer; of more, all in the background."""

AT_ONCE_LOOKS = 10
"""How many times `LOOK` sessions are looked at before the first answer."""


def stale(store: Store, enterprise_id: str, public_url: str) -> Iterator[list[str]]:
    """Ids of the sessions that were rendered for another public URL or wire version, newest first.

    One list, which may be empty, for every `LOOK` sessions.
    """
    place: tuple[int, str] | None = None
    while True:
        query = (
            select(table.c.created_us, table.c.session_id, table.c.rendering)
            .where(table.c.enterprise_id == enterprise_id)
            .order_by(table.c.created_us.desc(), table.c.session_id.desc())
            .limit(LOOK)
        )
        if place is not None:
            query = query.where(tuple_(table.c.created_us, table.c.session_id) < place)
        with store.read(primary=True) as connection:
            rows = connection.execute(query).all()
        yield [row.session_id for row in rows if row.rendering != rendering(public_url)]
        if len(rows) < LOOK:
            return
        place = (rows[-1].created_us, rows[-1].session_id)


def render_few(store: Store, enterprise_id: str, public_url: str) -> int | None:
    """Render what is stale where that is soon done; returns how many, or None where there is more to do.

    Soon done: neither more than `AT_ONCE` are stale nor so many sessions stored that looking takes long.
    """
    found: list[str] = []
    for looks, names in enumerate(stale(store, enterprise_id, public_url)):
        found += names
        if len(found) > AT_ONCE or looks >= AT_ONCE_LOOKS:
            return None
    return sum(_render(store, enterprise_id, public_url, names) for names in _batches(found))


def count_stale(
    store: Store, enterprise_id: str, public_url: str, go_on: Callable[[], bool] = lambda: True
) -> int:
    """How many items are to be rendered again; counts while `go_on`, which is asked after each look."""
    count = 0
    for names in stale(store, enterprise_id, public_url):
        count += len(names)
        if not go_on():
            break
    return count


def render_again(
    store: Store, enterprise_id: str, public_url: str, go_on: Callable[[], bool] = lambda: True
) -> int:
    """Render the items that were rendered for another public URL or wire version; returns how many.

    Their `updated_at` moves: a client that compares it sees the new link. It goes on while `go_on`, which is
    asked after each batch and may wait; begun anew, it passes over what is done.
    """
    done = 0
    for names in stale(store, enterprise_id, public_url):
        for batch in _batches(names):
            done += _render(store, enterprise_id, public_url, batch)
            if not go_on():
                return done
    return done


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]


def _render(store: Store, enterprise_id: str, public_url: str, names: list[str]) -> int:
    """Render these in one transaction, but for those that somebody else has rendered or removed since."""

    def still_stale(connection: Connection) -> list[Wanted]:
        query = select(table.c.session_id).where(
            table.c.enterprise_id == enterprise_id,
            table.c.session_id.in_(names),
            table.c.rendering != rendering(public_url),
        )
        left = connection.execute(query).scalars().all()
        found = [sessions.find(connection, enterprise_id, name) for name in left]
        return [Wanted(stored=stored) for stored in found if stored is not None]

    return change(store, enterprise_id, public_url, still_stale)


def settle(store: Store, enterprise_id: str, public_url: str) -> int:
    """Give the sessions that count as running and have gone silent their status; returns how many."""
    now_us = clock.now_us()
    before_us = now_us - v2.SILENCE_US

    def silent(connection: Connection) -> list[Wanted]:
        names = sessions.silent_since(connection, enterprise_id, before_us)
        found = [sessions.find(connection, enterprise_id, name) for name in names]
        return [
            Wanted(stored=msgspec.structs.replace(stored, status=v2.status_at(stored.session, now_us)))
            for stored in found
            if stored is not None
        ]

    with store.read() as connection:
        if not sessions.silent_since(connection, enterprise_id, before_us):
            return 0
    return change(store, enterprise_id, public_url, silent)
