"""Every table can be distributed by its enterprise, as docs/operations.md says for Citus.

What Citus demands of a distributed table: each primary key, unique key and unique index holds the column that
it is distributed by; a foreign key joins on it. We ask more: keys begin with it, nothing refers elsewhere.
"""

import re
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, UniqueConstraint

from conftest import administer
from debrief.store import Store
from debrief.store.schema import metadata

COLUMN = "enterprise_id"
LOCAL = {"alembic_version"}
"""What is not distributed: one row, the schema's revision."""

UNIQUE_KEYS = """
SELECT c.relname, i.relname, x.indisunique AND x.indpred IS NULL,
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = x.indkey[0])
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND (x.indisunique OR x.indisexclusion)
"""
FOREIGN_KEYS = """
SELECT c.conname FROM pg_constraint c
WHERE c.contype IN ('f', 't', 'x') AND c.connamespace = 'public'::regnamespace
"""
TABLES = """
SELECT c.relname, EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = 'enterprise_id'
    AND a.attnotnull AND a.atttypid = 'varchar'::regtype
)
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""
OTHERS = """
SELECT relname FROM pg_class WHERE relkind IN ('S', 'v', 'm', 'f') AND relnamespace = 'public'::regnamespace
UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""


def faults(tables: MetaData) -> list[str]:
    """What could not be distributed, in words."""
    found = []
    for table in tables.tables.values():
        if COLUMN not in table.columns or table.columns[COLUMN].nullable:
            found.append(f"{table.name} has no {COLUMN}, or a nullable one")
            continue
        keys: list[tuple[str, list[str]]] = [("primary key", [c.name for c in table.primary_key.columns])]
        keys += [
            (str(constraint.name), [c.name for c in constraint.columns])
            for constraint in table.constraints
            if isinstance(constraint, UniqueConstraint)
        ]
        keys += [
            (str(index.name), [c.name for c in index.columns]) for index in table.indexes if index.unique
        ]
        found += [f"{table.name}: {name} does not begin with it" for name, key in keys if key[:1] != [COLUMN]]
        found += [
            f"{table.name}: foreign key" for c in table.constraints if isinstance(c, ForeignKeyConstraint)
        ]
        found += [
            f"{table.name}.{column.name} is handed out by a sequence"
            for column in table.columns
            if column.identity is not None
            or column.autoincrement is True
            or column.server_default is not None
        ]
    return found


def test_the_schema_can_be_distributed() -> None:
    assert faults(metadata) == []


@pytest.mark.parametrize(
    "bad",
    [
        Table("t", MetaData(), Column("id", String, primary_key=True)),
        Table(
            "t", MetaData(), Column("id", String, primary_key=True), Column(COLUMN, String, nullable=False)
        ),
        Table(
            "t",
            MetaData(),
            Column(COLUMN, String, primary_key=True),
            Column("name", String),
            UniqueConstraint("name"),
        ),
        Table(
            "t",
            MetaData(),
            Column(COLUMN, String, primary_key=True),
            Column("name", String),
            Index("ix", "name", unique=True),
        ),
        Table(
            "t",
            MetaData(),
            Column(COLUMN, String, primary_key=True),
            ForeignKeyConstraint([COLUMN], ["sessions.enterprise_id"]),
        ),
        Table(
            "t",
            MetaData(),
            Column(COLUMN, String, primary_key=True),
            Column("n", Integer, primary_key=True, autoincrement=True),
        ),
    ],
)
def test_what_could_not_be_distributed_is_found(bad: Table) -> None:
    assert len(faults(bad.metadata)) == 1


def test_the_migrated_database_can_be_distributed(postgres_url: str) -> None:
    Store(postgres_url).close()
    tables = {str(name): bool(has_column) for name, has_column in administer(postgres_url, TABLES)}
    assert {name for name, has_column in tables.items() if not has_column} == LOCAL
    assert set(tables) - LOCAL == set(metadata.tables)
    keys = [row for row in administer(postgres_url, UNIQUE_KEYS) if row[0] not in LOCAL]
    assert {row[0] for row in keys} == set(metadata.tables)
    assert [row for row in keys if row[3] != COLUMN or not row[2]] == []
    assert administer(postgres_url, FOREIGN_KEYS) == []
    assert administer(postgres_url, OTHERS) == []


def test_the_manual_distributes_every_table() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    calls = re.findall(r"create_distributed_table\('(\w+)', 'enterprise_id'", manual)
    assert sorted(calls) == sorted(metadata.tables)
