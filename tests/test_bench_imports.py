"""What the benches of imports and counting are made of: true transcripts, traps, and Debrief's own column."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from debrief.model import Session, total_tokens
from debrief.pipeline.discover import discover
from debrief.pipeline.prepare import parse_and_analyse

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

counters = import_module("counters")
ingest = import_module("ingest")
transcripts = import_module("transcripts")
traps = import_module("traps")


def parsed(folder: Path) -> list[Session]:
    found = list(discover([folder]))
    return [session for one in found for session, _ in parse_and_analyse(one, b"k" * 32).sessions]


def test_sessions_are_the_same_in_every_run_and_wholly_understood(tmp_path: Path) -> None:
    assert transcripts.session(5) == transcripts.session(5)
    written = transcripts.write(tmp_path, 12)
    found = parsed(tmp_path)
    assert len(found) == 12
    assert 12 * 30_000 < written < 12 * 80_000
    for session in found:
        assert (session.format, session.opaque_count, session.fault_count) == ("claude_code", 0, 0)
        assert session.usage.repeated > 0
        assert any(event.kind == "tool_result" and event.outcome == "ok" for event in session.events)
        assert len({call.key for call in session.model_calls}) == len(session.model_calls)


def test_a_session_has_so_many_rows_with_a_message() -> None:
    for number in (0, 1999):
        _, content = transcripts.session(number)
        rows = [json.loads(line) for line in content.splitlines()]
        assert sum("message" in row for row in rows) == transcripts.MESSAGES


def test_a_large_transcript_is_one_session_of_at_least_the_size(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    assert transcripts.write_large(path, 400_000) == path.stat().st_size >= 400_000
    assert path.stat().st_size < 500_000
    (session,) = parsed(path)
    assert session.fault_count == 0


@pytest.mark.parametrize("trap", traps.traps(), ids=lambda trap: trap.name)
def test_debrief_counts_what_was_spent(trap: Any) -> None:
    told = counters.counted(trap, counters.debrief)
    assert told is not None
    assert (told.tokens, told.least) == (trap.tokens, trap.least)


def test_a_price_that_is_not_known_is_not_nothing() -> None:
    unpriced = next(trap for trap in traps.traps() if "without a known price" in trap.name)
    told = counters.counted(unpriced, counters.debrief)
    assert told is not None
    assert told.dollars is None


def test_the_traps_are_traps() -> None:
    """Adding up every row goes wrong wherever tokens are told more than once, or not at all."""
    wrong = [trap for trap in traps.traps() if traps.naive(trap) != trap.tokens]
    assert len(wrong) == len(traps.traps()) - 1


def test_a_replayed_session_is_told_to_be_a_fork(tmp_path: Path) -> None:
    fork = next(trap for trap in traps.traps() if trap.name == "a fork that replays its parent")
    for path, rows in fork.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(traps.content(rows))
    found = {session.native_id: session for session in counters.sessions_of(tmp_path)}
    assert found[traps.OTHER].relation == "fork"
    assert total_tokens(found[traps.OTHER])[0].output == traps.THIRD.output


def test_a_part_of_the_page_is_put_in_its_place_and_nothing_else_is_touched() -> None:
    page = f"# Page\n\n## Figures\n\none\n\n{ingest.BY_HAND}\n\nby hand\n"
    once = ingest.with_part(page, f"{ingest.HEADING}\n\nfirst")
    twice = ingest.with_part(once, f"{ingest.HEADING}\n\nsecond")
    assert once == page.replace(f"{ingest.BY_HAND}\n", f"{ingest.HEADING}\n\nfirst\n\n{ingest.BY_HAND}\n")
    assert twice == once.replace("first", "second")
