"""Files that an import has seen, with the stamp that they had: an unchanged one is not opened again."""

from collections.abc import Iterable

from msgspec import Struct, structs
from sqlalchemy import Connection, delete, func, select

from debrief.store import dialects
from debrief.store.schema import seen_files


class SeenFile(Struct, frozen=True, kw_only=True):
    """What the import said of a file.

    `stamp` changes when the file, its companions or what reads them changes; `sessions` holds the ids of
    those that came of it, separated by blanks.
    """

    path: str
    stamp: str
    outcome: str
    format: str | None
    detail: str
    sessions: str = ""


def seen(connection: Connection, enterprise_id: str) -> dict[str, SeenFile]:
    """All files seen, by path."""
    columns = [
        func.coalesce(seen_files.c.sessions, "").label("sessions")
        if field == "sessions"
        else seen_files.c[field]
        for field in SeenFile.__struct_fields__
    ]
    found = connection.execute(select(*columns).where(seen_files.c.enterprise_id == enterprise_id))
    return {row.path: SeenFile(**row._mapping) for row in found}


def put(connection: Connection, enterprise_id: str, files: Iterable[SeenFile]) -> None:
    """Note `files`, inside the caller's transaction; of two that are shown by one path, the last."""
    last = {file.path: file for file in files}
    dialects.write_all(
        connection,
        seen_files,
        [{"enterprise_id": enterprise_id, **structs.asdict(file)} for file in last.values()],
        "replace",
    )


def forget(connection: Connection, enterprise_id: str, paths: Iterable[str]) -> None:
    """Drop what is noted of `paths`, which are no more."""
    for path in paths:
        connection.execute(
            delete(seen_files).where(seen_files.c.enterprise_id == enterprise_id, seen_files.c.path == path)
        )
