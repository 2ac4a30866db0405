"""The commands about one session or all of them, as a person runs them: explain, export, reparse, pull."""

import json
from pathlib import Path

import pytest

from debrief import samples
from debrief.sources import Document, Transcript, sniff
from test_cli import debrief, server

pytestmark = pytest.mark.slow


def test_a_session_is_explained_exported_and_read_again(tmp_path: Path) -> None:
    debrief(tmp_path, "import", str(samples.folder()))
    told = json.loads(debrief(tmp_path, "sessions", "--json"))
    session_id = told["items"][0]["session_id"]
    explained = json.loads(debrief(tmp_path, "explain", session_id, "--json"))
    assert explained["session_id"] == session_id
    assert explained["acus"]["consumed"] == told["items"][0]["acus_consumed"]
    assert explained["rows"]["calls"] <= explained["rows"]["read"]
    assert "naive sum" in debrief(tmp_path, "explain", session_id)
    exported = tmp_path / "trajectory.json"
    debrief(tmp_path, "export", "--atif", session_id, "--out", str(exported))
    head = exported.read_bytes()
    again = list(sniff(head).parse(Transcript(Document("x", lambda: exported.open("rb"))), lambda text: text))
    assert len(again) == 1
    assert "6 were read by these versions before" in debrief(tmp_path, "reparse")
    assert json.loads(debrief(tmp_path, "reparse", "--all", "--json"))["read"] == 6
    assert "no session" in debrief(tmp_path, "explain", "nobody", code=1)
    assert "no session" in debrief(tmp_path, "export", "nobody", code=1)


def test_sessions_are_pulled_from_a_server_of_our_own(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    debrief(theirs, "import", str(samples.folder()))
    key = debrief(theirs, "keys", "create", "--name", "pull").strip()
    with server(theirs, "serve", "--port", "0") as (_, said):
        address = said.partition("Debrief is at ")[2].split()[0]
        assert "6 sessions" in debrief(ours, "pull", address, DEBRIEF_PULL_KEY=key)
        assert "6 unchanged" in debrief(ours, "pull", address, DEBRIEF_PULL_KEY=key)
        assert "does not accept the key" in debrief(ours, "pull", address, code=1, DEBRIEF_PULL_KEY="apk_bad")
    assert "holds no key" in debrief(ours, "pull", address, code=1)
    pulled = json.loads(debrief(ours, "sessions", "--json"))
    original = json.loads(debrief(theirs, "sessions", "--json"))
    facts = ("title", "created_at", "acus_consumed", "initial_user_message")
    assert [[one[fact] for fact in facts] for one in pulled["items"]] == [
        [one[fact] for fact in facts] for one in original["items"]
    ]
