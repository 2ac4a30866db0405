"""PostgreSQL as a neighbour: how it is reached, what its errors mean, and that we survive its absence."""

import asyncio
import socket
import ssl
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, literal_column, make_url, select, text

from conftest import Server, administer, running_server
from debrief.errors import SettingsError, StoreError, Unavailable
from debrief.store import Store, postgres
from debrief.store.plans import Plan, Query
from debrief.store.schema import organizations


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


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", Unavailable),  # disk full
        ("53200", Unavailable),  # out of memory
        ("53300", Unavailable),  # too many connections
        ("57014", Unavailable),  # statement timeout
        ("57P01", Unavailable),  # the administrator ends the session
        ("57P03", Unavailable),  # starting up
        ("55P03", Unavailable),  # lock timeout
        ("25006", Unavailable),  # read-only
        ("40P01", Unavailable),  # deadlock
        ("08006", Unavailable),  # the connection broke
        ("58030", Unavailable),  # input or output failed
        ("23505", StoreError),  # a mistake of ours
        ("42P01", StoreError),  # no such table
        ("3D000", StoreError),  # no such database
        ("28P01", StoreError),  # the password is wrong
    ],
)
def test_what_the_codes_mean(code: str, kind: type[StoreError]) -> None:
    assert type(postgres.error_of(code, "words")) is kind
    assert type(postgres.driver_error(Exception({"C": code, "M": "words"}))) is kind


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
        assert read(store, "SELECT org_id FROM organizations") == "only there"

    run(store, work())


@contextmanager
def over_tcp(path: str, greeting: bytes | None = None) -> Iterator[int]:
    """A port that leads to the Unix socket at `path`, or that says `greeting` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def copy(source: socket.socket, target: socket.socket) -> None:
            with source, target:
                while data := _received(source):
                    target.sendall(data)

        def accept() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                if greeting is not None:
                    with line:
                        line.recv(1000)
                        line.sendall(greeting)
                    continue
                other = socket.socket(socket.AF_UNIX)
                other.connect(path)
                for pair in ((line, other), (other, line)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except OSError:
        return b""


@pytest.mark.parametrize("tls", ["", "?sslmode=disable", "?sslmode=prefer"])
def test_both_drivers_come_over_tcp(postgres_url: str, tls: str) -> None:
    parsed = make_url(postgres_url)
    with over_tcp(postgres.address_of(parsed).socket_path or "") as port:
        store = Store(f"postgresql://postgres:pw@127.0.0.1:{port}/{parsed.database}{tls}")

        async def work() -> None:
            assert await store.direct.run(one("1")) == 1
            assert read(store) == 0

        run(store, work())


@pytest.mark.parametrize("greeting", [b"", b"N", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_tls_that_is_wanted_and_not_to_be_had_is_refused(greeting: bytes) -> None:
    with over_tcp("", greeting) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/x?sslmode=require"
        with pytest.raises(StoreError):
            Store(url)
        store = Store(url, migrate=False)

        async def work() -> None:
            with pytest.raises(StoreError):
                await store.direct.run(one("1"))

        run(store, work())


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="create a connection"):
        Store(f"postgresql://postgres@127.0.0.1:{port}/x")


def test_an_address_is_read_as_libpq_does() -> None:
    address = postgres.address_of(
        make_url("postgresql://ann:s%40fe@db.example:6543/main?sslmode=verify-full")
    )
    assert (address.host, address.port, address.user) == ("db.example", 6543, "ann")
    assert (address.password, address.database, address.socket_path) == ("s@fe", "main", None)
    assert isinstance(address.tls, ssl.SSLContext)
    assert address.tls.check_hostname
    assert str(address) == "db.example:6543"
    local = postgres.address_of(make_url("postgresql:///main?host=/run/postgresql&port=5433"))
    assert local.socket_path == "/run/postgresql/.s.PGSQL.5433"
    assert local.tls is False
    lax = postgres.address_of(make_url("postgresql://ann@db.example/?sslmode=require"))
    assert isinstance(lax.tls, ssl.SSLContext)
    assert lax.tls.verify_mode is ssl.CERT_NONE
    assert lax.database == "ann"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://x@y/z?sslmode=perhaps", "sslmode"),
        ("postgresql://x@y/z?sslrootcert=/nowhere&sslmode=require", "certificates"),
        ("postgresql://x@y/z?target=1", "target"),
        ("postgresql://x@/z?host=a,b", "several hosts"),
        ("postgresql://x@/z?host=a&port=b", "port"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Store(url)


@pytest.mark.parametrize("driver", ["pg8000", "asyncpg"])
def test_the_missing_extra_is_named(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delitem(sys.modules, "debrief.store.direct_postgres", raising=False)
    with pytest.raises(SettingsError, match=r"debrief\[postgres\]"):
        Store("postgresql://x@y/z")


@pytest.mark.parametrize("replica", ["sqlite:///x.db", "mysql://x/y", "postgresql://x@y/z"])
def test_sqlite_has_no_replica(replica: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DEBRIEF_REPLICA_URL"):
        Store(f"sqlite:///{tmp_path / 'x.db'}", replica_url=replica)
