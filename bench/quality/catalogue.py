"""Over real sessions: no pattern may match most error results, and no detector may fire in most sessions.

A detector that fires everywhere says nothing about a session; a pattern that matches every failure is broken.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from data import items, sessions_of, transcripts
from metrics import Row, row

from debrief.analysis import analyse
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.detector import PatternDetector
from debrief.model import Session

MATCHES_BAR: Final = 0.30
SESSIONS_BAR: Final = 0.50
DATASET: Final = "real sessions"
_AT_ONCE: Final = 8

_PATTERNED: Final = [detector for detector in DETECTORS if isinstance(detector, PatternDetector)]


class Seen(NamedTuple):
    """What one transcript showed: its sessions' detectors, error results, and matches by detector."""

    sessions: tuple[frozenset[str], ...]
    errors: int
    matches: Counter[str]


def rows(data: Path, split: str, workers: int = 2) -> list[Row]:
    """The figures of the check; none where no transcript can be read."""
    paths = list(_paths(data, split))
    with ProcessPoolExecutor(workers) as pool:
        seen = list(pool.map(look, paths, chunksize=_AT_ONCE))
    return rows_of(seen, split)


def rows_of(seen: Sequence[Seen], split: str) -> list[Row]:
    """The worst of each kind first, then every detector."""
    sessions = [fired for one in seen for fired in one.sessions]
    errors = sum(one.errors for one in seen)
    if not sessions:
        return []
    matches: Counter[str] = sum((one.matches for one in seen), Counter())
    fired = Counter(identity for one in sessions for identity in one)
    place = ("C", DATASET, split)
    found = [
        row(
            place,
            f"share of error results matched: {detector.id}",
            errors,
            matches[detector.id] / errors if errors else 0.0,
            bar=MATCHES_BAR,
        )
        for detector in _PATTERNED
    ]
    found += [
        row(
            place,
            f"share of sessions with an issue: {detector.id}",
            len(sessions),
            fired[detector.id] / len(sessions),
            bar=SESSIONS_BAR,
        )
        for detector in DETECTORS
    ]
    worst_match = max(matches.values(), default=0) / errors if errors else 0.0
    worst_fired = max(fired.values(), default=0) / len(sessions)
    silent = sum(not one for one in sessions) / len(sessions)
    return [
        row(place, "most error results matched by one detector", errors, worst_match, bar=MATCHES_BAR),
        row(place, "most sessions in which one detector fires", len(sessions), worst_fired, bar=SESSIONS_BAR),
        row(place, "share of sessions without an issue", len(sessions), silent),
        *found,
    ]


def look(path: Path) -> Seen:
    """Analyse the sessions of one transcript."""
    sessions = [one for one in sessions_of(path) if one.events]
    errors = list(_errors(sessions))
    return Seen(
        tuple(frozenset(issue.detector for issue in analyse(one).issues) for one in sessions),
        len(errors),
        Counter(detector.id for detector in _PATTERNED for text in errors if matches(detector, text)),
    )


def matches(detector: PatternDetector, text: str) -> bool:
    """Whether a pattern of `detector` matches `text`, whatever the engine would make of it."""
    folded = text.lower()
    return any(needle in folded for needle in detector.needles) and any(
        pattern.search(text) for pattern in detector.patterns
    )


def _errors(sessions: Iterable[Session]) -> Iterator[str]:
    for one in sessions:
        for event in one.events:
            if event.kind == "tool_result" and event.is_error and event.text:
                yield event.text


def _paths(data: Path, split: str) -> Iterator[Path]:
    corpus = data.parent / "corpus"
    if corpus.is_dir():
        yield from transcripts(corpus)
    folders = {"codetracer_cc": "codetracer_cc", "entire_cli": "entire_cli_sessions/summarised"}
    for dataset, folder in folders.items():
        for item in items(data, dataset, split):
            yield from transcripts(data / folder / item.name)
