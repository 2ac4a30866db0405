"""PostgreSQL past the store: connections that administer, and rows by binary COPY."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.engine import make_url

from debrief.store import postgres

PATIENCE_MS: Final = 1_200_000
"""How long a statement may run: an index over millions of rows takes minutes."""

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER: Final = struct.pack("!h", -1)
NULL: Final = struct.pack("!i", -1)
PIECE: Final = 1 << 16

Rows = list[Sequence[Any]]


class Driven:
    """A connection of pg8000."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 (pg8000 has no types)
        self._connection = connection
        self._cursor = connection.cursor()

    def execute(self, statement: str) -> Rows:
        """The rows of `statement`, if it gives any."""
        self._cursor.execute(statement)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def figure(self, query: str) -> float:
        """The one number that `query` gives."""
        return float(self.execute(query)[0][0])

    def copy(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Put `rows`, with the values of all columns, into `table`."""
        names = ", ".join(column.name for column in table.columns)
        statement = f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)"
        self._cursor.execute(statement, stream=_packed(table, rows))

    def commit(self) -> None:
        """Keep what was done."""
        self._connection.commit()


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[Driven]:
    """A connection to the database at `url`, whose transaction is committed at the end."""
    address = postgres.address_of(make_url(url))
    made = postgres.connect(address, read_only=False, statement_timeout_ms=PATIENCE_MS)
    with closing(made):
        made.autocommit = autocommit
        driven = Driven(made)
        yield driven
        if not autocommit:
            driven.commit()


def _packed(table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    numbers: list[struct.Struct | None] = []
    for column in table.columns:
        match column.type:
            case BigInteger():
                numbers.append(struct.Struct("!iq"))
            case SmallInteger():
                numbers.append(struct.Struct("!ih"))
            case Integer():
                numbers.append(struct.Struct("!ii"))
            case _:
                numbers.append(None)
    is_bytes = [isinstance(column.type, LargeBinary) for column in table.columns]
    columns = list(zip(numbers, is_bytes, strict=True))
    length = struct.Struct("!i").pack
    width = struct.pack("!h", len(columns))
    piece = bytearray(HEADER)
    for row in rows:
        piece += width
        for value, (number, raw) in zip(row, columns, strict=True):
            if value is None:
                piece += NULL
            elif number is not None:
                piece += number.pack(number.size - 4, value)
            else:
                data = value if raw else value.encode()
                piece += length(len(data))
                piece += data
        if len(piece) > PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + TRAILER)
