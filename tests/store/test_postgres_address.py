"""How PostgreSQL is reached: addresses, TLS, TCP; what its codes mean; what is missing or makes no sense."""

import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import literal_column, make_url, select, text

from debrief.errors import SettingsError, StoreError, Unavailable
from debrief.store import Store, postgres
from debrief.store.plans import Plan, Query

pytestmark = pytest.mark.slow


def one(expression: str) -> Plan[Any]:
    rows = yield Query(expression, lambda: select(literal_column(expression)), {})
    return rows[0][0]


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
