"""What earlier imports saw, read from a SQLite file with Python's own library alone.

For an import that has nothing to do: it is over before SQLAlchemy and Alembic were loaded. Any doubt is None.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

Seen = tuple[str, str, str | None, str]
"""A file's stamp, and the outcome, format and detail that were told of it."""

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def newest_revision() -> str:
    """The revision of this version of Debrief: the name of each file of migrations begins with its own."""
    return max(path.name for path in _VERSIONS.glob("[0-9]*.py")).partition("_")[0]


def file_of(url: str) -> Path | None:
    """The file of a SQLite database, whether it is there or not; None where `url` names no such file."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme == "sqlite" and path and "?" not in path else None


def glance(url: str, enterprise_id: str, silent_before_us: int) -> dict[str, Seen] | None:
    """All files that were seen, by path.

    None where the database is no SQLite file of this version's schema or cannot be read, and where a session
    counts as running that has been silent since `silent_before_us`.
    """
    file = file_of(url)
    if file is None or not file.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [
                (newest_revision(),)
            ]:
                return None
            silent = (
                "SELECT 1 FROM sessions WHERE enterprise_id = ? AND status = ? AND last_event_us < ? LIMIT 1"
            )
            if connection.execute(silent, (enterprise_id, "running", silent_before_us)).fetchone():
                return None
            seen = "SELECT path, stamp, outcome, format, detail FROM seen_files WHERE enterprise_id = ?"
            return {row[0]: row[1:] for row in connection.execute(seen, (enterprise_id,))}
    except sqlite3.Error:
        return None
