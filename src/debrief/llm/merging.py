"""Answers into the Analysis: verified findings stand, what holds of a model's is added, the rest counted.

At most `ISSUES_SHOWN` issues in all, and those of the rules come first. A timeline's title may be reworded
where every name and number in it stays; its description is added to. The suggested prompt gains only
sentences that the person typed later, word for word.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import Struct

from debrief.analysis.analyse import ISSUES_SHOWN
from debrief.analysis.verify import quotations, verified
from debrief.llm.answers import Answer, Cited, Claim, Remark, Words
from debrief.llm.asking import PROMPT_VERSION
from debrief.llm.holding import NotHeldError, Shown, check_words, numbers, sentence
from debrief.llm.shown import Part
from debrief.model import (
    ACTION_TYPES,
    IMPACTS,
    LABELS,
    ActionItem,
    Analysis,
    FeedbackItem,
    Issue,
    Session,
    SuggestedPrompt,
)

if TYPE_CHECKING:
    from debrief.model.analysis import ActionType, Impact, Label

DETECTOR = "llm"
"""Stands where an issue by rules names its detector."""

LONGEST_SENTENCE = 400
LONGEST_TITLE = 120
PROMPT_LINES = 3
LONGEST_PROMPT_LINE = 300
REMARKS = 3


class Merged(Struct, frozen=True):
    """An analysis with what was added, how many statements were kept, and why others were dropped."""

    analysis: Analysis
    kept: int
    dropped: tuple[tuple[str, int], ...]


def merge(session: Session, analysis: Analysis, answers: Sequence[tuple[Part, Answer]]) -> Merged:
    """`analysis` with what holds of `answers`; each of them speaks of its own part alone."""
    merger = _Merger(session, analysis)
    for part, answer in answers:
        merger.take(Shown(session.events, part), answer)
    return merger.merged()


class _Merger:
    """Gathers what holds; `dropped` counts the rest by reason."""

    def __init__(self, session: Session, analysis: Analysis) -> None:
        self._session = session
        self._analysis = analysis
        self._dropped: Counter[str] = Counter()
        self._found: list[tuple[Issue, ActionItem | None]] = []
        self._timeline = list(analysis.timeline)
        self._reworded: set[int] = set()
        self._remarks: list[FeedbackItem] = []
        self._lines: list[Cited] = []

    def take(self, shown: Shown, answer: Answer) -> None:
        self._dropped["misshapen"] += answer.misshapen
        for claim in answer.issues:
            self._try(partial(self._issue, shown, claim))
        for words in answer.timeline:
            self._try(partial(self._entry, shown, words))
        for remark in answer.prompt_remarks:
            self._try(partial(self._remark, shown, remark))
        for line in answer.prompt_lines:
            self._try(partial(self._line, shown, line))

    def merged(self) -> Merged:
        known = self._analysis
        self._keep_what_verifies()
        place = max(0, ISSUES_SHOWN - len(known.issues))
        ranked = sorted(self._found, key=lambda found: IMPACTS.index(found[0].impact))
        self._dropped["place"] += len(ranked[place:])
        added: list[Issue] = []
        actions: list[ActionItem] = []
        for issue, action in ranked[:place]:
            named = f"issue_{len(known.issues) + len(added) + 1}"
            added.append(msgspec.structs.replace(issue, id=named))
            if action is not None:
                actions.append(msgspec.structs.replace(action, issue_id=named))
        together = msgspec.structs.replace(
            known,
            issues=tuple(sorted((*known.issues, *added), key=lambda issue: IMPACTS.index(issue.impact))),
            timeline=tuple(self._timeline),
            action_items=(*known.action_items, *actions),
            suggested_prompt=self._prompt(known.suggested_prompt),
        )
        kept = len(added) + len(self._reworded) + len(self._remarks) + len(self._lines)
        dropped = tuple(sorted((reason, count) for reason, count in self._dropped.items() if count))
        return Merged(together, kept, dropped)

    def _try(self, take: Callable[[], None]) -> None:
        try:
            take()
        except NotHeldError as reason:
            self._dropped[str(reason)] += 1

    def _issue(self, shown: Shown, claim: Claim) -> None:
        if claim.label not in {*LABELS, "Other"}:
            raise NotHeldError("label")
        if claim.impact not in IMPACTS:
            raise NotHeldError("impact")
        shown.check(claim.evidence)
        evidence = tuple(sorted({one.event for one in claim.evidence}))
        summary = sentence(claim.summary, LONGEST_SENTENCE)
        check_words(summary, shown.said(evidence), " ".join(map(str, evidence)))
        issue = Issue(
            id=f"candidate_{len(self._found)}",
            label=cast("Label", claim.label),
            impact=cast("Impact", claim.impact),
            issue=summary if summary[-1] in ".!?" else f"{summary}.",
            detector=DETECTOR,
            detector_version=PROMPT_VERSION,
            evidence=evidence,
            fingerprint=_fingerprint(claim, self._session.repository),
            source="llm",
        )
        if self._is_known(issue):
            raise NotHeldError("duplicate")
        action: list[ActionItem] = []
        self._try(lambda: action.extend(_action(shown, claim, evidence)))
        self._found.append((issue, action[0] if action else None))

    def _is_known(self, issue: Issue) -> bool:
        """Whether it says again what another says: of the same events, or of the same kind at one of them."""
        cited = set(issue.evidence)
        for other in (*self._analysis.issues, *(found for found, _ in self._found)):
            events = set(other.evidence)
            if cited <= events or (other.label == issue.label and cited & events):
                return True
            if other.issue.casefold() == issue.issue.casefold():
                return True
        return False

    def _entry(self, shown: Shown, words: Words) -> None:
        """Better words for a phase."""
        if not 0 <= words.phase < len(self._timeline) or words.phase in self._reworded:
            raise NotHeldError("event")
        entry = self._analysis.timeline[words.phase]
        shown.check_events([entry.first])
        title = sentence(words.title, LONGEST_TITLE).rstrip(".")
        said = sentence(words.description, LONGEST_SENTENCE) if words.description.strip() else ""
        if any(one not in title for one in (*numbers(entry.title), *quotations(entry.title))):
            raise NotHeldError("number")
        inside = [ordinal for ordinal in range(entry.first, entry.last + 1) if shown.holds(ordinal)]
        check_words(f"{title} {said}", shown.said(inside), f"{entry.title} {entry.description}")
        description = " ".join(part for part in (said, entry.description) if part)
        self._timeline[words.phase] = msgspec.structs.replace(entry, title=title, description=description)
        self._reworded.add(words.phase)

    def _remark(self, shown: Shown, remark: Remark) -> None:
        """A remark on the first prompt."""
        prompt = self._analysis.suggested_prompt
        if prompt is None or remark.excerpt not in prompt.original_prompt or not remark.excerpt.strip():
            raise NotHeldError("excerpt")
        shown.check_events(remark.events)
        summary, details = sentence(remark.summary, LONGEST_TITLE), sentence(remark.details, LONGEST_SENTENCE)
        known = f"{prompt.original_prompt} {' '.join(map(str, remark.events))}"
        check_words(f"{summary} {details}", shown.said(remark.events), known)
        if any(other.excerpt == remark.excerpt for other in (*prompt.feedback_items, *self._remarks)):
            raise NotHeldError("duplicate")
        if len(self._remarks) >= REMARKS:
            raise NotHeldError("place")
        item = FeedbackItem(
            summary=summary,
            excerpt=remark.excerpt,
            details=details,
            evidence=tuple(sorted(set(remark.events))),
        )
        self._remarks.append(item)

    def _line(self, shown: Shown, line: Cited) -> None:
        """A later sentence of the person."""
        prompt = self._analysis.suggested_prompt
        shown.check([line])
        event = shown.event(line.event)
        is_typed = event.kind == "prompt" and not event.injected and not event.replayed
        if prompt is None or not is_typed or line.excerpt not in event.text:
            raise NotHeldError("excerpt")
        excerpt = sentence(line.excerpt, LONGEST_PROMPT_LINE)
        if excerpt not in event.text:
            raise NotHeldError("length")
        if any(excerpt in text for text in (prompt.suggested_prompt, *(one.excerpt for one in self._lines))):
            raise NotHeldError("duplicate")
        if len(self._lines) >= PROMPT_LINES:
            raise NotHeldError("place")
        self._lines.append(Cited(line.event, excerpt))

    def _prompt(self, prompt: SuggestedPrompt | None) -> SuggestedPrompt | None:
        if prompt is None or not (self._remarks or self._lines):
            return prompt
        lines = [f"Also said later: {line.excerpt}" for line in self._lines]
        return SuggestedPrompt(
            original_prompt=prompt.original_prompt,
            suggested_prompt="\n".join([prompt.suggested_prompt, *lines]),
            feedback_items=(*prompt.feedback_items, *self._remarks),
        )

    def _keep_what_verifies(self) -> None:
        """The same last station that what the rules say has passed."""
        alone = Analysis(analyser_version=0, issues=tuple(issue for issue, _ in self._found))
        held = {issue.id for issue in verified(alone, self._session).issues}
        self._dropped["quotation"] += len(self._found) - len(held)
        self._found = [found for found in self._found if found[0].id in held]


def _action(shown: Shown, claim: Claim, evidence: tuple[int, ...]) -> list[ActionItem]:
    """What is said to help, at most one thing."""
    if claim.action is None:
        return []
    if claim.action.type not in ACTION_TYPES:
        raise NotHeldError("type")
    text = sentence(claim.action.text, LONGEST_SENTENCE)
    check_words(text, shown.said(evidence), claim.summary)
    kind = cast("ActionType", claim.action.type)
    return [ActionItem(type=kind, action_item=text, issue_id=None, evidence=evidence)]


def _fingerprint(claim: Claim, repository: str | None) -> str:
    """The same for the same label and excerpt, numbers aside, in the same repository."""
    excerpt = "".join(letter for letter in claim.evidence[0].excerpt.casefold() if not letter.isdigit())
    parts = (DETECTOR, claim.label, " ".join(excerpt.split()), repository or "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
