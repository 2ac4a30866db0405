"""The real runs of the corpus, against their own sums; and nothing else is taken for one."""

import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from corpus import CORPUS

from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.formats.cline import CLINE
from debrief.sources.formats.openhands import OPENHANDS
from debrief.sources.formats.openhands_v0 import OPENHANDS_V0
from debrief.sources.source import HEAD_BYTES

FILES = sorted((CORPUS / "openhands").glob("*"))

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def sessions(path: Path) -> list[Session]:
    def opened() -> BinaryIO:
        return path.open("rb")

    found = OPENHANDS if OPENHANDS.recognises(head(path)) else OPENHANDS_V0
    return list(found.parse(Transcript(Document(path.name, opened)), lambda text: text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_read_without_a_rest(path: Path) -> None:
    assert OPENHANDS.recognises(head(path)) != OPENHANDS_V0.recognises(head(path))
    found = sessions(path)
    assert found
    assert sum(session.opaque_count + session.fault_count for session in found) == 0
    assert all(session.events for session in found)


@pytest.mark.parametrize(
    "path", [f for f in FILES if f.name.endswith(".bundle.json")], ids=lambda path: path.name
)
def test_a_conversations_tokens_and_calls_are_its_own(path: Path) -> None:
    bundle: dict[str, Any] = json.loads(path.read_text())
    base = bundle["base_state"]
    uses = (base.get("stats") or {}).get("usage_to_metrics", {})
    sums = [use["accumulated_token_usage"] for use in uses.values()]
    (session,) = sessions(path)
    tokens = total_tokens(session)[0]
    assert session.native_id == base["id"]
    prompt = (tokens.input or 0) + (tokens.cache_read or 0) + (tokens.cache_write or 0)
    assert prompt == sum(one["prompt_tokens"] for one in sums)
    completion = (tokens.output or 0) + (tokens.reasoning or 0)
    assert completion == sum(one["completion_tokens"] for one in sums)
    told = [one["event"]["kind"] for one in bundle["events"]]
    assert sum(e.kind == "tool_call" for e in session.events) == told.count("ActionEvent")
    assert sum(e.kind == "tool_result" for e in session.events) == told.count("ObservationEvent")


def test_an_evaluations_rows_agree_with_their_metrics() -> None:
    path = CORPUS / "openhands" / "All-Hands-AI__trajectory-visualizer__public_sample.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    found = sessions(path)
    assert [s.native_id.partition("@")[0] for s in found] == [row["instance_id"] for row in rows]
    for session, row in zip(found, rows, strict=True):
        answers = {}
        for event in row["history"]:
            response = (event.get("tool_call_metadata") or {}).get("model_response") or {}
            if response.get("usage"):
                answers[response["id"]] = response["usage"]
        tokens = total_tokens(session)[0]
        assert len(session.model_calls) == len(answers)
        prompt = (tokens.input or 0) + (tokens.cache_read or 0) + (tokens.cache_write or 0)
        assert prompt == sum(usage["prompt_tokens"] for usage in answers.values())
        assert tokens.output == sum(usage["completion_tokens"] for usage in answers.values())
        assert session.native_cost_usd_micros == round(row["metrics"]["accumulated_cost"] * 1_000_000)


def test_nothing_else_in_the_corpus_is_taken_for_one() -> None:
    others = [path for path in CORPUS.rglob("*") if path.is_file() and path.parent != CORPUS / "openhands"]
    assert len(others) > 300
    for path in others:
        beginning = head(path)
        for source in (OPENHANDS, OPENHANDS_V0, CLINE):
            assert not source.recognises(beginning), path
