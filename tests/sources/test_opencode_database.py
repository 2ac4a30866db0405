"""OpenCode's database with its true schema, made by the test: each session becomes its export."""

import json
from pathlib import Path
from typing import Any

import pytest
from databases_building import Made, exported, sessions
from opencode_building import SES, T0, answer, info, kinds, parse, text, tokens, tool, user

from debrief.model import Tokens, total_tokens
from debrief.sources.databases.opencode import OPENCODE_DATABASE

# packages/opencode/src/session/session.sql.ts of anomalyco/opencode, without its indexes.
SCHEMA = """
CREATE TABLE project (id TEXT PRIMARY KEY, worktree TEXT NOT NULL, vcs TEXT, name TEXT,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL);
CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, workspace_id TEXT, parent_id TEXT,
  slug TEXT NOT NULL, directory TEXT NOT NULL, path TEXT, title TEXT NOT NULL, version TEXT NOT NULL,
  share_url TEXT, summary_additions INTEGER, summary_deletions INTEGER, summary_files INTEGER,
  summary_diffs TEXT, cost REAL NOT NULL DEFAULT 0, tokens_input INTEGER NOT NULL DEFAULT 0,
  tokens_output INTEGER NOT NULL DEFAULT 0, tokens_reasoning INTEGER NOT NULL DEFAULT 0,
  tokens_cache_read INTEGER NOT NULL DEFAULT 0, tokens_cache_write INTEGER NOT NULL DEFAULT 0,
  revert TEXT, permission TEXT, agent TEXT, model TEXT,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, time_compacting INTEGER,
  time_archived INTEGER);
CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, type TEXT NOT NULL,
  seq INTEGER NOT NULL, time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
"""

MESSAGES = [
    user(text("Fix it.")),
    answer(
        tool("bash", {"command": "make"}, output="no", metadata={"exit": 2}),
        text("Done."),
        tokens=tokens(5, 2),
    ),
]


def head(**fields: Any) -> dict[str, Any]:
    whole = info()
    return {
        "id": SES,
        "project_id": whole["projectID"],
        "slug": whole["slug"],
        "directory": whole["directory"],
        "title": whole["title"],
        "version": whole["version"],
        "time_created": T0,
        "time_updated": T0 + 60_000,
        **fields,
    }


class OpenCodeMade(Made):
    """OpenCode's database under way."""

    def __init__(self, path: Path, schema: str = SCHEMA) -> None:
        super().__init__(path, schema)

    def message(self, message: dict[str, Any], session: str = SES, **fields: Any) -> None:
        """As OpenCode does: what stands in columns does not stand in `data`."""
        whole, parts = dict(message["info"]), message["parts"]
        identity = whole.pop("id")
        whole.pop("sessionID")
        at = whole["time"]["created"]
        times = {"time_created": at, "time_updated": at + 700}
        self.insert("message", id=identity, session_id=session, data=json.dumps(whole), **times, **fields)
        for part in parts:
            kept = {k: v for k, v in part.items() if k not in ("id", "sessionID", "messageID")}
            self.insert(
                "part", id=part["id"], message_id=identity, session_id=session, data=json.dumps(kept), **times
            )

    def second(self, number: int, kind: str, at: int, session: str = SES, **data: Any) -> None:
        data = {"time": {"created": T0 + at}, **data}
        times = {"time_created": T0 + at, "time_updated": T0 + at}
        self.insert(
            "session_message",
            id=f"msg_s{number}",
            session_id=session,
            type=kind,
            seq=number,
            data=json.dumps(data),
            **times,
        )


@pytest.fixture
def made(tmp_path: Path) -> OpenCodeMade:
    return OpenCodeMade(tmp_path / "opencode.db")


def test_a_session_of_the_database_is_the_one_of_its_export(made: OpenCodeMade) -> None:
    made.insert("session", **head())
    for message in MESSAGES:
        made.message(message)
    (session,) = sessions(made.path)
    assert session == parse(*MESSAGES)
    assert kinds(session) == ["prompt", "tool_call", "tool_result", "message", "turn_end"]
    assert session.events[2].outcome == "error"


def test_each_session_is_a_document_with_the_time_of_its_last_change(made: OpenCodeMade) -> None:
    made.insert("session", **head())
    made.insert("session", **head(id="ses_child", parent_id=SES, time_updated=T0))
    made.message(user(text("Search.")), session="ses_child")
    child, parent = sorted(exported(made.path), key=lambda one: one.mtime_us or 0)
    assert (child.name, child.mtime_us) == ("ses_child.json", (T0 + 1700) * 1000)
    assert (parent.name, parent.mtime_us) == (f"{SES}.json", (T0 + 60_000) * 1000)
    by_id = {session.native_id: session for session in sessions(made.path)}
    assert (by_id["ses_child"].relation, by_id["ses_child"].parent_id) == ("subagent", SES)
    assert by_id[SES].events == ()


def test_the_columns_of_the_session_that_tell_of_cost_and_revert(made: OpenCodeMade) -> None:
    made.insert("session", **head(cost=0.75, tokens_input=9, revert='{"messageID":"msg_a1"}'))
    for message in MESSAGES:
        made.message(message)
    (session,) = sessions(made.path)
    assert session.native_cost_usd_micros == 750_000
    assert "took back everything from message msg_a1" in session.end_reason
    assert (total_tokens(session)[0].input, session.usage.naive.input) == (5, 14)


def test_a_session_of_the_second_generation_alone(made: OpenCodeMade) -> None:
    made.insert("session", **head())
    made.second(1, "user", 1, text="Fix it.")
    made.second(
        2, "assistant", 2, content=[{"type": "text", "text": "Done."}], finish="stop", tokens=tokens(4, 1)
    )
    (session,) = sessions(made.path)
    assert kinds(session) == ["prompt", "message", "turn_end"]
    assert total_tokens(session)[0] == Tokens(input=4, cache_read=0, cache_write=0, output=1, reasoning=0)


def test_what_both_generations_hold_is_counted_once(made: OpenCodeMade) -> None:
    made.insert("session", **head())
    for message in MESSAGES:
        made.message(message)
    made.second(1, "user", 1000, text="Fix it.")
    made.second(2, "assistant", 2001, content=[], finish="stop", tokens=tokens(5, 2))
    made.second(3, "user", 9000, text="And now?")
    made.second(4, "assistant", 9001, content=[], finish="stop", tokens=tokens(7, 1))
    (session,) = sessions(made.path)
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Fix it.", "And now?"]
    assert total_tokens(session)[0].input == 12


def test_a_database_of_the_second_generation_only(tmp_path: Path) -> None:
    made = OpenCodeMade(tmp_path / "opencode.db", SCHEMA + "DROP TABLE message; DROP TABLE part;")
    made.insert("session", **head())
    made.second(1, "user", 1, text="Fix it.")
    (session,) = sessions(made.path)
    assert session.initial_user_message == "Fix it."


def test_a_fork_that_names_the_agent_of_a_message(tmp_path: Path) -> None:
    made = OpenCodeMade(tmp_path / "mimocode.db", SCHEMA + "ALTER TABLE message ADD COLUMN agent_id TEXT;")
    made.insert("session", **head())
    made.message(user(text("Fix it.")), agent_id="main")
    made.message(answer(text("Looking.")), agent_id="explore-1")
    (session,) = sessions(made.path)
    assert [(e.kind, e.agent) for e in session.events] == [
        ("prompt", None),
        ("subagent", "explore-1"),
        ("message", "explore-1"),
    ]


def test_a_fork_whose_column_names_what_it_is_a_fork_of(tmp_path: Path) -> None:
    made = OpenCodeMade(
        tmp_path / "opencode.db", SCHEMA + "ALTER TABLE session ADD COLUMN fork_session_id TEXT;"
    )
    made.insert("session", **head(fork_session_id="ses_first"))
    made.message(user(text("Go on.")))
    (session,) = sessions(made.path)
    assert (session.relation, session.parent_id) == ("fork", "ses_first")


def test_an_older_schema_has_fewer_columns(tmp_path: Path) -> None:
    made = OpenCodeMade(
        tmp_path / "opencode.db",
        """CREATE TABLE session (id TEXT, directory TEXT, title TEXT, version TEXT, time_created INTEGER);
        CREATE TABLE message (id TEXT, session_id TEXT, data TEXT);
        CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, data TEXT);""",
    )
    made.insert("session", id=SES, directory="/x", title="t", version="1.2.0", time_created=T0)
    made.insert("message", id="msg_1", session_id=SES, data='{"role":"user"}')
    made.insert("part", id="prt_1", message_id="msg_1", session_id=SES, data='{"type":"text","text":"a"}')
    (session,) = sessions(made.path)
    assert (session.initial_user_message, session.fault_count) == ("a", 0)


def test_cells_of_any_type_are_kept(made: OpenCodeMade) -> None:
    made.insert("session", **head(id="ses_'; DROP TABLE part; --", title=b"\xff", cost="much", revert="{"))
    odd = {"session_id": "ses_'; DROP TABLE part; --", "time_created": "x", "time_updated": b"y"}
    made.insert("message", id="msg_1", data="not JSON", **odd)
    made.insert("message", id="msg_2", data=b'{"role":"user","time":{"created":1}}', **odd)
    made.insert("part", id="prt_1", message_id="msg_2", data='{"type":"text","text":"a\\ud800"}', **odd)
    made.insert("part", id="prt_2", message_id="msg_gone", data="[]", **odd)
    (one,) = exported(made.path)
    assert "/" not in one.name
    (session,) = sessions(made.path)
    assert session.initial_user_message == "a?"
    assert session.opaque_count == 2
    assert "not JSON" in session.events[0].text


def test_a_session_without_an_id_is_none(made: OpenCodeMade) -> None:
    made.insert("session", **head(id=None))
    assert exported(made.path) == []
    assert "message" in OPENCODE_DATABASE.tables
