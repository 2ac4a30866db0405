"""Exact totals and flat skips: the tally, the clock of changes, arrival, indexes that cover filters."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_sessions_created": ("created_us", "session_id", "updated_us", "org_id"),
    "ix_sessions_org_created": ("org_id", "created_us", "session_id", "updated_us"),
    "ix_sessions_user_created": ("user_id", "created_us", "session_id", "org_id"),
    "ix_sessions_updated": ("updated_us", "created_us", "session_id", "org_id"),
    "ix_sessions_org_updated": ("org_id", "updated_us", "created_us", "session_id"),
    "ix_sessions_repository": ("repository", "created_us", "session_id", "org_id"),
    "ix_sessions_status": ("status", "created_us", "session_id", "org_id"),
    "ix_sessions_arrived": ("arrived_us", "created_us", "session_id", "org_id"),
    "ix_sessions_analysed": ("has_analysis", "created_us", "session_id", "org_id"),
}
OLD_INDEXES = {
    "ix_sessions_created": ("created_us", "session_id"),
    "ix_sessions_org_created": ("org_id", "created_us", "session_id"),
    "ix_sessions_user_created": ("user_id", "created_us", "session_id"),
    "ix_sessions_updated": ("updated_us", "session_id"),
    "ix_sessions_repository": ("repository", "created_us", "session_id"),
    "ix_sessions_status": ("status", "created_us", "session_id"),
}
LEVELS = {"created": (63, 40, 34), "updated": (40, 34, 25)}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "clocks",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id"),
    )
    op.create_table(
        "tally",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "scope", "level", "bucket"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("arrived_us", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("session_tags") as tags:
        tags.add_column(sa.Column("created_us", sa.BigInteger(), nullable=False, server_default="0"))
        tags.add_column(sa.Column("org_id", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE sessions SET arrived_us = updated_us")
    same = "s.enterprise_id = session_tags.enterprise_id AND s.session_id = session_tags.session_id"
    for column in ("created_us", "org_id"):
        op.execute(f"UPDATE session_tags SET {column} = (SELECT s.{column} FROM sessions s WHERE {same})")  # noqa: S608 (our own names)
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("arrived_us", server_default=None)
    with op.batch_alter_table("session_tags") as tags:
        tags.alter_column("created_us", server_default=None)
        tags.alter_column("org_id", server_default=None)
    for name in OLD_INDEXES:
        op.drop_index(name, table_name="sessions")
    for name, columns in INDEXES.items():
        op.create_index(name, "sessions", ["enterprise_id", *columns])
    op.create_index(
        "ix_session_tags_created",
        "session_tags",
        ["enterprise_id", "tag", "created_us", "session_id", "org_id"],
    )
    op.execute(
        "INSERT INTO clocks (enterprise_id, last_us) "
        "SELECT enterprise_id, MAX(updated_us) FROM sessions GROUP BY enterprise_id"
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_items_inline()
    scopes = [(axis, scope) for axis in LEVELS for scope in (f"'{axis}:'", f"'{axis}:' || org_id")]
    for axis, scope in scopes:
        for level in LEVELS[axis]:
            op.execute(
                "INSERT INTO tally (enterprise_id, scope, level, bucket, n) "  # noqa: S608 (our own names)
                f"SELECT enterprise_id, {scope}, {level}, {axis}_us >> {level}, count(*) FROM sessions "
                "GROUP BY 1, 2, 4"
            )


def _keep_items_inline() -> None:
    """A page reads a hundred items: beside their rows, with lz4 where the server has it."""
    has_lz4 = sa.text(
        "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    )
    if op.get_bind().execute(has_lz4).scalar():
        op.execute(
            "ALTER TABLE sessions ALTER COLUMN item SET STORAGE MAIN, ALTER COLUMN item SET COMPRESSION lz4"
        )
    else:
        op.execute("ALTER TABLE sessions SET (toast_tuple_target = 8160)")
    # Packed already: not worth compressing again.
    op.execute(
        "ALTER TABLE session_records ALTER COLUMN record SET STORAGE EXTERNAL, "
        "ALTER COLUMN events SET STORAGE EXTERNAL"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_session_tags_created", table_name="session_tags")
    for name in INDEXES:
        op.drop_index(name, table_name="sessions")
    with op.batch_alter_table("session_tags") as tags:
        tags.drop_column("created_us")
        tags.drop_column("org_id")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("arrived_us")
    for name, columns in OLD_INDEXES.items():
        op.create_index(name, "sessions", ["enterprise_id", *columns])
    op.drop_table("tally")
    op.drop_table("clocks")
