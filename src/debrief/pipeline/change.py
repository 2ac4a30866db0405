"""Changes of sessions, committed: the one step that stamps, renders and stores.

A change takes its moment inside the enterprise's lock, so that a client which polls for changes misses none;
a commit that came too late for its moment is stamped again.
"""

import logging
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from debrief.model import StoredSession
from debrief.store import Packed, Store, StoredDocument, clock, sessions
from debrief.wire import v2

log = logging.getLogger(__name__)

LATE_AHEAD_US = 1_000_000
"""How far ahead the moment lies that a late change gets the second time."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A session as it is to be from now on; its `updated_us` is that of before, or 0 for a new one."""

    stored: StoredSession
    events: Packed | None = None
    documents: Sequence[StoredDocument] | None = None
    roots: Sequence[str] | None = None


Decide = Callable[[Connection], Sequence[Wanted]]
"""Reads what is stored and says what is to change; runs inside the transaction and holds the lock."""


def change(
    store: Store, enterprise_id: str, public_url: str, decide: Decide, *, ahead_us: int = clock.AHEAD_US
) -> int:
    """Do what `decide` says, in one transaction; returns how many sessions changed.

    `ahead_us` is how long the commit may take before the change has to be stamped again.
    """
    with store.write() as connection:
        clock.lock(connection, enterprise_id)
        wanted = decide(connection)
        if not wanted:
            return 0
        moment = clock.next_moment(connection, enterprise_id, len(wanted), ahead_us)
        changes = [_stamped(one, moment, public_url) for one in wanted]
        sessions.put(connection, changes, moment=moment)
    if clock.is_late(moment):
        log.warning("a commit took longer than foreseen; %d sessions are stamped again", len(wanted))
        late = [one.stored.session_id for one in wanted]
        change(
            store,
            enterprise_id,
            public_url,
            lambda connection: _again(connection, enterprise_id, late),
            ahead_us=max(LATE_AHEAD_US, 4 * ahead_us),
        )
    return len(wanted)


def rendering(public_url: str) -> str:
    """Names what a stored item was rendered for; another value means that it must be rendered again."""
    return f"v2.{v2.WIRE_VERSION} {public_url}"


def _stamped(wanted: Wanted, moment: int, public_url: str) -> sessions.Change:
    """Give the session its moment: never before its last event, and always later than its last one."""
    stored = wanted.stored
    updated_us = max(moment, stored.session.last_event_us or 0, stored.created_us, stored.updated_us + 1)
    stored = msgspec.structs.replace(stored, updated_us=updated_us)
    item = v2.render(stored, public_url)
    return sessions.Change(
        stored=stored,
        item=item.detail,
        basics_size=item.basics_size,
        rendering=rendering(public_url),
        events=wanted.events,
        documents=wanted.documents,
        roots=wanted.roots,
    )


def _again(connection: Connection, enterprise_id: str, session_ids: Sequence[str]) -> list[Wanted]:
    found = [sessions.find(connection, enterprise_id, session_id) for session_id in session_ids]
    return [Wanted(stored=stored) for stored in found if stored is not None]
