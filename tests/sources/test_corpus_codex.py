"""The real rollouts of the corpus, against facts computed without us; and nothing else is taken for one."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.formats.codex import CODEX
from debrief.sources.formats.codex_exec import CODEX_EXEC
from debrief.sources.source import HEAD_BYTES

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

REFUSED = {
    # Another program's own idea of the format: no session record, no envelope, roles on the outside.
    "session_branch.jsonl",
    "session_simple.jsonl",
    "session_toolcall.jsonl",
    "schema_drift.jsonl",
}

DISPUTED: dict[str, dict[str, object]] = {
    # The oracle counts calls of functions and custom tools. A web search and a search for tools are calls of
    # the model too, each with its own record (`web_search_call`, `tool_search_call`): we count them.
    "tool_calls": {
        "019ed50c-2fb3-7002-a384-360bea6e7f04": 105,
        "019ed99c-d00d-7613-b2e7-d2f512f78afd": 531,
        "019eecb9-cc3a-73c2-814a-dd4f8ced7545": 280,
        "019efedf-a8dc-7b20-ba1d-f1c6ff7ea96e": 70,
        "019f17a5-6d3f-7470-9097-c70f6cefe936": 362,
        "019f1d64-a048-7e10-8a4d-fd6b9e9d7b34": 221,
    },
    # The oracle reads exit codes. A patch that was refused ("apply_patch verification failed") has none, and
    # is an error all the same: three in the first session, four in the second.
    "tool_errors": {
        "019ed99c-d00d-7613-b2e7-d2f512f78afd": 31,
        "019f1d64-a048-7e10-8a4d-fd6b9e9d7b34": 15,
    },
    # `gh pr create --draft` ran, exited with 0 and printed the new address alone on its line.
    "pr_created": {"019f1de1-ca1d-7261-9e32-4d51380144e6": 1},
    # The oracle shows what the editor put around the request (open files and tabs); the person typed this.
    "first_user_prompt": {"0199955b-5deb-72e2-9988-4b1b799e1206": "/specify --help"},
}


def parse(path: Path) -> Session:
    def opened() -> BinaryIO:
        return path.open("rb")

    return next(CODEX.parse(Transcript(Document("x", opened)), lambda text: text))


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def facts() -> Iterator[dict[str, str]]:
    if CORPUS.is_dir():
        with (CORPUS / "oracle.tsv").open(newline="") as stream:
            yield from (row for row in csv.DictReader(stream, delimiter="\t") if row["format"] == "codex")


def found_in(session: Session) -> dict[str, object]:
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
        "first_user_prompt": prefix(session.initial_user_message or ""),
    }


def prefix(text: str) -> str:
    return " ".join(text.split())[:60]


def expected(row: dict[str, str], column: str) -> object:
    disputed = DISPUTED.get(column, {}).get(row["session_id"])
    if disputed is not None:
        return disputed
    value = row[column]
    if column in ("first_ts", "last_ts"):
        return round(datetime.fromisoformat(value).timestamp() * 1_000_000)
    if column == "first_user_prompt":
        return prefix(value)
    if column == "pr_created":
        return len(value.replace(",", " ").split())
    return value


@pytest.mark.parametrize("row", [pytest.param(row, id=row["session_id"]) for row in facts()])
def test_facts_agree(row: dict[str, str]) -> None:
    session = parse(CORPUS / row["file"])
    for column, value in found_in(session).items():
        assert str(value) == str(expected(row, column)), column
    assert (session.fault_count, session.opaque_count) == (0, 0)
    assert session.end_reason


def test_every_other_file_is_refused_and_every_rollout_is_taken() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file():
            continue
        ours = path.parent.name in ("codex", "codex_fixtures") and not path.name.endswith(tuple(REFUSED))
        assert CODEX.recognises(head(path)) == ours, path.name
        assert not CODEX_EXEC.recognises(head(path)), path.name


def test_fixtures_are_read_without_loss() -> None:
    for path in sorted((CORPUS / "codex_fixtures").iterdir()):
        if CODEX.recognises(head(path)):
            session = parse(path)
            assert session.native_id, path.name
            # What stays unknown is made up by the fixtures' authors, or from before the format had it.
            assert all(
                event.text.startswith("record of type") for event in session.events if event.kind == "opaque"
            )
