"""The database, opened and migrated to this version's schema: one door for reading, one for writing.

`read` and `write` are transactions; a write is committed at the end of its block, rolled back on any error.
What goes wrong comes out as `errors.StoreError`.
"""

import asyncio
import importlib.resources
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from debrief.errors import SchemaMismatch, Unavailable
from debrief.store import dialects
from debrief.store.schema import metadata

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """See the module. `Store(url)` connects and migrates; `close` when done."""

    def __init__(self, url: str) -> None:
        self.reader, self.writer = dialects.engines(url)
        try:
            with self.write() as connection:
                _migrate(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot for all statements of the block."""
        with _translated(), self.reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block has ended."""
        with _translated(), self.writer.begin() as connection:
            yield connection

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


def _migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision; refuse one that a newer Debrief wrote."""
    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("debrief.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    dialects.lock_migrations(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    head = script.get_current_head()
    if current == head:
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise SchemaMismatch(
            f"the database is at revision {current}, which this version of Debrief does not know; "
            "use the version that wrote it, or a newer one"
        )
    with EnvironmentContext(config, script, fn=lambda rev, _: script._upgrade_revs("head", rev)) as context:  # noqa: SLF001 (Alembic offers the upgrade of an open connection nowhere else)
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
        context.run_migrations()
