"""Plans run on the database driver itself: a plan in, its result out, read from one snapshot.

SQLAlchemy would cost a hot list more than the database does. On SQLite a plan runs in the event loop, for it
is shorter than the way to a thread and back; on PostgreSQL it runs on asyncpg (`direct_postgres`).
"""

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

from sqlalchemy.dialects import sqlite

from debrief.errors import StoreError, Unavailable
from debrief.store import plans
from debrief.store.plans import Plan

T = TypeVar("T")

BUSY_SECONDS: Final = 0.1
"""How long the event loop waits for a lock. A reader meets one only while the log is being recovered."""

STATEMENTS: Final = 256
"""Prepared statements that a connection keeps."""


class DirectReader(Protocol):
    """Runs plans. Raises the errors of `errors.StoreError`."""

    async def run(self, plan: Plan[T], *, single: bool = False) -> T:
        """The plan's result. Of a plan of one query `single` says so: it needs no transaction."""
        ...

    def version(self) -> int | None:
        """Differs from before when anybody has committed since; None where only a query could tell."""
        ...

    def close(self) -> None:
        """Let go of all connections, from wherever. The event loop's own way is `aclose`."""
        ...

    async def aclose(self) -> None:
        """Close all connections in order, in the event loop that used them."""
        ...


class SqliteReader:
    """One connection of its own to the file at `path`, opened at the first need and again after an error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._compiler = plans.Compiler(sqlite.dialect(paramstyle="qmark"))
        # The event loop is one thread; who runs several gets one plan after the other.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    async def run(self, plan: Plan[T], *, single: bool = False) -> T:  # noqa: ARG002 (BEGIN and COMMIT cost nothing here)
        """See `DirectReader`. Runs to its end without giving way."""
        with self._lock:
            try:
                return self._run(plan)
            except sqlite3.Error as error:
                self._forget()
                raise sqlite_error(error) from error

    def version(self) -> int | None:
        """See `DirectReader`."""
        with self._lock:
            try:
                row = self._opened().execute("PRAGMA data_version").fetchone()
            except sqlite3.Error as error:
                self._forget()
                raise sqlite_error(error) from error
        return int(row[0])

    def close(self) -> None:
        """See `DirectReader`."""
        with self._lock:
            self._forget()

    async def aclose(self) -> None:
        """See `DirectReader`."""
        self.close()

    def _run(self, plan: Plan[T]) -> T:
        connection = self._opened()
        execute = connection.execute
        execute("BEGIN")
        try:
            query = next(plan)
            while True:
                compiled = self._compiler.compile(query)
                rows = execute(compiled.text, compiled.arguments(query.values)).fetchall()
                query = plan.send(rows)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            # Nothing was written: to end the transaction is all that either way of ending it does.
            if connection.in_transaction:
                execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        try:
            status = os.stat(self._path)  # noqa: PTH116 (on every page: without the way through Path)
        except OSError as error:
            raise sqlite3.OperationalError(f"{self._path}: {error.strerror}") from error
        if self._connection is None or self._file != (status.st_dev, status.st_ino):
            self._forget()
            self._connection = _connected(self._path)
            self._file = (status.st_dev, status.st_ino)
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def sqlite_error(error: sqlite3.Error) -> StoreError:
    """The error of ours for one of SQLite's."""
    text = str(error).strip().splitlines()[0]
    if "no such table" in text or "no such column" in text:
        return StoreError(f"the database does not hold Debrief's tables: {text}")
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(f"the database cannot be used now: {text}")
    return StoreError(f"the database refused: {text}")


def _connected(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        isolation_level=None,
        cached_statements=STATEMENTS,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    for pragma in ("query_only=1", "cache_size=-16384", "mmap_size=268435456"):
        made.execute(f"PRAGMA {pragma}").close()
    return made
