"""What Goose's sessions cost, from the ledger, the answers and the totals: each token once. All made up."""

import json
from pathlib import Path
from typing import Any

import pytest
from databases_building import Made, exported, sessions
from goose_building import SES, SES_HERE, T0, answer, kinds, lines, parse, read, text, user

from debrief.model import Tokens, total_tokens

# crates/goose/src/session/session_manager.rs of aaif-goose/goose, schema 17, without its indexes.
SCHEMA = """
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO schema_version (version) VALUES (17);
CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '', user_set_name BOOLEAN DEFAULT FALSE,
  session_type TEXT NOT NULL DEFAULT 'user', working_dir TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  extension_data TEXT DEFAULT '{}', total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER,
  cache_read_tokens INTEGER, cache_write_tokens INTEGER, accumulated_total_tokens INTEGER,
  accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER, accumulated_cache_read_tokens INTEGER,
  accumulated_cache_write_tokens INTEGER, accumulated_cost REAL, schedule_id TEXT, recipe_json TEXT,
  user_recipe_values_json TEXT, provider_name TEXT, model_config_json TEXT,
  goose_mode TEXT NOT NULL DEFAULT 'auto', archived_at TIMESTAMP, project_id TEXT, parent_session_id TEXT,
  parent_delegation TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT NOT NULL,
  role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
  timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tokens INTEGER, metadata_json TEXT);
CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
  created_timestamp INTEGER NOT NULL, model TEXT, input_tokens INTEGER, output_tokens INTEGER,
  total_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL, cost_source TEXT,
  is_compaction INTEGER DEFAULT 0);
"""


def row(taken: int, output: int, read: int = 0, write: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "input_tokens": taken,
        "output_tokens": output,
        "total_tokens": taken + output,
        "cache_read_tokens": read,
        "cache_write_tokens": write,
        "cost": 0.01,
        "cost_source": "provider_reported",
        "model": "claude-sonnet-4-5",
        "created_timestamp": T0 + 2,
        **fields,
    }


def total(taken: int, output: int, read: int = 0, write: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": taken,
        "output_tokens": output,
        "total_tokens": taken + output,
        "cache_read_input_tokens": read,
        "cache_write_input_tokens": write,
    }


def used(taken: int, output: int, read: int = 0, write: int = 0) -> dict[str, Any]:
    return {
        "inputTokens": taken,
        "outputTokens": output,
        "cacheReadTokens": read,
        "cacheWriteTokens": write,
        "cost": 0.01,
    }


def test_input_holds_what_the_cache_gave() -> None:
    session = parse(user(text("a")), usage_ledger=[row(100, 20, 60, 10, id=1)])
    assert total_tokens(session)[0] == Tokens(input=30, cache_read=60, cache_write=10, output=20)
    (call,) = session.model_calls
    assert (call.key, call.cost_usd_micros, call.ts_us) == (f"{SES}:1", 10_000, (T0 + 2) * 1_000_000)


def test_the_ledger_the_answers_and_the_total_tell_of_the_same_spend() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), usage=used(100, 20, 60)),
        usage_ledger=[row(100, 20, 60, id=1), row(40, 5, id=2, is_compaction=1)],
        accumulated_usage=total(140, 25, 60),
        accumulated_cost=0.02,
    )
    assert total_tokens(session)[0] == Tokens(input=80, cache_read=60, cache_write=0, output=25)
    assert (session.usage.rows, session.usage.repeated) == (4, 2)
    assert [call.event for call in session.model_calls] == [1, None]
    assert session.native_cost_usd_micros == 20_000


def test_what_was_carried_forward_counts_once() -> None:
    carried = row(1000, 100, id=1, cost=0.5, cost_source="carried_forward", model=None)
    session = parse(
        user(text("a")),
        usage_ledger=[carried, row(100, 20, id=2)],
        accumulated_usage=total(1100, 120),
        accumulated_cost=0.51,
    )
    assert total_tokens(session)[0] == Tokens(input=1100, cache_read=0, cache_write=0, output=120)
    assert len(session.model_calls) == 2
    assert sum(call.cost_usd_micros or 0 for call in session.model_calls) == 510_000


def test_what_the_total_holds_beyond_the_ledger_is_one_call_more() -> None:
    session = parse(
        user(text("a")),
        usage_ledger=[row(100, 20, id=1)],
        accumulated_usage=total(150, 25),
        accumulated_cost=0.03,
    )
    assert [(call.key, call.tokens.input, call.cost_usd_micros) for call in session.model_calls] == [
        (f"{SES}:1", 100, 10_000),
        (f"{SES}:total", 50, 20_000),
    ]
    assert total_tokens(session)[0].output == 25


def test_a_copy_does_not_count_what_the_first_one_spent() -> None:
    old = answer(text("b"), name="msg_20260101_7_ab", usage=used(500, 50))
    carried = row(500, 50, id=1, cost_source="carried_forward")
    session = parse(
        user(text("a"), name="msg_20260101_7_aa"),
        old,
        user(text("c"), at=5, name=f"msg_{SES}_ac"),
        answer(text("d"), at=6, usage=used(70, 7)),
        usage_ledger=[carried, row(70, 7, id=2)],
        accumulated_usage=total(570, 57),
        accumulated_cost=0.02,
    )
    assert total_tokens(session)[0] == Tokens(input=70, cache_read=0, cache_write=0, output=7)
    assert session.usage.replayed == 2
    assert session.native_cost_usd_micros is None


def test_a_copy_that_was_not_gone_on_with_costs_nothing() -> None:
    session = parse(
        user(text("a"), name="msg_20260101_7_aa"),
        answer(text("b"), name="msg_20260101_7_ab", usage=used(500, 50)),
        accumulated_usage=total(500, 50),
    )
    assert (session.model_calls, session.usage.replayed) == ((), 2)


def test_an_answer_that_the_ledger_does_not_know_came_with_a_copy() -> None:
    session = parse(user(text("a")), answer(text("b"), usage=used(500, 50)), usage_ledger=[])
    assert (session.model_calls, session.usage.replayed) == ((), 1)


def test_without_a_ledger_the_answers_are_the_calls() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), usage=used(100, 20)),
        answer(text("c"), at=3, usage=used(50, 5)),
        accumulated_usage=total(160, 26),
    )
    assert [call.key for call in session.model_calls] == [
        "chatcmpl-assistant-2",
        "chatcmpl-assistant-3",
        f"{SES}:total",
    ]
    assert total_tokens(session)[0] == Tokens(input=160, cache_read=0, cache_write=0, output=26)


def test_answers_that_the_total_has_no_room_for_were_copied() -> None:
    session = parse(
        user(text("a")),
        answer(text("b"), usage=used(500, 50)),
        answer(text("c"), at=3, usage=used(50, 5)),
        accumulated_usage=total(50, 5),
    )
    assert total_tokens(session)[0].input == 50
    assert (len(session.model_calls), session.usage.replayed) == (1, 1)


def test_a_total_alone_is_one_call() -> None:
    session = parse(user(text("a")), accumulated_usage=total(90, 10, 8, 2), accumulated_cost=0.02)
    assert total_tokens(session)[0] == Tokens(input=80, cache_read=8, cache_write=2, output=10)
    assert (session.usage.rows, session.usage.repeated) == (1, 0)
    assert session.native_cost_usd_micros == 20_000


@pytest.mark.parametrize(
    ("head", "taken", "quality"),
    [
        ({"accumulated_input_tokens": 300, "accumulated_output_tokens": 30}, 300, "exact"),
        ({}, 100, "lower_bound"),
        ({"accumulated_input_tokens": None}, None, "missing"),
    ],
)
def test_the_totals_of_older_files(head: dict[str, Any], taken: int | None, quality: str) -> None:
    first = {
        "working_dir": "/x",
        "description": "d",
        "message_count": 1,
        "input_tokens": 100,
        "output_tokens": 20,
    }
    sums, qualities = total_tokens(read(lines({**first, **head}, user(text("a")))))
    assert (sums.input, qualities["input"]) == (taken, quality)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "sessions.db", SCHEMA)


def session_row(made: Made, **fields: Any) -> None:
    row = {
        "id": SES,
        "name": "Mend the cart",
        "working_dir": "/home/ann/shop",
        "created_at": "2026-02-02 02:40:00",
        "updated_at": "2026-02-02 02:50:00",
        "model_config_json": '{"model_name":"claude-sonnet-4-5"}',
    }
    made.insert("sessions", **{**row, **fields})


def message_row(made: Made, value: dict[str, Any], session: str = SES) -> None:
    made.insert(
        "messages",
        message_id=value["id"],
        session_id=session,
        role=value["role"],
        content_json=json.dumps(value["content"]),
        created_timestamp=value["created"],
        metadata_json=json.dumps(value["metadata"]),
    )


def test_a_session_of_the_database(made: Made) -> None:
    session_row(made, accumulated_input_tokens=140, accumulated_output_tokens=25, accumulated_cost=0.02)
    message_row(made, user(text("Fix it."), at=2))
    # The clock has seconds: the rows' numbers tell the order.
    message_row(made, answer(text("Done."), at=2))
    made.insert("usage_ledger", session_id=SES, **row(100, 20, 60, cost_source="estimated"))
    made.insert("usage_ledger", session_id=SES, **row(40, 5))
    made.insert("usage_ledger", session_id="another", **row(1000, 1000))
    (session,) = sessions(made.path)
    assert kinds(session) == ["prompt", "message", "turn_end"]
    assert (session.native_id, session.cwd, session.title) == (SES_HERE, "/home/ann/shop", "Mend the cart")
    assert total_tokens(session)[0] == Tokens(input=80, cache_read=60, cache_write=0, output=25)
    (one,) = exported(made.path)
    assert (one.name, one.mtime_us) == (f"{SES}.json", 1_770_000_600 * 1_000_000)


def test_a_parent_and_its_sub_agent_count_their_own(made: Made) -> None:
    session_row(made, accumulated_input_tokens=10)
    session_row(
        made, id="20260202_2", session_type="sub_agent", parent_session_id=SES, accumulated_input_tokens=7
    )
    parent, child = sessions(made.path)
    assert (child.relation, child.parent_id) == ("subagent", SES)
    assert [total_tokens(one)[0].input for one in (parent, child)] == [10, 7]


def test_an_older_schema_has_no_ledger_and_fewer_columns(tmp_path: Path) -> None:
    made = Made(
        tmp_path / "sessions.db",
        """CREATE TABLE sessions (id TEXT, description TEXT, working_dir TEXT, created_at TIMESTAMP,
          accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT,
          created_timestamp INTEGER);""",
    )
    made.insert("sessions", id=SES, description="d", working_dir="/x", accumulated_input_tokens=9)
    made.insert(
        "messages",
        session_id=SES,
        role="user",
        content_json='[{"type":"text","text":"a"}]',
        created_timestamp=T0,
    )
    (session,) = sessions(made.path)
    assert (session.title, session.initial_user_message, session.fault_count) == ("d", "a", 0)
    assert total_tokens(session)[0].input == 9


def test_cells_of_any_type_are_kept(made: Made) -> None:
    session_row(made, name=b"\xff", accumulated_cost="much", model_config_json="{", created_at=7)
    for content in ("not JSON", b"\x00", '{"type":"text"}'):
        made.insert("messages", session_id=SES, role="user", content_json=content, created_timestamp="x")
    made.insert("usage_ledger", session_id=SES, created_timestamp="x", input_tokens="many", cost=b"y")
    (session,) = sessions(made.path)
    assert session.opaque_count == 3
    assert session.model_calls == ()
