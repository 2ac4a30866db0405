"""A View and its issues go in, the suggested prompt comes out: the original verbatim, then what was learned.

Silence is the default: without an issue that shows what the missing fact cost, the suggestion is the
original. It is hindsight and says so; it never names a cause nor puts words into the person's mouth.
"""

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
        feedback_items=tuple(_feedback(slot, original) for slot in kept),
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


def _feedback(slot: Slot, original: str) -> FeedbackItem:
    value = " ".join(slot.values)
    return FeedbackItem(
        summary=slot.summary,
        excerpt=excerpt_for(original, value, slot.cues),
        details=slot.details,
        issue_id=slot.issue_id,
        evidence=slot.evidence,
    )
