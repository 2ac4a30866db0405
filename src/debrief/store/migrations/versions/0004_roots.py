"""What sessions share with their forks is kept; a file that was seen names its sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "session_roots",
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_id", "session_id", "root"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_session_roots_root", "session_roots", ["enterprise_id", "root", "session_id"])
    with op.batch_alter_table("seen_files") as seen_files:
        seen_files.add_column(sa.Column("sessions", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("seen_files") as seen_files:
        seen_files.drop_column("sessions")
    op.drop_index("ix_session_roots_root", table_name="session_roots")
    op.drop_table("session_roots")
