"""The corpus of real transcripts, and what was computed of each without us: the oracle."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from debrief.model import Session, total_tokens
from debrief.sources import Document, SourceFormat, Transcript
from debrief.sources.source import HEAD_BYTES

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

Disputed = Mapping[str, Mapping[str, object]]
"""By column and session: what is true where the oracle errs."""


def facts(format_name: str) -> Iterator[dict[str, str]]:
    """The oracle's rows for one format."""
    if CORPUS.is_dir():
        with (CORPUS / "oracle.tsv").open(newline="") as stream:
            yield from (row for row in csv.DictReader(stream, delimiter="\t") if row["format"] == format_name)


def parse(source: SourceFormat, path: Path) -> Session:
    """The first session of a file, as it stands there."""

    def opened() -> BinaryIO:
        return path.open("rb")

    return next(source.parse(Transcript(Document(path.name, opened)), lambda text: text))


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def found_in(session: Session) -> dict[str, object]:
    """What we say, in the oracle's columns; its zeros of tokens stand for unknown too."""
    tokens, _ = total_tokens(session)
    kinds = [event.kind for event in session.events]
    return {
        "session_id": session.native_id,
        "first_ts": session.started_us,
        "last_ts": session.last_event_us,
        "cwd": session.cwd or "",
        "branch": session.branch or "",
        "models": ",".join(sorted({call.model for call in session.model_calls if call.model})),
        "input_uncached": tokens.input or 0,
        # The oracle's output is the format's own: it includes reasoning.
        "output": (tokens.output or 0) + (tokens.reasoning or 0),
        "cache_write": tokens.cache_write or 0,
        "cache_read": tokens.cache_read or 0,
        "typed_user_prompts": kinds.count("prompt"),
        "tool_calls": kinds.count("tool_call"),
        "tool_errors": sum(event.is_error for event in session.events),
        "interrupts": kinds.count("interrupt"),
        "compactions": kinds.count("compaction"),
        "pr_created": sum(pull.created for pull in session.pull_requests),
        "first_user_prompt": _beginning(session.initial_user_message or ""),
    }


def expected(row: dict[str, str], column: str, disputed: Disputed) -> object:
    """What the oracle says, or what is true where it errs."""
    known = disputed.get(column, {}).get(row["session_id"])
    if known is not None:
        return known
    value = row[column]
    if column in ("first_ts", "last_ts"):
        return round(datetime.fromisoformat(value).timestamp() * 1_000_000)
    if column == "first_user_prompt":
        return _beginning(value)
    return len(value.replace(",", " ").split()) if column == "pr_created" else value


def _beginning(text: str) -> str:
    return " ".join(text.split())[:60]
