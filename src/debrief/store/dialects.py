"""The only file that tells SQLite from PostgreSQL: connecting, beginning, upserting, what an error means.

SQLite: write-ahead log, synchronous=FULL (a commit survives a power cut), one writer at a time that takes its
lock at BEGIN. Reads see one snapshot per transaction on both.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Insert,
    Table,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from debrief.errors import SettingsError, StoreError
from debrief.store import postgres
from debrief.store.direct import DirectReader, SqliteReader, SqliteReaders, sqlite_error

SQLITE_BUSY_MS: Final = 10_000

SQLITE_ASKS_AGAIN_S: Final = 0.002
"""How long a writer that finds SQLite's lock taken waits until it asks again."""

POOL_SIZE: Final = 8
"""PostgreSQL connections of one process for the hot lists; half as many for other reads, and for writes."""

POOL_SECONDS: Final = 10
"""How long a statement waits for a free connection."""

STATEMENT_TIMEOUT_MS: Final = 30_000


class Options(Struct, frozen=True, kw_only=True):
    """What bounds the use of PostgreSQL, and where lists are read from if not from the database itself."""

    replica_url: str | None = None
    pool_size: int = POOL_SIZE
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS


def engines(url: str, options: Options) -> tuple[Engine, Engine]:
    """An engine for reading, where one is given from the replica, and one for writing.

    Raises `SettingsError` where a URL makes no sense.
    """
    primary = _parsed(url, "DEBRIEF_DATABASE_URL")
    if primary.get_backend_name() == "sqlite":
        _no_replica(options.replica_url)
        path = _path(primary)
        return _sqlite(path, writes=False), _sqlite(path, writes=True)
    replica = primary if options.replica_url is None else _replica(options.replica_url)
    return (
        _postgresql(replica, options, read_only=True),
        _postgresql(primary, options, read_only=False),
    )


def direct_reader(url: str, options: Options) -> DirectReader:
    """What runs plans on the driver itself, at the database or the replica at `url`. Connects when needed."""
    parsed = _parsed(url, "DEBRIEF_DATABASE_URL")
    if parsed.get_backend_name() == "sqlite":
        return SqliteReader(_path(parsed))
    address = postgres.address_of(parsed)
    try:
        from debrief.store.direct_postgres import PostgresReader  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise SettingsError(postgres.EXTRA_MISSING) from error
    return PostgresReader(address, size=options.pool_size, statement_timeout_ms=options.statement_timeout_ms)


def thread_readers(url: str) -> SqliteReaders | None:
    """What runs long plans in threads; None on PostgreSQL, where the driver itself lets the loop go on."""
    parsed = _parsed(url, "DEBRIEF_DATABASE_URL")
    return SqliteReaders(_path(parsed)) if parsed.get_backend_name() == "sqlite" else None


def in_loop(engine: Engine) -> bool:
    """Whether a read is so short that it runs in the event loop, rather than in a thread."""
    return engine.dialect.name == "sqlite"


def store_error(error: Exception) -> StoreError:
    """The error of ours that says what `error`, of SQLAlchemy or of a driver, means for the caller."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return sqlite_error(cause) if isinstance(cause, sqlite3.Error) else postgres.driver_error(cause)


def lock_migrations(connection: Connection) -> None:
    """Let one process at a time migrate; released with the transaction. SQLite's BEGIN IMMEDIATE does so."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7323868116)")


@contextmanager
def alone(engine: Engine, number: int) -> Iterator[bool]:
    """Whether no other process on the database is in a block of this number; not told on SQLite: True."""
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        got = bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar_one())
        try:
            yield got
        finally:
            if got:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")


def _parsed(url: str, name: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{name} is not a database URL; try sqlite:///path/to/debrief.db") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql", "postgres"}:
        raise SettingsError(
            f"{name}: {parsed.get_backend_name()!r} is no database that Debrief knows: sqlite or postgresql"
        )
    return parsed


def _replica(url: str) -> URL:
    parsed = _parsed(url, "DEBRIEF_REPLICA_URL")
    if parsed.get_backend_name() == "sqlite":
        _no_replica(url)
    return parsed


def _no_replica(url: str | None) -> None:
    if url is not None:
        raise SettingsError("DEBRIEF_REPLICA_URL: only PostgreSQL has replicas, for lists")


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise SettingsError("an SQLite database must be a file: sqlite:///path/to/debrief.db")
    return Path(url.database)


def _sqlite(path: Path, *, writes: bool) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": SQLITE_BUSY_MS / 1000, "check_same_thread": False},
        pool_size=8,
        # The event loop reads here too, now and then, and is not to wait for the pages' threads.
        max_overflow=8 if writes else -1,
    )

    def connect(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        # The driver is not to begin transactions by itself: the listener below does.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-8192"):
            connection.execute(f"PRAGMA {pragma}").close()
        if writes:
            connection.execute("PRAGMA busy_timeout=0").close()
        record.info["file"] = _file(path)

    def checkout(_: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if record.info.get("file") != _file(path):
            raise DisconnectionError

    event.listen(engine, "connect", connect)
    event.listen(engine, "checkout", checkout)
    event.listen(engine, "begin", _begin_to_write if writes else _begin_to_read)
    return engine


def _begin_to_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """Take SQLite's one write lock. Who has waited long asks as often as a newcomer, so that none starves.

    SQLite's own way of waiting asks ever more seldom, up to ten times a second.
    """
    ends = time.monotonic() + SQLITE_BUSY_MS / 1000
    driver: Any = connection.connection.dbapi_connection
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > ends:
                raise sqlite_error(error) from error
            time.sleep(SQLITE_ASKS_AGAIN_S)
        else:
            return


def _file(path: Path) -> tuple[int, int] | None:
    """Which file it is: another one when somebody has replaced it."""
    try:
        status = os.stat(path)  # noqa: PTH116 (on every transaction: without the way through Path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _postgresql(url: URL, options: Options, *, read_only: bool) -> Engine:
    address = postgres.address_of(url)
    try:
        engine = create_engine(
            "postgresql+pg8000://",
            creator=lambda: postgres.connect(
                address, read_only=read_only, statement_timeout_ms=options.statement_timeout_ms
            ),
            pool_size=max(2, options.pool_size // 2),
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=POOL_SECONDS,
        )
    except ModuleNotFoundError as error:
        raise SettingsError(postgres.EXTRA_MISSING) from error

    def tell_apart(context: ExceptionContext) -> None:
        """Let go of a connection that its server has ended; pg8000 is asked by its words alone."""
        if isinstance(context.original_exception, Exception) and postgres.has_ended(
            context.original_exception
        ):
            context.is_disconnect = True

    event.listen(engine, "handle_error", tell_apart)
    return engine


Found = Literal["refuse", "leave", "replace", "add"]
"""What becomes of a row with the same primary key: an error, nothing, a new one, or `n` is added up."""


def write_all(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], found: Found = "refuse"
) -> None:
    """Insert `rows`, which have the same columns, into `table`, by one statement."""
    if not rows:
        return
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _insert(table, tuple(rows[0]), found, is_sqlite=is_sqlite)
    if is_sqlite:
        connection.execute(statement, rows)
    else:
        # A statement of its own for each number of rows would have to be planned anew each time.
        connection.execute(statement, {name: [row[name] for row in rows] for name in rows[0]})


@cache
def _insert(table: Table, names: tuple[str, ...], found: Found, *, is_sqlite: bool) -> Insert:
    keys = [column.name for column in table.primary_key.columns]
    others = [name for name in names if name not in keys]
    if is_sqlite:
        lite = sqlite.insert(table)
        if found == "replace":
            return lite.on_conflict_do_update(
                index_elements=keys, set_={name: lite.excluded[name] for name in others}
            )
        if found == "add":
            return lite.on_conflict_do_update(index_elements=keys, set_={"n": table.c.n + lite.excluded.n})
        return lite.on_conflict_do_nothing(index_elements=keys) if found == "leave" else lite
    arrays = [cast(bindparam(name), postgresql.ARRAY(table.c[name].type)) for name in names]
    full = postgresql.insert(table).from_select(
        names, select(*(func.unnest(array).label(name) for name, array in zip(names, arrays, strict=True)))
    )
    if found == "replace":
        return full.on_conflict_do_update(
            index_elements=keys, set_={name: full.excluded[name] for name in others}
        )
    if found == "add":
        return full.on_conflict_do_update(index_elements=keys, set_={"n": table.c.n + full.excluded.n})
    return full.on_conflict_do_nothing(index_elements=keys) if found == "leave" else full
