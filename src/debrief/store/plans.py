"""A read in steps, told apart from the driver that runs it.

A plan is a generator: it yields `Query`s one after another, is sent the rows of each, and returns its result.
The same plan runs on SQLite's driver in the event loop, on PostgreSQL's own asynchronous driver, or on a
SQLAlchemy connection. A query's statement is built and compiled once for each `key`; only parameters change.
"""

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Select
from sqlalchemy.engine import Dialect

T = TypeVar("T")

KEPT: Final = 4096
"""Compiled statements that are kept."""

Rows = Sequence[Sequence[Any]]

Plan = Generator["Query", Rows, T]
"""Yields queries, receives their rows, returns a T."""


class Query(Struct, frozen=True):
    """One statement. `build` makes it, with bind parameters named as `values` are.

    Two queries with the same `key` must build the same statement. `counts` says that its rows are few, and
    the same for as long as nothing changes: worth remembering (`known`).
    """

    key: Hashable
    build: Callable[[], Select[Any]]
    values: Mapping[str, Any]
    counts: bool = False


class Compiled(Struct, frozen=True):
    """A statement as the driver takes it: text with positional parameters, and their names in order.

    `constants` are the values that stand in the statement itself, which the driver wants as parameters too.
    """

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order."""
        known = {**self.constants, **values} if self.constants else values
        return [known[name] for name in self.names]


class Compiler:
    """Compiles each query once, and again when there have been very many others."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[Hashable, Compiled] = {}

    def compile(self, query: Query) -> Compiled:
        """The text and parameter order of `query`."""
        known = self._known.get(query.key)
        if known is None:
            made = query.build().compile(dialect=self._dialect)
            constants = {name: bind.value for name, bind in made.binds.items() if not bind.required}
            if len(self._known) >= KEPT:
                self._known.clear()
            known = Compiled(str(made), tuple(made.positiontup or ()), constants)
            self._known[query.key] = known
        return known


def run(plan: Plan[T], connection: Connection) -> T:
    """Run `plan` on a SQLAlchemy connection, inside the caller's transaction."""
    rows: Rows | None = None
    while True:
        try:
            query = next(plan) if rows is None else plan.send(rows)
        except StopIteration as done:
            result: T = done.value
            return result
        rows = connection.execute(query.build(), dict(query.values)).fetchall()
