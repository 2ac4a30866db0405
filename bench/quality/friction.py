"""Track F: what a model noted as friction in real sessions, beside the labels of our issues. Silver.

A note may tell of what no tool shows (an editor's stale hint, a surprise of design); those we cannot find
are listed. The structural signals are counted twice, by the product and here from the raw records, and must
agree.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from data import Item, content, items, sessions_of
from metrics import Row, bootstrap, f1, mean, row

from debrief.analysis import analyse
from debrief.model import Analysis, Session
from debrief.model.analysis import LABELS

DATASET: Final = "entire_cli"
RECALL_BAR: Final = 0.45
SIGNAL_BAR: Final = 1.0

_FOLDER: Final = "entire_cli_sessions"

TABLE: Final[dict[str, frozenset[str]]] = {
    "external_issue": frozenset(
        {"Configuration", "Environment", "Dependencies", "Access", "External Services"}
    ),
    "got_blocked": frozenset({"Access"}),
    "buggy_code": frozenset({"Testing", "Verification", "Code Quality"}),
    "tool_failed": frozenset({"Tool Use"}),
    "wrong_file_or_location": frozenset({"Tool Use", "Knowledge"}),
    "slow_or_verbose": frozenset({"Context", "Performance"}),
    "wrong_approach": frozenset({"Approach"}),
    "misunderstood_request": frozenset({"Requirements"}),
    "user_unclear": frozenset({"Requirements"}),
    "user_rejected_action": frozenset({"Requirements"}),
    "user_stopped_early": frozenset({"Requirements"}),
    "excessive_changes": frozenset({"Safety", "Version Control"}),
}
"""A foreign word for friction, and the labels of ours that answer it. Our own words answer themselves."""


class Note(NamedTuple):
    """A note of friction: its word, the labels that answer it, its text."""

    word: str
    answers: frozenset[str]
    text: str


class Read(NamedTuple):
    """A session's notes beside what we say of it."""

    name: str
    notes: tuple[Note, ...]
    said: frozenset[str]
    signals: tuple[tuple[str, int, int], ...]


class Claim(NamedTuple):
    """A label of a session: whether the notes hold it, whether our issues do."""

    label: str
    noted: bool
    said: bool


def rows(data: Path, split: str) -> list[Row]:
    """The figures of the track."""
    read = _all(data, split)
    if not read:
        return []
    place = ("F", DATASET, split)
    groups = {one.name: _claims(one) for one in read}
    claims = [claim for group in groups.values() for claim in group]
    constant = _constant(read)
    exact = {one.name: [ours == raw for _, ours, raw in one.signals] for one in read}
    signals = [agreed for group in exact.values() for agreed in group]
    return [
        row(
            place,
            "label recall",
            sum(claim.noted for claim in claims),
            recall(claims),
            interval=bootstrap(groups, recall),
            baseline=recall(constant),
            bar=RECALL_BAR,
        ),
        row(
            place,
            "label precision against the notes (a note is not a verdict)",
            sum(claim.said for claim in claims),
            precision(claims),
            interval=bootstrap(groups, precision),
            baseline=precision(constant),
        ),
        row(
            place,
            "label F1",
            len(claims),
            f1(precision(claims), recall(claims)),
            baseline=f1(precision(constant), recall(constant)),
        ),
        row(
            place,
            "structural signals counted alike",
            len(signals),
            mean(signals),
            interval=bootstrap(exact, mean),
            bar=SIGNAL_BAR,
        ),
        *_label_rows(place, claims),
    ]


def missed(data: Path, split: str) -> list[str]:
    """The notes that none of our issues answers, for people to read."""
    return [
        f"{one.name}: {note.word}: {note.text}"
        for one in _all(data, split)
        for note in one.notes
        if note.answers and note.answers.isdisjoint(one.said)
    ]


def recall(claims: Sequence[Claim]) -> float | None:
    """Of what the notes hold, the part that our issues hold too."""
    return mean([claim.said for claim in claims if claim.noted])


def precision(claims: Sequence[Claim]) -> float | None:
    """Of what our issues hold, the part that the notes hold too."""
    return mean([claim.noted for claim in claims if claim.said])


def _label_rows(place: tuple[str, str, str], claims: Sequence[Claim]) -> Iterator[Row]:
    for label in LABELS:
        noted = [claim for claim in claims if claim.label == label and claim.noted]
        if noted:
            yield row(place, f"label recall: {label}", len(noted), recall(noted))


def _all(data: Path, split: str) -> list[Read]:
    table = data / _FOLDER / "friction_labels.tsv"
    if not table.is_file():
        return []
    notes: dict[str, list[Note]] = {}
    with table.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines, delimiter="\t"):
            word = line["label"]
            answers = frozenset({word}) & frozenset(LABELS) or TABLE.get(word, frozenset())
            notes.setdefault(line["session_dir"], []).append(Note(word, answers, line["friction_text"]))
    return [_read(data, item, tuple(notes.get(item.name, ()))) for item in items(data, DATASET, split)]


def _read(data: Path, item: Item, notes: tuple[Note, ...]) -> Read:
    path = data / _FOLDER / "summarised" / item.name / "full.jsonl.gz"
    sessions = sessions_of(path)
    analyses = [analyse(session) for session in sessions]
    return Read(item.name, notes, _labels(analyses), tuple(_signals(sessions, content(path))))


def _labels(analyses: Sequence[Analysis]) -> frozenset[str]:
    return frozenset(issue.label for analysis in analyses for issue in analysis.issues)


def _claims(one: Read) -> list[Claim]:
    """One claim for each label that either side holds; several labels that answer one note are one."""
    found = []
    answered: set[str] = set()
    for answers in dict.fromkeys(note.answers for note in one.notes if note.answers):
        ours = answers & one.said
        answered |= ours
        found.append(Claim(min(ours or answers), noted=True, said=bool(ours)))
    found += [Claim(label, noted=False, said=True) for label in sorted(one.said - answered)]
    return found


def _constant(read: Sequence[Read]) -> list[Claim]:
    """The claims of one who names the same labels for every session: the commonest, as many as we name."""
    often = Counter(label for one in read for note in one.notes for label in note.answers)
    named = round(sum(len(one.said) for one in read) / len(read))
    said = frozenset(label for label, _ in often.most_common(max(1, named)))
    return [claim for one in read for claim in _claims(one._replace(said=said))]


def _signals(sessions: Sequence[Session], raw: bytes) -> Iterator[tuple[str, int, int]]:
    """Each structural signal with its count: by the product, and by a look at the raw records."""
    events = [event for session in sessions for event in session.events if event.agent is None]
    told: Counter[str] = Counter()
    for line in raw.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and not record.get("isSidechain"):
            told.update(_raw_signals(record))
    yield "interrupts", sum(event.kind == "interrupt" for event in events), told["interrupts"]
    yield "compactions", sum(event.kind == "compaction" for event in events), told["compactions"]
    yield "rejections", sum(event.outcome == "rejected" for event in events), told["rejections"]


def _raw_signals(record: dict[str, Any]) -> Iterator[str]:
    if record.get("subtype") == "compact_boundary":
        yield "compactions"
    said = record.get("message")
    if record.get("type") != "user" or not isinstance(said, dict):
        return
    parts = said.get("content")
    parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts or []
    for part in parts:
        text = part.get("text") or part.get("content") or ""
        if not isinstance(text, str):
            text = " ".join(str(one.get("text", "")) for one in text if isinstance(one, dict))
        if part.get("type") == "text" and text.startswith("[Request interrupted by user"):
            yield "interrupts"
        if part.get("type") == "tool_result" and text.startswith("The user doesn't want to"):
            yield "rejections"
