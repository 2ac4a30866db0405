"""Stored sessions read with a language model, after their import: not in its workers, not before a commit.

Each session changes whole or not at all, when all of its answers are there; one that changed in the meantime
is left as it is. What the rules say is computed again from the stored events, so that a model's additions
never pile up.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, tuple_

from debrief.analysis import analyse
from debrief.llm.analyser import Analyser
from debrief.model import Analysis, Session, StoredSession
from debrief.pipeline.change import Wanted, change
from debrief.store import Store, sessions
from debrief.store.schema import sessions as table

LOOK = 500
"""Sessions that one statement looks at."""


class Readings(Struct, kw_only=True):
    """How many sessions were read, were `known`, or had a fault, and what was `added` at what cost.

    The cost is None where the model has no known price. `stopped` says why more were not read.
    """

    read: int = 0
    known: int = 0
    faulty: int = 0
    added: int = 0
    tokens: int = 0
    cost_usd_micros: int | None = 0
    stopped: str = ""


def newest(store: Store, enterprise_id: str) -> Iterator[str]:
    """The ids of all sessions, newest first."""
    place: tuple[int, str] | None = None
    while True:
        query = (
            select(table.c.created_us, table.c.session_id)
            .where(table.c.enterprise_id == enterprise_id)
            .order_by(table.c.created_us.desc(), table.c.session_id.desc())
            .limit(LOOK)
        )
        if place is not None:
            query = query.where(tuple_(table.c.created_us, table.c.session_id) < place)
        with store.read(primary=True) as connection:
            rows = connection.execute(query).all()
        yield from (row.session_id for row in rows)
        if len(rows) < LOOK:
            return
        place = (rows[-1].created_us, rows[-1].session_id)


def read_all(
    several: Iterable[tuple[Session, Analysis]], make: Callable[[], Analyser]
) -> tuple[tuple[Session, Analysis], ...]:
    """Sessions with their analyses by rules, read one after the other; nothing is stored."""

    async def read() -> tuple[tuple[Session, Analysis], ...]:
        async with make() as analyser:
            return tuple([(session, await analyser.read(session, by_rules)) for session, by_rules in several])

    return asyncio.run(read())


def read_stored(
    store: Store,
    enterprise_id: str,
    public_url: str,
    names: Iterable[str],
    make: Callable[[], Analyser],
    *,
    most: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Readings:
    """Read the sessions of these ids, at most `most`, several at a time, until the budget is used up."""
    return asyncio.run(
        _Reader(store, enterprise_id, public_url, progress or (lambda _: None)).read(names, make, most)
    )


class _Reader:
    """Hands sessions to the model, and commits what comes back."""

    def __init__(
        self, store: Store, enterprise_id: str, public_url: str, progress: Callable[[int], None]
    ) -> None:
        self._store = store
        self._enterprise_id = enterprise_id
        self._public_url = public_url
        self._progress = progress
        self._told = Readings()
        self._counts: Counter[str] = Counter()

    async def read(self, names: Iterable[str], make: Callable[[], Analyser], most: int | None) -> Readings:
        queue = iter(names)
        async with make() as analyser:
            hands = [self._hand(queue, analyser, most) for _ in range(analyser.settings.at_once)]
            await asyncio.gather(*hands)
            self._told.stopped = analyser.stopped
            self._told.tokens, self._told.cost_usd_micros = analyser.spent.tokens, analyser.spent.usd_micros
        return self._told

    async def _hand(self, queue: Iterator[str], analyser: Analyser, most: int | None) -> None:
        """One of several that take the next session until there is none, or no money."""
        while not analyser.stopped and (most is None or self._counts["begun"] < most):
            name = next(queue, None)
            if name is None:
                return
            await self._read(name, analyser)
            self._progress(1)

    async def _read(self, name: str, analyser: Analyser) -> None:
        with self._store.read(primary=True) as connection:
            stored = sessions.find(connection, self._enterprise_id, name, with_events=True)
        if stored is None or not stored.session.events:
            return
        by_rules = analyse(stored.session, baseline=stored.baseline)
        if analyser.is_done(stored.analysis, stored.session, by_rules):
            self._told.known += 1
            return
        self._counts["begun"] += 1
        analysis = await analyser.read(stored.session, by_rules)
        if analysis != stored.analysis:
            self._commit(stored, analysis)
        self._tell(analysis)

    def _commit(self, seen: StoredSession, analysis: Analysis) -> None:
        bare = msgspec.structs.replace(seen.session, events=())

        def decide(connection: Connection) -> list[Wanted]:
            now = sessions.find(connection, self._enterprise_id, seen.session_id)
            if now is None or now.session != bare or now.analysis != seen.analysis:
                return []
            return [Wanted(stored=msgspec.structs.replace(now, analysis=analysis))]

        change(self._store, self._enterprise_id, self._public_url, decide)

    def _tell(self, analysis: Analysis) -> None:
        told, run = self._told, analysis.llm
        if run is None:
            return
        told.read += 1
        told.faulty += bool(run.fault)
        told.added += run.kept
