"""A Trouble in, its Price and impact out, both computed from the transcript alone.

What the transcript does not tell (a time, mostly) is left out of the reckoning and never guessed. All
cut-offs stand in one table, to be calibrated in one place.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from debrief.analysis.detector import Scene, succeeded
from debrief.analysis.episodes import Episode, Trouble
from debrief.analysis.view import Step
from debrief.analysis.wording import plural, times
from debrief.model.analysis import Impact


class CutOffs(Struct, frozen=True):
    """From where on a price is of this impact. A share counts only from `share_steps` wasted steps on."""

    share: float
    share_steps: int
    steps: int
    minutes: float
    user_turns: int


HIGH: Final = CutOffs(share=0.25, share_steps=5, steps=15, minutes=15, user_turns=2)
MEDIUM: Final = CutOffs(share=0.08, share_steps=3, steps=4, minutes=3, user_turns=1)

GAP_STEPS: Final = 12
"""Between two signs of a problem further apart than this, the agent was busy with something else."""

PAUSE_US: Final = 5 * 60_000_000
"""A longer silence between two tool calls is somebody's pause and costs nobody's work."""

NEVER_DROPPED: Final = frozenset({"Safety", "Access", "Configuration"})

MINUTE_US: Final = 60_000_000

_FROM_HIGH: Final[tuple[Impact, ...]] = ("High", "Medium", "Low")

MESSAGE_READ: Final = 16_000
"""Characters of the last message in which the agent may say what it left undone."""

_SENTENCES = re.compile(r"[.!?]\s|\n")
_LEFT = re.compile(
    r"\b(?:not (?:installed|available|found|set|possible)|isn'?t (?:installed|available|set)|missing|unable|"
    r"unavailable|can(?:'|no)t|could(?:n'?t| not)|failed|fails|blocked|need(?:s|ed)? to be (?:installed|set)|"
    r"denied|requires?)\b",
    re.IGNORECASE,
)


class Price(Struct, frozen=True, kw_only=True):
    """What a trouble cost. `minutes` is None where a time is missing."""

    steps: int
    total: int
    minutes: float | None
    user_turns: int
    blocked: bool
    unresolved: bool

    @property
    def share(self) -> float:
        """The part of all tool calls that was spent on it."""
        return self.steps / self.total if self.total else 0.0


def price(trouble: Trouble, scene: Scene, taken: set[int]) -> Price:
    """The price of `trouble`; the steps it pays for are added to `taken`, those already there are free."""
    spent = sorted(_spent(trouble.episodes, scene.steps) - taken)
    taken.update(spent)
    watched = trouble.finding.state == "watch" and bool(trouble.episodes) and not trouble.resolved
    after = scene.steps[trouble.hits[-1].index + 1 :] if watched else ()
    family = trouble.hits[-1].family if watched else None
    later = [step for step in after if step.family == family]
    worked = any(succeeded(step) for step in later)
    at_work = scene.session.end_state == "running"
    return Price(
        steps=len(spent),
        total=len(scene.steps),
        minutes=_minutes(spent, scene),
        user_turns=_user_turns(trouble, spent, scene),
        blocked=watched and not worked and not at_work and (len(trouble.hits) > 1 or _told(trouble, scene)),
        unresolved=(watched and not worked and not at_work) or trouble.finding.state == "open",
    )


def impact(trouble: Trouble, cost: Price) -> Impact | None:
    """How much the trouble mattered; None where it is not worth a word."""
    given = trouble.finding.impact
    weighed = _weighed(trouble, cost) if given is None else given
    most = trouble.finding.at_most
    return weighed if weighed is None or most is None else max(weighed, most, key=_FROM_HIGH.index)


def _weighed(trouble: Trouble, cost: Price) -> Impact | None:
    if cost.blocked or _reaches(cost, HIGH):
        return "High"
    if _reaches(cost, MEDIUM) or len(trouble.episodes) > 1:
        return "Medium"
    return None if _slight(trouble) else "Low"


def cost_text(trouble: Trouble, cost: Price) -> str:
    """The price in brackets, for the end of the issue."""
    calls = plural(cost.total, "tool call")
    if trouble.finding.state == "open" or not trouble.episodes:
        return f"({calls} in all, unresolved)" if cost.unresolved else f"({calls} in all)"
    parts = [times(len(trouble.hits))] if len(trouble.hits) > 1 else []
    parts.append(f"{cost.steps or len(trouble.hits)} of {calls}")
    if cost.minutes is not None and cost.minutes >= 1:
        parts.append(f"{cost.minutes:.0f} min")
    if cost.user_turns:
        parts.append(plural(cost.user_turns, "user turn"))
    if cost.unresolved:
        parts.append("unresolved")
    elif trouble.resolved:
        parts.append("resolved")
    return f"({', '.join(parts)})"


def _told(trouble: Trouble, scene: Scene) -> bool:
    """Whether the last message names the problem: its subject stands beside a word of failure."""
    subject = trouble.finding.subject
    message = scene.last_message
    if not subject or message is None or message.ordinal < trouble.hits[-1].last_ordinal:
        return False
    return any(
        subject in sentence and _LEFT.search(sentence)
        for sentence in _SENTENCES.split(message.text[:MESSAGE_READ])
    )


def _reaches(cost: Price, limit: CutOffs) -> bool:
    return (
        (cost.share >= limit.share and cost.steps >= limit.share_steps)
        or cost.steps >= limit.steps
        or (cost.minutes is not None and cost.minutes >= limit.minutes)
        or cost.user_turns >= limit.user_turns
    )


def _slight(trouble: Trouble) -> bool:
    """Met once and solved by the very next tool call: everyday work."""
    if trouble.detector.label in NEVER_DROPPED or len(trouble.episodes) != 1:
        return False
    (episode,) = trouble.episodes
    return (
        len(episode.hits) == 1
        and episode.resolution is not None
        and episode.resolution.index - episode.hits[0].index <= 1
    )


def _spent(episodes: Sequence[Episode], steps: Sequence[Step]) -> set[int]:
    """Indexes of the steps that went into the trouble: its hits, and what lies between near ones."""
    spent: set[int] = set()
    for episode in episodes:
        marks = [hit.index for hit in episode.hits]
        spent.update(marks)
        if episode.resolution is not None:
            marks.append(episode.resolution.index)
        for start, end in pairwise(marks):
            if end - start <= GAP_STEPS:
                spent.update(range(start, min(end, len(steps))))
    return spent


def _minutes(spent: Sequence[int], scene: Scene) -> float | None:
    """Wall time of the steps, and of the thinking after each, without people's pauses."""
    total_us = 0
    for index in spent:
        step = scene.steps[index]
        if step.started_us is None or step.ended_us is None:
            return None
        measured = step.result.duration_ms if step.result else None
        waited_us = step.ended_us - step.started_us
        total_us += max(0, waited_us if measured is None else min(waited_us, measured * 1000))
        following = scene.steps[index + 1] if index + 1 < len(scene.steps) else None
        if following is None or following.started_us is None:
            continue
        thought_us = following.started_us - step.ended_us
        if 0 < thought_us <= PAUSE_US and not _asked_between(step, following, scene):
            total_us += thought_us
    return total_us / MINUTE_US


def _asked_between(step: Step, following: Step, scene: Scene) -> bool:
    position = bisect_left(scene.prompts, step.last_ordinal, key=lambda event: event.ordinal)
    return position < len(scene.prompts) and scene.prompts[position].ordinal < following.call.ordinal


def _user_turns(trouble: Trouble, spent: Sequence[int], scene: Scene) -> int:
    """Interruptions and rejections while the agent was at it, or right after."""
    if not spent or not trouble.episodes:
        return 0
    counted = set(spent)
    turns = sum(1 for index in spent if scene.steps[index].outcome in ("rejected", "interrupted"))
    for event in scene.interrupts:
        position = bisect_left(scene.steps, event.ordinal, key=lambda step: step.call.ordinal) - 1
        if position in counted and scene.steps[position].outcome not in ("rejected", "interrupted"):
            turns += 1
    return turns
