"""OpenCode's files of the corpus: the tree as a user has it, each file alone; no other is taken for one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from corpus import CORPUS

from debrief.errors import NotATranscript
from debrief.model import Session, Tokens, total_tokens
from debrief.pipeline.discover import discover
from debrief.sources import Document, Transcript
from debrief.sources.formats.amp import AMP
from debrief.sources.formats.goose import GOOSE
from debrief.sources.formats.opencode import OPENCODE
from debrief.sources.source import HEAD_BYTES

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")


def files() -> list[Path]:
    return sorted((CORPUS / "opencode_fixtures").glob("*.json"))


def document(path: Path, name: str) -> Document:
    def opened() -> BinaryIO:
        return path.open("rb")

    return Document(name, opened)


def parse(path: Path, companions: tuple[str, ...] = ()) -> Session:
    beside = tuple(document(Path(one), one) for one in companions)
    (session,) = OPENCODE.parse(Transcript(document(path, path.name), beside), lambda text: text)
    return session


def grow_tree(folder: Path) -> None:
    """Put each file where OpenCode has it: files and folders are named by the ids of what they hold.

    The fixtures' own names do not say the ids, and some parts do not say their message: its folder does.
    """
    for path in files():
        value = json.loads(path.read_text())
        tree, kind, below = next(
            (tree, kind, rest)
            for tree in ("storage_v2", "storage_legacy")
            for kind in ("session_proj_test", "message", "part")
            if (rest := path.stem.partition(f"_{tree}_{kind}_")[2])
        )
        if kind == "session_proj_test":
            place = folder / tree / "session" / "proj_test" / f"ses_{value['id'].removeprefix('s_')}.json"
            value["id"] = place.stem
        elif kind == "message":
            value["sessionID"] = f"ses_{value['sessionID'].removeprefix('s_')}"
            place = folder / tree / "message" / value["sessionID"] / f"{value['id']}.json"
        else:
            message = value.get("messageID") or below.rpartition("_")[0]
            place = folder / tree / "part" / message / f"{below.rpartition('_')[2]}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(value))


@pytest.fixture
def sessions(tmp_path: Path) -> dict[str, Session]:
    grow_tree(tmp_path)
    found = list(discover([tmp_path]))
    assert all("/session/" in one.path for one in found)
    parsed = [parse(Path(one.path), one.companions) for one in found]
    return {session.native_id: session for session in parsed}


def test_the_tree_becomes_three_sessions_without_loss(sessions: dict[str, Session]) -> None:
    assert sorted(sessions) == ["ses_stage0_drift", "ses_stage0_large", "ses_stage0_small"]
    for session in sessions.values():
        assert session.opaque_count == 0
        assert session.cwd
        assert session.title_source == "agent"
    assert [s.fault_count for _, s in sorted(sessions.items())] == [1, 0, 0]
    # The legacy tree holds the answer's parts only: of what the person typed nothing is there.
    assert "none of its parts" in sessions["ses_stage0_drift"].faults[0]


def test_what_the_small_session_tells(sessions: dict[str, Session]) -> None:
    session = sessions["ses_stage0_small"]
    told = [(e.kind, e.command, e.outcome, e.exit_code) for e in session.events]
    assert told == [
        ("prompt", None, None, None),
        ("tool_call", "ls", None, None),
        ("tool_result", "ls", "ok", 0),
        ("message", None, None, None),
    ]
    assert session.initial_user_message == "Hello"
    assert total_tokens(session)[0] == Tokens()


def test_what_the_large_session_tells(sessions: dict[str, Session]) -> None:
    session = sessions["ses_stage0_large"]
    assert [e.text for e in session.events if e.kind == "prompt"] == ["Step 1", "Step 2"]
    (result,) = [e for e in session.events if e.kind == "tool_result"]
    assert (result.outcome, result.exit_code, result.duration_ms) == ("error", 1, 500)
    assert any(e.kind == "interrupt" for e in session.events)
    assert any(e.kind == "compaction" for e in session.events)
    assert total_tokens(session)[0] == Tokens(input=120, output=16)
    assert (session.usage.rows, session.usage.repeated, session.usage.naive.input) == (2, 1, 240)


def test_each_file_alone_is_imported_or_says_whose_it_is() -> None:
    for path in files():
        assert OPENCODE.recognises(path.read_bytes()[:HEAD_BYTES]), path.name
        if "_session_" in path.name:
            session = parse(path)
            assert session.native_id.startswith("s_stage0_")
            assert session.started_us is not None
            assert "no file of a message" in session.faults[0]
        else:
            with pytest.raises(NotATranscript, match=r"of a session of OpenCode, .* whose main file is"):
                parse(path)


def others() -> Iterator[Path]:
    if CORPUS.is_dir():
        yield from (
            p for p in sorted(CORPUS.rglob("*")) if p.is_file() and p.parent.name != "opencode_fixtures"
        )


def test_no_other_file_is_taken_for_one() -> None:
    for path in others():
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        # No file of the corpus is Amp's or Goose's either.
        assert [source.name for source in (OPENCODE, AMP, GOOSE) if source.recognises(head)] == [], path.name
