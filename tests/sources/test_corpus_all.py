"""Every file of the corpus is read by one format, or refused with a reason; none raises."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pytest
from corpus import CORPUS

from debrief.errors import NotATranscript
from debrief.sources import FORMATS, Document, Transcript, sniff
from debrief.sources.source import HEAD_BYTES

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

# Folders all of whose files are transcripts, and the number of files in others that are none: another
# program's format, a part of a session, notes beside it.
REFUSED = {
    "agentv_transcript": 5,
    "antigravity_fixtures": 1,
    "atif": 7,
    "claude_code_console_md": 3,
    "claude_code_fixtures": 1,
    "codex_fixtures": 4,
    "corpus": 3,
    "gemini_cli_fixtures": 1,
    "grok_fixtures": 2,
    "kimi_fixtures": 2,
    "opencode_fixtures": 24,
    "otel_genai": 4,
    "other_fixtures": 39,
    "qwen_code_fixtures": 1,
}


def files() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file())


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


@cache
def outcome(path: Path) -> str:
    """The format's name, or why the file is refused."""

    def opened() -> BinaryIO:
        return path.open("rb")

    try:
        source = sniff(head(path))
        sessions = list(source.parse(Transcript(Document(path.name, opened, 0)), lambda text: text))
    except NotATranscript as error:
        return f"refused: {error}"
    assert sessions
    return source.name


def test_no_file_is_taken_by_two_formats() -> None:
    for path in files():
        taken = [source.name for source in FORMATS if source.recognises(head(path))]
        assert len(taken) <= 1, (path.name, taken)


def test_what_is_refused_is_refused_with_a_reason_and_no_more_than_that() -> None:
    refused = Counter(path.parent.name for path in files() if outcome(path).startswith("refused"))
    assert dict(refused) == REFUSED
    reasons = [outcome(path) for path in files() if outcome(path).startswith("refused")]
    unnamed = [reason for reason in reasons if reason.startswith("refused: no transcript format")]
    assert len(unnamed) <= 15
