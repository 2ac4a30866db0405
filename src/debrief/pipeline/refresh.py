"""Stored items brought up to date without their transcripts.

Needed where the public URL or the wire changed, and where a session has gone silent.
"""

import msgspec
from sqlalchemy import Connection

from debrief.pipeline.change import Wanted, change, rendering
from debrief.store import Store, clock, sessions
from debrief.wire import v2

BATCH = 500


def render_again(store: Store, enterprise_id: str, public_url: str) -> int:
    """Render the items that were rendered for another public URL or wire version; returns how many.

    Their `updated_at` moves: a client that compares it sees the new link.
    """

    def stale(connection: Connection) -> list[Wanted]:
        names = sessions.stale_renderings(connection, enterprise_id, rendering(public_url), BATCH)
        found = [sessions.find(connection, enterprise_id, name) for name in names]
        return [Wanted(stored=stored) for stored in found if stored is not None]

    done = 0
    while more := change(store, enterprise_id, public_url, stale):
        done += more
    return done


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
