"""Track H: what is put into clean sessions must be found, and what only looks alike must not.

Recall is counted over the cases that must be reported: found where an issue of the detector cites one of the
injected events, or where an issue that lies nearer to the root explains them (root before symptom; told
apart in a row of its own). A false issue is any that the truth does not name, in a clean session or a
negative control.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bases import bases
from injections import USUAL, Injected, controls, injected, without_cases
from metrics import Row, bootstrap, mean, row
from segments import segments

from debrief.analysis import analyse
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.episodes import ROOTS_FIRST
from debrief.model import Issue, Session

RECALL_BAR: Final = 0.98
FALSE_BAR: Final = 0.3
DATASET: Final = "injection"

_LABELS: Final = {detector.id: str(detector.label) for detector in DETECTORS}


class Verdict(NamedTuple):
    """What came of one injected case."""

    case: Injected
    named: bool
    explained: bool
    cites: bool
    blocked: bool
    others: tuple[str, ...]


class Suite(NamedTuple):
    """All that the track looked at: injected cases; and false issues by kind of clean session."""

    verdicts: tuple[Verdict, ...]
    false: dict[str, list[tuple[str, ...]]]


def rows(data: Path | None, split: str) -> list[Row]:
    """The figures of the track. Without `data` it stands on sessions made here alone."""
    return rows_of(suite(data, split), split)


def suite(data: Path | None, split: str) -> Suite:
    """Run it."""
    clean = segments(data, split) if data else []
    false: dict[str, list[tuple[str, ...]]] = {}
    own = {base.name: _said(base.session()) for base in bases()}
    false["made sessions"] = [*own.values()]
    false["clean stretches of real sessions"] = [_said(one) for one in clean]
    for control in controls():
        said = Counter(_said(control.session))
        said.subtract(own[control.beside])
        false.setdefault(f"control: {control.kind}", []).append(tuple((+said).elements()))
    return Suite(tuple(_judged(case) for case in injected(clean)), false)


def _said(given: Session) -> tuple[str, ...]:
    return tuple(issue.detector for issue in analyse(given, baseline=USUAL).issues)


def _judged(case: Injected) -> Verdict:
    issues = analyse(case.session, baseline=USUAL).issues
    mine = [issue for issue in issues if issue.detector == case.detector]
    cites = any(_shows(case, issue) for issue in mine)
    return Verdict(
        case=case,
        named=cites,
        explained=any(_explains(case, issue) for issue in issues),
        cites=cites,
        blocked=any(issue.impact == "High" for issue in mine),
        others=tuple(issue.detector for issue in issues if issue.detector != case.detector),
    )


def _shows(case: Injected, issue: Issue) -> bool:
    return not case.shown_by or not case.shown_by.isdisjoint(issue.evidence)


def _explains(case: Injected, issue: Issue) -> bool:
    """Whether the issue cites the injected events and its label lies nearer to the root."""
    if not case.shown_by or issue.detector == case.detector or case.shown_by.isdisjoint(issue.evidence):
        return False
    return _depth(issue.label) < _depth(_LABELS[case.detector])


def _depth(label: str) -> int:
    return ROOTS_FIRST.index(label) if label in ROOTS_FIRST else len(ROOTS_FIRST)


def rows_of(found: Suite, split: str) -> list[Row]:
    """The table of the track."""
    place = ("H", DATASET, split)
    due = [verdict for verdict in found.verdicts if verdict.case.due]
    grouped = _grouped(due)
    return [
        row(
            place,
            "recall",
            len(due),
            _recall(due),
            interval=bootstrap(grouped, _recall),
            baseline=0.0,
            bar=RECALL_BAR,
        ),
        row(place, "recall, named itself", len(due), mean([verdict.named for verdict in due])),
        *_variant_rows(place, found.verdicts),
        *_false_rows(place, found),
        *_detector_rows(place, grouped),
    ]


def _grouped(due: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    grouped: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in due:
        grouped[verdict.case.detector].append(verdict)
    return dict(grouped)


def _recall(due: Sequence[Verdict]) -> float | None:
    return mean([verdict.named or verdict.explained for verdict in due])


def _variant_rows(place: tuple[str, str, str], verdicts: Sequence[Verdict]) -> list[Row]:
    due = [verdict for verdict in verdicts if verdict.case.due]
    found = []
    for variant in dict.fromkeys(verdict.case.variant for verdict in due):
        these = [verdict for verdict in due if verdict.case.variant == variant]
        found.append(row(place, f"recall: {variant}", len(these), _recall(these)))
    expected = [verdict for verdict in verdicts if verdict.case.variant == "expected"]
    never = [v for v in due if v.case.variant == "never mended" and v.named]
    found += [
        row(place, "silent where it was expected", len(expected), mean([not v.named for v in expected])),
        row(place, "never mended and judged High", len(never), mean([v.blocked for v in never])),
    ]
    return found


def _false_rows(place: tuple[str, str, str], found: Suite) -> list[Row]:
    rows_made = []
    every = {kind: [len(said) for said in sessions] for kind, sessions in found.false.items() if sessions}
    counts = [count for group in every.values() for count in group]
    rows_made.append(
        row(
            place,
            "false issues per clean session",
            len(counts),
            mean(counts),
            interval=bootstrap({n: [count] for n, count in enumerate(counts)}, mean),
            baseline=0.0,
            bar=FALSE_BAR,
        )
    )
    for kind, group in every.items():
        bar = None if kind.startswith("control") else FALSE_BAR
        rows_made.append(row(place, f"false issues per session: {kind}", len(group), mean(group), bar=bar))
    return rows_made


def _detector_rows(place: tuple[str, str, str], grouped: dict[str, list[Verdict]]) -> list[Row]:
    found = [
        row(place, f"recall of {identity}", len(these), _recall(these), bar=RECALL_BAR)
        for identity, these in sorted(grouped.items())
    ]
    missing = without_cases()
    return [*found, row(place, "detectors without cases", len(DETECTORS), float(len(missing)))]


def told(found: Suite) -> list[str]:
    """What was missed and what was said in vain, for people to read."""
    lines = [
        f"missed: {verdict.case.detector}, {verdict.case.variant};"
        f" said instead: {', '.join(verdict.others) or 'nothing'}"
        for verdict in found.verdicts
        if verdict.case.due and not verdict.named and not verdict.explained
    ]
    for kind, sessions in found.false.items():
        said = Counter(one for session in sessions for one in session)
        lines += [f"false: {identity} {count} times in {kind}" for identity, count in said.most_common()]
    lines += [f"no cases: {identity}" for identity in without_cases()]
    return lines
