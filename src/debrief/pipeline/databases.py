"""A SQLite file in, the documents of its sessions out: opened read-only, never written.

Which tables make which agent's database is known in `sources.databases` alone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from debrief.errors import NotATranscript, Unreadable
from debrief.sources import DATABASES, Exported

SQLITE_MAGIC = b"SQLite format 3\x00"

TABLES_TOLD = 8
"""Names of tables that a refusal tells of."""


class Locked(Unreadable):
    """The database is being written and nobody else may read it: later it can be."""


def take_apart(path: Path) -> Iterator[Exported]:
    """The sessions of a database. Raises `NotATranscript` where it is no agent's, or cannot be read.

    Raises `Locked` where its agent holds it.
    """
    try:
        with closing(_connect(path)) as connection:
            columns = _columns(connection)
            database = next(
                (
                    known
                    for known in DATABASES
                    if all(needed <= columns.get(name, frozenset()) for name, needed in known.tables.items())
                ),
                None,
            )
            if database is None:
                told = ", ".join(sorted(columns)[:TABLES_TOLD]) or "none"
                raise NotATranscript(f"a SQLite database of no agent that Debrief knows (tables: {told})")

            def query(statement: str) -> Iterator[dict[str, Any]]:
                cursor = connection.execute(statement)
                names = [column[0] for column in cursor.description or ()]
                for row in cursor:
                    yield dict(zip(names, row, strict=True))

            yield from database.documents(query, columns)
    except sqlite3.Error as error:
        if _is_locked(error):
            raise Locked(f"the SQLite database is in use: {error}") from error
        raise NotATranscript(f"the SQLite database cannot be read: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    """Open read-only; where even reading would write (the log and its index), take it as it lies on disk.

    A database with a write-ahead log that nobody has open has no log: reading would leave one beside it.
    """
    with path.open("rb") as stream:
        has_log = stream.read(20)[18:20] == b"\x02\x02"
    rests = has_log and not path.with_name(f"{path.name}-wal").exists()
    for options in ("mode=ro&immutable=1",) if rests else ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=5)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            # What is just being written must not be taken as it lies there.
            if "immutable" in options or _is_locked(error):
                raise
            continue
        return connection
    raise sqlite3.OperationalError("unable to open database file")


def _is_locked(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _columns(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    ]
    found = {}
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        try:
            found[name] = frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({quoted})"))
        except sqlite3.Error:
            continue
    return found
