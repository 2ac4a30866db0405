from pathlib import Path

import pytest

from debrief.analysis import analyse
from debrief.metering import cost
from debrief.model import Session
from debrief.redaction import Redactor
from debrief.samples import folder
from debrief.sources.registry import sniff
from debrief.sources.source import HEAD_BYTES, Document, Transcript

NOV_1_2026_US = 1_793_491_200_000_000
OCT_1_2026_US = NOV_1_2026_US - 31 * 86_400_000_000


def read(path: Path) -> Session:
    transcript = Transcript(Document(path.name, lambda: path.open("rb")))
    (session,) = sniff(path.read_bytes()[:HEAD_BYTES]).parse(transcript, Redactor(b"a key for tests"))
    return session


SAMPLES = {session.title: session for session in map(read, sorted(folder().rglob("*.jsonl")))}

STORIES: dict[str, set[str]] = {
    "Show picking progress in the warehouse API": {"CFG-01"},
    "Bring the battery widget branch up to date": {"VC-01", "VC-03", "REQ-01"},
    "Print customer names with umlauts correctly": set(),
    "Readings are lost after a broker restart": {"APP-01", "TST-01"},
    "Retire the old route planner flag": {"REQ-01", "REQ-02"},
    "Show the dock plan without saving it": set(),
}


@pytest.mark.parametrize("title", STORIES)
def test_each_sample_tells_its_story(title: str) -> None:
    analysis = analyse(SAMPLES[title])
    assert analysis.faults == ()
    assert {issue.detector for issue in analysis.issues} == STORIES[title]
    assert len(analysis.timeline) >= 3
    assert bool(analysis.action_items) == bool(STORIES[title])


@pytest.mark.parametrize("session", SAMPLES.values(), ids=SAMPLES.keys())
def test_each_sample_is_read_whole(session: Session) -> None:
    assert (session.faults, session.opaque_count) == ((), 0)
    assert session.end_state == "finished"
    assert 15 <= len(session.events) <= 60
    assert OCT_1_2026_US < (session.started_us or 0) < NOV_1_2026_US + 30 * 86_400_000_000
    assert session.branch
    price = cost(session)
    assert price.quality == "exact"
    assert 20_000 < (price.cost_usd_micros or 0) < 5_000_000


def test_there_are_six_of_two_agents_in_the_agents_own_folders() -> None:
    assert SAMPLES.keys() == STORIES.keys()
    assert sorted(session.format for session in SAMPLES.values()) == ["claude_code"] * 4 + ["codex"] * 2
    for path in folder().rglob("*.jsonl"):
        assert (read(path).native_id or "-") in path.stem
    assert len(list(folder().glob("claude/projects/*/*.jsonl"))) == 4
    assert len(list(folder().glob("codex/sessions/2026/*/*/rollout-*.jsonl"))) == 2


def test_the_fix_has_its_pull_request() -> None:
    (pull,) = SAMPLES["Print customer names with umlauts correctly"].pull_requests
    assert (pull.created, pull.number, pull.repository) == (True, 421, "acme-robotics/label-printer")


def test_the_password_that_a_command_printed_is_gone() -> None:
    events = SAMPLES["Show picking progress in the warehouse API"].events
    (shown,) = (event.text for event in events if event.text.startswith("WAREHOUSE_DATABASE_URL=postgres"))
    assert "[redacted:url-password:" in shown


def test_the_prompt_learns_what_was_said_late() -> None:
    suggested = analyse(SAMPLES["Bring the battery widget branch up to date"]).suggested_prompt
    assert suggested is not None
    assert "release/4.2" in suggested.suggested_prompt
