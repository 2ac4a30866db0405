"""The data set: how many sessions in, a database full of them out; built once, kept, and copied for each run.

The schema is made by opening a `Store`; the rows go in past it (executemany, COPY) with the indexes off, then
the tally is counted. A kept database is named by its size and by all that its rows depend on.
"""

import hashlib
import inspect
import shutil
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard
from sqlalchemy import Table
from sqlalchemy.engine import make_url

import content
import driver
from debrief.store import Store, schema, tally
from debrief.store.keys import create_key

HERE: Final = Path(__file__).parent
OUT: Final = HERE / "out"
STORE: Final = Path(inspect.getfile(schema)).parent
RECORDS: Final = 5_000
"""As many of the newest sessions have their record, so that they can be changed; a list never reads it."""
CHUNK: Final = 20_000

Values = dict[str, Any]


class Database(msgspec.Struct, frozen=True):
    """A built database: where it is, a key for it, how long its building took (0 where it stood already)."""

    url: str
    key: str
    seconds: float


def revision(*, small: bool = False) -> str:
    """Names everything that a kept database depends on."""
    digest = hashlib.sha256(b"small" if small else b"")
    files = [STORE / "schema.py", STORE / "tally.py", STORE.parent / "wire" / "v2.py"]
    files += [
        *sorted((STORE / "migrations" / "versions").glob("*.py")),
        HERE / "content.py",
        HERE / "build.py",
        HERE / "driver.py",
    ]
    for path in files:
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def sqlite(count: int, *, small: bool = False, copy: bool = True) -> Database:
    """An SQLite database of `count` sessions; a copy that may be written to, unless `copy` is off."""
    kept = OUT / f"sqlite-{count}-{revision(small=small)}.db"
    seconds = 0.0
    if not kept.exists():
        OUT.mkdir(exist_ok=True)
        for old in OUT.glob(f"sqlite-{count}-*.db"):
            old.unlink()
        began = time.perf_counter()
        half = OUT / f"half-{count}.db"
        _remove(half)
        _fill(f"sqlite:///{half}", count, small=small)
        half.rename(kept)
        seconds = time.perf_counter() - began
    path = kept
    if copy:
        path = OUT / f"work-{count}.db"
        _remove(path)
        shutil.copyfile(kept, path)
    return _opened(f"sqlite:///{path}", seconds)


def postgresql(server: str, count: int, *, small: bool = False, copy: bool = True) -> Database:
    """The same in the PostgreSQL server at the URL `server`."""
    kept = f"bench_{count}_{revision(small=small)}"
    work = f"work_{count}"
    seconds = 0.0
    with driver.connected(server, autocommit=True) as connection:
        found = {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}
        if kept not in found:
            for old in found:
                if old.startswith((f"bench_{count}_", f"half_{count}")):
                    connection.execute(f"DROP DATABASE {old}")
            began = time.perf_counter()
            connection.execute(f"CREATE DATABASE half_{count}")
            _fill(_named(server, f"half_{count}"), count, small=small)
            connection.execute(f"ALTER DATABASE half_{count} RENAME TO {kept}")
            seconds = time.perf_counter() - began
        if copy:
            connection.execute(f"DROP DATABASE IF EXISTS {work}")
            connection.execute(f"CREATE DATABASE {work} TEMPLATE {kept} STRATEGY FILE_COPY")
    return _opened(_named(server, work if copy else kept), seconds)


def drop_copies(server: str | None, count: int) -> None:
    """Give the room of the copies back."""
    _remove(OUT / f"work-{count}.db")
    if server is not None:
        with driver.connected(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS work_{count} WITH (FORCE)")


def _opened(url: str, seconds: float) -> Database:
    store = Store(url)
    try:
        _, secret = create_key(store, content.ENTERPRISE, "bench")
    finally:
        store.close()
    return Database(url, secret, seconds)


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def _fill(url: str, count: int, *, small: bool) -> None:
    Store(url).close()
    if url.startswith("sqlite"):
        _fill_sqlite(Path(make_url(url).database or ""), _chunks(count, small=small))
    else:
        _fill_postgresql(url, _chunks(count, small=small))
    store = Store(url, statement_timeout_ms=driver.PATIENCE_MS)
    try:
        with store.write() as connection:
            tally.rebuild(connection, content.ENTERPRISE)
    finally:
        store.close()
    if url.startswith("postgresql"):
        with driver.connected(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _chunks(count: int, *, small: bool) -> Iterator[dict[Table, list[tuple[Any, ...]]]]:
    """Rows by table, some thousand sessions at a time."""
    world = content.World(small=small)
    rows = world.sessions(count)
    yield {schema.organizations: _tuples(schema.organizations, _organizations(world))}
    done = 0
    while chunk := list(islice(rows, CHUNK)):
        done += len(chunk)
        tagged = [{**values, "tag": tag} for values in chunk for tag in values["tags"]]
        made = {
            schema.sessions: _tuples(schema.sessions, chunk),
            schema.session_tags: _tuples(schema.session_tags, tagged),
        }
        if done > count - RECORDS:
            made[schema.session_records] = _tuples(
                schema.session_records, [_record(world, values) for values in chunk[-RECORDS:]]
            )
        yield made


def _organizations(world: content.World) -> list[Values]:
    created = content.us(content.END - content.SPAN)
    return [{"enterprise_id": content.ENTERPRISE, "org_id": org, "created_us": created} for org in world.orgs]


def _record(world: content.World, values: Values) -> Values:
    stored = world.stored(values)
    bare = msgspec.structs.replace(stored, session=msgspec.structs.replace(stored.session, events=()))
    pack = zstandard.ZstdCompressor(level=3).compress
    encode = msgspec.msgpack.encode
    return {**values, "record": pack(encode(bare)), "events": pack(encode(stored.session.events))}


def _tuples(table: Table, rows: list[Values]) -> list[tuple[Any, ...]]:
    names = [column.name for column in table.columns]
    missing = [name for name in names if rows and name not in rows[0]]
    if missing:
        raise SystemExit(f"bench/content.py gives {table.name} no value for: {', '.join(missing)}")
    return [tuple([values[name] for name in names]) for values in rows]


def _fill_sqlite(path: Path, chunks: Iterator[dict[Table, list[tuple[Any, ...]]]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()
    kept = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = connection.execute(kept).fetchall()
    connection.execute("BEGIN EXCLUSIVE")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    for chunk in chunks:
        for table, rows in chunk.items():
            marks = ",".join("?" * len(table.columns))
            names = ", ".join(column.name for column in table.columns)
            insert = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 (names of ours)
            connection.executemany(insert, rows)
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.close()


def _fill_postgresql(url: str, chunks: Iterator[dict[Table, list[tuple[Any, ...]]]]) -> None:
    with driver.connected(url) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        kept = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        indexes = connection.execute(kept)
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for chunk in chunks:
            for table, rows in chunk.items():
                connection.copy(table, rows)
        for _, sql in indexes:
            connection.execute(sql)
