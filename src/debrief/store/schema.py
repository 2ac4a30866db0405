"""The tables. Every primary key and unique key begins with `enterprise_id`, so that they distribute by it.

Times are microseconds since the epoch. Raw transcripts lie outside, in `blobs`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

metadata = MetaData()

organizations = Table(
    "organizations",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("org_id", String, primary_key=True),
    Column("created_us", BigInteger, nullable=False),
)

# One row per session. `item` is its rendered answer, of which the first `basics_size` bytes are the basics;
# `rendering` names the version and public URL that it was rendered for. `arrived_us` is the moment at which
# it was first stored here. `step_count` and `token_count` (output) say how large it is, null where that is
# not known. The other columns are what the contract filters by.
sessions = Table(
    "sessions",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("org_id", String, nullable=False),
    Column("user_id", String),
    Column("status", String, nullable=False),
    Column("repository", String),
    Column("title", String),
    Column("format", String, nullable=False),
    Column("issue_count", Integer, nullable=False),
    Column("step_count", Integer),
    Column("token_count", BigInteger),
    Column("has_analysis", SmallInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("last_event_us", BigInteger),
    Column("arrived_us", BigInteger, nullable=False),
    Column("rendering", String, nullable=False),
    Column("basics_size", Integer, nullable=False),
    Column("item", LargeBinary, nullable=False),
    # Each serves a filter in the list's order; what stands behind the session's id makes it cover the filters
    # that are combined with it, so that only the rows of the page itself are read.
    Index("ix_sessions_created", "enterprise_id", "created_us", "session_id", "updated_us", "org_id"),
    Index("ix_sessions_org_created", "enterprise_id", "org_id", "created_us", "session_id", "updated_us"),
    Index(
        "ix_sessions_user_created",
        "enterprise_id",
        "user_id",
        "created_us",
        "session_id",
        "org_id",
        "updated_us",
    ),
    Index("ix_sessions_updated", "enterprise_id", "updated_us", "created_us", "session_id", "org_id"),
    Index("ix_sessions_org_updated", "enterprise_id", "org_id", "updated_us", "created_us", "session_id"),
    Index(
        "ix_sessions_repository",
        "enterprise_id",
        "repository",
        "created_us",
        "session_id",
        "org_id",
        "status",
    ),
    Index("ix_sessions_status", "enterprise_id", "status", "created_us", "session_id", "org_id"),
    Index("ix_sessions_org_status", "enterprise_id", "org_id", "status", "created_us", "session_id"),
    Index("ix_sessions_org_analysed", "enterprise_id", "org_id", "has_analysis", "created_us", "session_id"),
    Index("ix_sessions_arrived", "enterprise_id", "arrived_us", "created_us", "session_id", "org_id"),
    Index("ix_sessions_analysed", "enterprise_id", "has_analysis", "created_us", "session_id", "org_id"),
)

# The last moment that was given to a change of the enterprise's sessions: see `clock`.
clocks = Table(
    "clocks",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("last_us", BigInteger, nullable=False),
)

# How many sessions lie in each bucket of time: see `tally`. A bucket is a time shifted right by `level` bits.
tally = Table(
    "tally",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("scope", String, primary_key=True),
    Column("level", SmallInteger, primary_key=True),
    Column("bucket", BigInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
    # A walk reads many small rows in the key's order: they lie in the key itself.
    sqlite_with_rowid=False,
)

session_tags = Table(
    "session_tags",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("tag", String, primary_key=True),
    Column("created_us", BigInteger, nullable=False),
    Column("org_id", String, nullable=False),
    Index("ix_session_tags_created", "enterprise_id", "tag", "created_us", "session_id", "org_id"),
    Index("ix_session_tags_org_created", "enterprise_id", "org_id", "tag", "created_us", "session_id"),
    sqlite_with_rowid=False,
)

# What the item was rendered from: the StoredSession without its events, and its events apart, both packed.
session_records = Table(
    "session_records",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("record", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
)

# What a session shares with its forks and retellings, and with no other session: see the pipeline's `kin`.
session_roots = Table(
    "session_roots",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("root", String, primary_key=True),
    Index("ix_session_roots_root", "enterprise_id", "root", "session_id"),
    sqlite_with_rowid=False,
)

# The raw documents of a session; position 0 is the main one.
session_documents = Table(
    "session_documents",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("size", BigInteger, nullable=False),
)

# Files that an import has seen, so that the next one need only look at their size and time. `sessions` holds
# the ids of those that came of it, separated by blanks; null where an older version saw it.
seen_files = Table(
    "seen_files",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("stamp", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("format", String),
    Column("detail", String, nullable=False),
    Column("sessions", String),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("enterprise_id", String, primary_key=True),
    Column("key_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("org_id", String),
    Column("key_hash", String, nullable=False),
    Column("hint", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
    Index("ix_api_keys_hash", "key_hash"),
)
