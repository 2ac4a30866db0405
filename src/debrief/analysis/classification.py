"""A View in, its Classification out: category, languages, tools, size and outcome risk, for lists and counts.

The size is the larger of two: by tool calls (those of sub-agents too) and by minutes at work. The cut-offs
are ours: round numbers, set so that everyday sessions fall into all five and about a third of them are m:

    size   tool calls   minutes
    xs     up to 5      up to 2
    s      up to 20     up to 8
    m      up to 75     up to 25
    l      up to 200    up to 60
    xl     more         more
"""

from bisect import bisect_left
from itertools import chain, pairwise
from typing import Final

from debrief.analysis.category import categorised
from debrief.analysis.impact import MINUTE_US, PAUSE_US
from debrief.analysis.risk import outcome_risk
from debrief.analysis.technologies import languages, tools
from debrief.analysis.view import View
from debrief.model import Classification, SessionSize

CALLS: Final = (5, 20, 75, 200)
MINUTES: Final = (2.0, 8.0, 25.0, 60.0)

_SIZES: Final[tuple[SessionSize, ...]] = ("xs", "s", "m", "l", "xl")


def classify(view: View) -> Classification:
    """The classification of `view`; every part of it is there for a session without events, too."""
    steps = tuple(chain(view.steps, view.agent_steps))
    minutes = active_minutes(view)
    verdict = categorised(view, steps)
    return Classification(
        category=verdict.category,
        confidence=verdict.confidence,
        size=size(len(steps), minutes),
        tool_calls=len(steps),
        evidence=verdict.evidence,
        programming_languages=languages(steps),
        tools_and_frameworks=tools(steps),
        active_minutes=minutes,
        risk=outcome_risk(view),
    )


def size(calls: int, minutes: float | None) -> SessionSize:
    """The size of a session with so many tool calls and minutes at work; None counts for nothing."""
    return _SIZES[max(bisect_left(CALLS, calls), bisect_left(MINUTES, minutes or 0.0))]


def active_minutes(view: View) -> float | None:
    """The time at work: between events, without pauses and without the wait for a person's word.

    None where no two events have times. A clock that runs backwards adds nothing.
    """
    timed = [event for event in view.events if event.ts_us is not None]
    if len(timed) < 2:  # noqa: PLR2004 (time passes between two)
        return None
    spent = 0
    for event, following in pairwise(timed):
        passed = (following.ts_us or 0) - (event.ts_us or 0)
        if 0 < passed <= PAUSE_US and following.kind != "prompt":
            spent += passed
    return round(spent / MINUTE_US, 1)
