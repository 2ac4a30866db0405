"""Stored items brought up to date without their transcripts.

Needed where the public URL or the wire changed, and where a session has gone silent.
"""

import time

import msgspec

from debrief.pipeline.ingest import rendering
from debrief.store import Store, sessions
from debrief.wire import v2

BATCH = 500


def render_again(store: Store, enterprise_id: str, public_url: str) -> int:
    """Render the items that were rendered for another public URL or wire version; returns how many.

    Their `updated_at` moves: a client that compares it sees the new link.
    """
    done = 0
    while True:
        with store.write() as connection:
            stale = sessions.stale_renderings(connection, enterprise_id, rendering(public_url), BATCH)
            now_us = time.time_ns() // 1000
            for session_id in stale:
                stored = sessions.find(connection, enterprise_id, session_id)
                if stored is None:
                    continue
                fresh = msgspec.structs.replace(stored, updated_us=max(now_us, stored.updated_us))
                item = v2.render(fresh, public_url)
                sessions.put(
                    store,
                    connection,
                    fresh,
                    item=item.detail,
                    basics_size=item.basics_size,
                    rendering=rendering(public_url),
                )
        done += len(stale)
        if len(stale) < BATCH:
            return done


def settle(store: Store, enterprise_id: str, public_url: str) -> int:
    """Give the sessions that count as running and have gone silent their status; returns how many."""
    now_us = time.time_ns() // 1000
    with store.read() as connection:
        if not sessions.silent_since(connection, enterprise_id, now_us - v2.SILENCE_US):
            return 0
    with store.write() as connection:
        silent = sessions.silent_since(connection, enterprise_id, now_us - v2.SILENCE_US)
        for session_id in silent:
            stored = sessions.find(connection, enterprise_id, session_id)
            if stored is None:
                continue
            fresh = msgspec.structs.replace(
                stored, status=v2.status_at(stored.session, now_us), updated_us=time.time_ns() // 1000
            )
            item = v2.render(fresh, public_url)
            sessions.put(
                store,
                connection,
                fresh,
                item=item.detail,
                basics_size=item.basics_size,
                rendering=rendering(public_url),
            )
    return len(silent)
