"""Over real transcripts: nothing breaks, evidence resolves, and no detector or pattern fires at everything.

Needs the corpus beside the repository (`../shared/corpus`); without it these tests are skipped.
"""

from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from debrief.analysis import analyse
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import PatternDetector
from debrief.errors import NotATranscript
from debrief.model import Event, Session
from debrief.sources.registry import sniff
from debrief.sources.source import HEAD_BYTES, Document, Transcript

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
FOLDERS = ("claude_code", "claude_code_stream_json", "codex")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus in ../shared beside the repository")


def parsed(path: Path) -> list[Session]:
    data = path.read_bytes()

    def opened() -> BytesIO:
        return BytesIO(data)

    try:
        return list(sniff(data[:HEAD_BYTES]).parse(Transcript(Document(path.name, opened)), str))
    except NotATranscript:
        return []


@pytest.fixture(scope="module")
def sessions() -> list[Session]:
    paths = sorted(p for folder in FOLDERS for p in (CORPUS / folder).rglob("*") if p.is_file())
    found = [session for path in paths for session in parsed(path)]
    assert len(found) > 50
    return found


def test_every_session_is_analysed_and_every_word_cites_its_events(sessions: list[Session]) -> None:
    for session in sessions:
        analysis = analyse(session)
        assert analysis.faults == ()
        known = {event.ordinal for event in session.events}
        ids = {issue.id for issue in analysis.issues}
        for issue in analysis.issues:
            assert issue.evidence
            assert set(issue.evidence) <= known
        assert all(item.issue_id in ids and set(item.evidence) <= known for item in analysis.action_items)


def test_no_detector_fires_in_more_than_half_of_the_sessions(sessions: list[Session]) -> None:
    hits: Counter[str] = Counter()
    for session in sessions:
        hits.update({issue.detector for issue in analyse(session).issues})
    assert hits
    assert all(count <= len(sessions) / 2 for count in hits.values()), hits.most_common(3)


def failed(event: Event) -> bool:
    return event.kind == "tool_result" and event.is_error and bool(event.text)


def test_no_pattern_matches_most_error_results(sessions: list[Session]) -> None:
    errors = [event.text for session in sessions for event in session.events if failed(event)]
    assert len(errors) > 100
    for detector in DETECTORS:
        if not isinstance(detector, PatternDetector):
            continue
        for pattern in detector.patterns:
            share = sum(bool(pattern.search(text)) for text in errors) / len(errors)
            assert share <= 0.3, f"{detector.id} {pattern.pattern!r} matches {share:.0%} of all error results"


def test_needles_lose_no_match(sessions: list[Session]) -> None:
    errors = [event.text for session in sessions for event in session.events if failed(event)]
    for detector in DETECTORS:
        if isinstance(detector, PatternDetector):
            for text in errors:
                if any(pattern.search(text) for pattern in detector.patterns):
                    assert any(needle in text.lower() for needle in detector.needles), (
                        detector.id,
                        text[:300],
                    )
