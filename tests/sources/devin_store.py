"""A real database of the command line, with the true schema, and what the format makes of it."""

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from debrief.model import Session
from debrief.sources import Document, Exported, Transcript, sniff
from debrief.sources.databases.devin_cli import DEVIN_CLI_DATABASE
from debrief.sources.formats.devin_cli import DEVIN_CLI

SCHEMA = """
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, working_directory TEXT NOT NULL, backend_type TEXT NOT NULL, model TEXT NOT NULL,
  agent_mode TEXT NOT NULL, created_at INTEGER NOT NULL, last_activity_at INTEGER NOT NULL, title TEXT,
  main_chain_id INTEGER, shell_last_seen_index INTEGER DEFAULT 0, cogs_json TEXT, workspace_dirs TEXT,
  hidden INTEGER NOT NULL DEFAULT 0, metadata TEXT);
CREATE TABLE message_nodes (
  row_id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, node_id INTEGER NOT NULL,
  parent_node_id INTEGER, chat_message TEXT NOT NULL, created_at INTEGER NOT NULL, metadata TEXT,
  FOREIGN KEY (session_id) REFERENCES sessions(id), UNIQUE(session_id, node_id));
CREATE TABLE tool_call_state (
  session_id TEXT NOT NULL, tool_call_id TEXT NOT NULL, tool_call_json TEXT, tool_call_update_json TEXT,
  PRIMARY KEY (session_id, tool_call_id), FOREIGN KEY (session_id) REFERENCES sessions(id));
CREATE TABLE subagent_heads (
  session_id TEXT NOT NULL, agent_id TEXT NOT NULL, chain_node_id INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, agent_id));
CREATE TABLE app_state (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
"""
BEGAN = 1_788_905_220
SLUG = "flying-poinsettia"


class Cli:
    """A store that is being written."""

    def __init__(self, path: Path, schema: str = SCHEMA) -> None:
        self.path = path
        self.db = sqlite3.connect(path)
        self.db.executescript(schema)
        self.count = 0

    def session(self, head: int | None, slug: str = SLUG, **metadata: Any) -> None:
        self.db.execute(
            "INSERT INTO sessions VALUES"
            " (?, '/work/shop', 'windsurf', '', 'normal', ?, ?, 'Run it', ?, 0, '{}', '[]', 0, ?)",
            (slug, BEGAN, BEGAN + 600, head, json.dumps(metadata)),
        )

    def node(
        self, number: int, parent: int | None, role: str, content: Any = "", slug: str = SLUG, **more: Any
    ) -> None:
        """A node a second; `row` is its metadata column, `about` the message's metadata."""
        row, about = more.pop("row", None), more.pop("about", {})
        self.count += 1
        second = f"2026-09-08T22:07:{self.count % 60:02}Z"
        message = {
            "message_id": more.pop("message_id", f"m{number}"),
            "role": role,
            "content": content,
            "metadata": {"created_at": second, **about},
            **more,
        }
        self.db.execute(
            "INSERT INTO message_nodes"
            " (session_id, node_id, parent_node_id, chat_message, created_at, metadata)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (slug, number, parent, json.dumps(message), BEGAN + self.count, json.dumps(row)),
        )

    def documents(self) -> list[Exported]:
        self.db.commit()
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {
                table: frozenset(row[1] for row in db.execute(f"PRAGMA table_info({table})"))
                for table in tables
            }

            def query(statement: str) -> Iterator[dict[str, Any]]:
                return (dict(row) for row in db.execute(statement))

            return list(DEVIN_CLI_DATABASE.documents(query, columns))

    def parse(self) -> Session:
        (exported,) = self.documents()
        return parse(exported.content)


def parse(content: bytes) -> Session:
    assert sniff(content[:65536]).name == "devin_cli"
    transcript = Transcript(Document("x.jsonl", lambda: io.BytesIO(content)))
    (session,) = DEVIN_CLI.parse(transcript, lambda text: text)
    return session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in session.events]


def used(taken: int, output: int, read: int | None = None, written: int | None = None) -> dict[str, Any]:
    metrics = {
        "ttft_ms": 5,
        "input_tokens": taken,
        "output_tokens": output,
        "cache_read_tokens": read,
        "cache_creation_tokens": written,
    }
    return {"metrics": metrics, "generation_model": "claude-opus-4-5-20251101", "request_id": "r"}


def call(name: str, call_id: str, **arguments: Any) -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": arguments, "index": 0, "kind": "function"}


def result(**extensions: Any) -> dict[str, Any]:
    return {"extensions": {name.replace("__", "/"): value for name, value in extensions.items()}}


def a_run(cli: Cli) -> None:
    cli.node(0, None, "system", "You are Devin", row={"is_system_prefix": True})
    cli.node(1, 0, "user", "Run make", about={"is_user_input": True})
    cli.node(
        2,
        1,
        "assistant",
        "",
        thinking={"thinking": "I run it.", "signature": "sealed.v1"},
        tool_calls=[call("exec", "c1", command="make")],
        about={"finish_reason": "tool_calls"} | used(100, 20, 1000, 50),
    )
    cli.node(
        3,
        2,
        "tool",
        "Output from command in shell 59f39e:\nboom\n\nExit code: 2",
        tool_call_id="c1",
        about=result(
            chisel__tool_result_meta={"success": True, "kind": "execute"},
            chisel__tool_call_timing={"duration_ms": 1234},
            chisel__terminal_output={"text": "boom", "exit": {"exit_code": 2}},
        ),
    )
    cli.node(4, 3, "assistant", "It fails.", about={"finish_reason": "stop"} | used(30, 7, 1170))
    cli.session(4)
