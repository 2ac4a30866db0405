"""The last station: every statement is held against the session once more; what does not hold is dropped.

It knows nothing of how a statement came about, by a rule or by a model. A statement holds when the events
that it cites exist and what it quotes of the transcript stands there; a remark on the first prompt when its
excerpt is a part of it. What is dropped is named in the analysis' faults.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from msgspec import structs

from debrief.model import ActionItem, Analysis, Event, Issue, Session, SuggestedPrompt, TimelineEntry

T = TypeVar("T")

_QUOTED: Final = re.compile(r'`([^`\n]{1,300})`|"([^"\n]{1,300})"')
_CUT: Final = "\u2026"
_FAULTS_KEPT: Final = 20


def verified(analysis: Analysis, session: Session) -> Analysis:
    """`analysis` without what `session` does not bear out."""
    dropped: list[str] = []
    cited = _Cited(session.events)
    issues = tuple(_holding(analysis.issues, cited.issue_holds, "issue", dropped))
    ids = {issue.id for issue in issues}
    actions = tuple(
        _holding(analysis.action_items, lambda item: cited.action_holds(item, ids), "action item", dropped)
    )
    timeline = tuple(_holding(analysis.timeline, cited.entry_holds, "timeline entry", dropped))
    prompt = analysis.suggested_prompt
    if prompt is not None:
        prompt = _prompt(prompt, session, ids, dropped)
    if not dropped:
        return analysis
    return structs.replace(
        analysis,
        issues=issues,
        action_items=actions,
        timeline=timeline,
        suggested_prompt=prompt,
        faults=(*analysis.faults, *dropped[:_FAULTS_KEPT]),
    )


class _Cited:
    """The events of a session, to be asked for what a statement cites."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self._events = events
        self._of_call: dict[str, list[Event]] = {}
        for event in events:
            if event.call_id is not None:
                self._of_call.setdefault(event.call_id, []).append(event)

    def issue_holds(self, issue: Issue) -> bool:
        """It cites events, all of which exist, and what it quotes stands in them."""
        if not issue.evidence or not self._exist(issue.evidence):
            return False
        quoted = list(quotations(issue.issue))
        said = _flat(" ".join(self._said(issue.evidence))) if quoted else ""
        return all(_stands(one, said) for one in quoted)

    def action_holds(self, item: ActionItem, ids: set[str]) -> bool:
        """Its issue is there, and so are the events that it cites."""
        return (item.issue_id is None or item.issue_id in ids) and self._exist(item.evidence)

    def entry_holds(self, entry: TimelineEntry) -> bool:
        """It runs from one event to the same or a later one."""
        return entry.first <= entry.last and self._exist((entry.first, entry.last))

    def _said(self, ordinals: Iterable[int]) -> Iterator[str]:
        """What the events say, a call together with its result."""
        for ordinal in ordinals:
            event = self._events[ordinal]
            for one in self._of_call.get(event.call_id or "", [event]):
                yield _words(one)

    def _exist(self, ordinals: Iterable[int]) -> bool:
        return all(0 <= ordinal < len(self._events) for ordinal in ordinals)


def quotations(text: str) -> Iterator[str]:
    """What `text` quotes of the transcript: what stands between backticks or double quotation marks."""
    for match in _QUOTED.finditer(text):
        yield match.group(1) or match.group(2)


def _holding(
    statements: Iterable[T], holds: Callable[[T], bool], name: str, dropped: list[str]
) -> Iterator[T]:
    for number, statement in enumerate(statements, 1):
        if holds(statement):
            yield statement
        else:
            dropped.append(f"verify: {name} {number} was dropped: the session does not show it")


def _prompt(
    prompt: SuggestedPrompt, session: Session, ids: set[str], dropped: list[str]
) -> SuggestedPrompt | None:
    if not prompt.suggested_prompt.startswith(prompt.original_prompt):
        dropped.append("verify: the suggested prompt was dropped: it does not keep the original")
        return None
    kept = tuple(
        item
        for item in prompt.feedback_items
        if item.excerpt in prompt.original_prompt
        and (item.issue_id is None or item.issue_id in ids)
        and all(0 <= ordinal < len(session.events) for ordinal in item.evidence)
    )
    if len(kept) == len(prompt.feedback_items):
        return prompt
    dropped.append(f"verify: {len(prompt.feedback_items) - len(kept)} remarks on the prompt were dropped")
    return structs.replace(prompt, feedback_items=kept)


def _words(event: Event) -> str:
    """All that an event says: its text, and of a call what was called with what."""
    edits = " ".join(f"{edit.path} {edit.old} {edit.new}" for edit in event.edits)
    parts = (event.text, event.command or "", event.tool or "", event.path or "", event.args, edits)
    return " ".join(part for part in parts if part)


def _flat(text: str) -> str:
    """Without what wording changes: runs of blanks, the kinds of quotation marks."""
    return " ".join(text.replace("`", "'").replace('"', "'").split())


def _stands(quoted: str, said: str) -> bool:
    """Whether `said` holds the quotation, whole or word for word; what was cut short holds up to the cut."""
    flat = _flat(quoted)
    if all(part.strip() in said for part in flat.split(_CUT)):
        return True
    # A path is shown from the repository's root, a call by its tool and its path.
    return all(word.strip(_CUT) in said for word in flat.split())
