"""The command line's store when it is old, broken, or nothing of the kind."""

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from devin_store import SLUG, Cli, a_run, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from debrief.errors import NotATranscript
from debrief.sources import Document, Transcript
from debrief.sources.formats.devin_cli import DEVIN_CLI


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    made = Cli(tmp_path / "sessions.db")
    yield made
    made.db.close()


def test_an_old_store_with_fewer_columns_is_read(tmp_path: Path) -> None:
    cli = Cli(
        tmp_path / "old.db",
        "CREATE TABLE sessions (id TEXT, working_directory TEXT);"
        "CREATE TABLE message_nodes (session_id TEXT, node_id INTEGER, chat_message TEXT);"
        "INSERT INTO sessions VALUES ('it''s', '/w'), ('empty', '/w');"
        'INSERT INTO message_nodes VALUES (\'it\'\'s\', 1, \'{"role": "user", "content": "Hi"}\');'
        'INSERT INTO message_nodes VALUES (\'orphan\', 1, \'{"role": "user", "content": "Lost"}\');'
        "INSERT INTO message_nodes VALUES (7, NULL, NULL);",
    )
    found = cli.documents()
    cli.db.close()
    assert [one.name for one in found] == ["it_s.jsonl", "7.jsonl", "orphan.jsonl"]
    session = parse(found[0].content)
    assert (session.native_id, session.cwd, session.initial_user_message) == ("it's", "/w", "Hi")
    assert parse(found[2].content).initial_user_message == "Lost"


def test_messages_that_cannot_be_read_and_circles_are_faults_and_end(cli: Cli) -> None:
    cli.node(1, 3, "user", "a", about={"is_user_input": True})
    cli.node(2, 1, "assistant", "b")
    cli.node(3, 2, "user", "c", about={"is_user_input": True})
    cli.node(4, 3, "system", "s", row={"summarized_from": 4})
    cli.session(4)
    cli.db.execute(
        "INSERT INTO message_nodes (session_id, node_id, chat_message, created_at)"
        " VALUES (?, 5, 'not JSON', 0), (?, 6, x'ff00', 0), (?, 7, '[]', 0)",
        (SLUG, SLUG, SLUG),
    )
    session = cli.parse()
    assert (session.fault_count, session.opaque_count) == (3, 3)
    assert [e.text for e in session.events[3:7]] == ["a", "b", "c", "s"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"id": "x", "working_directory": "/w"}\n',
        b'{"devin_cli": "other"}\n',
        b'{"devin_cli": ["sessions"]}\n',
        b'{"schema_version": "ATIF-v1.7", "session_id": "flying-poinsettia", "steps": []}\n',
        b"devin_cli\n",
    ],
)
def test_look_alikes_are_refused(content: bytes) -> None:
    assert not DEVIN_CLI.recognises(content)
    transcript = Transcript(Document("x", lambda: io.BytesIO(content)))
    with pytest.raises(NotATranscript):
        list(DEVIN_CLI.parse(transcript, lambda text: text))


def test_a_document_that_breaks_off_is_truncated(cli: Cli) -> None:
    a_run(cli)
    (exported,) = cli.documents()
    session = parse(exported.content[:-30])
    assert (session.end_state, session.fault_count) == ("truncated", 1)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TABLES = ["sessions", "message_nodes", "tool_call_state", "subagent_heads"]
MESSAGE = st.dictionaries(
    st.sampled_from(["message_id", "role", "content", "thinking", "tool_calls", "tool_call_id", "metadata"]),
    JUNK
    | st.sampled_from(["user", "assistant", "tool", "system"])
    | st.just([{"id": "c", "name": "exec", "arguments": 1}]),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "devin_cli": st.sampled_from(
                    ["sessions", "message_nodes", "tool_call_state", "subagent_heads"]
                )
            },
            optional={
                "node_id": JUNK | st.integers(0, 4),
                "parent_node_id": JUNK | st.integers(0, 4),
                "chat_message": MESSAGE.map(json.dumps) | JUNK,
                "metadata": JUNK | st.just('{"summarized_from": 1}'),
                "id": JUNK,
                "agent_id": st.text(max_size=3) | JUNK,
                "chain_node_id": JUNK | st.integers(0, 4),
                "tool_call_id": JUNK,
                "tool_call_update_json": JUNK,
                "created_at": JUNK,
                "main_chain_id": JUNK | st.integers(0, 4),
            },
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 5),
)
def test_wrong_types_and_cut_lines_never_raise(rows: list[dict[str, Any]], cut: int) -> None:
    content = "\n".join(json.dumps(row) for row in rows).encode()
    content = content[: len(content) - cut]
    with suppress(NotATranscript):
        transcript = Transcript(Document("x", lambda: io.BytesIO(content)))
        assert len(list(DEVIN_CLI.parse(transcript, lambda text: text))) == 1
