"""Plans run on the database driver itself: a plan in, its result out, read from one snapshot.

SQLAlchemy would cost a hot list more than the database does. On SQLite a plan runs in the event loop, for it
is shorter than the way to a thread and back; on PostgreSQL it runs on asyncpg (`direct_postgres`).
"""

import os
import sqlite3
import threading
import time
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

CACHE_KIB: Final = 16_384
"""Of the database's pages that a reader keeps; those of threads keep less, for the system keeps them too."""

CACHE_OF_THREAD_KIB: Final = 4_096

INSTRUCTIONS_BETWEEN_LOOKS: Final = 20_000
"""Of SQLite's machine, until it looks at the clock: some tenths of a millisecond."""

LOOK_S: Final = 0.25
"""How often a reader looks whether its file is still the same one."""

STATEMENTS: Final = 256
"""Prepared statements that a connection keeps."""


class DirectReader(Protocol):
    """Runs plans. Raises the errors of `errors.StoreError`."""

    async def run(self, plan: Plan[T], *, single: bool = False) -> T:
        """The plan's result. Of a plan of one query `single` says so: it needs no transaction."""
        ...

    def close(self) -> None:
        """Let go of all connections, from wherever. The event loop's own way is `aclose`."""
        ...

    async def aclose(self) -> None:
        """Close all connections in order, in the event loop that used them."""
        ...


class SqliteReader:
    """One connection of its own to the file at `path`, opened at the first need and again after an error."""

    def __init__(self, path: Path, cache_kib: int = CACHE_KIB) -> None:
        self._path = path
        self._cache_kib = cache_kib
        self._compiler = plans.Compiler(sqlite.dialect(paramstyle="qmark"))
        # The event loop is one thread; who runs several gets one plan after the other.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._looked = 0.0

    async def run(self, plan: Plan[T], *, single: bool = False) -> T:
        """See `DirectReader`. Runs to its end without giving way."""
        return self.run_now(plan, single=single)

    def run_now(self, plan: Plan[T], *, single: bool = False, timeout_ms: int | None = None) -> T:
        """Run `plan` in this thread; it is interrupted where it takes longer than `timeout_ms`."""
        with self._lock:
            try:
                connection = self._opened()
                if timeout_ms is not None:
                    ends = time.monotonic() + timeout_ms / 1000
                    connection.set_progress_handler(
                        lambda: time.monotonic() > ends, INSTRUCTIONS_BETWEEN_LOOKS
                    )
                return self._run(plan, connection, single=single)
            except sqlite3.Error as error:
                self._forget()
                raise sqlite_error(error) from error

    def close(self) -> None:
        """See `DirectReader`."""
        with self._lock:
            self._forget()

    async def aclose(self) -> None:
        """See `DirectReader`."""
        self.close()

    def _run(self, plan: Plan[T], connection: sqlite3.Connection, *, single: bool) -> T:
        execute = connection.execute
        if not single:
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
        now = time.monotonic()
        if self._connection is not None and now - self._looked < LOOK_S:
            return self._connection
        self._looked = now
        try:
            status = os.stat(self._path)  # noqa: PTH116 (without the way through Path)
        except OSError as error:
            raise sqlite3.OperationalError(f"{self._path}: {error.strerror}") from error
        if self._connection is None or self._file != (status.st_dev, status.st_ino):
            self._forget()
            self._connection = _connected(self._path, self._cache_kib)
            self._file = (status.st_dev, status.st_ino)
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class SqliteReaders:
    """Readers for threads, for plans that would keep the event loop waiting: one for each at work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[SqliteReader] = []

    def run(self, plan: Plan[T], *, single: bool, timeout_ms: int) -> T:
        """Run `plan` in this thread, in one snapshot."""
        try:
            reader = self._idle.pop()
        except IndexError:
            reader = SqliteReader(self._path, CACHE_OF_THREAD_KIB)
        try:
            return reader.run_now(plan, single=single, timeout_ms=timeout_ms)
        finally:
            self._idle.append(reader)

    def close(self) -> None:
        """Close the connections of all that are idle."""
        while self._idle:
            self._idle.pop().close()


def sqlite_error(error: sqlite3.Error) -> StoreError:
    """The error of ours for one of SQLite's."""
    text = str(error).strip().splitlines()[0]
    if "no such table" in text or "no such column" in text:
        return StoreError(f"the database does not hold Debrief's tables: {text}")
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(f"the database cannot be used now: {text}")
    return StoreError(f"the database refused: {text}")


def _connected(path: Path, cache_kib: int) -> sqlite3.Connection:
    made = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        isolation_level=None,
        cached_statements=STATEMENTS,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    for pragma in ("query_only=1", f"cache_size=-{cache_kib}"):
        made.execute(f"PRAGMA {pragma}").close()
    return made
