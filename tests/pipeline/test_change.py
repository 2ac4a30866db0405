"""A faithful poll: who asks for what changed since the last request misses nothing, whoever writes."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from debrief.model import Cost, Session, StoredSession
from debrief.pipeline.change import Wanted, change
from debrief.store import Packed, Store, clock, sessions
from debrief.store.filters import SessionFilter
from debrief.store.pages import read_page

URL = "http://127.0.0.1:8000"
WRITERS = 4
CHANGES = 25
NAMES = [f"s{number}" for number in range(6)]


def fresh(name: str) -> StoredSession:
    return StoredSession(
        enterprise_id="default",
        session_id=name,
        org_id="local",
        created_us=1_767_225_600_000_000,
        updated_us=0,
        status="running",
        session=Session(format="by_hand", parser_version=1, native_id=name, agent="An agent"),
        analysis=None,
        cost=Cost(),
    )


def retitled(name: str, title: str, pause_s: float) -> Callable[[Connection], list[Wanted]]:
    def decide(connection: Connection) -> list[Wanted]:
        known = sessions.find(connection, "default", name) or fresh(name)
        time.sleep(pause_s)
        session = replace(known.session, title=title)
        return [Wanted(stored=replace(known, session=session), events=Packed.of(()))]

    return decide


class Poller:
    """Asks for what changed since its last request, as clients do, and keeps what it saw."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: dict[str, set[bytes]] = {name: set() for name in NAMES}
        self.last_request_us = 0

    def poll(self) -> None:
        now_us = clock.now_us()
        wanted = SessionFilter(enterprise_id="default", updated_from_us=self.last_request_us)
        self.last_request_us = now_us
        page = read_page(self.store, wanted, skip=0, limit=200, detail=True, places=True)
        for (_, name), item in zip(page.places, page.items, strict=True):
            self.seen[name].add(item)


def write(store: Store, seed: int, ahead_us: int, written: list[str]) -> None:
    pick = random.Random(seed)
    for number in range(CHANGES):
        title = f"{seed}.{number}"
        decide = retitled(pick.choice(NAMES), title, pick.random() / 200)
        change(store, "default", URL, decide, ahead_us=ahead_us)
        written.append(title)


@pytest.mark.parametrize("ahead_us", [clock.AHEAD_US, -clock.AHEAD_PER_SESSION_US], ids=["in time", "late"])
def test_a_poll_by_the_last_requests_time_misses_no_change(database_url: str, ahead_us: int) -> None:
    # With nothing ahead every commit is late, so that each change is stamped again.
    with closing(Store(database_url)) as store:
        written: list[str] = []
        writers = [
            threading.Thread(target=write, args=(store, seed, ahead_us, written)) for seed in range(WRITERS)
        ]
        poller = Poller(store)
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            poller.poll()
            time.sleep(0.002)
        for writer in writers:
            writer.join()
        poller.poll()
        poller.poll()
        assert len(written) == WRITERS * CHANGES
        whole = read_page(
            store, SessionFilter(enterprise_id="default"), skip=0, limit=200, detail=True, places=True
        )
        for (_, name), item in zip(whole.places, whole.items, strict=True):
            assert item in poller.seen[name]
        # Not only what stands in the end was seen: each change was, unless the next one came before the poll.
        moments = [int(us) for us in read_moments(store)]
        assert len(set(moments)) == len(moments)


def read_moments(store: Store) -> list[int]:
    with store.read() as connection:
        found = [sessions.find(connection, "default", name) for name in NAMES]
    return [stored.updated_us for stored in found if stored is not None]


def test_every_change_has_a_later_moment_than_the_one_before(store: Store) -> None:
    moments = []
    for number in range(5):
        change(store, "default", URL, retitled("s0", str(number), 0))
        moments.append(read_moments(store)[0])
    assert moments == sorted(set(moments))
    assert moments[-1] <= clock.now_us() + clock.AHEAD_US + clock.AHEAD_PER_SESSION_US


def test_a_session_whose_clock_is_ahead_still_moves_on(store: Store) -> None:
    future_us = clock.now_us() + 3_600_000_000

    def decide(connection: Connection) -> list[Wanted]:
        known = sessions.find(connection, "default", "s0") or fresh("s0")
        session = replace(known.session, last_event_us=future_us, title=str(known.updated_us))
        return [Wanted(stored=replace(known, session=session), events=Packed.of(()))]

    change(store, "default", URL, decide)
    change(store, "default", URL, decide)
    assert read_moments(store) == [future_us + 1]
    # The others' moments do not follow it.
    change(store, "default", URL, retitled("s1", "now", 0))
    assert read_moments(store)[1] < future_us
