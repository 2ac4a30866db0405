"""Opens an agent's database that a test made, as Debrief does: read-only, and told what columns it has."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from debrief.model import Session
from debrief.sources import DATABASES, Document, Transcript, sniff
from debrief.sources.source import Exported, SessionDatabase


def columns_of(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
        for (name,) in tables
    }


def database_of(columns: dict[str, frozenset[str]]) -> SessionDatabase:
    """The first one of which every table is there with its columns."""
    return next(
        one
        for one in DATABASES
        if all(needed <= columns.get(table, frozenset()) for table, needed in one.tables.items())
    )


def exported(path: Path) -> list[Exported]:
    """The documents of the database at `path`, which `DATABASES` recognises by its tables."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row

    def query(statement: str) -> Iterator[dict[str, Any]]:
        for row in connection.execute(statement):
            yield dict(row)

    try:
        columns = columns_of(connection)
        return list(database_of(columns).documents(query, columns))
    finally:
        connection.close()


def sessions(path: Path) -> list[Session]:
    """What the formats make of the documents of the database at `path`."""
    found: list[Session] = []
    for one in exported(path):
        source = sniff(one.content[:65536])
        main = Document(one.name, lambda content=one.content: io.BytesIO(content))  # type: ignore[misc]
        found += source.parse(Transcript(main), lambda text: text)
    return found


class Made:
    """A database that a test fills row by row, and then reads at `path`."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(schema)

    def insert(self, table: str, **row: Any) -> None:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 (of the test's own making)
                tuple(row.values()),
            )
