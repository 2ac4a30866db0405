"""Cursor's transcripts of the corpus are read without loss, and nothing else is taken for one."""

from pathlib import Path
from typing import BinaryIO

import pytest
from corpus import CORPUS

from debrief.errors import NotATranscript
from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.formats.cursor import CURSOR
from debrief.sources.formats.cursor_stream import CURSOR_STREAM
from debrief.sources.source import HEAD_BYTES

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

MADE_UP = {"custom_block"}
"""Parts that the fixtures' authors invented to stand for those of the future."""


def parse(path: Path) -> Session:
    def opened() -> BinaryIO:
        return path.open("rb")

    return next(CURSOR.parse(Transcript(Document(path.name, opened)), lambda text: text))


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def test_every_other_file_is_refused_and_every_transcript_is_taken() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            assert CURSOR.recognises(head(path)) == (path.parent.name == "cursor_fixtures"), path.name


def test_the_look_alike_is_not_ours() -> None:
    alike = [path for path in (CORPUS / "atif").iterdir() if b'"cursor-jsonl-v1"' in head(path)]
    assert alike
    for path in alike:
        try:
            assert sniff(head(path)).name != CURSOR.name
        except NotATranscript:
            continue


def test_fixtures_are_read_without_loss() -> None:
    for path in sorted((CORPUS / "cursor_fixtures").iterdir()):
        session = parse(path)
        unknown = {event.text.split("'")[1] for event in session.events if event.kind == "opaque"}
        assert (unknown - MADE_UP, session.fault_count) == (set(), 0), path.name
        assert set(total_tokens(session)[1].values()) == {"missing"}
        assert any(event.kind == "prompt" for event in session.events)
        assert session.end_reason


def test_no_file_is_taken_for_the_headless_stream() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            assert not CURSOR_STREAM.recognises(head(path)), path.name
