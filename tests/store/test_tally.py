"""The tally against count(*) and OFFSET, over random histories of writes, on both databases."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from debrief.model import Analysis, Cost, Session, StoredSession
from debrief.store import Store, clock, plans, sessions, tally
from debrief.store.filters import SessionFilter
from debrief.store.known import Known
from debrief.store.pages import Asked, page_plan, quick_plan, read_page
from debrief.store.schema import sessions as table
from debrief.store.sessions import Change

ENTERPRISE = "default"
ORGS = ("a", "b", "c")
NEW_YEAR_US = 1_767_225_600_000_000
DAY_US = 86_400_000_000


def stored(
    name: str,
    org_id: str,
    created_us: int,
    updated_us: int,
    *,
    repository: str | None = None,
    **values: Any,
) -> StoredSession:
    session = Session(
        format="by_hand", parser_version=1, native_id=name, agent="An agent", repository=repository
    )
    known: dict[str, Any] = {"status": "exit", "analysis": None} | values
    return StoredSession(
        enterprise_id=ENTERPRISE,
        session_id=name,
        org_id=org_id,
        created_us=created_us,
        updated_us=updated_us,
        session=session,
        cost=Cost(),
        **known,
    )


def change(one: StoredSession) -> Change:
    return Change(stored=one, item=one.session_id.encode(), basics_size=1, rendering="test")


VALUES: list[dict[str, Any]] = [
    {"statuses": ("exit",)},
    {"statuses": ("running", "error")},
    {"statuses": ("nothing",)},
    {"has_analysis": True},
    {"has_analysis": False},
    {"repo_names": ("r1",)},
    {"repo_names": ("r2", "r1", "r2")},
    {"tags": ("x",)},
    {"tags": ("x", "z", "w")},
    {"user_ids": ("u1",)},
    {"user_ids": ("u2", "u1")},
    {"session_ids": ("s1", "s2", "s3", "s400")},
    {"tags": ("y",), "statuses": ("exit", "error")},
    {"tags": ("y", "z"), "user_ids": ("u1",)},
    {"tags": ("x", "y"), "session_ids": ("s1", "s5", "s7")},
    {"repo_names": ("r1",), "has_analysis": True},
    {"statuses": ("exit",), "has_analysis": False, "tags": ("x", "y")},
]


class History:
    """Random writes, and what the store must hold after them."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.held: dict[str, StoredSession] = {}
        self.moments: dict[str, int] = {}

    def write(self) -> None:
        """One transaction: some sessions inserted, moved or changed, and some deleted."""
        pick = self.random
        touched = {f"s{pick.randrange(400)}" for _ in range(pick.randrange(1, 60))}
        # Mostly spread over months, sometimes in one moment: both kinds of bucket are to be met.
        spread = pick.choice([1, DAY_US, 200 * DAY_US])
        with self.store.write() as connection:
            clock.lock(connection, ENTERPRISE)
            moment = clock.next_moment(connection, ENTERPRISE, len(touched))
            several = [
                stored(
                    name,
                    pick.choice(ORGS),
                    NEW_YEAR_US + pick.randrange(spread),
                    moment + pick.randrange(3),
                    status=pick.choice(("exit", "error", "running")),
                    repository=pick.choice((None, "r1", "r2")),
                    tags=tuple(pick.sample(("x", "y", "z"), pick.randrange(4))),
                    user_id=pick.choice((None, "u1", "u2")),
                    analysis=pick.choice((None, Analysis(analyser_version=1))),
                )
                for name in sorted(touched)
            ]
            sessions.put(connection, [change(one) for one in several], moment=moment)
            gone = [name for name in self.held if name not in touched and pick.random() < 0.05]
            assert sessions.remove(connection, ENTERPRISE, gone) == len(gone)
        for one in several:
            self.held[one.session_id] = one
            self.moments.setdefault(one.session_id, moment)
        for name in gone:
            del self.held[name]
            del self.moments[name]

    def expected(self, wanted: SessionFilter) -> list[bytes]:
        """The whole list, by hand."""
        orgs = wanted.org_ids
        passing = [
            one
            for one in self.held.values()
            if (orgs is None or one.org_id in orgs)
            and (wanted.created_from_us is None or one.created_us >= wanted.created_from_us)
            and (wanted.created_to_us is None or one.created_us < wanted.created_to_us)
            and (wanted.updated_from_us is None or one.updated_us >= wanted.updated_from_us)
            and (wanted.updated_to_us is None or one.updated_us < wanted.updated_to_us)
            and (wanted.statuses is None or one.status in wanted.statuses)
            and (wanted.repo_names is None or one.session.repository in wanted.repo_names)
            and (wanted.user_ids is None or one.user_id in wanted.user_ids)
            and (wanted.session_ids is None or one.session_id in wanted.session_ids)
            and (wanted.tags is None or set(one.tags) & set(wanted.tags))
            and (wanted.has_analysis is None or (one.analysis is not None) == wanted.has_analysis)
            and (wanted.snapshot_us is None or self.moments[one.session_id] <= wanted.snapshot_us)
        ]
        passing.sort(key=lambda one: (one.created_us, one.session_id), reverse=True)
        return [one.session_id.encode() for one in passing]


def filters(history: History) -> Iterator[SessionFilter]:
    pick = history.random
    times = sorted(one.created_us for one in history.held.values())
    changes = sorted(one.updated_us for one in history.held.values())
    snapshot = pick.choice(sorted(history.moments.values()))
    for orgs in (None, ("b",), ("a", "c"), ("a", "b", "c"), ("nobody",)):
        for some in pick.sample(VALUES, 3):
            start, end = sorted((pick.choice(times), pick.choice(times) + pick.randrange(2)))
            changed = pick.choice(changes)
            for window in (
                {},
                {"created_from_us": start, "created_to_us": end},
                {"created_to_us": end},
                {"updated_from_us": changed},
                {"snapshot_us": snapshot},
                {"created_from_us": start, "snapshot_us": snapshot},
            ):
                yield SessionFilter(enterprise_id=ENTERPRISE, org_ids=orgs, **{**some, **window})
        yield SessionFilter(enterprise_id=ENTERPRISE, org_ids=orgs)
        for values, kind in ((times, "created"), (changes, "updated")):
            start, end = sorted((pick.choice(values), pick.choice(values) + pick.randrange(2)))
            for window in ({"from": start}, {"to": end}, {"from": start, "to": end}):
                bounds: dict[str, Any] = {f"{kind}_{side}_us": us for side, us in window.items()}
                yield SessionFilter(enterprise_id=ENTERPRISE, org_ids=orgs, **bounds)
        yield SessionFilter(enterprise_id=ENTERPRISE, org_ids=orgs, snapshot_us=snapshot)


@pytest.mark.parametrize("seed", range(3))
def test_pages_and_totals_equal_count_and_offset(
    store: Store, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small limits, so that the walk through the buckets and the search along the list are met here too.
    monkeypatch.setattr("debrief.store.pages.FEW", 3)
    monkeypatch.setattr("debrief.store.pages.SORTED", 2)
    history = History(store, seed)
    for _ in range(12):
        history.write()
    for wanted in filters(history):
        whole = history.expected(wanted)
        for skip in {0, 1, 4, len(whole) // 2, max(0, len(whole) - 1), len(whole), len(whole) + 7}:
            page = read_page(store, wanted, skip=skip, limit=7, detail=True)
            assert page.total == len(whole), wanted
            assert page.items == whole[skip : skip + 7], (wanted, skip)


def test_what_is_known_gives_the_same_pages_until_something_changes(store: Store) -> None:
    history = History(store, 5)
    known = Known()
    quick = 0
    for _ in range(4):
        history.write()
        for wanted in list(filters(history))[::3]:
            whole = history.expected(wanted)
            for skip in (0, 3, len(whole)):
                asked = Asked(wanted, skip, 7, detail=True)
                with store.read() as connection:
                    page = plans.run(page_plan(asked, known), connection)
                    assert (page.items, page.total) == (whole[skip : skip + 7], len(whole))
                    plan = quick_plan(asked, known, page.moment)
                    assert plan is not None or wanted.snapshot_us is not None
                    if plan is not None:
                        assert plans.run(plan, connection) == page
                        quick += 1
    assert quick
    # Now another writer comes in between: a page of rows finds out, and has to be read again.
    asked = Asked(SessionFilter(enterprise_id=ENTERPRISE), 0, 7, detail=True)
    with store.read() as connection:
        moment = plans.run(page_plan(asked, known), connection).moment
    history.write()
    plan = quick_plan(asked, known, moment)
    assert plan is not None
    with store.read() as connection:
        assert plans.run(plan, connection) is None


def test_the_tally_is_what_counting_again_gives(store: Store) -> None:
    history = History(store, 7)
    for _ in range(10):
        history.write()
    with store.write() as connection:
        kept = tally.kept(connection, ENTERPRISE)
        tally.rebuild(connection, ENTERPRISE)
        assert tally.kept(connection, ENTERPRISE) == kept
        count = select(func.count()).select_from(table)
        assert kept["created:", 63, 0] == connection.execute(count).scalar_one() == len(history.held)


def rows_read(store: Store, wanted: SessionFilter, skip: int) -> tuple[int, int]:
    """How many statements a page takes and how many rows they return: what flat means."""
    statements = rows = 0
    plan = page_plan(Asked(wanted, skip, 10, detail=True))
    with store.read() as connection:
        found: plans.Rows | None = None
        while True:
            try:
                query = next(plan) if found is None else plan.send(found)
            except StopIteration:
                return statements, rows
            found = connection.execute(query.build(), dict(query.values)).fetchall()
            statements += 1
            rows += len(found)
            assert query.values.get("offset", 0) <= 600


def test_a_deep_page_does_the_work_of_a_shallow_one(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.write() as connection:
        clock.lock(connection, ENTERPRISE)
        several = [
            stored(f"s{i:05}", ORGS[i % 3], NEW_YEAR_US + i * DAY_US // 24, NEW_YEAR_US + i * DAY_US)
            for i in range(6000)
        ]
        sessions.put(connection, [change(one) for one in several], moment=NEW_YEAR_US)
    for orgs in (None, ("a",), ("a", "b")):
        wanted = SessionFilter(enterprise_id=ENTERPRISE, org_ids=orgs)
        shallow = rows_read(store, wanted, 0)
        deep = rows_read(store, wanted, 1900)
        assert deep[0] - shallow[0] <= 2
        assert deep[1] - shallow[1] <= 2 * 64
    store.close()


def test_one_enterprise_does_not_count_in_another(store: Store) -> None:
    with store.write() as connection:
        for enterprise_id in ("default", "other"):
            clock.lock(connection, enterprise_id)
            moment = clock.next_moment(connection, enterprise_id, 1)
            one = stored("s", "a", NEW_YEAR_US, moment)
            foreign = StoredSession(
                **{**{f: getattr(one, f) for f in one.__struct_fields__}, "enterprise_id": enterprise_id}
            )
            sessions.put(connection, [change(foreign)], moment=moment)
    for enterprise_id in ("default", "other"):
        page = read_page(store, SessionFilter(enterprise_id=enterprise_id), skip=0, limit=5, detail=True)
        assert (page.total, page.items) == (1, [b"s"])
