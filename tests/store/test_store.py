import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from debrief.errors import KeyRefused, NotFound, SchemaMismatch, SettingsError, StoreError, Unavailable
from debrief.store import Store, keys
from debrief.store.schema import metadata


def test_the_migrations_make_the_schema(store: Store) -> None:
    with store.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_key_begins_with_the_enterprise() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "enterprise_id", table.name
        assert not table.foreign_keys
        for index in table.indexes:
            assert not index.unique or next(iter(index.columns)).name == "enterprise_id", index.name


def test_opening_again_changes_nothing(database_url: str) -> None:
    first = Store(database_url)
    key, secret = keys.create_key(first, "default", "one")
    first.close()
    second = Store(database_url)
    assert keys.find_key(second, secret) == key
    second.close()


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    store = Store(database_url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(SchemaMismatch, match="9999"):
        Store(database_url)


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write() as connection:
            connection.execute(text("INSERT INTO organizations VALUES ('default', 'half', 1)"))
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM organizations")).scalar_one() == 0


def test_a_read_sees_one_moment(store: Store) -> None:
    with store.read() as connection:
        count = text("SELECT count(*) FROM organizations")
        assert connection.execute(count).scalar_one() == 0
        with store.write() as writing:
            writing.execute(text("INSERT INTO organizations VALUES ('default', 'new', 1)"))
        assert connection.execute(count).scalar_one() == 0


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        Store(url)


def test_sqlite_commits_survive_a_power_cut(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.write() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    store.close()


def test_a_file_that_is_no_database_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "not.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}")


def test_a_locked_database_is_unavailable_not_broken(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(sqlite_url).close()
    monkeypatch.setattr("debrief.store.dialects.SQLITE_BUSY_MS", 10)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            Store(sqlite_url)
        other.execute("ROLLBACK")
    other.close()
    Store(sqlite_url).close()


def test_keys_are_found_by_their_secret_until_they_are_revoked(store: Store) -> None:
    key, secret = keys.create_key(store, "default", "CI", "acme")
    assert secret.startswith("apk_user_")
    assert keys.find_key(store, secret) == key
    assert keys.key_by_id(store, "default", key.key_id) == key
    assert keys.list_keys(store, "default") == [key]
    assert keys.list_keys(store, "other") == []
    with pytest.raises(NotFound):
        keys.revoke_key(store, "other", key.key_id)
    keys.revoke_key(store, "default", key.key_id)
    with pytest.raises(KeyRefused):
        keys.find_key(store, secret)
    with pytest.raises(KeyRefused):
        keys.key_by_id(store, "default", key.key_id)
    with pytest.raises(NotFound):
        keys.revoke_key(store, "default", key.key_id)


@pytest.mark.parametrize("secret", ["", "apk_user_wrong", "\ud800", "x" * 100_000, "a\x00b"])
def test_what_is_no_key_is_refused(store: Store, secret: str) -> None:
    with pytest.raises(KeyRefused):
        keys.find_key(store, secret)


def test_the_database_does_not_hold_the_secret(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    _, secret = keys.create_key(store, "default", "one")
    store.close()
    content = b"".join(
        path.read_bytes() for path in Path(sqlite_url.removeprefix("sqlite:///")).parent.iterdir()
    )
    assert secret.encode() not in content
