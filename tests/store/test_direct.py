"""Plans on the driver itself: the answers of SQLAlchemy, one snapshot, and what a fault leaves behind."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, func, literal_column, select, text

from debrief.errors import NotFound, StoreError, Unavailable
from debrief.store import SessionFilter, Store, direct, direct_postgres, pages, plans
from debrief.store.plans import Plan, Query
from debrief.store.schema import organizations

FILTERS: list[dict[str, Any]] = [
    {},
    {"org_ids": ("a",)},
    {"org_ids": ("a", "b")},
    {"only_org": "a", "org_ids": ("b",)},
    {"tags": ("a", "b", "c"), "has_analysis": True},
    {"text": "10%"},
    {"user_ids": ("u",), "statuses": ("exit", "running"), "repo_names": ("r",)},
    {"session_ids": tuple(f"s{number}" for number in range(200))},
    {"updated_from_us": 3, "org_ids": ("a", "b")},
    {"created_from_us": 3, "created_to_us": 9, "snapshot_us": 6},
]


def counted(between: Callable[[], object] = lambda: None) -> Plan[list[int]]:
    """Counts the organizations twice; a constant of the statement is a parameter of the driver's too."""
    found = []
    for _ in range(2):
        rows = yield Query(
            "orgs",
            lambda: (
                select(func.count())
                .select_from(organizations)
                .where(
                    organizations.c.enterprise_id == bindparam("enterprise_id"),
                    organizations.c.created_us > 0,
                    organizations.c.org_id.in_([bindparam("org_0"), bindparam("org_1")]),
                )
            ),
            {"enterprise_id": "default", "org_0": "a", "org_1": "b"},
        )
        found.append(int(rows[0][0]))
        between()
    return found


def one(expression: str) -> Plan[Any]:
    """The value of one expression."""
    rows = yield Query(expression, lambda: select(literal_column(expression)), {})
    return rows[0][0]


def refused() -> Plan[int]:
    yield Query("one", lambda: select(literal_column("1")), {})
    raise NotFound("nothing of that name")


def add(store: Store, org_id: str) -> None:
    with store.write() as connection:
        connection.execute(
            organizations.insert(), {"enterprise_id": "default", "org_id": org_id, "created_us": 1}
        )


def run(store: Store, work: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        try:
            await work
        finally:
            await store.direct.aclose()

    asyncio.run(whole())


def test_a_plan_reads_what_was_committed(store: Store) -> None:
    async def work() -> None:
        assert await store.direct.run(counted()) == [0, 0]
        add(store, "a")
        assert await store.direct.run(counted()) == [1, 1]
        assert await store.direct.run(one("1"), single=True) == 1

    run(store, work())


def test_a_plan_sees_one_moment(store: Store) -> None:
    async def work() -> None:
        assert await store.direct.run(counted(lambda: add(store, "a"))) == [0, 0]

    def failing() -> Plan[None]:
        yield from counted()
        add(store, "b")

    with pytest.raises(StoreError):
        run(store, work())  # the second `add` of the same organization
    run(store, store.direct.run(failing()))


def test_a_plan_without_queries_needs_no_connection(store: Store) -> None:
    def nothing() -> Plan[int]:
        yield from ()
        return 7

    async def work() -> None:
        assert await store.direct.run(nothing()) == 7

    run(store, work())


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: "-".join(wanted) or "all")
def test_every_list_runs_on_the_driver(store: Store, wanted: dict[str, Any]) -> None:
    async def work() -> None:
        for detail in (True, False):

            def plan(detail: bool = detail) -> Plan[pages.Page]:  # noqa: FBT001
                return pages.page_plan(
                    pages.Asked(SessionFilter(enterprise_id="default", **wanted), 0, 10, detail)
                )

            with store.read() as connection:
                same = plans.run(plan(), connection)
            assert await store.direct.run(plan()) == same

    run(store, work())


def test_a_refusal_of_the_plan_costs_no_connection(store: Store) -> None:
    async def work() -> None:
        before = await identity(store)
        for single in (False, True):
            with pytest.raises(NotFound):
                await store.direct.run(refused(), single=single)
        assert await identity(store) == before

    run(store, work())


async def identity(store: Store) -> object:
    """Which connection a plan runs on."""
    if isinstance(store.direct, direct_postgres.PostgresReader):
        return await store.direct.run(one("pg_backend_pid()"))
    return 0


@pytest.mark.parametrize("single", [False, True])
def test_an_error_of_the_database_is_ours(store: Store, *, single: bool) -> None:
    async def work() -> None:
        with pytest.raises(StoreError):
            await store.direct.run(one("no_such_function(1)"), single=single)
        assert await store.direct.run(counted()) == [0, 0]
        with store.write() as connection:
            connection.execute(text("ALTER TABLE organizations RENAME TO others"))
        with pytest.raises(StoreError, match="Debrief's tables"):
            await store.direct.run(counted(), single=single)
        with store.write() as connection:
            connection.execute(text("ALTER TABLE others RENAME TO organizations"))
        assert await store.direct.run(counted()) == [0, 0]

    run(store, work())


def test_each_event_loop_is_served(store: Store) -> None:
    async def work() -> None:
        assert await store.direct.run(one("1")) == 1

    run(store, work())
    run(store, work())


def test_a_reader_cannot_write(store: Store) -> None:
    async def work() -> None:
        with pytest.raises(StoreError):
            await store.direct.run(
                one("1 FROM organizations; DELETE FROM organizations")
                if not isinstance(store.direct, direct_postgres.PostgresReader)
                else one("set_config('transaction_read_only', 'off', false), lo_creat(-1)")
            )

    run(store, work())


def test_a_file_that_was_replaced_is_opened_again(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "LOOK_S", 0.0)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    store = Store(sqlite_url)
    add(store, "a")
    copy = tmp_path / "copy.db"
    store.close()  # folds the log into the file
    shutil.copyfile(path, copy)
    store = Store(sqlite_url)

    def take_away() -> None:
        path.rename(tmp_path / "moved.db")
        for log in path.parent.glob(f"{path.name}-*"):
            log.unlink()

    async def work() -> None:
        assert await store.direct.run(counted()) == [1, 1]
        add(store, "b")
        assert await store.direct.run(counted()) == [2, 2]
        await asyncio.to_thread(take_away)
        with pytest.raises(Unavailable):
            await store.direct.run(counted())
        shutil.move(copy, path)
        assert await store.direct.run(counted()) == [1, 1]
        add(store, "c")

    run(store, work())
    store.close()


def test_a_full_pool_is_unavailable_for_a_moment(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_postgres, "ACQUIRE_SECONDS", 0.1)
    store = Store(postgres_url, pool_size=2)

    async def work() -> None:
        slow = [asyncio.create_task(store.direct.run(one("pg_sleep(0.5)"))) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(Unavailable, match="no free connection"):
            await store.direct.run(one("1"))
        await asyncio.gather(*slow)
        assert await asyncio.gather(*(store.direct.run(one("1")) for _ in range(20))) == [1] * 20

    run(store, work())
    store.close()


def test_a_reader_that_is_cancelled_leaves_its_place(postgres_url: str) -> None:
    store = Store(postgres_url, pool_size=1)

    async def work() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.direct.run(one("pg_sleep(5)")), 0.1)
        assert await store.direct.run(one("1")) == 1

    run(store, work())
    store.close()


def test_a_store_may_be_closed_from_another_thread(postgres_url: str) -> None:
    store = Store(postgres_url)

    async def work() -> None:
        assert await store.direct.run(one("1")) == 1
        await asyncio.to_thread(store.close)
        await asyncio.sleep(0.05)

    asyncio.run(work())


def test_a_long_read_of_sqlite_has_a_deadline(sqlite_url: str) -> None:
    numbers = select(literal_column("1").label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1))

    def endless() -> Plan[int]:
        rows = yield Query("endless", lambda: select(func.max(numbers.c.n)), {})
        return len(rows)

    with closing(Store(sqlite_url, statement_timeout_ms=50)) as store:
        with pytest.raises(Unavailable, match="interrupted"):
            asyncio.run(store.run(endless(), is_short=False))
        assert asyncio.run(store.run(standing(), is_short=False)) == 1


def standing() -> Plan[int]:
    rows = yield Query("one", lambda: select(literal_column("1")), {})
    return int(rows[0][0])
