"""PostgreSQL as a neighbour: how it is reached, what its errors mean, and that we survive its absence."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from sqlalchemy import bindparam, literal_column, make_url, select, text

from conftest import Server, administer, running_server
from debrief.errors import Unavailable
from debrief.store import Store, keys
from debrief.store.plans import Plan, Query
from debrief.store.schema import organizations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of this module's own, which may be stopped."""
    with running_server() as started:
        yield started


def one(expression: str) -> Plan[Any]:
    rows = yield Query(expression, lambda: select(literal_column(expression)), {})
    return rows[0][0]


def exists(org_id: str) -> Plan[bool]:
    rows = yield Query(
        "exists",
        lambda: select(organizations.c.org_id).where(organizations.c.org_id == bindparam("org_id")),
        {"org_id": org_id},
    )
    return bool(rows)


def write(store: Store, org_id: str) -> None:
    with store.write() as connection:
        connection.execute(
            organizations.insert(), {"enterprise_id": "default", "org_id": org_id, "created_us": 1}
        )


def read(store: Store, statement: str = "SELECT count(*) FROM organizations") -> Any:
    with store.read() as connection:
        return connection.execute(text(statement)).scalar_one()


def run(store: Store, work: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        try:
            await work
        finally:
            await store.aclose()

    asyncio.run(whole())


def test_a_server_that_stops_and_starts_again_is_survived(server: Server) -> None:
    store = Store(server.url)

    async def work() -> None:
        assert await asyncio.gather(*(store.direct.run(one("1")) for _ in range(4))) == [1] * 4
        write(store, "before")
        await asyncio.to_thread(server.stop)
        for single in (False, True):
            with pytest.raises(Unavailable):
                await store.direct.run(one("1"), single=single)
        with pytest.raises(Unavailable):
            read(store)
        with pytest.raises(Unavailable):
            write(store, "lost")
        with pytest.raises(Unavailable):
            Store(server.url)
        await asyncio.to_thread(server.start)
        assert await asyncio.gather(*(store.direct.run(one("1")) for _ in range(4))) == [1] * 4
        assert read(store) == 1
        write(store, "after")
        assert read(store) == 2

    run(store, work())


def test_a_restart_between_two_requests_is_not_noticed(server: Server) -> None:
    store = Store(server.url)

    async def work() -> None:
        for single in (False, True):
            assert await asyncio.gather(*(store.direct.run(one("1")) for _ in range(4))) == [1] * 4
            read(store)
            # In the event loop's own thread: it cannot see that its connections were closed.
            server.stop()
            server.start()
            assert await store.direct.run(one("1"), single=single) == 1
            read(store)

    run(store, work())


def test_ended_connections_are_replaced(postgres_url: str) -> None:
    store = Store(postgres_url)
    others = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )

    async def work() -> None:
        assert await store.direct.run(one("1")) == 1
        read(store)
        write(store, "a")
        assert administer(postgres_url, others)[0][0] >= 3
        assert await store.direct.run(one("1")) == 1
        assert read(store) == 1
        write(store, "b")

    run(store, work())


def test_a_connection_that_ends_in_the_middle_is_unavailable(postgres_url: str) -> None:
    store = Store(postgres_url)
    myself = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"

    def twice() -> Plan[None]:
        yield from one("1")
        yield from one("pg_terminate_backend(pg_backend_pid())")
        yield from one("1")

    async def work() -> None:
        with pytest.raises(Unavailable):
            await store.direct.run(twice())
        for _ in range(2):
            with pytest.raises(Unavailable):
                read(store, myself)
        assert await store.direct.run(one("1")) == 1
        assert read(store) == 0

    run(store, work())


def test_a_statement_that_takes_too_long_is_ended(postgres_url: str) -> None:
    store = Store(postgres_url, statement_timeout_ms=100)

    async def work() -> None:
        began = time.monotonic()
        with pytest.raises(Unavailable, match="statement timeout"):
            await store.direct.run(one("pg_sleep(20)"))
        with pytest.raises(Unavailable, match="statement timeout"):
            read(store, "SELECT pg_sleep(20)")
        assert time.monotonic() - began < 10
        assert await store.direct.run(one("1")) == 1
        assert read(store) == 0

    run(store, work())


def test_a_database_that_is_read_only_is_read(postgres_url: str) -> None:
    Store(postgres_url).close()
    name = make_url(postgres_url).database
    administer(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = Store(postgres_url)

    async def work() -> None:
        assert await store.direct.run(one("1")) == 1
        assert read(store) == 0
        with pytest.raises(Unavailable, match="read-only"):
            write(store, "a")
        administer(
            postgres_url,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} SET default_transaction_read_only = off",
            # Sessions keep what they began with: as after a failover, they are cut off.
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()",
        )
        write(store, "a")

    run(store, work())


def test_a_reader_never_writes(postgres_url: str) -> None:
    store = Store(postgres_url)
    with pytest.raises(Unavailable, match="read-only"), store.read() as connection:
        connection.execute(text("DELETE FROM organizations"))
    store.close()


def test_a_lock_that_is_not_to_be_had_is_unavailable(postgres_url: str) -> None:
    store = Store(postgres_url)
    with store.write() as connection:
        connection.execute(text("LOCK TABLE organizations"))
        with pytest.raises(Unavailable, match="lock"), store.write() as other:
            other.execute(text("LOCK TABLE organizations NOWAIT"))
        with store.write() as other:
            other.execute(text("SET lock_timeout = 50"))
        with pytest.raises(Unavailable, match="lock"), store.write() as other:
            other.execute(text("LOCK TABLE organizations"))
    store.close()


def test_a_full_pool_of_writers_is_unavailable(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("debrief.store.dialects.POOL_SECONDS", 0.1)
    store = Store(postgres_url, pool_size=2)
    with (
        store.write(),
        store.write(),
        pytest.raises(Unavailable, match="no free connection"),
        store.write(),
    ):
        pass
    with store.write() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    store.close()


def test_too_many_connections_are_unavailable(postgres_url: str) -> None:
    Store(postgres_url).close()
    name = make_url(postgres_url).database
    administer(
        postgres_url, "CREATE ROLE narrow LOGIN CONNECTION LIMIT 0", "GRANT pg_read_all_data TO narrow"
    )
    url = postgres_url.replace("postgres:@", "narrow:@")
    assert f"/{name}?" in url
    with pytest.raises(Unavailable, match="too many connections"):
        Store(url)
    store = Store(url, migrate=False)

    async def work() -> None:
        with pytest.raises(Unavailable, match="too many connections"):
            await store.direct.run(one("1"))
        administer(postgres_url, "ALTER ROLE narrow CONNECTION LIMIT -1")
        assert await store.direct.run(one("1")) == 1

    run(store, work())
    administer(postgres_url, "DROP OWNED BY narrow", "DROP ROLE narrow")


def test_lists_may_be_read_from_a_replica(new_database: Any) -> None:
    primary_url, replica_url = new_database("postgresql"), new_database("postgresql")
    replica = Store(replica_url)
    write(replica, "only there")
    replica.close()
    store = Store(primary_url, replica_url=replica_url)

    async def work() -> None:
        write(store, "only here")
        for org_id in ("only there", "only here"):
            assert await store.direct.run(exists(org_id)) is (org_id == "only there")
            assert await store.primary.run(exists(org_id)) is (org_id == "only here")
        assert read(store, "SELECT org_id FROM organizations") == "only there"
        with store.read(primary=True) as connection:
            assert connection.execute(text("SELECT org_id FROM organizations")).scalar_one() == "only here"
        key, secret = keys.create_key(store, "default", "new")
        assert keys.find_key(store, secret) == key

    run(store, work())
