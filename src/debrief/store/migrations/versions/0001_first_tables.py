"""The first tables: organizations, sessions and what hangs on them, seen files, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_keys",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("org_id", sa.String(), nullable=True),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("enterprise_id", "key_id"),
    )
    op.create_index("ix_api_keys_hash", "api_keys", ["key_hash"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("org_id", sa.String(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "org_id"),
    )
    op.create_table(
        "seen_files",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("stamp", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "path"),
    )
    op.create_table(
        "session_documents",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "session_id", "position"),
    )
    op.create_table(
        "session_records",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "session_id"),
    )
    op.create_table(
        "session_tags",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "tag", "session_id"),
    )
    op.create_index("ix_session_tags_session", "session_tags", ["enterprise_id", "session_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("org_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("issue_count", sa.Integer(), nullable=False),
        sa.Column("has_analysis", sa.SmallInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("last_event_us", sa.BigInteger(), nullable=True),
        sa.Column("rendering", sa.String(), nullable=False),
        sa.Column("basics_size", sa.Integer(), nullable=False),
        sa.Column("item", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "session_id"),
    )
    op.create_index(
        "ix_sessions_created", "sessions", ["enterprise_id", "created_us", "session_id"], unique=False
    )
    op.create_index(
        "ix_sessions_org_created",
        "sessions",
        ["enterprise_id", "org_id", "created_us", "session_id"],
        unique=False,
    )
    op.create_index(
        "ix_sessions_repository",
        "sessions",
        ["enterprise_id", "repository", "created_us", "session_id"],
        unique=False,
    )
    op.create_index(
        "ix_sessions_status",
        "sessions",
        ["enterprise_id", "status", "created_us", "session_id"],
        unique=False,
    )
    op.create_index(
        "ix_sessions_updated", "sessions", ["enterprise_id", "updated_us", "session_id"], unique=False
    )
    op.create_index(
        "ix_sessions_user_created",
        "sessions",
        ["enterprise_id", "user_id", "created_us", "session_id"],
        unique=False,
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("sessions")
    op.drop_table("session_tags")
    op.drop_table("session_records")
    op.drop_table("session_documents")
    op.drop_table("seen_files")
    op.drop_table("organizations")
    op.drop_table("api_keys")
