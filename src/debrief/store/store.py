"""The database, opened and migrated to this version's schema: one door for reading, one for writing.

`read` and `write` are transactions; a write is committed at the end of its block, rolled back on any error.
What goes wrong comes out as `errors.StoreError`.
"""

import asyncio
import importlib.resources
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from debrief.errors import SchemaMismatch, Unavailable
from debrief.interrupts import held
from debrief.store import dialects
from debrief.store.glance import newest_revision
from debrief.store.plans import Plan
from debrief.store.schema import metadata

P = ParamSpec("P")
T = TypeVar("T")

UPKEEP = 7_323_868_117
"""The number of the lock on PostgreSQL that tells who looks after what is stored."""


class Store:
    """See the module. `Store(url)` connects and migrates; `close` when done, or `aclose` in an event loop.

    `direct` runs plans on the driver itself. It and other reads go to `replica_url` where one is given, which
    answers a little late; `primary` is `direct` for what must not be late. `pool_size` bounds PostgreSQL
    alone, `statement_timeout_ms` its statements and SQLite's long reads. Without `migrate` nothing is
    connected before it is needed: another process has seen to the schema.
    """

    def __init__(
        self,
        url: str,
        *,
        replica_url: str | None = None,
        pool_size: int = dialects.POOL_SIZE,
        statement_timeout_ms: int = dialects.STATEMENT_TIMEOUT_MS,
        migrate: bool = True,
    ) -> None:
        options = dialects.Options(
            replica_url=replica_url, pool_size=pool_size, statement_timeout_ms=statement_timeout_ms
        )
        self._statement_timeout_ms = statement_timeout_ms
        self.reader, self.writer = dialects.engines(url, options)
        self.direct = dialects.direct_reader(replica_url or url, options)
        self._in_threads = dialects.thread_readers(url)
        self.primary = self.direct if replica_url is None else dialects.direct_reader(url, options)
        if not migrate:
            return
        try:
            with _translated(), self.writer.connect() as connection:
                is_current = _is_current(connection)
            if not is_current:
                with self.write() as connection:
                    _migrate(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self.direct.close()
        self.primary.close()
        if self._in_threads is not None:
            self._in_threads.close()
        self.reader.dispose()
        self.writer.dispose()

    async def aclose(self) -> None:
        """Close all connections, those of the running event loop too; whoever goes on opens new ones."""
        await self.direct.aclose()
        await self.primary.aclose()
        self.close()

    @contextmanager
    def read(self, *, primary: bool = False) -> Iterator[Connection]:
        """One snapshot for all statements of the block; with `primary`, replica or not, what is true now."""
        is_late = primary and self.direct is not self.primary
        with _translated(), (self.writer if is_late else self.reader).begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block has ended; Ctrl-C waits for its end."""
        with held(), _translated(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def upkeep(self) -> Iterator[bool]:
        """Whether the caller is to look after what is stored: of several processes on PostgreSQL one is."""
        with _translated(), dialects.alone(self.writer, UPKEEP) as is_alone:
            yield is_alone

    async def run(self, plan: Plan[T], *, is_short: bool, single: bool = False) -> T:
        """Run a list's plan: a short one where that is quickest, another where it keeps nobody waiting.

        On SQLite a short plan runs in the event loop, a long one in a thread and with a deadline. A plan of
        one query, `single`, needs no transaction.
        """
        readers = self._in_threads
        if is_short or readers is None:
            return await self.direct.run(plan, single=single)
        return await asyncio.to_thread(
            readers.run, plan, single=single, timeout_ms=self._statement_timeout_ms
        )

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading function from the event loop: in it where that is shortest, else in a thread."""
        if dialects.in_loop(self.reader):
            return function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise dialects.store_error(error) from error
    except PoolTimeout as error:
        raise Unavailable("the database has no free connection now") from error


def _is_current(connection: Connection) -> bool:
    """Whether nothing is to be migrated: then a database that can only be read can be served too."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return found == [newest_revision()]


def _migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision; refuse one that a newer Debrief wrote."""
    from alembic.config import Config  # noqa: PLC0415 (takes long to load, and is seldom needed)
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 (the same)
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 (the same)
    from alembic.script import ScriptDirectory  # noqa: PLC0415 (the same)

    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("debrief.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    dialects.lock_migrations(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise SchemaMismatch(
            f"the database is at revision {current}, which this version of Debrief does not know; "
            "use the version that wrote it, or a newer one"
        )
    with EnvironmentContext(
        config,
        script,
        fn=lambda rev, _: script._upgrade_revs("head", rev),  # noqa: SLF001 (Alembic offers the upgrade of an open connection nowhere else)
    ) as context:
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
        context.run_migrations()
