"""`direct.DirectReader` for PostgreSQL, on asyncpg: imported only where the extra is installed.

A plan of several queries runs in one read-only transaction of level REPEATABLE READ, which is the session's
default, so that a bare BEGIN is enough. The pool is our own: asyncpg's takes as long as a short query does,
by a task and a proxy for each use and a reset that readers do not need.
"""

import asyncio
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from debrief.errors import DebriefError, StoreError, Unavailable
from debrief.store import plans, postgres
from debrief.store.plans import Plan, Query, Rows

T = TypeVar("T")

ACQUIRE_SECONDS: Final = 5.0
"""How long a request waits for one of the pool's connections."""

FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What asyncpg raises. Its time limits raise TimeoutError, which is an OSError."""

BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
)
"""What a connection answers whose server has gone since it was last used."""


class PostgresReader:
    """Up to `size` connections, opened as they are needed, in the event loop that needs them."""

    def __init__(self, address: postgres.Address, *, size: int, statement_timeout_ms: int) -> None:
        self._arguments = postgres.asyncpg_arguments(address, statement_timeout_ms=statement_timeout_ms)
        self._size = size
        self._compiler = plans.Compiler(dialect())  # type: ignore[no-untyped-call]
        self._pool: _Pool | None = None

    async def run(self, plan: Plan[T], *, single: bool = False) -> T:
        """See `direct.DirectReader`."""
        try:
            query = next(plan)
        except StopIteration as done:
            result: T = done.value
            return result
        pool = self._opened()
        connection: Any = None
        try:
            connection, rows = await self._begun(pool, query, single=single)
            refusal: DebriefError | None = None
            try:
                result = await self._finished(plan, rows, connection)
            except DebriefError as error:
                refusal = error  # the plan's own word about what it read: the connection is as good as before
            if not single:
                await connection.execute("ROLLBACK")
            pool.give_back(connection)
            connection = None
        except FAILURES as error:
            raise store_error(error) from error
        finally:
            if connection is not None:
                pool.drop(connection)
        if refusal is not None:
            raise refusal
        return result

    def close(self) -> None:
        """See `direct.DirectReader`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def aclose(self) -> None:
        """See `direct.DirectReader`."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.loop is asyncio.get_running_loop():
            await pool.aclose()

    async def _begun(self, pool: "_Pool", query: Query, *, single: bool) -> tuple[Any, Rows]:
        """A connection and the rows of the plan's first query, which may be asked a second time."""
        for is_last in (False, True):
            connection = await pool.take()
            rows: Rows | None = None
            try:
                if not single:
                    await connection.execute("BEGIN")
                rows = await self._rows(connection, query)
            except BROKEN:
                pool.drop_idle()
                if is_last:
                    raise
            finally:
                if rows is None:
                    pool.drop(connection)
            if rows is not None:
                return connection, rows
        raise AssertionError

    async def _finished(self, plan: Plan[T], rows: Rows, connection: Any) -> T:  # noqa: ANN401 (asyncpg has no types)
        try:
            while True:
                rows = await self._rows(connection, plan.send(rows))
        except StopIteration as done:
            result: T = done.value
            return result

    async def _rows(self, connection: Any, query: Query) -> Rows:  # noqa: ANN401 (asyncpg has no types)
        compiled = self._compiler.compile(query)
        rows: Rows = await connection.fetch(compiled.text, *compiled.arguments(query.values))
        return rows

    def _opened(self) -> "_Pool":
        loop = asyncio.get_running_loop()
        if self._pool is None or self._pool.loop is not loop:
            self.close()
            self._pool = _Pool(loop, self._arguments, self._size)
        return self._pool


class _Pool:
    """Connections of one event loop. Who takes one gives it back as it was, or drops it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, arguments: dict[str, Any], size: int) -> None:
        self.loop = loop
        self._arguments = arguments
        self._places = asyncio.Semaphore(size)
        self._idle: list[Any] = []
        self._taken: set[Any] = set()

    async def take(self) -> Any:  # noqa: ANN401 (asyncpg has no types)
        """An open connection: the one that was used last, or a new one."""
        if self._places.locked():
            try:
                await asyncio.wait_for(self._places.acquire(), ACQUIRE_SECONDS)
            except TimeoutError:
                raise Unavailable("the database has no free connection now") from None
        else:
            await self._places.acquire()
        connection = None
        try:
            while self._idle and connection is None:
                connection = self._idle.pop()
                if connection.is_closed():
                    connection = None
            if connection is None:
                connection = await asyncpg.connect(**self._arguments)
        finally:
            if connection is None:
                self._places.release()
        self._taken.add(connection)
        return connection

    def give_back(self, connection: Any) -> None:  # noqa: ANN401
        """Let the next one use it."""
        if connection in self._taken:
            self._taken.remove(connection)
            self._idle.append(connection)
            self._places.release()

    def drop(self, connection: Any) -> None:  # noqa: ANN401
        """Close it at once, in whatever state it is."""
        if connection in self._taken:
            self._taken.remove(connection)
            self._places.release()
        connection.terminate()

    def drop_idle(self) -> None:
        """Close those that nobody uses: their server has gone."""
        while self._idle:
            self._idle.pop().terminate()

    async def aclose(self) -> None:
        """Say goodbye to the server on those that nobody uses, and cut off the others."""
        idle, self._idle = self._idle, []
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                for connection in idle:
                    await connection.close()
        except FAILURES:
            self._idle = idle
        self._cut()

    def terminate(self) -> None:
        """Cut all off, from whichever thread."""
        if self.loop.is_closed():
            return
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self._cut)
        else:
            self._cut()

    def _cut(self) -> None:
        for connection in (*self._idle, *self._taken):
            connection.terminate()
        self._idle.clear()
        self._taken.clear()


def store_error(error: BaseException) -> StoreError:
    """The error of ours for one of asyncpg's."""
    if isinstance(error, asyncpg.PostgresError):
        return postgres.error_of(error.sqlstate, str(error))
    if isinstance(error, TimeoutError):
        return postgres.error_of(None, "it did not answer in time")
    if isinstance(error, asyncpg.DataError):
        return StoreError(f"the database refused: {error}")
    return postgres.error_of(None, str(error) or type(error).__name__)
