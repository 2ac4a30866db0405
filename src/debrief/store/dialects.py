"""The only file that tells SQLite from PostgreSQL: connecting, beginning, upserting, what an error means.

SQLite: write-ahead log, synchronous=FULL (a commit survives a power cut), one writer at a time that takes its
lock at BEGIN. Reads see one snapshot per transaction on both.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from debrief.errors import SettingsError, StoreError, Unavailable

SQLITE_BUSY_MS: Final = 10_000


def engines(url: str) -> tuple[Engine, Engine]:
    """An engine for reading and one for writing. Raises `SettingsError` where the URL makes no sense."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            f"DEBRIEF_DATABASE_URL is not a database URL: {url!r}; try sqlite:///path/to/debrief.db"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise SettingsError("an SQLite database must be a file: sqlite:///path/to/debrief.db")
        return _sqlite(Path(parsed.database), "BEGIN"), _sqlite(Path(parsed.database), "BEGIN IMMEDIATE")
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(url, read_only=True), _postgresql(url, read_only=False)
    raise SettingsError(
        f"{parsed.get_backend_name()!r} is no database that Debrief knows: sqlite or postgresql"
    )


def in_loop(engine: Engine) -> bool:
    """Whether a read is so short that it runs in the event loop, rather than in a thread."""
    return engine.dialect.name == "sqlite"


def upsert(engine: Engine, table: Table) -> Insert:
    """An INSERT into `table` that replaces all other columns of a row with the same primary key."""
    keys = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if not column.primary_key]
    if engine.dialect.name == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(
            index_elements=keys, set_={name: lite.excluded[name] for name in others}
        )
    postgres = postgresql.insert(table)
    return postgres.on_conflict_do_update(
        index_elements=keys, set_={name: postgres.excluded[name] for name in others}
    )


def insert_missing(engine: Engine, table: Table) -> Insert:
    """An INSERT into `table` that leaves a row with the same primary key as it is."""
    keys = [column.name for column in table.primary_key.columns]
    if engine.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=keys)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=keys)


def store_error(error: DBAPIError) -> StoreError:
    """The error of ours that says what `error` means for the caller."""
    text = str(error.orig or error).strip().splitlines()[0]
    if isinstance(error.orig, sqlite3.OperationalError):
        if "no such table" in text or "no such column" in text:
            return StoreError(f"the database does not hold Debrief's tables: {text}")
        return Unavailable(f"the database cannot be used now: {text}")
    if error.connection_invalidated or type(error.orig).__name__ in {
        "OperationalError",
        "ReadOnlySqlTransaction",
        "DiskFull",
        "AdminShutdown",
        "LockNotAvailable",
        "QueryCanceled",
    }:
        return Unavailable(f"the database cannot be used now: {text}")
    return StoreError(f"the database refused: {text}")


def lock_migrations(connection: Connection) -> None:
    """Let one process at a time migrate; released with the transaction. SQLite's BEGIN IMMEDIATE does so."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7323868116)")


def _sqlite(path: Path, begin: str) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": SQLITE_BUSY_MS / 1000, "check_same_thread": False},
        pool_size=8,
        max_overflow=8,
    )

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver is not to begin transactions by itself: the listener below does.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16384", "mmap_size=268435456"):
            connection.execute(f"PRAGMA {pragma}").close()

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin_transaction)
    return engine


def _postgresql(url: str, *, read_only: bool) -> Engine:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={"options": "-c statement_timeout=30000 -c timezone=UTC", "connect_timeout": 10},
    )
    if read_only:

        def begin_transaction(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

        event.listen(engine, "begin", begin_transaction)
    return engine


def execute_all(connection: Connection, statement: Insert, parameters: Sequence[dict[str, Any]]) -> None:
    """Execute `statement` for all `parameters`, or not at all where there are none."""
    if parameters:
        connection.execute(statement, parameters)


def add_up(engine: Engine, table: Table, column: str) -> Insert:
    """An INSERT into `table` that adds to `column` where a row with the same primary key is there."""
    keys = [key.name for key in table.primary_key.columns]
    if engine.dialect.name == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(
            index_elements=keys, set_={column: table.c[column] + lite.excluded[column]}
        )
    postgres = postgresql.insert(table)
    return postgres.on_conflict_do_update(
        index_elements=keys, set_={column: table.c[column] + postgres.excluded[column]}
    )
