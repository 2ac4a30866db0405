"""The real Copilot sessions, against facts computed without us; nothing else is taken for any."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.formats.copilot_cli import COPILOT_CLI
from debrief.sources.source import HEAD_BYTES

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

DISPUTED: dict[str, dict[str, object]] = {
    # The oracle reads `success`. A search that found nothing exited with 1, as its last line says.
    "tool_errors": {"c3f091b3-1a1f-435f-8acb-6c7520106212": 2},
    # `gh pr create --draft` ran, exited with 0 and printed the new address alone on its line.
    "pr_created": {"c3f091b3-1a1f-435f-8acb-6c7520106212": 1},
}


def parse(path: Path) -> Session:
    def opened() -> BinaryIO:
        return path.open("rb")

    return next(COPILOT_CLI.parse(Transcript(Document(path.name, opened)), lambda text: text))


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def facts() -> Iterator[dict[str, str]]:
    if CORPUS.is_dir():
        with (CORPUS / "oracle.tsv").open(newline="") as stream:
            rows = csv.DictReader(stream, delimiter="\t")
            yield from (row for row in rows if row["format"] == "copilot_cli")


def prefix(text: str) -> str:
    return " ".join(text.split())[:60]


def found_in(session: Session) -> dict[str, object]:
    tokens, _ = total_tokens(session)
    kinds = [event.kind for event in session.events]
    return {
        "session_id": session.native_id,
        "first_ts": session.started_us,
        "last_ts": session.last_event_us,
        "cwd": session.cwd,
        "branch": session.branch,
        "models": ",".join(sorted({call.model for call in session.model_calls if call.model})),
        # The oracle's zeros are of sessions whose service told no tokens: unknown here.
        "input_uncached": tokens.input or 0,
        "output": (tokens.output or 0) + (tokens.reasoning or 0),
        "cache_write": tokens.cache_write or 0,
        "cache_read": tokens.cache_read or 0,
        "typed_user_prompts": kinds.count("prompt"),
        "tool_calls": kinds.count("tool_call"),
        "tool_errors": sum(event.is_error for event in session.events),
        "interrupts": kinds.count("interrupt"),
        "compactions": kinds.count("compaction"),
        "pr_created": sum(pull.created for pull in session.pull_requests),
        "first_user_prompt": prefix(session.initial_user_message or ""),
    }


def expected(row: dict[str, str], column: str) -> object:
    disputed = DISPUTED.get(column, {}).get(row["session_id"])
    if disputed is not None:
        return disputed
    value = row[column]
    if column in ("first_ts", "last_ts"):
        return round(datetime.fromisoformat(value).timestamp() * 1_000_000)
    if column == "first_user_prompt":
        return prefix(value)
    return len(value.replace(",", " ").split()) if column == "pr_created" else value


@pytest.mark.parametrize("row", [pytest.param(row, id=row["session_id"]) for row in facts()])
def test_facts_agree(row: dict[str, str]) -> None:
    session = parse(CORPUS / row["file"])
    for column, value in found_in(session).items():
        assert str(value) == str(expected(row, column)), column
    assert (session.fault_count, session.opaque_count) == (0, 0)
    assert session.end_state == "finished"


def test_a_session_whose_service_told_no_tokens_has_none() -> None:
    for row in facts():
        if row["input_uncached"] == row["output"] == "0":
            tokens, qualities = total_tokens(parse(CORPUS / row["file"]))
            assert (tokens.input, tokens.output, qualities["output"]) == (None, None, "missing")


def test_every_other_file_is_refused_and_every_session_is_taken() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file():
            ours = path.parent.name in ("copilot_cli", "copilot_cli_fixtures")
            assert COPILOT_CLI.recognises(head(path)) == ours, path.name


def test_fixtures_are_read_without_loss() -> None:
    for path in sorted((CORPUS / "copilot_cli_fixtures").iterdir()):
        session = parse(path)
        assert (session.opaque_count, session.fault_count) == (0, 0), path.name
        assert session.native_id
