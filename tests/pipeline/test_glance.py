"""An import that finds nothing new is answered before the store is opened, and only when that is certain."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
from alembic.config import Config
from alembic.script import ScriptDirectory
from desk import conversation, record, write

from debrief.pipeline.discover import discover
from debrief.pipeline.glance import unchanged
from debrief.pipeline.identity import Identity
from debrief.pipeline.ingest import ingest
from debrief.pipeline.outcome import Summary
from debrief.pipeline.prepare import Workbench
from debrief.store import Store, glance

SELF = Identity(enterprise_id="e", org_id="o", user_id="ada")


class Import:
    """A folder that is imported into a SQLite file, and looked at again."""

    def __init__(self, tmp_path: Path, rows: list[dict[str, object]]) -> None:
        self.folder, self.file = tmp_path / "sessions", tmp_path / "debrief.db"
        self.path = write(self.folder / "one.jsonl", rows)
        self.run()

    def run(self) -> Summary:
        store = Store(f"sqlite:///{self.file}")
        bench = Workbench(key=b"k" * 32, usd_per_acu=2.0, blob_folder=None)
        try:
            return ingest(
                store, list(discover([self.folder])), identity=SELF, bench=bench, public_url="http://x"
            )
        finally:
            store.close()

    def look(self, identity: Identity = SELF) -> Summary | None:
        return unchanged(f"sqlite:///{self.file}", identity, list(discover([self.folder])), 2.0)

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute(statement)
            connection.commit()


def test_what_is_as_it_was_is_told_as_the_import_itself_tells_it(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "notes.txt").write_text("no transcript")
    imported = Import(tmp_path, conversation())
    told = imported.look()
    assert told is not None
    assert told == imported.run()
    assert told.counts() == {"new": 0, "updated": 0, "unchanged": 1, "older": 0, "skipped": 1}


def test_what_is_new_changed_or_anothers_is_left_to_the_import(tmp_path: Path) -> None:
    imported = Import(tmp_path, conversation())
    assert imported.look(msgspec.structs.replace(SELF, org_id="another")) is None
    assert imported.look(msgspec.structs.replace(SELF, enterprise_id="another")) is None
    fresh = write(imported.folder / "two.jsonl", [])
    assert imported.look() is None
    fresh.unlink()
    assert imported.look() is not None
    write(imported.path, [*conversation(), record(2, "user", "More")])
    assert imported.look() is None


def test_a_session_that_has_gone_silent_is_left_to_the_import(tmp_path: Path) -> None:
    imported = Import(tmp_path, conversation())
    imported.change("UPDATE sessions SET status = 'running'")
    assert imported.look() is None


def test_a_database_of_another_version_or_none_is_left_to_the_import(tmp_path: Path) -> None:
    imported = Import(tmp_path, conversation())
    imported.change("UPDATE alembic_version SET version_num = '9999'")
    assert imported.look() is None
    imported.file.write_bytes(b"no database at all" * 100)
    assert imported.look() is None
    os.unlink(imported.file)  # noqa: PTH108 (with its log, if any)
    assert imported.look() is None
    assert not imported.file.exists()
    assert glance.glance("postgresql://127.0.0.1:1/nothing", "e", 0) is None


def test_the_newest_revision_is_the_head_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(glance.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == glance.newest_revision()


def test_a_companion_lies_where_its_pattern_says_and_nowhere_else(tmp_path: Path) -> None:
    main = write(tmp_path / "projects" / "p" / "abc.jsonl", conversation())
    helper = write(main.parent / "abc" / "subagents" / "agent-1.jsonl", conversation())
    write(main.parent / "abcd" / "subagents" / "agent-2.jsonl", conversation())
    (found,) = [one for one in discover([tmp_path]) if one.path == str(main)]
    assert found.companions == (str(helper),)


def test_what_answers_for_an_import_of_nothing_new_loads_no_database_and_no_command_line() -> None:
    heavy = "{'sqlalchemy', 'alembic', 'typer', 'rich', 'pydantic', 'genai_prices', 'detect_secrets'}"
    told = f"import debrief.cli.quick, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_workers_of_an_import_load_no_database() -> None:
    told = "import debrief.pipeline.workers, sys; print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
