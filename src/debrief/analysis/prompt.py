"""A View and its issues go in, the suggested prompt comes out: the original verbatim, then what was learned.

Silence is the default: without an issue that shows what the missing fact cost, the suggestion is the
original. It is hindsight and says so; it never names a cause nor puts words into the person's mouth.
"""

import msgspec

from debrief.analysis.prompt_slots import Slot, collect_slots
from debrief.analysis.prompt_text import excerpt_for, is_continuation, spoken
from debrief.analysis.view import View
from debrief.model import Event, FeedbackItem, Issue, SuggestedPrompt

HEADING = "What this session learned:"
WORDS_ADDED = 120


def suggest_prompt(view: View, issues: tuple[Issue, ...]) -> SuggestedPrompt | None:
    """The suggestion for `view`, None only where the session has no prompt at all."""
    original, first = _original(view)
    if not original:
        return None
    if is_continuation(original) or HEADING in original:
        return SuggestedPrompt(original_prompt=original, suggested_prompt=original)
    slots = collect_slots(view, issues, original, first)
    lines: list[str] = []
    kept: list[Slot] = []
    left = WORDS_ADDED - len(HEADING.split())
    for slot in slots:
        words = len(slot.line.split())
        if words <= left:
            left -= words
            kept.append(slot)
            if slot.line:
                lines.append(slot.line)
    suggested = "\n".join([original, "", HEADING, *lines]) if lines else original
    return SuggestedPrompt(
        original_prompt=original,
        suggested_prompt=suggested,
        feedback_items=_merged([_feedback(alike, original) for alike in _grouped(kept)]),
    )


def _original(view: View) -> tuple[str, Event | None]:
    """The first thing that a person typed, without what tools wrapped around it, and where it stands."""
    for event in view.prompts:
        text = spoken(event.text)
        if text:
            return text, event
    raw = next((event for event in view.prompts if event.text.strip()), None)
    if raw is not None:
        return raw.text, raw
    initial = view.session.initial_user_message or ""
    return spoken(initial) or initial, None


def _grouped(slots: list[Slot]) -> list[list[Slot]]:
    """Slots that make the same remark together, in order."""
    groups: dict[tuple[str, str | None], list[Slot]] = {}
    for slot in slots:
        groups.setdefault((slot.summary, slot.issue_id), []).append(slot)
    return list(groups.values())


def _feedback(alike: list[Slot], original: str) -> FeedbackItem:
    first = alike[0]
    return FeedbackItem(
        summary=first.summary,
        excerpt=excerpt_for(original, " ".join(first.values), first.cues),
        details=" ".join(dict.fromkeys(slot.details for slot in alike)),
        issue_id=first.issue_id,
        evidence=tuple(sorted({ordinal for slot in alike for ordinal in slot.evidence})),
    )


def _merged(items: list[FeedbackItem]) -> tuple[FeedbackItem, ...]:
    """Items that read the same as one, in order, with the evidence of all and the first one's issue."""
    merged: dict[tuple[str, str, str], FeedbackItem] = {}
    for item in items:
        key = (item.summary, item.excerpt, item.details)
        known = merged.get(key, item)
        both = tuple(sorted({*known.evidence, *item.evidence}))
        merged[key] = msgspec.structs.replace(known, evidence=both)
    return tuple(merged.values())
