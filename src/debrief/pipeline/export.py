"""A stored session, out of the store as a document that other programs read."""

from debrief.errors import NotFound
from debrief.store import Store, sessions
from debrief.wire import atif


def export_atif(store: Store, enterprise_id: str, session_id: str) -> bytes:
    """The session as an ATIF trajectory.

    Raises `NotFound` where the enterprise has no such session, and `StoreError` where the store refuses.
    """
    with store.read(primary=True) as connection:
        stored = sessions.find(connection, enterprise_id, session_id, with_events=True)
    if stored is None:
        raise NotFound(f"no session {session_id!r} in this enterprise")
    return atif.render(stored)
