"""The real trajectories of the corpus: each is read without a loss, its tokens are the file's own totals.

The corpus was trimmed by its makers: steps were cut out, and parts of steps replaced by a mark of their own.
"""

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from corpus import CORPUS

from atif_rules import broken
from debrief.errors import NotATranscript
from debrief.model import Cost, Session, StoredSession, total_tokens
from debrief.sources import Document, Transcript, sniff
from debrief.sources.registry import FORMATS
from debrief.sources.source import HEAD_BYTES
from debrief.wire import atif

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

OURS = ("atif", "swe_agent", "mini_swe_agent")

MADE_BY_THE_CORPUS = ("its observation holds no results", "its tool calls are no array", "are here")


def files(name: str) -> list[Path]:
    folder = CORPUS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def parse(path: Path) -> list[Session]:
    def opened() -> BinaryIO:
        return path.open("rb")

    return list(sniff(head(path)).parse(Transcript(Document(path.name, opened)), lambda text: text))


def value_of(path: Path) -> Any:
    return json.loads(path.read_bytes())


def is_look_alike(path: Path) -> bool:
    return path.suffix == ".json" and value_of(path).get("schema_version") == "cursor-jsonl-v1"


TRAJECTORIES = [
    path for path in files("atif") if path.suffix == ".json" and CORPUS.is_dir() and not is_look_alike(path)
]


def test_each_file_is_recognised_by_its_format_alone_and_no_other_file_is() -> None:
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file():
            continue
        found = [one.name for one in FORMATS if one.recognises(head(path))]
        folder = path.parent.name
        if folder == "atif" and path not in TRAJECTORIES:
            assert found == [], path.name
        elif folder in OURS:
            assert found == [folder], path.name
        else:
            assert not set(found) & set(OURS), path.name


@pytest.mark.parametrize("path", files("atif"), ids=lambda path: path.name[-40:])
def test_a_look_alike_is_refused_by_name(path: Path) -> None:
    if path.suffix != ".json" or not is_look_alike(path):
        return
    with pytest.raises(NotATranscript, match="'cursor-jsonl-v1'"):
        sniff(head(path))


@pytest.mark.parametrize("path", TRAJECTORIES, ids=lambda path: path.name[-40:])
def test_tokens_are_the_totals_of_the_trajectory(path: Path) -> None:
    (session,) = parse(path)
    final = value_of(path)["final_metrics"]
    extra = final.get("extra") or {}
    sums, _ = total_tokens(session)
    read = final.get("total_cached_tokens")
    written = extra.get("total_cache_creation_input_tokens")
    assert (sums.cache_read, sums.cache_write) == (read, written)
    # These converters count cache writes beside the prompt.
    assert (sums.input or 0) + (read or 0) == final["total_prompt_tokens"]
    assert sums.output == final["total_completion_tokens"]
    assert session.end_reason


@pytest.mark.parametrize("path", TRAJECTORIES, ids=lambda path: path.name[-40:])
def test_nothing_of_a_trajectory_is_lost_but_what_the_corpus_cut(path: Path) -> None:
    (session,) = parse(path)
    assert all(fault.endswith(MADE_BY_THE_CORPUS) for fault in session.faults)
    steps = value_of(path)["steps"]
    made = [step for step in steps if step["source"] == "corpus_builder"]
    assert session.opaque_count == len(made)
    calls = [one for step in steps if isinstance(step.get("tool_calls"), list) for one in step["tool_calls"]]
    typed = [event for event in session.events if event.tool == "terminal"]
    assert sum(event.kind == "tool_call" for event in session.events) == len(calls) + len(
        [event for event in typed if event.kind == "tool_call"]
    )


@pytest.mark.parametrize("path", files("mini_swe_agent"), ids=lambda path: path.name[-40:])
def test_mini_swe_agents_calls_cost_what_the_run_cost(path: Path) -> None:
    (session,) = parse(path)
    assert (session.fault_count, session.opaque_count) == (0, 0)
    value = value_of(path)
    messages = value["messages"]
    prompt = sum(
        one["extra"]["response"]["usage"]["prompt_tokens"] for one in messages if "tool_calls" in one
    )
    sums, _ = total_tokens(session)
    assert (sums.input or 0) + (sums.cache_read or 0) == prompt
    stated = value.get("info", {}).get("model_stats", {}).get("instance_cost", 0)
    costs = sum(call.cost_usd_micros or 0 for call in session.model_calls)
    assert abs(costs - stated * 1e6) <= len(session.model_calls)
    assert sum(event.kind == "prompt" for event in session.events) == 1


@pytest.mark.parametrize("path", files("swe_agent"), ids=lambda path: path.name[-60:])
def test_swe_agents_steps_are_all_there(path: Path) -> None:
    (session,) = parse(path)
    assert (session.fault_count, session.opaque_count) == (0, 0)
    value = value_of(path)
    stats = value.get("info", {}).get("model_stats", {})
    sums, _ = total_tokens(session)
    assert (sums.input or 0, sums.output or 0) == (
        stats.get("tokens_sent", 0),
        stats.get("tokens_received", 0),
    )
    if "environment" in value:
        actions = [step for step in value["trajectory"] if step["action"].strip()]
        assert sum(event.kind == "tool_result" for event in session.events) == len(actions)
    assert sum(event.kind == "prompt" for event in session.events) == 1
    assert session.started_us is None
    assert session.end_state == "finished"


@pytest.mark.parametrize("name", OURS)
def test_no_two_files_are_taken_for_one_session(name: str) -> None:
    names = [
        session.native_id
        for path in files(name)
        if name != "atif" or path in TRAJECTORIES
        for session in parse(path)
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", OURS)
def test_exports_are_valid_and_hold_the_same_events_and_tokens(name: str) -> None:
    for path in files(name):
        if name == "atif" and path not in TRAJECTORIES:
            continue
        (session,) = parse(path)
        stored = StoredSession(
            enterprise_id="e",
            session_id="x",
            org_id="o",
            created_us=0,
            updated_us=0,
            status="exit",
            session=session,
            analysis=None,
            cost=Cost(),
        )
        content = atif.render(stored)
        assert broken(json.loads(content)) == [], path.name
        again = Transcript(Document("x", lambda content=content: io.BytesIO(content)))  # type: ignore[misc]
        (after,) = sniff(content[:HEAD_BYTES]).parse(again, lambda text: text)
        assert total_tokens(after) == total_tokens(session), path.name
        assert [(e.kind, e.actor, e.call_id, e.command, e.outcome) for e in after.events] == [
            (e.kind, e.actor, e.call_id, e.command, e.outcome) for e in session.events
        ], path.name
