"""A Session in, its Analysis out: the stations of the analysis in their order.

A detector is a guest here: one that raises becomes a fault of the analysis, and the others go on.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from debrief.analysis.actions import action_items
from debrief.analysis.catalogue import DETECTORS
from debrief.analysis.classification import classify
from debrief.analysis.detector import Detector, Scene, scene
from debrief.analysis.episodes import Trouble, rank, troubles, without_symptoms
from debrief.analysis.impact import Price, cost_text, impact, price
from debrief.analysis.prompt import suggest_prompt
from debrief.analysis.steps import build_view
from debrief.analysis.timeline import build_timeline
from debrief.analysis.verify import verified
from debrief.model import ANALYSER_VERSION, ActionItem, Analysis, Baseline, Issue, Session
from debrief.model.analysis import Impact

ISSUES_SHOWN = 8

SHOWN_PER_DETECTOR = 3
"""A fourth missing command adds to the list, not to what the reader learns."""

_IMPACTS: tuple[Impact, ...] = ("High", "Medium", "Low")

Made = TypeVar("Made")


def analyse(
    session: Session, detectors: Sequence[Detector] = DETECTORS, baseline: Baseline | None = None
) -> Analysis:
    """What there is to say about `session`. Never raises for what the session holds.

    `baseline` is what is usual where it comes from; without one nothing is called unusual.
    """
    faults: list[str] = []
    view = build_view(session)
    seen = scene(view, baseline)
    found: list[Trouble] = []
    for detector in detectors:
        found += guarded(detector.id, partial(_of, detector, seen), [], faults)
    issued: list[tuple[Issue, Trouble]] = guarded("issues", partial(_issues, found, seen), [], faults)
    issues = tuple(issue for issue, _ in issued)
    analysis = Analysis(
        analyser_version=ANALYSER_VERSION,
        issues=issues,
        timeline=guarded("timeline", partial(build_timeline, view), (), faults),
        action_items=guarded("actions", partial(_actions, issued, seen), (), faults),
        suggested_prompt=guarded("prompt", partial(suggest_prompt, view, issues), None, faults),
        classification=guarded("classification", partial(classify, view), None, faults),
        faults=tuple(faults),
    )
    return verified(analysis, session)


def guarded(name: str, make: Callable[[], Made], otherwise: Made, faults: list[str]) -> Made:
    """What `make` makes; where it raises, a sentence in `faults` and `otherwise`."""
    try:
        return make()
    except Exception as fault:  # noqa: BLE001 (one broken detector must not cost the others' findings)
        faults.append(f"{name}: {type(fault).__name__}: {fault}"[:300])
        return otherwise


def fingerprint(trouble: Trouble, repository: str | None) -> str:
    """32 hex digits, the same for the same problem of the same repository in every session."""
    detector = trouble.detector
    parts = (detector.id, detector.label, trouble.signature, repository or "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _of(detector: Detector, seen: Scene) -> list[Trouble]:
    return troubles(detector, detector.find(seen), seen.steps)


def _issues(found: list[Trouble], seen: Scene) -> list[tuple[Issue, Trouble]]:
    """The issues worth showing, by impact, then by cost, then by place."""
    taken: set[int] = set()
    weighed: list[tuple[tuple[int, int, int], Trouble, Price]] = []
    for trouble in sorted(without_symptoms(found), key=rank):
        cost = price(trouble, seen, taken)
        judged = impact(trouble, cost)
        evidence = trouble.evidence
        if judged is not None and evidence:
            weighed.append(((_IMPACTS.index(judged), -cost.steps, evidence[0]), trouble, cost))
    weighed.sort(key=lambda entry: entry[0])
    shown: list[tuple[Issue, Trouble]] = []
    of_detector: Counter[str] = Counter()
    for place, trouble, cost in weighed:
        of_detector[trouble.detector.id] += 1
        if of_detector[trouble.detector.id] <= SHOWN_PER_DETECTOR and len(shown) < ISSUES_SHOWN:
            issue = _issue(f"issue_{len(shown) + 1}", place[0], trouble, cost, seen)
            shown.append((issue, trouble))
    return shown


def _actions(issued: list[tuple[Issue, Trouble]], seen: Scene) -> tuple[ActionItem, ...]:
    return action_items([(issue.id, trouble) for issue, trouble in issued], seen)


def _issue(issue_id: str, impact_index: int, trouble: Trouble, cost: Price, seen: Scene) -> Issue:
    sentence = trouble.finding.summary.rstrip(" .")
    return Issue(
        id=issue_id,
        label=trouble.detector.label,
        impact=_IMPACTS[impact_index],
        issue=f"{sentence} {cost_text(trouble, cost)}.",
        detector=trouble.detector.id,
        detector_version=trouble.detector.version,
        evidence=trouble.evidence,
        fingerprint=fingerprint(trouble, seen.session.repository),
    )
