"""The tally counts statuses, repositories, tags and what has an analysis; tags are found by organization."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES: dict[str, tuple[str, ...]] = {
    "ix_sessions_user_created": ("user_id", "created_us", "session_id", "org_id", "updated_us"),
    "ix_sessions_repository": ("repository", "created_us", "session_id", "org_id", "status"),
}
NEW_INDEXES = {
    "ix_sessions_org_status": ("org_id", "status", "created_us", "session_id"),
    "ix_sessions_org_analysed": ("org_id", "has_analysis", "created_us", "session_id"),
}
LEVELS = {"status": (63, 40, 34), "analysed": (63, 40, 34), "repository": (63, 40), "tag": (63, 40)}
OF_ORG = {"status": (63, 40), "analysed": (63, 40), "repository": (63, 40), "tag": (63,)}
COLUMNS = {"status": "status", "analysed": "has_analysis", "repository": "repository", "tag": "tag"}
TAGS = "enterprise_id, session_id, tag, created_us, org_id"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("step_count", sa.Integer(), nullable=True))
        sessions.add_column(sa.Column("token_count", sa.BigInteger(), nullable=True))
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="sessions")
        op.create_index(name, "sessions", ["enterprise_id", *columns])
    for name, columns in NEW_INDEXES.items():
        op.create_index(name, "sessions", ["enterprise_id", *columns])
    op.drop_index("ix_session_tags_created", table_name="session_tags")
    op.drop_index("ix_session_tags_session", table_name="session_tags")
    _rekey_tags(["enterprise_id", "session_id", "tag"], with_rowid=False)
    op.create_index(
        "ix_session_tags_created",
        "session_tags",
        ["enterprise_id", "tag", "created_us", "session_id", "org_id"],
    )
    op.create_index(
        "ix_session_tags_org_created",
        "session_tags",
        ["enterprise_id", "org_id", "tag", "created_us", "session_id"],
    )
    for kind, levels in LEVELS.items():
        table = "session_tags" if kind == "tag" else "sessions"
        value = f"'{kind}:' || CAST({COLUMNS[kind]} AS VARCHAR) || '\x1f'"
        for scope, counted in (
            (value, levels),
            (f"{value} || org_id", OF_ORG[kind]),
        ):
            for level in counted:
                op.execute(
                    "INSERT INTO tally (enterprise_id, scope, level, bucket, n) "  # noqa: S608 (our own names)
                    f"SELECT enterprise_id, {scope}, {level}, created_us >> {level}, count(*) FROM {table} "
                    f"WHERE {COLUMNS[kind]} IS NOT NULL GROUP BY 1, 2, 4"
                )


def _rekey_tags(keys: list[str], *, with_rowid: bool) -> None:
    op.rename_table("session_tags", "session_tags_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX session_tags_pkey RENAME TO session_tags_before_pkey")
    op.create_table(
        "session_tags",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("org_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint(*keys),
        sqlite_with_rowid=with_rowid,
    )
    op.execute(f"INSERT INTO session_tags ({TAGS}) SELECT {TAGS} FROM session_tags_before")  # noqa: S608 (our own names)
    op.drop_table("session_tags_before")


def downgrade() -> None:
    """Undo."""
    kinds = " OR ".join(f"scope LIKE '{kind}:%'" for kind in LEVELS)
    op.execute(f"DELETE FROM tally WHERE {kinds}")  # noqa: S608 (our own names)
    op.drop_index("ix_session_tags_created", table_name="session_tags")
    op.drop_index("ix_session_tags_org_created", table_name="session_tags")
    _rekey_tags(["enterprise_id", "tag", "session_id"], with_rowid=True)
    op.create_index(
        "ix_session_tags_created",
        "session_tags",
        ["enterprise_id", "tag", "created_us", "session_id", "org_id"],
    )
    op.create_index("ix_session_tags_session", "session_tags", ["enterprise_id", "session_id"])
    for name in NEW_INDEXES:
        op.drop_index(name, table_name="sessions")
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="sessions")
        op.create_index(name, "sessions", ["enterprise_id", *columns[:-1]])
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("step_count")
        sessions.drop_column("token_count")
