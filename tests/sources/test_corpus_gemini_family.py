"""The real files of the Gemini family: each is read by its format, or refused, and sums agree."""

from pathlib import Path
from typing import BinaryIO

import pytest
from corpus import CORPUS

from debrief.errors import NotATranscript
from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.registry import FORMATS, sniff
from debrief.sources.source import HEAD_BYTES

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

FAMILY = {
    "gemini_cli": "gemini_cli",
    "gemini_cli_fixtures": "gemini_cli",
    "qwen_code_fixtures": "qwen_code",
    "antigravity_fixtures": "antigravity",
}

REFUSED = (
    # Another program's idea of the format: no session, no project, roles and a history.
    "agents_gemini_schema_drift.json",
    # A document that the agent made, and no transcript.
    "agents_antigravity_small.md",
    # iFlow, a cousin.
    "session-5de701fc-7454-4858-a249-95cac4fd3b51.jsonl",
)

FILES = [path for folder in FAMILY for path in sorted((CORPUS / folder).glob("*"))] if CORPUS.is_dir() else []

OURS = ("gemini_cli", "gemini_stream", "qwen_code", "antigravity")


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def parse(path: Path) -> Session:
    def opened() -> BinaryIO:
        return path.open("rb")

    return next(sniff(head(path)).parse(Transcript(Document(path.name, opened)), lambda text: text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_read_by_its_format_or_refused(path: Path) -> None:
    if path.name.endswith(REFUSED):
        with pytest.raises(NotATranscript):
            sniff(head(path))
        return
    session = parse(path)

    assert session.format == FAMILY[path.parent.name]
    assert session.native_id
    assert session.fault_count == 0
    assert any(event.kind != "opaque" for event in session.events)


@pytest.mark.parametrize(
    ("ending", "sums"),
    [
        ("session-2026-04-28T15-09-887ba529.jsonl", (5428, 0, 12, 40)),
        ("gemini_jsonl_v040.jsonl", (11855 + 12069 - 11502, 11502, 228, 0)),
        ("kenn-io__agentsview__gemini_standard_session.json", (1400 + 1950, 150, 500, 150)),
        ("gemini_large.json", (100, 0, 10, 0)),
    ],
)
def test_tokens_are_those_that_the_file_states(ending: str, sums: tuple[int, ...]) -> None:
    path = next((path for path in FILES if path.name.endswith(ending)), None)
    if path is None:
        pytest.skip(f"no file {ending} in this corpus")
    totals, _ = total_tokens(parse(path))

    assert (totals.input, totals.cache_read, totals.output, totals.reasoning) == sums


def test_no_other_file_is_taken_for_one() -> None:
    ours = [candidate for candidate in FORMATS if candidate.name in OURS]
    taken = [
        path.relative_to(CORPUS).as_posix()
        for path in CORPUS.rglob("*")
        if path.is_file() and path.parent.name not in FAMILY and any(f.recognises(head(path)) for f in ours)
    ]

    assert taken == []
