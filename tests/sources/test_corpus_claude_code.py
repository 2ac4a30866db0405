"""Claude Code's formats over a corpus of real transcripts, beside facts that were counted independently."""

from pathlib import Path

import pytest
from corpus import CORPUS, facts, head

from debrief.errors import NotATranscript
from debrief.model import Session, total_tokens
from debrief.sources import Document, SourceFormat, Transcript
from debrief.sources.formats.claude_code import CLAUDE_CODE
from debrief.sources.formats.claude_code_stream import CLAUDE_CODE_STREAM
from debrief.sources.records import timestamp_us

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the repository")

FORMATS: dict[str, SourceFormat] = {
    "claude_code": CLAUDE_CODE,
    "claude_code_fixtures": CLAUDE_CODE,
    "claude_code_stream_json": CLAUDE_CODE_STREAM,
}

QUEUED = (
    "the oracle counts user rows; this prompt left the queue for the running turn and the agent acted on it"
)
HOOK = "the oracle counts the row 'Operation stopped by hook: ...', which the tool wrote and nobody typed"
COMMAND = "the oracle leaves out slash commands; this one carries a typed order as its arguments"

TYPED_PROMPT_DISPUTES = {
    "0c97beba-bfcb-4f84-9950-e0354bfc808b": (1, QUEUED),
    "1e0816ef-6f89-4f05-b331-dab09bb14485": (1, QUEUED),
    "0822e04b-5551-4de8-a98a-5660c689e49b": (1, QUEUED),
    "43c87127-491b-488e-a553-95aa3f0414ac": (1, QUEUED),
    "53ea1606-cf60-417b-928a-068324ecc7b3": (1, QUEUED),
    "7505c804-ef06-4be0-a866-480597e6bbc1": (1, QUEUED),
    "afb1dd35-5084-4acb-84b8-59b9d3c48d3e": (1, QUEUED),
    "253fd5ef-38bf-4f4a-804a-98df5088a868": (1, COMMAND),
    "1ecba475-5b18-4058-a0cb-e87703f6f792": (-1, HOOK),
}
"""How many prompts more than the oracle we see, and why we think that we are right."""


def corpus_files() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*/*") if path.is_file()) if CORPUS.is_dir() else []


def parse(path: Path, source: SourceFormat) -> list[Session]:
    return list(source.parse(Transcript(Document(path.name, lambda: path.open("rb"))), lambda text: text))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", corpus_files(), ids=named)
def test_each_file_is_recognised_by_its_own_format_only(path: Path) -> None:
    expected = None if path.name.endswith(".meta.json") else FORMATS.get(path.parent.name)
    for source in (CLAUDE_CODE, CLAUDE_CODE_STREAM):
        assert source.recognises(head(path)) is (source is expected)


@pytest.mark.parametrize("path", [path for path in corpus_files() if path.parent.name in FORMATS], ids=named)
def test_each_file_parses_or_is_refused(path: Path) -> None:
    source = FORMATS[path.parent.name]
    if path.name.endswith(".meta.json"):
        with pytest.raises(NotATranscript, match="without a single message"):
            parse(path, source)
        return
    (session,) = parse(path, source)
    assert session.native_id
    assert session.end_reason
    assert session.events
    assert all(event.ordinal == place for place, event in enumerate(session.events))
    assert all(0 <= pull.event < len(session.events) for pull in session.pull_requests)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("row", list(facts("claude_code")), ids=lambda row: row["session_id"])
def test_agreement_with_the_oracle(row: dict[str, str]) -> None:
    (session,) = parse(CORPUS / row["file"], CLAUDE_CODE)
    main = [event for event in session.events if event.agent is None]
    calls = [call for call in session.model_calls if call.agent is None]
    kinds = [event.kind for event in main]
    # The oracle counts each flagged result, also those that a person refused or that were never run.
    flagged = [event for event in main if event.outcome in ("error", "rejected", "cascade", "interrupted")]
    disputed, _ = TYPED_PROMPT_DISPUTES.get(row["session_id"], (0, ""))
    assert session.native_id == row["session_id"]
    assert session.started_us == timestamp_us(row["first_ts"])
    assert session.last_event_us == timestamp_us(row["last_ts"])
    assert (session.cwd, session.branch) == (row["cwd"], row["branch"])
    assert {call.model for call in calls} == set(row["models"].split(",")) - {"<synthetic>"}
    assert kinds.count("prompt") == int(row["typed_user_prompts"]) + disputed
    assert kinds.count("tool_call") == int(row["tool_calls"])
    assert len(flagged) == int(row["tool_errors"])
    assert kinds.count("interrupt") == int(row["interrupts"])
    assert kinds.count("compaction") == int(row["compactions"])
    created = {pull.url for pull in session.pull_requests if pull.created}
    assert created == set(filter(None, row["pr_created"].split(",")))
    assert one_line(session.initial_user_message or "")[:150] == one_line(row["first_user_prompt"])[:150]


@pytest.mark.parametrize("row", list(facts("claude_code")), ids=lambda row: row["session_id"])
def test_tokens_agree_with_the_oracle(row: dict[str, str]) -> None:
    (session,) = parse(CORPUS / row["file"], CLAUDE_CODE)
    # The oracle leaves out what sub-agents spent, of which these files hold only the progress rows.
    calls = tuple(call for call in session.model_calls if call.agent is None)
    tokens, quality = total_tokens(
        Session(format="", parser_version=0, native_id="", agent="", model_calls=calls)
    )
    stated = (tokens.input, tokens.output, tokens.cache_write, tokens.cache_read)
    columns = ("input_uncached", "output", "cache_write", "cache_read")
    assert stated == tuple(int(row[column]) for column in columns)
    if row["output_trustworthy"].startswith("no"):
        assert quality["output"] == "lower_bound"
