"""The moment of a change: one writer of an enterprise at a time, each with a later moment than all before it.

A client polls for what changed since its last request. So a change must never become visible with a moment
before a request that did not see it yet. Therefore a moment lies a little ahead of the clock, and the commit
comes before it; where a commit was late all the same, `is_late` says so and the change is stamped again.
"""

import time

from sqlalchemy import Connection, select

from debrief.store import dialects
from debrief.store.schema import clocks

AHEAD_US = 250_000
"""How far ahead of the clock a moment lies: longer than a commit takes."""

AHEAD_PER_SESSION_US = 4_000


def lock(connection: Connection, enterprise_id: str) -> None:
    """Let no other writer change the enterprise's sessions until the caller's transaction ends."""
    dialects.write_all(connection, clocks, [{"enterprise_id": enterprise_id, "last_us": 0}], "leave")
    query = select(clocks.c.last_us).where(clocks.c.enterprise_id == enterprise_id).with_for_update()
    connection.execute(query).all()


def next_moment(connection: Connection, enterprise_id: str, sessions: int, ahead_us: int = AHEAD_US) -> int:
    """The moment of a change of so many sessions; the caller holds the lock."""
    mine = clocks.c.enterprise_id == enterprise_id
    last = int(connection.execute(select(clocks.c.last_us).where(mine)).scalar_one())
    moment = max(now_us() + ahead_us + sessions * AHEAD_PER_SESSION_US, last + 1)
    connection.execute(clocks.update().where(mine).values(last_us=moment))
    return moment


def is_late(moment: int) -> bool:
    """Whether a change committed just now could have been missed by a poll: its moment has passed."""
    return now_us() >= moment


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000
