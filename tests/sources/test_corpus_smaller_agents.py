"""The corpus' files of the smaller agents: each is read without loss, and what else lies there is named."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus import CORPUS

from debrief.errors import NotATranscript
from debrief.model import Session, total_tokens
from debrief.sources import Document, Transcript
from debrief.sources.registry import sniff
from debrief.sources.source import HEAD_BYTES

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

OURS = ("aider", "droid", "grok", "kimi", "pi")

NAMED = {
    "otel_genai": "OpenTelemetry",
    "agentv_transcript": "AgentV",
    "claude_code_console_md": ("terminal's screen", "plain text"),
}
"""Folders of what is refused, and the words for it."""

KEPT_AS_OPAQUE = {
    # Made up by the fixtures' authors to see what a reader does with it.
    "openclaw_schema_drift.jsonl": 1,
    "pi_session.jsonl": 2,
}


def document(path: Path, name: str | None = None) -> Document:
    return Document(name or path.name, lambda: path.open("rb"))


def head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def format_of(path: Path) -> str | None:
    try:
        return sniff(head(path)).name
    except NotATranscript:
        return None


def files(*folders: str) -> list[Path]:
    if not CORPUS.is_dir():
        return []
    return sorted(path for folder in folders for path in (CORPUS / folder).iterdir())


def read(path: Path, beside: dict[str, Path] | None = None) -> list[Session]:
    companions = tuple(document(one, name) for name, one in (beside or {}).items())
    return list(sniff(head(path)).parse(Transcript(document(path), companions), lambda text: text))


def one(pattern: str) -> Path:
    return next(CORPUS.glob(pattern))


def rows(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text().splitlines():
        yield json.loads(line)


def test_each_agents_files_are_taken_by_its_format_and_no_other_file_is() -> None:
    for folder in ("aider", "droid_fixtures", "kimi_fixtures", "grok_fixtures"):
        for path in files(folder):
            expected = folder.removesuffix("_fixtures")
            beside = path.name.endswith(("state.json", "summary.json"))
            assert format_of(path) == (None if beside else expected), path.name
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.parent.name not in (
            *("aider", "droid_fixtures", "kimi_fixtures", "grok_fixtures", "other_fixtures"),
        ):
            assert format_of(path) not in OURS, path.name


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in files("aider", "droid_fixtures", "kimi_fixtures", "grok_fixtures")
        if not path.name.endswith((".state.json", "_state.json", "summary.json"))
    ],
    ids=lambda path: path.name[-60:],
)
def test_everything_in_a_file_is_read(path: Path) -> None:
    for session in read(path):
        assert (session.opaque_count, session.end_reason != "") == (0, True)
        unsaid = [fault for fault in session.faults if "does not say its session's id" not in fault]
        assert not unsaid


@pytest.mark.parametrize("path", files("other_fixtures"), ids=lambda path: path.name[-60:])
def test_other_agents_are_read_or_refused_by_name(path: Path) -> None:
    name = format_of(path)
    if name is None:
        with pytest.raises(NotATranscript) as refused:
            sniff(head(path))
        small = ("error", "routing_decision", "slash_command", "terminal_command", "index", "workspace")
        if not path.name.endswith(tuple(f"{kind}.json" for kind in (*small, "compaction"))):
            assert "no transcript format" not in str(refused.value)
        return
    assert name in ("grok", "pi", "kimi")
    if path.name.endswith("kimi-config-update-cwd.jsonl"):
        with pytest.raises(NotATranscript):
            read(path)
        return
    (session,) = read(path)
    expected = next((n for end, n in KEPT_AS_OPAQUE.items() if path.name.endswith(end)), 0)
    assert session.opaque_count == expected


@pytest.mark.parametrize("folder", NAMED)
def test_what_is_no_transcript_is_called_by_its_name(folder: str) -> None:
    words = NAMED[folder]
    for path in files(folder):
        with pytest.raises(NotATranscript) as refused:
            sniff(head(path))
        assert any(word in str(refused.value) for word in ([words] if isinstance(words, str) else words))


def test_aiders_runs() -> None:
    first, second = read(one("aider/*.md"))
    assert first.title == "add a retry to the webhook"
    assert [e.text for e in first.events if e.kind == "prompt"] == ["add a retry to the webhook"]
    outcomes = [(e.path, e.outcome) for e in first.events if e.kind == "tool_result"]
    assert outcomes == [
        ("src/webhook.py", "ok"),
        ("src/webhook.py", "ok"),
        ("src/retry.py", "ok"),
        ("src/skip.py", "unknown"),
        ("src/other.py", "rejected"),
    ]
    assert (second.title, second.end_state) == ("make the timeout configurable", "finished")


def test_kimis_tokens_are_those_of_its_own_records_of_usage() -> None:
    main, sub = one("kimi_fixtures/*assistant_tools.jsonl"), one("kimi_fixtures/*subagent_agent-0.jsonl")
    state = one("kimi_fixtures/*assistant_tools.state.json")
    (session,) = read(main, {"../../state.json": state, "../agent-0/wire.jsonl": sub})
    stated = [row["usage"] for path in (main, sub) for row in rows(path) if row["type"] == "usage.record"]
    tokens, quality = total_tokens(session)
    for bucket, name in (
        ("input", "inputOther"),
        ("output", "output"),
        ("cache_read", "inputCacheRead"),
        ("cache_write", "inputCacheCreation"),
    ):
        assert getattr(tokens, bucket) == sum(usage[name] for usage in stated)  # type: ignore[index]
        assert quality[bucket] == "exact"
    assert len(session.model_calls) == len(stated)
    assert session.native_id == "session_1bcbe023-4f7e-4971-9dc9-43b8756045b0"
    assert {event.agent for event in session.events} == {None, "agent-0"}
    assert session.fault_count == 0


def test_a_grok_session_is_named_by_what_lies_beside_it() -> None:
    history = one("grok_fixtures/*grok_chat_history.jsonl")
    (session,) = read(history, {"summary.json": one("grok_fixtures/*grok_summary.json")})
    assert session.native_id == "019f6851-7ec4-7ef0-97d3-03f3eee38755"
    assert (session.repository, session.branch) == ("git@github.com:example-user/example.git", "main")
    assert session.fault_count == 0
    child = one("grok_fixtures/*subagent_chat_history.jsonl")
    (session,) = read(child, {"summary.json": one("grok_fixtures/*subagent_summary.json")})
    assert session.relation == "subagent"


def test_pis_tokens_and_cost() -> None:
    (session,) = read(one("other_fixtures/*agentsview__pi_session.jsonl"))
    tokens, _ = total_tokens(session)
    assert (tokens.input, tokens.output, tokens.cache_read) == (300, 60, None)
    assert [call.cost_usd_micros for call in session.model_calls] == [10_000, 5_000]
    assert (session.parent_id, session.relation) == ("parent-uuid", "fork")
